/* SPDX-License-Identifier: MIT */
/* flow/flight.c - see weir/flight.h.
 *
 * A flight has a run for each function that is under way, found by its key. Its result is handed out by a future, which
 * stands in it. All else of flight and runs stands under the flight's lock.
 *
 * Invariants
 *   I1  (one at a time) of a key at most one run is mapped: it is put there in the hold of the lock in which none was
 *       found, and taken out when it is over, forgotten, or wanted by nobody; only who finds it mapped takes itself out,
 *       so that what ends late takes nothing that is newer.
 *   I2  `wanted` counts the calls and handles that have not left. Who takes the last away from a run that is not over
 *       unmaps it in the same hold, and cancels its context after that: so no call joins a run that was cancelled, and
 *       none is cancelled that a call has joined.
 *   I3  `over` is set, with code, in the hold in which the run is unmapped for good, before the future is resolved, which
 *       has the text by then. Who leaves and finds it over has got the result (rulings 3), and reads the text there. `shared` is set in the hold in which somebody gets the
 *       result while another one may get it still, or by that one: so of two that get it both find it set. `takers`
 *       are those that may: all that are wanted, but for calls that were begun without a handle.
 *   I4  (lifetime) refs of a run: one for who runs it, until the future is resolved, and one for each call or handle. A
 *       run holds the flight's memory; so a handle may outlive the flight. Who runs a function gives `busy` back last,
 *       and touches nothing after that: free waits for it.
 * Progress   blocking; the lock is held for a walk of a chain of those under way with nearly the same hash.
 * Ordering   by the lock, and the future's (FUT_D1, FUT_D2 -> FUT_W1).
 * From       Go's x/sync/singleflight; differs in: contexts, that outlive one caller, and are cancelled after the last
 *            (tailscale's singleflight), and in who runs the function. */
#include <weir/flight.h>

#include <string.h>
#include <weir/future.h>
#include <weir/wg.h>

#include "../lib/base.h"
#include "../lib/ctx.h"
#include "../lib/lock.h"
#include "../lib/os.h"
#include "../maps/shape.h"
#include "frame.h"
#include "future.h"

#define BUCKETS 64

struct weir_flight_call {
    weir_flight_call *next; /* in the flight, while it is mapped */
    weir_flight *f;
    weir_future done;
    weir_ctx *ctx;
    weir_flight_fn *fn;
    void *arg;
    uint64_t hash;
    size_t refs, wanted;
    size_t takers; /* of them, who can get it */
    int code;
    bool mapped, over, shared, got;
    uint32_t key_len, key_at; /* key_at: bytes from the begin on */
    struct weir_str str;      /* of a string: what the function gets */
    uint64_t val[];           /* of val_size bytes; the key comes behind it */
};

struct weir_flight {
    struct weir__lock lock;
    weir_flight_call *first[BUCKETS];
    size_t refs; /* runs, and the owner */
    weir_wg busy;
    weir_exec exec;
    struct weir__shape shape; /* of keys and values */
    size_t val_size;
};

/* ---- runs ------------------------------------------------------------------------------------------------------- */

static const void *key_of(const weir_flight_call *r) { return (const char *)r + r->key_at; }
static size_t bytes_for(size_t val_size, size_t key_len) {
    return sizeof(weir_flight_call) + (val_size + 7) / 8 * 8 + key_len;
}

static weir_flight_call *make(weir_flight *f, const struct weir__key *k, weir_ctx *ctx) {
    size_t bytes = bytes_for(f->val_size, k->len);
    weir_flight_call *r = weir__alloc(f->shape.alloc, bytes, _Alignof(weir_flight_call));
    if (!r) return NULL;
    memset(r, 0, bytes);
    if (weir_ctx_without_cancel(&r->ctx, ctx) < 0) {
        weir__free(f->shape.alloc, r, bytes, _Alignof(weir_flight_call));
        return NULL;
    }
    (void)weir_future_init(&r->done);
    r->f = f;
    r->key_len = (uint32_t)k->len;
    r->key_at = (uint32_t)(bytes - k->len);
    memcpy((char *)r + r->key_at, k->at, k->len);
    r->str = (struct weir_str){ key_of(r), k->len };
    return r;
}

static void destroy(const weir_flight *f, weir_flight_call *r) {
    if (r->over && r->code == 0 && !r->got && f->shape.drop)
        f->shape.drop(r->val, f->shape.drop_arg);
    weir_ctx_unref(r->ctx);
    weir__free(f->shape.alloc, r, bytes_for(f->val_size, r->key_len), _Alignof(weir_flight_call));
}

