#!/bin/sh
# SPDX-License-Identifier: MIT
# cli_away.sh FOLDER TEST BENCH: tests of weir-bench's command line: rivals that are programs of their own. See cli_lib.sh.
# shellcheck source=tests/bench/cli_lib.sh
. "${0%/*}/cli_lib.sh"

# A rival that is a program of its own: what it says is taken over, in the rounds of the others.
t_away() {
    quickly "$fake" '--filter=^chan/(weir|go)/(P:4/C:4|test:ping).*batch:1/blocking:1$' --out="$dir/o"
    exits 0
    at=chan/P:4/C:4/cap:1024/size:8/batch:1/blocking:1
    is "$(column "$dir/o/cases.csv" $at go status)" ok status
    is "$(column "$dir/o/cases.csv" $at go rounds)" 2 rounds
    is "$(column "$dir/o/cases.csv" $at go ns_op_median)" 1000 ns_op
    is "$(column "$dir/o/cases.csv" $at go fair_min_max)" 0.5 fair_min_max
    is "$(column "$dir/o/cases.csv" $at go csw_per_op)" 0.02 csw_per_op
    is "$(column "$dir/o/cases.csv" $at go cpu_s_per_mop)" 2 cpu_s_per_mop
    [ -n "$(column "$dir/o/cases.csv" $at go ratio_median)" ] || fail "no ratio for go"
    at=chan/test:ping/cap:0/size:8/batch:1/blocking:1
    is "$(column "$dir/o/cases.csv" $at go max_ns)" 5000 max_ns
    p50=$(column "$dir/o/cases.csv" $at go p50_ns)
    is "${p50%.*}" 100 p50_ns
    [ ! -e "$dir/o/env.json" ] || grep -q '"libaway-dev fake 1.0"' "$dir/o/env.json" || fail "no version in env.json"
    quickly "$fake" '--filter=^chan/(weir|go)/.*/cpus:1$' --format=csv
    exits 0
    is "$(column "$dir/out" chan/P:1/C:1/cap:1024/size:8/batch:1/blocking:1/cpus:1 go rounds)" 2 "rounds on one CPU"
    run "$fake" --rivals=none --list
    silent out /go/
}

# Its faults are found, and hurt nobody else.
t_elsewhere() {
    quickly "$broken" --rivals=go,liar,mumbler,mortal,gone '--filter=^chan/.*/P:1/C:1/cap:1024/size:8/batch:1/blocking:1$' \
        --out="$dir/o"
    exits 1
    at=P:1/C:1/cap:1024/size:8/batch:1/blocking:1
    says err "chan/liar/$at: check failed: 1000 pushed, 999 popped"
    says err "chan/mumbler/$at: check failed: weir-bench-mumbler answered \"ok ok ok\""
    says err "chan/mortal/$at: check failed: weir-bench-mortal ended early"
    says err "chan/gone/$at: weir-bench-gone: No such file or directory"
    grep -q "chan/gone/.*absent" "$dir/o/summary.md" || fail "summary.md does not say that one is absent"
    is "$(column "$dir/o/cases.csv" chan/$at go rounds)" 2 "rounds of go"
    is "$(column "$dir/o/cases.csv" chan/$at weir rounds)" 2 "rounds of weir"
    quickly "$broken" --rivals=mute '--filter=^chan/mute/P:1/C:1/cap:1024/size:8/batch:1/blocking:1$' --format=csv
    exits 0
    says err 'chan/mute/.*no answer from weir-bench-mute for 2.0 s'
}

