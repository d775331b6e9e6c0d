/* SPDX-License-Identifier: MIT */
/* bench/run.c - see run.h. All memory of a run hangs on one struct, so that a run that is stuck
 * can be left behind with everything that its threads still use. */
#include "run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "away.h"
#include "flow.h"
#include "interrupt.h"
#include "map_tests.h"
#include "team.h"

#define OVERHEAD 0.002 /* of opening, waking, draining */
#define LATE 5         /* times its time, and */
#define LATE_BY 0.5    /* seconds: a busy machine delays a thread by a tenth of a second */
#define STUCK 2.0      /* seconds after its end, and at least LATE times its time */
#define ATTEMPTS 5     /* until something is moved */
#define MS UINT64_C(1000000)
#define STOP_AFTER (20 * MS)
#define STOP_FOR (100 * MS)
#define STOP_REST (10 * MS)

struct worker { /* a thread's own lines */
    struct wb_worker w;
    uint64_t from; /* next at the start of the phase */
    char pad_[2 * WB_LINE_BYTES - sizeof(struct wb_worker) - 8];
};

struct run {
    struct wb_trial trial;
    void *ring, *back;
    unsigned threads;
    struct worker *workers; /* producers, then consumers; or ping and pong; or one */
    struct wb_part *parts;
    uint64_t *seen; /* a row per thread, each on lines of its own */
    size_t seen_row;
    struct wb_hist *hists; /* one per thread, or NULL */
    struct wb_phase phase;
    struct wb_totals totals;  /* both phases */
    double stop_ns, stop_ops; /* WB_STOPPED: what the others did meanwhile */
};

static struct wb_team *team;

/* ---- what a test is made of ------------------------------------------------------------------ */

unsigned wb_test_threads(enum wb_test test, const struct wb_shape *shape) {
    if (shape->map.keys) return wb_map_test_threads(test, shape);
    if (shape->flow.workers) return wb_flow_threads(shape);
    if (test == WB_SOLO) return 1;
    return test == WB_PING ? 2 : shape->producers + shape->consumers;
}

bool wb_test_is_latency(enum wb_test test, const struct wb_shape *shape) {
    return test == WB_PING || test == WB_GROW || test == WB_LOAD || shape->rate > 0 ||
           shape->gap_ns > 0;
}

bool wb_test_is_memory(enum wb_test test) {
    return test == WB_CHURN || test == WB_STALL || test == WB_MEMORY;
}

static double planned(enum wb_test test, double seconds) {
    return test == WB_STOPPED ? (double)(STOP_AFTER + STOP_FOR + STOP_REST) / 1e9 : seconds;
}

double wb_run_grace(double seconds) {
    return (LATE - 1) * seconds > STUCK ? (LATE - 1) * seconds : STUCK;
}

bool wb_run_is_late(enum wb_test test, double seconds, double took) {
    double plan = planned(test, seconds);
    return took > LATE * plan && took > plan + LATE_BY;
}

double wb_run_cost(enum wb_test test, const struct wb_shape *shape, double seconds) {
    if (shape->map.keys) return wb_map_test_cost(test, shape, seconds);
    if (shape->flow.workers) return wb_flow_cost(test, shape, seconds);
    return planned(test, seconds) + WB_WARM_UP + OVERHEAD;
}

static unsigned pushers(const struct run *r) {
    bool pair = r->trial.test == WB_SOLO || r->trial.test == WB_PING;
    return pair ? 1 : r->trial.shape.producers;
}

/* No consumers: all threads do the same to one object, each until told to stop. */
static bool crowd(const struct run *r) {
    return r->trial.test == WB_STREAM && r->trial.shape.consumers == 0;
}

static void set_part(struct run *r, unsigned i) {
    const struct wb_ring *ring = r->trial.ring;
    struct wb_part *part = &r->parts[i];
    bool first = i < pushers(r);
    part->worker = &r->workers[i].w;
    part->cpu = wb_place(r->trial.pin, r->threads, i);
    part->feeds = first && r->trial.test != WB_SOLO;
    bool stream = r->trial.test == WB_STREAM || r->trial.test == WB_STOPPED;
    part->last = stream && !crowd(r) ? !first : first;
    if (r->trial.test == WB_SOLO)
        part->run = ring->solo;
    else if (r->trial.test == WB_PING)
        part->run = first ? ring->ping : ring->pong;
    else
        part->run = first ? ring->produce : ring->consume;
}

