#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/stress/command.sh WEIR-STRESS: weir-stress run as it is installed in the build folder: another program does the
# work, and nobody notices. Each line "ok" or "FAILED"; exit 1 if any failed.
set -u
stress=$1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
bad=0

# expect NAME STATUS PATTERN ARGUMENT...: the status, and a line of the output that matches.
expect() {
    name=$1 want=$2 pattern=$3
    shift 3
    timeout 60 "$stress" "$@" >out 2>&1
    got=$?
    if [ $got -eq "$want" ] && grep -qE -e "$pattern" out; then
        echo "ok      $name"
    else
        echo "FAILED  $name: exit $got (wanted $want), wanted a line like: $pattern"
        head -n 30 out
        bad=1
    fi
}

one='threads=2 delay=random place=spread storm=off seconds=0.2'
expect 'help' 0 '^  run ' --help
expect 'help of run' 0 'script' run --help
expect 'list' 0 '^mpmc\.' run --list
expect 'unknown scenario' 2 '^weir-stress: unknown scenario nothing' run nothing
expect 'unknown label' 2 '^weir-stress: weaken=NOTHING:sc: no such label' run weaken=NOTHING:sc
expect 'no such step' 2 '^weir-stress: weaken=MPMC_S1:check: use LABEL:STEP' run weaken=MPMC_S1:check
ring=$(timeout 60 "$stress" run --list | sed -n 's/^\(mpmc\.[^ ]*\).*/\1/p' | head -n 1)
# shellcheck disable=SC2086
expect "$ring" 0 '^1 runs .* 0 failed' run "$ring" $one
# shellcheck disable=SC2086
expect 'points of weir' 0 '^mpmc.push.claimed +[0-9]+ +[0-9]+' run "$ring" $one --points
exit $bad
