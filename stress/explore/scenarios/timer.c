/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/timer.c - timers and tickers: who stops or resets against who waits, by the
 * clock. */
#include <weir/chan.h>
#include <weir/timer.h>

#include "../../../lib/thread.h"
#include "../engine.h"
#include "all.h"

/* Half a millisecond after the start: passes only by choice, or when everybody sleeps. */
#define AT INT64_C(1000500000)
#define LATER (AT + INT64_C(5000000000)) /* comes when nothing else can */
#define NEXT (AT + INT64_C(3000000000))

struct state {
    weir_timer *t;
    weir_ticker *ticker;
    weir_chan *chan;
    weir_ctx *ctx;
    weir_time got[3];
    int rc[3];
    uint64_t plain;
};

static void register_thread(void *arg) {
    (void)arg;
    (void)weir__thread_self();
}

static void setup_with(struct state *s, weir_time at) {
    struct weir_chan_opts o = WEIR_CHAN_OPTS(0, sizeof(uint64_t));
    for (unsigned i = 0; i < E.sc->threads; i++) weir_model_as(i, register_thread, NULL);
    weir_model_check(weir_timer_new(&s->t, at) == 0);
    weir_model_check(weir_ticker_new(&s->ticker, 500000) == 0);
    weir_model_check(weir_chan_new(&s->chan, &o) == 0);
    weir_model_check(weir_ctx_new(&s->ctx, NULL, AT) == 0);
}
static void setup_set(void *state) { setup_with(state, AT); }
static void setup_unset(void *state) { setup_with(state, WEIR_FOREVER); }
static void setup_later(void *state) { setup_with(state, LATER); }

static void end(struct state *s) {
    weir_model_check(weir_timer_free(s->t) == 0);
    weir_model_check(weir_ticker_free(s->ticker) == 0);
    weir_model_check(weir_chan_unref(s->chan) == 0);
    weir_ctx_unref(s->ctx);
}

static int wait_select(struct state *s, unsigned who, weir_time deadline, weir_ctx *ctx) {
    struct weir_case c = WEIR_CASE_TIMER(s->t, &s->got[who]);
    struct weir_model_op *op = weir_model_begin("wait", 0);
    ptrdiff_t i = weir_select(&c, 1, deadline, ctx, 0);
    s->rc[who] = i == 0 ? c.result : (int)i;
    weir_model_check((s->rc[who] == 0) == (s->got[who] != 0));
    if (i == 0) weir_model_check(E.clock >= s->got[who]); /* never early */
    weir_model_end(op, s->rc[who]);
    return s->rc[who];
}

/* ---- T02 T03: stop against fire ---------------------------------------------------------------- */

static void stop(void *state, unsigned who) {
    struct state *s = state;
    if (who == 0) {
        (void)wait_select(s, 0, LATER, NULL);
    } else {
        struct weir_model_op *op = weir_model_begin("stop", 0);
        s->rc[1] = weir_timer_stop(s->t);
        weir_model_end(op, s->rc[1]);
        if (who == 1 && s->rc[1] == 1) { /* nothing stale is left */
            weir_model_check(weir_timer_wait(s->t, WEIR_NOW, NULL) == WEIR_EAGAIN);
            weir_model_check(weir_timer_stop(s->t) == 0);
        }
    }
}

static void stop_finish(void *state) {
    struct state *s = state;
    weir_model_check(s->rc[0] == (s->rc[1] == 1 ? WEIR_ETIMEDOUT : 0));
    end(s);
}

/* ---- T01: two wait, one gets it ------------------------------------------------------------------ */

static void two(void *state, unsigned who) { (void)wait_select(state, who, LATER, NULL); }

static void two_finish(void *state) {
    struct state *s = state;
    weir_model_check((s->rc[0] == 0) + (s->rc[1] == 0) == 1);
    weir_model_check(s->rc[0] == WEIR_ETIMEDOUT || s->rc[1] == WEIR_ETIMEDOUT);
    end(s);
}

