/* SPDX-License-Identifier: MIT */
/* weir/go.h - tasks, and what runs them: an executor, or a thread of their own.
 *
 * An executor is two words, by value: so that a group or a pipeline runs on a pool without knowing pools. */
#ifndef WEIR_GO_H
#define WEIR_GO_H

#include <weir/ctx.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A task. Returns 0 (or above), or its failure: a negative code, with a text by weir_fail or weir_wrap
 * (weir/error.h) if it likes. It may end its thread (pthread_exit, or be cancelled) where the executor allows that;
 * a thread of its own does. ctx may be NULL, the background; one that has ended does not keep it from being run: it
 * looks for itself. */
typedef int weir_task_fn(weir_ctx *ctx, void *arg);

/* What runs tasks. submit is called by any thread, at any time, also by tasks that it runs. It returns
 *   0         fn(ctx, arg) is called exactly once, by any thread, also before submit returns. ctx lives until
 *             then: submit takes a reference of its own
 *   negative  it never is, and nothing was kept. Any code: WEIR_EAGAIN or WEIR_EBUSY from one that is full, WEIR_ESTOPPED, ...
 * An executor that is stopped and gives up a task which it has taken calls it all the same, but with another
 * context, one that has ended (its cause says why): a group then counts the task as failed, and does not run it. */
typedef struct weir_exec {
    int (*submit)(void *self, weir_task_fn *fn, weir_ctx *ctx, void *arg);
    void *self;
} weir_exec;

/* Runs fn(ctx, arg) on that executor, or, if `on` is NULL, in a new detached thread, with the signal mask of the
 * calling one. Nobody hears what it returns: for that there are groups. ctx: NULL, or a context of which the call
 * takes a reference, until fn has returned. Any thread. Returns 0, or with nothing run: WEIR_EINVAL (fn or
 * on->submit is NULL), WEIR_ENOMEM (no memory, or the system gives no thread), or what the executor returns. What
 * the caller did before is seen by fn. */
WEIR_NODISCARD WEIR_API int weir_go(const weir_exec *on, weir_task_fn *fn, weir_ctx *ctx,
                                    void *arg);

#ifdef __cplusplus
}
#endif
#endif
