/* SPDX-License-Identifier: MIT */
/* weir/fd.h - a file descriptor as something that weir_select can wait for, beside channels and contexts.
 *
 *   weir_fd *in;
 *   if (weir_fd_new(&in, fd) == 0) {
 *       struct weir_case c[] = { WEIR_CASE_READABLE(in, NULL), WEIR_CASE_RECV(orders, &order) };
 *       if (weir_select(c, 2, weir_after(ms), ctx, 0) == 0) n = read(fd, buf, sizeof buf);
 *       weir_fd_free(in);
 *   }
 *
 * A case is ready while read(2) or write(2) would not block, as poll(2) has it: also at the end of the data, and
 * after an error. It takes nothing from the descriptor, so of several threads that wait all go on, and the data
 * may be gone when one reads: use O_NONBLOCK where that matters. Regular files are always ready.
 *
 * While there are such objects, one thread of weir's sleeps in epoll_wait(2); it ends 100 ms after the last is
 * gone. A case that is ready costs one system call; one that is not, another and two changes of thread.
 *
 * | operation       | progress                                                                  |
 * |-----------------|---------------------------------------------------------------------------|
 * | new, free       | blocking: a short lock                                                    |
 * | wait, as a case | blocking                                                                  |
 *
 * Ordering: none but that of the system; data that come through the descriptor are ordered by it. */
#ifndef WEIR_FD_H
#define WEIR_FD_H

#include <weir/ctx.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_fd weir_fd;

/* For an open descriptor, of which there may be one such object at a time. The descriptor stays the caller's: it
 * must stay open until weir_fd_free, which does not close it. Any thread. Returns 0; WEIR_EINVAL (out is NULL, fd is
 * not open), WEIR_EBUSY (there is an object for it), WEIR_ENOMEM (memory, the thread, or the two descriptors that
 * it needs); *out is NULL then. */
WEIR_NODISCARD WEIR_API int weir_fd_new(weir_fd **out, int fd);

/* NULL: nothing. Returns 0, or WEIR_EBUSY: threads wait for it, and nothing is done. */
WEIR_API int weir_fd_free(weir_fd *f);

/* Waits until it can be read (op WEIR_RECV) or written (WEIR_SEND) without blocking. *events, if not NULL,
 * gets what poll(2) says: POLLIN or POLLOUT, POLLERR, POLLHUP. Returns 0; WEIR_EINVAL (NULL, another op, or closed
 * meanwhile), WEIR_ETIMEDOUT, ctx's error, WEIR_ENOMEM (this thread's first wait); with WEIR_NOW, instead of a
 * wait, WEIR_EAGAIN. Any thread. */
WEIR_NODISCARD WEIR_API int weir_fd_wait(weir_fd *f, uint32_t op, uint32_t *events,
                                         weir_time deadline, weir_ctx *ctx);

/* For weir_select, WEIR_RECV or WEIR_SEND as above; elem is NULL or a uint32_t * for the events. NULL for NULL. */
WEIR_API weir_waitable *weir_fd_waitable(weir_fd *f);
#define WEIR_CASE_READABLE(fd, events) { weir_fd_waitable(fd), (events), WEIR_RECV, 0, 0 }
#define WEIR_CASE_WRITABLE(fd, events) { weir_fd_waitable(fd), (events), WEIR_SEND, 0, 0 }

#ifdef __cplusplus
}
#endif
#endif
