/* SPDX-License-Identifier: MIT */
/* cache/load.c - loading: one at a time for each key, and refreshes. See cache.h, C8.
 *
 * A load has an entry from the start, with its key; the loader writes the value there, so that storing it and giving it
 * to those who wait copies nothing twice, and a value that is not stored lives as long as somebody reads it.
 *
 *   linked -> stored and unlinked | unlinked by put, invalidate, clear, close | unlinked at its end (failed, or not stored)
 *
 * Invariants
 *   L1  refs of a load: one of its caller (or its task), one for each that waits. Under the shard's lock.
 *   L2  over is set in one hold, by the end of the load or by close, which then ends the future, in no lock.
 *   L3  the entry's value and `code` are written before `over`, and not after it. */
#include "cache.h"

#include "../flow/frame.h"
#include "../flow/future.h"
#include "../lib/ctx.h"
#include "../lib/rcu_inside.h"

struct weir__load {
    struct weir__load *next; /* in the shard, while it is linked */
    weir_cache *c;
    struct weir__entry *e;
    weir_future done;
    size_t refs;
    bool linked, over;
    bool again; /* it has failed with the context of its caller: who waits is to load himself */
    int code;
    int rc; /* its caller's: also if close has ended it */
    weir_cache_load_fn *fn;
    void *arg;
    weir_time ttl, deadline;
    weir_ctx *ctx;
    const struct weir__thread *thread; /* that runs it; NULL: a refresh */
    struct weir__entry *old;           /* of a refresh */
};

/* ---- loads of a shard, in its hold ------------------------------------------------------------------------ */

bool weir__load_linked(const struct weir__load *l) { return l->linked; }

void weir__load_unlink(struct weir__shard *s, struct weir__load *l) {
    struct weir__load **at = &s->loads;
    if (!l->linked) return;
    while (*at != l) at = &(*at)->next;
    *at = l->next;
    l->linked = false;
}

static struct weir__load *load_of(const struct weir__shard *s, const struct weir__spot *a) {
    struct weir__load *l = s->loads;
    while (l && (l->e->hash != a->hash || !weir__entry_is(&a->key, weir__entry_word(l->e))))
        l = l->next;
    return l;
}

void weir__loads_unlink(struct weir__shard *s, const struct weir__spot *a) {
    struct weir__load *l = s->loads ? load_of(s, a) : NULL;
    if (l) weir__load_unlink(s, l);
}

static void load_link(struct weir__shard *s, struct weir__load *l) {
    l->next = s->loads;
    s->loads = l;
    l->linked = true;
}

/* ---- a load's life ---------------------------------------------------------------------------------------- */

static struct weir__load *load_make(weir_cache *c, const struct weir__spot *a) {
    struct weir__load *l = weir__alloc(c->alloc, sizeof *l, _Alignof(struct weir__load));
    if (!l) return NULL;
    memset(l, 0, sizeof *l);
    l->e = weir__entry_make(c, a);
    if (!l->e) {
        weir__free(c->alloc, l, sizeof *l, _Alignof(struct weir__load));
        return NULL;
    }
    (void)weir_future_init(&l->done);
    l->c = c;
    l->refs = 1;
    l->ttl = WEIR_TTL_DEFAULT;
    return l;
}

static void load_free(struct weir__load *l) {
    weir_cache *c = l->c;
    weir__entry_unref(l->e);
    if (l->old) weir__entry_unref(l->old);
    weir__free(c->alloc, l, sizeof *l, _Alignof(struct weir__load));
}

static void load_unref(struct weir__load *l) {
    struct weir__shard *s = weir__shard_of(l->c, l->e->hash);
    weir__lock(&s->lock);
    bool last = --l->refs == 0;
    weir__unlock(&s->lock);
    if (last) load_free(l);
}

/* ---- its end ---------------------------------------------------------------------------------------------- */

