# SPDX-License-Identifier: MIT
"""test_maps.py - what the page says about maps, from rows made here: crossovers, memory, and bars whose sides are
ratios or bytes."""
import os
import sys
import unittest

from support import TOP

sys.path.insert(0, os.path.join(TOP, "bench", "report"))
import maps  # noqa: E402
import recompute  # noqa: E402
import results  # noqa: E402
import words  # noqa: E402

ROUNDS = 9
ZERO = dict.fromkeys(results.CASE_NUMBERS)


def row(case, variant, speed, ratio=None, verdict="", **more):
    """A row of cases.csv; its samples are `speed` in every round but for a part in 10,000."""
    found = results.Row(1, {})
    structure, *keys = case.split("/")
    values = dict(ZERO, case=case, variant=variant, structure=structure, workload="M1", status="ok", note="", C=0.0,
                  size=8.0, oversubscribed=False, one_cpu=False, blocking=False, dist="uniform", rounds=float(ROUNDS),
                  ops_s_median=speed, ns_op_median=1e9 / speed, ratio_median=ratio, ratio_lo=ratio, ratio_hi=ratio,
                  verdict=verdict, hint=1000.0)
    named = dict(key.split(":") for key in keys)
    values.update(P=float(named["T"]), threads=float(named["T"]), keys=float(named["keys"]),
                  read=float(named.get("read", 0)), hit=100.0 if named.get("read") == "100" else 50.0)
    values.update(more)
    for column, value in values.items():
        setattr(found, column, value)
    return found


def sample(number, speed, **more):
    text = dict(round=str(number), ns_op=f"{1e9 / speed:.6g}", ops_s=f"{speed:.6g}", **{k: f"{v:.6g}" for k, v in more.items()})
    found = results.Row(1, text)
    for column, value in text.items():
        setattr(found, column, float(value))
    return found


def run_of(rows, bars=()):
    samples = {(r.case, r.variant): [sample(n, r.ops_s_median * (1 + n / 1e4)) for n in range(ROUNDS)] for r in rows}
    return results.Run("folder", list(rows), samples, list(bars), {})


def grid_of(speeds, ours="weir_map", theirs="weir_shardmap"):
    """speeds: (read, keys, threads) -> (ours, theirs), in M/s."""
    rows = []
    for (read, keys, threads), (a, b) in speeds.items():
        case = f"map/T:{threads}/read:{read}/keys:{keys}"
        rows += [row(case, "weir_map", 1e6 * a if ours == "weir_map" else 1e6),
                 row(case, theirs, 1e6 * b, a / b, "faster" if a > 1.03 * b else "slower" if b > 1.03 * a else "equal")]
        if ours != "weir_map":
            rows.append(row(case, ours, 1e6 * a))
    return run_of(rows)


CROSSING = {(100, 1000, 2): (30, 20), (90, 1000, 2): (20, 20), (50, 1000, 2): (10, 15), (0, 1000, 2): (5, 10),
            (100, 100000, 2): (20, 10), (90, 100000, 2): (20, 10), (50, 100000, 2): (10, 10), (0, 100000, 2): (8, 10)}


