/* SPDX-License-Identifier: MIT */
/* lib/os_fd.c - Linux. See lib/os_fd.h. Calls that threads of the program make go through syscall(), since the
 * functions of the C library are cancellation points and some callers hold a lock. */
#include "os_fd.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64

uint32_t weir__os_poll(int fd, bool out) {
    int saved = errno;
    struct pollfd p = { .fd = fd, .events = out ? POLLOUT : POLLIN };
    struct timespec none;
    long rc;
    do {
        none = (struct timespec){ 0 }; /* the kernel writes what is left */
        rc = syscall(SYS_ppoll, &p, 1, &none, NULL, 0);
    } while (rc < 0 && errno == EINTR);
    if (fd < 0) p.revents = POLLNVAL; /* which poll passes over */
    errno = saved;
    return rc < 0 ? 0 : (uint32_t)(unsigned short)p.revents;
}

bool weir__os_poll_invalid(uint32_t events) { return events & POLLNVAL; }

/* ---- eventfd --------------------------------------------------------------------------------------------- */

int weir__os_eventfd(void) {
    int saved = errno, fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    errno = saved;
    return fd < 0 ? WEIR_ENOMEM : fd;
}

void weir__os_eventfd_set(int fd) {
    int saved = errno;
    uint64_t one = 1;
    /* EAGAIN: it is set, 2^64 - 2 times. */
    while (syscall(SYS_write, fd, &one, sizeof one) < 0 && errno == EINTR) continue;
    errno = saved;
}

void weir__os_eventfd_clear(int fd) {
    int saved = errno;
    uint64_t times;
    while (syscall(SYS_read, fd, &times, sizeof times) < 0 && errno == EINTR) continue;
    errno = saved;
}

/* By close() itself, which ThreadSanitizer follows: it would take the number, used again, for the old one. */
void weir__os_eventfd_close(int fd) {
    int saved = errno, cancel;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    (void)close(fd);
    (void)pthread_setcancelstate(cancel, NULL);
    errno = saved;
}

/* ---- epoll ------------------------------------------------------------------------------------------------ */

int weir__os_poller_open(struct weir__poller *p) {
    int saved = errno, rc = 0;
    struct epoll_event e = { .events = EPOLLIN };
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    p->bell = weir__os_eventfd();
    if (p->epoll < 0 || p->bell < 0 || epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->bell, &e) < 0) {
        weir__os_poller_close(p);
        rc = WEIR_ENOMEM;
    }
    errno = saved;
    return rc;
}

void weir__os_poller_close(struct weir__poller *p) {
    if (p->epoll >= 0) weir__os_eventfd_close(p->epoll);
    if (p->bell >= 0) weir__os_eventfd_close(p->bell);
    p->epoll = p->bell = -1;
}

int weir__os_poller_add(struct weir__poller *p, int fd, void *of) {
    int saved = errno, rc = 0;
    struct epoll_event e = { .events = EPOLLONESHOT, .data.ptr = of };
    if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &e) < 0)
        rc = errno == EEXIST  ? WEIR_EBUSY
             : errno == EPERM ? WEIR_ENOENT
             : errno == EBADF ? WEIR_EINVAL
                              : WEIR_ENOMEM;
    errno = saved;
    return rc;
}

bool weir__os_poller_arm(struct weir__poller *p, int fd, void *of, bool in, bool out) {
    int saved = errno;
    struct epoll_event e = { .events = EPOLLONESHOT | (in ? (uint32_t)EPOLLIN : 0) |
                                       (out ? (uint32_t)EPOLLOUT : 0),
                             .data.ptr = of };
    int rc = epoll_ctl(p->epoll, EPOLL_CTL_MOD, fd, &e);
    errno = saved;
    return rc == 0;
}

void weir__os_poller_remove(struct weir__poller *p, int fd) {
    int saved = errno;
    struct epoll_event unused = { 0 }; /* Linux before 2.6.9 wants one */
    (void)epoll_ctl(p->epoll, EPOLL_CTL_DEL, fd, &unused);
    errno = saved;
}

void weir__os_poller_ring(struct weir__poller *p) { weir__os_eventfd_set(p->bell); }

size_t weir__os_poller_wait(struct weir__poller *p, void **of, size_t most, int timeout_ms) {
    int saved = errno, n;
    struct epoll_event e[BATCH];
    size_t k = 0;
    if (most > BATCH) most = BATCH;
    do n = epoll_wait(p->epoll, e, (int)most, timeout_ms);
    while (n < 0 && errno == EINTR);
    for (int i = 0; i < n; i++) {
        if (e[i].data.ptr)
            of[k++] = e[i].data.ptr;
        else
            weir__os_eventfd_clear(p->bell);
    }
    errno = saved;
    return k;
}
