# SPDX-License-Identifier: MIT
"""17: every read of what is there succeeds, one of four sets first, and each value is freed once."""
from example import exact, run

exact(run(), """\
80000 hits, 0 torn
barbara: set by 1 of 4
ada: 200 visits
ada: deleted, then gone
as many made and freed
""")
