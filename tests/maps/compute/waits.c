/* SPDX-License-Identifier: MIT */
/* tests/maps/compute/waits.c - who computes and who waits, one step after the other. */
#include <weir/ctx.h>
#include <weir/debug.h>

#include "../../support/points.h"
#include "compute.h"

static int give_five(uint64_t key, uint64_t *val, void *calls) {
    (void)key;
    ++*(unsigned *)calls;
    *val = 5;
    return 0;
}

static void absent_present_in(void *m) {
    unsigned calls = 0;
    uint64_t v = 0;
    CHECK_IS(compute(m, 1, give_five, &calls, &v), 0);
    CHECK_IS(v, 5);
    CHECK_IS(K->put(m, 1, 6), 0);
    CHECK_IS(compute(m, 1, give_five, &calls, &v), WEIR_EEXIST);
    CHECK_IS(v, 6);
    CHECK_IS(calls, 1);
    CHECK_IS(K->del(m, 1), 0);
    CHECK_IS(K->compute(m, 1, give_five, &calls, &v, WEIR_NOW, NULL), 0);
    CHECK_IS(K->compute(m, 2, give_five, &calls, &v, weir_now() - 1, NULL), 0);
    CHECK_IS(v, 5);
    CHECK_IS(calls, 3);
}
void absent_present(void) { each_kind(absent_present_in); }

/* ---- misuse ------------------------------------------------------------------------------------------------- */

static unsigned misuses;
static void count(const char *call, const char *what, void *arg) {
    (void)call;
    (void)what;
    (void)arg;
    misuses++;
}

static int give_rc(uint64_t key, uint64_t *val, void *rc) {
    (void)key;
    *val = 1;
    return *(int *)rc;
}
static int frees(uint64_t key, uint64_t *val, void *m) {
    (void)key;
    *val = (uint64_t)K->close(m);
    return 0;
}

static void bad_input_in(void *m) {
    unsigned calls = 0;
    uint64_t v = 77;
    misuses = 0;
    weir_set_report(count, NULL);
    CHECK_IS(compute(NULL, 1, give_five, &calls, &v), WEIR_EINVAL);
    CHECK_IS(compute(m, 1, NULL, &calls, &v), WEIR_EINVAL);
    CHECK_IS(compute(m, 1, give_five, &calls, NULL), WEIR_EINVAL);
    int rcs[] = { 1, WEIR_EEXIST };
    CHECK_IS(compute(m, 1, give_rc, &rcs[0], &v), WEIR_EINVAL);
    CHECK_IS(compute(m, 1, give_rc, &rcs[1], &v), WEIR_EINVAL);
    CHECK_IS(v, 77);
    CHECK_IS(calls, 0);
    CHECK_IS(misuses, 5);
    CHECK_IS(compute(m, 1, frees, m, &v), 0); /* debug builds */
    CHECK_IS((int)v, WEIR_EINVAL);
    CHECK_IS(misuses, 6);
    weir_set_report(NULL, NULL);
}
void bad_input(void) { each_kind(bad_input_in); }

/* ---- waiting ------------------------------------------------------------------------------------------------ */

static void waiters_share_in(void *m) {
    struct work first = WORK(m, 9, 1), other[3] = { WORK(m, 9, 2), WORK(m, 9, 3), WORK(m, 9, 4) };
    uint64_t v;
    work_start(&first);
    work_runs(&first);
    for (int i = 0; i < 3; i++) {
        work_start(&other[i]);
        work_waits(&other[i]);
    }
    CHECK_IS(K->get(m, 9, &v), WEIR_ENOENT);
    work_let_go(&first);
    CHECK_IS(work_end(&first), 0);
    for (int i = 0; i < 3; i++) {
        CHECK_IS(work_end(&other[i]), WEIR_EEXIST);
        CHECK_IS(other[i].val, 1);
        CHECK_IS(work_calls(&other[i]), 0);
    }
    CHECK_IS(K->get(m, 9, &v), 0);
    CHECK_IS(v, 1);
}
void waiters_share(void) { each_kind(waiters_share_in); }

static void fails_in(void *m) {
    struct work w[4] = { WORK(m, 9, 1), WORK(m, 9, 2), WORK(m, 9, 3), WORK(m, 9, 4) };
    w[0].rc = w[1].rc = FAILED;
    work_start(&w[0]);
    work_runs(&w[0]);
    for (int i = 1; i < 4; i++) {
        work_start(&w[i]);
        work_waits(&w[i]);
    }
    for (int i = 0; i < 2; i++) {
        work_let_go(&w[i]);
        CHECK_IS(work_end(&w[i]), FAILED);
        CHECK_IS(w[i].val, 77);
        work_runs(&w[i + 1]);
        for (int j = i + 2; j < 4; j++) CHECK_IS(work_calls(&w[j]), 0);
    }
    work_let_go(&w[2]);
    CHECK_IS(work_end(&w[2]), 0);
    CHECK_IS(work_end(&w[3]), WEIR_EEXIST);
    CHECK_IS(w[3].val, 3);
    CHECK_IS(work_calls(&w[3]), 0);
}
void fails(void) { each_kind(fails_in); }

