/* SPDX-License-Identifier: MIT */
/* flow/future.c - see weir/future.h.
 *
 * Invariants
 *   I1  state goes NEW or DONE -> PENDING, by who gives it to a pool, -> DONE, by who has its task; or NEW -> PENDING ->
 *       DONE by weir_future_resolve. While it is not DONE it may have the waiters bit; while nobody holds the lock, it
 *       has if and only if a node is queued. DONE never has it but for a moment under the lock.
 *   I2  (the last touch) DONE without waiters is stored by a compare-and-swap, which is all that the one who resolves
 *       does; with waiters, under the lock, in a hold that begins with a node queued: that wait is not over before the
 *       lock has been given back. Code, value and text stand in the future by then.
 *   I3  who lets go holds the pairing lock as well, so that no phase is BUSY and it need not come back.
 * Progress   see the header.
 * Ordering   D1, D2 (release) -> W1 (acquire) carry the result and what the task did; a waiter has it through D2, then
 *            WAIT_D1 -> WAIT_D2. P1 (release) -> P2 (acquire): who finds it PENDING sees the task in it. */
#include <weir/future.h>

#include "../lib/base.h"
#include "../lib/ctx.h"
#include "../lib/wait.h"
#include "future.h"

#include <string.h>

enum { NEW, PENDING, DONE, STATES = 3, WAITERS = 4 };

const struct weir__waitable_ops weir__future_ops_;

static struct weir__lock *lock_of(weir_future *f) {
    return (struct weir__lock *)(void *)&f->lock_; /* its one field */
}
static weir_future *of(weir_waitable *on) { return (weir_future *)(void *)on; }

static bool is_done(weir_future *f) {
    return (weir_load_acquire(&f->state_, FUT_W1) & STATES) == DONE;
}

int weir_future_init(weir_future *f) {
    if (!f) return weir__misuse("weir_future_init", "no future");
    f->on_.ops = &weir__future_ops_;
    f->queue_ = (struct weir__queue){ NULL, NULL };
    weir_init_atomic(&f->state_, NEW);
    weir_init_atomic(&f->lock_, 0);
    f->pool_ = NULL;
    return 0;
}

/* ---- from one state to the next --------------------------------------------------------------------------------- */

bool weir__future_begin(weir_future *f, void *pool) {
    /* Relaxed: the task is written below, and said to be there by the store. */
    uint32_t s = weir_load_relaxed(&f->state_);
    if ((s & STATES) == PENDING) return false;
    f->pool_ = pool;
    f->task_ = NULL; /* nobody takes it but from a queue */
    f->value_ = NULL;
    return true;
}

void weir__future_pending(weir_future *f) {
    /* Relaxed: the compare-and-swap decides; waiters of a NEW one may come and go. */
    uint32_t s = weir_load_relaxed(&f->state_);
    while (!weir_cas_release(&f->state_, &s, PENDING | (s & WAITERS), FUT_P1)) {
    }
}

/* Under both locks. False: nobody waits any more. */
static bool let_go(weir_future *f, struct weir__wakes *wakes) {
    /* Relaxed: under the lock. */
    if (!(weir_load_relaxed(&f->state_) & WAITERS)) return false;
    weir_store_release(&f->state_, DONE, FUT_D2);
    WEIR_POINT("future.done");
    for (struct weir__node *n; (n = f->queue_.first);) {
        weir__queue_remove(&f->queue_, n);
        if (weir__take(NULL, n) == 0) weir__complete(wakes, n, 0);
    }
    return true;
}

static bool end_waits(weir_future *f) {
    struct weir__wakes wakes = { NULL };
    weir__pairing_lock();
    weir__lock(lock_of(f));
    bool ended = let_go(f, &wakes);
    weir__unlock(lock_of(f));
    weir__pairing_unlock();
    WEIR_POINT("future.let_go");
    weir__tell(&wakes);
    return ended;
}

static void copy_error(weir_future *f, int code, const struct weir_error *err) {
    const char *text = err && err->code == code ? err->text : weir_strerror(code);
    size_t n = strlen(text);
    if (n >= sizeof f->error_.text) n = sizeof f->error_.text - 1;
    f->error_.code = code;
    memcpy(f->error_.text, text, n);
    f->error_.text[n] = 0;
}

void weir__future_fill(weir_future *f, int code, void *value, const struct weir_error *err) {
    f->code_ = code;
    f->value_ = value;
    if (WEIR_UNLIKELY(code < 0)) copy_error(f, code, err);
}

void weir__future_end(weir_future *f, int code, void *value, const struct weir_error *err) {
    weir__future_fill(f, code, value, err);
    weir__future_publish(f);
}

