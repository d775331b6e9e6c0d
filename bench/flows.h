/* SPDX-License-Identifier: MIT */
/* bench/flows.h - the kinds of pools and pipelines that are built in, and the packages that rivals come from; see
 * flow.h. */
#ifndef WEIR_BENCH_FLOWS_H
#define WEIR_BENCH_FLOWS_H

#include "flow.h"
#include "rivals/rivals.h"

#ifdef __cplusplus
extern "C" {
#endif
extern const struct wb_flow wb_pool_weir, wb_pool_batch, wb_pool_cap, wb_pool_mutex;
extern const struct wb_flow wb_serve_map, wb_serve_shard, wb_serve_sharded_rwlock, wb_serve_mutex;
extern const struct wb_flow wb_pool_glib, wb_pool_tbb, wb_pool_tbb_arena, wb_pipe_tbb;
extern const struct wb_flow wb_pool_go, wb_pipe_go;
extern const struct wb_flow wb_pipe_weir, wb_pipe_many, wb_pipe_pool, wb_pipe_mutex;
extern const struct wb_flow wb_log_map, wb_log_shard, wb_log_sharded_rwlock, wb_log_mutex;
#ifdef __cplusplus
}
#endif

#ifdef WB_HAVE_FLOW_GLIB
#define WB_FLOW_GLIB_LIST &wb_pool_glib.ring,
#else
#define WB_FLOW_GLIB_LIST
#endif
#ifdef WB_HAVE_FLOW_TBB
#define WB_FLOW_TBB_LIST &wb_pool_tbb.ring, &wb_pool_tbb_arena.ring, &wb_pipe_tbb.ring,
#else
#define WB_FLOW_TBB_LIST
#endif

#ifdef WB_HAVE_GO
#define WB_FLOW_GO_LIST &wb_pool_go.ring, &wb_pipe_go.ring,
#else
#define WB_FLOW_GO_LIST
#endif

#define WB_FLOW_WEIR_LIST                                                                       \
    &wb_pool_weir.ring, &wb_pool_batch.ring, &wb_pool_cap.ring, &wb_pool_mutex.ring,            \
        &wb_serve_map.ring, &wb_serve_shard.ring, &wb_serve_sharded_rwlock.ring,                \
        &wb_serve_mutex.ring, &wb_pipe_weir.ring, &wb_pipe_many.ring, &wb_pipe_pool.ring,       \
        &wb_pipe_mutex.ring, &wb_log_map.ring, &wb_log_shard.ring, &wb_log_sharded_rwlock.ring, \
        &wb_log_mutex.ring,

#define WB_FLOWS_LIST WB_FLOW_WEIR_LIST WB_FLOW_GLIB_LIST WB_FLOW_TBB_LIST WB_FLOW_GO_LIST

#endif
