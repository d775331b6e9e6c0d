/* SPDX-License-Identifier: MIT */
/* tests/rings/waiting.c - deadlines, close and free of the waiting verbs. Wake-ups: wakeups.c; what is
 * scripted through points: races.c. */
#include <weir/ctx.h>

#include "cases.h"
#include "ring.h"

#include "../support/points.h"

#include <string.h>

#define SIZE 8
#define MS INT64_C(1000000)

/* One waiting call of a thread of its own. */
struct waiter {
    struct ring *q;
    bool push;
    size_t n; /* batch; 0: single */
    weir_time deadline;
    uint64_t id; /* pushed, or popped */
    struct call call;
};

static int64_t wait_main(void *arg) {
    struct waiter *w = arg;
    char elems[4 * SIZE] = "";
    for (size_t i = 0; w->push && i < 4; i++) item_make(elems + i * SIZE, SIZE, w->id + i);
    int64_t rc;
    if (w->push)
        rc = w->n ? R.push_n_wait(w->q->in, elems, w->n, w->deadline, NULL)
                  : R.push_wait(w->q->in, elems, w->deadline, NULL);
    else
        rc = w->n ? R.pop_n_wait(w->q->out, elems, w->n, w->deadline, NULL)
                  : R.pop_wait(w->q->out, elems, w->deadline, NULL);
    if (!w->push && rc >= 0) w->id = item_id(elems);
    return rc;
}

static void waiter_start(struct waiter *w, struct ring *q, bool push, size_t n, uint64_t id) {
    *w = (struct waiter){ .q = q, .push = push, .n = n, .deadline = WEIR_FOREVER, .id = id };
    call_start(&w->call, wait_main, w);
}

/* ---- deadlines --------------------------------------------------------------------------------------- */

static void late(int64_t rc, weir_time deadline) {
    weir_time now = weir_now();
    CHECK_IS(rc, WEIR_ETIMEDOUT);
    CHECK(now >= deadline, "%lld ns early", (long long)(deadline - now));
    CHECK(now - deadline < 5000 * MS, "%lld ns late", (long long)(now - deadline));
}

void wait_deadlines(void) {
    static const int64_t waits[] = { 1, 1000, 30000, MS / 2, 3 * MS, 20 * MS };
    char elems[2 * SIZE] = "";
    struct ring q;
    if (!ring_open(&q, 2, SIZE)) return;
    for (int full = 0; full < 2; full++) {
        if (full) push_ids(&q, SIZE, 1, 2);
        for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
            for (size_t k = times(3); k > 0 && checks_hold(); k--) {
                weir_time d = weir_after(waits[i]);
                check_context("%s, %lld ns", full ? "push" : "pop", (long long)waits[i]);
                late(full ? R.push_wait(q.in, elems, d, NULL) : R.pop_wait(q.out, elems, d, NULL),
                     d);
                d = weir_after(waits[i]);
                late(full ? R.push_n_wait(q.in, elems, 2, d, NULL)
                          : R.pop_n_wait(q.out, elems, 2, d, NULL),
                     d);
            }
        }
    }
    pop_ids(&q, SIZE, 1, 2);
    ring_close(&q);
}

/* A deadline that has passed makes one try: what is ready is delivered. */
static void past(struct ring *q, weir_time deadline) {
    char elems[2 * SIZE] = "";
    check_context("deadline %lld", (long long)deadline);
    CHECK_IS(R.pop_wait(q->out, elems, deadline, NULL), WEIR_ETIMEDOUT);
    CHECK_IS(R.pop_n_wait(q->out, elems, 2, deadline, NULL), WEIR_ETIMEDOUT);
    CHECK_IS(R.push_wait(q->in, elems, deadline, NULL), 0);
    CHECK_IS(R.push_n_wait(q->in, elems, 2, deadline, NULL), 1); /* capacity 2 */
    CHECK_IS(R.push_wait(q->in, elems, deadline, NULL), WEIR_ETIMEDOUT);
    CHECK_IS(R.push_n_wait(q->in, elems, 2, deadline, NULL), WEIR_ETIMEDOUT);
    CHECK_IS(R.pop_wait(q->out, elems, deadline, NULL), 0);
    CHECK_IS(R.pop_n_wait(q->out, elems, 2, deadline, NULL), 1);
}

