/* SPDX-License-Identifier: MIT */
/* queues/select_mutex.c - select over mutex channels: what the other one is measured against, with the means that
 * anybody has: one mutex for all selects (the turn), and one condition variable, `moved`.
 *
 * A select tries its cases once, as anybody tries a channel. If it has to wait it counts itself at its
 * channels, and from then on looks at them only while it has the turn. Whoever changes a channel at which
 * selects are counted adds one to `moves`; a select sleeps only as long as `moves` is what it was before it
 * looked.
 *
 * Invariants
 *   I1  cases of a rendezvous stand in its list of offers while their select waits, and are served by
 *       others only under the turn: another select, or a plain call that comes (selects_meet). So a select that
 *       has the turn, and has not been served, is not served while it looks: one case takes effect.
 *   I2  a plain call that waits is not served by offers: it counts itself, adds to `moves`, and the select
 *       that looks again meets it by a try.
 *       A case that only looks stands there as well, and is passed over; new offers add to `moves`.
 *   I3  (no lost wake-up) a select that looks has counted itself before, and read `moves` before; a
 *       change that it does not see comes after both, and adds to `moves`.
 * Locks      the turn, then a channel's mutex or a context's lock, then `lock`, inside which none is taken.
 *            Who has the turn waits, in a try at a rendezvous, for plain calls that are counted there and
 *            asleep or under its mutex; these do not want the turn any more.
 * Progress   blocking. Every change wakes every select that waits, wherever: one condition variable.
 * Ordering   the mutexes. Phases are changed under the turn. */
#include "chan_mutex.h"

#include <weir/detail/copy.h>

#include "../lib/base.h"
#include "../lib/ctx.h"
#include "../lib/os_mutex.h"

static struct {
    weir__mutex turn;
    weir__mutex lock;
    weir__cond moved;
    uint64_t moves; /* under lock */
} selects;

static struct weir__lock users_lock;
static size_t users;

static int make(void) {
    if (weir__mutex_init(&selects.turn) < 0) return WEIR_ENOMEM;
    if (weir__mutex_init(&selects.lock) < 0) goto no_lock;
    weir__cond_init(&selects.moved);
    return 0;
no_lock:
    weir__mutex_fini(&selects.turn);
    return WEIR_ENOMEM;
}

int weir__selects_use(void) {
    weir__lock(&users_lock);
    int rc = users ? 0 : make();
    users += rc == 0;
    weir__unlock(&users_lock);
    return rc;
}

void weir__selects_unuse(void) {
    weir__lock(&users_lock);
    if (--users == 0) {
        weir__mutex_fini(&selects.lock);
        weir__mutex_fini(&selects.turn);
    }
    weir__unlock(&users_lock);
}

/* ---- moves ------------------------------------------------------------------------------------------------ */

void weir__selects_tell(void) {
    weir__mutex_lock(&selects.lock);
    selects.moves++;
    weir__cond_broadcast(&selects.moved);
    weir__mutex_unlock(&selects.lock);
}

static void tell_ended(void *nothing) {
    (void)nothing;
    weir__selects_tell();
}

static uint64_t moves(void) {
    weir__mutex_lock(&selects.lock);
    uint64_t n = selects.moves;
    weir__mutex_unlock(&selects.lock);
    return n;
}

/* Until there are more than `seen`: 0. Or WEIR_ETIMEDOUT. */
static int sleep_past(uint64_t seen, weir_time deadline) {
    int rc = 0;
    weir__mutex_lock(&selects.lock);
    while (rc == 0 && selects.moves == seen)
        rc = weir__cond_wait(&selects.moved, &selects.lock, deadline);
    weir__mutex_unlock(&selects.lock);
    return rc;
}

/* ---- offers: under the turn -------------------------------------------------------------------------------- */

/* Of another than `self`, for who sends (receives). */
static struct weir__node *offer(weir_chan *c, bool sends, const struct weir__thread *self) {
    struct weir__node *o = weir__mutex_chan_of(c)->offers.first;
    while (o && (o->look || o->thread == self || (o->op == WEIR_SEND) == sends ||
                 weir_load_relaxed(&o->thread->phase) != WEIR__WAITING))
        o = o->next;
    return o;
}

static bool serve(weir_chan *c, bool sends, void *elem, const struct weir__thread *self) {
    struct weir__node *o = offer(c, sends, self);
    if (!o || c->kind->is_closed(c)) return false;
    if (c->elem_size) weir__copy(sends ? o->elem : elem, sends ? elem : o->elem, c->elem_size);
    o->result = 0;
    o->thread->won = o->index;
    weir_store_relaxed(&o->thread->phase, WEIR__DONE);
    weir__count_locked(&weir__mutex_chan_of(c)->met);
    weir__selects_tell();
    return true;
}

bool weir__selects_meet(weir_chan *c, bool sends, void *elem) {
    weir__mutex_lock(&selects.turn);
    bool met = serve(c, sends, elem, NULL);
    weir__mutex_unlock(&selects.turn);
    return met;
}

bool weir__selects_offer(weir_chan *c, bool sends, bool turn) {
    if (!turn) weir__mutex_lock(&selects.turn);
    bool some = offer(c, sends, NULL) != NULL;
    if (!turn) weir__mutex_unlock(&selects.turn);
    return some;
}

/* ---- the call ---------------------------------------------------------------------------------------------- */

