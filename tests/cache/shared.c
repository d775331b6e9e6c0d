/* SPDX-License-Identifier: MIT */
/* tests/cache/shared.c - what threads share: CACHE1, CACHE27, CACHE28. */
#include "cache.h"

#include <sys/mman.h>

/* ---- CACHE27 ------------------------------------------------------------------------------------------------------- */

struct mix {
    weir_cache *c;
    weir_au64 gets, loads, failures;
};

static int loads_some(const void *key, void *val, weir_time *ttl, weir_ctx *ctx, void *arg) {
    struct mix *m = arg;
    uint64_t k = *(const uint64_t *)key;
    (void)ttl;
    (void)ctx;
    bool fails = rng_below(4) == 0;
    (void)weir_fetch_add_relaxed(fails ? &m->failures : &m->loads, 1);
    *(uint64_t *)val = k << 32 | 1;
    return fails ? -1000 : 0;
}

/* A value has its key in its upper half, and its copy in the map is whole. */
static void whole(uint64_t key, uint64_t val) { CHECK_IS(val >> 32, key); }

static void mix_thread(void *arg, size_t index) {
    struct mix *m = arg;
    uint64_t gets = 0, val;
    rng_seed(index);
    for (size_t i = 0; i < times(3000) && checks_hold(); i++) {
        uint64_t k = rng_below(200), v = k << 32 | i;
        switch (rng_below(8)) {
            case 0: CHECK_IS(put_ttl(m->c, k, v, 1 + (weir_time)rng_below(100000)), 0); break;
            case 1: {
                struct weir_cache_stats st = WEIR_CACHE_STATS;
                (void)inv(m->c, k);
                if (i % 16 == 0) CHECK_IS(weir_cache_read_stats(m->c, &st), 0);
                break;
            }
            case 2: {
                const void *p = weir_cache_acquire(m->c, &k);
                gets++;
                if (p) whole(k, *(const uint64_t *)p);
                weir_cache_release(p);
                break;
            }
            case 3: {
                int rc = weir_cache_load(m->c, &k, &val, loads_some, m);
                gets++;
                CHECK(rc == 0 || rc == -1000, "load: %d", rc);
                if (rc == 0) whole(k, val);
                break;
            }
            case 4: {
                weir_guard g = weir_rcu_enter();
                const uint64_t *p = weir_cache_peek(m->c, g, &k);
                gets++;
                if (p) whole(k, *p);
                (void)weir_rcu_exit(g);
                break;
            }
            default:
                gets++;
                if (weir_cache_get(m->c, &k, &val) == 0) whole(k, val);
        }
    }
    (void)weir_fetch_add_relaxed(&m->gets, gets);
}

static void adds_up(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    struct mix m = { 0 };
    struct weir_cache_stats s = WEIR_CACHE_STATS;
    o.clock = NULL;
    o.shards = 2;
    m.c = cache_open(&o);
    for (unsigned i = 0; i < 3; i++) team_run(8, mix_thread, &m); /* threads come and go */
    CHECK_IS(weir_cache_read_stats(m.c, &s), 0);
    CHECK_IS(s.hits + s.misses, weir_load_relaxed(&m.gets));
    CHECK_IS(s.loads, weir_load_relaxed(&m.loads));
    CHECK_IS(s.load_failures, weir_load_relaxed(&m.failures));
    CHECK(s.hits > 0 && s.misses > 0 && s.loads > 0, "nothing happened");
    cache_close(m.c, &w);
    CHECK_IS(weir_load_relaxed(&w.dropped) >= told_all(&w), 1);
}

/* The counts of a thread are made by the first that needs some of theirs; others may look at once. */
static void first_get(void *arg, size_t index) {
    struct weir_cache_stats s = WEIR_CACHE_STATS;
    if (index % 2)
        CHECK_IS(get(arg, index), WEIR_ENOENT);
    else
        CHECK_IS(weir_cache_read_stats(arg, &s), 0);
}
static void first_gets(void) {
    for (size_t i = 0; i < times(100) && checks_hold(); i++) {
        struct world w = { 0 };
        struct weir_cache_opts o = opts(&w, 10);
        struct weir_cache_stats s = WEIR_CACHE_STATS;
        weir_cache *c = cache_open(&o);
        team_run(4, first_get, c);
        CHECK_IS(weir_cache_read_stats(c, &s), 0);
        CHECK_IS(s.misses, 2);
        cache_close(c, &w);
    }
}

/* ---- CACHE28 ------------------------------------------------------------------------------------------------------- */

#define ARENA ((size_t)1 << 23)
struct arena {
    struct weir_alloc as;
    char *memory, *counts;
    weir_asize used, used_counts;
};
/* Of several lines, aligned to one: the counts of threads, which one thread each writes; all else is shared. */
static void *arena_alloc(void *self, size_t size, size_t align) {
    struct arena *a = self;
    bool counts = size == 64 * (size_t)WEIR_LINE;
    size_t at = weir_fetch_add_relaxed(counts ? &a->used_counts : &a->used, size + 2 * align);
    at += align - 1;
    at -= at % align;
    return at + size <= ARENA ? (counts ? a->counts : a->memory) + at : NULL;
}
static void arena_free(void *self, void *p, size_t size, size_t align) {
    (void)self;
    (void)p;
    (void)size;
    (void)align;
}
static char *pages(void) {
    char *p = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

static void hits_only(void *arg, size_t index) {
    uint64_t keys[16], vals[16];
    bool found[16];
    (void)index;
    for (uint64_t k = 0; k < 3000 && checks_hold(); k++) {
        CHECK_IS(get(arg, k % 1000), k % 1000);
        keys[k % 16] = k % 1000;
        if (k % 16 == 15) CHECK_IS(weir_cache_get_many(arg, keys, vals, found, 16), 16);
    }
    CHECK_IS(get(arg, 100000), WEIR_ENOENT);
}

/* Its memory, but for the counts, cannot be written to while they hit: no lock, no mark, no read-modify-write. */
static void hits_store_nothing(void) {
    struct arena a = { .as = { arena_alloc, arena_free, &a } };
    struct weir_cache_opts o = WEIR_CACHE_OPTS(uint64_t, uint64_t, 2000);
    weir_cache *c;
    a.memory = pages();
    a.counts = pages();
    if (!CHECK(a.memory && a.counts, "no memory")) return;
    for (int policy = WEIR_CACHE_S3FIFO; policy < WEIR_CACHE_LRU; policy++) {
        o.alloc = &a.as;
        o.policy = policy;
        CHECK_IS(weir_cache_new(&c, &o), 0);
        for (uint64_t k = 0; k < 1000; k++) CHECK_IS(put(c, k, k), 0);
        hits_only(c, 0);           /* as often as marks them */
        team_run(2, hits_only, c); /* and the threads have their counts */
        CHECK_IS(mprotect(a.memory, ARENA, PROT_READ), 0);
        team_run(2, hits_only, c);
        CHECK_IS(mprotect(a.memory, ARENA, PROT_READ | PROT_WRITE), 0);
        CHECK_IS(weir_cache_free(c), 0);
    }
    CHECK_IS(munmap(a.memory, ARENA), 0);
    CHECK_IS(munmap(a.counts, ARENA), 0);
}

const struct test shared_tests[] = {
    { "CACHE1 CACHE27 many threads: values are whole, and the counts add up", adds_up },
    { "CACHE27 the first gets of several threads", first_gets },
    { "CACHE28 hits store nothing that threads share", hits_store_nothing },
};
const size_t n_shared_tests = sizeof shared_tests / sizeof *shared_tests;
