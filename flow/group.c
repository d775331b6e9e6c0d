/* SPDX-License-Identifier: MIT */
/* flow/group.c - see weir/group.h.
 *
 * All of it stands under the group's lock. Two kinds of calls wait: who begins a task, at the limit (goers), and who
 * waits for the end (waits). Neither can be a case of a select beside a channel, so that nobody finds a call of theirs
 * BUSY (lib/wait.h).
 *
 * Invariants
 *   I1  running counts the tasks from the hold of the lock in which they got their place until that in which they
 *       give it back; so it is not zero while somebody inside the group still has the group to touch.
 *   I2  while nobody holds the lock, goers whose calls are not decided wait only where there is no room: who makes
 *       room, by the end of a task or by another limit, lets them in under the same hold.
 *   I3  while nobody holds the lock, waits whose calls are not decided wait only while running is not zero, or nobody
 *       has yet looked. The hold that finds it zero for a wait sets `ended`, and nothing comes in afterwards; goers
 *       are in line then only if the limit is "no task", and are sent away.
 *   I4  (the last task) the last that it does with the group is to give the lock back: calls that it has let go
 *       are told after that, and a wait that finds running zero by itself has taken the lock since. So who has
 *       waited may free it.
 *   I5  the first failure is stored before the context ends because of it, and that is before the task's place is
 *       given back: who fails because of the end comes later, and who waited finds the context ended.
 * Progress   see the header; who meets the lock waits for it.
 * Ordering   by the lock; of calls that are let go by WAIT_D1 -> WAIT_D2.
 * From       Go's x/sync/errgroup; differs in: the end, the text, executors, deadlines. */
#include <weir/group.h>

#include "../lib/base.h"
#include "../lib/ctx.h"
#include "../lib/os.h"
#include "frame.h"

struct weir_group {
    weir_waitable on;
    struct weir__lock lock;
    size_t running, limit;
    bool ended;
    struct weir__queue goers, waits;
    weir_exec exec; /* submit NULL: threads */
    weir_ctx *ctx;
    struct weir_error err; /* the first */
    struct weir__made made;
};

struct task {
    weir_group *group;
    weir_task_fn *fn;
    void *arg;
};

/* ---- places, under the lock -------------------------------------------------------------------------------------- */

static bool has_room(const weir_group *g) {
    return g->limit == WEIR_GROUP_NONE || (g->limit != WEIR_GROUP_NO_TASK && g->running < g->limit);
}

/* The call of the first in line, which is told `result` later; false: it was decided by something else. */
static bool let_go(struct weir__queue *q, int result, struct weir__wakes *wakes) {
    struct weir__node *n = q->first;
    weir__queue_remove(q, n);
    if (weir__take(NULL, n) != 0) return false;
    weir__complete(wakes, n, result);
    return true;
}

static void let_in(weir_group *g, struct weir__wakes *wakes) {
    while (g->goers.first && has_room(g))
        if (let_go(&g->goers, 0, wakes)) g->running++;
}

static void set_ended(weir_group *g, struct weir__wakes *wakes) {
    g->ended = true;
    while (g->goers.first) (void)let_go(&g->goers, WEIR_ESTOPPED, wakes);
}

/* A place is given back: afterwards the group may be gone. */
static void leave(weir_group *g) {
    struct weir__wakes wakes = { NULL };
    bool ends = false;
    WEIR_POINT("group.leave");
    weir__lock(&g->lock);
    g->running--;
    let_in(g, &wakes);
    while (g->running == 0 && g->waits.first)
        if (let_go(&g->waits, 0, &wakes)) ends = true;
    if (ends) set_ended(g, &wakes);
    weir__unlock(&g->lock);
    WEIR_POINT("group.left");
    weir__tell(&wakes);
}

/* ---- waiting ------------------------------------------------------------------------------------------------------- */

static int may_go(const weir_group *g) {
    if (g->ended) return WEIR_ESTOPPED;
    return has_room(g) ? 0 : WEIR_EAGAIN;
}

static int attempt(weir_waitable *on, struct weir__node *n, struct weir__call *call) {
    weir_group *g = (weir_group *)(void *)on;
    bool goes = n->op == WEIR_SEND;
    weir__lock(&g->lock);
    int rc = goes ? may_go(g) : g->running == 0 ? 0 : WEIR_EAGAIN;
    if (rc != WEIR_EAGAIN) {
        if (!weir__take_own(call))
            rc = WEIR__OVER;
        else if (rc == 0 && goes)
            g->running++;
        else if (rc == 0)
            set_ended(g, &call->wakes);
    } else if (call->arm) {
        weir__queue_add(goes ? &g->goers : &g->waits, n);
        rc = WEIR__PENDING;
    }
    weir__unlock(&g->lock);
    return rc;
}

static void disarm(weir_waitable *on, struct weir__node *n) {
    weir_group *g = (weir_group *)(void *)on;
    weir__lock(&g->lock);
    if (n->queued) weir__queue_remove(n->op == WEIR_SEND ? &g->goers : &g->waits, n);
    weir__unlock(&g->lock);
}

static int check(const weir_waitable *on, const struct weir__node *n) {
    (void)on;
    (void)n;
    return WEIR_EINVAL; /* no case of a select */
}

static void about(weir_waitable *on, struct weir__about *a) {
    *a = (struct weir__about){ "group", NULL, &((weir_group *)(void *)on)->made };
}

static const struct weir__waitable_ops ops = {
    .attempt = attempt, .disarm = disarm, .check = check, .about = about
};

