/* SPDX-License-Identifier: MIT */
/* bench/map_kinds.h - what weir's maps of words and of strings have in common as kinds: how they are made and
 * given back, their memory, and which versions of the sharded map there are.
 *
 * Memory is what the statistics of the map say. A node is a block of malloc's, and is counted as what malloc takes
 * for it, as that of rivals is; the table is in pages of the system where it is large. */
#ifndef WEIR_BENCH_MAP_KINDS_H
#define WEIR_BENCH_MAP_KINDS_H

#include <weir/map.h>
#include <weir/shardmap.h>

#include "map_run.h"
#include "map_team.h"
#include "maps_list.h"

/* Of the table and of its nodes, all of one size. */
static inline size_t wb_kind_bytes(const struct weir_map_stats *s) {
    if (!s->node_bytes) return s->bytes;
    return s->bytes + s->entries * wb_heap_of(s->node_bytes / s->entries);
}

/* ---- weir_map ---------------------------------------------------------------------------------------- */

static inline void *wb_map_make(struct weir_map_opts *o, size_t hint) {
    weir_map *m;
    o->hint = hint;
    return weir_map_new(&m, o) == 0 ? m : NULL;
}

static inline void wb_map_dispose(void *m) { (void)weir_map_free(m); }
static inline size_t wb_map_len(void *m) { return weir_map_len(m); }

static inline size_t wb_map_bytes(void *m) {
    struct weir_map_stats s = WEIR_MAP_STATS;
    if (weir_rcu_barrier() < 0) return 0;
    return weir_map_read_stats(m, &s) == 0 ? wb_kind_bytes(&s) : 0;
}

static inline void wb_map_stall(void *m, void (*wait)(void *arg), void *arg) {
    weir_guard g = weir_rcu_enter();
    (void)weir_map_len(m);
    wait(arg);
    (void)weir_rcu_exit(g);
}

/* ---- weir_shardmap ----------------------------------------------------------------------------------- */

static inline void *wb_shard_make(struct weir_map_opts *o, size_t hint, int sync) {
    weir_shardmap *m;
    o->hint = hint;
    o->sync = sync;
    return weir_shardmap_new(&m, o) == 0 ? m : NULL;
}

static inline void wb_shard_dispose(void *m) { (void)weir_shardmap_free(m); }
static inline size_t wb_shard_len(void *m) { return weir_shardmap_len(m); }

static inline size_t wb_shard_bytes(void *m) {
    struct weir_map_stats s = WEIR_MAP_STATS;
    return weir_shardmap_read_stats(m, WEIR_SHARDMAP_ALL, &s) == 0 ? wb_kind_bytes(&s) : 0;
}

/* Each version: a symbol, its name, enum weir_map_sync, and what it is. */
#define WB_SHARD_KINDS(KIND)                                                                      \
    KIND(shard, "weir_shardmap", WEIR_MAP_LINES, NULL)                                            \
    KIND(mutex, "mutex", WEIR_MAP_MUTEX, "one mutex around the sharded map's table")              \
    KIND(rwlock, "rwlock", WEIR_MAP_RWLOCK, "one read-write lock around the sharded map's table") \
    KIND(sharded_mutex, "sharded_mutex", WEIR_MAP_SHARDED_MUTEX, "a mutex for each shard")        \
    KIND(sharded_rwlock, "sharded_rwlock", WEIR_MAP_SHARDED_RWLOCK,                               \
         "a read-write lock for each shard")

#endif
