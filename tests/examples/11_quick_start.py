# SPDX-License-Identifier: MIT
"""11: all nine results; and the end of the context, which no task outlasts."""
from example import exact, run

exact(run(), """\
9 results, sum 285: all done
0 results, sum 0: deadline passed
""")
