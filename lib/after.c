/* SPDX-License-Identifier: MIT */
/* lib/after.c - functions that are called when a context ends (weir_ctx_after_func), or at a time (timers with
 * one): tasks of lib/service.h.
 *
 * Of a context: the task waits for the deadline, and a watch on the context brings it forward to now.
 *
 * Invariants
 *   I1  whether the function runs is decided by who takes the task out of the service's heap, once: a thread of
 *       the service, or stop. The watch, told of a cancel, only brings forward what is still in it.
 *   I2  the task is in the heap, at WEIR_FOREVER, before the watch is set, so that a cancel finds it; and has its
 *       deadline only afterwards, so that whoever runs or stops it finds the watch whole.
 *   I3  who has taken it out ends the watch, and only then gives up the context: both stay as long as they can
 *       be told of.
 * Progress   blocking. The watch is told under the context's lock, and takes the service's: never the other way
 *            round.
 * Ordering   all by those locks: what came before the cancel, or before the registration, is seen by the
 *            function. */
#include <weir/ctx.h>

#include "base.h"
#include "ctx.h"
#include "os.h"
#include "service.h"
#include "timer.h"

/* ---- at a time -------------------------------------------------------------------------------------------- */

struct weir__callback {
    struct weir__task task;
    void (*fn)(void *arg);
    void *arg;
};

static void call(struct weir__task *t) {
    struct weir__callback *c = (struct weir__callback *)(void *)t;
    c->fn(c->arg);
}
static void release(struct weir__task *t) { weir__os_free(t); }

struct weir__callback *weir__callback_new(void (*fn)(void *arg), void *arg) {
    struct weir__callback *c = weir__os_alloc(sizeof *c, _Alignof(struct weir__callback));
    if (!c) return NULL;
    weir__task_init(&c->task, call, release);
    c->fn = fn;
    c->arg = arg;
    if (weir__service_open() == 0) return c;
    weir__os_free(c);
    return NULL;
}

int weir__callback_set(struct weir__callback *c, weir_time at) {
    return at == WEIR_FOREVER ? weir__task_stop(&c->task) : weir__task_set(&c->task, at);
}

void weir__callback_free(struct weir__callback *c) {
    weir__task_close(&c->task);
    weir__task_unref(&c->task);
}

/* ---- of a context ----------------------------------------------------------------------------------------- */

struct weir_after_func {
    struct weir__task task;
    struct weir__watch watch;
    weir_ctx *ctx;
    void (*fn)(void *arg);
    void *arg;
};

/* After it was taken out of the heap. */
static void leave(weir_after_func *a) {
    weir__ctx_unwatch(&a->watch);
    weir_ctx_unref(a->ctx);
}

static void run(struct weir__task *t) {
    weir_after_func *a = (weir_after_func *)(void *)t;
    weir__ctx_unwatch(&a->watch);
    a->fn(a->arg);
    weir_ctx_unref(a->ctx);
}

static void bring_forward(void *after) {
    weir__task_by(&((weir_after_func *)after)->task, WEIR_NOW);
}

/* Once the watch is set the function may run, and give back the last reference on the context. */
static void start(weir_after_func *a) {
    weir_time deadline = weir_ctx_deadline(a->ctx);
    (void)weir__task_set(&a->task, WEIR_FOREVER);
    int err = weir__ctx_watch(&a->watch, a->ctx, bring_forward, a);
    WEIR_POINT("after.watched");
    weir__task_by(&a->task, err ? WEIR_NOW : deadline);
}

static int after(weir_ctx *ctx, void (*fn)(void *arg), void *arg, weir_after_func **out,
                 bool brief) {
    if (!out && !weir_ctx_waitable(ctx))
        return 0; /* the background: nobody can stop it, nor does it end */
    weir_after_func *a = weir__os_alloc(sizeof *a, _Alignof(weir_after_func));
    if (!a) return WEIR_ENOMEM;
    *a = (weir_after_func){ .ctx = weir_ctx_ref(ctx), .fn = fn, .arg = arg };
    weir__task_init(&a->task, run, release);
    a->task.once = true;
    a->task.brief = brief;
    a->task.refs += out != NULL; /* the handle's, which fn may give back before this returns */
    int rc = weir__service_open();
    if (rc < 0) {
        weir_ctx_unref(ctx);
        weir__os_free(a);
        return rc;
    }
    if (out) *out = a;
    start(a);
    weir__task_unref(&a->task);
    return 0;
}

int weir_ctx_after_func(weir_ctx *ctx, void (*fn)(void *arg), void *arg, weir_after_func **out) {
    if (out) *out = NULL;
    if (!fn) return weir__misuse("weir_ctx_after_func", "no function");
    return after(ctx, fn, arg, out, false);
}

int weir__ctx_after_brief(weir_ctx *ctx, void (*fn)(void *arg), void *arg, weir_after_func **out) {
    *out = NULL;
    return after(ctx, fn, arg, out, true);
}

int weir_after_func_stop(weir_after_func *a) {
    if (!a) return weir__misuse("weir_after_func_stop", "no handle");
    if (!weir__task_stop(&a->task)) return 0;
    leave(a);
    return 1;
}

void weir_after_func_free(weir_after_func *a) {
    if (!a) return;
    if (!weir_ctx_waitable(a->ctx)) (void)weir_after_func_stop(a); /* the background */
    weir__task_unref(&a->task);
}
