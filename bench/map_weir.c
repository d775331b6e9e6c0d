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
#include <weir/shardmap_u64.h>

#include "map_kinds.h"

/* ---- weir_map ---------------------------------------------------------------------------------------- */

static void *map_make(size_t hint, unsigned threads) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    (void)threads;
    return wb_map_make(&o, hint);
}

#define MAP_NAME map_weir
#define MAP_T weir_map
#define MAP_GET(m, k, pv) (weir_map_get_u64(m, k, pv) == 0)
#define MAP_PUT(m, k, v) (weir_map_put_u64(m, k, v) == 0 ? WB_MAP_PUT : WB_MAP_REFUSED)
#define MAP_DEL(m, k) (weir_map_delete_u64(m, k) == 0)
#include "map_loops.h"

WB_MAP_STALLS(wb_map_weir, "weir_map", "map", NULL, NULL, 0, map_make, wb_map_dispose, NULL, NULL,
              wb_map_len, wb_map_bytes, map_weir, wb_map_stall);

/* ---- weir_shardmap ----------------------------------------------------------------------------------- */

#define MAP_NAME map_shard
#define MAP_T weir_shardmap
#define MAP_GET(m, k, pv) (weir_shardmap_get_u64(m, k, pv) == 0)
#define MAP_PUT(m, k, v) (weir_shardmap_put_u64(m, k, v) == 0 ? WB_MAP_PUT : WB_MAP_REFUSED)
#define MAP_DEL(m, k) (weir_shardmap_delete_u64(m, k) == 0)
#include "map_loops.h"

#define SHARD(kind, name, sync, note)                                                            \
    static void *kind##_make(size_t hint, unsigned threads) {                                    \
        struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);                              \
        (void)threads;                                                                           \
        return wb_shard_make(&o, hint, sync);                                                    \
    }                                                                                            \
    WB_MAP(wb_map_##kind, name, "map", NULL, note, 0, kind##_make, wb_shard_dispose, NULL, NULL, \
           wb_shard_len, wb_shard_bytes, map_shard);

WB_SHARD_KINDS(SHARD)
