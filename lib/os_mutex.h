/* SPDX-License-Identifier: MIT */
/* lib/os_mutex.h - mutexes and condition variables of the mutex versions: pthread's, on the monotonic
 * clock; in the model build the explorer's. Init returns 0 or WEIR_ENOMEM. */
#ifndef WEIR_LIB_OS_MUTEX_H
#define WEIR_LIB_OS_MUTEX_H

#include <weir/base.h>

#ifdef WEIR_MODEL

#include <weir/model.h>

typedef struct weir_model_mutex weir__mutex;
typedef struct weir_model_cond weir__cond;

static inline int weir__mutex_init(weir__mutex *m) { return weir_model_mutex_init(m); }
static inline void weir__mutex_fini(weir__mutex *m) { weir_model_mutex_fini(m); }
static inline void weir__mutex_lock(weir__mutex *m) { weir_model_mutex_lock(m); }
static inline void weir__mutex_unlock(weir__mutex *m) { weir_model_mutex_unlock(m); }
static inline int weir__cond_init(weir__cond *c) { return weir_model_cond_init(c); }
static inline void weir__cond_fini(weir__cond *c) { weir_model_cond_fini(c); }
static inline int weir__cond_wait(weir__cond *c, weir__mutex *m, weir_time deadline) {
    return weir_model_cond_wait(c, m, deadline);
}
static inline void weir__cond_signal(weir__cond *c) { weir_model_cond_wake(c, 1); }
static inline void weir__cond_broadcast(weir__cond *c) { weir_model_cond_wake(c, SIZE_MAX); }

#else

#include <pthread.h>
#include <time.h>

typedef pthread_mutex_t weir__mutex;
typedef pthread_cond_t weir__cond;

static inline int weir__mutex_init(weir__mutex *m) {
    return pthread_mutex_init(m, NULL) == 0 ? 0 : WEIR_ENOMEM;
}
static inline void weir__mutex_fini(weir__mutex *m) { (void)pthread_mutex_destroy(m); }
static inline void weir__mutex_lock(weir__mutex *m) { (void)pthread_mutex_lock(m); }
static inline void weir__mutex_unlock(weir__mutex *m) { (void)pthread_mutex_unlock(m); }

static inline int weir__cond_init(weir__cond *c) {
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr) != 0) return WEIR_ENOMEM;
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    int rc = pthread_cond_init(c, &attr) == 0 ? 0 : WEIR_ENOMEM;
    (void)pthread_condattr_destroy(&attr);
    return rc;
}
static inline void weir__cond_fini(weir__cond *c) { (void)pthread_cond_destroy(c); }

/* Returns 0 after a wake-up, also a spurious one, or WEIR_ETIMEDOUT. */
static inline int weir__cond_wait(weir__cond *c, weir__mutex *m, weir_time deadline) {
    if (deadline == WEIR_FOREVER) return (void)pthread_cond_wait(c, m), 0;
    weir_time d = deadline < 0 ? 0 : deadline;
    struct timespec ts = { .tv_sec = (time_t)(d / 1000000000), .tv_nsec = (long)(d % 1000000000) };
    return pthread_cond_timedwait(c, m, &ts) == ETIMEDOUT ? WEIR_ETIMEDOUT : 0;
}
static inline void weir__cond_signal(weir__cond *c) { (void)pthread_cond_signal(c); }
static inline void weir__cond_broadcast(weir__cond *c) { (void)pthread_cond_broadcast(c); }

#endif
#endif
