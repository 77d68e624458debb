#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# embed_assets.sh HEADER FILE...: C source that holds each FILE as an array of bytes, for HEADER, which declares
# `struct asset` and the names: viewer.js becomes asset_viewer_js. POSIX tools only.
set -eu
header=$1
shift
echo '/* Made by tools/embed_assets.sh. */'
echo "#include \"$header\""
for file in "$@"; do
    name=asset_$(basename "$file" | tr .- __)
    echo "static const uint8_t ${name}_bytes[] = {"
    od -An -v -tu1 "$file" | sed 's/\([0-9][0-9]*\)/\1,/g'
    echo '};'
    echo "const struct asset $name = {${name}_bytes, sizeof ${name}_bytes};"
done
