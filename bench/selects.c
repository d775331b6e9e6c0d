/* SPDX-License-Identifier: MIT */
/* bench/selects.c - a select over `ways` channels, of which the first `ready` have something to give; the others
 * are idle. To the first `sends` of them it sends, from the others it receives; where it sends at all, all have
 * elements as well as room. Variants of the structure "select"; see chans.h.
 *
 *   solo     one thread: a select, then the other half of what it did, so that those that were ready stay so:
 *            the next element into the channel that gave one, or the oldest out of the one that took one. The
 *            cost of an idle case is the difference to the select without it.
 *   stream   a producer sends to the ready ones in turn, a consumer selects; none of its cases sends
 *
 * Each channel's elements must come in order: their word is the channel's own sequence number, in the
 * upper bits the channel's. */
#include "chans.h"

#include <stdlib.h>

#define WAYS 64u
#define AHEAD 8u /* elements in each ready channel of a solo run */

struct ways {
    unsigned n, ready, sends;
    weir_chan *chan[WAYS];
};

static void dispose(void *ring) {
    struct ways *s = ring;
    for (unsigned i = 0; i < s->n; i++) (void)weir_chan_unref(s->chan[i]);
    free(s);
}

static void *open_kind(const struct wb_shape *shape, unsigned kind) {
    struct weir_chan_opts o = WEIR_CHAN_OPTS(shape->cap, sizeof(uint64_t));
    struct ways *s = calloc(1, sizeof *s);
    o.kind = kind;
    bool fits = s && shape->ways <= WAYS && shape->ready >= 1 && shape->ready <= shape->ways &&
                (shape->sends == 0 || shape->ready == shape->ways) && shape->sends <= shape->ways &&
                shape->cap > AHEAD;
    for (unsigned i = 0; fits && i < shape->ways; i++) {
        fits = weir_chan_new(&s->chan[i], &o) == 0;
        s->n += fits;
    }
    if (fits) {
        s->ready = shape->ready;
        s->sends = shape->sends;
        return s;
    }
    if (s) dispose(s);
    return NULL;
}

static void shut(void *ring) {
    struct ways *s = ring;
    for (unsigned i = 0; i < s->n; i++) (void)weir_chan_close(s->chan[i]);
}

/* What one thread keeps: the next sequence number of each channel either way, the word that each is offered
 * next, and where an element comes to. */
struct side {
    uint64_t next[WAYS], sent[WAYS], offer[WAYS];
    struct weir_case on[WAYS];
    uint64_t got;
};

static uint64_t word_of(unsigned chan, uint64_t sequence) {
    return (uint64_t)chan << WB_SEQ_BITS | sequence;
}

static void begin(struct side *x, const struct ways *s) {
    memset(x, 0, sizeof *x);
    for (unsigned i = 0; i < s->n; i++) {
        x->offer[i] = word_of(i, 0);
        if (i < s->sends)
            x->on[i] = (struct weir_case)WEIR_CASE_SEND(s->chan[i], &x->offer[i]);
        else
            x->on[i] = (struct weir_case)WEIR_CASE_RECV(s->chan[i], &x->got);
    }
}

static void count(struct side *x, struct wb_run *t, unsigned chan, uint64_t word) {
    t->disorder += word != word_of(chan, x->next[chan]);
    x->next[chan]++;
    t->moved++;
    t->sum += word;
}

/* The channel that gave an element, counted; or negative. */
static ptrdiff_t take(struct side *x, const struct ways *s, struct wb_run *t) {
    ptrdiff_t i = weir_select(x->on, s->n, WEIR_FOREVER, NULL, 0);
    if (i >= 0 && x->on[i].result != 0) {
        x->on[i].on = NULL; /* closed and drained: never ready again */
        return -1;
    }
    if (i >= 0) count(x, t, (unsigned)i, x->got);
    return i;
}

/* ---- one thread ---------------------------------------------------------------------------------- */

/* The channel has taken its offer. */
static void took(struct side *x, unsigned chan) { x->offer[chan] = word_of(chan, ++x->sent[chan]); }

static bool give(struct side *x, const struct ways *s, unsigned chan) {
    bool fine = weir_chan_send(s->chan[chan], &x->offer[chan]) == 0;
    took(x, chan);
    return fine;
}

/* A select, and the other half of what it did. */
static bool both(struct side *x, const struct ways *s, struct wb_run *t) {
    ptrdiff_t at = weir_select(x->on, s->n, WEIR_FOREVER, NULL, 0);
    if (at < 0 || x->on[at].result != 0) return false;
    unsigned chan = (unsigned)at;
    if (chan >= s->sends) {
        count(x, t, chan, x->got);
        return give(x, s, chan);
    }
    took(x, chan);
    if (weir_chan_recv(s->chan[chan], &x->got) != 0) return false;
    count(x, t, chan, x->got);
    return true;
}

static void drain(struct side *x, struct ways *s, struct wb_run *t) {
    uint64_t word;
    for (unsigned i = 0; i < s->ready; i++)
        while (weir_chan_try_recv(s->chan[i], &word) == 0) count(x, t, i, word);
}

static void solo(struct wb_worker *w) {
    struct ways *s = w->ring;
    struct wb_run t = wb_begin(w, false);
    struct side x;
    bool fine = true;
    begin(&x, s);
    for (unsigned i = 0; i < AHEAD * s->ready; i++) fine = fine && give(&x, s, i % s->ready);
    while (fine && !wb_stopped(&t)) {
        for (unsigned i = 0; fine && i < WB_STOP_EVERY; i++) fine = both(&x, s, &t);
    }
    drain(&x, s, &t);
    for (unsigned i = 0; i < s->ready; i++) w->next += x.sent[i];
    t.disorder += !fine;
    wb_end(w, &t);
}

/* ---- two threads --------------------------------------------------------------------------------- */

static void produce(struct wb_worker *w) {
    struct ways *s = w->ring;
    struct wb_run t = wb_begin(w, false);
    uint64_t sequence = 0;
    for (bool fine = true; fine && !wb_stopped(&t); sequence += fine) {
        for (unsigned i = 0; fine && i < s->ready; i++) {
            uint64_t word = word_of(i, sequence);
            fine = weir_chan_send(s->chan[i], &word) == 0;
            t.moved += fine;
            t.sum += fine ? word : 0;
        }
    }
    w->next += t.moved;
    wb_end(w, &t);
}

static void consume(struct wb_worker *w) {
    struct ways *s = w->ring;
    struct wb_run t = wb_begin(w, false);
    struct side x;
    begin(&x, s);
    for (unsigned left = s->n; left > 0;) left -= take(&x, s, &t) < 0;
    wb_end(w, &t);
}

/* ---- as variants --------------------------------------------------------------------------------- */

#define SELECT_CAN (WB_BLOCK | WB_ANY_CAP)

#define SELECT_VARIANT(symbol, name, kind, can, note)                                   \
    static void *open_##symbol(const struct wb_shape *s) { return open_kind(s, kind); } \
    const struct wb_ring wb_select_##symbol = {                                         \
        name,          "select", NULL, note,    SELECT_CAN | ((can) & ~WB_KIND),        \
        open_##symbol, dispose,  shut, produce, consume,                                \
        solo,          NULL,     NULL                                                   \
    };
WB_CHAN_KINDS(SELECT_VARIANT)
