/* SPDX-License-Identifier: MIT */
/* tests/sync/sem.c - what a semaphore gives to one thread and refuses: M01 M04 M06 M08 M10, limits, and the main
 * function. */
#include "sem_cases.h"
#include "sync.h"

/* ---- M01 ---------------------------------------------------------------------------------------------------- */

void m01_at_once(void) {
    static weir_sem s = WEIR_SEM_INIT(5);
    CHECK_IS(weir_sem_size(&s), 5);
    check_free(&s, 5);
    CHECK_IS(weir_sem_acquire(&s, 2), 0);
    CHECK_IS(weir_sem_try_acquire(&s, 1), 0);
    CHECK_IS(weir_sem_acquire_until(&s, 1, -1), 0); /* past, but it is free */
    CHECK_IS(weir_sem_acquire(&s, 1), 0);
    CHECK_IS(weir_sem_available(&s), 0);
    CHECK_IS(weir_sem_try_acquire(&s, 1), WEIR_EAGAIN);
    CHECK_IS(weir_sem_acquire_until(&s, 1, -1), WEIR_ETIMEDOUT);
    CHECK_IS(weir_sem_release(&s, 1), 0);
    CHECK_IS(weir_sem_try_acquire(&s, 2), WEIR_EAGAIN);
    CHECK_IS(weir_sem_available(&s), 1);
    CHECK_IS(weir_sem_release(&s, 4), 0);
    check_free(&s, 5);
}

void m01_waits(void) {
    weir_sem s = WEIR_SEM_INIT(3);
    struct acquirer a;
    CHECK_IS(weir_sem_acquire(&s, 2), 0);
    weir_time d = weir_after(3 * MS);
    check_late(weir_sem_acquire_until(&s, 2, d), d);
    CHECK_IS(weir_sem_available(&s), 1);
    acquire_waits(&a, &s, 2);
    CHECK_IS(weir_sem_release(&s, 1), 0);
    CHECK_IS(acquire_end(&a), 0);
    CHECK_IS(weir_sem_available(&s), 0);
    CHECK_IS(weir_sem_release(&s, 3), 0);
    check_free(&s, 3);
}

void m01_behind(void) {
    weir_sem s = WEIR_SEM_INIT(4);
    struct acquirer front, behind;
    CHECK_IS(weir_sem_acquire(&s, 2), 0);
    acquire_waits(&front, &s, 3);
    acquire_waits(&behind, &s, 1); /* 2 are free */
    CHECK_IS(weir_sem_available(&s), 2);
    CHECK_IS(weir_sem_release(&s, 2), 0);
    CHECK_IS(acquire_end(&front), 0);
    CHECK_IS(acquire_end(&behind), 0);
    CHECK_IS(weir_sem_release(&s, 4), 0);
    check_free(&s, 4);
}

void m01_walk(void) {
    for (uint32_t size = 0; size <= 9; size += 3) {
        weir_sem s;
        uint32_t held = 0;
        CHECK_IS(weir_sem_init(&s, size), 0);
        for (size_t k = times(20000); k > 0 && checks_hold(); k--) {
            uint32_t n = (uint32_t)rng_below(size + 3);
            if (rng_below(2)) {
                int want = n > size ? WEIR_ETOOBIG : n > size - held ? WEIR_EAGAIN : 0;
                CHECK_IS(weir_sem_try_acquire(&s, n), want);
                if (want == 0) held += n;
            } else {
                n = n > held ? held : n;
                CHECK_IS(weir_sem_release(&s, n), 0);
                held -= n;
            }
            CHECK_IS(weir_sem_available(&s), size - held);
        }
        CHECK_IS(weir_sem_release(&s, held), 0);
        check_free(&s, size);
    }
}

/* ---- M04 ---------------------------------------------------------------------------------------------------- */

