/* SPDX-License-Identifier: MIT */
/* tests/rings/streams.c - RING4 and RING5: producers push numbered elements, consumers take them.
 *
 * Each element has a word: 0 (not pushed yet), 1 (its push has begun), 2 (popped). A consumer moves it
 * from 1 to 2 by compare-and-swap, so an element that comes twice, or that nobody pushed, is seen at
 * once; at the end all words are 2. Each consumer keeps the last number it had from each producer. */
#include "cases.h"
#include "ring.h"

#include "../support/child.h"
#include "../support/points.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <weir/spsc.h>

enum verbs { SINGLE, BATCH, WAITING, WAITING_BATCH, FOREVER, MIXED, IN_PLACE };

#define BATCH_MAX 16

struct stream {
    struct ring q;
    size_t cap, size, producers, consumers;
    uint64_t each; /* elements per producer */
    enum verbs verbs;
    weir_au32 *state;
    weir_au64 popped, sum;
    weir_au32 producing;
};

/* Whether a try verb failed as it may. */
static bool may_fail(ptrdiff_t rc) {
    return CHECK(rc == WEIR_EAGAIN || (R.busy && rc == WEIR_EBUSY), "a try returned %td", rc);
}

/* ---- one call of each kind: how many elements it moved, 0, or -1 for the end ------------------- */

static ptrdiff_t count(ptrdiff_t rc) {
    if (rc > 0) return rc;
    if (rc == WEIR_ECLOSED) return -1;
    return may_fail(rc) ? 0 : -1;
}

static ptrdiff_t one(int rc) { return rc == 0 ? 1 : count(rc); }

/* A waiting verb: `got` if it succeeded; it may be late or closed, never EAGAIN or EBUSY. */
static ptrdiff_t waited(ptrdiff_t rc, ptrdiff_t got) {
    if (rc == WEIR_ETIMEDOUT) return 0;
    if (rc == WEIR_ECLOSED) return -1;
    return CHECK(rc >= 0, "a waiting verb returned %td", rc) ? got : -1;
}

static ptrdiff_t in_place_push(weir_spsc *r, const char *elems, size_t n, size_t size) {
    struct weir_span s;
    ptrdiff_t k = weir_spsc_reserve(r, n, &s);
    if (k <= 0) return count(k);
    memcpy(s.at[0], elems, s.n[0] * size);
    memcpy(s.at[1], elems + s.n[0] * size, s.n[1] * size);
    size_t give = 1 + (size_t)rng_below((uint64_t)k);
    return CHECK_IS(weir_spsc_commit(r, give), 0) ? (ptrdiff_t)give : -1;
}

static ptrdiff_t in_place_pop(weir_spsc *r, char *elems, size_t n, size_t size) {
    struct weir_span s;
    ptrdiff_t k = weir_spsc_peek(r, n, &s);
    if (k <= 0) return count(k);
    memcpy(elems, s.at[0], s.n[0] * size);
    memcpy(elems + s.n[0] * size, s.at[1], s.n[1] * size);
    size_t take = 1 + (size_t)rng_below((uint64_t)k);
    return CHECK_IS(weir_spsc_consume(r, take), 0) ? (ptrdiff_t)take : -1;
}

static enum verbs pick(const struct stream *s) {
    if (s->verbs >= WAITING && s->verbs <= MIXED && !(R.has & HAS_WAIT)) return SINGLE;
    if (s->verbs == BATCH && !(R.has & HAS_BATCH)) return SINGLE;
    return s->verbs == MIXED ? (enum verbs)rng_below(MIXED) : s->verbs;
}

static ptrdiff_t push(struct stream *s, const char *elems, size_t n) {
    void *r = s->q.in;
    ptrdiff_t k;
    switch (pick(s)) {
        case BATCH: return count(R.try_push_n(r, elems, n));
        case WAITING: return waited(R.push_wait(r, elems, weir_after(3000000), NULL), 1);
        case WAITING_BATCH: k = R.push_n_wait(r, elems, n, WEIR_FOREVER, NULL); return waited(k, k);
        case FOREVER: return waited(R.push_forever(r, elems), 1);
        case IN_PLACE: return in_place_push(r, elems, n, s->size);
        case SINGLE:
        case MIXED: break;
    }
    return one(R.try_push(r, elems));
}

