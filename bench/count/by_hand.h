/* SPDX-License-Identifier: MIT */
/* bench/count/by_hand.h - weir's two algorithms written by hand for one element type: what a call that
 * takes the size as an argument may cost 5 % more than where it is a constant, and 2x where it is loaded.
 *
 * BY_HAND(name, T) makes name##_spsc and name##_mpmc with their push and pop. Fields stand where those of
 * weir_spsc and weir_mpmc stand, the slot is a struct and the copy an assignment. Only the paths that
 * succeed are here: the slow ones give up. */
#ifndef WEIR_BENCH_COUNT_BY_HAND_H
#define WEIR_BENCH_COUNT_BY_HAND_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define BY_HAND_LOAD(p, order) __atomic_load_n(p, __ATOMIC_##order)
#define BY_HAND_STORE(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define BY_HAND_CAS(p, e, d) \
    __atomic_compare_exchange_n(p, e, d, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)

#define BY_HAND_SPSC(name, T)                                                    \
    struct name##_spsc {                                                         \
        uint64_t tail, limit;                                                    \
        char pad0[112];                                                          \
        uint64_t head, tail_seen;                                                \
        char pad1[112];                                                          \
        uint64_t mask, cap;                                                      \
        char pad2[112];                                                          \
        T slots[];                                                               \
    };                                                                           \
    static inline bool name##_spsc_push(struct name##_spsc *r, const T *elem) {  \
        uint64_t t = BY_HAND_LOAD(&r->tail, RELAXED);                            \
        if (__builtin_expect(t == r->limit, 0)) {                                \
            r->limit = BY_HAND_LOAD(&r->head, ACQUIRE) + r->cap;                 \
            if (t == r->limit) return false;                                     \
        }                                                                        \
        r->slots[t & r->mask] = *elem;                                           \
        BY_HAND_STORE(&r->tail, t + 1);                                          \
        return true;                                                             \
    }                                                                            \
    static inline bool name##_spsc_pop(struct name##_spsc *r, T *elem) {         \
        uint64_t h = BY_HAND_LOAD(&r->head, RELAXED);                            \
        if (h == r->tail_seen) {                                                 \
            r->tail_seen = BY_HAND_LOAD(&r->tail, ACQUIRE);                      \
            if (h == r->tail_seen) return false;                                 \
        }                                                                        \
        *elem = r->slots[h & r->mask];                                           \
        BY_HAND_STORE(&r->head, h + 1);                                          \
        return true;                                                             \
    }                                                                            \
    static inline void *name##_spsc_new(uint64_t cap) {                          \
        struct name##_spsc *r = aligned_alloc(128, sizeof *r + cap * sizeof(T)); \
        if (!r) return NULL;                                                     \
        r->tail = r->head = r->tail_seen = 0;                                    \
        r->limit = r->cap = cap;                                                 \
        r->mask = cap - 1;                                                       \
        return r;                                                                \
    }

/* Words are index << 2 | open bit, as in weir/mpmc.h; cap is a power of two here, `gap` is kept. */
#define BY_HAND_MPMC(name, T)                                                           \
    struct name##_slot {                                                                \
        uint64_t stamp;                                                                 \
        T elem;                                                                         \
    };                                                                                  \
    struct name##_mpmc {                                                                \
        uint64_t tail;                                                                  \
        char pad0[120];                                                                 \
        uint64_t head;                                                                  \
        char pad1[120];                                                                 \
        uint64_t waiters, mask, last, lap, gap;                                         \
        char pad2[88];                                                                  \
        struct name##_slot slots[];                                                     \
    };                                                                                  \
    static inline uint64_t name##_next(const struct name##_mpmc *r, uint64_t word) {    \
        return word + 4 + ((word & r->mask) + 4 > r->last ? r->gap : 0);                \
    }                                                                                   \
    static inline bool name##_mpmc_push(struct name##_mpmc *r, const T *elem) {         \
        uint64_t t = BY_HAND_LOAD(&r->tail, RELAXED);                                   \
        for (;;) {                                                                      \
            struct name##_slot *slot = &r->slots[(t & r->mask) >> 2];                   \
            uint64_t s = BY_HAND_LOAD(&slot->stamp, ACQUIRE);                           \
            if (__builtin_expect(s != t, 0)) return false;                              \
            if (!BY_HAND_CAS(&r->tail, &t, name##_next(r, t))) continue;                \
            slot->elem = *elem;                                                         \
            BY_HAND_STORE(&slot->stamp, s + 4);                                         \
            __atomic_signal_fence(__ATOMIC_SEQ_CST);                                    \
            if (__builtin_expect(BY_HAND_LOAD(&r->waiters, RELAXED) != 0, 0)) abort();  \
            return true;                                                                \
        }                                                                               \
    }                                                                                   \
    static inline bool name##_mpmc_pop(struct name##_mpmc *r, T *elem) {                \
        uint64_t h = BY_HAND_LOAD(&r->head, RELAXED);                                   \
        for (;;) {                                                                      \
            struct name##_slot *slot = &r->slots[(h & r->mask) >> 2];                   \
            uint64_t mine = h, s = BY_HAND_LOAD(&slot->stamp, ACQUIRE);                 \
            if (__builtin_expect(s != h + 4, 0)) return false;                          \
            if (!BY_HAND_CAS(&r->head, &h, name##_next(r, h))) continue;                \
            *elem = slot->elem;                                                         \
            BY_HAND_STORE(&slot->stamp, mine + r->lap);                                 \
            __atomic_signal_fence(__ATOMIC_SEQ_CST);                                    \
            if (__builtin_expect(BY_HAND_LOAD(&r->waiters, RELAXED) != 0, 0)) abort();  \
            return true;                                                                \
        }                                                                               \
    }                                                                                   \
    static inline void *name##_mpmc_new(uint64_t cap) {                                 \
        struct name##_mpmc *r = aligned_alloc(128, sizeof *r + cap * sizeof *r->slots); \
        if (!r) return NULL;                                                            \
        r->tail = r->head = 1;                                                          \
        r->waiters = r->gap = 0;                                                        \
        r->mask = r->last = (cap - 1) * 4;                                              \
        r->lap = cap * 4;                                                               \
        for (uint64_t i = 0; i < cap; i++) r->slots[i].stamp = i * 4 + 1;               \
        return r;                                                                       \
    }

#endif
