/* SPDX-License-Identifier: MIT */
/* lib/sem.c - see weir/sem.h.
 *
 * The word holds what is free, the size, and the waiters bit. While the bit is clear everybody changes the
 * word, by compare-and-swap; while it is set, only who holds the lock does.
 *
 * Invariants
 *   I1  while nobody holds the lock, the bit is set if and only if the line has a node in it. A locked
 *       section may set it for its own time, to decide over a word that stands still.
 *   I2  while nobody holds the lock, the first in line (who looks apart) asks for more than is free, or its
 *       call is decided already (its owner takes it off, and then serves those behind), or a release is on its
 *       way to it that met a BUSY phase, and comes back with the pairing lock.
 *   I3  nodes stand in the order of their places. A node gets its place when it is first queued, that of
 *       another case of its call if one is in line, and keeps it when its select leaves all lines to try
 *       another case, and comes back. So a call has one place.
 *       Who only looks stands before all of them, without a place, and in nobody's way; it is told when the line
 *       behind it has become empty and as many units as it asks for are left.
 *   I4  (the last release) units that are being released are seen by nobody before the word is stored, in the
 *       last hold of the lock, and a caller that was granted some is told after the lock has been given
 *       back. So who has got them all finds no release that still touches the semaphore, but for a
 *       wake-up of the lock's address. That last hold begins with the bit set: somebody's call is not over.
 *       If the bit is clear, the lock is given back with nothing done, and the release is made without it. A
 *       release that has to come back for a BUSY phase keeps all its units until then, or, if it has granted
 *       some already, has not told whom.
 *   I5  a select's case takes units only after it has taken its own phase, over a word that stands still: no
 *       units have to be given back, and no try says EAGAIN for units that were never taken. A try that finds
 *       enough free units but also the bit decides under the lock.
 * Progress   see the header; who meets the lock waits for it.
 * Ordering   R2, G1 (release) -> A2, G1 (acquire): what came before a release is seen by whoever gets its
 *            units. All changes of the word are read-modify-writes, so that each continues the release
 *            sequences of all before it. Who is granted units sees what came before any of the releases that
 *            made up their sum through G1, then WAIT_D1 -> WAIT_D2. R2, G1 and A1 are seq_cst: a release, then
 *            a try on another semaphore, on two threads crosswise: one of the tries succeeds.
 * From       Go's x/sync/semaphore for the line; the word with the bit as in a futex mutex. */
#include <weir/sem.h>

#include "base.h"
#include "ctx.h"
#include "wait.h"

#define WAITERS UINT64_C(1)
#define UNIT_SHIFT 32

const struct weir__waitable_ops weir__sem_ops_;

static struct weir__lock *lock_of(weir_sem *s) {
    return (struct weir__lock *)(void *)&s->lock_; /* its one field */
}
static uint64_t free_in(uint64_t word) { return word >> UNIT_SHIFT; }
static uint64_t size_in(uint64_t word) { return word >> 1 & WEIR_SEM_MAX; }
static weir_sem *of(weir_waitable *on) { return (weir_sem *)(void *)on; }

/* ---- the line ----------------------------------------------------------------------------------------------- */

/* A node's place in line, in the field that a semaphore's case has no other use for; 0: none yet, or none at all,
 * of one that looks. */
static uintptr_t place(const struct weir__node *n) { return n->look ? 0 : (uintptr_t)n->elem; }

/* Another case of this call may be in line. */
static void share_place(const weir_sem *s, struct weir__node *n, const struct weir__thread *self) {
    const struct weir__node *q = s->queue_.first;
    while (q && q->thread != self) q = q->next;
    if (q) n->elem = q->elem;
}

/* Whether a stands before b, if both were queued. */
static bool before(const struct weir__node *a, const struct weir__node *b) {
    return place(a) && place(a) < place(b);
}

static void enter(weir_sem *s, struct weir__node *n) {
    if (n->look) {
        weir__queue_add(&s->queue_, n);
        return;
    }
    if (!place(n)) n->elem = (void *)(uintptr_t)++s->places_;
    struct weir__node *last = s->queue_.last;
    while (last && before(n, last)) last = last->prev;
    n->prev = last;
    n->next = last ? last->next : s->queue_.first;
    *(n->prev ? &n->prev->next : &s->queue_.first) = n;
    *(n->next ? &n->next->prev : &s->queue_.last) = n;
    n->queued = true;
}

