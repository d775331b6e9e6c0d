# SPDX-License-Identifier: MIT
"""14: the errors of all tasks, never more than 4 units at once, and an acquire that gave up."""
from example import expect, matches, run

peak, = matches(run(), """\
task 7: no such key
task 14: no such key
(\\d) of 4 units at once
3 more, where 2 are held: deadline passed
4 units are free
""").groups()
expect(3 <= int(peak) <= 4, f"{peak} units at once")
