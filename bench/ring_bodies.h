/* SPDX-License-Identifier: MIT */
/* bench/ring_bodies.h - the loops of bench/ring_loops.h for one element size; included by it alone, with
 * ELEM and RING_SIZE set. What the loops promise stands there.
 *
 * A producer of elements above 8 bytes fills 16 of them ahead and then pushes them one by one: a copy by
 * wide moves that follows a narrow store to the same bytes waits until that store has left the store
 * buffer, behind the ring's own stores, and the loop would measure that.
 *
 * No include guard: it is a template. */
#define RING_FN(x) WB_CAT3(RING_NAME, x, RING_SIZE)
#define RING_AHEAD (RING_SIZE > 8 ? 16u : 1u)
/* The element is written (or read) here as a whole; one word stays in its register. */
#define RING_OPAQUE(e)                                         \
    do {                                                       \
        if (RING_SIZE > 8) __asm__ __volatile__("" : "+m"(e)); \
    } while (0)

/* ---- one element, or a batch, in or out ---------------------------------------------------------- */

/* False: told to stop, or closed; the element is still the caller's. */
WB_LOOP bool RING_FN(put)(RING_PRODUCER_TYPE *r, const ELEM *e, struct wb_run *t, const bool wait) {
#ifdef RING_PUSH_WAIT
    if (wait) return RING_PUSH_WAIT(r, e);
#endif
    (void)wait;
    while (WB_UNLIKELY(!RING_PUSH(r, e))) {
        t->misses++;
        if (wb_stopped(t)) return false;
        wb_back_off(t);
    }
    t->fails = 0;
    return true;
}

/* False: drained, or closed. */
WB_LOOP bool RING_FN(get)(RING_CONSUMER_TYPE *r, ELEM *e, struct wb_run *t, const bool wait) {
#ifdef RING_POP_WAIT
    if (wait) return RING_POP_WAIT(r, e);
#endif
    (void)wait;
    while (WB_UNLIKELY(!RING_POP(r, e)))
        if (wb_drained(t)) return false;
    t->fails = t->empty = 0;
    return true;
}

#ifdef RING_PUSH_N
WB_LOOP size_t RING_FN(put_n)(RING_PRODUCER_TYPE *r, const ELEM *e, size_t n, struct wb_run *t,
                              const bool wait) {
#ifdef RING_PUSH_N_WAIT
    if (wait) return RING_PUSH_N_WAIT(r, e, n);
#endif
    (void)wait;
    for (;;) {
        size_t k = RING_PUSH_N(r, e, n);
        if (WB_LIKELY(k > 0)) {
            t->fails = 0;
            return k;
        }
        t->misses++;
        if (wb_stopped(t)) return 0;
        wb_back_off(t);
    }
}
#endif

#ifdef RING_POP_N
WB_LOOP size_t RING_FN(get_n)(RING_CONSUMER_TYPE *r, ELEM *e, size_t n, struct wb_run *t,
                              const bool wait) {
#ifdef RING_POP_N_WAIT
    if (wait) return RING_POP_N_WAIT(r, e, n);
#endif
    (void)wait;
    for (;;) {
        size_t k = RING_POP_N(r, e, n);
        if (WB_LIKELY(k > 0)) {
            t->fails = t->empty = 0;
            return k;
        }
        if (wb_drained(t)) return 0;
    }
}
#endif

/* ---- producers --------------------------------------------------------------------------------------- */

/* Elements whose payload the compiler does not know. (A memset of a single word would keep it in memory.) */
WB_LOOP void RING_FN(blank)(ELEM *e, size_t n) {
    for (size_t i = 0; i < n; i++) {
        e[i].w[0] = 0;
        if (RING_SIZE > 8) memset(&e[i], 0x5a, sizeof e[i]);
        RING_OPAQUE(e[i]);
    }
}

/* Ends a producer that has come to the element `word`. */
WB_LOOP void RING_FN(pushed)(struct wb_worker *w, struct wb_run *t, uint64_t word) {
    t->moved = word - ((uint64_t)w->id << WB_SEQ_BITS) - w->next;
    w->next += t->moved;
    wb_end(w, t);
}

WB_LOOP void RING_FN(produce_each)(struct wb_worker *w, const bool wait) {
    RING_PRODUCER_TYPE *r = RING_PRODUCER_OF(w->ring, w->id);
    struct wb_run t = wb_begin(w, false);
    uint64_t word = ((uint64_t)w->id << WB_SEQ_BITS) + w->next;
    ELEM e[RING_AHEAD];
    RING_FN(blank)(e, RING_AHEAD);
    while (!wb_stopped(&t)) {
        for (unsigned blocks = WB_STOP_EVERY / RING_AHEAD; blocks > 0; blocks--) {
            for (unsigned i = 0; i < RING_AHEAD; i++) e[i].w[0] = word + i;
            for (unsigned i = 0; i < RING_AHEAD; i++) {
                RING_OPAQUE(e[i]);
                if (!RING_FN(put)(r, &e[i], &t, wait)) goto out;
                t.sum += word++;
                wb_work(t.work);
            }
        }
    }
out:
    RING_FN(pushed)(w, &t, word);
}

WB_LOOP void RING_FN(produce_rate)(struct wb_worker *w, const bool wait) {
    RING_PRODUCER_TYPE *r = RING_PRODUCER_OF(w->ring, w->id);
    struct wb_run t = wb_begin(w, false);
    const double step = wb_step(w->shape);
    uint64_t word = ((uint64_t)w->id << WB_SEQ_BITS) + w->next;
    ELEM e;
    RING_FN(blank)(&e, 1);
    while (wb_await(&t, wb_due(w, step, word))) {
        e.w[0] = word;
        RING_OPAQUE(e);
        if (!RING_FN(put)(r, &e, &t, wait)) break;
        t.sum += word++;
    }
    RING_FN(pushed)(w, &t, word);
}

