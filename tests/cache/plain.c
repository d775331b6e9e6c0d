/* SPDX-License-Identifier: MIT */
/* tests/cache/plain.c - what only the plain kinds promise: their order, and when what has left is freed. (What
 * all kinds promise is run on each of them: --kind of cache.c.) */
#include "cache.h"

#include <stdlib.h>

static weir_cache *open_kind(struct world *w, uint64_t capacity, int kind) {
    struct weir_cache_opts o = opts(w, capacity);
    weir_cache *c = NULL;
    o.clock = NULL;
    o.kind = kind;
    CHECK_IS(weir_cache_new(&c, &o), 0);
    return c;
}

/* Puts the keys of a word of letters, a capital is a get; what is there at the end. */
static void order(int kind, uint64_t capacity, const char *calls, const char *there) {
    struct world w = { 0 };
    weir_cache *c = open_kind(&w, capacity, kind);
    char found[27] = "";
    size_t n = 0;
    for (const char *p = calls; *p; p++) {
        if (*p >= 'a')
            CHECK_IS(put(c, (uint64_t)*p, 1), 0);
        else
            (void)get(c, (uint64_t)*p - 'A' + 'a');
    }
    for (uint64_t k = 'a'; k <= 'z'; k++)
        if (get(c, k) == 1) found[n++] = (char)k;
    CHECK(strcmp(found, there) == 0, "kind %d, '%s': '%s' is there, not '%s'", kind, calls, found,
          there);
    cache_close(c, &w);
}

static void orders(void) {
    order(WEIR_CACHE_MUTEX_LRU, 3, "abcAd", "acd");
    order(WEIR_CACHE_MUTEX_LRU, 3, "abcABd", "abd");
    order(WEIR_CACHE_MUTEX_LRU, 3, "abcad", "acd"); /* a put is a use */
    order(WEIR_CACHE_MUTEX_LRU, 3, "abcABCd", "bcd");
    order(WEIR_CACHE_RWLOCK_CLOCK, 3, "abcAd", "acd");
    order(WEIR_CACHE_RWLOCK_CLOCK, 3, "abcAde", "ade");
    order(WEIR_CACHE_RWLOCK_CLOCK, 3, "abcABCd", "bcd"); /* all were used: the oldest */
}

static uint64_t dropped(struct world *w) { return weir_load_relaxed(&w->dropped); }

/* At once; and, when something was lent under a guard, when that guard has ended. */
static void freed(int kind) {
    struct world w = { 0 };
    weir_cache *c = open_kind(&w, 2, kind);
    uint64_t key = 2;
    CHECK_IS(put(c, 1, 10), 0);
    CHECK_IS(put(c, 1, 11), 0);
    CHECK_IS(dropped(&w), 1);
    CHECK_IS(inv(c, 1), 0);
    CHECK_IS(dropped(&w), 2);
    CHECK_IS(put(c, 2, 20), 0);
    const uint64_t *held = weir_cache_acquire(c, &key);
    CHECK_IS(inv(c, 2), 0);
    CHECK_IS(dropped(&w), 2);
    if (held) CHECK_IS(*held, 20);
    weir_cache_release(held);
    CHECK_IS(dropped(&w), 3);
    CHECK_IS(put(c, 2, 21), 0);
    weir_guard g = weir_rcu_enter();
    const uint64_t *lent = weir_cache_peek(c, g, &key);
    CHECK(lent != NULL, "it is not there");
    CHECK_IS(put(c, 2, 22), 0);
    CHECK_IS(inv(c, 2), 0);
    CHECK_IS(dropped(&w), 3);
    if (lent) CHECK_IS(*lent, 21);
    CHECK_IS(weir_rcu_exit(g), 0);
    CHECK_IS(weir_rcu_barrier(), 0);
    CHECK_IS(dropped(&w), 5);
    cache_close(c, &w);
}
static void when_freed(void) {
    freed(WEIR_CACHE_MUTEX_LRU);
    freed(WEIR_CACHE_RWLOCK_CLOCK);
}

