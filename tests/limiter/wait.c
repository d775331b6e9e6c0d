/* SPDX-License-Identifier: MIT */
/* tests/limiter/wait.c - waiting, by the real clock: R09 to R12, R19. */
#include <weir/ctx.h>

#include "cases.h"

typedef int wait_fn(weir_limiter *l, uint32_t n, weir_time deadline, weir_ctx *ctx);
static wait_fn *const waits[] = { weir_limiter_wait, weir_limiter_wait_recheck };

static weir_limiter limiter_now(double rate, uint32_t burst) {
    weir_limiter l;
    CHECK_IS(weir_limiter_init(&l, rate, burst), 0);
    return l;
}

static weir_ctx *ctx_of(weir_time deadline) {
    weir_ctx *ctx = NULL;
    CHECK_IS(weir_ctx_new(&ctx, NULL, deadline), 0);
    return ctx;
}

void r09_wait_above_burst(void) {
    for (int k = 0; k < 2; k++) {
        weir_limiter l = limiter_now(1e-3, 2);
        CHECK_IS(waits[k](&l, 3, WEIR_FOREVER, NULL), WEIR_ETOOBIG);
        CHECK_IS(waits[k](&l, UINT32_MAX, WEIR_NOW, NULL), WEIR_ETOOBIG);
        CHECK_IS(waits[k](&l, 2, WEIR_FOREVER, NULL), 0); /* nothing was taken */
        weir_limiter inf = limiter_now(WEIR_LIMIT_INF, 2);
        CHECK_IS(waits[k](&inf, 3, WEIR_FOREVER, NULL), 0);
    }
}

void r10_ended(void) {
    weir_ctx *c[] = { ctx_of(WEIR_FOREVER), ctx_of(1) };
    CHECK_IS(weir_ctx_cancel(c[0], -5), 0);
    for (int i = 0; i < 4; i++) {
        int err = i / 2 ? WEIR_ETIMEDOUT : WEIR_ECANCELED;
        weir_limiter l = limiter_now(1e-3, 2), inf = limiter_now(WEIR_LIMIT_INF, 0);
        CHECK_IS(waits[i % 2](&l, 1, WEIR_FOREVER, c[i / 2]), err);
        CHECK_IS(waits[i % 2](&l, 1, WEIR_NOW, c[i / 2]), err);
        CHECK_IS(waits[i % 2](&inf, 1, WEIR_FOREVER, c[i / 2]), err);
        CHECK(weir_limiter_allow(&l, 2), "something was taken");
        CHECK_IS(waits[i % 2](&l, 1, WEIR_FOREVER, c[i / 2]), err);
        CHECK(weir_limiter_tokens(&l) >= 0, "something was taken");
    }
    weir_ctx_unref(c[0]);
    weir_ctx_unref(c[1]);
}

void r11_too_late(void) {
    for (int i = 0; i < 8; i++) {
        weir_limiter l = limiter_now(0.01, 1); /* the next one comes in 100 s */
        weir_time soon = i & 4 ? 1 : weir_after(50 * SECOND);
        weir_ctx *ctx = i & 2 ? ctx_of(weir_after(50 * SECOND)) : NULL;
        CHECK_IS(waits[i & 1](&l, 1, soon, NULL), 0); /* also when the deadline has passed */
        weir_time before = weir_now();
        for (int k = 0; k < 10; k++)
            CHECK_IS(waits[i & 1](&l, 1, ctx ? WEIR_FOREVER : soon, ctx), WEIR_ETIMEDOUT);
        CHECK(weir_now() - before < 20 * SECOND, "not at once");
        CHECK(weir_limiter_tokens(&l) >= 0, "something was taken");
        weir_ctx_unref(ctx);
    }
}

/* ---- one call of a thread of its own ---------------------------------------------------------------- */

struct waiter {
    weir_limiter *l;
    wait_fn *wait;
    weir_ctx *ctx;
    struct stop *stop;
    weir_time returned;
    struct call call;
};

static int64_t waits_for_one(void *arg) {
    struct waiter *w = arg;
    if (w->stop) stop_me(w->stop);
    int rc = w->wait(w->l, 1, WEIR_FOREVER, w->ctx);
    w->returned = weir_now();
    return rc;
}

void r12_cancelled(void) {
    for (size_t k = times(10); k > 0 && checks_hold(); k--) {
        weir_limiter l = limiter_now(0.01, 3);
        weir_ctx *ctx = ctx_of(k % 3 ? WEIR_FOREVER : weir_after(5000 * SECOND));
        struct waiter w[3];
        CHECK(weir_limiter_allow(&l, 3), "refused");
        for (int i = 0; i < 3; i++) {
            w[i] = (struct waiter){ .l = &l, .wait = waits[0], .ctx = ctx };
            call_start(&w[i].call, waits_for_one, &w[i]);
            CHECK(call_sleeps(&w[i].call), "returned");
            CHECK(weir_limiter_tokens(&l) < -i, "not reserved");
        }
        CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
        for (int i = 0; i < 3; i++) CHECK_IS(call_end(&w[i].call), WEIR_ECANCELED);
        /* Who comes back before those who came after leaves them theirs: one at least is whole again. */
        double t = weir_limiter_tokens(&l);
        CHECK(t >= -2 && t < 1, "%g tokens", t);
        weir_ctx_unref(ctx);
        ctx = ctx_of(WEIR_FOREVER);
        l = limiter_now(0.01, 3); /* one alone gives back all */
        CHECK(weir_limiter_allow(&l, 3), "refused");
        w[0] = (struct waiter){ .l = &l, .wait = waits[k % 2], .ctx = ctx };
        call_start(&w[0].call, waits_for_one, &w[0]);
        CHECK(call_sleeps(&w[0].call), "returned");
        CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
        CHECK_IS(call_end(&w[0].call), WEIR_ECANCELED);
        CHECK(weir_limiter_tokens(&l) >= 0, "not given back");
        weir_ctx_unref(ctx);
    }
}

