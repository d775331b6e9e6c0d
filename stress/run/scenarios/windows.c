/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/windows.c - recorded histories, judged by stress/lin.
 *
 * windows   short rounds, at most 64 operations in all, each between two meetings; the checker carries the
 *           states that are possible from one to the next, and in the end the ring is drained. Complete:
 *           what no order of the calls explains is found.
 * history   long rounds of one ring, in which the monitor looks for the five patterns of lin/monitor.h.
 *
 * Operations are made up before a round begins, so that only the calls and their stamps stand between two
 * meetings. Half of the rings are stamped with barriers and half with widened intervals (lin/lin.h: a
 * store may be under way when its call returns). A window that the checker gives up on counts as unknown,
 * never as passed; a run in which it gives up on more than half of them has shown nothing, and fails. */
#include "body.h"
#include "judge.h"
#include "meet.h"
#include "place.h"

#include "../../lin/monitor.h"
#include "../../lin/specs.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 8
#define WINDOW_OPS 24 /* of all threads in a round */
#define LONGEST 8     /* of one thread in a round */
#define HISTORY_OPS 2000
#define MOST_CAP 4
#define HISTORY_CAP 16

struct planned {
    uint64_t in[WEIR_LIN_VALUES];
    uint16_t kind;
    uint8_t nin, pause;
    enum { PLAIN, LATE, NEAR } form;
    bool stall; /* between its stamp and the call: it overlaps others for sure */
};

struct lane {
    _Alignas(WEIR_LINE) struct planned *plan;
    unsigned planned;
    uint64_t fresh; /* values of this worker */
};

struct windows {
    const struct ring_kind *kind;
    struct meeting meeting;
    struct placed ring;
    bool open, long_;
    unsigned threads, rounds_left;
    struct weir_lin_ring lin;
    struct weir_lin_spec spec;
    weir_lin_checker *checker[MOST_CAP]; /* of capacity 1, 2, ... */
    weir_lin_checker *now;
    weir_lin_recorder *recorder;
    struct weir_lin_ring shapes[MOST_CAP];
    enum weir_lin_mode mode;
    struct weir_lin_event *events;
    uint64_t rounds, operations, unknown, overlapping;
    struct lane lane[THREADS];
};

static struct lane *lane_of(struct windows *s, struct weir_stress_worker *w) {
    return &s->lane[weir_stress_index(w)];
}

/* ---- operations -------------------------------------------------------------------------------------- */

static int64_t run_push(const struct windows *s, const struct planned *p, weir_time d) {
    const struct ring_kind *k = s->kind;
    if (p->kind == WEIR_LIN_PUSH)
        return p->form == PLAIN ? k->push(s->ring.in, p->in) : k->push_wait(s->ring.in, p->in, d);
    return p->form == PLAIN ? k->push_n(s->ring.in, p->in, p->nin)
                            : k->push_n_wait(s->ring.in, p->in, p->nin, d);
}

static int64_t run_pop(const struct windows *s, const struct planned *p, uint64_t *out,
                       weir_time d) {
    const struct ring_kind *k = s->kind;
    if (p->kind == WEIR_LIN_POP)
        return p->form == PLAIN ? k->pop(s->ring.out, out) : k->pop_wait(s->ring.out, out, d);
    size_t n = (size_t)p->in[0];
    return p->form == PLAIN ? k->pop_n(s->ring.out, out, n) : k->pop_n_wait(s->ring.out, out, n, d);
}

