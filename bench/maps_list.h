/* SPDX-License-Identifier: MIT */
/* bench/maps_list.h - every kind of map: weir's own first, those of rivals where WB_HAVE_<RIVAL> says that they were
 * found. */
#ifndef WEIR_BENCH_MAPS_LIST_H
#define WEIR_BENCH_MAPS_LIST_H

#include "maps.h"

#ifdef __cplusplus
extern "C" {
#endif
extern const struct wb_map wb_map_weir, wb_map_shard, wb_map_mutex, wb_map_rwlock,
    wb_map_sharded_mutex, wb_map_sharded_rwlock, wb_map_plain;
#ifdef __cplusplus
}
#endif

#define WB_MAPS_LIST                                                                \
    &wb_map_weir.ring, &wb_map_shard.ring, &wb_map_mutex.ring, &wb_map_rwlock.ring, \
        &wb_map_sharded_mutex.ring, &wb_map_sharded_rwlock.ring, &wb_map_plain.ring,

#endif
