/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/map_nodes.c - kinds of maps whose entries are nodes; see map_kind.h. */
#include <weir/shardmap.h>

#include "../../../maps/map.h"
#include "../../../maps/shard.h"
#include "../../../maps/unhash.h"
#include "map_kind.h"

#include <string.h>

/* So that weir makes this hash of it. */
static uint64_t user_hash(uint64_t hash, uint64_t seed) { return weir__map_unhash(hash, ~seed); }

static uint64_t key_in(const void *key) {
    uint64_t k;
    memcpy(&k, key, sizeof k);
    return k;
}
static uint64_t hash_of_word(const void *key, size_t len, uint64_t seed) {
    (void)len;
    return user_hash(weir_word_hash_(key_in(key), seed), seed);
}
static uint64_t hash_of_two(const void *key, size_t len, uint64_t seed) {
    (void)len;
    return user_hash(weir_word_hash_(key_in(key), seed) & ~UINT64_C(1), seed);
}
static bool equal_words(const void *a, const void *b) { return key_in(a) == key_in(b); }

static int open_with(void **m, weir_map_hash_fn *hash, weir_map_equal_fn *equal) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    o.seed = 1;
    o.hash = hash;
    o.equal = equal;
    return weir_map_new((weir_map **)m, &o);
}
static int nodes_open(void **m) { return open_with(m, hash_of_word, NULL); }
static int same_open(void **m) { return open_with(m, hash_of_two, NULL); }
static int equal_open(void **m) { return open_with(m, hash_of_word, equal_words); }

static int shard_open_with(void **m, weir_map_hash_fn *hash, int sync) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    o.seed = 1;
    o.hash = hash;
    o.sync = sync;
    o.shards = 1;
    return weir_shardmap_new((weir_shardmap **)m, &o);
}
static int lines_open(void **m) { return shard_open_with(m, hash_of_word, WEIR_MAP_LINES); }
static int lines_same_open(void **m) { return shard_open_with(m, hash_of_two, WEIR_MAP_LINES); }
static int mutex_open(void **m) { return shard_open_with(m, hash_of_word, WEIR_MAP_MUTEX); }

static struct weir__core *map_core(void *m) { return &((weir_map *)m)->core; }
static struct weir__core *shardmap_core(void *m) { return &((weir_shardmap *)m)->shard[0].core; }

/* Another get is made while the value is lent. */
static int map_peek(void *m, uint64_t k, uint64_t *v) {
    uint64_t other;
    weir_guard g = weir_rcu_enter();
    const uint64_t *p = weir_map_peek(m, g, &k);
    if (p) {
        weir_model_read(p, sizeof *p);
        *v = *p;
        (void)weir_map_get(m, &k, &other);
        weir_model_read(p, sizeof *p);
        weir_model_check(*p == *v);
    }
    weir_model_check(weir_rcu_exit(g) == 0);
    return p ? 0 : WEIR_ENOENT;
}

static int keep_seen(const void *key, const void *val, void *arg) {
    (void)key;
    weir_model_read(val, sizeof(uint64_t));
    memcpy(arg, val, sizeof(uint64_t));
    return 0;
}
static int shard_visit(void *m, uint64_t k, uint64_t *v) {
    return weir_shardmap_visit(m, &k, keep_seen, v);
}

struct change {
    uint64_t val;
    bool was;
};
static int exchange(void *val, bool there, void *arg) {
    struct change *c = arg;
    uint64_t old = key_in(val);
    memcpy(val, &c->val, sizeof c->val);
    c->val = old;
    c->was = there;
    return WEIR_UPDATE_STORE;
}
static int remove_seen(void *val, bool there, void *arg) {
    struct change *c = arg;
    c->val = key_in(val);
    c->was = there;
    return WEIR_UPDATE_REMOVE;
}
static int shard_update(void *m, uint64_t k, uint64_t *v) {
    struct change c = { *v, false };
    int rc = weir_shardmap_update(m, &k, exchange, &c);
    if (rc == 0 && c.was) *v = c.val;
    return rc == 0 && c.was ? WEIR_EEXIST : rc;
}
static int shard_extract(void *m, uint64_t k, uint64_t *v) {
    struct change c = { 0, false };
    int rc = weir_shardmap_update(m, &k, remove_seen, &c);
    if (rc == 0) *v = c.val;
    return rc;
}

/* ---- what both have --------------------------------------------------------------------------------------------- */

#define SHARED(p)                                                                               \
    static int p##_close(void *m) { return weir_##p##_free(m); }                                \
    static int p##_get(void *m, uint64_t k, uint64_t *v) { return weir_##p##_get(m, &k, v); }   \
    static int p##_put(void *m, uint64_t k, uint64_t v) { return weir_##p##_put(m, &k, &v); }   \
    static int p##_get_or_put(void *m, uint64_t k, uint64_t *v) {                               \
        return weir_##p##_get_or_put(m, &k, v);                                                 \
    }                                                                                           \
    static int p##_swap(void *m, uint64_t k, uint64_t *v) { return weir_##p##_swap(m, &k, v); } \
    static int p##_take(void *m, uint64_t k, uint64_t *v) { return weir_##p##_take(m, &k, v); } \
    static int p##_cas(void *m, uint64_t k, uint64_t e, uint64_t v) {                           \
        return weir_##p##_cas(m, &k, &e, &v);                                                   \
    }                                                                                           \
    static int p##_cad(void *m, uint64_t k, uint64_t e) { return weir_##p##_cad(m, &k, &e); }   \
    static int p##_clear(void *m) { return weir_##p##_clear(m); }                               \
    static ptrdiff_t p##_next(void *m, struct weir_map_cursor *c, uint64_t *k, uint64_t *v,     \
                              size_t n) {                                                       \
        return weir_##p##_next(m, c, k, v, n);                                                  \
    }                                                                                           \
    static size_t p##_len(void *m) { return weir_##p##_len(m); }
SHARED(map)
SHARED(shardmap)

#define KIND(p, open_, visit_, update_, extract_) \
    { .open = open_,                              \
      .close = p##_close,                         \
      .core = p##_core,                           \
      .get = p##_get,                             \
      .put = p##_put,                             \
      .get_or_put = p##_get_or_put,               \
      .swap = p##_swap,                           \
      .take = p##_take,                           \
      .cas = p##_cas,                             \
      .cad = p##_cad,                             \
      .visit = visit_,                            \
      .update = update_,                          \
      .extract = extract_,                        \
      .clear = p##_clear,                         \
      .next = p##_next,                           \
      .len = p##_len }
const struct map_kind map_kind_nodes = KIND(map, nodes_open, map_peek, NULL, NULL);
const struct map_kind map_kind_same = KIND(map, same_open, map_peek, NULL, NULL);
const struct map_kind map_kind_equal = KIND(map, equal_open, map_peek, NULL, NULL);
#define SHARD_KIND(open_) KIND(shardmap, open_, shard_visit, shard_update, shard_extract)
const struct map_kind map_kind_snodes = SHARD_KIND(lines_open);
const struct map_kind map_kind_ssame = SHARD_KIND(lines_same_open);
const struct map_kind map_kind_pnodes = SHARD_KIND(mutex_open);
