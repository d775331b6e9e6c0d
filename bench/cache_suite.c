/* SPDX-License-Identifier: MIT */
/* bench/cache_suite.c - the suites' part about caches (C2): gets and puts of keys that are there, zipf 0.99, 100 to 50 % gets,
 * beside the plain versions, and, as what a hit is measured against, a weir_map whose entries are nodes; and many threads
 * that ask for one missing key. Hit ratios (C1) are another program's part: ratios.h. */
#include "map_rows.h"

static struct wb_row cache(unsigned threads, unsigned get, uint64_t keys) {
    struct wb_row r = dist(hit(row("C2", "cache", threads, get, keys), 100), WB_MAP_ZIPF);
    r.map.whole = true;
    return r;
}

static void add_load(struct wb_builder *b, unsigned threads) {
    struct wb_row r = alone(WB_LOAD, "C2", threads, 1);
    r.structure = "cache";
    wb_build_group(b, "C2 load", false);
    add(b, r, WB_ALL);
}

static void mixes(struct wb_builder *b, const char *group, uint64_t keys) {
    static const unsigned usual[] = { 1, 2, 0 }, gets[] = { 100, 95, 75, 50 };
    unsigned n;
    const unsigned *axis = wb_build_axis(b, usual, &n);
    wb_build_group(b, group, false);
    for (unsigned i = 0; i < n; i++)
        for (unsigned g = 0; g < COUNT(gets); g++) add(b, cache(axis[i], gets[g], keys), WB_ALL);
}

void wb_suite_cache(struct wb_builder *b) {
    mixes(b, "C2 1e5", 100000);
    mixes(b, "C2 1e6", 1000000);
    add_load(b, 64);
}

/* One of each, on small tables, for the tests of the harness. */
void wb_suite_cache_small(struct wb_builder *b) {
    wb_build_group(b, "C2 1e3", false);
    add(b, cache(2, 100, 1000), WB_ALL);
    add(b, cache(1, 75, 1000), WB_ALL);
    add_load(b, 8);
}

void wb_suite_cache_quick(struct wb_builder *b) {
    wb_build_group(b, "C2 1e5", false);
    add(b, cache(2, 100, 100000), WB_ALL);
    add(b, cache(2, 75, 100000), WB_ALL);
}
