/* SPDX-License-Identifier: MIT */
/* tests/pool/full.c - where two things meet in a queue that is full: a future and a caller that runs its task, priorities, a
 * context that ends; and streams of tasks, with one that waits behind them: P09, P12. */
#include <weir/debug.h>

#include <string.h>

#include "../support/points.h"
#include "pool.h"

static void clear(struct gate *g, size_t n) { memset(g, 0, n * sizeof *g); }

/* ---- P09 ------------------------------------------------------------------------------------------------------------ */

struct here {
    weir_pool *pool;
    weir_future f;
    weir_au32 n, waiter, begun;
};

/* By the thread that submitted it. It ends once the other worker sleeps in its wait for it. */
static int runs_here(weir_ctx *ctx, void *arg) {
    struct here *h = arg;
    (void)count_one(ctx, &h->begun);
    STATS_COME_TO(h->pool, blocked, 1);
    return 0;
}
static int waits_for_it(weir_ctx *ctx, void *arg) {
    struct here *h = arg;
    (void)count_one(ctx, &h->waiter);
    CHECK(comes_to(&h->begun, 1), "the task runs");
    CHECK_IS(weir_future_wait(&h->f), 0);
    return weir_future_code(&h->f);
}
static int fills_and_runs(weir_ctx *ctx, void *arg) {
    struct here *h = arg;
    CHECK(comes_to(&h->waiter, 1), "the other worker is there");
    CHECK_IS(weir_pool_submit(h->pool, count_one, ctx, &h->n), 0);
    CHECK_IS(weir_pool_async(h->pool, &h->f, runs_here, ctx, h), 0);
    CHECK(weir_future_is_done(&h->f), "it has run here");
    return 0;
}

/* A future whose task its submitter runs was never queued; and its last task, if any, was another pool's. */
static void p09_waits_here(void) {
    for (int used = 0; used < 2; used++) {
        struct here h = { .f = WEIR_FUTURE_INIT };
        struct weir_pool_opts o = opts_of(2);
        if (used) {
            weir_pool *before = pool_of(1);
            CHECK_IS(weir_pool_async(before, &h.f, count_one, NULL, &h.n), 0);
            CHECK_IS(weir_future_wait(&h.f), 0);
            CHECK_IS(weir_pool_free(before), 0);
        }
        o.cap = 1;
        h.pool = pool_with(&o);
        CHECK_IS(weir_pool_submit(h.pool, waits_for_it, NULL, &h), 0);
        CHECK(comes_to(&h.waiter, 1), "it runs");
        CHECK_IS(weir_pool_submit(h.pool, fills_and_runs, NULL, &h), 0);
        CHECK_IS(weir_pool_quiet(h.pool), 0);
        CHECK_IS(stats_of(h.pool).by_caller, 1);
        check_sum(h.pool, true);
        CHECK_IS(weir_pool_free(h.pool), 0);
    }
}

struct waiting {
    weir_pool *pool;
    weir_au32 *n;
    unsigned level;
};
static int64_t submits_at(void *arg) {
    struct waiting *w = arg;
    struct weir_job job = { count_one, NULL, w->n, NULL, w->level };
    return weir_pool_submit_wait(w->pool, &job, WEIR_FOREVER, NULL);
}

/* Room in one level wakes one who waits for that, whoever waits for room in another. */
static void p09_levels(void) {
    struct gate g[2];
    struct call call[2];
    weir_au32 n = { 0 };
    struct weir_pool_opts o = opts_of(1);
    clear(g, 2);
    o.cap = 1;
    weir_pool *p = pool_with(&o);
    struct weir_job high = { at_gate, NULL, &g[1], NULL, WEIR_HIGH };
    struct waiting w[] = { { p, &n, WEIR_NORMAL }, { p, &n, WEIR_HIGH } };
    CHECK_IS(weir_pool_submit(p, at_gate, NULL, &g[0]), 0);
    CHECK(gate_has(&g[0], 1), "it runs");
    CHECK_IS(weir_pool_submit(p, count_one, NULL, &n), 0);
    CHECK_IS(weir_pool_submit_wait(p, &high, WEIR_FOREVER, NULL), 0);
    for (int i = 0; i < 2; i++) {
        call_start(&call[i], submits_at, &w[i]);
        CHECK(call_sleeps(&call[i]), "there was room");
    }
    gate_open(&g[0]); /* the one of high priority is taken, and stays */
    CHECK(call_returns(&call[1], 10000), "it sleeps beside room of its level");
    CHECK(!call_done(&call[0]), "there was no room of this one");
    gate_open(&g[1]);
    for (int i = 0; i < 2; i++) CHECK_IS(call_end(&call[i]), 0);
    CHECK_IS(weir_pool_free(p), 0);
    CHECK_IS(value(&n), 3);
}

struct cancelled {
    weir_pool *pool;
    struct stop stop;
    weir_ctx *ctx;
    weir_au32 n;
};
static int64_t submits_until(void *arg) {
    struct cancelled *c = arg;
    struct weir_job job = WEIR_JOB(count_one, NULL, &c->n);
    stop_me(&c->stop);
    return weir_pool_submit_wait(c->pool, &job, WEIR_FOREVER, c->ctx);
}

