/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/group.c - error groups.
 *
 * The executor keeps the tasks that the set-up begins, one for each R, F and N, and each thread calls its own; tasks
 * that are begun later are called at once. A task writes plain memory of its thread.
 *
 * Each thread does what its word says: R calls its task, F the same, which fails; N the same, which begins
 * another; G begins one, and g with a deadline, C with the context, c with the group's own, t if there is room; W
 * waits, reads all that was written, and frees; V waits and reads; T waits with a deadline, and @ with the context,
 * and reads if that was not too soon; X cancels the context; S sets the limit to 1. */
#include <weir/group.h>

#include <string.h>

#include "../../../lib/thread.h"
#include "../engine.h"
#include "all.h"

#define DEADLINE INT64_C(1000500000)

struct state {
    weir_group *g;
    weir_ctx *ctx;
    weir_exec exec;
    bool keep; /* the executor */
    struct {
        weir_task_fn *fn;
        weir_ctx *ctx;
        void *arg;
    } kept[EX_THREADS];
    struct slot {
        struct state *s;
        unsigned who;
        uint64_t plain; /* times that a task of this thread has run */
        uint64_t begun; /* times that one was begun, to the thread's knowledge */
    } slot[EX_THREADS];
};

struct group_case {
    size_t limit;
    const char *program[EX_THREADS];
};

static const struct group_case *of(void) { return weir_model_param(); }

/* ---- tasks -------------------------------------------------------------------------------------------------- */

static int submit(void *self, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    struct state *s = self;
    if (!s->keep) {
        (void)fn(weir_ctx_ref(ctx), arg);
        weir_ctx_unref(ctx);
        return 0;
    }
    unsigned i = 0;
    while (s->kept[i].fn || !strpbrk(of()->program[i], "RFN")) i++;
    s->kept[i].fn = fn;
    s->kept[i].ctx = ctx;
    s->kept[i].arg = arg;
    return 0;
}

static void note(struct slot *t) {
    weir_model_write(&t->plain, sizeof t->plain);
    t->plain++;
}

static int task(weir_ctx *ctx, void *arg) {
    struct slot *t = arg;
    (void)ctx;
    note(t);
    return 0;
}

static int task_fails(weir_ctx *ctx, void *arg) {
    struct slot *t = arg;
    (void)ctx;
    note(t);
    return weir_fail(-1000 - (int)t->who, "thread %u", t->who);
}

static int task_begins(weir_ctx *ctx, void *arg) {
    struct slot *t = arg;
    weir_model_check(weir_group_go(t->s->g, task, t) == 0);
    return task(ctx, arg);
}

/* ---- the rest ------------------------------------------------------------------------------------------------ */

static void register_thread(void *arg) {
    (void)arg;
    (void)weir__thread_self();
}

static void setup(void *state) {
    struct state *s = state;
    for (unsigned i = 0; i < E.sc->threads; i++) weir_model_as(i, register_thread, NULL);
    weir_model_check(weir_ctx_new(&s->ctx, NULL, WEIR_FOREVER) == 0);
    s->exec = (weir_exec){ submit, s };
    weir_model_check(weir_group_new(&s->g, NULL, &s->exec, of()->limit) == 0);
    s->keep = true;
    for (unsigned i = 0; i < E.sc->threads; i++) {
        struct slot *t = &s->slot[i];
        *t = (struct slot){ .s = s, .who = i };
        const char *kind = strpbrk(of()->program[i], "RFN");
        if (!kind) continue;
        t->begun = *kind == 'N' ? 2 : 1;
        weir_model_check(weir_group_go(s->g,
                                       *kind == 'R'   ? task
                                       : *kind == 'F' ? task_fails
                                                      : task_begins,
                                       t) == 0);
    }
    s->keep = false;
}

static int call_task(struct state *s, unsigned who) {
    return s->kept[who].fn(s->kept[who].ctx, s->kept[who].arg);
}

