#!/bin/sh
# SPDX-License-Identifier: MIT
# cli_maps.sh FOLDER TEST BENCH: tests of weir-bench's command line: suites of maps, pools and pipelines. See cli_lib.sh.
# shellcheck source=tests/bench/cli_lib.sh
. "${0%/*}/cli_lib.sh"

# Each test of maps runs, and its figures stand in their columns.
t_maps() {
    quickly "$fake" --suite=maps-small '--filter=^(map|strmap)/(weir_map|mutex|flat|plain)/' --out="$dir/o"
    exits 0
    says out '^map, 2 threads, 50 % reads, 1k keys$'
    for at in map/T:1/read:100/keys:1000 map/T:1/read:50/keys:1000/dist:zipf99 map/T:1/read:0/keys:1000/dist:hot \
        map/T:2/read:100/keys:1000/hit:0 map/T:2/read:0/keys:1000/hint:0 map/T:2/read:100/keys:1000/hit:50/aged:1 \
        map/test:beside/T:1/keys:1000/writers:1 strmap/T:1/read:90/keys:1000/size:16 \
        strmap/T:1/read:100/keys:1000/size:40 map/test:grow/T:1/keys:1000 map/test:churn/T:1/keys:1000; do
        for v in weir_map mutex; do
            is "$(column "$dir/o/cases.csv" $at $v rounds)" 2 "rounds of $at, $v"
            [ -n "$(column "$dir/o/cases.csv" $at $v bytes_per_entry)" ] || fail "no bytes for $at, $v"
        done
        [ -n "$(column "$dir/o/cases.csv" $at mutex ratio_median)" ] || fail "no ratio for $at"
    done
    at=map/T:1/read:50/keys:1000
    [ -n "$(column "$dir/o/cases.csv" $at weir_map bound_share)" ] || fail "no bound for $at"
    is "$(column "$dir/o/cases.csv" $at mutex keys),$(column "$dir/o/cases.csv" $at mutex read)" 1000,50 "keys and read"
    at=map/test:memory/T:1/keys:1000
    low=$(column "$dir/o/cases.csv" $at mutex bytes_low) each=$(column "$dir/o/cases.csv" $at mutex bytes_per_entry)
    awk -v low="$low" -v each="$each" 'BEGIN { exit !(low >= 24 && low <= each) }' || fail "$low, $each bytes per entry"
    [ -n "$(column "$dir/o/cases.csv" map/test:stalled/T:1/keys:1000/stall:20 mutex garbage_peak)" ] || fail "no garbage"
    [ -n "$(column "$dir/o/cases.csv" map/test:grow/T:1/keys:1000 mutex p999_ns)" ] || fail "no p99.9 of growing"
}

# A ratio of ratios, the worst of all rivals, and bytes.
t_map_bars() {
    printf '%s\n' 'best | map/weir_map/T:1/read:100/keys:1000 | map/*/T:1/read:100/keys:1000 | at least 0.01' \
        'worst | map/weir_map/T:1/read:100/keys:1000 | map/*/T:1/read:100/keys:1000 | at least 100000' \
        'beside | map/weir_map/test:beside/T:1/keys:1000/writers:0 over map/weir_map/test:beside/T:1/keys:1000/writers:0 | map/plain/test:beside/T:1/keys:1000/writers:0 over map/plain/test:beside/T:1/keys:1000/writers:0 | at least 1' \
        'elsewhere | map/weir_map/T:2/read:100/keys:1000 | map/*/T:2/read:100/keys:1000 | no slower' \
        'small | map/weir_map/T:1/read:100/keys:1000 | bytes | at most 1e9' \
        'smaller | map/weir_map/T:1/read:100/keys:1000 | bytes | at most 1' >"$dir/bars"
    quickly "$fake" --suite=maps-small '--filter=^map/.*/T:1/(read:100/)?keys:1000($|/writers:0)' --bars-file="$dir/bars" --out="$dir/o"
    exits 0
    is "$(wc -l <"$dir/o/bars.csv")" 6 "lines of bars.csv"
    for bar in best,met worst,missed beside,met small,met smaller,missed; do
        grep -q "^${bar%,*},.*,${bar#*,}\$" "$dir/o/bars.csv" || fail "$bar: $(grep "^${bar%,*}," "$dir/o/bars.csv")"
    done
    grep -Eq '^best,map/weir_map/[^,]*,map/(mutex|lfht)/T:1' "$dir/o/bars.csv" || fail "best does not name its rival"
    is "$(grep '^beside' "$dir/o/bars.csv" | cut -d, -f5-7)" 1,1,1 "what is the same twice"
}

# What the bars of maps are about is in the suite that has their name, and that takes half an hour at most.
t_maps_bars() {
    run "$real" --suite=maps-bars --list
    exits 0
    says err 'items, 7 rounds .*: about [12]\{0,1\}[0-9] min'
    n=0
    for side in $(sed -n 's/^[^#|]*| *\(\(map\|strmap\)\/[^|]*\)|[^|]*|.*/\1/p' "${0%/*}/../../bench/bars.txt"); do
        [ "$side" = over ] || grep -qxF "$side" "$dir/out" || fail "no $side"
        n=$((n + 1))
    done
    [ $n -ge 35 ] || fail "only $n sides of bars are looked for"
    for at in map/mutex/T:2/read:75/keys:1000 map/rwlock/T:2/read:90/keys:1000000 \
        strmap/weir_shardmap/T:2/read:0/keys:1000000/size:16 strmap/sharded_rwlock/T:2/read:50/keys:100000/size:40 \
        map/plain/test:beside/T:1/keys:1000000/writers:1 map/mutex/test:grow/T:1/keys:1000000; do
        grep -qx "$at" "$dir/out" || fail "no $at"
    done
    run "$real" --suite=maps-stalled --stall=20 --list
    exits 0
    says out '^map/mutex/.*/stall:20$'
    says out '^strmap/weir_shardmap/.*/stall:20$'
    run "$real" --suite=maps-stalled --list
    says out '^map/weir_map/.*/stall:10000$'
}

