#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes C source with the text of each card FILE.json. POSIX tools only.
set -eu
echo '/* Made by model/embed_cards.sh. */'
echo 'static const char *const shipped_cards[] = {'
for file in "$@"; do
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^.*$/    "&\\n"/' "$file"
    echo '    ,'
done
echo '};'
