#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes C source that holds each FILE as an array of bytes: start.mjs becomes asset_start_mjs. POSIX tools only.
set -eu
echo '/* Made by serve/embed_page.sh. */'
echo '#include "serve/page/page_assets.h"'
for file in "$@"; do
    name=asset_$(basename "$file" | tr .- __)
    echo "static const uint8_t ${name}_bytes[] = {"
    od -An -v -tu1 "$file" | sed 's/\([0-9][0-9]*\)/\1,/g'
    echo '};'
    echo "const struct asset $name = {${name}_bytes, sizeof ${name}_bytes};"
done