static void flight_unref(weir_flight *f) {
    weir__lock(&f->lock);
    bool last = --f->refs == 0;
    weir__unlock(&f->lock);
    if (last) weir__free(f->shape.alloc, f, sizeof *f, _Alignof(weir_flight));
}

static void unref(weir_flight_call *r) {
    weir_flight *f = r->f;
    weir__lock(&f->lock);
    bool last = --r->refs == 0;
    weir__unlock(&f->lock);
    if (!last) return;
    destroy(f, r);
    flight_unref(f);
}

/* ---- the table, under the lock ----------------------------------------------------------------------------------- */

static weir_flight_call **bucket(weir_flight *f, uint64_t hash) {
    return &f->first[hash % BUCKETS];
}

static weir_flight_call *find(weir_flight *f, uint64_t hash, const struct weir__key *k) {
    weir_flight_call *r = *bucket(f, hash);
    while (r && (r->hash != hash || r->key_len != k->len || memcmp(key_of(r), k->at, k->len) != 0))
        r = r->next;
    return r;
}

static void map(weir_flight *f, weir_flight_call *r) {
    weir_flight_call **at = bucket(f, r->hash);
    r->next = *at;
    *at = r;
    r->mapped = true;
    r->refs++; /* of who runs it */
    f->refs++;
}

static void unmap(weir_flight *f, weir_flight_call *r) {
    weir_flight_call **at = bucket(f, r->hash);
    if (!r->mapped) return;
    while (*at != r) at = &(*at)->next;
    *at = r->next;
    r->mapped = false;
}

/* ---- running ------------------------------------------------------------------------------------------------------ */

static int call(weir_ctx *ctx, void *run) {
    weir_flight_call *r = run;
    int rc = r->fn(ctx, r->f->shape.strings ? (const void *)&r->str : key_of(r), r->val, r->arg);
    return rc > 0 ? weir__misuse("weir_flight_do", "what its function returns") : rc;
}

/* The function is through, however it has ended; or was not run. `gone`: references of calls whose thread ends with it.
 * Afterwards the flight may be gone. */
static void end(weir_flight_call *r, int code, const struct weir_error *err, unsigned gone) {
    weir_flight *f = r->f;
    WEIR_POINT("flight.ends");
    weir__future_fill(&r->done, code, NULL, err);
    weir__lock(&f->lock);
    unmap(f, r);
    r->refs -= gone;
    r->wanted -= gone;
    r->takers -= gone;
    r->code = code;
    r->over = true;
    weir__unlock(&f->lock);
    WEIR_POINT("flight.over");
    weir__future_publish(&r->done);
    unref(r);
    (void)weir_wg_done(&f->busy);
}

/* For calls that wait, and for the one whose thread it is. */
static void after(struct weir__frame *fr, void *run) { end(run, fr->rc, &fr->err, 0); }
static void after_own(struct weir__frame *fr, void *run) {
    end(run, fr->rc, &fr->err, fr->returned ? 0 : 1);
}

static void run_here(weir_flight_call *r, void (*and_then)(struct weir__frame *fr, void *run)) {
    struct weir__frame fr;
    (void)weir__frame_run(&fr, call, r->ctx, r, r->f, and_then, r);
}

/* Whether the calling thread is in a function of this flight, and if r is not NULL, in that of this run. */
static bool inside(const weir_flight *f, const weir_flight_call *r) {
    const struct weir__thread *t = weir__thread_known();
    const struct weir__frame *fr = t ? t->frames : NULL;
    while (fr && (fr->owner != f || (r && fr->arg != r))) fr = fr->outer;
    return fr != NULL;
}

/* On the executor, or a thread. A task that the executor gives up has a context of its own, which has ended. */
static int task(weir_ctx *ctx, void *run) {
    weir_flight_call *r = run;
    int rc = ctx == r->ctx ? 0 : weir__ctx_err(ctx);
    if (rc == 0)
        run_here(r, after);
    else
        end(r, rc, NULL, 0);
    return rc;
}

static int launch(weir_flight_call *r) {
    int rc = weir_go(r->f->exec.submit ? &r->f->exec : NULL, task, r->ctx, r);
    if (rc < 0) end(r, rc, NULL, 0);
    return rc;
}

/* ---- calls -------------------------------------------------------------------------------------------------------- */

