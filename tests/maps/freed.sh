#!/bin/sh
# SPDX-License-Identifier: MIT
# freed.sh SOURCE-DIR: each call on a map that the library exports is in the tables of tests/maps/freed.c, by the name
# that it reports: without _wait, and without the _ of the slow path of an inline one.
set -u
cd "$1" || exit 1
calls=$(sed -n 's/^T \(weir_\(shard\)\{0,1\}map_[a-z0-9_]*\)@.*/\1/p' tests/abi/symbols.txt |
    sed -e 's/_$//' -e 's/_wait$//' | grep -v '_new$' | sort -u)
[ "$(printf '%s\n' "$calls" | wc -l)" -ge 30 ] || {
    echo 'too few calls are found in tests/abi/symbols.txt'
    exit 1
}
failed=0
for call in $calls; do
    grep -q "^    { \"$call\"" tests/maps/freed.c && continue
    echo "$call is missing in the tables of tests/maps/freed.c: what does it do with a map that was freed?"
    failed=1
done
exit $failed
