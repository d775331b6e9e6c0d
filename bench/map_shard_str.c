/* SPDX-License-Identifier: MIT */
/* bench/map_shard_str.c - the sharded map of strings, and the plain versions of its table, as kinds; see maps.h and
 * bench/map_weir.c, whose names they have. The 64 bytes of a value stand in the entry's node, as in
 * weir_map of bench/map_weir_str.c; a read copies them. */
#include <weir/map_str.h>
#include <weir/shardmap.h>

#include <stdlib.h>

#include "map_nodes.h"
#include "map_run.h"
#include "maps_list.h"

/* How long its keys are is seen by the first who puts one: to ask a plain map for one would be a walk, after which
 * what leaves it is garbage for a grace period. */
struct table {
    weir_shardmap *m;
    size_t key_bytes;
};

static void *make_with(size_t hint, int sync) {
    struct weir_map_opts o = WEIR_MAP_OPTS(struct weir_str, struct wb_map_val);
    struct table *t = calloc(1, sizeof *t);
    o.keys = WEIR_MAP_STRINGS;
    o.hint = hint;
    o.sync = sync;
    if (t && weir_shardmap_new(&t->m, &o) == 0) return t;
    free(t);
    return NULL;
}

static void dispose(void *map) {
    struct table *t = map;
    (void)weir_shardmap_free(t->m);
    free(t);
}

static size_t len(void *map) { return weir_shardmap_len(((struct table *)map)->m); }

static struct weir_str str(struct wb_map_str k) {
    struct weir_str s = { k.ptr, k.len };
    return s;
}

WB_LOOP bool get(weir_shardmap *m, struct wb_map_str k, struct wb_map_val *v) {
    struct weir_str s = str(k);
    return weir_shardmap_get(m, &s, v) == 0;
}

WB_LOOP enum wb_map_put put(weir_shardmap *m, struct wb_map_str k, const struct wb_map_val *v) {
    struct weir_str s = str(k);
    return weir_shardmap_put(m, &s, v) == 0 ? WB_MAP_PUT : WB_MAP_REFUSED;
}

WB_LOOP bool del(weir_shardmap *m, struct wb_map_str k) {
    struct weir_str s = str(k);
    return weir_shardmap_delete(m, &s) == 0;
}

#define MAP_NAME shard_nodes
#define MAP_T weir_shardmap
#define MAP_OF(w) ((struct table *)(w)->map)->m
#define MAP_STRINGS
#define MAP_GET(m, k, pv) get(m, k, pv)
#define MAP_PUT(m, k, v) put(m, k, &(v))
#define MAP_DEL(m, k) del(m, k)
#include "map_loops.h"

static void loops_run(struct wb_map_work *w) {
    __atomic_store_n(&((struct table *)w->map)->key_bytes, w->key_bytes, __ATOMIC_RELAXED);
    shard_nodes_run(w);
}

/* ---- memory ------------------------------------------------------------------------------------------ */

static size_t table_bytes(void *map) {
    struct weir_map_stats s = WEIR_MAP_STATS;
    return weir_shardmap_read_stats(((struct table *)map)->m, WEIR_SHARDMAP_ALL, &s) == 0 ? s.bytes
                                                                                          : 0;
}

/* ---- kinds ------------------------------------------------------------------------------------------- */

#define SHARD(kind, name, sync, note)                                                              \
    static void *kind##_make(size_t hint, unsigned threads) {                                      \
        (void)threads;                                                                             \
        return make_with(hint, sync);                                                              \
    }                                                                                              \
    static size_t kind##_bytes(void *map) {                                                        \
        static size_t each[2]; /* of keys of 16 and of 40 bytes */                                 \
        size_t length = ((struct table *)map)->key_bytes, i = length > 16;                         \
        if (length && !each[i]) each[i] = wb_map_beside(&wb_strmap_##kind, table_bytes, length);   \
        return table_bytes(map) + len(map) * each[i];                                              \
    }                                                                                              \
    WB_MAP(wb_strmap_##kind, name, "strmap", NULL, note, 0, kind##_make, dispose, NULL, NULL, len, \
           kind##_bytes, loops)

SHARD(shard, "weir_shardmap", WEIR_MAP_LINES, NULL);
SHARD(mutex, "mutex", WEIR_MAP_MUTEX, "one mutex around the sharded map's table");
SHARD(rwlock, "rwlock", WEIR_MAP_RWLOCK, "one read-write lock around the sharded map's table");
SHARD(sharded_mutex, "sharded_mutex", WEIR_MAP_SHARDED_MUTEX, "a mutex for each shard");
SHARD(sharded_rwlock, "sharded_rwlock", WEIR_MAP_SHARDED_RWLOCK,
      "a read-write lock for each shard");
