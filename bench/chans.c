/* SPDX-License-Identifier: MIT */
/* bench/chans.c - channels as variants of the structure "chan"; see chans.h.
 *
 * Streams, solo and ping-pong are the loops of the rings (ring_loops.h) with send and receive in their
 * waiting forms: a case of a channel always has blocking:1. With a batch the receiver takes up to so many per
 * call (recv_many, which waits for the first alone); the sender sends one at a time.
 *
 * With a gap the producer sleeps, then sends a burst of `batch` elements one by one, over and over; the
 * receiver sleeps in between. What is measured is how long each element takes from just before its send
 * until its receiver has it, and by the way the CPU time that the waiting costs. */
#include "chans.h"

#include <stdlib.h>
#include <time.h>

#define STAMPS 4096u /* more than any capacity here, so that none is written before it was read */

struct box {
    weir_chan *chan;
    uint64_t *stamps; /* with a gap: when element i was sent, at i % STAMPS; else NULL */
};

static void dispose(void *ring) {
    struct box *b = ring;
    (void)weir_chan_unref(b->chan);
    free(b->stamps);
    free(b);
}

static void *open_kind(const struct wb_shape *s, unsigned kind) {
    struct weir_chan_opts o = WEIR_CHAN_OPTS(s->cap, s->size);
    struct box *b = calloc(1, sizeof *b);
    o.kind = kind;
    if (!b || s->size != 8 || s->batch > WB_BATCH_MAX || (s->gap_ns && s->cap >= STAMPS)) {
        free(b);
        return NULL;
    }
    if (s->gap_ns) b->stamps = calloc(STAMPS, sizeof *b->stamps);
    if ((b->stamps || !s->gap_ns) && weir_chan_new(&b->chan, &o) == 0) return b;
    dispose(b);
    return NULL;
}

static void shut(void *ring) {
    struct box *b = ring;
    (void)weir_chan_close(b->chan);
}

/* A count; its codes count as nothing moved. */
static size_t some(ptrdiff_t rc) { return rc > 0 ? (size_t)rc : 0; }

#define RING_NAME loops
#define RING_TYPE weir_chan
#define RING_OF(ring) (((struct box *)(ring))->chan)
#define RING_PUSH(r, e) (weir_chan_try_send(r, e) == 0)
#define RING_POP(r, e) (weir_chan_try_recv(r, e) == 0)
#define RING_PUSH_WAIT(r, e) (weir_chan_send(r, e) == 0)
#define RING_POP_WAIT(r, e) (weir_chan_recv(r, e) == 0)
#define RING_POP_N(r, e, n) some(weir_chan_try_recv_many(r, e, n))
#define RING_POP_N_WAIT(r, e, n) some(weir_chan_recv_many(r, e, n, WEIR_NOW))
#include "ring_loops.h"

/* ---- with gaps ----------------------------------------------------------------------------------- */

static void sleep_for(unsigned ns) {
    const struct timespec ts = { 0, (long)ns };
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
}

/* False: closed. */
static bool burst(struct wb_worker *w, struct box *b, struct wb_run *t) {
    for (unsigned i = 0; i < w->shape->batch; i++) {
        uint64_t word = w->next;
        b->stamps[word % STAMPS] = wb_clock();
        if (weir_chan_send(b->chan, &word) != 0) return false;
        w->next++;
        t->moved++;
        t->sum += word;
    }
    return true;
}

static void produce_bursts(struct wb_worker *w) {
    struct wb_run t = wb_begin(w, false);
    do sleep_for(w->shape->gap_ns);
    while (!wb_stopped(&t) && burst(w, w->ring, &t));
    wb_end(w, &t);
}

static void consume_bursts(struct wb_worker *w) {
    struct box *b = w->ring;
    struct wb_run t = wb_begin(w, false);
    for (uint64_t word; weir_chan_recv(b->chan, &word) == 0;) {
        uint64_t now = wb_clock(), sent = b->stamps[word % STAMPS];
        wb_hist_add(w->hist, now > sent ? now - sent : 0);
        wb_count(&t, word);
    }
    wb_end(w, &t);
}

/* ---- as variants --------------------------------------------------------------------------------- */

static void produce(struct wb_worker *w) {
    if (w->shape->gap_ns)
        produce_bursts(w);
    else
        loops_produce(w);
}

static void consume(struct wb_worker *w) {
    if (w->shape->gap_ns)
        consume_bursts(w);
    else
        loops_consume(w);
}

#define CHAN_CAN (WB_BLOCK | WB_BATCH | WB_GAPS | WB_ANY_CAP)

#define CHAN_VARIANT(symbol, name, kind, can, note)                                     \
    static void *open_##symbol(const struct wb_shape *s) { return open_kind(s, kind); } \
    const struct wb_ring wb_chan_##symbol = {                                           \
        name, "chan",  NULL,    note,       CHAN_CAN | (can), open_##symbol, dispose,   \
        shut, produce, consume, loops_solo, loops_ping,       loops_pong                \
    };
WB_CHAN_KINDS(CHAN_VARIANT)
