# SPDX-License-Identifier: MIT
"""21: a table of times for each share of writes, and no value that belongs to another key."""
from example import equal, expect, matches, run

cell = r" +(\d+\.\d)"
rows = matches(run(2000, 4), "4 threads, ns for each call\nwrites +mutex +rwlock +map +shardmap\n"
               + "".join(f" *{share}%{4 * cell}\n" for share in (0, 1, 10, 50)) + "(0) wrong values\n").groups()
equal(len(rows), 17, "cells")
expect(all(float(c) > 0 for c in rows[:16]), "each call takes time")