/* ---- T04: reset against one who waits ------------------------------------------------------------- */

/* From later or never to now: the waiter is woken, and sees what came before the reset. */
static void reset_now(void *state, unsigned who) {
    struct state *s = state;
    if (who == 0) {
        weir_model_check(wait_select(s, 0, WEIR_FOREVER, NULL) == 0);
        weir_model_check(s->got[0] == 1);
        weir_model_check(E.clock < LATER); /* it has not slept on until the old time */
        weir_model_read(&s->plain, sizeof s->plain);
        weir_model_check(s->plain == 1);
    } else {
        struct weir_model_op *op = weir_model_begin("reset", 0);
        weir_model_write(&s->plain, sizeof s->plain);
        s->plain = 1;
        s->rc[1] = weir_timer_reset(s->t, 1);
        weir_model_end(op, s->rc[1]);
    }
}

static void reset_now_finish(void *state) {
    struct state *s = state;
    weir_model_check(s->rc[1] == (weir_model_param() != NULL));
    end(s);
}

/* From about now to a later time: what reset says is true. */
static void reset_next(void *state, unsigned who) {
    struct state *s = state;
    if (who == 0) {
        (void)wait_select(s, 0, WEIR_FOREVER, NULL);
    } else {
        struct weir_model_op *op = weir_model_begin("reset", 0);
        s->rc[1] = weir_timer_reset(s->t, NEXT);
        weir_model_end(op, s->rc[1]);
    }
}

static void reset_next_finish(void *state) {
    struct state *s = state;
    weir_model_check(s->got[0] == (s->rc[1] == 1 ? NEXT : AT));
    weir_model_check(weir_timer_stop(s->t) == (s->rc[1] == 0));
    end(s);
}

/* ---- T05: a ticker and a channel in one select -------------------------------------------------------- */

static void ticks(void *state, unsigned who) {
    struct state *s = state;
    uint64_t v = 0;
    struct weir_case c[] = { WEIR_CASE_RECV(s->chan, &v), WEIR_CASE_TICK(s->ticker, &s->got[who]) };
    struct weir_model_op *op = weir_model_begin(who == 2 ? "stop" : who ? "send" : "select", 0);
    if (who == 0) {
        ptrdiff_t i = weir_select(c, 2, LATER, NULL, 0);
        s->rc[0] = (int)i;
        weir_model_check(i == 0 || i == 1 || i == WEIR_ETIMEDOUT);
        weir_model_check(v == (i == 0 ? 7 : 0) && (s->got[0] != 0) == (i == 1));
        if (i == 1) weir_model_check(E.clock >= s->got[0]);
    } else if (who == 1) {
        v = 7;
        s->rc[1] = weir_chan_send_wait(s->chan, &v, AT, NULL);
    } else {
        s->rc[2] = weir_ticker_stop(s->ticker);
        weir_model_check(s->rc[2] == 1); /* it ran, whether a tick was taken or not */
        weir_model_check(weir_ticker_wait(s->ticker, WEIR_NOW, NULL) == WEIR_EAGAIN);
    }
    weir_model_end(op, s->rc[who]);
}

static void ticks_finish(void *state) {
    struct state *s = state;
    weir_model_check((s->rc[0] == 0) ==
                     (s->rc[1] == 0)); /* both got the element through, or neither */
    end(s);
}

/* ---- X23: when the waiter wakes, the timer is due and the context has ended ------------------------------ */

/* Without preemptions, and with one jump of the clock: that of the one who resets, or none that counts. */
static void both_due(void *state, unsigned who) {
    struct state *s = state;
    if (who == 0) {
        (void)wait_select(s, 0, WEIR_FOREVER, s->ctx);
    } else {
        struct weir_model_op *op = weir_model_begin("reset, look at the clock", 0);
        s->rc[1] = weir_timer_reset(s->t, AT - 10000);
        s->plain = weir_now() > AT;
        weir_model_end(op, s->rc[1]);
    }
}

