/* SPDX-License-Identifier: MIT */
/* queues/segq_wait.c - blocking push and pop of a queue of segments.
 *
 * A waiter is counted in q->waiters and listed in the parking lot under the queue's id, as those of weir_mpmc
 * (queues/mpmc_wait.c). A publisher (a push has made a slot full or appended a segment, a pop has given
 * back a reservation)
 * looks at that word afterwards. What it announces itself by is a read-modify-write already, so that both
 * sides are
 * seq_cst and no membarrier is needed.
 *
 * Invariants
 *   I1  (no lost wake-up) A waiter announces itself (LOT_W3) and then looks (enq and next; inside and
 *   closing). A
 *       publisher takes its ticket, appends, gives room back, closes (E1, N2, I2, K2 and K3) and then
 *       reads waiters. All are
 *       seq_cst: one of the two sees the other. A popper that sees a ticket whose slot is not full yet
 *       tries, and may give
 *       the slot up; then the push takes another ticket, and looks after that.
 *   I2  (one wake per element) Each publisher wakes as many as it has elements. No baton is needed, since
 *   no pop waits
 *       for a push under way: a popper that was woken takes the first element that there is, and if it
 *       finds none others have
 *       taken all.
 *   I3  (close) After a close a popper finds an element or the end; none sleeps.
 *   I4  A waiter that was woken and leaves for another reason wakes another in its place if there is something.
 * Progress   blocking. A newcomer may be served ahead of a woken waiter, which then waits on. */
#include "segq.h"

#include "../lib/ctx.h"
#include "../lib/os.h"
#include "../lib/thread.h"
#include "../lib/waits.h"

#define SIDE_MASK ((UINT64_C(1) << 31) - 1)

static size_t poppers(uint64_t w) { return (size_t)(w & SIDE_MASK); }
static size_t pushers(uint64_t w) { return (size_t)(w / WEIR__SEGQ_PUSHER & SIDE_MASK); }

static void wake(struct weir__segq *q, uint64_t side, size_t n) {
    (void)weir__lot_wake(q->id, &q->waiters, side, n);
}

/* ---- publishers ------------------------------------------------------------------------------ */

void weir__segq_pushed(struct weir__segq *q, size_t n) {
    uint64_t w = weir_load_seq_cst(&q->waiters, QUEUE_W1);
    if (WEIR_UNLIKELY(poppers(w))) wake(q, WEIR__SEGQ_POPPER, n);
}

void weir__segq_room(struct weir__segq *q, size_t n) {
    (void)weir_fetch_add_seq_cst(&q->inside, (uint64_t)0 - n, QUEUE_I2);
    uint64_t w = weir_load_seq_cst(&q->waiters, QUEUE_W2);
    if (WEIR_UNLIKELY(pushers(w))) wake(q, WEIR__SEGQ_PUSHER, n);
}

