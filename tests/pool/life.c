/* SPDX-License-Identifier: MIT */
/* tests/pool/life.c - how many tasks run at once; drain, stop, shutdown and free: P01, P02, P04 to P06, P08, P10, P11. */
#include <weir/select.h>

#include <string.h>

#include "pool.h"

/* ---- P01 ------------------------------------------------------------------------------------------------------------ */

static void p01_at_most(void) {
    struct gate g = { { 0 }, { 0 }, { 0 }, { 0 } };
    weir_pool *p = pool_of(3);
    for (int i = 0; i < 20; i++) CHECK_IS(weir_pool_submit(p, at_gate, NULL, &g), 0);
    CHECK(gate_has(&g, 3), "%u of 3 run", value(&g.inside));
    sleep_ms(5);
    CHECK_IS(value(&g.inside), 3);
    CHECK_IS(stats_of(p).running, 3);
    CHECK_IS(stats_of(p).queued, 17);
    gate_open(&g);
    CHECK_IS(weir_pool_drain(p), 0);
    CHECK_IS(value(&g.passed), 20);
    CHECK_IS(value(&g.most), 3);
    CHECK_IS(weir_pool_free(p), 0);
}

static void p01_resize(void) {
    struct gate g[3];
    memset(g, 0, sizeof g);
    weir_pool *p = pool_of(4);
    for (int i = 0; i < 4; i++) CHECK_IS(weir_pool_submit(p, at_gate, NULL, &g[0]), 0);
    CHECK(gate_has(&g[0], 4), "4 run");
    CHECK_IS(weir_pool_resize(p, 2, 0), 0); /* while 4 run */
    for (int i = 0; i < 10; i++) CHECK_IS(weir_pool_submit(p, at_gate, NULL, &g[1]), 0);
    gate_open(&g[0]);
    CHECK(gate_has(&g[1], 2), "2 run");
    sleep_ms(5);
    CHECK_IS(value(&g[1].inside), 2);
    CHECK_IS(stats_of(p).workers, 2);
    CHECK_IS(weir_pool_resize(p, 5, 0), 0); /* while tasks wait */
    CHECK(gate_has(&g[1], 5), "5 run");
    gate_open(&g[1]);
    CHECK_IS(weir_pool_quiet(p), 0);
    CHECK_IS(value(&g[1].most), 5);
    CHECK_IS(weir_pool_resize(p, 1, 0), 0); /* while all are idle */
    for (int i = 0; i < 4; i++) CHECK_IS(weir_pool_submit(p, at_gate, NULL, &g[2]), 0);
    gate_open(&g[2]);
    CHECK_IS(weir_pool_drain(p), 0);
    CHECK_IS(value(&g[2].most), 1);
    CHECK_IS(weir_pool_free(p), 0);
}

/* A worker that has tasks of its own and is one too many leaves them to others. */
static weir_pool *mine;
static int submit_many(weir_ctx *ctx, void *counter) {
    for (int i = 0; i < 50; i++) CHECK_IS(weir_pool_submit(mine, count_one, ctx, counter), 0);
    CHECK_IS(weir_pool_resize(mine, 1, 0), 0);
    return 0;
}

static void p01_resize_inside(void) {
    weir_au32 n = { 0 };
    mine = pool_of(4);
    for (int i = 0; i < 4; i++) CHECK_IS(weir_pool_submit(mine, submit_many, NULL, &n), 0);
    CHECK_IS(weir_pool_quiet(mine), 0);
    CHECK_IS(value(&n), 200);
    check_sum(mine, true);
    CHECK(comes_to(&n, 200) && stats_of(mine).workers == 1, "%d workers",
          (int)stats_of(mine).workers);
    CHECK_IS(weir_pool_free(mine), 0);
}

