/* SPDX-License-Identifier: MIT */
/* lib/ctx.c - see weir/ctx.h.
 *
 * Invariants (under the root's lock but for what never changes)
 *   I1  err goes from 0 to an error once, by a compare-and-swap, also of a reader who finds the deadline
 *       passed. Of ECANCELED the cause is `cause`, stored before under the lock; of ETIMEDOUT it is
 *       deadline_cause, which never changes once others know the context.
 *   I2  whoever cancels a context ends all linked below it in the same hold of the lock, parents first: a child
 *       whose own, earlier deadline has passed with that error, another as its parent. So under the lock a child
 *       is live only while its parent is, and has its parent's error and cause unless its own deadline ended it.
 *   I3  a child's deadline is at most its parent's: when the clock has ended a parent, it has ended all
 *       below, and none needs to be told.
 *   I4  each child holds a reference on its parent, so the root, whose lock all use, goes last.
 * Progress   err and cause: wait-free, but for who first finds an inherited deadline passed (I2), and waits for a
 *            cancel that is under way. All else blocking; a cancel holds the lock, and the pairing lock, while it visits all below.
 * Ordering   cause, and what the canceller did before, come before err (E1 -> E2); the rest by the lock. The
 *            last unref sees what the others did: R1.
 * From       Go's context package, with one lock for a tree instead of one for each context. */
#include <weir/ctx.h>

#include "base.h"
#include "ctx.h"

struct weir_ctx {
    weir_waitable on;
    weir_au64 refs;
    weir_au32 err; /* negated */
    int cause, deadline_cause;
    weir_time deadline;
    bool own;                            /* its deadline: earlier than its parent's */
    weir_ctx *parent, *root;             /* parent: also where values go on */
    weir_ctx *first_child, *next, *prev; /* children that end with their parent */
    bool linked;
    struct weir__queue waiters;
    const void *key;
    void *value;
    struct weir__lock lock; /* of a root */
    struct weir__made made;
};

static int attempt(weir_waitable *on, struct weir__node *n, struct weir__call *call);
static void disarm(weir_waitable *on, struct weir__node *n);
static int check(const weir_waitable *on, const struct weir__node *n);
static weir_time due(weir_waitable *on, struct weir__node *n);
static void about(weir_waitable *on, struct weir__about *a);
static const struct weir__waitable_ops ops = {
    .attempt = attempt, .disarm = disarm, .check = check, .due = due, .about = about
};

static weir_ctx background = { .on = { &ops }, .deadline = WEIR_FOREVER };

weir_ctx *weir_ctx_background(void) { return &background; }

/* NULL for what never ends. */
static weir_ctx *real(weir_ctx *c) { return c == &background ? NULL : c; }

/* Under the root's lock. */
static void link_child(weir_ctx *p, weir_ctx *c) {
    c->prev = NULL;
    c->next = p->first_child;
    if (c->next) c->next->prev = c;
    p->first_child = c;
    c->linked = true;
}

static void unlink_child(weir_ctx *c) {
    *(c->prev ? &c->prev->next : &c->parent->first_child) = c->next;
    if (c->next) c->next->prev = c->prev;
    c->linked = false;
}

/* ---- ending ------------------------------------------------------------------------------------------ */

/* Ends c with this error if nothing has ended it yet; what has. */
static int decide(weir_ctx *c, int err) {
    uint32_t seen = 0;
    if (weir_cas_release(&c->err, &seen, (uint32_t)-err, CTX_E1)) return err;
    return -(int)weir_load_acquire(&c->err, CTX_E3);
}

static bool late(const weir_ctx *c) {
    return c->deadline != WEIR_FOREVER && weir__os_now() >= c->deadline;
}

/* What has ended c; 0: nothing yet. By the clock too, and then for ever. An inherited deadline is decided under the
 * root's lock, once: a cancel that has ended the parent before is through then. */
static int ended_in(weir_ctx *c, bool locked) {
    uint32_t e = weir_load_acquire(&c->err, CTX_E2);
    if (e) return -(int)e;
    if (!late(c)) return 0;
    if (c->own || locked) return decide(c, WEIR_ETIMEDOUT);
    WEIR_POINT("ctx.late");
    weir__lock(&c->root->lock);
    int err = decide(c, WEIR_ETIMEDOUT);
    weir__unlock(&c->root->lock);
    return err;
}
static int ended(weir_ctx *c) { return ended_in(c, false); }
static int ended_locked(weir_ctx *c) { return ended_in(c, true); }

