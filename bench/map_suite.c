/* SPDX-License-Identifier: MIT */
/* bench/map_suite.c - the suites' part about maps.
 *
 * M1 reads, puts and deletes: threads x share of reads x keys, uniform, zipf and one hot key, found and not found, with a hint and
 * grown; M3 growing; M4 memory after churn, and with a reader that is stopped; M5 strings; M6 the
 * same mix with more threads than processors, of weir's own kinds and plain ones (the rest of its grid is M1). A group is a
 * number of keys, so that few tables stand beside each other; ratios are formed within it. */
#include "map_rows.h"

/* ---- M1, M6 -------------------------------------------------------------------------------------- */

static const unsigned reads[] = { 100, 99, 95, 90, 75, 50, 0 };

static void grid(struct wb_builder *b, uint64_t keys) {
    static const unsigned usual[] = { 1, 2, 0 };
    unsigned n;
    const unsigned *axis = wb_build_axis(b, usual, &n);
    for (unsigned i = 0; i < n; i++)
        for (unsigned r = 0; r < COUNT(reads); r++)
            add(b, row("M1", "map", axis[i], reads[r], keys), WB_ALL);
    for (unsigned r = 1; r < COUNT(reads); r++)
        add(b, hit(row("M1", "map", 2, reads[r], keys), 100), WB_ALL);
    for (unsigned r = 0; r < COUNT(reads); r++)
        add(b, row("M6", "map", 4, reads[r], keys), WB_OURS);
}

static void skewed(struct wb_builder *b, uint64_t keys) {
    static const unsigned some[] = { 100, 95, 50 };
    for (unsigned r = 0; r < COUNT(some); r++) {
        add(b, dist(row("M1", "map", 2, some[r], keys), WB_MAP_ZIPF), WB_ALL);
        add(b, dist(row("M1", "map", 2, some[r], keys), WB_MAP_HOT), WB_ALL);
    }
}

static void found_and_grown(struct wb_builder *b, uint64_t keys) {
    static const unsigned some[] = { 100, 90, 0 };
    add(b, hit(row("M1", "map", 2, 100, keys), 50), WB_ALL);
    add(b, hit(row("M1", "map", 2, 100, keys), 0), WB_ALL);
    add(b, aged(row("M1", "map", 2, 100, keys)), WB_ALL);
    for (unsigned r = 0; r < COUNT(some); r++)
        add(b, grown(row("M1", "map", 2, some[r], keys)), WB_ALL);
}

static void beside(struct wb_builder *b, uint64_t keys) {
    for (unsigned writers = 0; writers <= 1; writers++)
        add(b, beside_writers(keys, writers), WB_ALL);
}

/* The largest: few cases, and only with a hint, or their tables would not have room beside each other. */
static void large(struct wb_builder *b) {
    static const unsigned some[] = { 100, 99 };
    wb_build_group(b, "M1 5e6", false);
    for (unsigned threads = 1; threads <= 2; threads++)
        for (unsigned r = 0; r < COUNT(some); r++)
            add(b, row("M1", "map", threads, some[r], 5000000), WB_ALL);
    add(b, hit(row("M1", "map", 2, 99, 5000000), 100), WB_ALL);
}

/* ---- M3, M4 -------------------------------------------------------------------------------------- */

static void growth(struct wb_builder *b) {
    wb_build_group(b, "M3", false);
    add(b, alone(WB_GROW, "M3", 1, 1000000), WB_ALL);
    add(b, alone(WB_GROW, "M3", 2, 1000000), WB_ALL);
}

static void memory(struct wb_builder *b) {
    wb_build_group(b, "M4", false);
    add(b, alone(WB_MEMORY, "M4", 1, 100000), WB_ALL);
    add(b, alone(WB_MEMORY, "M4", 1, 1000000), WB_ALL);
    add(b, alone(WB_CHURN, "M4", 2, 100000), WB_ALL);
    add(b, stalled(1, 100000, 100), WB_ALL);
}

/* A reader that is stopped for long, which takes as long in each run: rows of all kinds, of strings too, because what
 * readers keep from being freed is more there. */
