/* SPDX-License-Identifier: MIT */
/* bench/ring_loops.h - the inner loops of every ring benchmark: a template by inclusion, C11 and C++17.
 *
 * A variant defines the macros below and includes this file; it then has the loops of a struct wb_ring
 * under the names <RING_NAME>_produce, _consume, _solo, _ping and _pong, with its push and pop inlined,
 * one set for each element size; WB_RING makes them a struct wb_ring. All
 * macros are undefined again at the end, so that one file can bring several variants.
 *
 *   RING_NAME               prefix of the names
 *   RING_TYPE               type of the ring; may use ELEM, as all below
 *   RING_PUSH(r, e)         true if *e (const ELEM *e) went in; r is a RING_PRODUCER_TYPE *
 *   RING_POP(r, e)          true if an element came out; r is a RING_CONSUMER_TYPE *
 *   RING_SIZES              defined: elements of 64 and 256 bytes too, else of 8 only
 * and, where the variant has it:
 *   RING_PUSH_N(r, e, n), RING_POP_N(r, e, n)            how many of the n were moved; POP_N may stand alone
 *   RING_PUSH_WAIT(r, e), RING_POP_WAIT(r, e)            false: closed
 *   RING_PUSH_N_WAIT(r, e, n), RING_POP_N_WAIT(r, e, n)  how many; 0: closed
 *   RING_OF(ring)           the RING_TYPE * of what open() returned, where a cast is not enough
 *   RING_PRODUCER_TYPE, RING_PRODUCER_OF(ring, id)       a handle of each producer (and CONSUMER)
 *
 * What a loop costs beside the operation. One addition to the sum, one comparison of the order (with
 * several producers a load and a store in the thread's own array), and a look at `stop` every 64
 * elements. An element of more than 8 bytes is made opaque to the compiler before the push and after
 * the pop: it can neither build the payload in the slot nor leave out the copy of words that nobody
 * reads. Nothing is shared but the ring and the two flags.
 *
 * Back-off (one policy for all): after a call that moved nothing, a pause; where threads exceed CPUs,
 * from the 65th such call in a row on a sched_yield instead. A success starts anew. What a rival
 * does inside its own call is its own business.
 *
 * Stop and drain. A producer that finds the ring full looks at `stop` each time, and gives up the
 * element that was not pushed: w->next says then which the next one is. A consumer leaves after 256
 * calls in a row that found nothing though `drain` was set before each of them: some rivals say
 * "empty" falsely, and the harness compares the counts. Waiting consumers leave on "closed". */
#include "ring_run.h"

#ifndef RING_OF
#define RING_OF(ring) ((RING_TYPE *)(ring))
#endif
#ifndef RING_PRODUCER_TYPE
#define RING_PRODUCER_TYPE RING_TYPE
#define RING_PRODUCER_OF(ring, id) ((void)(id), RING_OF(ring))
#endif
#ifndef RING_CONSUMER_TYPE
#define RING_CONSUMER_TYPE RING_TYPE
#define RING_CONSUMER_OF(ring, id) ((void)(id), RING_OF(ring))
#endif

#define RING_SIZE 8
#define ELEM struct wb_elem_8
#include "ring_bodies.h"
#undef RING_SIZE
#undef ELEM

#ifdef RING_SIZES
#define RING_SIZE 64
#define ELEM struct wb_elem_64
#include "ring_bodies.h"
#undef RING_SIZE
#undef ELEM

#define RING_SIZE 256
#define ELEM struct wb_elem_256
#include "ring_bodies.h"
#undef RING_SIZE
#undef ELEM

#define RING_BY_SIZE_(loop)                                      \
    static void WB_CAT2(RING_NAME, loop)(struct wb_worker * w) { \
        if (w->shape->size == 8)                                 \
            WB_CAT3(RING_NAME, loop, 8)(w);                      \
        else if (w->shape->size == 64)                           \
            WB_CAT3(RING_NAME, loop, 64)(w);                     \
        else                                                     \
            WB_CAT3(RING_NAME, loop, 256)(w);                    \
    }
#else
#define RING_BY_SIZE_(loop) \
    static void WB_CAT2(RING_NAME, loop)(struct wb_worker * w) { WB_CAT3(RING_NAME, loop, 8)(w); }
#endif

RING_BY_SIZE_(produce)
RING_BY_SIZE_(consume)
RING_BY_SIZE_(solo)
RING_BY_SIZE_(ping)
RING_BY_SIZE_(pong)

#undef RING_BY_SIZE_
#undef RING_NAME
#undef RING_TYPE
#undef RING_OF
#undef RING_PUSH
#undef RING_POP
#undef RING_PUSH_N
#undef RING_POP_N
#undef RING_PUSH_WAIT
#undef RING_POP_WAIT
#undef RING_PUSH_N_WAIT
#undef RING_POP_N_WAIT
#undef RING_PRODUCER_TYPE
#undef RING_PRODUCER_OF
#undef RING_CONSUMER_TYPE
#undef RING_CONSUMER_OF
#undef RING_SIZES
