/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/suspend.c - what the table of guarantees says of a thread that stands still: worker 0
 * is stopped at each point of the algorithms in turn, and goes on only when every other worker has ended
 * a number of calls of the try family. Of weir_mpmc, which is blocking, these calls return (perhaps
 * WEIR_EBUSY); of weir_scq, which is lock-free, they never say WEIR_EBUSY; of weir_spsc, which is wait-free, the other
 * side goes on until the ring is full or empty. The same of weir_queue, weir_mpsc and weir_mpsc_list, in which a push
 * that stands still keeps the room that it has reserved: the kind with one consumer stops a producer.
 *
 * Elements are counted and summed at both ends. This scenario has the points' hook to itself, so that no
 * other delays are injected. */
#include "body.h"
#include "place.h"
#include "verbs.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <weir/atomic.h>

#define CAP 4
#define CALLS 50     /* that each of the others ends meanwhile */
#define PATIENCE 10  /* seconds for that */
#define TRIES 400    /* calls of worker 0 until it passes the point */
#define ENOUGH 50000 /* calls of worker 0, of which one must have passed one */

struct part {
    _Alignas(WEIR_LINE) struct tally tally;
    weir_au64 ended;
    uint64_t in, out, in_sum, out_sum;
};

struct suspend {
    const struct ring_kind *kind;
    struct placed ring;
    struct part *part;
    unsigned threads;
    weir_au32 done; /* the victim is through: the witnesses wait for it, not it for them */
    uint64_t stops;
    bool seen[32];
};

static const char *const mpmc_points[] = {
    "mpmc.push.claimed",   "mpmc.push.copied",
    "mpmc.push.stamped",   "mpmc.pop.claimed",
    "mpmc.pop.copied",     "mpmc.pop.stamped",
    "mpmc.push_n.claimed", "mpmc.push_n.stamped",
    "mpmc.pop_n.claimed",  "mpmc.pop_n.stamped",
    "mpmc.wait.announced", "mpmc.wait.checked",
    "park.sleep",          NULL,
};
static const char *const scq_points[] = {
    "scq.push.taken",
    "scq.push.copied",
    "scq.push.placed",
    "scq.push.moved",
    "scq.settled",
    "scq.pop.taken",
    "scq.pop.claimed",
    "scq.pop.moved",
    "scq.pop.copied",
    "scq.pop.marked",
    NULL,
};
/* With 16 KiB a segment is left once in a while: `queue_small` and `mpsc_small` come to these points. */
#define QUEUE_PUSH                                                                        \
    "queue.push.ticket", "queue.push.copied", "queue.push.append", "queue.push.appended", \
        "queue.push.done", "queue.wait.announced", "queue.wait.checked", "park.sleep"
static const char *const funnel_points[] = { QUEUE_PUSH, NULL };
static const char *const queue_points[] = { QUEUE_PUSH,
                                            "queue.pop.ticket",
                                            "queue.pop.give_up",
                                            "queue.pop.leaves",
                                            "queue.pop.left",
                                            "queue.pop.done",
                                            "queue.collect.begins",
                                            "queue.collect.taken",
                                            NULL };
static const char *const list_points[] = { "mpsc.push.exchanged", NULL };
static const char *const spsc_points[] = { "spsc.push.copied", "spsc.push_n.copied", NULL };