static int go(struct slot *t, char letter) {
    struct state *s = t->s;
    int rc = letter == 'G'   ? weir_group_go(s->g, task, t)
             : letter == 'g' ? weir_group_go_until(s->g, task, t, DEADLINE)
             : letter == 't' ? weir_group_try_go(s->g, task, t)
                             : weir_group_go_wait(s->g, task, t, WEIR_FOREVER,
                                                  letter == 'C' ? s->ctx : weir_group_ctx(s->g));
    int refused = letter == 'g'   ? WEIR_ETIMEDOUT
                  : letter == 't' ? WEIR_EAGAIN
                  : letter == 'G' ? WEIR_ESTOPPED
                                  : WEIR_ECANCELED;
    weir_model_check(rc == 0 || rc == refused || rc == WEIR_ESTOPPED);
    return rc;
}

/* After a wait that has come to its end, with this result: what it promises. */
static void read_all(struct state *s, int rc) {
    struct weir_error err;
    bool fails = false;
    for (unsigned i = 0; i < E.sc->threads; i++) {
        struct slot *t = &s->slot[i];
        if (!strpbrk(of()->program[i], "RFN")) continue; /* go may come later */
        weir_model_read(&t->plain, sizeof t->plain);
        weir_model_check(t->plain == t->begun);
        fails = fails || strchr(of()->program[i], 'F');
    }
    weir_error_take(rc, &err);
    weir_model_check(fails == (rc != 0));
    weir_model_check(weir_ctx_err(weir_group_ctx(s->g)) == WEIR_ECANCELED);
    weir_model_check(weir_ctx_cause(weir_group_ctx(s->g)) == (rc ? rc : WEIR_ECANCELED));
    weir_model_check(weir_group_try_go(s->g, task, NULL) == WEIR_ESTOPPED);
    if (rc == 0) return;
    weir_model_check(rc <= -1000 && err.code == rc);
    weir_model_check(err.text[strlen("thread ")] == '0' + (-1000 - rc));
}

static int wait(struct state *s, char letter) {
    int rc = letter == 'T'   ? weir_group_wait_until(s->g, DEADLINE)
             : letter == '@' ? weir_group_wait_wait(s->g, WEIR_FOREVER, s->ctx)
                             : weir_group_wait(s->g);
    bool gave_up =
        (letter == 'T' && rc == WEIR_ETIMEDOUT) || (letter == '@' && rc == WEIR_ECANCELED);
    if (!gave_up) read_all(s, rc);
    if (letter != 'W') return rc;
    weir_model_check(weir_group_free(s->g) == 0);
    s->g = NULL;
    return rc;
}

static int run(struct state *s, char letter, unsigned who) {
    switch (letter) {
        case 'R':
        case 'F':
        case 'N': return call_task(s, who);
        case 'G':
        case 'g':
        case 't':
        case 'C':
        case 'c': return go(&s->slot[who], letter);
        case 'X': return weir_ctx_cancel(s->ctx, 0);
        case 'S': return weir_group_set_limit(s->g, 1);
        default: return wait(s, letter);
    }
}

static void thread(void *state, unsigned who) {
    for (const char *p = of()->program[who]; *p; p++) {
        struct weir_model_op *op = weir_model_begin(strchr("RFN", *p)     ? "task"
                                                    : strchr("GgtCc", *p) ? "go"
                                                    : *p == 'X'           ? "cancel"
                                                    : *p == 'S'           ? "set limit"
                                                    : *p == 'W'           ? "wait, read, free"
                                                                          : "wait, read",
                                                    0);
        weir_model_end(op, run(state, *p, who));
    }
}

static void finish(void *state) {
    struct state *s = state;
    if (s->g) {
        weir_model_check(weir_group_running(s->g) == 0);
        weir_model_check(weir_group_free(s->g) == 0);
    }
    weir_ctx_unref(s->ctx);
}

