# SPDX-License-Identifier: MIT
"""words.py - says in words what a case is, who a rival is and what a ratio means.

What may be called faster or slower is decided by weir-bench (bench/results.c) and stands in the
column verdict: the interval excludes 1 and the median is off by more than 3 %. "equal" is said where
the whole interval lies within 3 % of 1, "undecided" of everything else. Nothing here knows of HTML.
"""
import re

MARGIN = 0.03  # a ratio of tails nearer to 1 than this is never called a difference

RIVALS = {
    "weir": "weir",
    "weir_generic": "weir (size at run time)",
    "weir_fence": "weir (no membarrier)",
    "weir_scq": "weir_scq",
    "weir_spsc": "weir (kind spsc)",
    "weir_strict": "weir (kind strict)",
    "mutex": "mutex version",
    "raw": "the bare operation",
    "sem_t": "sem_t",
    "ck": "Concurrency Kit",
    "boost": "Boost.Lockfree",
    "moodycamel": "moodycamel",
    "moodycamel_tokens": "moodycamel (tokens)",
    "readerwriterqueue": "readerwriterqueue",
    "dpdk": "DPDK rte_ring",
    "dpdk_hts": "DPDK rte_ring HTS",
    "dpdk_rts": "DPDK rte_ring RTS",
    "atomic_queue": "atomic_queue",
    "tbb": "oneTBB",
    "urcu": "liburcu wfcqueue",
    "weir_map": "weir_map",
    "weir_map_ptr": "weir_map (pointers)",
    "weir_shardmap": "weir_shardmap",
    "rwlock": "read-write lock",
    "sharded_mutex": "mutex a shard",
    "sharded_rwlock": "rwlock a shard",
    "lfht": "cds_lfht",
    "lfht_qsbr": "cds_lfht, QSBR",
    "libcuckoo": "libcuckoo",
    "boost_map": "Boost concurrent_flat_map",
    "flat": "without synchronisation",
    "plain": "plain stores",
    "go": "Go",
    "weir_batch": "weir (64 at once)",
    "weir_cap": "weir (room for 1024)",
    "weir_many": "weir (64 at once)",
    "weir_pool": "weir (on a pool)",
    "glib": "GLib",
    "words_mutex": "words alone under a mutex",
    "words_rwlock": "words alone under a read-write lock",
    "xenium": "xenium, by epochs",
    "xenium_hazard": "xenium, by hazard pointers",
    "tbb_arena": "oneTBB (enqueue)",
}

OURS = ("weir", "weir_map")  # what the others are compared with

NUMBERS = ("zero one two three four five six seven eight nine ten eleven twelve").split()


def rival(variant):
    return RIVALS.get(variant, variant)


SHORT = {"weir_map": "RCU", "weir_shardmap": "sharded", "mutex": "mutex", "rwlock": "rwlock",
         "sharded_mutex": "mutexes", "sharded_rwlock": "rwlocks"}


def short(variant):
    """For a cell of a heat map."""
    return SHORT.get(variant, variant)


def family(variant, variants):
    """'dpdk' for 'dpdk_hts' where both were measured: relatives share a colour."""
    return max((other for other in variants if variant.startswith(other + "_")), key=len,
               default=variant)


def is_rival(variant):
    """Other ways to make weir's own ring, and the bounds, are shown; to win against them says nothing."""
    return variant not in ("weir", "raw", "flat", "plain") and not variant.startswith("weir_")


def is_map(row):
    return row.structure in ("map", "strmap")


def is_table(row):
    """Maps, and caches, whose cases are named as those of maps are."""
    return is_map(row) or row.structure == "cache"


FLOWS = ("pool", "pipe", "serve", "log")


def is_flow(row):
    """Pools and pipelines, and what stands on maps."""
    return row.structure in FLOWS


def reference(row):
    """The variant that the others of this case are compared with (bench/plan.c)."""
    return "weir_map" if is_map(row) or row.structure in ("serve", "log") else "weir"


def number(value):
    """'two', '16', 'no'."""
    value = int(value)
    return NUMBERS[value] if 0 < value < len(NUMBERS) else str(value) if value else "no"


def count(value, noun):
    """'two producers', '16 threads', 'no cases'."""
    return f"{number(value)} {noun if int(value) == 1 else noun + 's'}"


def reason(row):
    """Why a row is not ok: the note's first part; what follows is about the contender in general."""
    return row.note.split("; ")[0] or row.status


def key(row, name):
    """'8' for ways:8 in the case's name; None: it has no such key."""
    found = re.search(rf"/{name}:([^/]+)", row.case)
    return found and found.group(1)


