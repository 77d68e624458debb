#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes C source with the text of each FILE.json as a row of schema_table. POSIX tools only.
set -eu
echo '/* Made by cli/embed_schema.sh. */'
echo '#include "cli/schema.h"'
echo 'const struct schema schema_table[] = {'
for file in "$@"; do
    echo "    {\"$(basename "$file" .json)\","
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^.*$/     "&\\n"/' "$file"
    echo '    },'
done
echo '    {0, 0},'
echo '};'