void weir__future_publish(weir_future *f) {
    /* Relaxed: what is done with it follows from the compare-and-swap, or is looked at again. */
    uint32_t s = weir_load_relaxed(&f->state_);
    for (;;) {
        if (s & WAITERS) {
            if (end_waits(f)) return;
            s = weir_load_relaxed(&f->state_); /* relaxed: as above */
        } else if (weir_cas_release(&f->state_, &s, DONE, FUT_D1)) {
            return;
        }
    }
}

int weir_future_resolve(weir_future *f, int code, void *value) {
    struct weir_error err;
    if (!f) return weir__misuse("weir_future_resolve", "no future");
    /* Relaxed: as the compare-and-swap, which only finds out who is first. */
    uint32_t s = weir_load_relaxed(&f->state_);
    do
        if ((s & STATES) != NEW) return weir__misuse("weir_future_resolve", "not a new one");
    while (!weir_cas_relaxed(&f->state_, &s, PENDING | (s & WAITERS)));
    weir_error_take(code, &err);
    weir__future_end(f, code, value, &err);
    return 0;
}

/* ---- waiting ------------------------------------------------------------------------------------------------------ */

/* Says that somebody waits. False: the state has changed. */
static bool announce(weir_future *f) {
    /* Relaxed: who resolves sees the bit, or this fails. */
    uint32_t s = weir_load_relaxed(&f->state_);
    if ((s & STATES) == DONE) return false;
    return (s & WAITERS) || weir_cas_relaxed(&f->state_, &s, s | WAITERS);
}

static int attempt(weir_waitable *on, struct weir__node *n, struct weir__call *call) {
    weir_future *f = of(on);
    int rc = call->arm ? WEIR__PENDING : WEIR_EAGAIN;
    weir__lock(lock_of(f));
    bool done;
    do done = is_done(f);
    while (!done && call->arm && !announce(f));
    if (done)
        rc = weir__take_own(call) ? 0 : WEIR__OVER;
    else if (call->arm)
        weir__queue_add(&f->queue_, n);
    weir__unlock(lock_of(f));
    return rc;
}

static void disarm(weir_waitable *on, struct weir__node *n) {
    weir_future *f = of(on);
    weir__lock(lock_of(f));
    if (n->queued) {
        weir__queue_remove(&f->queue_, n);
        /* Relaxed: carries nothing. */
        if (!f->queue_.first) (void)weir_fetch_and_relaxed(&f->state_, ~(uint32_t)WAITERS);
    }
    weir__unlock(lock_of(f));
}

static int wait_with(weir_future *f, weir_time deadline, weir_ctx *ctx,
                     void (*help)(weir_future *f, weir_time deadline, weir_ctx *ctx)) {
    int rc = weir__ctx_err(ctx);
    if (rc < 0) return rc;
    uint32_t s = weir_load_acquire(&f->state_, FUT_P2) & STATES;
    if (s == DONE) return 0;
    if (deadline == WEIR_NOW) return WEIR_EAGAIN;
    if (s == PENDING && f->pool_) help(f, deadline, ctx);
    if (is_done(f)) return weir__ctx_err(ctx);
    return weir__wait_one(&f->on_, WEIR_RECV, NULL, 0, deadline, ctx);
}

int weir_future_wait_wait(weir_future *f, weir_time deadline, weir_ctx *ctx) {
    if (!f) return weir__misuse("weir_future_wait", "no future");
    return wait_with(f, deadline, ctx, weir__pool_run_awaited);
}

int weir_future_join_wait(weir_future *f, weir_time deadline, weir_ctx *ctx) {
    if (!f) return weir__misuse("weir_future_join", "no future");
    return wait_with(f, deadline, ctx, weir__pool_run_others);
}

/* ---- looking ------------------------------------------------------------------------------------------------------ */

bool weir_future_is_done(weir_future *f) { return f && is_done(f); }

int weir_future_code(weir_future *f) {
    if (!f) return weir__misuse("weir_future_code", "no future");
    return is_done(f) ? f->code_ : WEIR_EAGAIN;
}

void *weir_future_value(weir_future *f) { return f && is_done(f) ? f->value_ : NULL; }

const struct weir_error *weir_future_error(weir_future *f) {
    return f && is_done(f) && f->code_ < 0 ? &f->error_ : NULL;
}

weir_waitable *weir_future_waitable(weir_future *f) { return f ? &f->on_ : NULL; }

static int check(const weir_waitable *on, const struct weir__node *n) {
    (void)on;
    return n->op == WEIR_RECV && !n->elem && n->arg == 0 ? 0 : WEIR_EINVAL;
}

static void about(weir_waitable *on, struct weir__about *a) {
    (void)on;
    a->kind = "future";
}

const struct weir__waitable_ops weir__future_ops_ = {
    .attempt = attempt, .disarm = disarm, .check = check, .about = about
};