void m04_too_big(void) {
    weir_sem s = WEIR_SEM_INIT(2);
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER), *late = ctx_open(NULL, weir_after(5 * MS));
    struct acquirer a, b;
    acquire_start_with(&a, &s, 3, WEIR_FOREVER, ctx);
    acquire_sleeps(&a);
    CHECK_IS(weir_sem_try_acquire(&s, 2), 0); /* in nobody's way */
    acquire_waits(&b, &s, 2);
    CHECK_IS(weir_sem_release(&s, 2), 0);
    CHECK_IS(acquire_end(&b), 0);
    CHECK(!call_returns(&a.call, 3), "3 units of 2 were granted");
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    CHECK_IS(acquire_end(&a), WEIR_ECANCELED);
    CHECK_IS(weir_sem_acquire_wait(&s, 3, WEIR_FOREVER, late), WEIR_ETIMEDOUT);
    CHECK(weir_now() >= weir_ctx_deadline(late), "early");
    weir_time d = weir_after(3 * MS);
    check_late(weir_sem_acquire_until(&s, WEIR_SEM_MAX + 1, d), d);
    check_late(weir_sem_acquire_until(&s, 3, -1), -1);
    CHECK_IS(weir_sem_release(&s, 2), 0);
    check_free(&s, 2);
    weir_ctx_unref(ctx);
    weir_ctx_unref(late);
}

void m04_at_once(void) {
    weir_sem s = WEIR_SEM_INIT(2), none = WEIR_SEM_INIT(0);
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    CHECK_IS(weir_sem_acquire(&s, 3), WEIR_ETOOBIG);
    CHECK_IS(weir_sem_acquire_wait(&s, 3, WEIR_FOREVER, weir_ctx_background()), WEIR_ETOOBIG);
    CHECK_IS(weir_sem_try_acquire(&s, 3), WEIR_ETOOBIG);
    CHECK_IS(weir_sem_acquire_wait(&s, UINT32_MAX, WEIR_NOW, ctx), WEIR_ETOOBIG);
    CHECK_IS(weir_sem_acquire(&none, 1), WEIR_ETOOBIG);
    check_free(&s, 2);
    check_free(&none, 0);
    weir_ctx_unref(ctx);
}

/* ---- M06 ---------------------------------------------------------------------------------------------------- */

void m06_ended(void) {
    static const weir_time deadlines[] = { WEIR_NOW, -1, 1, WEIR_FOREVER };
    weir_sem s = WEIR_SEM_INIT(2);
    weir_ctx *cancelled = ctx_open(NULL, WEIR_FOREVER), *late = ctx_open(NULL, 1);
    CHECK_IS(weir_ctx_cancel(cancelled, 77), 0);
    for (uint32_t n = 0; n < 4; n++) {
        for (size_t i = 0; i < 4; i++) {
            CHECK_IS(weir_sem_acquire_wait(&s, n, deadlines[i], cancelled), WEIR_ECANCELED);
            CHECK_IS(weir_sem_acquire_wait(&s, n, deadlines[i], late), WEIR_ETIMEDOUT);
        }
    }
    check_free(&s, 2);
    weir_ctx_unref(cancelled);
    weir_ctx_unref(late);
}

/* ---- M08 ---------------------------------------------------------------------------------------------------- */

void m08_beyond(void) {
    count_misuse(true);
    for (uint32_t held = 0; held <= 3; held++) {
        weir_sem s = WEIR_SEM_INIT(3);
        CHECK_IS(weir_sem_acquire(&s, held), 0);
        CHECK_IS(weir_sem_release(&s, held + 1), WEIR_EINVAL);
        CHECK_IS(weir_sem_release(&s, UINT32_MAX), WEIR_EINVAL);
        CHECK_IS(weir_sem_available(&s), 3 - held);
        CHECK_IS(weir_sem_release(&s, held), 0);
        check_free(&s, 3);
    }
    CHECK_IS(misuse_counted(), 8);
    count_misuse(false);
}

void m08_beyond_waiters(void) {
    weir_sem s = WEIR_SEM_INIT(3);
    struct acquirer front, behind;
    count_misuse(true);
    CHECK_IS(weir_sem_acquire(&s, 2), 0);
    acquire_waits(&front, &s, 3);
    acquire_waits(&behind, &s, 1);
    CHECK_IS(weir_sem_release(&s, 3), WEIR_EINVAL);
    CHECK_IS(weir_sem_release(&s, UINT32_MAX), WEIR_EINVAL);
    CHECK_IS(weir_sem_available(&s), 1);
    CHECK(!call_returns(&front.call, 3) && !call_done(&behind.call), "a waiter was served");
    CHECK_IS(misuse_counted(), 2);
    CHECK_IS(weir_sem_release(&s, 2), 0);
    CHECK_IS(acquire_end(&front), 0);
    CHECK_IS(weir_sem_release(&s, 3), 0);
    CHECK_IS(acquire_end(&behind), 0);
    CHECK_IS(weir_sem_release(&s, 1), 0);
    check_free(&s, 3);
    count_misuse(false);
}

