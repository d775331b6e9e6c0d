/* SPDX-License-Identifier: MIT */
/* bench/flow_run.c - a run of a pool or pipeline, the counterpart of run.c; see flow.h. All memory of a run hangs on one
 * struct, so that a run that is stuck can be left behind with everything that its threads still use.
 *
 * Threads. The harness has one or two; the others are the kind's own, and wherever it makes them they may run on
 * every processor: nor are the harness's pinned, but for the test `wake`. What processors have spent is that of the
 * whole process. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "flow.h"
#include "interrupt.h"
#include "ring_run.h"
#include "team.h"

#define WARM_UP 0.01
#define GRACE 20.0 /* seconds to make it, and to give it back */
#define MS UINT64_C(1000000)
#define STEP (500 * MS)  /* between two looks at whether the run is to end */
#define SETTLE (50 * MS) /* a pool may look for work for a while before it sleeps */

struct run;

struct thread {
    struct wb_worker as_worker; /* what the team hands over: it points to this struct */
    struct wb_flow_work work;
    struct run *of;
    void (*does)(struct run *r, struct wb_flow_work *w);
    char pad_[WB_LINE_BYTES];
};

struct run {
    struct wb_trial trial;
    void *flow;
    unsigned n;
    struct thread threads[2];
    struct wb_part parts[2];
    struct wb_hist hist;
    struct wb_phase phase;
    double seconds, ops, cpu, csw; /* of the last phase */
};

static const struct wb_flow *kind_of(const struct run *r) {
    return (const struct wb_flow *)r->trial.ring;
}

double wb_flow_cost(enum wb_test test, const struct wb_shape *shape, double seconds) {
    double made = shape->flow.keys ? 0.02 : 0.002; /* a map is filled */
    if (test == WB_IDLE) return shape->flow.idle_ms / 1e3 + 0.06 + made;
    return seconds + WARM_UP + made;
}

/* ---- a phase ---------------------------------------------------------------------------------------- */

static void go(struct wb_worker *w) {
    struct thread *t = w->ring;
    t->does(t->of, &t->work);
}

/* What a thread of the harness does: everything that could get stuck. */
static void make(struct run *r, struct wb_flow_work *w) {
    (void)w;
    wb_flow_rounds = wb_work_rounds(r->trial.shape.work_ns);
    r->flow = kind_of(r)->make(&r->trial.shape);
}

static void dispose(struct run *r, struct wb_flow_work *w) {
    (void)w;
    kind_of(r)->dispose(r->flow);
    r->flow = NULL;
}

static void feed(struct run *r, struct wb_flow_work *w) { kind_of(r)->run(w); }
static void take(struct run *r, struct wb_flow_work *w) { kind_of(r)->sink(w); }

static void set_thread(struct run *r, unsigned i,
                       void (*does)(struct run *, struct wb_flow_work *)) {
    struct thread *t = &r->threads[i];
    struct wb_part *part = &r->parts[i];
    bool wakes = r->trial.test == WB_WAKE && does == feed;
    memset(t, 0, sizeof *t);
    t->as_worker.ring = t;
    t->of = r;
    t->does = i == 0 ? does : take;
    t->work.flow = r->flow;
    t->work.shape = &r->trial.shape;
    t->work.test = r->trial.test;
    t->work.stop = &r->phase.stop;
    t->work.hist = &r->hist;
    t->work.cpu = wakes ? wb_place(r->trial.pin, 2, 1) : -1;
    memset(part, 0, sizeof *part);
    part->run = go;
    part->worker = &t->as_worker;
    part->cpu = wakes ? wb_place(r->trial.pin, 2, 0) : -1;
    part->feeds = i == 0;
    part->last = i == r->n - 1;
}

struct spent {
    double cpu, csw;
};

static struct spent spent(void) {
    struct rusage u;
    struct timespec ts;
    (void)getrusage(RUSAGE_SELF, &u);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (struct spent){ (double)ts.tv_sec + (double)ts.tv_nsec / 1e9,
                           (double)(u.ru_nvcsw + u.ru_nivcsw) };
}

/* `does`, by one thread, or feed, by one or two. */
static enum wb_status phase(struct run *r, struct wb_team **team, double seconds,
                            void (*does)(struct run *, struct wb_flow_work *), char *why,
                            size_t size) {
    struct wb_phase *p = &r->phase;
    r->n = does == feed && kind_of(r)->sink ? 2 : 1;
    *p = (struct wb_phase){ .parts = r->parts, .n = r->n, .seconds = seconds };
    p->grace = does == feed ? wb_run_grace(seconds) : GRACE;
    wb_hist_clear(&r->hist);
    for (unsigned i = 0; i < r->n; i++) set_thread(r, i, does);
    switch (wb_team_run(*team, p)) {
        case WB_TEAM_CUT: /* of work that has no time of its own: none is whole */
        case WB_TEAM_DONE: return WB_OK;
        case WB_TEAM_STUCK:
            *team = NULL;
            (void)snprintf(why, size, "%s %.1f s after its end",
                           does == feed   ? "still running"
                           : does == make ? "still being made"
                                          : "cannot be given back",
                           p->grace);
            return WB_STUCK;
        case WB_TEAM_NO_THREAD: break;
    }
    (void)snprintf(why, size, "the system refuses threads");
    return WB_FAILED;
}

