/* SPDX-License-Identifier: MIT */
/* queues/mpmc_wait.c - blocking push and pop of weir/mpmc.h.
 *
 * A waiter is counted in r->waiters_ and listed in the parking lot under the ring's id. A publisher
 * (a push has stamped a slot full, a pop has stamped one free) looks at that word after its stamp.
 *
 * Invariants
 *   I1  (no lost wake-up) A waiter announces itself by a seq_cst read-modify-write of waiters_, passes
 *       the heavy barrier, and looks again at the slot stamp at its own index and for closed and
 *       drained; only then it sleeps. A publisher stores its stamp, passes the light barrier, and
 *       loads waiters_. Of the two, at least one sees the other.
 *   I2  (one wake per element) Every publisher that sees waiters of the other side wakes one per
 *       element. A waiter may be woken for slot 1 while slot 0 is still in flight; so after each
 *       successful operation that sees waiters of its own side, if the next slot is ready for them,
 *       it wakes one of those too. By induction over the slots, no ready slot at the index stands
 *       beside a sleeping waiter once all calls have returned.
 *   I3  (close) The closer marks tail and then wakes everyone. A waiter that finds an element in
 *       flight waits again; the pop that takes the last element then sees it in waiters_ and, as
 *       tail is closed and head has reached it, wakes all poppers. The design's other form, a bit
 *       in head, is not needed: each pop looks at waiters_ after its claim anyway.
 *   I4  A waiter that was woken and leaves for another reason (deadline) serves once more: it wakes a
 *       waiter in its place if the slot is ready.
 * Progress   blocking. A newcomer may be served ahead of a woken waiter, which then waits on. A publisher
 *            stopped inside its wake-up leaves the waiter that it has taken off the list asleep.
 * Ordering   W3 of lot.c (announce) with D3/D4 (look again), against the stamps S1, S2, F1 with the
 *            load of waiters_. With membarrier the publisher's half is a compiler barrier, and the
 *            waiter pays. Without (WEIR__MPMC_FENCE stands in waiters_), the publisher adds 0 to the
 *            stamp it has stored, seq_cst (B1), and then loads waiters_ seq_cst (B2): the waiter's
 *            seq_cst load of that stamp comes before or after B1 in the one total order.
 *            If the kernel stops granting membarrier later, the waiter that notices goes over to the
 *            second form for all (the fence bit), and settles: a publisher that has looked before has then
 *            become visible. Until it has taken WEIR__MPMC_SETTLING away again (K5 -> K6), every other
 *            waiter settles too: the fence bit alone does not say that those publishers are through.
 *            It does not matter whose K5 it was: who stored it has settled after the fence bit stood.
 *            Settling takes 1 ms, past a deadline too.
 *            A newcomer may take an element before its publisher has looked at waiters_; then the
 *            waiter sees the index that the newcomer's claim has moved (C1, C2, seq_cst, then B2 or the
 *            barrier, against W3 and D3, D7). can_pop may load head relaxed: what it trusts is the stamp. */
#include <weir/mpmc.h>

#include "../lib/base.h"
#include "blocking.h"
#include "mpmc.h"

_Static_assert(WEIR__MPMC_POPPER == WEIR__POPPERS && WEIR__MPMC_PUSHER == WEIR__PUSHERS,
               "its word of waiters is that of blocking.h, with flags above");

static void wake(weir_mpmc *r, uint64_t side, size_t n) {
    if (r->id_ == WEIR__MPMC_OF_CHAN)
        weir__chan_wake(r, side, n);
    else
        (void)weir__lot_wake(r->id_, &r->waiters_, side, n);
}

/* All of a side that stand there now. In the lot: those counted, and no more. They are first in the list,
 * and one that waits again goes last, so that this ends though the woken may have to wait for a push in
 * flight. In a channel one that waits again may go first; all are told under one hold of its lock. */
static void wake_side(weir_mpmc *r, uint64_t side, size_t counted) {
    wake(r, side, r->id_ == WEIR__MPMC_OF_CHAN ? SIZE_MAX : counted);
}

void weir__mpmc_wake_all(weir_mpmc *r) {
    uint64_t w = weir_load_seq_cst(&r->waiters_, MPMC_K2);
    if (weir__poppers(w)) wake_side(r, WEIR__MPMC_POPPER, weir__poppers(w));
    if (weir__pushers(w)) wake_side(r, WEIR__MPMC_PUSHER, weir__pushers(w));
}

/* ---- what a side waits for -------------------------------------------------------------------------- */

