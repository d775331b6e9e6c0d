/* SPDX-License-Identifier: MIT */
/* tests/deque/kind.h - the deque under test, by one set of names. */
#ifndef WEIR_TESTS_DEQUE_KIND_H
#define WEIR_TESTS_DEQUE_KIND_H

#include <stdlib.h>

#include <weir/mutex_deque.h>
#include <weir/rcu.h>

#include "../../queues/deque.h"
#include "../support/check.h"
#include "../support/failing_alloc.h"
#include "../support/points.h"
#include "../support/threads.h"

#ifdef DEQUE_MUTEX
#define DEQUE(verb) weir_mutex_deque_##verb
typedef weir_mutex_deque dq;
#define DEQUE_REPORTS 8 /* of bad arguments, by debug builds */
/* Of any thread. */
static inline int dq_own(dq *d) { return d ? 0 : WEIR_EINVAL; }
static inline int dq_new_at(dq **d, const struct weir_deque_opts *opts, uint64_t start) {
    (void)start;
    return weir_mutex_deque_new(d, opts);
}
#else
#define DEQUE(verb) weir_deque_##verb
typedef weir_deque dq;
#define DEQUE_REPORTS 9
#define dq_own weir_deque_own
#define dq_new_at weir__deque_new_at
#endif
#define dq_new DEQUE(new)
#define dq_free DEQUE(free)
#define dq_push DEQUE(push)
#define dq_pop DEQUE(pop)
#define dq_steal DEQUE(steal)
#define dq_steal_n DEQUE(steal_n)
#define dq_trim DEQUE(trim)
#define dq_len DEQUE(len)
#define dq_cap DEQUE(cap)

static inline void *word(uintptr_t v) { return (void *)v; }

/* One with room for `cap` at first; the process ends if there is none. */
static inline dq *dq_make(size_t cap, const struct weir_alloc *alloc) {
    struct weir_deque_opts opts = WEIR_DEQUE_OPTS(cap);
    dq *d;
    opts.alloc = alloc;
    if (!CHECK_IS(dq_new(&d, &opts), 0)) abort();
    return d;
}

/* What the owner's pop, and a steal, give: the word, or the code. Words are small. */
static inline int64_t popped(dq *d) {
    void *e = NULL;
    int rc = dq_pop(d, &e);
    return rc < 0 ? rc : (int64_t)(uintptr_t)e;
}
static inline int64_t stolen(dq *d) {
    void *e = NULL;
    int rc = dq_steal(d, &e);
    return rc < 0 ? rc : (int64_t)(uintptr_t)e;
}
static inline void pushed(dq *d, uintptr_t v) { CHECK_IS(dq_push(d, word(v)), 0); }

/* Pushes from, from + 1, ... to; pops them again. */
static inline void fill(dq *d, uintptr_t from, uintptr_t to) {
    for (uintptr_t v = from; v <= to; v++) pushed(d, v);
}
static inline void drain(dq *d, uintptr_t from, uintptr_t to) {
    for (uintptr_t v = to; v >= from; v--) CHECK_IS(popped(d), (int64_t)v);
}

#endif