/* By a cancel of `top`, which is c or above it: if nothing has yet, not its own deadline either, then as its
 * parent was, before it. */
static int end_one(weir_ctx *c, const weir_ctx *top, int cause) {
    const weir_ctx *p = c == top || c->own ? NULL : c->parent;
    int err = p ? 0 : ended_locked(c);
    if (err) return err;
    /* Relaxed: of p and, if it is ended already, of c the decision was made under this lock, but for an own
     * deadline's, which brings nothing along. */
    err = p ? -(int)weir_load_relaxed(&p->err) : WEIR_ECANCELED;
    if (weir_load_relaxed(&c->err) == 0) c->cause = p ? p->cause : cause; /* for ECANCELED */
    return decide(c, err);
}

static void tell_all(weir_ctx *c, int err, struct weir__wakes *wakes) {
    for (struct weir__node *n; (n = c->waiters.first);) {
        weir__queue_remove(&c->waiters, n);
        if (n->wake)
            n->wake(n->elem);
        else if (weir__take(NULL, n) == 0)
            weir__complete(wakes, n, err);
    }
}

/* The next below `top`, parents first. */
static weir_ctx *after(const weir_ctx *top, weir_ctx *c) {
    if (c->first_child) return c->first_child;
    while (c != top && !c->next) c = c->parent;
    return c == top ? NULL : c->next;
}

/* Ends c and all below, unless the clock or somebody has. */
static void end_all(weir_ctx *c, int cause) {
    struct weir__wakes wakes = { NULL };
    weir__pairing_lock(); /* so that no waiter is BUSY */
    weir__lock(&c->root->lock);
    if (!ended_locked(c))
        for (weir_ctx *k = c; k; k = after(c, k)) tell_all(k, end_one(k, c, cause), &wakes);
    if (c->linked) unlink_child(c); /* a long-lived parent does not visit it again */
    weir__unlock(&c->root->lock);
    weir__pairing_unlock();
    weir__tell(&wakes);
}

int weir_ctx_cancel(weir_ctx *ctx, int cause) {
    weir_ctx *c = real(ctx);
    if (!c) return weir__misuse("weir_ctx_cancel", "the background cannot be cancelled");
    end_all(c, cause ? cause : WEIR_ECANCELED);
    return 0;
}

/* Relaxed: whoever goes by it asks weir_ctx_err afterwards. */
bool weir__ctx_over(weir_ctx *ctx) {
    weir_ctx *c = real(ctx);
    return c && (weir_load_relaxed(&c->err) || late(c));
}

int weir_ctx_err(weir_ctx *ctx) { return real(ctx) ? ended(ctx) : 0; }

int weir_ctx_cause(weir_ctx *ctx) {
    int err = real(ctx) ? ended(ctx) : 0;
    return err == WEIR_ETIMEDOUT ? ctx->deadline_cause : err ? ctx->cause : 0;
}

/* ---- making and freeing ------------------------------------------------------------------------------- */

/* Under parent p's lock, unless it has ended: then born ended. */
static void join(weir_ctx *p, weir_ctx *c) {
    weir__lock(&p->root->lock);
    int err = ended_locked(p);
    if (err) {
        c->cause = c->deadline_cause = weir_ctx_cause(p);
        weir_init_atomic(&c->err, (uint32_t)-err);
    } else {
        link_child(p, c);
    }
    weir__unlock(&p->root->lock);
}

static weir_ctx *make(weir_ctx *parent) {
    weir_ctx *c = weir__os_alloc(sizeof *c, _Alignof(weir_ctx));
    if (!c) return NULL;
    *c =
        (weir_ctx){ .on = { &ops }, .parent = real(parent), .deadline = WEIR_FOREVER, .own = true };
    weir_init_atomic(&c->refs, 1);
    weir_init_atomic(&c->err, 0);
    c->root = c;
    (void)weir__os_cpus(); /* now, not in the first wait */
    if (c->parent) (void)weir_ctx_ref(c->parent);
    return c;
}

/* A child that ends with its parent. */
static int make_below(weir_ctx **out, weir_ctx *parent, weir_time deadline, int cause,
                      const void *key, void *value) {
    if (!out) return WEIR_EINVAL;
    weir_ctx *c = *out = make(parent);
    if (!c) return WEIR_ENOMEM;
    c->deadline = deadline;
    c->deadline_cause = cause ? cause : WEIR_ETIMEDOUT;
    c->key = key;
    c->value = value;
    weir_ctx *p = c->parent;
    if (!p) return 0;
    c->root = p->root;
    c->own = deadline < p->deadline;
    if (!c->own) {
        c->deadline = p->deadline;
        c->deadline_cause = p->deadline_cause;
    }
    join(p, c);
    return 0;
}

