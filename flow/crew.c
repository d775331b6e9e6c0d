/* SPDX-License-Identifier: MIT */
/* flow/crew.c - see crew.h. A thread that a task has ended is followed by another. If the system gives none, there is one
 * less; and the last one gives up, in its exit hook, whatever is submitted from then on: it may not run it there, since a
 * function that ends its thread in such a hook has no defined effect (POSIX, pthread_exit). All that is shared is
 * the channel, the wait group of the threads, and how many are left. */
#include "crew.h"

#include <weir/chan.h>
#include <weir/wg.h>

#include "../lib/os.h"
#include "../lib/os_user.h"
#include "../lib/thread.h"

struct weir__crew {
    weir_chan *tasks;
    weir_wg threads;
    weir_au32
        left; /* threads that run tasks. Relaxed: who finds itself the last needs nothing of the others */
    weir_ctx *none; /* has ended: for tasks that are given up */
};

struct task {
    weir_task_fn *fn;
    weir_ctx *ctx;
    void *arg;
};

struct member {
    struct weir__crew *crew;
    weir_ctx *ctx; /* of the task that runs */
    bool gives_up, through;
};

static int submit(void *crew, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    const struct task t = { fn, weir_ctx_ref(ctx), arg };
    int rc = weir_chan_send(((struct weir__crew *)crew)->tasks, &t);
    if (rc < 0) weir_ctx_unref(ctx);
    return rc;
}

static void serve(void *member) {
    struct member *m = member;
    struct task t;
    for (int rc = 0; rc != WEIR_ECLOSED;) {
        rc = weir_chan_recv(m->crew->tasks, &t);
        if (rc == WEIR_ENOMEM)
            weir_pause(); /* no record for this thread: it looks, instead of sleeping */
        if (rc < 0) continue;
        m->ctx = t.ctx;
        (void)t.fn(m->gives_up ? m->crew->none : t.ctx, t.arg);
        m->ctx = NULL;
        weir_ctx_unref(t.ctx);
    }
    m->through = true;
}

static void crew_main(void *crew);

static void followed(void *member) {
    struct member *m = member;
    if (m->through) return;
    weir_ctx_unref(m->ctx);
    m->ctx = NULL;
    if (weir_wg_go(&m->crew->threads, crew_main, m->crew) == 0) return;
    m->gives_up = weir_fetch_sub_relaxed(&m->crew->left, 1) == 1;
    if (m->gives_up) serve(m);
}

static void crew_main(void *crew) {
    struct member m = { .crew = crew };
    weir__os_user_call(serve, &m, followed, &m);
}

int weir__crew_new(struct weir__crew **out, size_t n, weir_exec *exec) {
    struct weir_chan_opts o = WEIR_CHAN_OPTS(n, sizeof(struct task));
    struct weir__crew *c = weir__os_alloc(sizeof *c, _Alignof(struct weir__crew));
    *out = NULL;
    if (!c) return WEIR_ENOMEM;
    o.name = "pipeline's tasks";
    (void)weir_wg_init(&c->threads);
    weir_init_atomic(&c->left, (uint32_t)n);
    int rc = weir__thread_self() ? 0 : WEIR_ENOMEM; /* it may have to wait for them */
    if (rc == 0) rc = weir_ctx_new(&c->none, NULL, WEIR_FOREVER);
    if (rc < 0) goto no_ctx;
    (void)weir_ctx_cancel(c->none, WEIR_ENOMEM);
    rc = weir_chan_new(&c->tasks, &o);
    if (rc < 0) goto no_chan;
    for (size_t i = 0; i < n && rc == 0; i++) rc = weir_wg_go(&c->threads, crew_main, c);
    if (rc < 0) {
        weir__crew_free(c);
        return rc;
    }
    *exec = (weir_exec){ submit, c };
    *out = c;
    return 0;
no_chan:
    weir_ctx_unref(c->none);
no_ctx:
    weir__os_free(c);
    return rc;
}

void weir__crew_free(struct weir__crew *c) {
    if (!c) return;
    (void)weir_chan_close(c->tasks);
    (void)weir_wg_wait(&c->threads);
    (void)weir_chan_unref(c->tasks);
    weir_ctx_unref(c->none);
    weir__os_free(c);
}
