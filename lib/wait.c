/* SPDX-License-Identifier: MIT */
/* lib/wait.c - see wait.h.
 *
 * Invariants
 *   I1  a phase leaves WAITING only by its owner, or under the lock of an object in whose queue the
 *       call has a node; it leaves TAKEN (by a peer) only to DONE, by that peer.
 *   I2  a call whose phase a peer took is told: the peer puts its thread on a list of its own and stores
 *       DONE once it holds no lock. The owner does not return before, so the link may stand in the
 *       thread record.
 *   I3  BUSY is stored and taken away under the pairing lock.
 *   I4  (no lost wake-up) attempt with `arm` either looks and queues under one hold of the object's lock,
 *       so that whoever changes the object later finds the node; or it queues, looks again, and says
 *       LOOK if the case is ready by then. A call that gives up, or that looks, takes its phase first. If
 *       it cannot, it was taken, and waits for DONE.
 *   I5  (told) who was told to try (RETRY) tries that case before anything else, unless its context has ended;
 *       if it returns without that case, and without having been queued there again, it passes on.
 *   I6  (looking) a call whose nodes look takes no peer, is given nothing, and takes its own phase only to
 *       return. Its nodes stand before all others of a queue, and leave it under the object's lock before it
 *       returns. So who serves anybody in a queue has told those who look there, under the same hold.
 *   I7  a queued node's result is written by who has taken the call, and by its owner only once it has taken its
 *       own phase.
 * Progress   blocking.
 * Ordering   What a peer did to an element and a result is seen after DONE: D1 -> D2. All else about nodes
 *            is ordered by the objects' locks. The phase itself is changed by relaxed
 *            compare-and-swaps: it carries nothing but who owns the call.
 * From       the select of Go's runtime, without locking all channels at once: the decision is one
 *            word, as in Reagents (Turon, 2012) and crossbeam's channels. */
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

static bool own(struct weir__call *call) {
    uint32_t found;
    return !call->shown || change(call->self, WEIR__WAITING, WEIR__TAKEN, &found);
}

