/* SPDX-License-Identifier: MIT */
/* tests/pipeline/runs.c - PIPE9, and what else runs a pipeline, or stops running it: executors, threads that end; in each way to run it. */
#include <pthread.h>
#include <string.h>

#include "cases.h"
#include "lines.h"

/* ---- PIPE9, and what a stage may do to its thread ------------------------------------------------------------ */

static void count_one(weir_au32 *n) { (void)weir_fetch_add_relaxed(n, 1); }
static int count_task(weir_ctx *ctx, void *n) {
    (void)ctx;
    count_one(n);
    return 0;
}
struct submitter {
    struct line *line;
    weir_au32 ran;
};
static int submits(const void *in, void *out, weir_ctx *ctx, void *arg) {
    struct submitter *s = arg;
    int rc = weir_go(&s->line->on, count_task, ctx, &s->ran);
    return rc < 0 ? rc : stage_pass(in, out, ctx, NULL);
}

void pipe9_submits(void) {
    enum { N = 200 };
    struct line l;
    struct submitter s = { &l, { 0 } };
    const struct weir_stage stages[] = { STAGE(submits, &s, 2, true),
                                         STAGE(submits, &s, 1, false) };
    struct source source;
    uint64_t v, n = 0;
    line_init(&l, WAY_POOL);
    line_open(&l, stages, 2);
    source_start(&source, l.p, 0, N, 16);
    while (weir_pipeline_recv(l.p, &v) == 0) CHECK_IS(v, n++);
    CHECK_IS(n, N);
    CHECK_IS(call_end(&source.call), N);
    CHECK_IS(weir_pipeline_wait(l.p), 0);
    line_close(&l); /* waits for the tasks */
    CHECK_IS(weir_load_relaxed(&s.ran), 2 * N);
}

static weir_pipeline *own;
static int waits_for_itself(const void *in, void *out, weir_ctx *ctx, void *arg) {
    (void)arg;
    if (weir_pipeline_wait(own) != WEIR_EDEADLK || weir_pipeline_free(own) != WEIR_EDEADLK)
        return WEIR_ENOENT;
    return stage_pass(in, out, ctx, NULL);
}

void pipe9_itself(void) {
    for (enum way w = 0; w < WAYS; w++) {
        const struct weir_stage stages[] = { STAGE(waits_for_itself, NULL, 1, false) };
        struct line l;
        uint64_t v = 3;
        line_init(&l, w);
        line_open(&l, stages, 1);
        own = l.p;
        CHECK_IS(weir_pipeline_send(l.p, &v), 0);
        CHECK_IS(weir_pipeline_recv(l.p, &v), 0);
        line_close(&l);
    }
}

/* 3 of each 100 end their thread; the others go through, in order. */
static int exits(const void *in, void *out, weir_ctx *ctx, void *arg) {
    uint64_t v = *(const uint64_t *)in;
    if (v % 33 == 7) pthread_exit(NULL);
    return stage_pass(in, out, ctx, arg);
}

void pipe_thread_exit(void) {
    for (enum way w = 0; w < WAYS; w++) {
        const struct weir_stage stages[] = { STAGE(exits, NULL, 2, true),
                                             STAGE(stage_pass, NULL, 1, true) };
        struct line l;
        struct source s;
        struct weir_pipeline_error e[50];
        uint64_t v, next = 0, n = times(500);
        line_init(&l, w);
        l.opts.errors = WEIR_ERRORS_COLLECT;
        line_open(&l, stages, 2);
        source_start(&s, l.p, 0, n, 64);
        while (weir_pipeline_recv(l.p, &v) == 0) {
            next += next % 33 == 7;
            CHECK_IS(v, next++);
        }
        next += next < n && next % 33 == 7;
        CHECK_IS(next, n);
        CHECK_IS(call_end(&s.call), n);
        CHECK_IS(weir_pipeline_wait(l.p), WEIR_ECANCELED);
        size_t k = weir_pipeline_errors(l.p, e, 50);
        CHECK_IS(k, (n + 25) / 33);
        for (size_t i = 0; i < k && i < 50; i++) CHECK_IS(e[i].input % 33, 7);
        CHECK(strcmp(e[0].error.text, "stage 0: its function has ended its thread") == 0, "\"%s\"",
              e[0].error.text);
        (void)line_check(l.p, 2, n);
        line_close(&l);
    }
}

