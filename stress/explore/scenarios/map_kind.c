/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/map_kind.c - see map_kind.h. */
#include "map_kind.h"

#include "../../../maps/map.h"
#include "../../../maps/shard.h"

/* ---- weir_map --------------------------------------------------------------------------------------------------- */

static int map_open(void **m) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    o.seed = 1;
    return weir_map_new((weir_map **)m, &o);
}
static struct weir__core *map_core(void *m) { return &((weir_map *)m)->core; }

/* ---- weir_shardmap, of one shard -------------------------------------------------------------------------------- */

static int shard_open(void **m, int sync) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    o.seed = 1;
    o.sync = sync;
    o.shards = 1;
    return weir_shardmap_new((weir_shardmap **)m, &o);
}
static int lines_open(void **m) { return shard_open(m, WEIR_MAP_LINES); }
static int mutex_open(void **m) { return shard_open(m, WEIR_MAP_MUTEX); }
static int rwlock_open(void **m) { return shard_open(m, WEIR_MAP_RWLOCK); }
static struct weir__core *shard_core(void *m) { return &((weir_shardmap *)m)->shard[0].core; }

static int keep_seen(uint64_t key, uint64_t val, void *arg) {
    (void)key;
    *(uint64_t *)arg = val;
    return 0;
}
static int shard_visit(void *m, uint64_t k, uint64_t *v) {
    return weir_shardmap_visit_u64(m, k, keep_seen, v);
}

struct change {
    uint64_t val;
    bool was;
};
static int exchange(uint64_t *val, bool there, void *arg) {
    struct change *c = arg;
    uint64_t old = *val;
    *val = c->val;
    c->val = old;
    c->was = there;
    return WEIR_UPDATE_STORE;
}
static int remove_seen(uint64_t *val, bool there, void *arg) {
    struct change *c = arg;
    c->val = *val;
    c->was = there;
    return WEIR_UPDATE_REMOVE;
}
static int shard_update(void *m, uint64_t k, uint64_t *v) {
    struct change c = { *v, false };
    int rc = weir_shardmap_update_u64(m, k, exchange, &c);
    if (rc == 0 && c.was) *v = c.val;
    return rc == 0 && c.was ? WEIR_EEXIST : rc;
}
static int shard_extract(void *m, uint64_t k, uint64_t *v) {
    struct change c = { 0, false };
    int rc = weir_shardmap_update_u64(m, k, remove_seen, &c);
    if (rc == 0) *v = c.val;
    return rc;
}

/* ---- what both have --------------------------------------------------------------------------------------------- */

#define SHARED(p)                                                                                  \
    static int p##_close(void *m) { return weir_##p##_free(m); }                                   \
    static int p##_get(void *m, uint64_t k, uint64_t *v) { return weir_##p##_get_u64(m, k, v); }   \
    static int p##_put(void *m, uint64_t k, uint64_t v) { return weir_##p##_put_u64(m, k, v); }    \
    static int p##_get_or_put(void *m, uint64_t k, uint64_t *v) {                                  \
        return weir_##p##_get_or_put_u64(m, k, v);                                                 \
    }                                                                                              \
    static int p##_swap(void *m, uint64_t k, uint64_t *v) { return weir_##p##_swap_u64(m, k, v); } \
    static int p##_take(void *m, uint64_t k, uint64_t *v) { return weir_##p##_take_u64(m, k, v); } \
    static int p##_cas(void *m, uint64_t k, uint64_t e, uint64_t v) {                              \
        return weir_##p##_cas_u64(m, k, e, v);                                                     \
    }                                                                                              \
    static int p##_cad(void *m, uint64_t k, uint64_t e) { return weir_##p##_cad_u64(m, k, e); }    \
    static int p##_clear(void *m) { return weir_##p##_clear(m); }                                  \
    static ptrdiff_t p##_next(void *m, struct weir_map_cursor *c, uint64_t *k, uint64_t *v,        \
                              size_t n) {                                                          \
        return weir_##p##_next_u64(m, c, k, v, n);                                                 \
    }                                                                                              \
    static size_t p##_len(void *m) { return weir_##p##_len(m); }
SHARED(map)
SHARED(shardmap)

#define KIND(p, core_, open_, visit_, update_, extract_) \
    { .open = open_,                                     \
      .close = p##_close,                                \
      .core = core_,                                     \
      .get = p##_get,                                    \
      .put = p##_put,                                    \
      .get_or_put = p##_get_or_put,                      \
      .swap = p##_swap,                                  \
      .take = p##_take,                                  \
      .cas = p##_cas,                                    \
      .cad = p##_cad,                                    \
      .visit = visit_,                                   \
      .update = update_,                                 \
      .extract = extract_,                               \
      .clear = p##_clear,                                \
      .next = p##_next,                                  \
      .len = p##_len }
const struct map_kind map_kind_map = KIND(map, map_core, map_open, NULL, NULL, NULL);
#define SHARD_KIND(open_) \
    KIND(shardmap, shard_core, open_, shard_visit, shard_update, shard_extract)
const struct map_kind map_kind_lines = SHARD_KIND(lines_open);
const struct map_kind map_kind_mutex = SHARD_KIND(mutex_open);
const struct map_kind map_kind_rwlock = SHARD_KIND(rwlock_open);
