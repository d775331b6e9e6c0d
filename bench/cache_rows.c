/* SPDX-License-Identifier: MIT */
/* bench/cache_rows.c - the real caches whose hit ratios stand beside those of simulated policies; see sim.h. The hash has a
 * fixed seed, so that which shard a key is in, and with it the ratio of one thread, is the same in every run. */
#include <weir/cache.h>

#include "sim.h"

static void *make(size_t capacity, int kind) {
    struct weir_cache_opts o = WEIR_CACHE_OPTS(uint64_t, uint64_t, capacity);
    weir_cache *c;
    o.seed = 1;
    o.kind = kind;
    return weir_cache_new(&c, &o) == 0 ? c : NULL;
}

static void *weir_make(size_t capacity, uint32_t keys) {
    (void)keys;
    return make(capacity, WEIR_CACHE_RCU);
}
static void *mutex_make(size_t capacity, uint32_t keys) {
    (void)keys;
    return make(capacity, WEIR_CACHE_MUTEX_LRU);
}
static void *rwlock_make(size_t capacity, uint32_t keys) {
    (void)keys;
    return make(capacity, WEIR_CACHE_RWLOCK_CLOCK);
}

static void weir_dispose(void *c) { (void)weir_cache_free(c); }
static size_t weir_len(void *c) { return weir_cache_len(c); }

static bool weir_access(void *c, uint32_t key) {
    uint64_t k = key, v;
    if (weir_cache_get(c, &k, &v) == 0) return true;
    v = ~k;
    int rc = weir_cache_put(c, &k, &v, WEIR_TTL_DEFAULT);
    (void)rc; /* no memory: it misses the next time, too */
    return false;
}

static const struct wb_policy weir = { "weir",       "S3-FIFO",   true,    weir_make,
                                       weir_dispose, weir_access, weir_len },
                              mutex = { "mutex",      "exact LRU under one mutex",
                                        true,         mutex_make,
                                        weir_dispose, weir_access,
                                        weir_len },
                              rwlock = { "rwlock",     "CLOCK under one read-write lock",
                                         true,         rwlock_make,
                                         weir_dispose, weir_access,
                                         weir_len };

const struct wb_policy *const wb_caches[] = { &weir, &mutex, &rwlock, NULL };
