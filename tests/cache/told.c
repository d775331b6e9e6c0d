/* SPDX-License-Identifier: MIT */
/* tests/cache/told.c - who is told of what leaves, and when: CACHE22 to CACHE25. */
#include "cache.h"

#include <pthread.h>

static void last_is(struct world *w, uint64_t key, uint64_t val, int cause) {
    CHECK_IS(weir_load_relaxed(&w->last_key), key);
    CHECK_IS(weir_load_relaxed(&w->last_val), val);
    CHECK_IS(weir_load_relaxed(&w->last_cause), cause);
}

static void causes(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 3);
    weir_cache *c = cache_open(&o);
    CHECK_IS(put(c, 1, 10), 0);
    CHECK_IS(put(c, 1, 11), 0);
    last_is(&w, 1, 10, WEIR_CACHE_REPLACED);
    CHECK_IS(inv(c, 1), 0);
    last_is(&w, 1, 11, WEIR_CACHE_EXPLICIT);
    CHECK_IS(put_ttl(c, 2, 20, SEC), 0);
    world_at(&w, 3 * SEC);
    CHECK_IS(weir_cache_maintain(c), 1);
    last_is(&w, 2, 20, WEIR_CACHE_EXPIRED);
    for (uint64_t k = 3; k < 7; k++) CHECK_IS(put(c, k, k * 10), 0);
    CHECK_IS(told(&w, WEIR_CACHE_SIZE), 1);
    last_is(&w, 3, 30, WEIR_CACHE_SIZE);
    CHECK_IS(weir_cache_clear(c), 0);
    CHECK_IS(told(&w, WEIR_CACHE_CLEARED), 3);
    CHECK_IS(put(c, 8, 80), 0);
    CHECK_IS(weir_cache_free(c), 0);
    last_is(&w, 8, 80, WEIR_CACHE_CLEARED);
    CHECK_IS(told_all(&w), 8);
    CHECK_IS(weir_load_relaxed(&w.dropped), 8);
}

/* One whose time is over, and that is evicted, replaced, or invalidated. */
static void expired_it_is(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 1);
    weir_cache *c = cache_open(&o);
    CHECK_IS(put_ttl(c, 1, 10, 5), 0);
    world_at(&w, 5); /* within the wheel's first bucket: it does not know yet */
    CHECK_IS(put(c, 2, 20), 0);
    last_is(&w, 1, 10, WEIR_CACHE_EXPIRED);
    CHECK_IS(put_ttl(c, 2, 21, 5), 0);
    last_is(&w, 2, 20, WEIR_CACHE_REPLACED);
    world_at(&w, 10);
    CHECK_IS(put_ttl(c, 2, 22, 5), 0);
    last_is(&w, 2, 21, WEIR_CACHE_EXPIRED);
    world_at(&w, 15);
    CHECK_IS(inv(c, 2), WEIR_ENOENT);
    last_is(&w, 2, 22, WEIR_CACHE_EXPIRED);
    CHECK_IS(told(&w, WEIR_CACHE_SIZE), 0);
    cache_close(c, &w);
}

/* ---- CACHE24 ------------------------------------------------------------------------------------------------------- */

struct calls_back {
    weir_cache *c;
    unsigned depth, calls;
};
static void call_back(void *arg, uint64_t key, uint64_t val, int cause) {
    struct calls_back *b = arg;
    (void)cause;
    CHECK_IS(b->depth++, 0); /* not inside itself */
    b->calls++;
    int64_t there = get(b->c, key);
    CHECK(there != (int64_t)val, "it can be got still");
    if (b->calls < 50) {
        CHECK_IS(put(b->c, 1000 + b->calls, 1), 0); /* which evicts */
        (void)inv(b->c, 1000 + b->calls);
        (void)weir_cache_maintain(b->c);
        if (b->calls % 10 == 0) CHECK_IS(weir_cache_clear(b->c), 0);
    }
    b->depth--;
}
static void may_call(void) {
    struct calls_back b = { 0 };
    struct world w = { .on_removed = call_back, .on_arg = &b };
    struct weir_cache_opts o = opts(&w, 4);
    b.c = cache_open(&o); /* of one shard: of several, one may be told of inside another's */
    for (uint64_t k = 1; k <= 6; k++) CHECK_IS(put(b.c, k, k + 100), 0);
    CHECK(b.calls > 50, "calls %u", b.calls);
    CHECK_IS(weir_cache_free(b.c), 0);
}

