/* SPDX-License-Identifier: MIT */
/* bench/bounds.c - see bounds.h. The loops obey the same contract as those of the rings (bench.h):
 * they poll stop and drain, and count what they did, so that the harness checks and times them
 * alike. */
#include "bounds.h"

#include <stdlib.h>
#include <string.h>

#include "ring_run.h"
#include "team.h"

/* Memory of a bound: two words, each alone on its lines, and a buffer. */
struct two {
    uint64_t a;
    char pad0_[WB_LINE_BYTES - 8];
    uint64_t b;
    char pad1_[WB_LINE_BYTES - 8];
    uint32_t there, back, closed; /* futex words of one pair: they move together anyway */
    char pad2_[WB_LINE_BYTES - 12];
    size_t mask;
    char *buffer;
};

static void *two_open(const struct wb_shape *s) {
    struct two *t =
        aligned_alloc(WB_LINE_BYTES, sizeof *t + WB_LINE_BYTES - sizeof *t % WB_LINE_BYTES);
    if (!t) return NULL;
    memset(t, 0, sizeof *t);
    t->mask = s->cap - 1;
    t->buffer = calloc(s->cap, s->size);
    if (t->buffer) return t;
    free(t);
    return NULL;
}

static void two_dispose(void *ring) {
    struct two *t = ring;
    free(t->buffer);
    free(t);
}

/* ---- two read-modify-writes ------------------------------------------------------------------ */

static void rmw_solo(struct wb_worker *w) {
    struct two *t = w->ring;
    uint64_t n = 0;
    while (!__atomic_load_n(w->stop, __ATOMIC_RELAXED)) {
        for (unsigned i = 0; i < WB_STOP_EVERY; i++) {
            (void)__atomic_fetch_add(&t->a, 1, __ATOMIC_SEQ_CST);
            (void)__atomic_fetch_add(&t->b, 1, __ATOMIC_SEQ_CST);
        }
        n += WB_STOP_EVERY;
    }
    w->moved += n;
    w->next += n;
}

/* ---- one copy -------------------------------------------------------------------------------- */

/* `size` is a constant at each call, so that the copy is what a typed ring's is. */
static inline __attribute__((always_inline)) void copies(struct wb_worker *w, size_t size) {
    struct two *t = w->ring;
    uint64_t elem[32], n = w->next;
    memset(elem, 0x5a, sizeof elem);
    while (!__atomic_load_n(w->stop, __ATOMIC_RELAXED)) {
        for (unsigned i = 0; i < WB_STOP_EVERY; i++, n++) {
            memcpy(t->buffer + (n & t->mask) * size, elem, size);
            __asm__ __volatile__("" ::: "memory");
        }
    }
    w->moved += n - w->next;
    w->next = n;
}

static void copy_solo(struct wb_worker *w) {
    if (w->shape->size == 8)
        copies(w, 8);
    else if (w->shape->size == 64)
        copies(w, 64);
    else
        copies(w, 256);
}

/* ---- there and back -------------------------------------------------------------------------- */

static void lines_trip(struct two *t, uint64_t n, struct wb_run *run) {
    __atomic_store_n(&t->a, n, __ATOMIC_RELEASE);
    for (run->fails = 0; __atomic_load_n(&t->b, __ATOMIC_ACQUIRE) != n;) wb_back_off(run);
}

static void futex_trip(struct two *t, uint64_t n, struct wb_run *run) {
    (void)run;
    __atomic_store_n(&t->there, (uint32_t)n, __ATOMIC_RELEASE);
    wb_futex_wake(&t->there);
    for (uint32_t v; (v = __atomic_load_n(&t->back, __ATOMIC_ACQUIRE)) != (uint32_t)n;)
        wb_futex_wait(&t->back, v, 0);
}

typedef void trip_fn(struct two *t, uint64_t n, struct wb_run *run);

static inline __attribute__((always_inline)) void pings(struct wb_worker *w, trip_fn *trip) {
    struct two *t = w->ring;
    struct wb_run run = wb_begin(w, false);
    uint64_t n = w->next, first = n;
    while (!wb_stopped(&run)) {
        uint64_t start = wb_clock();
        trip(t, ++n, &run);
        wb_hist_add(w->hist, wb_clock() - start);
        for (unsigned i = 1; i < WB_PING_SAMPLE; i++) trip(t, ++n, &run);
    }
    w->next = n;
    w->moved += n - first;
}

