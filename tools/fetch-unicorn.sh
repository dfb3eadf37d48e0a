#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Puts Unicorn's source archive where subprojects/unicorn.wrap looks for it, and takes away an unpacked tree that an
# older patch series was applied to.  Quick when there is nothing to do; the Makefile calls it before Meson.
set -eu

version=2.1.4
sha256=00567a70e323f749b419cd86bee4f9115beab7ebba32194581c090cbb7c59cff
subprojects=$(CDPATH='' cd -- "$(dirname -- "$0")/../subprojects" && pwd)
archive=$subprojects/packagefiles/unicorn-$version.tar.gz
tree=$subprojects/unicorn-$version

is_right() {
    [ -f "$1" ] && [ "$(sha256sum "$1" | cut -d ' ' -f 1)" = $sha256 ]
}

if ! is_right "$archive"; then
    download=$(mktemp -d)
    trap 'rm -rf "$download"' EXIT
    python3 -m pip download --quiet --no-deps --no-binary :all: --dest "$download" \
        "unicorn==$version" || echo "fetch-unicorn: pip complained; looking at what it has brought" >&2
    if ! is_right "$download/unicorn-$version.tar.gz"; then
        echo "fetch-unicorn: unicorn-$version.tar.gz is not the archive that the patches are made for" >&2
        exit 1
    fi
    mv "$download/unicorn-$version.tar.gz" "$archive"
fi

# The series and what is laid over the sources, in one number.
series=$(cat "$subprojects"/unicorn.wrap "$subprojects"/packagefiles/unicorn-*.patch \
    $(find "$subprojects/packagefiles/unicorn" -type f | sort) | sha256sum | cut -d ' ' -f 1)
if [ -d "$tree" ] && [ "$(cat "$tree/.series" 2>/dev/null)" != "$series" ]; then
    rm -rf "$tree"
fi
if [ ! -d "$tree" ]; then
    (cd "$subprojects/.." && meson subprojects download unicorn >/dev/null)
    echo "$series" > "$tree/.series"
fi
