# SPDX-License-Identifier: MIT
"""test_flow.py - what the page says about pools and pipelines, from rows made here: which map they should stand on, from
which share of writes on, and what an idle one spends."""
import os
import sys
import unittest

from support import TOP

sys.path.insert(0, os.path.join(TOP, "bench", "report"))
import flow  # noqa: E402
import recompute  # noqa: E402
import results  # noqa: E402
import verdicts  # noqa: E402
import words  # noqa: E402

ROUNDS = 9
ZERO = dict.fromkeys(results.CASE_NUMBERS)
KINDS = ("weir_map", "weir_shardmap", "sharded_rwlock", "mutex")


def row(case, variant, speed, ratio=None, verdict="", **more):
    """A row of cases.csv; its samples are `speed` in every round but for a part in 10,000."""
    found = results.Row(1, {})
    structure, *keys = case.split("/")
    named = dict(key.split(":") for key in keys)
    values = dict(ZERO, case=case, variant=variant, structure=structure, workload="F4", status="ok", note="", C=0.0,
                  size=0.0, oversubscribed=False, one_cpu=False, blocking=False, rounds=float(ROUNDS), ops_s_median=speed,
                  ns_op_median=1e9 / speed, ratio_median=ratio, ratio_lo=ratio, ratio_hi=ratio, verdict=verdict,
                  P=float(named["W"]), threads=float(named["W"]), dist="", hint=None)
    if "keys" in named:
        values.update(keys=float(named["keys"]), read=100 - float(named["write"]))
    values.update(more)
    for column, value in values.items():
        setattr(found, column, value)
    return found


def sample(number, speed):
    text = dict(round=str(number), ns_op=f"{1e9 / speed:.6g}", ops_s=f"{speed:.6g}")
    found = results.Row(1, text)
    for column, value in text.items():
        setattr(found, column, float(value))
    return found


def run_of(rows, bars=()):
    samples = {(r.case, r.variant): [sample(n, r.ops_s_median * (1 + n / 1e4)) for n in range(ROUNDS)] for r in rows}
    return results.Run("folder", list(rows), samples, list(bars), {})


def on_maps(speeds, structure="serve"):
    """speeds: share of writes -> those of KINDS, in M/s."""
    rows = []
    for write, kinds in speeds.items():
        case = f"{structure}/W:2/write:{write}/keys:1000"
        for variant, speed in zip(KINDS, kinds):
            ratio = kinds[0] / speed
            said = "" if variant == "weir_map" else "faster" if ratio > 1.03 else "slower" if ratio < 0.97 else "equal"
            rows.append(row(case, variant, 1e6 * speed, None if variant == "weir_map" else ratio, said))
    return run_of(rows)


class WhichMap(unittest.TestCase):
    def ask(self, speeds, structure="serve"):
        (question, answer, details), = flow.map_questions(on_maps(speeds, structure))
        return question, answer, details

    def test_the_fastest_at_each_share_and_where_it_changes(self):
        question, answer, details = self.ask({0: (90, 60, 40, 20), 1: (80, 60, 40, 20), 20: (50, 60, 40, 20),
                                              50: (30, 60, 40, 20)})
        self.assertIn("Which map should a pool stand on", question)
        self.assertEqual(answer, "weir_map up to 1 % of writes, weir_shardmap from 20 % on.")
        self.assertEqual(len(details), 4)
        self.assertEqual(details[2], "20 % writes: weir_shardmap with 60 M/s, 1.20 times weir_map, 1.50 times rwlock a shard "
                                     "and 3.00 times mutex version.")

    def test_nobody_writes_alone(self):
        self.assertEqual(self.ask({0: (90, 60, 40, 20), 5: (50, 60, 40, 20)})[1],
                         "weir_map where nobody writes, weir_shardmap from 5 % on.")

    def test_one_that_is_always_ahead(self):
        self.assertEqual(self.ask({0: (90, 60, 40, 20), 5: (80, 60, 40, 20)})[1],
                         "weir_map, at every share measured.")

    def test_kinds_between_which_nothing_is_shown_are_both_named(self):
        _, answer, details = self.ask({0: (60, 59.5, 40, 20), 50: (40, 60, 40, 61)})
        self.assertEqual(answer, "weir_map or weir_shardmap where nobody writes, mutex version or weir_shardmap from 50 % on.")
        self.assertIn("(undecided)", details[0])

    def test_more_than_two_between_which_nothing_is_shown(self):
        self.assertEqual(self.ask({0: (60, 60, 60, 20), 50: (60, 60, 60, 60)})[1],
                         "weir_map, weir_shardmap or rwlock a shard where nobody writes, undecided between all from 50 % on.")

    def test_three_answers_and_a_pipeline(self):
        question, answer, _ = self.ask({0: (90, 60, 40, 20), 1: (40, 60, 30, 20), 5: (40, 60, 30, 20), 50: (30, 40, 20, 80)},
                                       "log")
        self.assertIn("pipeline", question)
        self.assertEqual(answer, "weir_map where nobody writes, weir_shardmap from 1 % to 5 %, mutex version from 50 % on.")

    def test_no_map_no_question(self):
        self.assertEqual(list(flow.map_questions(run_of([]))), [])
        self.assertEqual(flow.grids(run_of([])), [])


