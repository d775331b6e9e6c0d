/* SPDX-License-Identifier: MIT */
/* tests/rings/wakeups.c - no wake-up is lost: many rounds of sleeping and waking, with delays at random
 * places, timeouts and signals. What hangs is shown by test_hangs with the ring's words. */
#include <weir/ctx.h>

#include "cases.h"
#include "ring.h"

#include "../support/points.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define SIZE 8
#define MS INT64_C(1000000)

/* ---- one sleeper, each time -------------------------------------------------------------------------- */

static int64_t pop_wait(void *arg) {
    struct ring *q = arg;
    char elem[SIZE];
    int rc = R.pop_wait(q->out, elem, WEIR_FOREVER, NULL);
    return rc < 0 ? rc : (int64_t)item_id(elem);
}

static int64_t push_wait(void *arg) {
    struct ring *q = arg;
    char elem[SIZE];
    item_make(elem, SIZE, 99);
    return R.push_wait(q->in, elem, WEIR_FOREVER, NULL);
}

void wait_wakes_popper(void) {
    for (size_t cap = 1; cap <= 3; cap++) {
        struct ring q;
        if (!ring_open(&q, cap, SIZE)) return;
        for (size_t k = times(12); k > 0 && checks_hold(); k--) {
            struct call c;
            call_start(&c, pop_wait, &q);
            if (k % 4) CHECK(call_sleeps(&c), "it returned");
            push_ids(&q, SIZE, k, 1);
            CHECK_IS(call_end(&c), k);
        }
        ring_close(&q);
    }
}

void wait_wakes_pusher(void) {
    for (size_t cap = 1; cap <= 3; cap++) {
        struct ring q;
        if (!ring_open(&q, cap, SIZE)) return;
        for (size_t k = times(12); k > 0 && checks_hold(); k--) {
            struct call c;
            push_ids(&q, SIZE, 1, cap);
            call_start(&c, push_wait, &q);
            if (k % 4) CHECK(call_sleeps(&c), "it returned");
            pop_ids(&q, SIZE, 1, 1);
            CHECK_IS(call_end(&c), 0);
            pop_ids(&q, SIZE, 2, cap - 1);
            pop_ids(&q, SIZE, 99, 1);
        }
        ring_close(&q);
    }
}

#define SLEEPERS 4

/* All sleep; one batch serves all of them. */
static void batch_wakes(bool push) {
    struct call c[SLEEPERS];
    struct ring q;
    char elems[SLEEPERS * SIZE];
    check_context("%s asleep", push ? "pushers" : "poppers");
    if (!ring_open(&q, SLEEPERS, SIZE)) return;
    if (push) push_ids(&q, SIZE, 1, SLEEPERS);
    for (size_t i = 0; i < SLEEPERS; i++) call_start(&c[i], push ? push_wait : pop_wait, &q);
    for (size_t i = 0; i < SLEEPERS; i++) CHECK(call_sleeps(&c[i]), "it returned");
    for (size_t i = 0; i < SLEEPERS; i++) item_make(elems + i * SIZE, SIZE, 10 + i);
    CHECK_IS(push ? R.try_pop_n(q.out, elems, SLEEPERS) : R.try_push_n(q.in, elems, SLEEPERS),
             SLEEPERS);
    int64_t sum = 0;
    for (size_t i = 0; i < SLEEPERS; i++) sum += call_end(&c[i]);
    CHECK_IS(sum, push ? 0 : 10 + 11 + 12 + 13);
    CHECK_IS(R.len(q.in), push ? SLEEPERS : 0);
    ring_close(&q);
}

void wait_batch_wakes(void) {
    for (size_t k = times(5); k > 0 && checks_hold(); k--) {
        batch_wakes(false);
        batch_wakes(true);
    }
}

/* ---- rounds: many sleeps on both sides --------------------------------------------------------------- */

struct rounds {
    struct ring q;
    size_t sides, n;
    bool timed;        /* a part of the calls has a short deadline, and is made again */
    weir_au64 in, out; /* sums of what was pushed and popped */
    weir_au64 timeouts;
};

/* Mostly waits for ever; with `timed` until it is served. Its share is exact, so a lost element or
 * wake-up leaves somebody waiting for ever. */
