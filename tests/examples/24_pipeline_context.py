# SPDX-License-Identifier: MIT
"""24: 1 to 5 give 4 and 16; a pipeline of numbers without end ends with its context."""
from example import exact, run

exact(run(), """\
4 16 (all)
4 16 36 (context canceled)
left behind: 0
""")
