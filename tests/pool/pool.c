/* SPDX-License-Identifier: MIT */
/* tests/pool/pool.c - see pool.h. */
#include "pool.h"

#include <string.h>

#include "lib/os.h"

weir_pool *pool_with(const struct weir_pool_opts *o) {
    weir_pool *p = NULL;
    CHECK_IS(weir_pool_new(&p, o), 0);
    return p;
}

weir_pool *pool_of(unsigned threads) {
    struct weir_pool_opts o = opts_of(threads);
    return pool_with(&o);
}

int at_gate(weir_ctx *ctx, void *gate) {
    struct gate *g = gate;
    (void)ctx;
    uint32_t n = weir_fetch_add_seq_cst(&g->inside, 1, 0) + 1;
    uint32_t most = weir_load_relaxed(&g->most);
    while (most < n && !weir_cas_relaxed(&g->most, &most, n)) {
    }
    while (weir_load_acquire(&g->open, 0) == 0)
        (void)weir__os_futex_wait(&g->open, 0, WEIR_FOREVER);
    (void)weir_fetch_sub_relaxed(&g->inside, 1);
    (void)weir_fetch_add_relaxed(&g->passed, 1);
    return 0;
}

void gate_open(struct gate *g) {
    weir_store_release(&g->open, 1, 0);
    weir__os_futex_wake(&g->open, 1000);
}

bool gate_has(struct gate *g, unsigned n) { return comes_to(&g->inside, n); }

int count_one(weir_ctx *ctx, void *counter) {
    (void)ctx;
    (void)weir_fetch_add_seq_cst((weir_au32 *)counter, 1, 0);
    return 0;
}

bool comes_to(weir_au32 *counter, uint32_t n) {
    weir_time until = weir_after(INT64_C(10000000000));
    for (unsigned k = 0; weir_load_acquire(counter, 0) != n; give_way(&k))
        if (weir_now() > until) return false;
    return true;
}

struct weir_pool_stats stats_of(weir_pool *p) {
    struct weir_pool_stats s;
    memset(&s, 0xa5, sizeof s);
    CHECK_IS(weir_pool_stats(p, &s), 0);
    return s;
}

void check_sum(weir_pool *p, bool quiet) {
    struct weir_pool_stats s = stats_of(p);
    CHECK_IS(s.submitted, s.refused + s.queued + s.running + s.ok + s.failed + s.cancelled);
    if (!quiet) return;
    CHECK_IS(s.queued, 0);
    CHECK_IS(s.running, 0);
}

static void submits(void *arg, size_t who) {
    struct traffic *t = arg;
    (void)who;
    for (size_t k = 0; k < t->each && checks_hold(); k++) {
        CHECK_IS(weir_pool_submit(t->pool, count_one, NULL, &t->ran), 0);
        if (t->delays && k % t->delays == 0) random_delay();
    }
}

void traffic_run(struct traffic *t, size_t threads) {
    team_run(threads, submits, t);
    CHECK_IS(weir_pool_quiet(t->pool), 0);
    CHECK_IS(value(&t->ran), threads * t->each);
    check_sum(t->pool, true);
    CHECK_IS(weir_pool_free(t->pool), 0);
}
