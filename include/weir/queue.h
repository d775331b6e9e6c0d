/* SPDX-License-Identifier: MIT */
/* weir/queue.h - unbounded queue for any number of producers and consumers: try, batch, wait, close, trim.
 *
 *     pop -> [ taken | e3 | e4 | e5 ] -> [ e6 | e7 |    |    ] <- push
 *
 * Elements stand in segments of some 16 KiB, or of four elements where those are above 4 KiB, each used once from one
 * end to the other. A push, and a pop of one element, takes the next slot of its segment by one fetch-and-add, so
 * that threads do not fail because of each other. Elements are copied; they leave in the order in which their pushes
 * took effect, and all results are linearizable (those of a batch one by one).
 *
 * | operation  | progress                                                                                     |
 * |------------|----------------------------------------------------------------------------------------------|
 * | push, pop  | lock-free, but for the allocator (one call per segment, none while segments can be used      |
 * |            | again), for a thread's first call, which makes its record, for a short lock where somebody   |
 * |            | sleeps and is woken, and for membarrier(2), which a pop calls once for some 8 segments that  |
 * |            | it leaves, and a push that the allocator refuses a segment. All calls of the others return,  |
 * |            | wherever a thread is stopped else                                                            |
 * | close      | lock-free; waking those who sleep takes a lock                                               |
 * | _wait      | blocking                                                                                     |
 *
 * A pop that comes to a slot whose push is still under way waits for a bounded time, and then passes over it;
 * that push takes another slot. So no call says WEIR_EBUSY.
 *
 * Stopped    A thread that is stopped inside a call, outside of the allocator and of those locks, holds nobody up
 *            without a limit, but for one who sleeps: if it has moved an element, or closed the queue, and has not
 *            told the sleepers yet, they sleep on until it goes on or another tells them. Batches tell them as they
 *            go. One that was woken for an element, or for room, and stops before it has it, has taken the wake-up:
 *            the others sleep on beside that, until it goes on or the next push (pop). With a limit, what it has
 *            reserved counts as inside: the try verbs of the others return all the same, but pushes say
 *            WEIR_EAGAIN when nothing else is left, waiting pushes wait for it, and so do waiting pops where
 *            nothing is inside. With a limit of 1 one such thread stops all waiting calls.
 *
 * membarrier interrupts the processors that run threads of the process, and may wait in the kernel for others that
 *            call it. Also weir_queue_trim and the waiting pops call it. Never with WEIR_RING_NO_MEMBARRIER, or if
 *            the kernel refused it when the queue was made. If it refuses later (a sandbox), the pop that is told
 *            so sleeps for 1 ms, once for each queue, and so do others that come meanwhile; from then on all fence.
 * Memory     a segment that was emptied is used again or given back: up to 8 are kept, and up to 7 more wait for the
 *            pop, or the push in want of memory, that looks which can be used again. So an empty queue holds up to 16
 *            segments, and one more for each thread that was inside when somebody last looked: some 256 KiB, or 4 MiB
 *            with elements of 64 KiB, whatever the limit. A thread that is stopped inside a call keeps some 8
 *            segments back, and a few for each other thread; what else goes through the queue meanwhile is given back
 *            as ever. weir_queue_trim gives back all that is not in use, weir_queue_bytes says what there is.
 * Limit      opts.limit (or limit_bytes) is a soft one: a push beyond it says WEIR_EAGAIN, or waits. Elements
 *            count from before their push takes effect until their pop returns, or goes on with its batch, so that a
 *            push may find the queue full while a pop is under way; there are never more than the limit inside. A
 *            batch of pops may bring more than that, as pushes come in while it goes on. The limit costs a
 *            read-modify-write of a common word in each call.
 * Ordering   a push happens-before the pop that gets its element; close happens-before a call that reports
 *            WEIR_ECLOSED.
 * Signals    no verb may be called by a signal handler: it would take away what protects the call that it
 *            interrupts.
 * fork       the child may not use a queue, its own neither, before it has executed another program: threads that it
 *            does not have may be listed as sleepers, or have been in the middle of waking some.
 * From       Ramalhete and Correia's FAAArrayQueue, with a state beside each slot so that elements may have any
 *            size, closing, and segments that are allocated before they are needed (as folly does):
 *            queues/segq.h. */
#ifndef WEIR_QUEUE_H
#define WEIR_QUEUE_H

#include <weir/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_queue weir_queue;

/* What an unbounded queue is made with. Zero means the default. */
struct weir_queue_opts {
    size_t size;      /* sizeof this struct; WEIR_QUEUE_OPTS sets it */
    size_t elem_size; /* bytes, 1 to 65536 */
    /* How much may be inside: elements; bytes of elements, each with what stands beside it (8 bytes, and padding
     * to 8). 0: any number. The smaller counts; one element always fits. */
    size_t limit, limit_bytes;
    /* WEIR_RING_NO_MEMBARRIER: threads that take segments away never send membarrier; a full barrier in each
     * call takes its place. */
    unsigned flags;
    weir_drop_fn *drop; /* for what is left inside when it is freed; NULL: none */
    void *drop_arg;
    /* Of the queue and its segments, called by any thread that uses it; NULL: malloc. */
    const struct weir_alloc *alloc;
};
#define WEIR_QUEUE_OPTS(elem_size_) \
    { sizeof(struct weir_queue_opts), (size_t)(elem_size_), 0, 0, 0, NULL, NULL, NULL }

