/* SPDX-License-Identifier: MIT */
/* tests/rings/walk.c - RING4, RING14: one thread calls every verb at random, and a model that is two
 * counters says what each must return: how many are inside, and which is the oldest. */
#include "cases.h"
#include "ring.h"

#include <string.h>

#include <weir/spsc.h>

#define WALK_CAP_MAX 40
#define SIZE 24

struct walk {
    struct ring q;
    size_t cap;
    uint64_t head, tail; /* ids: those inside are head .. tail - 1 */
    size_t reserved;
    char in[(WALK_CAP_MAX + 3) * SIZE], out[(WALK_CAP_MAX + 3) * SIZE];
};

static size_t inside(const struct walk *w) { return (size_t)(w->tail - w->head); }
static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static void push_one(struct walk *w) {
    item_make(w->in, SIZE, w->tail);
    bool fits = inside(w) < w->cap && !w->reserved;
    if (CHECK_IS(R.try_push(w->q.in, w->in), fits ? 0 : WEIR_EAGAIN) && fits) w->tail++;
}

static void pop_one(struct walk *w) {
    bool some = inside(w) > 0;
    if (!CHECK_IS(R.try_pop(w->q.out, w->out), some ? 0 : WEIR_EAGAIN) || !some) return;
    CHECK(item_is(w->out, SIZE, w->head), "not the oldest element");
    w->head++;
}

static void push_some(struct walk *w) {
    size_t n = 1 + (size_t)rng_below(w->cap + 2);
    for (size_t i = 0; i < n; i++) item_make(w->in + i * SIZE, SIZE, w->tail + i);
    size_t fit = w->reserved ? 0 : least(n, w->cap - inside(w));
    if (CHECK_IS(R.try_push_n(w->q.in, w->in, n), fit ? (ptrdiff_t)fit : WEIR_EAGAIN))
        w->tail += fit;
}

static void pop_some(struct walk *w) {
    size_t n = 1 + (size_t)rng_below(w->cap + 2), k = least(n, inside(w));
    if (!CHECK_IS(R.try_pop_n(w->q.out, w->out, n), k ? (ptrdiff_t)k : WEIR_EAGAIN)) return;
    for (size_t i = 0; i < k; i++)
        CHECK(item_is(w->out + i * SIZE, SIZE, w->head + i), "element %zu of a batch", i);
    w->head += k;
}

/* A reservation stays open over other calls for a while. */
static void reserve_or_commit(struct walk *w) {
    struct weir_span s;
    if (w->reserved) {
        size_t n = (size_t)rng_below(w->reserved + 1);
        CHECK_IS(weir_spsc_commit(w->q.in, n), 0);
        w->tail += n;
        w->reserved = 0;
        return;
    }
    size_t n = 1 + (size_t)rng_below(w->cap + 2), k = least(n, w->cap - inside(w));
    if (!CHECK_IS(weir_spsc_reserve(w->q.in, n, &s), k ? (ptrdiff_t)k : WEIR_EAGAIN) || k == 0)
        return;
    CHECK_IS(s.n[0] + s.n[1], k);
    for (size_t i = 0; i < k; i++) {
        char *at = i < s.n[0] ? (char *)s.at[0] + i * SIZE : (char *)s.at[1] + (i - s.n[0]) * SIZE;
        item_make(at, SIZE, w->tail + i);
    }
    w->reserved = k;
}

static void peek_and_consume(struct walk *w) {
    struct weir_span s;
    size_t n = 1 + (size_t)rng_below(w->cap + 2), k = least(n, inside(w));
    if (!CHECK_IS(weir_spsc_peek(w->q.out, n, &s), k ? (ptrdiff_t)k : WEIR_EAGAIN) || k == 0)
        return;
    CHECK_IS(s.n[0] + s.n[1], k);
    for (size_t i = 0; i < k; i++) {
        char *at = i < s.n[0] ? (char *)s.at[0] + i * SIZE : (char *)s.at[1] + (i - s.n[0]) * SIZE;
        CHECK(item_is(at, SIZE, w->head + i), "peeked element %zu", i);
    }
    size_t take = (size_t)rng_below(k + 1);
    CHECK_IS(weir_spsc_consume(w->q.out, take), 0);
    w->head += take;
}

static void quiet_report(const char *call, const char *what, void *arg) {
    (void)call, (void)what, (void)arg;
}

static void walk(size_t cap, size_t steps) {
    struct walk w = { .cap = cap, .head = 1, .tail = 1 };
    void (*verbs[])(struct walk *) = { push_one,  pop_one,  push_some,         pop_some,
                                       push_some, pop_some, reserve_or_commit, peek_and_consume };
    size_t n = R.has & HAS_IN_PLACE ? 8 : R.has & HAS_BATCH ? 6 : 2;
    check_context("cap %zu, first index %llu", cap, (unsigned long long)setup.start);
    if (!ring_open(&w.q, cap, SIZE)) return;
    weir_set_report(quiet_report,
                    NULL); /* a push beside an open reservation is reported as misuse */
    for (size_t i = 0; i < steps && checks_hold(); i++) {
        /* Phases that fill and phases that drain, so that both ends are met often. */
        uint64_t lean = rng_below(8);
        if (lean == 0 && (i / 64) % 2 == 0)
            verbs[n > 2 ? 2 : 0](&w);
        else if (lean == 0)
            verbs[n > 2 ? 3 : 1](&w);
        else
            verbs[rng_below(n)](&w);
        CHECK_IS(R.len(w.q.out), inside(&w)); /* RING14: exact */
    }
    weir_set_report(NULL, NULL);
    ring_close(&w.q);
}

void body_walks(void) {
    static const size_t caps[] = { 1, 2, 3, 4, 5, 7, 8, 11, 16, 31, 40 };
    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++) walk(caps[i], 400);
}

void ring4_walk(void) {
    for (size_t i = times(40); i > 0 && checks_hold(); i--) body_walks();
}

void ring14_quiescent(void) {
    for (size_t cap = 1; cap <= WALK_CAP_MAX && checks_hold(); cap++) {
        struct ring q;
        check_context("cap %zu", cap);
        if (!ring_open(&q, cap, 8)) return;
        for (size_t at = 0; at < 2 * cap + 2 && checks_hold(); at++) {
            for (size_t n = 0; n < cap; n++) {
                CHECK_IS(R.len(q.in), n);
                if (!push_ids(&q, 8, n, 1)) break;
            }
            CHECK_IS(R.len(q.in), cap);
            if (R.has & HAS_WAIT && at == 2 * cap + 1)
                CHECK_IS(R.close(q.in), 0); /* counts what remains */
            for (size_t n = cap; n > 0; n--) {
                CHECK_IS(R.len(q.out), n);
                if (!pop_ids(&q, 8, cap - n, 1)) break;
            }
            CHECK_IS(R.len(q.out), 0);
            if (R.has & HAS_WAIT && at == 2 * cap + 1) break;
            if (!push_ids(&q, 8, 1, 1) || !pop_ids(&q, 8, 1, 1)) break;
        }
        ring_close(&q);
    }
}
