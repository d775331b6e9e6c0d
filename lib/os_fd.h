/* SPDX-License-Identifier: MIT */
/* lib/os_fd.h - the system's side of waiting for file descriptors: poll, epoll, eventfd. As lib/os.h: errno is
 * kept, EINTR never leaves, no call is a cancellation point, and the model has functions of the same names. */
#ifndef WEIR_LIB_OS_FD_H
#define WEIR_LIB_OS_FD_H

#include <weir/base.h>

/* What poll(2) says of a descriptor at this moment, asked for POLLIN or POLLOUT; 0: it would block. */
uint32_t weir__os_poll(int fd, bool out);
bool weir__os_poll_invalid(uint32_t events); /* not open */

/* An eventfd at 0, or WEIR_ENOMEM; readable after set, until clear. */
WEIR_NODISCARD int weir__os_eventfd(void);
void weir__os_eventfd_set(int fd);
void weir__os_eventfd_clear(int fd);
void weir__os_eventfd_close(int fd); /* any descriptor */

/* A set of descriptors that one thread waits for. */
struct weir__poller {
    int epoll, bell;
};

/* Returns 0 or WEIR_ENOMEM (memory, or descriptors). */
WEIR_NODISCARD int weir__os_poller_open(struct weir__poller *p);
void weir__os_poller_close(struct weir__poller *p);

/* Not armed. Returns 0; WEIR_EBUSY: it is there already; WEIR_EINVAL: not open; WEIR_ENOENT: of a kind that never
 * blocks (a regular file), nothing is added; WEIR_ENOMEM. */
WEIR_NODISCARD int weir__os_poller_add(struct weir__poller *p, int fd, void *of);
/* Once it would not block, wait hands out `of`, one time for this call. False: it is not open any more. */
WEIR_NODISCARD bool weir__os_poller_arm(struct weir__poller *p, int fd, void *of, bool in,
                                        bool out);
void weir__os_poller_remove(struct weir__poller *p, int fd);
/* Ends a wait that is under way, or the next one. */
void weir__os_poller_ring(struct weir__poller *p);
/* How many of `of` were stored, up to `most`; after a ring, or timeout_ms (-1: none), perhaps 0. */
size_t weir__os_poller_wait(struct weir__poller *p, void **of, size_t most, int timeout_ms);

#endif
