/* SPDX-License-Identifier: MIT */
/* weir/sem.h - weighted semaphore: units that threads take and give back, first come first served.
 *
 *   static weir_sem slots = WEIR_SEM_INIT(8);
 *   if (weir_sem_acquire_wait(&slots, 3, WEIR_FOREVER, ctx) == 0) {
 *       ...
 *       (void)weir_sem_release(&slots, 3);
 *   }
 *
 * Who cannot be served stands in line. The line is served from its front, each request when all that it asked
 * for is free: a big one is not starved by small ones, which wait behind it though they would fit. An acquire
 * is served at once only if nobody waits. A request of 0 units takes nothing, but waits for its turn.
 *
 * A semaphore stands in the user's memory, and needs nothing to be given back: the memory may be used for
 * something else as soon as nobody is in a call on it. A release counts as over, for this, once its
 * units have been acquired: who has got the last of them may free the semaphore.
 *
 * | operation             | progress                                                                    |
 * |-----------------------|-----------------------------------------------------------------------------|
 * | try_acquire, release  | nobody waits: lock-free, one read-modify-write; else blocking: a lock       |
 * | acquire               | blocking                                                                    |
 *
 * Ordering: what a thread did before a release is seen by whoever acquires units that were free after it. */
#ifndef WEIR_SEM_H
#define WEIR_SEM_H

#include <weir/atomic.h>
#include <weir/waitable.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_sem {
    weir_waitable on_;
    weir_au64 word_; /* free units | size | waiters: 32, 31 and 1 bit */
    struct weir__queue queue_;
    size_t places_; /* in the line, ever given */
    weir_au32 lock_;
} weir_sem;

extern WEIR_API const struct weir__waitable_ops weir__sem_ops_;

/* The most units. */
#define WEIR_SEM_MAX ((uint32_t)0x7fffffff)

/* A semaphore of n units, at most WEIR_SEM_MAX, all free. */
#define WEIR_SEM_INIT(n) \
    { { &weir__sem_ops_ }, { (uint64_t)(n) << 32 | (uint64_t)(n) << 1 }, { NULL, NULL }, 0, { 0 } }

/* The same at run time; nobody else may know *s yet. Returns 0, or WEIR_EINVAL (NULL, n above
 * WEIR_SEM_MAX). */
WEIR_API int weir_sem_init(weir_sem *s, uint32_t n);

/* Takes n units, waiting until `deadline` for its turn. Any thread. Returns
 *   0
 *   ctx's error    once it has ended, even if the units are free; a grant that came first stands
 *   WEIR_ETIMEDOUT not before the deadline
 *   WEIR_EAGAIN    with WEIR_NOW: somebody waits, or fewer units are free
 *   WEIR_ETOOBIG   n is more than the semaphore has, and neither a deadline nor ctx would ever end the wait, or
 *                  with WEIR_NOW. With one of these such a request waits for them, and stands in nobody's way
 *   WEIR_EINVAL    s is NULL
 *   WEIR_ENOMEM    the first wait of this thread.
 * In all cases but 0 nothing was taken. */
WEIR_NODISCARD WEIR_API int weir_sem_acquire_wait(weir_sem *s, uint32_t n, weir_time deadline,
                                                  weir_ctx *ctx);

/* Without end, not at all, until a deadline. */
WEIR_NODISCARD WEIR_INLINE int weir_sem_acquire(weir_sem *s, uint32_t n) {
    return weir_sem_acquire_wait(s, n, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_sem_try_acquire(weir_sem *s, uint32_t n) {
    return weir_sem_acquire_wait(s, n, WEIR_NOW, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_sem_acquire_until(weir_sem *s, uint32_t n, weir_time deadline) {
    return weir_sem_acquire_wait(s, n, deadline, NULL);
}

/* Gives n units back, and wakes as many from the front of the line as now fit. Any thread, not only the one
 * that acquired them. Returns 0, or WEIR_EINVAL with nothing changed: NULL, or n is more than is held. */
WEIR_API int weir_sem_release(weir_sem *s, uint32_t n);

/* Units in all; free at this instant. 0 for NULL. */
WEIR_API uint32_t weir_sem_size(const weir_sem *s);
WEIR_API uint32_t weir_sem_available(const weir_sem *s);

/* For weir_select: a case that acquires n units. It stands in line as a call does, and keeps its place however
 * often other cases wake the select in vain; but what is free while it is out of line, for the time of such a
 * wake, may go to those behind it. Two cases of one select do not wait for each other; one of more
 * units than there are is never ready. With WEIR_SELECT_READY: an acquire would be served at once. NULL for
 * NULL. */
WEIR_API weir_waitable *weir_sem_waitable(weir_sem *s);

#define WEIR_CASE_ACQUIRE(sem, n) { weir_sem_waitable(sem), NULL, WEIR_RECV, (n), 0 }

#ifdef __cplusplus
}
#endif
#endif
