#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes C source that puts each FILE.onnx into the library, and a table of them. POSIX tools only.
set -eu
line() { # of assembly, as C
    printf '        "%s\\n"\n' "$1"
}
label() {
    line ".globl $1"
    line ".hidden $1"
    line "$1:"
}
echo '/* Made by model/embed_models.sh. */'
n=0
for file in "$@"; do
    # The sum makes this text another one when the file is: what includes it is then compiled again.
    echo "/* $(cksum "$file" | cut -d' ' -f1,2) */"
    echo '__asm__('
    line '.pushsection .rodata'
    line '.balign 64'
    label "lk_built_in_$n"
    line ".incbin \\\"$(cd "$(dirname "$file")" && pwd)/$(basename "$file")\\\""
    label "lk_built_in_${n}_end"
    line '.popsection'
    echo '        );'
    echo "extern const uint8_t lk_built_in_$n[], lk_built_in_${n}_end[];"
    n=$((n + 1))
done
echo 'static const struct built_in built_ins[] = {'
n=0
for file in "$@"; do
    echo "    {\"$(basename "$file")\", lk_built_in_$n, lk_built_in_${n}_end},"
    n=$((n + 1))
done
echo '};'
