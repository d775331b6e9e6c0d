/* SPDX-License-Identifier: MIT */
/* tests/pool/threads.c - threads that the system refuses, or that end: P01, P03, P12, for both kinds. The linker puts functions
 * of this file before posix_memalign and pthread_create, _join and _detach, which refuse, and keep count: at the end of each case
 * every thread of a pool was joined or has detached itself, once. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <weir/debug.h>

#include "../support/points.h"
#include "threads.h"

const unsigned kind; /* of opts_of: each case sets its own */

/* Of all threads. The request that fails, counted down; 0: none. for_good: all that come after it, too. */
static weir_au32 fail_in, for_good;
weir_au32 hits, no_threads;
static weir_au32 made, joined, gone, faults; /* threads */
static __thread bool ours;                   /* the calling thread makes one for the test */

void call_apart(struct call *c, int64_t (*fn)(void *arg), void *arg) {
    ours = true;
    call_start(c, fn, arg);
    ours = false;
}

static bool refused(void) {
    uint32_t n = weir_load_relaxed(&fail_in), last = weir_load_relaxed(&for_good);
    while (n > last && !weir_cas_relaxed(&fail_in, &n, n - 1)) {
    }
    if (n == 1) (void)weir_fetch_add_relaxed(&hits, 1);
    return n == 1;
}
void refuse(uint32_t nth, bool and_all_after) {
    weir_store_relaxed(&for_good, and_all_after);
    weir_store_relaxed(&hits, 0);
    weir_store_relaxed(&fail_in, nth);
}

int __real_posix_memalign(void **p, size_t align, size_t size);
int __wrap_posix_memalign(void **p, size_t align, size_t size);
int __wrap_posix_memalign(void **p, size_t align, size_t size) {
    return refused() ? ENOMEM : __real_posix_memalign(p, align, size);
}
int __real_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*fn)(void *), void *arg) {
    if (weir_load_relaxed(&no_threads) || refused()) return EAGAIN;
    int rc = __real_pthread_create(t, a, fn, arg);
    if (rc == 0 && !a && !ours)
        (void)weir_fetch_add_relaxed(&made, 1); /* with attributes: detached */
    return rc;
}
int __real_pthread_join(pthread_t t, void **result);
int __wrap_pthread_join(pthread_t t, void **result);
int __wrap_pthread_join(pthread_t t, void **result) {
    int rc = pthread_equal(t, pthread_self()) ? EDEADLK : __real_pthread_join(t, result);
    (void)weir_fetch_add_relaxed(rc == 0 ? &joined : &faults, 1);
    return rc;
}
int __real_pthread_detach(pthread_t t);
int __wrap_pthread_detach(pthread_t t);
int __wrap_pthread_detach(pthread_t t) {
    (void)weir_fetch_add_relaxed(pthread_equal(t, pthread_self()) ? &gone : &faults, 1);
    return __real_pthread_detach(t);
}

void count_from_here(void) {
    weir_store_relaxed(&made, 0);
    weir_store_relaxed(&joined, 0);
    weir_store_relaxed(&gone, 0);
    weir_store_relaxed(&faults, 0);
}
void all_threads_ended(void) {
    CHECK_IS(value(&faults), 0);
    CHECK(comes_to(&gone, value(&made) - value(&joined)), "%u made, %u joined, %u gone",
          value(&made), value(&joined), value(&gone));
}

struct weir_pool_opts opts(unsigned of_kind, unsigned threads) {
    struct weir_pool_opts o = WEIR_POOL_OPTS(threads);
    o.kind = of_kind;
    check_context("%s", of_kind == WEIR_POOL_MUTEX ? "mutex" : "steal");
    return o;
}

static int exits(weir_ctx *ctx, void *arg) {
    (void)ctx;
    (void)arg;
    pthread_exit(NULL);
}

/* ---- no thread after one that has ended: it goes on, though it is ending ---------------------------------------------------- */

static void p03_no_other(void) {
    EACH_KIND(k) {
        struct weir_pool_opts o = opts(k, 2);
        weir_au32 n = { 0 };
        count_from_here();
        weir_pool *p = pool_with(&o);
        CHECK_IS(weir_leak_check(), 2);
        weir_store_relaxed(&no_threads, 1);
        for (int i = 0; i < 50; i++) {
            CHECK_IS(weir_pool_submit(p, i % 5 == 2 ? exits : count_one, NULL, &n), 0);
            if (i % 10 == 9) CHECK_IS(weir_pool_quiet(p), 0);
        }
        CHECK_IS(weir_pool_quiet(p), 0);
        CHECK_IS(value(&n), 40);
        CHECK_IS(stats_of(p).exits, 10);
        CHECK_IS(stats_of(p).workers, 2);
        CHECK_IS(value(&gone), 0);
        CHECK_IS(weir_leak_check(), 2);
        weir_store_relaxed(&no_threads, 0); /* the next one that ends is followed by another */
        CHECK_IS(weir_pool_submit(p, exits, NULL, NULL), 0);
        for (int i = 0; i < 50; i++) CHECK_IS(weir_pool_submit(p, count_one, NULL, &n), 0);
        CHECK_IS(weir_pool_quiet(p), 0);
        CHECK_IS(value(&n), 90);
        CHECK_IS(weir_pool_free(p), 0);
        CHECK_IS(weir_leak_check(), 0);
        CHECK(comes_to(&gone, 1), "it has not detached itself");
        all_threads_ended();
    }
}

