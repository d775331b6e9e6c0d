# SPDX-License-Identifier: MIT
"""08: a table of ten tasks, none of which started before its turn, 1/rate after the one before."""
from example import equal, expect, lines, run

RATE = 20

head, _, table = run(RATE).partition("\n")
equal(head.split(), ["task", "worker", "start", "duration"], "head of the table")
rows = lines(table, r" *(\d+)  +([123])  +(\d+\.\d+) s  +(\d+\.\d+) s")
equal([task for task, *_ in rows], list(range(1, 11)), "tasks")
for k, start in enumerate(sorted(start for _, _, start, _ in rows)):
    expect(start >= k / RATE - 0.001, f"{k + 1} tasks had started after {start} s")
for task, _, _, took in rows:
    expect(took >= 0.6 / RATE - 0.001, f"task {task} took {took} s only")
