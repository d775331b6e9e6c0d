/* SPDX-License-Identifier: MIT */
/* tests/bench/fake_maps.h - kinds of maps for the tests of the harness; see fake_maps.c. */
#ifndef WEIR_TESTS_BENCH_FAKE_MAPS_H
#define WEIR_TESTS_BENCH_FAKE_MAPS_H

#include "maps.h"

extern const struct wb_map wb_fake_map_weir, wb_fake_map_shard, wb_fake_map_mutex, wb_fake_map_flat,
    wb_fake_map_plain, wb_fake_map_lfht, wb_fake_str_weir, wb_fake_str_mutex;
extern const struct wb_map wb_fake_cache_weir, wb_fake_cache_mutex, wb_fake_cache_map;
#define FAKE_MAPS                                                                 \
    &wb_fake_cache_weir.ring, &wb_fake_cache_mutex.ring, &wb_fake_cache_map.ring, \
        &wb_fake_map_weir.ring, &wb_fake_map_shard.ring, &wb_fake_map_mutex.ring, \
        &wb_fake_map_flat.ring, &wb_fake_map_plain.ring, &wb_fake_map_lfht.ring,  \
        &wb_fake_str_weir.ring, &wb_fake_str_mutex.ring,

extern const struct wb_map wb_fake_forgets, wb_fake_miscounts, wb_fake_keeps, wb_fake_alters,
    wb_fake_finds, wb_fake_refuses, wb_fake_stuck, wb_fake_slow, wb_fake_shy, wb_fake_twice_cache;
#define FAKE_BROKEN_MAPS                                                                       \
    &wb_fake_forgets.ring, &wb_fake_miscounts.ring, &wb_fake_keeps.ring, &wb_fake_alters.ring, \
        &wb_fake_finds.ring, &wb_fake_refuses.ring, &wb_fake_stuck.ring, &wb_fake_slow.ring,   \
        &wb_fake_shy.ring, &wb_fake_twice_cache.ring,

#endif