static void p01_elastic(void) {
    struct gate g = { { 0 }, { 0 }, { 0 }, { 0 } };
    struct weir_pool_opts o = opts_of(1);
    o.max_threads = 4;
    o.linger = INT64_C(5000000);
    weir_pool *p = pool_with(&o);
    CHECK_IS(stats_of(p).workers, 1);
    for (int i = 0; i < 12; i++) CHECK_IS(weir_pool_submit(p, at_gate, NULL, &g), 0);
    CHECK(gate_has(&g, 4), "%u of 4 run", value(&g.inside));
    sleep_ms(5);
    CHECK_IS(value(&g.inside), 4);
    gate_open(&g);
    CHECK_IS(weir_pool_quiet(p), 0);
    weir_time until = weir_after(INT64_C(10000000000));
    while (stats_of(p).workers > 1 && weir_now() < until) sleep_ms(1);
    CHECK_IS(stats_of(p).workers, 1);
    CHECK_IS(stats_of(p).made, 4);
    CHECK_IS(weir_pool_free(p), 0);
}

static void p01_bad(void) {
    weir_pool *p = (weir_pool *)&p;
    struct weir_pool_opts o = opts_of(2);
    CHECK_IS(weir_pool_new(NULL, &o), WEIR_EINVAL);
    CHECK_IS(weir_pool_new(&p, NULL), WEIR_EINVAL);
    CHECK(!p, "not NULL");
    o.max_threads = 1;
    CHECK_IS(weir_pool_new(&p, &o), WEIR_EINVAL);
    o.max_threads = WEIR_POOL_THREADS_MAX + 1;
    CHECK_IS(weir_pool_new(&p, &o), WEIR_EINVAL);
    o = opts_of(2);
    o.kind = 2;
    CHECK_IS(weir_pool_new(&p, &o), WEIR_EINVAL);
    o = opts_of(2);
    o.full = 3;
    CHECK_IS(weir_pool_new(&p, &o), WEIR_EINVAL);
    o = opts_of(2);
    o.flags = 4;
    CHECK_IS(weir_pool_new(&p, &o), WEIR_EINVAL);
    o = opts_of(2);
    o.size--;
    CHECK_IS(weir_pool_new(&p, &o), WEIR_EINVAL);
    o = opts_of(2);
    p = pool_with(&o);
    CHECK_IS(weir_pool_resize(p, 0, 3), WEIR_EINVAL);
    CHECK_IS(weir_pool_resize(p, 3, 2), WEIR_EINVAL);
    CHECK_IS(weir_pool_resize(p, 3, WEIR_POOL_THREADS_MAX + 1), WEIR_EINVAL);
    CHECK_IS(weir_pool_resize(NULL, 1, 0), WEIR_EINVAL);
    CHECK_IS(weir_pool_drain_wait(NULL, WEIR_NOW, NULL), WEIR_EINVAL);
    CHECK_IS(weir_pool_stop_wait(NULL, WEIR_NOW, NULL), WEIR_EINVAL);
    CHECK_IS(weir_pool_shutdown(NULL, WEIR_NOW), WEIR_EINVAL);
    CHECK_IS(weir_pool_quiet_wait(NULL, WEIR_NOW, NULL), WEIR_EINVAL);
    CHECK_IS(weir_pool_stats(NULL, NULL), WEIR_EINVAL);
    CHECK(!weir_pool_ctx(NULL), "a context of none");
    CHECK_IS(weir_pool_free(p), 0);
    CHECK_IS(weir_pool_free(NULL), 0);
}

/* ---- P02, P04 --------------------------------------------------------------------------------------------------------- */