/* A deadline beyond any clock waits, and is served. */
static void far(struct ring *q, weir_time deadline) {
    struct waiter w;
    check_context("deadline %lld", (long long)deadline);
    w = (struct waiter){ .q = q, .deadline = deadline };
    call_start(&w.call, wait_main, &w);
    CHECK(call_sleeps(&w.call), "a pop with a far deadline returned");
    push_ids(q, SIZE, 5, 1);
    CHECK_IS(call_end(&w.call), 0);
    CHECK_IS(w.id, 5);
    push_ids(q, SIZE, 6, 2);
    w = (struct waiter){ .q = q, .deadline = deadline, .push = true, .id = 8 };
    call_start(&w.call, wait_main, &w);
    CHECK(call_sleeps(&w.call), "a push with a far deadline returned");
    pop_ids(q, SIZE, 6, 1);
    CHECK_IS(call_end(&w.call), 0);
    pop_ids(q, SIZE, 7, 2);
}

void wait_past(void) {
    char elem[SIZE] = "";
    struct ring q;
    if (!ring_open(&q, 2, SIZE)) return;
    past(&q, weir_now() - 1);
    past(&q, 1);
    past(&q, -1);
    past(&q, -1000000001);
    past(&q, INT64_MIN);
    check_context("WEIR_NOW is the try call");
    CHECK_IS(R.pop_wait(q.out, elem, WEIR_NOW, NULL), WEIR_EAGAIN);
    CHECK_IS(R.pop_n_wait(q.out, elem, 1, WEIR_NOW, NULL), WEIR_EAGAIN);
    CHECK_IS(R.push_wait(q.in, elem, WEIR_NOW, NULL), 0);
    CHECK_IS(R.push_n_wait(q.in, elem, 1, WEIR_NOW, NULL), 1);
    CHECK_IS(R.push_wait(q.in, elem, WEIR_NOW, NULL), WEIR_EAGAIN);
    CHECK_IS(R.push_n_wait(q.in, elem, 1, WEIR_NOW, NULL), WEIR_EAGAIN);
    CHECK_IS(R.pop_wait(q.out, elem, WEIR_NOW, NULL), 0);
    CHECK_IS(R.pop_n_wait(q.out, elem, 1, WEIR_NOW, NULL), 1);
    far(&q, INT64_MAX);
    far(&q, INT64_MAX - 1);
    far(&q, INT64_MAX / 2);
    far(&q, weir_after(INT64_MAX));
    CHECK_IS(R.close(q.in), 0);
    check_context("closed");
    CHECK_IS(R.pop_wait(q.out, elem, -1, NULL), WEIR_ECLOSED);
    CHECK_IS(R.push_wait(q.in, elem, -1, NULL), WEIR_ECLOSED);
    CHECK_IS(R.pop_wait(q.out, elem, WEIR_NOW, NULL), WEIR_ECLOSED);
    CHECK_IS(R.push_wait(q.in, elem, WEIR_NOW, NULL), WEIR_ECLOSED);
    ring_close(&q);
}

/* Live, it changes nothing; ended, nothing moves though it could (X23). */
static void with_ctx(struct ring *q, weir_ctx *ctx, weir_time deadline, int err) {
    char elem[SIZE] = "";
    CHECK_IS(R.push_wait(q->in, elem, deadline, ctx), err);
    CHECK_IS(R.pop_wait(q->out, elem, deadline, ctx), err);
    CHECK_IS(R.push_n_wait(q->in, elem, 1, deadline, ctx), err ? err : 1);
    CHECK_IS(R.pop_n_wait(q->out, elem, 1, deadline, ctx), err ? err : 1);
    CHECK_IS(R.push_n_wait(q->in, elem, 0, deadline, ctx), 0);
    CHECK_IS(R.pop_n_wait(q->out, elem, 0, deadline, ctx), 0);
    CHECK_IS(R.len(q->in), 1);
}

