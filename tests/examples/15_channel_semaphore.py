# SPDX-License-Identifier: MIT
"""15: all tasks run, never more than three at once; a fourth is refused."""
from example import expect, matches, run

peak, = matches(run(), """\
12 tasks, at most 3 at once: (\\d+)
one more, at once: would block: truly full or empty
""").groups()
expect(1 <= int(peak) <= 3, f"{peak} at once")
