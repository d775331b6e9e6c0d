/* SPDX-License-Identifier: MIT */
/* flow/frame.h - a task as it runs, for whoever runs tasks: its result and text, however it ends, and which tasks a
 * thread is in. A thread that waits inside a task may run another one: so they nest.
 *
 *   struct weir__frame f;
 *   weir__frame_run(&f, fn, ctx, arg, owner, after, after_arg);   - after(&f, after_arg), when it is over
 */
#ifndef WEIR_FLOW_FRAME_H
#define WEIR_FLOW_FRAME_H

#include <weir/error.h>
#include <weir/go.h>

#include "../lib/os_user.h"
#include "../lib/thread.h"

/* On the stack of who runs it. */
struct weir__frame {
    const struct weir__frame *outer;
    const void *owner; /* group or pool whose task it is */
    weir_task_fn *fn;
    weir_ctx *ctx;
    void *arg;
    struct weir__thread *self; /* NULL: no memory; then the thread is not known to be in it */
    struct weir_error err;     /* afterwards: how it failed; of {0} the text is not set */
    int rc;                    /* what it returned; WEIR_ECANCELED: it ended its thread */
    bool returned, over;
    void (*after)(struct weir__frame *f, void *arg);
    void *after_arg;
    struct weir_error pending; /* of the thread, before; valid if its code is not 0 */
};

/* Runs fn(ctx, arg); then, also if fn ends the thread, after(f, after_arg), with the thread as it was. Returns
 * f->rc, if fn has returned. `after` is called once, also where it runs what ends the thread in its turn. */
int weir__frame_run(struct weir__frame *f, weir_task_fn *fn, weir_ctx *ctx, void *arg,
                    const void *owner, void (*after)(struct weir__frame *f, void *arg),
                    void *after_arg);

/* Whether the calling thread is in a task of this owner. */
bool weir__frame_in(const void *owner);

#endif
