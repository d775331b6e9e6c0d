/* SPDX-License-Identifier: MIT */
/* bench/tools.h - contexts and the like as variants: one operation by one thread, and the same by several on
 * one object (no consumers). See tools.c. */
#ifndef WEIR_BENCH_TOOLS_H
#define WEIR_BENCH_TOOLS_H

#include "bench.h"

extern const struct wb_ring wb_ctx_weir, wb_look_weir, wb_look_mutex, wb_limiter_weir,
    wb_limiter_mutex, wb_sem_weir, wb_sem_posix, wb_sem_mutex;

#define WB_TOOLS_LIST                                                                 \
    &wb_ctx_weir, &wb_look_weir, &wb_look_mutex, &wb_limiter_weir, &wb_limiter_mutex, \
        &wb_sem_weir, &wb_sem_posix, &wb_sem_mutex,

#endif