/* An open, empty queue, with one segment. Returns 0, WEIR_EINVAL (NULL, an unknown flag, elem_size 0 or above
 * 65536, an allocator without functions), or WEIR_ENOMEM; *out is NULL then. */
WEIR_NODISCARD WEIR_API int weir_queue_new(weir_queue **out, const struct weir_queue_opts *opts);

/* opts.drop is called for what is inside, oldest first. No other thread may be inside, also not in a push whose
 * element has been popped. Returns 0 (also for NULL), or WEIR_EBUSY: threads sleep in it, and nothing was done. */
WEIR_API int weir_queue_free(weir_queue *q);

/* Copies *elem in. Any thread. Returns 0; WEIR_EAGAIN: as many as the limit were inside; WEIR_ECLOSED;
 * WEIR_ENOMEM: no memory for a segment while the last one was full and none that was emptied could be used again (those
 * that another call is just looking through cannot, also if that was stopped there), or
 * none for the record of a thread; WEIR_EINVAL: NULL. On failure nothing changed and the element is the caller's.
 * Not for signal handlers. */
WEIR_NODISCARD WEIR_API int weir_queue_try_push(weir_queue *q, const void *elem);

/* Copies the oldest element out. Any thread. Returns 0; WEIR_EAGAIN: empty; WEIR_ECLOSED: closed and drained;
 * WEIR_ENOMEM: no memory for the record of this thread, in its first call; WEIR_EINVAL. On failure *elem is
 * untouched. */
WEIR_NODISCARD WEIR_API int weir_queue_try_pop(weir_queue *q, void *elem);

/* Pushes n elements in order, or as many as the limit leaves room for; others may come between them. Returns the
 * count, or as weir_queue_try_push if it is none; fewer than there is room for only if memory ran out or the
 * queue was closed meanwhile. n = 0 returns 0. Any thread. */
WEIR_NODISCARD WEIR_API ptrdiff_t weir_queue_try_push_n(weir_queue *q, const void *elems, size_t n);

/* Pops up to n elements, oldest first. Returns the count, or as weir_queue_try_pop if it is none. n = 0 returns
 * 0. Any thread. */
WEIR_NODISCARD WEIR_API ptrdiff_t weir_queue_try_pop_n(weir_queue *q, void *elems, size_t n);

/* A push that waits while the limit is reached; without a limit it never waits. Any thread. Returns 0,
 * WEIR_ECLOSED (also while it waited), WEIR_ETIMEDOUT (not before the deadline; a past one makes one try),
 * WEIR_ENOMEM, ctx's error (once it has ended, even if there is room), WEIR_EINVAL. WEIR_NOW:
 * weir_queue_try_push, once ctx has been looked at. */
WEIR_NODISCARD WEIR_API int weir_queue_push_wait(weir_queue *q, const void *elem,
                                                 weir_time deadline, weir_ctx *ctx);

/* A pop that waits for an element; as weir_queue_push_wait. WEIR_ECLOSED: closed and drained. Polls for a bounded
 * time, then sleeps. A woken thread may find its element taken by a newcomer, and waits on. */
WEIR_NODISCARD WEIR_API int weir_queue_pop_wait(weir_queue *q, void *elem, weir_time deadline,
                                                weir_ctx *ctx);

/* As the try batches, but wait until at least one element could be moved. n = 0 returns 0. */
WEIR_NODISCARD WEIR_API ptrdiff_t weir_queue_push_n_wait(weir_queue *q, const void *elems, size_t n,
                                                         weir_time deadline, weir_ctx *ctx);
WEIR_NODISCARD WEIR_API ptrdiff_t weir_queue_pop_n_wait(weir_queue *q, void *elems, size_t n,
                                                        weir_time deadline, weir_ctx *ctx);

/* Push and pop that wait for ever. */
WEIR_NODISCARD WEIR_INLINE int weir_queue_push(weir_queue *q, const void *elem) {
    return weir_queue_push_wait(q, elem, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_queue_pop(weir_queue *q, void *elem) {
    return weir_queue_pop_wait(q, elem, WEIR_FOREVER, NULL);
}

/* Closes: every later push is refused, waiting pushers get WEIR_ECLOSED, and poppers drain what is inside and
 * then get WEIR_ECLOSED. A push under way succeeds, and its element is popped, or it is refused. Any thread.
 * Returns 0 to exactly one caller, WEIR_ECLOSED to the others, WEIR_ENOMEM (no record for this thread; nothing
 * was done), WEIR_EINVAL: NULL. */
WEIR_API int weir_queue_close(weir_queue *q);
/* Whether every later push is refused. While a close is under way a thread that can have no record is told false. */
WEIR_API bool weir_queue_is_closed(weir_queue *q);

/* Elements inside, those under way included; exact when nobody is inside a call, and never more than were inside at
 * one time of this call. Beside many pops it may be fewer: those that come while it looks are not counted. 0 if the
 * calling thread can have no record. Any thread. */
WEIR_API size_t weir_queue_len(weir_queue *q);

/* Bytes that the queue has from its allocator now. Any thread; a load. */
WEIR_API size_t weir_queue_bytes(const weir_queue *q);

/* Gives back every segment that is not in use; without opts.alloc, also what malloc has kept of them
 * (malloc_trim). Any thread. Returns 0; WEIR_ENOMEM: no record for this thread. Segments that a thread inside a
 * call looks at stay. */
WEIR_API int weir_queue_trim(weir_queue *q);

#ifdef __cplusplus
}
#endif
#endif