/* ---- giving up ---------------------------------------------------------------------------------------------- */

static void gives_up_in(void *m) {
    struct work w = WORK(m, 9, 1), late = WORK(m, 9, 2), cancelled = WORK(m, 9, 3);
    weir_time t = weir_now();
    unsigned calls = 0;
    uint64_t v = 77;
    if (!CHECK_IS(weir_ctx_new(&cancelled.ctx, NULL, WEIR_FOREVER), 0)) return;
    w.rc = FAILED; /* those that have given up are not handed the key */
    work_start(&w);
    work_runs(&w);
    CHECK_IS(K->compute(m, 9, give_five, &calls, &v, WEIR_NOW, NULL), WEIR_EBUSY);
    CHECK_IS(K->compute(m, 9, give_five, &calls, &v, t, NULL), WEIR_ETIMEDOUT);
    late.deadline = weir_after(20 * MS);
    work_start(&late);
    CHECK_IS(work_end(&late), WEIR_ETIMEDOUT);
    CHECK(weir_now() >= late.deadline, "before its time");
    work_start(&cancelled);
    work_waits(&cancelled);
    CHECK_IS(weir_ctx_cancel(cancelled.ctx, 0), 0);
    CHECK_IS(work_end(&cancelled), WEIR_ECANCELED);
    work_let_go(&w);
    CHECK_IS(work_end(&w), FAILED);
    CHECK_IS(work_calls(&late) + work_calls(&cancelled), 0);
    CHECK_IS(K->put(m, 9, 1), 0);
    CHECK_IS(K->compute(m, 9, give_five, &calls, &v, WEIR_FOREVER, cancelled.ctx), WEIR_ECANCELED);
    CHECK_IS(K->compute(m, 8, give_five, &calls, &v, WEIR_FOREVER, cancelled.ctx), WEIR_ECANCELED);
    CHECK_IS(v, 77);
    CHECK_IS(calls, 0);
    weir_ctx_unref(cancelled.ctx);
}
void gives_up(void) { each_kind(gives_up_in); }

static void ends_meanwhile_in(void *m) {
    struct work w = WORK(m, 9, 1), heir = WORK(m, 8, 2), third = WORK(m, 8, 3),
                fail = WORK(m, 8, 4);
    uint64_t v = 0;
    if (!CHECK_IS(weir_ctx_new(&w.ctx, NULL, WEIR_FOREVER), 0)) return;
    w.deadline = weir_after(MS);
    work_start(&w);
    work_runs(&w);
    CHECK_IS(weir_ctx_cancel(w.ctx, 0), 0);
    while (weir_now() <= w.deadline) sleep_ms(1);
    work_let_go(&w);
    CHECK_IS(work_end(&w), 0); /* what was computed is not lost */
    CHECK_IS(K->get(m, 9, &v), 0);
    CHECK_IS(v, 1);
    weir_ctx_unref(w.ctx);
    /* The context of the one that would go on has a deadline, which may have come first. */
    if (!CHECK_IS(weir_ctx_new(&heir.ctx, NULL, weir_after(50 * MS)), 0)) return;
    fail.rc = FAILED;
    work_start(&fail);
    work_runs(&fail);
    work_start(&heir);
    (void)call_sleeps(&heir.call);
    work_start(&third);
    (void)call_sleeps(&third.call);
    while (weir_ctx_err(heir.ctx) == 0) sleep_ms(1);
    work_let_go(&fail);
    work_let_go(&third);
    CHECK_IS(work_end(&fail), FAILED);
    CHECK_IS(work_end(&heir), WEIR_ETIMEDOUT);
    CHECK_IS(work_end(&third), 0);
    CHECK_IS(work_calls(&heir), 0);
    weir_ctx_unref(heir.ctx);
}
void ends_meanwhile(void) { each_kind(ends_meanwhile_in); }

/* ---- beside it ---------------------------------------------------------------------------------------------- */

static void put_meanwhile_in(void *m) {
    struct work w = WORK(m, 9, 1), other = WORK(m, 9, 2);
    uint64_t v = 0;
    work_start(&w);
    work_runs(&w);
    work_start(&other);
    work_waits(&other);
    CHECK_IS(K->del(m, 9), WEIR_ENOENT);
    CHECK_IS(K->put(m, 9, 50), 0);
    CHECK_IS(K->get(m, 9, &v), 0);
    CHECK_IS(v, 50);
    work_let_go(&w);
    CHECK_IS(work_end(&w), WEIR_EEXIST);
    CHECK_IS(w.val, 50);
    CHECK_IS(work_end(&other), WEIR_EEXIST);
    CHECK_IS(other.val, 50);
    /* Removed again: as if it had not been there. */
    struct work again = WORK(m, 8, 3);
    work_start(&again);
    work_runs(&again);
    CHECK_IS(K->put(m, 8, 60), 0);
    CHECK_IS(K->del(m, 8), 0);
    work_let_go(&again);
    CHECK_IS(work_end(&again), 0);
    CHECK_IS(K->get(m, 8, &v), 0);
    CHECK_IS(v, 3);
}
void put_meanwhile(void) { each_kind(put_meanwhile_in); }

