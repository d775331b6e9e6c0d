/* SPDX-License-Identifier: MIT */
/* tests/cache/loads.c - loading: CACHE14 to CACHE16, CACHE18 to CACHE21. */
#include "cache.h"

#include <pthread.h>
#include <weir/error.h>
#include <weir/rcu.h>

/* A loader that says that it has begun, and waits until it is let go. */
struct loader {
    weir_cache *c;
    weir_sem begun, gate;
    weir_au32 runs;
    uint64_t give;
    int rc;
    const char *text; /* of rc; NULL: none */
    bool exits, cancelled;
    weir_ctx *ends; /* a context that it cancels at its end */
};

static void loader_init(struct loader *l, weir_cache *c, uint64_t give) {
    *l = (struct loader){ .c = c, .give = give };
    (void)weir_sem_init(&l->begun, 1000);
    (void)weir_sem_init(&l->gate, 1000);
    CHECK_IS(weir_sem_try_acquire(&l->begun, 1000), 0);
    CHECK_IS(weir_sem_try_acquire(&l->gate, 1000), 0);
}
static int load_fn(const void *key, void *val, weir_time *ttl, weir_ctx *ctx, void *arg) {
    struct loader *l = arg;
    (void)key;
    (void)ctx;
    CHECK_IS(*ttl, WEIR_TTL_DEFAULT);
    CHECK_IS(*(uint64_t *)val, 0);
    (void)weir_fetch_add_relaxed(&l->runs, 1);
    CHECK_IS(weir_sem_release(&l->begun, 1), 0);
    CHECK_IS(weir_sem_acquire_wait(&l->gate, 1, WEIR_FOREVER, NULL), 0);
    if (l->ends) CHECK_IS(weir_ctx_cancel(l->ends, 0), 0);
    if (l->exits) pthread_exit(NULL);
    if (l->cancelled) {
        CHECK_IS(pthread_cancel(pthread_self()), 0);
        pthread_testcancel();
    }
    *(uint64_t *)val = l->give;
    return l->text ? weir_fail(l->rc, "%s", l->text) : l->rc;
}
static void begun(struct loader *l) {
    CHECK_IS(weir_sem_acquire_wait(&l->begun, 1, weir_after(20 * SEC), NULL), 0);
}
static void let_go(struct loader *l) { CHECK_IS(weir_sem_release(&l->gate, 1), 0); }
static uint32_t runs(struct loader *l) { return weir_load_relaxed(&l->runs); }

struct loading {
    struct loader *l;
    uint64_t key, val;
    weir_time deadline;
    weir_ctx *ctx;
    struct call call;
};
static int64_t loading_call(void *arg) {
    struct loading *d = arg;
    struct weir_error err;
    int rc = weir_cache_load_wait(d->l->c, &d->key, &d->val, load_fn, d->l, d->deadline, d->ctx);
    weir_error_take(rc, &err);
    if (d->l->text && rc == d->l->rc)
        CHECK(strcmp(err.text, d->l->text) == 0, "the text is '%s'", err.text);
    return rc;
}
static void start_with(struct loading *d, struct loader *l, uint64_t key, weir_time deadline,
                       weir_ctx *ctx) {
    *d = (struct loading){ .l = l, .key = key, .val = 77, .deadline = deadline, .ctx = ctx };
    call_start(&d->call, loading_call, d);
}
static void start(struct loading *d, struct loader *l, uint64_t key) {
    start_with(d, l, key, WEIR_FOREVER, NULL);
}
static void waits(struct loading *d, struct loader *l, uint64_t key) {
    start(d, l, key);
    CHECK(call_sleeps(&d->call), "it does not wait");
}
static void ends(struct loading *d, int rc, uint64_t val) {
    CHECK_IS(call_end(&d->call), rc);
    CHECK_IS(d->val, rc == 0 ? val : 77);
}
static int load(struct loader *l, uint64_t key, uint64_t *val) {
    return weir_cache_load(l->c, &key, val, load_fn, l);
}

/* ---- CACHE14, 15, 16 ---------------------------------------------------------------------------------------------- */

#define MANY 64

static void once_for_all(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    weir_cache *c = cache_open(&o);
    static struct loading d[MANY];
    struct loader l;
    uint64_t val = 0;
    loader_init(&l, c, 5);
    start(&d[0], &l, 1);
    begun(&l);
    for (size_t i = 1; i < MANY; i++) start(&d[i], &l, 1);
    CHECK(call_sleeps(&d[MANY - 1].call), "it does not wait");
    let_go(&l);
    for (size_t i = 0; i < MANY; i++) ends(&d[i], 0, 5);
    CHECK_IS(runs(&l), 1);
    CHECK_IS(load(&l, 1, &val), 0); /* it is there now */
    CHECK_IS(get(c, 1), 5);
    CHECK_IS(runs(&l), 1);
    cache_close(c, &w);
}

