/* SPDX-License-Identifier: MIT */
/* tests/pipeline/turns.c - pipelines that never stand still: others have their turn, and who stops the pool is not kept. And tasks
 * inside others, which go on when the one above gives way, or has ended the thread. */
#include <pthread.h>

#include "cases.h"
#include "lines.h"

/* ---- a pipeline that never stands still ------------------------------------------------------------------------------- */

/* The pool, and the workers of its one stage. Where the pool is bounded some of them run inside others. */
struct shape {
    unsigned kind, threads;
    size_t cap;
    unsigned workers;
};
static const struct shape shapes[] = {
    { WEIR_POOL_STEAL, 1, 0, 1 }, { WEIR_POOL_STEAL, 1, 0, 3 }, { WEIR_POOL_STEAL, 1, 1, 3 },
    { WEIR_POOL_MUTEX, 1, 1, 1 }, { WEIR_POOL_MUTEX, 1, 1, 3 },
};
#define SHAPES (sizeof shapes / sizeof *shapes)

struct busy {
    struct line l;
    struct source source;
    struct call sink;
    weir_au64 received;
    weir_au32 drops;
};
static int64_t receive_all(void *arg) {
    struct busy *b = arg;
    uint64_t v;
    int rc;
    while ((rc = weir_pipeline_recv(b->l.p, &v)) == 0)
        (void)weir_fetch_add_relaxed(&b->received, 1);
    return rc;
}
static int takes_a_while(const void *in, void *out, weir_ctx *ctx, void *arg) {
    sleep_ms(1);
    return stage_pass(in, out, ctx, arg);
}
static bool is_busy(void *arg) { return weir_load_relaxed(&((struct busy *)arg)->received) >= 10; }

#define ENDLESS UINT64_C(1000000)
static void busy_start(struct busy *b, const struct shape *shape, weir_stage_fn *fn) {
    struct weir_stage stages[] = { STAGE(fn, &b->drops, shape->workers, false) };
    struct weir_pool_opts o = WEIR_POOL_OPTS(shape->threads);
    *b = (struct busy){ .received = { 0 } };
    stages[0].drop = count_drop;
    o.kind = shape->kind;
    o.cap = shape->cap;
    line_init_on(&b->l, &o);
    check_context("%s, %zu, %u", shape->kind ? "mutex" : "steal", shape->cap, shape->workers);
    b->l.opts.drop = count_drop;
    b->l.opts.drop_arg = &b->drops;
    line_open(&b->l, stages, 1);
    source_start(&b->source, b->l.p, 0, ENDLESS, 16);
    call_start(&b->sink, receive_all, b);
    CHECK(comes_true(is_busy, b), "nothing comes");
}

/* All that was sent was received or dropped. */
static void busy_end(struct busy *b) {
    uint64_t sent = (uint64_t)call_end(&b->source.call);
    CHECK(sent < ENDLESS, "all were sent");
    CHECK_IS(call_end(&b->sink), WEIR_ECANCELED);
    CHECK_IS(line_check(b->l.p, 1, sent).out, weir_load_relaxed(&b->received));
    CHECK_IS(weir_load_relaxed(&b->received) + weir_load_relaxed(&b->drops), sent);
    line_close(&b->l);
}

/* other: a call that uses the pool; NULL: there is none. */
static void busy_cancel(struct busy *b, struct call *other) {
    CHECK_IS(weir_ctx_cancel(weir_pipeline_ctx(b->l.p), 0), 0);
    CHECK_IS(weir_pipeline_wait(b->l.p), WEIR_ECANCELED);
    if (other) CHECK_IS(call_end(other), 0);
    busy_end(b);
}

/* ---- others ------------------------------------------------------------------------------------------------------------ */

#define OTHERS 100
struct others {
    weir_exec on;
    weir_au32 ran;
};
static int count_task(weir_ctx *ctx, void *n) {
    (void)ctx;
    (void)weir_fetch_add_relaxed((weir_au32 *)n, 1);
    return 0;
}
static int64_t submit_others(void *arg) {
    struct others *o = arg;
    for (int i = 0; i < OTHERS; i++) CHECK_IS(weir_go(&o->on, count_task, NULL, &o->ran), 0);
    return 0;
}

