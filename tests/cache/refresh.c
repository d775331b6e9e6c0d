/* SPDX-License-Identifier: MIT */
/* tests/cache/refresh.c - refresh-ahead: CACHE26. The executor keeps the tasks, and the tests run them. */
#include "cache.h"

struct tasks {
    weir_exec exec;
    weir_task_fn *fn[8];
    void *arg[8];
    unsigned n, refuse;
    weir_cache *c;
    int rc;
    weir_au32 loads;
};

static int keep_task(void *self, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    struct tasks *t = self;
    (void)ctx;
    if (t->refuse) return WEIR_EAGAIN;
    t->fn[t->n] = fn;
    t->arg[t->n++] = arg;
    return 0;
}
static void run_task(struct tasks *t, unsigned i, weir_ctx *ctx) { (void)t->fn[i](ctx, t->arg[i]); }

static int reload(const void *key, void *val, weir_time *ttl, weir_ctx *ctx, void *arg) {
    struct tasks *t = arg;
    uint64_t got;
    (void)ttl;
    (void)ctx;
    *(uint64_t *)val = 100 + weir_fetch_add_relaxed(&t->loads, 1);
    int rc = weir_cache_get(t->c, key, &got); /* it may call the cache */
    CHECK(rc == 0 || rc == WEIR_ENOENT, "a get inside: %d", rc);
    return t->rc;
}

static weir_cache *refresh_open(struct world *w, struct tasks *t, bool threads) {
    struct weir_cache_opts o = opts(w, 100);
    t->exec = (weir_exec){ keep_task, t };
    o.refresh = 50;
    o.load = reload;
    o.load_arg = t;
    o.exec = threads ? NULL : &t->exec;
    return t->c = cache_open(&o);
}

static void one_reload(void) {
    struct world w = { 0 };
    struct tasks t = { 0 };
    weir_cache *c = refresh_open(&w, &t, false);
    CHECK_IS(put(c, 1, 10), 0);
    world_at(&w, 49);
    CHECK_IS(get(c, 1), 10);
    CHECK_IS(t.n, 0);
    world_at(&w, 50);
    for (unsigned i = 0; i < 5; i++) CHECK_IS(get(c, 1), 10); /* at once, the old one */
    CHECK_IS(t.n, 1);
    world_at(&w, 500); /* slower than the interval */
    CHECK_IS(get(c, 1), 10);
    CHECK_IS(t.n, 1);
    run_task(&t, 0, NULL);
    CHECK_IS(get(c, 1), 100);
    CHECK_IS(told(&w, WEIR_CACHE_REPLACED), 1);
    world_at(&w, 549);
    CHECK_IS(get(c, 1), 100);
    CHECK_IS(t.n, 1);
    world_at(&w, 550); /* and it goes on */
    CHECK_IS(get(c, 1), 100);
    CHECK_IS(t.n, 2);
    run_task(&t, 1, NULL);
    CHECK_IS(get(c, 1), 101);
    cache_close(c, &w);
}

static void fails(void) {
    struct world w = { 0 };
    struct tasks t = { .rc = -5 };
    weir_cache *c = refresh_open(&w, &t, false);
    weir_ctx *ended = ctx_open(NULL, WEIR_FOREVER);
    CHECK_IS(weir_ctx_cancel(ended, 0), 0);
    CHECK_IS(put(c, 1, 10), 0);
    world_at(&w, 60);
    CHECK_IS(get(c, 1), 10);
    run_task(&t, 0, NULL);
    CHECK_IS(get(c, 1), 10); /* the old one stays, and the next get tries again */
    CHECK_IS(t.n, 2);
    run_task(&t, 1, ended); /* the executor gives it up */
    t.refuse = 1;
    CHECK_IS(get(c, 1), 10);
    CHECK_IS(t.n, 2);
    t.refuse = 0;
    t.rc = 0;
    CHECK_IS(get(c, 1), 10);
    CHECK_IS(t.n, 3);
    run_task(&t, 2, NULL);
    CHECK_IS(get(c, 1), 101);
    CHECK_IS(told_all(&w), 1);
    weir_ctx_unref(ended);
    cache_close(c, &w);
}

