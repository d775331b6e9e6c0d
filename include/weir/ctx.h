/* SPDX-License-Identifier: MIT */
/* weir/ctx.h - contexts: a tree of scopes that end by a cancel or at a deadline, and with each scope all
 * below it; the last argument of every waiting call.
 *
 *   weir_ctx *ctx;
 *   if (weir_ctx_new(&ctx, NULL, weir_after(1000000000)) == 0) {
 *       rc = weir_chan_recv_wait(c, &job, WEIR_FOREVER, ctx);  - WEIR_ECANCELED or WEIR_ETIMEDOUT once it ends
 *       weir_ctx_cancel(ctx, 0);
 *       weir_ctx_unref(ctx);
 *   }
 *
 * A context is live, then ended, for ever; it ends with the context above it. Its error is WEIR_ECANCELED or
 * WEIR_ETIMEDOUT, its cause what the canceller named, else the error. A deadline counts as passed by the
 * clock: no thread is needed for it.
 *
 * References: who got a context from a constructor or from weir_ctx_ref gives it back by weir_ctx_unref; a
 * child holds one on its parent. A call that waits with a context needs one that stays for its time.
 *
 * NULL, wherever a context is asked for, is the background: it never ends.
 *
 * | operation                        | progress                                              |
 * |----------------------------------|-------------------------------------------------------|
 * | value, deadline                  | wait-free                                             |
 * | err, cause                       | wait-free; the first look after a parent's deadline    |
 * |                                  | blocks while a cancel is under way                     |
 * | new, cancel, unref of the last   | blocking: one lock for a tree                          |
 *
 * Ordering: what a thread did before the cancel that ended a context is seen by whoever learns of the end.
 * Cost: weir_ctx_err reads the clock if there is a deadline. A cancel visits all below. */
#ifndef WEIR_CTX_H
#define WEIR_CTX_H

#include <weir/waitable.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The background: static, never ends, and is not counted. NULL means the same. */
WEIR_API weir_ctx *weir_ctx_background(void);

/* A context below parent, which ends with it, by a cancel, or at the deadline (WEIR_FOREVER: none of its
 * own; the earlier one of the two counts). Below an ended parent it is born ended. Any thread. Returns
 * 0, WEIR_EINVAL (out is NULL), WEIR_ENOMEM. */
WEIR_NODISCARD WEIR_API int weir_ctx_new(weir_ctx **out, weir_ctx *parent, weir_time deadline);
/* The same, with the cause that it has if its own deadline ends it; 0: WEIR_ETIMEDOUT. */
WEIR_NODISCARD WEIR_API int weir_ctx_new_cause(weir_ctx **out, weir_ctx *parent, weir_time deadline,
                                               int cause);
/* A context below parent with one value more. The value stays the caller's, and must live as long as the
 * context. WEIR_EINVAL also for key NULL. Keys are compared by address. */
WEIR_NODISCARD WEIR_API int weir_ctx_with_value(weir_ctx **out, weir_ctx *parent, const void *key,
                                                void *value);
/* A context with the values of parent that does not end with it and has no deadline. */
WEIR_NODISCARD WEIR_API int weir_ctx_without_cancel(weir_ctx **out, weir_ctx *parent);

/* One reference more; returns ctx. Any thread that has one. */
WEIR_API weir_ctx *weir_ctx_ref(weir_ctx *ctx);
/* One less; the last one takes the context from its parent and frees it. NULL and the background are
 * no-ops. */
WEIR_API void weir_ctx_unref(weir_ctx *ctx);

/* Ends ctx, if it has not ended, and all below it before it returns; wakes who waits. cause 0:
 * WEIR_ECANCELED. The first cause stays. Waits for no work. Any thread. Returns 0, or WEIR_EINVAL (NULL, or
 * the background). */
WEIR_API int weir_ctx_cancel(weir_ctx *ctx, int cause);

/* 0 while live, then WEIR_ECANCELED or WEIR_ETIMEDOUT, for ever. Any thread. */
WEIR_API int weir_ctx_err(weir_ctx *ctx);
/* 0 while live, then the cause. */
WEIR_API int weir_ctx_cause(weir_ctx *ctx);
/* The deadline that counts; WEIR_FOREVER: none. */
WEIR_API weir_time weir_ctx_deadline(const weir_ctx *ctx);
/* The value of the nearest context from ctx upwards that has this key; NULL: none. */
WEIR_API void *weir_ctx_value(const weir_ctx *ctx, const void *key);

/* A case (WEIR_RECV) that is ready once ctx has ended, with the error as its result, for any number of
 * threads; the same object each time; NULL for NULL and the background, which are never ready. */
WEIR_API weir_waitable *weir_ctx_waitable(weir_ctx *ctx);

/* A function to be called when a context ends. */
typedef struct weir_after_func weir_after_func;

/* Calls fn(arg) once when ctx ends, by a cancel or at its deadline; at once if it has ended. In a thread of
 * weir's, never in the canceller's, without a lock of weir's: it may wait, and cancel, derive from and give back
 * the same context. One that takes long delays no other as long as the system gives threads. Keeps a reference
 * on ctx until fn has returned or was prevented: so a context that nobody ends, nor a deadline, is not freed.
 * out: NULL, or what gets the handle, before fn can run. Any thread. Returns 0, WEIR_EINVAL (fn is NULL),
 * WEIR_ENOMEM (also: no thread can be made; an error of this call and never later); then fn is not called. */
WEIR_NODISCARD WEIR_API int weir_ctx_after_func(weir_ctx *ctx, void (*fn)(void *arg), void *arg,
                                                weir_after_func **out);
/* 1: fn was not called and never will be, because of this call; 0: it has begun, or was prevented before. Waits
 * for nothing. Any thread. WEIR_EINVAL: NULL. */
WEIR_API int weir_after_func_stop(weir_after_func *a);
/* Gives the handle back; fn is called all the same, if it was not prevented. NULL: nothing. */
WEIR_API void weir_after_func_free(weir_after_func *a);

#ifdef __cplusplus
}
#endif
#endif