void wait_ctx(void) {
    static const weir_time deadlines[] = { WEIR_NOW, -1, 1, WEIR_FOREVER };
    struct ring q;
    weir_ctx *live = NULL, *cancelled = NULL, *late = NULL, *soon = NULL;
    if (!ring_open(&q, 2, SIZE)) return;
    if (!CHECK(weir_ctx_new(&live, NULL, WEIR_FOREVER) == 0 &&
                   weir_ctx_new(&cancelled, live, WEIR_FOREVER) == 0 &&
                   weir_ctx_new(&late, live, weir_now() - 1) == 0 &&
                   weir_ctx_new(&soon, live, weir_after(3000000)) == 0,
               "no context"))
        return;
    CHECK_IS(weir_ctx_cancel(cancelled, 0), 0);
    push_ids(&q, SIZE, 1, 1); /* both a push and a pop could go on */
    for (size_t i = 0; i < sizeof deadlines / sizeof *deadlines; i++) {
        with_ctx(&q, live, deadlines[i], 0);
        with_ctx(&q, cancelled, deadlines[i], WEIR_ECANCELED);
        with_ctx(&q, late, deadlines[i], WEIR_ETIMEDOUT);
    }
    char elem[SIZE] = "";
    CHECK_IS(R.pop_wait(q.out, elem, WEIR_FOREVER, live), 0);
    CHECK_IS(R.pop_wait(q.out, elem, WEIR_FOREVER, soon), WEIR_ETIMEDOUT); /* its own deadline */
    CHECK(weir_now() >= weir_ctx_deadline(soon), "too early");
    weir_ctx_unref(soon);
    weir_ctx_unref(late);
    weir_ctx_unref(cancelled);
    weir_ctx_unref(live);
    ring_close(&q);
}

/* ---- close --------------------------------------------------------------------------------------------- */

#define SLEEPERS 6

/* Single and batch calls, asleep. */
static bool sleepers(struct waiter *w, struct ring *q, bool push) {
    for (size_t i = 0; i < SLEEPERS; i++) waiter_start(&w[i], q, push, i % 2 ? 3 : 0, 900 + 10 * i);
    for (size_t i = 0; i < SLEEPERS; i++)
        if (!CHECK(call_sleeps(&w[i].call), "a call that must wait returned")) return false;
    return true;
}

void wait_close_poppers(void) {
    for (size_t k = times(5); k > 0 && checks_hold(); k--) {
        struct waiter w[SLEEPERS];
        struct ring q;
        if (!ring_open(&q, 2, SIZE)) return;
        sleepers(w, &q, false);
        CHECK(!R.is_closed(q.in), "closed before close");
        CHECK_IS(R.close(q.in), 0);
        for (size_t i = 0; i < SLEEPERS; i++) CHECK_IS(call_end(&w[i].call), WEIR_ECLOSED);
        CHECK(R.is_closed(q.out), "not closed");
        CHECK_IS(R.close(q.in), WEIR_ECLOSED);
        ring_close(&q);
    }
}

/* Their elements are never delivered; exactly those that were inside stay readable. */
void wait_close_pushers(void) {
    for (size_t k = times(5); k > 0 && checks_hold(); k--) {
        struct waiter w[SLEEPERS];
        struct ring q;
        char elem[SIZE];
        if (!ring_open(&q, 2, SIZE)) return;
        push_ids(&q, SIZE, 1, 2);
        sleepers(w, &q, true);
        CHECK_IS(R.close(q.in), 0);
        for (size_t i = 0; i < SLEEPERS; i++) CHECK_IS(call_end(&w[i].call), WEIR_ECLOSED);
        CHECK_IS(R.len(q.out), 2);
        pop_ids(&q, SIZE, 1, 2);
        CHECK_IS(R.try_pop(q.out, elem), WEIR_ECLOSED);
        ring_close(&q);
    }
}

