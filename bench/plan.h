/* SPDX-License-Identifier: MIT */
/* bench/plan.h - what a call of weir-bench measures: cases, variants, groups, rounds.
 *
 *   case    one point of a workload's axes: "mpmc/P:2/C:2/cap:1024/size:8/batch:1"
 *   item    a case with a variant: "mpmc/weir/P:2/C:2/cap:1024/size:8/batch:1"
 *   group   the items that are measured together: one round of a group runs each of its items
 *           once, in
 *           an order of its own, and ratios are formed between samples of one round
 *
 * The plan owns all of it, and the samples. */
#ifndef WEIR_BENCH_PLAN_H
#define WEIR_BENCH_PLAN_H

#include "options.h"
#include "run.h"

#define WB_NAME_BYTES 160
#define WB_GROUPS_MAX 96

struct wb_case {
    char name[WB_NAME_BYTES]; /* without the variant */
    const char *workload;     /* "Q1" to "Q10", "M1" to "M6", "F1" to "F4", "bound" */
    const char
        *structure; /* "spsc", "mpmc", "chan", ..., "map", "strmap", "pool", "pipe", ..., "bound" */
    const char *title; /* of a bound: what it is; else NULL */
    enum wb_test test;
    struct wb_shape shape;
    unsigned threads;
    unsigned items; /* variants that are measured */
    bool one_cpu;
};

struct wb_item {
    const struct wb_case *of;
    const struct wb_ring *ring;
    char name[WB_NAME_BYTES];
    struct wb_sample *samples; /* one per round of the plan */
    struct wb_hist *latencies; /* of all rounds; NULL: none were measured here */
    enum wb_status status;     /* WB_OK, or what ended it */
    unsigned late;             /* rounds that took more than five times their time */
    double
        setup; /* seconds that filling its table takes; 0: it has none, or another item fills it */
    bool refills; /* that has to be done in every round */
    char why[128];
};

struct wb_group {
    const char *name;
    bool one_cpu;
    struct wb_item *items; /* those of one case stand together, weir first */
    unsigned n;
    unsigned rounds_done;
};

struct wb_plan {
    const struct wb_options *opt;
    struct wb_case *cases;
    unsigned n_cases;
    struct wb_item *items; /* of all groups, one after the other */
    unsigned n_items;
    struct wb_group groups[WB_GROUPS_MAX];
    unsigned n_groups;
    unsigned rounds;
    double seconds; /* per run */
};

/* Makes the plan from the options; prints one line and returns 2 if nothing is left to measure. */
int wb_plan_make(struct wb_plan *plan, const struct wb_options *opt);
void wb_plan_free(struct wb_plan *plan);

/* Seconds that measuring all of it takes by plan (cost.h). */
double wb_plan_estimate(const struct wb_plan *plan);

/* The item of this name, or NULL. */
const struct wb_item *wb_plan_find(const struct wb_plan *plan, const char *name);

/* What others of its structure are compared with: "weir", and of maps, and what stands on them, "weir_map". */
const char *wb_plan_reference(const char *structure);

/* The item of the same case with another variant, or NULL. */
const struct wb_item *wb_plan_beside(const struct wb_plan *plan, const struct wb_item *item,
                                     const char *variant);

/* The test of the bound that says something about the case, as in the bound's name; NULL: none does.
 * Two read-modify-writes bound rings whose both ends are shared, alone; a copy of the payload bounds
 * streams that go as fast as they can; a futex what sleeps, a line each way what spins first. */
const char *wb_plan_bound(const struct wb_case *c);

/* P and C of the oversubscribed case: eight threads per processor. */
unsigned wb_oversubscribed(void);

/* ---- what suite.c fills a plan with ---------------------------------------------------------- */

enum wb_who {
    WB_ALL, /* every variant that has what the case needs */
    WB_FEW, /* weir in each of its kinds, its mutex version, Concurrency Kit, Go; of maps Boost's */
    WB_OURS, /* nothing that comes from elsewhere */
};

struct wb_row {
    const char *workload, *structure;
    enum wb_test test;
    unsigned producers, consumers;
    size_t cap, size;
    unsigned batch, work_ns, gap_ns, ways, ready, sends;
    double rate;
    bool blocking;
    struct wb_map_shape map;
    struct wb_flow_shape flow;
    enum wb_who who;
    const char *variants; /* NULL, or of those that `who` has only these: "weir_map,plain" */
};

/* How long a channel is left idle, so that its receiver sleeps, in the case that has a bound. */
#define WB_GAP_NS 200000

struct wb_builder;
void wb_build_group(struct wb_builder *b, const char *name, bool one_cpu);
void wb_build_row(struct wb_builder *b, const struct wb_row *row);
/* The values of the axis N: those of --threads, else the usual ones (up to a 0); and how many. */
const unsigned *wb_build_axis(const struct wb_builder *b, const unsigned *usual, unsigned *n);

/* Milliseconds for which a reader is stopped in the case that is about that: --stall, or ten seconds. */
unsigned wb_build_stall(const struct wb_builder *b);

struct wb_suite {
    const char *name;
    void (*build)(struct wb_builder *b);
    double seconds;        /* per run, at most; */
    double budget;         /* seconds in all, for which the time per run is shortened; 0: none */
    unsigned rounds;       /* if none are asked for; 0: the usual */
    bool variants_of_weir; /* weir_generic and the like too */
    bool hidden;           /* not in the usage */
};
/* What flow_suite.c adds to the suites. */
void wb_suite_flow(struct wb_builder *b);
void wb_suite_flow_small(struct wb_builder *b);
void wb_suite_flow_quick(struct wb_builder *b);
void wb_suite_flow_try(struct wb_builder *b);

/* What map_suite.c adds to the suites. */
void wb_suite_maps(struct wb_builder *b);
void wb_suite_maps_bars(struct wb_builder *b); /* map_bars.c */
void wb_suite_maps_stalled(struct wb_builder *b);
void wb_suite_maps_small(struct wb_builder *b);
void wb_suite_maps_quick(struct wb_builder *b);
void wb_suite_maps_try(struct wb_builder *b);

/* What cache_suite.c adds to the suites. */
void wb_suite_cache(struct wb_builder *b);
void wb_suite_cache_small(struct wb_builder *b);
void wb_suite_cache_quick(struct wb_builder *b);

extern const struct wb_suite wb_suites[]; /* ends with a NULL name */
const struct wb_suite *wb_suite_find(const char *name);

#endif
