/* SPDX-License-Identifier: MIT */
/* bench/flow.h - what a kind of pool or pipeline is, and what the harness asks of it: the counterpart of bench.h.
 *
 * A kind is a variant of one of the structures
 *   pool    workers that run tasks. A kind defines the macros of bench/flow_pool.h and includes that
 *   pipe    three stages of work, with a thread that feeds them and one that takes what comes out
 *   serve   a pool whose tasks are requests, each of them some reads and writes of a map; its kinds are maps
 *   log     a pipeline that parses lines, counts them in a map by the string in them, and reports; its kinds are maps
 *
 * The tests of pools
 *   (none)   one thread that is no worker submits tasks, WB_FLOW_BATCH of them, and waits until all have run
 *   inside   a task of the pool submits them
 *   fib      a task for each number down to WB_FIB_CUTOFF, which waits for the one that it has begun: fork and join
 *   wake     a pool of one worker sleeps; what is measured is the time from just before submit until the task
 *            runs. Thread and worker have a processor each, as those of the bound have
 *   idle     the pool has run tasks, and has nothing to do for `idle_ms`. What is measured is the time that processors
 *            spent on this process, per second
 *
 * A run makes the pool or pipeline, warms up, measures, checks, and gives it back. */
#ifndef WEIR_BENCH_FLOW_H
#define WEIR_BENCH_FLOW_H

#include "run.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WB_FLOW_BATCH 16384u
#define WB_FIB_OF 27u
#define WB_FIB_CUTOFF 12u /* from here on down without tasks */
#define WB_FIB_RESULT 196418u

enum wb_flow_can { /* beside the plain test */
                   WB_FLOW_INSIDE = 1,
                   WB_FLOW_FIB = 2,
                   WB_FLOW_WAKE = 4,
                   WB_FLOW_IDLE = 8, /* weir's own only: ten seconds each */
                   WB_FLOW_ORDERED = 16,
                   WB_FLOW_UNORDERED = 32,
                   WB_FLOW_ONCE = 64, /* what feeds it ends it: made again for each phase */
};

/* What a thread of the harness is to do. The kind owns everything from `ops` on; the rest is constant during a run. */
struct wb_flow_work {
    void *flow; /* of make */
    const struct wb_shape *shape;
    enum wb_test test;
    const uint32_t *stop; /* != 0: return once everything has been done (atomic relaxed load) */
    struct wb_hist *hist; /* wake */
    int cpu;              /* wake: where the worker is to be; -1: anywhere */
    uint64_t ops;         /* tasks, elements, ... that are done and were right */
    uint64_t wrong;       /* what was not: the run has failed */
};

struct wb_flow {
    struct wb_ring ring; /* what the harness lists: name, structure, package, note */
    unsigned can;        /* enum wb_flow_can */
    void *(*make)(const struct wb_shape *s); /* NULL: could not */
    void (*dispose)(void *flow);
    void (*run)(struct wb_flow_work *w); /* by a thread that submits, or feeds */
    void (*sink)(
        struct wb_flow_work *w); /* by the one that takes what comes out; NULL: there is none */
};

/* A kind, as a variant. `name_` and so on are fields of struct wb_ring. */
#define WB_FLOW(symbol, name_, structure_, package_, note_, can_, make_, dispose_, run_, sink_) \
    const struct wb_flow symbol = { { name_, structure_, package_, note_, WB_IS_FLOW | WB_MPMC, \
                                      NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL },         \
                                    can_,                                                       \
                                    make_,                                                      \
                                    dispose_,                                                   \
                                    run_,                                                       \
                                    sink_ }

/* ---- what plan.c, run.c and text.c ask (flow_plan.c) ------------------------------------------------ */

struct wb_case;

bool wb_flow_has(const struct wb_flow *kind, const struct wb_case *c);
/* The part of a name behind the variant. */
void wb_flow_keys(char *out, size_t n, const struct wb_case *c);
/* The case in words. */
void wb_flow_words(char *out, size_t n, const struct wb_case *c);
/* Threads that have work to do at the same time: workers, or stages' workers and the two ends. */
unsigned wb_flow_threads(const struct wb_shape *s);

/* ---- a run (flow_run.c) ----------------------------------------------------------------------------- */

struct wb_team;

/* As wb_run, but one attempt: WB_NONE says that nothing was done. Once WB_STUCK, *team is NULL. */
enum wb_status wb_flow_test(const struct wb_trial *trial, struct wb_team **team,
                            struct wb_sample *out, struct wb_hist *latencies, char *why,
                            size_t why_size);
double wb_flow_cost(enum wb_test test, const struct wb_shape *shape, double seconds);

/* ---- the account of tasks (flow_tally.c) ------------------------------------------------------------- */

/* What each thread that ever ran a task has run; a line for each. */
struct wb_tally {
    uint64_t ran, sum; /* stored by their thread only; relaxed */
    struct wb_tally *next;
    bool taken;
    char pad_[128 - 3 * 8 - sizeof(bool)];
};

extern __thread struct wb_tally *wb_tally_mine;
struct wb_tally *wb_tally_take(void); /* a thread's first */

static inline struct wb_tally *wb_tally_own(void) {
    struct wb_tally *t = wb_tally_mine;
    return __builtin_expect(t != NULL, 1) ? t : wb_tally_take();
}

/* A task has run. */
static inline void wb_tally_add(uint64_t word) {
    struct wb_tally *t = wb_tally_own();
    __atomic_store_n(&t->sum, t->sum + word, __ATOMIC_RELAXED);
    __atomic_store_n(&t->ran, t->ran + 1, __ATOMIC_RELEASE);
}

struct wb_tally_all {
    uint64_t ran, sum;
};
/* Over all threads. */
struct wb_tally_all wb_tally_sum(void);
/* Sleeps, in steps of some ten microseconds, until so many tasks have run since `since`. */
void wb_tally_await(struct wb_tally_all since, uint64_t n);
/* Whether n tasks have run since then, with this sum of their words. */
bool wb_tally_right(struct wb_tally_all since, uint64_t n, uint64_t sum);

/* Rounds of wb_work (ring_run.h) of a task or of a stage; set before a kind is made. */
extern unsigned wb_flow_rounds;

/* Puts the calling thread onto that processor; -1: on any that the process may use. */
void wb_flow_place(int cpu);
/* Without tasks. */
uint64_t wb_flow_fib(unsigned n);

#ifdef __cplusplus
}
#endif
#endif
