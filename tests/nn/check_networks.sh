#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_networks.sh CHECK_ONNX SCRIPT FOLDER: networks or operators against PyTorch. Skipped (77) where PyTorch is missing.
set -eu
/usr/bin/python3 "$2" "$3" || exit $?
exec "$1" --networks "$3"