static ptrdiff_t pop(struct stream *s, char *elems, size_t n) {
    void *r = s->q.out;
    ptrdiff_t k;
    switch (pick(s)) {
        case BATCH: return count(R.try_pop_n(r, elems, n));
        case WAITING: return waited(R.pop_wait(r, elems, weir_after(3000000), NULL), 1);
        case WAITING_BATCH: k = R.pop_n_wait(r, elems, n, WEIR_FOREVER, NULL); return waited(k, k);
        case FOREVER: return waited(R.pop_forever(r, elems), 1);
        case IN_PLACE: return in_place_pop(r, elems, n, s->size);
        case SINGLE:
        case MIXED: break;
    }
    return one(R.try_pop(r, elems));
}

/* ---- threads ----------------------------------------------------------------------------------- */

static void produce(struct stream *s, size_t who) {
    char *elems = malloc(BATCH_MAX * s->size);
    uint64_t first = who * s->each, made = first, sent = first, end = first + s->each;
    unsigned failures = 0;
    while (sent < end && checks_hold() && CHECK(elems, "no memory")) {
        size_t n = 1 + (size_t)rng_below(BATCH_MAX);
        if (n > end - sent) n = (size_t)(end - sent);
        for (size_t i = 0; i < n; i++) item_make(elems + i * s->size, s->size, sent + i);
        for (; made < sent + n; made++) weir_store_release(&s->state[made], 1, 0);
        ptrdiff_t k = push(s, elems, n);
        if (!CHECK(k >= 0, "a push failed, or said closed while producers are at work")) break;
        if (k == 0) give_way(&failures);
        sent += (uint64_t)k;
    }
    free(elems);
    if (weir_fetch_add_seq_cst(&s->producing, UINT32_MAX, 0) == 1 && (R.has & HAS_WAIT))
        CHECK_IS(R.close(s->q.in), 0);
}

static void take(struct stream *s, const char *elem, uint64_t *last) {
    uint64_t id = item_id(elem);
    if (!CHECK(id < s->each * s->producers, "an element that nobody pushed")) return;
    CHECK(item_is(elem, s->size, id), "a torn element");
    uint64_t who = id / s->each, seq = id % s->each + 1;
    CHECK(seq > last[who], "producer %llu: %llu after %llu", (unsigned long long)who,
          (unsigned long long)seq, (unsigned long long)last[who]);
    last[who] = seq;
    uint32_t was = 1;
    CHECK(weir_cas_acquire(&s->state[id], &was, 2, 0), "element %llu: state %u, not 1",
          (unsigned long long)id, was);
    (void)weir_fetch_add_relaxed(&s->sum, id);
}

static void consume(struct stream *s) {
    char *elems = malloc(BATCH_MAX * s->size);
    uint64_t last[TEAM_MAX] = { 0 }, all = s->each * s->producers;
    unsigned failures = 0;
    while (checks_hold() && CHECK(elems, "no memory")) {
        ptrdiff_t k = pop(s, elems, 1 + (size_t)rng_below(BATCH_MAX));
        if (k < 0) break; /* closed and drained */
        for (ptrdiff_t i = 0; i < k; i++) take(s, elems + (size_t)i * s->size, last);
        if (k > 0)
            (void)weir_fetch_add_relaxed(&s->popped, (uint64_t)k);
        else
            give_way(&failures);
        if (!(R.has & HAS_WAIT) && weir_load_relaxed(&s->popped) == all) break;
    }
    free(elems);
}

static void member(void *arg, size_t i) {
    struct stream *s = arg;
    if (i < s->producers)
        produce(s, i);
    else
        consume(s);
}