void pipe9_others(void) {
    for (size_t i = 0; i < SHAPES; i++) {
        struct busy b;
        busy_start(&b, &shapes[i], takes_a_while);
        struct others o = { b.l.on, { 0 } };
        struct call call;
        weir_time until = weir_after(5000 * MS);
        call_start(&call, submit_others, &o);
        while (weir_load_relaxed(&o.ran) < OTHERS && weir_now() < until) sleep_ms(1);
        CHECK_IS(weir_load_relaxed(&o.ran), OTHERS);
        busy_cancel(&b, &call);
    }
}

static int64_t stop_pool(void *pool) { return weir_pool_stop(pool); }

void pipe_exec_stops(void) {
    for (size_t i = 0; i < SHAPES; i++) {
        struct busy b;
        struct call stop;
        busy_start(&b, &shapes[i], takes_a_while);
        call_start(&stop, stop_pool, b.l.pool);
        if (!CHECK(call_returns(&stop, 10000), "the pool does not get rid of it"))
            CHECK_IS(weir_ctx_cancel(weir_pipeline_ctx(b.l.p), 0), 0);
        CHECK_IS(call_end(&stop), 0);
        int rc = weir_pipeline_wait(b.l.p);
        CHECK(rc == WEIR_ESTOPPED || rc == WEIR_ECANCELED, "%d", rc); /* refused, or given up */
        busy_end(&b);
    }
}

/* A drain waits for what goes on for ever, and still others have their turn. */
static int64_t drain_pool(void *pool) { return weir_pool_drain(pool); }

void pipe_exec_drains(void) {
    for (size_t i = 0; i < SHAPES; i++) {
        struct busy b;
        struct call drain;
        busy_start(&b, &shapes[i], takes_a_while);
        struct others o = { b.l.on, { 0 } };
        weir_time until = weir_after(5000 * MS);
        int taken = 0;
        while (taken < 20 && weir_go(&o.on, count_task, NULL, &o.ran) == 0) taken++;
        call_start(&drain, drain_pool, b.l.pool);
        while (weir_load_relaxed(&o.ran) < 20 && weir_now() < until) sleep_ms(1);
        CHECK_IS(weir_load_relaxed(&o.ran), 20);
        uint64_t n = weir_load_relaxed(&b.received);
        CHECK_IS(weir_pool_drain_wait(b.l.pool, weir_after(20 * MS), NULL), WEIR_ETIMEDOUT);
        CHECK(weir_load_relaxed(&b.received) > n, "it was ended");
        busy_cancel(&b, &drain);
    }
}

/* ---- below a join --------------------------------------------------------------------------------------------------------- */

/* One call joins a task that another worker runs until this thread has made five more calls meanwhile, inside. */
static weir_au32 joins, begun, inside, joined;
static _Thread_local bool in_join;

static int waits_for_inside(weir_ctx *ctx, void *arg) {
    (void)ctx;
    (void)arg;
    weir_time until = weir_after(10000 * MS);
    weir_store_relaxed(&begun, 1);
    while (weir_load_relaxed(&inside) < 5 && weir_now() < until) sleep_ms(1);
    return 0;
}
static void join_one(void) {
    weir_future f;
    weir_time until = weir_after(10000 * MS);
    CHECK_IS(weir_future_init(&f), 0);
    const struct weir_job job = { waits_for_inside, NULL, NULL, &f, WEIR_HIGH };
    CHECK_IS(weir_pool_submit_wait(weir_pool_self(), &job, WEIR_FOREVER, NULL), 0);
    while (!weir_load_relaxed(&begun) && weir_now() < until) sleep_ms(1);
    in_join = true;
    CHECK_IS(weir_future_join(&f), 0);
    in_join = false;
    weir_store_relaxed(&joined, 1);
}
static int joins_once(const void *in, void *out, weir_ctx *ctx, void *arg) {
    if (in_join) (void)weir_fetch_add_relaxed(&inside, 1);
    if (weir_fetch_add_relaxed(&joins, 1) == 20) join_one();
    return takes_a_while(in, out, ctx, arg);
}
static bool is_joined(void *arg) {
    (void)arg;
    return weir_load_relaxed(&joined) == 1;
}

void pipe_exec_joins(void) {
    static const struct shape shape = { WEIR_POOL_STEAL, 2, 0, 4 };
    struct busy b;
    weir_store_relaxed(&joins, 0);
    weir_store_relaxed(&begun, 0);
    weir_store_relaxed(&inside, 0);
    weir_store_relaxed(&joined, 0);
    busy_start(&b, &shape, joins_once);
    CHECK(comes_true(is_joined, NULL), "the join does not end while elements come");
    CHECK(weir_load_relaxed(&inside) > 0, "nothing was run inside");
    busy_cancel(&b, NULL);
}

