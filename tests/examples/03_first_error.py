# SPDX-License-Identifier: MIT
"""03: results stand in order, three tasks failed, and one of their errors was kept."""
from example import expect, matches, run

squares = " ".join(str(i * i) for i in range(20) if i % 6 != 5)
for _ in range(5):
    task, = matches(run(), f"results: {squares}\n3 failed\n"
                    r"first error: task (\d+): no such key" "\n1 kept\n").groups()
    expect(task in ("5", "11", "17"), f"task {task} did not fail")
