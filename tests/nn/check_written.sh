#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_written.sh LIKENESS ROOT: a network that we write passes the checker of python3-onnx, shapes and all, and reads back as the
# same. Skipped (77) where the model or python3-onnx is missing.
set -eu
likeness=$1 model=${LIKENESS_DATA:-$2/../shared}/models/mobilenet_v2_1.0_224.onnx
[ -r "$model" ] || { echo "$model is not there"; exit 77; }
/usr/bin/python3 -c 'import onnx' 2>/dev/null || { echo "no python3-onnx"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
LIKENESS_MODELS=$work/models
export LIKENESS_MODELS
"$likeness" model add "$model" --quiet
name=$("$likeness" model list --quiet | awk '$2 == "installed" { print $1 }')
"$likeness" model export "$name" --out "$work/once.onnx"
/usr/bin/python3 -c 'import sys, onnx; onnx.checker.check_model(onnx.load(sys.argv[1]), full_check=True)' "$work/once.onnx"
cp "$work/models/$name.json" "$work/card.json"
sed -i -e '/"sha256"/d' -e 's/"name": .*/"name": "again",/' -e 's/"file": .*/"file": "once.onnx",/' -e '/"probabilities"/d' \
    -e '/"labels/d' -e '/"classes"/d' "$work/card.json"
"$likeness" model add "$work/once.onnx" --card "$work/card.json" --quiet
"$likeness" model export again --out "$work/twice.onnx"
cmp "$work/once.onnx" "$work/twice.onnx"