/* Each says whether it is worth trying: true also when the index was stale. Only loads. */
bool weir__mpmc_can_pop(weir_mpmc *r) {
    /* Relaxed: of an older head the slot has been popped since; that pop's stamp says ready, or its
     * look at waiters_ sees this waiter (I1). */
    uint64_t h = weir_load_relaxed(&r->head_) & ~WEIR__MPMC_HELD;
    uint64_t s = weir_load_seq_cst(weir__mpmc_stamp(r, h, (size_t)r->stride_), MPMC_D3);
    if ((int64_t)(s - h) >= (int64_t)WEIR__MPMC_ONE) return true;
    uint64_t t = weir_load_seq_cst(&r->tail_, MPMC_D6) & ~WEIR__MPMC_HELD;
    return weir_recheck(t == h, MPMC_Q8); /* closed and drained: the open bit is not there */
}

bool weir__mpmc_can_push(weir_mpmc *r) {
    uint64_t t = weir_load_seq_cst(&r->tail_, MPMC_D7) & ~WEIR__MPMC_HELD;
    if (weir_recheck(!(t & WEIR__MPMC_OPEN), MPMC_Q9)) return true;
    uint64_t s = weir_load_seq_cst(weir__mpmc_stamp(r, t, (size_t)r->stride_), MPMC_D4);
    return (int64_t)(s + WEIR__MPMC_OPEN - t) >= 0;
}

/* What the spin polls: a hint only, the try that follows decides. It looks at the other side's index, to
 * notice a close, at one poll in 16: each look takes that line away from a peer that is about to
 * publish. */
struct poll {
    weir_mpmc *r;
    unsigned n;
};

static bool hint_pop(void *arg) {
    struct poll *p = arg;
    uint64_t h = weir_load_relaxed(&p->r->head_) & ~WEIR__MPMC_HELD;
    uint64_t s = weir_load_relaxed(weir__mpmc_stamp(p->r, h, (size_t)p->r->stride_));
    return (int64_t)(s - h) >= (int64_t)WEIR__MPMC_ONE ||
           (++p->n % 16 == 0 && weir__mpmc_can_pop(p->r));
}

static bool hint_push(void *arg) {
    struct poll *p = arg;
    uint64_t t = weir_load_relaxed(&p->r->tail_) & ~WEIR__MPMC_HELD;
    uint64_t s = weir_load_relaxed(weir__mpmc_stamp(p->r, t, (size_t)p->r->stride_));
    return !(t & WEIR__MPMC_OPEN) || (int64_t)(s + WEIR__MPMC_OPEN - t) >= 0;
}

bool weir__mpmc_spin(weir_mpmc *r, bool popper, struct weir__thread *self, weir_time deadline) {
    struct poll poll = { r, 0 };
    return weir__spin(&self->spin, popper ? hint_pop : hint_push, &poll, deadline);
}

/* ---- publishers ---------------------------------------------------------------------------------------- */

/* The waiters, after the publisher's half of the Dekker pair. */
static uint64_t waiters_after(weir_mpmc *r, weir_au64 *stamp) {
    if (weir_load_relaxed(&r->waiters_) & WEIR__MPMC_FENCE)
        (void)weir_fetch_add_seq_cst(stamp, 0, MPMC_B1);
    return weir_load_seq_cst(&r->waiters_, MPMC_B2);
}

void weir__mpmc_pushed_(weir_mpmc *r, weir_au64 *stamp, size_t n) {
    uint64_t w = waiters_after(r, stamp);
    if (weir__poppers(w)) wake(r, WEIR__MPMC_POPPER, n);
    if (weir__pushers(w) && weir_recheck(weir__mpmc_can_push(r), MPMC_Q5))
        wake(r, WEIR__MPMC_PUSHER, 1); /* I2 */
}

void weir__mpmc_popped_(weir_mpmc *r, weir_au64 *stamp, size_t n) {
    uint64_t w = waiters_after(r, stamp);
    if (weir__pushers(w)) wake(r, WEIR__MPMC_PUSHER, n);
    if (!weir__poppers(w) || !weir_recheck(weir__mpmc_can_pop(r), MPMC_Q6)) return;
    bool all = weir_recheck(weir_mpmc_is_closed(r), MPMC_Q7);
    if (all)
        wake_side(r, WEIR__MPMC_POPPER, weir__poppers(w)); /* I3 */
    else
        wake(r, WEIR__MPMC_POPPER, 1); /* I2 */
}

/* ---- waiting (blocking.h) -------------------------------------------------------------------------------- */