# Gets and puts of keys that are all there, and one missing key that many threads ask for.
t_cache() {
    quickly "$fake" --suite=cache-small --out="$dir/o"
    exits 0
    says out '^cache, 1 thread, 75 % reads, 1k keys, 100 % found, zipf 0.99$'
    says out '^cache, 8 threads, one missing key, loaded in 10 ms'
    for at in cache/T:2/read:100/keys:1000/dist:zipf99 cache/T:1/read:75/keys:1000/hit:100/dist:zipf99; do
        for v in weir mutex weir_map; do is "$(column "$dir/o/cases.csv" $at $v rounds)" 2 "rounds of $at, $v"; done
        [ -n "$(column "$dir/o/cases.csv" $at mutex ratio_median)" ] || fail "no ratio for $at"
        is "$(column "$dir/o/cases.csv" $at weir ratio_median)" "" "weir's own ratio"
    done
    at=cache/test:load/T:8/keys:1
    is "$(column "$dir/o/cases.csv" $at weir_map rounds)" "" "rounds of what does not load"
    ns=$(column "$dir/o/cases.csv" $at weir ns_op_median) most=$(column "$dir/o/cases.csv" $at weir max_ns)
    awk -v ns="$ns" -v most="$most" 'BEGIN { exit !(ns >= 1e7 && ns < 1e9 && most >= 1e7) }' || fail "$ns ns, at most $most"
    quickly "$broken" --suite=cache-small --rivals=loads_all '--filter=^cache/loads_all/test:load' --format=csv
    exits 1
    says err 'cache/loads_all/test:load/T:8/keys:1: check failed: 8 loads, not 1'
}

# Each test of pools runs, and its figures stand in their columns.
t_flow() {
    quickly "$fake" --suite=flow-small --out="$dir/o"
    exits 0
    says out '^pool, empty tasks from outside, 2 workers$'
    for at in pipe/stages:3/W:2/work:100/ordered:1 serve/W:2/write:50/keys:1000 log/stages:3/W:2/write:0/keys:1000; do
        [ -n "$(column "$dir/o/cases.csv" $at mutex ratio_median)" ] || fail "no ratio for $at"
    done
    is "$(column "$dir/o/cases.csv" serve/W:2/write:50/keys:1000 mutex keys)" 1000 keys
    is "$(column "$dir/o/cases.csv" serve/W:2/write:50/keys:1000 mutex read)" 50 read
    for at in pool/W:2/work:0 pool/W:2/work:100 pool/test:inside/W:2/work:0 pool/test:fib/W:2 \
        pool/test:wake/W:1/gap:200000; do
        is "$(column "$dir/o/cases.csv" $at weir rounds)" 2 "rounds of $at"
        [ -n "$(column "$dir/o/cases.csv" $at mutex ratio_median)" ] || fail "no ratio for $at"
    done
    at=pool/test:wake/W:1/gap:200000
    [ -n "$(column "$dir/o/cases.csv" $at mutex p99_ns)" ] || fail "no latencies for $at"
    [ -n "$(column "$dir/o/cases.csv" $at mutex bound_share)" ] || fail "no bound for $at"
    at=pool/test:idle/W:2/ms:100
    is "$(column "$dir/o/cases.csv" $at weir rounds)" 2 "rounds of $at"
    is "$(column "$dir/o/cases.csv" $at mutex rounds)" "" "rounds of $at, mutex"
    run "$fake" --suite=flow --list
    says out '^pool/mutex/test:inside/W:2/work:0$'
    silent out 'mutex/test:idle'
}

# A figure that must not be more than so much.
t_flow_bars() {
    printf '%s\n' 'quiet | pool/weir/test:idle/W:2/ms:100 | ns_op | at most 1e9' \
        'silent | pool/weir/test:idle/W:2/ms:100 | ns_op | at most 0.001' >"$dir/bars"
    quickly "$fake" --suite=flow-small '--filter=^pool/weir/test:idle' --bars-file="$dir/bars" --out="$dir/o"
    exits 0
    for bar in quiet,met silent,missed; do
        grep -q "^${bar%,*},.*,${bar#*,}\$" "$dir/o/bars.csv" || fail "$bar: $(grep "^${bar%,*}," "$dir/o/bars.csv")"
    done
}

# Every kind that is built in, weir's own and the rivals, in each test that it has.
t_flow_kinds() {
    quickly "$real" --suite=flow-small --rounds=1 --format=csv
    exits 0
    silent err 'check failed\|still running\|could not be made'
    for case in pool/W:2/work:0 pool/test:inside/W:2/work:0 pool/test:fib/W:2 pool/test:wake/W:1/gap:200000; do
        for v in weir mutex; do is "$(column "$dir/out" $case $v rounds)" 1 "rounds of $case, $v"; done
    done
    for v in weir_map weir_shardmap sharded_rwlock mutex; do
        is "$(column "$dir/out" serve/W:2/write:50/keys:1000 $v rounds)" 1 "rounds of a pool on $v"
        is "$(column "$dir/out" log/stages:3/W:2/write:50/keys:1000 $v rounds)" 1 "rounds of a pipeline on $v"
    done
    for case in W:1/work:100/ordered:0 W:1/work:100/ordered:1 W:2/work:100/ordered:0 W:2/work:100/ordered:1; do
        for v in weir weir_many weir_pool mutex; do
            is "$(column "$dir/out" pipe/stages:3/$case $v rounds)" 1 "rounds of $case, $v"
        done
    done
}

"t_$test"
