/* SPDX-License-Identifier: MIT */
/* cache/load.c - loading: one at a time for each key, and refreshes. See cache.h, C8.
 *
 * A load has an entry from the start, with its key; the loader writes the value there, so that storing it and giving it
 * to those who wait copies nothing twice, and a value that is not stored lives as long as somebody reads it.
 *
 *   linked -> stored and unlinked | unlinked by put, invalidate, clear, close | unlinked at its end (failed, or not stored)
 *
 * At its end a value is stored, if there is room for garbage at once; then who waits is woken; then, if there was no
 * room, it is waited for, and the value stored if the load is linked still. Calls that come meanwhile get the value from
 * the load. The user's functions are called before all of this, in the frame (the loader, `weigh`), or after it (C9).
 *
 * A refresh is linked when its task begins, not while it is queued: nobody waits for a task that may never begin.
 *
 * Invariants
 *   L1  refs of a load: one of its caller (or its task), one for each that waits. Under the shard's lock.
 *   L2  over is set in one hold, by the end of the load or by close, which then ends the future, in no lock.
 *   L3  the entry's value, times and `code` are written before `over`, and not after it.
 *   L4  a load is in the shard's list from when it is linked until its end, also if it was unlinked: so close finds all
 *       that somebody waits for. */
#include "cache.h"

#include "../flow/frame.h"
#include "../flow/future.h"
#include "../lib/ctx.h"
#include "../lib/os_user.h"
#include "../lib/rcu_inside.h"

struct weir__load {
    struct weir__load *next;    /* in the shard */
    struct weir__load *aborted; /* the next that close has ended */
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
    const struct weir__thread *thread; /* that runs it */
    struct weir__entry *old;           /* of a refresh */
    struct weir__untold untold;        /* by who runs it, when he is through */
};

/* ---- loads of a shard, in its hold ------------------------------------------------------------------------ */

bool weir__load_linked(const struct weir__load *l) { return l->linked; }

void weir__load_unlink(struct weir__load *l) { l->linked = false; }

static bool load_is(const struct weir__load *l, const struct weir__spot *a) {
    return l->linked && l->e->hash == a->hash && weir__entry_is(&a->key, weir__entry_word(l->e));
}

static struct weir__load *load_of(const struct weir__shard *s, const struct weir__spot *a) {
    struct weir__load *l = s->loads;
    while (l && !load_is(l, a)) l = l->next;
    return l;
}

void weir__loads_unlink(struct weir__shard *s, const struct weir__spot *a) {
    struct weir__load *l = load_of(s, a);
    if (l) weir__load_unlink(l);
}

void weir__loads_unlink_all(struct weir__shard *s) {
    for (struct weir__load *l = s->loads; l; l = l->next) weir__load_unlink(l);
}

static void load_link(struct weir__shard *s, struct weir__load *l) {
    l->next = s->loads;
    s->loads = l;
    l->linked = true;
}

/* At its end. */
static void load_take_off(struct weir__shard *s, struct weir__load *l) {
    struct weir__load **at = &s->loads;
    while (*at != l) at = &(*at)->next;
    *at = l->next;
    l->linked = false;
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
    weir__shard_lock(&s->lock);
    bool last = --l->refs == 0;
    weir__shard_unlock(&s->lock);
    if (last) load_free(l);
}

/* ---- its end ---------------------------------------------------------------------------------------------- */

/* What is to be stored: what it has given, or that it has failed, but not in place of a value that is still good. False:
 * nothing is. */
static bool prepare(struct weir__load *l, int code) {
    weir_cache *c = l->c;
    struct weir__entry *e = l->e;
    if (code != 0 && (!c->negative_ttl || code == WEIR_ECANCELED || l->again || l->old))
        return false;
    e->code = code;
    if (code != 0) e->weight = 1;
    weir__entry_times(c, e, code == 0 ? l->ttl : c->negative_ttl);
    if (code != 0) e->stale = WEIR_FOREVER;
    return true;
}

/* Stores it. False: there is no room for garbage until the deadline. */
static bool keep(struct weir__load *l, weir_time deadline, weir_ctx *ctx) {
    int rc = weir__garbage_room(l->c, weir__entry_size(l->e), deadline, ctx);
    if (rc == 0 || rc == WEIR_ENOMEM) (void)weir__store(l->c, l->e, l, &l->untold);
    return rc != WEIR_EAGAIN;
}

/* Ends its wait, if close has not; that is the end of it, unless it `stays`, to be stored. Whether it stays. */
static bool set_over(struct weir__load *l, int code, const struct weir_error *err, bool stays) {
    weir_cache *c = l->c;
    struct weir__shard *s = weir__shard_of(c, l->e->hash);
    weir_guard g = weir__hold(s);
    stays = stays && l->linked;
    if (!stays) load_take_off(s, l);
    bool over = l->over;
    l->over = true;
    if (!over) l->code = code;
    weir__hold_end(c, s, g, &l->untold);
    WEIR_POINT("cache.load.over");
    if (!over) weir__future_end(&l->done, code, NULL, err);
    return stays;
}

static void end(struct weir__load *l, int code, const struct weir_error *err) {
    l->rc = code;
    l->again = code < 0 && l->ctx && weir_ctx_err(l->ctx) < 0;
    WEIR_POINT("cache.loaded");
    bool waits = prepare(l, code) && !keep(l, WEIR_NOW, NULL);
    if (!set_over(l, code, err, waits)) return;
    (void)keep(l, l->deadline, l->ctx);
    (void)set_over(l, code, err, false);
}