/* Nobody else is held up by one that takes long, and it is told of what leaves meanwhile. */
struct slow {
    struct stop *stop;
    weir_au32 calls;
};
static void slow_one(void *arg, uint64_t key, uint64_t val, int cause) {
    struct slow *s = arg;
    (void)val;
    (void)cause;
    (void)weir_fetch_add_relaxed(&s->calls, 1);
    if (key != 1) return;
    (void)sem_post(&s->stop->arrived);
    while (sem_wait(&s->stop->go) != 0) {
    }
}
struct inv_call {
    weir_cache *c;
    uint64_t key;
};
static int64_t inv_fn(void *arg) {
    struct inv_call *i = arg;
    return inv(i->c, i->key);
}
static void no_lock_is_held(void) {
    struct stop stop;
    struct slow s = { .stop = &stop };
    struct world w = { .on_removed = slow_one, .on_arg = &s };
    struct weir_cache_opts o = opts(&w, 100);
    struct call call;
    weir_cache *c = cache_open(&o);
    struct inv_call i = { c, 1 };
    stop_init(&stop, "none");
    CHECK_IS(put(c, 1, 10), 0);
    call_start(&call, inv_fn, &i);
    CHECK(stop_wait(&stop), "not told");
    CHECK_IS(put(c, 2, 20), 0);
    CHECK_IS(get(c, 2), 20);
    CHECK_IS(inv(c, 2), 0);
    CHECK_IS(weir_load_relaxed(&s.calls), 1); /* its turn comes after this one */
    stop_release(&stop);
    CHECK_IS(call_end(&call), 0);
    CHECK_IS(weir_load_relaxed(&s.calls), 2);
    stop_fini(&stop);
    cache_close(c, &w);
}

static void exit_thread(void *arg, uint64_t key, uint64_t val, int cause) {
    (void)arg;
    (void)val;
    (void)cause;
    if (key == 1) pthread_exit(NULL);
}
static void ends_its_thread(void) {
    struct world w = { .on_removed = exit_thread };
    struct weir_cache_opts o = opts(&w, 100);
    struct call call;
    weir_cache *c = cache_open(&o);
    struct inv_call i = { c, 1 };
    CHECK_IS(put(c, 1, 10), 0);
    CHECK_IS(put(c, 2, 20), 0);
    call_start(&call, inv_fn, &i);
    (void)pthread_join(call.thread, NULL);
    CHECK_IS(inv(c, 2), 0);
    CHECK_IS(told(&w, WEIR_CACHE_EXPLICIT), 2);
    cache_close(c, &w);
    CHECK_IS(weir_load_relaxed(&w.dropped), 2);
}

/* ---- CACHE22, CACHE25 ----------------------------------------------------------------------------------------------- */

#define KEYS 6

/* Each thread puts growing values for keys of its own: so they leave, and are told of, in that order. */
struct order {
    weir_cache *c;
    weir_au64 last[KEYS], puts, sum_put, sum_told;
};
static void in_order(void *arg, uint64_t key, uint64_t val, int cause) {
    struct order *r = arg;
    (void)cause;
    uint64_t last = weir_load_relaxed(&r->last[key % KEYS]);
    CHECK(val > last, "%llu after %llu", (unsigned long long)val, (unsigned long long)last);
    weir_store_relaxed(&r->last[key % KEYS], val);
    (void)weir_fetch_add_relaxed(&r->sum_told, val);
}
static void order_thread(void *arg, size_t index) {
    struct order *r = arg;
    rng_seed(index);
    for (uint64_t i = 1; i <= times(2000) && checks_hold(); i++) {
        uint64_t key = index + 2 * rng_below(KEYS / 2);
        CHECK_IS(put(r->c, key, i), 0);
        (void)weir_fetch_add_relaxed(&r->sum_put, i);
        if (rng_below(4) == 0) (void)inv(r->c, index + 2 * rng_below(KEYS / 2));
    }
}
static void ordered(void) {
    struct order r = { 0 };
    struct world w = { .on_removed = in_order, .on_arg = &r };
    struct weir_cache_opts o = opts(&w, 3);
    o.shards = 2;
    o.clock = NULL;
    r.c = cache_open(&o);
    points_delay(true);
    times_share(4);
    team_run(2, order_thread, &r);
    times_share(1);
    points_delay(false);
    CHECK_IS(weir_cache_free(r.c), 0);
    CHECK_IS(weir_load_relaxed(&r.sum_told), weir_load_relaxed(&r.sum_put));
    CHECK_IS(weir_load_relaxed(&w.dropped), told_all(&w));
}

const struct test told_tests[] = {
    { "CACHE22 each removal is told of, once, with its cause", causes },
    { "CACHE23 what has expired and is in the way has expired", expired_it_is },
    { "CACHE24 `removed` may call the cache, and is not called inside itself", may_call },
    { "CACHE24 `removed` is called without a lock", no_lock_is_held },
    { "CACHE24 a `removed` that ends its thread", ends_its_thread },
    { "CACHE22 CACHE25 told in the order of the removals, of each key", ordered },
};
const size_t n_told_tests = sizeof told_tests / sizeof *told_tests;
