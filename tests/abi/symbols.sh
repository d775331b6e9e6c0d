#!/bin/sh
# SPDX-License-Identifier: MIT
# symbols.sh LIBRARY [--update]: compares what a shared libweir exports with symbols.txt beside this file.
# A line that goes away breaks programs: it needs a new minor version. A new line is committed with the
# function it belongs to (--update writes the file).
set -u
list=$(dirname "$0")/symbols.txt
exported() { nm -D --defined-only "$1" | awk '$2 != "A" { print $2, $3 }' | LC_ALL=C sort -k2; }
found=$(exported "$1")
[ -n "$found" ] || {
    echo "no symbols found in $1"
    exit 1
}
if [ "${2:-}" = --update ]; then
    printf '%s\n' "$found" >"$list"
    exit
fi
printf '%s\n' "$found" | diff -u "$list" - && exit 0
echo "the exported symbols differ from $list"
exit 1