struct ask {
    weir_flight *f;
    struct weir__key key;
    uint64_t hash;
    weir_flight_fn *fn;
    void *arg;
    weir_ctx *ctx;
    weir_flight_call *run; /* which is wanted now, with a reference */
    bool first;            /* it has to be run */
    bool nameless;         /* the call cannot get the result */
};

static int place(struct ask *a, weir_flight *f, const void *key, const char *name) {
    a->f = f;
    if (!f || !key) {
        (void)weir__misuse(name, "NULL");
        return WEIR_EINVAL;
    }
    int rc = weir__key_of(&f->shape, key, &a->key);
    if (rc == WEIR_EINVAL) (void)weir__misuse(name, "a bad string");
    if (rc == 0) a->hash = weir__key_hash(&f->shape, &a->key);
    return rc;
}

/* Under the lock: the run for the key, which may be `made`; NULL: there is none. */
static weir_flight_call *take_part(struct ask *a, weir_flight_call *made) {
    weir_flight_call *r = find(a->f, a->hash, &a->key);
    a->first = !r && made;
    if (a->first) {
        r = made;
        r->hash = a->hash;
        r->fn = a->fn;
        r->arg = a->arg;
        map(a->f, r);
        (void)weir_wg_add(&a->f->busy, 1);
    }
    return r;
}

/* Joins the run for the key, or makes one. */
static int join(struct ask *a, weir_time deadline) {
    weir_flight_call *made = NULL, *r;
    for (;;) {
        weir__lock(&a->f->lock);
        r = take_part(a, made);
        bool deadlock = r && !a->first && inside(a->f, r);
        bool busy = r && !a->first && deadline == WEIR_NOW;
        if (r && !deadlock && !busy) {
            r->refs++;
            r->wanted++;
            r->takers += !a->nameless;
        }
        weir__unlock(&a->f->lock);
        if (made && !a->first) destroy(a->f, made);
        a->run = r;
        if (r) return deadlock ? WEIR_EDEADLK : busy ? WEIR_EBUSY : 0;
        made = make(a->f, &a->key, a->ctx);
        if (!made) return WEIR_ENOMEM;
    }
}

/* One less wants it, and can get it. Whether it was over; if it `takes` it then, it has got it. */
static bool leave(weir_flight_call *r, bool takes) {
    weir_flight *f = r->f;
    weir__lock(&f->lock);
    bool over = r->over, last = --r->wanted == 0 && !over;
    if (--r->takers > 0 && over && takes) r->shared = true;
    if (last) unmap(f, r);
    weir__unlock(&f->lock);
    WEIR_POINT("flight.left");
    if (last) (void)weir_ctx_cancel(r->ctx, 0);
    return over;
}

/* The result of a run that is over; the thread has the error's text then, as if the function had been its own. */
static int result(weir_flight_call *r, void *val, bool *shared, bool by_handle) {
    weir_flight *f = r->f;
    weir__lock(&f->lock);
    int rc = r->code;
    if (rc == 0 && val) r->got = true;                /* else nobody has it */
    if (by_handle && r->takers > 1) r->shared = true; /* beside itself */
    bool is_shared = r->shared;
    weir__unlock(&f->lock);
    if (shared) *shared = is_shared;
    if (rc == 0 && val) memcpy(val, r->val, f->val_size);
    if (rc < 0) (void)weir_error_give(&r->done.error_); /* I3 */
    return rc;
}

int weir_flight_do_wait(weir_flight *f, const void *key, weir_flight_fn *fn, void *arg, void *val,
                        bool *shared, weir_time deadline, weir_ctx *ctx) {
    struct ask a = { .fn = fn, .arg = arg, .ctx = ctx };
    if (!fn) return weir__misuse("weir_flight_do", "no function");
    int rc = place(&a, f, key, "weir_flight_do");
    if (rc == 0) rc = weir__ctx_err(ctx);
    if (rc == 0) rc = join(&a, deadline);
    if (rc != 0) return rc;
    bool stays = deadline == WEIR_NOW || (!ctx && deadline == WEIR_FOREVER);
    if (a.first && stays)
        run_here(a.run, after_own);
    else if (a.first)
        (void)launch(a.run);
    /* One that stays has run it; or waits for another one's. */
    rc = a.first && stays ? 0 : weir_future_wait_wait(&a.run->done, deadline, ctx);
    if (leave(a.run, true)) rc = result(a.run, val, shared, false);
    unref(a.run);
    return rc;
}