struct cases {
    struct weir__node *nodes;
    size_t n;
    const uint16_t *order;
    const struct weir__thread *self; /* NULL: not listed */
    bool turn;                       /* it has it */
};

static bool of_chan(const struct weir__node *n) { return n->on && n->on->ops->wait; }
static struct weir__mutex_chan *chan_of(const struct weir__node *n) {
    return (struct weir__mutex_chan *)(void *)n->on;
}
static bool meets(const struct weir__node *n) { return of_chan(n) && chan_of(n)->meets; }

static int try_case(const struct cases *c, struct weir__node *n) {
    struct weir__call call = { .pairing = c->turn };
    if (n->look && !of_chan(n)) return weir__looks_ready(n) ? 0 : WEIR_EAGAIN;
    int rc = n->on->ops->attempt(n->on, n, &call);
    if (rc != WEIR_EAGAIN || !c->turn || !meets(n) || n->look) return rc;
    return serve(&chan_of(n)->chan, n->op == WEIR_SEND, n->elem, c->self) ? 0 : rc;
}

/* The case performed, or WEIR_EAGAIN. */
static ptrdiff_t poll(const struct cases *c) {
    for (size_t k = 0; k < c->n; k++) {
        size_t i = c->order ? c->order[k] : k;
        struct weir__node *n = &c->nodes[i];
        if (!n->on) continue;
        n->result = try_case(c, n);
        if (n->result != WEIR_EAGAIN) return (ptrdiff_t)i;
        n->ready = false;
    }
    return WEIR_EAGAIN;
}

static void enlist(struct weir__node *n, struct weir__thread *self, size_t index) {
    struct weir__call call = { .self = self, .arm = true };
    n->thread = self;
    n->index = (uint32_t)index;
    if (of_chan(n)) {
        (void)weir_fetch_add_relaxed(&chan_of(n)->selects, 1);
        if (!meets(n)) return;
        if (chan_of(n)->offers.first) weir__selects_tell(); /* one that looks, perhaps */
        weir__queue_add(&chan_of(n)->offers, n);
    } else if (n->on) {
        n->wake = tell_ended;
        (void)n->on->ops->attempt(n->on, n,
                                  &call); /* if it has ended, the look that follows says so */
    }
}

static void withdraw(struct weir__node *n) {
    if (of_chan(n)) {
        if (meets(n)) weir__queue_remove(&chan_of(n)->offers, n);
        (void)weir_fetch_sub_relaxed(&chan_of(n)->selects, 1);
    } else if (n->on) {
        n->on->ops->disarm(n->on, n);
    }
}

/* When it has to look at the latest, by the clock. */
static weir_time due(const struct cases *c, weir_time deadline) {
    for (size_t i = 0; i < c->n; i++) {
        struct weir__node *n = &c->nodes[i];
        weir_time at = n->on && n->on->ops->due ? n->on->ops->due(n->on, n) : WEIR_FOREVER;
        if (at < deadline) deadline = at;
    }
    return deadline;
}

/* Listed, with the turn. */
static ptrdiff_t look_and_sleep(const struct cases *c, weir_time deadline, weir_ctx *ctx) {
    weir_time until = due(c, weir__ctx_until(ctx, deadline));
    for (int late = 0;;) {
        uint64_t seen = moves();
        if (weir_load_relaxed(&c->self->phase) == WEIR__DONE) return c->self->won;
        int err = weir_ctx_err(ctx);
        if (err < 0) return err;
        ptrdiff_t i = poll(c);
        if (i >= 0) return i;
        if (late) return WEIR_ETIMEDOUT;
        weir__mutex_unlock(&selects.turn);
        WEIR_POINT("wait.armed");
        late = sleep_past(seen, until);
        weir__mutex_lock(&selects.turn);
    }
}

static ptrdiff_t block(struct cases *c, weir_time deadline, weir_ctx *ctx) {
    struct weir__thread *self = weir__thread_self();
    struct weir__watch watch;
    if (!self) return WEIR_ENOMEM;
    ptrdiff_t i = weir__ctx_watch(&watch, ctx, tell_ended, NULL);
    if (i < 0) return i;
    c->self = self;
    c->turn = true;
    weir__mutex_lock(&selects.turn);
    weir_store_relaxed(&self->phase, WEIR__WAITING);
    for (size_t k = 0; k < c->n; k++) enlist(&c->nodes[k], self, k);
    struct weir__waits waits = {
        .nodes = c->nodes, .n = c->n, .ctx = ctx, .since = weir__os_now(), .deadline = deadline
    };
    weir__waits_enter(self, &waits);
    i = look_and_sleep(c, deadline, ctx);
    weir__waits_leave(self);
    for (size_t k = 0; k < c->n; k++) withdraw(&c->nodes[k]);
    weir__mutex_unlock(&selects.turn);
    weir__ctx_unwatch(&watch);
    return i;
}

ptrdiff_t weir__select_mutex(struct weir__node *nodes, size_t n, const uint16_t *order,
                             weir_time deadline, weir_ctx *ctx) {
    struct cases c = { nodes, n, order, NULL, false };
    ptrdiff_t i = weir_ctx_err(ctx);
    if (i == 0) i = poll(&c);
    if (i != WEIR_EAGAIN) return i;
    if (deadline != WEIR_NOW) return block(&c, deadline, ctx);
    c.turn = true;
    weir__mutex_lock(&selects.turn); /* others that wait offer something, perhaps */
    i = poll(&c);
    weir__mutex_unlock(&selects.turn);
    return i;
}
