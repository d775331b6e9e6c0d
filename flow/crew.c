/* SPDX-License-Identifier: MIT */
/* flow/crew.c - see crew.h. A thread that a task has ended is followed by another; if the system gives none, it goes on
 * itself, in its own exit hook. All that is shared is the channel, and the wait group of the threads. */
#include "crew.h"

#include <weir/chan.h>
#include <weir/wg.h>

#include "../lib/os.h"
#include "../lib/os_user.h"
#include "../lib/thread.h"

struct weir__crew {
    weir_chan *tasks;
    weir_wg threads;
};

struct task {
    weir_task_fn *fn;
    weir_ctx *ctx;
    void *arg;
};

struct member {
    struct weir__crew *crew;
    weir_ctx *ctx; /* of the task that runs */
    bool through;
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
        (void)t.fn(t.ctx, t.arg);
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
    if (weir_wg_go(&m->crew->threads, crew_main, m->crew) < 0) serve(m);
}

static void crew_main(void *crew) {
    struct member m = { crew, NULL, false };
    weir__os_user_call(serve, &m, followed, &m);
}

int weir__crew_new(struct weir__crew **out, size_t n, weir_exec *exec) {
    struct weir_chan_opts o = WEIR_CHAN_OPTS(n, sizeof(struct task));
    struct weir__crew *c = weir__os_alloc(sizeof *c, _Alignof(struct weir__crew));
    *out = NULL;
    if (!c) return WEIR_ENOMEM;
    if (!weir__thread_self()) { /* it may have to wait for them */
        weir__os_free(c);
        return WEIR_ENOMEM;
    }
    o.name = "pipeline's tasks";
    (void)weir_wg_init(&c->threads);
    int rc = weir_chan_new(&c->tasks, &o);
    if (rc < 0) {
        weir__os_free(c);
        return rc;
    }
    for (size_t i = 0; i < n && rc == 0; i++) rc = weir_wg_go(&c->threads, crew_main, c);
    if (rc < 0) {
        weir__crew_free(c);
        return rc;
    }
    *exec = (weir_exec){ submit, c };
    *out = c;
    return 0;
}

void weir__crew_free(struct weir__crew *c) {
    if (!c) return;
    (void)weir_chan_close(c->tasks);
    (void)weir_wg_wait(&c->threads);
    (void)weir_chan_unref(c->tasks);
    weir__os_free(c);
}
