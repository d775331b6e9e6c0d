/* SPDX-License-Identifier: MIT */
/* tests/pool/future.c - futures: results, errors, waits of all kinds, inside tasks of the same pool: P03, P07. */
#include <weir/select.h>

#include <stdlib.h>
#include <string.h>

#include "pool.h"

static weir_pool *pool;

/* ---- P03: results and errors ------------------------------------------------------------------------------------------ */

static int gives(weir_ctx *ctx, void *arg) {
    (void)ctx;
    return weir_task_value(arg);
}
static int fails(weir_ctx *ctx, void *arg) {
    (void)ctx;
    (void)arg;
    return weir_wrap(weir_fail(-71, "line %d", 3), "reading %s", "x");
}
static int fails_plainly(weir_ctx *ctx, void *arg) {
    (void)ctx;
    (void)arg;
    return WEIR_ENOENT;
}
static int counts(weir_ctx *ctx, void *arg) {
    (void)ctx;
    return (int)(intptr_t)arg;
}

static void p03_results(void) {
    weir_future f = WEIR_FUTURE_INIT;
    int x;
    pool = pool_of(1);
    CHECK_IS(weir_future_code(&f), WEIR_EAGAIN);
    CHECK_IS(weir_future_try_wait(&f), WEIR_EAGAIN);
    CHECK(!weir_future_is_done(&f) && !weir_future_value(&f) && !weir_future_error(&f), "new");
    CHECK_IS(weir_pool_async(pool, &f, gives, NULL, &x), 0);
    CHECK_IS(weir_future_wait(&f), 0);
    CHECK_IS(weir_future_code(&f), 0);
    CHECK(weir_future_value(&f) == &x && !weir_future_error(&f), "another value");
    CHECK_IS(weir_pool_async(pool, &f, fails, NULL, NULL), 0); /* used again */
    CHECK_IS(weir_future_wait(&f), 0);
    CHECK_IS(weir_future_code(&f), -71);
    CHECK(!weir_future_value(&f), "the old value");
    CHECK_IS(strcmp(weir_future_error(&f)->text, "reading x: line 3"), 0);
    CHECK_IS(weir_pool_async(pool, &f, fails_plainly, NULL, NULL), 0);
    CHECK_IS(weir_future_wait(&f), 0);
    CHECK_IS(strcmp(weir_future_error(&f)->text, weir_strerror(WEIR_ENOENT)), 0);
    CHECK_IS(weir_pool_async(pool, &f, counts, NULL, (void *)(intptr_t)7), 0);
    CHECK_IS(weir_future_wait(&f), 0);
    CHECK_IS(weir_future_code(&f), 7);
    /* of a task without a future nothing is left for the next one */
    CHECK_IS(weir_pool_submit(pool, fails, NULL, NULL), 0);
    CHECK_IS(weir_pool_quiet(pool), 0);
    CHECK_IS(weir_pool_async(pool, &f, counts, NULL, (void *)(intptr_t)-71), 0);
    CHECK_IS(weir_future_wait(&f), 0);
    CHECK(strcmp(weir_future_error(&f)->text, "reading x: line 3") != 0, "the old text");
    CHECK_IS(stats_of(pool).failed, 4);
    CHECK_IS(weir_task_value(&x), WEIR_EINVAL);
    CHECK_IS(weir_pool_free(pool), 0);
}

static void p03_misuse(void) {
    struct gate g = { { 0 }, { 0 }, { 0 }, { 0 } };
    weir_future f = WEIR_FUTURE_INIT;
    pool = pool_of(1);
    CHECK_IS(weir_pool_async(pool, &f, at_gate, NULL, &g), 0);
    CHECK_IS(weir_pool_async(pool, &f, at_gate, NULL, &g), WEIR_EINVAL);
    CHECK_IS(weir_future_resolve(&f, 0, NULL), WEIR_EINVAL);
    gate_open(&g);
    CHECK_IS(weir_future_wait(&f), 0);
    CHECK_IS(weir_future_resolve(&f, 0, NULL), WEIR_EINVAL);
    CHECK_IS(weir_future_init(NULL), WEIR_EINVAL);
    CHECK_IS(weir_future_wait(NULL), WEIR_EINVAL);
    CHECK_IS(weir_future_join(NULL), WEIR_EINVAL);
    CHECK_IS(weir_future_code(NULL), WEIR_EINVAL);
    CHECK_IS(weir_future_resolve(NULL, 0, NULL), WEIR_EINVAL);
    CHECK(!weir_future_value(NULL) && !weir_future_error(NULL) && !weir_future_waitable(NULL),
          "NULL");
    CHECK(!weir_future_is_done(NULL), "NULL");
    CHECK_IS(weir_pool_free(pool), 0);
}

/* ---- waits ------------------------------------------------------------------------------------------------------------- */

