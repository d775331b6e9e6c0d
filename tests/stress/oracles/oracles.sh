#!/bin/sh
# SPDX-License-Identifier: MIT
# oracles.sh BAD-RINGS WEIR-STRESS-RUN TABLE: each row of the table is found. A row is PROGRAM (bad or weir),
# ORACLE, the arguments of the run, and after | an extended regular expression of its report. What is
# found by chance gets several seeds.
set -u
bad=$1 weir=$2 table=$3
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
rows=0 missed=0
while read -r program oracle rest; do
    case $program in '' | '#'*) continue ;; bad) run=$bad ;; weir) run=$weir ;; esac
    arguments=${rest%%|*} pattern=$(echo "${rest#*|}" | sed 's/^ *//')
    rows=$((rows + 1)) tries=0 found=
    while [ $tries -lt 10 ] && [ -z "$found" ]; do
        tries=$((tries + 1))
        # shellcheck disable=SC2086 # arguments are words
        timeout 120 "$run" $arguments --first --out "$dir/failures" >"$dir/out" 2>&1 </dev/null
        [ $? -eq 1 ] && grep -qE "$pattern" "$dir/out" && grep -q '^repeat: ' "$dir/out" && found=yes
    done
    if [ -n "$found" ]; then
        echo "found   $oracle  $arguments($tries)"
    else
        missed=$((missed + 1))
        echo "MISSED  $oracle  $arguments: no $pattern in"
        head -n 12 "$dir/out"
    fi
done <"$table"
echo "$rows rows, $missed missed"
[ $rows -gt 0 ] && [ $missed -eq 0 ]
