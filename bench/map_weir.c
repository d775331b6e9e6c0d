/* SPDX-License-Identifier: MIT */
/* bench/map_weir.c - weir's maps of words as kinds; see maps.h.
 *
 *   weir_map            the RCU map
 *   weir_shardmap       the sharded map, a lock for each line
 *   mutex, rwlock       one lock around the sharded map's table
 *   sharded_mutex, sharded_rwlock   one for each of its shards; the latter is what people call a sharded map in Go
 *
 * Put does not say whether the key was new. */
#include <weir/map_u64.h>
#include <weir/rcu.h>
#include <weir/shardmap_u64.h>

#include "map_run.h"
#include "maps_list.h"

/* ---- weir_map ---------------------------------------------------------------------------------------- */

static void *map_make(size_t hint, unsigned threads) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    weir_map *m;
    (void)threads;
    o.hint = hint;
    return weir_map_new(&m, &o) == 0 ? m : NULL;
}

static void map_dispose(void *m) { (void)weir_map_free(m); }
static size_t map_len(void *m) { return weir_map_len(m); }

static size_t map_bytes(void *m) {
    struct weir_map_stats s = WEIR_MAP_STATS;
    return weir_map_read_stats(m, &s) == 0 ? s.bytes : 0;
}

static void map_stall(void *m, void (*wait)(void *arg), void *arg) {
    uint64_t v;
    weir_guard g = weir_rcu_enter();
    (void)weir_map_get_u64(m, wb_map_key(0), &v);
    wait(arg);
    (void)weir_rcu_exit(g);
}

#define MAP_NAME map_weir
#define MAP_T weir_map
#define MAP_GET(m, k, pv) (weir_map_get_u64(m, k, pv) == 0)
#define MAP_PUT(m, k, v) (weir_map_put_u64(m, k, v) == 0 ? WB_MAP_PUT : WB_MAP_REFUSED)
#define MAP_DEL(m, k) (weir_map_delete_u64(m, k) == 0)
#include "map_loops.h"

WB_MAP_STALLS(wb_map_weir, "weir_map", "map", NULL, NULL, 0, map_make, map_dispose, NULL, NULL,
              map_len, map_bytes, map_weir, map_stall);

/* ---- weir_shardmap ----------------------------------------------------------------------------------- */

static void *make_with(size_t hint, int sync) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    weir_shardmap *m;
    o.hint = hint;
    o.sync = sync;
    return weir_shardmap_new(&m, &o) == 0 ? m : NULL;
}

static void shard_dispose(void *m) { (void)weir_shardmap_free(m); }
static size_t shard_len(void *m) { return weir_shardmap_len(m); }

static size_t shard_bytes(void *m) {
    struct weir_map_stats s = WEIR_MAP_STATS;
    return weir_shardmap_read_stats(m, WEIR_SHARDMAP_ALL, &s) == 0 ? s.bytes : 0;
}

#define MAP_NAME map_shard
#define MAP_T weir_shardmap
#define MAP_GET(m, k, pv) (weir_shardmap_get_u64(m, k, pv) == 0)
#define MAP_PUT(m, k, v) (weir_shardmap_put_u64(m, k, v) == 0 ? WB_MAP_PUT : WB_MAP_REFUSED)
#define MAP_DEL(m, k) (weir_shardmap_delete_u64(m, k) == 0)
#include "map_loops.h"

#define SHARD(kind, name, sync, note)                                                         \
    static void *kind##_make(size_t hint, unsigned threads) {                                 \
        (void)threads;                                                                        \
        return make_with(hint, sync);                                                         \
    }                                                                                         \
    WB_MAP(wb_map_##kind, name, "map", NULL, note, 0, kind##_make, shard_dispose, NULL, NULL, \
           shard_len, shard_bytes, map_shard)

SHARD(shard, "weir_shardmap", WEIR_MAP_LINES, NULL);
SHARD(mutex, "mutex", WEIR_MAP_MUTEX, "one mutex around the sharded map's table");
SHARD(rwlock, "rwlock", WEIR_MAP_RWLOCK, "one read-write lock around the sharded map's table");
SHARD(sharded_mutex, "sharded_mutex", WEIR_MAP_SHARDED_MUTEX, "a mutex for each shard");
SHARD(sharded_rwlock, "sharded_rwlock", WEIR_MAP_SHARDED_RWLOCK,
      "a read-write lock for each shard");