static void other_keys(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    weir_cache *c = cache_open(&o); /* one shard */
    struct loading d[2];
    struct loader a, b;
    loader_init(&a, c, 5);
    loader_init(&b, c, 6);
    start(&d[0], &a, 1);
    begun(&a);
    start(&d[1], &b, 2);
    begun(&b);
    CHECK_IS(put(c, 3, 3), 0); /* nor is anything else held up */
    CHECK_IS(get(c, 3), 3);
    CHECK_IS(get(c, 1), WEIR_ENOENT);
    let_go(&b);
    ends(&d[1], 0, 6);
    let_go(&a);
    ends(&d[0], 0, 5);
    cache_close(c, &w);
}

static void failure(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    struct weir_cache_stats s = WEIR_CACHE_STATS;
    weir_cache *c = cache_open(&o);
    struct loading d[3];
    struct loader l;
    loader_init(&l, c, 5);
    l.rc = -1234;
    l.text = "disk 3";
    start(&d[0], &l, 1);
    begun(&l);
    waits(&d[1], &l, 1);
    waits(&d[2], &l, 1);
    let_go(&l);
    for (size_t i = 0; i < 3; i++) ends(&d[i], -1234, 0);
    CHECK_IS(runs(&l), 1);
    CHECK_IS(get(c, 1), WEIR_ENOENT);
    l.rc = WEIR_ENOENT; /* a loader's code like any other */
    l.text = NULL;
    let_go(&l);
    start(&d[0], &l, 1);
    ends(&d[0], WEIR_ENOENT, 0);
    l.rc = 0;
    let_go(&l);
    start(&d[0], &l, 1);
    ends(&d[0], 0, 5);
    CHECK_IS(runs(&l), 3);
    CHECK_IS(weir_cache_read_stats(c, &s), 0);
    CHECK_IS(s.loads, 1);
    CHECK_IS(s.load_failures, 2);
    cache_close(c, &w);
}

static void negative(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    o.negative_ttl = 50;
    weir_cache *c = cache_open(&o);
    struct loader l;
    uint64_t val = 77;
    loader_init(&l, c, 5);
    l.rc = WEIR_ENOENT;
    let_go(&l);
    CHECK_IS(load(&l, 1, &val), WEIR_ENOENT);
    world_at(&w, 49);
    CHECK_IS(load(&l, 1, &val), WEIR_ENOENT); /* remembered */
    CHECK_IS(get(c, 1), WEIR_ENOENT);
    CHECK_IS(val, 77);
    CHECK_IS(runs(&l), 1);
    world_at(&w, 50);
    l.rc = 0;
    let_go(&l);
    CHECK_IS(load(&l, 1, &val), 0);
    CHECK_IS(val, 5);
    l.rc = -9;
    let_go(&l);
    CHECK_IS(load(&l, 2, &val), -9);
    CHECK_IS(put(c, 2, 20), 0); /* a put takes its place */
    CHECK_IS(get(c, 2), 20);
    let_go(&l);
    CHECK_IS(load(&l, 3, &val), -9);
    CHECK_IS(inv(c, 3), WEIR_ENOENT);
    let_go(&l);
    CHECK_IS(load(&l, 3, &val), -9);
    CHECK_IS(runs(&l), 5);
    CHECK_IS(told_all(&w), 0); /* nobody is told of what was no value, nor is it dropped */
    cache_close(c, &w);
    CHECK_IS(weir_load_relaxed(&w.dropped), 2);
}

/* ---- CACHE18, 19 ---------------------------------------------------------------------------------------------------- */

static void invalidated(void) {
    for (unsigned clear = 0; clear < 2; clear++) {
        struct world w = { 0 };
        struct weir_cache_opts o = opts(&w, 100);
        weir_cache *c = cache_open(&o);
        struct loading a, b, d;
        struct loader old, new;
        loader_init(&old, c, 1);
        loader_init(&new, c, 2);
        start(&a, &old, 1);
        begun(&old);
        waits(&b, &old, 1);
        if (clear)
            CHECK_IS(weir_cache_clear(c), 0);
        else
            CHECK_IS(inv(c, 1), WEIR_ENOENT);
        start(&d, &new, 1); /* begins anew */
        begun(&new);
        let_go(&old);
        ends(&a, 0, 1);
        ends(&b, 0, 1);
        CHECK_IS(get(c, 1), WEIR_ENOENT); /* not stored */
        let_go(&new);
        ends(&d, 0, 2);
        CHECK_IS(get(c, 1), 2);
        CHECK_IS(told_all(&w), 0);
        CHECK_IS(weir_rcu_barrier(), 0);
        CHECK_IS(weir_load_relaxed(&w.dropped), 1);
        cache_close(c, &w);
    }
}