void weir__segq_wake_all(struct weir__segq *q) {
    uint64_t w = weir_load_seq_cst(&q->waiters, QUEUE_W3);
    if (poppers(w)) wake(q, WEIR__SEGQ_POPPER, poppers(w));
    if (pushers(w)) wake(q, WEIR__SEGQ_PUSHER, pushers(w));
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* One blocking call: which operation, and on what. */
struct attempt {
    struct weir__segq *q;
    uint64_t side;
    void *elems; /* read only by a push */
    size_t n;    /* 0: a single one */
};

static ptrdiff_t try_once(const struct attempt *a) {
    if (a->side == WEIR__SEGQ_POPPER)
        return a->n ? weir__segq_pop(a->q, a->elems, a->n) : weir__segq_pop_one(a->q, a->elems);
    return a->n ? weir__segq_push(a->q, a->elems, a->n) : weir__segq_push_one(a->q, a->elems);
}

static bool ready(void *attempt) {
    const struct attempt *a = attempt;
    return a->side == WEIR__SEGQ_POPPER ? weir__segq_can_pop(a->q) : weir__segq_can_push(a->q);
}

static void wake_thread(void *parker) { weir__unpark(parker); }

/* Waits until the operation is worth trying, or the deadline passes. */
static void block(struct attempt *a, struct weir__thread *self, weir_time deadline, weir_ctx *ctx) {
    if (weir__spin(&self->spin, ready, a, deadline)) return;
    if (deadline != WEIR_FOREVER && weir__os_now() >= deadline) return; /* a last try follows */
    struct weir__waiter w = { .key = a->q->id,
                              .count = &a->q->waiters,
                              .unit = a->side,
                              .wake = wake_thread,
                              .wake_arg = &self->parker,
                              .ctx = ctx };
    weir__lot_enter(&w);
    WEIR_POINT("queue.wait.announced");
    if (weir_recheck(ready(a), QUEUE_Q2)) {
        (void)weir__lot_leave(&w); /* if it was woken meanwhile: the try comes next anyway */
        return;
    }
    WEIR_POINT("queue.wait.checked");
    struct weir__waits waits = { .what = a->side == WEIR__SEGQ_POPPER ? "pop from queue"
                                                                      : "push to queue",
                                 .object = a->q,
                                 .ctx = ctx,
                                 .since = weir__os_now(),
                                 .deadline = deadline };
    weir__waits_enter(self, &waits);
    (void)weir__lot_park(&w, &self->parker, deadline);
    weir__waits_leave(self);
}

/* The one place that says how a failed try and a context meet. */
static ptrdiff_t attempt_now(const struct attempt *a, weir_ctx *ctx) {
    int err = weir_ctx_err(ctx);
    return err ? err : try_once(a);
}

/* After a try that failed: waits and tries until the operation is done, or cannot be. */
static ptrdiff_t until(struct attempt *a, weir_time deadline, weir_ctx *ctx) {
    struct weir__watch watch;
    ptrdiff_t rc = WEIR_EAGAIN;
    if (deadline != WEIR_FOREVER && weir__os_now() >= deadline) return WEIR_ETIMEDOUT;
    struct weir__thread *self = weir__thread_self();
    if (!self) return WEIR_ENOMEM;
    int err = weir__ctx_watch(&watch, ctx, wake_thread, &self->parker);
    if (err) return err;
    for (bool late = false; rc == WEIR_EAGAIN && !late;) {
        block(a, self, deadline, ctx);
        rc = attempt_now(a, ctx);
        late = deadline != WEIR_FOREVER && weir__os_now() >= deadline;
    }
    weir__ctx_unwatch(&watch);
    if (rc == WEIR_EAGAIN) rc = WEIR_ETIMEDOUT;
    bool leaves = rc == WEIR_ETIMEDOUT || rc == WEIR_ECANCELED || rc == WEIR_ENOMEM;
    if (leaves && weir_recheck(ready(a), QUEUE_Q3)) wake(a->q, a->side, 1); /* I4 */
    return rc;
}

static ptrdiff_t wait_for(struct attempt *a, weir_time deadline, weir_ctx *ctx) {
    ptrdiff_t rc = attempt_now(a, ctx);
    if (rc != WEIR_EAGAIN || deadline == WEIR_NOW) return rc;
    return until(a, weir__ctx_until(ctx, deadline), ctx);
}

ptrdiff_t weir__segq_push_wait(struct weir__segq *q, const void *elems, size_t n,
                               weir_time deadline, weir_ctx *ctx) {
    struct attempt a = { q, WEIR__SEGQ_PUSHER, (void *)(uintptr_t)elems, n };
    return wait_for(&a, deadline, ctx);
}

ptrdiff_t weir__segq_pop_wait(struct weir__segq *q, void *elems, size_t n, weir_time deadline,
                              weir_ctx *ctx) {
    struct attempt a = { q, WEIR__SEGQ_POPPER, elems, n };
    return wait_for(&a, deadline, ctx);
}
