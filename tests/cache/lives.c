/* SPDX-License-Identifier: MIT */
/* tests/cache/lives.c - a cache's end (CACHE30), want of memory, garbage at its limit, bad input. */
#include "cache.h"

#include "../support/failing_alloc.h"

/* ---- CACHE30 ------------------------------------------------------------------------------------------------------- */

struct gate {
    weir_cache *c;
    weir_sem begun, gate;
};
static int gated(const void *key, void *val, weir_time *ttl, weir_ctx *ctx, void *arg) {
    struct gate *g = arg;
    (void)key;
    (void)ttl;
    (void)ctx;
    CHECK_IS(weir_sem_release(&g->begun, 1), 0);
    CHECK_IS(weir_sem_acquire_wait(&g->gate, 1, WEIR_FOREVER, NULL), 0);
    *(uint64_t *)val = 5;
    return 0;
}
static int64_t load_call(void *arg) {
    struct gate *g = arg;
    uint64_t key = 1, val = 0;
    int rc = weir_cache_load(g->c, &key, &val, gated, g);
    return rc == 0 ? (int64_t)val : rc;
}

static void wakes_waiters(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    struct gate g = { .c = cache_open(&o) };
    struct call loads, waits[3];
    uint64_t key = 2, val;
    (void)weir_sem_init(&g.begun, 10);
    (void)weir_sem_init(&g.gate, 10);
    CHECK_IS(weir_sem_try_acquire(&g.begun, 10), 0);
    CHECK_IS(weir_sem_try_acquire(&g.gate, 10), 0);
    CHECK_IS(put(g.c, 7, 70), 0);
    call_start(&loads, load_call, &g);
    CHECK_IS(weir_sem_acquire_wait(&g.begun, 1, WEIR_FOREVER, NULL), 0);
    for (unsigned i = 0; i < 3; i++) {
        call_start(&waits[i], load_call, &g);
        CHECK(call_sleeps(&waits[i]), "it does not wait");
    }
    CHECK_IS(weir_cache_close(g.c), 0);
    for (unsigned i = 0; i < 3; i++) CHECK_IS(call_end(&waits[i]), WEIR_ECLOSED);
    CHECK_IS(weir_cache_close(g.c), WEIR_ECLOSED);
    CHECK_IS(get(g.c, 7), WEIR_ENOENT);
    CHECK_IS(put(g.c, 7, 70), WEIR_ECLOSED);
    CHECK_IS(inv(g.c, 7), WEIR_ENOENT);
    CHECK_IS(weir_cache_load(g.c, &key, &val, gated, &g), WEIR_ECLOSED);
    CHECK_IS(weir_sem_release(&g.gate, 1), 0);
    CHECK_IS(call_end(&loads), 5); /* its own value */
    CHECK_IS(weir_cache_len(g.c), 0);
    CHECK_IS(weir_cache_weight(g.c), 0);
    CHECK_IS(weir_cache_free(g.c), 0);
    CHECK_IS(weir_load_relaxed(&w.dropped), 2);
    CHECK_IS(told(&w, WEIR_CACHE_CLEARED), 1);
}

/* Closed while threads are busy: each value that was stored is told of and dropped, once. */
struct race {
    weir_cache *c;
    weir_au64 stored;
    weir_au32 ready;
};
static void race_thread(void *arg, size_t index) {
    struct race *r = arg;
    rng_seed(index);
    int rc = 0;
    uint64_t stored = 0;
    if (index == 0) {
        random_delay();
        random_delay();
        CHECK_IS(weir_cache_close(r->c), 0);
        return;
    }
    for (uint64_t i = 1; rc == 0; i++) {
        rc = put(r->c, rng_below(20), i);
        stored += rc == 0;
    }
    CHECK_IS(rc, WEIR_ECLOSED);
    (void)weir_fetch_add_relaxed(&r->stored, stored);
}
static void closed_in_use(void) {
    points_delay(true);
    for (size_t i = 0; i < times(40) && checks_hold(); i++) {
        struct world w = { 0 };
        struct weir_cache_opts o = opts(&w, 10);
        struct race r = { 0 };
        o.clock = NULL;
        o.shards = 1u << rng_below(3);
        r.c = cache_open(&o);
        team_run(4, race_thread, &r);
        CHECK_IS(weir_cache_len(r.c), 0);
        CHECK_IS(weir_cache_free(r.c), 0);
        CHECK_IS(told_all(&w), weir_load_relaxed(&r.stored));
        CHECK_IS(weir_load_relaxed(&w.dropped), weir_load_relaxed(&r.stored));
    }
    points_delay(false);
}

