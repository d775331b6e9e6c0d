# SPDX-License-Identifier: MIT
"""05: ten run at once and no more, the eleventh is refused where it may not wait, and all are done."""
from example import exact, run

exact(run(), f"10 run, one more now: refused\n100 items, sum {sum(i * i for i in range(100))}, at most 10 at once\n")
