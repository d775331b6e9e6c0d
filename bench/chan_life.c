/* SPDX-License-Identifier: MIT */
/* bench/chan_life.c - what a channel costs besides its elements; see chans.h.
 *
 * life    one thread makes a channel, sends an element, receives it and gives the channel back.
 * close   one thread makes a channel without a buffer; the others go to receive from it. After a gap in
 *         which they fall asleep it closes the channel. What is measured is the time from just before the
 *         close until the last of them has its WEIR_ECLOSED. A woken receiver counts as an element. */
#include "chans.h"

#include <linux/futex.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

struct storm {
    unsigned kind, cap;
    weir_chan *chan;   /* of this turn */
    uint32_t turn;     /* futex: a new channel is there, or none ever again */
    uint32_t arriving; /* receivers that have not come yet */
    uint32_t left;     /* futex: receivers that have not returned */
    uint32_t over;
    uint64_t last_ns; /* when the last receiver had returned */
};

static void *open_kind(const struct wb_shape *s, unsigned kind) {
    struct storm *o = calloc(1, sizeof *o);
    if (!o) return NULL;
    o->kind = kind;
    o->cap = (unsigned)s->cap;
    return o;
}

static void dispose(void *ring) { free(ring); }

static bool made(struct storm *o, weir_chan **c) {
    struct weir_chan_opts opts = WEIR_CHAN_OPTS(o->cap, sizeof(uint64_t));
    opts.kind = o->kind;
    return weir_chan_new(c, &opts) == 0;
}

/* ---- made and given back ------------------------------------------------------------------------- */

static bool live(struct storm *o, struct wb_run *t, uint64_t word) {
    weir_chan *c;
    uint64_t back;
    if (!made(o, &c)) return false;
    bool fine = weir_chan_send(c, &word) == 0 && weir_chan_recv(c, &back) == 0 && back == word;
    t->moved++;
    t->sum += word;
    return weir_chan_unref(c) == 0 && fine;
}

static void solo(struct wb_worker *w) {
    struct wb_run t = wb_begin(w, false);
    while (!wb_stopped(&t))
        for (unsigned i = 0; i < WB_STOP_EVERY; i++) t.disorder += !live(w->ring, &t, w->next++);
    wb_end(w, &t);
}

/* ---- closed while others wait -------------------------------------------------------------------- */

static void futex(uint32_t *word, int op, uint32_t value) {
    (void)syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

static void wake_all(uint32_t *word) { futex(word, FUTEX_WAKE, INT32_MAX); }

static void sleep_for(unsigned ns) {
    const struct timespec ts = { 0, (long)ns };
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
}

static void next_turn(struct storm *o) {
    (void)__atomic_add_fetch(&o->turn, 1, __ATOMIC_RELEASE);
    wake_all(&o->turn);
}

/* One storm; how long it took. */
static uint64_t blow(struct storm *o, const struct wb_shape *s) {
    o->left = o->arriving = s->consumers;
    o->last_ns = 0;
    next_turn(o);
    while (__atomic_load_n(&o->arriving, __ATOMIC_ACQUIRE) > 0) sleep_for(20000);
    sleep_for(s->gap_ns);
    uint64_t start = wb_clock();
    (void)weir_chan_close(o->chan);
    for (uint32_t n; (n = __atomic_load_n(&o->left, __ATOMIC_ACQUIRE)) > 0;)
        futex(&o->left, FUTEX_WAIT, n);
    return o->last_ns > start ? o->last_ns - start : 0;
}

/* The last storm is over: the others need not wait for another. */
static void shut(void *ring) {
    struct storm *o = ring;
    __atomic_store_n(&o->over, 1, __ATOMIC_RELEASE);
    next_turn(o);
}

static void produce(struct wb_worker *w) {
    struct storm *o = w->ring;
    struct wb_run t = wb_begin(w, false);
    do {
        if (!made(o, &o->chan)) break;
        wb_hist_add(w->hist, blow(o, w->shape));
        t.disorder += weir_chan_unref(o->chan) != 0;
        t.moved += w->shape->consumers;
    } while (!wb_stopped(&t));
    w->next += t.moved;
    wb_end(w, &t);
}

/* Counts itself out; the last one sets the time, which the closer reads once `left` is 0. */
static void leave(struct storm *o, uint64_t now) {
    uint64_t last = __atomic_load_n(&o->last_ns, __ATOMIC_RELAXED);
    while (last < now && !__atomic_compare_exchange_n(&o->last_ns, &last, now, true,
                                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        continue;
    if (__atomic_sub_fetch(&o->left, 1, __ATOMIC_ACQ_REL) == 0) wake_all(&o->left);
}

static void consume(struct wb_worker *w) {
    struct storm *o = w->ring;
    struct wb_run t = wb_begin(w, false);
    for (uint32_t seen = 0;; seen++) {
        while (__atomic_load_n(&o->turn, __ATOMIC_ACQUIRE) == seen)
            futex(&o->turn, FUTEX_WAIT, seen);
        if (__atomic_load_n(&o->over, __ATOMIC_ACQUIRE)) break;
        uint64_t word;
        (void)__atomic_sub_fetch(&o->arriving, 1, __ATOMIC_RELEASE);
        t.disorder += weir_chan_recv(o->chan, &word) != WEIR_ECLOSED;
        t.moved++;
        leave(o, wb_clock());
    }
    wb_end(w, &t);
}

/* ---- as variants --------------------------------------------------------------------------------- */

/* Of a kind for one receiver there is no storm. */
#define LIFE_VARIANT(symbol, name, kind, can, note)                                     \
    static void *open_##symbol(const struct wb_shape *s) { return open_kind(s, kind); } \
    const struct wb_ring wb_life_##symbol = {                                           \
        name,          "life",  NULL, note, WB_ANY_CAP | ((can) & ~WB_KIND),            \
        open_##symbol, dispose, NULL, NULL, NULL,                                       \
        solo,          NULL,    NULL                                                    \
    };                                                                                  \
    const struct wb_ring wb_close_##symbol = {                                          \
        name,          "close", NULL, note,    WB_BLOCK | WB_GAPS | WB_ANY_CAP | (can), \
        open_##symbol, dispose, shut, produce, consume,                                 \
        NULL,          NULL,    NULL                                                    \
    };
WB_CHAN_KINDS(LIFE_VARIANT)