void weir__loads_abort(struct weir__shard *s) {
    struct weir__load *first = NULL;
    weir__shard_lock(&s->lock);
    for (struct weir__load *l = s->loads; l; l = l->next) {
        weir__load_unlink(l);
        if (l->over) continue;
        l->over = true;
        l->code = WEIR_ECLOSED;
        l->refs++;
        l->aborted = first;
        first = l;
    }
    weir__shard_unlock(&s->lock);
    while (first) {
        struct weir__load *l = first;
        first = l->aborted;
        weir__future_end(&l->done, WEIR_ECLOSED, NULL, NULL);
        load_unref(l);
    }
}

/* ---- running ---------------------------------------------------------------------------------------------- */

/* The user's functions, both. */
static int call(weir_ctx *ctx, void *load) {
    struct weir__load *l = load;
    weir_time ttl = WEIR_TTL_DEFAULT;
    int rc = l->fn(weir__entry_key(l->c, l->e), l->e->val, &ttl, ctx, l->arg);
    if (rc == 0) l->e->owned = true; /* whatever comes of it: it goes to drop */
    if (rc > 0 || rc == WEIR_EEXIST || (rc == 0 && ttl <= 0)) {
        (void)weir__misuse("weir_cache_load", "what its function returns");
        return WEIR_EINVAL;
    }
    l->ttl = ttl;
    if (rc == 0) l->e->weight = weir__entry_weigh(l->c, l->e);
    return rc;
}

struct leaving {
    weir_cache *c;
    struct weir__untold untold;
    const void **acquired; /* what its caller has got */
    bool refresh, through;
};
static void leave_tell(void *leaving) {
    struct leaving *v = leaving;
    weir__cache_tell(v->c, &v->untold);
    v->through = true;
}
/* If `removed` has ended the thread, its caller gets nothing. */
static void left(void *leaving) {
    struct leaving *v = leaving;
    if (!v->through && v->acquired && *v->acquired) {
        weir_cache_release(*v->acquired);
        *v->acquired = NULL;
    }
    if (v->refresh) (void)weir_wg_done(&v->c->busy);
}

/* The caller, or the task, is through with it. */
static void leave(struct weir__load *l, const void **acquired) {
    struct leaving v = { l->c, l->untold, acquired, l->old != NULL, false };
    /* Relaxed: a hint. Unless the value has been stored, and the old one is gone, another may be asked for. */
    if (l->old) weir_store_relaxed(&l->old->refreshing, 0);
    load_unref(l);
    weir__os_user_call(leave_tell, &v, left, &v);
}

static void after(struct weir__frame *fr, void *load) {
    struct weir__load *l = load;
    if (fr->rc == 0)
        WEIR__COUNT(l->c, loads);
    else
        WEIR__COUNT(l->c, load_failures);
    end(l, fr->rc, &fr->err);
    if (!fr->returned) leave(l, NULL); /* nor does its caller return */
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
    struct weir__load *l = load_of(s, &w->at);
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
        load_link(s, l = made);
    weir__hold_end(c, s, g, NULL);
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
        leave(l, w->acquired);
        return rc;
    }
    load_free(made);
    if (!l) return rc;
    rc = weir_future_wait_wait(&l->done, w->deadline, w->ctx);
    if (rc == WEIR_EAGAIN) rc = WEIR_EBUSY; /* WEIR_NOW: it is over, and about to wake who waits */
    if (rc == 0 && l->code != WEIR_ECLOSED && l->again) /* not yet known of what close has ended */
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

/* ---- refreshing ------------------------------------------------------------------------------------------- */

/* In no lock. Links l, if the key has the entry still that it is of (C8), and nobody loads it. */
static bool refresh_link(struct weir__load *l) {
    weir_cache *c = l->c;
    struct weir__shard *s = weir__shard_of(c, l->e->hash);
    struct weir__spot at = { { weir__entry_bytes(l->e), l->e->key_len }, l->e->hash };
    l->thread = weir__thread_self();
    weir_guard g = weir__hold(s);
    bool may = !s->closed && weir__cache_find(c, &at) == l->old && !load_of(s, &at);
    if (may) load_link(s, l);
    weir__hold_end(c, s, g, NULL);
    return may;
}

/* ctx: of an executor that gives it up, it has ended. */
static int refresh_task(weir_ctx *ctx, void *load) {
    struct weir__load *l = load;
    if (weir__ctx_err(ctx) == 0 && refresh_link(l)) run(l, ctx);
    leave(l, NULL);
    return 0;
}

void weir__refresh(weir_cache *c, struct weir__entry *e) {
    struct weir__spot at = { { weir__entry_bytes(e), e->key_len }, e->hash };
    WEIR_POINT("cache.refresh");
    struct weir__load *l = load_make(c, &at);
    if (!l) {
        weir_store_relaxed(&e->refreshing, 0); /* relaxed: a hint */
        return;
    }
    weir__entry_ref(e);
    l->old = e;
    l->fn = c->load;
    l->arg = c->load_arg;
    l->deadline = WEIR_FOREVER;
    (void)weir_wg_add(&c->busy, 1);
    if (weir_go(c->exec.submit ? &c->exec : NULL, refresh_task, NULL, l) < 0) leave(l, NULL);
}
