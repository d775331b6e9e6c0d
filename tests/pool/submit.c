/* SPDX-License-Identifier: MIT */
/* tests/pool/submit.c - submitting: policies of a full queue, deadlines, contexts, batches, priorities: P02, P05, P09, P12. */
#include <string.h>

#include "pool.h"

/* A pool of one worker, which stands at the gate, with `cap` tasks queued behind it. */
static weir_pool *full_pool(unsigned full, size_t cap, struct gate *g, weir_au32 *n) {
    struct weir_pool_opts o = opts_of(1);
    memset(g, 0, sizeof *g);
    weir_init_atomic(n, 0);
    o.cap = cap;
    o.full = full;
    weir_pool *p = pool_with(&o);
    CHECK_IS(weir_pool_submit(p, at_gate, NULL, g), 0);
    CHECK(gate_has(g, 1), "it runs");
    for (size_t i = 0; i < cap; i++) CHECK_IS(weir_pool_try_submit(p, count_one, NULL, n), 0);
    return p;
}

static void ends_with(weir_pool *p, struct gate *g, weir_au32 *n, uint32_t want) {
    gate_open(g);
    CHECK_IS(weir_pool_drain(p), 0);
    CHECK_IS(value(n), want);
    check_sum(p, true);
    CHECK_IS(weir_pool_free(p), 0);
}

static void p09_refuse(void) {
    struct gate g;
    weir_au32 n;
    weir_future f = WEIR_FUTURE_INIT;
    weir_pool *p = full_pool(WEIR_POOL_REFUSE, 3, &g, &n);
    CHECK_IS(weir_pool_submit(p, count_one, NULL, &n), WEIR_EAGAIN);
    CHECK_IS(weir_pool_submit_until(p, count_one, NULL, &n, weir_after(1000)), WEIR_EAGAIN);
    CHECK_IS(weir_pool_async(p, &f, count_one, NULL, &n), WEIR_EAGAIN);
    CHECK_IS(weir_future_code(&f), WEIR_EAGAIN);
    CHECK_IS(stats_of(p).refused, 3);
    check_sum(p, false);
    ends_with(p, &g, &n, 3);
}

static void p09_caller(void) {
    struct gate g;
    weir_au32 n;
    weir_future f = WEIR_FUTURE_INIT;
    weir_pool *p = full_pool(WEIR_POOL_CALLER, 2, &g, &n);
    CHECK_IS(weir_pool_submit(p, count_one, NULL, &n), 0);
    CHECK_IS(value(&n), 1);
    CHECK_IS(weir_pool_async(p, &f, count_one, NULL, &n), 0);
    CHECK(weir_future_is_done(&f), "it has run here");
    CHECK_IS(weir_pool_try_submit(p, count_one, NULL, &n), WEIR_EAGAIN);
    CHECK_IS(stats_of(p).by_caller, 2);
    check_sum(p, false);
    ends_with(p, &g, &n, 4);
}

static int64_t submit_forever(void *arg) {
    void **a = arg;
    return weir_pool_submit(a[0], count_one, NULL, a[1]);
}

static void p09_block(void) {
    struct gate g;
    weir_au32 n;
    weir_ctx *ctx = NULL;
    struct call call;
    weir_pool *p = full_pool(WEIR_POOL_BLOCK, 2, &g, &n);
    struct weir_job job = WEIR_JOB(count_one, NULL, &n);
    weir_time until = weir_after(2000000);
    CHECK_IS(weir_pool_submit_until(p, count_one, NULL, &n, until), WEIR_ETIMEDOUT);
    CHECK(weir_now() >= until, "early");
    CHECK_IS(weir_pool_try_submit(p, count_one, NULL, &n), WEIR_EAGAIN);
    CHECK_IS(weir_ctx_new(&ctx, NULL, weir_after(1000000)), 0);
    CHECK_IS(weir_pool_submit_wait(p, &job, WEIR_FOREVER, ctx), WEIR_ETIMEDOUT);
    CHECK_IS(weir_pool_submit_wait(p, &job, WEIR_FOREVER, ctx), WEIR_ETIMEDOUT);
    weir_ctx_unref(ctx);
    CHECK_IS(stats_of(p).refused, 4);
    void *a[] = { p, &n };
    call_start(&call, submit_forever, a);
    CHECK(call_sleeps(&call), "there was room");
    gate_open(&g);
    CHECK_IS(call_end(&call), 0);
    ends_with(p, &g, &n, 3);
}