/* Stores what it has given, or that it has failed: but not in place of a value that is still good. */
static void keep(struct weir__load *l, int code) {
    weir_cache *c = l->c;
    struct weir__entry *e = l->e;
    if (code != 0 && (!c->negative_ttl || code == WEIR_ECANCELED || l->again || l->old)) return;
    e->code = code;
    e->weight = code == 0 ? weir__entry_weigh(c, e) : 1;
    weir__entry_times(c, e, code == 0 ? l->ttl : c->negative_ttl);
    if (code != 0) e->stale = WEIR_FOREVER;
    int rc = weir_rcu_room_wait(weir__entry_size(e), l->deadline, l->ctx);
    if (rc == 0 || rc == WEIR_ENOMEM) (void)weir__store(c, e, l);
}

static void end(struct weir__load *l, int code, const struct weir_error *err) {
    weir_cache *c = l->c;
    struct weir__shard *s = weir__shard_of(c, l->e->hash);
    if (code == 0)
        WEIR__COUNT(c, loads);
    else
        WEIR__COUNT(c, load_failures);
    l->rc = code;
    l->again = code < 0 && l->ctx && weir_ctx_err(l->ctx) < 0;
    if (code == 0) l->e->owned = true;
    WEIR_POINT("cache.loaded");
    keep(l, code);
    /* Relaxed: a hint. Unless the value has been stored, and the old one is gone, another may be asked for. */
    if (l->old) weir_store_relaxed(&l->old->refreshing, 0);
    weir_guard g = weir__hold(s);
    weir__load_unlink(s, l);
    bool over = l->over;
    l->over = true;
    if (!over) l->code = code;
    weir__hold_end(c, s, g);
    WEIR_POINT("cache.load.over");
    if (!over) weir__future_end(&l->done, code, NULL, err);
}

void weir__loads_abort(struct weir__shard *s) {
    struct weir__load *first = NULL;
    weir_guard g = weir__hold(s);
    for (struct weir__load *l; (l = s->loads) != NULL;) {
        weir__load_unlink(s, l);
        if (l->over) continue;
        l->over = true;
        l->code = WEIR_ECLOSED;
        l->refs++;
        l->next = first;
        first = l;
    }
    weir__unlock(&s->lock);
    (void)weir__rcu_exit(g);
    while (first) {
        struct weir__load *l = first;
        first = l->next;
        weir__future_end(&l->done, WEIR_ECLOSED, NULL, NULL);
        load_unref(l);
    }
}

/* ---- running ---------------------------------------------------------------------------------------------- */

static int call(weir_ctx *ctx, void *load) {
    struct weir__load *l = load;
    weir_time ttl = WEIR_TTL_DEFAULT;
    int rc = l->fn(weir__entry_key(l->c, l->e), l->e->val, &ttl, ctx, l->arg);
    if (rc > 0 || rc == WEIR_EEXIST || (rc == 0 && ttl <= 0)) {
        (void)weir__misuse("weir_cache_load", "what its function returns");
        return WEIR_EINVAL;
    }
    l->ttl = ttl;
    return rc;
}

/* The caller, or the task, is through with it. */
static void leave(struct weir__load *l) {
    weir_cache *c = l->c;
    bool refreshes = l->old != NULL;
    load_unref(l);
    if (refreshes) (void)weir_wg_done(&c->busy);
}

static void after(struct weir__frame *fr, void *load) {
    end(load, fr->rc, &fr->err);
    if (!fr->returned) leave(load); /* nor does its caller return */
}

static void run(struct weir__load *l, weir_ctx *ctx) {
    struct weir__frame fr;
    (void)weir__frame_run(&fr, call, ctx, l, l->c, after, l);
}

/* ---- calls ------------------------------------------------------------------------------------------------ */

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
        memcpy(w->val, e->val, w->c->shape.val_size);
    }
    return 0;
}

/* In a guard: whether there is an answer. */
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
    struct weir__load *l = load_of(s, &w->at);
    *rc = 0;
    if (s->closed)
        *rc = WEIR_ECLOSED;
    else if (weir_recheck(e && weir__entry_lives(c, e), CACHE_K1))
        *rc = WEIR_EEXIST;
    else if (l && (l->thread == made->thread || (busy && w->deadline != WEIR_NOW)))
        *rc = WEIR_EDEADLK;
    else if (l && w->deadline == WEIR_NOW)
        *rc = WEIR_EBUSY;
    else if (l)
        l->refs++;
    else
        load_link(s, l = made);
    weir__hold_end(c, s, g);
    return *rc == 0 ? l : NULL;
}

