/* SPDX-License-Identifier: MIT */
/* bench/map_stall.c - the test of a reader that is stopped: see map_tests.h.
 *
 * `inside` and `go` are stored with release and loaded with acquire: the coordinator knows that the reader stands
 * inside before it looks at the heap, and the reader goes on after it has looked. What the writers have done is
 * read without an order: it is a count. */
#include <stdlib.h>

#include "interrupt.h"
#include "map_attempt.h"

#define MS UINT64_C(1000000)
#define RECOVER (500 * MS)
#define LEAD (20 * MS) /* of writers before the reader is stopped */

struct stall {
    struct wb_attempt *test;
    uint32_t inside, go; /* futexes */
    size_t heap, most;
    double seconds, ops; /* the writers', meanwhile */
    bool cut;            /* by Ctrl-C */
};

static void stay(void *arg) {
    struct stall *s = arg;
    __atomic_store_n(&s->inside, 1, __ATOMIC_RELEASE);
    wb_futex_wake(&s->inside);
    while (!__atomic_load_n(&s->go, __ATOMIC_ACQUIRE)) wb_futex_wait(&s->go, 0, 0);
}

static void read_and_stay(struct wb_map_thread *t) { t->kind->stall(t->work.map, stay, t->arg); }

/* How much the heap has grown; seldom enough that looking costs no more than a twentieth of the time: malloc's
 * statistics look at all that is free, under malloc's locks. */
static void watch(struct stall *s, uint64_t until) {
    while (wb_now() < until && !wb_interrupted()) {
        uint64_t before = wb_now();
        size_t heap = wb_heap();
        uint64_t took = wb_now() - before, next = wb_now() + MS + 20 * took;
        if (heap > s->heap && heap - s->heap > s->most) s->most = heap - s->heap;
        wb_sleep_until(next < until ? next : until);
    }
    s->cut = wb_now() < until;
}

static uint64_t written(const struct stall *s) {
    const struct wb_map_run *r = s->test->run;
    uint64_t n = 0;
    for (unsigned i = 0; i + 1 < r->n; i++)
        n += __atomic_load_n(&r->threads[i].work.live, __ATOMIC_RELAXED);
    return n;
}

static void stop_reader(void *arg, uint64_t t0) {
    struct stall *s = arg;
    struct wb_attempt *t = s->test;
    unsigned reader = t->run->n - 1;
    bool inside = wb_attempt_kind(t)->stall != NULL;
    wb_sleep_until(t0 + LEAD);
    if (inside)
        while (!__atomic_load_n(&s->inside, __ATOMIC_ACQUIRE)) wb_futex_wait(&s->inside, 0, 0);
    else
        wb_team_hold(*t->team, reader, false);
    uint64_t from = wb_now(), before = written(s);
    s->heap = wb_heap();
    watch(s, from + (uint64_t)wb_attempt_shape(t)->stall * MS);
    uint64_t to = wb_now();
    s->ops = (double)(written(s) - before);
    s->seconds = (double)(to - from) / 1e9;
    __atomic_store_n(&s->go, 1, __ATOMIC_RELEASE);
    wb_futex_wake(&s->go);
    if (!inside) wb_team_release();
}

void wb_attempt_stalled(struct wb_attempt *t) {
    const struct wb_map_shape *shape = wb_attempt_shape(t);
    unsigned writers = t->trial->shape.producers;
    struct stall *s = calloc(1, sizeof *s); /* left behind with threads that are stuck */
    wb_attempt_own(t, 0, true);
    if (!s || !t->table || !wb_attempt_threads(t, writers + 1, false)) {
        if (!s) (void)wb_attempt_failed(t, "out of memory");
        free(s);
        return;
    }
    s->test = t;
    for (unsigned i = 0; i < writers; i++) wb_attempt_mix(t, i, 0, 0, 2 * shape->keys);
    wb_attempt_mix(t, writers, 100, 0, 2 * shape->keys);
    if (wb_attempt_kind(t)->stall) t->run->threads[writers].instead = read_and_stay;
    t->run->threads[writers].arg = s;
    t->run->phase.during = stop_reader;
    t->run->phase.hook_arg = s;
    bool ran = wb_attempt_phase(t, shape->stall / 1e3, WB_MAP_GRACE);
    if (ran && s->cut) t->status = WB_NONE;
    if (!ran || s->cut) {
        if (!wb_attempt_left_behind(t)) free(s);
        return;
    }
    t->run->phase.during = NULL;
    wb_sleep_until(wb_now() + RECOVER);
    double bytes = wb_table_bytes(t->table);
    if (wb_attempt_sound(t)) {
        wb_attempt_figures(t, writers);
        t->out->ops_s = (s->ops > 0 ? s->ops : 1) / s->seconds;
        t->out->ns_op = 1e9 / t->out->ops_s;
        t->out->bytes_low = t->table->bytes;
        t->out->bytes = bytes;
        t->out->garbage = (double)s->most;
    }
    free(s);
}
