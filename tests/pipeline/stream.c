/* SPDX-License-Identifier: MIT */
/* tests/pipeline/stream.c - ordered results of tasks: P07, and what of the others is asked of a stream. */
#include <weir/stream.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/pool.h>

#include "support.h"

struct task {
    uint64_t k;
    weir_au32 *inside, *most;
};

/* The result is k, after a while that differs; some fail, some end their thread. */
static int work(weir_ctx *ctx, void *arg, void *result) {
    const struct task *t = arg;
    (void)ctx;
    uint32_t n = weir_fetch_add_relaxed(t->inside, 1) + 1;
    if (n > weir_load_relaxed(t->most)) weir_store_relaxed(t->most, n);
    if (t->k * UINT64_C(0x9E3779B97F4A7C15) >> 60 == 0) sleep_ms(1);
    (void)weir_fetch_sub_relaxed(t->inside, 1);
    if (t->k % 11 == 3) pthread_exit(NULL);
    if (t->k % 7 == 2) return weir_fail(WEIR_ENOENT, "no %llu", (unsigned long long)t->k);
    *(uint64_t *)result = t->k;
    return 0;
}

struct run {
    weir_stream *s;
    struct task *tasks;
    uint64_t n;
};

static int64_t submit_all(void *arg) {
    struct run *r = arg;
    for (uint64_t k = 0; k < r->n; k++) CHECK_IS(weir_stream_go(r->s, work, &r->tasks[k]), 0);
    CHECK_IS(weir_stream_close(r->s), 0);
    return 0;
}

static void check_one(uint64_t k, uint64_t v, const struct weir_error *err) {
    char text[64];
    int code = k % 11 == 3 ? WEIR_ECANCELED : k % 7 == 2 ? WEIR_ENOENT : 0;
    (void)snprintf(text, sizeof text, "no %llu", (unsigned long long)k);
    CHECK_IS(err->code, code);
    if (code == 0) CHECK_IS(v, k);
    if (code == WEIR_ENOENT) CHECK(strcmp(err->text, text) == 0, "\"%s\"", err->text);
    if (code == WEIR_ECANCELED)
        CHECK(strcmp(err->text, "the task has ended its thread") == 0, "\"%s\"", err->text);
}

#define N 400

static void in_order(struct weir_stream_opts *o) {
    struct weir_error err;
    struct call call;
    weir_au32 inside = { 0 }, most = { 0 };
    struct run r = { .n = times(N) };
    uint64_t v = 0;
    r.tasks = calloc(r.n, sizeof *r.tasks);
    CHECK(r.tasks != NULL, "no memory");
    for (uint64_t k = 0; k < r.n; k++) r.tasks[k] = (struct task){ k, &inside, &most };
    CHECK_IS(weir_stream_new(&r.s, o), 0);
    call_start(&call, submit_all, &r);
    for (uint64_t k = 0; k < r.n; k++) {
        CHECK_IS(weir_stream_recv(r.s, &v, &err), 0);
        check_one(k, v, &err);
    }
    CHECK_IS(weir_stream_recv(r.s, &v, &err), WEIR_ECLOSED);
    CHECK_IS(call_end(&call), 0);
    CHECK(weir_load_relaxed(&most) <= (o->workers ? o->workers : 4), "%u at once",
          weir_load_relaxed(&most));
    CHECK_IS(weir_stream_free(r.s), 0);
    free(r.tasks);
}

static void p07_order(void) {
    for (unsigned workers = 0; workers < 6; workers++)
        for (unsigned batch = 0; batch < 3; batch++) {
            struct weir_stream_opts o = WEIR_STREAM_OPTS(sizeof(uint64_t), workers);
            o.batch = batch;
            o.buffer = batch * 4;
            check_context("%u workers, batch %u", workers, batch);
            in_order(&o);
        }
}

static void p07_executors(void) {
    struct weir_stream_opts o = WEIR_STREAM_OPTS(sizeof(uint64_t), 3);
    struct counting_exec e;
    struct weir_pool_opts po = WEIR_POOL_OPTS(1);
    weir_pool *pool;
    counting_exec_init(&e, 0, 0);
    o.on = &e.as;
    in_order(&o);
    CHECK_IS(weir_pool_new(&pool, &po), 0);
    weir_exec on = weir_pool_exec(pool);
    o.on = &on;
    in_order(&o);
    CHECK_IS(weir_pool_free(pool), 0);
}

/* The first task takes longest: the others' results wait for its. */
static int first_last(weir_ctx *ctx, void *arg, void *result) {
    (void)ctx;
    if (!arg) sleep_ms(10);
    *(uint64_t *)result = (uint64_t)(uintptr_t)arg;
    return 0;
}