/* ---- without waiting ---------------------------------------------------------------------------------------------- */

int weir_flight_start(weir_flight *f, const void *key, weir_flight_fn *fn, void *arg, weir_ctx *ctx,
                      weir_flight_call **out) {
    struct ask a = { .fn = fn, .arg = arg, .ctx = ctx, .nameless = !out };
    if (out) *out = NULL;
    if (!fn) return weir__misuse("weir_flight_start", "no function");
    int rc = place(&a, f, key, "weir_flight_start");
    if (rc == 0) rc = join(&a, WEIR_FOREVER);
    if (rc == 0 && a.first && (rc = launch(a.run)) < 0) {
        if (out) (void)leave(a.run, false);
        unref(a.run);
    }
    if (rc != 0) return rc;
    if (out)
        *out = a.run;
    else
        unref(a.run); /* and goes on to be wanted */
    return 0;
}

weir_waitable *weir_flight_call_waitable(weir_flight_call *r) {
    return r ? weir_future_waitable(&r->done) : NULL;
}

int weir_flight_call_wait(weir_flight_call *r, void *val, bool *shared, weir_time deadline,
                          weir_ctx *ctx) {
    if (!r) return weir__misuse("weir_flight_call_wait", "NULL");
    if (deadline != WEIR_NOW && inside(r->f, r)) return WEIR_EDEADLK;
    int rc = weir_future_wait_wait(&r->done, deadline, ctx);
    return rc < 0 ? rc : result(r, val, shared, true);
}

void weir_flight_call_free(weir_flight_call *r) {
    if (!r) return;
    (void)leave(r, false);
    unref(r);
}

/* ---- forgetting --------------------------------------------------------------------------------------------------- */

int weir_flight_forget(weir_flight *f, const void *key) {
    struct ask a = { .run = NULL };
    int rc = place(&a, f, key, "weir_flight_forget");
    if (rc < 0) return rc;
    weir__lock(&f->lock);
    weir_flight_call *r = find(f, a.hash, &a.key);
    if (r) unmap(f, r);
    weir__unlock(&f->lock);
    return r ? 0 : WEIR_ENOENT;
}

int weir_flight_forget_unshared(weir_flight *f, const void *key) {
    struct ask a = { .run = NULL };
    int rc = place(&a, f, key, "weir_flight_forget_unshared");
    if (rc < 0) return rc;
    weir__lock(&f->lock);
    weir_flight_call *r = find(f, a.hash, &a.key);
    bool shared = r && r->takers > 1;
    if (r && !shared) unmap(f, r);
    weir__unlock(&f->lock);
    return !shared;
}

/* ---- life --------------------------------------------------------------------------------------------------------- */

static int check(const struct weir_flight_opts *o, struct weir_map_opts *shape) {
    if (!o || o->size < sizeof *o) return weir__misuse("weir_flight_new", "no options");
    if (!weir__alloc_usable(o->alloc) || (o->exec && !o->exec->submit))
        return weir__misuse("weir_flight_new", "half an allocator, or executor");
    *shape = (struct weir_map_opts){ .key_size = o->key_size,
                                     .val_size = o->val_size ? o->val_size : 1,
                                     .keys = o->keys,
                                     .drop = o->drop,
                                     .drop_arg = o->drop_arg,
                                     .alloc = o->alloc };
    return weir__shape_check(shape, "weir_flight_new");
}

int weir_flight_new(weir_flight **out, const struct weir_flight_opts *o) {
    struct weir_map_opts shape;
    if (!out) return weir__misuse("weir_flight_new", "nowhere to put it");
    *out = NULL;
    int rc = check(o, &shape);
    if (rc < 0) return rc;
    weir_flight *f = weir__alloc(o->alloc, sizeof *f, _Alignof(weir_flight));
    if (!f) return WEIR_ENOMEM;
    memset(f, 0, sizeof *f);
    weir__shape_init(&f->shape, &shape, weir__os_random(), CORE_MUTEX);
    (void)weir_wg_init(&f->busy);
    if (o->exec) f->exec = *o->exec;
    f->val_size = o->val_size;
    f->refs = 1;
    *out = f;
    return 0;
}

int weir_flight_free(weir_flight *f) {
    if (!f) return 0;
    if (inside(f, NULL)) return WEIR_EDEADLK;
    int rc = weir_wg_wait(&f->busy);
    if (rc < 0) return rc;
    flight_unref(f);
    return 0;
}
