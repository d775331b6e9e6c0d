/* SPDX-License-Identifier: MIT */
/* flow/go.c - see weir/go.h and frame.h. Nothing is shared but the context, which is counted. */
#include <weir/go.h>

#include "../lib/base.h"
#include "../lib/os.h"
#include "../lib/waits.h"
#include "frame.h"

/* ---- a task as it runs --------------------------------------------------------------------------------------- */

static void call(void *arg) {
    struct weir__frame *f = arg;
    f->rc = f->fn(f->ctx, f->arg);
    f->returned = true;
}

/* Where `after` runs something that ends the thread once more, glibc calls this again for the frame that it was in. */
static void end(void *arg) {
    struct weir__frame *f = arg;
    if (f->over) return;
    f->over = true;
    f->err.code = 0;
    if (f->returned && f->rc < 0) weir_error_take(f->rc, &f->err);
    if (!f->returned)
        f->err = (struct weir_error){ WEIR_ECANCELED, "the task has ended its thread" };
    if (f->self) {
        f->self->frames = f->outer;
        f->self->error.code = 0;
        if (f->pending.code) f->self->error = f->pending;
    }
    f->after(f, f->after_arg);
}

int weir__frame_run(struct weir__frame *f, weir_task_fn *fn, weir_ctx *ctx, void *arg,
                    const void *owner, void (*after)(struct weir__frame *f, void *arg),
                    void *after_arg) {
    f->self = weir__thread_self();
    f->outer = f->self ? f->self->frames : NULL;
    f->owner = owner;
    f->fn = fn;
    f->ctx = ctx;
    f->arg = arg;
    f->rc = WEIR_ECANCELED;
    f->returned = f->over = false;
    f->after = after;
    f->after_arg = after_arg;
    f->pending.code = 0;
    if (f->self) {
        if (f->self->error.code) f->pending = f->self->error;
        f->self->error.code = 0;
        f->self->frames = f;
    }
    weir__os_user_call(call, f, end, f);
    return f->rc;
}

bool weir__frame_in(const void *owner) {
    const struct weir__thread *t = weir__thread_self();
    const struct weir__frame *f = t ? t->frames : NULL;
    while (f && f->owner != owner) f = f->outer;
    return f != NULL;
}

/* ---- go -------------------------------------------------------------------------------------------------------- */

struct go {
    weir_task_fn *fn;
    weir_ctx *ctx;
    void *arg;
};

static void go_after(struct weir__frame *f, void *arg) {
    (void)arg;
    weir__spawn_end(f->self);
    weir_ctx_unref(f->ctx);
}

static void *go_main(void *arg) {
    struct go g = *(struct go *)arg;
    struct weir__frame f;
    weir__os_free(arg);
    weir__spawn_begin(weir__thread_self());
    (void)weir__frame_run(&f, g.fn, g.ctx, g.arg, NULL, go_after, NULL);
    return NULL;
}

int weir_go(const weir_exec *on, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    if (!fn || (on && !on->submit)) return weir__misuse("weir_go", "no function");
    if (on) return on->submit(on->self, fn, ctx, arg);
    struct go *g = weir__os_alloc(sizeof *g, _Alignof(struct go));
    if (!g) return WEIR_ENOMEM;
    *g = (struct go){ fn, ctx ? weir_ctx_ref(ctx) : NULL, arg };
    weir__spawn();
    int rc = weir__os_user_thread(go_main, g);
    if (rc == 0) return 0;
    weir__spawn_end(NULL);
    weir_ctx_unref(ctx);
    weir__os_free(g);
    return rc;
}
