/* SPDX-License-Identifier: MIT */
/* lib/os_rwlock.h - read-write locks of the plain maps: pthread's. In the model build a lock for reading keeps
 * other readers out, too, by the explorer's mutex: it has no read-write locks. An init returns 0 or WEIR_ENOMEM. */
#ifndef WEIR_LIB_OS_RWLOCK_H
#define WEIR_LIB_OS_RWLOCK_H

#include "os_mutex.h"

#ifdef WEIR_MODEL

typedef weir__mutex weir__rwlock;

static inline int weir__rwlock_init(weir__rwlock *l) { return weir__mutex_init(l); }
static inline void weir__rwlock_fini(weir__rwlock *l) { weir__mutex_fini(l); }
static inline void weir__rwlock_read(weir__rwlock *l) { weir__mutex_lock(l); }
static inline void weir__rwlock_write(weir__rwlock *l) { weir__mutex_lock(l); }
static inline void weir__rwlock_unlock(weir__rwlock *l) { weir__mutex_unlock(l); }

#else

typedef pthread_rwlock_t weir__rwlock;

static inline int weir__rwlock_init(weir__rwlock *l) {
    return pthread_rwlock_init(l, NULL) == 0 ? 0 : WEIR_ENOMEM;
}
static inline void weir__rwlock_fini(weir__rwlock *l) { (void)pthread_rwlock_destroy(l); }
static inline void weir__rwlock_read(weir__rwlock *l) { (void)pthread_rwlock_rdlock(l); }
static inline void weir__rwlock_write(weir__rwlock *l) { (void)pthread_rwlock_wrlock(l); }
static inline void weir__rwlock_unlock(weir__rwlock *l) { (void)pthread_rwlock_unlock(l); }

#endif
#endif
