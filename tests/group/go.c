/* SPDX-License-Identifier: MIT */
/* tests/group/go.c - weir_go: a function in a thread of its own, or on an executor. */
#include <weir/go.h>

#include <pthread.h>

#include <weir/debug.h>
#include <weir/error.h>

#include "../sync/sync.h"

struct seen {
    weir_sem done, go;
    weir_ctx *ctx;
    pthread_t thread;
    int plain, ends; /* ends: returns, pthread_exit, cancelled */
};

static void seen_init(struct seen *s, int ends) {
    *s = (struct seen){ .ends = ends };
    CHECK_IS(weir_sem_init(&s->done, 1), 0);
    CHECK_IS(weir_sem_acquire(&s->done, 1), 0);
    CHECK_IS(weir_sem_init(&s->go, 1), 0);
    CHECK_IS(weir_sem_acquire(&s->go, 1), 0);
}

static int see(weir_ctx *ctx, void *arg) {
    struct seen *s = arg;
    s->ctx = ctx;
    s->thread = pthread_self();
    s->plain++;
    int err = weir_ctx_err(ctx), ends = s->ends; /* *s is gone once it is told */
    CHECK_IS(weir_sem_release(&s->done, 1), 0);
    if (ends == 1) pthread_exit(NULL);
    if (ends == 2) {
        (void)pthread_cancel(pthread_self());
        pthread_testcancel();
    }
    return err;
}

static void own_thread(void) {
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    for (size_t k = times(60); k > 0; k--) {
        struct seen s;
        seen_init(&s, (int)(k % 3));
        s.plain = 41;
        CHECK_IS(weir_go(NULL, see, ctx, &s), 0);
        CHECK_IS(weir_sem_acquire(&s.done, 1), 0);
        CHECK(s.plain == 42 && s.ctx == ctx, "plain %d", s.plain);
        CHECK(!pthread_equal(s.thread, pthread_self()), "in the caller's thread");
    }
    weir_ctx_unref(ctx);
}

/* The caller gives its reference back at once. */
static int see_later(weir_ctx *ctx, void *arg) {
    struct seen *s = arg;
    CHECK_IS(weir_sem_acquire(&s->go, 1), 0);
    return see(ctx, arg);
}

static void keeps_ctx(void) {
    for (int ends = 0; ends < 3; ends++) {
        struct seen s;
        weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
        seen_init(&s, ends);
        CHECK_IS(weir_go(NULL, see_later, ctx, &s), 0);
        CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
        weir_ctx_unref(ctx);
        CHECK_IS(weir_sem_release(&s.go, 1), 0);
        CHECK_IS(weir_sem_acquire(&s.done, 1), 0);
        seen_init(&s, ends);
        CHECK_IS(weir_go(NULL, see, NULL, &s), 0); /* the background */
        CHECK_IS(weir_sem_acquire(&s.done, 1), 0);
        CHECK(!s.ctx, "a context of nothing");
    }
}

struct exec {
    int rc;
    weir_task_fn *fn;
    weir_ctx *ctx;
    void *arg;
};

static int submit(void *self, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    struct exec *e = self;
    e->fn = fn;
    e->ctx = ctx;
    e->arg = arg;
    return e->rc;
}

static void on_executor(void) {
    struct exec e = { .rc = 0 };
    weir_exec on = { submit, &e };
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    CHECK_IS(weir_go(&on, see, ctx, &on), 0);
    CHECK(e.fn == see && e.ctx == ctx && e.arg == &on, "something else was submitted");
    e.rc = WEIR_ESTOPPED;
    CHECK_IS(weir_go(&on, see, ctx, &on), WEIR_ESTOPPED);
    weir_ctx_unref(ctx);
}

static void misuse(void) {
    weir_exec none = { NULL, NULL };
    count_misuse(true);
    CHECK_IS(weir_go(NULL, NULL, NULL, NULL), WEIR_EINVAL);
    CHECK_IS(weir_go(&none, see, NULL, NULL), WEIR_EINVAL);
    CHECK_IS(misuse_counted(), 2);
    count_misuse(false);
}

/* Its text is nobody else's, and is not there for the next task. */
static int fail_with_text(weir_ctx *ctx, void *arg) {
    (void)weir_fail(-1000, "lost");
    return see(ctx, arg);
}

/* A thread tells that it is through before it is. */
static void check_no_leak(void) {
    for (int i = 0; i < 2000 && weir_leak_check() > 0; i++) sleep_ms(1);
    CHECK_IS(weir_leak_check(), 0);
}

static void leak_check(void) {
    struct seen waits, runs;
    seen_init(&waits, 0);
    seen_init(&runs, 0);
    check_no_leak(); /* of the tests before */
    CHECK_IS(weir_go(NULL, see_later, NULL, &waits), 0);
    CHECK_IS(weir_leak_check(), 1); /* once, whether it sleeps already or not */
    sleep_ms(20);
    CHECK_IS(weir_leak_check(), 1);
    CHECK_IS(weir_sem_release(&waits.go, 1), 0);
    CHECK_IS(weir_sem_acquire(&waits.done, 1), 0);
    CHECK_IS(weir_go(NULL, fail_with_text, NULL, &runs), 0);
    CHECK_IS(weir_sem_acquire(&runs.done, 1), 0);
    check_no_leak();
}

static const struct test tests[] = {
    { "GO a thread of its own runs the task, however that ends", own_thread },
    { "GO the context stays until the task has returned", keeps_ctx },
    { "GO an executor gets what was given, and its answer is returned", on_executor },
    { "GO no function: EINVAL", misuse },
    { "GO the leak check counts a task that runs, once", leak_check },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "go", tests, sizeof tests / sizeof *tests);
}
