/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/line.c - pipelines in batches (flow/pipeline_flow.c). Their tasks go through a channel to the
 * last threads of the scenario; or are run at once, if there are no such threads. Results come in order, whichever batch is ready first; no element stands without a
 * worker, no sender without room that there is, no receiver beside a result; a cancel leaves nothing inside; and who
 * has waited may free. */
#include <weir/chan.h>
#include <weir/pipeline.h>

#include "../../../lib/thread.h"
#include "../engine.h"
#include "all.h"

#define MOST 8

struct task {
    weir_task_fn *fn;
    weir_ctx *ctx;
    void *arg;
};

struct state {
    weir_chan *tasks;
    weir_pipeline *p;
    uint64_t plain[MOST];
    uint64_t received, dropped; /* how many */
    weir_au32 users, senders;
    int rc;
};

struct shape {
    unsigned runners, workers, stages;
    unsigned before, senders, sends; /* elements that are sent by the set-up; of each sender */
    bool ordered, cancels, fails, receives_too; /* by the sender, after its close */
};
static const struct shape *shape(void) { return weir_model_param(); }

static int submit(void *self, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    struct state *s = self;
    struct task t = { fn, weir_ctx_ref(ctx), arg };
    if (shape()->runners > 0) return weir_chan_send(s->tasks, &t);
    (void)fn(ctx, arg);
    weir_ctx_unref(ctx);
    return 0;
}

/* The last stage writes what the receiver reads. */
static int stage(const void *in, void *out, weir_ctx *ctx, void *arg) {
    struct state *s = arg;
    uint64_t v = *(const uint64_t *)in;
    (void)ctx;
    if (shape()->fails && v == 1) return WEIR_ENOENT;
    *(uint64_t *)out = v;
    weir_model_write(&s->plain[v], sizeof *s->plain);
    s->plain[v]++;
    return 0;
}

static void drop(void *elem, void *arg) {
    (void)elem;
    ((struct state *)arg)->dropped++;
}

static void register_thread(void *arg) {
    (void)arg;
    (void)weir__thread_self();
}

static void setup(void *state) {
    struct state *s = state;
    const struct shape *c = shape();
    struct weir_chan_opts o = WEIR_CHAN_OPTS(4, sizeof(struct task));
    struct weir_pipeline_opts p = WEIR_PIPELINE_OPTS;
    struct weir_stage stages[2];
    weir_exec on = { submit, s };
    for (unsigned i = 0; i < E.sc->threads; i++) weir_model_as(i, register_thread, NULL);
    o.kind = WEIR_CHAN_STRICT;
    weir_model_check(weir_chan_new(&s->tasks, &o) == 0);
    for (unsigned i = 0; i < c->stages; i++)
        stages[i] = (struct weir_stage){ .fn = stage,
                                         .arg = s,
                                         .in_size = 8,
                                         .out_size = 8,
                                         .buffer = 1,
                                         .workers = c->workers,
                                         .ordered = c->ordered,
                                         .batch = 1,
                                         .drop = drop };
    p.on = &on;
    p.out_buffer = 1;
    p.drop = drop;
    p.drop_arg = s;
    weir_init_atomic(&s->users, E.sc->threads - c->runners);
    weir_init_atomic(&s->senders, c->senders);
    weir_model_check(weir_pipeline_new(&s->p, stages, c->stages, &p) == 0);
    for (uint64_t v = 0; v < c->before; v++)
        weir_model_check(weir_pipeline_try_send(s->p, &v) == 0);
}

static void run_tasks(struct state *s) {
    struct task t;
    while (weir_chan_recv(s->tasks, &t) == 0) {
        (void)t.fn(t.ctx, t.arg);
        weir_ctx_unref(t.ctx);
    }
}

/* What sender `who` sends first. */
static uint64_t first_of(unsigned who) { return shape()->before + (uint64_t)who * shape()->sends; }

/* The last sender closes. */
static void send_all(struct state *s, unsigned who) {
    uint64_t first = first_of(who);
    for (uint64_t v = first; v < first + shape()->sends; v++) {
        int rc = weir_pipeline_send(s->p, &v);
        weir_model_check(rc == 0 || shape()->cancels || shape()->fails);
        if (rc < 0) s->dropped++; /* still the sender's */
    }
    if (weir_fetch_sub_acq_rel(&s->senders, 1, 0) == 1) (void)weir_pipeline_close(s->p);
}