/* ---- a worker that leaves, and is wanted again --------------------------------------------------------------------------------- */

struct leaves {
    weir_pool *pool;
    struct stop left, pushed;
    struct gate g[2];
    weir_au32 begun, n;
};

/* Blocked until a spare worker runs a task; then there is one worker too many: this one. */
static int makes_spare(weir_ctx *ctx, void *arg) {
    struct leaves *l = arg;
    (void)ctx;
    stop_me(&l->left);
    weir_pool_block_begin();
    CHECK(gate_has(&l->g[0], 1), "a spare worker was made");
    weir_pool_block_end();
    return 0;
}
/* On that spare worker: blocks as well, once the first has left, so that one more may be made. */
static int stays(weir_ctx *ctx, void *arg) {
    struct leaves *l = arg;
    (void)at_gate(ctx, &l->g[0]);
    weir_pool_block_begin();
    (void)at_gate(ctx, &l->g[1]);
    weir_pool_block_end();
    return 0;
}
static int64_t pushes(void *arg) {
    struct leaves *l = arg;
    stop_me(&l->pushed);
    return weir_pool_submit(l->pool, count_one, NULL, &l->n);
}

/* It has left, and then looks whether somebody is wanted for what is queued: it must not take its own place, whose thread
 * it still is. */
static void p01_leaves(void) {
    struct leaves l;
    struct call call;
    struct weir_pool_opts o = opts(WEIR_POOL_STEAL, 1);
    memset(&l, 0, sizeof l);
    stop_init(&l.left, "pool.left");
    stop_init(&l.pushed, "pool.wake");
    o.spare = 1;
    l.pool = pool_with(&o);
    count_from_here();
    weir_store_relaxed(&made, 1); /* the worker */
    CHECK_IS(weir_pool_submit(l.pool, makes_spare, NULL, &l), 0);
    CHECK_IS(weir_pool_submit(l.pool, stays, NULL, &l), 0);
    CHECK(stop_wait(&l.left), "the first worker leaves");
    gate_open(&l.g[0]);
    CHECK(gate_has(&l.g[1], 1), "the second is blocked");
    call_apart(&call, pushes, &l);
    CHECK(stop_wait(&l.pushed), "a task is queued, and nobody is woken yet");
    stop_release(&l.left);
    sleep_ms(20);
    stop_release(&l.pushed);
    CHECK_IS(call_end(&call), 0);
    CHECK(comes_to(&l.n, 1), "the task was run");
    gate_open(&l.g[1]);
    CHECK_IS(weir_pool_free(l.pool), 0);
    all_threads_ended();
    stop_fini(&l.left);
    stop_fini(&l.pushed);
}

/* ---- every request refused once: memory and threads, of any thread --------------------------------------------------------------- */

struct making {
    unsigned kind, nth;
    bool after, all; /* those after it, too; nothing was refused */
};

/* By a thread of its own, which has no record yet. */
static int64_t makes(void *arg) {
    struct making *m = arg;
    struct weir_pool_opts o = opts(m->kind, 2);
    weir_pool *p = (weir_pool *)m;
    refuse(m->nth, m->after);
    int rc = weir_pool_new(&p, &o);
    m->all = value(&hits) == 0;
    refuse(0, false);
    if (rc < 0) CHECK(!p, "not NULL");
    if (rc < 0) CHECK_IS(rc, WEIR_ENOMEM);
    if (p) CHECK_IS(weir_pool_free(p), 0);
    return rc;
}

static void make_with_each_refused(unsigned of_kind, bool after) {
    struct making m = { of_kind, 0, after, false };
    while (!m.all && m.nth < 100 && checks_hold()) {
        struct call call;
        m.nth++;
        call_apart(&call, makes, &m);
        (void)call_end(&call);
    }
    CHECK(m.nth > 5 && m.nth < 100, "%u requests", m.nth);
}

static void p12_made(void) {
    EACH_KIND(k) {
        count_from_here();
        make_with_each_refused(k, false);
        make_with_each_refused(k, true);
        all_threads_ended();
    }
}

