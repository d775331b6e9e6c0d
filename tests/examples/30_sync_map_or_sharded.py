# SPDX-License-Identifier: MIT
"""30: three tables of seven lines, each with a figure for both maps, and a last line that says what the table says."""
from example import equal, expect, run

READS = [100, 99, 95, 90, 75, 50, 0]

tables = run(1000).strip("\n").split("\n\n")
equal([t.split("\n")[0] for t in tables], [f"threads: {n}; millions of calls a second" for n in (1, 2, 8)], "threads")
for table in tables:
    head, names, *rows, verdict = table.split("\n")
    equal(names.split(), ["reads", "map", "sharded", "ratio", "ahead"], "columns")
    equal([row.split()[0] for row in rows], [f"{r}%" for r in READS], "shares of reads")
    since = None
    for reads, row in zip(READS, rows):
        map_, sharded, ratio = map(float, row.split()[1:4])
        ahead = row.split()[4]
        expect(map_ > 0 and sharded > 0, "calls were made")
        expect(abs(ratio - sharded / map_) <= 0.006 + 0.002 * ratio / min(map_, sharded), f"the ratio in {row}")
        if abs(ratio - 0.95) > 0.006 and abs(ratio - 1.05) > 0.006:  # else the digits that are printed do not say it
            equal(ahead, "sharded" if ratio > 1.05 else "map" if ratio < 0.95 else "equal", "who is ahead")
        if ahead == "map":
            since = None
        elif ahead == "sharded" and since is None:
            since = reads
    equal(verdict, "the map is not overtaken" if since is None
          else f"the sharded map is ahead from {since}% reads down", "last line")