struct waiting {
    weir_future *f;
    bool select;
};
static int64_t waits(void *arg) {
    struct waiting *w = arg;
    if (!w->select) return weir_future_wait_wait(w->f, WEIR_FOREVER, NULL);
    struct weir_case c[] = { WEIR_CASE_FUTURE(NULL), WEIR_CASE_FUTURE(w->f) };
    ptrdiff_t i = weir_select(c, 2, WEIR_FOREVER, NULL, 0);
    return i == 1 ? c[1].result : i;
}

static void p03_waits(void) {
    weir_future f = WEIR_FUTURE_INIT;
    weir_ctx *ctx = NULL;
    struct waiting w[] = { { &f, false }, { &f, true }, { &f, false } };
    struct call calls[3];
    weir_time until = weir_after(2000000);
    CHECK_IS(weir_future_wait_until(&f, until), WEIR_ETIMEDOUT);
    CHECK(weir_now() >= until, "early");
    CHECK_IS(weir_ctx_new(&ctx, NULL, weir_after(1000000)), 0);
    CHECK_IS(weir_future_wait_wait(&f, WEIR_FOREVER, ctx), WEIR_ETIMEDOUT);
    for (int i = 0; i < 3; i++) {
        call_start(&calls[i], waits, &w[i]);
        CHECK(call_sleeps(&calls[i]), "it is not done");
    }
    (void)weir_fail(-9, "why");
    CHECK_IS(weir_future_resolve(&f, -9, &f), 0);
    for (int i = 0; i < 3; i++) CHECK_IS(call_end(&calls[i]), 0);
    CHECK_IS(weir_future_code(&f), -9);
    CHECK(weir_future_value(&f) == &f, "another value");
    CHECK_IS(strcmp(weir_future_error(&f)->text, "why"), 0);
    CHECK_IS(weir_future_wait_wait(&f, WEIR_FOREVER, ctx), WEIR_ETIMEDOUT); /* X23 */
    struct weir_case c = WEIR_CASE_FUTURE(&f);
    CHECK_IS(weir_select(&c, 1, WEIR_NOW, NULL, 0), 0);
    weir_ctx_unref(ctx);
}

/* Its memory is used for something else as soon as the wait has returned. */
static void p03_gone(void) {
    pool = pool_of(2);
    for (size_t i = 0; i < times(3000); i++) {
        weir_future *f = malloc(sizeof *f);
        CHECK_IS(weir_future_init(f), 0);
        CHECK_IS(weir_pool_async(pool, f, counts, NULL, NULL), 0);
        if (i % 3 == 1) random_delay();
        CHECK_IS(weir_future_wait(f), 0);
        memset(f, 0xee, sizeof *f);
        free(f);
    }
    CHECK_IS(weir_pool_free(pool), 0);
}

/* ---- P07 --------------------------------------------------------------------------------------------------------------- */

static void p07_kth(void) {
    enum { N = 300 };
    static weir_future f[N];
    static struct weir_job jobs[N];
    pool = pool_of(3);
    for (int i = 0; i < N; i++) {
        CHECK_IS(weir_future_init(&f[i]), 0);
        jobs[i] = (struct weir_job){ counts, NULL, (void *)(intptr_t)(i % 7 == 0 ? -i - 1 : i),
                                     &f[i], (unsigned)(i % 3) };
    }
    CHECK_IS(weir_pool_submit_n(pool, jobs, N), N);
    for (int i = 0; i < N; i++) {
        CHECK_IS(weir_future_wait(&f[i]), 0);
        CHECK_IS(weir_future_code(&f[i]), i % 7 == 0 ? -i - 1 : i);
    }
    CHECK_IS(weir_pool_free(pool), 0);
}

/* ---- in tasks of the same pool ------------------------------------------------------------------------------------------ */

static int nests(weir_ctx *ctx, void *arg) {
    weir_future f;
    intptr_t depth = (intptr_t)arg;
    if (depth == 0) return 0;
    CHECK_IS(weir_future_init(&f), 0);
    CHECK_IS(weir_pool_async(pool, &f, nests, ctx, (void *)(depth - 1)), 0);
    CHECK_IS(weir_future_wait(&f), 0);
    return weir_future_code(&f) + 1;
}

static void p09_nested(void) {
    for (unsigned threads = 1; threads <= 3; threads++) {
        weir_future f[4];
        pool = pool_of(threads);
        for (int i = 0; i < 4; i++) {
            CHECK_IS(weir_future_init(&f[i]), 0);
            CHECK_IS(weir_pool_async(pool, &f[i], nests, NULL, (void *)(intptr_t)50), 0);
        }
        for (int i = 0; i < 4; i++) {
            CHECK_IS(weir_future_wait(&f[i]), 0);
            CHECK_IS(weir_future_code(&f[i]), 50);
        }
        CHECK_IS(weir_pool_free(pool), 0);
    }
}

/* Each task waits for the one submitted after it, except the last: so the first to run goes down the whole line. */
enum { LINE = 40 };
static weir_future line[LINE];
static int in_line(weir_ctx *ctx, void *arg) {
    intptr_t i = (intptr_t)arg;
    (void)ctx;
    if (i + 1 < LINE) CHECK_IS(weir_future_wait(&line[i + 1]), 0);
    return 0;
}

