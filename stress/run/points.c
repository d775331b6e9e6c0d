/* SPDX-License-Identifier: MIT */
/* stress/run/points.c - what happens at a WEIR_POINT: it is counted, and the thread may be delayed.
 *
 * random   by the numbers of ThreadSanitizer's adaptive delays: at a point on the way to sleep or to wake,
 *          1 pass of 10, up to 500 us; at others 1 of 100, up to 50 us; between operations 1 of 10,000, a spin.
 * victim   one thread at a time, for a 16th of the run, waits a power of two from 1 us up at each point. What
 *          one thread waits in all is at most a fifth of the run.
 * script   script.h.
 *
 * A worker finds a point's entry by the address of its name, in a table of its own; the tables are merged
 * by name after the join. Nothing is shared and nothing is ordered: loads and stores of others' words
 * are relaxed, and there is no read-modify-write, which would be a barrier in the middle of the algorithm.
 * (A script's count of passes is one, at the points that it names.)
 *
 * "Met": of the others, up to eight are looked at in turn; one of them had passed a point since its
 * last weir_stress_more. So it is a lower bound of "somebody else was in the middle of an operation". */
#include <string.h>
#include <time.h>

#include "inside.h"

#define US INT64_C(1000)
#define MS INT64_C(1000000)

__thread struct weir_stress_worker *sr_self;
static __thread bool busy; /* points of code that a predicate or a delay calls do not count */

int64_t sr_now(void) {
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 * MS + ts.tv_nsec;
}

void sr_sleep_until(int64_t when) {
    struct timespec ts = { .tv_sec = (time_t)(when / (1000 * MS)),
                           .tv_nsec = (long)(when % (1000 * MS)) };
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR) continue;
}

/* ---- delays ---------------------------------------------------------------------------------------------- */

static bool ends(const struct sr_shared *s) {
    return weir_load_relaxed(&s->stopping) || weir_load_relaxed(&s->failed);
}

/* Short ones poll: a sleep takes at least as long as waking up does. Ends with the run. */
static void delay(struct weir_stress_worker *w, int64_t ns) {
    int64_t now = sr_now(), until = now + ns;
    if (ns < 20 * US) {
        while (sr_now() < until) weir_pause();
        return;
    }
    weir_store_relaxed(&w->out->delayed, 1);
    for (; now < until && !ends(w->run->shared); now = sr_now())
        sr_sleep_until(until - now < 10 * MS ? until : now + 10 * MS);
    weir_store_relaxed(&w->out->delayed, 0);
}

static void random_delay(struct weir_stress_worker *w, const struct sr_entry *e) {
    uint64_t r = sr_next(&w->delays), length = r >> 32;
    if (e->blocking) {
        if (r % 10 == 0) delay(w, (int64_t)length % (500 * US));
    } else if (r % 100 == 0) {
        delay(w, (int64_t)length % (50 * US));
    }
}

static void victims_delay(struct weir_stress_worker *w) {
    const struct weir_stress *run = w->run;
    uint32_t era = weir_load_relaxed(&run->shared->era);
    uint64_t r = sr_mix(run->shared->settings.seed ^ (uint64_t)era << 40);
    if ((uint32_t)r % run->threads != w->index) return;
    unsigned powers = 1;
    while (US << powers <= run->share) powers++;
    int64_t ns = US << (r >> 32) % powers;
    if (w->starved + ns > run->share) return;
    w->starved += ns;
    delay(w, ns);
}

void sr_between(struct weir_stress_worker *w) {
    if (w->run->shared->settings.delay != SR_RANDOM) return;
    uint64_t r = sr_next(&w->delays);
    if (r % 10000 == 0) delay(w, (int64_t)(r >> 32) % (20 * US));
}

/* ---- scripts ----------------------------------------------------------------------------------------------- */

#define HELD_AT_MOST (2000 * MS)

/* Stops the worker until what step i waits for has come; not for ever. */
static void hold(struct weir_stress_worker *w, struct sr_step_report *r, unsigned nth) {
    int64_t start = sr_now();
    enum sr_step_state how = SR_GAVE_UP;
    weir_store_relaxed(&w->out->delayed, 1);
    while (sr_now() - start < HELD_AT_MOST && !ends(w->run->shared)) {
        if (weir_load_relaxed(&r->came) >= nth) {
            how = SR_LET_GO;
            break;
        }
        sr_sleep_until(sr_now() + 20 * US);
    }
    weir_store_relaxed(&r->ns, (uint64_t)(sr_now() - start));
    weir_store_relaxed(&r->state, (uint32_t)how);
    weir_store_relaxed(&w->out->delayed, 0);
}

static bool is_step(const struct sr_place_of *p, const struct weir_stress_worker *w) {
    return p->thread == SR_ANYBODY || p->thread == w->index;
}

/* What waits for this pass may go on only when those steps are marked at which this thread is held: what
 * they wait for may come at once. */