# What a structure's cases are, whatever their other axes: not to be joined with streams.
ALL_OF_IT = {"select": "stream of selects", "close": "close storm", "life": "made and given back"}

# Structures as people call them.
STRUCTURES = {"spsc": "SPSC", "mpmc": "MPMC", "scq": "SCQ", "chan": "channel", "close": "channel",
              "life": "channel", "deque": "work stealing", "queue": "unbounded queue", "mpsc": "unbounded queue, one consumer",
              "steal": "steal", "ctx": "context", "sem": "semaphore"}

TESTS = {"solo": "alone", "ping": "ping-pong", "stopped": "one stopped"}


def kind(row):
    """What is done with the ring in this case; decides which section shows it."""
    if row.structure == "bound":
        return "bound"
    test = key(row, "test")
    if is_table(row) and not test:
        return "mix"
    if is_flow(row):
        return FLOW_KINDS[test or row.structure]
    if test:
        return TESTS.get(test, test)
    if row.structure in ALL_OF_IT:
        return ALL_OF_IT[row.structure]
    if key(row, "gap"):
        return "bursts"
    if not row.C:
        return "contended"
    if row.threads == 1:
        return "alone"
    if row.rate:
        return "open loop"
    return "blocking" if row.blocking else "stream"


FLOW_KINDS = {"inside": "tasks from inside", "fib": "fork and join", "wake": "a worker that sleeps", "idle": "idle",
              "pool": "tasks from outside", "pipe": "elements through", "serve": "requests", "log": "lines"}


def flow_label(row):
    """'pool, tasks of 100 ns from outside, 2 workers'."""
    test, workers = key(row, "test"), count(row.P, "worker")
    if row.structure in ("serve", "log"):
        return ["a pool on a map" if row.structure == "serve" else "a pipeline on a map", f"{key(row, 'write')} % writes",
                f"{keys_said(float(key(row, 'keys')))} keys", workers + (" each" if row.structure == "log" else "")]
    if row.structure == "pipe":
        return ["pipeline", f"{key(row, 'stages')} stages of {key(row, 'work')} ns",
                *(["in order"] if key(row, "ordered") == "1" else []), f"{workers} each"]
    tasks = f"tasks of {key(row, 'work')} ns" if key(row, "work") not in (None, "0") else "empty tasks"
    return ["pool", {"inside": f"{tasks} from inside", "fib": "fork and join", "wake": "a task for a worker that sleeps",
                     "idle": "idle"}.get(test, f"{tasks} from outside"), workers]


BOUNDS = {"solo-rmw": "two read-modify-writes", "ping-lines": "a cache line there and back",
          "ping-futex": "a futex there and back", "wake-futex": "a futex until the sleeper runs", "solo-copy": "one copy of the element"}


def bound_label(row):
    test = re.search(r"/test:([^/]+)", row.case)
    said = BOUNDS.get(test.group(1), test.group(1)) if test else row.case
    group = re.search(r"/group:([^/]+)", row.case)
    return f"bound: {said}" + (f", {row.size:.0f} B" if row.size and row.size != 8 else "") + \
        (f", {group.group(1)}" if group else "")


def si(value):
    """1024 -> '1024', 65536 -> '64 Ki', 2500000 -> '2.5 M': sizes and rates as people say them."""
    if value >= 4096 and value % 1024 == 0 and value < 1 << 30:
        return f"{value / 1024:g} Ki"
    if value >= 1e6:
        return f"{value / 1e6:g} M"
    return f"{value:g}"


def rate_said(value):
    return f"{value / 1e6:g} M/s" if value >= 1e6 else f"{value / 1e3:g} k/s"


def who(row):
    """'1 to 1', '4 to 4', '1 thread': how many push and how many pop."""
    if kind(row) in ("alone", "made and given back"):
        return "1 thread"
    if not row.C:
        return count(row.P, "thread")
    return f"{row.P:.0f} to {row.C:.0f}"


def keys_said(keys):
    """'1k', '5M': numbers of entries."""
    for unit, letter in ((1e6, "M"), (1e3, "k")):
        if keys >= unit and keys % unit == 0:
            return f"{keys / unit:.0f}{letter}"
    return f"{keys:.0f}"


MAP_TESTS = {"beside": "readers", "grow": "growing from empty", "churn": "put and delete",
             "stalled": "a reader stopped", "memory": "memory", "load": "one missing key"}


