# SPDX-License-Identifier: MIT
"""07: the squares of the primes in order; stopped after three of them nothing is left."""
from example import exact, run

exact(run(), """\
4 9 25 49 121 169 289 361
4 9 25
left behind: 0
""")
