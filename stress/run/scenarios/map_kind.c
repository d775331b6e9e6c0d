/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/map_kind.c - see map_kind.h. */
#include "map_kind.h"

#include <weir/shardmap_u64.h>

#include "../../../maps/unhash.h"

/* Low bits choose a shard, top ones a line: these differ in between. */
uint64_t map_key_of(uint64_t i, uint64_t crowd, uint64_t seed) {
    if (i < crowd) return weir__map_unhash(i << 16, seed);
    return (i + 1) * UINT64_C(0x10000000001); /* far from each other */
}

/* ---- weir_map ------------------------------------------------------------------------------------------- */

static int words_make(void **map, const struct map_shape *s) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    weir_map *m = NULL;
    o.hint = s->hint;
    o.seed = s->seed;
    o.alloc = s->alloc;
    int rc = weir_map_new(&m, &o);
    *map = m;
    return rc;
}
static int words_free(void *m) { return weir_map_free(m); }
static int words_get(void *m, uint64_t key, uint64_t *val) { return weir_map_get_u64(m, key, val); }
static ptrdiff_t words_get_many(void *m, const uint64_t *keys, uint64_t *vals, bool *found,
                                size_t n) {
    return weir_map_get_many_u64(m, keys, vals, found, n);
}
static int words_put(void *m, uint64_t key, uint64_t val, weir_time d) {
    return weir_map_put_u64_wait(m, key, val, d, NULL);
}
static int words_get_or_put(void *m, uint64_t key, uint64_t *val, weir_time d) {
    return weir_map_get_or_put_u64_wait(m, key, val, d, NULL);
}
static int words_swap(void *m, uint64_t key, uint64_t *val, weir_time d) {
    return weir_map_swap_u64_wait(m, key, val, d, NULL);
}
static int words_take(void *m, uint64_t key, uint64_t *val) {
    return weir_map_take_u64(m, key, val);
}
static int words_del(void *m, uint64_t key) { return weir_map_delete_u64(m, key); }
static int words_cas(void *m, uint64_t key, uint64_t expect, uint64_t val) {
    return weir_map_cas_u64(m, key, expect, val);
}
static int words_cad(void *m, uint64_t key, uint64_t expect) {
    return weir_map_cad_u64(m, key, expect);
}
static int words_clear(void *m) { return weir_map_clear(m); }
static int words_reserve(void *m, size_t n) { return weir_map_reserve(m, n); }
static size_t words_len(void *m) { return weir_map_len(m); }
static int words_each(void *m, weir_map_fn_u64 *fn, void *arg) {
    return weir_map_each_u64(m, fn, arg);
}
static ptrdiff_t words_next(void *m, struct weir_map_cursor *c, uint64_t *keys, uint64_t *vals,
                            size_t n) {
    return weir_map_next_u64(m, c, keys, vals, n);
}
static uint64_t words_resizes(void *m) {
    struct weir_map_stats s = WEIR_MAP_STATS;
    return weir_map_read_stats(m, &s) == 0 ? s.grown + s.shrunk : 0;
}
static const char *const words_points[] = { "map.locked", "map.chained", "map.copied", "map.moved",
                                            NULL };

const struct map_kind map_words = { .name = "map",
                                    .has = KIND_STANDS | KIND_GARBAGE | KIND_STAMPS,
                                    .make = words_make,
                                    .free = words_free,
                                    .get = words_get,
                                    .get_many = words_get_many,
                                    .put = words_put,
                                    .get_or_put = words_get_or_put,
                                    .swap = words_swap,
                                    .take = words_take,
                                    .del = words_del,
                                    .cas = words_cas,
                                    .cad = words_cad,
                                    .clear = words_clear,
                                    .reserve = words_reserve,
                                    .len = words_len,
                                    .each = words_each,
                                    .next = words_next,
                                    .resizes = words_resizes,
                                    .points = words_points };

/* ---- weir_shardmap -------------------------------------------------------------------------------------- */

