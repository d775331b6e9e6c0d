/* SPDX-License-Identifier: MIT */
/* tests/pool/edges.c - where two things meet: a resize and what is queued, a drain and a submit, a shutdown and a stop: P01,
 * P04 to P06. */
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "../support/points.h"
#include "pool.h"

static void clear(struct gate *g, size_t n) { memset(g, 0, n * sizeof *g); }

/* ---- P01 ------------------------------------------------------------------------------------------------------------ */

static void p01_fewer_threads(void) {
    struct weir_pool_opts o = opts_of(3);
    o.linger = 1000000;
    weir_pool *p = pool_with(&o);
    STATS_COME_TO(p, idle, 3); /* for ever, as they are no more than `threads` */
    CHECK_IS(weir_pool_resize(p, 1, 3), 0);
    STATS_COME_TO(p, workers, 1);
    CHECK_IS(weir_pool_free(p), 0);
}

static void p01_more_at_once(void) {
    struct gate g;
    clear(&g, 1);
    weir_pool *p = pool_of(1);
    for (int i = 0; i < 4; i++) CHECK_IS(weir_pool_submit(p, at_gate, NULL, &g), 0);
    CHECK(gate_has(&g, 1), "it runs");
    CHECK_IS(weir_pool_resize(p, 1, 3), 0); /* nothing is submitted afterwards */
    CHECK(gate_has(&g, 3), "%u of 3 run", value(&g.inside));
    gate_open(&g);
    CHECK_IS(weir_pool_free(p), 0);
    CHECK_IS(value(&g.most), 3);
}

static void p01_default(void) {
    struct weir_pool_opts o = opts_of(0);
    o.max_threads = 1;
    weir_pool *p = pool_with(&o);
    CHECK_IS(stats_of(p).threads, 1);
    CHECK_IS(stats_of(p).max_threads, 1);
    CHECK_IS(weir_pool_free(p), 0);
}

struct places {
    weir_pool *pool;
    weir_au32 n;
    cpu_set_t set[2];
};

static int looks(weir_ctx *ctx, void *arg) {
    struct places *at = arg;
    int i = weir_pool_worker();
    if (!CHECK(i == 0 || i == 1, "worker %d", i)) return 0;
    CHECK_IS(pthread_getaffinity_np(pthread_self(), sizeof at->set[i], &at->set[i]), 0);
    return count_one(ctx, &at->n);
}

/* Stays until the other worker, which this one makes, has looked. */
static int looks_with_another(weir_ctx *ctx, void *arg) {
    struct places *at = arg;
    (void)looks(ctx, at);
    CHECK_IS(weir_pool_submit(at->pool, looks, NULL, at), 0);
    CHECK(comes_to(&at->n, 2), "no second worker was made");
    return 0;
}

static void p01_places(void) {
    struct places at = { .pool = NULL };
    struct weir_pool_opts o = opts_of(1);
    cpu_set_t all, both;
    CHECK_IS(sched_getaffinity(0, sizeof all, &all), 0);
    if (CPU_COUNT(&all) < 2) {
        test_skip("one processor");
        return;
    }
    o.max_threads = 2;
    o.flags = WEIR_POOL_PIN;
    at.pool = pool_with(&o);
    CHECK_IS(weir_pool_submit(at.pool, looks_with_another, NULL, &at), 0);
    CHECK_IS(weir_pool_free(at.pool), 0);
    CHECK_IS(CPU_COUNT(&at.set[0]), 1);
    CHECK_IS(CPU_COUNT(&at.set[1]), 1);
    CPU_OR(&both, &at.set[0], &at.set[1]);
    CHECK_IS(CPU_COUNT(&both), 2); /* though it was made by one that is kept on the first */
}

static int begins_only(weir_ctx *ctx, void *arg) {
    weir_pool_block_begin();
    weir_pool_block_begin();
    return count_one(ctx, arg);
}
static int ends_only(weir_ctx *ctx, void *arg) {
    weir_pool_block_end();
    weir_pool_block_begin();
    weir_pool_block_end();
    weir_pool_block_end();
    return count_one(ctx, arg);
}

static void p01_unbalanced(void) {
    weir_au32 n = { 0 };
    weir_pool *p = pool_of(1);
    CHECK_IS(weir_pool_submit(p, begins_only, NULL, &n), 0);
    CHECK_IS(weir_pool_submit(p, ends_only, NULL, &n), 0);
    CHECK_IS(weir_pool_submit(p, ends_only, NULL, &n), 0);
    CHECK_IS(weir_pool_quiet(p), 0);
    CHECK_IS(stats_of(p).blocked, 0);
    CHECK_IS(stats_of(p).blocks, 3);
    CHECK_IS(weir_pool_free(p), 0);
}