# Go's channels, where a go command has built them.
t_go() {
    [ -x "${real%/*}/weir-bench-go" ] || exit 77
    quickly "$real" --rivals=go '--filter=^(chan|select)/go/' --format=csv
    exits 0
    rest=cap:1024/size:8/batch:1
    for case in chan/test:solo/$rest/blocking:1 chan/P:1/C:1/$rest/blocking:1 chan/P:2/C:2/$rest/blocking:1 \
        chan/P:4/C:4/$rest/blocking:1 chan/test:ping/cap:0/size:8/batch:1/blocking:1 \
        chan/P:1/C:1/cap:0/size:8/batch:1/blocking:1 select/P:1/C:1/$rest/ways:2/ready:2/blocking:1 \
        select/test:solo/$rest/ways:2/ready:2/blocking:1 select/test:solo/$rest/ways:2/ready:2/sends:1/blocking:1 \
        chan/test:ping/cap:0/size:8/batch:1/blocking:1/cpus:1; do
        measures go "$case"
    done
    ns=$(column "$dir/out" chan/test:ping/cap:0/size:8/batch:1/blocking:1 go p50_ns)
    awk -v ns="$ns" 'BEGIN { exit !(ns > 10 && ns < 1e8) }' || fail "a trip takes $ns ns"
    printf 'run chan\nrun stream chan 1 1 0 0 0 0 0.01 1 x\nversion\nrun stopped chan 2 2 8 0 0 0 0.01 1 0\n' |
        "${real%/*}/weir-bench-go" >"$dir/out"
    is "$(grep -c '^no' "$dir/out")" 3 "questions refused"
    says out '^go1\.'
}

# sync.Map, and shards with a lock each.
t_go_maps() {
    [ -x "${real%/*}/weir-bench-go" ] || exit 77
    quickly "$real" --suite=maps --rivals=go_sync_map,go_sharded --format=csv \
        '--filter=^map/go_[a-z_]*/(T:2/read:(100|50)/keys:1000(/hit:(100|50|0)|/hint:0|/dist:hot)?|T:1/read:0/keys:1000)$'
    exits 0
    for v in go_sync_map go_sharded; do
        for at in T:2/read:100/keys:1000 T:2/read:50/keys:1000 T:2/read:100/keys:1000/hit:50 \
            T:2/read:100/keys:1000/hit:0 T:2/read:50/keys:1000/hit:100 T:2/read:50/keys:1000/dist:hot T:1/read:0/keys:1000; do
            measures $v map/$at
        done
    done
    printf 'map go_sharded\nmap go_nothing mix 1 50 50 uniform 10 0 0.01 1 0\nmap go_sharded mix 1 50 50 uniform 10 0 0.01 1 x\n' |
        "${real%/*}/weir-bench-go" >"$dir/out"
    is "$(grep -c '^no' "$dir/out")" 3 "questions refused"
    printf 'map go_sync_map grow 2 100 100 uniform 1000 1 0 1 0\n' | "${real%/*}/weir-bench-go" >"$dir/out"
    says out '^ok [0-9]* 1000 0 0 0 1000 1000 '
}

# Maps that another program has: what it answers is taken, and checked.
t_away_maps() {
    quickly "$fake" --suite=maps '--filter=^map/(weir_map|go_map)/(T:2/.*keys:1000(/hit:0)?$|test:grow/T:1)' --rivals=go_map --out="$dir/o"
    exits 0
    for at in map/T:2/read:100/keys:1000 map/T:2/read:50/keys:1000 map/T:2/read:100/keys:1000/hit:0; do
        is "$(column "$dir/o/cases.csv" $at go_map rounds)" 2 "rounds in $at"
        is "$(column "$dir/o/cases.csv" $at go_map ns_op_median)" 1000 ns_op
    done
    p99=$(column "$dir/o/cases.csv" map/test:grow/T:1/keys:1000000 go_map p99_ns)
    is "${p99%.*}" 100 p99_ns
    quickly "$broken" --suite=maps --rivals=liar_map,mumbler_map '--filter=^map/.*/T:2/read:50/keys:1000$' --format=csv
    exits 1
    says err 'map/liar_map/.*check failed: 999 entries, not 1000'
    says err 'map/mumbler_map/.*check failed: the program answered "ok ok ok"'
    is "$(column "$dir/out" map/T:2/read:50/keys:1000 weir_map rounds)" 2 "rounds of weir_map"
}

"t_$test"
