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
#include "../lib/ctx.h"
#include "../lib/park.h"
#include "../lib/thread.h"
#include "../lib/waits.h"
#include "mpmc.h"

#define SIDE_MASK ((UINT64_C(1) << 31) - 1)

static size_t poppers(uint64_t w) { return (size_t)(w & SIDE_MASK); }
static size_t pushers(uint64_t w) { return (size_t)((w / WEIR__MPMC_PUSHER) & SIDE_MASK); }

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
    if (poppers(w)) wake_side(r, WEIR__MPMC_POPPER, poppers(w));
    if (pushers(w)) wake_side(r, WEIR__MPMC_PUSHER, pushers(w));
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
    if (poppers(w)) wake(r, WEIR__MPMC_POPPER, n);
    if (pushers(w) && weir_recheck(weir__mpmc_can_push(r), MPMC_Q5))
        wake(r, WEIR__MPMC_PUSHER, 1); /* I2 */
}

void weir__mpmc_popped_(weir_mpmc *r, weir_au64 *stamp, size_t n) {
    uint64_t w = waiters_after(r, stamp);
    if (pushers(w)) wake(r, WEIR__MPMC_PUSHER, n);
    if (!poppers(w) || !weir_recheck(weir__mpmc_can_pop(r), MPMC_Q6)) return;
    bool all = weir_recheck(weir_mpmc_is_closed(r), MPMC_Q7);
    if (all)
        wake_side(r, WEIR__MPMC_POPPER, poppers(w)); /* I3 */
    else
        wake(r, WEIR__MPMC_POPPER, 1); /* I2 */
}

/* ---- waiting --------------------------------------------------------------------------------------------- */

/* One blocking call: which operation, and on what. */
struct attempt {
    weir_mpmc *r;
    uint64_t side;
    void *elems; /* read only by a push */
    size_t n;    /* 0: a single one */
};

static ptrdiff_t try_once(const struct attempt *a) {
    if (a->side == WEIR__MPMC_POPPER)
        return a->n ? weir_mpmc_try_pop_n(a->r, a->elems, a->n) : weir_mpmc_try_pop(a->r, a->elems);
    return a->n ? weir_mpmc_try_push_n(a->r, a->elems, a->n) : weir_mpmc_try_push(a->r, a->elems);
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

static void wake_thread(void *parker) { weir__unpark(parker); }

/* Waits until the operation is worth trying (0) or the deadline passes. */
static int block(const struct attempt *a, struct weir__thread *self, weir_time deadline,
                 weir_ctx *ctx) {
    weir_mpmc *r = a->r;
    bool popper = a->side == WEIR__MPMC_POPPER;
    bool (*ready)(weir_mpmc *) = popper ? weir__mpmc_can_pop : weir__mpmc_can_push;
    if (weir__mpmc_spin(r, popper, self, deadline)) return 0;
    if (deadline != WEIR_FOREVER && weir__os_now() >= deadline) return 0; /* a last try follows */
    struct weir__waiter w = { .key = r->id_,
                              .count = &r->waiters_,
                              .unit = a->side,
                              .wake = wake_thread,
                              .wake_arg = &self->parker,
                              .ctx = ctx };
    weir__lot_enter(&w);
    WEIR_POINT("mpmc.wait.announced");
    if (weir_recheck(look_again(r, ready), MPMC_Q1)) {
        (void)weir__lot_leave(&w); /* if it was woken meanwhile: the try comes next anyway */
        return 0;
    }
    WEIR_POINT("mpmc.wait.checked");
    struct weir__waits waits = { .what = popper ? "pop from ring" : "push to ring",
                                 .object = r,
                                 .ctx = ctx,
                                 .since = weir__os_now(),
                                 .deadline = deadline };
    weir__waits_enter(self, &waits);
    int rc = weir__lot_park(&w, &self->parker, deadline);
    weir__waits_leave(self);
    return rc;
}

/* I4: before a waiter leaves at its deadline. */
static void pass_on(const struct attempt *a) {
    bool popper = a->side == WEIR__MPMC_POPPER;
    if (popper ? weir_recheck(weir__mpmc_can_pop(a->r), MPMC_Q3)
               : weir_recheck(weir__mpmc_can_push(a->r), MPMC_Q4))
        wake(a->r, a->side, 1);
}

static bool undone(ptrdiff_t rc) { return rc == WEIR_EAGAIN || rc == WEIR_EBUSY; }

/* The one place that says how a failed try, a deadline and a context meet (rulings 1 and 3). */
static ptrdiff_t attempt_now(const struct attempt *a, weir_ctx *ctx) {
    int err = weir_ctx_err(ctx);
    return err ? err : try_once(a);
}

/* After a try that failed: waits and tries until the operation is done, or cannot be. */
static ptrdiff_t until(const struct attempt *a, weir_time deadline, weir_ctx *ctx) {
    struct weir__watch watch;
    ptrdiff_t rc = WEIR_EAGAIN;
    if (deadline != WEIR_FOREVER && weir__os_now() >= deadline) return WEIR_ETIMEDOUT;
    struct weir__thread *self = weir__thread_self();
    if (!self) return WEIR_ENOMEM;
    int err = weir__ctx_watch(&watch, ctx, wake_thread, &self->parker);
    if (err) return err;
    for (bool late = false; undone(rc) && !late;) {
        (void)block(a, self, deadline, ctx);
        rc = attempt_now(a, ctx);
        late = deadline != WEIR_FOREVER && weir__os_now() >= deadline;
    }
    weir__ctx_unwatch(&watch);
    if (undone(rc)) rc = WEIR_ETIMEDOUT;
    if (rc == WEIR_ETIMEDOUT || rc == WEIR_ECANCELED) pass_on(a);
    return rc;
}

static ptrdiff_t wait_for(const struct attempt *a, weir_time deadline, weir_ctx *ctx) {
    ptrdiff_t rc = attempt_now(a, ctx);
    if (!undone(rc) || deadline == WEIR_NOW) return rc;
    return until(a, weir__ctx_until(ctx, deadline), ctx);
}

int weir_mpmc_push_wait(weir_mpmc *r, const void *elem, weir_time deadline, weir_ctx *ctx) {
    struct attempt a = { r, WEIR__MPMC_PUSHER, (void *)(uintptr_t)elem, 0 };
    return (int)wait_for(&a, deadline, ctx);
}

int weir_mpmc_pop_wait(weir_mpmc *r, void *elem, weir_time deadline, weir_ctx *ctx) {
    struct attempt a = { r, WEIR__MPMC_POPPER, elem, 0 };
    return (int)wait_for(&a, deadline, ctx);
}

ptrdiff_t weir_mpmc_push_n_wait(weir_mpmc *r, const void *elems, size_t n, weir_time deadline,
                                weir_ctx *ctx) {
    struct attempt a = { r, WEIR__MPMC_PUSHER, (void *)(uintptr_t)elems, n };
    if (n == 0) return 0;
    return wait_for(&a, deadline, ctx);
}

ptrdiff_t weir_mpmc_pop_n_wait(weir_mpmc *r, void *elems, size_t n, weir_time deadline,
                               weir_ctx *ctx) {
    struct attempt a = { r, WEIR__MPMC_POPPER, elems, n };
    if (n == 0) return 0;
    return wait_for(&a, deadline, ctx);
}
