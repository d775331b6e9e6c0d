/* SPDX-License-Identifier: MIT */
/* weir/mpsc_list.h - unbounded queue of nodes that the caller owns: any number of producers, one consumer.
 *
 *     pop -> [ n1 ] -> [ n2 ] -> [ n3 ] <- push
 *
 * A node is a member of the caller's struct; nothing is allocated or copied, and the order is that of the pushes.
 * One exchange for each push; none for a pop that finds another node behind the one it takes.
 *
 * The list is never without a node: where it would be, there stands a node of its own, the dummy, which is in no
 * struct of the caller's and is never given to him.
 *
 * Invariants
 *   I1  from out_ on, by next_, come all nodes that were pushed and not popped, as far as they are linked (I2), perhaps
 *       with the dummy before them. A node behind which none is linked has itself as next_; one that was never
 *       pushed, or was popped, has NULL until its next push.
 *   I2  a push takes effect at its exchange of in_, and then links its node to the one before. Until then what
 *       stands behind cannot be reached: a pop that comes there says WEIR_EBUSY.
 *   I3  a node is popped only when nobody will write to it any more: another one is linked behind it, or it was the
 *       last one, and in_ has gone from it to the dummy.
 * Lingering  A pop that takes the last node takes the producers' line from them. Where the consumer has found the
 *            list empty before, or a push came in between, it may let pushes go on for some pauses first, to take
 *            several nodes for one such write. Where that brings nothing, as with one message to and fro, it takes
 *            some hundred last nodes without.
 * Results    WEIR_EAGAIN only where it was truly empty at an instant of the call; WEIR_EBUSY while a push is
 *            under way, or has returned and is not visible yet.
 * Progress   push: wait-free (lock-free where the processor has no exchange, but a loop). pop: the same, but a
 *            producer that is stopped between its exchange and its link holds back the node before its own, if that
 *            was not popped yet, its own, and all that were pushed later, of whomever: the consumer is blocked, and
 *            is told so.
 * Linearization   a push at its exchange; a pop where it finds the link, or at its compare-and-swap of in_; "empty"
 *            at its load of in_.
 * Ordering   a push happens-before the pop that gets its node. N1 -> N2 carries the node; X1, X2 -> X1 that the last
 *            one's next_ is itself before the next push links to it. X1 and E1 are seq_cst: where a consumer says by a
 *            seq_cst store that it is about to sleep, and then is told WEIR_EAGAIN, a producer that pushes later, and
 *            then reads that word by a seq_cst load, sees it. After WEIR_EBUSY it must not sleep, but look again.
 * From       Vyukov's intrusive MPSC node-based queue. Differs in: empty and in-flight told apart,
 *            the last node's way out, lingering. */
#ifndef WEIR_MPSC_LIST_H
#define WEIR_MPSC_LIST_H

#include <weir/atomic.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All zero when it is first pushed, and again when it was popped. One that was left in a list which is used no more is to
 * be zeroed before it is pushed again. */
struct weir_mpsc_node {
    weir_aptr next_;
};

typedef struct weir_mpsc_list {
    weir_aptr in_; /* the node that was pushed last */
    char pad0_[WEIR_LINE - sizeof(weir_aptr)];
    struct weir_mpsc_node *out_; /* the consumer's */
    struct weir_mpsc_node dummy_;
    int32_t linger_; /* so many times more in vain; negative: so many last nodes more without */
    char pad1_[WEIR_LINE - 2 * sizeof(void *) - sizeof(int32_t)];
} weir_mpsc_list;

/* Makes an empty list, before any other call. It must stay where it is. Nothing has to be done at its end; nodes
 * inside are the caller's. Returns 0, or WEIR_EINVAL: NULL. */
WEIR_API int weir_mpsc_list_init(weir_mpsc_list *l);

/* ---- bodies ---------------------------------------------------------------------------------- */

/* Slow paths: reports a misuse; what is behind a node whose link is under way, after some polls, or the node itself; the
 * same of the last node, after some pauses, or none. */
WEIR_API void weir__mpsc_list_misuse_(const char *call, const char *what);
WEIR_API struct weir_mpsc_node *weir__mpsc_list_wait_(struct weir_mpsc_node *node);
WEIR_API struct weir_mpsc_node *weir__mpsc_list_linger_(weir_mpsc_list *l,
                                                        struct weir_mpsc_node *last);

/* The node behind; itself: none is linked. */
WEIR__BODY struct weir_mpsc_node *weir__mpsc_list_behind(struct weir_mpsc_node *node) {
    return (struct weir_mpsc_node *)weir_load_acquire(&node->next_, MPSC_N2);
}

