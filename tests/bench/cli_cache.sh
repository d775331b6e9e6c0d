#!/bin/sh
# SPDX-License-Identifier: MIT
# cli_cache.sh FOLDER TEST BENCH: tests of weir-bench's subcommands cache-trace and cache-ratios. See cli_lib.sh.
# shellcheck source=tests/bench/cli_lib.sh
. "${0%/*}/cli_lib.sh"

# of WORKLOAD CAPACITY POLICY THREADS NAME: one field of ratios.csv on stdout.
of() {
    awk -F, -v w="$1" -v c="$2" -v p="$3" -v t="$4" -v name="$5" '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $1 == w && $at["capacity"] == c && $at["policy"] == p && $at["threads"] == t { print $at[name]; exit }' "$dir/out"
}

t_cache_ratios() {
    run "$fake" cache-ratios --keys=2000 --requests=20000 --capacity=1%,100 --threads=3 --format=csv --out="$dir/o"
    exits 0
    is "$(head -n 1 "$dir/out")" \
        workload,requests,keys,capacity,policy,real,threads,hits,hit_ratio,best,points_below_best,result heading
    cmp -s "$dir/out" "$dir/o/ratios.csv" || fail "ratios.csv is not what was printed"
    is "$(wc -l <"$dir/out")" $((1 + 7 * 2 * 11)) "lines: 7 workloads, 2 capacities, 7 policies and 2 caches by 1 and 3 threads"
    for w in zipf80 zipf99 zipf110 once scans loop shifts; do
        for p in lru clock sieve arc s3fifo s3fifo_1 wtinylfu; do
            [ -n "$(of $w 20 $p 1 hits)" ] && [ -n "$(of $w 100 $p 1 hits)" ] || fail "no $p of $w"
        done
        is "$(of $w 20 weir 1 hits)" "$(of $w 20 s3fifo_1 1 hits)" "hits of the same policy"
        is "$(of $w 100 mutex 1 hit_ratio)" "$(of $w 100 lru 1 hit_ratio)" "ratio of the same policy"
        is "$(of $w 20 mutex 3 real)" 1 "real"
    done
    is "$(of loop 100 lru 1 hits)" 0 "hits of LRU in a loop"
    best=$(of zipf99 20 lru 1 best)
    is "$(of zipf99 20 "$best" 1 points_below_best)" 0.0000 "points of the best below itself"
    python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
assert len(d["cases"]) == 14 and d["incomplete"] is False
assert sum(len(c["policies"]) for c in d["cases"]) == 154' "$dir/o/ratios.json" || fail "ratios.json"
    run "$fake" cache-ratios --keys=2000 --requests=20000 --workloads=loop,zipf99 --capacity=50
    exits 0
    says out '^zipf99: zipf 0.99$'
    says out '^  *capacity .* lru .* wtinylfu  *weir  *weir x8  *mutex'
    is "$(grep -c '^  *50 ' "$dir/out")" 2 rows
}

# The plain caches do what the simulated ones do, request by request, and with several threads nearly.
t_cache_plain() {
    run "$real" cache-ratios --keys=3000 --requests=30000 --capacity=1%,7% --workloads=zipf99,scans,shifts --threads=2 --format=csv
    exits 0
    for w in zipf99 scans shifts; do
        for c in 30 210; do
            is "$(of $w $c mutex 1 hits)" "$(of $w $c lru 1 hits)" "hits of the mutex LRU in $w"
            is "$(of $w $c rwlock 1 hits)" "$(of $w $c clock 1 hits)" "hits of the read-write-lock CLOCK in $w"
            awk -v one="$(of $w $c mutex 1 hit_ratio)" -v two="$(of $w $c mutex 2 hit_ratio)" \
                'BEGIN { d = one - two; exit !(d < 0.01 && d > -0.01) }' || fail "two threads of the mutex LRU in $w"
        done
    done
}

