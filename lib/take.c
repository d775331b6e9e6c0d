/* SPDX-License-Identifier: MIT */
/* lib/take.c - the nodes of those who wait, in the queues of an object, and who takes their calls. See wait.h; what a
 * call does with its own nodes is in wait.c.
 *
 * Invariants
 *   I1  a phase leaves WAITING only by its owner, or under the lock of an object in whose queue the
 *       call has a node; it leaves TAKEN (by a peer) only to DONE, by that peer.
 *   I2  a call whose phase a peer took is told: the peer puts its thread on a list of its own and stores
 *       DONE once it holds no lock. The owner does not return before, so the link may stand in the
 *       thread record.
 *   I3  BUSY is stored and taken away under the pairing lock.
 *   I4  (looking) a call whose nodes look takes no peer, is given nothing, and takes its own phase only to
 *       return. Its nodes stand before all others of a queue, and leave it under the object's lock before it
 *       returns. So who serves anybody in a queue has told those who look there, under the same hold.
 * Progress   blocking.
 * Ordering   What a peer did to an element and a result is seen after DONE: D1 -> WAIT_D2 of wait.c. All else about
 *            nodes is ordered by the objects' locks. The phase itself is changed by relaxed
 *            compare-and-swaps: it carries nothing but who owns the call.
 * From       as wait.c. */
#include "wait.h"

static struct weir__lock pairing;

void weir__pairing_lock(void) { weir__lock(&pairing); }
void weir__pairing_unlock(void) { weir__unlock(&pairing); }

/* ---- queues -------------------------------------------------------------------------------------- */

void weir__queue_add(struct weir__queue *q, struct weir__node *n) {
    struct weir__node *before = n->look ? NULL : q->last;
    if (n->robbed && !n->look)
        while (before && !before->look) before = before->prev;
    n->prev = before;
    n->next = before ? before->next : q->first;
    *(n->prev ? &n->prev->next : &q->first) = n;
    *(n->next ? &n->next->prev : &q->last) = n;
    n->queued = true;
}

void weir__queue_remove(struct weir__queue *q, struct weir__node *n) {
    *(n->prev ? &n->prev->next : &q->first) = n->next;
    *(n->next ? &n->next->prev : &q->last) = n->prev;
    n->queued = false;
}

/* ---- taking ---------------------------------------------------------------------------------------- */

/* Whether the phase was `from` and is `to` now; what was found else stands in *found. */
static bool change(struct weir__thread *t, uint32_t from, uint32_t to, uint32_t *found) {
    *found = from;
    return weir_cas_relaxed(&t->phase, found, to);
}

bool weir__own_phase(struct weir__call *call) {
    uint32_t found;
    return !call->shown || change(call->self, WEIR__WAITING, WEIR__TAKEN, &found);
}

bool weir__take_own(struct weir__call *call) {
    if (!call->look) return weir__own_phase(call);
    call->ready = true;
    return false;
}

/* Lets a taken call go on. */
static void let_go(struct weir__thread *t) {
    WEIR_POINT("wait.tell");
    weir_store_release(&t->phase, WEIR__DONE, WAIT_D1);
    weir__unpark(&t->parker);
}

/* n only looks: it is told at once, so that it needs no wakes. It leaves its queues, under the object's
 * lock, before it returns (disarm). */
static int tell_look(struct weir__node *n) {
    struct weir__thread *t = n->thread;
    uint32_t found; /* not BUSY: it takes no peer */
    if (n->wake) {
        n->wake(n->elem);
        return WEIR_ENOENT;
    }
    if (!change(t, WEIR__WAITING, WEIR__TAKEN, &found)) return WEIR_ENOENT;
    n->result = 0;
    t->won = n->index;
    let_go(t);
    return WEIR_ENOENT;
}

int weir__take(struct weir__call *call, struct weir__node *n) {
    uint32_t found;
    bool shown = call && call->shown;
    if (n->look) return tell_look(n);
    if (shown && !call->pairing) return WEIR__AGAIN;
    if (shown && !change(call->self, WEIR__WAITING, WEIR__BUSY, &found)) return WEIR__OVER;
    if (change(n->thread, WEIR__WAITING, WEIR__TAKEN, &found)) {
        /* Relaxed: nobody else changes BUSY (I3). */
        if (shown) weir_store_relaxed(&call->self->phase, WEIR__TAKEN);
        return 0;
    }
    if (shown) weir_store_relaxed(&call->self->phase, WEIR__WAITING);
    return found == WEIR__BUSY ? WEIR__AGAIN : WEIR_ENOENT;
}

/* OVER, and ready, if somebody else waits in q; a call that is taken and still there may be counted. */
static int look_for(struct weir__call *call, const struct weir__queue *q) {
    const struct weir__node *n = q->first;
    while (n && (n->look || n->thread == call->self)) n = n->next;
    if (!n) return 0;
    call->ready = true;
    return WEIR__OVER;
}

int weir__take_first(struct weir__call *call, struct weir__queue *q, struct weir__node **out) {
    *out = NULL;
    if (call->look) return look_for(call, q);
    for (struct weir__node *n = q->first, *next; n; n = next) {
        next = n->next;
        if (n->thread == call->self && call->shown) continue; /* another case of this call */
        int rc = weir__take(call, n);
        if (rc == WEIR__AGAIN || rc == WEIR__OVER) return rc;
        weir__queue_remove(q, n);
        if (rc == 0) {
            *out = n;
            return 0;
        }
    }
    return 0;
}

void weir__complete(struct weir__wakes *wakes, struct weir__node *n, int result) {
    struct weir__thread *t = n->thread;
    n->result = result;
    t->won = n->index;
    t->wake_next = wakes->first;
    wakes->first = t;
}

void weir__tell(struct weir__wakes *wakes) {
    struct weir__thread *t = wakes->first;
    wakes->first = NULL;
    while (t) {
        struct weir__thread *next = t->wake_next;
        let_go(t);
        t = next;
    }
}

/* ---- one attempt ------------------------------------------------------------------------------------- */

int weir__attempt_on(struct weir__node *n, struct weir__call *call, int rc) {
    if (rc == WEIR__AGAIN) {
        weir__pairing_lock();
        call->pairing = true;
        rc = n->on->ops->attempt(n->on, n, call);
        call->pairing = false;
        weir__pairing_unlock();
    }
    weir__tell(&call->wakes);
    if (!n->look || (rc != 0 && !call->ready)) return rc;
    return weir__own_phase(call) ? 0 : WEIR__OVER;
}

bool weir__looks_ready(struct weir__node *n) {
    struct weir__call call = { .self = NULL };
    bool look = n->look;
    n->look = true;
    int rc = weir__attempt(n, &call);
    n->look = look;
    return rc == 0;
}
