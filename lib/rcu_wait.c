/* SPDX-License-Identifier: MIT */
/* lib/rcu_wait.c - see weir/rcu.h: limits, counts, and the calls that wait.
 *
 * What waits here waits for something that weir's thread says under the lock of weir__rcu, and sleeps on its bell, which is rung
 * in each of these holds. A context's cancel rings too, with no lock but the bell's own: the other one is held from prepare to
 * parent of a fork, and who cancels, which may be the thread that forks, holds the locks of contexts and of pairing. The same
 * holds of who waits at the gate of a fork, by a bell of its own. Who waits reads the bell, under its lock, before it looks: what
 * was changed before that ring is seen, and of a later one the sleep is told. So nothing is missed.
 *
 * A round that begins after a call has read `begun` takes everything that was retired before the call, since it takes the bags
 * after it has counted itself under the lock. That is what barrier waits for: such a round whose functions have
 * retired nothing, or DEPTH more.
 *
 * The limit. `bytes` is what threads have told, in quanta, less what has been called; so it is at most one quantum for
 * each thread below what is there. Who finds room in it may retire what it asked for: between look and retire the
 * other threads may each do the same. Hence the bound of the header.
 *
 * Progress   blocking; room_wait is one load and one store while there is room.
 * Ordering   all by the lock. What functions did is seen after barrier by `done` and `quiet`, under it. */
#include <weir/ctx.h>

#include "base.h"
#include "ctx.h"
#include "handle.h"
#include "rcu_inside.h"
#include "waits.h"

static void ring(void) {
    weir__lock(&weir__rcu.lock);
    weir__rcu_ring();
    weir__unlock(&weir__rcu.lock);
    weir__rcu_wake();
}

static struct weir__rcu_bell *bell_of(const struct weir__rcu_wait *w) {
    return w->other ? w->other : &weir__rcu.bell;
}

static void ctx_ended(void *w) { weir__rcu_bell_ring(bell_of(w)); }

/* Whether it is done; *rung as it was before, *failed as it is at that instant. */
static bool look(const struct weir__rcu_wait *w, uint32_t *rung, unsigned *failed) {
    struct weir__rcu_bell *b = bell_of(w);
    weir__lock(&b->lock);
    *rung = weir_load_relaxed(&b->rung);
    weir__unlock(&b->lock);
    if (w->other) return w->done(w->arg); /* weir's thread says nothing of that */
    weir__lock(&weir__rcu.lock);
    bool done = w->done(w->arg);
    *failed = weir__rcu.failed;
    weir__unlock(&weir__rcu.lock);
    return done;
}

static int sleep_until(const struct weir__rcu_wait *w, weir_time deadline, weir_ctx *ctx) {
    weir_time until = ctx ? weir__ctx_until(ctx, deadline) : deadline;
    unsigned failed = 0, before = 0;
    for (bool first = true;; first = false) {
        uint32_t rung;
        bool done = look(w, &rung, &failed);
        int rc = weir__ctx_err(ctx);
        if (rc < 0 || done) return rc;
        if (deadline != WEIR_FOREVER && weir__os_now() >= deadline) return WEIR_ETIMEDOUT;
        if (first) before = failed;
        if (failed != before) return WEIR_ENOMEM;
        if (w->hurry && weir__rcu_raise(WEIR__RCU_HURRY) < 0) return WEIR_ENOMEM;
        WEIR_POINT("rcu.wait");
        (void)weir__os_futex_wait(&bell_of(w)->rung, rung, until);
    }
}

int weir__rcu_await(const struct weir__rcu_wait *w, weir_time deadline, weir_ctx *ctx) {
    struct weir__thread *self = weir__thread_self();
    struct weir__watch watch;
    if (!self) return WEIR_ENOMEM;
    if (deadline == WEIR_NOW) {
        uint32_t rung;
        unsigned failed;
        bool done = look(w, &rung, &failed);
        int rc = weir__ctx_err(ctx);
        if (w->hurry && !done) (void)weir__rcu_raise(WEIR__RCU_HURRY);
        return rc < 0 || done ? rc : WEIR_EAGAIN;
    }
    int rc = weir__ctx_watch(&watch, ctx, ctx_ended, (void *)w);
    if (rc < 0) return rc;
    struct weir__waits waits = { .what = w->what,
                                 .object = w->other ? (void *)w->other : (void *)&weir__rcu,
                                 .ctx = ctx,
                                 .since = weir__os_now(),
                                 .deadline = deadline };
    weir__waits_enter(self, &waits);
    rc = sleep_until(w, deadline, ctx);
    weir__waits_leave(self);
    if (ctx) weir__ctx_unwatch(&watch);
    return rc;
}

