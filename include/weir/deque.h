/* SPDX-License-Identifier: MIT */
/* weir/deque.h - work-stealing deque: one owner pushes and pops at the bottom, any thread steals at the top.
 *
 *     steal -> top                         bottom <- push, pop
 *              [ e3 | e4 | e5 | e6 |    |    ]
 *
 * The owner gets its newest element back, and without a read-modify-write unless it is the last; thieves get
 * the oldest. Elements are words of a pointer's size, any value; what is larger is put in by a pointer to it.
 *
 * The owner is a role: one thread at a time may be in it, and hands it on by an edge (a lock, a channel, the
 * thread's creation) and, for debug builds, weir_deque_own. The calls of its role are push, pop and trim; all
 * others any thread may make, the owner too.
 *
 * | operation | progress                                                                                     |
 * |-----------|----------------------------------------------------------------------------------------------|
 * | push      | wait-free; where the array is full: an allocation, a copy, and a weir_rcu_retire             |
 * | pop       | wait-free, and allocates nothing; where it goes back to the first array: a weir_rcu_retire   |
 * | steal     | wait-free, one attempt: a lost race means that another call has taken the element; a         |
 * |           | thread's first one takes a lock, to register with RCU                                        |
 *
 * Ordering   a push is a release store: what the owner did before is seen by who gets the element. It is no
 *            barrier: who looks afterwards for thieves that sleep, as those look for elements before they
 *            sleep, has to order the two (a read-modify-write by both on one word is enough).
 * Memory     an array of opts.cap elements, which is the deque's to its end, and while more is needed a larger
 *            one. When it was emptied twice, and no more than a quarter was in use between the two, or by
 *            weir_deque_trim, the first one serves again. Arrays out of use are freed by weir_rcu after a grace
 *            period (those of one growth together are smaller than the array in use); while weir_rcu has no
 *            room within its hard limit none is given up for the first one, so that nothing adds up.
 * From       Chase and Lev, Dynamic circular work-stealing deque, 2005; the orders are those of Le, Pop, Cohen
 *            and Zappa Nardelli, Correct and efficient work-stealing for weak memory models, 2013, without
 *            fences: queues/deque.c. */
#ifndef WEIR_DEQUE_H
#define WEIR_DEQUE_H

#include <weir/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_deque weir_deque;

/* Zero means the default in every field. */
struct weir_deque_opts {
    size_t size; /* sizeof this struct; WEIR_DEQUE_OPTS sets it */
    size_t cap;  /* elements of the first array, rounded up to a power of two; up to 2^31; 0: 64 */
    /* For what is left inside when it is freed; its argument points to the word. NULL: none. */
    weir_drop_fn *drop;
    void *drop_arg;
    /* NULL: malloc. Called by the owner, and by weir's thread for old arrays. */
    const struct weir_alloc *alloc;
};
#define WEIR_DEQUE_OPTS(cap_) { sizeof(struct weir_deque_opts), (size_t)(cap_), NULL, NULL, NULL }

/* An empty deque. The first thread that pushes or pops is its owner. opts NULL: the defaults. Returns 0,
 * WEIR_EINVAL (NULL, cap too large, an allocator without functions), or WEIR_ENOMEM; *out is NULL then. */
WEIR_NODISCARD WEIR_API int weir_deque_new(weir_deque **out, const struct weir_deque_opts *opts);

/* opts.drop is called for what is inside, oldest first. No other thread may be inside or come later; any
 * thread, if the owner's calls happen-before. Of a deque with an allocator that has grown it waits until weir's
 * thread has given all back, as weir_rcu_barrier. Returns 0 (also for NULL), or that call's error: nothing was
 * done. */
WEIR_API int weir_deque_free(weir_deque *d);

/* The calling thread is the owner from now on. What the owner before did must happen-before this. Only debug
 * builds look at it: they report a call of the owner's role by another thread, and refuse it with WEIR_EINVAL.
 * Returns 0. */
WEIR_API int weir_deque_own(weir_deque *d);

/* The owner: puts elem in. Returns 0, or WEIR_ENOMEM (the array is full, and there is no memory for a larger
 * one: elem is the caller's, the deque as it was; the call may be repeated, and succeeds as soon as something
 * has been taken). */
WEIR_NODISCARD WEIR_API int weir_deque_push(weir_deque *d, void *elem);

/* The owner: takes the newest element. Returns 0, or WEIR_EAGAIN: empty, at an instant of the call. Costs a
 * store and a load that no store may pass (an exchange on x86-64); nothing where it was seen to be empty and no
 * push came since. */
WEIR_NODISCARD WEIR_API int weir_deque_pop(weir_deque *d, void **elem);

/* Takes the oldest element. Returns 0,
 *   WEIR_EAGAIN   empty, at an instant of the call
 *   WEIR_EBUSY    another call has taken that element first: there may be more, and trying again is worth
 *                 it. */
WEIR_NODISCARD WEIR_API int weir_deque_steal(weir_deque *d, void **elem);

/* Steals up to n, one after the other, oldest first: no more than half, rounded up, of what is there at the
 * begin, and until it is empty or a race is lost. Others may take elements in between. Returns the count, if
 * that is 0 as weir_deque_steal; 0 for n == 0. Cheaper than n steals only by n - 1 guards. */
WEIR_NODISCARD WEIR_API ptrdiff_t weir_deque_steal_n(weir_deque *d, void **elems, size_t n);

/* The owner: gives a larger array back. Before a long rest; pop does it by itself as described above. Returns 0
 * (the first array is in use), or WEIR_EAGAIN: it is not empty, or garbage is at its limit. */
WEIR_API int weir_deque_trim(weir_deque *d);

/* Elements inside: exact for the owner while nobody steals, else about what it was a moment ago. */
WEIR_API size_t weir_deque_len(const weir_deque *d);

/* The owner: elements that the array in use has room for. */
WEIR_API size_t weir_deque_cap(const weir_deque *d);

#ifdef __cplusplus
}
#endif
#endif
