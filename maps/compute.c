/* SPDX-License-Identifier: MIT */
/* maps/compute.c - which keys are being computed, by whom, and who waits for that. See compute.h.
 *
 * A call that computes stands in a table, which all maps share, from before its last look at the map until its
 * value is stored, or its function has failed. Calls for the same key queue up behind it. So a map needs
 * nothing of its own for this, and there is nothing to be allocated, but for the record of a thread that waits
 * for the first time.
 *
 * Invariants (each bucket under its lock)
 *   I1  of a key of a map at most one call stands in the table: its owner. It takes itself out, or puts a call
 *       that waits for it in its place.
 *   I2  (once) a call looks at the map after it has become the owner, and before it calls the function. Who
 *       was the owner before has stored its value first, so that it is found, unless it was removed meanwhile, or
 *       that function has failed.
 *   I3  (no waiter is forgotten) a call queues up in the hold of the lock in which it finds an owner; who
 *       leaves does so in one in which nobody waits, or tells all who do, or hands the key and the queue over
 *       to the first of them.
 *   I4  a waiting call has one case, beside its context's, and takes no peer: so its phase is never BUSY, and it
 *       may be taken without the pairing lock.
 *   I5  (who waits for whom) `behind` of a thread is the owner of the key that it waits for, from the hold in
 *       which it queues up until the one in which it leaves the queue, or is told, or the owner is another one.
 *       All of these hold the lock `order` as well, taken before the bucket's: who is about to queue up sees
 *       all such edges as they are at one instant. If they lead back to itself, it does not wait (EDEADLK); so
 *       they never make a circle, and the walk ends.
 *   I6  (the last touch) who leaves touches no waiter after the locks are given back but its thread's record,
 *       which is never unmapped; nor the map.
 *   I7  (fork) the table is whole between prepare and parent or child, by its locks. In the child those stand in it
 *       that the only thread is in, and nobody waits: other owners and all who waited are not there. So the keys
 *       that these computed are absent, and the next call computes; what they had computed and not stored is lost.
 * Progress   blocking: for the function of another call for the same key. The locks are held for a few
 *            instructions; `order` too for each that waits for the key when its owner leaves. An owner that is
 *            stopped before it has told those who wait leaves them asleep, and nobody else.
 * Ordering   none of its own: what a function did is seen by who gets the value from the map; after one that
 *            failed, by the next, through the lock, or WAIT_D1 -> WAIT_D2.
 * From       Go's singleflight, with the map's value in place of a result handed out: after a removal who waited
 *            computes anew, so that no call returns a value that was gone before it began. */
#include "compute.h"

#include "../lib/fork.h"
#include "../lib/os_user.h"
#include "../lib/rcu_inside.h"
#include "shard.h"

#define BUCKETS 64

struct bucket {
    _Alignas(WEIR_LINE) struct weir__lock lock;
    struct weir__compute *first;
};

static struct bucket buckets[BUCKETS];
static struct weir__lock order;

enum { OWNER, LOOK }; /* told: it is the owner; there may be a value */

static struct weir__compute *of(weir_waitable *on) { return (struct weir__compute *)(void *)on; }

/* Neither those bits that choose a shard nor those that choose a line. */
static struct bucket *bucket_of(const struct weir__compute *c) {
    return &buckets[(c->hash >> 24) % BUCKETS];
}

static struct weir__compute *owner_of(const struct bucket *b, const struct weir__compute *c) {
    struct weir__compute *o = b->first;
    while (o && (o->map != c->map || o->hash != c->hash || (c->same && !c->same(o, c))))
        o = o->next;
    return o;
}

static void enter(struct bucket *b, struct weir__compute *c) {
    c->next = b->first;
    b->first = c;
}

static void leave(struct bucket *b, const struct weir__compute *c) {
    struct weir__compute **at = &b->first;
    while (*at != c) at = &(*at)->next;
    *at = c->next;
}

/* ---- waiting ------------------------------------------------------------------------------------------------ */

/* Under `order`. Whether t is `self`, or waits for it, at however many removes. */
static bool waits_for(const struct weir__thread *t, const struct weir__thread *self) {
    while (t && t != self) t = t->behind;
    return t != NULL;
}

/* Under the locks; o is in the way. */
static int queue_up(struct weir__compute *o, struct weir__compute *c, struct weir__node *n) {
    if (waits_for(o->thread, c->thread) || weir__rcu_busy(c->thread) || weir__insides)
        return WEIR_EDEADLK;
    c->thread->behind = o->thread;
    weir__queue_add(&o->waiters, n);
    return WEIR__PENDING;
}

static int attempt(weir_waitable *on, struct weir__node *n, struct weir__call *call) {
    struct weir__compute *c = of(on), *o;
    struct bucket *b = bucket_of(c);
    int rc;
    if (call->arm) weir__lock(&order);
    weir__lock(&b->lock);
    o = owner_of(b, c);
    if (o) {
        rc = call->arm ? queue_up(o, c, n) : o->thread == c->thread ? WEIR_EDEADLK : WEIR_EBUSY;
    } else if (weir__take_own(call)) {
        enter(b, c);
        c->told = OWNER;
        rc = 0;
    } else {
        rc = WEIR__OVER;
    }
    weir__unlock(&b->lock);
    if (call->arm) weir__unlock(&order);
    return rc;
}