/* Failures are remembered, but not in place of a value that is still good. */
static void fails_beside_negative(void) {
    struct world w = { 0 };
    struct tasks t = { .rc = -5 };
    struct weir_cache_opts o = opts(&w, 100);
    t.exec = (weir_exec){ keep_task, &t };
    o.refresh = o.negative_ttl = 50;
    o.load = reload;
    o.load_arg = &t;
    o.exec = &t.exec;
    weir_cache *c = t.c = cache_open(&o);
    CHECK_IS(put(c, 1, 10), 0);
    world_at(&w, 60);
    CHECK_IS(get(c, 1), 10);
    run_task(&t, 0, NULL);
    CHECK_IS(get(c, 1), 10);
    t.refuse = 1;
    CHECK_IS(get(c, 1), 10);
    CHECK_IS(get(c, 1), 10);
    CHECK_IS(told_all(&w), 0);
    run_task(&t, 1, NULL);
    cache_close(c, &w);
}

/* A value that is too large is not stored; the old one stays, and the next get tries again. */
static uint64_t weighs_most(const void *key, const void *val, void *arg) {
    (void)key;
    (void)arg;
    return *(const uint64_t *)val >= 100 ? 500 : 1;
}

static void too_large(void) {
    struct world w = { 0 };
    struct tasks t = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    t.exec = (weir_exec){ keep_task, &t };
    o.refresh = 50;
    o.weigh = weighs_most;
    o.load = reload;
    o.load_arg = &t;
    o.exec = &t.exec;
    weir_cache *c = t.c = cache_open(&o);
    CHECK_IS(put(c, 1, 10), 0);
    world_at(&w, 60);
    CHECK_IS(get(c, 1), 10);
    run_task(&t, 0, NULL);
    CHECK_IS(get(c, 1), 10);
    CHECK_IS(t.n, 2);
    run_task(&t, 1, NULL);
    cache_close(c, &w);
}

/* What was put or invalidated meanwhile stays so. */
static void overtaken(void) {
    struct world w = { 0 };
    struct tasks t = { 0 };
    weir_cache *c = refresh_open(&w, &t, false);
    CHECK_IS(put(c, 1, 10), 0);
    CHECK_IS(put(c, 2, 20), 0);
    world_at(&w, 60);
    CHECK_IS(get(c, 1), 10);
    CHECK_IS(get(c, 2), 20);
    CHECK_IS(t.n, 2);
    CHECK_IS(put(c, 1, 11), 0);
    CHECK_IS(inv(c, 2), 0);
    run_task(&t, 0, NULL);
    run_task(&t, 1, NULL);
    CHECK_IS(get(c, 1), 11);
    CHECK_IS(get(c, 2), WEIR_ENOENT);
    cache_close(c, &w);
}

static void on_threads(void) {
    struct world w = { 0 };
    struct tasks t = { 0 };
    weir_cache *c = refresh_open(&w, &t, true);
    for (uint64_t k = 0; k < 10; k++) CHECK_IS(put(c, k, 10), 0);
    world_at(&w, 60);
    for (uint64_t k = 0; k < 10; k++) CHECK_IS(get(c, k), 10);
    CHECK_IS(weir_cache_free(c), 0); /* which waits for them */
    CHECK_IS(weir_load_relaxed(&t.loads), 10);
    CHECK_IS(weir_load_relaxed(&w.dropped), 20);
}

const struct test refresh_tests[] = {
    { "CACHE26 a stale value is returned, and one reload begun, however slow", one_reload },
    { "CACHE26 a reload that fails, is given up, or refused", fails },
    { "CACHE26 CACHE16 a failure is not remembered in place of a value", fails_beside_negative },
    { "CACHE26 a reload that gives too much is tried again", too_large },
    { "CACHE26 a reload that was overtaken stores nothing", overtaken },
    { "CACHE26 CACHE30 reloads on threads; free waits for them", on_threads },
};
const size_t n_refresh_tests = sizeof refresh_tests / sizeof *refresh_tests;
