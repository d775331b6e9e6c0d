/* SPDX-License-Identifier: MIT */
/* bench/bounds.h - what the hardware allows, as variants of a structure "bound", so that bounds are
 * measured in the same rounds as the rings. */
#ifndef WEIR_BENCH_BOUNDS_H
#define WEIR_BENCH_BOUNDS_H

#include "bench.h"

/* Two uncontended read-modify-writes on two lines, by one thread: the least that a push and a pop
 * cost in a ring whose both ends are shared. */
extern const struct wb_ring wb_bound_rmw;
/* A word each way between two threads, spinning: the least that a round trip costs. */
extern const struct wb_ring wb_bound_lines;
/* The same with both threads sleeping on a futex: the least that a wake-up costs. */
extern const struct wb_ring wb_bound_futex;
/* One thread sleeps on a futex that another stores to and wakes after a gap: the least that it takes
 * from the store until the sleeper runs. */
extern const struct wb_ring wb_bound_wake;
/* One memcpy of the payload into a buffer as large as the ring: the least that a stream costs. */
extern const struct wb_ring wb_bound_copy;

#endif