/* The last value is released by another thread: free says so until it is, and then nobody looks at the cache. */
struct holder {
    const void *val;
    weir_au32 go;
};
static int64_t release_call(void *arg) {
    struct holder *h = arg;
    while (!weir_load_relaxed(&h->go)) weir_pause();
    random_delay();
    weir_cache_release(h->val);
    return 0;
}
static void released_elsewhere(void) {
    for (size_t i = 0; i < times(30) && checks_hold(); i++) {
        struct world w = { 0 };
        struct weir_cache_opts o = opts(&w, 10);
        weir_cache *c = cache_open(&o);
        uint64_t key = 1;
        struct call call;
        int rc = WEIR_EBUSY;
        CHECK_IS(put(c, 1, 10), 0);
        struct holder h = { .val = weir_cache_acquire(c, &key) };
        call_start(&call, release_call, &h);
        CHECK_IS(weir_cache_free(c), WEIR_EBUSY);
        weir_store_relaxed(&h.go, 1);
        while (rc == WEIR_EBUSY) rc = weir_cache_free(c);
        CHECK_IS(rc, 0);
        CHECK_IS(call_end(&call), 0);
        CHECK_IS(weir_load_relaxed(&w.dropped), 1);
    }
}

/* ---- want of memory -------------------------------------------------------------------------------------------------- */

static int loads_two(const void *key, void *val, weir_time *ttl, weir_ctx *ctx, void *arg) {
    (void)key;
    (void)ttl;
    (void)ctx;
    (void)arg;
    *(uint64_t *)val = 2;
    return 0;
}

/* Each request refused in turn, of a cache that is made, filled, loaded, and freed. */
static void no_memory(void) {
    bool failed = true;
    for (size_t at = 1; failed && at < 2000 && checks_hold(); at++) {
        struct failing_alloc a;
        struct world w = { 0 };
        struct weir_cache_opts o = opts(&w, 20);
        weir_cache *c = (weir_cache *)&a;
        uint64_t stored = 0, key = 1000, val = 0;
        failing_alloc_init(&a, at);
        o.alloc = &a.as;
        of_kind(&o);
        int rc = weir_cache_new(&c, &o);
        CHECK(rc == 0 || (rc == WEIR_ENOMEM && !c), "new: %d", rc);
        for (uint64_t k = 0; c && k < 60; k++) {
            rc = put(c, k, k);
            CHECK(rc == 0 || rc == WEIR_ENOMEM, "put: %d", rc);
            stored += rc == 0;
            if (rc == 0) CHECK_IS(get(c, k), k);
        }
        if (c) {
            rc = weir_cache_load(c, &key, &val, loads_two, NULL);
            CHECK(rc == 0 || rc == WEIR_ENOMEM, "load: %d", rc);
            if (rc == 0) CHECK_IS(val, 2);
            stored += rc == 0;
            CHECK_IS(weir_cache_free(c), 0);
            CHECK_IS(weir_load_relaxed(&w.dropped), stored);
        }
        failed = a.refused > 0;
        CHECK_IS(weir_rcu_barrier(), 0);
        CHECK_IS(a.out, 0);
    }
    CHECK(!failed, "it always failed");
}

/* A reader that stays keeps what has left: puts wait then, with a deadline, and go on when it leaves. */
static void stalled_reader(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 10);
    weir_cache *c = cache_open(&o);
    uint64_t key = 1, val = 1;
    int rc = 0;
    CHECK_IS(weir_rcu_barrier(), 0);
    CHECK_IS(weir_rcu_set_limits(1000, 20000), 0);
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    weir_guard g = weir_rcu_enter();
    for (unsigned i = 0; i < 1000; i++) CHECK_IS(put(c, i % 5, i), 0); /* in a guard: none waits */
    CHECK_IS(weir_rcu_exit(g), 0);
    for (unsigned i = 0; i < 1000 && rc == 0; i++) rc = put(c, i % 5, i);
    CHECK_IS(rc, 0);
    CHECK_IS(weir_cache_put_wait(c, &key, &val, DEFAULT, WEIR_FOREVER, ctx), 0);
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    CHECK_IS(weir_cache_put_wait(c, &key, &val, DEFAULT, WEIR_FOREVER, ctx), WEIR_ECANCELED);
    CHECK_IS(weir_rcu_set_limits(0, 0), 0);
    weir_ctx_unref(ctx);
    cache_close(c, &w);
}

