/* SPDX-License-Identifier: MIT */
/* bench/chans.h - weir's kinds of channel as variants; a row of WB_CHAN_KINDS is a kind, and gets a row
 * in each of the structures
 *
 *   chan     a channel: streams, ping-pong, one thread alone, bursts with gaps      chans.c
 *   close    a close that wakes all receivers; see chan_life.c
 *   life     a channel made, used once and given back; see chan_life.c
 *   select   a select over several channels; see selects.c */
#ifndef WEIR_BENCH_CHANS_H
#define WEIR_BENCH_CHANS_H

#include <weir/chan.h>

#include "ring_run.h"

/* X(symbol, name, kind, can, note): `name` is "weir" for the usual kind, "mutex" for the mutex version,
 * weir_... for the others; `can` is what differs between them. */
#define WB_CHAN_KINDS(X)                                                                      \
    X(weir, "weir", WEIR_CHAN_MPMC, WB_MPMC | WB_RENDEZVOUS, NULL)                            \
    X(strict, "weir_strict", WEIR_CHAN_STRICT, WB_MPMC | WB_RENDEZVOUS,                       \
      "every operation under one lock, waiters served first come first served")               \
    X(spsc, "weir_spsc", WEIR_CHAN_SPSC, WB_SPSC | WB_KIND, "one thread sends, one receives") \
    X(mutex, "mutex", WEIR_CHAN_MUTEX, WB_MPMC | WB_RENDEZVOUS, NULL)

#define WB_CHAN_DECLARE(symbol, name, kind, can, note)                                 \
    extern const struct wb_ring wb_chan_##symbol, wb_close_##symbol, wb_life_##symbol, \
        wb_select_##symbol;
WB_CHAN_KINDS(WB_CHAN_DECLARE)
#undef WB_CHAN_DECLARE

#define WB_CHAN_LIST(symbol, name, kind, can, note) \
    &wb_chan_##symbol, &wb_close_##symbol, &wb_life_##symbol, &wb_select_##symbol,

#endif
