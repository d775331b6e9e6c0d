/* SPDX-License-Identifier: MIT */
/* bench/rivals/flow_go.c - a goroutine for each task, and channels between stages, as variants; see go.c. */
#include "../flows.h"

#define NOTE "goroutines, which the runtime puts on as many threads as it sees fit"

#define GO_FLOW(symbol, called, can_)                                                  \
    const struct wb_flow symbol = { .ring = { .name = "go",                            \
                                              .structure = called,                     \
                                              .package = WB_PACKAGE_GO,                \
                                              .note = NOTE,                            \
                                              .can = WB_AWAY | WB_MPMC | WB_IS_FLOW }, \
                                    .can = can_ }

GO_FLOW(wb_pool_go, "pool", WB_FLOW_INSIDE | WB_FLOW_FIB);
GO_FLOW(wb_pipe_go, "pipe", WB_FLOW_UNORDERED);