#ifdef RING_PUSH_N
/* What a call does not take is offered again by the next one, before new elements are prepared. */
WB_LOOP void RING_FN(produce_batch)(struct wb_worker *w, const bool wait) {
    RING_PRODUCER_TYPE *r = RING_PRODUCER_OF(w->ring, w->id);
    struct wb_run t = wb_begin(w, false);
    const size_t batch = w->shape->batch;
    uint64_t word = ((uint64_t)w->id << WB_SEQ_BITS) + w->next;
    ELEM e[WB_BATCH_MAX];
    RING_FN(blank)(e, batch);
    while (!wb_stopped(&t)) {
        for (size_t i = 0; i < batch; i++) e[i].w[0] = word + i;
        for (size_t at = 0, k; at < batch; at += k) {
            k = RING_FN(put_n)(r, e + at, batch - at, &t, wait);
            if (k == 0) goto out;
            t.sum += word * k + k * (k - 1) / 2; /* of k words in a row */
            word += k;
            wb_work(t.work);
        }
    }
out:
    RING_FN(pushed)(w, &t, word);
}
#endif

WB_OWN void RING_FN(produce)(struct wb_worker *w) {
    const struct wb_shape *s = w->shape;
#ifdef RING_PUSH_N
    if (s->rate <= 0 && s->batch > 1) {
        if (s->blocking)
            RING_FN(produce_batch)(w, true);
        else
            RING_FN(produce_batch)(w, false);
        return;
    }
#endif
    if (s->rate > 0 && s->blocking)
        RING_FN(produce_rate)(w, true);
    else if (s->rate > 0)
        RING_FN(produce_rate)(w, false);
    else if (s->blocking)
        RING_FN(produce_each)(w, true);
    else
        RING_FN(produce_each)(w, false);
}

/* ---- consumers --------------------------------------------------------------------------------------- */

WB_LOOP void RING_FN(consume_each)(struct wb_worker *w, const bool wait, const bool one) {
    RING_CONSUMER_TYPE *r = RING_CONSUMER_OF(w->ring, w->id);
    struct wb_run t = wb_begin(w, one);
    ELEM e;
    RING_FN(blank)(&e, 1);
    while (RING_FN(get)(r, &e, &t, wait)) {
        RING_OPAQUE(e);
        wb_count(&t, e.w[0]);
        wb_work(t.work);
    }
    wb_end(w, &t);
}

WB_LOOP void RING_FN(consume_rate)(struct wb_worker *w, const bool wait) {
    RING_CONSUMER_TYPE *r = RING_CONSUMER_OF(w->ring, w->id);
    struct wb_run t = wb_begin(w, false);
    const double step = wb_step(w->shape);
    ELEM e;
    RING_FN(blank)(&e, 1);
    while (RING_FN(get)(r, &e, &t, wait)) {
        uint64_t now = wb_clock();
        RING_OPAQUE(e);
        wb_count(&t, e.w[0]);
        uint64_t due = wb_due(w, step, e.w[0]);
        wb_hist_add(w->hist, now > due ? now - due : 0);
    }
    wb_end(w, &t);
}

#ifdef RING_POP_N
/* Counts k >= 1 elements that came out. Words of one producer that follow each other, which is the rule,
 * are checked without a comparison each, so that the compiler may take several at a time. */
WB_LOOP void RING_FN(count_n)(struct wb_run *t, ELEM *e, size_t k) {
    if (RING_SIZE == 8 && t->one) {
        uint64_t first = e[0].w[0], differ = 0, sum = 0;
        for (size_t i = 0; i < k; i++) {
            sum += e[i].w[0];
            differ |= e[i].w[0] ^ (first + i);
        }
        if (WB_LIKELY(differ == 0 && first >= t->only)) {
            t->only = first + k;
            t->moved += k;
            t->sum += sum;
            return;
        }
    }
    for (size_t i = 0; i < k; i++) {
        RING_OPAQUE(e[i]);
        wb_count(t, e[i].w[0]);
    }
}

WB_LOOP void RING_FN(consume_batch)(struct wb_worker *w, const bool wait, const bool one) {
    RING_CONSUMER_TYPE *r = RING_CONSUMER_OF(w->ring, w->id);
    struct wb_run t = wb_begin(w, one);
    const size_t batch = w->shape->batch;
    ELEM e[WB_BATCH_MAX];
    for (size_t k; (k = RING_FN(get_n)(r, e, batch, &t, wait)) > 0;) {
        RING_FN(count_n)(&t, e, k);
        wb_work(t.work);
    }
    wb_end(w, &t);
}
#endif

WB_OWN void RING_FN(consume)(struct wb_worker *w) {
    const struct wb_shape *s = w->shape;
    const bool one = s->producers == 1;
#ifdef RING_POP_N
    if (s->rate <= 0 && s->batch > 1) {
        if (s->blocking)
            RING_FN(consume_batch)(w, true, false);
        else if (one)
            RING_FN(consume_batch)(w, false, true);
        else
            RING_FN(consume_batch)(w, false, false);
        return;
    }
#endif
    if (s->rate > 0 && s->blocking)
        RING_FN(consume_rate)(w, true);
    else if (s->rate > 0)
        RING_FN(consume_rate)(w, false);
    else if (s->blocking)
        RING_FN(consume_each)(w, true, false);
    else if (one)
        RING_FN(consume_each)(w, false, true);
    else
        RING_FN(consume_each)(w, false, false);
}

#include "ring_turns.h"

#undef RING_FN
#undef RING_AHEAD
#undef RING_OPAQUE