static void both_due_finish(void *state) {
    struct state *s = state;
    if (s->plain) {
        weir_model_check(s->rc[0] == WEIR_ETIMEDOUT);
        weir_model_check(weir_timer_stop(s->t) == 1); /* nothing was taken */
    }
    end(s);
}

/* ---- a cancel while the timer, or the context's deadline, comes ------------------------------------------ */

static void setup_cancel(void *state) {
    struct state *s = state;
    setup_with(s, weir_model_param() ? AT : WEIR_FOREVER);
    weir_ctx_unref(s->ctx);
    weir_model_check(weir_ctx_new(&s->ctx, NULL, weir_model_param() ? LATER : AT) == 0);
}

static void cancels(void *state, unsigned who) {
    struct state *s = state;
    if (who == 0) {
        struct weir_model_op *op = weir_model_begin("wait", 0);
        s->rc[0] = weir_timer_wait(s->t, LATER, s->ctx);
        weir_model_end(op, s->rc[0]);
    } else if (who == 1) {
        struct weir_model_op *op = weir_model_begin("cancel", 0);
        weir_model_check(weir_ctx_cancel(s->ctx, 0) == 0);
        weir_model_end(op, 0);
    }
}

static void cancels_finish(void *state) {
    struct state *s = state;
    weir_model_check(s->rc[0] <= 0); /* never a code of lib/wait.h */
    bool fired = weir_timer_stop(s->t) == 0 && weir_model_param();
    weir_model_check((s->rc[0] == 0) == fired);
    if (s->rc[0] < 0) weir_model_check(s->rc[0] == weir_ctx_err(s->ctx));
    end(s);
}

/* the same through a select, the context as its own case too */
static void cancels_select(void *state, unsigned who) {
    struct state *s = state;
    if (who == 0) {
        struct weir_case c[] = { { weir_ctx_waitable(s->ctx), NULL, WEIR_RECV, 0, 0 },
                                 WEIR_CASE_TIMER(s->t, &s->got[0]) };
        struct weir_model_op *op = weir_model_begin("select", 0);
        ptrdiff_t i = weir_select(c, 2, LATER, weir_model_param() ? s->ctx : NULL, 0);
        s->rc[0] = (int)i;
        weir_model_end(op, s->rc[0]);
        weir_model_check(i < 2);
        weir_model_check((i == 1) == (s->got[0] != 0)); /* no firing, no index */
        if (i == 0) weir_model_check(c[0].result == weir_ctx_err(s->ctx) && c[0].result < 0);
    } else {
        cancels(state, who);
    }
}
static void cancels_select_finish(void *state) { end(state); }

/* one case and a context: an index or an error, and nothing else */
static void cancels_one(void *state, unsigned who) {
    struct state *s = state;
    if (who == 0) {
        struct weir_case c = WEIR_CASE_TIMER(s->t, &s->got[0]);
        struct weir_model_op *op = weir_model_begin("select", 0);
        ptrdiff_t i = weir_select(&c, 1, LATER, s->ctx, 0);
        s->rc[0] = (int)i;
        weir_model_end(op, s->rc[0]);
        weir_model_check(i < 1);                        /* an index that there is */
        weir_model_check((i == 0) == (s->got[0] != 0)); /* performed */
        if (i < 0) weir_model_check(i == weir_ctx_err(s->ctx));
    } else {
        cancels(state, who);
    }
}

/* a strict channel with nobody at the other end: a receive cannot succeed */
static void setup_recv(void *state) {
    struct state *s = state;
    struct weir_chan_opts o = WEIR_CHAN_OPTS(0, sizeof(uint64_t));
    setup_cancel(state);
    weir_model_check(weir_chan_unref(s->chan) == 0);
    o.kind = WEIR_CHAN_STRICT;
    weir_model_check(weir_chan_new(&s->chan, &o) == 0);
}
static void cancels_recv(void *state, unsigned who) {
    struct state *s = state;
    if (who == 0) {
        uint64_t v = 99;
        struct weir_model_op *op = weir_model_begin("recv", 0);
        s->rc[0] = weir_chan_recv_wait(s->chan, &v, WEIR_FOREVER, s->ctx);
        weir_model_end(op, s->rc[0]);
        weir_model_check(s->rc[0] == weir_ctx_err(s->ctx));
    } else {
        cancels(state, who);
    }
}