/* ---- the end of a thread inside the end of a thread -------------------------------------------------------------------------- */

static int exits_each(const void *in, void *out, weir_ctx *ctx, void *calls) {
    (void)in;
    (void)out;
    (void)ctx;
    (void)weir_fetch_add_relaxed((weir_au32 *)calls, 1);
    pthread_exit(NULL);
}
struct sender {
    weir_pipeline *p;
    size_t n;
};
static void *sends(void *arg) {
    static const uint64_t v[4] = { 0 };
    const struct sender *s = arg;
    ptrdiff_t rc = weir_pipeline_send_many_wait(s->p, v, s->n, WEIR_FOREVER, NULL);
    return CHECK(false, "the sender goes on: %td", rc) ? NULL : arg; /* not reached */
}

/* The sender's thread runs the batch. Each call ends it, in the clean-up of the one before. */
void pipe_exec_exits(void) {
    enum { N = 48, SENT = N / 4 * 10 }; /* 4, 3, 2, 1, 4, ... */
    weir_au32 calls = { 0 };
    struct weir_stage stages[] = { STAGE(exits_each, &calls, 1, false) };
    struct weir_pipeline_error e[SENT];
    struct weir_stage_stats s = WEIR_STAGE_STATS;
    struct line l;
    stages[0].batch = 4;
    line_init(&l, WAY_THREADS);
    l.opts.on = &exec_here;
    l.opts.errors = WEIR_ERRORS_COLLECT;
    line_open(&l, stages, 1);
    for (int i = 0; i < N; i++) {
        pthread_t t;
        void *back = NULL;
        struct sender sender = { l.p, 4 - (size_t)i % 4 };
        CHECK_IS(pthread_create(&t, NULL, sends, &sender), 0);
        CHECK_IS(pthread_join(t, &back), 0);
        CHECK(!back, "the sender was not ended");
    }
    CHECK_IS(weir_pipeline_close(l.p), 0);
    CHECK_IS(weir_pipeline_wait(l.p), WEIR_ECANCELED);
    CHECK_IS(weir_load_relaxed(&calls), SENT);
    CHECK_IS(weir_pipeline_errors(l.p, e, SENT), SENT);
    for (uint64_t i = 0; i < SENT; i++) CHECK_IS(e[i].input, i);
    CHECK_IS(weir_pipeline_read_stats(l.p, 0, &s), 0);
    CHECK_IS(s.failed, SENT);
    (void)line_check(l.p, 1, SENT);
    line_close(&l);
}

/* ---- an executor that is full --------------------------------------------------------------------------------------------------- */

static _Thread_local bool in_stage;
static weir_au32 full_times;

static int takes_a_millisecond(const void *in, void *out, weir_ctx *ctx, void *arg) {
    in_stage = true;
    sleep_ms(1);
    return stage_pass(in, out, ctx, arg);
}

static int full_for_stages(void *self, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    (void)self;
    if (!in_stage) return weir_go(NULL, fn, ctx, arg);
    (void)weir_fetch_add_relaxed(&full_times, 1);
    return WEIR_EAGAIN;
}

/* A task whose turn is over, where its executor has no room for another, goes on itself. */
void pipe_exec_full(void) {
    enum { N = 60 };
    static const weir_exec on = { full_for_stages, NULL };
    const struct weir_stage stages[] = { STAGE(takes_a_millisecond, NULL, 1, false) };
    struct line l;
    struct source s;
    uint64_t v, got = 0;
    weir_store_relaxed(&full_times, 0);
    line_init(&l, WAY_THREADS);
    l.opts.on = &on;
    line_open(&l, stages, 1);
    source_start(&s, l.p, 0, N, 8);
    while (weir_pipeline_recv(l.p, &v) == 0) CHECK_IS(v, got++);
    CHECK_IS(got, N);
    CHECK_IS(call_end(&s.call), N);
    CHECK_IS(weir_pipeline_wait(l.p), 0);
    CHECK(weir_load_relaxed(&full_times) > 0, "it was never full");
    CHECK_IS(line_check(l.p, 1, N).out, N);
    line_close(&l);
}
