/* SPDX-License-Identifier: MIT */
/* lib/wait.c - a call, from its first try to its end. See wait.h; who takes a call is in take.c, whose invariants
 * count here too.
 *
 * Invariants
 *   I5  (no lost wake-up) attempt with `arm` either looks and queues under one hold of the object's lock,
 *       so that whoever changes the object later finds the node; or it queues, looks again, and says
 *       LOOK if the case is ready by then. A call that gives up, or that looks, takes its phase first. If
 *       it cannot, it was taken, and waits for DONE.
 *   I6  (told) who was told to try (RETRY) tries that case before anything else, unless its context has ended;
 *       if it returns without that case, and without having been queued there again, it passes on.
 *   I7  a queued node's result is written by who has taken the call, and by its owner only once it has taken its
 *       own phase.
 * Progress   blocking.
 * Ordering   What a peer did to an element and a result is seen after DONE: WAIT_D1 of take.c -> D2. All else is
 *            ordered by the objects' locks.
 * From       the select of Go's runtime, without locking all channels at once: the decision is one
 *            word, as in Reagents (Turon, 2012) and crossbeam's channels. */
#include "wait.h"

#include "ctx.h"

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

/* S02: whether there was an instant, after the poll and before this, at which no case was ready, of those objects
 * that can say so: each was not ready when it was polled, and has not become so since. */
static bool at_one_instant(const struct cases *c) {
    for (size_t i = 0; i < c->n && c->n > 1; i++) {
        const struct weir__node *n = &c->nodes[i];
        if (n->on && n->on->ops->unchanged && !n->on->ops->unchanged(n->on, n)) return false;
    }
    return true;
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
        } else if (weir__own_phase(call)) {
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
    bool look = !n && *end == WEIR__LOOK && weir__own_phase(call);
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

ptrdiff_t weir__wait_on(struct weir__node *nodes, size_t n, const uint16_t *order,
                        weir_time deadline, weir_ctx *ctx) {
    struct weir__node ctx_node;
    struct cases c = { nodes, n, order, ctx, NULL };
    weir_waitable *end = ctx ? weir_ctx_waitable(ctx) : NULL;
    if (end) {
        weir__node_set(&ctx_node, end, WEIR_RECV, NULL, 0);
        c.ctx = &ctx_node;
    }
    return block(&c, deadline);
}

ptrdiff_t weir__wait(struct weir__node *nodes, size_t n, const uint16_t *order, weir_time deadline,
                     weir_ctx *ctx) {
    struct cases c = { nodes, n, order, NULL, NULL };
    struct weir__call call = { .self = NULL };
    struct weir__node *performed;
    int rc = weir__ctx_err(ctx);
    if (rc < 0) return rc;
    do {
        performed = poll(&c, &call, &rc);
        if (performed) return performed - nodes;
    } while (deadline == WEIR_NOW && !at_one_instant(&c));
    if (deadline == WEIR_NOW) return rc;
    if (deadline != WEIR_FOREVER && weir__os_now() >= deadline) return WEIR_ETIMEDOUT;
    return weir__wait_on(nodes, n, order, deadline, ctx);
}

int weir__wait_one(weir_waitable *on, uint32_t op, void *elem, uint32_t arg, weir_time deadline,
                   weir_ctx *ctx) {
    struct weir__node n;
    weir__node_set(&n, on, op, elem, arg);
    ptrdiff_t i = weir__wait(&n, 1, NULL, deadline, ctx);
    return i < 0 ? (int)i : n.result;
}
