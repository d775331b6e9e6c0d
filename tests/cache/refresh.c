/* SPDX-License-Identifier: MIT */
/* tests/cache/refresh.c - refresh-ahead: CACHE26. The executor keeps the tasks, and the tests run them. */
#include "cache.h"

#include <dirent.h>
#include <weir/rcu.h>

#include "../support/failing_alloc.h"

struct tasks {
    weir_exec exec;
    weir_task_fn *fn[8];
    void *arg[8];
    unsigned n, refuse;
    weir_cache *c;
    int rc;
    weir_au32 loads;
    bool gated; /* the loader says that it has begun, and waits */
    weir_sem begun, gate;
};
struct hit {
    weir_cache *c;
    uint64_t key;
    struct stop *stop;
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
    if (t->gated) {
        CHECK_IS(weir_sem_release(&t->begun, 1), 0);
        CHECK_IS(weir_sem_acquire_wait(&t->gate, 1, weir_after(20 * SEC), NULL), 0);
    }
    return t->rc;
}

static struct weir_cache_opts refresh_opts(struct world *w, struct tasks *t) {
    struct weir_cache_opts o = opts(w, 100);
    t->exec = (weir_exec){ keep_task, t };
    o.refresh = 50;
    o.load = reload;
    o.load_arg = t;
    o.exec = &t->exec;
    return o;
}
static weir_cache *refresh_open(struct world *w, struct tasks *t, bool threads) {
    struct weir_cache_opts o = refresh_opts(w, t);
    if (threads) o.exec = NULL;
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
    struct weir_cache_opts o = refresh_opts(&w, &t);
    o.negative_ttl = 50;
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
    struct weir_cache_opts o = refresh_opts(&w, &t);
    o.weigh = weighs_most;
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

/* A hit that was stopped before it began its reload: a put, an invalidate, that went by meanwhile. */
static int64_t get_at_refresh(void *arg) {
    struct hit *h = arg;
    stop_me(h->stop);
    return get(h->c, h->key);
}
static void overtaken_before(void) {
    for (uint64_t key = 1; key <= 2; key++) {
        struct world w = { 0 };
        struct tasks t = { 0 };
        struct stop stop;
        struct call call;
        weir_cache *c = refresh_open(&w, &t, false);
        struct hit h = { c, key, &stop };
        stop_init(&stop, "cache.refresh");
        CHECK_IS(put(c, key, 10), 0);
        world_at(&w, 60);
        call_start(&call, get_at_refresh, &h);
        CHECK(stop_wait(&stop), "it begins no reload");
        if (key == 1)
            CHECK_IS(put(c, key, 11), 0);
        else
            CHECK_IS(inv(c, key), 0);
        stop_release(&stop);
        CHECK_IS(call_end(&call), 10);
        if (t.n) run_task(&t, 0, NULL);
        CHECK_IS(get(c, key), key == 1 ? 11 : WEIR_ENOENT);
        CHECK_IS(weir_load_relaxed(&t.loads), 0);
        stop_fini(&stop);
        cache_close(c, &w);
    }
}

/* A reload that has not begun is waited for by nobody. */
static int loads_five(const void *key, void *val, weir_time *ttl, weir_ctx *ctx, void *arg) {
    (void)key;
    (void)ttl;
    (void)ctx;
    (void)arg;
    *(uint64_t *)val = 5;
    return 0;
}
static void never_begun(void) {
    struct world w = { 0 };
    struct tasks t = { 0 };
    weir_cache *c = refresh_open(&w, &t, false);
    uint64_t key = 1, val = 0;
    CHECK_IS(put_ttl(c, 1, 10, 100), 0);
    world_at(&w, 60);
    CHECK_IS(get(c, 1), 10);
    CHECK_IS(t.n, 1);
    world_at(&w, 100);
    CHECK_IS(get(c, 1), WEIR_ENOENT);
    CHECK_IS(weir_cache_load_wait(c, &key, &val, loads_five, NULL, weir_after(5 * SEC), NULL), 0);
    CHECK_IS(val, 5);
    run_task(&t, 0, NULL);
    CHECK_IS(get(c, 1), 5);
    CHECK_IS(weir_load_relaxed(&t.loads), 0);
    world_at(&w, 160);
    CHECK_IS(get(c, 1), 5);
    CHECK_IS(t.n, 2);
    CHECK_IS(weir_cache_close(c), 0);
    run_task(&t, 1, NULL); /* too late */
    CHECK_IS(weir_load_relaxed(&t.loads), 0);
    CHECK_IS(weir_cache_free(c), 0);
    CHECK_IS(weir_load_relaxed(&w.dropped), 2);
}

/* CACHE27: only loaders that were called count. */
static void counts_calls(void) {
    struct world w = { 0 };
    struct tasks t = { .rc = -5 };
    struct weir_cache_stats s = WEIR_CACHE_STATS;
    weir_cache *c = refresh_open(&w, &t, false);
    weir_ctx *ended = ctx_open(NULL, WEIR_FOREVER);
    CHECK_IS(weir_ctx_cancel(ended, 0), 0);
    CHECK_IS(put(c, 1, 10), 0);
    world_at(&w, 60);
    t.refuse = 1;
    CHECK_IS(get(c, 1), 10);
    t.refuse = 0;
    CHECK_IS(get(c, 1), 10);
    run_task(&t, 0, ended); /* given up */
    CHECK_IS(weir_cache_read_stats(c, &s), 0);
    CHECK_IS(s.load_failures, 0);
    CHECK_IS(get(c, 1), 10);
    run_task(&t, 1, NULL);
    t.rc = 0;
    CHECK_IS(get(c, 1), 10);
    run_task(&t, 2, NULL);
    CHECK_IS(get(c, 1), 101);
    CHECK_IS(weir_cache_read_stats(c, &s), 0);
    CHECK_IS(s.load_failures, 1);
    CHECK_IS(s.loads, 1);
    CHECK_IS(weir_load_relaxed(&t.loads), 2);
    weir_ctx_unref(ended);
    cache_close(c, &w);
}

/* What a hit costs: nothing but when it begins a reload. */
static void costs(void) {
    struct failing_alloc a;
    struct world w = { 0 };
    struct tasks t = { 0 };
    struct weir_cache_opts o = refresh_opts(&w, &t);
    failing_alloc_init(&a, 0);
    o.alloc = &a.as;
    weir_cache *c = t.c = cache_open(&o);
    CHECK_IS(put(c, 1, 10), 0);
    CHECK_IS(get(c, 1), 10); /* the thread's first */
    size_t requests = a.requests;
    for (unsigned i = 0; i < 100; i++) CHECK_IS(get(c, 1), 10);
    CHECK_IS(a.requests - requests, 0);
    world_at(&w, 60);
    for (unsigned i = 0; i < 100; i++) CHECK_IS(get(c, 1), 10);
    CHECK_IS(a.requests - requests, 2); /* the first of them */
    CHECK_IS(t.n, 1);
    CHECK_IS(told_all(&w), 0);
    run_task(&t, 0, NULL);
    cache_close(c, &w);
    CHECK_IS(weir_rcu_barrier(), 0);
    CHECK_IS(a.out, 0);
}

static int64_t free_call(void *arg) { return weir_cache_free(arg); }
/* Of this process, when weir's own has ended. */
static unsigned threads(void) {
    unsigned n = 0;
    CHECK_IS(weir_shutdown(), 0);
    DIR *d = opendir("/proc/self/task");
    while (d && readdir(d)) n++;
    if (d) (void)closedir(d);
    return n;
}
static void on_threads(void) {
    struct world w = { 0 };
    struct tasks t = { .gated = true };
    struct call call;
    unsigned before = threads(), after;
    (void)weir_sem_init(&t.begun, 10);
    (void)weir_sem_init(&t.gate, 10);
    CHECK_IS(weir_sem_try_acquire(&t.begun, 10), 0);
    CHECK_IS(weir_sem_try_acquire(&t.gate, 10), 0);
    weir_cache *c = refresh_open(&w, &t, true);
    for (uint64_t k = 0; k < 10; k++) CHECK_IS(put(c, k, 10), 0);
    world_at(&w, 60);
    for (uint64_t k = 0; k < 10; k++) CHECK_IS(get(c, k), 10);
    CHECK_IS(weir_sem_acquire_wait(&t.begun, 10, weir_after(20 * SEC), NULL), 0);
    call_start(&call, free_call, c);
    CHECK(call_sleeps(&call), "it does not wait for them");
    CHECK_IS(weir_sem_release(&t.gate, 10), 0);
    CHECK_IS(call_end(&call), 0);
    CHECK_IS(weir_load_relaxed(&t.loads), 10);
    CHECK_IS(weir_load_relaxed(&w.dropped), 20);
    for (unsigned i = 0; (after = threads()) > before && i < 20000; i++) sleep_ms(1);
    CHECK(after <= before, "%u threads, and %u before", after, before);
}

/* At the last time there is: of what never gets stale, because nothing does, or because that is beyond all time. */
static int count_and_refuse(void *self, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    (void)fn;
    (void)ctx;
    (void)arg;
    ++*(unsigned *)self;
    return WEIR_EAGAIN;
}
static void never_stale(void) {
    for (unsigned refreshes = 0; refreshes < 2; refreshes++) {
        struct world w = { 0 };
        struct weir_cache_opts o = opts(&w, 100);
        struct tasks t = { 0 };
        unsigned submitted = 0;
        weir_exec exec = { count_and_refuse, &submitted };
        o.ttl = 100;
        o.exec = &exec;
        o.refresh = refreshes ? 50 : 0;
        o.load = refreshes ? reload : NULL;
        o.load_arg = &t;
        weir_cache *c = t.c = cache_open(&o);
        world_at(&w, INT64_MAX - 10);
        CHECK_IS(put_ttl(c, 1, 10, WEIR_FOREVER), 0);
        world_at(&w, INT64_MAX);
        CHECK_IS(get(c, 1), 10);
        CHECK_IS(submitted, 0);
        cache_close(c, &w);
    }
}

const struct test refresh_tests[] = {
    { "CACHE26 a stale value is returned, and one reload begun, however slow", one_reload },
    { "CACHE26 a reload that fails, is given up, or refused", fails },
    { "CACHE26 CACHE16 a failure is not remembered in place of a value", fails_beside_negative },
    { "CACHE26 a reload that gives too much is tried again", too_large },
    { "CACHE26 a reload that was overtaken stores nothing", overtaken },
    { "CACHE1 CACHE26 a reload that was overtaken before it began", overtaken_before },
    { "CACHE17 CACHE26 nobody waits for a reload that has not begun", never_begun },
    { "CACHE27 a reload that was refused, or given up, is no failure of a loader", counts_calls },
    { "CACHE28 what a hit that begins a reload costs", costs },
    { "CACHE26 CACHE30 reloads on threads; free waits for them", on_threads },
    { "CACHE3 CACHE26 what never gets stale is not refreshed at the end of all time", never_stale },
};
const size_t n_refresh_tests = sizeof refresh_tests / sizeof *refresh_tests;
