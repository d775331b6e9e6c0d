/* SPDX-License-Identifier: MIT */
/* lib/timer.c - see weir/timer.h. A timer and a ticker are one thing here: a time, and a period or 0.
 *
 * Invariants (under the clock's lock)
 *   I1  at is the time of the firing that nobody has got; WEIR_FOREVER: none. Who gets it, by attempt, stop or
 *       reset, moves it on in the same hold: so one takes each firing, stop and reset say truly whether that
 *       was they, and after them nobody finds the old time.
 *   I2  (no lost wake-up) a waiter is in the queue, by attempt, before it reads `at` to know how long to sleep.
 *       A reset stores the new time and then unparks all in the queue: a waiter that has read the old time
 *       finds the token, and reads again. A later time needs no wake-up: who wakes too early sleeps on.
 *   I3  all who wait sleep until the same time, each by itself; those who come second find that it has moved on.
 * Progress   blocking; a reset to an earlier time holds the lock while it wakes.
 * Ordering   all by the lock; in due() a stale time is followed by a token (I2), PARK_P1 -> PARK_P2.
 * From       the timers of Go's runtime since 1.23, whose channels hold no stale value either: there the
 *            channel asks the timer, here there is no channel. */
#include <weir/timer.h>

#include "base.h"
#include "timer.h"
#include "wait.h"

struct clock {
    weir_waitable on;
    struct weir__lock lock;
    weir_au64 at; /* a weir_time; written under the lock */
    int64_t period;
    struct weir__queue waiters;
    struct weir__callback
        *calls; /* of a timer with a function, which is all that is used of it; NULL: none */
    const char *kind;
    struct weir__made made;
};

struct weir_timer {
    struct clock c;
};
struct weir_ticker {
    struct clock c;
};

/* Relaxed: under the lock, or as I2 says. */
static weir_time at_of(const struct clock *c) { return (weir_time)weir_load_relaxed(&c->at); }
static void set_at(struct clock *c, weir_time at) { weir_store_relaxed(&c->at, (uint64_t)at); }

/* Under the lock: the firing is taken at `now`. */
static void move_on(struct clock *c, weir_time now) {
    weir_time at = at_of(c), next;
    if (c->period == 0 || __builtin_add_overflow(now - (now - at) % c->period, c->period, &next))
        next = WEIR_FOREVER;
    set_at(c, next);
}

/* ---- as a case ----------------------------------------------------------------------------------------- */

static int attempt(weir_waitable *on, struct weir__node *n, struct weir__call *call) {
    struct clock *c = (struct clock *)(void *)on;
    int rc = 0;
    weir__lock(&c->lock);
    weir_time at = at_of(c), now = at == WEIR_FOREVER ? 0 : weir__os_now();
    if (at != WEIR_FOREVER && at <= now) {
        if (weir__take_own(call)) {
            move_on(c, now);
            if (n->elem) *(weir_time *)n->elem = at;
            if (n->queued) weir__queue_remove(&c->waiters, n);
        } else {
            rc = WEIR__OVER;
        }
    } else if (call->arm) {
        if (!n->queued) weir__queue_add(&c->waiters, n);
        rc = WEIR__PENDING;
    } else {
        rc = WEIR_EAGAIN;
    }
    weir__unlock(&c->lock);
    return rc;
}

static void disarm(weir_waitable *on, struct weir__node *n) {
    struct clock *c = (struct clock *)(void *)on;
    weir__lock(&c->lock);
    if (n->queued) weir__queue_remove(&c->waiters, n);
    weir__unlock(&c->lock);
}

static int check(const weir_waitable *on, const struct weir__node *n) {
    (void)on;
    return n->op == WEIR_RECV && n->arg == 0 ? 0 : WEIR_EINVAL;
}

static weir_time due(weir_waitable *on, struct weir__node *n) {
    (void)n;
    return at_of((struct clock *)(void *)on);
}

static void about(weir_waitable *on, struct weir__about *a) {
    struct clock *c = (struct clock *)(void *)on;
    *a = (struct weir__about){ c->kind, NULL, &c->made };
}

static const struct weir__waitable_ops ops = {
    .attempt = attempt, .disarm = disarm, .check = check, .due = due, .about = about
};

/* ---- both ---------------------------------------------------------------------------------------------- */

