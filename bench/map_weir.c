/* SPDX-License-Identifier: MIT */
/* bench/map_weir.c - weir's maps as kinds; see maps.h. */
#include <weir/map_u64.h>

#include "map_run.h"
#include "maps_list.h"

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

#define MAP_NAME map_weir
#define MAP_T weir_map
#define MAP_GET(m, k, pv) (weir_map_get_u64(m, k, pv) == 0)
#define MAP_PUT(m, k, v) (weir_map_put_u64(m, k, v) == 0 ? WB_MAP_PUT : WB_MAP_REFUSED)
#define MAP_DEL(m, k) (weir_map_delete_u64(m, k) == 0)
#include "map_loops.h"

WB_MAP(wb_map_weir, "weir_map", "map", NULL, NULL, 0, map_make, map_dispose, NULL, NULL, map_len,
       map_bytes, map_weir);
