# SPDX-License-Identifier: MIT
"""31: the store is asked once for all who ask at once; the bound holds; what is saved comes back, but not from half a file."""
from example import exact, run

exact(run(), """\
32 readers of one page: 32 have it, the store was asked 1 times
100 pages more: never more than 20 in it, 81 had to leave
page 7: version 1, after it was invalidated version 2
page 13: no such key; it is not in the cache
saved 20, restored 20; page 7: version 2, the store was asked 0 times
cut short: truncated; 0 pages in the cache
""")
