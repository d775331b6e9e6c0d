/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/full_empty.c - full and empty said where they cannot be.
 *
 * own    as many slots as workers, and each worker pushes one element and then pops one: so a push never
 *        finds the ring full, and the pop that follows never finds it empty (an element may be in flight:
 *        WEIR_EBUSY). Nodes of a slot are used again at once.
 * both   a ring of two with one element inside; one worker pushes two, the other pops two. If the second
 *        push says full, both pushes came before the pops; if the second pop says empty, both pops came
 *        before the pushes. A ring without a store-load barrier says both now and then: each side misses
 *        what is still in the other's store buffer. Recorded histories cannot see that: their stamps are
 *        barriers, or too wide (windows.c). So nothing stands between the two calls of a side. */
#include "body.h"
#include "place.h"
#include "verbs.h"

#include <sched.h>
#include <stdlib.h>

#include <weir/atomic.h>

struct part {
    _Alignas(WEIR_LINE) struct tally tally;
    uint64_t pushed, popped, busy;
};

struct full_empty {
    const struct ring_kind *kind;
    struct placed ring;
    struct part *part;
    unsigned threads;
    size_t cap;
    /* of both */
    _Alignas(WEIR_LINE) weir_au64 turn; /* 3i + 1: go; 3i + 2: pushed; 3i + 3: as before */
    weir_au32 over;
    bool full;
    uint64_t met, rounds;
};

static int open_ring(struct full_empty *s, struct weir_stress *run, size_t cap) {
    struct shape shape = { .cap = cap, .size = sizeof(uint64_t), .place = PLACE_EXACT };
    s->kind = body_of(run)->kind;
    s->threads = weir_stress_threads(run);
    s->cap = cap;
    s->part = aligned_alloc(WEIR_LINE, s->threads * sizeof *s->part);
    if (!s->part) return WEIR_ENOMEM;
    for (unsigned i = 0; i < s->threads; i++) s->part[i] = (struct part){ 0 };
    return placed_open(&s->ring, s->kind, &shape, NULL, NULL);
}

static void close_ring(struct full_empty *s) {
    size_t len = s->kind->len(s->ring.out);
    weir_stress_check(len == 0, "length %zu at the end", len);
    weir_stress_check(placed_close(&s->ring, NULL, NULL) == 0, "the ring cannot be ended");
    free(s->part);
}

/* ---- own --------------------------------------------------------------------------------------------- */

static int own_setup(void *state, struct weir_stress *run) {
    return open_ring(state, run, weir_stress_threads(run));
}

/* Until it is decided; how often it was not. */
static ptrdiff_t decided(struct caller *c, bool push, uint64_t *v) {
    unsigned vain = 0;
    for (;;) {
        ptrdiff_t rc = push ? call_push(c, HOW_TRY, v, 0) : call_pop(c, HOW_TRY, v, 0);
        if (rc != WEIR_EBUSY) return rc;
        back_off(c->w, &vain);
    }
}

static void own_thread(void *state, struct weir_stress_worker *w) {
    struct full_empty *s = state;
    struct part *p = &s->part[weir_stress_index(w)];
    struct caller c = { s->kind, s->ring.in, s->cap, sizeof(uint64_t), w, &p->tally };
    uint64_t v = 0;
    weir_stress_role(w, "caller");
    while (weir_stress_more(w)) {
        ptrdiff_t in = decided(&c, true, &v);
        if (!weir_stress_check(in == 1,
                               "%u workers, each with at most one element inside, and a "
                               "ring of as many says %td",
                               s->threads, in))
            return;
        p->pushed++;
        ptrdiff_t out = decided(&c, false, &v);
        if (!weir_stress_check(out == 1,
                               "this worker's element is inside or another's, and pop says "
                               "%td",
                               out))
            return;
        p->popped++;
    }
}

static void own_finish(void *state) {
    struct full_empty *s = state;
    uint64_t turns = 0, busy = 0;
    for (unsigned i = 0; i < s->threads; i++) {
        turns += s->part[i].popped;
        busy += s->part[i].tally.busy;
    }
    weir_stress_count_of("turns", turns);
    weir_stress_count_of("busy", busy);
    if (!weir_stress_failed()) close_ring(s);
}

/* ---- both -------------------------------------------------------------------------------------------- */

static int both_setup(void *state, struct weir_stress *run) { return open_ring(state, run, 2); }

/* False: the other has gone. */
static bool await(struct full_empty *s, struct weir_stress_worker *w, uint64_t turn) {
    unsigned vain = 0;
    for (unsigned i = 1; weir_load_acquire(&s->turn, 0) != turn; i++) {
        if (weir_load_relaxed(&s->over)) return false;
        if (i % 64 == 0) back_off(w, &vain);
        weir_pause();
    }
    return true;
}

static void next(struct full_empty *s) { (void)weir_fetch_add_seq_cst(&s->turn, 1, 0); }

static void push_two(struct full_empty *s, struct weir_stress_worker *w) {
    const struct ring_kind *k = s->kind;
    uint64_t y = 2, z = 3;
    for (uint64_t i = 0; await(s, w, 3 * i + 1); i++) {
        int first = k->push(s->ring.in, &y), second = k->push(s->ring.in, &z);
        s->full = first == 0 && second == WEIR_EAGAIN;
        weir_stress_progress(w);
        next(s);
    }
}

static void pop_two(struct full_empty *s, struct weir_stress_worker *w) {
    const struct ring_kind *k = s->kind;
    uint64_t x = 1, v;
    void *fill = s->ring.in; /* by this worker, while the other waits */
    for (uint64_t i = 0; weir_stress_more(w); i++, s->rounds++) {
        weir_stress_check(k->push(fill, &x) == 0, "an empty ring takes no element");
        next(s);
        for (uint64_t n = weir_stress_random(w, 16); n > 0; n--) weir_pause();
        int first = k->pop(s->ring.out, &v), second = k->pop(s->ring.out, &v);
        if (!await(s, w, 3 * i + 2)) break;
        bool empty = first == 0 && second == WEIR_EAGAIN;
        s->met += s->full != empty;
        weir_stress_check(!s->full || !empty, "full and empty at once, in round %llu",
                          (unsigned long long)i);
        while (k->pop(s->ring.out, &v) == 0) continue;
        next(s);
    }
    weir_store_relaxed(&s->over, 1);
}

static void both_thread(void *state, struct weir_stress_worker *w) {
    weir_stress_role(w, weir_stress_index(w) ? "popper" : "pusher");
    if (weir_stress_index(w))
        pop_two(state, w);
    else
        push_two(state, w);
}

static void both_finish(void *state) {
    struct full_empty *s = state;
    weir_stress_count_of("rounds", s->rounds);
    weir_stress_count_of("met", s->met);
    if (!weir_stress_failed()) close_ring(s);
}

#define ROW(name_, about_, most_, ...)         \
    { .name = #name_,                          \
      .about = about_,                         \
      .min_threads = 2,                        \
      .max_threads = most_,                    \
      .state_size = sizeof(struct full_empty), \
      .setup = name_##_setup,                  \
      .thread = name_##_thread,                \
      .finish = name_##_finish,                \
      __VA_ARGS__ }

const struct body full_empty_bodies[] = {
    ROW(own, "push, then pop: never full, never empty", 0, .needs = RING_MANY),
    ROW(both, "full and empty are never said at once", 2, .needs = 0),
    { 0 },
};