static void stream(size_t producers, size_t consumers, size_t cap, size_t size, size_t total,
                   enum verbs verbs) {
    struct stream s = { .cap = cap,
                        .size = size,
                        .producers = producers,
                        .consumers = consumers,
                        .each = total / producers + 1,
                        .verbs = verbs };
    uint64_t all = s.each * producers;
    char elem[ITEM_MAX];
    check_context("%zux%zu, cap %zu, size %zu, verbs %d, first index %llu", producers, consumers,
                  cap, size, (int)verbs, (unsigned long long)setup.start);
    if (!ring_open(&s.q, cap, size)) return;
    s.state = calloc(all, sizeof *s.state);
    weir_init_atomic(&s.producing, (uint32_t)producers);
    if (CHECK(s.state, "no memory")) team_run(producers + consumers, member, &s);
    CHECK_IS(weir_load_relaxed(&s.popped), all);
    CHECK_IS(weir_load_relaxed(&s.sum), all * (all - 1) / 2);
    for (uint64_t i = 0; s.state && i < all && checks_hold(); i++)
        CHECK(weir_load_relaxed(&s.state[i]) == 2, "element %llu: state %u at the end",
              (unsigned long long)i, weir_load_relaxed(&s.state[i]));
    CHECK_IS(R.len(s.q.out), 0);
    CHECK_IS(R.try_pop(s.q.out, elem), R.has & HAS_WAIT ? WEIR_ECLOSED : WEIR_EAGAIN);
    free(s.state);
    ring_close(&s.q);
}

/* The same twice: as it comes, and with random delays at the points of the algorithm. */
static void streams(size_t p, size_t c, size_t cap, size_t size, size_t total, enum verbs verbs) {
    if (!checks_hold()) return;
    stream(p, c, cap, size, total, verbs);
    points_delay(true);
    if (checks_hold()) stream(p, c, cap, size, total / 20 + 1, verbs);
    points_delay(false);
}

/* ---- the cases --------------------------------------------------------------------------------- */

void ring5_1x1_single(void) {
    streams(1, 1, 1024, 8, times(200000), SINGLE);
    streams(1, 1, 1, 24, times(5000), SINGLE);
    streams(1, 1, 7, 200, times(30000), SINGLE);
}

void ring5_1x1_batch(void) {
    streams(1, 1, 1024, 8, times(200000), BATCH);
    streams(1, 1, 3, 24, times(40000), BATCH);
    streams(1, 1, 64, 200, times(40000), BATCH);
}

void ring5_1x1_in_place(void) {
    streams(1, 1, 1024, 8, times(200000), IN_PLACE);
    streams(1, 1, 3, 24, times(40000), IN_PLACE);
    streams(1, 1, 100, 200, times(40000), IN_PLACE);
}

void ring5_1x1_wait(void) {
    streams(1, 1, 128, 8, times(100000), FOREVER);
    streams(1, 1, 1, 24, times(10000), FOREVER);
    streams(1, 1, 5, 24, times(20000), WAITING);
    streams(1, 1, 33, 24, times(50000), WAITING_BATCH);
    streams(1, 1, 2, 24, times(20000), MIXED);
}

static void all_verbs(size_t n, size_t total) {
    streams(n, n, 256, 8, total, SINGLE);
    streams(n, n, 100, 24, total, BATCH);
    streams(n, n, 64, 8, total / 2, FOREVER);
    streams(n, n, 13, 24, total / 4, WAITING);
    streams(n, n, 32, 24, total / 2, WAITING_BATCH);
    streams(n, n, 7, 24, total / 4, MIXED);
    streams(n, n, 2, 24, total / 8, MIXED);
    streams(n, n, 1, 24, total / 8, MIXED);
}

void ring5_2x2(void) { all_verbs(2, times(60000)); }
void ring5_8x8(void) { all_verbs(8, times(40000)); }

void ring5_oversubscribed(void) {
    streams(24, 24, 64, 8, times(30000), SINGLE);
    streams(24, 24, 16, 8, times(30000), MIXED);
}

void body_streams(void) {
    size_t n = times(1500);
    stream(1, 1, 3, 8, n, SINGLE);
    stream(1, 1, 5, 24, n, BATCH);
    stream(1, 1, 8, 8, n, SINGLE);
    if (R.has & HAS_IN_PLACE) stream(1, 1, 6, 24, n, IN_PLACE);
}