struct stays {
    weir_sem in, out;
};
static int64_t stay(void *arg) {
    struct stays *s = arg;
    weir_guard g = weir_rcu_enter();
    CHECK_IS(weir_sem_release(&s->in, 1), 0);
    CHECK_IS(weir_sem_acquire_wait(&s->out, 1, WEIR_FOREVER, NULL), 0);
    return weir_rcu_exit(g);
}
static void garbage_at_its_limit(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 10);
    weir_cache *c = cache_open(&o);
    struct stays s;
    struct call reader;
    uint64_t key = 1;
    int rc = 0;
    (void)weir_sem_init(&s.in, 1);
    (void)weir_sem_init(&s.out, 1);
    CHECK_IS(weir_sem_try_acquire(&s.in, 1), 0);
    CHECK_IS(weir_sem_try_acquire(&s.out, 1), 0);
    CHECK_IS(weir_rcu_barrier(), 0);
    CHECK_IS(weir_rcu_set_limits(1000, 20000), 0);
    call_start(&reader, stay, &s);
    CHECK_IS(weir_sem_acquire_wait(&s.in, 1, WEIR_FOREVER, NULL), 0);
    weir_guard g = weir_rcu_enter();
    (void)weir_cache_peek(c, g, &key); /* a plain kind keeps what leaves from now on */
    (void)weir_rcu_exit(g);
    for (uint64_t i = 0; i < 1000 && rc == 0; i++)
        rc = weir_cache_put_wait(c, &key, &i, DEFAULT, WEIR_NOW, NULL);
    CHECK_IS(rc, WEIR_EAGAIN);
    weir_time until = weir_after(10 * MS);
    rc = weir_cache_put_wait(c, &key, &key, DEFAULT, until, NULL);
    CHECK_IS(rc, WEIR_ETIMEDOUT);
    check_late(rc, until);
    CHECK(get(c, 1) > 0, "reads go on");
    CHECK_IS(weir_sem_release(&s.out, 1), 0);
    CHECK_IS(call_end(&reader), 0);
    CHECK_IS(put(c, 1, 77), 0);
    CHECK_IS(weir_rcu_set_limits(0, 0), 0);
    cache_close(c, &w);
}

/* ---- bad input --------------------------------------------------------------------------------------------------------- */

static void bad_opts(void (*spoil)(struct weir_cache_opts *o), int want) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 10);
    weir_cache *c = (weir_cache *)&w;
    spoil(&o);
    CHECK_IS(weir_cache_new(&c, &o), want);
    CHECK(!c, "out was not set");
}
#define SPOIL(name, how) \
    static void name(struct weir_cache_opts *o) { how; }
static const struct weir_alloc half_alloc;
static const weir_exec half_exec;
SPOIL(no_capacity, o->capacity = 0)
SPOIL(much_capacity, o->capacity = UINT64_MAX)
SPOIL(no_key, o->key_size = 0)
SPOIL(no_val, o->val_size = 0)
SPOIL(large_key, o->key_size = 65536)
SPOIL(large_val, o->val_size = 1025)
SPOIL(odd_shards, o->shards = 3)
SPOIL(many_shards, o->shards = 512)
SPOIL(bad_policy, o->policy = 9)
SPOIL(bad_kind, o->kind = 3)
SPOIL(less_kind, o->kind = -1)
SPOIL(plain_shards, (o->kind = WEIR_CACHE_MUTEX_LRU, o->shards = 2))
SPOIL(plain_policy, (o->kind = WEIR_CACHE_RWLOCK_CLOCK, o->policy = WEIR_CACHE_LRU))
SPOIL(bad_keys, o->keys = 9)
SPOIL(bad_ttl, o->ttl = -1)
SPOIL(bad_tti, o->tti = -1)
SPOIL(bad_refresh, o->refresh = 1)
SPOIL(bad_alloc, o->alloc = &half_alloc)
SPOIL(bad_exec, o->exec = &half_exec)
SPOIL(bad_size, o->size = 8)
SPOIL(much_hint, o->hint = SIZE_MAX)