/* ---- limits ------------------------------------------------------------------------------------------------------- */

#define QUANTUM_MAX 16384
#define QUANTA 4096
#define LIMIT_MAX (SIZE_MAX >> 2)

int weir_rcu_set_limits(size_t soft, size_t hard) {
    if (soft == 0) soft = (size_t)8 << 20;
    if (hard == 0) hard = (size_t)256 << 20;
    if (soft > hard) return weir__misuse("weir_rcu_set_limits", "soft is above hard");
    if (hard > LIMIT_MAX) hard = LIMIT_MAX;
    size_t quantum = hard / QUANTA < QUANTUM_MAX ? hard / QUANTA : QUANTUM_MAX;
    /* Relaxed: each is looked at for itself. */
    weir_store_relaxed(&weir__rcu_garbage.soft, soft);
    weir_store_relaxed(&weir__rcu_garbage.hard, hard);
    weir_store_relaxed(&weir__rcu_garbage.quantum, quantum);
    ring(); /* for those who wait for room */
    return 0;
}

static bool has_room(void *bytes) {
    size_t more = *(size_t *)bytes, hard = weir_load_relaxed(&weir__rcu_garbage.hard);
    int64_t now = (int64_t)weir_load_relaxed(&weir__rcu_garbage.bytes);
    return now <= 0 || (more <= hard && now <= (int64_t)(hard - more));
}

int weir_rcu_room_wait(size_t bytes, weir_time deadline, weir_ctx *ctx) {
    struct weir__thread *self = weir__thread_self();
    int rc = weir__ctx_err(ctx);
    if (rc < 0) return rc;
    if (!self) return WEIR_ENOMEM;
    if (!has_room(&bytes)) {
        if (weir__rcu_busy(self)) return 0;
        const struct weir__rcu_wait w = { has_room, &bytes, "room to retire", true, NULL };
        (void)weir_fetch_add_relaxed(&weir__rcu_garbage.waited, 1);
        rc = weir__rcu_await(&w, deadline, ctx);
    }
    if (rc == 0 && self->rcu.room < bytes) self->rcu.room = bytes;
    return rc;
}

/* ---- counts --------------------------------------------------------------------------------------------------------- */

static void add(const struct weir__rcu_thread *r, struct weir__rcu_sum *s) {
    s->retired += weir_load_relaxed(&r->retired);
    s->bytes += weir_load_relaxed(&r->bytes);
    s->over += weir_load_relaxed(&r->over);
}
static void add_thread(struct weir__thread *t, void *sum) { add(&t->rcu, sum); }

void weir__rcu_sum(struct weir__rcu_sum *s) {
    *s = (struct weir__rcu_sum){ 0, 0, 0 };
    add(&weir__rcu_garbage.stray, s);
    weir__thread_each(add_thread, s);
}

int weir_rcu_read_stats(struct weir_rcu_stats *out) {
    struct weir__rcu_sum s;
    if (!out || out->size < sizeof *out)
        return weir__misuse("weir_rcu_read_stats", "no struct, or one of another size");
    weir__lock(&weir__rcu.lock);
    uint64_t called = weir__rcu.called, bytes = weir__rcu.called_bytes;
    uint64_t over = weir__rcu.called_over;
    weir__unlock(&weir__rcu.lock);
    weir__rcu_sum(&s); /* afterwards: at least what was called of it */
    out->retired = s.retired;
    out->called = called;
    out->bytes = s.bytes - bytes;
    out->over_bytes = s.over - over;
    out->peak_bytes = weir_load_relaxed(&weir__rcu_garbage.peak);
    out->over_total = s.over;
    out->periods = weir__rcu_number() / 2 - 1;
    out->waited = weir_load_relaxed(&weir__rcu_garbage.waited);
    return 0;
}

/* Whether all functions have returned of what was retired before the call. Such an object is in a bag on the list
 * `full`, or in the one of threads without a record, or a round that has begun has taken it; a round counts itself under
 * the lock before it takes anything. */
