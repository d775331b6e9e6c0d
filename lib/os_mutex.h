/* SPDX-License-Identifier: MIT */
/* lib/os_mutex.h - mutexes and condition variables of the mutex versions. A mutex's init returns 0 or WEIR_ENOMEM.
 *
 * The mutexes are pthread's; in the model build the explorer's. The condition variables are a count of signals to
 * sleep on, since those of glibc 2.25 to 2.40 lose a signal once in a long while
 * (https://sourceware.org/bugzilla/show_bug.cgi?id=25847): a ring or a channel then sleeps beside an element.
 *
 * Invariant   a waiter reads seq with the mutex held. Who signals has held the mutex after that, so that the
 *             addition comes after the reading: the waiter does not fall asleep, or is woken; and sees that
 *             waiters is not 0. (A waiter that stands still through exactly 2^32 signals sleeps on.)
 * Ordering    all by the mutex, but for the sleep, which the kernel compares with seq. */
#ifndef WEIR_LIB_OS_MUTEX_H
#define WEIR_LIB_OS_MUTEX_H

#include "os.h"

#ifdef WEIR_MODEL

#include <weir/model.h>

typedef struct weir_model_mutex weir__mutex;

static inline int weir__mutex_init(weir__mutex *m) { return weir_model_mutex_init(m); }
static inline void weir__mutex_fini(weir__mutex *m) { weir_model_mutex_fini(m); }
static inline void weir__mutex_lock(weir__mutex *m) { weir_model_mutex_lock(m); }
static inline void weir__mutex_unlock(weir__mutex *m) { weir_model_mutex_unlock(m); }

#else

#include <pthread.h>

typedef pthread_mutex_t weir__mutex;

static inline int weir__mutex_init(weir__mutex *m) {
    return pthread_mutex_init(m, NULL) == 0 ? 0 : WEIR_ENOMEM;
}
static inline void weir__mutex_fini(weir__mutex *m) { (void)pthread_mutex_destroy(m); }
static inline void weir__mutex_lock(weir__mutex *m) { (void)pthread_mutex_lock(m); }
static inline void weir__mutex_unlock(weir__mutex *m) { (void)pthread_mutex_unlock(m); }

#endif

/* seq: one more with each signal. waiters: not below the number of threads that sleep or are about to. */
typedef struct {
    weir_au32 seq, waiters;
} weir__cond;

static inline void weir__cond_init(weir__cond *c) {
    weir_init_atomic(&c->seq, 0);
    weir_init_atomic(&c->waiters, 0);
}

/* Returns 0 after a wake-up, also a spurious one, or WEIR_ETIMEDOUT. No cancellation point. */
static inline int weir__cond_wait(weir__cond *c, weir__mutex *m, weir_time deadline) {
    (void)weir_fetch_add_relaxed(&c->waiters, 1);
    uint32_t seen = weir_load_relaxed(&c->seq);
    weir__mutex_unlock(m);
    int rc = weir__os_futex_wait(&c->seq, seen, deadline);
    weir__mutex_lock(m);
    (void)weir_fetch_sub_relaxed(&c->waiters, 1);
    return rc;
}

/* By who has held the mutex since it changed what they wait for; with the mutex or without it. */
static inline void weir__cond_wake(weir__cond *c, int n) {
    if (weir_load_relaxed(&c->waiters) == 0) return;
    (void)weir_fetch_add_relaxed(&c->seq, 1);
    weir__os_futex_wake(&c->seq, n);
}
static inline void weir__cond_signal(weir__cond *c) { weir__cond_wake(c, 1); }
static inline void weir__cond_broadcast(weir__cond *c) { weir__cond_wake(c, INT32_MAX); }

#endif