class Crossover(unittest.TestCase):
    def test_cells(self):
        grid, = maps.grids(grid_of(CROSSING))
        self.assertEqual((grid.ours, grid.theirs), ("weir_map", "weir_shardmap"))
        self.assertEqual(grid.writes, [0, 10, 50, 100])
        self.assertEqual(grid.columns, [(1000, 2), (100000, 2)])
        decided = {(c.write, c.keys): c.decided for c in grid.cells}
        self.assertEqual([decided[w, 1000] for w in grid.writes], [1, 0, -1, -1])
        self.assertEqual([decided[w, 100000] for w in grid.writes], [1, 1, 0, -1])

    def test_from_which_share_on(self):
        grid, = maps.grids(grid_of(CROSSING))
        self.assertEqual(maps.crossover(grid), {(1000, 2): 50, (100000, 2): 100})
        self.assertEqual(maps.answer(grid), "weir_map where mostly is read, weir_shardmap from 50 % to 100 % of writes on, "
                         "by number of keys and threads.")

    def test_said_by_column(self):
        grid, = maps.grids(grid_of(CROSSING))
        self.assertEqual(maps.column_said(grid, 1000, 2),
                         "1k keys, two threads: weir_map at 100 % reads (by 1.50); weir_shardmap at 50 to 0 % reads (by "
                         "1.50 to 2.00); undecided at 90 % reads.")

    def test_one_side_only(self):
        grid, = maps.grids(grid_of({key: (20, 10) for key in CROSSING}))
        self.assertEqual(maps.answer(grid), "weir_map, where a difference is shown.")
        grid, = maps.grids(grid_of({key: (10, 10) for key in CROSSING}))
        self.assertEqual(maps.answer(grid), "Undecided.")

    def test_ranges_are_of_neighbours(self):
        cells = maps.grids(grid_of(CROSSING))[0].cells
        column = [c for c in cells if c.keys == 1000]
        self.assertEqual(maps.where([c for c in column if c.write in (0, 50)], column), "100 and 50 % reads")
        self.assertEqual(maps.where(column, column), "100 to 0 % reads")

    def test_locks_are_decided_by_their_rounds(self):
        run = grid_of(CROSSING, "mutex", "rwlock")
        grid, = [g for g in maps.grids(run) if g.ours == "mutex"]
        self.assertEqual({(c.write, c.keys): c.decided for c in grid.cells}[50, 1000], -1)
        few = results.Run("folder", run.cases, {k: v[:5] for k, v in run.samples.items()}, [], {})
        grid, = [g for g in maps.grids(few) if g.ours == "mutex"]
        self.assertEqual({c.decided for c in grid.cells}, {0})

    def test_what_is_no_plain_mix_stays_out(self):
        extra = [row("map/T:2/read:100/keys:1000/hit:0", "weir_map", 1e6, hit=0.0),
                 row("map/T:2/read:50/keys:1000/dist:hot", "weir_map", 1e6, dist="hot"),
                 row("map/T:2/read:50/keys:1000/hint:0", "weir_map", 1e6, hint=0.0),
                 row("map/T:2/read:100/keys:1000/hit:50/aged:1", "weir_map", 1e6),
                 row("map/test:grow/T:2/keys:1000", "weir_map", 1e6)]
        self.assertEqual(maps.mixes(run_of(extra), "map"), [])

    def test_strings_have_grids_of_their_own(self):
        rows = []
        for size, faster in ((16, 90), (40, 50)):
            for read in (100, 90, 50, 0):
                case = f"strmap/T:2/read:{read}/keys:100000/size:{size}"
                ours = read > faster
                rows += [row(case, "weir_map", 2e7 if ours else 1e7, size=float(size)),
                         row(case, "weir_shardmap", 1e7 if ours else 2e7, 2 if ours else 0.5,
                             "faster" if ours else "slower", size=float(size)),
                         row(case, "mutex", 1e7 if ours else 2e7, 2, "faster", size=float(size)),
                         row(case, "rwlock", 2e7 if ours else 1e7, 1, "equal", size=float(size))]
        grids = {grid.title: grid for grid in maps.grids(run_of(rows))}
        self.assertEqual(sorted(grids), [f"{kinds}: strings of {size} bytes" for kinds in
                                         ("RCU map or sharded map", "mutex or read-write lock") for size in (16, 40)])
        self.assertEqual([maps.crossover(grids[f"RCU map or sharded map: strings of {size} bytes"])[100000, 2]
                          for size in (16, 40)], [10, 50])
        self.assertEqual({c.write: c.decided for c in grids["mutex or read-write lock: strings of 16 bytes"].cells},
                         {0: -1, 10: 1, 50: 1, 100: 1})

    def test_mixes_whose_keys_are_there_have_a_grid_of_their_own(self):
        speeds = {(100, 1000, 2): (30, 20), (50, 1000, 2): (10, 15)}
        run = grid_of(speeds)
        case = "map/T:2/read:50/keys:1000/hit:100"
        kept = [row(case, "weir_map", 2e7, hit=100.0), row(case, "weir_shardmap", 1e7, 2.0, "faster", hit=100.0)]
        run = run_of(run.cases + kept)
        usual, there = maps.grids(run)
        self.assertTrue(there.title.endswith("words, all reads find something"))
        self.assertEqual({c.write: c.decided for c in usual.cells}, {0: 1, 50: -1})
        self.assertEqual({c.write: c.decided for c in there.cells}, {0: 1, 50: 1})


