# SPDX-License-Identifier: MIT
"""10: the summary has every item, with the errors that the seed gives."""
from example import exact, expect, run

for seed in 1, 7:
    bad = [i for i in range(1, 101) if ((seed + i) * 2654435761 % 2**32 >> 16) % 10 == 0]
    expect(5 <= len(bad) <= 15, "about one in ten")
    total = sum(i * i for i in range(1, 101) if i not in bad)
    exact(run(seed), f"100 items: {100 - len(bad)} successes, sum {total}; "
                     f"{len(bad)} errors: {' '.join(map(str, bad))}\n")
