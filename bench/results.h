/* SPDX-License-Identifier: MIT */
/* bench/results.h - what the samples of a plan say. */
#ifndef WEIR_BENCH_RESULTS_H
#define WEIR_BENCH_RESULTS_H

#include "plan.h"
#include "stats.h"

/* Fewer rounds than this give no verdict: the interval of a median of five is not yet a 95 % one.
 */
#define WB_ROUNDS_FOR_VERDICT 6

struct wb_result {
    const struct wb_item *item;
    enum wb_status status;
    unsigned rounds; /* samples that count */
    struct wb_interval ns, ops;
    bool compared;            /* beside weir: the fields up to verdict are set */
    struct wb_interval ratio; /* > 1: weir is better */
    double mwu_p;
    const char *verdict; /* of weir: "faster", "slower", "equal", "undecided"; "" */
    double bound_share;  /* median of bound over this, in time; 0: no bound applies */
    const struct wb_item *bound;
    double p50_ns, p90_ns, p99_ns, p999_ns, max_ns;                /* latency cases, else 0 */
    double fair_min_max, csw_per_op, cpu_s_per_mop, misses_per_op; /* medians */
    double disorder; /* elements out of order in all rounds, of a variant that promises no order */
    double bytes, bytes_low, bytes_high; /* per entry: run.h; medians */
    double garbage;                      /* the most of all rounds */
    char note[320];
};

/* One per item of the plan, in its order; absent items have WB_ABSENT. Free with free(). */
struct wb_result *wb_results(const struct wb_plan *plan);

/* Ratios of b's time to a's in each round that has both (a's throughput over b's); how many. `out`
 * has room for plan->rounds. */
unsigned wb_ratios(const struct wb_plan *plan, const struct wb_item *a, const struct wb_item *b,
                   double *out);

/* The item that bounds this one (bounds.h), or NULL. Its ratio to this one is the share that this
 * one reaches of what the hardware allows. */
const struct wb_item *wb_bound_of(const struct wb_plan *plan, const struct wb_item *item);
/* How many times the bound's throughput is the bound: of maps, whose bound is one thread, their threads. */
double wb_bound_times(const struct wb_item *item);

/* The words for an interval of weir's ratio: rulings of the bench, see results.c. */
const char *wb_verdict(struct wb_interval ratio, unsigned rounds);

/* Whether a row of the tables stands for it. */
bool wb_result_shown(const struct wb_result *r);

const char *wb_status_word(enum wb_status s);

#endif
