/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/notify.c - signals to contexts (flow/notify.c): a thread that calls the handler is one that
 * a signal interrupts, the last thread is the library's. No signal that is to cancel is lost, the default action is
 * taken for those that have nobody left to tell, and what came before the signal is seen. */
#include <weir/notify.h>
#include <weir/select.h>

#include "../../../flow/notify.h"
#include "../../../lib/os_signal.h"
#include "../../../lib/thread.h"
#include "../engine.h"
#include "all.h"
#include "made.h"

enum { SIG_A = 2, SIG_B = 15 };

struct state {
    weir_ctx *ctx[2];
    weir_notify *n[2];
    weir_au32 users, defaults, raised;
    weir_au32 bare; /* the default action stands in the place of the handler */
    uint64_t plain[2];
};

static struct state *now;

bool weir__os_signal_default(int sig, void (*fn)(int sig)) {
    (void)sig;
    (void)fn;
    weir_store_relaxed(&now->bare, 1);
    (void)weir_fetch_add_relaxed(&now->defaults, 1);
    return true;
}

void weir__os_signal_again(int sig, void (*fn)(int sig)) {
    (void)sig;
    (void)fn;
    weir_store_relaxed(&now->bare, 0);
}

static void register_thread(void *arg) {
    (void)arg;
    (void)weir__thread_self();
}

static void notify(struct state *s, unsigned i, int sig) {
    weir_model_check(weir_notify_new(&s->n[i], s->ctx[i], &sig, 1, 0) == 0);
}

static void setup_none(void *state) {
    struct state *s = state;
    now = s;
    ex_threads_left = 1;
    for (unsigned i = 0; i < E.sc->threads; i++) weir_model_as(i, register_thread, NULL);
    weir_init_atomic(&s->users, E.sc->threads - 1);
    for (unsigned i = 0; i < 2; i++)
        weir_model_check(weir_ctx_new(&s->ctx[i], NULL, WEIR_FOREVER) == 0);
}

static void setup_two(void *state) {
    setup_none(state);
    notify(state, 0, SIG_A);
    notify(state, 1, SIG_B);
}
static void setup_same(void *state) {
    setup_none(state);
    notify(state, 0, SIG_A);
    notify(state, 1, SIG_A);
}

/* One context, on both. */
static void setup_both(void *state) {
    struct state *s = state;
    const int sigs[] = { SIG_A, SIG_B };
    setup_none(state);
    weir_model_check(weir_notify_new(&s->n[0], s->ctx[0], sigs, 2, 0) == 0);
}

static void raise_it(struct state *s, unsigned i, int sig) {
    weir_model_write(&s->plain[i], sizeof *s->plain);
    s->plain[i] = 1;
    weir__notify_arrive(sig);
}

static void release_it(struct state *s, unsigned i) {
    weir_notify_free(s->n[i]);
    s->n[i] = NULL;
}

/* Until the context has ended. */
static void await(struct state *s, unsigned i, int sig, bool reads) {
    struct weir_case c = { weir_ctx_waitable(s->ctx[i]), NULL, WEIR_RECV, 0, 0 };
    weir_model_check(weir_select(&c, 1, WEIR_FOREVER, NULL, 0) == 0);
    weir_model_check(weir_ctx_cause(s->ctx[i]) == WEIR_CAUSE_SIGNAL(sig));
    weir_model_check(weir_notify_signal(s->n[i]) == sig);
    if (reads) {
        weir_model_read(&s->plain[i], sizeof *s->plain);
        weir_model_check(s->plain[i] == 1);
    }
}

/* Each signal has a context of its own: 0 and 1 raise, 2 waits for both. */
static void two(struct state *s, unsigned who) {
    if (who < 2) {
        raise_it(s, who, who ? SIG_B : SIG_A);
        return;
    }
    await(s, 1, SIG_B, true);
    release_it(s, 1);
    await(s, 0, SIG_A, true);
    release_it(s, 0);
}

/* One signal, both contexts, raised twice: both contexts are told, and one of the arrivals is the second. */
static void same(struct state *s, unsigned who) {
    if (who < 2) {
        weir__notify_arrive(SIG_A);
        (void)weir_fetch_add_relaxed(&s->raised, 1);
        weir_model_futex_wake(&s->raised.v_, 1);
        return;
    }
    await(s, 0, SIG_A, false);
    await(s, 1, SIG_A, false);
    for (uint32_t n; (n = weir_load_relaxed(&s->raised)) < 2;)
        (void)weir_model_futex_wait(&s->raised.v_, n, WEIR_FOREVER);
    release_it(s, 0);
    release_it(s, 1);
}

/* Told by one signal; then the other has nobody to tell, whoever has seen the end. */
static void other(struct state *s, unsigned who) {
    if (who == 0) {
        raise_it(s, 0, SIG_A);
        return;
    }
    await(s, 0, SIG_A, true);
    weir__notify_arrive(SIG_B);
    release_it(s, 0);
}