static int nests(weir_ctx *ctx, void *pool) {
    weir_au32 n = { 0 };
    weir_future f;
    CHECK_IS(weir_future_init(&f), 0);
    int rc = weir_pool_async(pool, &f, count_one, ctx, &n);
    CHECK(rc == 0 || rc == WEIR_ENOMEM, "%d", rc);
    while ((rc = weir_future_wait_wait(&f, WEIR_FOREVER, NULL)) == WEIR_ENOMEM) weir_pause();
    CHECK_IS(rc, 0);
    CHECK_IS(value(&n), weir_future_code(&f) == 0);
    return 0;
}

/* Elastic, with spare workers and tasks that end their thread. False: nothing was refused. */
static bool used_with_refused(unsigned of_kind, unsigned nth) {
    struct weir_pool_opts o = opts(of_kind, 1);
    weir_au32 n = { 0 };
    uint32_t taken = 0;
    o.max_threads = 2;
    o.spare = 1;
    o.linger = 100000;
    weir_pool *p = pool_with(&o);
    refuse(nth, false);
    for (int i = 0; i < 60; i++) {
        weir_task_fn *fn = i % 9 == 4 ? exits : i % 9 == 7 ? nests : count_one;
        int rc = weir_pool_submit(p, fn, NULL, fn == nests ? (void *)p : (void *)&n);
        CHECK(rc == 0 || rc == WEIR_ENOMEM, "%d", rc);
        taken += rc == 0 && fn == count_one;
        if (i == 30) {
            rc = weir_pool_resize(p, 3, 3);
            CHECK(rc == 0 || rc == WEIR_ENOMEM, "%d", rc);
            CHECK_IS(stats_of(p).threads, rc == 0 ? 3 : 1);
        }
    }
    while (weir_pool_drain(p) == WEIR_ENOMEM) weir_pause();
    bool all = value(&hits) == 0;
    refuse(0, false);
    CHECK_IS(value(&n), taken);
    check_sum(p, true);
    CHECK_IS(weir_pool_free(p), 0);
    return !all;
}

static void p12_used(void) {
    EACH_KIND(k) {
        unsigned nth = 1;
        count_from_here();
        while (nth < 100 && checks_hold() && used_with_refused(k, nth)) nth++;
        CHECK(nth > 5, "%u requests", nth);
        all_threads_ended();
    }
}

/* As many as there were, and all of them work. */
static void p01_refused(void) {
    EACH_KIND(k) {
        struct weir_pool_opts o = opts(k, 1);
        weir_au32 n = { 0 };
        count_from_here();
        o.max_threads = 3;
        weir_pool *p = pool_with(&o);
        weir_store_relaxed(&no_threads, 1);
        CHECK_IS(weir_pool_resize(p, 2, 4), WEIR_ENOMEM);
        CHECK_IS(stats_of(p).threads, 1);
        CHECK_IS(stats_of(p).max_threads, 3);
        for (int i = 0; i < 100; i++) CHECK_IS(weir_pool_submit(p, count_one, NULL, &n), 0);
        CHECK_IS(weir_pool_quiet(p), 0);
        CHECK_IS(value(&n), 100);
        CHECK_IS(stats_of(p).workers, 1);
        CHECK_IS(stats_of(p).made, 1);
        weir_store_relaxed(&no_threads, 0);
        CHECK_IS(weir_pool_resize(p, 2, 4), 0);
        CHECK_IS(stats_of(p).workers, 2);
        CHECK_IS(weir_pool_free(p), 0);
        all_threads_ended();
    }
}

static const struct test tests[] = {
    { "P03 a task ends its thread, and the system gives no other", p03_no_other },
    { "P01 a worker that leaves does not take its own place", p01_leaves },
    { "P01 no threads: a resize, and an elastic pool", p01_refused },
    { "P01 a thread is refused once, and nobody submits again", p01_again },
    { "P01 no thread is to be had for a while, and nobody submits again", p01_again_later },
    { "P01 a thread is refused, and the pool is freed", p01_again_freed },
    { "P01 a worker has ended, and its thread has not: nobody waits for that", p01_not_gone },
    { "P03 a submit, and a free, are no cancellation points", p03_cancelled },
    { "P03 an allocator that is a cancellation point, and a cancel left pending: no worker is lost",
      p03_allocator },
    { "P06 a stop keeps its deadline, and leaves nothing behind", p06_stop_late },
    { "P12 allocation failure n-th, and no thread: a pool is made, or nothing is left", p12_made },
    { "P12 allocation failure n-th, and no thread: all that was taken is run", p12_used },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "pool_threads", tests, sizeof tests / sizeof *tests);
}
