/* SPDX-License-Identifier: MIT */
/* bench/ratios.h - hit ratios of policies and of real caches, all from the same traces in one run (C1).
 *
 * Each policy sees every request of a trace, the first ones of an empty cache too. A real cache is asked by one
 * thread, and by several: they take the next request in turn, so that the order is the trace's but for what is in
 * flight. What counts as the best is the best of the simulated policies. */
#ifndef WEIR_BENCH_RATIOS_H
#define WEIR_BENCH_RATIOS_H

#include <stdio.h>

#include "sim.h"
#include "trace.h"

struct wb_ratio {
    const struct wb_policy *policy;
    bool real;
    unsigned threads;
    uint64_t hits;
    size_t len; /* entries at the end: never more than the capacity */
};

/* One trace and one capacity. */
struct wb_ratio_case {
    const char *workload; /* its name, or the file's */
    const char *words;    /* what it is; "": a file */
    bool loops;
    size_t requests, capacity;
    uint32_t keys;
    struct wb_ratio *ratio; /* the simulated ones first */
    unsigned n, simulated;
    unsigned best; /* of the simulated ones */
};

struct wb_ratios {
    struct wb_ratio_case *at;
    unsigned n;
    bool incomplete; /* it was interrupted: what was not measured to the end is not here */
};

/* Adds a case, with `threads` threads besides one. False: `why` gets one line; or, where that is empty, it was
 * interrupted. */
bool wb_ratios_add(struct wb_ratios *r, const struct wb_ratio_case *what,
                   const struct wb_trace *trace, unsigned threads, char *why, size_t size);
void wb_ratios_free(struct wb_ratios *r);

/* Percent of the requests. */
double wb_ratio_percent(const struct wb_ratio_case *c, const struct wb_ratio *r);

/* The bars of C1, about what is called weir: within WB_RATIO_POINTS of the best, or, of the loop, over
 * WB_RATIO_LOOP percent; and by several threads within WB_RATIO_THREADS of its own by one. */
#define WB_RATIO_POINTS 1.7
#define WB_RATIO_LOOP 55.0
#define WB_RATIO_THREADS 0.5
/* Whether it meets them; true of what no bar is about. */
bool wb_ratio_met(const struct wb_ratio_case *c, const struct wb_ratio *r);
unsigned wb_ratios_missed(const struct wb_ratios *r);

/* ---- what comes out: false if writing failed ------------------------------------------------------------- */

bool wb_ratios_table(const struct wb_ratios *r, FILE *f);
bool wb_ratios_csv(const struct wb_ratios *r, FILE *f);
bool wb_ratios_json(const struct wb_ratios *r, FILE *f);
/* ratios.csv and ratios.json; one line on stderr for what could not be written. */
bool wb_ratios_write(const struct wb_ratios *r, const char *dir);

/* The subcommands cache-trace and cache-ratios: argv[0] is its name. What the program exits with. */
int wb_ratios_main(int argc, char **argv);

#endif