static const char *const *points_of(const struct ring_kind *k) {
    static const struct {
        const struct ring_kind *kind;
        const char *const *points;
    } of[] = {
        { &ring_mpmc, mpmc_points },      { &ring_mpmc_fence, mpmc_points },
        { &ring_scq, scq_points },        { &ring_spsc, spsc_points },
        { &ring_queue, queue_points },    { &ring_queue_small, queue_points },
        { &ring_mpsc, funnel_points },    { &ring_mpsc_small, funnel_points },
        { &ring_mpsc_list, list_points },
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        if (of[i].kind == k) return of[i].points;
    return NULL;
}

/* ---- the victim -------------------------------------------------------------------------------------- */

static __thread const char *stop_at; /* of worker 0 */
static __thread struct suspend *stopped_in;

/* The others go on: that is the check. */
static void stand_still(struct suspend *s, const char *name) {
    uint64_t before[WEIR_STRESS_THREADS];
    weir_time until = weir_after(INT64_C(1000000000) * PATIENCE);
    for (unsigned i = 1; i < s->threads; i++) before[i] = weir_load_relaxed(&s->part[i].ended);
    for (unsigned i = 1; i < s->threads && !weir_stress_failed(); i++) {
        while (weir_load_relaxed(&s->part[i].ended) - before[i] < CALLS && !weir_stress_failed()) {
            if (!weir_stress_check(
                    weir_now() < until,
                    "worker %u ended %llu calls in %d s while worker 0 stood at %s", i,
                    (unsigned long long)(weir_load_relaxed(&s->part[i].ended) - before[i]),
                    PATIENCE, name))
                return;
            (void)nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
        }
    }
    s->stops++;
}

static void at_point(const char *name) {
    if (!stop_at || strcmp(stop_at, name) != 0) return;
    int saved = errno;
    stop_at = NULL;
    stand_still(stopped_in, name);
    errno = saved;
}

/* ---- calls ------------------------------------------------------------------------------------------- */

static void push_some(struct part *p, struct caller *c, enum how how) {
    uint64_t v[2] = { p->in + 1, p->in + 2 };
    size_t n = how == HOW_TRY && weir_stress_random(c->w, 2) ? 2 : 0;
    ptrdiff_t rc = call_push(c, how, v, n);
    for (ptrdiff_t i = 0; i < rc && i < 2; i++) {
        p->in++;
        p->in_sum += v[i];
    }
}

static void pop_some(struct part *p, struct caller *c, enum how how) {
    uint64_t v[2] = { 0 };
    size_t n = how == HOW_TRY && weir_stress_random(c->w, 2) ? 2 : 0;
    ptrdiff_t rc = call_pop(c, how, v, n);
    for (ptrdiff_t i = 0; i < rc && i < 2; i++) {
        p->out++;
        p->out_sum += v[i];
    }
}

static void one_call(struct suspend *s, struct caller *c, struct part *p, enum how how) {
    bool push = weir_stress_random(c->w, 2);
    if (!(s->kind->has & RING_MANY)) push = !ring_one_pops(weir_stress_index(c->w));
    if (push)
        push_some(p, c, how);
    else
        pop_some(p, c, how);
}

static void be_stopped(struct suspend *s, struct caller *c, struct part *p,
                       const char *const *points) {
    size_t n = 1; /* no list is empty */
    while (points[n]) n++;
    weir_set_point_hook(at_point);
    stopped_in = s;
    for (size_t i = (size_t)weir_stress_random(c->w, n); weir_stress_more(c->w); i = (i + 1) % n) {
        bool sleeps = strstr(points[i], "wait") || strstr(points[i], "park");
        stop_at = points[i];
        for (int k = 0; k < TRIES && stop_at && !weir_stress_failed(); k++) {
            one_call(s, c, p, sleeps && c->kind->push_wait ? HOW_NEAR : HOW_TRY);
            weir_stress_progress(c->w);
        }
        s->seen[i] = s->seen[i] || !stop_at;
        stop_at = NULL;
    }
}

static void suspend_thread(void *state, struct weir_stress_worker *w) {
    struct suspend *s = state;
    unsigned me = weir_stress_index(w), vain = 0;
    struct part *p = &s->part[me];
    struct caller c = { s->kind, s->ring.in, CAP, sizeof(uint64_t), w, &p->tally };
    weir_stress_role(w, me == 0 ? "victim" : "witness");
    if (me == 0) {
        be_stopped(s, &c, p, points_of(s->kind));
        weir_store_relaxed(&s->done, 1);
        return;
    }
    while (weir_stress_more(w) || (!weir_load_relaxed(&s->done) && !weir_stress_failed())) {
        one_call(s, &c, p, HOW_TRY);
        weir_stress_progress(w);
        weir_store_relaxed(&p->ended, weir_load_relaxed(&p->ended) + 1);
        if (++vain % 64 == 0)
            (void)sched_yield(); /* the victim may be alone with them on a processor */
    }
}

static int suspend_setup(void *state, struct weir_stress *run) {
    struct suspend *s = state;
    struct shape shape = { .cap = CAP, .size = sizeof(uint64_t), .place = PLACE_EXACT };
    s->kind = body_of(run)->kind;
    s->threads = weir_stress_threads(run);
    if (!points_of(s->kind))
        return WEIR_EINVAL; /* a kind of which nobody has said where it can stop */
    s->part = aligned_alloc(WEIR_LINE, s->threads * sizeof *s->part);
    if (!s->part) return WEIR_ENOMEM;
    for (unsigned i = 0; i < s->threads; i++) s->part[i] = (struct part){ 0 };
    return placed_open(&s->ring, s->kind, &shape, NULL, NULL);
}

static void suspend_finish(void *state) {
    struct suspend *s = state;
    uint64_t in = 0, out = 0, in_sum = 0, out_sum = 0, v, points = 0, busy = 0;
    while (s->kind->pop(s->ring.out, &v) == 0) {
        out++;
        out_sum += v;
    }
    for (unsigned i = 0; i < s->threads; i++) {
        in += s->part[i].in;
        out += s->part[i].out;
        in_sum += s->part[i].in_sum;
        out_sum += s->part[i].out_sum;
        busy += s->part[i].tally.busy;
    }
    for (size_t i = 0; i < sizeof s->seen; i++) points += s->seen[i];
    weir_stress_check(in == out && in_sum == out_sum,
                      "%llu elements in with sum %llu, %llu out with sum %llu",
                      (unsigned long long)in, (unsigned long long)in_sum, (unsigned long long)out,
                      (unsigned long long)out_sum);
    uint64_t calls = s->part[0].tally.calls;
    weir_stress_check(s->stops > 0 || calls < ENOUGH, "%llu calls passed no point to stop at",
                      (unsigned long long)calls);
    weir_stress_check(placed_close(&s->ring, NULL, NULL) == 0, "the ring cannot be ended");
    weir_stress_count_of("stops", s->stops);
    weir_stress_count_of("points", points);
    weir_stress_count_of("busy", busy);
    free(s->part);
}

const struct body suspend_bodies[] = {
    { .name = "suspend",
      .about = "one worker stands still at each point, the others go on",
      .needs = RING_TRIES,
      .funnels = true,
      .min_threads = 2,
      .state_size = sizeof(struct suspend),
      .setup = suspend_setup,
      .thread = suspend_thread,
      .finish = suspend_finish },
    { 0 },
};
