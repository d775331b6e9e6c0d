# SPDX-License-Identifier: MIT
"""25: the server sees each request once and never too many a second; one fails, the others do not; the context ends it.
With `whole` as second argument the thousand requests that it makes by itself instead, which takes 20 s."""
import sys

import httpd
from example import equal, expect, matches, run

RATE, BURST, IN_FLIGHT = 50, 10, 10


def all_of(n, *arguments):
    bad = range(13, n + 1, 100)
    with httpd.Server() as server:
        *failed, summary = run(server.url, *arguments).splitlines() or [""]
        equal(sorted(failed), sorted(f"{server.url}/item/{i}: HTTP status 503" for i in bad), "failures")
        equal(summary, f"{n} requests: {n - len(bad)} answered, {len(bad)} failed, 0 given up", "summary")
        equal(sorted(server.statuses()), sorted((f"/item/{i}", 503 if i in bad else 200) for i in range(1, n + 1)), "log")
        # Tokens are granted at most so many in a span of time; what was under way when it began arrives in it too.
        for seconds in 0.25, 0.5, 1.0:
            busiest = server.busiest(seconds)
            print(f"at most {busiest} requests within {seconds} s")
            expect(busiest <= RATE * seconds + BURST + IN_FLIGHT, "more than the limit allows")


if "whole" in sys.argv[2:]:
    all_of(1000)
    sys.exit()
all_of(90, 90, RATE)

with httpd.Server() as server:  # 300 ms are enough for the burst and 15 more
    output = run(server.url, 1000, RATE, 300)
    answered, failed, given_up = map(int, matches(
        output, r"(?:\S+/item/13: HTTP status 503\n)?1000 requests: (\d+) answered, (\d+) failed, (\d+) given up\n").groups())
    expect(answered + failed <= BURST + 16 and given_up >= 1000 - BURST - 16, "the context ended, and requests left")
    expect(len(server.log) <= BURST + 16, f"{len(server.log)} requests in the log")