static void p02_after_stop(void) {
    weir_au32 n = { 0 };
    weir_future f = WEIR_FUTURE_INIT;
    for (int how = 0; how < 2; how++) {
        weir_pool *p = pool_of(2);
        CHECK_IS(weir_pool_submit(p, count_one, NULL, &n), 0);
        CHECK_IS(how ? weir_pool_stop(p) : weir_pool_drain(p), 0);
        CHECK_IS(weir_pool_submit(p, count_one, NULL, &n), WEIR_ESTOPPED);
        CHECK_IS(weir_pool_try_submit(p, count_one, NULL, &n), WEIR_ESTOPPED);
        CHECK_IS(weir_pool_async(p, &f, count_one, NULL, &n), WEIR_ESTOPPED);
        CHECK_IS(weir_future_wait(&f), 0);
        CHECK_IS(weir_future_code(&f), WEIR_ESTOPPED);
        CHECK_IS(weir_pool_resize(p, 3, 0), WEIR_ESTOPPED);
        weir_exec e = weir_pool_exec(p);
        CHECK_IS(e.submit(e.self, count_one, NULL, &n), WEIR_ESTOPPED);
        CHECK_IS(stats_of(p).refused, 4);
        CHECK_IS(stats_of(p).state, WEIR_POOL_STOPPED);
        CHECK_IS(stats_of(p).workers, 0);
        check_sum(p, true);
        CHECK_IS(weir_pool_drain(p), 0); /* again */
        CHECK_IS(weir_pool_stop(p), 0);
        CHECK_IS(weir_pool_free(p), 0);
    }
}

/* Each task submits two more, to a depth; the drain comes while they do. */
struct tree {
    weir_pool *pool;
    weir_au32 ran, refused;
};
static int grow(weir_ctx *ctx, void *arg);
static struct tree tree;
static int grow(weir_ctx *ctx, void *arg) {
    uintptr_t depth = (uintptr_t)arg;
    (void)weir_fetch_add_relaxed(&tree.ran, 1);
    for (int i = 0; depth > 0 && i < 2; i++)
        if (weir_pool_submit(tree.pool, grow, ctx, (void *)(depth - 1)) < 0)
            (void)weir_fetch_add_relaxed(&tree.refused, 1);
    return 0;
}

static void p04_runs_all(void) {
    for (unsigned threads = 1; threads <= 4; threads++) {
        memset(&tree, 0, sizeof tree);
        tree.pool = pool_of(threads);
        for (int i = 0; i < 8; i++)
            CHECK_IS(weir_pool_submit(tree.pool, grow, NULL, (void *)(uintptr_t)6), 0);
        CHECK_IS(weir_pool_drain(tree.pool), 0);
        CHECK_IS(value(&tree.ran), 8 * 127);
        CHECK_IS(value(&tree.refused), 0);
        check_sum(tree.pool, true);
        CHECK_IS(stats_of(tree.pool).ok, 8 * 127);
        CHECK_IS(stats_of(tree.pool).inside, 8 * 126);
        CHECK_IS(weir_pool_free(tree.pool), 0);
    }
}

static void p04_free_drains(void) {
    weir_au32 n = { 0 };
    weir_pool *p = pool_of(2);
    for (int i = 0; i < 1000; i++) CHECK_IS(weir_pool_submit(p, count_one, NULL, &n), 0);
    CHECK_IS(weir_pool_free(p), 0);
    CHECK_IS(value(&n), 1000);
}

/* ---- P05, P06 --------------------------------------------------------------------------------------------------------- */

static int notes_ctx(weir_ctx *ctx, void *arg) {
    *(int *)arg = weir_ctx_err(ctx) ? 2 : 1;
    return 0;
}

