/* SPDX-License-Identifier: MIT */
/* bench/map_weir_str.c - weir's maps of strings as kinds, with the names that those of words have (map_weir.c);
 * see maps.h. The 64 bytes of a value stand in the entry's node, and a read copies them. But
 *
 *   weir_map_ptr   its values are pointers to 64 bytes that the user has allocated, through the verbs of
 *                  weir/map_str.h; `drop` frees them, and a reader copies inside a guard */
#include <weir/map_str.h>
#include <weir/rcu.h>

#include <stdlib.h>

#include "map_kinds.h"

/* A key of the harness as one of weir's, for one call. */
#define STR(k) (&(struct weir_str){ (k).ptr, (k).len })

static struct weir_map_opts string_opts(void) {
    struct weir_map_opts o = WEIR_MAP_OPTS(struct weir_str, struct wb_map_val);
    o.keys = WEIR_MAP_STRINGS;
    return o;
}

/* ---- weir_map ---------------------------------------------------------------------------------------- */

static void *node_make(size_t hint, unsigned threads) {
    struct weir_map_opts o = string_opts();
    (void)threads;
    return wb_map_make(&o, hint);
}

#define MAP_NAME nodes
#define MAP_T weir_map
#define MAP_STRINGS
#define MAP_GET(m, k, pv) (weir_map_get(m, STR(k), pv) == 0)
#define MAP_PUT(m, k, v) (weir_map_put(m, STR(k), &(v)) == 0 ? WB_MAP_PUT : WB_MAP_REFUSED)
#define MAP_DEL(m, k) (weir_map_delete(m, STR(k)) == 0)
#include "map_loops.h"

WB_MAP_STALLS(wb_strmap_node, "weir_map", "strmap", NULL, NULL, 0, node_make, wb_map_dispose, NULL,
              NULL, wb_map_len, wb_map_bytes, nodes, wb_map_stall);

/* ---- weir_shardmap ----------------------------------------------------------------------------------- */

#define MAP_NAME shard_nodes
#define MAP_T weir_shardmap
#define MAP_STRINGS
#define MAP_GET(m, k, pv) (weir_shardmap_get(m, STR(k), pv) == 0)
#define MAP_PUT(m, k, v) (weir_shardmap_put(m, STR(k), &(v)) == 0 ? WB_MAP_PUT : WB_MAP_REFUSED)
#define MAP_DEL(m, k) (weir_shardmap_delete(m, STR(k)) == 0)
#include "map_loops.h"

#define SHARD(kind, name, sync, note)                                                            \
    static void *kind##_make(size_t hint, unsigned threads) {                                    \
        struct weir_map_opts o = string_opts();                                                  \
        (void)threads;                                                                           \
        return wb_shard_make(&o, hint, sync);                                                    \
    }                                                                                            \
    WB_MAP(wb_strmap_##kind, name, "strmap", NULL, note, 0, kind##_make, wb_shard_dispose, NULL, \
           NULL, wb_shard_len, wb_shard_bytes, shard_nodes);

WB_SHARD_KINDS(SHARD)

/* ---- weir_map_ptr ------------------------------------------------------------------------------------ */

static void drop(void *val, void *arg) {
    (void)arg;
    free(*(void **)val);
}

static void *ptr_make(size_t hint, unsigned threads) {
    struct weir_map_opts o = WEIR_MAP_OPTS_STR;
    (void)threads;
    o.drop = drop;
    return wb_map_make(&o, hint);
}

WB_LOOP bool ptr_get(weir_map *m, struct wb_map_str k, struct wb_map_val *v) {
    void *p;
    weir_guard g = weir_rcu_enter();
    bool there = weir_map_get_str(m, k.ptr, k.len, &p) == 0;
    if (there) *v = *(struct wb_map_val *)p;
    (void)weir_rcu_exit(g);
    return there;
}

WB_LOOP enum wb_map_put ptr_put(weir_map *m, struct wb_map_str k, const struct wb_map_val *v) {
    struct wb_map_val *p = malloc(sizeof *p);
    if (!p) return WB_MAP_REFUSED;
    *p = *v;
    if (weir_map_put_str(m, k.ptr, k.len, p) == 0) return WB_MAP_PUT;
    free(p);
    return WB_MAP_REFUSED;
}

#define MAP_NAME ptrs
#define MAP_T weir_map
#define MAP_STRINGS
#define MAP_GET(m, k, pv) ptr_get(m, k, pv)
#define MAP_PUT(m, k, v) ptr_put(m, k, &(v))
#define MAP_DEL(m, k) (weir_map_delete_str(m, (k).ptr, (k).len) == 0)
#include "map_loops.h"

static size_t ptr_bytes(void *m) {
    return wb_map_bytes(m) + weir_map_len(m) * wb_heap_of(sizeof(struct wb_map_val));
}

WB_MAP_STALLS(wb_strmap_ptr, "weir_map_ptr", "strmap", NULL, "values are pointers", 0, ptr_make,
              wb_map_dispose, NULL, NULL, wb_map_len, ptr_bytes, ptrs, wb_map_stall);