/* A task that runs another one inside itself, and has the next one queued afterwards. */
struct below {
    weir_pool *pool;
    weir_task_fn *inside;
    bool joins;        /* the one inside; else it waits for it */
    bool blocked;      /* is meanwhile, in its own words */
    struct gate spare; /* where the spare worker is meanwhile */
    weir_au32 n, next;
};

static int runs_inside(weir_ctx *ctx, void *arg) {
    struct below *b = arg;
    weir_future f = WEIR_FUTURE_INIT;
    if (b->blocked) {
        weir_pool_block_begin();
        CHECK_IS(weir_pool_submit(b->pool, at_gate, ctx, &b->spare), 0);
        CHECK(gate_has(&b->spare, 1), "no spare worker was made");
    }
    CHECK_IS(weir_pool_async(b->pool, &f, b->inside, ctx, &b->n), 0);
    CHECK_IS(b->joins ? weir_future_join(&f) : weir_future_wait(&f), 0);
    CHECK_IS(stats_of(b->pool).blocked, b->blocked);
    CHECK_IS(weir_pool_submit(b->pool, count_one, ctx, &b->next), 0);
    gate_open(&b->spare);
    if (b->blocked) {
        CHECK(comes_to(&b->next, 1), "no spare worker runs the next task");
        weir_pool_block_end();
        CHECK_IS(stats_of(b->pool).blocked, 0);
    } else {
        sleep_ms(10);
        CHECK_IS(value(&b->next), 0); /* at most one runs, and this one does */
    }
    return 0;
}

static void p01_unbalanced_inside(void) {
    for (unsigned i = 0; i < 8 && checks_hold(); i++) {
        struct weir_pool_opts o = opts_of(1);
        struct below b = { .inside = i & 1 ? ends_only : begins_only,
                           .joins = i & 2,
                           .blocked = i & 4 };
        o.spare = 1;
        b.pool = pool_with(&o);
        CHECK_IS(weir_pool_submit(b.pool, runs_inside, NULL, &b), 0);
        CHECK_IS(weir_pool_quiet(b.pool), 0);
        CHECK_IS(value(&b.n), 1);
        CHECK_IS(value(&b.next), 1);
        CHECK_IS(stats_of(b.pool).by_caller, !b.joins);
        CHECK_IS(stats_of(b.pool).blocked, 0);
        CHECK_IS(weir_pool_free(b.pool), 0);
    }
}

/* Into a pool that is full, by a task of another one, which runs it itself. */
struct full {
    weir_pool *own, *full;
    weir_au32 n;
};
static int submits_to_full(weir_ctx *ctx, void *arg) {
    struct full *f = arg;
    CHECK_IS(weir_pool_submit(f->full, begins_only, ctx, &f->n), 0);
    CHECK_IS(value(&f->n), 1);
    CHECK_IS(stats_of(f->own).blocked, 0);
    return 0;
}

static void p01_unbalanced_other(void) {
    struct weir_pool_opts o = opts_of(1);
    struct full f = { .own = pool_of(1) };
    struct gate g;
    weir_au32 n = { 0 };
    clear(&g, 1);
    o.cap = 1;
    o.full = WEIR_POOL_CALLER;
    f.full = pool_with(&o);
    CHECK_IS(weir_pool_submit(f.full, at_gate, NULL, &g), 0);
    CHECK(gate_has(&g, 1), "it runs");
    CHECK_IS(weir_pool_submit(f.full, count_one, NULL, &n), 0);
    CHECK_IS(weir_pool_submit(f.own, submits_to_full, NULL, &f), 0);
    CHECK_IS(weir_pool_quiet(f.own), 0);
    gate_open(&g);
    CHECK_IS(weir_pool_free(f.full), 0);
    CHECK_IS(weir_pool_free(f.own), 0);
    CHECK_IS(value(&n), 1);
}

/* ---- P04 to P06 ----------------------------------------------------------------------------------------------------- */

struct submitter {
    weir_pool *pool;
    struct stop stop;
    weir_future *f;
    weir_au32 ran;
    int rc;
};

/* Submits a task of high priority, and stands still on its way to the queue. */
static int submits_high(weir_ctx *ctx, void *arg) {
    struct submitter *s = arg;
    struct weir_job job = { count_one, ctx, &s->ran, s->f, WEIR_HIGH };
    stop_me(&s->stop);
    s->rc = weir_pool_submit_wait(s->pool, &job, WEIR_FOREVER, NULL);
    return 0;
}

static int64_t drains(void *pool) { return weir_pool_drain(pool); }

