/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/wg.c - wait groups.
 *
 * Each thread does what its word says: D writes plain memory of its own, then done; W waits, reads all of it, and
 * frees; V waits and reads; T waits with a deadline, and if that was too early goes on; @ waits with the
 * context; [ selects the wait group or a receive from the rendezvous, and ] a send to it with a deadline; A
 * adds from wherever the counter is and is done, if it may; X cancels; L only looks for zero, and then
 * waits no more. */
#include <weir/chan.h>
#include <weir/wg.h>

#include <string.h>

#include "../../../lib/thread.h"
#include "../engine.h"
#include "all.h"

#define DEADLINE INT64_C(1000500000)

struct state {
    weir_wg *wg;
    weir_chan *chan;
    weir_ctx *ctx;
    uint64_t plain[EX_THREADS];
    unsigned dones;
};

struct wg_case {
    const char *program[EX_THREADS];
};

static const struct wg_case *of(void) { return weir_model_param(); }

static void register_thread(void *arg) {
    (void)arg;
    (void)weir__thread_self();
}

static void register_threads(void) {
    for (unsigned i = 0; i < E.sc->threads; i++) weir_model_as(i, register_thread, NULL);
}

/* An add from zero while a wait ends is refused: the programs with A check it. */
static void no_report(const char *call, const char *what, void *arg) {
    (void)call;
    (void)what;
    (void)arg;
}

static void setup(void *state) {
    struct state *s = state;
    weir_set_report(no_report, NULL);
    struct weir_chan_opts o = WEIR_CHAN_OPTS(0, 0);
    register_threads();
    for (unsigned t = 0; t < E.sc->threads; t++)
        if (strchr(of()->program[t], 'D')) s->dones++;
    s->wg = weir_model_alloc(sizeof *s->wg, _Alignof(weir_wg));
    weir_model_check(weir_wg_init(s->wg) == 0);
    weir_model_check(weir_wg_add(s->wg, (int32_t)s->dones) == 0);
    o.kind = WEIR_CHAN_STRICT;
    weir_model_check(weir_chan_new(&s->chan, &o) == 0);
    weir_model_check(weir_ctx_new(&s->ctx, NULL, WEIR_FOREVER) == 0);
}

/* After a wait that has come to its end. */
static void read_all(struct state *s) {
    for (unsigned t = 0; t < E.sc->threads; t++) {
        if (!strchr(of()->program[t], 'D')) continue;
        weir_model_read(&s->plain[t], sizeof *s->plain);
        weir_model_check(s->plain[t] == 1);
    }
}

static int select_zero(struct state *s) {
    struct weir_case c[] = { WEIR_CASE_ZERO(s->wg), WEIR_CASE_RECV(s->chan, NULL) };
    ptrdiff_t k = weir_select(c, 2, WEIR_FOREVER, NULL, WEIR_SELECT_PRIORITY);
    weir_model_check(k >= 0 && c[k].result == 0);
    return (int)k;
}

static int select_send(struct state *s) {
    struct weir_case c[] = { WEIR_CASE_SEND(s->chan, NULL) };
    return (int)weir_select(c, 1, DEADLINE, NULL, 0);
}

/* It is zero, and stays so. */
static int look(struct state *s) {
    struct weir_case c[] = { WEIR_CASE_ZERO(s->wg), WEIR_CASE_RECV(s->chan, NULL) };
    ptrdiff_t k = weir_select(c, 2, WEIR_FOREVER, NULL, WEIR_SELECT_READY);
    weir_model_check(k == 0 && c[0].result == 0 && weir_wg_try_wait(s->wg) == 0);
    return 0;
}

static int add_and_done(struct state *s) {
    int rc = weir_wg_add(s->wg, 1);
    weir_model_check(rc == 0 || rc == WEIR_EINVAL);
    if (rc == 0) weir_model_check(weir_wg_done(s->wg) == 0);
    return rc;
}

static void free_it(struct state *s) {
    weir_model_free(s->wg);
    s->wg = NULL;
}

static int run(struct state *s, char letter, unsigned who) {
    int rc = 0;
    switch (letter) {
        case 'D':
            weir_model_write(&s->plain[who], sizeof *s->plain);
            s->plain[who] = 1;
            rc = weir_wg_done(s->wg);
            weir_model_check(rc == 0);
            break;
        case 'W':
        case 'V':
            rc = weir_wg_wait(s->wg);
            weir_model_check(rc == 0);
            break;
        case 'T': rc = weir_wg_wait_until(s->wg, DEADLINE); break;
        case '@': rc = weir_wg_wait_wait(s->wg, WEIR_FOREVER, s->ctx); break;
        case 'L': return look(s);
        case '[': rc = select_zero(s); break;
        case ']': return select_send(s);
        case 'A': return add_and_done(s);
        default: return weir_ctx_cancel(s->ctx, 0);
    }
    if (letter != 'D' && rc == 0) read_all(s);
    if (letter == 'W') free_it(s);
    return rc;
}

