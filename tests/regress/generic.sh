#!/bin/sh
# SPDX-License-Identifier: MIT
# generic.sh SOURCE-DIR: the generic verbs on small local objects (local_objects.c) compile without a
# warning, by each compiler that is here, at each level, with -Wall -Wextra and with what is on of itself.
# A copy of a size known at run time only has a branch per size, and a compiler that knows the object once
# warned of the branches too large for it.
set -u
src=$1
file=$src/tests/regress/local_objects.c
failed=0 compiled=0

compile() { # COMPILER FLAGS...
    if ! out=$("$@" -std=c11 -I "$src/include" -c -o /dev/null "$file" 2>&1) || [ -n "$out" ]; then
        printf '%s\n%s\n' "$*" "$out"
        failed=1
    fi
    compiled=$((compiled + 1))
}

seen=
for compiler in "$CC" gcc clang-19 clang; do
    path=$(readlink -f "$(command -v "$compiler")") || continue
    case " $seen " in *" $path "*) continue ;; esac
    seen="$seen $path"
    for opt in -O0 -Og -O1 -O2 -Os -O3; do
        compile "$compiler" $opt
        compile "$compiler" $opt -Wall -Wextra
    done
done
echo "$compiled compilations, by$seen"
[ $compiled -ge 12 ] && exit $failed
