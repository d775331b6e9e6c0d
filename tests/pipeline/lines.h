/* SPDX-License-Identifier: MIT */
/* tests/pipeline/lines.h - the ways to run a pipeline, and what its tests share. */
#ifndef WEIR_TESTS_PIPELINE_LINES_H
#define WEIR_TESTS_PIPELINE_LINES_H

#include <weir/pipeline.h>
#include <weir/pool.h>

#include "support.h"

enum way { WAY_THREADS, WAY_EXEC, WAY_POOL, WAY_MUTEX, WAYS };

/* A pipeline, and what it runs on. */
struct line {
    enum way way;
    weir_pipeline *p;
    weir_pool *pool; /* of one thread */
    struct counting_exec exec;
    weir_exec on;
    struct weir_pipeline_opts opts;
};

/* Before line_open its opts may be set. */
void line_init(struct line *l, enum way way);
/* WAY_POOL, on such a pool. */
void line_init_on(struct line *l, const struct weir_pool_opts *o);
void line_open(struct line *l, const struct weir_stage *stages, size_t n);
void line_close(struct line *l);

/* Sends n numbers from `first` on, by a thread of its own, then closes. */
struct source {
    weir_pipeline *p;
    uint64_t first, n;
    size_t many; /* at a time; 0: one, by send */
    struct call call;
};
void source_start(struct source *s, weir_pipeline *p, uint64_t first, uint64_t n, size_t many);

/* Stages of uint64_t. */
int stage_pass(const void *in, void *out, weir_ctx *ctx, void *arg);
/* Adds *arg. */
int stage_add(const void *in, void *out, weir_ctx *ctx, void *arg);
/* Multiples of 5 are skipped, of 7 have failed. */
int stage_some(const void *in, void *out, weir_ctx *ctx, void *arg);
/* Some take a millisecond, most do not. */
int stage_unsteady(const void *in, void *out, weir_ctx *ctx, void *arg);

#define STAGE(fn_, arg_, workers_, ordered_) \
    { .fn = (fn_),                           \
      .arg = (arg_),                         \
      .in_size = sizeof(uint64_t),           \
      .out_size = sizeof(uint64_t),          \
      .workers = (workers_),                 \
      .ordered = (ordered_) }

/* in = out + skipped + failed + cancelled of each stage, after the end, and each stage's in is the one's before out;
 * the first's in is `sent`. Returns the sums, of the end: out and cancelled. */
struct weir_stage_stats line_check(weir_pipeline *p, size_t n, uint64_t sent);

/* Threads of this process. */
int threads_now(void);

#endif
