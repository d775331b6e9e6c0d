#!/bin/sh
# SPDX-License-Identifier: MIT
# cli_faults.sh FOLDER TEST BENCH: tests of weir-bench's command line: faults that the harness has to notice. See cli_lib.sh.
# shellcheck source=tests/bench/cli_lib.sh
. "${0%/*}/cli_lib.sh"

t_lossy() {
    quickly "$broken" --rivals=lossy,ck "--filter=^mpmc/[a-z]*$two" --out="$dir/o"
    exits 1
    says err 'mpmc/lossy/P:2/C:2/cap:1024/size:8/batch:1: check failed: [0-9]* pushed, [0-9]* popped'
    says out '^  lossy  *failed: check failed'
    says out '^  ck .*/s '
    is "$(column "$dir/o/cases.csv" mpmc/P:2/C:2/cap:1024/size:8/batch:1 lossy status)" failed status
    is "$(column "$dir/o/cases.csv" mpmc/P:2/C:2/cap:1024/size:8/batch:1 lossy ns_op_median)" "" ns_op
    is "$(column "$dir/o/cases.csv" mpmc/P:2/C:2/cap:1024/size:8/batch:1 lossy rounds)" 0 rounds
    ! grep -q ,lossy, "$dir/o/samples.csv" || fail "samples of lossy"
    quickly "$broken" --rivals=lossy '--filter=^mpmc/lossy/P:4/C:4/.*blocking:1$'
    exits 1
    says err 'check failed'
}

t_unsound() {
    for v in twice altered disordered; do
        quickly "$broken" --rivals=$v "--filter=^mpmc/$v$two"
        exits 1
        says err "mpmc/$v/.*check failed"
    done
    quickly "$broken" --rivals=twice "--filter=^mpmc/twice$solo"
    exits 1
    says err 'check failed'
}

t_refusing() {
    quickly "$broken" --rivals=refusing "--filter=^mpmc/refusing$two"
    exits 1
    says err 'mpmc/refusing/.*nothing was moved'
}

t_unordered() {
    quickly "$broken" --rivals=unordered "--filter=^mpmc/unordered$two" --format=csv
    exits 0
    says out 'ok,[0-9]* elements out of order'
}

t_shy() {
    quickly "$broken" --rivals=shy "--filter=^mpmc/(weir|shy)$two" --out="$dir/o"
    exits 0
    says err 'mpmc/shy/.*could not be opened in this shape'
    ! grep -q ,shy, "$dir/o/cases.csv" || fail "a row for shy"
    grep -q 'mpmc/shy/.*absent' "$dir/o/summary.md" || fail "summary.md does not say so"
}

t_stuck() {
    start=$(date +%s)
    quickly "$broken" --rivals=stuck,ck "--filter=^mpmc/(stuck|ck)$two" --format=csv
    exits 0
    [ $(($(date +%s) - start)) -le 20 ] || fail "took more than 20 s"
    says err 'mpmc/stuck/.*still running 2.0 s after its end'
    is "$(column "$dir/out" mpmc/P:2/C:2/cap:1024/size:8/batch:1 stuck status)" stuck "status of stuck"
    is "$(column "$dir/out" mpmc/P:2/C:2/cap:1024/size:8/batch:1 ck rounds)" 2 "rounds of ck"
}

t_map_faults() {
    faults=forgets,miscounts,keeps,alters,finds,refuses,stuck_map,shy_map
    quickly "$broken" --suite=maps-small --rivals=$faults "--filter=^map/.*/T:1/read:(100|50)/keys:1000$" --format=csv
    exits 1
    says err 'map/forgets/.*999 entries of 1000 that were put'
    says err 'map/miscounts/T:1/read:100/.*reads found something'
    says err 'map/keeps/T:1/read:50/.*check failed: [0-9]* entries, not'
    says err 'map/alters/.*values that are not their keys'
    says err 'map/finds/T:1/read:50/.*entries are found, not'
    says err 'map/refuses/.*puts refused'
    says err 'map/stuck_map/T:1/read:50/.*still running 2.0 s after its end'
    says err 'map/shy_map/.*could not be made in this shape'
    silent err 'map/weir_map/'
    is "$(column "$dir/out" map/T:1/read:100/keys:1000 weir_map rounds)" 2 "rounds of weir_map"
}

t_flow_faults() {
    quickly "$broken" --suite=flow-small --rivals=loses,repeats,exchanges,declines,shy_pool \
        '--filter=^pool/.*/W:2/work:0$' --format=csv
    exits 1
    says err 'pool/loses/W:2/work:0: still running 2.0 s after its end'
    says err 'pool/loses/test:inside/W:2/work:0: still running 2.0 s after its end'
    for v in repeats exchanges declines; do
        says err "pool/$v/W:2/work:0: check failed: [0-9]* lost, done twice, wrong or refused"
        says err "pool/$v/test:inside/W:2/work:0: check failed"
    done
    says err 'pool/shy_pool/W:2/work:0: could not be made in this shape'
    silent err 'pool/weir/'
    is "$(column "$dir/out" pool/W:2/work:0 weir rounds)" 2 "rounds of weir"
}

"t_$test"