static void p09_cancelled(void) {
    struct gate g;
    weir_au32 n;
    weir_ctx *ctx = NULL;
    weir_pool *p = full_pool(WEIR_POOL_BLOCK, 1, &g, &n);
    struct weir_job job = WEIR_JOB(count_one, NULL, &n);
    CHECK_IS(weir_ctx_new(&ctx, NULL, WEIR_FOREVER), 0);
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    CHECK_IS(weir_pool_submit_wait(p, &job, WEIR_FOREVER, ctx), WEIR_ECANCELED);
    weir_ctx_unref(ctx);
    ends_with(p, &g, &n, 1);
}

/* The full queue at the end: who waits for room is let go. */
static void p02_blocked(void) {
    for (int how = 0; how < 2; how++) {
        struct gate g;
        weir_au32 n;
        struct call call[2];
        weir_pool *p = full_pool(WEIR_POOL_BLOCK, 1, &g, &n);
        void *a[] = { p, &n };
        for (int i = 0; i < 2; i++) {
            call_start(&call[i], submit_forever, a);
            CHECK(call_sleeps(&call[i]), "there was room");
        }
        CHECK_IS(how ? weir_pool_stop_wait(p, weir_after(1000), NULL)
                     : weir_pool_drain_wait(p, weir_after(1000), NULL),
                 WEIR_ETIMEDOUT);
        for (int i = 0; i < 2; i++) CHECK_IS(call_end(&call[i]), WEIR_ESTOPPED);
        ends_with(p, &g, &n, how ? 0 : 1);
    }
}

/* ---- P09: from inside ------------------------------------------------------------------------------------------------- */

struct inside {
    weir_pool *pool;
    weir_au32 n;
    int rc[8], now;
    uint32_t ran_by_then;
};

static int fills(weir_ctx *ctx, void *arg) {
    struct inside *in = arg;
    for (int i = 0; i < 6; i++) in->rc[i] = weir_pool_submit(in->pool, count_one, ctx, &in->n);
    in->now = weir_pool_try_submit(in->pool, count_one, ctx, &in->n);
    in->ran_by_then = value(&in->n);
    return 0;
}

static void p09_inside(void) {
    for (unsigned full = WEIR_POOL_BLOCK; full <= WEIR_POOL_CALLER; full++) {
        struct inside in = { NULL, { 0 }, { 0 }, 0, 0 };
        struct weir_pool_opts o = opts_of(1);
        o.cap = 4;
        o.full = full;
        in.pool = pool_with(&o);
        CHECK_IS(weir_pool_submit(in.pool, fills, NULL, &in), 0);
        CHECK_IS(weir_pool_drain(in.pool), 0);
        bool refuses = full == WEIR_POOL_REFUSE;
        for (int i = 0; i < 6; i++) CHECK_IS(in.rc[i], i >= 4 && refuses ? WEIR_EAGAIN : 0);
        CHECK_IS(in.now, WEIR_EAGAIN);
        CHECK_IS(in.ran_by_then, refuses ? 0 : 2);
        CHECK_IS(value(&in.n), refuses ? 4 : 6);
        check_sum(in.pool, true);
        CHECK_IS(stats_of(in.pool).by_caller, refuses ? 0 : 2);
        CHECK_IS(stats_of(in.pool).inside, refuses ? 4 : 6);
        CHECK_IS(weir_pool_free(in.pool), 0);
    }
}

/* ---- contexts --------------------------------------------------------------------------------------------------------- */

static weir_ctx *got_ctx;
static int keeps_ctx(weir_ctx *ctx, void *arg) {
    (void)arg;
    got_ctx = ctx;
    return 0;
}

