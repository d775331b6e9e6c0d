/* SPDX-License-Identifier: MIT */
/* queues/mpsc_list.c - see weir/mpsc_list.h. */
#include <weir/mpsc_list.h>

#include "../lib/base.h"

/* A push between its exchange and its link is done in some nanoseconds, unless it was preempted. A seam: 1 in the
 * model build. */
#ifdef WEIR_MODEL
#define POLLS 1
#else
#define POLLS 24
#endif

static struct weir_mpsc_node end; /* what the last one's next_ says */

int weir_mpsc_list_init(weir_mpsc_list *l) {
    if (!l) return weir__misuse("weir_mpsc_list_init", "no list");
    weir_init_atomic(&l->dummy_.next_, &end);
    weir_init_atomic(&l->in_, &l->dummy_);
    l->out_ = &l->dummy_;
    return 0;
}

static void append(weir_mpsc_list *l, struct weir_mpsc_node *node) {
    weir_store_relaxed(&node->next_, &end); /* seen before the next push's link, by X1 */
    struct weir_mpsc_node *before = weir_exchange_acq_rel(&l->in_, node, MPSC_X1);
    WEIR_POINT("mpsc.push.exchanged");
    weir_store_release(&before->next_, node, MPSC_N1);
}

/* Relaxed: a node that was handed on by an edge. */
static bool is_inside(struct weir_mpsc_node *node) {
#ifdef WEIR_DEBUG
    return weir_load_relaxed(&node->next_) != NULL;
#else
    (void)node;
    return false;
#endif
}

int weir_mpsc_list_push(weir_mpsc_list *l, struct weir_mpsc_node *node) {
    if (WEIR_UNLIKELY(!l || !node))
        return weir__misuse("weir_mpsc_list_push", "no list, or no node");
    if (is_inside(node)) return weir__misuse("weir_mpsc_list_push", "the node is inside a list");
    append(l, node);
    return 0;
}

/* The node behind; NULL: none is linked. */
static struct weir_mpsc_node *behind(struct weir_mpsc_node *node) {
    struct weir_mpsc_node *next = weir_load_acquire(&node->next_, MPSC_N2);
    return next == &end ? NULL : next;
}

/* Nothing is linked behind the node: waits a moment for the push that is under way. */
static struct weir_mpsc_node *wait_for_link(struct weir_mpsc_node *node) {
    struct weir_mpsc_node *next = NULL;
    for (int polls = 0; !next && polls < POLLS; polls++) {
        weir_pause();
        next = behind(node);
    }
    return next;
}

/* Relaxed: it decides by this one word, which who was told of a push sees as that push left it, or later. */
static bool is_last(weir_mpsc_list *l, const struct weir_mpsc_node *node) {
    return weir_load_relaxed(&l->in_) == node;
}

/* *node is the first one, and its link was looked at: the one behind it; NULL: *rc says why. */
static struct weir_mpsc_node *second(weir_mpsc_list *l, struct weir_mpsc_node *node) {
    struct weir_mpsc_node *next = behind(node);
    if (next) return next;
    if (is_last(l, node)) append(l, &l->dummy_); /* I3; another push may come between */
    next = behind(node);
    return next ? next : wait_for_link(node);
}

int weir_mpsc_list_pop(weir_mpsc_list *l, struct weir_mpsc_node **node) {
    if (WEIR_UNLIKELY(!l || !node))
        return weir__misuse("weir_mpsc_list_pop", "no list, or no place");
    struct weir_mpsc_node *first = l->out_, *next;
    if (first == &l->dummy_) {
        next = behind(first);
        if (!next && is_last(l, first)) return WEIR_EAGAIN;
        if (!next) next = wait_for_link(first);
        if (!next) return WEIR_EBUSY;
        l->out_ = first = next;
    }
    next = second(l, first);
    if (!next) return WEIR_EBUSY;
    l->out_ = next;
    weir_store_relaxed(&first->next_, NULL); /* nobody else looks at it any more */
    *node = first;
    return 0;
}
