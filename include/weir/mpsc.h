/* SPDX-License-Identifier: MIT */
/* weir/mpsc.h - unbounded queue for any number of producers and one consumer: try, batch, wait, close, trim.
 *
 * weir_queue (weir/queue.h) with a consumer that is alone: the same segments, options, results and limit. A pop is a
 * load and a store where that of weir_queue is a read-modify-write, and needs no hazard pointer. Elements are copied;
 * weir/mpsc_list.h is for nodes that the caller owns.
 *
 * | operation  | progress                                                                                     |
 * |------------|----------------------------------------------------------------------------------------------|
 * | push       | lock-free, but for the allocator (one call per segment, none while segments can be used      |
 * |            | again), a thread's first call, which makes its record, and a short lock where the consumer   |
 * |            | sleeps and is woken, and membarrier(2) where the allocator refuses it a segment. Not         |
 * |            | wait-free: a push that finds its segment full may find the next one full, too, as often as   |
 * |            | others fill it meanwhile, and the consumer may pass over it                                  |
 * | pop        | wait-free, but for the allocator, to which emptied segments may be given back, and for       |
 * |            | membarrier(2), once for some 8 segments (weir/queue.h): at most the slots of a segment are   |
 * |            | passed over, each after a bounded time, before there is an element or empty is said. With a  |
 * |            | limit, a short lock where a pusher sleeps and is woken. Only lock-free where it leaves a     |
 * |            | segment beside pushes that are refused memory for one                                        |
 * | close      | lock-free; waking those who sleep takes a lock                                               |
 * | _wait      | blocking                                                                                     |
 *
 * A push that is stopped before its element is in holds nobody up: the consumer passes over its slot, and it takes
 * another. One that is stopped between that and its wake-up leaves a sleeping consumer asleep until it goes on, or
 * until another push. With a limit see weir/queue.h: a pusher that was woken for room and stops before it has it leaves
 * the other pushers asleep beside that, until it goes on or until the next pop.
 *
 * Consumer   the pops, weir_mpsc_trim and weir_mpsc_free are the consumer's: one thread at a time, a role that is
 *            handed on by an edge. Two at once double and lose elements; a debug build reports the second one and
 *            returns WEIR_EINVAL. All other verbs are any thread's.
 * Memory     as weir/queue.h. A producer that is stopped keeps at most two segments back, the one it looks at and one
 *            that it was about to append; or, where the allocator had refused it one, those that it was looking through.
 *            While the consumer is, nothing is given back, since nothing is popped.
 * Limit, ordering, signals, fork   as weir/queue.h.
 * From       Ramalhete and Correia's FAAArrayQueue, as weir_queue, with tickets of pops taken by a store. */
#ifndef WEIR_MPSC_H
#define WEIR_MPSC_H

#include <weir/queue.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_mpsc weir_mpsc;

/* As weir_queue_new, and with its options: an open, empty queue. */
WEIR_NODISCARD WEIR_API int weir_mpsc_new(weir_mpsc **out, const struct weir_queue_opts *opts);

/* As weir_queue_free. */
WEIR_API int weir_mpsc_free(weir_mpsc *q);

/* Copies *elem in. Any thread. Returns 0; WEIR_EAGAIN: as many as the limit were inside; WEIR_ECLOSED; WEIR_ENOMEM:
 * as weir_queue_try_push; WEIR_EINVAL: NULL. On failure nothing changed and the element is the caller's. */
WEIR_NODISCARD WEIR_API int weir_mpsc_try_push(weir_mpsc *q, const void *elem);

/* Copies the oldest element out. The consumer. Returns 0; WEIR_EAGAIN: empty; WEIR_ECLOSED: closed and drained;
 * WEIR_EINVAL: NULL. On failure *elem is untouched. Never WEIR_ENOMEM. */
WEIR_NODISCARD WEIR_API int weir_mpsc_try_pop(weir_mpsc *q, void *elem);

/* As weir_queue_try_push_n; any thread. */
WEIR_NODISCARD WEIR_API ptrdiff_t weir_mpsc_try_push_n(weir_mpsc *q, const void *elems, size_t n);

/* As weir_queue_try_pop_n; the consumer. */
WEIR_NODISCARD WEIR_API ptrdiff_t weir_mpsc_try_pop_n(weir_mpsc *q, void *elems, size_t n);

/* As weir_queue_push_wait, and _push_n_wait; any thread. */
WEIR_NODISCARD WEIR_API int weir_mpsc_push_wait(weir_mpsc *q, const void *elem, weir_time deadline,
                                                weir_ctx *ctx);
WEIR_NODISCARD WEIR_API ptrdiff_t weir_mpsc_push_n_wait(weir_mpsc *q, const void *elems, size_t n,
                                                        weir_time deadline, weir_ctx *ctx);

/* As weir_queue_pop_wait, and _pop_n_wait; the consumer. WEIR_ENOMEM: it has to sleep, and there is no memory for its
 * record. */
WEIR_NODISCARD WEIR_API int weir_mpsc_pop_wait(weir_mpsc *q, void *elem, weir_time deadline,
                                               weir_ctx *ctx);
WEIR_NODISCARD WEIR_API ptrdiff_t weir_mpsc_pop_n_wait(weir_mpsc *q, void *elems, size_t n,
                                                       weir_time deadline, weir_ctx *ctx);

/* Push and pop that wait for ever. */
WEIR_NODISCARD WEIR_INLINE int weir_mpsc_push(weir_mpsc *q, const void *elem) {
    return weir_mpsc_push_wait(q, elem, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_mpsc_pop(weir_mpsc *q, void *elem) {
    return weir_mpsc_pop_wait(q, elem, WEIR_FOREVER, NULL);
}

/* As weir_queue_close, _is_closed, _len and _bytes; any thread. Of a length, pops that the caller was not told of by an
 * edge may still be counted. */
WEIR_API int weir_mpsc_close(weir_mpsc *q);
WEIR_API bool weir_mpsc_is_closed(weir_mpsc *q);
WEIR_API size_t weir_mpsc_len(weir_mpsc *q);
WEIR_API size_t weir_mpsc_bytes(const weir_mpsc *q);

/* As weir_queue_trim; the consumer. Returns 0, or WEIR_EINVAL: NULL. */
WEIR_API int weir_mpsc_trim(weir_mpsc *q);

#ifdef __cplusplus
}
#endif
#endif
