/* SPDX-License-Identifier: MIT */
/* tests/sync/alloc.c - want of memory. Semaphores, wait groups and onces ask for none themselves; a thread that
 * has to wait for the first time asks for its record. The linker puts a function of this file before
 * posix_memalign; what else the record needs (a key, its value): tests/chan/alloc.c. */
#include "sync.h"

#include <weir/once.h>
#include <weir/wg.h>

#include "../support/child.h"

#include <errno.h>

/* Requests of the calling thread count down to the one that fails; 0: none does. */
static __thread unsigned fail_in, asked;

int __real_posix_memalign(void **p, size_t align, size_t size);
int __wrap_posix_memalign(void **p, size_t align, size_t size);
int __wrap_posix_memalign(void **p, size_t align, size_t size) {
    asked++;
    if (fail_in == 0) return __real_posix_memalign(p, align, size);
    fail_in--;
    if (fail_in == 0) return ENOMEM;
    return __real_posix_memalign(p, align, size);
}

/* Threads that weir_wg_go starts; those of the tests come from tests/support, which the linker treats alike. */
static __thread unsigned threads_refused;

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

/* fn in a new thread whose first request fails. */
static int64_t failing(void *arg) {
    struct call *c = arg;
    fail_in = 1;
    asked = 0;
    int64_t rc = c->fn(c->arg);
    fail_in = 0;
    return rc;
}
static int64_t fail(int64_t (*fn)(void *arg), void *arg) {
    struct call inner = { .fn = fn, .arg = arg }, outer;
    call_start(&outer, failing, &inner);
    return call_end(&outer);
}

/* ---- semaphores ------------------------------------------------------------------------------------------------ */

#define SEM_ACQUIRE "M allocation: an acquire that cannot wait gets ENOMEM"

static int64_t acquire_one(void *s) { return weir_sem_acquire(s, 1); }
static int64_t try_one(void *s) { return weir_sem_try_acquire(s, 1); }
static int64_t past_one(void *s) { return weir_sem_acquire_until(s, 1, -1); }

static void sem_acquire(void) {
    if (!child_is_fresh(SEM_ACQUIRE)) return;
    weir_sem s = WEIR_SEM_INIT(1);
    CHECK_IS(fail(acquire_one, &s), 0); /* it need not wait, and asks for nothing */
    CHECK_IS(fail(try_one, &s), WEIR_EAGAIN);
    CHECK_IS(fail(past_one, &s), WEIR_ETIMEDOUT);
    CHECK_IS(fail(acquire_one, &s), WEIR_ENOMEM);
    CHECK_IS(weir_sem_available(&s), 0);
    CHECK_IS(weir_sem_release(&s, 1), 0);
    check_free(&s, 1); /* nobody stands in line */
    CHECK_IS(weir_sem_acquire(&s, 1), 0);
    struct acquirer a;
    acquire_waits(&a, &s, 1); /* and with memory it works */
    CHECK_IS(weir_sem_release(&s, 1), 0);
    CHECK_IS(acquire_end(&a), 0);
    CHECK_IS(weir_sem_release(&s, 1), 0);
    check_free(&s, 1);
}

/* ---- wait groups -------------------------------------------------------------------------------------------------- */

#define WG_WAIT "W allocation: a wait that cannot wait gets ENOMEM"

static int64_t wait_zero(void *wg) { return weir_wg_wait(wg); }
static int64_t try_zero(void *wg) { return weir_wg_try_wait(wg); }
static int64_t past_zero(void *wg) { return weir_wg_wait_until(wg, -1); }

static void wg_wait(void) {
    if (!child_is_fresh(WG_WAIT)) return;
    weir_wg wg = WEIR_WG_INIT;
    struct call call;
    CHECK_IS(fail(wait_zero, &wg), 0);
    CHECK_IS(weir_wg_add(&wg, 1), 0);
    CHECK_IS(fail(try_zero, &wg), WEIR_EAGAIN);
    CHECK_IS(fail(past_zero, &wg), WEIR_ETIMEDOUT);
    CHECK_IS(fail(wait_zero, &wg), WEIR_ENOMEM);
    CHECK_IS(weir_wg_count(&wg), 1);
    call_start(&call, wait_zero, &wg);
    CHECK(call_sleeps(&call), "it returned");
    CHECK_IS(weir_wg_done(&wg), 0);
    CHECK_IS(call_end(&call), 0);
}

static void count_run(void *runs) { (void)weir_fetch_add_relaxed((weir_au32 *)runs, 1); }

static void wg_go(void) {
    weir_wg wg = WEIR_WG_INIT;
    weir_au32 runs = { 0 };
    asked = 0;
    fail_in = 1;
    CHECK_IS(weir_wg_go(&wg, count_run, &runs), WEIR_ENOMEM);
    CHECK_IS(asked, 1);
    for (threads_refused = 1; threads_refused <= 2; threads_refused++) {
        asked = 0;
        errno = 7;
        CHECK_IS(weir_wg_go(&wg, count_run, &runs), WEIR_ENOMEM);
        CHECK_IS(errno, 7);
        CHECK_IS(asked, 1); /* which it gives back: LeakSanitizer */
        CHECK_IS(weir_wg_count(&wg), 0);
    }
    threads_refused = 0;
    CHECK_IS(weir_wg_wait(&wg), 0);
    CHECK_IS(weir_load_relaxed(&runs), 0);
    CHECK_IS(weir_wg_go(&wg, count_run, &runs), 0);
    CHECK_IS(weir_wg_wait(&wg), 0);
    CHECK_IS(weir_load_relaxed(&runs), 1);
}

/* ---- onces ---------------------------------------------------------------------------------------------------------- */

#define ONCE_DO "O allocation: a call that cannot run or wait gets ENOMEM, and nothing was run"

struct once {
    weir_once once;
    weir_au32 runs;
};

static int count_value(void *arg, void **value) {
    *value = arg;
    count_run(&((struct once *)arg)->runs);
    return 0;
}
static int64_t do_once(void *arg) {
    struct once *o = arg;
    return weir_once_do(&o->once, count_run, &o->runs);
}
static int64_t value_once(void *arg) {
    struct once *o = arg;
    void *value = &value;
    int rc = weir_once_value(&o->once, count_value, o, &value);
    CHECK(value == (rc == 0 ? o : NULL), "%d, and another value", rc);
    return rc;
}

static void once(void) {
    if (!child_is_fresh(ONCE_DO)) return;
    struct once o = { .once = WEIR_ONCE_INIT };
    CHECK_IS(fail(do_once, &o), WEIR_ENOMEM);
    CHECK_IS(fail(value_once, &o), WEIR_ENOMEM);
    CHECK(!weir_once_is_done(&o.once) && weir_load_relaxed(&o.runs) == 0, "it was run");
    CHECK_IS(value_once(&o), 0);       /* and with memory it works */
    CHECK_IS(fail(value_once, &o), 0); /* done: nothing is asked for */
    CHECK_IS(fail(do_once, &o), 0);
    CHECK_IS(weir_load_relaxed(&o.runs), 1);
}

static const struct test tests[] = {
    { SEM_ACQUIRE, sem_acquire },
    { WG_WAIT, wg_wait },
    { "W allocation: go without memory or threads: ENOMEM, nothing runs", wg_go },
    { ONCE_DO, once },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "sync_alloc", tests, sizeof tests / sizeof *tests);
}