static void p05_stop(void) {
    struct gate g = { { 0 }, { 0 }, { 0 }, { 0 } };
    weir_au32 n = { 0 };
    int seen = 0;
    weir_future f[5];
    struct weir_job high = { count_one, NULL, &n, &f[4], WEIR_HIGH };
    weir_pool *p = pool_of(1);
    weir_exec e = weir_pool_exec(p);
    CHECK_IS(weir_pool_submit(p, at_gate, NULL, &g), 0);
    CHECK(gate_has(&g, 1), "it runs");
    for (int i = 0; i < 5; i++) CHECK_IS(weir_future_init(&f[i]), 0);
    for (int i = 0; i < 4; i++) CHECK_IS(weir_pool_async(p, &f[i], count_one, NULL, &n), 0);
    CHECK_IS(weir_pool_submit_wait(p, &high, WEIR_FOREVER, NULL), 0);
    CHECK_IS(e.submit(e.self, notes_ctx, NULL, &seen), 0);
    for (int i = 0; i < 2000; i++) CHECK_IS(weir_pool_submit(p, count_one, NULL, &n), 0);
    CHECK_IS(weir_pool_stop_wait(p, weir_after(1000000), NULL), WEIR_ETIMEDOUT); /* P06 */
    for (int i = 0; i < 5; i++) { /* though a task runs on */
        CHECK_IS(weir_future_wait(&f[i]), 0);
        CHECK_IS(weir_future_code(&f[i]), WEIR_ECANCELED);
    }
    CHECK_IS(weir_ctx_err(weir_pool_ctx(p)), WEIR_ECANCELED);
    struct weir_pool_stats s = stats_of(p);
    CHECK_IS(s.state, WEIR_POOL_STOPPING);
    CHECK_IS(s.cancelled, 2005);
    CHECK_IS(s.running, 1);
    CHECK_IS(s.queued, 1); /* what an executor gave is called in any case */
    check_sum(p, false);
    gate_open(&g);
    CHECK_IS(weir_pool_stop(p), 0);
    CHECK_IS(seen, 2);
    CHECK_IS(value(&n), 0);
    check_sum(p, true);
    CHECK_IS(weir_pool_free(p), 0);
}

static void p06_drain_timeout(void) {
    struct gate g = { { 0 }, { 0 }, { 0 }, { 0 } };
    weir_au32 n = { 0 };
    weir_ctx *ctx = NULL;
    weir_pool *p = pool_of(2);
    CHECK_IS(weir_pool_submit(p, at_gate, NULL, &g), 0);
    CHECK(gate_has(&g, 1), "it runs");
    CHECK_IS(weir_pool_submit(p, count_one, NULL, &n), 0);
    CHECK_IS(weir_pool_quiet_wait(p, WEIR_NOW, NULL), WEIR_EAGAIN);
    CHECK_IS(weir_pool_quiet_wait(p, weir_after(1000000), NULL), WEIR_ETIMEDOUT);
    CHECK_IS(stats_of(p).state, WEIR_POOL_RUNNING);
    weir_time until = weir_after(2000000);
    CHECK_IS(weir_pool_drain_wait(p, until, NULL), WEIR_ETIMEDOUT);
    CHECK(weir_now() >= until, "early");
    CHECK_IS(weir_ctx_new(&ctx, NULL, weir_after(1000000)), 0);
    CHECK_IS(weir_pool_drain_wait(p, WEIR_FOREVER, ctx), WEIR_ETIMEDOUT);
    CHECK_IS(weir_pool_drain_wait(p, WEIR_FOREVER, ctx), WEIR_ETIMEDOUT);
    weir_ctx_unref(ctx);
    CHECK_IS(weir_pool_drain_wait(p, WEIR_NOW, NULL), WEIR_EAGAIN);
    CHECK_IS(stats_of(p).state, WEIR_POOL_DRAINING);
    CHECK(comes_to(&n, 1), "what was taken is run");
    check_sum(p, false);
    gate_open(&g);
    CHECK_IS(weir_pool_drain(p), 0);
    check_sum(p, true);
    CHECK_IS(stats_of(p).ok, 2);
    CHECK_IS(weir_pool_free(p), 0);
}

static int until_stopped(weir_ctx *ctx, void *begun) {
    (void)count_one(ctx, begun);
    struct weir_case c = { weir_ctx_waitable(ctx), NULL, WEIR_RECV, 0, 0 };
    CHECK_IS(weir_select(&c, 1, WEIR_FOREVER, NULL, 0), 0);
    return weir_ctx_err(ctx);
}

