/* SPDX-License-Identifier: MIT */
/* bench/rivals/go.c - Go's channels, select and maps as variants. What measures them is bench/rivals/go, a
 * program of its own (../away.h): linked in as a C archive, Go's runtime would bring its threads, its signal
 * handlers and a timer thread that preempts into the process in which everybody else is measured. It has no
 * recv_many. */
#include "../maps_list.h"
#include "rivals.h"

#define NOTE "goroutines, which the runtime puts on as many threads as it sees fit"

const struct wb_ring wb_chan_go = { .name = "go",
                                    .structure = "chan",
                                    .package = WB_PACKAGE_GO,
                                    .note = NOTE,
                                    .can =
                                        WB_AWAY | WB_MPMC | WB_BLOCK | WB_ANY_CAP | WB_RENDEZVOUS };

const struct wb_ring wb_select_go = { .name = "go",
                                      .structure = "select",
                                      .package = WB_PACKAGE_GO,
                                      .note = NOTE,
                                      .can = WB_AWAY | WB_TWO | WB_BLOCK | WB_ANY_CAP };

#define MAP_NOTE NOTE "; its garbage is collected while it is measured"

#define GO_MAP(symbol, called, says)                                     \
    const struct wb_map symbol = { .ring = { .name = called,             \
                                             .structure = "map",         \
                                             .package = WB_PACKAGE_GO,   \
                                             .note = says "; " MAP_NOTE, \
                                             .can = WB_AWAY | WB_MPMC | WB_IS_MAP } }

GO_MAP(wb_map_go_sync, "go_sync_map", "sync.Map");
GO_MAP(wb_map_go_sharded, "go_sharded", "64 maps with a sync.RWMutex each");
