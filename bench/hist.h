/* SPDX-License-Identifier: MIT */
/* bench/hist.h - mergeable log-linear histogram of nanoseconds, for latencies.
 *
 * 64 buckets per octave: below 64 ns each value has its own bucket, above that a bucket is at most
 * 1/64 of its value wide, up to 60 s; what is longer counts as 60 s. Adding is a shift and an
 * increment, merging is adding up, so each thread fills its own and the harness merges them.
 * Percentiles are interpolated inside their bucket; the maximum is exact. Not thread-safe.
 * Plain C that is C++ as well: the loops of C++ rivals add to it. */
#ifndef WEIR_BENCH_HIST_H
#define WEIR_BENCH_HIST_H

#include <stdint.h>

#define WB_HIST_SUB 64u                              /* buckets per octave */
#define WB_HIST_MAX_NS UINT64_C(60000000000)         /* 60 s, below 2^36 */
#define WB_HIST_BUCKETS (WB_HIST_SUB * (36 - 6 + 1)) /* 0..63 ns, then the octaves 2^6 .. 2^35 */

#ifdef __cplusplus
extern "C" {
#endif

struct wb_hist {
    uint64_t count;
    uint64_t max_ns;
    uint64_t bucket[WB_HIST_BUCKETS];
};

static inline unsigned wb_hist_index(uint64_t ns) {
    if (ns < WB_HIST_SUB) return (unsigned)ns;
    unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - 6u;
    return shift * WB_HIST_SUB + (unsigned)(ns >> shift);
}

static inline void wb_hist_add(struct wb_hist *h, uint64_t ns) {
    if (ns > WB_HIST_MAX_NS) ns = WB_HIST_MAX_NS;
    h->bucket[wb_hist_index(ns)]++;
    h->count++;
    if (ns > h->max_ns) h->max_ns = ns;
}

void wb_hist_clear(struct wb_hist *h);

/* Adds all that `from` counted to `into`. */
void wb_hist_merge(struct wb_hist *into, const struct wb_hist *from);

/* The value below which `percent` (0 to 100) of the counted values lie, in ns, interpolated inside
 * its bucket and never above the maximum; 100 is the maximum itself. 0 if nothing was counted. */
double wb_hist_percentile(const struct wb_hist *h, double percent);

#ifdef __cplusplus
}
#endif
#endif
