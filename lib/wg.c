/* SPDX-License-Identifier: MIT */
/* lib/wg.c - see weir/wg.h.
 *
 * The word holds the counter and the waiters bit.
 *
 * Invariants
 *   I1  while nobody holds the lock, the bit is set if and only if a node is queued, and then the counter is
 *       not zero.
 *   I2  the counter comes to zero with the bit set only under the lock, by who then lets all go in the same
 *       hold: meanwhile the word stays 0 with the bit, and every change of it is misuse. With the bit clear
 *       the change to zero is the last that its thread does with the wait group.
 *   I3  (the last done) that hold begins with the bit set, so a wait is not over: its thread is told after the
 *       lock has been given back, or has to take the lock itself to leave. If the bit is clear by then, the lock
 *       is given back with nothing done.
 *   I4  who lets go holds the pairing lock as well, so that no phase is BUSY and it need not come back.
 * Progress   see the header.
 * Ordering   D1, Z1 (release) -> W1, Z1 (acquire): all changes are read-modify-writes, so who reads zero sees
 *            what came before each done. A waiter sees it through Z1, then WAIT_D1 -> WAIT_D2. seq_cst: a
 *            done, then a try on another wait group, on two threads crosswise: one of the tries succeeds.
 * From       Go's sync.WaitGroup. */
#include <weir/wg.h>

#include "base.h"
#include "ctx.h"
#include "os_user.h"
#include "wait.h"

#define WAITERS UINT64_C(1)
#define ONE UINT64_C(2)

const struct weir__waitable_ops weir__wg_ops_;

static struct weir__lock *lock_of(weir_wg *wg) {
    return (struct weir__lock *)(void *)&wg->lock_; /* its one field */
}
static int64_t count_in(uint64_t word) { return (int64_t)(word >> 1); }
static weir_wg *of(weir_waitable *on) { return (weir_wg *)(void *)on; }

/* ---- add ---------------------------------------------------------------------------------------------------- */

/* Takes the counter from n to zero, under both locks: 0, or RETRY, with nothing done: it is not n any more, or
 * nobody waits. */
static int let_go(weir_wg *wg, int64_t n, struct weir__wakes *wakes) {
    /* Relaxed: Z1 decides. */
    uint64_t w = weir_load_relaxed(&wg->word_);
    do
        if (!(w & WAITERS) || count_in(w) != n) return WEIR__RETRY;
    while (!weir_cas_seq_cst(&wg->word_, &w, WAITERS, WG_Z1));
    WEIR_POINT("wg.zero");
    for (struct weir__node *q; (q = wg->queue_.first);) {
        weir__queue_remove(&wg->queue_, q);
        if (weir__take(NULL, q) == 0) weir__complete(wakes, q, 0);
    }
    /* Relaxed: part of Z1's release sequence. */
    (void)weir_fetch_and_relaxed(&wg->word_, ~WAITERS);
    return 0;
}

static int end_waits(weir_wg *wg, int64_t n) {
    struct weir__wakes wakes = { NULL };
    WEIR_POINT("wg.last");
    weir__pairing_lock();
    weir__lock(lock_of(wg));
    int rc = let_go(wg, n, &wakes);
    weir__unlock(lock_of(wg));
    weir__pairing_unlock();
    WEIR_POINT("wg.let_go");
    weir__tell(&wakes);
    return rc;
}

int weir_wg_add(weir_wg *wg, int32_t n) {
    if (!wg) return weir__misuse("weir_wg_add", "no wait group");
    /* Relaxed: what is done with it follows from the compare-and-swap; misuse is misuse at any instant. */
    uint64_t w = weir_load_relaxed(&wg->word_);
    while (n != 0) {
        int64_t count = count_in(w) + n;
        if (count < 0) return weir__misuse("weir_wg_add", "below zero");
        if (count > WEIR_WG_MAX) return WEIR_ETOOBIG;
        if (w == WAITERS) return weir__misuse("weir_wg_add", "from zero, while a wait ends");
        if (count == 0 && w & WAITERS) {
            if (end_waits(wg, -(int64_t)n) == 0) return 0;
            w = weir_load_relaxed(&wg->word_); /* relaxed: as above */
        } else if (weir_cas_seq_cst(&wg->word_, &w, (uint64_t)count * ONE | (w & WAITERS), WG_D1)) {
            return 0;
        }
    }
    return 0;
}