int weir_ctx_new(weir_ctx **out, weir_ctx *parent, weir_time deadline) {
    return make_below(out, parent, deadline, 0, NULL, NULL);
}

int weir_ctx_new_cause(weir_ctx **out, weir_ctx *parent, weir_time deadline, int cause) {
    return make_below(out, parent, deadline, cause, NULL, NULL);
}

int weir_ctx_with_value(weir_ctx **out, weir_ctx *parent, const void *key, void *value) {
    if (out) *out = NULL;
    if (!key) return WEIR_EINVAL;
    return make_below(out, parent, WEIR_FOREVER, 0, key, value);
}

int weir_ctx_without_cancel(weir_ctx **out, weir_ctx *parent) {
    if (!out) return WEIR_EINVAL;
    *out = make(parent);
    return *out ? 0 : WEIR_ENOMEM;
}

weir_ctx *weir_ctx_ref(weir_ctx *ctx) {
    if (real(ctx)) (void)weir_fetch_add_relaxed(&ctx->refs, 1);
    return ctx;
}

void weir_ctx_unref(weir_ctx *ctx) {
    weir_ctx *c = real(ctx);
    while (c && weir_fetch_sub_acq_rel(&c->refs, 1, CTX_R1) == 1) {
        weir_ctx *p = c->parent;
        if (p) {
            weir__lock(&p->root->lock);
            if (c->linked) unlink_child(c);
            weir__unlock(&p->root->lock);
        }
        weir__os_free(c);
        c = p;
    }
}

/* ---- looking ------------------------------------------------------------------------------------------- */

weir_time weir_ctx_deadline(const weir_ctx *ctx) { return ctx ? ctx->deadline : WEIR_FOREVER; }

void *weir_ctx_value(const weir_ctx *ctx, const void *key) {
    for (; key && ctx; ctx = ctx->parent)
        if (ctx->key == key) return ctx->value;
    return NULL;
}

bool weir__ctx_is(const weir_waitable *on) { return on->ops == &ops; }

weir_waitable *weir_ctx_waitable(weir_ctx *ctx) { return real(ctx) ? &ctx->on : NULL; }

/* ---- waiting ------------------------------------------------------------------------------------------- */

static int attempt(weir_waitable *on, struct weir__node *n, struct weir__call *call) {
    weir_ctx *c = (weir_ctx *)on;
    weir__lock(&c->root->lock);
    int rc = ended_locked(c);
    if (rc) {
        if (!weir__take_own(call))
            rc = WEIR__OVER;
        else if (n->queued)
            weir__queue_remove(&c->waiters, n);
    } else if (call->arm) {
        if (!n->queued) weir__queue_add(&c->waiters, n);
        rc = WEIR__PENDING;
    } else {
        rc = WEIR_EAGAIN;
    }
    weir__unlock(&c->root->lock);
    return rc;
}

static void disarm(weir_waitable *on, struct weir__node *n) {
    weir_ctx *c = (weir_ctx *)on;
    weir__lock(&c->root->lock);
    if (n->queued) weir__queue_remove(&c->waiters, n);
    weir__unlock(&c->root->lock);
}

static int check(const weir_waitable *on, const struct weir__node *n) {
    (void)on;
    return n->op == WEIR_RECV && n->arg == 0 ? 0 : WEIR_EINVAL;
}

static weir_time due(weir_waitable *on, struct weir__node *n) {
    (void)n;
    return ((weir_ctx *)on)->deadline;
}

static void about(weir_waitable *on, struct weir__about *a) {
    *a = (struct weir__about){ "context", NULL, &((weir_ctx *)on)->made };
}

/* ---- watching --------------------------------------------------------------------------------------------- */

int weir__ctx_watch(struct weir__watch *w, weir_ctx *ctx, void (*wake)(void *arg), void *arg) {
    weir_ctx *c = real(ctx);
    w->ctx = c;
    if (!c) return 0;
    w->node = (struct weir__node){ .wake = wake, .elem = arg };
    weir__lock(&c->root->lock);
    int err = ended_locked(c);
    if (!err) weir__queue_add(&c->waiters, &w->node);
    weir__unlock(&c->root->lock);
    return err;
}

void weir__ctx_unwatch(struct weir__watch *w) {
    if (w->ctx) disarm(&w->ctx->on, &w->node);
}