/* Its context ends after the call has looked at it: the task is run here, or refused; and nothing is left of it. */
static void p09_ends_here(void) {
    struct cancelled c = { .ctx = NULL };
    struct gate g;
    struct call call;
    weir_au32 n = { 0 };
    struct weir_pool_opts o = opts_of(1);
    clear(&g, 1);
    stop_init(&c.stop, "pool.put");
    o.cap = 1;
    o.full = WEIR_POOL_CALLER;
    c.pool = pool_with(&o);
    CHECK_IS(weir_ctx_new(&c.ctx, NULL, WEIR_FOREVER), 0);
    CHECK_IS(weir_pool_submit(c.pool, at_gate, NULL, &g), 0);
    CHECK(gate_has(&g, 1), "it runs");
    CHECK_IS(weir_pool_submit(c.pool, count_one, NULL, &n), 0);
    call_start(&call, submits_until, &c);
    CHECK(stop_wait(&c.stop), "it submits");
    CHECK_IS(weir_ctx_cancel(c.ctx, 0), 0);
    stop_release(&c.stop);
    int64_t rc = call_end(&call);
    CHECK(rc == 0 || rc == WEIR_ECANCELED, "%d", (int)rc);
    CHECK_IS(value(&c.n), rc == 0);
    gate_open(&g);
    CHECK_IS(weir_pool_quiet_wait(c.pool, weir_after(INT64_C(10000000000)), NULL), 0);
    check_sum(c.pool, true);
    CHECK_IS(weir_pool_free(c.pool), 0);
    weir_ctx_unref(c.ctx);
    stop_fini(&c.stop);
}

struct leaving {
    weir_pool *pool;
    struct gate g[2];
    weir_au32 n;
};
static int submits_and_stays(weir_ctx *ctx, void *arg) {
    struct leaving *l = arg;
    CHECK_IS(weir_pool_submit(l->pool, count_one, NULL, &l->n), 0);
    return at_gate(ctx, &l->g[0]);
}

/* What a worker has left behind takes no room of those outside. */
static void p09_left(void) {
    struct leaving l = { .n = { 0 } };
    struct weir_pool_opts o = opts_of(2);
    clear(l.g, 2);
    o.cap = 2;
    o.full = WEIR_POOL_REFUSE;
    l.pool = pool_with(&o);
    CHECK_IS(weir_pool_submit(l.pool, at_gate, NULL, &l.g[1]), 0);
    CHECK(gate_has(&l.g[1], 1), "it runs");
    CHECK_IS(weir_pool_submit(l.pool, submits_and_stays, NULL, &l), 0);
    CHECK(gate_has(&l.g[0], 1), "it runs");
    CHECK_IS(weir_pool_resize(l.pool, 1, 0), 0);
    gate_open(&l.g[0]);
    STATS_COME_TO(l.pool, workers, 1);
    CHECK_IS(stats_of(l.pool).queued, 1);
    CHECK_IS(weir_pool_submit(l.pool, count_one, NULL, &l.n), 0);
    gate_open(&l.g[1]);
    CHECK_IS(weir_pool_free(l.pool), 0);
    CHECK_IS(value(&l.n), 2);
}

/* ---- P12 ------------------------------------------------------------------------------------------------------------ */

struct stream {
    weir_pool *pool;
    unsigned level;
    weir_au32 *until, *begun;
};
static int goes_on(weir_ctx *ctx, void *arg) {
    struct stream *s = arg;
    struct weir_job again = { goes_on, ctx, s, NULL, s->level };
    if (value(s->begun) < 1000) (void)count_one(ctx, s->begun);
    if (value(s->until) == 0)
        CHECK_IS(weir_pool_submit_wait(s->pool, &again, WEIR_FOREVER, NULL), 0);
    return 0;
}

/* One of normal priority from outside, behind two streams: of high or normal priority, and of low. */
static void p12_streams(void) {
    const unsigned levels[] = { WEIR_HIGH, WEIR_NORMAL };
    for (int i = 0; i < 2; i++) {
        weir_au32 n = { 0 }, begun = { 0 };
        weir_pool *p = pool_of(1);
        struct stream s[] = { { p, levels[i], &n, &begun }, { p, WEIR_LOW, &n, &begun } };
        for (int k = 0; k < 4; k++) {
            struct weir_job job = { goes_on, NULL, &s[k % 2], NULL, s[k % 2].level };
            CHECK_IS(weir_pool_submit_wait(p, &job, WEIR_FOREVER, NULL), 0);
        }
        CHECK(comes_to(&begun, 1000), "the streams flow");
        CHECK_IS(weir_pool_submit(p, count_one, NULL, &n), 0);
        CHECK(comes_to(&n, 1), "it was never run");
        (void)count_one(NULL, &n); /* else the streams never end */
        CHECK_IS(weir_pool_free(p), 0);
    }
}

struct taken {
    weir_pool *pool;
    struct stop stop;
    struct gate g;
};
static int stops_next(weir_ctx *ctx, void *arg) {
    struct taken *t = arg;
    (void)ctx;
    stop_me(&t->stop);
    return 0;
}