/* Two sleep; elements and the close come together: each element is taken by one, the rest end. */
void wait_drained(void) {
    for (size_t k = times(30); k > 0 && checks_hold(); k--) {
        struct waiter w[SLEEPERS];
        struct ring q;
        size_t served = 0, ended = 0;
        if (!ring_open(&q, 4, SIZE)) return;
        points_delay(k % 2 == 0);
        for (size_t i = 0; i < SLEEPERS; i++) waiter_start(&w[i], &q, false, 0, 0);
        if (k % 3 == 0)
            for (size_t i = 0; i < SLEEPERS; i++) (void)call_sleeps(&w[i].call);
        push_ids(&q, SIZE, 1, 3);
        CHECK_IS(R.close(q.in), 0);
        for (size_t i = 0; i < SLEEPERS; i++) {
            int64_t rc = call_end(&w[i].call);
            served += rc == 0;
            ended += rc == WEIR_ECLOSED;
        }
        points_delay(false);
        CHECK(served == 3 && ended == SLEEPERS - 3, "%zu served, %zu ended", served, ended);
        CHECK_IS(R.len(q.out), 0);
        ring_close(&q);
    }
}

struct closers {
    struct ring q;
    weir_au32 won;
};

static void close_and_count(void *arg, size_t i) {
    struct closers *c = arg;
    (void)i;
    int rc = R.close(c->q.in);
    CHECK(rc == 0 || rc == WEIR_ECLOSED, "close returned %d", rc);
    if (rc == 0) (void)weir_fetch_add_relaxed(&c->won, 1);
    CHECK(R.is_closed(c->q.in), "not closed after close");
    CHECK_IS(R.try_push(c->q.in, (char[SIZE]){ 0 }), WEIR_ECLOSED);
}

void wait_closers(void) {
    for (size_t k = times(100); k > 0 && checks_hold(); k--) {
        struct closers c = { 0 };
        if (!ring_open(&c.q, 2, SIZE)) return;
        push_ids(&c.q, SIZE, 1, k % 3);
        team_run(4, close_and_count, &c);
        CHECK_IS(weir_load_relaxed(&c.won), 1);
        pop_ids(&c.q, SIZE, 1, k % 3);
        ring_close(&c.q);
    }
}

/* ---- free and fini with a sleeper ------------------------------------------------------------------------ */

static void refused_while_asleep(struct ring *q, size_t cap, bool push) {
    struct waiter w;
    check_context("a %s sleeps", push ? "pusher" : "popper");
    if (push) push_ids(q, SIZE, 1, cap);
    waiter_start(&w, q, push, 0, 1 + cap);
    CHECK(call_sleeps(&w.call), "it returned");
    for (int i = 0; i < 3; i++)
        CHECK_IS(q->block ? R.fini(q->in, NULL, NULL) : R.free(q->in), WEIR_EBUSY);
    CHECK(!call_done(&w.call), "the sleeper returned");
    CHECK_IS(R.len(q->in), push ? cap : 0); /* nothing was destroyed */
    if (push)
        pop_ids(q, SIZE, 1, 1);
    else
        push_ids(q, SIZE, 7, 1);
    CHECK_IS(call_end(&w.call), 0);
    if (push) pop_ids(q, SIZE, 2, cap);
}

void wait_free(void) {
    struct ring q;
    if (!ring_open(&q, 3, SIZE)) return;
    refused_while_asleep(&q, 3, false);
    refused_while_asleep(&q, 3, true);
    ring_close(&q); /* and then it is 0 */
}

void wait_fini(void) {
    setup.align = 64;
    wait_free();
    setup.align = 0;
}
