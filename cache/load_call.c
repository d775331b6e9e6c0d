/* SPDX-License-Identifier: MIT */
/* cache/load_call.c - weir_cache_load: the value that is there; else that of the load that runs for the key, which
 * is waited for; else of one of its own, whose function the caller runs.
 *
 * A miss looks twice: in a guard, and again in the hold in which it would link its load (CACHE_K1). Between the two
 * another one may have stored the value; so no key is loaded that has one. Whoever waits looks again from the start
 * if the load failed because of its own caller's context.
 *
 * Progress   a hit as get; else blocking: the loader's own time, or the wait for it.
 * Ordering   the shards' locks, and the load's future. */
#include "load.h"
#include "overwrite.h"

#include "../flow/future.h"
#include "../lib/ctx.h"
#include "../lib/rcu_inside.h"

struct want {
    weir_cache *c;
    struct weir__spot at;
    void *val;             /* a copy; or */
    const void **acquired; /* the value itself */
    weir_cache_load_fn *fn;
    void *arg;
    weir_time deadline;
    weir_ctx *ctx;
};

static int give(const struct want *w, struct weir__entry *e) {
    if (e->code != 0) return e->code;
    if (w->acquired) {
        weir__entry_ref(e);
        *w->acquired = e->val;
    } else {
        weir__entry_copy(w->c, e, w->val);
    }
    return 0;
}

/* In a guard, or in the lock of a plain kind: whether there is an answer. */
static bool look(const struct want *w, int *rc) {
    struct weir__entry *e = weir__cache_find(w->c, &w->at);
    if (!e || !weir__entry_lives(w->c, e)) return false;
    *rc = give(w, e);
    return true;
}

/* The load that runs for the key, with a reference; or `made`, which is linked now. NULL: *rc says why. WEIR_EEXIST: there
 * is a value. */
static struct weir__load *join(const struct want *w, struct weir__load *made, int *rc) {
    weir_cache *c = w->c;
    struct weir__shard *s = weir__shard_of(c, w->at.hash);
    bool busy = weir__rcu_busy(made->thread); /* who waits in a guard may be waited for */
    weir_guard g = weir__hold(s);
    struct weir__entry *e = weir__cache_find(c, &w->at);
    struct weir__load *l = weir__load_of(s, &w->at);
    if (l && l->over && !weir__entry_lives(c, l->e)) { /* it waits to be stored, too late */
        weir__load_unlink(l);
        l = NULL;
    }
    bool runs = l && !l->over;
    *rc = 0;
    if (s->closed)
        *rc = WEIR_ECLOSED;
    else if (weir_recheck(e && weir__entry_lives(c, e), CACHE_K1))
        *rc = WEIR_EEXIST;
    else if (runs && (l->thread == made->thread || (busy && w->deadline != WEIR_NOW)))
        *rc = WEIR_EDEADLK;
    else if (runs && w->deadline == WEIR_NOW)
        *rc = WEIR_EBUSY;
    else if (l)
        l->refs++;
    else
        weir__load_link(s, l = made);
    weir__hold_end(c, s, g, NULL);
    return *rc == 0 ? l : NULL;
}

/* The caller's own, which is linked. What is told may leave a text of its own: so that of the loader comes last. */
static int run(const struct want *w, struct weir__load *l) {
    struct weir_error err;
    weir__load_run(l, w->ctx, &err);
    int rc = l->rc == 0 ? give(w, l->e) : l->rc;
    weir__load_leave(l, w->acquired);
    if (rc < 0) (void)weir_error_give(&err);
    return rc;
}

/* Another one's. WEIR_EEXIST: look again. */
static int wait_for(const struct want *w, struct weir__load *l) {
    struct weir_error err;
    err.code = 0;
    int rc = weir_future_wait_wait(&l->done, w->deadline, w->ctx);
    if (rc == WEIR_EAGAIN) rc = WEIR_EBUSY; /* WEIR_NOW: it is over, and about to wake who waits */
    if (rc == 0 && !l->shut && l->again) {
        rc = WEIR_EEXIST;
    } else if (rc == 0) {
        rc = l->code == 0 ? give(w, l->e) : l->code;
        if (rc < 0 && !l->shut) err = *weir_future_error(&l->done);
    }
    weir__load_unref(l);
    if (err.code) (void)weir_error_give(&err);
    return rc;
}

/* One round. WEIR_EEXIST: look again. */
static int load_once(const struct want *w) {
    struct weir__load *made = weir__load_make(w->c, &w->at);
    int rc;
    if (!made) return WEIR_ENOMEM;
    made->thread = weir__thread_self();
    made->fn = w->fn;
    made->arg = w->arg;
    made->deadline = w->deadline;
    made->ctx = w->ctx;
    struct weir__load *l = made->thread ? join(w, made, &rc) : NULL;
    if (!made->thread) rc = WEIR_ENOMEM;
    if (l == made) return run(w, l);
    weir__load_free(made);
    return l ? wait_for(w, l) : rc;
}

static int load(struct want *w, const void *key, const char *name) {
    if (!w->c || !key || !w->fn || !(w->val || w->acquired)) {
        (void)weir__misuse(name, "NULL");
        return WEIR_EINVAL;
    }
    int rc = weir__spot(w->c, key, &w->at, name);
    if (rc == 0) rc = weir__ctx_err(w->ctx);
    if (rc != 0) return rc;
    if (w->acquired) weir__lends_counted(w->c);
    rc = weir__cache_read(w->c, &w->at, w->val, w->acquired);
    while (rc == WEIR_ENOENT || rc == WEIR_EEXIST) {
        weir_guard g = weir__read_enter(w->c);
        bool there = look(w, &rc);
        weir__read_exit(w->c, g);
        if (!there) rc = load_once(w);
        if (rc == WEIR_ENOENT) return rc; /* the loader's own */
    }
    return rc;
}

int weir_cache_load_wait(weir_cache *c, const void *key, void *val, weir_cache_load_fn *fn,
                         void *arg, weir_time deadline, weir_ctx *ctx) {
    struct want w = { .c = c, .val = val, .fn = fn, .arg = arg, .deadline = deadline, .ctx = ctx };
    return load(&w, key, "weir_cache_load");
}

int weir_cache_load_acquire_wait(weir_cache *c, const void *key, const void **val,
                                 weir_cache_load_fn *fn, void *arg, weir_time deadline,
                                 weir_ctx *ctx) {
    struct want w = {
        .c = c, .acquired = val, .fn = fn, .arg = arg, .deadline = deadline, .ctx = ctx
    };
    if (val) *val = NULL;
    return load(&w, key, "weir_cache_load_acquire");
}