WEIR__BODY bool weir__mpsc_list_is_empty(weir_mpsc_list *l) {
    return weir_load_seq_cst(&l->in_, MPSC_E1) == &l->dummy_;
}

/* Relaxed: a node that was handed on by an edge. */
WEIR__BODY bool weir__mpsc_list_inside(struct weir_mpsc_node *node) {
#ifdef WEIR_DEBUG
    return weir_load_relaxed(&node->next_) != NULL;
#else
    (void)node;
    return false;
#endif
}

/* Takes the first one, which is no dummy; next comes after it. */
WEIR__BODY int weir__mpsc_list_take(weir_mpsc_list *l, struct weir_mpsc_node *first,
                                    struct weir_mpsc_node *next, struct weir_mpsc_node **node) {
    l->out_ = next;
    weir_store_relaxed(&first->next_, NULL); /* I3 */
    *node = first;
    return 0;
}

/* The same where none was linked behind it. */
WEIR__BODY int weir__mpsc_list_take_last(weir_mpsc_list *l, struct weir_mpsc_node *first,
                                         struct weir_mpsc_node **node) {
    struct weir_mpsc_node *next = first;
    void *in = first;
    if (WEIR_UNLIKELY(l->linger_ != 0) && (next = weir__mpsc_list_linger_(l, first)) != first)
        return weir__mpsc_list_take(l, first, next, node);
    weir_store_relaxed(&l->dummy_.next_, &l->dummy_); /* seen before the next push's link, by X2 */
    if (WEIR_LIKELY(weir_cas_release(&l->in_, &in, &l->dummy_, MPSC_X2)))
        return weir__mpsc_list_take(l, first, &l->dummy_, node);
    next = weir__mpsc_list_wait_(first);
    if (next == first) return WEIR_EBUSY;
    if (l->linger_ <= 0) l->linger_ = 1; /* pushes go on */
    return weir__mpsc_list_take(l, first, next, node);
}

/* ---- verbs ----------------------------------------------------------------------------------- */

/* Appends the node, which is the list's until it is popped. Any thread, also a signal handler (but for a misuse, which is
 * reported). Returns 0; WEIR_EINVAL: NULL, or, in a file that was compiled with WEIR_DEBUG, a node that is inside a
 * list (misuse). */
WEIR_INLINE int weir_mpsc_list_push(weir_mpsc_list *l, struct weir_mpsc_node *node) {
    bool inside = l && node && weir__mpsc_list_inside(node);
    if (WEIR_UNLIKELY(inside || !l || !node)) {
        weir__mpsc_list_misuse_("weir_mpsc_list_push",
                                inside ? "the node is inside a list" : "no list, or no node");
        return WEIR_EINVAL;
    }
    weir_store_relaxed(&node->next_, node); /* seen before the next push's link, by X1 */
    struct weir_mpsc_node *before =
        (struct weir_mpsc_node *)weir_exchange_seq_cst(&l->in_, node, MPSC_X1);
    WEIR_POINT("mpsc.push.exchanged");
    weir_store_release(&before->next_, node, MPSC_N1);
    return 0;
}

/* Takes the oldest node; it is the caller's, and may be pushed again at once, here or elsewhere. One thread at a
 * time: the consumer is a role, handed on by an edge. Returns 0; WEIR_EAGAIN: empty; WEIR_EBUSY: the push of the
 * oldest node, or of the one behind it, is under way (or has returned, and is not visible yet), after a bounded spin:
 * not empty, try again; WEIR_EINVAL: NULL. On failure *node is untouched. */
WEIR_NODISCARD WEIR_INLINE int weir_mpsc_list_pop(weir_mpsc_list *l, struct weir_mpsc_node **node) {
    if (WEIR_UNLIKELY(!l || !node)) {
        weir__mpsc_list_misuse_("weir_mpsc_list_pop", "no list, or no place");
        return WEIR_EINVAL;
    }
    struct weir_mpsc_node *first = l->out_, *next = weir__mpsc_list_behind(first);
    if (first == &l->dummy_) {
        if (next == first && weir__mpsc_list_is_empty(l)) {
            if (l->linger_ == 0) l->linger_ = 1;
            return WEIR_EAGAIN;
        }
        if (next == first) next = weir__mpsc_list_wait_(first);
        if (next == first) return WEIR_EBUSY;
        l->out_ = first = next;
        next = weir__mpsc_list_behind(first);
    }
    return next != first ? weir__mpsc_list_take(l, first, next, node)
                         : weir__mpsc_list_take_last(l, first, node);
}

/* The struct of which `node` is the member. */
#define WEIR_MPSC_ENTRY(node, type, member) \
    ((type *)(void *)((char *)(node) - offsetof(type, member)))

#ifdef __cplusplus
}
#endif
#endif
