/* SPDX-License-Identifier: MIT */
/* tests/sync/alloc.c - want of memory. Semaphores ask for none themselves; a thread that
 * has to wait for the first time asks for its record. The linker puts a function of this file before
 * posix_memalign; what else the record needs (a key, its value): tests/chan/alloc.c. */
#include "sync.h"

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

/* Such a test runs in a process in which no thread has waited yet. */
static bool is_fresh(const char *name) {
    if (child_rights() & CHILD_FRESH) return true;
    child_passes(name, CHILD_FRESH);
    return false;
}

/* ---- semaphores ------------------------------------------------------------------------------------------------ */

#define SEM_ACQUIRE "M allocation: an acquire that cannot wait gets ENOMEM"

static int64_t acquire_one(void *s) { return weir_sem_acquire(s, 1); }
static int64_t try_one(void *s) { return weir_sem_try_acquire(s, 1); }
static int64_t past_one(void *s) { return weir_sem_acquire_until(s, 1, -1); }

static void sem_acquire(void) {
    if (!is_fresh(SEM_ACQUIRE)) return;
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

static const struct test tests[] = {
    { SEM_ACQUIRE, sem_acquire },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "sync_alloc", tests, sizeof tests / sizeof *tests);
}