static void thread(void *state, unsigned who) {
    for (const char *p = of()->program[who]; *p; p++) {
        char name[2] = { *p, 0 };
        struct weir_model_op *op = weir_model_begin(*p == 'D'   ? "write, done"
                                                    : *p == 'W' ? "wait, read, free"
                                                    : *p == 'X' ? "cancel"
                                                    : *p == 'A' ? "add, done"
                                                    : *p == 'L' ? "look"
                                                    : *p == '[' ? "select"
                                                    : *p == ']' ? "send"
                                                                : "wait, read",
                                                    0);
        weir_model_end(op, run(state, name[0], who));
    }
}

static void finish(void *state) {
    struct state *s = state;
    if (s->wg) {
        weir_model_check(s->wg->word_.v_ == 0 && !s->wg->queue_.first && s->wg->lock_.v_ == 0);
        free_it(s);
    }
    weir_model_check(weir_chan_unref(s->chan) == 0);
    weir_ctx_unref(s->ctx);
}

#define WG(var, name_, threads_, ...)                             \
    static const struct wg_case var##_case = { { __VA_ARGS__ } }; \
    static const struct weir_model_scenario var = {               \
        .name = name_,                                            \
        .about = #__VA_ARGS__,                                    \
        .threads = threads_,                                      \
        .param = &var##_case,                                     \
        .state_size = sizeof(struct state),                       \
        .setup = setup,                                           \
        .thread = thread,                                         \
        .finish = finish,                                         \
    }
WG(last, "wg.last", 3, "W", "D", "D");
WG(waits, "wg.waits", 4, "V", "V", "D", "D");
WG(late, "wg.late", 3, "TW", "D", "D");
WG(late_beside, "wg.late.beside", 3, "T", "V", "D");
WG(cancel, "wg.cancel", 3, "@W", "D", "X");
WG(busy, "wg.busy", 3, "[W", "]", "D");
WG(looks, "wg.look", 3, "L", "V", "D");
WG(looks_free, "wg.look.free", 2, "LW", "D");
WG(again, "wg.again", 3, "V", "DA", "D");
WG(add, "wg.add", 3, "V", "D", "A");

/* ---- two wait groups: done here, then tried there, by two threads crosswise --------------------------------- */

struct cross {
    weir_wg wg[2];
    int tried[2];
};

static void cross_setup(void *state) {
    struct cross *s = state;
    register_threads();
    for (unsigned i = 0; i < 2; i++)
        weir_model_check(weir_wg_init(&s->wg[i]) == 0 && weir_wg_add(&s->wg[i], 1) == 0);
}

/* Thread 2, if there is one, waits for the first. */
static void cross_thread(void *state, unsigned who) {
    struct cross *s = state;
    struct weir_model_op *op = weir_model_begin(who == 2 ? "wait" : "done, try", 0);
    if (who == 2) {
        weir_model_check(weir_wg_wait(&s->wg[0]) == 0);
    } else {
        weir_model_check(weir_wg_done(&s->wg[who]) == 0);
        s->tried[who] = weir_wg_try_wait(&s->wg[!who]);
    }
    weir_model_end(op, 0);
}

static void cross_finish(void *state) {
    const struct cross *s = state;
    weir_model_check(s->tried[0] == 0 || s->tried[1] == 0);
}

/* Each thread has a wait group to itself. */
static void alone_thread(void *state, unsigned who) {
    struct cross *s = state;
    for (int i = 0; i < 2; i++) {
        struct weir_model_op *op = weir_model_begin(i ? "wait" : "done", 0);
        weir_model_claims(i ? 1 : 2);
        int rc = i ? weir_wg_wait(&s->wg[who]) : weir_wg_done(&s->wg[who]);
        weir_model_end(op, rc);
        weir_model_check(rc == 0);
    }
}

#define CROSS(var, name_, about_, threads_)         \
    static const struct weir_model_scenario var = { \
        .name = name_,                              \
        .about = about_,                            \
        .threads = threads_,                        \
        .state_size = sizeof(struct cross),         \
        .setup = cross_setup,                       \
        .thread = cross_thread,                     \
        .finish = cross_finish,                     \
    }
CROSS(cross, "wg.cross", "done here, tried there, crosswise: one succeeds", 2);
CROSS(cross_wait, "wg.cross.wait", "the same, and one waits", 3);

static const struct weir_model_scenario alone = {
    .name = "wg.alone",
    .about = "uncontended: done is a load and a read-modify-write, wait a load",
    .threads = 2,
    .state_size = sizeof(struct cross),
    .setup = cross_setup,
    .thread = alone_thread,
    .options = "solo=1",
};

const struct weir_model_scenario *const wg_scenarios[] = { &last,   &waits, &late,  &late_beside,
                                                           &cancel, &busy,  &looks, &looks_free,
                                                           &again,  &add,   &cross, &cross_wait,
                                                           &alone,  NULL };