/* In order, of each sender. 1 is what fails, and the one gap: 2, which comes behind it, may be faster than the end. */
static void receive_all(struct state *s) {
    uint64_t v, next[3] = { 0, first_of(0), first_of(1) };
    int rc;
    while ((rc = weir_pipeline_recv(s->p, &v)) == 0) {
        uint64_t *n = &next[v < first_of(0) ? 0 : v < first_of(1) ? 1 : 2];
        weir_model_read(&s->plain[v], sizeof *s->plain);
        weir_model_check(s->plain[v] == shape()->stages);
        if (shape()->fails && *n == 1) ++*n;
        if (shape()->ordered) weir_model_check(v == *n);
        *n = v + 1;
        s->received++;
    }
    weir_model_check(rc == WEIR_ECLOSED || shape()->cancels || shape()->fails);
}

/* The last user waits, frees, and sends the runners home. */
static void through(struct state *s) {
    if (weir_fetch_sub_acq_rel(&s->users, 1, 0) != 1) return;
    s->rc = weir_pipeline_wait(s->p);
    weir_model_check(weir_pipeline_free(s->p) == 0);
    (void)weir_chan_close(s->tasks);
}

static void thread(void *state, unsigned who) {
    struct state *s = state;
    const struct shape *c = shape();
    unsigned users = E.sc->threads - c->runners;
    bool sends = who < c->senders;
    struct weir_model_op *op = weir_model_begin(who >= users ? "run"
                                                : sends      ? "send"
                                                             : "receive or cancel",
                                                0);
    if (who >= users) {
        run_tasks(s);
    } else {
        if (sends) send_all(s, who);
        if (!sends && c->cancels) (void)weir_ctx_cancel(weir_pipeline_ctx(s->p), 0);
        if (sends ? c->receives_too : !c->cancels) receive_all(s);
        through(s);
    }
    weir_model_end(op, 0);
}

static void finish(void *state) {
    struct state *s = state;
    const struct shape *c = shape();
    unsigned all = c->before + c->senders * c->sends;
    if (!c->cancels && !c->fails) weir_model_check(s->rc == 0 && s->received == all);
    if (c->cancels) weir_model_check(s->rc == WEIR_ECANCELED);
    if (c->fails) weir_model_check(s->rc == WEIR_ENOENT);
    weir_model_check(s->received + s->dropped + c->fails == all);
    weir_model_check(weir_chan_unref(s->tasks) == 0);
}

#define LINE(var, name_, about_, threads_, options_, ...)    \
    static const struct shape var##_shape = { __VA_ARGS__ }; \
    static const struct weir_model_scenario var = {          \
        .name = name_,                                       \
        .about = about_,                                     \
        .threads = threads_,                                 \
        .param = &var##_shape,                               \
        .state_size = sizeof(struct state),                  \
        .setup = setup,                                      \
        .thread = thread,                                    \
        .finish = finish,                                    \
        .options = options_,                                 \
    }
LINE(reorder, "line.reorder", "two workers, whose results leave in order", 3, "preemptions=1",
     .runners = 2, .workers = 2, .stages = 1, .senders = 1, .sends = 2, .ordered = true,
     .receives_too = true);
LINE(full, "line.full", "more sends than the window holds, a receiver", 3, "preemptions=1",
     .runners = 1, .workers = 1, .stages = 1, .senders = 1, .sends = 4, .ordered = true);
LINE(senders, "line.senders", "two who wait for room at once, a receiver", 3, "preemptions=1",
     .runners = 0, .workers = 1, .stages = 1, .before = 3, .senders = 2, .sends = 1,
     .ordered = true);
LINE(stages, "line.stages", "two stages, one thread for both", 2, NULL, .runners = 1, .workers = 1,
     .stages = 2, .senders = 1, .sends = 2, .ordered = true, .receives_too = true);
LINE(cancel, "line.cancel", "cancelled while it works", 3, "preemptions=1", .runners = 1,
     .workers = 1, .stages = 1, .senders = 1, .sends = 3, .cancels = true);
LINE(fails, "line.fails", "a failure, and one worker more", 3, "preemptions=1", .runners = 2,
     .workers = 2, .stages = 1, .senders = 1, .sends = 3, .ordered = true, .fails = true,
     .receives_too = true);

const struct weir_model_scenario *const line_scenarios[] = { &reorder, &full,  &senders, &stages,
                                                             &cancel,  &fails, NULL };
