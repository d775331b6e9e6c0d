/* SPDX-License-Identifier: MIT */
/* tests/pool/ends.c - of the program `pool_threads`: a worker that has left its pool while its thread is not over, and a stop
 * beside a submitter that stands still: P01, P03, P06. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../support/points.h"
#include "threads.h"

/* ---- a thread that ends slowly: the user's clean-up of its own data waits -------------------------------------------------- */

struct slow {
    weir_pool *pool;
    pthread_key_t key;
    struct gate busy,
        end; /* the task of the first worker; the clean-up of the second one's thread */
    struct call call;
    weir_au32 n;
};

static void ends_slowly(void *gate) { (void)at_gate(NULL, gate); }
static int sets_key(weir_ctx *ctx, void *arg) {
    struct slow *s = arg;
    (void)ctx;
    CHECK_IS(pthread_setspecific(s->key, &s->end), 0);
    return 0;
}
/* One worker is busy; a second has lingered and left, and its thread is in its clean-up. Then a thread submits a task. */
static void slow_begin(struct slow *s, unsigned of_kind, int64_t (*submits)(void *slow)) {
    struct weir_pool_opts o = opts(of_kind, 1);
    memset(s, 0, sizeof *s);
    CHECK_IS(pthread_key_create(&s->key, ends_slowly), 0);
    o.max_threads = 2;
    o.linger = 1000000;
    count_from_here();
    s->pool = pool_with(&o);
    CHECK_IS(weir_pool_submit(s->pool, at_gate, NULL, &s->busy), 0);
    CHECK(gate_has(&s->busy, 1), "the first worker is busy");
    CHECK_IS(weir_pool_submit(s->pool, sets_key, NULL, s), 0);
    CHECK(gate_has(&s->end, 1), "the second worker has left");
    call_apart(&s->call, submits, s);
    CHECK(call_returns(&s->call, 5000), "a submit waits for a thread of the pool to end");
    CHECK_IS(call_end(&s->call), 0);
    CHECK(comes_to(&s->n, 1), "the task waits for a thread of the pool to end");
}

static void slow_end(struct slow *s) {
    all_threads_ended();
    CHECK_IS(pthread_key_delete(s->key), 0);
}

static int64_t tries(void *arg) {
    struct slow *s = arg;
    return weir_pool_try_submit(s->pool, count_one, NULL, &s->n);
}

void p01_not_gone(void) {
    EACH_KIND(k) {
        struct slow s;
        slow_begin(&s, k, tries);
        STATS_COME_TO(s.pool, workers,
                      1); /* the third thread has left, too, and waits for the second one's end */
        for (uint32_t i = 2; i < 5 && checks_hold(); i++) {
            CHECK_IS(weir_pool_submit(s.pool, count_one, NULL, &s.n), 0);
            CHECK(comes_to(&s.n, i), "task %u is not run", i);
        }
        gate_open(&s.busy);
        CHECK_IS(weir_pool_quiet(s.pool), 0);
        gate_open(&s.end);
        CHECK_IS(weir_pool_free(s.pool), 0);
        slow_end(&s);
    }
}

/* By threads that are to be cancelled, and come to no cancellation point. */
static int64_t cancelled_submit(void *arg) {
    struct slow *s = arg;
    int before;
    CHECK_IS(pthread_cancel(pthread_self()), 0);
    int rc = weir_pool_submit(s->pool, count_one, NULL, &s->n);
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return rc;
}
static int64_t cancelled_free(void *arg) {
    struct slow *s = arg;
    int before;
    CHECK_IS(pthread_cancel(pthread_self()), 0);
    int rc = weir_pool_free(s->pool);
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return rc;
}

void p03_cancelled(void) {
    EACH_KIND(k) {
        struct slow s;
        slow_begin(&s, k, cancelled_submit);
        gate_open(&s.busy);
        call_apart(&s.call, cancelled_free, &s);
        CHECK(call_sleeps(&s.call), "the pool was freed beside a thread of its own");
        gate_open(&s.end);
        CHECK(call_returns(&s.call, 5000), "it was cancelled in the free");
        CHECK_IS(call_end(&s.call), 0);
        slow_end(&s);
    }
}

/* ---- a cancel that is left pending, and an allocator that is a cancellation point ------------------------------------------ */

static weir_pool *shrinks; /* by the worker below, when it has the next task in its hands */
static weir_au32 shrunk;
static __thread bool to_be_cancelled;

static void *alloc_cancelled(void *self, size_t size, size_t align) {
    (void)self;
    pthread_testcancel();
    return aligned_alloc(align, (size + align - 1) / align * align);
}
static void free_cancelled(void *self, void *p, size_t size, size_t align) {
    (void)self;
    (void)size;
    (void)align;
    pthread_testcancel();
    free(p);
}