static void put_wins(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    weir_cache *c = cache_open(&o);
    struct loading a, b;
    struct loader l;
    loader_init(&l, c, 1);
    start(&a, &l, 1);
    begun(&l);
    waits(&b, &l, 1);
    CHECK_IS(put(c, 1, 9), 0);
    CHECK_IS(get(c, 1), 9);
    let_go(&l);
    ends(&a, 0, 1);
    ends(&b, 0, 1);
    CHECK_IS(get(c, 1), 9); /* never overwritten */
    CHECK_IS(told_all(&w), 0);
    CHECK_IS(weir_rcu_barrier(), 0);
    CHECK_IS(weir_load_relaxed(&w.dropped), 1); /* what was loaded */
    cache_close(c, &w);
}

/* ---- CACHE20, 21 ---------------------------------------------------------------------------------------------------- */

static void loader_is_gone(bool cancelled) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    weir_cache *c = cache_open(&o);
    struct loading a, b;
    struct loader l;
    loader_init(&l, c, 1);
    l.exits = !cancelled;
    l.cancelled = cancelled;
    start(&a, &l, 1);
    begun(&l);
    waits(&b, &l, 1);
    let_go(&l);
    ends(&b, WEIR_ECANCELED, 0);
    (void)pthread_join(a.call.thread, NULL);
    l.exits = l.cancelled = false;
    let_go(&l);
    start(&b, &l, 1);
    ends(&b, 0, 1);
    cache_close(c, &w);
}
static void loader_exits(void) { loader_is_gone(false); }
static void loader_cancelled(void) { loader_is_gone(true); }

static void waiter_is_late(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    weir_cache *c = cache_open(&o);
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    struct loading a, b, d;
    struct loader l;
    uint64_t key = 1, val = 77;
    loader_init(&l, c, 1);
    start(&a, &l, 1);
    begun(&l);
    weir_time until = weir_after(20 * MS);
    start_with(&b, &l, 1, until, NULL);
    start_with(&d, &l, 1, WEIR_FOREVER, ctx);
    CHECK(call_sleeps(&d.call), "it does not wait");
    CHECK_IS(weir_cache_load_wait(c, &key, &val, load_fn, &l, WEIR_NOW, NULL), WEIR_EBUSY);
    ends(&b, WEIR_ETIMEDOUT, 0);
    check_late(WEIR_ETIMEDOUT, until);
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    ends(&d, WEIR_ECANCELED, 0);
    let_go(&l);
    ends(&a, 0, 1); /* it went on */
    CHECK_IS(get(c, 1), 1);
    CHECK_IS(weir_cache_load_wait(c, &key, &val, load_fn, &l, WEIR_FOREVER, ctx), WEIR_ECANCELED);
    cache_close(c, &w);
    weir_ctx_unref(ctx);
}

/* Who waits is not to suffer from the end of another one's context, whatever the loader says of it. */
static void cancelled_with(int rc) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    weir_cache *c = cache_open(&o);
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    struct loading a, b;
    struct loader old, new;
    loader_init(&old, c, 1);
    loader_init(&new, c, 2);
    old.rc = rc;
    old.ends = ctx;
    start_with(&a, &old, 1, WEIR_FOREVER, ctx);
    begun(&old);
    waits(&b, &new, 1);
    let_go(&old);
    ends(&a, rc, 0);
    begun(&new);
    let_go(&new);
    ends(&b, 0, 2);
    cache_close(c, &w);
    weir_ctx_unref(ctx);
}
static void cancelled_loader(void) {
    cancelled_with(WEIR_ECANCELED);
    cancelled_with(WEIR_ECLOSED);
    cancelled_with(-1234);
}

const struct test load_tests[] = {
    { "CACHE14 64 threads, one load, and all get its value", once_for_all },
    { "CACHE15 loads of other keys go on, and all else does", other_keys },
    { "CACHE16 a failure goes to all who wait, with its text, and is not kept", failure },
    { "CACHE16 a failure is kept for the negative time to live", negative },
    { "CACHE18 invalidate, clear: waiters get the value, which is not stored", invalidated },
    { "CACHE19 put wins over a load", put_wins },
    { "CACHE20 a loader that ends its thread", loader_exits },
    { "CACHE20 a loader whose thread is cancelled", loader_cancelled },
    { "CACHE21 a waiter that is late, or cancelled, does not end the load", waiter_is_late },
    { "CACHE20 CACHE21 a load that was cancelled is begun anew by who waits", cancelled_loader },
};
const size_t n_load_tests = sizeof load_tests / sizeof *load_tests;