static void play(struct weir_stress_worker *w, const struct sr_entry *e) {
    struct weir_stress *run = w->run;
    const struct sr_step *step = run->script.step;
    struct sr_step_report *report = run->shared->step;
    uint32_t held = 0;
    for (unsigned i = 0; i < run->script.n; i++) {
        if (!(e->at >> i & 1) || !is_step(&step[i].at, w)) continue;
        if (++w->came[i] != step[i].at.nth) continue;
        uint32_t waiting = SR_WAITING; /* of several that * means, the first */
        if (weir_cas_relaxed(&report[i].state, &waiting, SR_HELD)) held |= UINT32_C(1) << i;
    }
    for (unsigned i = 0; i < run->script.n; i++) {
        if (!(e->until >> i & 1) || held >> i & 1 || !is_step(&step[i].until, w)) continue;
        if (step[i].after || weir_load_relaxed(&report[i].state) == SR_HELD)
            (void)weir_fetch_add_relaxed(&report[i].came, 1);
    }
    for (unsigned i = 0; i < run->script.n; i++)
        if (held >> i & 1) hold(w, &report[i], step[i].until.nth);
}

/* ---- points ------------------------------------------------------------------------------------------------- */

static void enter(struct weir_stress_worker *w, struct sr_entry *e, const char *name) {
    static const char *const blocking[] = { "park", "lot.", "wait", "sleep", "wake", "close" };
    const struct sr_script *s = &w->run->script;
    e->name = name;
    for (size_t i = 0; i < sizeof blocking / sizeof *blocking; i++)
        if (strstr(name, blocking[i])) e->blocking = true;
    for (unsigned i = 0; i < s->n; i++) {
        if (strcmp(s->step[i].at.point, name) == 0) e->at |= UINT32_C(1) << i;
        if (strcmp(s->step[i].until.point, name) == 0) e->until |= UINT32_C(1) << i;
    }
}

static struct sr_entry *entry_of(struct weir_stress_worker *w, const char *name) {
    size_t i = (size_t)(sr_mix((uintptr_t)name) % SR_TABLE);
    for (size_t k = 0; k < SR_TABLE; k++, i = (i + 1) % SR_TABLE) {
        struct sr_entry *e = &w->entry[i];
        if (e->name == name) return e;
        if (e->name) continue;
        enter(w, e, name);
        return e;
    }
    return NULL; /* more points than one program has */
}

static bool somebody_inside(struct weir_stress_worker *w) {
    unsigned n = w->run->threads, most = n - 1 < 8 ? n - 1 : 8;
    for (unsigned k = 0; k < most; k++) {
        w->look = (w->look + 1) % n;
        if (w->look == w->index) w->look = (w->look + 1) % n;
        if (weir_load_relaxed(&w->run->worker[w->look].out->inside)) return true;
    }
    return false;
}

static void at_point(const char *name) {
    struct weir_stress_worker *w = sr_self;
    if (!w || busy) return;
    int saved = errno;
    struct sr_entry *e = entry_of(w, name);
    busy = true;
    if (e) {
        void *shown;
        memcpy(&shown, &name, sizeof shown); /* not const: the words are read only */
        e->hits++;
        if (somebody_inside(w)) e->met++;
        weir_store_relaxed(&w->out->inside, 1);
        weir_store_relaxed(&w->out->point, shown);
        if (e->at | e->until) play(w, e);
        if (w->run->shared->settings.delay == SR_RANDOM) random_delay(w, e);
        if (w->run->shared->settings.delay == SR_VICTIM) victims_delay(w);
    }
    busy = false;
    errno = saved;
}

void sr_pass(const char *name) {
    struct weir_stress_worker *w = sr_self;
    if (!w || w->run->script.n == 0) return;
    struct sr_entry *e = entry_of(w, name);
    if (e && e->at | e->until) play(w, e);
}

/* ---- the hook, which weir's test build has and a user's program may have from here ----------------------- */

#ifndef WEIR_POINTS
typedef void weir_point_fn(const char *name);
void weir_set_point_hook(weir_point_fn *fn);
void weir__point(const char *name);
#endif

/* Weak: where weir's own (lib/weaken.c) is linked, it is taken instead, both functions of it. */
__attribute__((weak)) void weir_set_point_hook(weir_point_fn *fn) { (void)fn; }
__attribute__((weak)) void weir__point(const char *name) { at_point(name); }

void sr_points_start(void) { weir_set_point_hook(at_point); }

static struct sr_pass *pass_named(struct sr_shared *s, const char *name) {
    for (unsigned i = 0; i < s->npasses; i++)
        if (strncmp(s->pass[i].name, name, SR_NAME - 1) == 0) return &s->pass[i];
    if (s->npasses == SR_POINTS) return NULL;
    struct sr_pass *p = &s->pass[s->npasses++];
    (void)strncpy(p->name, name, SR_NAME - 1);
    return p;
}

void sr_points_merge(void) {
    for (unsigned i = 0; i < sr_run->threads; i++)
        for (size_t k = 0; k < SR_TABLE; k++) {
            const struct sr_entry *e = &sr_run->worker[i].entry[k];
            if (!e->name || e->hits == 0) continue;
            struct sr_pass *p = pass_named(sr_run->shared, e->name);
            if (!p) {
                sr_run->shared->unseen = true;
                continue;
            }
            p->hits += e->hits;
            p->met += e->met;
        }
}
