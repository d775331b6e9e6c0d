/* SPDX-License-Identifier: MIT */
/* tests/rings/inplace.c - RING10 and RING11: reserve, commit, peek, consume of weir_spsc. */
#include "cases.h"
#include "ring.h"

#include <string.h>

#include <weir/spsc.h>

#define SIZE 24

struct reports {
    unsigned count;
    const char *call;
};

static void note(const char *call, const char *what, void *arg) {
    struct reports *r = arg;
    (void)what;
    r->count++;
    r->call = call;
}

/* The i-th element of a span. */
static char *at(const struct weir_span *s, size_t i) {
    return i < s->n[0] ? (char *)s->at[0] + i * SIZE : (char *)s->at[1] + (i - s->n[0]) * SIZE;
}

/* ---- RING10 ------------------------------------------------------------------------------------ */

static void second_refused(struct ring *q, struct reports *rep) {
    struct weir_span s;
    char elem[2 * SIZE];
    unsigned before = rep->count;
    CHECK_IS(weir_spsc_reserve(q->in, 1, &s), WEIR_EINVAL);
    CHECK(rep->count == before + 1 && strcmp(rep->call, "weir_spsc_reserve") == 0, "not reported");
    CHECK_IS(R.try_push(q->in, elem), WEIR_EAGAIN); /* refused */
    CHECK_IS(R.try_push_n(q->in, elem, 2), WEIR_EAGAIN);
    CHECK_IS(rep->count, before + 3);
}

/* `inside` elements, then a reservation of n, of which `give` are committed. */
static void reserve(size_t cap, size_t first, size_t inside, size_t n, size_t give,
                    struct reports *rep) {
    struct ring q;
    struct weir_span s;
    size_t room = cap - inside, want = n < room ? n : room;
    check_context("cap %zu, at %zu, %zu inside, n %zu, commit %zu", cap, first, inside, n, give);
    if (!ring_open(&q, cap, SIZE)) return;
    for (size_t i = 0; i < first; i++)
        if (!push_ids(&q, SIZE, i, 1) || !pop_ids(&q, SIZE, i, 1)) return;
    push_ids(&q, SIZE, 100, inside);
    CHECK_IS(weir_spsc_reserve(q.in, n, &s), want ? (ptrdiff_t)want : WEIR_EAGAIN);
    if (want == 0) {
        CHECK_IS(weir_spsc_commit(q.in, 0), WEIR_EINVAL); /* none is open */
        pop_ids(&q, SIZE, 100, inside);
        ring_close(&q);
        return;
    }
    CHECK(s.n[0] > 0 && s.n[0] + s.n[1] == want, "spans of %zu and %zu", s.n[0], s.n[1]);
    for (size_t i = 0; i < want; i++) item_make(at(&s, i), SIZE, 100 + inside + i);
    CHECK_IS(weir_spsc_len(q.in), inside); /* nothing is visible */
    second_refused(&q, rep);
    CHECK_IS(weir_spsc_commit(q.in, want + 1), WEIR_EINVAL); /* more than reserved: it stays open */
    pop_ids(&q, SIZE, 100, inside);
    CHECK_IS(R.try_pop(q.out, (char[SIZE]){ 0 }), WEIR_EAGAIN);
    CHECK_IS(weir_spsc_commit(q.in, give), 0);
    CHECK_IS(weir_spsc_len(q.in), give);
    pop_ids(&q, SIZE, 100 + inside, give); /* all of them, in order */
    CHECK_IS(R.try_pop(q.out, (char[SIZE]){ 0 }), WEIR_EAGAIN);
    push_ids(&q, SIZE, 900, cap); /* what was not committed is room again */
    CHECK_IS(R.try_push(q.in, (char[SIZE]){ 0 }), WEIR_EAGAIN);
    pop_ids(&q, SIZE, 900, cap);
    ring_close(&q);
}

void ring10_reserve(void) {
    static const size_t caps[] = { 1, 2, 3, 5, 8 };
    struct reports rep = { 0 };
    struct weir_span s;
    struct ring q;
    weir_set_report(note, &rep);
    for (size_t c = 0; c < sizeof caps / sizeof *caps; c++)
        for (size_t first = 0; first <= caps[c]; first++)
            for (size_t inside = 0; inside <= caps[c]; inside++)
                for (size_t n = 1; n <= caps[c] - inside + 1; n++)
                    for (size_t give = 0; give <= n && give <= caps[c] - inside; give++)
                        if (checks_hold()) reserve(caps[c], first, inside, n, give, &rep);
    check_context("bad arguments");
    if (!ring_open(&q, 4, SIZE)) return;
    rep.count = 0;
    CHECK_IS(weir_spsc_reserve(q.in, 0, &s), WEIR_EINVAL);
    CHECK_IS(weir_spsc_reserve(q.in, 1, NULL), WEIR_EINVAL);
    CHECK_IS(weir_spsc_commit(q.in, 1), WEIR_EINVAL);
    CHECK_IS(rep.count, 1); /* the commit without a reservation */
    push_ids(&q, SIZE, 1, 4);
    CHECK_IS(weir_spsc_reserve(q.in, 1, &s), WEIR_EAGAIN);
    weir_set_report(NULL, NULL);
    ring_close(&q);
}

/* Two threads: what the consumer sees of a reservation is nothing, then all of it. */
struct visible {
    struct ring q;
    weir_au32 round, committed; /* the consumer has seen all of so many rounds; the producer gave */
    size_t rounds;
};