static void p05_ctx(void) {
    struct gate g;
    weir_au32 n;
    weir_ctx *ctx = NULL;
    weir_future f = WEIR_FUTURE_INIT;
    weir_pool *p = full_pool(WEIR_POOL_BLOCK, 0, &g, &n);
    CHECK_IS(weir_ctx_new(&ctx, NULL, WEIR_FOREVER), 0);
    CHECK_IS(weir_pool_async(p, &f, count_one, ctx, &n), 0);
    CHECK_IS(weir_ctx_cancel(ctx, -77), 0);
    weir_ctx_unref(ctx); /* the pool has its own reference */
    gate_open(&g);
    CHECK_IS(weir_future_wait(&f), 0);
    CHECK_IS(weir_future_code(&f), WEIR_ECANCELED);
    CHECK_IS(stats_of(p).cancelled, 1);
    CHECK_IS(weir_ctx_new(&ctx, NULL, weir_after(1)), 0);
    CHECK_IS(weir_pool_async(p, &f, count_one, ctx, &n), 0);
    CHECK_IS(weir_future_wait(&f), 0);
    CHECK_IS(weir_future_code(&f), WEIR_ETIMEDOUT);
    weir_ctx_unref(ctx);
    CHECK_IS(weir_ctx_new(&ctx, NULL, WEIR_FOREVER), 0);
    CHECK_IS(weir_pool_async(p, &f, keeps_ctx, ctx, NULL), 0);
    CHECK_IS(weir_future_wait(&f), 0);
    CHECK(got_ctx == ctx, "another context");
    CHECK_IS(weir_pool_async(p, &f, keeps_ctx, NULL, NULL), 0);
    CHECK_IS(weir_future_wait(&f), 0);
    CHECK(got_ctx == weir_pool_ctx(p), "another context");
    weir_ctx_unref(ctx);
    ends_with(p, &g, &n, 0);
}

static void p05_ctx_below(void) {
    struct weir_pool_opts o = opts_of(1);
    weir_ctx *ctx = NULL;
    weir_au32 n = { 0 };
    weir_future f = WEIR_FUTURE_INIT;
    CHECK_IS(weir_ctx_new(&ctx, NULL, WEIR_FOREVER), 0);
    o.ctx = ctx;
    weir_pool *p = pool_with(&o);
    CHECK_IS(weir_pool_async(p, &f, count_one, NULL, &n), 0);
    CHECK_IS(weir_future_wait(&f), 0);
    CHECK_IS(weir_future_code(&f), 0);
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    CHECK_IS(weir_pool_async(p, &f, count_one, NULL, &n), 0);
    CHECK_IS(weir_future_wait(&f), 0);
    CHECK_IS(weir_future_code(&f), WEIR_ECANCELED);
    CHECK_IS(weir_pool_free(p), 0);
    weir_ctx_unref(ctx);
}

/* ---- batches, priorities ---------------------------------------------------------------------------------------------- */

static void p12_batch(void) {
    struct gate g;
    weir_au32 n;
    weir_future f[6];
    struct weir_job jobs[6];
    weir_pool *p = full_pool(WEIR_POOL_REFUSE, 4, &g, &n); /* full */
    for (int i = 0; i < 6; i++) {
        CHECK_IS(weir_future_init(&f[i]), 0);
        jobs[i] = (struct weir_job){ count_one, NULL, &n, &f[i], WEIR_HIGH };
    }
    CHECK_IS(weir_pool_submit_n(p, jobs, 6), 4);
    for (int i = 0; i < 6; i++)
        if (i < 4)
            CHECK(!weir_future_is_done(&f[i]), "done before it began");
        else
            CHECK_IS(weir_future_code(&f[i]), WEIR_EAGAIN);
    CHECK_IS(weir_pool_submit_n(p, jobs + 4, 2), WEIR_EAGAIN);
    jobs[1].fn = NULL;
    CHECK_IS(weir_pool_submit_n(p, jobs, 2), WEIR_EINVAL);
    CHECK_IS(weir_pool_submit_n(p, NULL, 2), WEIR_EINVAL);
    check_sum(p, false);
    ends_with(p, &g, &n, 8);
    for (int i = 0; i < 4; i++) CHECK_IS(weir_future_code(&f[i]), 0);
}

