/* SPDX-License-Identifier: MIT */
/* cache/load.c - a load's life: linked, its function run, its end. One at a time for each key: cache.h, C8.
 *
 * A load has an entry from the start, with its key; the loader writes the value there, so that storing it and giving it
 * to those who wait copies nothing twice, and a value that is not stored lives as long as somebody reads it.
 *
 *   linked -> stored and unlinked | unlinked by put, invalidate, clear, close | unlinked at its end (failed, or not stored)
 *
 * At its end a value is stored, if there is room for garbage at once; then who waits is woken; then, if there was no
 * room, it is waited for, as long as the load is linked, and the value stored. Calls that come meanwhile get the value from
 * the load. The user's functions are called before all of this, in the frame (the loader, `weigh`), or after it (C9).
 *
 * Invariants
 *   L1  refs of a load: one of its caller (or its task), one for each that waits. Under the shard's lock.
 *   L2  over is set in one hold, by the end of the load or by close, which then ends the future, in no lock.
 *   L3  the entry's value, times and `code` are written before `over`, and not after it while the load has its reference.
 *   L4  a load is in the shard's list from when it is linked until its end, also if it was unlinked: so close finds all
 *       that somebody waits for. */
#include "load.h"

#include "../flow/frame.h"
#include "../flow/future.h"
#include "../lib/os_user.h"

#define LOOKS INT64_C(10000000) /* ns between two looks of who waits for room */

/* ---- loads of a shard, in its hold ------------------------------------------------------------------------ */

bool weir__load_linked(const struct weir__load *l) { return l->linked; }

void weir__load_unlink(struct weir__load *l) { l->linked = false; }

static bool load_is(const struct weir__load *l, const struct weir__spot *a) {
    return l->linked && l->e->hash == a->hash && weir__entry_is(&a->key, weir__entry_word(l->e));
}

struct weir__load *weir__load_of(const struct weir__shard *s, const struct weir__spot *a) {
    struct weir__load *l = s->loads;
    while (l && !load_is(l, a)) l = l->next;
    return l;
}

void weir__loads_unlink(struct weir__shard *s, const struct weir__spot *a) {
    struct weir__load *l = weir__load_of(s, a);
    if (l) weir__load_unlink(l);
}

void weir__loads_unlink_all(struct weir__shard *s) {
    for (struct weir__load *l = s->loads; l; l = l->next) weir__load_unlink(l);
}

void weir__load_link(struct weir__shard *s, struct weir__load *l) {
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

struct weir__load *weir__load_make(weir_cache *c, const struct weir__spot *a) {
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

void weir__load_free(struct weir__load *l) {
    weir_cache *c = l->c;
    weir__entry_unref(l->e);
    if (l->old) weir__entry_unref(l->old);
    weir__free(c->alloc, l, sizeof *l, _Alignof(struct weir__load));
}

void weir__load_unref(struct weir__load *l) {
    struct weir__shard *s = weir__shard_of(l->c, l->e->hash);
    weir__shard_lock(&s->lock);
    bool last = --l->refs == 0;
    weir__shard_unlock(&s->lock);
    if (last) weir__load_free(l);
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

/* Stores it, unless ctx has ended. False: until the deadline there is no room for garbage, or a
 * fork is being made. */
static bool keep(struct weir__load *l, weir_time deadline, weir_ctx *ctx) {
    int rc = weir__garbage_room(l->c, weir__entry_size(l->e), deadline, ctx);
    struct weir__fork_in in = { .rc = rc };
    if (rc == 0 || rc == WEIR_ENOMEM) in = weir__write_enter(l->c, deadline, ctx);
    if (in.rc == 0) {
        (void)weir__store(l->c, l->e, l, &l->untold);
        (void)weir__rcu_exit(in.g);
    }
    rc = in.rc;
    return rc != WEIR_EAGAIN && rc != WEIR_ETIMEDOUT;
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

static bool is_linked(struct weir__load *l) {
    struct weir__shard *s = weir__shard_of(l->c, l->e->hash);
    weir__shard_lock(&s->lock);
    bool linked = l->linked;
    weir__shard_unlock(&s->lock);
    return linked;
}

/* Waits for room. Who unlinks it, so that nothing is to be stored, rings no bell: that is looked for in between. */
static void keep_late(struct weir__load *l) {
    weir_time until;
    do {
        until = weir__sum(weir__os_now(), LOOKS);
        if (until > l->deadline) until = l->deadline;
    } while (!keep(l, until, l->ctx) && until < l->deadline && is_linked(l));
}

static void end(struct weir__load *l, int code, const struct weir_error *err) {
    l->rc = code;
    l->again = code < 0 && l->ctx && weir_ctx_err(l->ctx) < 0;
    WEIR_POINT("cache.loaded");
    bool waits = prepare(l, code) && !keep(l, WEIR_NOW, NULL);
    if (!set_over(l, code, err, waits && l->deadline != WEIR_NOW)) return;
    keep_late(l);
    (void)set_over(l, code, err, false);
}

void weir__loads_abort(struct weir__shard *s) {
    struct weir__load *first = NULL;
    weir__shard_lock(&s->lock);
    for (struct weir__load *l = s->loads; l; l = l->next) {
        weir__load_unlink(l);
        if (l->over) continue;
        l->over = l->shut = true;
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
        weir__load_unref(l);
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
void weir__load_leave(struct weir__load *l, const void **acquired) {
    struct leaving v = { l->c, l->untold, acquired, l->old != NULL, false };
    /* Relaxed: a hint. Unless the value has been stored, and the old one is gone, another may be asked for. */
    if (l->old) weir_store_relaxed(&l->old->refreshing, 0);
    weir__load_unref(l);
    weir__os_user_call(leave_tell, &v, left, &v);
}

static void after(struct weir__frame *fr, void *load) {
    struct weir__load *l = load;
    if (fr->rc == 0)
        WEIR__COUNT(l->c, loads, 1);
    else
        WEIR__COUNT(l->c, load_failures, 1);
    end(l, fr->rc, &fr->err);
    if (!fr->returned) weir__load_leave(l, NULL); /* nor does its caller return */
}

void weir__load_run(struct weir__load *l, weir_ctx *ctx, struct weir_error *err) {
    struct weir__frame fr;
    (void)weir__frame_run(&fr, call, ctx, l, l->c, after, l);
    if (err && fr.rc < 0) *err = fr.err;
}
