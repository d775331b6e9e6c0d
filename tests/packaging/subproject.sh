#!/bin/sh
# SPDX-License-Identifier: MIT
# subproject.sh SOURCE-DIR WORK-DIR: weir as a subfolder of a project with settings of its own: they stay as
# they are, nothing of weir is installed, and the flags of weir's own build do not reach the parent.
set -u
src=$1 work=$2
rm -rf "$work" && mkdir -p "$work" && cd "$work" || exit 1
cmake -S "$src/tests/packaging/subproject" -B build -DWEIR_SOURCE_DIR="$src" -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_C_FLAGS=-DPARENT -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >log 2>&1 &&
    cmake --build build -j 2 >>log 2>&1 && build/parent >>log 2>&1 || {
    cat log
    exit 1
}
command_of() { grep -A1 -B1 "\"command\".*/$1 *\"\\{0,1\\}" build/compile_commands.json | grep '"command"'; }
failed=0
case $(command_of consumer/main.c) in
    *-DPARENT*) ;;
    *) echo 'FAILED: the parent lost its own flags' && failed=1 ;;
esac
case $(command_of consumer/main.c) in
    *-Wall* | *_GNU_SOURCE* | *WEIR_DEBUG* | *-fvisibility* | *-std=gnu*) echo 'FAILED: flags of weir reach the parent' && failed=1 ;;
esac
DESTDIR=$work/installed cmake --install build >/dev/null 2>&1
[ -z "$(find installed -type f 2>/dev/null)" ] || {
    echo 'FAILED: installing the parent installs weir'
    failed=1
}
exit $failed
