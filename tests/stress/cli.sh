#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/stress/cli.sh PROGRAM: the command line of weir-stress run: what it prints, what it refuses, seeds, scripts,
# the runs that it plans. Each line "ok" or "FAILED"; exit 1 if any failed.
set -u
program=$1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
bad=0

# expect NAME STATUS PATTERN ARGUMENT...: the status, and a line of the output that matches.
expect() {
    name=$1 want=$2 pattern=$3
    shift 3
    timeout 60 "$program" "$@" >out 2>&1
    got=$?
    if [ $got -eq "$want" ] && grep -qE -e "$pattern" out; then
        echo "ok      $name"
    else
        echo "FAILED  $name: exit $got (wanted $want), wanted a line like: $pattern"
        head -n 30 out
        bad=1
    fi
}

# one_line NAME ARGUMENT...: refused with exit 2 and a single line on stderr, nothing on stdout.
one_line() {
    name=$1
    shift
    timeout 60 "$program" "$@" >out 2>err
    got=$?
    if [ $got -eq 2 ] && [ "$(wc -l <err)" -eq 1 ] && ! [ -s out ]; then
        echo "ok      $name: $(cat err)"
    else
        echo "FAILED  $name: exit $got"
        cat out err
        bad=1
    fi
}

same() { # NAME LEFT RIGHT
    if [ -n "$2" ] && [ "$2" = "$3" ]; then echo "ok      $1"; else
        printf 'FAILED  %s:\n%s\n%s\n' "$1" "$2" "$3"; bad=1; fi
}

expect 'help' 0 'watchdog' --help
expect 'list' 0 '^good.counter .*threads count together' --list
one_line 'unknown scenario' no.such.scenario
one_line 'unknown pattern' 'no.*'
# shellcheck disable=SC2046
one_line 'all that there are, and one more' $(yes good.counter | head -n 1000) no.such.scenario
# shellcheck disable=SC2046
one_line 'too many names' $(yes good.counter | head -n 3000)
one_line 'unknown key' good.counter wheels=4
one_line 'unknown option' good.counter -x
one_line 'option without value' good.counter --seconds
one_line 'no time' good.counter seconds=0
one_line 'bad time' good.counter seconds=soon
one_line 'bad number of threads' good.counter threads=2,many
one_line 'no threads' good.counter threads=0
one_line 'too many threads' good.counter threads=2000
one_line 'bad delay' good.counter delay=long
one_line 'bad place' good.counter place=here
one_line 'bad storm' good.counter storm=snow
one_line 'bad seed' good.counter seed=-1
one_line 'bad soak' good.counter soak=1d
one_line 'nothing to weaken' good.counter weaken=MPMC_S1:release
one_line 'script: empty' good.counter 'script=;'
one_line 'script: no place' good.counter 'script=0@a until b'
one_line 'script: no until' good.counter 'script=0@a 1@b'
one_line 'script: too many words' good.counter 'script=0@a until 1@b 2@c'
one_line 'script: bad count' good.counter 'script=0@a#0 until 1@b'
one_line 'script: no such thread' good.counter threads=2 'script=0@a until 2@b'
one_line 'script and delay' good.counter delay=random 'script=0@a until 1@b'

