/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/waits.c - who walks over those that wait, against a waiter that comes, is served, gives up or
 * is cancelled, and uses its memory for something else. */
#include <weir/chan.h>

#include "../../../lib/wait.h"
#include "../engine.h"
#include "all.h"

/* Half a millisecond after the start: passes only by choice. */
#define DEADLINE INT64_C(1000500000)

enum { BEFORE, WAITING, AFTER };

struct state {
    weir_chan *chan;
    weir_ctx *ctx;
    weir_time deadline;
    uint64_t plain; /* stands for all that is on the waiter's stack */
};

static void register_thread(void *arg) {
    (void)arg;
    (void)weir__thread_self();
}

static void setup(void *state) {
    struct state *s = state;
    struct weir_chan_opts o = WEIR_CHAN_OPTS(1, sizeof(uint64_t));
    const weir_time *deadline = weir_model_param();
    for (unsigned i = 0; i < E.sc->threads; i++) weir_model_as(i, register_thread, NULL);
    o.kind = WEIR_CHAN_STRICT;
    s->deadline = *deadline;
    s->plain = BEFORE;
    weir_model_check(weir_chan_new(&s->chan, &o) == 0);
    weir_model_check(weir_ctx_new(&s->ctx, NULL, WEIR_FOREVER) == 0);
}

static void finish(void *state) {
    struct state *s = state;
    weir_model_check(weir_chan_unref(s->chan) == 0);
    weir_ctx_unref(s->ctx);
}

static void stands(struct state *s, uint64_t now) {
    weir_model_write(&s->plain, sizeof s->plain);
    s->plain = now;
}

static void seen(const struct weir__thread *t, void *state) {
    struct state *s = state;
    weir_model_read(&s->plain, sizeof s->plain);
    weir_model_check(s->plain == WAITING);
    weir_model_check(t->waits->n == 1 && t->waits->nodes[0].on == weir_chan_waitable(s->chan));
    weir_model_check(t->waits->ctx == s->ctx && t->waits->deadline == s->deadline);
}

static void wait_once(struct state *s) {
    uint64_t v;
    stands(s, WAITING);
    int rc = weir_chan_recv_wait(s->chan, &v, s->deadline, s->ctx);
    weir_model_check(rc == 0 || rc == WEIR_ETIMEDOUT || rc == WEIR_ECANCELED);
    stands(s, AFTER);
}

static void thread(void *state, unsigned who) {
    struct state *s = state;
    uint64_t v = 1;
    struct weir_model_op *op = weir_model_begin(who == 0   ? "recv"
                                                : who == 1 ? "walk"
                                                           : "send, cancel",
                                                0);
    if (who == 0) {
        wait_once(s);
    } else if (who == 1) {
        weir__waits_each(seen, s);
    } else {
        weir_model_check(weir_chan_try_send(s->chan, &v) == 0);
        weir_model_check(weir_ctx_cancel(s->ctx, 0) == 0);
    }
    weir_model_end(op, 0);
}

static const weir_time never = WEIR_FOREVER, soon = DEADLINE;

#define WAITS(var, name_, threads_, deadline_)                                  \
    static const struct weir_model_scenario var = {                             \
        .name = name_,                                                          \
        .about = "a waiter is described, or not, and nothing of it afterwards", \
        .threads = threads_,                                                    \
        .param = &(deadline_),                                                  \
        .state_size = sizeof(struct state),                                     \
        .setup = setup,                                                         \
        .thread = thread,                                                       \
        .finish = finish,                                                       \
        .options = "timeouts=1",                                                \
    }
WAITS(leaves, "waits.leaves", 3, never);
WAITS(gives_up, "waits.deadline", 2, soon);
WAITS(races, "waits.races", 3, soon);

const struct weir_model_scenario *const waits_scenarios[] = { &leaves, &gives_up, &races, NULL };
