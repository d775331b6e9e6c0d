/* SPDX-License-Identifier: MIT */
/* tests/pipeline/exits.c - functions that end their thread where other tasks of the pipeline stand below them on its stack: what
 * those had done stays done, once, and what they had yet to do is done by another thread. */
#include <pthread.h>

#include "cases.h"
#include "lines.h"

#define N_SEEN 16
static weir_au32 seen[N_SEEN]; /* calls of the stage that ends threads, for each element */
static void seen_none(void) {
    for (int i = 0; i < N_SEEN; i++) weir_store_relaxed(&seen[i], 0);
}

/* ---- on a pool ------------------------------------------------------------------------------------------------------- */

static int count_task(weir_ctx *ctx, void *n) {
    (void)ctx;
    (void)weir_fetch_add_relaxed((weir_au32 *)n, 1);
    return 0;
}

/* The worker's own queue is full from here on, so that the next stage's task is run on top of this one. */
static int fills_pool(const void *in, void *out, weir_ctx *ctx, void *n) {
    CHECK_IS(weir_pool_submit(weir_pool_self(), count_task, NULL, n), 0);
    return stage_pass(in, out, ctx, NULL);
}
static int exits_if_even(const void *in, void *out, weir_ctx *ctx, void *arg) {
    uint64_t v = *(const uint64_t *)in;
    if (weir_fetch_add_relaxed(&seen[v % N_SEEN], 1) == 0 && v % 2 == 0) pthread_exit(NULL);
    return stage_pass(in, out, ctx, arg);
}

void pipe1_exits_inside(void) {
    enum { N = 8 };
    for (int ordered = 0; ordered < 2; ordered++) {
        weir_au32 others = { 0 };
        struct weir_stage stages[] = { STAGE(fills_pool, &others, 2, ordered != 0),
                                       STAGE(exits_if_even, NULL, 1, true) };
        struct weir_pool_opts o = WEIR_POOL_OPTS(1);
        struct line l;
        struct source s;
        uint64_t v, got = 0;
        seen_none();
        o.cap = 1;
        line_init_on(&l, &o);
        l.opts.errors = WEIR_ERRORS_DROP;
        line_open(&l, stages, 2);
        source_start(&s, l.p, 0, N, 0);
        while (weir_pipeline_recv(l.p, &v) == 0) got++;
        CHECK_IS(call_end(&s.call), N);
        for (int i = 0; i < N; i++) CHECK_IS(weir_load_relaxed(&seen[i]), 1);
        CHECK_IS(got, N / 2);
        CHECK_IS(line_check(l.p, 2, N).out, N / 2);
        line_close(&l);
    }
}

/* ---- on an executor that does as it is told ---------------------------------------------------------------------------- */

/* Of one thread at a time: a runner, or the test, which joins it. */
enum { STORES, REFUSES, HERE };
#define TASKS 16
static struct {
    int mode;
    unsigned n, given;
    struct {
        weir_task_fn *fn;
        weir_ctx *ctx;
        void *arg;
    } task[TASKS];
} script;

static int scripted(void *self, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    (void)self;
    if (script.mode == REFUSES || script.n == TASKS) return WEIR_EAGAIN;
    script.given++;
    if (script.mode == HERE) {
        (void)fn(ctx, arg);
        return 0;
    }
    script.task[script.n].fn = fn;
    script.task[script.n].ctx = ctx;
    script.task[script.n++].arg = arg;
    return 0;
}

static void *runs_one(void *arg) {
    weir_task_fn *fn = script.task[0].fn;
    weir_ctx *ctx = script.task[0].ctx;
    void *task = script.task[0].arg;
    script.n--;
    for (unsigned i = 0; i < script.n; i++) script.task[i] = script.task[i + 1];
    (void)fn(ctx, task);
    return arg;
}

/* The oldest task that is stored, in a thread. */
static void run_one(void) {
    pthread_t t;
    CHECK_IS(pthread_create(&t, NULL, runs_one, NULL), 0);
    CHECK_IS(pthread_join(t, NULL), 0);
}
static void run_all(void) {
    for (int i = 0; i < 100 && script.n > 0; i++) run_one();
    CHECK_IS(script.n, 0);
}

static void script_open(struct line *l, const struct weir_stage *stages, size_t n) {
    static const weir_exec on = { scripted, NULL };
    script.mode = STORES;
    script.n = script.given = 0;
    seen_none();
    line_init(l, WAY_THREADS);
    l->opts.on = &on;
    l->opts.errors = WEIR_ERRORS_DROP;
    line_open(l, stages, n);
}

static void send_to(struct line *l, uint64_t from, uint64_t to) {
    for (uint64_t v = from; v < to; v++) CHECK_IS(weir_pipeline_send(l->p, &v), 0);
}

static int64_t wait_for_line(void *p) { return weir_pipeline_wait(p); }

