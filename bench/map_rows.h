/* SPDX-License-Identifier: MIT */
/* bench/map_rows.h - what the suites of maps are written with: a row with what all have in common, and changes to it. */
#ifndef WEIR_BENCH_MAP_ROWS_H
#define WEIR_BENCH_MAP_ROWS_H

#include "maps.h"
#include "plan.h"

#define COUNT(a) ((unsigned)(sizeof(a) / sizeof(a)[0]))

static inline struct wb_row row(const char *workload, const char *structure, unsigned threads,
                                unsigned read, uint64_t keys) {
    struct wb_row r = { 0 };
    r.workload = workload;
    r.structure = structure;
    r.producers = threads;
    r.size = 8;
    r.batch = 1;
    r.map.keys = keys;
    r.map.read = read;
    r.map.hit = read == 100 ? 100 : 50;
    return r;
}

static inline void add(struct wb_builder *b, struct wb_row r, enum wb_who who) {
    r.who = who;
    wb_build_row(b, &r);
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

static inline struct wb_row string(struct wb_row r, size_t bytes) {
    r.size = bytes;
    return r;
}

/* Of these variants only. */
static inline struct wb_row of(struct wb_row r, const char *variants) {
    r.variants = variants;
    return r;
}

/* Readers of one half of the keys, and nobody or a writer of the other half. */
static inline struct wb_row beside_writers(uint64_t keys, unsigned writers) {
    struct wb_row r = row("M1", "map", 1, 100, keys);
    r.test = WB_BESIDE;
    r.map.writers = writers;
    return r;
}

static inline struct wb_row test(enum wb_test t, const char *workload, unsigned threads,
                                 uint64_t keys) {
    struct wb_row r = grown(row(workload, "map", threads, t == WB_BESIDE ? 100 : 0, keys));
    r.test = t;
    return r;
}

/* Puts and deletes while a reader is stopped for so long. */
static inline struct wb_row stalled(unsigned writers, uint64_t keys, unsigned ms) {
    struct wb_row r = test(WB_STALL, "M4", writers, keys);
    r.map.stall = ms;
    return r;
}

static inline struct wb_row of_strings(struct wb_row r) {
    r.structure = "strmap";
    return r;
}

#endif
