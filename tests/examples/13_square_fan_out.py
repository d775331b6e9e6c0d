# SPDX-License-Identifier: MIT
"""13: the squares of 1 to 12, each once, in any order."""
from example import equal, lines, run

equal(sorted(x for x, in lines(run(), r"(\d+)")), [i * i for i in range(1, 13)], "squares")
