# SPDX-License-Identifier: MIT
"""12: 50 jobs, a result of its own for each; and a run that is cancelled after 10, beside which others may be on their way."""
from example import equal, expect, lines, matches, run

whole, cancelled, n = matches(run(), r"((?:job .*\n)+)50 results\n((?:job .*\n)+)(\d+) results, cancelled\n").groups()
job = r"job (\d+): (.+)"


def wanted(i):
    return i, "error, invalid argument or misuse" if i % 10 == 0 else f"JOB {i}"


equal(sorted(lines(whole, job)), [wanted(i) for i in range(1, 51)], "results")
some = lines(cancelled, job)
equal(len({i for i, _ in some}), int(n), "different jobs of the cancelled run")
expect(10 <= int(n) < 50, "it ends early")
expect(all(r == wanted(r[0]) and r[0] < 50 for r in some), "some of the first jobs are answered")