/* Whether nobody stands before n but other cases of the same call and who only looks. */
static bool is_first(const weir_sem *s, const struct weir__node *n,
                     const struct weir__thread *self) {
    for (const struct weir__node *q = s->queue_.first; q && !before(n, q); q = q->next)
        if (q->thread != self && !q->look) return false;
    return true;
}

/* Grants from the front while it fits: to the first call, by whichever of its cases fits, and so on. True: a
 * BUSY one is in front, the rest needs the pairing lock. Under the lock. */
static bool serve(weir_sem *s, uint64_t *units, struct weir__wakes *wakes) {
    const struct weir__thread *unserved =
        NULL; /* its first case does not fit, perhaps another does */
    for (struct weir__node *n = s->queue_.first, *next; n; n = next) {
        next = n->next;
        if (n->look) continue;
        if (unserved && n->thread != unserved) return false;
        if (n->arg > *units) {
            unserved = n->thread;
            continue;
        }
        int rc = weir__take(NULL, n);
        if (rc == WEIR__AGAIN) return true;
        weir__queue_remove(&s->queue_, n);
        if (rc != 0) continue;
        *units -= n->arg;
        weir__complete(wakes, n, 0);
    }
    return false;
}

/* Tells those who look and would get their units now: nobody else is left in line. Under the lock. */
static void show(weir_sem *s, uint64_t units) {
    if (s->queue_.last && !s->queue_.last->look) return;
    for (struct weir__node *n = s->queue_.first, *next; n; n = next) {
        next = n->next;
        if (n->arg > units) continue;
        weir__queue_remove(&s->queue_, n);
        (void)weir__take(NULL, n); /* as it only looks, it is told, and given nothing */
    }
}

/* The word, which stands still because the bit is set, gets this many free units, and the bit only if somebody
 * is left in line. Under the lock. */
static void publish(weir_sem *s, uint64_t word, uint64_t units) {
    uint64_t bit = s->queue_.first ? WAITERS : 0;
    (void)weir_exchange_seq_cst(&s->word_, units << UNIT_SHIFT | size_in(word) << 1 | bit, SEM_G1);
}

/* ---- acquire ------------------------------------------------------------------------------------------------ */

/* Without the lock: 0, EAGAIN, or EBUSY: it has to be decided under the lock. */
static int take(weir_sem *s, uint32_t n) {
    uint64_t w = weir_load_seq_cst(&s->word_, SEM_A1);
    while (free_in(w) >= n) {
        if (w & WAITERS) return WEIR_EBUSY;
        if (weir_cas_acquire(&s->word_, &w, w - ((uint64_t)n << UNIT_SHIFT), SEM_A2)) return 0;
    }
    return WEIR_EAGAIN;
}

/* Under the lock. */
static int decide(weir_sem *s, struct weir__node *n, struct weir__call *call) {
    /* Relaxed: says only that the word stands still from now on. */
    uint64_t w = weir_fetch_or_relaxed(&s->word_, WAITERS);
    int rc = call->arm ? WEIR__PENDING : WEIR_EAGAIN;
    if (call->shown && !n->look && !place(n)) share_place(s, n, call->self);
    if (n->arg <= free_in(w) && is_first(s, n, call->self)) {
        if (weir__take_own(call)) {
            publish(s, w, free_in(w) - n->arg);
            return 0;
        }
        rc = WEIR__OVER;
    } else if (call->arm && n->arg <= size_in(w)) {
        enter(s, n);
    }
    /* Relaxed: as above. */
    if (!s->queue_.first) (void)weir_fetch_and_relaxed(&s->word_, ~WAITERS);
    return rc;
}

static int attempt(weir_waitable *on, struct weir__node *n, struct weir__call *call) {
    weir_sem *s = of(on);
    weir__lock(lock_of(s));
    int rc = decide(s, n, call);
    weir__unlock(lock_of(s));
    return rc;
}

/* Whether nothing but a deadline or the context would end the wait for n units. */
static bool is_too_big(const weir_sem *s, uint32_t n) { return n > weir_sem_size(s); }

int weir_sem_acquire_wait(weir_sem *s, uint32_t n, weir_time deadline, weir_ctx *ctx) {
    if (!s) return weir__misuse("weir_sem_acquire", "no semaphore");
    int rc = weir__ctx_err(ctx);
    if (rc < 0) return rc;
    rc = take(s, n);
    if (rc == 0) return 0;
    bool endless = deadline == WEIR_FOREVER && !weir_ctx_waitable(ctx);
    if ((deadline == WEIR_NOW || endless) && is_too_big(s, n)) return WEIR_ETOOBIG;
    if (deadline == WEIR_NOW && rc == WEIR_EAGAIN) return rc;
    return weir__wait_one(&s->on_, WEIR_RECV, NULL, n, deadline, ctx);
}

