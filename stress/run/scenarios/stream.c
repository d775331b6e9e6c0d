/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/stream.c - see stream.h.
 *
 * A round: the last worker that came to the meeting opens it (open_round), all go, and the last one to
 * come back judges it (close_round) at once: so the ring is ended as early as its rules allow, while the
 * others are still on their way out of the meeting.
 *
 * A round ends by itself whatever happens to the time and to checks: a producer stops at its quota or when
 * there is no more time, the last producer closes (or says so, for a ring without close), and a
 * consumer stops at closed and drained. Where consumers leave early, they close first, so that no producer
 * waits for room. */
#include "stream.h"

#include "../../../lib/thread.h"

#include <stdlib.h>

#define MOST_CAP 64
#define NOBODY UINT32_MAX

/* ---- making a round ---------------------------------------------------------------------------------- */

static uint64_t a_start(struct weir_stress_worker *w) {
    static const uint64_t near[] = { UINT64_MAX, (UINT64_C(1) << 62) - 1, UINT32_MAX,
                                     (UINT64_C(1) << 31) - 1, (UINT64_C(1) << 30) - 1 };
    return near[weir_stress_random(w, 5)] - weir_stress_random(w, 100);
}

static size_t one_of(struct weir_stress_worker *w, const uint16_t *list, size_t otherwise) {
    size_t n = 0;
    while (n < STREAM_SIZES && list[n]) n++;
    return n ? list[weir_stress_random(w, n)] : otherwise;
}

static enum place a_place(struct weir_stress_worker *w, unsigned places) {
    if (!places) places = 1u << PLACE_EXACT | 1u << PLACE_NEW;
    enum place p;
    do p = (enum place)weir_stress_random(w, PLACES);
    while (!(places >> p & 1));
    return p;
}

static unsigned an_end(const struct stream *s, struct weir_stress_worker *w) {
    unsigned ends = s->row->ends & (STREAM_DRAINS | STREAM_LEAVES | STREAM_CLOSES), end;
    if (!(s->kind->has & RING_WAITS)) ends &= ~(unsigned)STREAM_CLOSES;
    if (!ends) ends = STREAM_DRAINS;
    do end = 1u << weir_stress_random(w, 3);
    while (!(ends & end));
    return end;
}

/* What is left inside goes to the ledger's extra consumer. */
static void dropped(void *elem, void *arg) {
    struct stream *s = arg;
    ledger_got(&s->ledger, s->ledger.consumers, elem);
}

static void open_round(struct stream *s, struct weir_stress_worker *w) {
    const struct stream_row *row = s->row;
    size_t otherwise = 1 + weir_stress_random(w, 2) * weir_stress_random(w, MOST_CAP) +
                       weir_stress_random(w, s->threads);
    s->over = !weir_stress_more(w);
    if (s->over) return;
    s->shape =
        (struct shape){ .cap = one_of(w, row->caps, otherwise < MOST_CAP ? otherwise : MOST_CAP),
                        .size = one_of(w, row->sizes, 8),
                        .start = row->wraps ? a_start(w) : 0,
                        .place = a_place(w, row->places) };
    s->end = an_end(s, w);
    s->quota = 1 + (uint32_t)weir_stress_random(w, s->ledger.quota);
    for (int i = 0; i < 2; i++) /* may be the same one */
        s->closers[i] = s->end == STREAM_CLOSES
                            ? (uint32_t)weir_stress_random(w, s->threads - s->pokers)
                            : NOBODY;
    s->close_at = (uint32_t)weir_stress_random(w, s->quota);
    ledger_start(&s->ledger, s->shape.size);
    for (unsigned i = 0; i < s->threads; i++) s->part[i].closed_ok = 0;
    weir_store_relaxed(&s->producing, s->ledger.producers);
    weir_store_relaxed(&s->inside, s->threads - s->pokers);
    weir_store_relaxed(&s->left, 0);
    int rc = placed_open(&s->ring, s->kind, &s->shape, dropped, s);
    s->over = !weir_stress_check(rc == 0, "no ring of %zu elements of %zu bytes: %s", s->shape.cap,
                                 s->shape.size, weir_strerror(rc));
}

static void close_round(struct stream *s) {
    const struct ring_kind *k = s->kind;
    unsigned closes = 0;
    size_t len = k->len(s->ring.out);
    weir_stress_check(len <= s->shape.cap, "length %zu at rest, capacity %zu", len, s->shape.cap);
    if (s->end != STREAM_LEAVES)
        weir_stress_check(len == 0, "length %zu, but the ring is closed and drained", len);
    uint32_t before = s->ledger.consumer[s->ledger.consumers].got;
    int rc = placed_close(&s->ring, dropped, s);
    weir_stress_check(rc == 0, "the ring cannot be ended: %s", weir_strerror(rc));
    uint32_t drops = s->ledger.consumer[s->ledger.consumers].got - before;
    weir_stress_check(drops == len, "length %zu, but drop was called %u times", len, drops);
    for (unsigned i = 0; i < s->threads; i++) closes += s->part[i].closed_ok;
    weir_stress_check(!(k->has & RING_WAITS) || closes == 1, "%u calls of close were the first",
                      closes);
    s->elements += ledger_judge(&s->ledger);
    s->rounds++;
}

