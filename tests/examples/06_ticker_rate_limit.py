# SPDX-License-Identifier: MIT
"""06: the requests leave in order, and the k-th never before k periods have passed."""
from example import equal, expect, lines, run

RPS, N = 40, 20

left = lines(run(RPS, N), r"request (\d+) leaves at (\d+\.\d+) s")
equal([r for r, _ in left], list(range(1, N + 1)), "requests")
for k, at in left:
    expect(at >= k / RPS - 1e-6, f"request {k} left at {at} s, before its tick")