static void p09_line(void) {
    for (int up = 0; up < 2; up++) {
        struct gate g = { { 0 }, { 0 }, { 0 }, { 0 } };
        struct weir_job j[LINE];
        pool = pool_of(2);
        for (int i = 0; i < 2; i++) CHECK_IS(weir_pool_submit(pool, at_gate, NULL, &g), 0);
        CHECK(gate_has(&g, 2), "both workers stand there until all are submitted");
        for (int i = 0; i < LINE; i++) CHECK_IS(weir_future_init(&line[i]), 0);
        for (int i = 0; i < LINE; i++) {
            intptr_t k = up ? LINE - 1 - i : i;
            j[i] = (struct weir_job){ in_line, NULL, (void *)k, &line[k], (unsigned)(i % 3) };
        }
        CHECK_IS(weir_pool_submit_n(pool, j, LINE), LINE);
        gate_open(&g);
        for (int i = 0; i < LINE; i++) CHECK_IS(weir_future_wait(&line[i]), 0);
        CHECK_IS(weir_pool_quiet(pool), 0);
        check_sum(pool, true);
        CHECK_IS(weir_pool_free(pool), 0);
    }
}

/* A waits for F, and B, which could be run meanwhile, for A: nothing is put on top of A but F. */
struct abf {
    weir_future a, b, f;
    weir_au32 f_begun, b_queued;
};
static int task_f(weir_ctx *ctx, void *arg) {
    struct abf *s = arg;
    (void)count_one(ctx, &s->f_begun);
    CHECK(comes_to(&s->b_queued, 1), "b is queued");
    sleep_ms(2);
    return 0;
}
static int task_a(weir_ctx *ctx, void *arg) {
    struct abf *s = arg;
    (void)ctx;
    CHECK(comes_to(&s->f_begun, 1), "f runs");
    CHECK_IS(weir_future_wait(&s->f), 0);
    return 0;
}
static int task_b(weir_ctx *ctx, void *arg) {
    struct abf *s = arg;
    (void)ctx;
    CHECK_IS(weir_future_wait(&s->a), 0);
    return 0;
}

static void p09_on_top(void) {
    struct abf s;
    memset(&s, 0, sizeof s);
    pool = pool_of(2);
    CHECK_IS(weir_future_init(&s.a) | weir_future_init(&s.b) | weir_future_init(&s.f), 0);
    CHECK_IS(weir_pool_async(pool, &s.f, task_f, NULL, &s), 0);
    CHECK_IS(weir_pool_async(pool, &s.a, task_a, NULL, &s), 0);
    CHECK_IS(weir_pool_async(pool, &s.b, task_b, NULL, &s), 0);
    (void)count_one(NULL, &s.b_queued);
    CHECK_IS(weir_future_wait(&s.b), 0);
    CHECK_IS(weir_pool_free(pool), 0);
}

/* Fork and join. */
struct fib {
    int n;
    long result;
};
static int fib(weir_ctx *ctx, void *arg) {
    struct fib *f = arg, left = { f->n - 1, 0 }, right = { f->n - 2, 0 };
    weir_future done;
    if (f->n < 2) {
        f->result = f->n;
        return 0;
    }
    CHECK_IS(weir_future_init(&done), 0);
    CHECK_IS(weir_pool_async(pool, &done, fib, ctx, &left), 0);
    CHECK_IS(fib(ctx, &right), 0);
    CHECK_IS(weir_future_join(&done), 0);
    f->result = left.result + right.result;
    return 0;
}

static void p09_join(void) {
    for (unsigned threads = 1; threads <= 4; threads++) {
        struct fib f = { 16, 0 };
        weir_future done = WEIR_FUTURE_INIT;
        struct weir_pool_opts o = opts_of(threads);
        if (threads == 3) o.flags = WEIR_POOL_NO_MEMBARRIER;
        pool = pool_with(&o);
        CHECK_IS(weir_pool_async(pool, &done, fib, NULL, &f), 0);
        CHECK_IS(weir_future_join(&done), 0);
        CHECK_IS(f.result, 987);
        CHECK_IS(weir_pool_quiet(pool), 0);
        CHECK_IS(stats_of(pool).ok, 1597);
        check_sum(pool, true);
        CHECK_IS(weir_pool_free(pool), 0);
    }
}

const struct test future_tests[] = {
    { "P03 a future has code, value and text of its task", p03_results },
    { "P03 a future that is a pool's is no one else's", p03_misuse },
    { "P03 a future is waited for, selected, resolved by hand", p03_waits },
    { "P03 a future may go as soon as the wait has returned", p03_gone },
    { "P07 the k-th result is that of the k-th task", p07_kth },
    { "P09 tasks wait for their own pool, at any depth, with one worker", p09_nested },
    { "P09 tasks wait for others in either order", p09_line },
    { "P09 only the awaited task is put on top of one that waits", p09_on_top },
    { "P09 fork and join", p09_join },
};
const size_t n_future_tests = sizeof future_tests / sizeof *future_tests;
