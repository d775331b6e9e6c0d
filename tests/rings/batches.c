/* SPDX-License-Identifier: MIT */
/* tests/rings/batches.c - RING9 in one step, RING14 while others are at work. */
#include "cases.h"
#include "ring.h"

#include "../support/points.h"

#include <stdlib.h>
#include <string.h>

/* ---- RING9: a batch appears and goes in one step ------------------------------------------------- */

/* The producer pushes a batch of k into the empty ring, and the consumer polls for k: its first pop
 * that succeeds gets all k. A third thread reads len, which is a multiple of k always. The capacity is
 * 2 k: len may meet two batches, and is cut to the capacity. */
struct steps {
    struct ring q;
    size_t k, rounds;
    weir_au32 stop;
    weir_au32 popped; /* batches: the producer waits for the pop of the one before */
};

static void step_push(struct steps *s) {
    char *elems = calloc(s->k, 8);
    unsigned failures = 0;
    for (uint32_t r = 0; elems && r < s->rounds && checks_hold(); r++) {
        for (size_t i = 0; i < s->k; i++) item_make(elems + i * 8, 8, r * s->k + i);
        while (weir_load_acquire(&s->popped, 0) != r && checks_hold()) give_way(&failures);
        CHECK_IS(R.try_push_n(s->q.in, elems, s->k), s->k);
    }
    free(elems);
}

static void step_pop(struct steps *s) {
    char *elems = calloc(s->k, 8);
    unsigned failures = 0;
    for (uint32_t r = 0; elems && r < s->rounds && checks_hold(); r++) {
        ptrdiff_t n;
        while ((n = R.try_pop_n(s->q.out, elems, s->k)) < 0 && checks_hold()) give_way(&failures);
        if (!CHECK_IS(n, s->k)) break;
        for (size_t i = 0; i < s->k; i++)
            CHECK(item_is(elems + i * 8, 8, r * s->k + i), "element %zu of batch %u", i, r);
        weir_store_release(&s->popped, r + 1, 0);
    }
    weir_store_relaxed(&s->stop, 1);
    free(elems);
}

static void step_watch(struct steps *s) {
    unsigned n = 0;
    while (!weir_load_relaxed(&s->stop) && checks_hold()) {
        size_t len = R.len(s->q.in);
        CHECK(len % s->k == 0, "len %zu while batches of %zu come and go", len, s->k);
        give_way(&n);
    }
}

static void step_member(void *arg, size_t i) {
    void (*const roles[])(struct steps *) = { step_push, step_pop, step_watch };
    roles[i](arg);
}

static void one_step(size_t k, bool delay) {
    struct steps s = { .k = k, .rounds = times(delay ? 400 : 4000) };
    check_context("batches of %zu%s", k, delay ? ", delays" : "");
    if (!checks_hold() || !ring_open(&s.q, 2 * k, 8)) return;
    points_delay(delay);
    team_run(3, step_member, &s);
    points_delay(false);
    CHECK_IS(weir_load_relaxed(&s.popped), s.rounds);
    ring_close(&s.q);
}

void ring9_one_step(void) {
    static const size_t sizes[] = { 2, 3, 7, 32, 100 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        one_step(sizes[i], false);
        one_step(sizes[i], true);
    }
}

/* ---- RING14: len is bounded at every moment ------------------------------------------------------ */

struct watched {
    struct ring q;
    size_t cap, sides, rounds;
    weir_au32 working;
};

static void churn(struct watched *w, bool push) {
    char elems[4 * 8] = "";
    unsigned failures = 0;
    for (size_t i = 0; i < w->rounds && checks_hold(); i++) {
        size_t n = 1 + (size_t)rng_below(4);
        ptrdiff_t rc;
        if (R.has & HAS_BATCH)
            rc = push ? R.try_push_n(w->q.in, elems, n) : R.try_pop_n(w->q.out, elems, n);
        else
            rc = push ? R.try_push(w->q.in, elems) : R.try_pop(w->q.out, elems);
        if (rc < 0) give_way(&failures);
    }
    (void)weir_fetch_sub_relaxed(&w->working, 1);
}

static void watched_member(void *arg, size_t i) {
    struct watched *w = arg;
    if (i < 2 * w->sides) {
        churn(w, i % 2 == 0);
        return;
    }
    for (unsigned n = 0; weir_load_relaxed(&w->working) && checks_hold();) {
        size_t len = R.len(w->q.in);
        CHECK(len <= w->cap, "len %zu of a ring of %zu", len, w->cap);
        give_way(&n);
    }
}

void ring14_bounded(void) {
    static const size_t caps[] = { 1, 2, 3, 8, 61 };
    for (size_t i = 0; i < sizeof caps / sizeof *caps && checks_hold(); i++) {
        struct watched w = { .cap = caps[i],
                             .sides = R.has & HAS_MANY ? 2 : 1,
                             .rounds = times(10000) };
        check_context("cap %zu", caps[i]);
        if (!ring_open(&w.q, caps[i], 8)) return;
        weir_init_atomic(&w.working, (uint32_t)(2 * w.sides));
        team_run(2 * w.sides + 1, watched_member, &w);
        ring_close(&w.q);
    }
}
