# SPDX-License-Identifier: MIT
"""26: ten results, in the order in which they are asked for."""
from example import exact, run

exact(run(), "".join(f"{i} doubled is {2 * i}\n" for i in range(1, 11)))
