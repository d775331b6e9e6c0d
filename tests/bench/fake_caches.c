/* SPDX-License-Identifier: MIT */
/* tests/bench/fake_caches.c - real caches for the tests of the harness: simulated ones behind one mutex. weir meets its bars;
 * in weir-bench-broken it forgets all, and hoards keeps more than it may. */
#include <pthread.h>
#include <stdlib.h>

#include "sim.h"

struct fake {
    pthread_mutex_t lock;
    void *policy;
};

static void *make_of(const struct wb_policy *p, size_t capacity, uint32_t keys) {
    struct fake *f = malloc(sizeof *f);
    if (!f) return NULL;
    (void)pthread_mutex_init(&f->lock, NULL);
    f->policy = p->make(capacity, keys);
    if (f->policy) return f;
    free(f);
    return NULL;
}

static bool access_of(const struct wb_policy *p, void *cache, uint32_t key) {
    struct fake *f = cache;
    (void)pthread_mutex_lock(&f->lock);
    bool hit = p->access(f->policy, key);
    (void)pthread_mutex_unlock(&f->lock);
    return hit;
}

#define FAKE(id, of)                                                                               \
    static void *id##_make(size_t capacity, uint32_t keys) { return make_of(of, capacity, keys); } \
    static void id##_dispose(void *cache) {                                                        \
        (of)->dispose(((struct fake *)cache)->policy);                                             \
        free(cache);                                                                               \
    }                                                                                              \
    static bool id##_access(void *cache, uint32_t key) { return access_of(of, cache, key); }       \
    static size_t id##_len(void *cache) { return (of)->len(((struct fake *)cache)->policy); }

FAKE(good, &wb_sim_s3fifo_1)
FAKE(plain, &wb_sim_lru)

static const struct wb_policy mutex = { "mutex",       NULL,         true,     plain_make,
                                        plain_dispose, plain_access, plain_len };

#ifdef WITH_BROKEN
static bool forgets(void *cache, uint32_t key) {
    (void)good_access(cache, key);
    return false;
}
static size_t too_many(void *cache) { return plain_len(cache) + 1; }
static const struct wb_policy forgetful = { "weir",       NULL,    true,    good_make,
                                            good_dispose, forgets, good_len },
                              hoards = { "hoards",      NULL,         true,    plain_make,
                                         plain_dispose, plain_access, too_many };
/* hoards has too much only where it is full. */
const struct wb_policy *const wb_caches[] = { &forgetful, &mutex, &hoards, NULL };
#else
static const struct wb_policy weir = { "weir",       NULL,        true,    good_make,
                                       good_dispose, good_access, good_len };
const struct wb_policy *const wb_caches[] = { &weir, &mutex, NULL };
#endif