class Words(unittest.TestCase):
    def test_labels(self):
        self.assertEqual(words.label(row("map/T:2/read:99/keys:100000/dist:zipf99", "weir_map", 1e6)),
                         "map, two threads, 99 % reads, 100k keys, zipf 0.99")
        self.assertEqual(words.label(row("map/test:stalled/T:1/keys:1000/stall:100", "weir_map", 1e6)),
                         "map, one thread, a reader stopped for 100 ms, 1k keys")
        self.assertEqual(words.label(row("strmap/T:1/read:50/keys:5000000/size:40", "tbb", 1e6, size=40.0)),
                         "map, 40-byte strings, one thread, 50 % reads, 5M keys")

    def test_memory(self):
        run = run_of([row("map/test:memory/T:1/keys:1000000", "weir_map", 1e6, bytes_per_entry=62.4, bytes_low=37.25,
                          bytes_high=96.0)])
        self.assertEqual(maps.memory_lines(run), ["weir_map, 1M keys: 62.4 bytes an entry just after a doubling, 37.2 bytes "
                                                  "just before one, 96.0 bytes amid it."])

    def test_beside(self):
        at = "map/test:beside/T:1/keys:1000/writers:"
        run = run_of([row(at + "0", "weir_map", 4e7), row(at + "1", "weir_map", 3e7)])
        self.assertEqual(maps.beside_lines(run), ["weir_map, 1k keys: readers beside a writer of other keys do 0.75 of what "
                                                  "they do alone."])


def bar(numerator, denominator, wanted, triple, result):
    text = dict(bar="a bar", numerator=numerator, denominator=denominator, wanted=wanted, result=result,
                **{name: f"{value:.6g}" for name, value in zip(("median", "lo", "hi"), triple)})
    found = results.Row(2, text)
    for column, value in text.items():
        setattr(found, column, float(value) if column in ("median", "lo", "hi") else value)
    return found


class Bars(unittest.TestCase):
    ITEM = "map/{}/test:beside/T:1/keys:1000/writers:{}"

    def problems(self, *bars, **more):
        at = "map/test:beside/T:1/keys:1000/writers:"
        rows = [row(at + "0", "weir_map", 4e7), row(at + "1", "weir_map", 3e7),
                row(at + "0", "plain", 8e7), row(at + "1", "plain", 4e7)]
        run = run_of(rows, bars)
        for samples in run.samples.values():
            for one in samples:
                one.text["bytes"] = "64.5"
                one.bytes = 64.5
        checker = recompute.Checker(run)
        checker.bars()
        return checker.problems

    def sides(self):
        return (" over ".join(self.ITEM.format("weir_map", n) for n in (1, 0)),
                " over ".join(self.ITEM.format("plain", n) for n in (1, 0)))

    def test_a_ratio_of_ratios(self):
        self.assertEqual(self.problems(bar(*self.sides(), "at least 0.9", (1.5, 1.5, 1.5), "met")), [])
        problem, = self.problems(bar(*self.sides(), "at least 0.9", (1.6, 1.6, 1.6), "met"))[:1]
        self.assertIn("median is 1.6", problem)
        problem, = self.problems(bar(*self.sides(), "at least 2", (1.5, 1.5, 1.5), "met"))
        self.assertIn("at least 2 is missed", problem)

    def test_bytes(self):
        item = self.ITEM.format("weir_map", 0)
        self.assertEqual(self.problems(bar(item, "bytes", "at most 70", (64.5, 64.5, 64.5), "met")), [])
        problem, = self.problems(bar(item, "bytes", "at most 60", (64.5, 64.5, 64.5), "met"))
        self.assertIn("at most 60 is missed", problem)


if __name__ == "__main__":
    unittest.main()
