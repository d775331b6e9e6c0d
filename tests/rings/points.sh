#!/bin/sh
# SPDX-License-Identifier: MIT
# points.sh SOURCE-DIR: every WEIR_POINT of the rings, of the unbounded queue, and of what they wait with is named by a test of RING15, and every point that
# a test names exists.
set -u
cd "$1" || exit 1
failed=0
in_library=$(grep -rhoE 'WEIR_POINT\("[a-z_.]+"\)' lib queues include/weir --include='*.[ch]' |
    sed 's/.*"\(.*\)".*/\1/' | grep -E '^(spsc|mpmc|mpsc|scq|queue|lot|park)\.' | sort -u)
in_tests=$(grep -hoE '"(spsc|mpmc|mpsc|scq|queue|lot|park)\.[a-z_.]+"' tests/rings/*.c tests/queue/*.c | tr -d '"' | sort -u)
for point in $in_library; do
    echo "$in_tests" | grep -qx "$point" || { echo "no test stops a thread at $point"; failed=1; }
done
for point in $in_tests; do
    echo "$in_library" | grep -qx "$point" || { echo "no point is called $point"; failed=1; }
done
echo "$(echo "$in_library" | wc -l) points"
[ -n "$in_library" ] && exit $failed
exit 1