static void bad_input(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 10);
    weir_cache *c = cache_open(&o);
    uint64_t k = 1, v = 1;
    const void *val = &k;
    bool found;
    count_misuse(true);
    static void (*const einval[])(struct weir_cache_opts *) = {
        no_capacity, no_key,    no_val,       odd_shards,  bad_policy, bad_keys,
        bad_ttl,     bad_tti,   bad_refresh,  bad_alloc,   bad_exec,   bad_size,
        bad_kind,    less_kind, plain_shards, plain_policy
    };
    static void (*const etoobig[])(
        struct weir_cache_opts *) = { much_capacity, large_key, large_val, many_shards, much_hint };
    for (size_t i = 0; i < sizeof einval / sizeof *einval; i++) bad_opts(einval[i], WEIR_EINVAL);
    for (size_t i = 0; i < sizeof etoobig / sizeof *etoobig; i++)
        bad_opts(etoobig[i], WEIR_ETOOBIG);
    CHECK_IS(weir_cache_new(NULL, &o), WEIR_EINVAL);
    CHECK_IS(weir_cache_get(NULL, &k, &v), WEIR_EINVAL);
    CHECK_IS(weir_cache_get(c, NULL, &v), WEIR_EINVAL);
    CHECK_IS(weir_cache_get(c, &k, NULL), WEIR_EINVAL);
    CHECK_IS(weir_cache_get_many(c, NULL, &v, &found, 1), WEIR_EINVAL);
    CHECK_IS(weir_cache_get_many(c, NULL, NULL, NULL, 0), 0);
    CHECK_IS(weir_cache_put(c, &k, NULL, DEFAULT), WEIR_EINVAL);
    CHECK_IS(weir_cache_invalidate(c, NULL), WEIR_EINVAL);
    CHECK_IS(weir_cache_clear(NULL), WEIR_EINVAL);
    CHECK_IS(weir_cache_maintain(NULL), WEIR_EINVAL);
    CHECK_IS(weir_cache_close(NULL), WEIR_EINVAL);
    CHECK_IS(weir_cache_each(c, NULL, NULL), WEIR_EINVAL);
    CHECK_IS(weir_cache_load(c, &k, &v, NULL, NULL), WEIR_EINVAL);
    CHECK_IS(weir_cache_load_acquire_wait(c, NULL, &val, loads_two, NULL, 0, NULL), WEIR_EINVAL);
    CHECK(!val, "out was not set");
    CHECK(!weir_cache_acquire(NULL, &k), "a value of nothing");
    CHECK_IS(weir_cache_read_stats(c, NULL), WEIR_EINVAL);
    CHECK(!weir_cache_peek(c, (weir_guard){ 4711 }, &k), "without a guard");
    CHECK(misuse_counted() > 25, "not reported: %u", misuse_counted());
    count_misuse(false);
    CHECK_IS(weir_cache_len(NULL), 0);
    CHECK_IS(weir_cache_free(NULL), 0);
    weir_guard g = weir_rcu_enter();
    CHECK_IS(weir_cache_free(c), WEIR_EDEADLK);
    CHECK_IS(weir_rcu_exit(g), 0);
    cache_close(c, &w);
}

const struct test life_tests[] = {
    { "CACHE30 close wakes who waits; all values are dropped once", wakes_waiters },
    { "CACHE30 closed while threads put", closed_in_use },
    { "CACHE30 the last value is released by another thread", released_elsewhere },
    { "want of memory, at each request", no_memory },
    { "a put in a guard does not wait for garbage; a context that has ended", stalled_reader },
    { "garbage at its limit: a put waits until its deadline", garbage_at_its_limit },
    { "bad input", bad_input },
};
const size_t n_life_tests = sizeof life_tests / sizeof *life_tests;