void body_mixed_threads(void) {
    size_t n = times(1000);
    if (!(R.has & HAS_MANY)) return;
    stream(2, 2, 1, 8, n / 2, MIXED);
    stream(2, 2, 3, 24, n, MIXED);
    stream(3, 3, 8, 8, n, MIXED);
}

/* On one CPU, where a spinning thread keeps its peer from running: nothing may depend on two. */
void ring5_one_cpu(void) {
    if (!(child_rights() & CHILD_ONE_CPU)) {
        child_passes("RING5 RING4 conservation on one CPU", CHILD_ONE_CPU);
        return;
    }
    streams(1, 1, 64, 8, times(50000), SINGLE);
    streams(1, 1, 5, 24, times(20000), BATCH);
    if (!(R.has & HAS_MANY)) return;
    streams(2, 2, 64, 8, times(20000), SINGLE);
    streams(8, 8, 16, 24, times(20000), MIXED);
    streams(2, 2, 1, 24, times(5000), FOREVER);
}

/* ---- RING4 in turns ---------------------------------------------------------------------------- */

/* Pushes are made under one lock and pops under another, so that "the order in which their pushes
 * took effect" is known though many threads push and pop at once. */
struct turns {
    struct ring q;
    pthread_mutex_t push_lock, pop_lock;
    uint64_t pushed, popped, end;
    size_t pushers;
};

static bool push_next(struct turns *t, unsigned *failures) {
    char elems[4 * 8];
    pthread_mutex_lock(&t->push_lock);
    uint64_t n = t->end - t->pushed < 4 ? t->end - t->pushed : 1 + rng_below(4);
    if (!(R.has & HAS_BATCH) && n > 1) n = 1;
    for (uint64_t i = 0; i < n; i++) item_make(elems + i * 8, 8, t->pushed + i);
    if (n > 0) {
        ptrdiff_t k =
            n == 1 ? one(R.try_push(t->q.in, elems)) : count(R.try_push_n(t->q.in, elems, n));
        if (k > 0) t->pushed += (uint64_t)k;
        if (k == 0) give_way(failures);
    }
    pthread_mutex_unlock(&t->push_lock);
    return n > 0;
}

static bool pop_next(struct turns *t, unsigned *failures) {
    char elems[4 * 8];
    pthread_mutex_lock(&t->pop_lock);
    bool more = t->popped < t->end;
    if (more) {
        size_t n = R.has & HAS_BATCH ? 1 + (size_t)rng_below(4) : 1;
        ptrdiff_t k =
            n == 1 ? one(R.try_pop(t->q.out, elems)) : count(R.try_pop_n(t->q.out, elems, n));
        for (ptrdiff_t i = 0; i < k; i++, t->popped++)
            CHECK(item_is(elems + i * 8, 8, t->popped), "element %llu came, not %llu",
                  (unsigned long long)item_id(elems + i * 8), (unsigned long long)t->popped);
        if (k == 0) give_way(failures);
    }
    pthread_mutex_unlock(&t->pop_lock);
    return more;
}

static void turns_member(void *arg, size_t i) {
    struct turns *t = arg;
    unsigned failures = 0;
    while (checks_hold() && (i < t->pushers ? push_next(t, &failures) : pop_next(t, &failures)))
        random_delay();
}

/* A single-producer ring too: its roles may move between threads that hand them over by a lock. */
void ring4_turns(void) {
    static const size_t caps[] = { 1, 2, 3, 8, 100 };
    for (size_t i = 0; i < sizeof caps / sizeof *caps && checks_hold(); i++) {
        struct turns t = { .push_lock = PTHREAD_MUTEX_INITIALIZER,
                           .pop_lock = PTHREAD_MUTEX_INITIALIZER,
                           .end = times(caps[i] < 8 ? 3000 : 20000),
                           .pushers = 3 };
        check_context("cap %zu", caps[i]);
        if (!ring_open(&t.q, caps[i], 8)) return;
        points_delay(i % 2 == 0);
        team_run(6, turns_member, &t);
        points_delay(false);
        CHECK_IS(t.popped, t.end);
        CHECK_IS(R.len(t.q.out), 0);
        ring_close(&t.q);
    }
}
