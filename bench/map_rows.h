/* SPDX-License-Identifier: MIT */
/* bench/map_rows.h - what the suites of maps are written with, beside rows.h. */
#ifndef WEIR_BENCH_MAP_ROWS_H
#define WEIR_BENCH_MAP_ROWS_H

#include "maps.h"
#include "rows.h"

static inline struct wb_row row(const char *workload, const char *structure, unsigned threads,
                                unsigned read, uint64_t keys) {
    struct wb_row r = row_of(workload, structure, threads);
    r.size = 8;
    r.map.keys = keys;
    r.map.read = read;
    r.map.hit = read == 100 ? 100 : 50;
    return r;
}

static inline struct wb_row hit(struct wb_row r, unsigned percent) {
    r.map.hit = percent;
    return r;
}

static inline struct wb_row aged(struct wb_row r) {
    r.map.aged = true;
    return hit(r, 50);
}

static inline struct wb_row dist(struct wb_row r, unsigned d) {
    r.map.dist = d;
    return r;
}

static inline struct wb_row grown(struct wb_row r) {
    r.map.growing = true;
    return r;
}

/* Readers of one half of the keys, and nobody or a writer of the other half. */
static inline struct wb_row beside_writers(uint64_t keys, unsigned writers) {
    struct wb_row r = test(row("M1", "map", 1, 100, keys), WB_BESIDE);
    r.map.writers = writers;
    return r;
}

/* On a table that is made for each run, without a hint. */
static inline struct wb_row alone(enum wb_test t, const char *workload, unsigned threads,
                                  uint64_t keys) {
    return test(grown(row(workload, "map", threads, 0, keys)), t);
}

/* Puts and deletes while a reader is stopped for so long. */
static inline struct wb_row stalled(unsigned writers, uint64_t keys, unsigned ms) {
    struct wb_row r = alone(WB_STALL, "M4", writers, keys);
    r.map.stall = ms;
    return r;
}

static inline struct wb_row of_strings(struct wb_row r) {
    r.structure = "strmap";
    return r;
}

#endif
