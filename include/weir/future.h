/* SPDX-License-Identifier: MIT */
/* weir/future.h - the result of a task that runs elsewhere: a code, a value, the text of an error.
 *
 *   weir_future f = WEIR_FUTURE_INIT;
 *   if (weir_pool_async(pool, &f, work, ctx, &arg) == 0 && weir_future_wait(&f) == 0)
 *       printf("%d %p\n", weir_future_code(&f), weir_future_value(&f));
 *
 * It stands in the user's memory, and goes NEW -> PENDING (given to a pool) -> DONE (resolved), or by
 * weir_future_resolve from NEW to DONE. A future that is DONE may be given to a pool again. While it is PENDING its
 * memory belongs to the pool; it is the user's again as soon as a wait has returned 0, or weir_future_is_done has said
 * so: who resolves it touches it no more. Any number of threads may wait for it, each of which then needs the memory.
 *
 * Waiting inside a task. A task may wait for a future of its own pool, at any depth, and no set of tasks whose waits
 * are not a circle can come to a stand, with one worker as well: if the awaited task has not begun, the waiter takes it
 * out of its queue and runs it itself; if it has, the waiter sleeps, and some thread is in the middle of that task.
 * (It does not run other tasks meanwhile: one that it put on top of the sleeping one might need just that.) It runs
 * on top of the waiting one: some 1 KiB of stack for each level, besides what the tasks use. This holds for
 * a future that is PENDING when the wait begins: one that is given to the pool later needs another worker.
 * weir_future_join does run other tasks meanwhile, for tasks that wait only for what they have submitted
 * themselves: fork and join.
 *
 * | operation   | progress                                                                                    |
 * |-------------|---------------------------------------------------------------------------------------------|
 * | resolve     | lock-free, one read-modify-write; if somebody waits, blocking: the future's lock, and one for all |
 * | wait, join  | blocking                                                                                    |
 * | the others  | wait-free                                                                                   |
 *
 * Ordering: what the task did, and what came before weir_future_resolve, is seen by whoever found it done. */
#ifndef WEIR_FUTURE_H
#define WEIR_FUTURE_H

#include <weir/atomic.h>
#include <weir/error.h>
#include <weir/go.h>
#include <weir/waitable.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_future {
    weir_waitable on_;
    struct weir__queue queue_;
    weir_au32 state_, lock_;
    int code_;
    void *value_;
    void *pool_, *task_; /* PENDING: whose it is, and its place in the queue, */
    uint64_t turn_;      /* which is used for one task after the other; */
    weir_task_fn *fn_;   /* the task */
    weir_ctx *ctx_;
    void *arg_;
    bool always_;
    struct weir_error error_;
} weir_future;

extern WEIR_API const struct weir__waitable_ops weir__future_ops_;

/* A future that is NEW. */
#define WEIR_FUTURE_INIT      \
    { { &weir__future_ops_ }, \
      { NULL, NULL },         \
      { 0 },                  \
      { 0 },                  \
      0,                      \
      NULL,                   \
      NULL,                   \
      NULL,                   \
      0,                      \
      NULL,                   \
      NULL,                   \
      NULL,                   \
      false,                  \
      { 0, "" } }

/* The same at run time; nobody else may know *f yet. Returns 0, or WEIR_EINVAL (NULL). */
WEIR_API int weir_future_init(weir_future *f);

/* Makes a NEW future DONE, with this code and value, and with the text of the error that the calling thread
 * has for this code (weir/error.h). Once, by any thread. Returns 0, or WEIR_EINVAL: NULL, a pool's, or done. */
WEIR_API int weir_future_resolve(weir_future *f, int code, void *value);

/* Waits until f is DONE, or `deadline`. Any thread, tasks of the same pool included (see above). Returns 0 (look at
 * weir_future_code), ctx's error (once it has ended, even if f is done), WEIR_ETIMEDOUT (not before the deadline; a task
 * that the waiter began to run itself is finished first), WEIR_EAGAIN (with WEIR_NOW: not done), WEIR_EINVAL
 * (NULL), WEIR_ENOMEM (the first wait of this thread). */
WEIR_NODISCARD WEIR_API int weir_future_wait_wait(weir_future *f, weir_time deadline,
                                                  weir_ctx *ctx);

/* The same, but a worker of f's pool runs other tasks of the pool until f is done: those that it has submitted itself
 * first, then any. For fork and join, where each task joins only what it has submitted itself after it began: then
 * no joins can come to a stand. If tasks that are run meanwhile wait for tasks that wait here, they may. Hold no lock:
 * the tasks run on the same thread, on top of the caller; so the stack grows with the depth of joins. Elsewhere than in
 * a worker of f's pool it is weir_future_wait_wait. Returns as that. */
WEIR_NODISCARD WEIR_API int weir_future_join_wait(weir_future *f, weir_time deadline,
                                                  weir_ctx *ctx);

/* Without end, not at all, until a deadline. */
WEIR_INLINE int weir_future_wait(weir_future *f) {
    return weir_future_wait_wait(f, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_future_try_wait(weir_future *f) {
    return weir_future_wait_wait(f, WEIR_NOW, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_future_wait_until(weir_future *f, weir_time deadline) {
    return weir_future_wait_wait(f, deadline, NULL);
}
WEIR_INLINE int weir_future_join(weir_future *f) {
    return weir_future_join_wait(f, WEIR_FOREVER, NULL);
}

/* Whether f is DONE. Any thread. false for NULL. */
WEIR_API bool weir_future_is_done(weir_future *f);

/* Of a future that is DONE, or WEIR_EAGAIN: what the task returned; WEIR_ECANCELED: it was not run, because the pool
 * was stopped, or because it ended its thread instead of returning; its context's error: it was not run, because that
 * had ended when its turn came; WEIR_ESTOPPED, WEIR_EAGAIN, WEIR_ETIMEDOUT, WEIR_ENOMEM, ...: it was refused, which
 * the submission returned as well. Any thread. WEIR_EINVAL: NULL. */
WEIR_API int weir_future_code(weir_future *f);
/* The word that the task has set by weir_task_value (weir/pool.h); NULL: none, or f is not DONE. */
WEIR_API void *weir_future_value(weir_future *f);
/* Code and text of a future that is DONE with a negative code: where the error came from, if the task said
 * so (weir_fail, weir_wrap), else the text of the code. NULL else. Lives as long as f, until it is used again. */
WEIR_API const struct weir_error *weir_future_error(weir_future *f);

/* For weir_select: a case that is ready once f is DONE, for any number of threads. A select in a task does not run what
 * it waits for. NULL for NULL. */
WEIR_API weir_waitable *weir_future_waitable(weir_future *f);

#define WEIR_CASE_FUTURE(f) { weir_future_waitable(f), NULL, WEIR_RECV, 0, 0 }

#ifdef __cplusplus
}
#endif
#endif
