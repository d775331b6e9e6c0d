# SPDX-License-Identifier: MIT
# cli_lib.sh: what the tests of weir-bench's command line share. Each of their files is called with FOLDER TEST BENCH: it runs one
# test, the function t_TEST, with the programs weir-bench-fake, -broken and -plain of FOLDER (tests/bench/fake.c), or with some variants
# of BENCH, weir-bench itself. Silent if it passes. Cases are chosen that end in time on a busy machine as well: one thread, or more
# threads than CPUs, so that waiting loops yield.
# shellcheck shell=sh disable=SC2034
set -u
folder=$1 test=$2 real=$3
fake=$folder/weir-bench-fake broken=$folder/weir-bench-broken plain=$folder/weir-bench-plain
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
solo='/test:solo/cap:1024/size:8/batch:1$'
two='/P:2/C:2/cap:1024/size:8/batch:1$'
rc=0

fail() {
    echo "$test: $*"
    for f in out err; do
        [ -f "$dir/$f" ] && echo "--- std$f" && head -n 40 "$dir/$f"
    done
    exit 1
}

# run PROGRAM ARGUMENT...: keeps stdout, stderr and the exit code.
run() {
    timeout 50 "$@" >"$dir/out" 2>"$dir/err"
    rc=$?
}
quickly() {
    program=$1
    shift
    run "$program" --seconds=0.01 --rounds=2 "$@"
}
exits() { [ "$rc" -eq "$1" ] || fail "exit code $rc, not $1"; }
says() { grep -q -e "$2" "$dir/$1" || fail "no '$2' on std$1"; }
silent() { ! grep -q -e "$2" "$dir/$1" || fail "'$2' on std$1"; }

# column FILE CASE VARIANT NAME: one field of cases.csv. The note, which may hold commas, stands last.
column() {
    awk -F, -v c="$2" -v v="$3" -v name="$4" '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["case"] == c && $at["variant"] == v { print $at[name]; exit }' "$1"
}
is() { [ "$1" = "$2" ] || fail "$3 is '$1', not '$2'"; }

# measures VARIANT CASE: weir-bench itself has run it to its end, and its checks held. On a busy machine that may
# have taken long, which makes the status `stuck`; what does not end has fewer rounds.
measures() {
    is "$(column "$dir/out" "$2" "$1" rounds)" 2 "rounds of $1 in $2"
}
