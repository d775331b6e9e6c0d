/* SPDX-License-Identifier: MIT */
/* tests/pool/pool.h - the cases of a pool, for both kinds: a program each. */
#ifndef WEIR_TESTS_POOL_H
#define WEIR_TESTS_POOL_H

#include <weir/pool.h>

#include "../support/check.h"
#include "../support/threads.h"

extern const unsigned kind; /* enum weir_pool_kind */

static inline struct weir_pool_opts opts_of(unsigned threads) {
    struct weir_pool_opts o = WEIR_POOL_OPTS(threads);
    o.kind = kind;
    return o;
}
weir_pool *pool_with(const struct weir_pool_opts *o);
weir_pool *pool_of(unsigned threads);

/* A gate that tasks wait at, by a futex, which weir does not know of: so they run. */
struct gate {
    weir_au32 open;
    weir_au32 inside, most, passed; /* waiting now; at most at once; ever */
};
int at_gate(weir_ctx *ctx, void *gate);
void gate_open(struct gate *g);
/* Waits until n tasks are there. */
bool gate_has(struct gate *g, unsigned n);

/* Adds one to a weir_au32. */
int count_one(weir_ctx *ctx, void *counter);
static inline uint32_t value(weir_au32 *counter) { return weir_load_relaxed(counter); }
/* Polls for at most 10 s. */
bool comes_to(weir_au32 *counter, uint32_t n);

struct weir_pool_stats stats_of(weir_pool *p);
/* Polls for at most 10 s until a figure is n. */
#define STATS_COME_TO(p, field, n)                                           \
    do {                                                                     \
        weir_time until_ = weir_after(INT64_C(10000000000));                 \
        while (stats_of(p).field != (n) && weir_now() < until_) sleep_ms(1); \
        CHECK_IS(stats_of(p).field, n);                                      \
    } while (0)
/* The sum, and at a quiet instant nothing queued or running. */
void check_sum(weir_pool *p, bool quiet);

/* Threads that submit `each` tasks each, with a delay after one in so many of them (0: none); all are run, and the pool is
 * freed. */
struct traffic {
    weir_pool *pool;
    size_t each, delays;
    weir_au32 ran;
};
void traffic_run(struct traffic *t, size_t threads);

extern const struct test life_tests[], submit_tests[], future_tests[], run_tests[], edge_tests[],
    full_tests[], burst_tests[];
extern const size_t n_life_tests, n_submit_tests, n_future_tests, n_run_tests, n_edge_tests,
    n_full_tests, n_burst_tests;

#endif
