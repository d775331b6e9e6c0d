/* SPDX-License-Identifier: MIT */
/* bench/hist.c - the parts of the histogram that are not on a measured path. See hist.h. */
#include "hist.h"

#include <string.h>

void wb_hist_clear(struct wb_hist *h) { memset(h, 0, sizeof *h); }

void wb_hist_merge(struct wb_hist *into, const struct wb_hist *from) {
    for (unsigned i = 0; i < WB_HIST_BUCKETS; i++) into->bucket[i] += from->bucket[i];
    into->count += from->count;
    if (from->max_ns > into->max_ns) into->max_ns = from->max_ns;
}

/* Smallest value of bucket i; that of i + 1 is where it ends. */
static double bucket_floor(unsigned i) {
    if (i < WB_HIST_SUB) return (double)i;
    unsigned shift = i / WB_HIST_SUB - 1;
    return (double)((uint64_t)(i - shift * WB_HIST_SUB) << shift);
}

double wb_hist_percentile(const struct wb_hist *h, double percent) {
    if (h->count == 0) return 0;
    if (percent >= 100) return (double)h->max_ns;
    double want = percent <= 0 ? 0 : percent / 100 * (double)h->count;
    double before = 0;
    for (unsigned i = 0; i < WB_HIST_BUCKETS; i++) {
        double here = (double)h->bucket[i];
        if (here > 0 && before + here >= want) {
            double floor = bucket_floor(i);
            double width = i < WB_HIST_SUB ? 0 : bucket_floor(i + 1) - floor;
            double ns = floor + width * (want - before) / here;
            return ns < (double)h->max_ns ? ns : (double)h->max_ns;
        }
        before += here;
    }
    return (double)h->max_ns;
}
