# SPDX-License-Identifier: MIT
"""cache.py - what the figures say about caches: their speed beside plain ones (cases.csv), and hit ratios (ratios.csv, which
`weir-bench cache-ratios --out` writes; a folder without it says nothing about them).

Within how many points a cache has to be of the best simulated policy is decided by weir-bench: the column result.
"""
import csv
import os

import words

NAMES = {"lru": "LRU", "clock": "CLOCK", "sieve": "SIEVE", "arc": "ARC", "s3fifo": "S3-FIFO", "s3fifo_1": "S3-FIFO (one use)",
         "wtinylfu": "W-TinyLFU", "weir": "weir_cache", "mutex": "mutex LRU", "rwlock": "read-write-lock CLOCK"}
NEEDED = ("workload", "capacity", "policy", "real", "threads", "hit_ratio", "best", "points_below_best", "result")


class Ratio:
    """A row of ratios.csv."""

    def __init__(self, row):
        self.workload, self.policy, self.best, self.result = (row[n] for n in ("workload", "policy", "best", "result"))
        self.capacity, self.threads = int(row["capacity"]), int(row["threads"])
        self.real = row["real"] == "1"
        self.percent = 100 * float(row["hit_ratio"])
        self.below = float(row["points_below_best"])

    def where(self):
        return f"{self.workload} with room for {self.capacity:,}"


def ratios(folder):
    """The rows of ratios.csv; none without the file, or if it is not one."""
    path = os.path.join(folder, "ratios.csv")
    if not os.path.isfile(path):
        return []
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if not set(NEEDED) <= set(reader.fieldnames or ()):
            return []
        return [Ratio(row) for row in reader]


def ours(rows, threads):
    return [row for row in rows if row.real and row.policy == "weir" and threads(row.threads)]


def ratio_question(rows):
    alone = ours(rows, lambda n: n == 1)
    if not alone:
        return None
    missed = [row for row in alone if row.result != "met"]
    worst = max(alone, key=lambda row: row.below)
    answer = ("Within the bar of the best simulated policy on every workload." if not missed else
              f"Not on {len(missed)} of {len(alone)}: " + "; ".join(
                  f"{row.where()}, {row.percent:.1f} %, {row.below:.1f} points below {NAMES[row.best]}" for row in missed) + ".")
    details = [f"Furthest from the best: {worst.where()}, {worst.below:.1f} points below {NAMES[worst.best]}."]
    several = [row for row in ours(rows, lambda n: n > 1)]
    if several:
        off = [row for row in several if row.result != "met"]
        details.append(f"By {several[0].threads} threads: " + (
            "within half a point of its own ratio by one, everywhere." if not off else
            "more than half a point off its own ratio by one here: " + ", ".join(row.where() for row in off) + "."))
    return "How good are a cache's hit ratios?", answer, details


def rate_lines(rows):
    return [f"{words.label(row)}: {words.times(row.ratio_median)} times {NAMES.get(row.variant, row.variant)} "
            f"({row.verdict})." for row in rows]


def speed_question(run):
    rows = [row for row in run.cases if row.structure == "cache" and row.variant in ("mutex", "rwlock")
            and row.ratio_median is not None]
    if not rows:
        return None
    slower = [row for row in rows if row.verdict == "slower"]
    faster = [row for row in rows if row.verdict == "faster"]
    answer = ("The cache." if faster and not slower else "Undecided: no difference was shown." if not faster and not slower else
              f"The cache in {len(faster)} of {len(rows)} comparisons; it is behind in {len(slower)}.")
    beside = [row for row in run.cases if row.structure == "cache" and row.variant == "weir_map" and row.ratio_median]
    return ("A cache, or a table with a lock?", answer, rate_lines(rows) + [
        f"{words.label(row)}: a get takes {words.times(1 / row.ratio_median)} times as long as of a map of nodes."
        for row in beside if row.read == 100])


def questions(run):
    """(question, answer, details), for verdicts.py."""
    found = [speed_question(run), ratio_question(ratios(run.folder))]
    return [question for question in found if question]