static void long_stall(struct wb_builder *b) {
    unsigned ms = wb_build_stall(b);
    wb_build_group(b, "M4 stalled", false);
    add(b, stalled(1, 100000, ms), WB_ALL);
    add(b, size(of_strings(stalled(1, 100000, ms)), 16), WB_ALL);
}

/* ---- M5 ------------------------------------------------------------------------------------------ */

static void strings(struct wb_builder *b, uint64_t keys) {
    static const size_t sizes[] = { 16, 40 };
    static const unsigned some[] = { 100, 99, 95, 90, 50, 0 };
    for (unsigned s = 0; s < COUNT(sizes); s++) {
        for (unsigned r = 0; r < COUNT(some); r++) {
            add(b, size(row("M5", "strmap", 2, some[r], keys), sizes[s]), WB_ALL);
            if (some[r] >= 90)
                add(b, size(row("M5", "strmap", 1, some[r], keys), sizes[s]), WB_ALL);
        }
    }
}

/* ---- the suites ---------------------------------------------------------------------------------- */

void wb_suite_maps(struct wb_builder *b) {
    static const struct {
        const char *mixes, *strings;
        uint64_t keys;
    } groups[] = { { "M1 1e3", "M5 1e3", 1000 },
                   { "M1 1e5", "M5 1e5", 100000 },
                   { "M1 1e6", "M5 1e6", 1000000 } };
    for (unsigned g = 0; g < COUNT(groups); g++) {
        wb_build_group(b, groups[g].mixes, false);
        grid(b, groups[g].keys);
        skewed(b, groups[g].keys);
        found_and_grown(b, groups[g].keys);
        beside(b, groups[g].keys);
    }
    large(b);
    growth(b);
    memory(b);
    for (unsigned g = 0; g < COUNT(groups); g++) {
        wb_build_group(b, groups[g].strings, false);
        strings(b, groups[g].keys);
    }
}

void wb_suite_maps_stalled(struct wb_builder *b) { long_stall(b); }

/* One of each, on small tables, for the tests of the harness. */
void wb_suite_maps_small(struct wb_builder *b) {
    enum { KEYS = 1000 };
    wb_build_group(b, "M1 1e3", false);
    add(b, row("M1", "map", 1, 100, KEYS), WB_ALL);
    add(b, row("M1", "map", 1, 50, KEYS), WB_ALL);
    add(b, row("M1", "map", 2, 50, KEYS), WB_ALL);
    add(b, hit(row("M1", "map", 2, 50, KEYS), 100), WB_ALL);
    add(b, dist(row("M1", "map", 1, 50, KEYS), WB_MAP_ZIPF), WB_ALL);
    add(b, dist(row("M1", "map", 1, 0, KEYS), WB_MAP_HOT), WB_ALL);
    found_and_grown(b, KEYS);
    beside(b, KEYS);
    add(b, size(row("M5", "strmap", 1, 90, KEYS), 16), WB_ALL);
    add(b, size(row("M5", "strmap", 1, 100, KEYS), 40), WB_ALL);
    wb_build_group(b, "M4", false);
    add(b, alone(WB_GROW, "M3", 1, KEYS), WB_ALL);
    add(b, alone(WB_MEMORY, "M4", 1, KEYS), WB_ALL);
    add(b, alone(WB_CHURN, "M4", 1, KEYS), WB_ALL);
    add(b, stalled(1, KEYS, 20), WB_ALL);
}

void wb_suite_maps_quick(struct wb_builder *b) {
    static const unsigned some[] = { 100, 99, 90, 50, 0 };
    wb_build_group(b, "M1 1e5", false);
    for (unsigned r = 0; r < COUNT(some); r++) add(b, row("M1", "map", 2, some[r], 100000), WB_ALL);
    add(b, row("M1", "map", 1, 100, 100000), WB_ALL);
    wb_build_group(b, "M5 1e5", false);
    add(b, size(row("M5", "strmap", 2, 99, 100000), 16), WB_ALL);
}

void wb_suite_maps_try(struct wb_builder *b) {
    wb_build_group(b, "M1 1e5", false);
    add(b, row("M1", "map", 2, 99, 100000), WB_FEW);
    add(b, row("M1", "map", 2, 50, 100000), WB_FEW);
}