/* ---- the parts --------------------------------------------------------------------------------------- */

static void close_ring(struct stream *s, struct stream_part *p, void *ring) {
    int rc = s->kind->close(ring);
    weir_stress_check(rc == 0 || rc == WEIR_ECLOSED, "close returned %d", rc);
    weir_stress_check(s->kind->is_closed(ring), "closed, but is_closed says no");
    p->closed_ok += rc == 0;
}

/* In the middle of a round, if it is this worker's turn. */
static void perhaps_close(struct stream *s, struct stream_part *p, const struct caller *c,
                          uint64_t done) {
    if (s->end != STREAM_CLOSES || done != s->close_at) return;
    uint32_t me = weir_stress_index(c->w);
    if (s->closers[0] == me || s->closers[1] == me) close_ring(s, p, c->ring);
}

static size_t a_batch(const struct stream *s, struct weir_stress_worker *w) {
    if (weir_stress_random(w, 100) >= s->row->batches) return 0;
    size_t most = 2 * s->shape.cap + 2;
    return 1 + weir_stress_random(w, most < STREAM_BATCH ? most : STREAM_BATCH);
}

/* The place of n elements that ends where the page ends. */
static char *buffer(const struct stream *s, const struct stream_part *p, size_t n) {
    return p->elems + (size_t)STREAM_BATCH * STREAM_SIZE - (n ? n : 1) * s->shape.size;
}

/* Of each side its own: weir_spsc has one of each. */
static void nothing_moves(const struct caller *c, bool push, char *elems) {
    if (!c->kind->push_n) return;
    ptrdiff_t rc = push ? c->kind->push_n(c->ring, elems, 0) : c->kind->pop_n(c->ring, elems, 0);
    weir_stress_check(rc == 0, "a batch of 0 returned %td", rc);
}

static void produce(struct stream *s, struct stream_part *p, struct caller *c, unsigned me) {
    uint32_t *accepted = &s->ledger.producer[me].accepted;
    unsigned vain = 0;
    while (*accepted < s->quota && weir_stress_more(c->w)) {
        if (weir_load_relaxed(&s->left)) break;
        perhaps_close(s, p, c, *accepted);
        size_t n = a_batch(s, c->w), room = s->quota - *accepted;
        if (n > room) n = room;
        char *elems = buffer(s, p, n);
        for (size_t i = 0; i < (n ? n : 1); i++)
            ledger_make(&s->ledger, me, *accepted + (uint32_t)i, elems + i * s->shape.size);
        bool closed = s->kind->is_closed(c->ring);
        ptrdiff_t rc = call_push(
            c, how_of(c, n ? s->row->hows & ~(unsigned)HOW_IN_PLACE : s->row->hows), elems, n);
        weir_stress_check(!closed || rc == WEIR_ECLOSED, "a push after close returned %td", rc);
        if (rc == WEIR_ECLOSED) break;
        if (rc > 0)
            *accepted += (uint32_t)rc;
        else
            back_off(c->w, &vain);
        if (*accepted % 8 == 0) check_len(c);
        if (*accepted % 64 == 1) nothing_moves(c, true, elems);
    }
    if (weir_fetch_add_seq_cst(&s->producing, UINT32_MAX, 0) == 1 && (s->kind->has & RING_WAITS))
        close_ring(s, p, c->ring);
}

/* Whether nothing can come any more: asked before the pop that then finds nothing. */
static bool ended(const struct stream *s) {
    return !(s->kind->has & RING_WAITS) && weir_load_acquire(&s->producing, 0) == 0;
}

static void leave(struct stream *s, struct stream_part *p, const struct caller *c) {
    if (s->kind->has & RING_WAITS)
        close_ring(s, p, c->ring);
    else
        weir_store_relaxed(&s->left, 1);
}

static void consume(struct stream *s, struct stream_part *p, struct caller *c, unsigned me) {
    uint64_t leave_at = s->end == STREAM_LEAVES ? s->close_at : UINT64_MAX, done = 0;
    unsigned vain = 0;
    for (;; weir_stress_progress(c->w)) {
        perhaps_close(s, p, c, done);
        if (done >= leave_at) {
            leave(s, p, c);
            return;
        }
        size_t n = a_batch(s, c->w);
        char *elems = buffer(s, p, n);
        bool last = ended(s);
        ptrdiff_t rc = call_pop(
            c, how_of(c, n ? s->row->hows & ~(unsigned)HOW_IN_PLACE : s->row->hows), elems, n);
        for (ptrdiff_t i = 0; i < rc; i++)
            ledger_got(&s->ledger, me, elems + (size_t)i * s->shape.size);
        if (rc == WEIR_ECLOSED || (rc == WEIR_EAGAIN && last)) return;
        if (rc > 0)
            done += (uint64_t)rc;
        else
            back_off(c->w, &vain);
        if (done % 8 == 0) check_len(c);
        if (done % 64 == 1) nothing_moves(c, false, elems);
    }
}