static enum wb_status run_phase(struct run *r, struct wb_team **team, double seconds, char *why,
                                size_t size) {
    struct spent before = spent();
    enum wb_status s = phase(r, team, seconds, feed, why, size);
    if (s != WB_OK) return s;
    struct spent after = spent();
    r->seconds = wb_phase_seconds(&r->phase);
    r->ops = (double)r->threads[r->n - 1].work.ops;
    r->cpu = after.cpu - before.cpu;
    r->csw = after.csw - before.csw;
    for (unsigned i = 0; i < r->n; i++) {
        if (r->threads[i].work.wrong == 0) continue;
        (void)snprintf(why, size, "check failed: %llu lost, done twice, wrong or refused",
                       (unsigned long long)r->threads[i].work.wrong);
        return WB_FAILED;
    }
    return WB_OK;
}

static enum wb_status made(struct run *r, struct wb_team **team, char *why, size_t size) {
    enum wb_status s = phase(r, team, 0, make, why, size);
    if (s != WB_OK || r->flow) return s;
    (void)snprintf(why, size, "could not be made in this shape");
    return WB_ABSENT;
}

/* ---- figures ---------------------------------------------------------------------------------------- */

static enum wb_status figures(const struct run *r, struct wb_sample *out, struct wb_hist *keep) {
    if (r->ops <= 0 || r->seconds <= 0) return WB_NONE;
    out->ops_s = r->ops / r->seconds;
    out->ns_op = 1e9 / out->ops_s;
    out->csw_per_op = r->csw / r->ops;
    out->cpu_s_per_mop = r->cpu / r->ops * 1e6;
    out->fair_min_max = 1;
    out->late = wb_run_is_late(r->trial.test, r->trial.seconds, r->seconds);
    if (r->trial.test != WB_WAKE) return WB_OK;
    if (r->hist.count == 0) return WB_NONE;
    wb_run_latencies(&r->hist, out, keep);
    return WB_OK;
}

/* What the process spends while nobody has anything to do. */
static enum wb_status idle(const struct run *r, struct wb_sample *out) {
    wb_sleep_until(wb_now() + SETTLE);
    uint64_t from = wb_now();
    struct spent before = spent();
    uint64_t until = from + r->trial.shape.flow.idle_ms * MS;
    for (uint64_t now = from; now < until && !wb_interrupted(); now = wb_now())
        wb_sleep_until(now + STEP < until ? now + STEP : until);
    struct spent after = spent();
    if (wb_interrupted()) return WB_NONE;
    double seconds = (double)(wb_now() - from) / 1e9, cpu = (after.cpu - before.cpu) * 1e9;
    out->ns_op = cpu > 1 ? cpu / seconds : 1 / seconds;
    out->ops_s = 1e9 / out->ns_op;
    out->csw_per_op = (after.csw - before.csw) / seconds;
    out->cpu_s_per_mop = out->ns_op / 1e3;
    out->fair_min_max = 1;
    return WB_OK;
}

/* ---- a run ------------------------------------------------------------------------------------------ */

static enum wb_status run_all(struct run *r, struct wb_team **team, struct wb_sample *out,
                              struct wb_hist *latencies, char *why, size_t size) {
    enum wb_status s = made(r, team, why, size);
    if (s == WB_OK) s = run_phase(r, team, WARM_UP, why, size);
    if (s != WB_OK) return s;
    if (r->trial.test == WB_IDLE) return idle(r, out);
    if (kind_of(r)->can & WB_FLOW_ONCE) {
        s = phase(r, team, 0, dispose, why, size);
        if (s == WB_OK) s = made(r, team, why, size);
        if (s != WB_OK) return s;
    }
    s = run_phase(r, team, r->trial.seconds, why, size);
    return s == WB_OK ? figures(r, out, latencies) : s;
}

enum wb_status wb_flow_test(const struct wb_trial *trial, struct wb_team **team,
                            struct wb_sample *out, struct wb_hist *latencies, char *why,
                            size_t why_size) {
    struct run *r = calloc(1, sizeof *r);
    if (!r) {
        (void)snprintf(why, why_size, "out of memory");
        return WB_FAILED;
    }
    r->trial = *trial;
    enum wb_status s = run_all(r, team, out, latencies, why, why_size);
    if (s != WB_STUCK && r->flow) {
        char more[128];
        enum wb_status end = phase(r, team, 0, dispose, more, sizeof more);
        if (s == WB_OK && end != WB_OK) (void)snprintf(why, why_size, "%s", more);
        if (s == WB_OK || end == WB_STUCK) s = end;
    }
    if (s != WB_STUCK) free(r); /* else its threads still use r */
    return s;
}
