/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/limiter.c - the rate limiter. Calls with a clock of their own: what they say, and the
 * tokens that are left, is what they would say one after another, in some order that keeps who came before whom.
 * (The arithmetic is tested elsewhere, tests/limiter: here the same limiter alone is the specification.) And
 * waits, by the explorer's clock. */
#include <weir/ctx.h>
#include <weir/limiter.h>

#include "../../../lib/thread.h"
#include "../engine.h"
#include "all.h"

#define START INT64_C(1000000000)
#define MS INT64_C(1000000)
#define LATE (INT64_C(1) << 53) /* after which the base of a clock in ns moves */
#define CALLS 4                 /* of a thread */

/* ---- calls, and what they would say one after another -------------------------------------------- */

enum verb { END, ALLOW, RESERVE, CANCEL, LIMIT, BURST, TOKENS };
static const char *const names[] = { "end",       "allow",     "reserve", "cancel",
                                     "set_limit", "set_burst", "tokens" };

/* A call at START + at, of n tokens, or to n. CANCEL: what the thread has reserved last. */
struct one {
    enum verb verb;
    uint32_t n;
    int64_t at;
};

/* A bucket of `burst` tokens, one more each ms, of which `taken` are taken at START. */
struct shape {
    uint32_t burst, taken;
    struct one calls[3][CALLS];
};

struct state {
    weir_limiter l;
    struct weir_reservation r[3];
};

static void fill(struct state *s) {
    const struct shape *p = weir_model_param();
    weir_model_check(weir_limiter_init_at(&s->l, 1000, p->burst, START) == 0);
    for (uint32_t i = 0; i < p->taken; i++)
        weir_model_check(weir_limiter_allow_at(&s->l, 1, START));
}

static void setup(void *state) { fill(state); }

static int64_t perform(struct state *s, unsigned who, const struct one *c) {
    weir_time now = START + c->at;
    switch (c->verb) {
        case ALLOW: return weir_limiter_allow_at(&s->l, c->n, now);
        case RESERVE:
            s->r[who] = weir_limiter_reserve_at(&s->l, c->n, now);
            return s->r[who].time - START;
        case CANCEL: return weir_limiter_cancel_at(&s->l, &s->r[who], now);
        case LIMIT: return weir_limiter_set_limit_at(&s->l, c->n, now);
        case BURST: return weir_limiter_set_burst_at(&s->l, c->n, now);
        case TOKENS: return (int64_t)(weir_limiter_tokens_at(&s->l, now) * 1e6);
        default: return 0;
    }
}

static void calls(void *state, unsigned who) {
    const struct shape *p = weir_model_param();
    for (const struct one *c = p->calls[who]; c < p->calls[who] + CALLS && c->verb != END; c++) {
        struct weir_model_op *op = weir_model_begin(names[c->verb], c->verb);
        op->in[0] = c->n;
        op->nin = 1;
        /* Two looks and a failed compare-and-swap at most; cancel may need the lock. */
        if (c->verb == ALLOW || c->verb == RESERVE || c->verb == TOKENS) weir_model_claims(30);
        weir_model_end(op, perform(state, who, c));
    }
}

struct replay {
    const struct weir_model_op *ops;
    size_t n;
    weir_limiter *left; /* at the end of the execution */
    weir_time end;
};

/* Whether the operation may come next, if those of `done` have come. */
static bool may_follow(const struct replay *y, unsigned done, size_t i) {
    for (size_t k = 0; k < y->n; k++)
        if (k != i && !(done >> k & 1) && y->ops[k].ret < y->ops[i].call) return false;
    return true;
}

static bool same_tokens(const struct replay *y, const struct state *s) {
    double a = weir_limiter_tokens_at(y->left, y->end), b = weir_limiter_tokens_at(&s->l, y->end);
    return a > b - 1e-6 && a < b + 1e-6;
}

static bool explains(const struct replay *y, unsigned done, const struct state *before) {
    const struct shape *p = weir_model_param();
    if (done == (1U << y->n) - 1) return same_tokens(y, before);
    for (size_t i = 0; i < y->n; i++) {
        const struct weir_model_op *op = &y->ops[i];
        if (done >> i & 1 || !may_follow(y, done, i)) continue;
        struct state s = *before;
        if (perform(&s, op->thread, &p->calls[op->thread][op->seq]) == op->result &&
            explains(y, done | 1U << i, &s))
            return true;
    }
    return false;
}

static void finish(void *state) {
    const struct shape *p = weir_model_param();
    struct state *s = state, first = { .r = { { 0 } } };
    struct replay y = { .left = &s->l, .end = START };
    y.ops = weir_model_history(&y.n);
    for (unsigned i = 0; i < 3 * CALLS; i++) {
        weir_time at = START + p->calls[i / CALLS][i % CALLS].at;
        if (at > y.end) y.end = at;
    }
    fill(&first);
    if (!explains(&y, 0, &first)) weir_model_fail("no order of the calls explains what they said");
}

