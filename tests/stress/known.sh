#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/stress/known.sh PROGRAM [slow|waiting|broken [sanitized]]: what weir-stress run says of scenarios that are known to be good or bad: each kind
# of failure has its own words, the exit status, a folder, and a line that repeats it. Each line "ok" or "FAILED";
# exit 1 if any failed.
set -u
program=$1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
bad=0 more=
usual='seconds=0.4 watchdog=0.4 limit=20 delay=off place=spread storm=off'

ok() { echo "ok      $*"; }
failed() {
    echo "FAILED  $*"
    head -n 30 "$dir/out"
    bad=1
}

# expect NAME STATUS PATTERN ARGUMENT...: the status, and a line of the output that matches.
expect() {
    name=$1 want=$2 pattern=$3
    shift 3
    timeout 60 "$program" "$@" >out 2>&1
    got=$?
    if [ $got -eq "$want" ] && grep -qE -e "$pattern" out; then
        ok "$name"
    else
        failed "$name: exit $got (wanted $want), wanted a line like: $pattern"
    fi
}

# again SCENARIO HEADLINE NAME COMMAND...: finds the same once more.
again() {
    scenario=$1 headline=$2 name=$3
    shift 3
    timeout 60 "$@" >"$dir/out" 2>&1
    if [ $? -eq 1 ] && grep -qE "^($headline)   $scenario " "$dir/out"; then ok "$scenario, $name"; else
        failed "$scenario: not repeated by $name"; fi
}

# found SCENARIO THREADS HEADLINE TEXT...: fails under this headline, with these texts in the folder's failure.txt, and
# the folder's script finds the same again, and so does (of some) the line that is printed.
found() {
    scenario=$1 threads=$2 headline=$3
    shift 3
    # shellcheck disable=SC2086
    expect "$scenario" 1 "^($headline)   $scenario " "$scenario" threads=$threads $usual $more
    folder=$(sed -n 's/^folder: \([^,]*\).*/\1/p' out)
    for text in "$@"; do
        grep -qE -e "$text" "$folder/failure.txt" || failed "$scenario: $folder/failure.txt says nothing like: $text"
    done
    for file in settings waiters output log environment; do
        [ -f "$folder/$file.txt" ] || failed "$scenario: no $file.txt"
    done
    sed -n 's/^repeat: //p' out >line
    case $scenario in
        bad.lost | bad.check) again "$scenario" "$headline" 'the repeat line' sh line ;;
    esac
    # shellcheck disable=SC2086
    cd / && again "$scenario" "$headline" 'repeat.sh' "$dir/$folder/repeat.sh"
    cd "$dir" || exit 1
}

part=${2:-all} sanitized=${3:-no}
if [ "$part" = slow ] || [ "$part" = all ]; then
    # What is only slow is not reported, though nothing moves for longer than the watchdog's time.
    for name in good.stopped good.starved good.long good.flag good.idle good.deadline; do
        # shellcheck disable=SC2086
        expect "$name" 0 '^1 runs .* 0 failed' $name threads=2 $usual limit=30 place=one
    done
fi
if [ "$part" = waiting ] || [ "$part" = all ]; then
    found bad.lost 3 'LOST WAKE-UP' 'thread 1 .*sleeper .*waits until the flag is up: this is TRUE' 'thread 0 .*raiser .*has ended'
    found bad.oversleeps 2 'LOST WAKE-UP' 'its deadline passed by'
    found bad.stuck 2 'CANNOT END' 'waits until the flag is up: this is false'
    found bad.silent 2 'CANNOT END' 'has not said what it waits for'
    # shellcheck disable=SC2086
    expect bad.predicate 1 'all threads sleep, and a predicate does not return' bad.predicate threads=2 $usual
    more=limit=2
    found bad.spin 2 'NO PROGRESS' 'not all threads sleep'
    more=
    if command -v gdb >/dev/null && gdb -nx -batch -p 1 >/dev/null 2>&1; then
        # shellcheck disable=SC2086
        expect 'stacks' 1 '^folder: .*, with stacks.txt' bad.lost threads=3 $usual
        grep -q 'futex_sleep' weir-failures/bad.lost-*/stacks.txt || failed 'stacks.txt does not show the sleeper'
    fi
fi
if [ "$part" = broken ] || [ "$part" = all ]; then
    found bad.check 3 'CHECK FAILED' 'known_broken.c:[0-9]*: check failed: weir_stress_index' 'thread 1 of 3'
    found bad.crash 2 'CRASH|SANITIZER REPORT' 'SIGSEGV at address 0x[0-9a-f]*010, in thread 1, after point crash.soon|SEGV'
    found bad.abort 2 'CRASH|SANITIZER REPORT' 'SIGABRT|ABRT'
    found bad.exit 2 'EXIT' 'called exit\(3\) before its end'
    more=limit=2
    found bad.deaf 2 'DOES NOT END' 'operations go on'
    more=
    if [ "$sanitized" = no ]; then # an allocator that keeps what is freed grows as well
        expect 'memory that grows' 1 '^MEMORY GROWS   bad.grows' bad.grows threads=2 seconds=5 delay=off place=spread storm=off
        expect 'memory that does not' 0 '^1 runs .* 0 failed' good.counter threads=2 seconds=5 delay=off place=spread storm=off
    fi
    found bad.setup 2 'SET-UP FAILED' 'setup returned -12'
    # shellcheck disable=SC2086
    expect 'output of the run' 1 '^good bye' bad.exit threads=2 $usual
    # shellcheck disable=SC2086
    expect 'two failures' 1 '^2 runs .* 2 failed' bad.check bad.exit threads=2 $usual
    # shellcheck disable=SC2086
    expect 'the first failure' 1 '^1 runs .* 1 failed' bad.check bad.exit threads=2 $usual --first
    # shellcheck disable=SC2086
    expect 'beside good ones' 1 '^2 runs .* 1 failed' good.counter bad.exit threads=2 $usual
    # shellcheck disable=SC2086
    expect 'another folder' 1 '^folder: elsewhere/bad.exit-7' bad.exit threads=2 seed=7 $usual out=elsewhere
    expect 'no pattern matches what fails on purpose' 0 '^1 runs .* 0 failed' 'good.counter' 'bad.*' threads=2 seconds=0.1 delay=off place=one storm=off
fi
exit $bad
