/* SPDX-License-Identifier: MIT */
/* weir/merge.h - carries elements between channels: merge (n to one), fan-out (one to n, each element to one of
 * them), broadcast (one to n, each element to all). Each is a relay: one task that receives and sends.
 *
 *   weir_relay *r;
 *   rc = weir_merge(&r, out, ins, n, NULL);       - and weir_fanout(&r, outs, n, in, NULL), weir_broadcast
 *   while (weir_chan_recv(out, &x) == 0) ...      - until all n are closed and drained
 *   weir_relay_free(r);
 *
 * The channels are the caller's; the relay holds a reference on each while it runs, is the one consumer of those it
 * receives from and the one producer of those it sends to, as WEIR_CHAN_SPSC wants it, and closes the latter when
 * it ends. It ends when all inputs are closed and drained (at once if there are none), when its context ends, or when
 * all outputs were closed by others. One output that was closed by others is left out from then on; of a broadcast its
 * copies are lost.
 *
 * Order      the elements of each input are sent in their order. Between inputs there is none: the relay takes up to
 *            `batch` elements from an input that has some, then looks at the next; none waits for more than
 *            one batch of each other.
 * Fan-out    an element goes to the next output in turn that has room; if none has, to the first that gets some.
 * Broadcast  each output gets a copy of the element's bytes. With WEIR_FULL_WAIT the slowest output holds up all;
 *            with WEIR_FULL_DROP an output that has no room at that moment misses the element, and what it missed is
 *            counted.
 * Lost       when the relay ends early, what it has received and not sent, at most `batch` elements, is given to
 *            `drop`, as is each copy that an output missed. What stands in an input stays there.
 *
 * | operation   | progress                                                                           |
 * |-------------|------------------------------------------------------------------------------------|
 * | read_stats  | wait-free                                                                          |
 * | the others  | blocking                                                                           |
 *
 * Ordering: as if its sender had sent an element to its receiver. What the relay's task did is seen by who has waited
 * for it. */
#ifndef WEIR_MERGE_H
#define WEIR_MERGE_H

#include <weir/chan.h>
#include <weir/go.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_relay weir_relay;

enum weir_full { WEIR_FULL_WAIT = 0, WEIR_FULL_DROP };

/* Zero means the default in every field. */
struct weir_relay_opts {
    size_t size;   /* sizeof this struct; WEIR_RELAY_OPTS sets it */
    weir_ctx *ctx; /* whose end ends it; NULL: none */
    const weir_exec
        *on; /* what its one task runs on, for as long as it lasts; NULL: a thread of its own */
    unsigned full;      /* enum weir_full, of a broadcast; the others wait */
    size_t batch;       /* most elements that it receives at once; 0: 32; to 65536 */
    weir_drop_fn *drop; /* for what cannot be delivered; NULL: none */
    void *drop_arg;
    const struct weir_alloc *alloc; /* NULL: malloc */
};
#define WEIR_RELAY_OPTS { sizeof(struct weir_relay_opts), NULL, NULL, 0, 0, NULL, NULL, NULL }

/* Start one; opts NULL: all defaults. Any thread. Return 0, or with nothing started, no reference taken and *r NULL:
 * WEIR_EINVAL (NULL for r or a channel, elements of different sizes, mutex channels beside others where it has to
 * select, no output, an option that does not exist), WEIR_ETOOBIG (n above WEIR_SELECT_MAX), WEIR_ENOMEM, or what
 * `on` says. The arrays are copied. A channel that is named twice counts as two. */
WEIR_NODISCARD WEIR_API int weir_merge(weir_relay **r, weir_chan *out, weir_chan *const *ins,
                                       size_t n, const struct weir_relay_opts *opts);
WEIR_NODISCARD WEIR_API int weir_fanout(weir_relay **r, weir_chan *const *outs, size_t n,
                                        weir_chan *in, const struct weir_relay_opts *opts);
WEIR_NODISCARD WEIR_API int weir_broadcast(weir_relay **r, weir_chan *const *outs, size_t n,
                                           weir_chan *in, const struct weir_relay_opts *opts);

/* Waits until it has ended, and its outputs are closed. Any thread, several times. Returns 0: all inputs were closed,
 * and all that was in them was delivered, or dropped as the policy says; else why it ended early: the error of its
 * context, WEIR_ECLOSED (no output is left), WEIR_ENOMEM (its thread's first wait). Or, if it goes on: ctx's error,
 * WEIR_ETIMEDOUT (not before the deadline), WEIR_EAGAIN (WEIR_NOW), WEIR_EINVAL (NULL), WEIR_ENOMEM (the first
 * wait of this thread). *ended, if it is not NULL, says which of the two. */
WEIR_NODISCARD WEIR_API int weir_relay_wait_wait(weir_relay *r, bool *ended, weir_time deadline,
                                                 weir_ctx *ctx);
WEIR_INLINE int weir_relay_wait(weir_relay *r) {
    return weir_relay_wait_wait(r, NULL, WEIR_FOREVER, NULL);
}

/* Copies: of a broadcast each element counts once for each output. Once it has ended received * outputs = sent + dropped;
 * of a merge and a fan-out received = sent + dropped. */
struct weir_relay_stats {
    size_t size;       /* sizeof this struct; WEIR_RELAY_STATS sets it */
    uint64_t received; /* elements */
    uint64_t sent;     /* copies */
    uint64_t dropped;  /* copies that had to be delivered and were not */
    uint64_t skipped;  /* of them, those for which an output had no room (WEIR_FULL_DROP) */
};
#define WEIR_RELAY_STATS { sizeof(struct weir_relay_stats), 0, 0, 0, 0 }

/* Any thread. Each is right at some time of the call; exact after a wait. Returns 0, or WEIR_EINVAL (NULL, or a size
 * that is not that of the struct). */
WEIR_API int weir_relay_read_stats(weir_relay *r, struct weir_relay_stats *out);

/* Cancels it, waits until it has ended, and frees it. Nobody else may be in a call on it; not from its drop function.
 * Returns 0, also for NULL; WEIR_ENOMEM: the first wait of this thread, and nothing was freed. */
WEIR_API int weir_relay_free(weir_relay *r);

#ifdef __cplusplus
}
#endif
#endif
