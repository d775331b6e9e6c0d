/* SPDX-License-Identifier: MIT */
/* weir/chan.h - channel: a queue between threads that waits, closes and can be selected. Buffered, or a
 * rendezvous (capacity 0), where a send ends once a receiver has the element.
 *
 *   weir_chan *c;
 *   struct weir_chan_opts o = WEIR_CHAN_OPTS(16, sizeof(int));
 *   if (weir_chan_new(&c, &o) == 0) {
 *       ... threads: rc = weir_chan_send(c, &x);  rc = weir_chan_recv(c, &y); ...
 *       weir_chan_close(c);       - receivers drain, then get WEIR_ECLOSED
 *       weir_chan_unref(c);
 *   }
 *
 * Kinds
 *   WEIR_CHAN_MPMC    the buffer is the ring of weir/mpmc.h, and a lock is taken only to wait or to wake.
 *                     A newcomer may be served ahead of a waiter that was woken; such a waiter goes to the
 *                     front of its queue, and the second time it keeps newcomers out (their try calls return
 *                     WEIR_EBUSY where there is something to take) until it is served or leaves: a waiter
 *                     robbed twice is served before any newcomer that comes later. Without a buffer, or for
 *                     elements of no bytes, it is a strict channel.
 *   WEIR_CHAN_SPSC    one producer, one consumer: each role is held by one thread at a time, which may hand it to
 *                     another by a synchronising operation once its call has returned (not by the element that
 *                     the call sends: that is received before). The buffer is the ring of weir/spsc.h: nothing is
 *                     read and written in one step, and try calls never return WEIR_EBUSY. Only the
 *                     producer's role closes; a consumer that wants an end cancels the context. Two threads in
 *                     one role at once are undefined; debug builds report it and return WEIR_EINVAL. Without a
 *                     buffer, or for elements of no bytes, it is a strict channel.
 *   WEIR_CHAN_STRICT  every operation under one lock, waiters served first come first served, an
 *                     element handed to a waiter directly: no newcomer passes a waiter.
 *   WEIR_CHAN_MUTEX   a mutex and condition variables: what the others are compared with. It promises no
 *                     order among waiters, and is selected beside channels of its kind and contexts
 *                     only.
 *
 * Elements are copied in and out. After a failed send the element is the caller's; after a failed receive
 * the caller's buffer is untouched. No allocation after weir_chan_new, but for a thread's first wait.
 *
 * References: weir_chan_new gives one, weir_chan_ref another; each thread that uses the channel needs one
 * that stays for its calls.
 *
 * NULL for a channel is one that is never ready: send and recv wait until the deadline or the context
 * ends, try calls return WEIR_EAGAIN, len and cap are 0; closing it is WEIR_EINVAL.
 *
 * | operation              | mpmc         | spsc          | strict       | mutex     |
 * |------------------------|--------------|---------------|--------------|-----------|
 * | try send, try receive  | blocking (1) | wait-free (2) | blocking (3) | blocking  |
 * | send, receive          | blocking     | blocking      | blocking     | blocking  |
 * | close, new, unref      | blocking     | blocking      | blocking     | blocking  |
 * | len, is_closed         | wait-free    | wait-free     | blocking (3) | blocking  |
 * | cap, ref               | wait-free    | wait-free     | wait-free    | wait-free |
 * (1) as weir_mpmc: not lock-free, but waits for no operation, and says WEIR_EBUSY; (2) but for a short lock
 * where the other side sleeps and has to be woken, as in (1); (3) a short lock.
 *
 * Ordering: a send happens-before the end of the receive that gets its element. Receive k happens-before
 * the end of send k + cap; without a buffer the receive happens-before the end of its send. Close
 * happens-before a call that reports WEIR_ECLOSED. */
#ifndef WEIR_CHAN_H
#define WEIR_CHAN_H

#include <weir/select.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_chan weir_chan;

enum weir_chan_kind { WEIR_CHAN_MPMC = 0, WEIR_CHAN_STRICT, WEIR_CHAN_MUTEX, WEIR_CHAN_SPSC };

