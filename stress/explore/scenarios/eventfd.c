/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/eventfd.c - readiness as a descriptor (lib/eventfd.c): a loop that sleeps on it and
 * tries, against senders, a close, another receiver; a context's against its cancel. */
#include <weir/chan.h>
#include <weir/eventfd.h>
#include <weir/sem.h>

#include "../../../lib/service.h"
#include "../../../lib/thread.h"
#include "../engine.h"
#include "all.h"
#include "made.h"

struct state {
    weir_eventfd *e;
    weir_chan *chan;
    weir_ctx *ctx;
    weir_sem sem;
    weir_au32 users;
    unsigned got[3];
};

struct shape {
    unsigned kind, cap, sends; /* of each sender: the threads after the first */
    bool robber;               /* but for the last, which receives one as well, and waits for it */
    bool closes;               /* the only sender closes afterwards */
};

static const struct shape *shape(void) { return weir_model_param(); }

static void register_thread(void *arg) {
    (void)arg;
    (void)weir__thread_self();
}

static void setup(void *state) {
    struct state *s = state;
    struct weir_chan_opts o = WEIR_CHAN_OPTS(shape()->cap, sizeof(uint64_t));
    o.kind = shape()->kind;
    for (unsigned i = 0; i < E.sc->threads; i++) weir_model_as(i, register_thread, NULL);
    weir_model_check(weir_chan_new(&s->chan, &o) == 0);
}

/* The loop of the header: receives `want`, or until the close. */
static void loop(struct state *s, unsigned want) {
    uint64_t v;
    weir_model_check(weir_eventfd_new(&s->e, weir_chan_waitable(s->chan), WEIR_RECV, 0) == 0);
    for (;;) {
        int rc = 0;
        ex_fd_wait(weir_eventfd_fd(s->e));
        while ((shape()->closes || s->got[0] < want) && (rc = weir_chan_try_recv(s->chan, &v)) == 0)
            s->got[0]++;
        if (rc == WEIR_ECLOSED || rc == 0) break;
        if (rc == WEIR_EAGAIN) weir_model_check(weir_eventfd_arm(s->e) == 0);
    }
    weir_eventfd_free(s->e);
}

static void thread(void *state, unsigned who) {
    struct state *s = state;
    unsigned senders = E.sc->threads - 1 - shape()->robber;
    uint64_t v = who;
    struct weir_model_op *op = weir_model_begin(who ? "sends" : "sleeps and tries", 0);
    if (who == 0) {
        loop(s, senders * shape()->sends - shape()->robber);
    } else if (who > senders) {
        weir_model_check(weir_chan_recv(s->chan, &v) == 0);
        s->got[who] = 1;
    } else {
        for (unsigned i = 0; i < shape()->sends; i++)
            weir_model_check(weir_chan_send(s->chan, &v) == 0);
        if (shape()->closes) weir_model_check(weir_chan_close(s->chan) == 0);
    }
    weir_model_end(op, 0);
}

static void finish(void *state) {
    struct state *s = state;
    unsigned senders = E.sc->threads - 1 - shape()->robber;
    weir_model_check(s->got[0] + shape()->robber == senders * shape()->sends);
    weir_model_check(weir_chan_unref(s->chan) == 0);
}

/* ---- of a semaphore: it looks, and stands in nobody's way ----------------------------------------------------- */

static void sem_setup(void *state) {
    struct state *s = state;
    for (unsigned i = 0; i < E.sc->threads; i++) weir_model_as(i, register_thread, NULL);
    weir_model_check(weir_sem_init(&s->sem, 2) == 0);
    weir_model_check(weir_sem_try_acquire(&s->sem, 2) == 0);
}

static void sem_thread(void *state, unsigned who) {
    static const char *const names[] = { "sleeps until one is free", "acquire 2, release 2",
                                         "release 1, release 1" };
    struct state *s = state;
    struct weir_model_op *op = weir_model_begin(names[who], 0);
    if (who == 0) {
        weir_waitable *on = weir_sem_waitable(&s->sem);
        weir_model_check(weir_eventfd_new(&s->e, on, WEIR_RECV, 1) == 0);
        ex_fd_wait(weir_eventfd_fd(s->e));
        weir_eventfd_free(s->e);
    } else if (who == 1) {
        weir_model_check(weir_sem_acquire_wait(&s->sem, 2, WEIR_FOREVER, NULL) == 0);
        weir_model_check(weir_sem_release(&s->sem, 2) == 0);
    } else {
        for (int i = 0; i < 2; i++) weir_model_check(weir_sem_release(&s->sem, 1) == 0);
    }
    weir_model_end(op, 0);
}

