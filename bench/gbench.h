/* SPDX-License-Identifier: MIT */
/* bench/gbench.h - Google Benchmark behind a C interface: gbench.cc is the one C++ file of the
 * harness, gbench_none.c takes its place where the library was not found.
 *
 * Google Benchmark registers, filters, repeats, reports and writes JSON. When it asks for a
 * repetition of a benchmark the harness measures that round of the whole group, unless another
 * benchmark has asked for it before, and hands over this benchmark's own time. */
#ifndef WEIR_BENCH_GBENCH_H
#define WEIR_BENCH_GBENCH_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WB_COUNTERS 12

struct wb_gbench {
    void *ctx;
    unsigned n; /* benchmarks */
    const char *(*name)(void *ctx, unsigned i);
    const char *const *counter_names; /* WB_COUNTERS of them */
    /* Seconds per operation and the counters of benchmark i in repetition r; NAN: it has no such
     * counter. Returns NULL, or why there are none. */
    const char *(*measure)(void *ctx, unsigned i, unsigned r, double *seconds, double *counters);
    const char *const *context; /* pairs of key and value, up to a NULL */
    bool quiet;                 /* nothing on stdout */
    bool json;                  /* JSON on stdout */
    bool all_counters;          /* 0 for those that a benchmark lacks: CSV wants the same in each */
};

/* "1.7.1", or NULL: built without it. */
const char *wb_gbench_version(void);

/* Runs all of them with these arguments: the program's name and --benchmark_ flags. Returns 0, or
 * 2 for a flag that Google Benchmark does not know, after a line on stderr. */
int wb_gbench_run(const struct wb_gbench *g, int argc, char **argv);

#ifdef __cplusplus
}
#endif
#endif