void m08_bad_arguments(void) {
    weir_sem s = WEIR_SEM_INIT(1);
    count_misuse(true);
    CHECK_IS(weir_sem_acquire(NULL, 1), WEIR_EINVAL);
    CHECK_IS(weir_sem_try_acquire(NULL, 0), WEIR_EINVAL);
    CHECK_IS(weir_sem_acquire_until(NULL, 1, -1), WEIR_EINVAL);
    CHECK_IS(weir_sem_release(NULL, 1), WEIR_EINVAL);
    CHECK_IS(weir_sem_init(NULL, 1), WEIR_EINVAL);
    CHECK_IS(weir_sem_init(&s, WEIR_SEM_MAX + 1), WEIR_EINVAL);
    CHECK_IS(weir_sem_size(NULL), 0);
    CHECK_IS(weir_sem_available(NULL), 0);
    CHECK(!weir_sem_waitable(NULL), "a waitable of nothing");
    check_free(&s, 1);
    CHECK_IS(misuse_counted(), 6);
    count_misuse(false);
}

/* ---- M10, limits ---------------------------------------------------------------------------------------------- */

void m10_zero(void) {
    weir_sem s = WEIR_SEM_INIT(1), none = WEIR_SEM_INIT(0);
    struct acquirer one, zero;
    CHECK_IS(weir_sem_acquire(&none, 0), 0);
    CHECK_IS(weir_sem_release(&none, 0), 0);
    CHECK_IS(weir_sem_acquire(&s, 0), 0);
    CHECK_IS(weir_sem_acquire(&s, 1), 0);
    CHECK_IS(weir_sem_acquire(&s, 0), 0);
    CHECK_IS(weir_sem_try_acquire(&s, 0), 0);
    CHECK_IS(weir_sem_release(&s, 0), 0);
    acquire_waits(&one, &s, 1);
    acquire_waits(&zero, &s, 0); /* its turn comes later */
    CHECK_IS(weir_sem_try_acquire(&s, 0), WEIR_EAGAIN);
    CHECK_IS(weir_sem_release(&s, 0), 0); /* changes nothing */
    CHECK(!call_done(&one.call) && !call_done(&zero.call), "a waiter was served");
    CHECK_IS(weir_sem_release(&s, 1), 0);
    CHECK_IS(acquire_end(&one), 0);
    CHECK_IS(acquire_end(&zero), 0);
    CHECK_IS(weir_sem_release(&s, 1), 0);
    check_free(&s, 1);
}

void m_limits(void) {
    weir_sem s = WEIR_SEM_INIT(WEIR_SEM_MAX), none;
    struct acquirer a;
    check_free(&s, WEIR_SEM_MAX);
    CHECK_IS(weir_sem_acquire(&s, WEIR_SEM_MAX), 0);
    CHECK_IS(weir_sem_try_acquire(&s, 1), WEIR_EAGAIN);
    acquire_waits(&a, &s, WEIR_SEM_MAX);
    CHECK_IS(weir_sem_release(&s, WEIR_SEM_MAX), 0);
    CHECK_IS(acquire_end(&a), 0);
    CHECK_IS(weir_sem_release(&s, WEIR_SEM_MAX), 0);
    check_free(&s, WEIR_SEM_MAX);
    CHECK_IS(weir_sem_init(&none, 0), 0);
    CHECK_IS(weir_sem_size(&none), 0);
    CHECK_IS(weir_sem_try_acquire(&none, 1), WEIR_ETOOBIG);
}

#define SEM_ROW(name, fn) { name, fn },
static const struct test tests[] = { SEM_CASES(SEM_ROW) };

int main(int argc, char **argv) {
    return tests_main(argc, argv, "sem", tests, sizeof tests / sizeof *tests);
}
