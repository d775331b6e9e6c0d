# SPDX-License-Identifier: MIT
"""27: both ways give the same sum; the pool needs no more memory than the threads."""
from example import equal, expect, lines, run

head, _, rows = run(300, 4).partition("\n")
equal(head, "300 tasks, 4 workers", "first line")
(way, time, memory, total), (other_way, other_time, other_memory, other_total) = lines(
    rows, r"(a thread each|a pool) +(\d+\.\d+) s +(\d+) kB +sum (\d+)")
equal((way, other_way), ("a thread each", "a pool"), "ways")
equal(total, other_total, "sums")
expect(time > 0 and other_time > 0, "it takes time")
expect(other_memory <= memory + 4096, "the pool's memory is bounded by its workers")
