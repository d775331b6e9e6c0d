/* SPDX-License-Identifier: MIT */
/* bench/ring_run.h - what the loops of bench/ring_loops.h stand on: element types, the clock, local work,
 * back-off, and the account of a run. C11 and C++17. */
#ifndef WEIR_BENCH_RING_RUN_H
#define WEIR_BENCH_RING_RUN_H

#include <sched.h>
#include <string.h>
#include <time.h>

#include "bench.h"

#define WB_LOOP static inline __attribute__((always_inline, unused))
#define WB_OWN static __attribute__((noinline))
#define WB_LIKELY(x) __builtin_expect(!!(x), 1)
#define WB_UNLIKELY(x) __builtin_expect(!!(x), 0)

#define WB_BATCH_MAX 256 /* elements of one call; open() refuses a shape with more */
#define WB_STOP_EVERY 64
#define WB_PAUSES 64
#define WB_EMPTY_CALLS 256
/* One round trip in so many is timed: two readings of the clock cost about as much as a quarter of
 * the trip, and would be part of the next one. */
#define WB_PING_SAMPLE 8

struct wb_elem_8 {
    uint64_t w[1];
};
struct wb_elem_64 {
    uint64_t w[8];
};
struct wb_elem_256 {
    uint64_t w[32];
};

#ifdef __cplusplus
extern "C" {
#endif
/* How many rounds of wb_work take `ns`; measured once per process, then constant. bench/variants.c */
unsigned wb_work_rounds(unsigned ns);
#ifdef __cplusplus
}
#endif

/* Work on registers only. */
WB_LOOP void wb_work(unsigned rounds) {
    for (uint64_t x = rounds; rounds > 0; rounds--) {
        x = x * UINT64_C(6364136223846793005) + 1;
        __asm__ __volatile__("" : "+r"(x));
    }
}

WB_LOOP uint64_t wb_clock(void) {
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

WB_LOOP void wb_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("isb" ::: "memory");
#else
    __asm__ __volatile__("" ::: "memory");
#endif
}

/* What a loop keeps of its thread while it runs, in registers as far as they go. */
struct wb_run {
    const uint32_t *stop, *drain;
    uint64_t *seen;
    uint64_t only; /* seen[0], where `one` */
    uint64_t moved, sum, misses, disorder;
    unsigned producers, fails, empty, work;
    bool yields, one;
};

/* `one`, a constant: elements come from producer 0 only, so that their word is the sequence number. */
WB_LOOP struct wb_run wb_begin(const struct wb_worker *w, const bool one) {
    struct wb_run t; /* field by field: through a memset the compiler would keep it in memory */
    t.stop = w->stop;
    t.drain = w->drain;
    t.seen = w->seen;
    t.only = one && w->seen ? w->seen[0] : 0;
    t.moved = t.sum = t.misses = t.disorder = 0;
    t.producers = w->shape->producers;
    t.fails = t.empty = 0;
    t.work = wb_work_rounds(w->shape->work_ns);
    t.yields = w->shape->oversubscribed;
    t.one = one;
    return t;
}

WB_LOOP void wb_end(struct wb_worker *w, const struct wb_run *t) {
    if (t->one && w->seen) w->seen[0] = t->only;
    w->moved += t->moved;
    w->sum += t->sum;
    w->misses += t->misses;
    w->disorder += t->disorder;
}

WB_LOOP bool wb_stopped(const struct wb_run *t) {
    return WB_UNLIKELY(__atomic_load_n(t->stop, __ATOMIC_RELAXED) != 0);
}

WB_LOOP void wb_back_off(struct wb_run *t) {
    if (t->yields && t->fails >= WB_PAUSES) {
        (void)sched_yield();
        return;
    }
    t->fails++;
    wb_pause();
}

/* After a pop that found nothing: whether that was the end. The order is acquire: what the producers
 * pushed before `drain` was set is there for the next pop. */
WB_LOOP bool wb_drained(struct wb_run *t) {
    t->misses++;
    if (__atomic_load_n(t->drain, __ATOMIC_ACQUIRE) != 0 && ++t->empty > WB_EMPTY_CALLS)
        return true;
    wb_back_off(t);
    return false;
}

/* Counts an element that came out. */
WB_LOOP void wb_count(struct wb_run *t, uint64_t word) {
    uint64_t p = word >> WB_SEQ_BITS, seq = word & ((UINT64_C(1) << WB_SEQ_BITS) - 1);
    t->moved++;
    t->sum += word;
    if (t->one) {
        t->disorder += word < t->only;
        t->only = word + 1;
    } else if (WB_LIKELY(p < t->producers)) {
        t->disorder += seq < t->seen[p];
        t->seen[p] = seq + 1;
    } else {
        t->disorder++;
    }
}

/* Open loop: when the element with this sequence number was to be sent. */
WB_LOOP uint64_t wb_due(const struct wb_worker *w, double step, uint64_t word) {
    uint64_t seq = word & ((UINT64_C(1) << WB_SEQ_BITS) - 1);
    return w->start_ns + (uint64_t)((double)seq * step);
}

WB_LOOP double wb_step(const struct wb_shape *s) { return 1e9 * s->producers / s->rate; }

/* Waits until it is due; false: told to stop. */
WB_LOOP bool wb_await(struct wb_run *t, uint64_t due) {
    for (t->fails = 0; wb_clock() < due; wb_back_off(t))
        if (wb_stopped(t)) return false;
    t->fails = 0;
    return !wb_stopped(t);
}

#define WB_CAT3_(a, b, c) a##_##b##_##c
#define WB_CAT3(a, b, c) WB_CAT3_(a, b, c)
#define WB_CAT2_(a, b) a##_##b
#define WB_CAT2(a, b) WB_CAT2_(a, b)

/* A variant whose loops have the prefix `loops`; the other arguments are struct wb_ring's fields. */
#define WB_RING(symbol, name, structure, package, note, can, open, dispose, shut, loops)          \
    const struct wb_ring symbol = {                                                               \
        name, structure,       package,         note,         can,          open,        dispose, \
        shut, loops##_produce, loops##_consume, loops##_solo, loops##_ping, loops##_pong          \
    }

#endif