def map_label(row):
    """'map, 2 threads, 99 % reads, 100k keys, zipf 0.99'."""
    test = key(row, "test")
    parts = [row.structure if row.structure in ("map", "cache") else f"map, {row.size:.0f}-byte strings",
             count(row.P, "thread"), MAP_TESTS.get(test, test) if test else f"{row.read:.0f} % reads"]
    if test == "beside":
        parts[-1] += " beside a writer" if key(row, "writers") == "1" else " alone"
    if test == "stalled":
        parts[-1] += f" for {nanoseconds(float(key(row, 'stall')) * 1e6)}"
    parts.append(f"{keys_said(row.keys)} keys")
    if key(row, "hit"):
        parts.append(f"{key(row, 'hit')} % found")
    parts += [said for name, said in (("dist:zipf99", "zipf 0.99"), ("dist:hot", "one hot key"),
                                      ("hint:0", "grown"), ("aged:1", "after writes"))
              if f"/{name}" in row.case]
    return parts + (["oversubscribed"] if row.oversubscribed else [])


def label(row, leave_out=()):
    """The case in a few words, for axes and tables: '2 to 2, blocking, cap 64 Ki, batch 32'."""
    if row.structure == "bound":
        return bound_label(row)
    if is_table(row) or is_flow(row):
        parts = flow_label(row) if is_flow(row) else map_label(row)
        return ", ".join(part for part in parts if part not in leave_out)
    parts = [STRUCTURES.get(row.structure, row.structure), who(row)]
    what = kind(row)
    if what not in ("stream", "blocking", "alone", "contended", "bursts", "stream of selects"):
        parts.append(what)
    if key(row, "ways"):
        parts.append(f"{key(row, 'ways')} case{'' if key(row, 'ways') == '1' else 's'}, "
                     f"{key(row, 'ready')} ready")
    if key(row, "sends"):
        parts.append(f"{key(row, 'sends')} sending")
    if row.blocking and row.structure in ("spsc", "mpmc"):
        parts.append("blocking")
    if key(row, "gap"):
        parts.append((f"bursts of {row.batch:.0f}, " if row.batch > 1 else "") +
                     f"{nanoseconds(float(key(row, 'gap')))} idle")
    if row.rate:
        parts.append(f"{rate_said(row.rate)} offered")
    if row.batch and row.batch > 1 and not key(row, "gap"):
        parts.append(f"up to {row.batch:.0f} per receive" if row.structure == "chan" else
                     f"batch {row.batch:.0f}")
    if row.cap == 0 and row.structure == "chan":
        parts.append("rendezvous")
    if row.cap and row.cap != 1024:
        parts.append(f"cap {si(row.cap)}")
    if row.size and row.size != 8:
        parts.append(f"{row.size:.0f} B")
    if row.work_ns:
        parts.append(f"{row.work_ns:.0f} ns work")
    if row.one_cpu:
        parts.append("one CPU")
    if row.oversubscribed and not row.one_cpu:
        parts.append("oversubscribed")
    return ", ".join(part for part in parts if part not in leave_out)


def verdict(row):
    """'faster', 'slower', 'equal' or 'undecided' of weir against this row; '' without a ratio."""
    return "" if row.ratio_median is None else row.verdict or "undecided"


def is_latency(row):
    """Whether the ratio compares median latencies, not throughputs."""
    return kind(row) == "ping-pong" or bool(row.rate) or bool(key(row, "gap"))  # growing maps: by throughput


def times(value):
    """A ratio as text: no more figures than count."""
    if value is None:
        return "?"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def interval(low, high):
    if low is None or high is None:
        return "no interval"
    return f"{times(low)} to {times(high)}"


def ratio(row):
    return f"{times(row.ratio_median)} ({interval(row.ratio_lo, row.ratio_hi)})"


def rate(ops):
    """Elements per second as text with its unit."""
    if ops is None:
        return ""
    if ops >= 1e6:
        return f"{ops / 1e6:.3g} M/s" if ops < 1e9 else f"{ops / 1e6:.0f} M/s"
    return f"{ops / 1e3:.3g} k/s"


def nanoseconds(value):
    """A time as text with its unit, three figures."""
    if value is None:
        return ""
    for limit, factor, unit in ((1e3, 1, "ns"), (1e6, 1e3, "\u00b5s"), (1e9, 1e6, "ms")):
        if value < limit:
            return f"{value / factor:.3g} {unit}"
    return f"{value / 1e9:.3g} s"


def listed(items):
    """'a', 'a and b', 'a, b and c'."""
    items = list(items)
    if len(items) < 2:
        return "".join(items)
    return ", ".join(items[:-1]) + " and " + items[-1]
