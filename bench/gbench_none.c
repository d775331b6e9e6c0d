/* SPDX-License-Identifier: MIT */
/* bench/gbench_none.c - what takes the place of gbench.cc where Google Benchmark was not found.
 * weir-bench then measures its rounds itself (measure.c) and writes no raw.json. */
#include "gbench.h"

#include <stddef.h>
#include <stdio.h>

const char *wb_gbench_version(void) { return NULL; }

int wb_gbench_run(const struct wb_gbench *g, int argc, char **argv) {
    (void)g;
    (void)argc;
    (void)argv;
    (void)fputs(
        "weir-bench: built without Google Benchmark: install libbenchmark-dev and build again\n",
        stderr);
    return 2;
}
