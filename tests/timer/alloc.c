/* SPDX-License-Identifier: MIT */
/* tests/timer/alloc.c - want of memory and of threads, at every single place where timers and functions that
 * weir calls ask for some: the n-th request fails, for all n until the call succeeds. A program of its own: the
 * linker puts functions of this file before posix_memalign, pthread_attr_init and pthread_create. */
#include "cases.h"

#include <errno.h>
#include <stdlib.h>

/* Requests of the calling thread count down to the one that fails; 0: none does. */
static __thread unsigned fail_in;

static bool refuse(void) {
    if (fail_in == 0) return false;
    fail_in--;
    return fail_in == 0;
}

int __real_posix_memalign(void **p, size_t align, size_t size);
int __wrap_posix_memalign(void **p, size_t align, size_t size);
int __wrap_posix_memalign(void **p, size_t align, size_t size) {
    return refuse() ? ENOMEM : __real_posix_memalign(p, align, size);
}
int __real_pthread_attr_init(pthread_attr_t *attr);
int __wrap_pthread_attr_init(pthread_attr_t *attr);
int __wrap_pthread_attr_init(pthread_attr_t *attr) {
    return refuse() ? ENOMEM : __real_pthread_attr_init(attr);
}
/* What the other threads of weir may make as well. */
static weir_au32 no_threads;
int __real_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*fn)(void *),
                          void *arg) {
    if (refuse() || weir_load_relaxed(&no_threads)) return EAGAIN;
    return __real_pthread_create(t, attr, fn, arg);
}

/* Fails each request of one constructor in turn; how many a call that succeeds makes. */
static unsigned each_request(int (*make)(void *arg, void **out), void (*end)(void *made),
                             void *arg) {
    for (unsigned n = 1;; n++) {
        void *made = &made;
        fail_in = n;
        int rc = make(arg, &made);
        bool refused = fail_in == 0;
        fail_in = 0;
        if (rc == 0) {
            CHECK(made && !refused, "no pointer, or the want was not noticed");
            end(made);
            return n - 1;
        }
        check_context("request %u", n);
        CHECK_IS(rc, WEIR_ENOMEM);
        CHECK(!made, "*out is not NULL");
        if (!checks_hold() || !CHECK(n < 100, "never succeeds")) return 0;
    }
}

static int make_timer(void *arg, void **out) {
    weir_timer *t = *out;
    int rc = weir_timer_new(&t, WEIR_FOREVER);
    (void)arg;
    *out = t;
    return rc;
}
static int make_ticker(void *arg, void **out) {
    weir_ticker *t = *out;
    int rc = weir_ticker_new(&t, MS);
    (void)arg;
    *out = t;
    return rc;
}
static void end_timer(void *t) { CHECK_IS(weir_timer_free(t), 0); }
static void end_ticker(void *t) { CHECK_IS(weir_ticker_free(t), 0); }

static void new_timer(void) {
    CHECK_IS(each_request(make_timer, end_timer, NULL), 1);
    CHECK_IS(each_request(make_ticker, end_ticker, NULL), 1);
}

static weir_au32 calls;
static void count(void *arg) {
    (void)arg;
    (void)weir_fetch_add_relaxed(&calls, 1);
}

static int make_func(void *arg, void **out) {
    weir_timer *t = *out;
    int rc = weir_timer_new_func(&t, weir_after(3600000 * MS), count, arg);
    *out = t;
    return rc;
}
static int make_after(void *ctx, void **out) {
    weir_after_func *a = *out;
    int rc = weir_ctx_after_func(ctx, count, NULL, &a);
    *out = a;
    return rc;
}
static void end_after(void *a) {
    CHECK_IS(weir_after_func_stop(a), 1);
    weir_after_func_free(a);
}

static void wait_for_calls(unsigned n) {
    for (int i = 0; i < 20000 && weir_load_relaxed(&calls) < n; i++) sleep_ms(1);
    CHECK_IS(weir_load_relaxed(&calls), n);
}

/* The timer, the function, then the thread, which is asked for once as long as it lives; a function that was refused
 * is not called, and leaves no reference on its context (LeakSanitizer). */
static void new_func(void) {
    weir_ctx *ctx = NULL;
    CHECK_IS(each_request(make_func, end_timer, NULL), 4);
    CHECK_IS(weir_ctx_new(&ctx, NULL, WEIR_FOREVER), 0);
    for (int i = 0; i < 2; i++) {
        weir_timer *t = NULL;
        sleep_ms(250); /* the thread is gone */
        CHECK_IS(each_request(make_after, end_after, ctx), 3);
        CHECK_IS(weir_timer_new_func(&t, WEIR_FOREVER, count, NULL), 0);
        CHECK_IS(each_request(make_after, end_after, ctx), 1);
        CHECK_IS(weir_timer_free(t), 0);
    }
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    CHECK_IS(each_request(make_func, end_timer, NULL), 2);
    weir_ctx_unref(ctx);
    CHECK_IS(weir_load_relaxed(&calls), 0);
}

struct gate {
    weir_au32 begun, open;
};
static void wait_at(void *arg) {
    struct gate *g = arg;
    weir_store_release(&g->begun, 1, 0);
    while (!weir_load_acquire(&g->open, 0)) sleep_ms(1);
    count(NULL);
}

/* No thread but the one for what comes next: what is registered already is called by that one, one after the
 * other, and a registration for which no thread is left says so. */
static void no_more_threads(void) {
    static struct gate gate;
    weir_timer *t[4] = { NULL }, *none = NULL;
    weir_store_relaxed(&calls, 0);
    for (int i = 0; i < 4; i++)
        CHECK_IS(weir_timer_new_func(&t[i], WEIR_FOREVER, i ? count : wait_at, &gate), 0);
    sleep_ms(250); /* threads of the test before are gone, but for one */
    weir_store_relaxed(&no_threads, 1);
    CHECK_IS(weir_timer_reset(t[0], weir_now()), 0);
    for (int i = 0; i < 20000 && !weir_load_acquire(&gate.begun, 0); i++) sleep_ms(1);
    for (int i = 1; i < 4; i++) CHECK_IS(weir_timer_reset(t[i], weir_now()), 0);
    sleep_ms(5);
    CHECK_IS(weir_timer_new_func(&none, WEIR_NOW, count, NULL), WEIR_ENOMEM);
    CHECK_IS(weir_load_relaxed(&calls), 0);
    weir_store_release(&gate.open, 1, 0);
    wait_for_calls(4);
    weir_store_relaxed(&no_threads, 0);
    for (int i = 0; i < 4; i++) CHECK_IS(weir_timer_free(t[i]), 0);
}

static const struct test tests[] = {
    { "allocation failure at every request: timers and tickers", new_timer },
    { "allocation failure at every request: functions that weir calls", new_func },
    { "T08 X18 no thread is left: functions run one after the other", no_more_threads },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "timer_alloc", tests, sizeof tests / sizeof *tests);
}
