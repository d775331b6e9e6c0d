/* SPDX-License-Identifier: MIT */
/* bench/rows.h - what suites are written with: a row with what all have in common, and changes to it. */
#ifndef WEIR_BENCH_ROWS_H
#define WEIR_BENCH_ROWS_H

#include "plan.h"

#define COUNT(a) ((unsigned)(sizeof(a) / sizeof(a)[0]))

/* threads: what --threads chooses. */
static inline struct wb_row row_of(const char *workload, const char *structure, unsigned threads) {
    struct wb_row r = { 0 };
    r.workload = workload;
    r.structure = structure;
    r.producers = threads;
    r.batch = 1;
    return r;
}

static inline void add(struct wb_builder *b, struct wb_row r, enum wb_who who) {
    r.who = who;
    wb_build_row(b, &r);
}

/* Of these variants only. */
static inline struct wb_row of(struct wb_row r, const char *variants) {
    r.variants = variants;
    return r;
}

static inline struct wb_row test(struct wb_row r, enum wb_test t) {
    r.test = t;
    return r;
}

static inline struct wb_row size(struct wb_row r, size_t bytes) {
    r.size = bytes;
    return r;
}

static inline struct wb_row work(struct wb_row r, unsigned ns) {
    r.work_ns = ns;
    return r;
}

static inline struct wb_row gap(struct wb_row r, unsigned ns) {
    r.gap_ns = ns;
    return r;
}

#endif