static bool served(struct rounds *r, bool push, char *elem) {
    for (;;) {
        weir_time d =
            r->timed && rng_below(4) ? weir_after((int64_t)rng_below(60000)) : WEIR_FOREVER;
        int rc = push ? R.push_wait(r->q.in, elem, d, NULL) : R.pop_wait(r->q.out, elem, d, NULL);
        if (rc != WEIR_ETIMEDOUT) return CHECK(rc == 0, "a wait returned %d", rc);
        (void)weir_fetch_add_relaxed(&r->timeouts, 1);
        if (!CHECK(d != WEIR_FOREVER, "a wait without deadline is late")) return false;
    }
}

static void rounds_member(void *arg, size_t i) {
    struct rounds *r = arg;
    bool push = i < r->sides;
    char elem[SIZE];
    for (size_t k = 0; k < r->n && checks_hold(); k++) {
        uint64_t id = i * r->n + k;
        item_make(elem, SIZE, id);
        if (!served(r, push, elem)) return;
        (void)weir_fetch_add_relaxed(push ? &r->in : &r->out, item_id(elem));
        random_delay();
    }
}

/* Returns how many calls were late. */
static uint64_t rounds(size_t sides, size_t cap, size_t n, bool timed, bool delay) {
    struct rounds r = { .sides = sides, .n = times(n), .timed = timed };
    check_context("%zu threads a side, cap %zu%s%s", sides, cap, timed ? ", timeouts" : "",
                  delay ? ", delays" : "");
    if (!checks_hold() || !ring_open(&r.q, cap, SIZE)) return 0;
    points_delay(delay);
    team_run(2 * sides, rounds_member, &r);
    points_delay(false);
    CHECK_IS(weir_load_relaxed(&r.in), weir_load_relaxed(&r.out));
    CHECK_IS(R.len(r.q.out), 0);
    ring_close(&r.q);
    return weir_load_relaxed(&r.timeouts);
}

static void all_rounds(bool timed) {
    static const size_t caps[] = { 1, 2, 5 };
    uint64_t late = 0;
    for (size_t c = 0; c < 3; c++) {
        for (int delay = 0; delay < 2; delay++) {
            late += rounds(1, caps[c], delay ? 600 : 4000, timed, delay);
            late += rounds(4, caps[c], delay ? 200 : 1500, timed, delay);
        }
    }
    if (timed && times(1000) >= 1000) CHECK(late > 0, "no call was ever late: it shows nothing");
}

void wait_rounds(void) { all_rounds(false); }
void wait_timeouts(void) { all_rounds(true); }

/* ---- close at any moment ----------------------------------------------------------------------------- */

/* Threads on their way to sleep when the ring is closed, or their context cancelled: after a try that failed, before they are
 * counted as waiters, or later. Each has to return. A ring per round. */
#define CLOSE_WAITERS 3

struct closing {
    struct ring q;
    weir_ctx *ctx; /* cancelled instead, if cancel is set */
    bool cancel;
    pthread_barrier_t begin, end;
    size_t rounds;
    bool push;
};

static void closing_member(void *arg, size_t i) {
    struct closing *c = arg;
    char elem[SIZE] = "";
    for (size_t k = 0; k < c->rounds; k++) {
        if (i == 0) {
            if (!ring_open(&c->q, 2, SIZE)) test_hangs("no ring");
            if (c->cancel && weir_ctx_new(&c->ctx, NULL, WEIR_FOREVER) < 0)
                test_hangs("no context");
            if (c->push) push_ids(&c->q, SIZE, 1, 2);
        }
        (void)pthread_barrier_wait(&c->begin);
        if (i == 0) {
            weir_time until = weir_after((int64_t)rng_below(k % 8 ? 40000 : 400000));
            while (weir_now() < until) weir_pause();
            CHECK_IS(c->cancel ? weir_ctx_cancel(c->ctx, 0) : R.close(c->q.in), 0);
        } else {
            int rc = c->push ? R.push_wait(c->q.in, elem, WEIR_FOREVER, c->ctx)
                             : R.pop_wait(c->q.out, elem, WEIR_FOREVER, c->ctx);
            CHECK_IS(rc, c->cancel ? WEIR_ECANCELED : WEIR_ECLOSED);
        }
        (void)pthread_barrier_wait(&c->end);
        if (i == 0) {
            weir_ctx_unref(c->ctx);
            c->ctx = NULL;
            ring_close(&c->q);
        }
    }
}