bool weir__take_own(struct weir__call *call) {
    if (!call->look) return own(call);
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

int weir__attempt(struct weir__node *n, struct weir__call *call) {
    call->look = n->look;
    call->ready = false;
    int rc = n->on->ops->attempt(n->on, n, call);
    if (rc == WEIR__AGAIN) {
        weir__pairing_lock();
        call->pairing = true;
        rc = n->on->ops->attempt(n->on, n, call);
        call->pairing = false;
        weir__pairing_unlock();
    }
    weir__tell(&call->wakes);
    if (!n->look || (rc != 0 && !call->ready)) return rc;
    return own(call) ? 0 : WEIR__OVER;
}

bool weir__looks_ready(struct weir__node *n) {
    struct weir__call call = { .self = NULL };
    bool look = n->look;
    n->look = true;
    int rc = weir__attempt(n, &call);
    n->look = look;
    return rc == 0;
}

static bool undone(int rc) { return rc == WEIR_EAGAIN || rc == WEIR_EBUSY; }

/* ---- the call ------------------------------------------------------------------------------------------ */

/* The cases of a call, and its context's as one more. */
struct cases {
    struct weir__node *nodes;
    size_t n;
    const uint16_t *order;
    weir_ctx *of;           /* may be NULL or the background */
    struct weir__node *ctx; /* NULL: it never ends */
};

/* The node of the call's context, if that has ended. */
static struct weir__node *has_ended(const struct cases *c) {
    return c->ctx && weir_ctx_err(c->of) ? c->ctx : NULL;
}

/* Not while nodes are queued: then the results are those of who takes the call (I7). */
static struct weir__node *ctx_ended(const struct cases *c) {
    if (!c->ctx) return NULL;
    c->ctx->result = weir_ctx_err(c->of);
    return c->ctx->result ? c->ctx : NULL;
}

static struct weir__node *nth(const struct cases *c, size_t i) {
    if (i >= c->n) return c->ctx;
    return &c->nodes[c->order ? c->order[i] : i];
}
static size_t count(const struct cases *c) { return c->n + (c->ctx != NULL); }

/* Tries each case, queues none. The node performed; or NULL, and *rc says why. */
static struct weir__node *poll(const struct cases *c, struct weir__call *call, int *rc) {
    *rc = WEIR_EAGAIN;
    for (size_t i = 0; i < c->n; i++) {
        struct weir__node *n = nth(c, i);
        if (!n->on) continue;
        n->result = weir__attempt(n, call);
        if (!undone(n->result)) return n;
        n->ready = false;
        if (n->result == WEIR_EBUSY) *rc = WEIR_EBUSY;
    }
    return NULL;
}

/* The node that a peer has completed, once it is through; NULL if none has. */
static struct weir__node *done(const struct cases *c, const struct weir__thread *self) {
    if (weir_load_acquire(&self->phase, WAIT_D2) != WEIR__DONE) return NULL;
    return self->won < c->n ? &c->nodes[self->won] : c->ctx;
}

/* Queues each case. The node performed meanwhile; or NULL, and *end says what to do: 0, wait; OVER, a peer
 * has taken the call; LOOK, at *looked. */
static struct weir__node *arm(const struct cases *c, struct weir__call *call, int *end,
                              struct weir__node **looked) {
    *end = 0;
    call->arm = true;
    for (size_t i = 0; i < count(c) && *end == 0; i++) {
        struct weir__node *n = nth(c, i);
        if (!n->on) continue;
        int rc = weir__attempt(n, call);
        if (rc == WEIR__PENDING || rc == WEIR__LOOK) call->shown = true;
        if (rc == WEIR__OVER || rc == WEIR__LOOK) *end = rc;
        *looked = n;
        if (rc <= 0) {
            n->result = rc;
            return n;
        }
        WEIR_POINT("wait.armed");
    }
    return NULL;
}

/* Of the cases that become ready by the clock: the earliest time, and which. */
static weir_time due(const struct cases *c, struct weir__node **which) {
    weir_time first = WEIR_FOREVER;
    *which = NULL;
    for (size_t i = 0; i < count(c); i++) {
        struct weir__node *n = nth(c, i);
        if (!n->on || !n->on->ops->due) continue;
        weir_time t = n->on->ops->due(n->on, n);
        if (t >= first) continue;
        first = t;
        *which = n;
    }
    return first;
}

/* A single case is polled for a moment before it is queued, where its kind can be; else the call's phase
 * afterwards. */
static bool spins(const struct cases *c) {
    return c->n == 1 && c->nodes->on && c->nodes->on->ops->spin;
}

static bool is_done(void *thread) {
    return weir_load_relaxed(&((struct weir__thread *)thread)->phase) == WEIR__DONE;
}

/* ---- statistics ---------------------------------------------------------------------------------------- */

static void note(const struct weir__node *n, enum weir__noted what, uint64_t amount) {
    if (n->on->ops->note) n->on->ops->note(n->on, n, what, amount);
}

/* The explorer would take the clock for a step of the algorithm. */
#ifdef WEIR_MODEL
static inline void falls_asleep(const struct cases *c, weir_time *since) {
    (void)c;
    (void)since;
}
static inline void wakes_up(const struct cases *c, weir_time since) {
    (void)c;
    (void)since;
}
#else
/* Of a call of one case: the clock is read where it parks, and where it is through. */
static inline void falls_asleep(const struct cases *c, weir_time *since) {
    if (*since == 0 && c->n == 1 && c->nodes->on && c->nodes->on->ops->note)
        *since = weir__os_now();
}
static inline void wakes_up(const struct cases *c, weir_time since) {
    if (since) note(c->nodes, WEIR__SLEPT, (uint64_t)(weir__os_now() - since));
}
#endif

static struct weir__node *park(const struct cases *c, struct weir__call *call, weir_time deadline,
                               bool over) {
    struct weir__thread *self = call->self;
    struct weir__node *n, *clock = NULL;
    while (!(n = done(c, self))) {
        weir_time at = over ? WEIR_FOREVER : due(c, &clock);
        if (weir__park(&self->parker, over || at < deadline ? at : deadline) == 0) continue;
        if (clock && at <= deadline) {
            struct weir__node *first = has_ended(c); /* both have come: the context's error */
            if (!first) first = clock;
            int rc = weir__attempt(first, call);
            if (rc < 1 && !undone(rc)) {
                first->result = rc;
                return first;
            }
            over = rc == WEIR__OVER;
        } else if (own(call)) {
            return NULL;
        } else {
            over = true;
        }
    }
    return n;
}

/* Sleeps until a case is performed, or the deadline passes (NULL); *since: from when on, if it did. */
static struct weir__node *await(const struct cases *c, struct weir__call *call, weir_time deadline,
                                bool over, weir_time *since) {
    struct weir__thread *self = call->self;
    if (!spins(c)) (void)weir__spin(&self->spin, is_done, self, deadline);
    struct weir__node *n = done(c, self);
    if (n) return n;
    falls_asleep(c, since);
    if (call->since == 0) call->since = *since ? *since : weir__os_now();
    struct weir__waits waits = { .nodes = c->nodes,
                                 .n = c->n,
                                 .ctx = c->ctx ? c->of : NULL,
                                 .since = call->since,
                                 .deadline = deadline };
    weir__waits_enter(self, &waits);
    n = park(c, call, deadline, over);
    weir__waits_leave(self);
    return n;
}

static void disarm(const struct cases *c, const struct weir__node *performed) {
    for (size_t i = 0; i < count(c); i++) {
        struct weir__node *n = nth(c, i);
        if (n->on && n != performed) n->on->ops->disarm(n->on, n);
    }
}

static void prepare(const struct cases *c, struct weir__thread *self) {
    for (size_t i = 0; i < count(c); i++) {
        struct weir__node *n = nth(c, i);
        n->thread = self;
        n->queued = false;
        n->index = (uint32_t)(n == c->ctx ? c->n : (size_t)(n - c->nodes));
    }
}

static bool spun(const struct cases *c, struct weir__thread *self, weir_time deadline) {
    return spins(c) && c->nodes->on->ops->spin(c->nodes->on, c->nodes, self, deadline);
}

/* Queues all cases, sleeps, takes them off again. The node performed; or NULL, and *end is ETIMEDOUT or
 * LOOK; *told: the node that was to be tried and was not ready, if it is queued no more. */
static struct weir__node *once(const struct cases *c, struct weir__call *call, weir_time deadline,
                               struct weir__node **told, int *end) {
    call->shown = false;
    weir_store_relaxed(&call->self->phase, WEIR__WAITING);
    struct weir__node *looked = NULL, *n = arm(c, call, end, &looked);
    if (*end == 0) *told = NULL;
    bool look = !n && *end == WEIR__LOOK && own(call);
    weir_time since = 0;
    if (!n && !look) n = await(c, call, deadline, *end != 0, &since);
    wakes_up(c, since);
    if (call->shown) disarm(c, n && n->look ? NULL : n); /* who told it may hold the lock still */
    if (look) looked->robbed++;                          /* unless the try that follows gets it */
    *end = look ? WEIR__LOOK : WEIR_ETIMEDOUT;
    if (!n || n->result != WEIR__RETRY) return n;
    call->shown = call->arm = false;
    *told = n;
    if (ctx_ended(c)) return c->ctx;
    n->result = weir__attempt(n, call);
    if (!undone(n->result)) return n;
    n->robbed++;
    note(n, WEIR__LATE, 1);
    *end = WEIR__LOOK;
    return NULL;
}

static void hold_robbed(const struct cases *c) {
    for (size_t i = 0; i < c->n; i++) {
        struct weir__node *n = &c->nodes[i];
        if (n->robbed < 2 || n->look || weir__held(n)) continue;
        if (n->on->ops->hold) n->on->ops->hold(n->on, n);
    }
}

static void release_held(const struct cases *c) {
    for (size_t i = 0; i < c->n; i++) {
        struct weir__node *n = &c->nodes[i];
        if (weir__held(n)) n->on->ops->release(n->on, n);
    }
}

static ptrdiff_t block(const struct cases *c, weir_time deadline) {
    struct weir__call call = { .self = weir__thread_self() };
    struct weir__node *n = NULL, *told = NULL;
    if (!call.self) return WEIR_ENOMEM;
    prepare(c, call.self);
    for (int rc;;) {
        if (spun(c, call.self, deadline) && !(n = ctx_ended(c))) n = poll(c, &call, &rc);
        if (!n) n = once(c, &call, deadline, &told, &rc);
        if (n || rc != WEIR__LOOK || (n = ctx_ended(c))) break;
        call.shown = call.arm = false;
        n = poll(c, &call, &rc);
        if (n || (deadline != WEIR_FOREVER && weir__os_now() >= deadline)) break;
        hold_robbed(c);
    }
    release_held(c);
    if (told && told != n && told->on->ops->pass_on) told->on->ops->pass_on(told->on, told);
    if (!n) return WEIR_ETIMEDOUT;
    return n == c->ctx ? n->result : n - c->nodes;
}

/* tried: the caller has, just now. */
static ptrdiff_t wait_for(struct weir__node *nodes, size_t n, const uint16_t *order,
                          weir_time deadline, weir_ctx *ctx, bool tried) {
    struct weir__node ctx_node = { .on = weir_ctx_waitable(ctx), .op = WEIR_RECV };
    struct cases c = { nodes, n, order, ctx, ctx_node.on ? &ctx_node : NULL };
    int rc = weir_ctx_err(ctx);
    if (rc < 0) return rc;
    if (!tried) {
        struct weir__call call = { .self = NULL };
        struct weir__node *performed = poll(&c, &call, &rc);
        if (performed) return performed - nodes;
        if (deadline == WEIR_NOW) return rc;
        if (deadline != WEIR_FOREVER && weir__os_now() >= deadline) return WEIR_ETIMEDOUT;
    }
    return block(&c, deadline);
}

ptrdiff_t weir__wait(struct weir__node *nodes, size_t n, const uint16_t *order, weir_time deadline,
                     weir_ctx *ctx) {
    return wait_for(nodes, n, order, deadline, ctx, false);
}

int weir__wait_one(weir_waitable *on, uint32_t op, void *elem, uint32_t arg, weir_time deadline,
                   weir_ctx *ctx) {
    struct weir__node n = { .on = on, .elem = elem, .op = op, .arg = arg };
    ptrdiff_t i = wait_for(&n, 1, NULL, deadline, ctx, deadline == WEIR_FOREVER);
    return i < 0 ? (int)i : n.result;
}