void wait_slots(void) {
    for (int k = 0; k < 2; k++) {
        weir_limiter l = limiter_now(500, 1);
        weir_ctx *ctx = ctx_of(weir_after(1000 * SECOND));
        weir_time before = weir_now();
        size_t n = times(20);
        for (size_t i = 0; i <= n; i++)
            CHECK_IS(waits[k](&l, 1, WEIR_FOREVER, i % 2 ? ctx : NULL), 0);
        CHECK(weir_now() - before >= (int64_t)(n - 1) * 2 * MS, "too early");
        weir_ctx_unref(ctx);
    }
}

void wait_now(void) {
    for (int k = 0; k < 2; k++) {
        weir_limiter l = limiter_now(0.01, 1);
        weir_ctx *ctx = ctx_of(WEIR_FOREVER);
        CHECK_IS(waits[k](&l, 1, WEIR_NOW, ctx), 0);
        CHECK_IS(waits[k](&l, 1, WEIR_NOW, ctx), WEIR_EAGAIN);
        CHECK_IS(waits[k](&l, 1, WEIR_NOW, NULL), WEIR_EAGAIN);
        CHECK_IS(waits[k](&l, 1, 1, NULL), WEIR_ETIMEDOUT);
        CHECK(weir_limiter_tokens(&l) >= 0, "something was taken");
        weir_ctx_unref(ctx);
    }
}

/* ---- threads that are stopped when their slot has come ------------------------------------------------ */

/* test(k, ms) with waits[k] and tokens each `ms`; false if a thread came so late that it had not to wait. Then
 * again, with more time. */
static void with_time_enough(bool (*test)(int k, int ms)) {
    for (int k = 0; k < 2; k++) {
        int ms = 20;
        while (!test(k, ms) && CHECK(ms < 5000, "a thread is always late")) ms *= 4;
    }
}

static void start_stopped(struct waiter *w, struct stop *stop, weir_limiter *l, int k,
                          weir_ctx *ctx) {
    stop_init(stop, "limiter.slept");
    *w = (struct waiter){ .l = l, .wait = waits[k], .ctx = ctx, .stop = stop };
    call_start(&w->call, waits_for_one, w);
}

/* R10: the slot of the one is its own by then; the other has taken nothing yet. */
static bool ended_late(int k, int ms) {
    weir_limiter l = limiter_now(1000.0 / ms, 1);
    weir_ctx *ctx = ctx_of(WEIR_FOREVER);
    struct stop stop;
    struct waiter w;
    CHECK(weir_limiter_allow(&l, 1), "refused");
    start_stopped(&w, &stop, &l, k, ctx);
    bool slept = stop_reached(&stop, 1000 + ms);
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    stop_release(&stop);
    int64_t rc = call_end(&w.call);
    CHECK(!slept || rc == (k == 0 ? 0 : WEIR_ECANCELED), "%lld", (long long)rc);
    stop_fini(&stop);
    weir_ctx_unref(ctx);
    return slept;
}

void r10_ended_late(void) { with_time_enough(ended_late); }

#define LATE 3

/* R19: three are let go together, after all their slots. All have their slots, and go; or one goes, and the others
 * look again. */
static bool bunch(int k, int ms) {
    weir_limiter l = limiter_now(1000.0 / ms, 1);
    struct stop stop[LATE];
    struct waiter w[LATE];
    bool slept = true;
    CHECK(weir_limiter_allow(&l, 1), "refused");
    for (int i = 0; i < LATE; i++) start_stopped(&w[i], &stop[i], &l, k, NULL);
    for (int i = 0; i < LATE; i++) slept = stop_reached(&stop[i], 1000 + LATE * ms) && slept;
    sleep_ms((LATE + 1) * ms);
    weir_time go = weir_now(), last = 0;
    for (int i = 0; i < LATE; i++) stop_release(&stop[i]);
    for (int i = 0; i < LATE; i++) {
        CHECK_IS(call_end(&w[i].call), 0);
        if (w[i].returned > last) last = w[i].returned;
        stop_fini(&stop[i]);
    }
    if (k == 0) CHECK(!slept || weir_limiter_tokens(&l) > 0, "they have waited once more");
    if (k == 1)
        CHECK(!slept || last - go >= (LATE - 1) * ms * MS, "three within %lld ns",
              (long long)(last - go));
    return slept;
}

void r19_recheck(void) { with_time_enough(bunch); }