static void p04_high_inside(void) {
    for (int with = 0; with < 2; with++) {
        weir_future f = WEIR_FUTURE_INIT;
        struct submitter s = { .pool = pool_of(1), .f = with ? &f : NULL, .rc = 1 };
        struct call call;
        stop_init(&s.stop, "pool.put");
        CHECK_IS(weir_pool_submit(s.pool, submits_high, NULL, &s), 0);
        CHECK(stop_wait(&s.stop), "it submits");
        call_start(&call, drains, s.pool);
        CHECK(call_sleeps(&call), "the pool has ended below a task"); /* its queues are closed */
        stop_release(&s.stop);
        CHECK_IS(call_end(&call), 0);
        CHECK_IS(s.rc, 0);
        CHECK_IS(value(&s.ran), 1);
        if (with) CHECK_IS(weir_future_code(&f), 0);
        check_sum(s.pool, true);
        CHECK_IS(stats_of(s.pool).refused, 0);
        CHECK_IS(weir_pool_free(s.pool), 0);
        stop_fini(&s.stop);
    }
}

static int notes_err(weir_ctx *ctx, void *rc) {
    *(int *)rc = weir_ctx_err(ctx);
    return 0;
}

static int64_t stops_stopping(void *arg) {
    struct submitter *s = arg;
    stop_me(&s->stop);
    return weir_pool_stop(s->pool);
}

/* Between "it stops" and the end of its context. */
static void p05_executor(void) {
    struct submitter s = { .pool = pool_of(1) };
    struct gate g;
    struct call call;
    int rc = 1;
    clear(&g, 1);
    stop_init(&s.stop, "pool.state");
    weir_exec e = weir_pool_exec(s.pool);
    CHECK_IS(weir_pool_submit(s.pool, at_gate, NULL, &g), 0);
    CHECK(gate_has(&g, 1), "it runs");
    CHECK_IS(e.submit(e.self, notes_err, NULL, &rc), 0);
    call_start(&call, stops_stopping, &s);
    CHECK(stop_wait(&s.stop), "it stops the pool");
    gate_open(&g);
    STATS_COME_TO(s.pool, ok, 2);
    CHECK_IS(rc, WEIR_ECANCELED);
    stop_release(&s.stop);
    CHECK_IS(call_end(&call), 0);
    CHECK_IS(weir_pool_free(s.pool), 0);
    stop_fini(&s.stop);
}

static int64_t shuts_down(void *pool) {
    return weir_pool_shutdown(pool, weir_after(INT64_C(20000000000)));
}

static void p06_cut(void) {
    struct gate g;
    struct call call;
    weir_au32 n = { 0 };
    clear(&g, 1);
    weir_pool *p = pool_of(1);
    CHECK_IS(weir_pool_submit(p, at_gate, NULL, &g), 0);
    CHECK(gate_has(&g, 1), "it runs");
    for (int i = 0; i < 3; i++) CHECK_IS(weir_pool_submit(p, count_one, NULL, &n), 0);
    call_start(&call, shuts_down, p);
    CHECK(call_sleeps(&call), "it waits for the tasks");
    CHECK_IS(weir_pool_stop_wait(p, WEIR_NOW, NULL), WEIR_EAGAIN);
    gate_open(&g);
    CHECK_IS(call_end(&call), WEIR_ECANCELED);
    CHECK_IS(value(&n), 0);
    CHECK_IS(weir_pool_free(p), 0);
}

/* The same for one that is called afterwards, again and again. */
static void p06_cut_before(void) {
    struct gate g;
    weir_au32 n = { 0 };
    clear(&g, 1);
    weir_pool *p = pool_of(1);
    CHECK_IS(weir_pool_submit(p, at_gate, NULL, &g), 0);
    CHECK(gate_has(&g, 1), "it runs");
    for (int i = 0; i < 10; i++) CHECK_IS(weir_pool_submit(p, count_one, NULL, &n), 0);
    CHECK_IS(weir_pool_stop_wait(p, weir_after(1000000), NULL), WEIR_ETIMEDOUT);
    CHECK_IS(stats_of(p).cancelled, 10);
    gate_open(&g);
    for (int i = 0; i < 2; i++)
        CHECK_IS(weir_pool_shutdown(p, weir_after(INT64_C(10000000000))), WEIR_ECANCELED);
    CHECK_IS(value(&n), 0);
    CHECK_IS(weir_pool_free(p), 0);
}