static const struct shape two_allow = {
    4, 1, { { { ALLOW, 1, 0 }, { ALLOW, 2, 0 } }, { { ALLOW, 1, 0 }, { ALLOW, 1, MS } } }
};
static const struct shape three_allow = { 2,
                                          0,
                                          { { { ALLOW, 1, 0 }, { ALLOW, 1, 0 } },
                                            { { ALLOW, 1, 0 } },
                                            { { TOKENS, 0, 0 }, { ALLOW, 1, 0 } } } };
static const struct shape two_reserve = {
    2, 2, { { { RESERVE, 2, 0 }, { CANCEL, 0, 0 } }, { { RESERVE, 1, 0 }, { TOKENS, 0, 0 } } }
};
static const struct shape two_cancel = {
    3, 3, { { { RESERVE, 3, 0 }, { CANCEL, 0, 0 } }, { { RESERVE, 2, 0 }, { CANCEL, 0, MS } } }
};
static const struct shape cancel_slot = { /* the slot may have come when it is cancelled */
                                          1,
                                          1,
                                          { { { RESERVE, 1, 0 }, { CANCEL, 0, MS } },
                                            { { RESERVE, 1, 0 }, { ALLOW, 1, 2 * MS } } }
};
static const struct shape
    limit_allow = { /* two changes: the pace is written again while it is read */
                    4,
                    3,
                    { { { LIMIT, 500, 0 }, { LIMIT, 3000, 0 } },
                      { { ALLOW, 1, MS }, { ALLOW, 1, 2 * MS } } }
    };
static const struct shape limit_reserve = {
    2, 2, { { { LIMIT, 2000, 0 } }, { { RESERVE, 2, 0 }, { CANCEL, 0, 0 } } }
};
static const struct shape limit_room = { 3,
                                         3,
                                         { { { LIMIT, 4000, 0 }, { RESERVE, 1, 0 } },
                                           { { RESERVE, 3, 0 }, { RESERVE, 1, 0 } },
                                           { { TOKENS, 0, 0 } } } };
static const struct shape burst_allow = {
    3, 0, { { { BURST, 1, 0 }, { BURST, 5, 0 } }, { { ALLOW, 2, 0 }, { ALLOW, 1, MS } } }
};
static const struct shape three_change = {
    2, 1, { { { LIMIT, 500, 0 } }, { { BURST, 4, 0 } }, { { ALLOW, 1, 0 }, { ALLOW, 1, MS } } }
};
static const struct shape base_moves = {
    2, 2, { { { ALLOW, 1, LATE + MS }, { TOKENS, 0, LATE + MS } }, { { ALLOW, 2, LATE + MS } } }
};

/* ---- waits ----------------------------------------------------------------------------------------- */

struct waits {
    weir_limiter l;
    weir_ctx *ctx;
    struct weir_reservation r;
    weir_time back[2]; /* when they came back */
    int rc[2];
};

static void register_thread(void *arg) {
    (void)arg;
    (void)weir__thread_self();
}

/* Empty, and a token each ms. */
static void setup_waits(void *state) {
    struct waits *s = state;
    for (unsigned i = 0; i < E.sc->threads; i++) weir_model_as(i, register_thread, NULL);
    weir_model_check(weir_ctx_new(&s->ctx, NULL, WEIR_FOREVER) == 0);
    weir_model_check(weir_limiter_init_at(&s->l, 1000, 2, START) == 0);
    weir_model_check(weir_limiter_allow_at(&s->l, 2, START));
}

/* Tokens that were taken of those that have come since START, or will. */
static int64_t taken(struct waits *s) {
    return (int64_t)(1000.5 - weir_limiter_tokens_at(&s->l, START)) - 1000;
}

/* R12: thread 0 waits for two tokens, 1 cancels, 2 reserves one. */
static void cancelled(void *state, unsigned who) {
    static const char *const name[] = { "wait", "cancel", "reserve" };
    struct waits *s = state;
    struct weir_model_op *op = weir_model_begin(name[who], 0);
    int rc = 0;
    if (who == 0) {
        rc = s->rc[0] = weir_limiter_wait(&s->l, 2, WEIR_FOREVER, s->ctx);
        s->back[0] = E.clock;
    } else if (who == 1) {
        rc = weir_ctx_cancel(s->ctx, 0);
    } else {
        s->r = weir_limiter_reserve(&s->l, 1);
    }
    weir_model_end(op, rc);
}

