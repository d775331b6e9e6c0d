#!/bin/sh
# SPDX-License-Identifier: MIT
# headers.sh SOURCE-DIR WORK-DIR: each public header compiles alone, and twice, as C11 and as C++11, 17 and
# 20, without a warning (the first of two includes is the header alone);
# so does a small program. $CC and $CXX are the compilers.
set -u
src=$1 work=$2
rm -rf "$work" && mkdir -p "$work" && cd "$src/include" || exit 1
failed=0 compiled=0

compile() { # HEADER COMPILER LANGUAGE FLAGS...: the header, with nothing before it, and again
    header=$1 compiler=$2 language=$3
    shift 3
    printf '#include <%s>\n#include <%s>\nint main(void);\n' "$header" "$header" |
        "$compiler" -x "$language" -fsyntax-only -I . -Werror -Wall -Wextra "$@" - || failed=1
    compiled=$((compiled + 1))
}

for header in $(find weir -name '*.h' ! -name model.h ! -name stress.h | sort); do
    compile "$header" "$CC" c -std=c11 -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
    for std in c++11 c++17 c++20; do
        compile "$header" "$CXX" c++ -std=$std
    done
done

# The typed shims in a user's program, without optimisation too: warnings of inlined code come late.
for opt in -O0 -O2; do
    "$CC" -std=c11 $opt -I . -Werror -Wall -Wextra -Wpedantic -c -o "$work/user.o" \
        "$src/tests/packaging/consumer/main.c" || failed=1
    "$CXX" -std=c++11 $opt -I . -Werror -Wall -Wextra -c -o "$work/user.o" \
        "$src/tests/packaging/consumer/main.cc" || failed=1
done
echo "$compiled compilations"
[ $compiled -ge 32 ] && exit $failed
