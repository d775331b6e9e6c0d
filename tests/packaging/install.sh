#!/bin/sh
# SPDX-License-Identifier: MIT
# install.sh SOURCE-DIR WORK-DIR: installs weir, static and shared, and builds users of it with
# find_package and with pkg-config. $CC and $CXX are the compilers.
set -u
src=$1 work=$2
rm -rf "$work" && mkdir -p "$work" && cd "$work" || exit 1
unset DESTDIR PKG_CONFIG_PATH CMAKE_PREFIX_PATH
failed=0

run() { # a step that must succeed; its output is shown if it does not
    "$@" >step.log 2>&1 && return
    cat step.log
    echo "FAILED: $*"
    failed=1
}
refused() { # TEXT COMMAND...: a step that must fail, and say TEXT
    text=$1
    shift
    if "$@" >step.log 2>&1 || ! tr -s ' \n' ' ' <step.log | grep -qF "$text"; then
        cat step.log
        echo "FAILED: expected a refusal with \"$text\": $*"
        failed=1
    fi
}
expect() { # WHAT WANTED FOUND
    [ "$2" = "$3" ] && return
    printf 'FAILED: %s\n  wanted: %s\n  found:  %s\n' "$1" "$2" "$3"
    failed=1
}
uses_shared() { readelf -d "$1" | grep -c 'NEEDED.*libweir\.so\.0\.1'; }

for kind in static shared; do
    [ $kind = shared ] && on=ON || on=OFF
    run cmake -S "$src" -B build-$kind -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=$on \
        -DWEIR_TESTS=OFF -DCMAKE_INSTALL_LIBDIR=lib
    run cmake --build build-$kind -j 2
    run cmake --install build-$kind --prefix "$work/first"
done
mv first prefix # CMake's files must work wherever the prefix is

# The two components, as a distribution splits them.
run cmake -E env DESTDIR="$work/runtime" cmake --install build-shared --prefix /usr --component Runtime
expect 'files of the component Runtime' './usr/lib/libweir.so.0.1 ./usr/lib/libweir.so.0.1.0' \
    "$(cd runtime && find . ! -type d | sort | paste -sd' ' -)"
run cmake -E env DESTDIR="$work/develop" cmake --install build-shared --prefix /usr --component Development
expect 'libraries of the component Development' './usr/lib/libweir.so' \
    "$(cd develop && find . -name 'libweir*' | paste -sd' ' -)"
expect 'public headers that are not installed' '' \
    "$(cd "$src/include" && find weir -name '*.h' ! -name model.h ! -name stress.h | while read -r h; do
        [ -f "$work/prefix/include/$h" ] || echo "$h"
    done)"
expect 'SONAME' 'libweir.so.0.1' \
    "$(readelf -d prefix/lib/libweir.so | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')"
expect 'run paths in the library' 0 "$(readelf -d prefix/lib/libweir.so | grep -c -E 'RPATH|RUNPATH')"

expect 'what the library needs beside libc' 'liburcu-memb.so.8' \
    "$(readelf -d prefix/lib/libweir.so | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -v -E '^(libc|ld-linux.*)\.so' | paste -sd' ' -)"
expect 'liburcu in public headers' '' "$(grep -l -r '#include.*urcu' prefix/include)"

for kind in static shared; do
    run cmake -S "$src/tests/packaging/consumer" -B user-$kind -DCMAKE_PREFIX_PATH="$work/prefix" \
        -DCONSUMER_VERSION=0.1 -DCONSUMER_COMPONENTS=$kind
    run cmake --build user-$kind -j 2
    [ $kind = shared ] && wanted=1 || wanted=0
    for program in in_c in_cxx; do
        run user-$kind/$program
        expect "$program uses the shared library ($kind)" $wanted "$(uses_shared user-$kind/$program)"
    done
done

# Without a component: weir_SHARED_LIBS, then BUILD_SHARED_LIBS decide.
find_weir() {
    cmake -S "$src/tests/packaging/consumer" -B user-$1 -DCMAKE_PREFIX_PATH="$work/prefix" "$2" "$3"
}
run find_weir default-shared -DBUILD_SHARED_LIBS=OFF -Dweir_SHARED_LIBS=ON
run cmake --build user-default-shared --target in_c
expect 'weir_SHARED_LIBS is heard' 1 "$(uses_shared user-default-shared/in_c)"
run find_weir build-shared -DBUILD_SHARED_LIBS=ON -DCONSUMER_VERSION=0.1.0
run cmake --build user-build-shared --target in_c
expect 'BUILD_SHARED_LIBS is heard' 1 "$(uses_shared user-build-shared/in_c)"
refused 'not dynamic' find_weir bad-component -DCONSUMER_COMPONENTS=dynamic -DX=
refused 'not both' find_weir both '-DCONSUMER_COMPONENTS=static;shared' -DX=
refused 'version: 0.1.0' find_weir bad-version -DCONSUMER_VERSION=0.2 -DX=
mv prefix/lib/cmake/weir/weir-static-targets.cmake hidden
refused 'static library of weir is not installed' find_weir none -DCONSUMER_COMPONENTS=static -DX=
run find_weir other -DCONSUMER_VERSION=0.1 -DX= # no wish: the one that is there
mv hidden prefix/lib/cmake/weir/weir-static-targets.cmake

# pkg-config, as one line of a user's shell.
mv prefix first # here the prefix is a fact of the file
PKG_CONFIG_PATH=$work/first/lib/pkgconfig
export PKG_CONFIG_PATH
expect 'version in weir.pc' 0.1.0 "$(pkg-config --modversion weir)"
# Those of what its static library needs come along, as with any Requires.private.
expect 'flags in weir.pc' "-I$work/first/include $(pkg-config --cflags liburcu-memb | sed 's/ *$//')" \
    "$(pkg-config --cflags weir | sed 's/ *$//')"
expect 'liburcu is linked for static users only' '0 1' \
    "$(pkg-config --libs weir | grep -c urcu) $(pkg-config --static --libs weir | grep -c urcu-memb)"
# shellcheck disable=SC2046 # words are wanted
run "$CC" -o pc-shared "$src/tests/packaging/consumer/main.c" $(pkg-config --cflags --libs weir)
run env LD_LIBRARY_PATH="$work/first/lib" ./pc-shared
expect 'pkg-config gives the shared library' 1 "$(uses_shared pc-shared)"
# Each example, as its reader builds it, but for those that test a structure of their own: stress/ is not installed.
for source in "$src"/examples/*.c; do
    case $source in */*_my_*) continue ;; esac
    libs=weir
    if grep -q '"http_get.h"' "$source"; then
        pkg-config --exists libcurl || continue
        libs='weir libcurl'
    fi
    # shellcheck disable=SC2046,SC2086
    run "$CC" -o example "$source" $(pkg-config --cflags --libs $libs)
done
rm first/lib/libweir.so
# shellcheck disable=SC2046
run "$CC" -o pc-static "$src/tests/packaging/consumer/main.c" $(pkg-config --static --cflags --libs weir)
run ./pc-static
exit $failed