static bool nothing_left(void) {
    weir__lock(&weir__rcu.lock);
    bool nothing = weir__rcu.begun == weir__rcu.done && !weir__rcu_any();
    weir__unlock(&weir__rcu.lock);
    return nothing;
}

/* ---- synchronize -------------------------------------------------------------------------------------------------- */

static bool passed(void *snapshot) { return weir__rcu_passed(*(uint64_t *)snapshot); }

static bool not_held(void *arg) {
    (void)arg;
    return !weir__rcu_held();
}

/* A fork that waits for the period at work would wait for ever for others that follow it: they let it go first. */
static void after_fork(void) {
    const struct weir__rcu_wait w = { not_held, NULL, "the end of a fork", false, NULL };
    weir__lock(&weir__rcu.lock);
    bool held = weir__rcu_held();
    weir__unlock(&weir__rcu.lock);
    if (held) (void)weir__rcu_await(&w, WEIR_FOREVER, NULL); /* ENOMEM: then in competition */
}

int weir_rcu_synchronize_wait(weir_time deadline, weir_ctx *ctx) {
    weir_au32 mine = { 0 };
    int rc = weir__rcu_may_wait(weir__thread_self(), "weir_rcu_synchronize");
    if (rc < 0) return rc;
    /* What the caller has stored is visible before the number is read. */
    (void)weir_exchange_seq_cst(&mine, 1, RCU_N5);
    uint64_t snapshot = weir__rcu_snapshot();
    if (deadline != WEIR_FOREVER || ctx) {
        const struct weir__rcu_wait w = { passed, &snapshot, "grace period", true, NULL };
        return weir__rcu_await(&w, deadline, ctx);
    }
    after_fork();
    weir__lock(&weir__rcu.sync);
    if (!weir__rcu_passed(snapshot)) weir__rcu_period();
    weir__unlock(&weir__rcu.sync);
    /* Those who wait for a number. */
    ring();
    return 0;
}

/* ---- barrier and shutdown ----------------------------------------------------------------------------------------- */

static bool rounds_done(void *first) {
    uint64_t n = *(uint64_t *)first;
    return weir__rcu.quiet >= n || weir__rcu.done >= n + WEIR_RCU_BARRIER_DEPTH;
}

/* Of all that was retired before, and DEPTH deep. */
static int barrier(weir_time deadline, weir_ctx *ctx) {
    weir__lock(&weir__rcu.lock);
    uint64_t first = weir__rcu.begun + 1;
    weir__unlock(&weir__rcu.lock);
    const struct weir__rcu_wait w = { rounds_done, &first, "retired objects", true, NULL };
    return weir__rcu_await(&w, deadline, ctx);
}

int weir_rcu_barrier_wait(weir_time deadline, weir_ctx *ctx) {
    int rc = weir__ctx_err(ctx);
    if (rc == 0) rc = weir__rcu_may_wait(weir__thread_self(), "weir_rcu_barrier");
    if (rc < 0) return rc;
    return nothing_left() ? 0 : barrier(deadline, ctx);
}

/* Nor is one about to be made: who has asked sees to it, or the end of a fork does. Relaxed: IDLE is stored under the lock, or by
 * weir's thread, which is there then. */
static bool no_thread(void *arg) {
    (void)arg;
    return weir__rcu.state == WEIR__RCU_NONE &&
           (weir_load_relaxed(&weir__rcu_clock.ask) & ~WEIR__RCU_HELD) == WEIR__RCU_IDLE;
}

static void count_stop(unsigned by) {
    weir__lock(&weir__rcu.lock);
    weir__rcu.stops += by;
    weir__unlock(&weir__rcu.lock);
}

/* Weir's thread ends once nothing is asked for. */
static int stop(weir_time deadline, weir_ctx *ctx) {
    const struct weir__rcu_wait w = { no_thread, NULL, "the end of weir's thread", false, NULL };
    count_stop(1);
    weir__rcu_nudge();
    int rc = weir__rcu_await(&w, deadline, ctx);
    count_stop(-1U);
    return rc;
}

int weir_shutdown_wait(weir_time deadline, weir_ctx *ctx) {
    int rc = weir__ctx_err(ctx);
    if (rc == 0) rc = weir__rcu_may_wait(weir__thread_self(), "weir_shutdown");
    if (rc < 0) return rc;
    while (!nothing_left())
        if ((rc = barrier(deadline, ctx)) < 0) return rc;
    weir__handle_drain();
    return stop(deadline, ctx);
}