/* One round. WEIR_EEXIST: look again. */
static int load_once(const struct want *w) {
    struct weir__load *made = load_make(w->c, &w->at);
    int rc;
    if (!made) return WEIR_ENOMEM;
    made->thread = weir__thread_self();
    made->fn = w->fn;
    made->arg = w->arg;
    made->deadline = w->deadline == WEIR_NOW ? WEIR_FOREVER : w->deadline;
    made->ctx = w->ctx;
    struct weir__load *l = made->thread ? join(w, made, &rc) : NULL;
    if (!made->thread) rc = WEIR_ENOMEM;
    if (l == made) {
        run(l, w->ctx);
        rc = l->rc == 0 ? give(w, l->e) : l->rc;
        load_unref(l);
        return rc;
    }
    load_free(made);
    if (!l) return rc;
    rc = weir_future_wait_wait(&l->done, w->deadline, w->ctx);
    if (rc == 0 && l->again && l->code != WEIR_ECLOSED)
        rc = WEIR_EEXIST;
    else if (rc == 0)
        rc = l->code == 0 ? give(w, l->e) : l->code;
    load_unref(l);
    return rc;
}

static int load(struct want *w, const void *key, const char *name) {
    if (!w->c || !key || !w->fn || !(w->val || w->acquired)) {
        (void)weir__misuse(name, "NULL");
        return WEIR_EINVAL;
    }
    int rc = weir__spot(w->c, key, &w->at, name);
    if (rc == 0) rc = weir__ctx_err(w->ctx);
    if (rc != 0) return rc;
    rc = weir__cache_read(w->c, &w->at, w->val, w->acquired);
    while (rc == WEIR_ENOENT || rc == WEIR_EEXIST) {
        weir_guard g = weir__rcu_enter();
        bool there = look(w, &rc);
        (void)weir__rcu_exit(g);
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

/* ---- refreshing ------------------------------------------------------------------------------------------- */

static int refresh_task(weir_ctx *ctx, void *load) {
    struct weir__load *l = load;
    struct weir__shard *s = weir__shard_of(l->c, l->e->hash);
    int rc = weir__ctx_err(ctx); /* the executor's, that gives it up */
    weir__lock(&s->lock);
    l->thread = weir__thread_self();
    weir__unlock(&s->lock);
    if (rc == 0)
        run(l, ctx);
    else
        end(l, rc, NULL);
    leave(l);
    return 0;
}

/* In no lock, in no guard of ours. Links l unless the key is being loaded, or the cache is closed. */
static bool refresh_link(weir_cache *c, struct weir__load *l) {
    struct weir__shard *s = weir__shard_of(c, l->e->hash);
    struct weir__spot at = { { weir__entry_bytes(l->e), l->e->key_len }, l->e->hash };
    weir_guard g = weir__hold(s);
    bool may = !s->closed && !load_of(s, &at);
    if (may) load_link(s, l);
    weir__hold_end(c, s, g);
    return may;
}

void weir__refresh(weir_cache *c, struct weir__entry *e) {
    struct weir__spot at = { { weir__entry_bytes(e), e->key_len }, e->hash };
    struct weir__load *l = load_make(c, &at);
    if (l) {
        weir__entry_ref(e);
        l->old = e;
        l->fn = c->load;
        l->arg = c->load_arg;
        l->deadline = WEIR_FOREVER;
    }
    if (!l || !refresh_link(c, l)) {
        weir_store_relaxed(&e->refreshing, 0); /* relaxed: a hint */
        if (l) load_free(l);
        return;
    }
    (void)weir_wg_add(&c->busy, 1);
    int rc = weir_go(c->exec.submit ? &c->exec : NULL, refresh_task, NULL, l);
    if (rc >= 0) return;
    end(l, rc, NULL);
    leave(l);
}