static void not_held_up_in(void *m) {
    struct work w = WORK(m, 9, 1);
    unsigned calls = 0;
    uint64_t v = 0;
    void *second = map_open(NULL);
    work_start(&w);
    work_runs(&w);
    for (uint64_t k = 10; k < 300; k++) CHECK_IS(compute(m, k, give_five, &calls, &v), 0);
    CHECK_IS(compute(second, 9, give_five, &calls, &v), 0);
    CHECK_IS(calls, 291);
    CHECK_IS(K->clear(m), 0);
    work_let_go(&w);
    CHECK_IS(work_end(&w), 0);
    CHECK_IS(K->close(second), 0);
}
void not_held_up(void) { each_kind(not_held_up_in); }

struct stopped {
    void *m;
    struct stop stop;
};
static int64_t stopped_call(void *stopped) {
    struct stopped *s = stopped;
    unsigned calls = 0;
    uint64_t v;
    stop_me(&s->stop);
    return compute(s->m, 9, give_five, &calls, &v);
}
static int64_t beside(void *m) {
    unsigned calls = 0;
    uint64_t v = 0;
    for (uint64_t k = 10; k < 300; k++) CHECK_IS(compute(m, k, give_five, &calls, &v), 0);
    CHECK_IS(K->put(m, 9, 4), 0);
    CHECK_IS(compute(m, 9, give_five, &calls, &v), WEIR_EEXIST);
    CHECK_IS(K->del(m, 9), 0);
    return K->get(m, 9, &v);
}
static void stopped_in(void *m) {
    static const char *const points[] = { "compute.owner", "compute.made", "compute.waiters",
                                          "compute.settled" };
    for (size_t i = 0; i < sizeof points / sizeof *points && checks_hold(); i++) {
        struct stopped s = { .m = m };
        struct work waiter = WORK(m, 9, 6);
        struct stop wait;
        struct call owner, other;
        check_context("%s, at %s", K->name, points[i]);
        stop_init(&s.stop, i < 2 ? points[i] : "compute.made");
        stop_init(&wait, points[i]);
        if (i >= 2) s.stop.then = &wait; /* first until somebody waits */
        call_start(&owner, stopped_call, &s);
        if (!stop_wait(&s.stop)) return;
        work_let_go(&waiter);
        work_start(&waiter);
        CHECK(call_sleeps(&waiter.call), "it does not wait");
        if (i >= 2) {
            stop_release(&s.stop);
            if (!stop_wait(&wait)) return;
        }
        call_start(&other, beside, m);
        CHECK(call_returns(&other, 20000), "it is held up");
        stop_release(i < 2 ? &s.stop : &wait);
        CHECK_IS(call_end(&other), WEIR_ENOENT);
        int rc = (int)call_end(&owner);
        CHECK(rc == 0 || rc == WEIR_EEXIST, "%d", rc);
        rc = work_end(&waiter);
        CHECK(rc == 0 || rc == WEIR_EEXIST, "%d", rc);
        CHECK_IS(K->clear(m), 0);
        stop_fini(&s.stop);
        stop_fini(&wait);
    }
}
void stopped(void) { each_kind(stopped_in); }

static int count_entry(uint64_t key, uint64_t val, void *n) {
    (void)key;
    (void)val;
    ++*(unsigned *)n;
    return 0;
}
static int use_map(uint64_t key, uint64_t *val, void *m) {
    uint64_t v = 0;
    unsigned calls = 0, entries = 0;
    CHECK_IS(K->get(m, key, &v), WEIR_ENOENT);
    for (uint64_t k = 1000; k < 1200; k++) CHECK_IS(K->put(m, k, k), 0); /* it grows */
    CHECK_IS(compute(m, key + 1, give_five, &calls, &v), 0);
    CHECK_IS(K->each(m, count_entry, &entries), 0);
    CHECK_IS(entries, 201);
    CHECK_IS(K->del(m, key + 1), 0);
    CHECK_IS(K->clear(m), 0);
    *val = 3;
    return 0;
}
static void uses_map_in(void *m) {
    uint64_t v = 0;
    CHECK_IS(compute(m, 9, use_map, m, &v), 0);
    CHECK_IS(v, 3);
    CHECK_IS(K->get(m, 9, &v), 0);
}
void uses_map(void) { each_kind(uses_map_in); }
