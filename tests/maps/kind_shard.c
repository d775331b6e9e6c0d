/* SPDX-License-Identifier: MIT */
/* tests/maps/kind_shard.c - weir_shardmap as a kind of map: KIND_SYNC, KIND_NAME. */
#include <weir/shardmap_u64.h>

#include "kind.h"

static void *open_map(size_t hint, const struct weir_alloc *alloc) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    weir_shardmap *m = NULL;
    o.hint = hint;
    o.seed = 1;
    o.alloc = alloc;
    o.sync = KIND_SYNC;
    o.shards = KIND_SYNC == WEIR_MAP_MUTEX || KIND_SYNC == WEIR_MAP_RWLOCK ? 0 : 8;
    return weir_shardmap_new(&m, &o) == 0 ? m : NULL;
}
static int close_map(void *m) { return weir_shardmap_free(m); }
static int get(void *m, uint64_t k, uint64_t *v) { return weir_shardmap_get_u64(m, k, v); }
static ptrdiff_t get_many(void *m, const uint64_t *k, uint64_t *v, bool *f, size_t n) {
    return weir_shardmap_get_many_u64(m, k, v, f, n);
}
static int put(void *m, uint64_t k, uint64_t v) { return weir_shardmap_put_u64(m, k, v); }
static int get_or_put(void *m, uint64_t k, uint64_t *v) {
    return weir_shardmap_get_or_put_u64(m, k, v);
}
static int swap(void *m, uint64_t k, uint64_t *v) { return weir_shardmap_swap_u64(m, k, v); }
static int take(void *m, uint64_t k, uint64_t *v) { return weir_shardmap_take_u64(m, k, v); }
static int del(void *m, uint64_t k) { return weir_shardmap_delete_u64(m, k); }
static int cas(void *m, uint64_t k, uint64_t e, uint64_t v) {
    return weir_shardmap_cas_u64(m, k, e, v);
}
static int cad(void *m, uint64_t k, uint64_t e) { return weir_shardmap_cad_u64(m, k, e); }
static int clear(void *m) { return weir_shardmap_clear(m); }
static size_t len(void *m) { return weir_shardmap_len(m); }
static int each(void *m, weir_map_fn_u64 *fn, void *arg) {
    return weir_shardmap_each_u64(m, fn, arg);
}
static ptrdiff_t next(void *m, struct weir_map_cursor *c, uint64_t *k, uint64_t *v, size_t n) {
    return weir_shardmap_next_u64(m, c, k, v, n);
}
static int reserve(void *m, size_t n) { return weir_shardmap_reserve(m, n); }
static void stats(void *m, struct weir_map_stats *out) {
    CHECK_IS(weir_shardmap_read_stats(m, WEIR_SHARDMAP_ALL, out), 0);
}
static size_t places(void *m) {
    struct weir_map_stats s = WEIR_MAP_STATS;
    stats(m, &s);
    return s.lines * 42 / 16;
}

const struct kind K = { KIND_NAME, open_map, close_map, get,   get_many, put, get_or_put, swap,
                        take,      del,      cas,       cad,   clear,    len, each,       next,
                        reserve,   stats,    places,    false, false,    NULL };
