/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/stream_rows.c - the scenarios that are streams. The numbers of rows are those of
 * docs/stress-scenarios.md. */
#include "stream.h"

#define ANY (HOW_TRY | HOW_IN_PLACE | HOW_WAIT | HOW_NOW | HOW_PAST | HOW_NEAR | HOW_FAR)
#define ENDS (STREAM_DRAINS | STREAM_LEAVES | STREAM_CLOSES)
#define BLOCKS (HOW_WAIT | HOW_IN_PLACE)

static const struct stream_row
    /* everything at once */
    mixed = { .hows = ANY, .batches = 30, .ends = ENDS, .quota = 128 },
    /* long rounds of single calls: conservation, order, shares of the work */
    busy = { .hows = HOW_TRY | HOW_WAIT,
             .ends = STREAM_DRAINS,
             .quota = 4096,
             .caps = { 2, 16, 64 } },
    /* row 1: the index of 62 bits, of 64, and 32-bit halves of it */
    wrap = { .hows = ANY,
             .batches = 30,
             .ends = ENDS,
             .quota = 400,
             .caps = { 1, 2, 3, 7 },
             .places = 1u << PLACE_EXACT,
             .wraps = true },
    /* row 2 */
    tiny = { .hows = ANY, .batches = 20, .ends = ENDS, .quota = 64, .caps = { 1, 2, 3 } },
    /* row 3 */
    flipflop = { .hows = BLOCKS, .ends = STREAM_DRAINS, .quota = 256, .caps = { 1 } },
    /* row 6: close at any moment, twice at once */
    closing = { .hows = BLOCKS | HOW_TRY | HOW_FAR,
                .batches = 20,
                .ends = STREAM_CLOSES,
                .quota = 48,
                .caps = { 1, 2, 4 } },
    /* row 8 */
    deadlines = { .hows = HOW_NOW | HOW_PAST | HOW_NEAR | HOW_FAR,
                  .batches = 20,
                  .ends = STREAM_DRAINS | STREAM_CLOSES,
                  .quota = 128,
                  .caps = { 1, 2 } },
    /* row 10 */
    spurious = { .hows = BLOCKS | HOW_NEAR | HOW_FAR,
                 .batches = 20,
                 .ends = STREAM_DRAINS | STREAM_CLOSES | STREAM_POKED,
                 .quota = 128,
                 .caps = { 1, 2 } },
    /* row 23: what is left inside is dropped once, as soon as the ring may be ended */
    teardown = { .hows = ANY,
                 .batches = 30,
                 .ends = STREAM_LEAVES | STREAM_CLOSES,
                 .quota = 24,
                 .caps = { 1, 3, 16 } },
    /* row 26: larger than the capacity, cut short */
    batch = { .hows = ANY & ~(unsigned)HOW_IN_PLACE,
              .batches = 100,
              .ends = ENDS,
              .quota = 512,
              .caps = { 1, 2, 5, 32 } },
    /* row 32 */
    edges = { .hows = ANY,
              .batches = 30,
              .ends = ENDS,
              .quota = 128,
              .caps = { 1, 3, 8 },
              .sizes = { 4, 5, 13, 100 },
              .places = 1u << PLACE_EDGE | 1u << PLACE_START | 1u << PLACE_ODD },
    /* two mappings of one ring */
    mapped = { .hows = ANY,
               .batches = 30,
               .ends = ENDS,
               .quota = 256,
               .caps = { 1, 3, 8 },
               .sizes = { 8, 24 },
               .places = 1u << PLACE_TWICE };

#define ROW(name_, about_, needs_, min_, fenced_) \
    { .name = #name_,                             \
      .about = about_,                            \
      .needs = needs_,                            \
      .min_threads = min_,                        \
      .fenced = fenced_,                          \
      .funnels = true,                            \
      .state_size = sizeof(struct stream),        \
      .setup = stream_setup,                      \
      .thread = stream_thread,                    \
      .finish = stream_finish,                    \
      .param = &(name_) }

const struct body stream_bodies[] = {
    ROW(mixed, "every verb, capacities up to 64, rounds that end in every way", 0, 2, true),
    ROW(busy, "long rounds of single calls", 0, 2, false),
    ROW(wrap, "indices that start just below a wrap", RING_MEMORY, 2, false),
    ROW(tiny, "capacities 1, 2, 3", 0, 2, false),
    ROW(flipflop, "capacity 1, blocking", RING_WAITS, 2, true),
    ROW(closing, "two calls of close in the middle of blocking calls", RING_WAITS, 2, true),
    ROW(deadlines, "deadlines past, near, far, against delivery", RING_WAITS, 2, true),
    ROW(spurious, "one worker wakes the others for nothing", RING_WAITS | RING_MEMORY, 3, true),
    ROW(teardown, "elements are left inside, and the ring is ended at once", 0, 2, false),
    ROW(batch, "batches, up to twice the capacity", 0, 2, true),
    ROW(edges, "odd sizes and alignment, next to pages without access", RING_MEMORY, 2, false),
    ROW(mapped, "pushed through one mapping, popped through another", RING_MEMORY, 2, false),
    { 0 },
};
