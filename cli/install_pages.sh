#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run by `meson install`: the command prints its man pages and completion scripts. Usage: LIKENESS MANDIR DATADIR
set -eu
likeness=$1
man=$MESON_INSTALL_DESTDIR_PREFIX/$2/man1
data=$MESON_INSTALL_DESTDIR_PREFIX/$3

mkdir -p "$man" "$data/bash-completion/completions" "$data/zsh/site-functions" "$data/fish/vendor_completions.d"
"$likeness" help --man likeness -o "$man/likeness.1"
for name in $("$likeness" help --names); do
    "$likeness" help --man "$name" -o "$man/likeness-$name.1"
done
"$likeness" completion bash -o "$data/bash-completion/completions/likeness"
"$likeness" completion zsh -o "$data/zsh/site-functions/_likeness"
"$likeness" completion fish -o "$data/fish/vendor_completions.d/likeness.fish"