/* What each lends stays, though fn removes it, and all others. */
static int removes(const void *key, const void *val, void *arg) {
    weir_cache *c = arg;
    CHECK_IS(weir_cache_clear(c), 0);
    CHECK_IS(put(c, 1000, 3000), 0);
    CHECK_IS(*(const uint64_t *)val, 3 * *(const uint64_t *)key);
    return 0;
}
static void each_lends(void) {
    for (int kind = WEIR_CACHE_MUTEX_LRU; kind <= WEIR_CACHE_RWLOCK_CLOCK; kind++) {
        struct world w = { 0 };
        weir_cache *c = open_kind(&w, 100, kind);
        for (uint64_t k = 0; k < 40; k++) CHECK_IS(put(c, k, 3 * k), 0);
        CHECK_IS(weir_cache_each(c, removes, c), 0);
        cache_close(c, &w);
    }
}

/* Peeks beside writers that remove what is peeked at, from the first peek of a new cache on. */
struct lent {
    weir_cache *c;
    weir_au32 writers;
};
static void lent_thread(void *arg, size_t index) {
    struct lent *l = arg;
    rng_seed(index);
    if (index % 2) {
        for (size_t i = 0; i < times(2000) && checks_hold(); i++) {
            uint64_t k = rng_below(4);
            CHECK_IS(put(l->c, k, k << 32 | i), 0);
            if (rng_below(4) == 0) (void)inv(l->c, rng_below(4));
        }
        (void)weir_fetch_sub_acq_rel(&l->writers, 1, 0);
        return;
    }
    while (weir_load_acquire(&l->writers, 0) && checks_hold()) {
        uint64_t k = rng_below(4);
        weir_guard g = weir_rcu_enter();
        const uint64_t *val = weir_cache_peek(l->c, g, &k);
        if (val) CHECK_IS(*val >> 32, k);
        CHECK_IS(weir_rcu_exit(g), 0);
    }
}
static void lent_beside_writers(void) {
    for (int kind = WEIR_CACHE_MUTEX_LRU; kind <= WEIR_CACHE_RWLOCK_CLOCK; kind++) {
        for (unsigned round = 0; round < 5; round++) {
            struct world w = { 0 };
            struct lent l = { .c = open_kind(&w, 3, kind) };
            weir_init_atomic(&l.writers, 2);
            team_run(4, lent_thread, &l);
            cache_close(l.c, &w);
        }
    }
}

/* An allocator that calls the cache: the first get_many of a thread counts in memory that it asks for. */
struct calling {
    struct weir_alloc as;
    weir_cache *c; /* from when on it does */
    unsigned calls;
};
static void *alloc_and_put(void *self, size_t size, size_t align) {
    struct calling *a = self;
    weir_cache *c = a->c;
    void *p = NULL;
    a->c = NULL;
    if (c) {
        CHECK_IS(put(c, 5, 50), 0);
        a->calls++;
    }
    return posix_memalign(&p, align < sizeof p ? sizeof p : align, size) == 0 ? p : NULL;
}
static void free_it(void *self, void *p, size_t size, size_t align) {
    (void)self;
    (void)size;
    (void)align;
    free(p);
}
static int64_t get_two(void *cache) {
    uint64_t keys[2] = { 1, 2 }, vals[2];
    bool found[2];
    return weir_cache_get_many(cache, keys, vals, found, 2);
}
static void counts_in_no_lock(void) {
    for (int kind = WEIR_CACHE_RCU; kind <= WEIR_CACHE_RWLOCK_CLOCK; kind++) {
        struct world w = { 0 };
        struct weir_cache_opts o = opts(&w, 10);
        struct calling a = { { alloc_and_put, free_it, &a }, NULL, 0 };
        struct call call;
        weir_cache *c = NULL;
        o.alloc = &a.as;
        o.kind = kind;
        if (!CHECK_IS(weir_cache_new(&c, &o), 0)) return;
        CHECK_IS(put(c, 1, 10), 0);
        a.c = c;
        call_start(&call, get_two, c);
        if (!CHECK(call_returns(&call, 5000), "kind %d: it waits for its own lock", kind)) return;
        CHECK_IS(call_end(&call), 1);
        CHECK_IS(a.calls, 1);
        CHECK_IS(get(c, 5), 50);
        cache_close(c, &w);
    }
}

const struct test plain_tests[] = {
    { "plain kinds: what leaves first", orders },
    { "plain kinds: what has left is freed at once, unless it was lent", when_freed },
    { "plain kinds: what each lends stays", each_lends },
    { "all kinds: get_many counts in no lock", counts_in_no_lock },
    { "plain kinds: what peek lends stays, beside writers", lent_beside_writers },
};
const size_t n_plain_tests = sizeof plain_tests / sizeof *plain_tests;
