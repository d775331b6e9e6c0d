/* SPDX-License-Identifier: MIT */
/* tests/pool/burst.c - more tasks at once than a queue without a bound has room for at first: P12. */
#include <stdlib.h>

#include "../support/points.h"
#include "pool.h"

struct in_order {
    uint32_t mine;
    weir_au32 *next;
    weir_au32 *wrong;
};

static int runs_in_order(weir_ctx *ctx, void *arg) {
    struct in_order *o = arg;
    (void)ctx;
    if (weir_fetch_add_relaxed(o->next, 1) != o->mine) (void)weir_fetch_add_relaxed(o->wrong, 1);
    return 0;
}

/* Through rings of 1024, 2048 and 4096 slots; and again, from there on. */
static void p12_order(void) {
    enum { TASKS = 5000 };
    static struct in_order o[TASKS];
    weir_pool *p = pool_of(1);
    for (int r = 0; r < 2; r++) {
        struct gate g = { { 0 }, { 0 }, { 0 }, { 0 } };
        weir_au32 next = { 0 }, wrong = { 0 };
        CHECK_IS(weir_pool_submit(p, at_gate, NULL, &g), 0);
        CHECK(gate_has(&g, 1), "it runs");
        for (uint32_t i = 0; i < TASKS; i++) {
            o[i] = (struct in_order){ i, &next, &wrong };
            CHECK_IS(weir_pool_submit(p, runs_in_order, NULL, &o[i]), 0);
            if (i % 500 == 0) CHECK_IS(stats_of(p).queued, i + 1);
        }
        gate_open(&g);
        CHECK_IS(weir_pool_quiet(p), 0);
        CHECK_IS(value(&next), TASKS);
        CHECK_IS(value(&wrong), 0);
        check_sum(p, true);
    }
    CHECK_IS(weir_pool_free(p), 0);
}

/* Three submitters and four workers meet where rings are full, closed, made and left behind. */
static void p12_rings(void) {
    points_delay(true);
    for (size_t r = 0; r < times(4); r++) {
        struct traffic t = { pool_of(4), 2000, 0, { 0 } };
        traffic_run(&t, 3);
    }
    points_delay(false);
}

struct meeting {
    weir_pool *pool;
    weir_au32 ran, made;
};

/* One has filled the first ring, of 1024 slots, and made the second; the other has no edge from him but by the pool. */
static void meet(void *arg, size_t who) {
    struct meeting *m = arg;
    if (who == 1) CHECK(comes_to(&m->made, 1), "the other one is not through");
    for (int i = 0; i < (who == 0 ? 1025 : 1); i++)
        CHECK_IS(weir_pool_submit(m->pool, count_one, NULL, &m->ran), 0);
    if (who == 0) weir_store_relaxed(&m->made, 1); /* no edge */
}

static void p12_second(void) {
    struct gate g = { { 0 }, { 0 }, { 0 }, { 0 } };
    struct meeting m = { pool_of(1), { 0 }, { 0 } };
    CHECK_IS(weir_pool_submit(m.pool, at_gate, NULL, &g), 0);
    CHECK(gate_has(&g, 1), "it runs");
    team_run(2, meet, &m);
    CHECK_IS(stats_of(m.pool).queued, 1026);
    gate_open(&g);
    CHECK_IS(weir_pool_quiet(m.pool), 0);
    CHECK_IS(value(&m.ran), 1026);
    check_sum(m.pool, true);
    CHECK_IS(weir_pool_free(m.pool), 0);
}

/* ---- two make the next ring at once --------------------------------------------------------------------------------------- */

#define FULL 1024         /* slots of the first ring */
#define LARGE (48u << 10) /* the next one has more bytes, and nothing else of a pool has */

struct both {
    struct weir_alloc as;
    weir_pool *pool;
    weir_au32 asked, given, n;
    bool one; /* it gets its memory, but not before the other was refused */
};

static void *both_alloc(void *self, size_t size, size_t align) {
    struct both *b = self;
    if (size > LARGE) {
        uint32_t nth = weir_fetch_add_seq_cst(&b->asked, 1, 0);
        CHECK(comes_to(&b->asked, 2), "both ask for a ring");
        if (nth == 1 || !b->one) return NULL;
        sleep_ms(20);
    }
    return aligned_alloc(align, (size + align - 1) / align * align);
}
static void both_free(void *self, void *p, size_t size, size_t align) {
    (void)self;
    (void)size;
    (void)align;
    free(p);
}

static void submits_one(void *arg, size_t who) {
    struct both *b = arg;
    (void)who;
    int rc = weir_pool_submit(b->pool, count_one, NULL, &b->n);
    CHECK_IS(rc, b->one ? 0 : WEIR_ENOMEM);
}

static void grow_at_once(bool one) {
    struct gate g = { { 0 }, { 0 }, { 0 }, { 0 } };
    struct both b = { .as = { both_alloc, both_free, NULL }, .one = one };
    struct weir_pool_opts o = opts_of(1);
    b.as.self = &b;
    o.alloc = &b.as;
    b.pool = pool_with(&o);
    CHECK_IS(weir_pool_submit(b.pool, at_gate, NULL, &g), 0);
    CHECK(gate_has(&g, 1), "it runs");
    for (int i = 0; i < FULL; i++) CHECK_IS(weir_pool_submit(b.pool, count_one, NULL, &b.n), 0);
    team_run(2, submits_one, &b);
    CHECK_IS(stats_of(b.pool).refused, one ? 0 : 2);
    gate_open(&g);
    CHECK_IS(weir_pool_quiet(b.pool), 0);
    CHECK_IS(value(&b.n), FULL + (one ? 2 : 0));
    check_sum(b.pool, true);
    CHECK_IS(weir_pool_free(b.pool), 0);
}

/* Who gets no memory for a ring waits for who is about to make it; where nobody gets any, both are refused. */
static void p12_both(void) {
    if (kind == WEIR_POOL_MUTEX) return; /* it has no rings */
    grow_at_once(true);
    grow_at_once(false);
}

/* More than the first rings hold, for four workers. */
static void p12_flood(void) {
    enum { WORKERS = 4, TASKS = 5000 };
    weir_pool *p = pool_of(WORKERS);
    points_delay(true);
    for (size_t r = 0; r < times(8); r++) {
        struct gate g = { { 0 }, { 0 }, { 0 }, { 0 } };
        weir_au32 n = { 0 };
        for (int i = 0; i < WORKERS; i++) CHECK_IS(weir_pool_submit(p, at_gate, NULL, &g), 0);
        CHECK(gate_has(&g, WORKERS), "%u at the gate", value(&g.inside));
        for (int i = 0; i < TASKS; i++) CHECK_IS(weir_pool_submit(p, count_one, NULL, &n), 0);
        gate_open(&g);
        CHECK(comes_to(&n, TASKS), "%u of %d tasks have run", value(&n), TASKS);
        CHECK_IS(weir_pool_quiet(p), 0);
        CHECK_IS(value(&n), TASKS);
    }
    points_delay(false);
    check_sum(p, true);
    CHECK_IS(weir_pool_free(p), 0);
}

const struct test burst_tests[] = {
    { "P12 a burst beyond the first rings, four workers", p12_flood },
    { "P12 one worker runs an unbounded queue in the order of submission", p12_order },
    { "P12 a ring is whole for who finds it made", p12_second },
    { "P12 two make the next ring, and one gets memory: both tasks are taken", p12_both },
    { "P12 rings fill and are left behind while others put in and take", p12_rings },
};
const size_t n_burst_tests = sizeof burst_tests / sizeof *burst_tests;
