# SPDX-License-Identifier: MIT
"""23: three parts at once; the one that fails is named, and the others are given up; and there is a deadline."""
import httpd
from example import equal, exact, matches, run

with httpd.Server() as server:  # which answers none of them before it has all
    url = server.url
    exact(run(f"{url}/meet/3/ann", f"{url}/meet/3/7", f"{url}/meet/3/up", 60000), "user ann, orders 7, stats up\n")

with httpd.Server() as server:
    url = server.url
    exact(run(f"{url}/hang", f"{url}/fail/2", f"{url}/hang", 60000),
          f"error: load dashboard: load orders: GET {url}/fail/2: HTTP status 500\n")
    equal(sorted(server.statuses(), key=str), [("/fail/2", 500)] + [("/hang", httpd.LEFT)] * 2, "log")

with httpd.Server() as server:
    url = server.url
    matches(run(f"{url}/text/ann", f"{url}/hang", f"{url}/text/up", 500),  # on a slow machine another part is late first
            f"error: load dashboard: load (?:orders: GET {url}/hang|\\w+: GET {url}/text/\\w+): deadline passed\n")
