/* SPDX-License-Identifier: MIT */
/* tests/cache/loaders.c - loaders that call the cache themselves, and what they may give: CACHE10, CACHE16, CACHE17. */
#include "cache.h"

#include <pthread.h>

/* ---- CACHE17 -------------------------------------------------------------------------------------------------------- */

static int recursive(const void *key, void *val, weir_time *ttl, weir_ctx *ctx, void *arg) {
    weir_cache *c = arg;
    uint64_t k = *(const uint64_t *)key, other = k + 1, got = 0;
    (void)ttl;
    (void)ctx;
    CHECK_IS(weir_cache_load(c, key, &got, recursive, c), WEIR_EDEADLK);
    if (k < 5) {
        CHECK_IS(weir_cache_load(c, &other, &got, recursive, c), 0);
        CHECK_IS(got, other * 10);
    } else {
        other = 1;
        CHECK_IS(weir_cache_load(c, &other, &got, recursive, c), WEIR_EDEADLK);
        CHECK_IS(weir_cache_free(c), WEIR_EDEADLK);
    }
    *(uint64_t *)val = k * 10;
    return 0;
}
static void itself(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    weir_cache *c = cache_open(&o);
    uint64_t key = 1, val = 0;
    CHECK_IS(weir_cache_load(c, &key, &val, recursive, c), 0);
    CHECK_IS(val, 10);
    for (uint64_t k = 1; k <= 5; k++) CHECK_IS(get(c, k), k * 10);
    cache_close(c, &w);
}

struct circle {
    weir_cache *c;
    pthread_barrier_t both;
    weir_au32 late;
};
static int in_circle(const void *key, void *val, weir_time *ttl, weir_ctx *ctx, void *arg) {
    struct circle *r = arg;
    uint64_t other = 3 - *(const uint64_t *)key, got = 0;
    (void)ttl;
    (void)ctx;
    (void)pthread_barrier_wait(&r->both);
    int rc = weir_cache_load_wait(r->c, &other, &got, in_circle, r, weir_after(30 * MS), NULL);
    if (rc == WEIR_ETIMEDOUT) (void)weir_fetch_add_relaxed(&r->late, 1);
    *(uint64_t *)val = 1;
    return 0;
}
static void circle_thread(void *arg, size_t index) {
    struct circle *r = arg;
    uint64_t key = index + 1, val = 0;
    CHECK_IS(weir_cache_load(r->c, &key, &val, in_circle, r), 0);
}
static void a_circle(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    struct circle r = { .c = cache_open(&o) };
    (void)pthread_barrier_init(&r.both, NULL, 2);
    team_run(2, circle_thread, &r);
    CHECK(weir_load_relaxed(&r.late) >= 1, "nobody was late");
    (void)pthread_barrier_destroy(&r.both);
    cache_close(r.c, &w);
}

/* ---- what is not stored, times, references -------------------------------------------------------------------------- */

static int load_heavy(const void *key, void *val, weir_time *ttl, weir_ctx *ctx, void *arg) {
    (void)key;
    (void)ctx;
    *(uint64_t *)val = 500;
    *ttl = 30;
    return *(int *)arg;
}
static void not_stored(void) {
    struct world w = { .weighs = true };
    struct weir_cache_opts o = opts(&w, 100);
    weir_cache *c = cache_open(&o);
    uint64_t key = 1, val = 0;
    int rc = 0;
    CHECK_IS(weir_cache_load(c, &key, &val, load_heavy, &rc), 0);
    CHECK_IS(val, 500);
    CHECK_IS(get(c, 1), WEIR_ENOENT);
    const void *held = NULL;
    CHECK_IS(weir_cache_load_acquire_wait(c, &key, &held, load_heavy, &rc, WEIR_FOREVER, NULL), 0);
    CHECK(held && *(const uint64_t *)held == 500, "no value");
    weir_cache_release(held);
    CHECK_IS(weir_load_relaxed(&w.dropped), 2);
    count_misuse(true);
    rc = 1;
    CHECK_IS(weir_cache_load(c, &key, &val, load_heavy, &rc), WEIR_EINVAL);
    rc = WEIR_EEXIST;
    CHECK_IS(weir_cache_load(c, &key, &val, load_heavy, &rc), WEIR_EINVAL);
    count_misuse(false);
    cache_close(c, &w);
    struct world light = { 0 };
    o = opts(&light, 100);
    c = cache_open(&o);
    rc = 0;
    CHECK_IS(weir_cache_load(c, &key, &val, load_heavy, &rc), 0); /* its own time to live */
    world_at(&light, 29);
    CHECK_IS(get(c, 1), 500);
    world_at(&light, 30);
    CHECK_IS(get(c, 1), WEIR_ENOENT);
    cache_close(c, &light);
}

/* A failure that is kept is an entry of weight 1, whatever `weigh` says, and evicts; but nobody is told of it. */
static void failures_are_entries(void) {
    struct world w = { .weighs = true };
    struct weir_cache_opts o = opts(&w, 100);
    o.negative_ttl = SEC;
    o.shards = 1;
    weir_cache *c = cache_open(&o);
    struct weir_cache_stats st = WEIR_CACHE_STATS;
    int rc = -5;
    uint64_t val = 0;
    CHECK_IS(put(c, 1, 50), 0);
    for (uint64_t k = 100; k < 150; k++)
        CHECK_IS(weir_cache_load(c, &k, &val, load_heavy, &rc), -5);
    CHECK_IS(weir_cache_len(c), 51);
    CHECK_IS(weir_cache_weight(c), 100);
    for (uint64_t k = 150; k < 300; k++)
        CHECK_IS(weir_cache_load(c, &k, &val, load_heavy, &rc), -5);
    CHECK_IS(weir_cache_weight(c), 100);
    CHECK_IS(weir_cache_read_stats(c, &st), 0);
    CHECK_IS(st.entries, 100);
    CHECK_IS(told_all(&w), 1); /* of the value, which had to go */
    CHECK_IS(told(&w, WEIR_CACHE_SIZE), 1);
    CHECK_IS(st.removed[WEIR_CACHE_SIZE], 1);
    cache_close(c, &w);
}

const struct test loader_tests[] = {
    { "CACHE17 a loader that loads its own key gets EDEADLK; another key works", itself },
    { "CACHE17 a circle through another thread ends at a deadline", a_circle },
    { "CACHE16 a failure that is kept weighs 1, and evicts", failures_are_entries },
    { "CACHE10 a loaded value that is not stored; its own time to live", not_stored },
};
const size_t n_loader_tests = sizeof loader_tests / sizeof *loader_tests;
