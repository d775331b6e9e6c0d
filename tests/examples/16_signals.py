# SPDX-License-Identifier: MIT
"""16: either signal ends it, and all workers clean up; with one that does not look, the shutdown times out."""
import signal

from example import end_of, equal, expect, line_of, lines, start


def told(sig, *arguments, status=0):
    child = start(*arguments)
    equal(line_of(child), "running, until SIGINT or SIGTERM", "first line")
    child.send_signal(sig)
    output = end_of(child, status).splitlines()
    said = [s for s in output if not s.startswith("worker ")]
    cleaned = lines("\n".join(s for s in output if s.startswith("worker ")), r"worker (\d): (\d+) ticks, cleaned up")
    equal(said[0], sig.name, "signal")
    return sorted(w for w, _ in cleaned), said[1:]


for sig in signal.SIGINT, signal.SIGTERM:
    equal(told(sig, 60000), ([1, 2, 3, 4, 5], ["shutdown: clean"]), "workers that cleaned up, and the end")

cleaned, (last,) = told(signal.SIGTERM, 500, "stubborn", status=3)
(left,), = lines(last, r"shutdown: timed out, (\d) of 5 workers still run")
expect(1 not in cleaned and left >= 1, "the first worker does not end")
