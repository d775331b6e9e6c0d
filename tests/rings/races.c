/* SPDX-License-Identifier: MIT */
/* tests/rings/races.c - scripts through the points of weir_mpmc: the windows in which a wake-up could be
 * spent on the wrong thread or fall between a decision and a sleep. In each, at the end, nobody sleeps
 * beside an element that is ready, or beside room. */
#include "cases.h"
#include "ring.h"

#include "../support/points.h"

#include <string.h>

#include <weir/mpmc.h>

#define SIZE 8
#define MS INT64_C(1000000)

/* A thread that makes one call, and may stop at a point. */
struct actor {
    struct ring *q;
    struct stop stop;
    struct call call;
    uint64_t id;
    weir_time deadline;
    bool push, wait;
};

static int64_t act(void *arg) {
    struct actor *a = arg;
    char elem[SIZE];
    int64_t rc;
    item_make(elem, SIZE, a->id);
    if (a->stop.at) stop_me(&a->stop);
    if (a->push)
        rc = a->wait ? R.push_wait(a->q->in, elem, a->deadline, NULL) : R.try_push(a->q->in, elem);
    else
        rc = a->wait ? R.pop_wait(a->q->out, elem, a->deadline, NULL) : R.try_pop(a->q->out, elem);
    if (rc == 0 && !a->push) a->id = item_id(elem);
    return rc;
}

/* A pusher or popper that stops at `point`; stands there afterwards. */
static void stop_actor(struct actor *a, struct ring *q, bool push, uint64_t id, const char *point) {
    *a = (struct actor){ .q = q, .push = push, .id = id };
    stop_init(&a->stop, point);
    call_start(&a->call, act, a);
    (void)stop_wait(&a->stop);
}

static int64_t let_go(struct actor *a) {
    stop_release(&a->stop);
    int64_t rc = call_end(&a->call);
    stop_fini(&a->stop);
    return rc;
}

/* A waiting pusher or popper; asleep afterwards. */
static void sleep_actor(struct actor *a, struct ring *q, bool push, uint64_t id,
                        weir_time deadline) {
    *a = (struct actor){ .q = q, .push = push, .id = id, .wait = true, .deadline = deadline };
    call_start(&a->call, act, a);
    if (deadline == WEIR_FOREVER) CHECK(call_sleeps(&a->call), "a call that must wait returned");
}

static uint64_t parked(const struct ring *q) {
    const weir_mpmc *r = q->in;
    return weir_load_relaxed(&r->waiters_) & ~WEIR__MPMC_FENCE;
}

/* ---- wake one more ------------------------------------------------------------------------------------- */

/* Two poppers sleep. The push of slot 0 stops after its claim; slot 1 is published, and wakes one
 * popper, which finds slot 0 unready and sleeps again. Then slot 0 is published: that wakes one, which
 * must wake the other, because slot 1's wake was spent. */
static void one_more_pop(const char *point, int extra) {
    struct ring q;
    struct actor a, b, x;
    check_context("%s, %d behind", point, extra);
    if (!ring_open(&q, 4, SIZE)) return;
    sleep_actor(&a, &q, false, 0, WEIR_FOREVER);
    sleep_actor(&b, &q, false, 0, WEIR_FOREVER);
    stop_actor(&x, &q, true, 1, point);
    push_ids(&q, SIZE, 2, (size_t)extra);
    CHECK(call_sleeps(&a.call) && call_sleeps(&b.call),
          "a popper was served beside a push in flight");
    CHECK_IS(parked(&q), 2);
    CHECK_IS(let_go(&x), 0);
    CHECK_IS(call_end(&a.call), 0);
    CHECK_IS(call_end(&b.call), 0);
    CHECK(a.id + b.id == 3 && a.id != b.id, "elements %llu and %llu", (unsigned long long)a.id,
          (unsigned long long)b.id);
    pop_ids(&q, SIZE, 3, (size_t)extra - 1);
    CHECK_IS(parked(&q), 0);
    ring_close(&q);
}