/* ---- wait --------------------------------------------------------------------------------------------------- */

static bool is_zero(const weir_wg *wg) {
    return count_in(weir_load_seq_cst(&wg->word_, WG_W1)) == 0;
}

/* Says that somebody waits. False: the word has changed. */
static bool announce(weir_wg *wg) {
    /* Relaxed: a done sees the bit, or this fails. */
    uint64_t w = weir_load_relaxed(&wg->word_);
    if (count_in(w) == 0) return false;
    return w & WAITERS || weir_cas_relaxed(&wg->word_, &w, w | WAITERS);
}

static int attempt(weir_waitable *on, struct weir__node *n, struct weir__call *call) {
    weir_wg *wg = of(on);
    int rc = call->arm ? WEIR__PENDING : WEIR_EAGAIN;
    weir__lock(lock_of(wg));
    bool zero;
    do zero = is_zero(wg);
    while (!zero && call->arm && !announce(wg));
    if (zero)
        rc = weir__take_own(call) ? 0 : WEIR__OVER;
    else if (call->arm)
        weir__queue_add(&wg->queue_, n);
    weir__unlock(lock_of(wg));
    return rc;
}

static void disarm(weir_waitable *on, struct weir__node *n) {
    weir_wg *wg = of(on);
    weir__lock(lock_of(wg));
    if (n->queued) {
        weir__queue_remove(&wg->queue_, n);
        /* Relaxed: carries nothing; the counter's releases go on through it. */
        if (!wg->queue_.first) (void)weir_fetch_and_relaxed(&wg->word_, ~WAITERS);
    }
    weir__unlock(lock_of(wg));
}

int weir_wg_wait_wait(weir_wg *wg, weir_time deadline, weir_ctx *ctx) {
    if (!wg) return weir__misuse("weir_wg_wait", "no wait group");
    int rc = weir__ctx_err(ctx);
    if (rc < 0) return rc;
    if (is_zero(wg)) return 0;
    if (deadline == WEIR_NOW) return WEIR_EAGAIN;
    return weir__wait_one(&wg->on_, WEIR_RECV, NULL, 0, deadline, ctx);
}

/* ---- go ----------------------------------------------------------------------------------------------------- */

struct go {
    weir_wg *wg;
    void (*fn)(void *arg);
    void *arg;
};

static void go_done(void *wg) { (void)weir_wg_done(wg); }

static void *go_main(void *arg) {
    struct go g = *(struct go *)arg;
    weir__os_free(arg);
    weir__os_user_call(g.fn, g.arg, go_done, g.wg);
    return NULL;
}

int weir_wg_go(weir_wg *wg, void (*fn)(void *arg), void *arg) {
    if (!fn) return weir__misuse("weir_wg_go", "no function");
    struct go *g = weir__os_alloc(sizeof *g, _Alignof(struct go));
    if (!g) return WEIR_ENOMEM;
    *g = (struct go){ wg, fn, arg };
    int rc = weir_wg_add(wg, 1);
    if (rc == 0) {
        rc = weir__os_user_thread(go_main, g);
        if (rc == 0) return 0;
        (void)weir_wg_done(wg);
    }
    weir__os_free(g);
    return rc;
}

/* ---- the rest ----------------------------------------------------------------------------------------------- */

int weir_wg_init(weir_wg *wg) {
    if (!wg) return weir__misuse("weir_wg_init", "no wait group");
    wg->on_.ops = &weir__wg_ops_;
    wg->queue_ = (struct weir__queue){ NULL, NULL };
    weir_init_atomic(&wg->word_, 0);
    weir_init_atomic(&wg->lock_, 0);
    return 0;
}

/* Relaxed: one instant's. */
int32_t weir_wg_count(const weir_wg *wg) {
    return wg ? (int32_t)count_in(weir_load_relaxed(&wg->word_)) : 0;
}

weir_waitable *weir_wg_waitable(weir_wg *wg) { return wg ? &wg->on_ : NULL; }

static int check(const weir_waitable *on, const struct weir__node *n) {
    (void)on;
    return n->op == WEIR_RECV && !n->elem && n->arg == 0 ? 0 : WEIR_EINVAL;
}

static void about(weir_waitable *on, struct weir__about *a) {
    (void)on;
    a->kind = "wait group";
}

const struct weir__waitable_ops weir__wg_ops_ = {
    .attempt = attempt, .disarm = disarm, .check = check, .about = about
};
