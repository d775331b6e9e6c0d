/* SPDX-License-Identifier: MIT */
/* bench/ring_turns.h - the loops of one thread, and of two in turn; the last part of bench/ring_bodies.h,
 * included by it alone, with its macros. */
WB_LOOP void RING_FN(solo_each)(struct wb_worker *w, const bool wait) {
    RING_PRODUCER_TYPE *in = RING_PRODUCER_OF(w->ring, w->id);
    RING_CONSUMER_TYPE *out = RING_CONSUMER_OF(w->ring, w->id);
    struct wb_run t = wb_begin(w, true);
    ELEM e[RING_AHEAD], back;
    RING_FN(blank)(e, RING_AHEAD);
    RING_FN(blank)(&back, 1);
    uint64_t word = w->next;
    while (!wb_stopped(&t)) {
        for (unsigned blocks = WB_STOP_EVERY / RING_AHEAD; blocks > 0; blocks--) {
            for (unsigned i = 0; i < RING_AHEAD; i++) e[i].w[0] = word + i;
            for (unsigned i = 0; i < RING_AHEAD; i++) {
                RING_OPAQUE(e[i]);
                if (!RING_FN(put)(in, &e[i], &t, wait)) goto out;
                __asm__ __volatile__("" ::: "memory");
                word++;
                if (!RING_FN(get)(out, &back, &t, wait)) goto out;
                RING_OPAQUE(back);
                wb_count(&t, back.w[0]);
                wb_work(t.work);
            }
        }
    }
out:
    w->next = word;
    wb_end(w, &t);
}

#ifdef RING_PUSH_N
WB_LOOP void RING_FN(solo_batch)(struct wb_worker *w, const bool wait) {
    RING_PRODUCER_TYPE *in = RING_PRODUCER_OF(w->ring, w->id);
    RING_CONSUMER_TYPE *out = RING_CONSUMER_OF(w->ring, w->id);
    struct wb_run t = wb_begin(w, true);
    const size_t batch = w->shape->batch;
    ELEM e[WB_BATCH_MAX], back[WB_BATCH_MAX];
    RING_FN(blank)(e, batch);
    while (!wb_stopped(&t)) {
        for (size_t i = 0; i < batch; i++) e[i].w[0] = w->next + i;
        size_t n = RING_FN(put_n)(in, e, batch, &t, wait);
        w->next += n;
        for (size_t k; n > 0; n -= k) {
            k = RING_FN(get_n)(out, back, n, &t, wait);
            if (k == 0) goto out;
            RING_FN(count_n)(&t, back, k);
        }
        wb_work(t.work);
    }
out:
    wb_end(w, &t);
}
#endif

#ifdef WB_COUNT
/* For bench/count, which counts instructions: w->start_ns elements, half a ring in and then out again, so
 * that a look at the other side's index is rare, as it is between two busy threads. */
WB_OWN void RING_FN(solo)(struct wb_worker *w) {
    RING_PRODUCER_TYPE *in = RING_PRODUCER_OF(w->ring, w->id);
    RING_CONSUMER_TYPE *out = RING_CONSUMER_OF(w->ring, w->id);
    struct wb_run t = wb_begin(w, true);
    const uint64_t some = w->shape->cap / 2, end = w->next + w->start_ns;
    ELEM e;
    RING_FN(blank)(&e, 1);
    while (w->next < end) {
        for (uint64_t i = 0; i < some; i++) {
            e.w[0] = w->next + i;
            RING_OPAQUE(e);
            if (!RING_PUSH(in, &e)) t.misses++;
        }
        for (uint64_t i = 0; i < some; i++) {
            if (!RING_POP(out, &e)) t.misses++;
            RING_OPAQUE(e);
            wb_count(&t, e.w[0]);
        }
        w->next += some;
    }
    wb_end(w, &t);
}
#else
WB_OWN void RING_FN(solo)(struct wb_worker *w) {
    const struct wb_shape *s = w->shape;
#ifdef RING_PUSH_N
    if (s->batch > 1) {
        if (s->blocking)
            RING_FN(solo_batch)(w, true);
        else
            RING_FN(solo_batch)(w, false);
        return;
    }
#endif
    if (s->blocking)
        RING_FN(solo_each)(w, true);
    else
        RING_FN(solo_each)(w, false);
}

#endif

/* There and back; false: closed. */
WB_LOOP bool RING_FN(trip)(RING_PRODUCER_TYPE *to, RING_CONSUMER_TYPE *from, ELEM *e, uint64_t word,
                           struct wb_run *t, const bool wait) {
    e->w[0] = word;
    RING_OPAQUE(*e);
    if (!RING_FN(put)(to, e, t, wait)) return false;
    if (!RING_FN(get)(from, e, t, wait)) return false;
    RING_OPAQUE(*e);
    t->disorder += e->w[0] != word;
    t->sum += e->w[0];
    t->moved++;
    return true;
}

WB_LOOP void RING_FN(ping_trips)(struct wb_worker *w, const bool wait) {
    RING_PRODUCER_TYPE *to = RING_PRODUCER_OF(w->ring, w->id);
    RING_CONSUMER_TYPE *from = RING_CONSUMER_OF(w->back, w->id);
    struct wb_run t = wb_begin(w, false);
    ELEM e;
    RING_FN(blank)(&e, 1);
    while (!wb_stopped(&t)) {
        uint64_t start = wb_clock();
        if (!RING_FN(trip)(to, from, &e, w->next + t.moved, &t, wait)) break;
        wb_hist_add(w->hist, wb_clock() - start);
        for (unsigned i = 1; i < WB_PING_SAMPLE; i++)
            if (!RING_FN(trip)(to, from, &e, w->next + t.moved, &t, wait)) goto out;
    }
out:
    w->next += t.moved;
    wb_end(w, &t);
}

WB_OWN void RING_FN(ping)(struct wb_worker *w) {
    if (w->shape->blocking)
        RING_FN(ping_trips)(w, true);
    else
        RING_FN(ping_trips)(w, false);
}

WB_LOOP void RING_FN(pong_trips)(struct wb_worker *w, const bool wait) {
    RING_CONSUMER_TYPE *from = RING_CONSUMER_OF(w->ring, w->id);
    RING_PRODUCER_TYPE *to = RING_PRODUCER_OF(w->back, w->id);
    struct wb_run t = wb_begin(w, true);
    ELEM e;
    RING_FN(blank)(&e, 1);
    while (RING_FN(get)(from, &e, &t, wait)) {
        RING_OPAQUE(e);
        if (!RING_FN(put)(to, &e, &t, wait)) break;
        wb_count(&t, e.w[0]);
    }
    wb_end(w, &t);
}

WB_OWN void RING_FN(pong)(struct wb_worker *w) {
    if (w->shape->blocking)
        RING_FN(pong_trips)(w, true);
    else
        RING_FN(pong_trips)(w, false);
}