/* Leaves tokens and wakes futex words that nobody asked to be woken. */
static void poke(struct stream *s, struct weir_stress_worker *w) {
    unsigned n = s->threads - s->pokers;
    while (weir_load_acquire(&s->inside, 0) > 0) {
        struct weir__parker *p = weir_load_acquire(&s->part[weir_stress_random(w, n)].parker, 0);
        if (p && weir_stress_random(w, 2))
            weir__unpark(p);
        else if (p)
            weir__os_futex_wake(&p->state, INT32_MAX);
        unsigned vain = 15; /* each time */
        back_off(w, &vain);
    }
}

/* ---- the scenario ------------------------------------------------------------------------------------ */

/* Every second worker produces; of a kind with one consumer, all others do. */
static bool produces(const struct stream *s, unsigned me) {
    return s->kind->has & RING_FUNNEL ? !ring_one_pops(me) : me % 2 == 0;
}
/* Its number among those that do the same. */
static unsigned place_of(const struct stream *s, unsigned me) {
    if (!(s->kind->has & RING_FUNNEL)) return me / 2;
    return me == 0 || ring_one_pops(me) ? 0 : me - 1;
}

static void play(struct stream *s, struct weir_stress_worker *w, unsigned me) {
    if (me >= s->threads - s->pokers) {
        poke(s, w);
        return;
    }
    bool producer = produces(s, me);
    struct stream_part *p = &s->part[me];
    struct caller c = { .kind = s->kind,
                        .ring = producer ? s->ring.in : s->ring.out,
                        .cap = s->shape.cap,
                        .size = s->shape.size,
                        .w = w,
                        .tally = &p->tally };
    if (producer)
        produce(s, p, &c, place_of(s, me));
    else
        consume(s, p, &c, place_of(s, me));
    (void)weir_fetch_add_seq_cst(&s->inside, UINT32_MAX, 0);
}

void stream_thread(void *state, struct weir_stress_worker *w) {
    struct stream *s = state;
    unsigned me = weir_stress_index(w);
    weir_stress_role(w, me >= s->threads - s->pokers ? "poker"
                        : produces(s, me)            ? "producer"
                                                     : "consumer");
    struct weir__thread *self = weir__thread_self();
    if (weir_stress_check(self, "no memory for a thread's record"))
        weir_store_release(&s->part[me].parker, (void *)&self->parker, 0);
    for (bool first = true;; first = false) {
        if (meet(&s->meeting, w)) {
            if (!first) close_round(s);
            open_round(s, w);
            meet_go(&s->meeting);
        }
        if (s->over) return;
        play(s, w, me);
    }
}

int stream_setup(void *state, struct weir_stress *run) {
    struct stream *s = state;
    const struct body_of *b = body_of(run);
    s->kind = b->kind;
    s->row = b->body->param;
    s->threads = weir_stress_threads(run);
    s->pokers = s->row->ends & STREAM_POKED ? 1 : 0;
    unsigned n = s->threads - s->pokers;
    meet_init(&s->meeting, s->threads);
    s->part = aligned_alloc(WEIR_LINE, s->threads * sizeof *s->part);
    if (!s->part) return WEIR_ENOMEM;
    for (unsigned i = 0; i < s->threads; i++) {
        s->part[i] =
            (struct stream_part){ .elems = edge_alloc((size_t)STREAM_BATCH * STREAM_SIZE) };
        if (!s->part[i].elems) return WEIR_ENOMEM;
    }
    unsigned consumers = s->kind->has & RING_FUNNEL ? 1 : n / 2;
    return ledger_init(&s->ledger, n - consumers, consumers, s->row->quota);
}

/* Calls of the least and the most busy producer, in thousandths of a fair share. */
static void shares(const struct stream *s, const char *least, const char *most) {
    uint64_t lo = UINT64_MAX, hi = 0, all = 0, n = 0;
    for (unsigned i = 0; i < s->threads - s->pokers; i++) {
        if (!produces(s, i)) continue;
        uint64_t calls = s->part[i].tally.calls;
        lo = calls < lo ? calls : lo;
        hi = calls > hi ? calls : hi;
        all += calls;
        n++;
    }
    if (n < 2 || all == 0) return;
    weir_stress_count_of(least, lo * 1000 * n / all);
    weir_stress_count_of(most, hi * 1000 * n / all);
}

void stream_finish(void *state) {
    struct stream *s = state;
    struct tally t = { 0 };
    for (unsigned i = 0; i < s->threads; i++) {
        const struct tally *of = &s->part[i].tally;
        t.full += of->full;
        t.empty += of->empty;
        t.busy += of->busy;
        t.late += of->late;
        edge_free(s->part[i].elems, (size_t)STREAM_BATCH * STREAM_SIZE);
    }
    weir_stress_count_of("rounds", s->rounds);
    weir_stress_count_of("elements", s->elements);
    weir_stress_count_of("full", t.full);
    weir_stress_count_of("empty", t.empty);
    weir_stress_count_of("busy", t.busy);
    weir_stress_count_of("late", t.late);
    shares(s, "least", "most");
    ledger_fini(&s->ledger);
    free(s->part);
}