#define VISIBLE_K 5

static void visible_produce(struct visible *v) {
    unsigned failures = 0;
    for (uint32_t r = 0; r < v->rounds && checks_hold(); r++) {
        struct weir_span s;
        while (weir_load_acquire(&v->round, 0) != r && checks_hold()) give_way(&failures);
        if (!CHECK_IS(weir_spsc_reserve(v->q.in, VISIBLE_K, &s), VISIBLE_K)) return;
        for (size_t i = 0; i < VISIBLE_K; i++) {
            item_make(at(&s, i), SIZE, r * VISIBLE_K + i);
            random_delay();
        }
        weir_store_release(&v->committed, r + 1,
                           0); /* before the commit: what is seen implies it */
        CHECK_IS(weir_spsc_commit(v->q.in, VISIBLE_K), 0);
    }
}

static void visible_consume(struct visible *v) {
    char elems[VISIBLE_K * SIZE];
    unsigned failures = 0;
    for (uint32_t r = 0; r < v->rounds && checks_hold();) {
        size_t k = weir_spsc_pop_n(v->q.out, elems, VISIBLE_K);
        if (k == 0) {
            give_way(&failures);
            continue;
        }
        CHECK_IS(weir_load_acquire(&v->committed, 0), r + 1); /* nothing before the commit */
        CHECK_IS(k, VISIBLE_K);                               /* all after it */
        for (size_t i = 0; i < k; i++)
            CHECK(item_is(elems + i * SIZE, SIZE, r * VISIBLE_K + i), "element %zu of round %u", i,
                  r);
        weir_store_release(&v->round, ++r, 0);
    }
}

static void visible_member(void *arg, size_t i) {
    if (i == 0)
        visible_produce(arg);
    else
        visible_consume(arg);
}

void ring10_visible(void) {
    static const size_t caps[] = { VISIBLE_K, VISIBLE_K + 2, 16 };
    for (size_t c = 0; c < sizeof caps / sizeof *caps && checks_hold(); c++) {
        struct visible v = { .rounds = times(5000) };
        check_context("cap %zu", caps[c]);
        if (!ring_open(&v.q, caps[c], SIZE)) return;
        team_run(2, visible_member, &v);
        CHECK_IS(weir_load_relaxed(&v.round), v.rounds);
        ring_close(&v.q);
    }
}

/* ---- RING11 ------------------------------------------------------------------------------------ */

static void peek(struct ring *q, size_t inside, size_t n, size_t take, uint64_t id) {
    struct weir_span s, again;
    size_t want = n < inside ? n : inside;
    CHECK_IS(weir_spsc_peek(q->out, n, &s), want ? (ptrdiff_t)want : WEIR_EAGAIN);
    if (want == 0) return;
    CHECK(s.n[0] > 0 && s.n[0] + s.n[1] == want, "spans of %zu and %zu", s.n[0], s.n[1]);
    for (size_t i = 0; i < want; i++)
        CHECK(item_is(at(&s, i), SIZE, id + i), "peeked element %zu", i);
    CHECK_IS(weir_spsc_len(q->out), inside); /* nothing was taken */
    CHECK_IS(weir_spsc_peek(q->out, n, &again), want);
    CHECK(at(&again, 0) == at(&s, 0), "a second peek shows another element");
    CHECK_IS(weir_spsc_consume(q->out, take), 0);
    CHECK_IS(weir_spsc_len(q->out), inside - take);
    pop_ids(q, SIZE, id + take, inside - take); /* the peeked ones are gone, the others are not */
}

void ring11_peek(void) {
    static const size_t caps[] = { 1, 2, 3, 5, 8 };
    struct reports rep = { 0 };
    struct weir_span s;
    struct ring q;
    for (size_t c = 0; c < sizeof caps / sizeof *caps; c++) {
        uint64_t id = 1;
        size_t cap = caps[c];
        if (!ring_open(&q, cap, SIZE)) return;
        for (size_t inside = 0; inside <= cap; inside++)
            for (size_t n = 1; n <= cap + 1; n++)
                for (size_t take = 0; take <= n && take <= inside; take++) {
                    check_context("cap %zu, %zu inside, peek %zu, consume %zu", cap, inside, n,
                                  take);
                    push_ids(&q, SIZE, id, inside);
                    peek(&q, inside, n, take, id);
                    id += inside;
                    if (!checks_hold()) return;
                }
        ring_close(&q);
    }
    check_context("bad arguments");
    if (!ring_open(&q, 4, SIZE)) return;
    weir_set_report(note, &rep);
    CHECK_IS(weir_spsc_peek(q.out, 1, &s), WEIR_EAGAIN);
    push_ids(&q, SIZE, 7, 3);
    CHECK_IS(weir_spsc_peek(q.out, 1, NULL), WEIR_EINVAL);
    CHECK_IS(weir_spsc_peek(q.out, 0, &s), WEIR_EAGAIN);
    CHECK_IS(rep.count, 0);
    CHECK_IS(weir_spsc_peek(q.out, 9, &s), 3);
    CHECK_IS(weir_spsc_consume(q.out, 4), WEIR_EINVAL); /* more than was seen */
    CHECK(rep.count == 1 && strcmp(rep.call, "weir_spsc_consume") == 0, "not reported");
    weir_set_report(NULL, NULL);
    CHECK_IS(weir_spsc_consume(q.out, 0), 0);
    pop_ids(&q, SIZE, 7, 3); /* nothing was taken */
    ring_close(&q);
}
