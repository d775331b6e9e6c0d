# SPDX-License-Identifier: MIT
"""test_cache.py - what the page says about caches, from rows made here and from a ratios.csv that is written here."""
import os
import sys
import tempfile
import unittest

from support import TOP

sys.path.insert(0, os.path.join(TOP, "bench", "report"))
import cache  # noqa: E402
import results  # noqa: E402
import verdicts  # noqa: E402

HEADING = "workload,requests,keys,capacity,policy,real,threads,hits,hit_ratio,best,points_below_best,result"
ZERO = dict.fromkeys(results.CASE_NUMBERS)


def row(variant, ratio, verdict, read=100):
    found = results.Row(1, {})
    case = f"cache/T:2/read:{read}/keys:100000/dist:zipf99"
    for column, value in dict(ZERO, case=case, variant=variant, structure="cache", workload="C2", status="ok", note="", C=0.0,
                              P=2.0, threads=2.0, keys=1e5, read=float(read), rounds=9.0, ops_s_median=1e7, ns_op_median=100.0,
                              ratio_median=ratio, ratio_lo=ratio, ratio_hi=ratio, verdict=verdict, dist="zipf99", size=8.0,
                              oversubscribed=False, one_cpu=False, blocking=False).items():
        setattr(found, column, value)
    return found


def ratio(workload, policy, real, threads, percent, below, result="met"):
    return f"{workload},1000,500,50,{policy},{real},{threads},{10 * percent:.0f},{percent / 100:.6f},arc,{below},{result}"


class Cache(unittest.TestCase):
    def folder(self, *lines):
        path = tempfile.mkdtemp()
        self.addCleanup(lambda: (os.path.exists(f"{path}/ratios.csv") and os.remove(f"{path}/ratios.csv"), os.rmdir(path)))
        if lines:
            with open(os.path.join(path, "ratios.csv"), "w", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
        return path

    def asked(self, folder, rows=()):
        run = results.Run(folder, list(rows), {}, [], {})
        return {question: (answer, " ".join(details)) for question, answer, details in cache.questions(run)}

    def test_nothing_measured_nothing_said(self):
        self.assertEqual(self.asked(self.folder()), {})
        self.assertEqual(self.asked(self.folder("other,columns", "1,2")), {})
        self.assertEqual(self.asked(self.folder(HEADING, ratio("zipf99", "arc", 0, 1, 50, 0))), {})

    def test_ratios_within_the_bar(self):
        found = self.asked(self.folder(HEADING, ratio("zipf99", "arc", 0, 1, 50, 0), ratio("zipf99", "weir", 1, 1, 49.5, 0.5),
                                       ratio("zipf99", "weir", 1, 8, 49.4, 0.6), ratio("loop", "weir", 1, 1, 60, 1.25)))
        answer, details = found["How good are a cache's hit ratios?"]
        self.assertEqual(answer, "Within the bar of the best simulated policy on every workload.")
        self.assertIn("loop with room for 50, 1.2 points below ARC", details)
        self.assertIn("By 8 threads: within half a point", details)

    def test_ratios_that_miss(self):
        found = self.asked(self.folder(HEADING, ratio("shifts", "weir", 1, 1, 60, 2.5, "missed"),
                                       ratio("shifts", "weir", 1, 8, 58, 4.5, "missed")))
        answer, details = found["How good are a cache's hit ratios?"]
        self.assertEqual(answer, "Not on 1 of 1: shifts with room for 50, 60.0 %, 2.5 points below ARC.")
        self.assertIn("more than half a point off its own ratio by one here: shifts", details)

    def test_speed(self):
        question = "A cache, or a table with a lock?"
        rows = [row("weir", None, ""), row("mutex", 9.0, "faster"), row("rwlock", 4.0, "faster"), row("weir_map", 0.8, "slower")]
        answer, details = self.asked(self.folder(), rows)[question]
        self.assertEqual(answer, "The cache.")
        self.assertIn("9.00 times mutex LRU (faster).", details)
        self.assertIn("a get takes 1.25 times as long as of a map of nodes.", details)
        rows[2] = row("rwlock", 0.5, "slower")
        answer, _ = self.asked(self.folder(), rows)[question]
        self.assertEqual(answer, "The cache in 1 of 2 comparisons; it is behind in 1.")
        for line in rows:
            line.verdict = "undecided"
        self.assertEqual(self.asked(self.folder(), rows)[question][0], "Undecided: no difference was shown.")

    def test_the_page_asks(self):
        run = results.Run(self.folder(), [row("weir", None, ""), row("mutex", 9.0, "faster")], {}, [], {})
        self.assertIn("A cache, or a table with a lock?", [v.question for v in verdicts.verdicts(run)])


if __name__ == "__main__":
    unittest.main()
