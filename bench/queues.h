/* SPDX-License-Identifier: MIT */
/* bench/queues.h - weir's unbounded queues as variants, and what those of nodes that somebody owns have in common. */
#ifndef WEIR_BENCH_QUEUES_H
#define WEIR_BENCH_QUEUES_H

#include <stdlib.h>

#include <weir/atomic.h>

#include "ring_run.h"

extern const struct wb_ring wb_queue_weir, wb_queue_mutex, wb_queue_ring, wb_mpsc_weir,
    wb_mpsc_list;
#define WB_QUEUES_LIST \
    &wb_queue_weir, &wb_queue_mutex, &wb_queue_ring, &wb_mpsc_weir, &wb_mpsc_list,

/* ---- nodes of intrusive queues -------------------------------------------------------------------------
 *
 * Each producer has so many, which it uses one after the other; the consumer says of each when it has read it. That is
 * the same for all such queues: a load of a word that is mostly not shared any more, and a store. Each node has 64
 * bytes of its own, so that a producer that waits for its oldest one does not disturb who reads the next. */
#define WB_NODES 4096
#define WB_PRODUCERS_MAX 64

struct wb_node {
    char link[16]; /* the queue's own */
    uint64_t word;
    weir_au32 busy; /* from its push until the consumer has read it */
    char pad[64 - 16 - sizeof(uint64_t) - sizeof(weir_au32)];
};

struct wb_nodes {
    struct wb_node *nodes;
    void *queue;
    size_t next;
    char pad[WEIR_LINE];
};

/* Of one run: the queue, and each producer's nodes. */
struct wb_owned {
    _Alignas(WEIR_LINE) char queue[4 * WEIR_LINE];
    struct wb_nodes of[WB_PRODUCERS_MAX];
};

static inline void wb_owned_free(void *owned) {
    struct wb_owned *o = (struct wb_owned *)owned;
    if (!o) return;
    for (unsigned i = 0; i < WB_PRODUCERS_MAX; i++) free(o->of[i].nodes);
    free(o);
}

static inline struct wb_owned *wb_owned_new(const struct wb_shape *s) {
    unsigned n = s->producers > 0 ? s->producers : 1;
    if (n > WB_PRODUCERS_MAX) return NULL;
    struct wb_owned *o = (struct wb_owned *)aligned_alloc(WEIR_LINE, sizeof *o);
    if (!o) return NULL;
    memset(o, 0, sizeof *o);
    for (unsigned i = 0; i < n; i++) {
        o->of[i].queue = o->queue;
        o->of[i].nodes =
            (struct wb_node *)aligned_alloc(WEIR_LINE, WB_NODES * sizeof(struct wb_node));
        if (!o->of[i].nodes) {
            wb_owned_free(o);
            return NULL;
        }
        memset(o->of[i].nodes, 0, WB_NODES * sizeof(struct wb_node));
    }
    return o;
}

/* The producer's next node, with the word in it; NULL: the consumer has not come to it. */
WB_LOOP struct wb_node *wb_node_take(struct wb_nodes *p, uint64_t word) {
    struct wb_node *n = &p->nodes[p->next % WB_NODES];
    if (weir_load_acquire(&n->busy, 0)) return NULL;
    p->next++;
    n->word = word;
    weir_store_relaxed(&n->busy, 1); /* seen with the push */
    return n;
}

WB_LOOP uint64_t wb_node_read(struct wb_node *n) {
    uint64_t word = n->word;
    weir_store_release(&n->busy, 0, 0);
    return word;
}

#endif