/* Zero means the default in every field. */
struct weir_chan_opts {
    size_t size;        /* sizeof this struct; WEIR_CHAN_OPTS sets it */
    size_t cap;         /* elements that fit, exactly; 0: rendezvous; to 2^31 */
    size_t elem_size;   /* bytes, 0 to 65536 */
    unsigned kind;      /* enum weir_chan_kind */
    unsigned flags;     /* 0 */
    weir_drop_fn *drop; /* for what is left inside at the end; NULL: none */
    void *drop_arg;
    const char *name;               /* for dumps; must outlive the channel; NULL: none */
    const struct weir_alloc *alloc; /* NULL: malloc */
};
#define WEIR_CHAN_OPTS(cap_, elem_size_) \
    { sizeof(struct weir_chan_opts),     \
      (size_t)(cap_),                    \
      (size_t)(elem_size_),              \
      0,                                 \
      0,                                 \
      NULL,                              \
      NULL,                              \
      NULL,                              \
      NULL }

/* Makes a channel, open and empty, with one reference. Returns 0, WEIR_EINVAL (NULL, a shape or kind or
 * flag that does not exist), or WEIR_ENOMEM; *out is NULL then. */
WEIR_NODISCARD WEIR_API int weir_chan_new(weir_chan **out, const struct weir_chan_opts *opts);

/* One reference more; returns c. Any thread that has one. */
WEIR_API weir_chan *weir_chan_ref(weir_chan *c);

/* One reference less. The last one drops what is inside and frees the channel. Returns 0 (also for NULL),
 * or WEIR_EBUSY: it was the last one, and threads wait; the caller keeps it. */
WEIR_API int weir_chan_unref(weir_chan *c);

/* Sends *elem, waiting until `deadline` for room, or for a receiver if cap is 0. Any thread. Returns 0,
 * WEIR_ECLOSED (also while it waited), WEIR_ETIMEDOUT (not before the deadline), ctx's error (once it has ended,
 * even if there is room), WEIR_EINVAL (elem NULL), WEIR_ENOMEM (this thread's first wait); with
 * WEIR_NOW instead of a wait WEIR_EAGAIN (full, or no receiver waits) or WEIR_EBUSY (undecided). */
WEIR_NODISCARD WEIR_API int weir_chan_send_wait(weir_chan *c, const void *elem, weir_time deadline,
                                                weir_ctx *ctx);

/* Receives the oldest element to *elem; as weir_chan_send_wait. WEIR_ECLOSED: closed and drained. */
WEIR_NODISCARD WEIR_API int weir_chan_recv_wait(weir_chan *c, void *elem, weir_time deadline,
                                                weir_ctx *ctx);

