/* SPDX-License-Identifier: MIT */
/* queues/mpsc_list.c - see weir/mpsc_list.h. */
#include <weir/mpsc_list.h>

#include "../lib/base.h"

/* A push between its exchange and its link is done in some nanoseconds, unless it was preempted. A seam: 1 in the
 * model build. */
#ifdef WEIR_MODEL
#define POLLS 1
#define PAUSES 1
#else
#define POLLS 24
#define PAUSES 8 /* some pushes long */
#endif

/* How often in a row lingering may be in vain once it was not, and how many last nodes are taken without it then. */
#define IN_VAIN 8
#define WITHOUT 256

int weir_mpsc_list_init(weir_mpsc_list *l) {
    if (!l) return weir__misuse("weir_mpsc_list_init", "no list");
    weir_init_atomic(&l->dummy_.next_, &l->dummy_);
    weir_init_atomic(&l->in_, &l->dummy_);
    l->out_ = &l->dummy_;
    l->linger_ = 0;
    return 0;
}

void weir__mpsc_list_misuse_(const char *call, const char *what) { (void)weir__misuse(call, what); }

struct weir_mpsc_node *weir__mpsc_list_wait_(struct weir_mpsc_node *node) {
    struct weir_mpsc_node *next = node;
    for (int polls = 0; next == node && polls < POLLS; polls++) {
        weir_pause();
        next = weir__mpsc_list_behind(node);
    }
    return next;
}

/* Only where linger_ is not 0. */
struct weir_mpsc_node *weir__mpsc_list_linger_(weir_mpsc_list *l, struct weir_mpsc_node *last) {
    if (l->linger_ < 0) {
        l->linger_++;
        return last;
    }
    for (int i = 0; i < PAUSES; i++) weir_pause();
    struct weir_mpsc_node *next = weir__mpsc_list_behind(last);
    if (next != last)
        l->linger_ = IN_VAIN;
    else if (--l->linger_ == 0)
        l->linger_ = -WITHOUT;
    return next;
}
