# SPDX-License-Identifier: MIT
"""19: each of the patterns does what it says."""
from example import exact, run

exact(run(), """\
timeout: deadline passed, in time
timeout: received 7 from the second
default: nothing there
send: 3 of 5 sent, then would block: truly full or empty
priority: 1 2 3 11 12 13
with ageing: 1 2 11 3
""")
