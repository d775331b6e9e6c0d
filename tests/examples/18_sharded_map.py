# SPDX-License-Identifier: MIT
"""18: no count is lost in either version."""
from example import equal, expect, lines, run

rows = lines(run(20000), r"(.*): +(\d+) counted, (\d+) words in (\d+) shards, (\d+) ns for 10 calls")
equal([row[:4] for row in rows], [("read-write lock/shard", 80000, 1000, 16), ("weir's own", 80000, 1000, 16)], "counts")
expect(all(row[4] > 0 for row in rows), "it takes time")