static int leaves_cancel(weir_ctx *ctx, void *arg) {
    (void)ctx;
    (void)arg;
    CHECK_IS(pthread_cancel(pthread_self()), 0);
    to_be_cancelled = true;
    return 0;
}
static void at_pop(const char *point) {
    if (!to_be_cancelled || strcmp(point, "mpmc.pop.claimed") != 0) return;
    to_be_cancelled = false;
    CHECK_IS(weir_pool_resize(shrinks, 1, 0), 0);
    weir_store_release(&shrunk, 1, 0);
}
static int64_t drains(void *pool) { return weir_pool_drain(pool); }

/* A worker that is one too many leaves a task to others, which takes memory, under the lock. */
void p03_allocator(void) {
    const struct weir_alloc alloc = { alloc_cancelled, free_cancelled, NULL };
    struct weir_pool_opts o = opts(WEIR_POOL_STEAL, 2);
    struct gate g;
    struct call call;
    weir_au32 n = { 0 };
    memset(&g, 0, sizeof g);
    weir_store_relaxed(&shrunk, 0);
    o.alloc = &alloc;
    count_from_here();
    weir_pool *p = shrinks = pool_with(&o);
    weir_set_point_hook(at_pop);
    CHECK_IS(weir_pool_submit(p, at_gate, NULL, &g), 0);
    CHECK(gate_has(&g, 1), "the first worker is busy");
    CHECK_IS(weir_pool_submit(p, leaves_cancel, NULL, NULL), 0);
    CHECK_IS(weir_pool_submit(p, count_one, NULL, &n), 0);
    CHECK(comes_to(&shrunk, 1), "the second worker takes the next task");
    gate_open(&g);
    call_apart(&call, drains, p);
    if (!CHECK(call_returns(&call, 5000), "a worker was lost, with a task, and the lock")) return;
    CHECK_IS(call_end(&call), 0);
    CHECK_IS(value(&n), 1);
    CHECK_IS(stats_of(p).exits, 0);
    weir_set_point_hook(NULL);
    CHECK_IS(weir_pool_free(p), 0);
    all_threads_ended();
}

/* ---- a stop, beside a submitter in the middle of its push -------------------------------------------------------------------- */

#define BEHIND 1100 /* so that there is a second ring */

struct late {
    weir_pool *pool;
    struct stop claimed;
    weir_future f[3];
    weir_au32 n;
};

static int64_t pushes_slowly(void *arg) {
    struct late *l = arg;
    stop_me(&l->claimed);
    return weir_pool_async(l->pool, &l->f[0], count_one, NULL, &l->n);
}
static int64_t stops(void *arg) {
    struct late *l = arg;
    return weir_pool_stop_wait(l->pool, weir_after(20000000), NULL);
}

/* It comes back at its deadline, and what stood behind the submitter is cancelled by the workers. */
void p06_stop_late(void) {
    struct late l;
    struct gate g;
    struct call push, stop;
    struct weir_pool_opts o = opts(WEIR_POOL_STEAL, 1);
    memset(&l, 0, sizeof l);
    memset(&g, 0, sizeof g);
    stop_init(&l.claimed, "mpmc.push.claimed");
    for (int i = 0; i < 3; i++) CHECK_IS(weir_future_init(&l.f[i]), 0);
    l.pool = pool_with(&o);
    CHECK_IS(weir_pool_submit(l.pool, at_gate, NULL, &g), 0);
    CHECK(gate_has(&g, 1), "it runs");
    call_apart(&push, pushes_slowly, &l);
    CHECK(stop_wait(&l.claimed), "its slot is claimed");
    CHECK_IS(weir_pool_async(l.pool, &l.f[1], count_one, NULL, &l.n), 0);
    for (int i = 0; i < BEHIND; i++) CHECK_IS(weir_pool_submit(l.pool, count_one, NULL, &l.n), 0);
    CHECK_IS(weir_pool_async(l.pool, &l.f[2], count_one, NULL, &l.n), 0);
    call_apart(&stop, stops, &l);
    CHECK(call_returns(&stop, 5000), "it waits for the submitter");
    stop_release(&l.claimed);
    CHECK_IS(call_end(&stop), WEIR_ETIMEDOUT);
    CHECK_IS(call_end(&push), 0);
    gate_open(&g);
    for (int i = 0; i < 3; i++) {
        CHECK_IS(weir_future_wait_wait(&l.f[i], weir_after(INT64_C(10000000000)), NULL), 0);
        CHECK_IS(weir_future_code(&l.f[i]), WEIR_ECANCELED);
    }
    CHECK_IS(weir_pool_drain(l.pool), 0);
    CHECK_IS(stats_of(l.pool).queued, 0);
    CHECK_IS(stats_of(l.pool).cancelled, BEHIND + 3);
    CHECK_IS(value(&l.n), 0);
    CHECK_IS(weir_pool_free(l.pool), 0);
    stop_fini(&l.claimed);
}
