# SPDX-License-Identifier: MIT
"""01: all three outcomes, and nothing left of the worker that comes too late."""
from example import exact, run

exact(run(400), """\
quick: result 42
broken: error, no such key
slow: no answer, deadline passed
left behind: 0
""")