int weir_group_wait_wait(weir_group *g, weir_time deadline, weir_ctx *ctx) {
    if (!g) return weir__misuse("weir_group_wait", "no group");
    if (deadline != WEIR_NOW && weir__frame_in(g)) return WEIR_EDEADLK;
    int rc = weir__wait_one(&g->on, WEIR_RECV, NULL, 0, deadline, ctx);
    if (rc < 0) return rc;
    (void)weir_ctx_cancel(g->ctx, 0);
    return weir_error_give(&g->err); /* which does not change any more */
}

/* ---- tasks ----------------------------------------------------------------------------------------------------------- */

static void fail(weir_group *g, const struct weir_error *err) {
    weir__lock(&g->lock);
    bool first = g->err.code == 0;
    if (first) g->err = *err;
    weir__unlock(&g->lock);
    if (!first) return;
    WEIR_POINT("group.failed");
    (void)weir_ctx_cancel(g->ctx, err->code);
}

static void task_after(struct weir__frame *f, void *group) {
    weir_group *g = group;
    if (f->err.code) fail(g, &f->err);
    if (!g->exec.submit) weir__spawn_end(f->self);
    leave(g);
}

/* The executor gave it up: ctx is another, and says why. */
static int give_up(weir_group *g, weir_ctx *ctx) {
    struct weir_error err = { weir_ctx_cause(ctx), "the executor gave the task up" };
    if (err.code >= 0) err.code = WEIR_ECANCELED; /* a cause of the user's */
    fail(g, &err);
    leave(g);
    return err.code;
}

static int task_main(weir_ctx *ctx, void *arg) {
    struct task t = *(struct task *)arg;
    struct weir__frame f;
    weir__os_free(arg);
    if (ctx != t.group->ctx && weir_ctx_err(ctx)) return give_up(t.group, ctx);
    return weir__frame_run(&f, t.fn, ctx, t.arg, t.group, task_after, t.group);
}

static void *thread_main(void *arg) {
    weir__spawn_begin(weir__thread_self());
    (void)task_main(((struct task *)arg)->group->ctx, arg);
    return NULL;
}

static int begin(weir_group *g, struct task *t) {
    if (g->exec.submit) return g->exec.submit(g->exec.self, task_main, g->ctx, t);
    weir__spawn();
    int rc = weir__os_user_thread(thread_main, t);
    if (rc < 0) weir__spawn_end(NULL);
    return rc;
}

int weir_group_go_wait(weir_group *g, weir_task_fn *fn, void *arg, weir_time deadline,
                       weir_ctx *ctx) {
    if (!g || !fn) return weir__misuse("weir_group_go", "no group, or no function");
    struct task *t = weir__os_alloc(sizeof *t, _Alignof(struct task));
    if (!t) return WEIR_ENOMEM;
    *t = (struct task){ g, fn, arg };
    int rc = weir__wait_one(&g->on, WEIR_SEND, NULL, 0, deadline, ctx);
    if (rc == 0) {
        rc = begin(g, t);
        if (rc >= 0) return 0; /* the group may be gone */
        leave(g);
    }
    weir__os_free(t);
    return rc;
}

/* ---- the rest -------------------------------------------------------------------------------------------------------- */

#undef weir_group_new
int weir_group_new(weir_group **out, weir_ctx *parent, const weir_exec *on, size_t limit) {
    if (out) *out = NULL;
    if (!out) return weir__misuse("weir_group_new", "nowhere to put it");
    if (on && !on->submit) return weir__misuse("weir_group_new", "an executor without submit");
    if (!weir__thread_self()) return WEIR_ENOMEM; /* now, so that its wait cannot say so */
    weir_group *g = weir__os_alloc(sizeof *g, _Alignof(weir_group));
    if (!g) return WEIR_ENOMEM;
    *g = (weir_group){ .on = { &ops }, .limit = limit };
    if (on) g->exec = *on;
    int rc = weir_ctx_new(&g->ctx, parent, WEIR_FOREVER);
    if (rc < 0) {
        weir__os_free(g);
        return rc;
    }
    *out = g;
    return 0;
}

int weir_group_free(weir_group *g) {
    if (!g) return 0;
    if (weir__frame_in(g)) return WEIR_EDEADLK;
    int rc = weir__wait_one(&g->on, WEIR_RECV, NULL, 0, WEIR_FOREVER, NULL);
    if (rc < 0) return rc;
    (void)weir_ctx_cancel(g->ctx, 0);
    weir_ctx_unref(g->ctx);
    weir__os_free(g);
    return 0;
}

int weir_group_error(weir_group *g, struct weir_error *err) {
    if (!g) return weir__misuse("weir_group_error", "no group");
    weir__lock(&g->lock);
    int code = g->err.code;
    if (err) *err = g->err;
    weir__unlock(&g->lock);
    return code;
}

int weir_group_set_limit(weir_group *g, size_t limit) {
    struct weir__wakes wakes = { NULL };
    if (!g) return weir__misuse("weir_group_set_limit", "no group");
    weir__lock(&g->lock);
    bool idle = g->running == 0;
    if (idle) {
        g->limit = limit;
        let_in(g, &wakes);
    }
    weir__unlock(&g->lock);
    weir__tell(&wakes);
    return idle ? 0 : WEIR_EBUSY;
}

size_t weir_group_running(weir_group *g) {
    if (!g) return 0;
    weir__lock(&g->lock);
    size_t n = g->running;
    weir__unlock(&g->lock);
    return n;
}

weir_ctx *weir_group_ctx(weir_group *g) { return g ? g->ctx : NULL; }

void weir_group_made_at_(weir_group *g, const char *file, int line) {
    if (g) g->made = (struct weir__made){ file, line };
}
