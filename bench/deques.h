/* SPDX-License-Identifier: MIT */
/* bench/deques.h - the deques as variants. See deques.c. */
#ifndef WEIR_BENCH_DEQUES_H
#define WEIR_BENCH_DEQUES_H

#include "bench.h"

extern const struct wb_ring wb_deque_weir, wb_deque_mutex, wb_steal_weir, wb_steal_mutex;

#define WB_DEQUES_LIST &wb_deque_weir, &wb_deque_mutex, &wb_steal_weir, &wb_steal_mutex,

#endif