void wait_one_more_pop(void) {
    for (size_t k = times(3); k > 0 && checks_hold(); k--) {
        one_more_pop("mpmc.push.claimed", 1);
        one_more_pop("mpmc.push.copied", 1);
        one_more_pop("mpmc.push.claimed", 2);
        one_more_pop("mpmc.push.copied", 3);
    }
}

/* The mirror: a full ring, two pushers asleep, the pop of slot 0 stopped, slot 1 given back. */
static void one_more_push(const char *point, size_t extra) {
    struct ring q;
    struct actor a, b, x;
    check_context("%s, %zu behind", point, extra);
    if (!ring_open(&q, 4, SIZE)) return;
    push_ids(&q, SIZE, 0, 4);
    sleep_actor(&a, &q, true, 50, WEIR_FOREVER);
    sleep_actor(&b, &q, true, 51, WEIR_FOREVER);
    stop_actor(&x, &q, false, 0, point);
    pop_ids(&q, SIZE, 1, extra);
    CHECK(call_sleeps(&a.call) && call_sleeps(&b.call),
          "a pusher was served beside a pop in flight");
    CHECK_IS(let_go(&x), 0);
    CHECK_IS(call_end(&a.call), 0);
    CHECK_IS(call_end(&b.call), 0);
    CHECK_IS(R.len(q.in), 4 - 1 - extra + 2);
    CHECK_IS(parked(&q), 0);
    ring_close(&q);
}

void wait_one_more_push(void) {
    for (size_t k = times(3); k > 0 && checks_hold(); k--) {
        one_more_push("mpmc.pop.claimed", 1);
        one_more_push("mpmc.pop.copied", 1);
        one_more_push("mpmc.pop.claimed", 2);
        one_more_push("mpmc.pop.copied", 3);
    }
}

/* ---- close ----------------------------------------------------------------------------------------------- */

/* A push has claimed when the ring is closed: it counts as inside. Poppers asleep are woken by the
 * close, find head != tail and no element, and must sleep again, not end. Then one gets it, and the
 * others end. */
static void close_in_flight(const char *point, size_t poppers) {
    struct ring q;
    struct actor p[4], x;
    size_t served = 0, ended = 0;
    check_context("%s, %zu poppers", point, poppers);
    if (!ring_open(&q, 4, SIZE)) return;
    for (size_t i = 0; i < poppers; i++) sleep_actor(&p[i], &q, false, 0, WEIR_FOREVER);
    stop_actor(&x, &q, true, 7, point);
    CHECK_IS(R.close(q.in), 0);
    for (size_t i = 0; i < poppers; i++)
        CHECK(call_sleeps(&p[i].call), "a popper ended before the last element was popped");
    CHECK_IS(let_go(&x), 0);
    for (size_t i = 0; i < poppers; i++) {
        int64_t rc = call_end(&p[i].call);
        served += rc == 0 && p[i].id == 7;
        ended += rc == WEIR_ECLOSED;
    }
    CHECK(served == 1 && ended == poppers - 1, "%zu served, %zu ended", served, ended);
    CHECK_IS(parked(&q), 0);
    ring_close(&q);
}

void wait_close_in_flight(void) {
    for (size_t poppers = 1; poppers <= 4; poppers++) {
        close_in_flight("mpmc.push.claimed", poppers);
        close_in_flight("mpmc.push.copied", poppers);
    }
}

/* The ring is closed with one element inside; its pop stops at a point. Another popper arrives: from
 * the claim on, the ring is drained for it. One that slept is woken by whoever drains. */
static void close_drained(const char *point) {
    struct ring q;
    struct actor x, late;
    char elem[SIZE];
    check_context("%s", point);
    if (!ring_open(&q, 4, SIZE)) return;
    push_ids(&q, SIZE, 7, 1);
    CHECK_IS(R.close(q.in), 0);
    stop_actor(&x, &q, false, 0, point);
    CHECK_IS(R.try_pop(q.out, elem), WEIR_ECLOSED);
    late = (struct actor){ .q = &q, .wait = true, .deadline = WEIR_FOREVER };
    call_start(&late.call, act, &late);
    CHECK_IS(call_end(&late.call), WEIR_ECLOSED);
    CHECK_IS(let_go(&x), 0);
    CHECK_IS(x.id, 7);
    ring_close(&q);
}