static void run_one(struct windows *s, const struct planned *p, struct weir_stress_worker *w) {
    struct weir_lin_log *log = weir_lin_log_of(s->recorder, weir_stress_index(w));
    struct weir_lin_op *op = weir_lin_next(log, p->kind, 0);
    if (!weir_stress_check(op, "a log is too small")) return;
    weir_time d = p->form == NEAR ? weir_after(20000) : 1;
    op->nin = p->nin;
    memcpy(op->in, p->in, sizeof op->in);
    memset(op->out, 0, sizeof op->out);
    for (unsigned i = 0; i < p->pause; i++) weir_pause();
    weir_lin_call(log, op);
    if (p->stall) (void)sched_yield();
    int64_t rc;
    if (p->kind == WEIR_LIN_CLOSE)
        rc = s->kind->close(s->ring.in);
    else if (p->kind == WEIR_LIN_PUSH || p->kind == WEIR_LIN_PUSH_N)
        rc = run_push(s, p, d);
    else
        rc = run_pop(s, p, op->out, d);
    weir_lin_return(log, op, rc);
    if (p->kind == WEIR_LIN_POP && rc == 0) op->nout = 1;
    if (p->kind == WEIR_LIN_POP_N && rc > 0)
        op->nout = (uint8_t)(rc <= WEIR_LIN_VALUES ? rc : WEIR_LIN_VALUES + 1);
}

static void run_plan(void *state, struct weir_stress_worker *w) {
    struct windows *s = state;
    const struct lane *l = lane_of(s, w);
    for (unsigned i = 0; i < l->planned; i++) {
        run_one(s, &l->plan[i], w);
        weir_stress_progress(w);
    }
}

/* ---- plans ------------------------------------------------------------------------------------------- */

static bool chance(struct weir_stress_worker *w, unsigned percent) {
    return weir_stress_random(w, 100) < percent;
}

static void plan_op(const struct windows *s, struct planned *p, struct lane *l,
                    struct weir_stress_worker *w, unsigned pushes) {
    bool push = chance(w, pushes), batch = chance(w, s->long_ ? 10 : 30);
    if (!s->kind->push_n || (s->kind->has & RING_SOFT)) batch = false; /* or it is no one step */
    if (!(s->kind->has & RING_MANY)) push = !ring_one_pops(weir_stress_index(w));
    memset(p, 0, sizeof *p);
    p->kind =
        push ? (batch ? WEIR_LIN_PUSH_N : WEIR_LIN_PUSH) : (batch ? WEIR_LIN_POP_N : WEIR_LIN_POP);
    p->nin = batch ? (uint8_t)weir_stress_random(w, 6) : 1;
    if (push)
        for (unsigned i = 0; i < p->nin; i++)
            p->in[i] = (uint64_t)(weir_stress_index(w) + 1) << 48 | ++l->fresh;
    if (!push && batch) p->in[0] = p->nin;
    if (!push) p->nin = batch;
    if (s->kind->has & RING_WAITS) {
        p->form = chance(w, 15) ? LATE : chance(w, 10) ? NEAR : PLAIN;
        if (!s->long_ && chance(w, 2)) {
            *p = (struct planned){ .kind = WEIR_LIN_CLOSE };
            return;
        }
    }
    p->stall = chance(w, 5);
    p->pause = chance(w, 50) ? (uint8_t)weir_stress_random(w, 40) : 0;
}

static void plan_round(void *state, struct weir_stress_worker *w) {
    struct windows *s = state;
    struct lane *l = lane_of(s, w);
    static const unsigned char shares[] = { 30, 50, 50, 70 };
    unsigned most = WINDOW_OPS / s->threads < LONGEST ? WINDOW_OPS / s->threads : LONGEST;
    unsigned pushes = shares[weir_stress_random(w, 4)];
    l->planned = s->long_ ? HISTORY_OPS : 1 + (unsigned)weir_stress_random(w, most);
    for (unsigned i = 0; i < l->planned; i++) plan_op(s, &l->plan[i], l, w, pushes);
}

/* ---- judgements -------------------------------------------------------------------------------------- */

/* The monitor's report, into the log of the run. */
static void explain(const struct windows *s, const struct weir_lin_finding *f) {
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    if (!to) return;
    weir_lin_monitor_print(f, s->events, to);
    (void)fclose(to);
    weir_stress_log("%s", text);
    free(text);
}

