/* SPDX-License-Identifier: MIT */
/* tests/bench/fake_flows.h - kinds of pools for the tests of the harness; see fake_flows.c. */
#ifndef WEIR_TESTS_BENCH_FAKE_FLOWS_H
#define WEIR_TESTS_BENCH_FAKE_FLOWS_H

#include "flow.h"

extern const struct wb_flow wb_fake_pool_weir, wb_fake_pool_mutex, wb_fake_pipe_weir,
    wb_fake_pipe_mutex, wb_fake_serve_weir, wb_fake_serve_mutex, wb_fake_log_weir,
    wb_fake_log_mutex;
#define FAKE_FLOWS                                                                     \
    &wb_fake_pool_weir.ring, &wb_fake_pool_mutex.ring, &wb_fake_pipe_weir.ring,        \
        &wb_fake_pipe_mutex.ring, &wb_fake_serve_weir.ring, &wb_fake_serve_mutex.ring, \
        &wb_fake_log_weir.ring, &wb_fake_log_mutex.ring,

extern const struct wb_flow wb_fake_pool_loses, wb_fake_pool_repeats, wb_fake_pool_exchanges,
    wb_fake_pool_declines, wb_fake_pool_shy;
#define FAKE_BROKEN_FLOWS                                                               \
    &wb_fake_pool_loses.ring, &wb_fake_pool_repeats.ring, &wb_fake_pool_exchanges.ring, \
        &wb_fake_pool_declines.ring, &wb_fake_pool_shy.ring,

#endif