#define GROUP(var, name_, threads_, limit_, ...)                             \
    static const struct group_case var##_case = { limit_, { __VA_ARGS__ } }; \
    static const struct weir_model_scenario var = {                          \
        .name = name_,                                                       \
        .about = #limit_ ", " #__VA_ARGS__,                                  \
        .threads = threads_,                                                 \
        .param = &var##_case,                                                \
        .state_size = sizeof(struct state),                                  \
        .setup = setup,                                                      \
        .thread = thread,                                                    \
        .finish = finish,                                                    \
    }
GROUP(last, "group.last", 3, 0, "W", "R", "R");
GROUP(failed, "group.failed", 3, 0, "W", "F", "F");
GROUP(fails, "group.fails", 3, 0, "W", "R", "F");
GROUP(waits, "group.waits", 3, 0, "V", "V", "F");
GROUP(inside, "group.inside", 2, 0, "W", "N");
GROUP(inside_two, "group.inside.two", 3, 0, "W", "N", "R");
GROUP(late, "group.late", 3, 0, "TW", "R", "R");
GROUP(cancel, "group.cancel", 3, 0, "@W", "R", "X");
GROUP(limit, "group.limit", 3, 1, "R", "G", "V");
GROUP(limit_two, "group.limit.two", 3, 1, "R", "G", "G");
GROUP(limit_late, "group.limit.late", 3, 1, "R", "g", "G");
GROUP(limit_cancel, "group.limit.cancel", 3, 1, "R", "C", "X");
GROUP(limit_line, "group.limit.line", 4, 1, "R", "C", "G", "X");
GROUP(limit_failed, "group.limit.failed", 3, 1, "F", "c", "V");
GROUP(limit_try, "group.limit.try", 3, 1, "R", "t", "G");
GROUP(no_task, "group.no_task", 3, WEIR_GROUP_NO_TASK, "G", "S", "V");
GROUP(no_task_end, "group.no_task.end", 2, WEIR_GROUP_NO_TASK, "G", "V");
GROUP(no_task_two, "group.no_task.two", 3, WEIR_GROUP_NO_TASK, "G", "g", "S");

/* ---- want of memory -------------------------------------------------------------------------------------------- */

struct scarce {
    weir_exec exec;
    unsigned ran;
};

static int call_now(void *self, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    (void)self;
    (void)fn(weir_ctx_ref(ctx), arg);
    weir_ctx_unref(ctx);
    return 0;
}

static int count(weir_ctx *ctx, void *arg) {
    (void)ctx;
    ++*(unsigned *)arg;
    return 0;
}

static void scarce_thread(void *state, unsigned who) {
    struct scarce *s = state;
    weir_exec exec = { call_now, NULL };
    weir_group *g;
    (void)who;
    struct weir_model_op *op = weir_model_begin("new, go, wait, free", 0);
    int rc = weir_group_new(&g, NULL, &exec, 1);
    weir_model_check(rc == 0 || (rc == WEIR_ENOMEM && !g));
    if (rc == 0) {
        rc = weir_group_go(g, count, &s->ran);
        weir_model_check(rc == (s->ran ? 0 : WEIR_ENOMEM));
        weir_model_check(weir_group_wait(g) == 0);
        weir_model_check(weir_group_free(g) == 0);
    }
    weir_model_end(op, rc);
}

static const struct weir_model_scenario scarce = {
    .name = "group.oom",
    .about = "a group and its task, each allocation refused in turn",
    .threads = 1,
    .flags = WEIR_MODEL_EXITS,
    .state_size = sizeof(struct scarce),
    .thread = scarce_thread,
    .options = "oom=1",
};

const struct weir_model_scenario *const group_scenarios[] = {
    &last,      &failed,  &fails,       &waits,       &inside,       &inside_two, &late,
    &cancel,    &limit,   &limit_two,   &limit_late,  &limit_cancel, &limit_line, &limit_failed,
    &limit_try, &no_task, &no_task_two, &no_task_end, &scarce,       NULL
};