/* Of a window. False: this ring is not followed any further. */
static bool judge_window(struct windows *s, bool last) {
    const struct weir_lin_op *ops;
    size_t n;
    int rc = weir_lin_collect(s->recorder, &ops, &n);
    if (!weir_stress_check(rc == 0, "a log is too small")) return false;
    s->operations += n;
    if (s->mode == WEIR_LIN_BARRIER) s->overlapping += judge_overlap(ops, n);
    enum weir_lin_verdict v = weir_lin_advance(s->now, ops, n, last);
    s->rounds++;
    s->unknown += v == WEIR_LIN_UNKNOWN;
    if (v == WEIR_LIN_OK || v == WEIR_LIN_UNKNOWN) return v == WEIR_LIN_OK;
    judge_explain(s->now);
    weir_stress_check(false, "not linearizable, capacity %zu: %s", (size_t)s->lin.cap,
                      weir_lin_reason(s->now));
    return false;
}

static void judge_history(struct windows *s) {
    const struct weir_lin_op *ops;
    size_t n;
    struct weir_lin_finding f;
    int rc = weir_lin_collect(s->recorder, &ops, &n);
    if (!weir_stress_check(rc == 0, "a log is too small")) return;
    s->operations += n;
    s->rounds++;
    size_t events = weir_lin_monitor_events(ops, n, s->events);
    enum weir_lin_verdict v = weir_lin_monitor(s->events, events, s->lin.cap, &f);
    s->unknown += v == WEIR_LIN_UNKNOWN;
    if (v == WEIR_LIN_OK || v == WEIR_LIN_UNKNOWN) return;
    static const char *const names[] = { "none", "fresh", "repeat", "order", "empty", "full" };
    explain(s, &f);
    weir_stress_check(false, "no queue does this: pattern %s (%s)", names[f.pattern],
                      f.reason ? f.reason : "log.txt has the events");
}

/* ---- rounds ------------------------------------------------------------------------------------------ */

static void open_ring(struct windows *s, struct weir_stress_worker *w) {
    static const uint64_t starts[] = { 0, (UINT64_C(1) << 62) - 4, UINT64_MAX - 2, UINT32_MAX - 2 };
    size_t cap = 1 + weir_stress_random(w, s->long_ ? HISTORY_CAP : MOST_CAP);
    struct shape shape = { .cap = cap,
                           .size = sizeof(uint64_t),
                           .start = starts[weir_stress_random(w, 4)],
                           .place = PLACE_EXACT };
    int rc = placed_open(&s->ring, s->kind, &shape, NULL, NULL);
    s->open = weir_stress_check(rc == 0, "no ring: %s", weir_strerror(rc));
    s->mode = weir_stress_random(w, 2) ? WEIR_LIN_BARRIER : WEIR_LIN_WIDE;
    s->lin.cap = (uint32_t)cap;
    s->rounds_left = s->long_ ? 1 : 2 + (unsigned)weir_stress_random(w, 5);
    if (s->long_) return;
    s->now = s->checker[cap - 1];
    weir_lin_begin(s->now, 0);
}

/* By the one who judges, alone: elements until none comes. */
static void drain(struct windows *s, struct weir_stress_worker *w) {
    struct planned p = { .kind = WEIR_LIN_POP };
    for (size_t i = 0; i <= HISTORY_CAP; i++) {
        size_t before = s->kind->len(s->ring.out);
        run_one(s, &p, w);
        if (before == 0) return;
    }
}

static void close_ring(struct windows *s) {
    size_t len = s->kind->len(s->ring.out);
    weir_stress_check(len == 0, "length %zu after all was popped", len);
    int rc = placed_close(&s->ring, NULL, NULL);
    weir_stress_check(rc == 0, "the ring cannot be ended: %s", weir_strerror(rc));
    s->open = false;
}