static void sem_finish(void *state) {
    weir_model_check(weir_sem_available(&((struct state *)state)->sem) == 2);
}

/* ---- of a context ------------------------------------------------------------------------------------------- */

static void ctx_setup(void *state) {
    struct state *s = state;
    ex_threads_left = 1;
    weir_init_atomic(&s->users, 2);
    weir_model_check(weir_ctx_new(&s->ctx, NULL, WEIR_FOREVER) == 0);
}

/* Sleeps until the end (param), or frees it at once: while the function that tells it may be running. */
static void ctx_thread(void *state, unsigned who) {
    struct state *s = state;
    if (made_serves(who, 1, weir__service_main)) return;
    struct weir_model_op *op = weir_model_begin(who ? "cancel" : "new, free", 0);
    if (who == 0) {
        weir_model_check(weir_eventfd_new(&s->e, weir_ctx_waitable(s->ctx), WEIR_RECV, 0) == 0);
        if (weir_model_param()) ex_fd_wait(weir_eventfd_fd(s->e));
        weir_eventfd_free(s->e);
    } else {
        weir_model_check(weir_ctx_cancel(s->ctx, 0) == 0);
    }
    weir_model_end(op, 0);
    made_through(&s->users);
}

static void ctx_finish(void *state) { weir_ctx_unref(((struct state *)state)->ctx); }

static const struct shape
    mpmc = { .kind = WEIR_CHAN_MPMC, .cap = 1, .sends = 2 },
    mpmc_closed = { .kind = WEIR_CHAN_MPMC, .cap = 1, .sends = 1, .closes = true },
    mpmc_robbed = { .kind = WEIR_CHAN_MPMC, .cap = 2, .sends = 2, .robber = true },
    spsc = { .kind = WEIR_CHAN_SPSC, .cap = 1, .sends = 2, .closes = true },
    strict = { .kind = WEIR_CHAN_STRICT, .cap = 0, .sends = 2, .closes = true };

#define SCENARIO(var, name_, about_, threads_, param_, setup_, thread_, finish_)        \
    static const struct weir_model_scenario var = { .name = name_,                      \
                                                    .about = about_,                    \
                                                    .threads = threads_,                \
                                                    .param = param_,                    \
                                                    .state_size = sizeof(struct state), \
                                                    .setup = setup_,                    \
                                                    .thread = thread_,                  \
                                                    .finish = finish_ }
SCENARIO(mpmc_, "eventfd.mpmc", "a loop on a descriptor receives two", 2, &mpmc, setup, thread,
         finish);
SCENARIO(close_, "eventfd.mpmc.close", "the same, one and the close", 2, &mpmc_closed, setup,
         thread, finish);
SCENARIO(robbed_, "eventfd.mpmc.robbed", "the same beside one who waits in the channel", 3,
         &mpmc_robbed, setup, thread, finish);
SCENARIO(spsc_, "eventfd.spsc", "of an spsc channel, and the close", 2, &spsc, setup, thread,
         finish);
SCENARIO(strict_, "eventfd.rendezvous", "of a rendezvous, and the close", 2, &strict, setup, thread,
         finish);
SCENARIO(ctx_, "eventfd.ctx", "a context's end as a descriptor", 3, "sleeps", ctx_setup, ctx_thread,
         ctx_finish);
SCENARIO(ctx_free_, "eventfd.ctx.free", "it is freed while the context ends", 3, NULL, ctx_setup,
         ctx_thread, ctx_finish);

SCENARIO(sem_, "eventfd.sem", "of a semaphore, beside one who waits for more units", 3, NULL,
         sem_setup, sem_thread, sem_finish);

const struct weir_model_scenario *const eventfd_scenarios[] = { &mpmc_,     &close_,  &robbed_,
                                                                &spsc_,     &strict_, &ctx_,
                                                                &ctx_free_, &sem_,    NULL };
