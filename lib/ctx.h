/* SPDX-License-Identifier: MIT */
/* lib/ctx.h - for calls that wait in their own way (parking lot, condition variable) and have to hear of
 * the end of a context. */
#ifndef WEIR_LIB_CTX_H
#define WEIR_LIB_CTX_H

#include "wait.h"

struct weir__watch {
    struct weir__node node;
    weir_ctx *ctx;
};

/* From now on, until unwatch, wake(arg) is called once when somebody cancels ctx, with the context's locks
 * held: it may take a lock that is never held around a call of weir_ctx_*. The end at the deadline is not
 * told: the caller waits no longer than weir_ctx_deadline. Returns 0, or the error of a context that has
 * ended; then there is nothing to unwatch. NULL for ctx: 0, and nothing is done. */
int weir__ctx_watch(struct weir__watch *w, weir_ctx *ctx, void (*wake)(void *arg), void *arg);
/* Afterwards wake is not running, and will not be called. */
void weir__ctx_unwatch(struct weir__watch *w);

/* weir_ctx_after_func, of a function of weir's own that waits for nothing and calls nobody: the leak check does not take
 * it for a callback that is left. */
int weir__ctx_after_brief(weir_ctx *ctx, void (*fn)(void *arg), void *arg, weir_after_func **out);

/* Whether it has ended, or its deadline has passed, so that weir_ctx_err will say by what. Takes no lock: for
 * places inside one that a wake takes, where weir_ctx_err may not be called. */
bool weir__ctx_over(weir_ctx *ctx);

/* weir_ctx_err, where there is mostly none. */
static inline int weir__ctx_err(weir_ctx *ctx) { return ctx ? weir_ctx_err(ctx) : 0; }

/* Whether it is a context's. */
bool weir__ctx_is(const weir_waitable *on);

static inline weir_time weir__ctx_until(weir_ctx *ctx, weir_time deadline) {
    weir_time d = weir_ctx_deadline(ctx);
    return d < deadline && deadline != WEIR_NOW ? d : deadline;
}

#endif
