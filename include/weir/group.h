/* SPDX-License-Identifier: MIT */
/* weir/group.h - error group: tasks that belong together, waited for together; the first failure ends the context
 * of all, and is what the wait returns.
 *
 *   weir_group *g;
 *   if (weir_group_new(&g, ctx, NULL, 10) == 0) {          - a thread for each task, at most 10 at once
 *       for (i = 0; i < n && rc == 0; i++)
 *           rc = weir_group_go(g, fetch, &url[i]);         - waits while 10 run
 *       rc = weir_group_wait(g);                           - the first failure
 *       (void)weir_group_free(g);
 *   }
 *
 * Each task gets the group's context, which is a child of the one given to weir_group_new. It ends
 *   with the first failure of a task, whose code is the cause then,
 *   when a wait has returned because all tasks have,
 *   with its parent.
 * It ends no task: they look at it, or wait with it. A task that is begun after the first failure is run all the same.
 *
 * A group goes one way: tasks are begun, all have returned, a wait says so; from then on the group has ended: go
 * returns WEIR_ESTOPPED, a wait what the first one returned. A wait that gives up (deadline, its context) ends nothing.
 * Who waits in go, for the limit, is let in by the task that returns, in order of arrival, before the wait can end.
 *
 * The group may be freed as soon as a wait has returned and nobody else is in a call; by then each task has returned,
 * but its thread may not be gone yet.
 *
 * | operation                                          | progress                                       |
 * |----------------------------------------------------|------------------------------------------------|
 * | go, wait, the end of a task, set_limit, error,     | blocking: the group's lock; with a failure, or |
 * | running                                            | at the end, that of the context's tree         |
 * | ctx                                                | wait-free                                      |
 *
 * Ordering: what a task did is seen by whoever waited; what was done before go is seen by the task; what a task did
 * is seen by one that begins because it has made room at the limit. */
#ifndef WEIR_GROUP_H
#define WEIR_GROUP_H

#include <weir/error.h>
#include <weir/go.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_group weir_group;

/* Limits: how many tasks run at once. */
#define WEIR_GROUP_NONE ((size_t)0) /* no limit */
#define WEIR_GROUP_NO_TASK SIZE_MAX /* not one: each go waits */

/* A group of tasks that run on `on` (NULL: each in a thread of its own), copied; its executor must outlive the
 * group. parent: NULL, or what its context is a child of. Any thread. Returns 0, WEIR_EINVAL (out is NULL, or
 * on->submit), WEIR_ENOMEM. */
WEIR_NODISCARD WEIR_API int weir_group_new(weir_group **out, weir_ctx *parent, const weir_exec *on,
                                           size_t limit);

/* Begins fn(weir_group_ctx(g), arg), after waiting until fewer tasks run than the limit says. ctx: what may end this
 * wait, such as the group's own context: then no task is begun after a failure. Any thread, tasks of the group
 * too: one that waits here counts as running meanwhile. Returns
 *   0
 *   ctx's error    once it has ended, even if there is room
 *   WEIR_ETIMEDOUT not before the deadline
 *   WEIR_EAGAIN    with WEIR_NOW: as many run as may
 *   WEIR_ESTOPPED  the group has ended
 *   WEIR_EINVAL    g or fn is NULL
 *   WEIR_ENOMEM    also: the system gives no thread
 *   anything that the executor refuses it with, at once: it is not asked again.
 * In all cases but 0 fn is not run, and the group is as before: none of these is the failure of a task. */
WEIR_NODISCARD WEIR_API int weir_group_go_wait(weir_group *g, weir_task_fn *fn, void *arg,
                                               weir_time deadline, weir_ctx *ctx);

/* Without end, not at all, until a deadline. */
WEIR_NODISCARD WEIR_INLINE int weir_group_go(weir_group *g, weir_task_fn *fn, void *arg) {
    return weir_group_go_wait(g, fn, arg, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_group_try_go(weir_group *g, weir_task_fn *fn, void *arg) {
    return weir_group_go_wait(g, fn, arg, WEIR_NOW, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_group_go_until(weir_group *g, weir_task_fn *fn, void *arg,
                                                   weir_time deadline) {
    return weir_group_go_wait(g, fn, arg, deadline, NULL);
}

/* Waits until no task runs; then the group has ended, and so has its context. Any thread but a task of this group.
 * Returns
 *   0              no task has failed
 *   the code of the first failure, whose text is the calling thread's pending error then (weir/error.h): a task
 *                  that ended its thread has failed with WEIR_ECANCELED. Later failures are dropped
 *   or, and the group goes on:
 *   ctx's error    once it has ended, even if no task runs
 *   WEIR_ETIMEDOUT not before the deadline
 *   WEIR_EAGAIN    with WEIR_NOW: some run
 *   WEIR_EDEADLK   the calling thread is in a task of this group, and would wait for itself; not with WEIR_NOW
 *   WEIR_EINVAL    g is NULL
 *   WEIR_ENOMEM    the first wait of this thread; not of the one that made the group.
 * Where a task fails with the code of one of these, weir_group_running tells them apart: it is 0 after the first
 * kind. */
WEIR_NODISCARD WEIR_API int weir_group_wait_wait(weir_group *g, weir_time deadline, weir_ctx *ctx);

WEIR_INLINE int weir_group_wait(weir_group *g) {
    return weir_group_wait_wait(g, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_group_try_wait(weir_group *g) {
    return weir_group_wait_wait(g, WEIR_NOW, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_group_wait_until(weir_group *g, weir_time deadline) {
    return weir_group_wait_wait(g, deadline, NULL);
}

/* The first failure so far, with its text, also while others run; {0}: none yet. err may be NULL. Returns its code,
 * or WEIR_EINVAL (g is NULL). */
WEIR_API int weir_group_error(weir_group *g, struct weir_error *err);

/* The context of the tasks; lives as long as the group, or a reference on it. NULL for NULL. */
WEIR_API weir_ctx *weir_group_ctx(weir_group *g);

/* Tasks that run at this instant, begun by go and not returned. 0 for NULL. */
WEIR_API size_t weir_group_running(weir_group *g);

/* From now on at most that many at once. Who waits in go is let in. Any thread. Returns 0, WEIR_EINVAL (NULL), or with
 * nothing changed WEIR_EBUSY: tasks run. */
WEIR_API int weir_group_set_limit(weir_group *g, size_t limit);

/* Waits as weir_group_wait does, and frees; nobody else may be in a call. NULL: nothing. Returns 0, whatever the
 * tasks have returned, or with nothing freed: WEIR_EDEADLK, WEIR_ENOMEM, as weir_group_wait. */
WEIR_API int weir_group_free(weir_group *g);

/* For the macro below. */
WEIR_API void weir_group_made_at_(weir_group *g, const char *file, int line);

#ifdef WEIR_DEBUG
/* In weir_waiters_dump (weir/debug.h) a go that waits is "send to group", a wait "receive from group". */
WEIR_NODISCARD static inline int weir_group_new_at_(weir_group **out, weir_ctx *parent,
                                                    const weir_exec *on, size_t limit,
                                                    const char *file, int line) {
    int rc = weir_group_new(out, parent, on, limit);
    if (rc == 0 && out) weir_group_made_at_(*out, file, line);
    return rc;
}
#define weir_group_new(out, parent, on, limit) \
    weir_group_new_at_((out), (parent), (on), (limit), __FILE__, __LINE__)
#endif

#ifdef __cplusplus
}
#endif
#endif
