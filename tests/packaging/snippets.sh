#!/bin/sh
# SPDX-License-Identifier: MIT
# snippets.sh SOURCE-DIR WORK-DIR: each C snippet of README.md and of docs/from-go.md compiles without a
# warning, as C11 and, but for the README's program, as the body of a function. In from-go.md the first snippet
# is what the others see. $CC is the compiler.
set -u
src=$1 work=$2
rm -rf "$work" && mkdir -p "$work" && cd "$work" || exit 1
failed=0

# cut FILE NAME: NAME-1.c, NAME-2.c, ... of the blocks that begin with ```c, each with its place in FILE.
cut() {
    awk -v file="$1" -v name="$2" '
        /^```c$/ { out = name "-" ++n ".c"; printf "#line %d \"%s\"\n", NR + 1, file > out; next }
        /^```/ { if (out) close(out); out = "" }
        out { print > out }' "$src/$1"
}

compile() { # FILE
    "$CC" -std=c11 -fsyntax-only -I "$src/include" -Werror -Wall -Wextra -Wshadow -Wno-unused-variable \
        -Wno-unused-but-set-variable "$1" || failed=1
}

cut README.md readme
cut docs/from-go.md go
compile readme-1.c
compile go-1.c
n=1
while [ -e "go-$((n + 1)).c" ]; do
    n=$((n + 1))
    { cat go-1.c && echo 'int snippet(void);' && echo 'int snippet(void) {' && cat "go-$n.c" &&
        echo 'return 0;' && echo '}'; } >"body-$n.c"
    compile "body-$n.c"
done
echo "$n snippets"
[ $n -ge 15 ] && exit $failed
echo "snippets: docs/from-go.md has only $n"
exit 1
