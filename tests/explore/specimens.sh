#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/explore/specimens.sh WEIR-STRESS: every specimen is found, by exhaustive search and by ten seeds of ten
# of a random strategy, within 10 s each; and each printed repeat command finds it again.
set -u
stress=$1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
bad=0

# found NAME ARGUMENT...: exit 1 and a repeat command that exits 1 with the same headline.
found() {
    name=$1
    shift
    timeout 10 "$stress" explore "$name" --quiet "$@" >out 2>&1
    rc=$?
    headline=$(sed -n 's/^\([A-Z][A-Z -]*\): .*/\1/p' out | head -n 1)
    repeat=$(sed -n 's/^repeat: //p' out | head -n 1)
    if [ $rc -ne 1 ] || [ -z "$headline" ] || [ -z "$repeat" ]; then
        echo "FAILED  $name $*: exit $rc"
        head -n 5 out
        return 1
    fi
    timeout 10 sh -c "$repeat" >again 2>&1
    # AddressSanitizer, where it is first, says "SUMMARY: ..."; the explorer "DOUBLE FREE after ...".
    if [ $? -ne 1 ] || ! grep -qE "^$headline( after|:)" again; then
        echo "FAILED  $name $*: the repeat command does not find $headline"
        head -n 5 again
        return 1
    fi
}

names=$("$stress" explore --list | sed -n 's/^\(specimen\.[^ ]*\).*/\1/p')
[ "$(echo "$names" | wc -l)" -ge 9 ] || { echo "FAILED  specimens are missing"; exit 1; }
for name in $names; do
    times=0
    if found "$name"; then times=1; fi
    for seed in 1 2 3 4 5 6 7 8 9 10; do
        found "$name" strategy=pct seconds=9 seed=$seed && times=$((times + 1))
    done
    echo "$times of 11  $name: $headline"
    [ $times -eq 11 ] || bad=1
done
exit $bad