/* One shard, two, or as many as it takes by itself. */
static int shard_make_of(void **map, const struct map_shape *s, enum weir_map_sync sync) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    weir_shardmap *m = NULL;
    o.hint = s->hint;
    o.seed = s->seed;
    o.alloc = s->alloc;
    o.sync = (int)sync;
    o.shards = s->seed % 3 == 0 ? 0 : (unsigned)(s->seed % 3);
    int rc = weir_shardmap_new(&m, &o);
    *map = m;
    return rc;
}
static int shard_make(void **map, const struct map_shape *s) {
    return shard_make_of(map, s, WEIR_MAP_LINES);
}
static int shard_mutex_make(void **map, const struct map_shape *s) {
    return shard_make_of(map, s, WEIR_MAP_SHARDED_MUTEX);
}
static int shard_rwlock_make(void **map, const struct map_shape *s) {
    return shard_make_of(map, s, WEIR_MAP_SHARDED_RWLOCK);
}
static int one_mutex_make(void **map, const struct map_shape *s) {
    return shard_make_of(map, s, WEIR_MAP_MUTEX);
}
static int one_rwlock_make(void **map, const struct map_shape *s) {
    return shard_make_of(map, s, WEIR_MAP_RWLOCK);
}
static int shard_free(void *m) { return weir_shardmap_free(m); }
static int shard_get(void *m, uint64_t key, uint64_t *val) {
    return weir_shardmap_get_u64(m, key, val);
}
static ptrdiff_t shard_get_many(void *m, const uint64_t *keys, uint64_t *vals, bool *found,
                                size_t n) {
    return weir_shardmap_get_many_u64(m, keys, vals, found, n);
}
static int shard_put(void *m, uint64_t key, uint64_t val, weir_time d) {
    (void)d;
    return weir_shardmap_put_u64(m, key, val);
}
static int shard_get_or_put(void *m, uint64_t key, uint64_t *val, weir_time d) {
    (void)d;
    return weir_shardmap_get_or_put_u64(m, key, val);
}
static int shard_swap(void *m, uint64_t key, uint64_t *val, weir_time d) {
    (void)d;
    return weir_shardmap_swap_u64(m, key, val);
}
static int shard_take(void *m, uint64_t key, uint64_t *val) {
    return weir_shardmap_take_u64(m, key, val);
}
static int shard_del(void *m, uint64_t key) { return weir_shardmap_delete_u64(m, key); }
static int shard_cas(void *m, uint64_t key, uint64_t expect, uint64_t val) {
    return weir_shardmap_cas_u64(m, key, expect, val);
}
static int shard_cad(void *m, uint64_t key, uint64_t expect) {
    return weir_shardmap_cad_u64(m, key, expect);
}
static int shard_add(void *m, uint64_t key, uint64_t delta) {
    return weir_shardmap_add_u64(m, key, delta, NULL);
}
static int shard_update(void *m, uint64_t key, map_update_fn *fn, void *arg) {
    return weir_shardmap_update_u64(m, key, fn, arg);
}
static int shard_clear(void *m) { return weir_shardmap_clear(m); }
static int shard_reserve(void *m, size_t n) { return weir_shardmap_reserve(m, n); }
static size_t shard_len(void *m) { return weir_shardmap_len(m); }
static int shard_each(void *m, weir_map_fn_u64 *fn, void *arg) {
    return weir_shardmap_each_u64(m, fn, arg);
}
static ptrdiff_t shard_next(void *m, struct weir_map_cursor *c, uint64_t *keys, uint64_t *vals,
                            size_t n) {
    return weir_shardmap_next_u64(m, c, keys, vals, n);
}
static uint64_t shard_resizes(void *m) {
    struct weir_map_stats s = WEIR_MAP_STATS;
    return weir_shardmap_read_stats(m, WEIR_SHARDMAP_ALL, &s) == 0 ? s.grown + s.shrunk : 0;
}
static const char *const shard_points[] = { "shard.read", NULL };

const struct map_kind map_shard = { .name = "shard",
                                    .has = KIND_STANDS | KIND_GARBAGE,
                                    .make = shard_make,
                                    .free = shard_free,
                                    .get = shard_get,
                                    .get_many = shard_get_many,
                                    .put = shard_put,
                                    .get_or_put = shard_get_or_put,
                                    .swap = shard_swap,
                                    .take = shard_take,
                                    .del = shard_del,
                                    .cas = shard_cas,
                                    .cad = shard_cad,
                                    .add = shard_add,
                                    .update = shard_update,
                                    .clear = shard_clear,
                                    .reserve = shard_reserve,
                                    .len = shard_len,
                                    .each = shard_each,
                                    .next = shard_next,
                                    .resizes = shard_resizes,
                                    .points = shard_points };
const struct map_kind map_shard_mutex = {
    .name = "shard_mutex",
    .has = KIND_PLAIN,
    .make = shard_mutex_make,
    .free = shard_free,
    .get = shard_get,
    .get_many = shard_get_many,
    .put = shard_put,
    .get_or_put = shard_get_or_put,
    .swap = shard_swap,
    .take = shard_take,
    .del = shard_del,
    .cas = shard_cas,
    .cad = shard_cad,
    .add = shard_add,
    .update = shard_update,
    .clear = shard_clear,
    .reserve = shard_reserve,
    .len = shard_len,
    .each = shard_each,
    .next = shard_next,
    .resizes = shard_resizes,
};
const struct map_kind map_shard_rwlock = {
    .name = "shard_rwlock",
    .has = KIND_PLAIN,
    .make = shard_rwlock_make,
    .free = shard_free,
    .get = shard_get,
    .get_many = shard_get_many,
    .put = shard_put,
    .get_or_put = shard_get_or_put,
    .swap = shard_swap,
    .take = shard_take,
    .del = shard_del,
    .cas = shard_cas,
    .cad = shard_cad,
    .add = shard_add,
    .update = shard_update,
    .clear = shard_clear,
    .reserve = shard_reserve,
    .len = shard_len,
    .each = shard_each,
    .next = shard_next,
    .resizes = shard_resizes,
};
const struct map_kind map_one_mutex = {
    .name = "one_mutex",
    .has = KIND_PLAIN,
    .make = one_mutex_make,
    .free = shard_free,
    .get = shard_get,
    .get_many = shard_get_many,
    .put = shard_put,
    .get_or_put = shard_get_or_put,
    .swap = shard_swap,
    .take = shard_take,
    .del = shard_del,
    .cas = shard_cas,
    .cad = shard_cad,
    .add = shard_add,
    .update = shard_update,
    .clear = shard_clear,
    .reserve = shard_reserve,
    .len = shard_len,
    .each = shard_each,
    .next = shard_next,
    .resizes = shard_resizes,
};
const struct map_kind map_one_rwlock = {
    .name = "one_rwlock",
    .has = KIND_PLAIN,
    .make = one_rwlock_make,
    .free = shard_free,
    .get = shard_get,
    .get_many = shard_get_many,
    .put = shard_put,
    .get_or_put = shard_get_or_put,
    .swap = shard_swap,
    .take = shard_take,
    .del = shard_del,
    .cas = shard_cas,
    .cad = shard_cad,
    .add = shard_add,
    .update = shard_update,
    .clear = shard_clear,
    .reserve = shard_reserve,
    .len = shard_len,
    .each = shard_each,
    .next = shard_next,
    .resizes = shard_resizes,
};