static struct clock *make(weir_time at, int64_t period) {
    struct clock *c = weir__os_alloc(sizeof *c, _Alignof(struct clock));
    if (!c) return NULL;
    *c = (struct clock){ .on = { &ops }, .period = period, .kind = period ? "ticker" : "timer" };
    weir_init_atomic(&c->lock.word, 0);
    weir_init_atomic(&c->at, (uint64_t)at);
    (void)weir__os_cpus(); /* now, not in the first wait */
    return c;
}

static int end(struct clock *c) {
    weir__lock(&c->lock);
    bool waited_for = c->waiters.first != NULL;
    weir__unlock(&c->lock);
    if (waited_for) return WEIR_EBUSY;
    weir__os_free(c);
    return 0;
}

static int set(struct clock *c, weir_time at, int64_t period) {
    weir__lock(&c->lock);
    weir_time before = at_of(c);
    c->period = period;
    set_at(c, at);
    WEIR_POINT("timer.set");
    if (at < before)
        for (struct weir__node *n = c->waiters.first; n; n = n->next)
            weir__unpark(&n->thread->parker);
    weir__unlock(&c->lock);
    return before != WEIR_FOREVER;
}

static int wait_for(struct clock *c, weir_time deadline, weir_ctx *ctx) {
    return weir__wait_one(&c->on, WEIR_RECV, NULL, 0, deadline, ctx);
}

/* ---- timer --------------------------------------------------------------------------------------------- */

int weir_timer_new(weir_timer **out, weir_time at) {
    if (!out) return WEIR_EINVAL;
    *out = (weir_timer *)(void *)make(at, 0);
    return *out ? 0 : WEIR_ENOMEM;
}

int weir_timer_new_func(weir_timer **out, weir_time at, void (*fn)(void *arg), void *arg) {
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    if (!fn) return weir__misuse("weir_timer_new_func", "no function");
    struct clock *c = make(WEIR_FOREVER, 0);
    if (!c) return WEIR_ENOMEM;
    c->calls = weir__callback_new(fn, arg);
    if (!c->calls) {
        weir__os_free(c);
        return WEIR_ENOMEM;
    }
    *out = (weir_timer *)(void *)c; /* before it can run */
    (void)weir__callback_set(c->calls, at);
    return 0;
}

int weir_timer_free(weir_timer *t) {
    if (!t) return 0;
    if (t->c.calls) weir__callback_free(t->c.calls);
    return end(&t->c);
}

int weir_timer_stop(weir_timer *t) {
    if (!t) return weir__misuse("weir_timer_stop", "no timer");
    return t->c.calls ? weir__callback_set(t->c.calls, WEIR_FOREVER) : set(&t->c, WEIR_FOREVER, 0);
}

int weir_timer_reset(weir_timer *t, weir_time at) {
    if (!t) return weir__misuse("weir_timer_reset", "no timer");
    return t->c.calls ? weir__callback_set(t->c.calls, at) : set(&t->c, at, 0);
}

int weir_timer_wait(weir_timer *t, weir_time deadline, weir_ctx *ctx) {
    if (!t || t->c.calls) return weir__misuse("weir_timer_wait", "no timer that can be waited for");
    return wait_for(&t->c, deadline, ctx);
}

weir_waitable *weir_timer_waitable(weir_timer *t) { return t && !t->c.calls ? &t->c.on : NULL; }

/* ---- ticker -------------------------------------------------------------------------------------------- */

int weir_ticker_new(weir_ticker **out, int64_t period) {
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    if (period <= 0) return weir__misuse("weir_ticker_new", "a period of 0 or less");
    *out = (weir_ticker *)(void *)make(weir_after(period), period);
    return *out ? 0 : WEIR_ENOMEM;
}

int weir_ticker_free(weir_ticker *t) { return t ? end(&t->c) : 0; }

int weir_ticker_stop(weir_ticker *t) {
    return t ? set(&t->c, WEIR_FOREVER, 0) : weir__misuse("weir_ticker_stop", "no ticker");
}

int weir_ticker_reset(weir_ticker *t, int64_t period) {
    if (!t || period <= 0) return weir__misuse("weir_ticker_reset", "no ticker, or no period");
    return set(&t->c, weir_after(period), period);
}

int weir_ticker_wait(weir_ticker *t, weir_time deadline, weir_ctx *ctx) {
    return t ? wait_for(&t->c, deadline, ctx) : weir__misuse("weir_ticker_wait", "no ticker");
}

weir_waitable *weir_ticker_waitable(weir_ticker *t) { return t ? &t->c.on : NULL; }
