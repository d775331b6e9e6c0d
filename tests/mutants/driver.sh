#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/mutants/driver.sh MUTANTS.PY: the driver of make mutants, on invented labels and a weir-stress that is a
# script: what it writes, what it calls a fault, what it refuses, and that the old table outlives all of that.
set -u
driver=$1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
bad=0
mkdir dev

# Kills A_S1:release; and A_R1:acquire where the file `sharp` is; fails with nothing weakened where `dirty` is.
cat >dev/weir-stress <<'END'
#!/bin/sh
here=$(dirname "$0")
[ "$1" = explore ] || exit 2
[ -f "$here/slow" ] && sleep 30
fail() {
    echo "seed 5"
    echo "box.one   sc    dfs    FAILED after 1 executions"
    echo "DATA RACE: T1 reads"
    exit 1
}
case " $* " in
    *" weaken=A_S1:release "*) fail ;;
    *" weaken=A_R1:acquire "*) [ -f "$here/sharp" ] && fail ;;
    *" weaken="*) ;;
    *) [ -f "$here/dirty" ] && fail ;;
esac
exit 0
END
chmod +x dev/weir-stress
cat >labels.h <<'END'
    XX(A_S1, STORE_REL, "A_R1", "a reader may come too early") \
    XX(A_R1, LOAD_ACQ, "A_S1", "as S1")
END
echo 'A_*:* | explore | box.* memory=sc' >tries
echo 'A_R1:acquire | stale | box and lid: a reader sees the old one' >unseen
echo 'old' >table

options="--dev $dir/dev --labels $dir/labels.h --tries $dir/tries --unseen $dir/unseen --table $dir/table"

# shellcheck disable=SC2086 # a list of words
mutants() { python3 "$driver" $options "$@"; }

# expect NAME STATUS PATTERN ARGUMENT...: the status, and a line of the output.
expect() {
    name=$1 want=$2 pattern=$3
    shift 3
    mutants "$@" >out 2>&1
    got=$?
    if [ $got -eq "$want" ] && grep -q -e "$pattern" out; then
        echo "ok      $name"
    else
        echo "FAILED  $name: exit $got (wanted $want), wanted a line like: $pattern"
        cat out
        bad=1
    fi
}
unchanged() {
    [ "$(cat table)" = old ] || { echo "FAILED  $1: the table was changed"; bad=1; }
}
# refused NAME PATTERN ARGUMENT...: one line, exit 2, the table as it was.
refused() {
    refusal=$1
    pattern=$2
    shift 2
    expect "$refusal" 2 "$pattern" "$@"
    [ "$(wc -l <out)" -eq 1 ] || { echo "FAILED  $refusal: more than one line"; cat out; bad=1; }
    unchanged "$refusal"
}

: >unseen
expect "a survivor" 1 "A_R1:acquire survives all tools"
unchanged "a survivor"
expect "a survivor, left open" 1 "A_R1:acquire survives all tools" --open
expect "check: open" 1 "A_R1:acquire is open" --check
echo old >table
echo 'A_R1:acquire A_S1:release | stale | box and lid' >unseen
expect "listed, but killed" 1 "A_S1:release stands in unseen.txt, but is killed"
unchanged "listed, but killed"
echo 'A_R1:acquire | stale | box and lid: a reader sees the old one' >unseen
: >dev/dirty
expect "fails with nothing weakened" 1 "fails with nothing weakened too"
unchanged "fails with nothing weakened"
rm dev/dirty

echo 'A_Z9:release | stale | x' >>unseen
refused "unknown label in unseen" "unseen:2: unknown label: A_Z9:release"
sed -i '$d' unseen
cp tries good
echo 'B_*:* | explore | x' >>tries
refused "unknown label in tries" "tries:2: unknown label"
echo 'A_*:* | guess | x' >tries
refused "unknown tool" "tries:1: unknown tool guess"
echo 'A_* explore x' >tries
refused "a damaged line" "tries:1: not three fields"
cp good tries
refused "unknown label to --only" "no row of labels.h" --only 'B_*'
refused "unknown option" "unrecognized" --wheels
refused "missing build" "missing: run cmake" --dev "$dir/nowhere"
echo 'A_*:* | unit | rings_nothing' >>tries
refused "missing test program" "rings_nothing is missing: run cmake"
cp good tries
echo '    XX(A_S2, HALF_REL, "A_R1", "x")' >labels.more
cat labels.h labels.more >labels.bad
refused "unknown kind" "kind HALF_REL is unknown" --labels "$dir/labels.bad"
if [ -w /dev/full ]; then # a full disk: the new table is written beside the old one
    ln -s /dev/full table.new
    expect "full disk" 2 "^mutants: .*No space left on device"
    unchanged "full disk"
    rm -f table.new
fi

: >dev/slow
# shellcheck disable=SC2086
python3 "$driver" $options >out 2>&1 &
pid=$!
sleep 1
kill -TERM $pid
wait $pid
got=$?
rm dev/slow
if [ $got -eq 130 ] && grep -q "interrupted; .* is as it was" out; then echo "ok      interrupted"; else
    echo "FAILED  interrupted: exit $got"
    cat out
    bad=1
fi
unchanged interrupted

expect "the table" 0 "1 killed, 1 seen by no tool, 0 faults"
if grep -q '^| A_S1 | release | .* | DATA RACE in `box.one` | .*weaken=A_S1:release` |$' table &&
    grep -q '^| A_R1 | acquire | as S1 | box and lid' table; then echo "ok      its rows"; else
    echo "FAILED  its rows"
    cat table
    bad=1
fi
expect "check" 0 "2 rows" --check
cp table whole
sed -i 's/^Of 2 rows 1 /Of 3 rows 2 /' table
expect "check: other counts" 1 "the counts above them are not" --check
sed 's/^| A_S1 | release/| A_S3 | release/' whole >table
expect "check: a label that is gone" 1 "A_S3:release is no row of labels.h any more" --check
expect "check: a label without a row" 1 "A_S1:release of labels.h is missing" --check
sed 's/^\(| A_R1 .*\) | box and lid.*/\1 | a reason of its own |/' whole >table
expect "check: another reason" 1 "A_R1:acquire: unseen.txt gives another reason now" --check
echo 'A_S1:release | stale | box and lid' >>unseen
expect "check: killed, and unseen" 1 "A_S1:release is killed, or not, other than unseen.txt says" --check
sed -i '$d' unseen
cp whole table
grep '^| A_S1 ' whole >>table
expect "check: a row twice" 1 "A_S1:release stands twice" --check
mv whole table
expect "again" 0 "1 of 1 mutants killed again" --rekill 0
sed -i 's/as S1/as S2/' labels.h
expect "check: another text" 1 "labels.h now says: as S2" --check
expect "some rows, with the new text" 0 "1 killed" --only 'A_R1'
expect "check: after that" 0 "2 rows" --check
cat labels.more | sed 's/HALF_REL/STORE_REL/' >>labels.h
expect "check: a new row" 1 "A_S2:release of labels.h is missing" --check
sed -i '$d' labels.h
: >dev/sharp
expect "killed now" 1 "A_R1:acquire stands in unseen.txt, but is killed"
rm dev/sharp
sed -i 's/A_S1:release/A_S0:release/' table
expect "again: not killed" 1 "survives what is said to kill it" --rekill 0
exit $bad
