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
    wb_map_sharded_mutex, wb_map_sharded_rwlock, wb_map_plain, wb_strmap_node, wb_strmap_ptr,
    wb_strmap_shard, wb_strmap_mutex, wb_strmap_rwlock, wb_strmap_sharded_mutex,
    wb_strmap_sharded_rwlock;
extern const struct wb_map wb_cache_wmutex, wb_cache_wrwlock, wb_cache_weir, wb_cache_mutex,
    wb_cache_rwlock, wb_cache_map;
extern const struct wb_map wb_map_boost, wb_strmap_boost, wb_map_flat, wb_strmap_flat;
extern const struct wb_map wb_map_libcuckoo, wb_strmap_libcuckoo;
extern const struct wb_map wb_map_tbb, wb_strmap_tbb;
extern const struct wb_map wb_map_lfht, wb_strmap_lfht;
extern const struct wb_map wb_map_lfht_qsbr, wb_strmap_lfht_qsbr;
extern const struct wb_map wb_map_ck, wb_strmap_ck;
extern const struct wb_map wb_map_go_sync, wb_map_go_sharded;
#ifdef __cplusplus
}
#endif

#define WB_MAPS_WEIR                                                                             \
    &wb_map_weir.ring, &wb_map_shard.ring, &wb_map_mutex.ring, &wb_map_rwlock.ring,              \
        &wb_map_sharded_mutex.ring, &wb_map_sharded_rwlock.ring, &wb_map_plain.ring,             \
        &wb_strmap_node.ring, &wb_strmap_ptr.ring, &wb_strmap_shard.ring, &wb_strmap_mutex.ring, \
        &wb_strmap_rwlock.ring, &wb_strmap_sharded_mutex.ring, &wb_strmap_sharded_rwlock.ring,
#define WB_MAPS_CACHES                                                                        \
    &wb_cache_weir.ring, &wb_cache_mutex.ring, &wb_cache_wmutex.ring, &wb_cache_wrwlock.ring, \
        &wb_cache_rwlock.ring, &wb_cache_map.ring,
#ifdef WB_HAVE_MAP_BOOST
#define WB_MAPS_BOOST \
    &wb_map_flat.ring, &wb_map_boost.ring, &wb_strmap_flat.ring, &wb_strmap_boost.ring,
#else
#define WB_MAPS_BOOST
#endif
#ifdef WB_HAVE_MAP_LIBCUCKOO
#define WB_MAPS_LIBCUCKOO &wb_map_libcuckoo.ring, &wb_strmap_libcuckoo.ring,
#else
#define WB_MAPS_LIBCUCKOO
#endif
#ifdef WB_HAVE_MAP_TBB
#define WB_MAPS_TBB &wb_map_tbb.ring, &wb_strmap_tbb.ring,
#else
#define WB_MAPS_TBB
#endif
#ifdef WB_HAVE_MAP_LFHT_MEMB
#define WB_MAPS_LFHT &wb_map_lfht.ring, &wb_strmap_lfht.ring,
#else
#define WB_MAPS_LFHT
#endif
#ifdef WB_HAVE_MAP_LFHT_QSBR
#define WB_MAPS_LFHT_QSBR &wb_map_lfht_qsbr.ring, &wb_strmap_lfht_qsbr.ring,
#else
#define WB_MAPS_LFHT_QSBR
#endif
#ifdef WB_HAVE_MAP_CK
#define WB_MAPS_CK &wb_map_ck.ring, &wb_strmap_ck.ring,
#else
#define WB_MAPS_CK
#endif

#ifdef WB_HAVE_GO
#define WB_MAPS_GO &wb_map_go_sync.ring, &wb_map_go_sharded.ring,
#else
#define WB_MAPS_GO
#endif

#define WB_MAPS_LIST                                                                     \
    WB_MAPS_WEIR WB_MAPS_CACHES WB_MAPS_BOOST WB_MAPS_LIBCUCKOO WB_MAPS_TBB WB_MAPS_LFHT \
        WB_MAPS_LFHT_QSBR WB_MAPS_CK WB_MAPS_GO

#endif
