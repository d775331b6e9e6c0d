/* SPDX-License-Identifier: MIT */
/* weir/eventfd.h - the readiness of a channel, or the end of a context, as a file descriptor: for a loop around
 * epoll, poll or select(2) that others wrote.
 *
 *   weir_eventfd *e;
 *   if (weir_eventfd_new(&e, weir_chan_waitable(jobs), WEIR_RECV, 0) == 0) ...
 *   epoll_ctl(ep, EPOLL_CTL_ADD, weir_eventfd_fd(e), &in);
 *   ... epoll_wait says that it is readable:
 *       do while ((rc = weir_chan_try_recv(jobs, &job)) == 0) work(job);
 *       while (rc == WEIR_EBUSY);
 *       weir_eventfd_arm(e);
 *
 * The descriptor becomes readable once after each arming, as soon as the case is worth trying, and stays so; new
 * has armed it. It may be so in vain, but what is ready when it is armed, or becomes so afterwards, is never
 * missed, a close included. Nothing is taken from the object, and nobody who waits there is kept from anything.
 * A context's needs no arming: it becomes readable when the context ends, by its deadline too, for good.
 *
 * | operation | progress                                                              |
 * |-----------|-----------------------------------------------------------------------|
 * | new, free | blocking: a short lock of the object                                  |
 * | arm       | the same                                                              |
 *
 * Ordering: what came before the readiness is seen by the call that takes the case, not by the descriptor.
 * Cost: for each arming one system call here and one of the thread that makes it ready. */
#ifndef WEIR_EVENTFD_H
#define WEIR_EVENTFD_H

#include <weir/ctx.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_eventfd weir_eventfd;

/* For a channel (op WEIR_RECV, WEIR_SEND), and with WEIR_RECV a context, a descriptor, a wait group, or a semaphore
 * (arg: the units; else 0): whatever weir_select takes but timers, tickers and channels of kind WEIR_CHAN_MUTEX;
 * a timerfd does for the first two. The object must stay until weir_eventfd_free; a context is kept. Any thread.
 * Returns 0; WEIR_EINVAL (NULL, another object or operation), WEIR_ENOMEM (memory, descriptors, the thread that a
 * context needs); *out is NULL then. */
WEIR_NODISCARD WEIR_API int weir_eventfd_new(weir_eventfd **out, weir_waitable *on, uint32_t op,
                                             uint32_t arg);

/* Its descriptor, non-blocking and closed on exec, which stays its own: to wait for, not to read, write or close.
 * WEIR_EINVAL for NULL. */
WEIR_API int weir_eventfd_fd(const weir_eventfd *e);

/* Not readable from now on, until the case is worth trying, which it may be at once. Returns 0, WEIR_EINVAL (NULL).
 * One thread at a time, as for free. */
WEIR_API int weir_eventfd_arm(weir_eventfd *e);

/* Closes the descriptor. NULL: nothing. */
WEIR_API void weir_eventfd_free(weir_eventfd *e);

#ifdef __cplusplus
}
#endif
#endif
