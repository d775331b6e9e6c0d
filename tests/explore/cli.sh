#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/explore/cli.sh WEIR-STRESS: weir-stress explore as it is used: what it prints, what it refuses, how a
# failure is repeated. Each line "ok" or "FAILED"; exit 1 if any failed.
set -u
stress=$1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
bad=0

# expect NAME STATUS PATTERN COMMAND...: the status, and a line of the output that matches.
expect() {
    name=$1 want=$2 pattern=$3
    shift 3
    "$@" >out 2>&1
    got=$?
    if [ $got -eq "$want" ] && grep -q -e "$pattern" out; then
        echo "ok      $name"
    else
        echo "FAILED  $name: exit $got (wanted $want), wanted a line like: $pattern"
        head -n 20 out
        bad=1
    fi
}

# one_line NAME COMMAND...: refused with exit 2 and a single line on stderr, nothing on stdout.
one_line() {
    name=$1
    shift
    "$@" >out 2>err
    got=$?
    if [ $got -eq 2 ] && [ "$(wc -l <err)" -eq 1 ] && ! [ -s out ]; then
        echo "ok      $name: $(cat err)"
    else
        echo "FAILED  $name: exit $got"
        cat out err
        bad=1
    fi
}

expect "no command" 2 "^usage" "$stress"
expect "help" 0 "explore" "$stress" --help
expect "explore help" 0 "preemptions" "$stress" explore --help
expect "list" 0 "^mpmc.try.3x2.cap2 .* 3 threads" "$stress" explore --list
one_line "unknown command" "$stress" exploit
one_line "unknown scenario" "$stress" explore mpmc.nothing
one_line "unknown key" "$stress" explore wheels=4
one_line "bad value" "$stress" explore --strategy=guess
one_line "bad number" "$stress" explore preemptions=many
one_line "option without value" "$stress" explore --seconds
one_line "unknown label" "$stress" explore park.token weaken=NOTHING:sc
one_line "no such half" "$stress" explore park.token weaken=PARK_P1:acquire

expect "seed first" 0 "^seed 7$" "$stress" explore park.token --seed 7
[ "$(head -n 1 out)" = "seed 7" ] || { echo "FAILED  the seed is not the first line"; bad=1; }
expect "budgets beside the count" 0 "all [0-9]* executions.*preemptions=2 .*spurious=1" "$stress" explore park.token
expect "limit" 1 "stopped after" "$stress" explore mpmc.try.3x2.cap2 executions=100 --must-exhaust memory=sc
expect "weaken" 1 "DATA RACE" "$stress" explore mpmc.try.2x3.cap2 weaken=MPMC_S1:release --quiet
expect "bounds that are part of a claim" 0 "^chan.told.cancel *sc *dfs  *all 3 executions .*steps; timeouts=1 reuse=1$" \
    "$stress" explore chan.told.cancel strategy=random preemptions=3 stops=1 memory=sc

# A failure, and its repetition.
expect "failure" 1 "^LOST WAKE-UP" "$stress" explore specimen.park_no_storeload
expect "waiter" 1 "sleeps: word .* is 1 (expected 1), last written by T0 at step [0-9]*, last wake: none" "$stress" explore specimen.park_no_storeload
expect "predicate" 1 "the flag is up.* is TRUE: the wake-up was lost" "$stress" explore specimen.park_no_storeload
expect "step" 1 "|.* leaves the buffer .*park_no_storeload.c:[0-9]" "$stress" explore specimen.park_no_storeload
file=weir-failures/specimen.park_no_storeload.tso.replay
grep "^repeat:" out >repeat
expect "repeat" 1 "^LOST WAKE-UP" "$stress" explore --replay $file
sed -n '/^LOST/,/^$/p' out >second
"$stress" explore specimen.park_no_storeload >out 2>&1
sed -n '/^LOST/,/^repeat/p' out | grep -v ^repeat >first
if diff first second >/dev/null; then echo "ok      the repetition prints the same"; else
    echo "FAILED  the repetition differs"; diff first second; bad=1; fi

# Files that are damaged, of other sources, or not ours.
head -n 8 $file >short.replay
one_line "truncated" "$stress" explore --replay short.replay
head -c $(($(wc -c <$file) - 9)) $file >cut.replay
one_line "cut in the last line" "$stress" explore --replay cut.replay
sed 's/^memory tso/memory sc/' $file >edited.replay
one_line "edited" "$stress" explore --replay edited.replay
echo "hello" >foreign.replay
one_line "foreign" "$stress" explore --replay foreign.replay
one_line "missing" "$stress" explore --replay none.replay

exit $bad