/* Three sleep when the push of the last element is published and the ring closed, before the pusher has
 * woken anybody: the close wakes them, one finds the element, and the rest end. */
static void drained_by_sleeper(void) {
    struct ring q;
    struct actor p[3], x;
    size_t served = 0;
    check_context("taken by a sleeper");
    if (!ring_open(&q, 4, SIZE)) return;
    for (size_t i = 0; i < 3; i++) sleep_actor(&p[i], &q, false, 0, WEIR_FOREVER);
    stop_actor(&x, &q, true, 7, "mpmc.push.stamped");
    CHECK_IS(R.close(q.in), 0);
    for (size_t i = 0; i < 3; i++) {
        int64_t rc = call_end(&p[i].call);
        served += rc == 0;
        CHECK(rc == 0 ? p[i].id == 7 : rc == WEIR_ECLOSED, "%lld", (long long)rc);
    }
    CHECK_IS(served, 1);
    CHECK_IS(let_go(&x), 0);
    ring_close(&q);
}

/* Three sleep beside a push in flight, the ring closed. The push is published, but its thread stops
 * before it looks for sleepers; a thread that never slept takes the element with a try call. It is the
 * one that drains, so it must wake all three. */
static void drained_by_try(bool batch) {
    struct ring q;
    struct actor p[3], x = { .q = &q, .push = true, .id = 7 };
    struct stop stamped;
    char elem[SIZE];
    check_context("taken by a try call%s", batch ? " of a batch" : "");
    if (!ring_open(&q, 4, SIZE)) return;
    for (size_t i = 0; i < 3; i++) sleep_actor(&p[i], &q, false, 0, WEIR_FOREVER);
    stop_init(&x.stop, "mpmc.push.claimed");
    stop_init(&stamped, "mpmc.push.stamped");
    x.stop.then = &stamped;
    call_start(&x.call, act, &x);
    (void)stop_wait(&x.stop);
    CHECK_IS(R.close(q.in), 0);
    for (size_t i = 0; i < 3; i++) CHECK(call_sleeps(&p[i].call), "a popper ended too early");
    stop_release(&x.stop);
    (void)stop_wait(&stamped);
    CHECK_IS(parked(&q), 3);
    CHECK_IS(batch ? R.try_pop_n(q.out, elem, 1) : R.try_pop(q.out, elem), batch ? 1 : 0);
    for (size_t i = 0; i < 3; i++) CHECK_IS(call_end(&p[i].call), WEIR_ECLOSED);
    stop_release(&stamped);
    CHECK_IS(call_end(&x.call), 0);
    stop_fini(&stamped);
    stop_fini(&x.stop);
    ring_close(&q);
}

void wait_close_drained(void) {
    close_drained("mpmc.pop.claimed");
    close_drained("mpmc.pop.copied");
    close_drained("mpmc.pop.stamped");
    drained_by_sleeper();
    drained_by_try(false);
    drained_by_try(true);
}

/* ---- a timeout races a wake-up ---------------------------------------------------------------------------- */

/* The sleeper has been chosen, but not woken, when its deadline passes. `robbed`: the element is gone by
 * then. False: this machine was too slow for the deadline, nothing was shown. */
