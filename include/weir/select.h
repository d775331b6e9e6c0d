/* SPDX-License-Identifier: MIT */
/* weir/select.h - waits for one of several things and does it: Go's select.
 *
 *   struct weir_case c[] = { WEIR_CASE_RECV(jobs, &job), WEIR_CASE_SEND(results, &result) };
 *   ptrdiff_t i = weir_select(c, 2, WEIR_FOREVER, ctx, 0);
 *   if (i == 0 && c[0].result == WEIR_ECLOSED) ...
 *
 * Exactly one case takes effect, or none. No element moves before that is decided.
 * | operation | progress                                                                     |
 * |-----------|------------------------------------------------------------------------------|
 * | select    | blocking: a lock of each object, and one for all where two selects meet       |
 * Ordering: that of the case performed.
 *
 * Over channels of kind WEIR_CHAN_MUTEX it is made of one mutex and one condition variable for the process, what
 * the other one is compared with, and takes no objects of other kinds but contexts. Selects and plain calls do
 * not stand in one line there (S15): who waits on a condition variable has no place in a line. All else is as
 * said here. */
#ifndef WEIR_SELECT_H
#define WEIR_SELECT_H

#include <weir/ctx.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir_case {
    weir_waitable *on; /* NULL: never ready */
    void *elem;        /* only read by a send */
    uint32_t op;       /* enum weir_op */
    uint32_t arg;      /* of a semaphore: units; else 0 */
    int result; /* of the case performed: 0, WEIR_ECLOSED, a context's error; after WEIR_EAGAIN or
                        * WEIR_EBUSY of each: which of the two. With WEIR_SELECT_AGEING: see there */
};

/* flags */
#define WEIR_SELECT_PRIORITY 1u /* the first ready case, instead of a random one */

/* Performs nothing: the index is that of a case that is worth trying, now or once one is; its result is 0, no
 * elem is needed. It may be so in vain: what was ready may be taken by others before the caller tries. A
 * ready case is never missed; without a wait, WEIR_EAGAIN may also stand for undecided. Others who wait are not
 * kept from anything by a call that only looks. */
#define WEIR_SELECT_READY 2u

/* The first ready case, but none that is ready in each of a row of calls is passed over more than `bound` times:
 * when some could not be served in time otherwise, the one that can wait least comes first. bound: n - 1 or
 * more, since less cannot be kept where all are always ready; to 65535. A case is passed over if it was ready when
 * the call began, and no try has failed in the call, or is when the call ends, and another was performed. How often
 * in a row stands in its result, which begins with 0; give the same array again. Calls that perform nothing
 * leave the results alone. Costs two looks at each case. */
#define WEIR_SELECT_AGEING(bound) (WEIR_SELECT_PRIORITY | (unsigned)(bound) << 16)

#define WEIR_SELECT_MAX ((size_t)65535)

/* Performs one of the n cases, a random one of those ready, waiting for the first where none is. Returns
 * its index; its result stands in the case. Or, with nothing performed and each element still the
 * caller's: WEIR_EAGAIN (deadline WEIR_NOW: each case was, at some instant of the call, not ready),
 * WEIR_EBUSY (the same, and one was undecided), WEIR_ETIMEDOUT, ctx's error, WEIR_ETOOBIG (n above
 * WEIR_SELECT_MAX), WEIR_EINVAL (an unknown operation or flag, an element missing, mutex channels beside other
 * objects, ageing with a bound below n - 1 or beside WEIR_SELECT_READY), WEIR_ENOMEM (n above 16: each call
 * allocates; else only the first call of a thread that waits, or chooses at random among two or more). Any
 * thread; each object must stay for the call. */
WEIR_NODISCARD WEIR_API ptrdiff_t weir_select(struct weir_case *cases, size_t n, weir_time deadline,
                                              weir_ctx *ctx, unsigned flags);

#ifdef __cplusplus
}
#endif
#endif