static ptrdiff_t attempt(const struct weir__blocking *b) {
    weir_mpmc *r = b->object;
    if (b->side == WEIR__MPMC_POPPER)
        return b->n ? weir_mpmc_try_pop_n(r, b->elems, b->n) : weir_mpmc_try_pop(r, b->elems);
    return b->n ? weir_mpmc_try_push_n(r, b->elems, b->n) : weir_mpmc_try_push(r, b->elems);
}

static bool spin(struct weir__blocking *b, struct weir__thread *self, weir_time deadline) {
    return weir__mpmc_spin(b->object, b->side == WEIR__MPMC_POPPER, self, deadline);
}

/* The waiter's half of the Dekker pair (I1), after it has announced itself. */
void weir__waiters_barrier(weir_au64 *waiters) {
    uint64_t w = weir_load_acquire(waiters, MPMC_K6);
    if (!(w & WEIR__MPMC_SETTLING)) {
        if (weir__heavy_barrier(!(w & WEIR__MPMC_FENCE))) return;
        /* A sandbox has been put up since. From now on publishers fence. Relaxed: this waiter has announced
         * itself in the same word, the bits carry nothing else, and settling goes by the clock. */
        (void)weir_fetch_or_relaxed(waiters, WEIR__MPMC_FENCE | WEIR__MPMC_SETTLING);
    }
    /* Those that have looked at the word already are given time to become visible, by each waiter that
     * comes before that is over. */
    weir__settle();
    (void)weir_fetch_and_release(waiters, ~WEIR__MPMC_SETTLING, MPMC_K5);
}

/* The last look before a waiter sleeps; without the barrier where that shows enough. */
static bool look_again(weir_mpmc *r, bool (*ready)(weir_mpmc *)) {
    if (ready(r)) return true;
    weir__waiters_barrier(&r->waiters_);
    return weir_recheck(ready(r), MPMC_Q2);
}

static bool ready(const struct weir__blocking *b) {
    WEIR_POINT("mpmc.wait.announced");
    bool popper = b->side == WEIR__MPMC_POPPER;
    bool (*look)(weir_mpmc *) = popper ? weir__mpmc_can_pop : weir__mpmc_can_push;
    if (weir_recheck(look_again(b->object, look), MPMC_Q1)) return true;
    WEIR_POINT("mpmc.wait.checked");
    return false;
}

/* I4: before a waiter leaves at its deadline. */
static void leaves(const struct weir__blocking *b) {
    weir_mpmc *r = b->object;
    if (b->side == WEIR__MPMC_POPPER ? weir_recheck(weir__mpmc_can_pop(r), MPMC_Q3)
                                     : weir_recheck(weir__mpmc_can_push(r), MPMC_Q4))
        wake(r, b->side, 1);
}

static const struct weir__blocking_kind kind = {
    "pop from ring", "push to ring", attempt, spin, ready, leaves,
};

static ptrdiff_t push_wait(weir_mpmc *r, const void *elems, size_t n, weir_time deadline,
                           weir_ctx *ctx) {
    struct weir__blocking b = { &kind, r, WEIR__MPMC_PUSHER, (void *)(uintptr_t)elems, n };
    return weir__blocking_call(&b, r->id_, &r->waiters_, deadline, ctx);
}

static ptrdiff_t pop_wait(weir_mpmc *r, void *elems, size_t n, weir_time deadline, weir_ctx *ctx) {
    struct weir__blocking b = { &kind, r, WEIR__MPMC_POPPER, elems, n };
    return weir__blocking_call(&b, r->id_, &r->waiters_, deadline, ctx);
}

int weir_mpmc_push_wait(weir_mpmc *r, const void *elem, weir_time deadline, weir_ctx *ctx) {
    return (int)push_wait(r, elem, 0, deadline, ctx);
}

int weir_mpmc_pop_wait(weir_mpmc *r, void *elem, weir_time deadline, weir_ctx *ctx) {
    return (int)pop_wait(r, elem, 0, deadline, ctx);
}

ptrdiff_t weir_mpmc_push_n_wait(weir_mpmc *r, const void *elems, size_t n, weir_time deadline,
                                weir_ctx *ctx) {
    return n ? push_wait(r, elems, n, deadline, ctx) : 0;
}

ptrdiff_t weir_mpmc_pop_n_wait(weir_mpmc *r, void *elems, size_t n, weir_time deadline,
                               weir_ctx *ctx) {
    return n ? pop_wait(r, elems, n, deadline, ctx) : 0;
}
