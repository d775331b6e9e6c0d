/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/fd.c - descriptors as cases (lib/fd.c): readiness against a wait, a deadline, another
 * case, and the poller against an object that is freed. The last thread is the poller. */
#include <poll.h>
#include <weir/chan.h>
#include <weir/fd.h>

#include "../../../lib/fd.h"
#include "../../../lib/thread.h"
#include "../engine.h"
#include "all.h"
#include "made.h"

/* Half a millisecond after the start: passes only by choice, or when everybody sleeps. */
#define AT INT64_C(1000500000)

struct state {
    weir_fd *f[2];
    weir_chan *chan;
    weir_au32 users, busy; /* busy: with the first object, until the thread is through */
    int rc[3];
};

static void register_thread(void *arg) {
    (void)arg;
    (void)weir__thread_self();
}

static void setup(void *state) {
    struct state *s = state;
    struct weir_chan_opts o = WEIR_CHAN_OPTS(1, sizeof(uint64_t));
    for (unsigned i = 0; i + 1 < E.sc->threads; i++) weir_model_as(i, register_thread, NULL);
    ex_threads_left = 1;
    weir_init_atomic(&s->users, E.sc->threads - 1);
    weir_init_atomic(&s->busy, E.sc->threads - 1);
    weir_model_check(weir_chan_new(&s->chan, &o) == 0);
    for (int i = 0; i < 2; i++) weir_model_check(weir_fd_new(&s->f[i], i) == 0);
}

static void free_first(struct state *s) { weir_model_check(weir_fd_free(s->f[0]) == 0); }

/* Whether all others are; the last one frees the second object. */
static bool last(struct state *s) {
    if (weir_fetch_sub_acq_rel(&s->busy, 1, 0) != 1) return false;
    weir_model_check(weir_fd_free(s->f[1]) == 0);
    return true;
}
static void through(struct state *s) {
    (void)last(s);
    made_through(&s->users);
}

static bool serves(unsigned who) { return made_serves(who, 1, weir__fd_main); }

static void becomes(int fd, uint32_t events) {
    struct weir_model_op *op = weir_model_begin("becomes ready", 0);
    ex_fd_set(fd, events);
    weir_model_end(op, 0);
}

static int wait_for(struct state *s, unsigned who, uint32_t on, weir_time deadline) {
    uint32_t events = 0;
    struct weir_model_op *op = weir_model_begin("wait", 0);
    int rc = weir_fd_wait(s->f[0], on, &events, deadline, NULL);
    s->rc[who] = rc;
    weir_model_check((rc == 0) == (events == (on == WEIR_RECV ? POLLIN : POLLOUT)));
    weir_model_end(op, rc);
    return rc;
}

/* ---- one waits, the other makes it ready ------------------------------------------------------------------- */

static void wait_ready(void *state, unsigned who) {
    struct state *s = state;
    if (serves(who)) return;
    if (who == 0) {
        weir_model_check(wait_for(s, 0, WEIR_RECV, WEIR_FOREVER) == 0);
        free_first(s);
    } else {
        becomes(0, POLLIN);
    }
    through(s);
}

/* A deadline against it; then the object goes, while the poller may have its report in hand. */
static void wait_until(void *state, unsigned who) {
    struct state *s = state;
    if (serves(who)) return;
    if (who == 0) {
        int rc = wait_for(s, 0, WEIR_RECV, AT);
        weir_model_check(rc == 0 || rc == WEIR_ETIMEDOUT);
        free_first(s);
    } else {
        becomes(0, POLLIN | POLLOUT);
    }
    through(s);
}

/* ---- two wait for one descriptor, for different things ------------------------------------------------------ */

static void in_and_out(void *state, unsigned who) {
    struct state *s = state;
    if (serves(who)) return;
    if (who < 2) {
        weir_model_check(wait_for(s, who, who ? WEIR_SEND : WEIR_RECV, WEIR_FOREVER) == 0);
    } else {
        becomes(0, POLLIN);
        becomes(0, POLLIN | POLLOUT);
    }
    if (last(s)) free_first(s);
    made_through(&s->users);
}

/* ---- against another case -------------------------------------------------------------------------------------- */

static void select_chan(void *state, unsigned who) {
    struct state *s = state;
    uint64_t v = 0;
    if (serves(who)) return;
    if (who == 0) {
        struct weir_case c[] = { WEIR_CASE_READABLE(s->f[0], NULL), WEIR_CASE_RECV(s->chan, &v) };
        struct weir_model_op *op = weir_model_begin("select", 0);
        ptrdiff_t i = weir_select(c, 2, WEIR_FOREVER, NULL, 0);
        s->rc[0] = (int)i;
        weir_model_check(i == 0 || i == 1);
        weir_model_check(v == (i == 1 ? 7 : 0));
        weir_model_end(op, (int)i);
        free_first(s);
    } else if (who == 1) {
        struct weir_model_op *op = weir_model_begin("send", 0);
        v = 7;
        weir_model_check(weir_chan_send(s->chan, &v) == 0);
        weir_model_end(op, 0);
        becomes(0, POLLIN);
    }
    through(s);
}

static void finish(void *state) {
    struct state *s = state;
    weir_model_check(weir_chan_unref(s->chan) == 0);
}

/* One case took effect: what was not received is still there. */
static void select_finish(void *state) {
    struct state *s = state;
    weir_model_check(weir_chan_len(s->chan) == (s->rc[0] == 1 ? 0 : 1));
    finish(s);
}

#define SCENARIO(var, name_, about_, threads_, thread_, finish_)                        \
    static const struct weir_model_scenario var = { .name = name_,                      \
                                                    .about = about_,                    \
                                                    .threads = threads_,                \
                                                    .state_size = sizeof(struct state), \
                                                    .setup = setup,                     \
                                                    .thread = thread_,                  \
                                                    .finish = finish_,                  \
                                                    .options = "timeouts=1" }
SCENARIO(ready_, "fd.ready", "a wait for a descriptor that becomes ready", 3, wait_ready, finish);
SCENARIO(until_, "fd.deadline", "the same against a deadline; then it is freed", 3, wait_until,
         finish);
SCENARIO(both_, "fd.both", "one waits to read, one to write, on one descriptor", 4, in_and_out,
         finish);
SCENARIO(select_, "fd.select", "a descriptor and a channel in one select", 3, select_chan,
         select_finish);

const struct weir_model_scenario *const fd_scenarios[] = { &ready_, &until_, &both_, &select_,
                                                           NULL };
