# SPDX-License-Identifier: MIT
"""22: one connection for a thousand threads, as the server sees it too."""
from example import exact, run

exact(run(), "1000 threads asked, 1 opened it, 1000 have it; the server has accepted 1\n")
