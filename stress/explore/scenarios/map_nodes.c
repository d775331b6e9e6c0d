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

/* ---- strings ---------------------------------------------------------------------------------------------------- */

#define STR(k) (&(struct weir_str){ &(k), sizeof(k) })

static struct weir_map_opts strings(int sync) {
    struct weir_map_opts o = WEIR_MAP_OPTS(struct weir_str, uint64_t);
    o.keys = WEIR_MAP_STRINGS;
    o.seed = 1;
    o.hash = hash_of_word;
    o.sync = sync;
    return o;
}
static int strings_open(void **m) {
    struct weir_map_opts o = strings(0);
    return weir_map_new((weir_map **)m, &o);
}
static int shard_strings_open(void **m, int sync) {
    struct weir_map_opts o = strings(sync);
    o.shards = 1;
    return weir_shardmap_new((weir_shardmap **)m, &o);
}
static int sstrings_open(void **m) { return shard_strings_open(m, WEIR_MAP_LINES); }
static int pstrings_open(void **m) { return shard_strings_open(m, WEIR_MAP_RWLOCK); }
/* Of at most MANY. */
#define MANY 16
static ptrdiff_t words_of(ptrdiff_t n, const struct weir_str *str, uint64_t *k) {
    for (ptrdiff_t i = 0; i < n; i++) k[i] = key_in(str[i].ptr);
    return n;
}
static ptrdiff_t strings_next(void *m, struct weir_map_cursor *c, uint64_t *k, uint64_t *v,
                              size_t n) {
    struct weir_str str[MANY];
    weir_guard g = weir_rcu_enter();
    ptrdiff_t got = words_of(weir_map_next(m, c, str, v, n < MANY ? n : MANY), str, k);
    weir_model_check(weir_rcu_exit(g) == 0);
    return got;
}
static ptrdiff_t sstrings_next(void *m, struct weir_map_cursor *c, uint64_t *k, uint64_t *v,
                               size_t n) {
    struct weir_str str[MANY];
    weir_guard g = weir_rcu_enter();
    ptrdiff_t got = words_of(weir_shardmap_next(m, c, str, v, n < MANY ? n : MANY), str, k);
    weir_model_check(weir_rcu_exit(g) == 0);
    return got;
}
static int map_stats(void *m, struct weir_map_stats *out) { return weir_map_read_stats(m, out); }
static int shardmap_stats(void *m, struct weir_map_stats *out) {
    return weir_shardmap_read_stats(m, WEIR_SHARDMAP_ALL, out);
}

/* ---- what both have --------------------------------------------------------------------------------------------- */

#define VERBS(q, p, KEY)                                                                          \
    static int q##_get(void *m, uint64_t k, uint64_t *v) { return weir_##p##_get(m, KEY(k), v); } \
    static int q##_put(void *m, uint64_t k, uint64_t v) { return weir_##p##_put(m, KEY(k), &v); } \
    static int q##_get_or_put(void *m, uint64_t k, uint64_t *v) {                                 \
        return weir_##p##_get_or_put(m, KEY(k), v);                                               \
    }                                                                                             \
    static int q##_swap(void *m, uint64_t k, uint64_t *v) {                                       \
        return weir_##p##_swap(m, KEY(k), v);                                                     \
    }                                                                                             \
    static int q##_take(void *m, uint64_t k, uint64_t *v) {                                       \
        return weir_##p##_take(m, KEY(k), v);                                                     \
    }                                                                                             \
    static int q##_cas(void *m, uint64_t k, uint64_t e, uint64_t v) {                             \
        return weir_##p##_cas(m, KEY(k), &e, &v);                                                 \
    }                                                                                             \
    static int q##_cad(void *m, uint64_t k, uint64_t e) { return weir_##p##_cad(m, KEY(k), &e); }
#define WORD(k) (&(k))
VERBS(map, map, WORD)
VERBS(shardmap, shardmap, WORD)
VERBS(strings, map, STR)
VERBS(sstrings, shardmap, STR)

#define SHARED(p)                                                                           \
    static int p##_close(void *m) { return weir_##p##_free(m); }                            \
    static int p##_clear(void *m) { return weir_##p##_clear(m); }                           \
    static ptrdiff_t p##_next(void *m, struct weir_map_cursor *c, uint64_t *k, uint64_t *v, \
                              size_t n) {                                                   \
        return weir_##p##_next(m, c, k, v, n);                                              \
    }                                                                                       \
    static size_t p##_len(void *m) { return weir_##p##_len(m); }
SHARED(map)
SHARED(shardmap)

#define KIND(p, q, open_, visit_, update_, extract_, stats_) \
    { .open = open_,                                         \
      .close = p##_close,                                    \
      .core = p##_core,                                      \
      .get = q##_get,                                        \
      .put = q##_put,                                        \
      .get_or_put = q##_get_or_put,                          \
      .swap = q##_swap,                                      \
      .take = q##_take,                                      \
      .cas = q##_cas,                                        \
      .cad = q##_cad,                                        \
      .visit = visit_,                                       \
      .update = update_,                                     \
      .extract = extract_,                                   \
      .clear = p##_clear,                                    \
      .next = q##_next,                                      \
      .len = p##_len,                                        \
      .stats = stats_ }
#define MAP_KIND(open_) KIND(map, map, open_, map_peek, NULL, NULL, NULL)
const struct map_kind map_kind_nodes = MAP_KIND(nodes_open);
const struct map_kind map_kind_same = MAP_KIND(same_open);
const struct map_kind map_kind_equal = MAP_KIND(equal_open);
#define SHARD_KIND(open_) \
    KIND(shardmap, shardmap, open_, shard_visit, shard_update, shard_extract, NULL)
const struct map_kind map_kind_snodes = SHARD_KIND(lines_open);
const struct map_kind map_kind_ssame = SHARD_KIND(lines_same_open);
const struct map_kind map_kind_pnodes = SHARD_KIND(mutex_open);
const struct map_kind map_kind_strings =
    KIND(map, strings, strings_open, NULL, NULL, NULL, map_stats);
const struct map_kind map_kind_sstrings =
    KIND(shardmap, sstrings, sstrings_open, NULL, NULL, NULL, shardmap_stats);
const struct map_kind map_kind_pstrings =
    KIND(shardmap, sstrings, pstrings_open, NULL, NULL, NULL, shardmap_stats);
