#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make_synthetic.py DIR - writes a results folder of invented figures, to test the report with.

Nothing in it was measured. The figures are drawn from a seeded generator around speeds that were
chosen so that every sentence of the report has something to say: cases that weir wins, cases that it
loses, cases without a difference, a rival that got stuck, a bar missed and a bar whose rival is
absent. The machine in env.json is called synthetic. The committed data/synthetic-* is its output.
"""
import csv
import json
import os
import random
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "bench", "report"))
import synthetic_summary  # noqa: E402
from results import CASE_FLAGS, CASE_NUMBERS, CASE_TEXT  # noqa: E402

ROUNDS = 9
CPUS = 2
COLUMNS = ("case workload structure variant P C cap size batch work_ns blocking rate threads "
           "oversubscribed one_cpu rounds ns_op_median ns_op_lo ns_op_hi ops_s_median ops_s_lo "
           "ops_s_hi ratio_median ratio_lo ratio_hi mwu_p verdict bound_share p50_ns p90_ns p99_ns "
           "p999_ns max_ns fair_min_max csw_per_op cpu_s_per_mop misses_per_op status note").split()
assert sorted(COLUMNS) == sorted([*CASE_TEXT, *CASE_NUMBERS, *CASE_FLAGS])


def case_name(structure, P=None, C=None, cap=1024, size=8, batch=1, test=None, **more):
    """Named as weir-bench names its cases."""
    parts = [structure] + ([f"test:{test}"] if test else [])
    if test in (None, "stopped"):
        parts += [f"P:{P}", f"C:{C}"]
    parts += [f"cap:{cap}", f"size:{size}", f"batch:{batch}"]
    return "/".join(parts + [f"{key}:{value}" for key, value in more.items()])


def shapes():
    """(case, columns, nanoseconds per operation by variant)"""
    def add(workload, structure, P, C, speeds, extra=None, **more):
        columns = dict(workload=workload, structure=structure, P=P, C=C, cap=1024, size=8, batch=1,
                       work_ns=0, blocking=0, rate=0, threads=P + C, one_cpu=0)
        columns.update(more)
        columns["oversubscribed"] = int(columns["threads"] > CPUS and not columns["one_cpu"])
        if structure == "look":
            return f"look/P:{P}/C:{C}", columns, speeds
        name = (f"bound/test:{extra['test']}/size:8/group:{workload}" if structure == "bound" else
                case_name(structure, P, C, columns["cap"], columns["size"], columns["batch"],
                          **(extra or {})))
        return name, columns, speeds
    spsc = dict(weir=2.9, weir_generic=3.1, mutex=110, ck=6.1, readerwriterqueue=4.4, boost=5.8, atomic_queue=8.0)
    yield add("Q1", "spsc", 1, 1, spsc)
    for batch, gain in ((8, 2.4), (32, 4.0), (64, 4.4)):
        yield add("Q1", "spsc", 1, 1, dict(weir=2.9 / gain, mutex=110 / batch ** 0.8,
                                           dpdk=4.1), batch=batch)
    for size, cost in ((64, 3.5), (256, 9.0)):
        yield add("Q1", "spsc", 1, 1, {k: v + cost for k, v in spsc.items()}, size=size)
    yield add("Q1", "spsc", 1, 1, dict(weir=125, mutex=530, ck=154, boost=199, atomic_queue=121),
              {"test": "ping"})
    yield add("Q2", "mpmc", 1, 1, dict(weir=10.7, mutex=24, ck=11.6, dpdk=12.0, moodycamel=19.3),
              {"test": "solo"}, threads=1)
    by_threads = {1: dict(weir=16, mutex=125, ck=52, dpdk=41, moodycamel=26, boost=140,
                          atomic_queue=13),
                  2: dict(weir=19, mutex=110, ck=55, dpdk=62, moodycamel=71, boost=143,
                          atomic_queue=240),
                  4: dict(weir=9.5, mutex=125, ck=263, dpdk=58, moodycamel=41, boost=125,
                          atomic_queue=55),
                  8: dict(weir=12, mutex=160, ck=900, dpdk=90, moodycamel=39, boost=150,
                          atomic_queue=70)}
    for n, speeds in by_threads.items():
        more = dict(weir_generic=speeds["weir"] * 1.06, dpdk_hts=speeds["dpdk"] * 0.9,
                    moodycamel_tokens=speeds["moodycamel"] * 0.8, tbb=speeds["boost"] * 1.5)
        yield add("Q2", "mpmc", n, n, {**speeds, **more})
    for n in (2, 4):
        yield add("Q3", "mpmc", n, 1, {k: v * 1.2 for k, v in by_threads[n].items()})
        yield add("Q3", "mpmc", 1, n, {k: v * 1.3 for k, v in by_threads[n].items()})
    for batch, gain in ((8, 2.1), (32, 3.6)):
        yield add("Q2", "mpmc", 2, 2, dict(weir=19 / gain, mutex=110 / batch ** 0.7,
                                           moodycamel=71 / batch ** 0.9), batch=batch)
    for n in (1, 4):
        yield add("Q2", "mpmc", n, n, dict(weir=20 + 5 * n, mutex=95 + 40 * n), {"blocking": 1},
                  blocking=1)
        yield add("Q7", "mpmc", n, n, dict(weir=22, mutex=21 + n), {"cpus": 1}, one_cpu=1,
                  threads=2 * n)
    yield add("Q2", "mpmc", 1, 1, dict(weir=91, mutex=529, ck=197, dpdk=203), {"test": "ping"})
    yield add("Q7", "mpmc", 2, 2, dict(weir=30, mutex=70), {"test": "stopped"})
    for rate in (100000, 1000000):
        yield add("Q2", "mpmc", 1, 1, dict(weir=180, mutex=260, ck=150),
                  {"rate": rate}, rate=rate)
    yield add("Q2", "bound", 1, 1, dict(raw=9.8), {"test": "solo-rmw"}, threads=1)
    for n in (1, 2, 4):
        kinds = dict(weir=30 + n, mutex=140 + 9 * n, **({"weir_spsc": 11} if n == 1 else {}))
        yield add("Q4", "chan", n, n, kinds, {"blocking": 1}, blocking=1)
    yield add("Q4", "chan", 1, 1, dict(weir=900, mutex=40000), {"test": "ping", "blocking": 1},
              blocking=1, cap=0)
    yield add("Q6", "chan", 1, 1, dict(weir=21000, mutex=26000), {"gap": 200000, "blocking": 1},
              blocking=1)
    yield add("Q6", "bound", 1, 1, dict(raw=19000), {"test": "wake-futex"})
    for ways, ready in ((1, 1), (2, 1), (8, 1), (64, 1), (2, 2), (8, 8)):
        yield add("Q5", "select", 1, 1, dict(weir=70 + 12 * (ways - ready), mutex=90 + 25 * (ways - ready)),
                  {"test": "solo", "ways": ways, "ready": ready, "blocking": 1}, blocking=1, threads=1)
    yield add("Q8", "close", 1, 4, dict(weir=25000, mutex=26000), {"gap": 100000, "blocking": 1},
              blocking=1, cap=0)
    yield add("F3", "look", 4, 0, dict(weir=1.2, mutex=23), cap=0, size=0)
    yield add("Q4", "chan", 8, 8, dict(weir=36, mutex=250, go=60), {"blocking": 1}, blocking=1)
    yield add("Q4", "chan", 1, 1, dict(weir=500, mutex=67000, go=180), {"blocking": 1}, blocking=1, cap=0)
    yield add("Q4", "chan", 1, 1, dict(weir=10, mutex=60), {"blocking": 1}, blocking=1, batch=32)
    yield add("Q5", "select", 1, 1, dict(weir=60, mutex=77, go=70),
              {"test": "solo", "ways": 2, "ready": 2, "sends": 1, "blocking": 1}, blocking=1, threads=1)


def bootstrap(random_source, values):
    medians = sorted(statistics.median(random_source.choices(values, k=len(values)))
                     for _ in range(400))
    return medians[10], medians[-11]


def number(value):
    return f"{value:.6g}"


def is_latency(name, columns):
    return any(key in name for key in ("test:ping", "/gap:", "wake-futex")) or columns["rate"] > 0


def measured(rng, speed):
    """Nanoseconds per operation of each round, rounded as they will stand in the file."""
    return [float(number(speed * (1 + abs(rng.gauss(0, 0.03))))) for _ in range(ROUNDS)]


def latencies(rng, variant, median):
    tail = {"weir": 1.0, "mutex": 3.0, "ck": 0.7}.get(variant, 1.3)
    return [median * f * rng.uniform(0.97, 1.03)
            for f in (1, 1.2, 2.5 * tail, 30 * tail, 900 * tail)]


def verdict(low, middle, high):
    """The rule of bench/results.c."""
    return ("faster" if low > 1 and middle > 1.03 else "slower" if high < 1 and middle < 0.97 else
            "equal" if low >= 0.97 and high <= 1.03 else "undecided")


def compare(rng, row, ns, weir_ns):
    ratios = [theirs / ours for theirs, ours in zip(ns, weir_ns)]
    low, high = bootstrap(rng, ratios)
    middle = statistics.median(ratios)
    row["ratio_median"], row["ratio_lo"], row["ratio_hi"] = number(middle), number(low), number(high)
    row["mwu_p"] = number(0.0004 if abs(middle - 1) > 0.05 else 0.4)
    row["verdict"] = verdict(low, middle, high)


def row_of(rng, name, columns, variant, speed, weir_ns, samples):
    ns = measured(rng, speed)
    if variant == "weir":
        weir_ns[:] = ns
    ops = [float(number(columns["rate"] or 1e9 / value)) for value in ns]
    row = dict(case=name, variant=variant, rounds=ROUNDS, status="ok", note="", verdict="",
               bound_share=number(min(1.0, 0.4 * (weir_ns or ns)[0] / speed)), **columns)
    for field, values in (("ns_op", ns), ("ops_s", ops)):
        low, high = bootstrap(rng, values)
        row[field + "_median"] = number(statistics.median(values))
        row[field + "_lo"], row[field + "_hi"] = number(low), number(high)
    if variant not in ("weir", "raw"):
        compare(rng, row, ns, weir_ns)
    percentiles = latencies(rng, variant, speed) if is_latency(name, columns) else None
    if percentiles:
        for field, value in zip(("p50_ns", "p90_ns", "p99_ns", "p999_ns", "max_ns"), percentiles):
            row[field] = number(value)
    if columns["P"] > 1 or columns["C"] > 1:
        row["fair_min_max"] = number(rng.uniform(0.6, 1.0))
    else:
        row["fair_min_max"] = "1"
    row["csw_per_op"] = number(rng.uniform(0, 0.01))
    row["cpu_s_per_mop"] = number(speed * columns["threads"] / 1000)
    row["misses_per_op"] = number(rng.uniform(0, 0.5))
    for index, value in enumerate(ns):
        samples.append(dict(case=name, variant=variant, round=index, ns_op=number(value),
                            ops_s=number(ops[index]), p50_ns=number(value) if percentiles else "",
                            p99_ns=number(percentiles[2] * rng.uniform(.95, 1.05))
                            if percentiles else ""))
    return row


def make(rng):
    cases, samples = [], []
    for name, columns, speeds in shapes():
        weir_ns = []
        for variant, speed in speeds.items():
            cases.append(row_of(rng, name, columns, variant, speed, weir_ns, samples))
    stuck = dict(cases[1], case="mpmc/P:8/C:8/cap:1024/size:8/batch:1", workload="Q2",
                 structure="mpmc", variant="dpdk_rts", P=8, C=8, threads=16, oversubscribed=1,
                 status="stuck", note="moved nothing for 1 s", rounds=0)
    for column in COLUMNS[COLUMNS.index("rounds") + 1:COLUMNS.index("status")]:
        stuck[column] = ""
    return cases + [stuck], samples


def item_name(case, variant):
    structure, _, rest = case.partition("/")
    return f"{structure}/{variant}/{rest}"


def bars_of(samples):
    """Bars by the samples' paired rounds."""
    spsc, mpmc, pair = case_name("spsc", 1, 1), case_name("mpmc", 1, 1), case_name("mpmc", 2, 2)
    wanted = [("SPSC stream against ck_ring", (spsc, "weir"), (spsc, "ck"), "at least 1.3"),
              ("MPMC 1p1c against atomic_queue", (mpmc, "weir"), (mpmc, "atomic_queue"),
               "no slower"),
              ("SPSC batches of 32 against single", (case_name("spsc", 1, 1, batch=32), "weir"),
               (spsc, "weir"), "at least 3"),
              ("MPMC 2p2c against the mutex ring", (pair, "weir"), (pair, "mutex"), "at least 2.5")]
    by_key = {}
    for sample in samples:
        by_key.setdefault((sample["case"], sample["variant"]), []).append(float(sample["ns_op"]))
    rng = random.Random(7)
    for bar, above, below, want in wanted:
        ratios = [b / a for a, b in zip(by_key[above], by_key[below])]
        low, high = bootstrap(rng, ratios)
        middle = statistics.median(ratios)
        met = low >= 0.97 if want == "no slower" else middle >= float(want[9:]) and low > 1
        yield dict(bar=bar, numerator=item_name(*above), denominator=item_name(*below), wanted=want,
                   median=number(middle), lo=number(low), hi=number(high),
                   result="met" if met else "missed")
    yield dict(bar="MPMC 2p2c against Boost's queue", numerator=item_name(pair, "weir"),
               denominator=item_name(pair, "boost_queue"), wanted="no slower",
               median="", lo="", hi="", result="rival missing")


