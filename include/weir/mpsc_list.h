/* SPDX-License-Identifier: MIT */
/* weir/mpsc_list.h - unbounded queue of nodes that the caller owns: any number of producers, one consumer.
 *
 *     pop -> [ n1 ] -> [ n2 ] -> [ n3 ] <- push
 *
 * A node is a member of the caller's struct; nothing is allocated or copied, and the order is that of the pushes.
 * One exchange for each push, none for most pops.
 *
 * The list is never without a node: where it would be, there stands a node of its own, the dummy, which is in no
 * struct of the caller's and is never given to him.
 *
 * Invariants
 *   I1  from out_ on, by next_, come all nodes that were pushed and not popped, and the dummy at most once. The
 *       last one's next_ is END; a node outside of any list has NULL.
 *   I2  a push takes effect at its exchange of in_, and then links its node to the one before. Until then what
 *       stands behind cannot be reached: a pop that comes there says WEIR_EBUSY.
 *   I3  a node is popped only when its next_ is another node, so that nobody writes to it any more: the last one
 *       gets the dummy behind it first.
 * Results    WEIR_EAGAIN only where it was truly empty at an instant of the call; WEIR_EBUSY while a push is
 *            under way.
 * Progress   push: wait-free. pop: wait-free, but a producer that is stopped between its exchange and its link
 *            holds back its own node and all that were pushed later, of whomever: the consumer is blocked, and is
 *            told so.
 * Linearization   a push at its exchange; a pop where it finds the link; "empty" at its load of in_.
 * Ordering   a push happens-before the pop that gets its node. N1 -> N2 carries the node; X1 -> X1 that its next_
 *            is END before the next push links to it.
 * From       Vyukov's intrusive MPSC node-based queue. Differs in: empty and in-flight told apart. */
#ifndef WEIR_MPSC_LIST_H
#define WEIR_MPSC_LIST_H

#include <weir/atomic.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All zero when it is first pushed, and again when it was popped. */
struct weir_mpsc_node {
    weir_aptr next_;
};

typedef struct weir_mpsc_list {
    weir_aptr in_; /* the node that was pushed last */
    char pad0_[WEIR_LINE - sizeof(weir_aptr)];
    struct weir_mpsc_node *out_; /* the consumer's */
    struct weir_mpsc_node dummy_;
    char pad1_[WEIR_LINE - 2 * sizeof(void *)];
} weir_mpsc_list;

/* Makes an empty list, before any other call. It must stay where it is. Nothing has to be done at its end; nodes
 * inside are the caller's. Returns 0, or WEIR_EINVAL: NULL. */
WEIR_API int weir_mpsc_list_init(weir_mpsc_list *l);

/* Appends the node, which is the list's until it is popped. Any thread, also a signal handler. Returns 0;
 * WEIR_EINVAL: NULL, or, in debug builds, a node that is inside a list. */
WEIR_API int weir_mpsc_list_push(weir_mpsc_list *l, struct weir_mpsc_node *node);

/* Takes the oldest node; it is the caller's, and may be pushed again at once, here or elsewhere. One thread at a
 * time: the consumer is a role, handed on by an edge. Returns 0; WEIR_EAGAIN: empty; WEIR_EBUSY: the push of the
 * oldest node, or of the one behind it, is under way, after a bounded spin; WEIR_EINVAL: NULL. On failure *node
 * is untouched. */
WEIR_NODISCARD WEIR_API int weir_mpsc_list_pop(weir_mpsc_list *l, struct weir_mpsc_node **node);

/* The struct of which `node` is the member. */
#define WEIR_MPSC_ENTRY(node, type, member) \
    ((type *)(void *)((char *)(node) - offsetof(type, member)))

#ifdef __cplusplus
}
#endif
#endif