/* Registered, told, released, and again, while nothing else stands: the thread goes and comes. */
static void again(struct state *s, unsigned who) {
    (void)who;
    for (unsigned i = 0; i < 2; i++) {
        notify(s, i, SIG_A);
        raise_it(s, i, SIG_A);
        await(s, i, SIG_A, true);
        release_it(s, i);
    }
}

/* Released while the signal comes: told, or nobody's. */
static void release(struct state *s, unsigned who) {
    if (who == 0) {
        weir__notify_arrive(SIG_A);
    } else {
        release_it(s, 0);
        int err = weir_ctx_err(s->ctx[0]);
        await(s, 1, SIG_A, false);
        release_it(s, 1);
        weir_model_check(weir_ctx_err(s->ctx[0]) == err); /* nobody is told after a release */
    }
}

/* Whichever action stands. */
static void arrive(struct state *s, int sig) {
    if (weir_load_relaxed(&s->bare))
        (void)weir_fetch_add_relaxed(&s->defaults, 1);
    else
        weir__notify_arrive(sig);
}

/* Nobody is left to tell while the second one comes, and somebody registers anew: the third one, or the second, is
 * his, and the other one is the default. */
static void renew(struct state *s, unsigned who) {
    if (who == 0) {
        arrive(s, SIG_A);
        await(s, 0, SIG_A, false);
        arrive(s, SIG_A);
        weir_store_release(&s->raised, 1, 0);
        weir_model_futex_wake(&s->raised.v_, 1);
        return;
    }
    struct weir_case c = { weir_ctx_waitable(s->ctx[0]), NULL, WEIR_RECV, 0, 0 };
    weir_model_check(weir_select(&c, 1, WEIR_FOREVER, NULL, 0) == 0);
    notify(s, 1, SIG_A);
    arrive(s, SIG_A);
    await(s, 1, SIG_A, false);
    while (weir_load_acquire(&s->raised, 0) == 0)
        (void)weir_model_futex_wait(&s->raised.v_, 0, WEIR_FOREVER);
    release_it(s, 1);
    release_it(s, 0);
}
static void setup_one(void *state) {
    setup_none(state);
    notify(state, 0, SIG_A);
}

struct shape {
    void (*run)(struct state *s, unsigned who);
    uint32_t defaults;
    unsigned threads; /* that the library makes */
};

static void thread(void *state, unsigned who) {
    struct state *s = state;
    const struct shape *p = weir_model_param();
    if (made_serves(who, p->threads, weir__notify_main)) return;
    struct weir_model_op *op = weir_model_begin("use", 0);
    p->run(s, who);
    weir_model_end(op, 0);
    made_through(&s->users);
}

static void finish(void *state) {
    struct state *s = state;
    const struct shape *p = weir_model_param();
    weir_model_check(weir_load_relaxed(&s->defaults) == p->defaults);
    for (unsigned i = 0; i < 2; i++) weir_ctx_unref(s->ctx[i]);
}

#define NOTIFY(var, name_, about_, threads_, setup_, run_, defaults_, options_) \
    static const struct shape var##_shape = { run_, defaults_, 1 };             \
    static const struct weir_model_scenario var = {                             \
        .name = name_,                                                          \
        .about = about_,                                                        \
        .threads = threads_,                                                    \
        .param = &var##_shape,                                                  \
        .state_size = sizeof(struct state),                                     \
        .setup = setup_,                                                        \
        .thread = thread,                                                       \
        .finish = finish,                                                       \
        .options = options_,                                                    \
    }
NOTIFY(two_, "notify.two", "two signals, a context each", 4, setup_two, two, 0, "preemptions=1");
NOTIFY(same_, "notify.same", "one signal twice, two contexts: the second is the default", 4,
       setup_same, same, 1, "preemptions=1");
NOTIFY(other_, "notify.other", "two signals, one context: the second is the default", 3, setup_both,
       other, 1, NULL);
NOTIFY(release_, "notify.release", "released while the signal comes", 3, setup_same, release, 0,
       NULL);
NOTIFY(renew_, "notify.renew", "registered anew beside the second one", 3, setup_one, renew, 1,
       "preemptions=1");

/* The thread ends in between, so that there are two of them. */
static void setup_again(void *state) {
    setup_none(state);
    ex_threads_left = 2;
    weir_init_atomic(&((struct state *)state)->users, 1);
}
static const struct shape again_shape = { again, 0, 2 };
static const struct weir_model_scenario again_ = {
    .name = "notify.again",
    .about = "registered again while the library's thread ends",
    .threads = 3,
    .param = &again_shape,
    .state_size = sizeof(struct state),
    .setup = setup_again,
    .thread = thread,
    .finish = finish,
    .options = "preemptions=1",
};

const struct weir_model_scenario *const notify_scenarios[] = { &two_,   &same_,  &release_, &other_,
                                                               &renew_, &again_, NULL };