/* ---- release ------------------------------------------------------------------------------------------------ */

/* Adds *n units to the free ones, and grants what fits. Under the lock. 0: done. RETRY: nobody waits, it is to
 * be done without the lock. EINVAL: more than is held. AGAIN: with the pairing lock, what is left of it: *n,
 * and granting. */
static int hand_out(weir_sem *s, uint64_t *n, struct weir__wakes *wakes) {
    /* Relaxed: under the lock, and used only if it stands still. */
    uint64_t w = weir_load_relaxed(&s->word_), units = free_in(w) + *n;
    if (!(w & WAITERS)) return *n ? WEIR__RETRY : 0;
    if (units > size_in(w)) return WEIR_EINVAL;
    bool busy = serve(s, &units, wakes);
    if (busy && !wakes->first) return WEIR__AGAIN; /* with all of its units (I4) */
    if (!busy) show(s, units);
    publish(s, w, units);
    *n = 0;
    return busy ? WEIR__AGAIN : 0;
}

/* Takes a node off the line (NULL: none) and hands out n units more. As hand_out, but for AGAIN. */
static int serve_line(weir_sem *s, struct weir__node *leaving, uint64_t n) {
    struct weir__wakes wakes = { NULL };
    bool pairing = false;
    int rc;
    do {
        if (pairing) weir__pairing_lock();
        weir__lock(lock_of(s));
        bool in_line = leaving && leaving->queued;
        if (in_line) weir__queue_remove(&s->queue_, leaving);
        rc = !leaving || in_line || pairing ? hand_out(s, &n, &wakes) : 0;
        weir__unlock(lock_of(s));
        if (pairing) weir__pairing_unlock();
        pairing = true;
    } while (rc == WEIR__AGAIN);
    WEIR_POINT("sem.granted");
    weir__tell(&wakes);
    return rc;
}

static void disarm(weir_waitable *on, struct weir__node *n) { (void)serve_line(of(on), n, 0); }

int weir_sem_release(weir_sem *s, uint32_t n) {
    if (!s) return weir__misuse("weir_sem_release", "no semaphore");
    /* Relaxed: who holds units has seen the word in which they were taken, and whatever has changed it since
     * leaves these held. */
    uint64_t w = weir_load_relaxed(&s->word_);
    for (;;) {
        if (n > size_in(w) - free_in(w))
            return weir__misuse("weir_sem_release", "more than is held");
        if (n == 0) return 0;
        if (!(w & WAITERS)) {
            uint64_t more = w + ((uint64_t)n << UNIT_SHIFT);
            if (weir_cas_seq_cst(&s->word_, &w, more, SEM_R2)) return 0;
        } else {
            WEIR_POINT("sem.release.waiters");
            if (serve_line(s, NULL, n) == 0) return 0;
            w = weir_load_relaxed(&s->word_); /* relaxed: as above */
        }
    }
}

/* ---- the rest ----------------------------------------------------------------------------------------------- */

int weir_sem_init(weir_sem *s, uint32_t n) {
    if (!s || n > WEIR_SEM_MAX) return weir__misuse("weir_sem_init", "no semaphore of this size");
    s->on_.ops = &weir__sem_ops_;
    s->queue_ = (struct weir__queue){ NULL, NULL };
    s->places_ = 0;
    weir_init_atomic(&s->word_, (uint64_t)n << UNIT_SHIFT | (uint64_t)n << 1);
    weir_init_atomic(&s->lock_, 0);
    return 0;
}

/* Relaxed: the size never changes, and of the rest this is one instant's. */
uint32_t weir_sem_size(const weir_sem *s) {
    return s ? (uint32_t)size_in(weir_load_relaxed(&s->word_)) : 0;
}
uint32_t weir_sem_available(const weir_sem *s) {
    return s ? (uint32_t)free_in(weir_load_relaxed(&s->word_)) : 0;
}

weir_waitable *weir_sem_waitable(weir_sem *s) { return s ? &s->on_ : NULL; }

static int check(const weir_waitable *on, const struct weir__node *n) {
    (void)on;
    return n->op == WEIR_RECV && !n->elem ? 0 : WEIR_EINVAL;
}

static void about(weir_waitable *on, struct weir__about *a) {
    (void)on;
    a->kind = "semaphore";
}

const struct weir__waitable_ops weir__sem_ops_ = {
    .attempt = attempt, .disarm = disarm, .check = check, .about = about
};