static int order[16];
static weir_au32 orders;
static int note_order(weir_ctx *ctx, void *arg) {
    (void)ctx;
    order[weir_fetch_add_relaxed(&orders, 1)] = (int)(intptr_t)arg;
    return 0;
}

static void p12_priorities(void) {
    struct gate g;
    weir_au32 n;
    weir_pool *p = full_pool(WEIR_POOL_BLOCK, 0, &g, &n);
    const unsigned levels[] = { WEIR_LOW, WEIR_NORMAL, WEIR_HIGH };
    weir_init_atomic(&orders, 0);
    for (int i = 0; i < 9; i++) {
        struct weir_job job = { note_order, NULL, (void *)(intptr_t)i, NULL, levels[i % 3] };
        CHECK_IS(weir_pool_submit_wait(p, &job, WEIR_FOREVER, NULL), 0);
    }
    struct weir_job bad = { note_order, NULL, NULL, NULL, 3 };
    CHECK_IS(weir_pool_submit_wait(p, &bad, WEIR_FOREVER, NULL), WEIR_EINVAL);
    CHECK_IS(weir_pool_submit_wait(p, NULL, WEIR_FOREVER, NULL), WEIR_EINVAL);
    CHECK_IS(weir_pool_submit(NULL, note_order, NULL, NULL), WEIR_EINVAL);
    ends_with(p, &g, &n, 0);
    const int want[] = { 2, 5, 8, 1, 4, 7, 0, 3, 6 };
    for (int i = 0; i < 9; i++) CHECK_IS(order[i], want[i]);
}

/* Nothing waits for ever behind a stream of others: a task of high priority that submits another one, on and on. */
struct stream {
    weir_pool *pool;
    weir_au32 low, stop;
};
static int goes_on(weir_ctx *ctx, void *arg) {
    struct stream *s = arg;
    struct weir_job again = { goes_on, ctx, s, NULL, WEIR_HIGH };
    if (value(&s->low) == 0)
        CHECK_IS(weir_pool_submit_wait(s->pool, &again, WEIR_FOREVER, NULL), 0);
    return 0;
}

static void p12_starves_not(void) {
    struct stream s = { pool_of(1), { 0 }, { 0 } };
    struct weir_job low = { count_one, NULL, &s.low, NULL, WEIR_LOW };
    struct weir_job high = { goes_on, NULL, &s, NULL, WEIR_HIGH };
    CHECK_IS(weir_pool_submit_wait(s.pool, &high, WEIR_FOREVER, NULL), 0);
    CHECK_IS(weir_pool_submit_wait(s.pool, &low, WEIR_FOREVER, NULL), 0);
    CHECK(comes_to(&s.low, 1), "the task of low priority was never run");
    CHECK_IS(weir_pool_drain(s.pool), 0);
    CHECK_IS(weir_pool_free(s.pool), 0);
}

/* The same in one worker's deque: a task that lies under a chain of others, each of which submits the next. */
static int next_of_chain(weir_ctx *ctx, void *arg) {
    struct stream *s = arg;
    if (value(&s->low) == 0 && value(&s->stop) == 0)
        CHECK_IS(weir_pool_submit(s->pool, next_of_chain, ctx, s), 0);
    return 0;
}
static int begins_chain(weir_ctx *ctx, void *arg) {
    struct stream *s = arg;
    CHECK_IS(weir_pool_submit(s->pool, count_one, ctx, &s->low), 0);
    return next_of_chain(ctx, s);
}

static void p12_oldest(void) {
    struct stream s = { pool_of(1), { 0 }, { 0 } };
    CHECK_IS(weir_pool_submit(s.pool, begins_chain, NULL, &s), 0);
    CHECK(comes_to(&s.low, 1), "the oldest task of the deque was never run");
    weir_store_relaxed(&s.stop, 1);
    CHECK_IS(weir_pool_drain(s.pool), 0);
    CHECK_IS(weir_pool_free(s.pool), 0);
}

