/* SPDX-License-Identifier: MIT */
/* stress/common/ring_forward.h - the verbs of a kind (ring_kind.h) whose type has the same ones under the same names:
 * weir_mpmc, weir_queue, and their mutex versions. Functions that pass their arguments on, since to call a verb through
 * a pointer to a function of another type is undefined. */
#ifndef WEIR_STRESS_RING_FORWARD_H
#define WEIR_STRESS_RING_FORWARD_H

#include "ring_kind.h"

/* T_free and so on, of weir_T. */
#define RING_FORWARD(T)                                                               \
    static int T##_free(void *r) { return weir_##T##_free(r); }                       \
    static int T##_push(void *r, const void *v) { return weir_##T##_try_push(r, v); } \
    static int T##_pop(void *r, void *v) { return weir_##T##_try_pop(r, v); }         \
    static ptrdiff_t T##_push_n(void *r, const void *v, size_t n) {                   \
        return weir_##T##_try_push_n(r, v, n);                                        \
    }                                                                                 \
    static ptrdiff_t T##_pop_n(void *r, void *v, size_t n) {                          \
        return weir_##T##_try_pop_n(r, v, n);                                         \
    }                                                                                 \
    static int T##_push_wait(void *r, const void *v, weir_time d) {                   \
        return weir_##T##_push_wait(r, v, d, NULL);                                   \
    }                                                                                 \
    static int T##_pop_wait(void *r, void *v, weir_time d) {                          \
        return weir_##T##_pop_wait(r, v, d, NULL);                                    \
    }                                                                                 \
    static ptrdiff_t T##_push_n_wait(void *r, const void *v, size_t n, weir_time d) { \
        return weir_##T##_push_n_wait(r, v, n, d, NULL);                              \
    }                                                                                 \
    static ptrdiff_t T##_pop_n_wait(void *r, void *v, size_t n, weir_time d) {        \
        return weir_##T##_pop_n_wait(r, v, n, d, NULL);                               \
    }                                                                                 \
    static int T##_close(void *r) { return weir_##T##_close(r); }                     \
    static bool T##_is_closed(void *r) { return weir_##T##_is_closed(r); }            \
    static size_t T##_len(void *r) { return weir_##T##_len(r); }

/* Them all, in the table. */
#define RING_FORWARDED(T)                                                                         \
    .free = T##_free, .push = T##_push, .pop = T##_pop, .push_n = T##_push_n, .pop_n = T##_pop_n, \
    .push_wait = T##_push_wait, .pop_wait = T##_pop_wait, .push_n_wait = T##_push_n_wait,         \
    .pop_n_wait = T##_pop_n_wait, .close = T##_close, .is_closed = T##_is_closed, .len = T##_len

#endif