# By hand: of abcbadea an LRU cache of three has three hits, CLOCK two.
t_cache_trace() {
    printf '%s\n' a b c b a d e a >"$dir/trace"
    run "$fake" cache-trace "$dir/trace" --capacity=3,60% --format=csv
    exits 0
    is "$(of "$dir/trace" 3 lru 1 hits)" 3 "hits of LRU"
    is "$(of "$dir/trace" 3 clock 1 hits)" 2 "hits of CLOCK"
    is "$(of "$dir/trace" 3 lru 1 keys)" 5 keys
    is "$(of "$dir/trace" 3 lru 1 hit_ratio)" 0.375000 "hit ratio"
    is "$(grep -c ',lru,0,1,' "$dir/out")" 2 "rows of LRU: 60 % of five keys are three, too"
    # The same in the binary form: a number for each letter.
    for k in 1 2 3 2 1 4 5 1; do
        key=$(printf '\\%03o' $k)
        printf "\\000\\000\\000\\000$key"'\000\000\000\000\000\000\000\001\000\000\000\377\377\377\377\377\377\377\377'
    done >"$dir/t.oracleGeneral"
    run "$fake" cache-trace --capacity=3 --format=csv "$dir/t.oracleGeneral"
    exits 0
    is "$(of "$dir/t.oracleGeneral" 3 lru 1 hits),$(of "$dir/t.oracleGeneral" 3 clock 1 hits)" 3,2 "hits in the binary form"
    run "$fake" cache-trace "$dir/trace" --capacity=3 --requests=5 --format=json
    exits 0
    says out '"requests": 5, "keys": 3, "capacity": 3'
}

# refused CODE TEXT ARGUMENT...: one line of it on stderr, nothing on stdout.
refused() {
    code=$1 text=$2
    shift 2
    run "$fake" "$@"
    exits "$code"
    is "$(wc -l <"$dir/err")" 1 "lines on stderr"
    says err "^weir-bench: .*$text"
    [ ! -s "$dir/out" ] || fail "something on stdout"
}

t_cache_errors() {
    printf 'a\nb\n' >"$dir/good"
    : >"$dir/empty"
    printf 'a\n\nb\n' >"$dir/broken"
    head -c 25 /dev/zero >"$dir/cut"
    refused 2 'missing: No such file or directory' cache-trace "$dir/missing" --capacity=10
    refused 2 'empty: empty: there is no request' cache-trace "$dir/empty" --capacity=10
    refused 2 'broken: line 2 is empty' cache-trace "$dir/broken" --capacity=10
    refused 2 'cut: truncated: the last record, 2, has 1 of 24 bytes' cache-trace "$dir/cut" --capacity=10
    refused 2 ': Is a directory' cache-trace "$dir" --capacity=10
    refused 2 'which file' cache-trace --capacity=10
    refused 2 'capacity=LIST is missing' cache-trace "$dir/good"
    for bad in --capacity=0 --capacity=x --capacity=1,,2 --capacity=0% --capacity= --capacity=-1 --trace-form=csv --requests=0 \
        --threads=0 --format=xml --workloads=none --bars=soft --foo extra; do
        run "$fake" cache-trace "$dir/good" --capacity=10 "$bad"
        exits 2
        says err '^usage: weir-bench cache-trace'
    done
    : >"$dir/file"
    run "$fake" cache-trace "$dir/good" --capacity=10 --out="$dir/file/below"
    exits 1
    is "$(grep -c "cannot write $dir/file/below/ratios.csv: Not a directory" "$dir/err")" 1 "lines about it"
    says out ' best$'
    run "$fake" cache-trace --help
    exits 0
    says out '^usage: weir-bench cache-trace'
}

t_cache_bars() {
    printf '%s\n' a b c b a d e a >"$dir/trace"
    run "$fake" cache-trace "$dir/trace" --capacity=30 --bars=strict
    exits 0
    run "$broken" cache-trace "$dir/trace" --capacity=30 --bars=strict
    exits 1
    says out ' 0.00!'
    run "$broken" cache-trace "$dir/trace" --capacity=30 --format=csv
    exits 0
    is "$(of "$dir/trace" 30 weir 1 result)" missed "the bar of what forgets"
    run "$broken" cache-trace "$dir/trace" --capacity=3
    exits 1
    says err '^weir-bench: check failed: hoards has 4 entries, and room for 3'
}

t_cache_interrupt() {
    for signal in INT/130 TERM/143; do
        "$fake" cache-ratios --requests=200000000 --workloads=zipf99 --out="$dir/o" >"$dir/out" 2>"$dir/err" &
        program=$!
        sleep 1
        kill "-${signal%/*}" $program
        wait $program
        rc=$?
        exits ${signal#*/}
        is "$(grep -c '^weir-bench: interrupted before anything was measured: nothing is written' "$dir/err")" 1 lines
        [ ! -e "$dir/o" ] || fail "something was written"
    done
}

"t_$test"