/* A stop that found nothing to cancel: a task's own context had, before. */
static void p06_stopped_clean(void) {
    weir_au32 n = { 0 };
    weir_ctx *ctx = NULL;
    weir_pool *p = pool_of(1);
    CHECK_IS(weir_ctx_new(&ctx, NULL, WEIR_FOREVER), 0);
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    CHECK_IS(weir_pool_submit(p, count_one, ctx, &n), 0);
    CHECK_IS(weir_pool_submit(p, count_one, NULL, &n), 0);
    CHECK_IS(weir_pool_quiet(p), 0);
    CHECK_IS(weir_pool_stop(p), 0);
    CHECK_IS(stats_of(p).cancelled, 1);
    CHECK_IS(weir_pool_shutdown(p, WEIR_NOW), 0);
    CHECK_IS(value(&n), 1);
    weir_ctx_unref(ctx);
    CHECK_IS(weir_pool_free(p), 0);
}

struct lingerer {
    struct stop stop;
    weir_pool *pool;
    weir_au32 ran;
};

static int stops_at_its_end(weir_ctx *ctx, void *arg) {
    (void)ctx;
    stop_me(&((struct lingerer *)arg)->stop);
    return 0;
}

static int64_t submits_one(void *arg) {
    struct lingerer *s = arg;
    return weir_pool_submit(s->pool, count_one, NULL, &s->ran);
}

/* A task is put in while the last idle worker ends: the other one is blocked, so another has to be made for it. */
static void p01_lingers(void) {
    struct lingerer s = { .ran = { 0 } };
    struct weir_pool_opts o = opts_of(1);
    struct gate g;
    struct call call;
    if (kind == WEIR_POOL_MUTEX) return; /* it has no such state */
    clear(&g, 1);
    o.max_threads = 2;
    o.linger = 1000000;
    s.pool = pool_with(&o);
    stop_init(&s.stop, "pool.lingered");
    CHECK_IS(weir_pool_submit(s.pool, at_gate, NULL, &g), 0);
    CHECK(gate_has(&g, 1), "it runs");
    CHECK_IS(weir_pool_submit(s.pool, stops_at_its_end, NULL, &s), 0);
    CHECK(stop_wait(&s.stop), "it ends for want of tasks");
    call_start(&call, submits_one, &s);
    (void)call_returns(&call, 50); /* either is right */
    stop_release(&s.stop);
    CHECK_IS(call_end(&call), 0);
    CHECK(comes_to(&s.ran, 1), "nobody runs the task");
    gate_open(&g);
    CHECK_IS(weir_pool_free(s.pool), 0);
    stop_fini(&s.stop);
}

/* One worker is busy, and may have put something in: who sleeps too long sends a barrier before it looks and leaves. */
static void p01_lingers_looks(void) {
    struct weir_pool_opts o = opts_of(1);
    struct gate g;
    weir_au32 ran = { 0 };
    if (kind == WEIR_POOL_MUTEX) return;
    clear(&g, 1);
    o.max_threads = 2;
    o.linger = INT64_C(1000000000);
    weir_pool *p = pool_with(&o);
    CHECK_IS(weir_pool_submit(p, at_gate, NULL, &g), 0);
    CHECK(gate_has(&g, 1), "it runs");
    CHECK_IS(weir_pool_submit(p, count_one, NULL, &ran), 0);
    CHECK(comes_to(&ran, 1), "nobody runs the task");
    STATS_COME_TO(p, idle, 1);
    sleep_ms(50); /* it has looked once more, and parked */
    points_count("pool.barrier");
    STATS_COME_TO(p, workers, 1);
    CHECK_IS(points_passed(), 1);
    points_count(NULL);
    gate_open(&g);
    CHECK_IS(weir_pool_free(p), 0);
}

const struct test edge_tests[] = {
    { "P01 who leaves beside a busy worker sends a barrier before", p01_lingers_looks },
    { "P01 a task that comes while an idle worker ends", p01_lingers },
    { "P01 fewer threads: those that are idle end after a while", p01_fewer_threads },
    { "P01 more workers are made at once for what is queued", p01_more_at_once },
    { "P01 a worker for each processor, up to max_threads", p01_default },
    { "P01 a worker made by another one has its own processor", p01_places },
    { "P01 what a task says of its waits ends with it", p01_unbalanced },
    { "P01 what a task inside another says of its waits ends with it, and no more",
      p01_unbalanced_inside },
    { "P01 also of one that a task of another pool runs", p01_unbalanced_other },
    { "P04 a task submits of high priority while the pool begins to drain", p04_high_inside },
    { "P05 what an executor gave finds its context ended", p05_executor },
    { "P06 a shutdown that another thread has cut short was not clean", p06_cut },
    { "P06 a shutdown of a pool that a stop had cut short before was not clean", p06_cut_before },
    { "P06 a shutdown of a pool whose stop had nothing to cancel was clean", p06_stopped_clean },
};
const size_t n_edge_tests = sizeof edge_tests / sizeof *edge_tests;