def write_csv(path, columns, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


ENV = {
    "date": "2000-01-01T00:00:00Z", "synthetic": True,
    "cpu_model": "a synthetic CPU, where nothing was measured", "cpus": CPUS, "cpus_online": CPUS,
    "governor": "unknown", "kernel": "none", "libc": "none", "virtual_machine": False,
    "weir_version": "0.0.0", "commit": "0000000", "dirty": False, "compiler": "none",
    "flags": "none", "build_type": "Release", "rival_packages": ["libck-dev 0"],
    "rivals_missing": [], "suite": "quick", "rounds": ROUNDS, "load_before": 0.25,
    "command": ["weir-bench", "--suite=quick", "--rounds=9", "--out=results/synthetic"],
    "doubts": ["the frequency governor is powersave, not performance"],
}


def main(folder):
    os.makedirs(folder, exist_ok=True)
    cases, samples = make(random.Random(1))
    bars = list(bars_of(samples))
    write_csv(os.path.join(folder, "cases.csv"), COLUMNS, cases)
    write_csv(os.path.join(folder, "samples.csv"),
              "case variant round ns_op ops_s p50_ns p99_ns".split(), samples)
    write_csv(os.path.join(folder, "bars.csv"),
              "bar numerator denominator wanted median lo hi result".split(), bars)
    synthetic_summary.write(os.path.join(folder, "summary.md"), cases, bars)
    with open(os.path.join(folder, "env.json"), "w", encoding="utf-8") as file:
        json.dump(ENV, file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: make_synthetic.py DIR")
    main(sys.argv[1])