/* How many come out; all tasks have run. */
static void script_end(struct line *l, size_t stages, uint64_t sent, uint64_t out) {
    struct call wait;
    uint64_t v, got = 0;
    script.mode = STORES;
    run_all();
    while (weir_pipeline_try_recv(l->p, &v) == 0) got++;
    CHECK_IS(got, out);
    CHECK_IS(weir_pipeline_close(l->p), 0);
    run_all();
    call_start(&wait, wait_for_line, l->p);
    CHECK(call_returns(&wait, 10000), "the pipeline does not end");
    CHECK_IS(call_end(&wait), 0);
    CHECK_IS(line_check(l->p, stages, sent).out, out);
    line_close(l);
}

static int passes_then_here(const void *in, void *out, weir_ctx *ctx, void *arg) {
    script.mode = HERE;
    return stage_pass(in, out, ctx, arg);
}
static int exits(const void *in, void *out, weir_ctx *ctx, void *arg) {
    uint64_t v = *(const uint64_t *)in;
    if (weir_fetch_add_relaxed(&seen[v % N_SEEN], 1) > 0) return stage_pass(in, out, ctx, arg);
    script.mode = STORES;
    pthread_exit(NULL);
}

/* The second stage runs, and ends the thread, in the submit by which the first one's batch is through. */
void pipe1_exits_in_submit(void) {
    const struct weir_stage stages[] = { STAGE(passes_then_here, NULL, 1, true),
                                         STAGE(exits, NULL, 1, true) };
    struct line l;
    script_open(&l, stages, 2);
    send_to(&l, 0, 1);
    run_one();
    script.mode = STORES;
    run_all();
    CHECK_IS(weir_load_relaxed(&seen[0]), 1);
    script_end(&l, 2, 1, 0);
}

/* 0 and 3 pass, 1 is skipped, 2 ends the thread. */
static int some_exit(const void *in, void *out, weir_ctx *ctx, void *arg) {
    uint64_t v = *(const uint64_t *)in;
    if (v == 2) return exits(in, out, ctx, arg);
    if (v != 1) return stage_pass(in, out, ctx, arg);
    script.mode = HERE;
    return WEIR_SKIP;
}

/* A batch has a result and a credit. The credit begins another task of the first stage, which ends the thread before the task
 * for the result was submitted. */
void pipe1_exits_in_credit(void) {
    struct weir_stage stages[] = { STAGE(some_exit, NULL, 2, false),
                                   STAGE(stage_pass, NULL, 1, true) };
    struct line l;
    stages[0].batch = 2;
    script_open(&l, stages, 2);
    send_to(&l, 0, 1);
    script.mode = REFUSES; /* the second worker, until the batch is through */
    send_to(&l, 1, 4);
    run_one();
    CHECK_IS(weir_load_relaxed(&seen[2]), 1);
    script_end(&l, 2, 4, 2);
}

static int late_then_exits(const void *in, void *out, weir_ctx *ctx, void *arg) {
    if (*(const uint64_t *)in > 0) return exits(in, out, ctx, arg);
    sleep_ms(3); /* its turn is over */
    script.mode = HERE;
    return stage_pass(in, out, ctx, arg);
}

/* A task that has given its batch to another one has nothing left to hand on. */
void pipe1_exits_in_turn(void) {
    struct weir_stage stages[] = { STAGE(late_then_exits, NULL, 1, true) };
    struct line l;
    stages[0].batch = 1;
    script_open(&l, stages, 1);
    send_to(&l, 0, 2);
    run_one();
    CHECK_IS(weir_load_relaxed(&seen[1]), 1);
    CHECK_IS(script.given, 3); /* the first, the one that followed it, the one after the end */
    script_end(&l, 1, 2, 1);
}

static int exits_refused(const void *in, void *out, weir_ctx *ctx, void *arg) {
    (void)in;
    (void)out;
    (void)ctx;
    (void)arg;
    script.mode = REFUSES;
    pthread_exit(NULL);
}
static void exits_too(void *elem, void *count) {
    count_drop(elem, count);
    pthread_exit(NULL);
}

/* Nobody else is there for the batch: it is dropped where the thread ends, and each drop ends it, too. */
void pipe1_exits_in_drop(void) {
    weir_au32 drops = { 0 };
    struct weir_stage stages[] = { STAGE(exits_refused, &drops, 1, true) };
    struct line l;
    struct call wait;
    stages[0].batch = 4;
    stages[0].drop = exits_too;
    script_open(&l, stages, 1);
    send_to(&l, 0, 4);
    run_one();
    CHECK_IS(weir_load_relaxed(&drops), 3);
    CHECK_IS(script.n, 0);
    (void)weir_pipeline_close(l.p);
    call_start(&wait, wait_for_line, l.p);
    CHECK(call_returns(&wait, 10000), "the pipeline does not end");
    CHECK_IS(call_end(&wait), WEIR_EAGAIN);
    CHECK_IS(line_check(l.p, 1, 4).out, 0);
    line_close(&l);
}