/* What stands between two rounds; false: no more comes. */
static bool between(void *state, struct weir_stress_worker *w) {
    struct windows *s = state;
    if (s->open && s->long_) {
        drain(s, w);
        judge_history(s);
        close_ring(s);
    } else if (s->open) {
        bool good = judge_window(s, false);
        if (!good || --s->rounds_left == 0) {
            weir_lin_start(s->recorder, s->mode);
            drain(s, w);
            if (good) (void)judge_window(s, true);
            close_ring(s);
        }
    }
    bool more = weir_stress_more(w);
    if (!s->open && more) open_ring(s, w);
    if (s->open && !more) s->rounds_left = 1; /* one more, and the end */
    weir_lin_start(s->recorder, s->mode);
    return s->open;
}

static const struct rounds rounds = { plan_round, between, run_plan };

static void windows_thread(void *state, struct weir_stress_worker *w) {
    struct windows *s = state;
    meet_rounds(&s->meeting, &rounds, s, w);
}

/* ---- the scenarios ----------------------------------------------------------------------------------- */

static int make_checkers(struct windows *s) {
    for (uint32_t i = 0; i < MOST_CAP; i++) {
        struct weir_lin_opts o = WEIR_LIN_OPTS;
        o.budget = 1u << 14; /* a window of which no more than that is understood is unknown */
        s->shapes[i] = (struct weir_lin_ring){ .cap = i + 1,
                                               .exact = s->kind->has & RING_EXACT,
                                               .soft = s->kind->has & RING_SOFT };
        if (weir_lin_ring_spec(&s->spec, &s->shapes[i]) < 0) return WEIR_EINVAL;
        if (weir_lin_checker_new(&s->checker[i], &s->spec, &o) < 0) return WEIR_ENOMEM;
    }
    return 0;
}

static int windows_setup(void *state, struct weir_stress *run) {
    struct windows *s = state;
    const struct body_of *b = body_of(run);
    s->kind = b->kind;
    s->long_ = b->body->param != NULL;
    s->threads = weir_stress_threads(run);
    unsigned most = s->long_ ? HISTORY_OPS : LONGEST;
    meet_init(&s->meeting, s->threads);
    for (unsigned i = 0; i < s->threads; i++) {
        s->lane[i].plan = calloc(most, sizeof *s->lane[i].plan);
        if (!s->lane[i].plan) return WEIR_ENOMEM;
    }
    size_t all = (size_t)s->threads * (most + HISTORY_CAP + 1);
    if (s->long_) s->events = calloc(1 + 8 * all, sizeof *s->events);
    if (s->long_ && !s->events) return WEIR_ENOMEM;
    int rc = weir_lin_recorder_new(&s->recorder, s->threads, most + HISTORY_CAP + 1);
    return rc < 0 || s->long_ ? rc : make_checkers(s);
}

static void windows_finish(void *state) {
    struct windows *s = state;
    weir_stress_count_of("rounds", s->rounds);
    weir_stress_count_of("calls", s->operations);
    weir_stress_count_of("unknown", s->unknown);
    if (!s->long_) weir_stress_count_of("overlapping", s->overlapping);
    weir_stress_check(2 * s->unknown <= s->rounds,
                      "%llu of %llu windows are too wide for the checker",
                      (unsigned long long)s->unknown, (unsigned long long)s->rounds);
    for (unsigned i = 0; i < MOST_CAP; i++)
        if (s->checker[i]) weir_lin_checker_free(s->checker[i]);
    for (unsigned i = 0; i < s->threads; i++) free(s->lane[i].plan);
    weir_lin_recorder_free(s->recorder);
    free(s->events);
}

static const bool long_rounds = true;

#define ROW(name_, about_, param_)          \
    { .name = name_,                        \
      .about = about_,                      \
      .min_threads = 2,                     \
      .max_threads = THREADS,               \
      .fenced = true,                       \
      .funnels = true,                      \
      .state_size = sizeof(struct windows), \
      .setup = windows_setup,               \
      .thread = windows_thread,             \
      .finish = windows_finish,             \
      .param = param_ }

const struct body window_bodies[] = {
    ROW("windows", "short rounds, each checked for linearizability", NULL),
    ROW("history", "long rounds, in which the monitor looks for what no queue does", &long_rounds),
    { 0 },
};
