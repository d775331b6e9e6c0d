# SPDX-License-Identifier: MIT
"""04: all pages come; or the first failure ends the other requests, as the server sees, and is the error."""
import httpd
from example import equal, exact, expect, run

with httpd.Server() as server:  # which answers none of them before it has all
    urls = [f"{server.url}/meet/8/page{i}" for i in range(8)]
    exact(run(*urls), "".join(f"{url}: page{i}\n" for i, url in enumerate(urls)) + "all there\n")
    equal([status for _, status in server.statuses()], [200] * 8, "log")

for i in range(2):
    with httpd.Server() as server:  # the others are there to be ended by the failure
        hang, failing = [f"{server.url}/hang/{k}" for k in range(3)], f"{server.url}/fail/3"
        exact(run(*hang[:3 * i], failing, *hang[3 * i:]),
              "".join(f"{url}: given up\n" for url in hang) + f"fetch 4 pages: GET {failing}: HTTP status 500\n")
        equal(sorted(server.statuses(), key=str), [("/fail/3", 500)] + [(f"/hang/{k}", httpd.LEFT) for k in range(3)],
              "log")

expect(run("http://127.0.0.1:1/nobody").startswith("fetch 1 pages: GET http://127.0.0.1:1/nobody: "),
       "nobody answers, and that is not said")
exact(run(), "all there\n")