class Pools(unittest.TestCase):
    def test_labels(self):
        self.assertEqual(words.label(row("pool/W:2/work:100", "weir", 1e6)), "pool, tasks of 100 ns from outside, two workers")
        self.assertEqual(words.label(row("pool/test:inside/W:2/work:0", "weir", 1e6)),
                         "pool, empty tasks from inside, two workers")
        self.assertEqual(words.label(row("pipe/stages:3/W:1/work:100/ordered:1", "weir", 1e6)),
                         "pipeline, 3 stages of 100 ns, in order, one worker each")

    def test_a_pool_beside_others_and_what_an_idle_one_spends(self):
        run = run_of([row("pool/W:2/work:0", "weir", 5e6), row("pool/W:2/work:0", "glib", 1e6, 5.0, "faster"),
                      row("pool/test:idle/W:2/ms:10000", "weir", 1e5)])
        (question, answer, details), = flow.questions(run)
        self.assertEqual(question, "A pool of workers?")
        self.assertIn("ahead in the one case measured (ratio 5.00)", answer)
        self.assertEqual(details[0], "pool, empty tasks from outside, two workers: 5.00 (5.00 to 5.00) against GLib.")
        self.assertIn("0.0010 %", details[-1])

    def test_order_costs(self):
        run = run_of([row("pipe/stages:3/W:2/work:100/ordered:0", "weir", 4e6),
                      row("pipe/stages:3/W:2/work:100/ordered:1", "weir", 3e6),
                      row("pipe/stages:3/W:2/work:100/ordered:1", "mutex", 1e6, 3.0, "faster")])
        (_, _, details), = flow.questions(run)
        self.assertIn("0.75 of what the unordered one does", details[-1])

    def test_what_stands_on_maps_is_compared_with_the_first_of_them(self):
        self.assertEqual(words.reference(row("serve/W:2/write:5/keys:1000", "mutex", 1e6)), "weir_map")
        self.assertEqual(words.reference(row("pool/W:2/work:0", "mutex", 1e6)), "weir")

    def test_the_page_has_them(self):
        run = on_maps({0: (90, 60, 40, 20), 50: (30, 60, 40, 20)})
        self.assertTrue(any("pool stand on" in verdict.question for verdict in verdicts.verdicts(run)))
        self.assertEqual(len(flow.grids(run)), 3)
        self.assertEqual(len(flow.panels(run)), 1)


class Bars(unittest.TestCase):
    def bar(self, result, wanted, value):
        text = dict(bar="idle", numerator="pool/weir/test:idle/W:2/ms:10000", denominator="ns_op", wanted=wanted,
                    median=value, lo=value, hi=value, result=result)
        found = results.Row(1, text)
        for column, value_ in text.items():
            setattr(found, column, float(value_) if column in ("median", "lo", "hi") else value_)
        return found

    def problems(self, bar):
        checker = recompute.Checker(run_of([row("pool/test:idle/W:2/ms:10000", "weir", 1e5)], [bar]))
        checker.bars()
        return checker.problems

    def test_a_figure_that_may_not_be_more(self):
        median = f"{1e9 / (1e5 * (1 + 4 / 1e4)):.6g}"
        self.assertEqual(self.problems(self.bar("met", "at most 1000000", median)), [])
        self.assertEqual(len(self.problems(self.bar("met", "at most 10", median))), 1)
        self.assertTrue(self.problems(self.bar("met", "at most 1000000", "2")))


if __name__ == "__main__":
    unittest.main()