/* Thread 2 had its token before the wait, or after the wait had given back its own; or later. */
static void cancelled_finish(void *state) {
    struct waits *s = state;
    bool first = s->r.time == START + MS;
    weir_model_check(first || s->r.time == START + 3 * MS);
    if (s->rc[0] == 0) {
        weir_model_check(s->back[0] >= START + (first ? 3 : 2) * MS);
        weir_model_check(taken(s) == 3);
    } else {
        weir_model_check(s->rc[0] == WEIR_ECANCELED);
        weir_model_check(taken(s) == (first ? 1 : 2));
    }
    weir_ctx_unref(s->ctx);
}

/* The same while the clock moves: the wait may be served, or cancelled too late. In a second all is full again. */
static void slot_finish(void *state) {
    struct waits *s = state;
    if (s->rc[0] == 0) weir_model_check(s->back[0] >= START + 2 * MS);
    if (E.clock < START + 1000 * MS) {
        bool late = s->back[0] >= START + 2 * MS;
        weir_model_check(taken(s) == 3 || (s->rc[0] == WEIR_ECANCELED && taken(s) > 0));
        weir_model_check(taken(s) < 3 || s->rc[0] == 0 || late);
    }
    weir_ctx_unref(s->ctx);
}

/* R19: both are served, each of them by the clock of its waking. */
static void recheck(void *state, unsigned who) {
    struct waits *s = state;
    struct weir_model_op *op = weir_model_begin("wait_recheck", 0);
    s->rc[who] = weir_limiter_wait_recheck(&s->l, 1, WEIR_FOREVER, s->ctx);
    s->back[who] = E.clock;
    weir_model_end(op, s->rc[who]);
}

static void recheck_finish(void *state) {
    struct waits *s = state;
    weir_model_check(s->rc[0] == 0 && s->rc[1] == 0);
    weir_time last = s->back[0] > s->back[1] ? s->back[0] : s->back[1];
    weir_time first = s->back[0] + s->back[1] - last;
    weir_model_check(first >= START + MS && last >= START + 2 * MS);
    weir_ctx_unref(s->ctx);
}

#define CALLS_(var, name_, about_, threads_, options_)                                     \
    static const struct weir_model_scenario var##_ = { .name = name_,                      \
                                                       .about = about_,                    \
                                                       .threads = threads_,                \
                                                       .param = &(var),                    \
                                                       .state_size = sizeof(struct state), \
                                                       .setup = setup,                     \
                                                       .thread = calls,                    \
                                                       .finish = finish,                   \
                                                       .options = options_ }
CALLS_(two_allow, "limiter.allow", "four allows, four tokens", 2, "solo=1");
CALLS_(three_allow, "limiter.allow.three", "four allows, two tokens", 3, "solo=1");
CALLS_(two_reserve, "limiter.reserve", "reserve and cancel against reserve", 2, "solo=1");
CALLS_(two_cancel, "limiter.cancel", "two reserve and cancel", 2, "solo=1");
CALLS_(cancel_slot, "limiter.cancel.slot", "reserve and cancel at its slot, against reserve", 2,
       "solo=1");
CALLS_(limit_allow, "limiter.limit", "set_limit, twice, against allow", 2, "solo=1");
CALLS_(limit_reserve, "limiter.limit.cancel", "set_limit against reserve and cancel", 2, "solo=1");
CALLS_(limit_room, "limiter.limit.reserve", "set_limit and reserve against reserve and tokens", 3,
       "solo=1");
CALLS_(burst_allow, "limiter.burst", "set_burst, twice, against allow", 2, "solo=1");
CALLS_(three_change, "limiter.change", "set_limit against set_burst against allow", 3, "solo=1");
CALLS_(base_moves, "limiter.base", "two find the clock near its end", 2, NULL);

#define WAITS(var, name_, about_, threads_, thread_, finish_, param_, options_)         \
    static const struct weir_model_scenario var = { .name = name_,                      \
                                                    .about = about_,                    \
                                                    .threads = threads_,                \
                                                    .param = param_,                    \
                                                    .state_size = sizeof(struct waits), \
                                                    .setup = setup_waits,               \
                                                    .thread = thread_,                  \
                                                    .finish = finish_,                  \
                                                    .options = options_ }
WAITS(wait_, "limiter.wait", "wait is cancelled before its slot, against reserve", 3, cancelled,
      cancelled_finish, NULL, "timeouts=0");
WAITS(slot_, "limiter.wait.slot", "wait is cancelled, or its slot comes, against reserve", 3,
      cancelled, slot_finish, NULL, "timeouts=2");
WAITS(recheck_, "limiter.recheck", "two wait, and look again", 2, recheck, recheck_finish, NULL,
      "timeouts=2");

const struct weir_model_scenario *const limiter_scenarios[] = {
    &two_allow_,   &three_allow_,   &two_reserve_, &two_cancel_,  &cancel_slot_,
    &limit_allow_, &limit_reserve_, &limit_room_,  &burst_allow_, &three_change_,
    &base_moves_,  &wait_,          &slot_,        &recheck_,     NULL
};
