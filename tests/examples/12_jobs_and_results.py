# SPDX-License-Identifier: MIT
"""12: 50 jobs, a result of its own for each; and a run that is cancelled after 10.

What may still come then: no call that begins after the cancel moves anything, and each of the 5 workers is in one call at
most, to give away one result: so 5 more. Jobs are given out in their order, one by one, to who has given away the
result of the one before: when the last of those calls began, 10 jobs were through and 5 in hand. So all are of the
first 15."""
from example import equal, expect, lines, matches, run

whole, cancelled, n = matches(run(), r"((?:job .*\n)+)50 results\n((?:job .*\n)+)(\d+) results, cancelled\n").groups()
job = r"job (\d+): (.+)"


def wanted(i):
    return i, "error, invalid argument or misuse" if i % 10 == 0 else f"JOB {i}"


equal(sorted(lines(whole, job)), [wanted(i) for i in range(1, 51)], "results")
some = lines(cancelled, job)
equal(len({i for i, _ in some}), int(n), "different jobs of the cancelled run")
expect(10 <= int(n) <= 10 + 5, "it ends early: one more of each worker at most")
expect(all(r == wanted(r[0]) and r[0] <= 10 + 5 for r in some), "some of the first jobs are answered")
