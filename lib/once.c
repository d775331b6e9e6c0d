/* SPDX-License-Identifier: MIT */
/* lib/once.c - see weir/once.h.
 *
 * Invariants
 *   I1  state goes NEW -> RUNNING, by the one who then runs the function, -> DONE, by the same, for ever. While
 *       RUNNING the waiters bit may be set; while nobody holds the lock, it is if and only if a node is queued.
 *   I2  owner is stored by the runner, whose record cannot go to another thread before the function has
 *       ended (if it ends its thread, state becomes DONE before the record is given back). So who finds its own
 *       record there runs it.
 *   I3  (the last touch) DONE without waiters is stored by a compare-and-swap that is all the runner does; with
 *       waiters, under the lock, in a hold that begins with a node queued: that node's call is not over before the
 *       lock has been given back. Value and error are in the runner's hands by then.
 *   I4  who lets go holds the pairing lock as well, so that no phase is BUSY.
 * Progress   one load once it is done; else it waits for the function.
 * Ordering   F2, F3 (release) -> F1 (acquire) carry what the function did; a waiter has it through WAIT_D1 ->
 *            WAIT_D2. The start needs none: whoever starts it sees what came before its own call.
 * From       Go's sync.Once and sync.OnceValues. */
#include <weir/once.h>

#include "base.h"
#include "ctx.h"
#include "os_user.h"
#include "wait.h"

enum { NEW, RUNNING, DONE, WAITERS = 4 };

static struct weir__lock *lock_of(weir_once *o) {
    return (struct weir__lock *)(void *)&o->lock_; /* its one field */
}

bool weir_once_is_done(const weir_once *o) {
    return o && weir_load_acquire(&o->state_, ONCE_F1) == DONE;
}

/* ---- waiting ------------------------------------------------------------------------------------------------ */

/* What a waiting call waits for: it lives as long as the call. */
struct wait {
    weir_waitable on;
    weir_once *once;
};

static weir_once *of(weir_waitable *on) { return ((struct wait *)(void *)on)->once; }

/* Under the lock. False: it has ended meanwhile. */
static bool announce(weir_once *o) {
    /* Relaxed: the runner sees the bit, or this fails. */
    uint32_t seen = RUNNING;
    return weir_cas_relaxed(&o->state_, &seen, RUNNING | WAITERS) || seen != DONE;
}

static int attempt(weir_waitable *on, struct weir__node *n, struct weir__call *call) {
    weir_once *o = of(on);
    int rc = call->arm ? WEIR__PENDING : WEIR_EBUSY;
    weir__lock(lock_of(o));
    if (weir_once_is_done(o) || (call->arm && !announce(o) && weir_once_is_done(o)))
        rc = weir__take_own(call) ? 0 : WEIR__OVER;
    else if (call->arm)
        weir__queue_add(&o->queue_, n);
    weir__unlock(lock_of(o));
    return rc;
}

static void disarm(weir_waitable *on, struct weir__node *n) {
    weir_once *o = of(on);
    weir__lock(lock_of(o));
    if (n->queued) {
        weir__queue_remove(&o->queue_, n);
        /* Relaxed: carries nothing. */
        if (!o->queue_.first) (void)weir_fetch_and_relaxed(&o->state_, ~(uint32_t)WAITERS);
    }
    weir__unlock(lock_of(o));
}

static const struct weir__waitable_ops ops = { .attempt = attempt, .disarm = disarm };

/* ---- running ------------------------------------------------------------------------------------------------ */

/* Under both locks. False: nobody waits any more. */
static bool let_go(weir_once *o, struct weir__wakes *wakes) {
    struct weir__node *n = o->queue_.first;
    if (!n) return false;
    for (; (n = o->queue_.first);) {
        weir__queue_remove(&o->queue_, n);
        if (weir__take(NULL, n) == 0) weir__complete(wakes, n, 0);
    }
    weir_store_release(&o->state_, DONE, ONCE_F3);
    return true;
}

static void finish(void *once) {
    weir_once *o = once;
    struct weir__wakes wakes = { NULL };
    bool done;
    do {
        uint32_t seen = RUNNING;
        if (weir_cas_release(&o->state_, &seen, DONE, ONCE_F2)) return;
        WEIR_POINT("once.waiters");
        weir__pairing_lock();
        weir__lock(lock_of(o));
        done = let_go(o, &wakes);
        weir__unlock(lock_of(o));
        weir__pairing_unlock();
    } while (!done);
    WEIR_POINT("once.let_go");
    weir__tell(&wakes);
}

/* One call: of weir_once_do, or of weir_once_value. */
struct run {
    weir_once *once;
    weir_once_fn *fn;
    weir_once_value_fn *value_fn;
    void *arg;
    void *value; /* what came out, once that is known */
    int err;
};

static void run_once(void *arg) {
    struct run *r = arg;
    if (r->fn) {
        r->fn(r->arg);
        return;
    }
    r->once->err_ = WEIR_ECANCELED; /* if it ends this thread */
    r->err = r->value_fn(r->arg, &r->value);
    r->once->value_ = r->value;
    r->once->err_ = r->err;
}

/* Returns 0 once it is done, with value and error in *r, or a code as in the header. */
static int once(struct run *r, weir_time deadline, weir_ctx *ctx) {
    weir_once *o = r->once;
    int rc = weir__ctx_err(ctx);
    if (rc < 0) return rc;
    if (!weir_once_is_done(o)) {
        struct weir__thread *self = weir__thread_self();
        uint32_t seen = NEW;
        if (!self) return WEIR_ENOMEM;
        /* Relaxed: see Ordering. */
        if (weir_cas_relaxed(&o->state_, &seen, RUNNING)) {
            weir_store_relaxed(&o->owner_, self); /* relaxed: only this thread looks for it */
            weir__os_user_call(run_once, r, finish, o);
            return 0;
        }
        if (weir_load_relaxed(&o->owner_) == self && seen != DONE) return WEIR_EDEADLK;
        struct wait w = { { &ops }, o };
        rc = weir__wait_one(&w.on, WEIR_RECV, NULL, 0, deadline, ctx);
        if (rc < 0) return rc;
    }
    r->value = o->value_;
    r->err = o->err_;
    return 0;
}

int weir_once_do_wait(weir_once *o, weir_once_fn *fn, void *arg, weir_time deadline,
                      weir_ctx *ctx) {
    struct run r = { .once = o, .fn = fn, .arg = arg };
    if (!o || !fn) return weir__misuse("weir_once_do", "no once, or no function");
    return once(&r, deadline, ctx);
}

int weir_once_value_wait(weir_once *o, weir_once_value_fn *fn, void *arg, void **value,
                         weir_time deadline, weir_ctx *ctx) {
    struct run r = { .once = o, .value_fn = fn, .arg = arg };
    if (value) *value = NULL;
    if (!o || !fn) return weir__misuse("weir_once_value", "no once, or no function");
    int rc = once(&r, deadline, ctx);
    if (rc < 0) return rc;
    if (value) *value = r.value;
    return r.err;
}
