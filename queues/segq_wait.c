/* SPDX-License-Identifier: MIT */
/* queues/segq_wait.c - blocking push and pop of a queue of segments.
 *
 * A waiter is counted in q->waiters and listed in the parking lot under the queue's id, as those of weir_mpmc
 * (queues/mpmc_wait.c). A publisher (a push has made a slot full or appended a segment, a pop has given back a
 * reservation) looks at that word afterwards. What it announces itself by is a read-modify-write already, so that
 * both sides are seq_cst and no membarrier is needed.
 *
 * Invariants
 *   I1  (no lost wake-up) A waiter announces itself (LOT_W3) and then looks (enq and next; inside and closing). A
 *       publisher takes its ticket, appends, gives room back, closes (E1, N2, I2, K2 and K3) and then reads
 *       waiters. All are seq_cst: one of the two sees the other. A popper that sees a ticket whose slot is not
 *       full yet tries, and may give the slot up; then the push takes another ticket, and looks after that.
 *   I2  (one wake per element) Each publisher wakes as many as it has elements. No baton is needed where all who were
 *       woken go on, since no pop waits for a push under way: a popper that was woken takes the first element that
 *       there is, and if it finds none others have taken all. One that is stopped before it has, has the wake-up.
 *   I3  (close) After a close a popper finds an element or the end; none sleeps.
 *   I4  A waiter that was woken and leaves for another reason wakes another in its place if there is something.
 *   I5  The looks of a waiter leave no segment, so that one that is listed calls no function of the user's.
 * Progress   blocking. A newcomer may be served ahead of a woken waiter, which then waits on. */
#include "segq.h"

static void wake(struct weir__segq *q, uint64_t side, size_t n) {
    (void)weir__lot_wake(q->id, &q->waiters, side, n);
}

/* ---- publishers ------------------------------------------------------------------------------ */

void weir__segq_wake_poppers(struct weir__segq *q, size_t n) { wake(q, WEIR__POPPERS, n); }

void weir__segq_room(struct weir__segq *q, size_t n) {
    (void)weir_fetch_add_seq_cst(&q->inside, (uint64_t)0 - n, QUEUE_I2);
    uint64_t w = weir_load_seq_cst(&q->waiters, QUEUE_W2);
    if (WEIR_UNLIKELY(weir__pushers(w))) wake(q, WEIR__PUSHERS, n);
}

void weir__segq_wake_all(struct weir__segq *q) {
    uint64_t w = weir_load_seq_cst(&q->waiters, QUEUE_W3);
    if (weir__poppers(w)) wake(q, WEIR__POPPERS, weir__poppers(w));
    if (weir__pushers(w)) wake(q, WEIR__PUSHERS, weir__pushers(w));
}

/* ---- waiting (queues/blocking.h) ------------------------------------------------------------- */

static ptrdiff_t attempt(const struct weir__blocking *b) {
    struct weir__segq *q = b->object;
    if (b->side == WEIR__PUSHERS)
        return b->n ? weir__segq_push(q, b->elems, b->n) : weir__segq_push_one(q, b->elems);
    if (q->single)
        return b->n ? weir__segq_pop_single(q, b->elems, b->n)
                    : weir__segq_pop_single_one(q, b->elems);
    return b->n ? weir__segq_pop(q, b->elems, b->n) : weir__segq_pop_one(q, b->elems);
}

static bool worth_trying(const struct weir__blocking *b) {
    struct weir__segq *q = b->object;
    return b->side == WEIR__POPPERS ? weir__segq_can_pop(q) : weir__segq_can_push(q);
}

static bool hint(void *blocking) { return worth_trying(blocking); }

static bool spin(struct weir__blocking *b, struct weir__thread *self, weir_time deadline) {
    return weir__spin(&self->spin, hint, b, deadline);
}

static bool ready(const struct weir__blocking *b) {
    WEIR_POINT("queue.wait.announced");
    if (weir_recheck(worth_trying(b), QUEUE_Q2)) return true;
    WEIR_POINT("queue.wait.checked");
    return false;
}

/* I4 */
static void leaves(const struct weir__blocking *b) {
    if (weir_recheck(worth_trying(b), QUEUE_Q3)) wake(b->object, b->side, 1);
}

static const struct weir__blocking_kind kind = {
    "pop from queue", "push to queue", attempt, spin, ready, leaves,
};

ptrdiff_t weir__segq_push_wait(struct weir__segq *q, const void *elems, size_t n,
                               weir_time deadline, weir_ctx *ctx) {
    struct weir__blocking b = { &kind, q, WEIR__PUSHERS, (void *)(uintptr_t)elems, n };
    return weir__blocking_call(&b, q->id, &q->waiters, deadline, ctx);
}

ptrdiff_t weir__segq_pop_wait(struct weir__segq *q, void *elems, size_t n, weir_time deadline,
                              weir_ctx *ctx) {
    struct weir__blocking b = { &kind, q, WEIR__POPPERS, elems, n };
    return weir__blocking_call(&b, q->id, &q->waiters, deadline, ctx);
}