static void p07_slow_first(void) {
    struct weir_stream_opts o = WEIR_STREAM_OPTS(sizeof(uint64_t), 2);
    weir_stream *s;
    uint64_t v = 9;
    o.batch = 1;
    CHECK_IS(weir_stream_new(&s, &o), 0);
    for (uintptr_t k = 0; k < 20; k++) CHECK_IS(weir_stream_go(s, first_last, (void *)k), 0);
    CHECK_IS(weir_stream_try_recv(s, &v, NULL), WEIR_EAGAIN);
    CHECK_IS(v, 9);
    for (uint64_t k = 0; k < 20; k++) {
        CHECK_IS(weir_stream_recv(s, &v, NULL), 0);
        CHECK_IS(v, k);
    }
    CHECK_IS(weir_stream_free(s), 0); /* open: it is cancelled */
}

/* Results that are large, and own something. */
struct large {
    weir_ctx *ctx;
    char fill[2000];
};
static int make_large(weir_ctx *ctx, void *arg, void *result) {
    struct large *l = result;
    (void)ctx;
    (void)arg;
    CHECK((uintptr_t)result % 16 == 0, "not aligned");
    memset(l->fill, 7, sizeof l->fill);
    return weir_ctx_new(&l->ctx, NULL, WEIR_FOREVER);
}
static void drop_large(void *elem, void *count) {
    struct large l;
    memcpy(&l, elem, sizeof l);
    weir_ctx_unref(l.ctx);
    count_drop(elem, count);
}
static weir_au32 not_run;
static void count_not_run(void *arg) { count_drop(arg, &not_run); }

static void p07_cancel(void) {
    for (unsigned round = 0; round < times(30); round++) {
        struct weir_stream_opts o = WEIR_STREAM_OPTS(sizeof(struct large), 2);
        weir_stream *s;
        weir_au32 drops = { 0 };
        struct large l;
        uint64_t sent = 0, got = 0;
        weir_store_relaxed(&not_run, 0);
        o.drop = drop_large;
        o.drop_arg = &drops;
        o.unrun = count_not_run;
        o.buffer = 10;
        CHECK_IS(weir_stream_new(&s, &o), 0);
        while (weir_stream_go_wait(s, make_large, &o, weir_after(MS / 10), NULL) == 0) sent++;
        CHECK(sent >= 1 && sent <= 22, "%llu sent", (unsigned long long)sent);
        for (; got < round % 20 && got < sent; got++) {
            CHECK_IS(weir_stream_recv(s, &l, NULL), 0);
            CHECK_IS(l.fill[1999], 7);
            weir_ctx_unref(l.ctx);
        }
        if (round % 2) CHECK_IS(weir_ctx_cancel(weir_stream_ctx(s), 0), 0);
        if (round % 2) CHECK_IS(weir_stream_recv(s, &l, NULL), WEIR_ECANCELED);
        CHECK_IS(weir_stream_free(s), 0);
        CHECK_IS(sent, got + weir_load_relaxed(&drops) + weir_load_relaxed(&not_run));
    }
}

static void bad_arguments(void) {
    struct weir_stream_opts o = WEIR_STREAM_OPTS(0, 1);
    weir_stream *s = NULL;
    uint64_t v;
    CHECK_IS(weir_stream_new(NULL, &o), WEIR_EINVAL);
    CHECK_IS(weir_stream_new(&s, NULL), WEIR_EINVAL);
    CHECK_IS(weir_stream_new(&s, &o), WEIR_EINVAL);
    o.result_size = 65505;
    CHECK_IS(weir_stream_new(&s, &o), WEIR_EINVAL);
    o.result_size = 8;
    o.workers = 5000;
    CHECK_IS(weir_stream_new(&s, &o), WEIR_EINVAL);
    o.workers = 1;
    o.size--;
    CHECK_IS(weir_stream_new(&s, &o), WEIR_EINVAL);
    CHECK(!s, "a stream came");
    count_misuse(true);
    CHECK_IS(weir_stream_go(NULL, first_last, NULL), WEIR_EINVAL);
    CHECK_IS(weir_stream_recv(NULL, &v, NULL), WEIR_EINVAL);
    CHECK_IS(weir_stream_close(NULL), WEIR_EINVAL);
    CHECK_IS(misuse_counted(), 3);
    count_misuse(false);
    CHECK_IS(weir_stream_free(NULL), 0);
    CHECK(!weir_stream_ctx(NULL), "something of nothing");
}

static const struct test tests[] = {
    { "P07 the k-th result is of the k-th task, with failures in between", p07_order },
    { "P07 on executors: a thread for each task, a pool of one", p07_executors },
    { "P07 a slow first task holds up results, but no task", p07_slow_first },
    { "P07 cancelled: each task was received, dropped, or not run", p07_cancel },
    { "P07 bad arguments are refused", bad_arguments },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "stream", tests, sizeof tests / sizeof *tests);
}