# What is run.
small='seconds=0.05 watchdog=2'
# shellcheck disable=SC2086
{
expect 'seed' 0 '^seed 7$' good.counter --seed 7 threads=2 delay=off place=one storm=off $small
[ "$(head -n 1 out)" = 'seed 7' ] || { echo 'FAILED  the seed is not the first line'; bad=1; }
expect 'points never passed' 0 '^points never passed: counter.nowhere$' good.counter threads=2 delay=off place=one storm=off $small
expect 'points' 0 '^counter.before +[1-9][0-9]* ' good.counter threads=2 delay=random place=spread storm=off --points $small
expect 'counts of the scenario' 0 'operations, sum=[1-9]' good.counter threads=2 delay=off place=one storm=off $small
expect 'all delays, places and storms' 0 '^24 runs .* 0 failed' good.counter threads=3 delay=off,random,victim place=spread,one storm=off,stop,signal,both $small
expect 'signals and stops' 0 '^2 runs .* 0 failed' good.flag threads=3 delay=off place=one storm=signal,both $small
expect 'the usual runs' 0 '0 failed' good.counter $small
for row in 'threads=2 .*delay=random.*storm=stop' 'delay=victim.*place=one.*storm=both' 'delay=off.*place=one' 'storm=signal'; do
    grep -qE "$row" out || { echo "FAILED  the usual runs have none like: $row"; bad=1; }
done
expect 'a fixed number of threads' 0 '^8 runs .* 0 failed' good.pair $small
expect 'quick' 0 '^[36] runs .* 0 failed' good.pair good.counter quick threads=2 $small
expect 'a number of threads that does not fit' 77 'good.pair .*skipped: it takes 2 to 2 threads' good.pair threads=3 $small
expect 'skipped by its set-up' 77 'skip.setup .*skipped.*: this machine has 3 wheels' skip.setup threads=2 delay=off place=one storm=off $small
expect 'storms pass: one processor, stopped before all had a turn' 0 'ok, [0-9][.]' good.flag threads=16 delay=victim place=one storm=both seed=556825962 seconds=0.2
expect 'one skipped, one not' 0 '^2 runs .* 0 failed, 1 skipped' skip.setup good.pair threads=2 delay=off place=one storm=off $small
expect 'soak' 0 '^[1-9][0-9]* runs in 1?[0-9] s, 0 failed' 'good.counter' good.flag soak=2s seconds=0.5 seed=3
grep -q 'rss [0-9.]* to [0-9.]* MiB' out || { echo 'FAILED  soak says nothing of memory'; bad=1; }

# The same seed gives the same operations, whatever the schedule; another seed others.
lists() { timeout 60 "$program" bad.list threads=3 ops=50 "$@" $small | grep '^list ' | sort; }
first=$(lists seed=5 delay=off place=one storm=off)
same 'the same seed' "$first" "$(lists seed=5 delay=random place=spread storm=stop)"
if [ "$first" = "$(lists seed=6 delay=off place=one storm=off)" ]; then
    echo 'FAILED  another seed gives the same operations'; bad=1; else echo 'ok      another seed'; fi

# Scripts: one forces the lost update, one forbids it; one waits for what never comes.
loses='0@update.loaded until 1@update.stored; 1@stress.start after 0@update.loaded'
keeps='0@stress.start after 1@stress.end'
slow='seconds=20 watchdog=2' # ends when the threads have made their one operation
for i in 1 2 3 4 5; do
    expect "a script that forces an order ($i)" 1 'two updates made 1 of 0' bad.update "script=$loses" ops=1 $slow
    expect "a script that forces the other ($i)" 0 '^1 runs .* 0 failed' bad.update "script=$keeps" ops=1 $slow
done
expect 'both steps of the script' 1 'step 1, at update.loaded until update.stored: held for .* until it came' bad.update "script=$loses" ops=1 $slow
repeat=$(sed -n 's/^repeat: //p' out)
timeout 60 sh -c "$repeat" >out 2>&1
same 'the repeat line of a script' "$(grep -c 'two updates made 1 of 0' out)" 1
expect 'what never comes' 0 'at counter.after until nowhere: NEVER CAME' good.counter 'script=0@counter.after until 1@nowhere' threads=2 $small
expect 'where nobody comes' 0 'at nowhere until counter.after: nobody came to stop there' good.counter 'script=0@nowhere until *@counter.after' threads=2 $small
expect 'the third time' 0 'at counter.after until counter.before: held for .* until it came' good.counter 'script=0@counter.after#3 until *@counter.before#100' threads=2 seconds=1
}
exit $bad