#define SCENARIO(var, name_, about_, threads_, setup_, thread_, finish_, param_, opts_) \
    static const struct weir_model_scenario var = { .name = name_,                      \
                                                    .about = about_,                    \
                                                    .threads = threads_,                \
                                                    .param = param_,                    \
                                                    .state_size = sizeof(struct state), \
                                                    .setup = setup_,                    \
                                                    .thread = thread_,                  \
                                                    .finish = finish_,                  \
                                                    .options = opts_ }
SCENARIO(stop_, "timer.stop", "stop against fire: either gets it", 2, setup_set, stop, stop_finish,
         NULL, "timeouts=2");
SCENARIO(two_, "timer.two", "two wait, one gets it", 2, setup_set, two, two_finish, NULL,
         "timeouts=2");
SCENARIO(unset_, "timer.reset.unset", "one waits for a timer that is not set, one sets it", 2,
         setup_unset, reset_now, reset_now_finish, NULL, "timeouts=2");
SCENARIO(sooner_, "timer.reset.sooner", "one waits, one resets to an earlier time", 2, setup_later,
         reset_now, reset_now_finish, "was set", "timeouts=0");
SCENARIO(next_, "timer.reset.later", "one waits, one resets to a later time", 2, setup_set,
         reset_next, reset_next_finish, NULL, "timeouts=2");
SCENARIO(ticks_, "ticker.select", "a ticker beside a channel; one sends, one stops the ticker", 3,
         setup_set, ticks, ticks_finish, NULL, "timeouts=2");
SCENARIO(cancel_fire_, "timer.cancel.fire", "a cancel while the timer fires", 2, setup_cancel,
         cancels, cancels_finish, "fires", "timeouts=2");
SCENARIO(cancel_late_, "timer.cancel.deadline", "a cancel while the context's deadline passes", 2,
         setup_cancel, cancels, cancels_finish, NULL, "timeouts=2");
SCENARIO(cancel_sel_, "timer.cancel.select", "the same in a select, and the context is a case", 2,
         setup_cancel, cancels_select, cancels_select_finish, NULL, "timeouts=2");
SCENARIO(cancel_sel2_, "timer.cancel.select.fire", "the same in a select, timer", 2, setup_cancel,
         cancels_select, cancels_select_finish, "fires", "timeouts=2");
SCENARIO(cancel_one_, "timer.cancel.one.fire", "a cancel while a select's timer fires", 2,
         setup_cancel, cancels_one, cancels_select_finish, "fires", "timeouts=2");
SCENARIO(cancel_one2_, "timer.cancel.one.deadline", "a cancel while a select's context ends", 2,
         setup_cancel, cancels_one, cancels_select_finish, NULL, "timeouts=2");
SCENARIO(cancel_recv_, "timer.cancel.recv", "a cancel while a receive's context ends", 2,
         setup_recv, cancels_recv, cancels_select_finish, NULL, "timeouts=2");
static const struct weir_model_scenario both_ = {
    .name = "timer.ctx",
    .about = "a timer is due and the context has ended: the context's error",
    .threads = 2,
    .flags = WEIR_MODEL_FIXED,
    .state_size = sizeof(struct state),
    .setup = setup_later,
    .thread = both_due,
    .finish = both_due_finish,
    .options = "preemptions=0 timeouts=1"
};

const struct weir_model_scenario *const timer_scenarios[] = {
    &stop_,        &two_,        &unset_,       &sooner_,      &next_,
    &ticks_,       &both_,       &cancel_fire_, &cancel_late_, &cancel_sel_,
    &cancel_sel2_, &cancel_one_, &cancel_one2_, &cancel_recv_, NULL
};
