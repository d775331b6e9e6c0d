#!/bin/sh
# SPDX-License-Identifier: MIT
# cli_interrupt.sh FOLDER TEST BENCH: tests of weir-bench's command line: Ctrl-C and SIGTERM. See cli_lib.sh.
# shellcheck source=tests/bench/cli_lib.sh
. "${0%/*}/cli_lib.sh"

# begin SECONDS PROGRAM ARGUMENT...: starts it, and returns so long after it has begun to measure.
begin() {
    pause=$1
    shift
    rm -rf "$dir/o"
    "$@" --out="$dir/o" >"$dir/out" 2>"$dir/err" &
    program=$!
    until grep -q '^weir-bench: suite' "$dir/err"; do sleep 0.1; done
    sleep "$pause"
}

# ends SIGNAL CODE: gets the signal alone, and exits with that code soon.
ends() {
    start=$(date +%s)
    kill "-$1" $program
    wait $program
    rc=$?
    exits "$2"
    [ $(($(date +%s) - start)) -le 10 ] || fail "took more than 10 s to end"
}

# incomplete SIGNAL CODE FILTER CASE: of a run of 100 rounds there are those that were measured, and all says that it is not the whole.
incomplete() {
    begin 2 "$fake" --seconds=0.1 --rounds=100 "--filter=$3"
    ends "$1" "$2"
    says out '^  weir .*/s '
    says err '^weir-bench: interrupted after [0-9]* of [0-9]* measurements: .* is incomplete'
    rounds=$(column "$dir/o/cases.csv" "$4" weir rounds)
    [ "$rounds" -ge 1 ] && [ "$rounds" -lt 100 ] || fail "$rounds rounds"
    is "$(grep -c ',weir,' "$dir/o/samples.csv")" "$rounds" "samples of weir"
    grep -q "^$4,.*,weir,.*interrupted: $rounds of 100 rounds" "$dir/o/cases.csv" || fail "no note in cases.csv"
    grep -q '^\*\*Incomplete:\*\* interrupted after [0-9]* of [0-9]* measurements' "$dir/o/summary.md" ||
        fail "summary.md does not say that it is incomplete"
    [ ! -e "$dir/o/env.json" ] || grep -q '"incomplete": true' "$dir/o/env.json" || fail "env.json does not say so"
}

t_interrupt() {
    incomplete INT 130 "^mpmc/(weir|ck)$solo" mpmc/test:solo/cap:1024/size:8/batch:1
    incomplete INT 130 '^mpmc/(weir|ck)/test:solo.*/cpus:1$' mpmc/test:solo/cap:1024/size:8/batch:1/cpus:1
    quickly "$fake" "--filter=^mpmc/(weir|ck)$solo" --out="$dir/o"
    exits 0
    silent err interrupted
    ! grep -q -i 'incomplete\*\*\|interrupted' "$dir/o/summary.md" "$dir/o/cases.csv" || fail "a whole run is marked"
}

t_terminate() { incomplete TERM 143 "^mpmc/(weir|ck)$solo" mpmc/test:solo/cap:1024/size:8/batch:1; }

# Before anything was measured: one line that says so, and no file. Filling the table ends at once, though it would take 20 s more.
t_map_interrupt() {
    for signal in INT/130 TERM/143; do
        begin 1 "$broken" --suite=maps-small --rounds=2 --rivals=slow_map '--filter=^map/slow_map/T:1/read:100/keys:1000$'
        ends ${signal%/*} ${signal#*/}
        silent err 'slow_map.*:.*\(check failed\|not done\|still running\)'
        is "$(grep -c '^weir-bench: interrupted before anything was measured: nothing is written; call it again' "$dir/err")" 1 lines
        is "$(grep -vc '^weir-bench: suite' "$dir/err")" 1 "lines beside the first"
        is "$(wc -c <"$dir/out")" 0 "bytes on stdout"
        is "$(find "$dir/o" -type f | wc -l)" 0 files
    done
}

# The second one does not wait for the run.
t_interrupt_twice() {
    begin 1 "$fake" --seconds=40 --rounds=1 "--filter=^mpmc/weir$solo"
    kill -INT $program
    sleep 0.5
    ends INT 130
}

"t_$test"
