/* SPDX-License-Identifier: MIT */
/* bench/tools.c - what stands beside channels: each structure is one operation, done by one thread (solo)
 * and by several to one object.
 *
 *   ctx    a context below a common one: made, and given back
 *   look   whether a context has ended; the rival is a flag behind a mutex
 *
 * An operation that does not do what it must counts as disorder, which fails the run. */
#include "tools.h"

#include <weir/ctx.h>

#include <pthread.h>
#include <stdlib.h>

#include "ring_run.h"

/* `once`, an expression of `o`, does the operation and is true if it went well. */
#define TOOL_LOOP(loop, TYPE, once)                        \
    static void loop(struct wb_worker *w) {                \
        TYPE *o = w->ring;                                 \
        struct wb_run t = wb_begin(w, false);              \
        while (!wb_stopped(&t)) {                          \
            for (unsigned i = 0; i < WB_STOP_EVERY; i++) { \
                t.disorder += !(once);                     \
                t.moved++;                                 \
            }                                              \
        }                                                  \
        w->next += t.moved;                                \
        wb_end(w, &t);                                     \
    }

#define TOOL(symbol, name, structure, package, note, open, dispose, many, one)            \
    const struct wb_ring symbol = { name, structure, package, note, WB_MPMC | WB_ANY_CAP, \
                                    open, dispose,   NULL,    many, NULL,                 \
                                    one,  NULL,      NULL }

/* ---- contexts ------------------------------------------------------------------------------------ */

static void *ctx_open(const struct wb_shape *s) {
    weir_ctx *ctx;
    (void)s;
    return weir_ctx_new(&ctx, NULL, WEIR_FOREVER) == 0 ? ctx : NULL;
}

static void ctx_dispose(void *o) { weir_ctx_unref(o); }

static bool ctx_child(weir_ctx *parent) {
    weir_ctx *ctx;
    if (weir_ctx_new(&ctx, parent, WEIR_FOREVER) != 0) return false;
    weir_ctx_unref(ctx);
    return true;
}

TOOL_LOOP(ctx_each, weir_ctx, ctx_child(o))
TOOL_LOOP(look_each, weir_ctx, weir_ctx_err(o) == 0)

TOOL(wb_ctx_weir, "weir", "ctx", NULL, NULL, ctx_open, ctx_dispose, ctx_each, ctx_each);
TOOL(wb_look_weir, "weir", "look", NULL, NULL, ctx_open, ctx_dispose, look_each, look_each);

struct flag {
    pthread_mutex_t lock;
    int err;
};

static void *flag_open(const struct wb_shape *s) {
    struct flag *f = calloc(1, sizeof *f);
    (void)s;
    if (f) (void)pthread_mutex_init(&f->lock, NULL);
    return f;
}

static void flag_dispose(void *o) {
    struct flag *f = o;
    (void)pthread_mutex_destroy(&f->lock);
    free(f);
}

static int flag_err(struct flag *f) {
    (void)pthread_mutex_lock(&f->lock);
    int err = f->err;
    (void)pthread_mutex_unlock(&f->lock);
    return err;
}

TOOL_LOOP(flag_each, struct flag, flag_err(o) == 0)

TOOL(wb_look_mutex, "mutex", "look", NULL, "a flag behind a mutex", flag_open, flag_dispose,
     flag_each, flag_each);
