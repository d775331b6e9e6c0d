/* SPDX-License-Identifier: MIT */
/* tests/group/alloc.c - want of memory and of threads: groups, go, errors. The linker puts functions of this file
 * before posix_memalign, pthread_create and pthread_attr_init. */
#include "../support/child.h"
#include "cases.h"

#include <errno.h>
#include <string.h>

/* Requests of the calling thread count down to the one that fails; 0: none does. */
static __thread unsigned fail_in, asked;
static __thread bool fail_all;
static __thread unsigned threads_refused; /* 1: no thread; 2: no attributes for one */

int __real_posix_memalign(void **p, size_t align, size_t size);
int __wrap_posix_memalign(void **p, size_t align, size_t size);
int __wrap_posix_memalign(void **p, size_t align, size_t size) {
    asked++;
    if (fail_all) return ENOMEM;
    if (fail_in == 0) return __real_posix_memalign(p, align, size);
    fail_in--;
    if (fail_in == 0) return ENOMEM;
    return __real_posix_memalign(p, align, size);
}
int __real_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*fn)(void *), void *arg) {
    return threads_refused == 1 ? EAGAIN : __real_pthread_create(t, a, fn, arg);
}
int __real_pthread_attr_init(pthread_attr_t *a);
int __wrap_pthread_attr_init(pthread_attr_t *a);
int __wrap_pthread_attr_init(pthread_attr_t *a) {
    return threads_refused == 2 ? ENOMEM : __real_pthread_attr_init(a);
}

/* Each request in turn, until none fails: ENOMEM, and nothing is leaked (LeakSanitizer). */
static void new_group(void) {
    for (unsigned n = 1;; n++) {
        weir_group *g = (weir_group *)&n;
        fail_in = n;
        int rc = weir_group_new(&g, NULL, NULL, 0);
        bool failed = fail_in == 0;
        fail_in = 0;
        CHECK_IS(rc, failed ? WEIR_ENOMEM : 0);
        CHECK(!failed || !g, "out was not set");
        CHECK(failed || n > 2, "it asked for %u only", n - 1);
        if (failed && n < 20) continue;
        CHECK_IS(weir_group_free(g), 0);
        return;
    }
}

static void go_group(void) {
    struct gated t;
    weir_group *g = group_open(NULL, NULL, 1);
    gated_init(&t, 0, NULL);
    asked = 0;
    fail_in = 1;
    CHECK_IS(weir_group_go(g, gated_task, &t), WEIR_ENOMEM);
    CHECK_IS(asked, 1);
    for (threads_refused = 1; threads_refused <= 2; threads_refused++) {
        errno = 7;
        CHECK_IS(weir_group_go(g, gated_task, &t), WEIR_ENOMEM); /* the place is given back */
        CHECK_IS(errno, 7);
        CHECK_IS(weir_group_running(g), 0);
    }
    threads_refused = 0;
    check_first(g, 0, ""); /* no task has failed */
    CHECK_IS(weir_group_go(g, gated_task, &t), 0);
    gated_begun(&t);
    gated_let_go(&t);
    group_end(g, 0, NULL);
}

static void go_alone(void) {
    struct gated t;
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    gated_init(&t, 0, NULL);
    fail_in = 1;
    CHECK_IS(weir_go(NULL, gated_task, ctx, &t), WEIR_ENOMEM);
    for (threads_refused = 1; threads_refused <= 2; threads_refused++) {
        errno = 7;
        CHECK_IS(weir_go(NULL, gated_task, ctx, &t), WEIR_ENOMEM);
        CHECK_IS(errno, 7);
    }
    threads_refused = 0;
    weir_ctx_unref(ctx); /* the last reference: LeakSanitizer */
}

/* ---- threads without a record -------------------------------------------------------------------------------------- */

