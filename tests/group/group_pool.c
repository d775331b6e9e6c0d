/* SPDX-License-Identifier: MIT */
/* tests/group/group_pool.c - error groups on pools of both kinds. */
#include <string.h>

#include <weir/pool.h>

#include "cases.h"

static weir_pool *pool_open(unsigned kind, unsigned threads, weir_exec *exec) {
    struct weir_pool_opts o = WEIR_POOL_OPTS(threads);
    weir_pool *p = NULL;
    o.kind = kind;
    CHECK_IS(weir_pool_new(&p, &o), 0);
    *exec = weir_pool_exec(p);
    return p;
}

static int count_task(weir_ctx *ctx, void *arg) {
    (void)ctx;
    (void)weir_fetch_add_relaxed((weir_au32 *)arg, 1);
    return 0;
}

static int seventh(weir_ctx *ctx, void *arg) {
    uint32_t n = weir_fetch_add_relaxed((weir_au32 *)arg, 1);
    (void)ctx;
    return n == 6 ? weir_wrap(weir_fail(-1000, "task"), "seventh") : 0;
}

static void all_run(void) {
    for (unsigned kind = WEIR_POOL_STEAL; kind <= WEIR_POOL_MUTEX; kind++) {
        weir_exec exec;
        weir_pool *p = pool_open(kind, 2, &exec);
        for (size_t k = times(20); k > 0; k--) {
            weir_au32 ran = { 0 };
            weir_group *g = group_open(NULL, &exec, k % 3);
            for (int i = 0; i < 30; i++) CHECK_IS(weir_group_go(g, count_task, &ran), 0);
            group_end(g, 0, NULL);
            CHECK_IS(weir_load_relaxed(&ran), 30);
        }
        CHECK_IS(weir_pool_free(p), 0);
    }
}

/* The group's context has ended, and the tasks begun later are run all the same (E07). */
static void failure(void) {
    for (unsigned kind = WEIR_POOL_STEAL; kind <= WEIR_POOL_MUTEX; kind++) {
        weir_exec exec;
        weir_au32 ran = { 0 };
        weir_pool *p = pool_open(kind, 2, &exec);
        weir_group *g = group_open(NULL, &exec, 0);
        for (int i = 0; i < 30; i++) CHECK_IS(weir_group_go(g, seventh, &ran), 0);
        CHECK_IS(weir_group_wait(g), -1000);
        CHECK_IS(weir_load_relaxed(&ran), 30);
        group_end(g, -1000, "seventh: task");
        CHECK_IS(weir_pool_free(p), 0);
    }
}

static int64_t stop_main(void *p) { return weir_pool_stop(p); }

/* What was queued when the pool is stopped has failed, and the wait returns. */
static void stopped(void) {
    for (unsigned kind = WEIR_POOL_STEAL; kind <= WEIR_POOL_MUTEX; kind++) {
        weir_exec exec;
        struct gated t;
        struct call stop;
        weir_au32 ran = { 0 };
        weir_pool *p = pool_open(kind, 1, &exec);
        weir_group *g = group_open(NULL, &exec, 0);
        gated_start(&t, g, 0, NULL);
        for (int i = 0; i < 5; i++) CHECK_IS(weir_group_go(g, count_task, &ran), 0);
        call_start(&stop, stop_main, p);
        CHECK(call_sleeps(&stop), "the stop did not wait for the task that runs");
        CHECK_IS(weir_group_go(g, count_task, &ran), WEIR_ESTOPPED);
        gated_let_go(&t);
        int rc = weir_group_wait(g);
        CHECK_IS(call_end(&stop), 0);
        CHECK_IS(weir_load_relaxed(&ran), 0);
        CHECK_IS(rc, WEIR_ECANCELED);
        group_end(g, rc, "the executor gave the task up");
        CHECK_IS(weir_pool_free(p), 0);
    }
}

const struct test pool_tests[] = {
    { "GROUP on a pool: all tasks run, and are waited for", all_run },
    { "GROUP on a pool: the first failure, and the rest is run", failure },
    { "GROUP on a pool that is stopped: what was queued has failed", stopped },
};
const size_t n_pool_tests = sizeof pool_tests / sizeof *pool_tests;
