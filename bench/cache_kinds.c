/* SPDX-License-Identifier: MIT */
/* bench/cache_kinds.c - weir's caches as kinds (maps.h) of structure "cache": words to words, with room for more entries
 * than there will be, so that nothing leaves and each get is a hit.
 *
 *   weir       the RCU cache, S3-FIFO
 *   mutex      the plain kind with an exact LRU list under one mutex
 *   rwlock     the plain kind with a CLOCK under one read-write lock
 *   words_mutex, words_rwlock   the same two as tables of words alone, without times, weights, loads, or word of
 *              what leaves (cache_plain.h): what the plain kinds' verbs cost
 *   weir_map   no cache: what a hit is measured against, a weir_map whose entries are nodes, as the cache's are (a word with
 *              a `drop` is in one) */
#include <weir/cache.h>
#include <weir/map_u64.h>

#include "cache_plain.h"
#include "map_kinds.h"

static size_t room(size_t hint) { return hint ? 4 * hint : (size_t)1 << 20; }

/* ---- weir_cache ----------------------------------------------------------------------------------------- */

static void *make(size_t hint, int kind) {
    struct weir_cache_opts o = WEIR_CACHE_OPTS(uint64_t, uint64_t, room(hint));
    weir_cache *c;
    o.hint = hint;
    o.kind = kind;
    return weir_cache_new(&c, &o) == 0 ? c : NULL;
}

static void *weir_make(size_t hint, unsigned threads) {
    (void)threads;
    return make(hint, WEIR_CACHE_RCU);
}
static void *mutex_make(size_t hint, unsigned threads) {
    (void)threads;
    return make(hint, WEIR_CACHE_MUTEX_LRU);
}
static void *rwlock_make(size_t hint, unsigned threads) {
    (void)threads;
    return make(hint, WEIR_CACHE_RWLOCK_CLOCK);
}

static void weir_dispose(void *c) { (void)weir_cache_free(c); }
static size_t weir_len(void *c) { return weir_cache_len(c); }
static size_t weir_untold(void *c) { /* of its index it says nothing */
    (void)c;
    return 0;
}

WB_LOOP enum wb_map_put weir_put(weir_cache *c, uint64_t key, uint64_t val) {
    return weir_cache_put(c, &key, &val, WEIR_TTL_DEFAULT) == 0 ? WB_MAP_PUT : WB_MAP_REFUSED;
}

WB_LOOP bool weir_get(weir_cache *c, uint64_t key, uint64_t *val) {
    return weir_cache_get(c, &key, val) == 0;
}

WB_LOOP bool weir_del(weir_cache *c, uint64_t key) { return weir_cache_invalidate(c, &key) == 0; }

#define MAP_NAME caches
#define MAP_T weir_cache
#define MAP_GET(m, k, pv) weir_get(m, k, pv)
#define MAP_PUT(m, k, v) weir_put(m, k, v)
#define MAP_DEL(m, k) weir_del(m, k)
#include "map_loops.h"

static int read_it(const void *key, void *val, weir_time *ttl, weir_ctx *ctx, void *loads) {
    (void)ttl;
    (void)ctx;
    *(uint64_t *)val = wb_map_loaded(loads, *(const uint64_t *)key);
    return 0;
}

static bool weir_load(void *c, uint64_t key, uint64_t *val, uint32_t *loads) {
    return weir_cache_load(c, &key, val, read_it, loads) == 0;
}

WB_MAP_LOADS(wb_cache_weir, "weir", "cache", NULL, NULL, 0, weir_make, weir_dispose, NULL, NULL,
             weir_len, weir_untold, caches, NULL, weir_load);
WB_MAP_LOADS(wb_cache_mutex, "mutex", "cache", NULL, "an exact LRU list under one mutex", 0,
             mutex_make, weir_dispose, NULL, NULL, weir_len, weir_untold, caches, NULL, weir_load);
WB_MAP_LOADS(wb_cache_rwlock, "rwlock", "cache", NULL, "a CLOCK under one read-write lock", 0,
             rwlock_make, weir_dispose, NULL, NULL, weir_len, weir_untold, caches, NULL, weir_load);

/* ---- plain caches --------------------------------------------------------------------------------------- */

static void *lru_make(size_t hint, unsigned threads) {
    (void)threads;
    return wb_plain_new(room(hint), true);
}

static void *clock_make(size_t hint, unsigned threads) {
    (void)threads;
    return wb_plain_new(room(hint), false);
}

static void plain_dispose(void *c) { wb_plain_free(c); }
static size_t plain_len(void *c) { return wb_plain_len(c); }
static size_t plain_bytes(void *c) { return wb_plain_bytes(c); }

WB_LOOP enum wb_map_put plain_put(struct wb_plain *c, uint64_t key, uint64_t val) {
    wb_plain_put(c, key, val);
    return WB_MAP_PUT;
}

#define MAP_NAME plains
#define MAP_T struct wb_plain
#define MAP_GET(m, k, pv) wb_plain_get(m, k, pv)
#define MAP_PUT(m, k, v) plain_put(m, k, v)
#define MAP_DEL(m, k) wb_plain_delete(m, k)
#include "map_loops.h"

WB_MAP(wb_cache_wmutex, "words_mutex", "cache", NULL, "an exact LRU list under one mutex", 0,
       lru_make, plain_dispose, NULL, NULL, plain_len, plain_bytes, plains);
WB_MAP(wb_cache_wrwlock, "words_rwlock", "cache", NULL, "a CLOCK under one read-write lock", 0,
       clock_make, plain_dispose, NULL, NULL, plain_len, plain_bytes, plains);

/* ---- a map of nodes ------------------------------------------------------------------------------------- */

static void drop_nothing(void *val, void *arg) {
    (void)val;
    (void)arg;
}

static void *node_make(size_t hint, unsigned threads) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    (void)threads;
    o.drop = drop_nothing;
    return wb_map_make(&o, hint);
}

WB_LOOP enum wb_map_put node_put(weir_map *m, uint64_t key, uint64_t val) {
    return weir_map_put(m, &key, &val) == 0 ? WB_MAP_PUT : WB_MAP_REFUSED;
}

WB_LOOP bool node_get(weir_map *m, uint64_t key, uint64_t *val) {
    return weir_map_get(m, &key, val) == 0;
}

WB_LOOP bool node_del(weir_map *m, uint64_t key) { return weir_map_delete(m, &key) == 0; }

#define MAP_NAME word_nodes
#define MAP_T weir_map
#define MAP_GET(m, k, pv) node_get(m, k, pv)
#define MAP_PUT(m, k, v) node_put(m, k, v)
#define MAP_DEL(m, k) node_del(m, k)
#include "map_loops.h"

WB_MAP(wb_cache_map, "weir_map", "cache", NULL, "no cache: a weir_map whose entries are nodes", 0,
       node_make, wb_map_dispose, NULL, NULL, wb_map_len, wb_map_bytes, word_nodes);