static bool timeout_race(bool push, bool robbed, int ms) {
    struct ring q;
    struct actor w, x = { .q = &q, .push = !push, .id = 5 };
    check_context("a %s is late%s", push ? "pusher" : "popper", robbed ? ", robbed" : "");
    if (!ring_open(&q, 2, SIZE)) return true;
    if (push) push_ids(&q, SIZE, 1, 2);
    weir_time deadline = weir_after(ms * MS);
    sleep_actor(&w, &q, push, 9, deadline);
    bool shown = call_sleeps(&w.call);
    stop_init(&x.stop, "lot.taken");
    call_start(&x.call, act, &x);
    while (shown && !stop_reached(&x.stop, 1))
        if (call_done(&x.call)) shown = false;
    if (shown && robbed && push) push_ids(&q, SIZE, 3, 1);
    if (shown && robbed && !push) pop_ids(&q, SIZE, 5, 1);
    if (shown && weir_now() >= deadline) shown = false; /* it may have gone on before */
    int64_t rc = call_end(&w.call); /* its thread has ended when the waker goes on */
    if (shown && robbed)
        CHECK(rc == WEIR_ETIMEDOUT && weir_now() >= deadline, "%lld", (long long)rc);
    if (shown && !robbed) CHECK_IS(rc, 0); /* what is ready at the deadline is delivered */
    if (shown && !robbed && !push) CHECK_IS(w.id, 5);
    CHECK_IS(let_go(&x), 0);
    if (shown) CHECK_IS(R.len(q.in), push ? 2 : 0);
    CHECK_IS(parked(&q), 0);
    ring_close(&q);
    return shown;
}

static void timeout_races(bool push, bool robbed) {
    int ms = 60;
    while (!timeout_race(push, robbed, ms) && checks_hold() && ms < 5000) ms *= 2;
    CHECK(ms < 5000, "never in time");
}

/* Deadlines around the time of the push, many times: an element is either popped or still there. */
static void timeout_at_random(void) {
    struct ring q;
    size_t served = 0, rounds = times(300);
    check_context("at random");
    if (!ring_open(&q, 2, SIZE)) return;
    points_delay(true);
    for (size_t k = 0; k < rounds && checks_hold(); k++) {
        struct actor w;
        sleep_actor(&w, &q, false, 0, weir_after((int64_t)rng_below(300000)));
        weir_time until = weir_after((int64_t)rng_below(250000));
        while (weir_now() < until) weir_pause();
        push_ids(&q, SIZE, k, 1);
        int64_t rc = call_end(&w.call);
        CHECK(rc == 0 || rc == WEIR_ETIMEDOUT, "%lld", (long long)rc);
        served += rc == 0;
        if (rc != 0) pop_ids(&q, SIZE, k, 1);
        CHECK_IS(R.len(q.in), 0);
    }
    points_delay(false);
    CHECK(served > 0, "no round of %zu was served in time", rounds);
    ring_close(&q);
}

void wait_timeout_races(void) {
    for (int push = 0; push < 2; push++)
        for (int robbed = 0; robbed < 2; robbed++) timeout_races(push, robbed);
    timeout_at_random();
}

/* ---- WEIR_NOW --------------------------------------------------------------------------------------------- */

void wait_now_busy(void) {
    struct ring q;
    struct actor x;
    char elem[SIZE] = "";
    if (!ring_open(&q, 2, SIZE)) return;
    stop_actor(&x, &q, true, 1, "mpmc.push.claimed");
    CHECK_IS(R.pop_wait(q.out, elem, WEIR_NOW, NULL), WEIR_EBUSY);
    CHECK_IS(R.pop_n_wait(q.out, elem, 1, WEIR_NOW, NULL), WEIR_EBUSY);
    CHECK_IS(R.pop_wait(q.out, elem, weir_now() - 1, NULL), WEIR_ETIMEDOUT); /* never EBUSY */
    CHECK_IS(R.pop_wait(q.out, elem, -5, NULL), WEIR_ETIMEDOUT);
    CHECK_IS(let_go(&x), 0);
    CHECK_IS(R.pop_wait(q.out, elem, WEIR_NOW, NULL), 0);
    push_ids(&q, SIZE, 1, 2);
    stop_actor(&x, &q, false, 0, "mpmc.pop.claimed");
    CHECK_IS(R.push_wait(q.in, elem, WEIR_NOW, NULL), WEIR_EBUSY);
    CHECK_IS(R.push_n_wait(q.in, elem, 1, WEIR_NOW, NULL), WEIR_EBUSY);
    CHECK_IS(R.push_wait(q.in, elem, weir_now() - 1, NULL), WEIR_ETIMEDOUT);
    CHECK_IS(let_go(&x), 0);
    CHECK_IS(R.push_wait(q.in, elem, WEIR_NOW, NULL), 0);
    ring_close(&q);
}
