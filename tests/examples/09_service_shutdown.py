# SPDX-License-Identifier: MIT
"""09: every task that was taken is answered, those under way and those queued as cancelled, before the monitor ends."""
from example import equal, lines, run

output = run().splitlines()
equal(output[8:], ["monitor: end", "task 9: not taken, context canceled", "left behind: 0"], "end")
equal(sorted(lines("\n".join(output[:8]), r"task (\d): (.*)")),
      [(i, "done" if i <= 4 else "context canceled") for i in range(1, 9)], "results")