/* Send and receive that wait for ever, and that do not wait. */
WEIR_NODISCARD WEIR_INLINE int weir_chan_send(weir_chan *c, const void *elem) {
    return weir_chan_send_wait(c, elem, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_chan_recv(weir_chan *c, void *elem) {
    return weir_chan_recv_wait(c, elem, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_chan_try_send(weir_chan *c, const void *elem) {
    return weir_chan_send_wait(c, elem, WEIR_NOW, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_chan_try_recv(weir_chan *c, void *elem) {
    return weir_chan_recv_wait(c, elem, WEIR_NOW, NULL);
}

/* Receives at least one element and at most n, oldest first, to elems[0] and on: waits until `deadline` for the
 * first, as weir_chan_recv_wait does, and takes what else is there; then waits for more until n are there, or the
 * time `linger` has come (WEIR_NOW: not at all) or the deadline, or the context ends, or the channel is closed and
 * drained. Others may receive in between. Any thread; of an spsc channel the consumer's. Returns the count; or, if
 * there was not even one, the code of weir_chan_recv_wait. n = 0 returns 0. */
WEIR_NODISCARD WEIR_API ptrdiff_t weir_chan_recv_many_wait(weir_chan *c, void *elems, size_t n,
                                                           weir_time linger, weir_time deadline,
                                                           weir_ctx *ctx);
WEIR_NODISCARD WEIR_INLINE ptrdiff_t weir_chan_recv_many(weir_chan *c, void *elems, size_t n,
                                                         weir_time linger) {
    return weir_chan_recv_many_wait(c, elems, n, linger, WEIR_FOREVER, NULL);
}
/* What is there, up to n; waits for nothing. */
WEIR_NODISCARD WEIR_INLINE ptrdiff_t weir_chan_try_recv_many(weir_chan *c, void *elems, size_t n) {
    return weir_chan_recv_many_wait(c, elems, n, WEIR_NOW, WEIR_NOW, NULL);
}

/* Closes: every later send is refused, waiting senders and, once the buffer is drained, receivers get
 * WEIR_ECLOSED. Any thread; of an spsc channel the producer's alone. Returns 0 to exactly one caller,
 * WEIR_ECLOSED to the others, WEIR_EINVAL for NULL. */
WEIR_API int weir_chan_close(weir_chan *c);
WEIR_API bool weir_chan_is_closed(const weir_chan *c);

/* Elements in the buffer; never above cap. Any thread. */
WEIR_API size_t weir_chan_len(const weir_chan *c);
WEIR_API size_t weir_chan_cap(const weir_chan *c);
/* Bytes of an element; 0 for NULL. */
WEIR_API size_t weir_chan_elem_size(const weir_chan *c);

/* The name that it was made with. */
WEIR_API const char *weir_chan_name(const weir_chan *c);

/* What a channel has done so far. Kept without a read-modify-write where nobody waits: elements are counted by the
 * positions of the buffer, the rest by who waits and who wakes. Of a mutex channel the fields from send_blocked to
 * robbed are 0. Each is right at some time of the call, if nobody is inside one; they are no snapshot. */
struct weir_chan_stats {
    size_t size;           /* sizeof this struct; WEIR_CHAN_STATS sets it */
    uint64_t sent;         /* elements, those that are being sent included */
    uint64_t received;     /* elements, as well */
    uint64_t send_blocked; /* ns that senders have slept; without those in a select of several */
    uint64_t recv_blocked; /* ns, receivers */
    uint64_t wakes;        /* waiting calls that a peer has served or told to try */
    uint64_t wakes_elided; /* elements sent and received beyond that: nobody had to be woken */
    uint64_t robbed;       /* times that a call was told to try and came too late */
    size_t
        high_water; /* most elements inside that were seen: by samples, and whenever a sender waits */
};
#define WEIR_CHAN_STATS { sizeof(struct weir_chan_stats), 0, 0, 0, 0, 0, 0, 0, 0 }

/* Any thread. Returns 0, or WEIR_EINVAL (NULL, or a size that is not that of the struct). May take a short lock. */
WEIR_API int weir_chan_read_stats(weir_chan *c, struct weir_chan_stats *out);

/* For weir_select. NULL for NULL. */
WEIR_API weir_waitable *weir_chan_waitable(weir_chan *c);

#define WEIR_CASE_SEND(chan, elem_) \
    { weir_chan_waitable(chan), (void *)(uintptr_t)(elem_), WEIR_SEND, 0, 0 }
#define WEIR_CASE_RECV(chan, elem_) { weir_chan_waitable(chan), (elem_), WEIR_RECV, 0, 0 }

/* A channel of T by value: WEIR_CHAN_DECLARE(jobs, struct job); then jobs_new(&c, 16),
 * jobs_send(c, j), jobs_recv(c, &j). */
#define WEIR_CHAN_DECLARE(name, T)                                                         \
    typedef struct name {                                                                  \
        weir_chan *chan;                                                                   \
    } name;                                                                                \
    WEIR__BODY int name##_new(name *c, size_t cap) {                                       \
        struct weir_chan_opts o = WEIR_CHAN_OPTS(cap, sizeof(T));                          \
        return weir_chan_new(&c->chan, &o);                                                \
    }                                                                                      \
    WEIR__BODY int name##_unref(name c) { return weir_chan_unref(c.chan); }                \
    WEIR__BODY int name##_send(name c, T v) { return weir_chan_send(c.chan, &v); }         \
    WEIR__BODY int name##_recv(name c, T *v) { return weir_chan_recv(c.chan, v); }         \
    WEIR__BODY int name##_try_send(name c, T v) { return weir_chan_try_send(c.chan, &v); } \
    WEIR__BODY int name##_try_recv(name c, T *v) { return weir_chan_try_recv(c.chan, v); } \
    struct name

#ifdef __cplusplus
}
#endif
#endif