static void set_worker(struct run *r, unsigned i) {
    struct wb_worker *w = &r->workers[i].w;
    w->ring = r->ring;
    w->back = r->back;
    w->shape = &r->trial.shape;
    w->id = i < pushers(r) ? i : i - pushers(r);
    w->stop = &r->phase.stop;
    /* One thread alone that misses its element stops looking for it when the time is over. */
    w->drain = r->trial.test == WB_SOLO ? &r->phase.stop : &r->phase.drain;
    w->seen = &r->seen[i * r->seen_row];
    w->hist = r->hists ? &r->hists[i] : NULL;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void *lines(size_t n, size_t size) {
    size_t bytes = (n * size + WB_LINE_BYTES - 1) / WB_LINE_BYTES * WB_LINE_BYTES;
    void *p = aligned_alloc(WB_LINE_BYTES, bytes);
    return p ? memset(p, 0, bytes) : NULL;
}

static void close_rings(struct run *r) {
    if (r->ring) r->trial.ring->dispose(r->ring);
    if (r->back) r->trial.ring->dispose(r->back);
    r->ring = r->back = NULL;
}

static bool open_rings(struct run *r) {
    r->ring = r->trial.ring->open(&r->trial.shape);
    if (!r->ring) return false;
    if (r->trial.test == WB_PING) {
        r->back = r->trial.ring->open(&r->trial.shape);
        if (!r->back) return false;
    }
    for (unsigned i = 0; i < r->threads; i++) set_worker(r, i);
    return true;
}

static void free_run(struct run *r) {
    if (!r) return;
    close_rings(r);
    free(r->workers);
    free(r->parts);
    free(r->seen);
    free(r->hists);
    free(r);
}

static struct run *new_run(const struct wb_trial *trial) {
    struct run *r = lines(1, sizeof *r);
    if (!r) return NULL;
    r->trial = *trial;
    r->threads = wb_test_threads(trial->test, &trial->shape);
    r->seen_row = (trial->shape.producers / 16 + 1) * (WB_LINE_BYTES / sizeof *r->seen);
    r->workers = lines(r->threads, sizeof *r->workers);
    r->parts = lines(r->threads, sizeof *r->parts);
    r->seen = lines(r->threads * r->seen_row, sizeof *r->seen);
    bool hist = wb_test_is_latency(trial->test, &trial->shape);
    if (hist) r->hists = lines(r->threads, sizeof *r->hists);
    if (r->workers && r->parts && r->seen && (r->hists || !hist)) return r;
    free_run(r);
    return NULL;
}

/* ---- hooks of a phase ------------------------------------------------------------------------ */

static void when_fed(void *arg) {
    struct run *r = arg;
    if (!r->trial.shape.blocking || !r->trial.ring->shut) return;
    r->trial.ring->shut(r->ring);
    if (r->back) r->trial.ring->shut(r->back);
}

/* Open loop: the first element is due a little later, when all threads have left the barrier. */
static void when_beginning(void *arg, uint64_t t0) {
    struct run *r = arg;
    for (unsigned i = 0; i < r->threads; i++) r->workers[i].w.start_ns = t0 + 20000;
}

/* Elements consumed so far, while the loops run: per producer the furthest that any consumer has
 * seen. Right but for what is between two consumers' hands. With two producers or more the loops
 * keep these numbers in memory (ring_run.h). */
static uint64_t consumed(const struct run *r) {
    uint64_t sum = 0;
    for (unsigned p = 0; p < r->trial.shape.producers; p++) {
        uint64_t most = 0;
        for (unsigned i = pushers(r); i < r->threads; i++) {
            uint64_t n = __atomic_load_n(&r->seen[i * r->seen_row + p], __ATOMIC_RELAXED);
            if (n > most) most = n;
        }
        sum += most;
    }
    return sum;
}

static void hold_one(void *arg, uint64_t t0) {
    struct run *r = arg;
    wb_sleep_until(t0 + STOP_AFTER);
    wb_team_hold(team, 0, true);
    uint64_t from = wb_now(), before = consumed(r);
    wb_sleep_until(from + STOP_FOR);
    uint64_t to = wb_now(), after = consumed(r);
    wb_team_release();
    r->stop_ns = (double)(to - from);
    r->stop_ops = after > before ? (double)(after - before) : 1; /* none: less than one */
    wb_sleep_until(to + STOP_REST);
}

/* ---- a phase and its checks ------------------------------------------------------------------ */

static void clear_worker(struct run *r, unsigned i) {
    struct wb_worker *w = &r->workers[i].w;
    w->moved = w->sum = w->misses = w->disorder = 0;
    if (r->trial.shape.rate > 0) { /* the sequence number tells when an element was due */
        w->next = 0;
        memset(w->seen, 0, r->seen_row * sizeof *w->seen);
    }
    r->workers[i].from = w->next;
}

static void add_totals(struct run *r) {
    struct wb_totals *t = &r->totals;
    for (unsigned i = 0; i < r->threads; i++) {
        const struct wb_worker *w = &r->workers[i].w;
        bool solo = r->trial.test == WB_SOLO, first = i < pushers(r);
        t->disorder += w->disorder;
        if (first) {
            t->pushed += solo ? w->next - r->workers[i].from : w->moved;
            t->pushed_sum += solo ? 0 : w->sum;
        }
        if (!first || solo || crowd(r)) {
            t->popped += w->moved;
            t->popped_sum += solo ? 0 : w->sum;
        }
    }
}

bool wb_totals_sound(const struct wb_totals *t, const struct wb_ring *ring, char *why,
                     size_t size) {
    if (t->pushed != t->popped)
        (void)snprintf(why, size, "check failed: %" PRIu64 " pushed, %" PRIu64 " popped", t->pushed,
                       t->popped);
    else if (t->pushed_sum != t->popped_sum)
        (void)snprintf(why, size,
                       "check failed: %" PRIu64 " elements, but not those that were pushed",
                       t->popped);
    else if (t->disorder && !(ring->can & WB_UNORDERED))
        (void)snprintf(why, size, "check failed: %" PRIu64 " of %" PRIu64 " elements out of order",
                       t->disorder, t->popped);
    else
        return true;
    return false;
}

/* WB_OK, WB_STUCK (r is not to be touched any more), WB_FAILED. */
static enum wb_status run_phase(struct run *r, double seconds, bool measured, char *why,
                                size_t size) {
    struct wb_phase *p = &r->phase;
    *p = (struct wb_phase){ .parts = r->parts, .n = r->threads, .seconds = seconds };
    p->grace = wb_run_grace(seconds);
    p->fed = when_fed;
    p->fed_arg = p->hook_arg = r;
    p->begins = r->trial.shape.rate > 0 ? when_beginning : NULL;
    p->during = measured && r->trial.test == WB_STOPPED ? hold_one : NULL;
    for (unsigned i = 0; i < r->threads; i++) {
        set_part(r, i);
        clear_worker(r, i);
        if (r->hists) wb_hist_clear(&r->hists[i]);
    }
    switch (wb_team_run(team, p)) {
        case WB_TEAM_STUCK:
            team = NULL;
            (void)snprintf(why, size, "still running %.1f s after its end", p->grace);
            return WB_STUCK;
        case WB_TEAM_NO_THREAD:
            (void)snprintf(why, size, "the system refuses %u threads", r->threads);
            return WB_FAILED;
        case WB_TEAM_CUT: /* of work that has no time of its own: these all have */
        case WB_TEAM_DONE: break;
    }
    add_totals(r);
    return wb_totals_sound(&r->totals, r->trial.ring, why, size) ? WB_OK : WB_FAILED;
}

static enum wb_status run_both(struct run *r, char *why, size_t size) {
    if (!open_rings(r)) {
        (void)snprintf(why, size, "could not be opened in this shape");
        return WB_ABSENT;
    }
    enum wb_status s = run_phase(r, WB_WARM_UP, false, why, size);
    if (s != WB_OK) return s;
    if (r->trial.shape.blocking) { /* it was shut */
        close_rings(r);
        if (!open_rings(r)) {
            (void)snprintf(why, size, "could not be opened again");
            return WB_FAILED;
        }
    }
    return run_phase(r, r->trial.seconds, true, why, size);
}

/* ---- figures --------------------------------------------------------------------------------- */

static double share(const struct run *r, unsigned from, unsigned to) {
    uint64_t least = UINT64_MAX, most = 0;
    for (unsigned i = from; i < to; i++) {
        uint64_t n = r->workers[i].w.moved;
        if (n < least) least = n;
        if (n > most) most = n;
    }
    return most == 0 ? 1 : (double)least / (double)most;
}

void wb_run_latencies(const struct wb_hist *all, struct wb_sample *out, struct wb_hist *keep) {
    out->p50_ns = wb_hist_percentile(all, 50);
    out->p90_ns = wb_hist_percentile(all, 90);
    out->p99_ns = wb_hist_percentile(all, 99);
    out->p999_ns = wb_hist_percentile(all, 99.9);
    out->max_ns = (double)all->max_ns;
    out->ns_op = out->p50_ns;
    if (keep) wb_hist_merge(keep, all);
}

/* False: nothing was moved, so there are none. */
static bool figures(const struct run *r, struct wb_sample *out, struct wb_hist *keep) {
    bool stream = r->trial.test == WB_STREAM || r->trial.test == WB_STOPPED;
    double seconds = wb_phase_seconds(&r->phase), ops = 0, cpu = 0, csw = 0, misses = 0;
    uint64_t timed = 0;
    for (unsigned i = 0; i < r->threads; i++) {
        bool counts = stream ? i >= pushers(r) || crowd(r) : i == 0;
        ops += counts ? (double)r->workers[i].w.moved : 0;
        misses += (double)r->workers[i].w.misses;
        cpu += (double)r->parts[i].cpu_ns / 1e9;
        csw += (double)r->parts[i].switches;
        timed += r->hists ? r->hists[i].count : 1;
    }
    if (ops <= 0 || seconds <= 0 || timed == 0) return false;
    out->late = wb_run_is_late(r->trial.test, r->trial.seconds, seconds);
    out->ops_s = ops / seconds;
    if (r->trial.test == WB_STOPPED) out->ops_s = r->stop_ops * 1e9 / r->stop_ns;
    out->ns_op = 1e9 / out->ops_s;
    out->csw_per_op = csw / ops;
    out->cpu_s_per_mop = cpu / ops * 1e6;
    out->misses_per_op = misses / ops;
    out->disorder = (double)r->totals.disorder;
    double in = stream ? share(r, 0, pushers(r)) : 1,
           from = stream ? share(r, pushers(r), r->threads) : 1;
    out->fair_min_max = in < from ? in : from;
    /* The others' are added to the first: the run is over. */
    for (unsigned i = 1; r->hists && i < r->threads; i++) wb_hist_merge(r->hists, &r->hists[i]);
    if (r->hists) wb_run_latencies(r->hists, out, keep);
    return true;
}

/* WB_NONE: nothing was moved. */
static enum wb_status attempt(const struct wb_trial *trial, struct wb_sample *out,
                              struct wb_hist *latencies, char *why, size_t why_size) {
    if (trial->ring->can & WB_AWAY)
        return (trial->ring->can & WB_IS_MAP ? wb_away_map_run : wb_away_run)(trial, out, latencies,
                                                                              why, why_size);
    if (!team) team = wb_team_new();
    if (team && (trial->ring->can & WB_IS_MAP))
        return wb_map_test(trial, &team, out, latencies, why, why_size);
    if (team && (trial->ring->can & WB_IS_FLOW))
        return wb_flow_test(trial, &team, out, latencies, why, why_size);
    struct run *r = team ? new_run(trial) : NULL;
    if (!r) {
        (void)snprintf(why, why_size, "out of memory");
        return WB_FAILED;
    }
    enum wb_status s = run_both(r, why, why_size);
    if (s == WB_STUCK) return s; /* its threads still use r */
    if (s == WB_OK && !figures(r, out, latencies)) s = WB_NONE;
    free_run(r);
    return s;
}

/* On a busy machine a thread may not get a processor before its time is over: that is not the ring's
 * fault. If it happens again and again it is. */
void wb_run(const struct wb_trial *trial, struct wb_sample *out, struct wb_hist *latencies,
            char *why, size_t why_size) {
    why[0] = '\0';
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        memset(out, 0, sizeof *out);
        out->status = attempt(trial, out, latencies, why, why_size);
        if (out->status != WB_NONE || wb_interrupted()) return;
    }
    out->status = WB_FAILED;
    (void)snprintf(why, why_size, "check failed: nothing was moved in %d runs", ATTEMPTS);
}

void wb_run_end(void) {
    wb_away_end();
    wb_map_tests_end();
    wb_team_free(team);
    team = NULL;
}