/* An executor that refuses from some task on: the pipeline ends with its code, and nothing is lost from the count. */
void pipe_exec_refuses(void) {
    for (uint32_t from = 1; from < 12; from++) {
        weir_au32 drops = { 0 };
        struct weir_stage stages[] = { STAGE(stage_pass, &drops, 1, false),
                                       STAGE(stage_pass, &drops, 2, true) };
        struct line l;
        uint64_t v, sent = 0, got = 0;
        int rc = 0;
        stages[0].drop = stages[1].drop = count_drop;
        line_init(&l, WAY_EXEC);
        counting_exec_init(&l.exec, from, WEIR_ESTOPPED);
        l.on = l.exec.as;
        l.opts.drop = count_drop;
        l.opts.drop_arg = &drops;
        line_open(&l, stages, 2);
        while (rc == 0 && checks_hold()) {
            rc = weir_pipeline_send(l.p, &sent);
            sent += rc == 0; /* also the one whose task is refused; of a failed send it is ours */
            if (rc == 0) rc = weir_pipeline_recv(l.p, &v);
            got += rc == 0;
        }
        CHECK_IS(rc, WEIR_ECANCELED);
        CHECK_IS(weir_pipeline_wait(l.p), WEIR_ESTOPPED);
        CHECK_IS(line_check(l.p, 2, sent).out, got);
        CHECK_IS(weir_load_relaxed(&drops), sent - got);
        line_close(&l);
    }
}

/* Sends do the work. */
void pipe_exec_inline(void) {
    const struct weir_stage stages[] = { STAGE(stage_pass, NULL, 2, true),
                                         STAGE(stage_some, NULL, 1, false),
                                         STAGE(stage_pass, NULL, 3, false) };
    struct line l;
    uint64_t v, next = 1;
    line_init(&l, WAY_THREADS);
    l.opts.on = &exec_here;
    l.opts.errors = WEIR_ERRORS_DROP;
    line_open(&l, stages, 3);
    for (uint64_t i = 0; i < 100; i++) {
        CHECK_IS(weir_pipeline_send(l.p, &i), 0);
        if (i % 5 == 0 || i % 7 == 0) continue;
        CHECK_IS(weir_pipeline_try_recv(l.p, &v), 0);
        CHECK_IS(v, i);
        next = i + 1;
    }
    CHECK_IS(next, 100);
    CHECK_IS(weir_pipeline_close(l.p), 0);
    CHECK_IS(weir_pipeline_wait(l.p), 0);
    (void)line_check(l.p, 3, 100);
    line_close(&l);
}

/* A sink: nothing is to be received, and nobody has to. */
static int sum_up(const void *in, void *out, weir_ctx *ctx, void *sum) {
    (void)out;
    (void)ctx;
    (void)weir_fetch_add_relaxed((weir_au64 *)sum, *(const uint64_t *)in);
    return 0;
}

void pipe_sink(void) {
    for (enum way w = 0; w < WAYS; w++) {
        weir_au64 sum = { 0 };
        const struct weir_stage stages[] = {
            STAGE(stage_pass, NULL, 2, false),
            { .fn = sum_up, .arg = &sum, .in_size = 8, .workers = 2 },
        };
        struct line l;
        struct source s;
        uint64_t v, n = times(5000);
        line_init(&l, w);
        line_open(&l, stages, 2);
        CHECK_IS(weir_pipeline_recv(l.p, &v), WEIR_ECLOSED);
        source_start(&s, l.p, 0, n, 64);
        CHECK_IS(call_end(&s.call), n);
        CHECK_IS(weir_pipeline_wait(l.p), 0);
        CHECK_IS(weir_load_relaxed(&sum), n * (n - 1) / 2);
        CHECK_IS(line_check(l.p, 2, n).out, n);
        line_close(&l);
    }
}