/* More than the ring of an unbounded pool has room for. */
static void p12_unbounded(void) {
    struct gate g;
    weir_au32 n;
    weir_pool *p = full_pool(WEIR_POOL_BLOCK, 0, &g, &n);
    for (int i = 0; i < 5000; i++) CHECK_IS(weir_pool_try_submit(p, count_one, NULL, &n), 0);
    CHECK_IS(stats_of(p).queued, 5000);
    check_sum(p, false);
    ends_with(p, &g, &n, 5000);
}

/* ---- P12: the figures, against those of the tasks --------------------------------------------------------------------- */

struct mixed {
    weir_pool *pool;
    weir_au32 ok, failed;
    weir_au64 taken, refused;
    size_t each;
};

static int fails_or_not(weir_ctx *ctx, void *arg) {
    struct mixed *m = arg;
    (void)ctx;
    uint32_t k = weir_fetch_add_relaxed(&m->ok, 1);
    if (k % 3) return 0;
    (void)weir_fetch_add_relaxed(&m->failed, 1);
    return -5;
}

static int submits_more(weir_ctx *ctx, void *arg) {
    struct mixed *m = arg;
    bool took = weir_pool_submit(m->pool, fails_or_not, ctx, m) == 0;
    (void)weir_fetch_add_relaxed(took ? &m->taken : &m->refused, 1);
    return fails_or_not(ctx, arg);
}

static void mixed_main(void *arg, size_t who) {
    struct mixed *m = arg;
    for (size_t i = 0; i < m->each; i++) {
        struct weir_job job = { i % 2 ? fails_or_not : submits_more, NULL, m, NULL,
                                (unsigned)(i % 3) };
        bool took = weir_pool_submit_wait(m->pool, &job, WEIR_NOW, NULL) == 0;
        (void)weir_fetch_add_relaxed(took ? &m->taken : &m->refused, 1);
        if (who == 0) check_sum(m->pool, false);
    }
}

static void p12_figures(void) {
    struct mixed m = { NULL, { 0 }, { 0 }, { 0 }, { 0 }, times(2000) };
    struct weir_pool_opts o = opts_of(2);
    o.cap = 8;
    m.pool = pool_with(&o);
    team_run(3, mixed_main, &m);
    CHECK_IS(weir_pool_quiet(m.pool), 0);
    check_sum(m.pool, true);
    struct weir_pool_stats s = stats_of(m.pool);
    CHECK_IS(s.ok + s.failed, value(&m.ok));
    CHECK_IS(s.failed, value(&m.failed));
    CHECK_IS(s.ok + s.failed, weir_load_relaxed(&m.taken));
    CHECK_IS(s.refused, weir_load_relaxed(&m.refused));
    CHECK_IS(weir_pool_free(m.pool), 0);
}

const struct test submit_tests[] = {
    { "P02 who waits for room is let go when the pool ends", p02_blocked },
    { "P05 a task whose context has ended is not run", p05_ctx },
    { "P05 the pool's context stands below another", p05_ctx_below },
    { "P09 a full queue: refused", p09_refuse },
    { "P09 a full queue: run by the caller", p09_caller },
    { "P09 a full queue: waits for room, a deadline, a context", p09_block },
    { "P09 a full queue: an ended context", p09_cancelled },
    { "P09 a full queue, from inside", p09_inside },
    { "P12 batches: in order, as many as there is room for", p12_batch },
    { "P12 priorities: high first, low last", p12_priorities },
    { "P12 priorities: nothing waits for ever", p12_starves_not },
    { "P12 a task under a chain of others is run", p12_oldest },
    { "P12 an unbounded queue takes all", p12_unbounded },
    { "P12 the figures add up, and are those of the tasks", p12_figures },
};
const size_t n_submit_tests = sizeof submit_tests / sizeof *submit_tests;
