#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the commands of a case file and holds what they print against what the file says. Usage: LIKENESS CASE SOURCE_ROOT
#
# In a case file a line starts with
#   $   a command for sh, run in an empty folder that holds the pictures of make_pictures.sh; `likeness` is on the PATH
#   >   a line it must write to standard output      !   a line on standard error      ?   its exit code, unless 0
#   #   a remark; spaces at the end of a line and empty lines do not matter
# A difference prints as a diff. UPDATE=1 writes what came into the file instead: read the change before committing it.
set -u
likeness=$(realpath "$1") case_file=$(realpath "$2") root=$(realpath "$3")
here=$root/tests/cli
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

mkdir "$work/bin" "$work/run"
ln -s "$likeness" "$work/bin/likeness"
PATH=$work/bin:$PATH
LIKENESS_MODELS=../models # of this case, not of whoever runs it
LIKENESS_ACTOR=ann LIKENESS_INDEX=../pictures.lki
export PATH LC_ALL=C TERM=dumb HERE="$here" ROOT="$root" LIKENESS_MODELS LIKENESS_ACTOR LIKENESS_INDEX
unset LIKENESS_DB NO_COLOR FORCE_COLOR LIKENESS_CPU PAGER GITHUB_ACTIONS GITHUB_STEP_SUMMARY || :
cd "$work/run" || exit 99
sh "$here/make_pictures.sh" || exit 99

run_line() {
    printf '$ %s\n' "$1"
    sh -c "$1" >"$work/out" 2>"$work/err" </dev/null
    code=$?
    sed 's/^/> /; s/ *$//' "$work/out"
    sed 's/^/! /; s/ *$//' "$work/err"
    if [ "$code" -ne 0 ]; then
        printf '? %s\n' "$code"
    fi
}

while IFS= read -r line || [ -n "$line" ]; do
    case $line in
    '$ '*) run_line "${line#\$ }" ;;
    '# '* | '#' | '') printf '%s\n' "$line" ;;
    esac
done <"$case_file" >"$work/came"

if [ "${UPDATE:-}" = 1 ]; then
    cp "$work/came" "$case_file"
elif grep -q '^? 77$' "$work/came" && ! grep -q '^? 77$' "$case_file"; then
    sed -n '/^? 77$/{x;p;};h' "$work/came"
    exit 77 # a command said that what it needs is not there
else
    diff -u "$case_file" "$work/came"
fi