/* What a worker had in its hands when it became one too many, behind streams of the same priority and of normal one. */
static void left_behind_streams(unsigned level) {
    struct taken t;
    weir_au32 n = { 0 }, begun = { 0 };
    memset(&t, 0, sizeof t);
    stop_init(&t.stop, "mpmc.pop.stamped");
    t.pool = pool_of(2);
    struct stream s[] = { { t.pool, level, &n, &begun }, { t.pool, WEIR_NORMAL, &n, &begun } };
    struct weir_job left = { count_one, NULL, &n, NULL, level };
    CHECK_IS(weir_pool_submit(t.pool, at_gate, NULL, &t.g), 0);
    CHECK(gate_has(&t.g, 1), "it runs");
    CHECK_IS(weir_pool_submit(t.pool, stops_next, NULL, &t), 0);
    STATS_COME_TO(t.pool, ok, 1);
    CHECK_IS(weir_pool_submit_wait(t.pool, &left, WEIR_FOREVER, NULL), 0);
    CHECK(stop_wait(&t.stop), "it is taken");
    CHECK_IS(weir_pool_resize(t.pool, 1, 0), 0);
    for (int k = 0; k < 4; k++) {
        struct weir_job job = { goes_on, NULL, &s[k % 2], NULL, s[k % 2].level };
        CHECK_IS(weir_pool_submit_wait(t.pool, &job, WEIR_FOREVER, NULL), 0);
    }
    stop_release(&t.stop);
    STATS_COME_TO(t.pool, workers, 1);
    CHECK_IS(value(&n), 0);
    gate_open(&t.g);
    CHECK(comes_to(&n, 1), "it was never run");
    (void)count_one(NULL, &n); /* else the streams never end */
    CHECK_IS(weir_pool_free(t.pool), 0);
    stop_fini(&t.stop);
}

static void p12_left(void) {
    if (kind == WEIR_POOL_MUTEX) {
        test_skip("what a worker takes there it runs");
        return;
    }
    left_behind_streams(WEIR_HIGH);
    left_behind_streams(WEIR_LOW);
}

/* One of each priority, by a task. */
static int submits_each(weir_ctx *ctx, void *arg) {
    struct leaving *l = arg;
    for (unsigned level = 0; level <= WEIR_LOW; level++) {
        struct weir_job job = { count_one, ctx, &l->n, NULL, level };
        CHECK_IS(weir_pool_submit_wait(l->pool, &job, WEIR_FOREVER, NULL), 0);
    }
    return 0;
}

static void p12_inside(void) {
    struct leaving l = { .n = { 0 } };
    l.pool = pool_of(2);
    CHECK_IS(weir_pool_submit(l.pool, submits_each, NULL, &l), 0);
    CHECK_IS(weir_pool_drain(l.pool), 0);
    CHECK_IS(stats_of(l.pool).inside, 3);
    CHECK_IS(weir_pool_free(l.pool), 0);
}

/* A worker that submits without end, and takes its nodes back from who steals the tasks. */
enum { STOLEN = 6000 };
static int submits_on(weir_ctx *ctx, void *arg) {
    struct stream *s = arg;
    for (size_t i = 0; i < STOLEN; i++)
        CHECK_IS(weir_pool_submit(s->pool, count_one, ctx, s->begun), 0);
    return 0;
}

static void p12_stolen(void) {
    weir_au32 n = { 0 };
    struct stream s = { .pool = pool_of(3), .begun = &n };
    for (int i = 0; i < 2; i++) CHECK_IS(weir_pool_submit(s.pool, submits_on, NULL, &s), 0);
    CHECK_IS(weir_pool_drain(s.pool), 0);
    CHECK_IS(value(&n), 2 * STOLEN);
    check_sum(s.pool, true);
    CHECK_IS(weir_pool_free(s.pool), 0);
}

static void p12_leak(void) {
    struct gate g;
    clear(&g, 1);
    int before = weir_leak_check();
    weir_pool *p = pool_of(2);
    CHECK_IS(weir_pool_submit(p, at_gate, NULL, &g), 0);
    CHECK(gate_has(&g, 1), "it runs");
    CHECK_IS(weir_leak_check(), before + 2);
    gate_open(&g);
    CHECK_IS(weir_pool_free(p), 0);
    CHECK_IS(weir_leak_check(), before);
}

const struct test full_tests[] = {
    { "P09 a task may wait for one that its submitter runs", p09_waits_here },
    { "P09 a full queue: room is of a priority", p09_levels },
    { "P09 a full queue: a context that ends on the way", p09_ends_here },
    { "P09 what a worker leaves takes no room", p09_left },
    { "P12 priorities: nothing waits for ever behind two streams", p12_streams },
    { "P12 priorities: what was left to others waits for ever behind no stream", p12_left },
    { "P12 the figures: submitted from inside, of each priority", p12_inside },
    { "P12 tasks of one worker are stolen by others on and on", p12_stolen },
    { "P12 the leak check counts workers", p12_leak },
};
const size_t n_full_tests = sizeof full_tests / sizeof *full_tests;