static void p06_shutdown(void) {
    weir_au32 n = { 0 }, begun = { 0 };
    weir_pool *p = pool_of(1);
    CHECK_IS(weir_pool_submit(p, count_one, NULL, &n), 0);
    CHECK_IS(weir_pool_shutdown(p, weir_after(INT64_C(10000000000))), 0);
    CHECK_IS(value(&n), 1);
    CHECK_IS(weir_pool_free(p), 0);
    p = pool_of(1);
    CHECK_IS(weir_pool_submit(p, until_stopped, NULL, &begun), 0);
    CHECK(comes_to(&begun, 1), "it runs");
    CHECK_IS(weir_pool_submit(p, count_one, NULL, &n), 0);
    CHECK_IS(weir_pool_shutdown(p, weir_after(1000000)), WEIR_ECANCELED);
    CHECK_IS(value(&n), 1);
    CHECK_IS(stats_of(p).cancelled, 1);
    CHECK_IS(stats_of(p).failed, 1);
    check_sum(p, true);
    CHECK_IS(weir_pool_free(p), 0);
}

/* ---- P08: workers come and go while submitters wait for room ------------------------------------------------------------ */

static void p08_purge(void) {
    struct traffic t = { NULL, times(400), 16, { 0 } };
    struct weir_pool_opts o = opts_of(1);
    o.max_threads = 3;
    o.cap = 1;
    o.linger = 1000;
    t.pool = pool_with(&o);
    traffic_run(&t, 4);
}

/* ---- P10, P11 ----------------------------------------------------------------------------------------------------------- */

struct within {
    weir_pool *pool;
    int rc[5];
};

static int ends_own(weir_ctx *ctx, void *arg) {
    struct within *w = arg;
    (void)ctx;
    w->rc[0] = weir_pool_quiet_wait(w->pool, WEIR_FOREVER, NULL);
    w->rc[1] = weir_pool_free(w->pool);
    w->rc[2] = weir_pool_drain_wait(w->pool, WEIR_FOREVER, NULL);
    w->rc[3] = weir_pool_shutdown(w->pool, WEIR_FOREVER);
    w->rc[4] = weir_pool_stop_wait(w->pool, WEIR_FOREVER, NULL);
    return 0;
}

static void p10_inside(void) {
    struct within w = { pool_of(2), { 0 } };
    weir_future f = WEIR_FUTURE_INIT;
    CHECK_IS(weir_pool_async(w.pool, &f, ends_own, NULL, &w), 0);
    CHECK_IS(weir_future_wait(&f), 0);
    for (int i = 0; i < 5; i++) CHECK_IS(w.rc[i], WEIR_EDEADLK);
    CHECK(stats_of(w.pool).state >= WEIR_POOL_STOPPING, "it was asked to stop");
    CHECK_IS(weir_pool_stop(w.pool), 0);
    CHECK_IS(weir_pool_free(w.pool), 0);
}

static void p11_nothing(void) {
    weir_pool *p = pool_of(2);
    CHECK_IS(weir_pool_quiet(p), 0);
    CHECK_IS(weir_pool_submit_n(p, NULL, 0), 0);
    CHECK_IS(weir_pool_quiet(p), 0);
    check_sum(p, true);
    CHECK_IS(weir_pool_drain(p), 0);
    CHECK_IS(weir_pool_free(p), 0);
    p = pool_of(1);
    CHECK_IS(weir_pool_stop(p), 0);
    CHECK_IS(weir_pool_free(p), 0);
}

const struct test life_tests[] = {
    { "P01 at most so many tasks run at once", p01_at_most },
    { "P01 also across a resize down, and up", p01_resize },
    { "P01 a worker too many leaves its tasks to others", p01_resize_inside },
    { "P01 more workers are made when they are wanted, and end again", p01_elastic },
    { "P01 numbers and options that make no pool are refused", p01_bad },
    { "P02 a submit after drain or stop is an error", p02_after_stop },
    { "P04 drain runs everything that was taken, and what that submits", p04_runs_all },
    { "P04 free drains", p04_free_drains },
    { "P05 stop cancels what is queued, and returns", p05_stop },
    { "P06 a drain that comes too late leaves the pool as it was", p06_drain_timeout },
    { "P06 shutdown says whether it was clean", p06_shutdown },
    { "P08 a worker that ends strands no submitter", p08_purge },
    { "P10 what waits for the pool returns inside a task", p10_inside },
    { "P11 no tasks: every wait returns", p11_nothing },
};
const size_t n_life_tests = sizeof life_tests / sizeof *life_tests;
