/* SPDX-License-Identifier: MIT */
/* queues/mutex_side.h - those who wait on one side of a ring or queue with mutexes.
 *
 * `waiting` is never below the number of threads that sleep there and have not been signalled. Whoever brings
 * k elements takes min(k, waiting) off it under the mutex and sends as many signals after unlocking. A thread
 * whose wait ends by itself (deadline, spurious) does not count itself off, since a signal may have been meant
 * for it: the count is only cut down to the threads still inside a wait. Too high a count costs a signal to
 * nobody. A robbed thread counts itself again. */
#ifndef WEIR_QUEUES_MUTEX_SIDE_H
#define WEIR_QUEUES_MUTEX_SIDE_H

#include "../lib/os_mutex.h"

struct side {
    weir__cond wake;
    size_t waiting; /* at least the threads asleep and not signalled yet */
    size_t inside;  /* threads in a wait */
};

/* Under the mutex: how many of k signals are wanted; they are sent by send_signals after unlocking. */
static inline size_t claim_signals(struct side *s, size_t k) {
    if (WEIR_LIKELY(s->waiting == 0)) return 0;
    size_t n = k < s->waiting ? k : s->waiting;
    s->waiting -= n;
    return n;
}

static inline void send_signals(struct side *s, size_t n) {
    while (n-- > 0) weir__cond_signal(&s->wake);
}

/* 0 after a wake-up or spurious one; WEIR_ETIMEDOUT. */
static inline int sleep_on(struct side *s, weir__mutex *m, weir_time deadline) {
    s->waiting++;
    s->inside++;
    int rc = weir__cond_wait(&s->wake, m, deadline);
    s->inside--;
    if (s->waiting > s->inside) s->waiting = s->inside; /* an upper bound of those asleep */
    return rc;
}

#endif