static void close_rounds(bool push, bool cancel, size_t rounds) {
    struct closing c = { .rounds = times(rounds), .push = push, .cancel = cancel };
    check_context("%s wait", push ? "pushers" : "poppers");
    (void)pthread_barrier_init(&c.begin, NULL, CLOSE_WAITERS + 1);
    (void)pthread_barrier_init(&c.end, NULL, CLOSE_WAITERS + 1);
    team_run(CLOSE_WAITERS + 1, closing_member, &c);
    (void)pthread_barrier_destroy(&c.begin);
    (void)pthread_barrier_destroy(&c.end);
}

static void any_moment(bool cancel) {
    for (int push = 0; push < 2; push++) {
        close_rounds(push, cancel, 600);
        points_delay(true);
        close_rounds(push, cancel, 60);
        points_delay(false);
    }
}

void wait_close_rounds(void) { any_moment(false); }
void wait_cancel_rounds(void) { any_moment(true); }

/* ---- signals --------------------------------------------------------------------------------------------- */

static weir_au32 signals_taken;

static void on_signal(int sig) {
    (void)sig;
    (void)weir_fetch_add_relaxed(&signals_taken, 1);
}

static int64_t pop_late(void *arg) {
    struct ring *q = arg;
    char elem[SIZE];
    weir_time d = weir_after(60 * MS);
    int rc = R.pop_wait(q->out, elem, d, NULL);
    CHECK(rc != WEIR_ETIMEDOUT || weir_now() >= d, "late before its time");
    return rc;
}

/* Signals until at least n were taken, or the call returned. */
static void storm(struct call *c, unsigned n) {
    uint32_t before = weir_load_relaxed(&signals_taken);
    for (int i = 0; i < 200000 && !call_done(c); i++) {
        if (weir_load_relaxed(&signals_taken) - before >= n) break;
        (void)pthread_kill(c->thread, SIGUSR1);
        if (i % 8 == 0) sleep_ms(0);
    }
}

static void signals(int flags, bool push) {
    struct sigaction act = { .sa_handler = on_signal, .sa_flags = flags }, before;
    struct ring q;
    struct call c;
    unsigned enough = (unsigned)times(1000);
    check_context("%s asleep, %s", push ? "pusher" : "popper",
                  flags ? "SA_RESTART" : "no SA_RESTART");
    if (!ring_open(&q, 2, SIZE)) return;
    (void)sigaction(SIGUSR1, &act, &before);
    if (push) push_ids(&q, SIZE, 1, 2);
    uint32_t taken = weir_load_relaxed(&signals_taken);
    call_start(&c, push ? push_wait : pop_wait, &q);
    CHECK(call_sleeps(&c), "it returned");
    storm(&c, enough);
    CHECK(weir_load_relaxed(&signals_taken) - taken >= enough, "only %u signals were taken",
          weir_load_relaxed(&signals_taken) - taken);
    CHECK(!call_done(&c), "a signal ended the wait");
    if (push)
        pop_ids(&q, SIZE, 1, 1);
    else
        push_ids(&q, SIZE, 99, 1);
    CHECK_IS(call_end(&c), push ? 0 : 99);
    if (push) pop_ids(&q, SIZE, 2, 1), pop_ids(&q, SIZE, 99, 1);

    call_start(&c, pop_late, &q); /* signals neither shorten nor lengthen a deadline much */
    weir_time start = weir_now();
    storm(&c, UINT32_MAX);
    CHECK_IS(call_end(&c), WEIR_ETIMEDOUT);
    CHECK(weir_now() - start < 5000 * MS, "late by more than 5 s under signals");
    (void)sigaction(SIGUSR1, &before, NULL);
    ring_close(&q);
}

void wait_signals(void) {
    for (int push = 0; push < 2; push++) {
        signals(0, push);
        signals(SA_RESTART, push);
    }
}
