/* SPDX-License-Identifier: MIT */
/* bench/flow_task.h - the words that tasks are given, and what special tasks need: what bench/flow_pool.h stands on.
 * C11 and C++17. */
#ifndef WEIR_BENCH_FLOW_TASK_H
#define WEIR_BENCH_FLOW_TASK_H

#include "flow.h"
#include "ring_run.h"

#define WB_FLOW_MARK 60
#define WB_FLOW_ROOT (UINT64_C(1) << WB_FLOW_MARK)
#define WB_FLOW_ALARM (UINT64_C(2) << WB_FLOW_MARK)
#define WB_FLOW_PLACE (UINT64_C(3) << WB_FLOW_MARK)
#define WB_FLOW_TOGETHER 64u

struct wb_flow_root { /* of a task that submits others */
    void *pool;
    uint64_t first;
    unsigned n;
    uint64_t refused;
};

struct wb_flow_alarm { /* of one that has been waited for */
    struct wb_hist *hist;
    uint64_t sent_ns;
};

struct wb_flow_seat {
    int cpu;
};

WB_LOOP uint64_t wb_flow_mark(const void *at, uint64_t mark) {
    return (uint64_t)(uintptr_t)at | mark;
}
WB_LOOP void *wb_flow_marked(uint64_t word) {
    return (void *)(uintptr_t)(word & (WB_FLOW_ROOT - 1));
}

/* Of n words from `first` on. */
WB_LOOP uint64_t wb_flow_sum(uint64_t first, uint64_t n) { return n * first + n * (n - 1) / 2; }

#endif