static void lines_ping(struct wb_worker *w) { pings(w, lines_trip); }
static void futex_ping(struct wb_worker *w) { pings(w, futex_trip); }

static void lines_pong(struct wb_worker *w) {
    struct two *t = w->ring;
    struct wb_run run = wb_begin(w, false);
    for (uint64_t last = t->b, v;;) {
        while ((v = __atomic_load_n(&t->a, __ATOMIC_ACQUIRE)) == last) {
            if (__atomic_load_n(w->drain, __ATOMIC_RELAXED)) return;
            wb_back_off(&run);
        }
        __atomic_store_n(&t->b, v, __ATOMIC_RELEASE);
        last = v;
        run.fails = 0;
        w->moved++;
    }
}

static void futex_pong(struct wb_worker *w) {
    struct two *t = w->ring;
    for (uint32_t last = t->back, v;;) {
        while ((v = __atomic_load_n(&t->there, __ATOMIC_ACQUIRE)) == last)
            wb_futex_wait(&t->there, last, 0);
        if (__atomic_load_n(&t->closed, __ATOMIC_ACQUIRE)) return;
        __atomic_store_n(&t->back, v, __ATOMIC_RELEASE);
        wb_futex_wake(&t->back);
        last = v;
        w->moved++;
    }
}

/* Called when the last trip has been answered. The word that the other thread sleeps on must
 * change too: it may be about to sleep. */
static void futex_shut(void *ring) {
    struct two *t = ring;
    __atomic_store_n(&t->closed, 1, __ATOMIC_RELEASE);
    (void)__atomic_fetch_add(&t->there, 1, __ATOMIC_RELEASE);
    wb_futex_wake(&t->there);
}

/* ---- asleep until woken ---------------------------------------------------------------------- */

/* t->there counts the elements, t->a says when the last one was stored. One is under way at a time:
 * the gap is far longer than a wake-up takes, and where it was not the later stamp counts. */
static void wake_produce(struct wb_worker *w) {
    struct two *t = w->ring;
    uint32_t n = 0;
    while (!__atomic_load_n(w->stop, __ATOMIC_RELAXED)) {
        wb_sleep_until(wb_now() + w->shape->gap_ns);
        __atomic_store_n(&t->a, wb_clock(), __ATOMIC_RELAXED);
        w->sum += n++;
        __atomic_store_n(&t->there, n, __ATOMIC_RELEASE);
        wb_futex_wake(&t->there);
    }
    w->moved += n;
    w->next += n;
}

static void wake_consume(struct wb_worker *w) {
    struct two *t = w->ring;
    for (uint32_t last = 0, v;;) {
        while ((v = __atomic_load_n(&t->there, __ATOMIC_ACQUIRE)) == last)
            wb_futex_wait(&t->there, last, 0);
        uint64_t now = wb_clock(), sent = __atomic_load_n(&t->a, __ATOMIC_RELAXED);
        bool closed = __atomic_load_n(&t->closed, __ATOMIC_ACQUIRE);
        v -= closed; /* the last step was not an element */
        for (; last != v; last++) {
            w->sum += last;
            w->moved++;
            wb_hist_add(w->hist, now > sent ? now - sent : 0);
        }
        if (closed) return;
    }
}

/* ---- as variants ----------------------------------------------------------------------------- */

#define BOUND(note, can, shut, solo, ping, pong) \
    { "raw", "bound", NULL, note, can, two_open, two_dispose, shut, NULL, NULL, solo, ping, pong }

const struct wb_ring wb_bound_rmw =
    BOUND("two uncontended read-modify-writes", WB_ANY_CAP, NULL, rmw_solo, NULL, NULL);
const struct wb_ring wb_bound_copy =
    BOUND("one copy of the payload", WB_SIZES | WB_ANY_CAP, NULL, copy_solo, NULL, NULL);
const struct wb_ring wb_bound_lines =
    BOUND("one line each way", WB_ANY_CAP, NULL, NULL, lines_ping, lines_pong);
const struct wb_ring wb_bound_wake = {
    "raw",        "bound",      NULL,        "a futex, from its wake until the sleeper runs",
    WB_BLOCK,     two_open,     two_dispose, futex_shut,
    wake_produce, wake_consume, NULL,        NULL,
    NULL
};
const struct wb_ring wb_bound_futex =
    BOUND("one futex each way", WB_BLOCK | WB_ANY_CAP, futex_shut, NULL, futex_ping, futex_pong);