/* fn in a new thread none of whose requests is granted. */
static int64_t failing(void *arg) {
    struct call *c = arg;
    fail_all = true;
    int64_t rc = c->fn(c->arg);
    fail_all = false;
    return rc;
}
static int64_t fail(int64_t (*fn)(void *arg), void *arg) {
    struct call inner = { .fn = fn, .arg = arg }, outer;
    call_start(&outer, failing, &inner);
    return call_end(&outer);
}

/* Codes are returned; texts are lost. */
static int64_t errors(void *arg) {
    struct weir_error err;
    (void)arg;
    errno = 7;
    CHECK_IS(weir_fail(-1000, "lost"), -1000);
    CHECK_IS(weir_wrap(-1000, "lost"), -1000);
    weir_error_take(-1000, &err);
    CHECK(strcmp(err.text, "error -1000") == 0, "%s", err.text);
    err = (struct weir_error){ -1001, "lost" };
    CHECK_IS(weir_error_give(&err), -1001);
    weir_error_clear();
    CHECK_IS(errno, 7);
    weir_group *g = (weir_group *)&err;
    CHECK_IS(weir_group_new(&g, NULL, NULL, 0), WEIR_ENOMEM);
    CHECK(!g, "out was not set");
    return 0;
}

#define NO_RECORD "ERROR allocation: without memory codes are returned, and texts lost"
static void no_record(void) {
    if (!child_is_fresh(NO_RECORD)) return;
    CHECK_IS(fail(errors, NULL), 0);
}

/* As many threads as there are records have one: main, the task, and these. */
#define HOLDERS 30

static int64_t hold_record(void *sem) {
    weir_error_clear();
    CHECK_IS(weir_sem_release(&((weir_sem *)sem)[0], 1), 0);
    CHECK_IS(weir_sem_acquire(&((weir_sem *)sem)[1], 1), 0);
    return 0;
}

static int64_t wait_group(void *g) { return weir_group_wait(g); }
static int64_t late_group(void *g) { return weir_group_wait_until(g, -1); }
static int64_t try_group(void *g) { return weir_group_try_wait(g); }
static int64_t free_group(void *g) { return weir_group_free(g); }

#define WAIT "GROUP allocation: a wait that cannot wait gets ENOMEM"
static void wait_without(void) {
    if (!child_is_fresh(WAIT)) return;
    static struct call holders[HOLDERS];
    static weir_sem sems[2];
    struct gated t;
    weir_group *g = group_open(NULL, NULL, 0);
    gated_start(&t, g, -1000, "x");
    for (int i = 0; i < 2; i++) {
        CHECK_IS(weir_sem_init(&sems[i], HOLDERS), 0);
        CHECK_IS(weir_sem_acquire(&sems[i], HOLDERS), 0);
    }
    for (int i = 0; i < HOLDERS; i++) call_start(&holders[i], hold_record, sems);
    CHECK_IS(weir_sem_acquire(&sems[0], HOLDERS), 0);
    CHECK_IS(fail(wait_group, g), WEIR_ENOMEM);
    CHECK_IS(fail(late_group, g), WEIR_ETIMEDOUT);
    CHECK_IS(fail(try_group, g), WEIR_EAGAIN);
    CHECK_IS(fail(free_group, g), WEIR_ENOMEM); /* and it is still there */
    gated_let_go(&t);
    CHECK_IS(weir_group_wait(g), -1000); /* the thread that made it always can */
    CHECK_IS(fail(wait_group, g), -1000);
    CHECK_IS(weir_sem_release(&sems[1], HOLDERS), 0);
    for (int i = 0; i < HOLDERS; i++) CHECK_IS(call_end(&holders[i]), 0);
    group_end(g, -1000, "x");
}

static const struct test tests[] = {
    { "GROUP allocation: new without memory: ENOMEM", new_group },
    { "GROUP allocation: go without memory or threads: ENOMEM, nothing runs", go_group },
    { "GO allocation: without memory or threads: ENOMEM, nothing runs", go_alone },
    { NO_RECORD, no_record },
    { WAIT, wait_without },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "group_alloc", tests, sizeof tests / sizeof *tests);
}
