# SPDX-License-Identifier: MIT
"""02: each of the 40 jobs is answered once, by one of five workers."""
from example import equal, expect, lines, run

answers = lines(run(), r"job (\d+): worker (\d+), (\d+)")
equal(sorted((job, square) for job, _, square in answers), [(j, j * j) for j in range(1, 41)], "answers")
expect({worker for _, worker, _ in answers} <= {1, 2, 3, 4, 5}, "there are five workers")