static void disarm(weir_waitable *on, struct weir__node *n) {
    struct weir__compute *c = of(on);
    struct bucket *b = bucket_of(c);
    weir__lock(&order);
    weir__lock(&b->lock);
    if (n->queued) {
        weir__queue_remove(&owner_of(b, c)->waiters, n);
        c->thread->behind = NULL;
    }
    weir__unlock(&b->lock);
    weir__unlock(&order);
}

static void about(weir_waitable *on, struct weir__about *a) {
    (void)on;
    *a = (struct weir__about){ .kind = "computation of a map's value" };
}

static const struct weir__waitable_ops ops = { .attempt = attempt,
                                               .disarm = disarm,
                                               .about = about };

/* ---- leaving ------------------------------------------------------------------------------------------------ */

/* Under the locks. Takes the first off the queue; NULL: it had given up. */
static struct weir__compute *take_first(struct weir__compute *c, int told,
                                        struct weir__wakes *wakes) {
    struct weir__node *n = c->waiters.first;
    weir__queue_remove(&c->waiters, n);
    n->thread->behind = NULL;
    if (weir__take(NULL, n) != 0) return NULL;
    struct weir__compute *taken = of(n->on);
    taken->told = told;
    weir__complete(wakes, n, 0);
    return taken;
}

static void tell_all(struct bucket *b, struct weir__compute *c, struct weir__wakes *wakes) {
    leave(b, c);
    while (c->waiters.first) (void)take_first(c, LOOK, wakes);
}

static void hand_over(struct bucket *b, struct weir__compute *c, struct weir__wakes *wakes) {
    struct weir__compute *heir = NULL;
    leave(b, c);
    while (!heir && c->waiters.first) heir = take_first(c, OWNER, wakes);
    if (!heir) return;
    heir->waiters = c->waiters;
    for (struct weir__node *n = heir->waiters.first; n; n = n->next)
        n->thread->behind = heir->thread;
    enter(b, heir);
}

static bool nobody_waits(struct bucket *b, struct weir__compute *c) {
    weir__lock(&b->lock);
    bool none = !c->waiters.first;
    if (none) leave(b, c);
    weir__unlock(&b->lock);
    return none;
}

/* The owner is through, or ends its thread. */
static void settle(void *arg) {
    struct weir__compute *c = arg;
    struct bucket *b = bucket_of(c);
    struct weir__wakes wakes = { NULL };
    if (nobody_waits(b, c)) return;
    WEIR_POINT("compute.waiters");
    weir__lock(&order);
    weir__lock(&b->lock);
    if (c->rc == 0 || c->rc == WEIR_EEXIST)
        tell_all(b, c, &wakes);
    else
        hand_over(b, c, &wakes);
    weir__unlock(&b->lock);
    weir__unlock(&order);
    WEIR_POINT("compute.settled");
    weir__tell(&wakes);
}

/* ---- the call ----------------------------------------------------------------------------------------------- */

static void own(void *arg) {
    struct weir__compute *c = arg;
    WEIR_POINT("compute.owner");
    if (weir_recheck(c->look(c), MAP_K1)) {
        c->rc = WEIR_EEXIST;
        return;
    }
    int rc = weir__ctx_err(c->ctx); /* it may have waited */
    c->rc = rc < 0 ? rc : c->make(c, c->deadline, c->ctx);
}

int weir__compute(struct weir__compute *c, weir_time deadline, weir_ctx *ctx) {
    c->on.ops = &ops;
    c->thread = weir__thread_self();
    if (!c->thread) return WEIR_ENOMEM;
    c->waiters = (struct weir__queue){ NULL, NULL };
    c->deadline = deadline;
    c->ctx = ctx;
    for (;;) {
        int rc = weir__wait_one(&c->on, WEIR_RECV, NULL, 0, deadline, ctx);
        if (rc < 0) return rc;
        if (c->told == OWNER) break;
        if (c->look(c)) return WEIR_EEXIST;
    }
    c->rc = WEIR_ECANCELED; /* if it ends this thread */
    weir__os_user_call(own, c, settle, c);
    return c->rc;
}

/* ---- forks -------------------------------------------------------------------------------------------------- */

static void fork_prepare(void) {
    weir__lock(&order);
    for (unsigned i = 0; i < BUCKETS; i++) weir__lock(&buckets[i].lock);
}

static void fork_parent(void) {
    for (unsigned i = BUCKETS; i-- > 0;) weir__unlock(&buckets[i].lock);
    weir__unlock(&order);
}

/* What is taken out stands on the stacks of threads that are not there. */
static void fork_child(const struct weir__thread *self) {
    for (unsigned i = 0; i < BUCKETS; i++) {
        struct weir__compute **at = &buckets[i].first;
        while (*at) {
            if ((*at)->thread != self) {
                *at = (*at)->next;
                continue;
            }
            (*at)->waiters = (struct weir__queue){ NULL, NULL };
            at = &(*at)->next;
        }
    }
    fork_parent();
}

__attribute__((constructor)) static void begin(void) {
    static const struct weir__fork_hook hook = { fork_prepare, fork_parent, fork_child };
    (void)weir__fork_hook(&hook);
}

#if defined(WEIR_DEBUG) && !defined(WEIR_MODEL)
bool weir__compute_runs(const void *map) {
    bool runs = false;
    for (unsigned i = 0; i < BUCKETS && !runs; i++) {
        weir__lock(&buckets[i].lock);
        for (const struct weir__compute *c = buckets[i].first; c; c = c->next)
            runs |= c->map == map;
        weir__unlock(&buckets[i].lock);
    }
    return runs;
}
#endif
