/* SPDX-License-Identifier: MIT */
/* bench/maps_list.h - every kind of map: weir's own first, those of rivals where WB_HAVE_<RIVAL> says that they were
 * found. */
#ifndef WEIR_BENCH_MAPS_LIST_H
#define WEIR_BENCH_MAPS_LIST_H

#include "maps.h"

#ifdef __cplusplus
extern "C" {
#endif
extern const struct wb_map wb_map_weir;
#ifdef __cplusplus
}
#endif

#define WB_MAPS_LIST &wb_map_weir.ring,

#endif
