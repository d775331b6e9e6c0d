/* SPDX-License-Identifier: MIT */
/* bench/rivals/queue_wfc.c - liburcu's wfcqueue: enqueue wait-free, one consumer, nodes that the producers own, as
 * many and used as those of weir_mpsc_list (bench/queues.h). The consumer takes by the verb that does not block, since
 * the other one sleeps for 10 ms when a producer was preempted in mid-operation. */
#define _LGPL_SOURCE
#include <urcu/wfcqueue.h>

#include "../queues.h"
#include "rivals.h"

struct wfc {
    struct cds_wfcq_tail tail;
    char pad[WEIR_LINE];
    struct cds_wfcq_head head;
};

_Static_assert(sizeof(struct wfc) <= sizeof((struct wb_owned *)0)->queue &&
                   sizeof(struct cds_wfcq_node) <= sizeof((struct wb_node *)0)->link,
               "the places of bench/queues.h");

static struct wfc *wfc_of(void *queue) { return queue; }

static void *wfc_open(const struct wb_shape *s) {
    struct wb_owned *o = wb_owned_new(s);
    if (!o) return NULL;
    struct wfc *q = wfc_of(o->queue);
    cds_wfcq_init(&q->head, &q->tail);
    return o;
}

static void wfc_dispose(void *owned) {
    struct wb_owned *o = owned;
    if (o) cds_wfcq_destroy(&wfc_of(o->queue)->head, &wfc_of(o->queue)->tail);
    wb_owned_free(owned);
}

WB_LOOP bool wfc_push(struct wb_nodes *p, uint64_t word) {
    struct wb_node *n = wb_node_take(p, word);
    if (!n) return false;
    struct cds_wfcq_node *node = (struct cds_wfcq_node *)(void *)n->link;
    struct wfc *q = wfc_of(p->queue);
    cds_wfcq_node_init(node);
    (void)cds_wfcq_enqueue(&q->head, &q->tail, node);
    return true;
}

WB_LOOP bool wfc_pop(struct wb_owned *o, uint64_t *word) {
    struct wfc *q = wfc_of(o->queue);
    struct cds_wfcq_node *node = __cds_wfcq_dequeue_nonblocking(&q->head, &q->tail);
    if (!node || node == CDS_WFCQ_WOULDBLOCK) return false;
    *word = wb_node_read((struct wb_node *)(void *)node);
    return true;
}

#define RING_NAME wfc
#define RING_TYPE struct wb_owned
#define RING_PRODUCER_TYPE struct wb_nodes
#define RING_PRODUCER_OF(ring, id) (&((struct wb_owned *)(ring))->of[id])
#define RING_PUSH(r, e) wfc_push(r, (e)->w[0])
#define RING_POP(r, e) wfc_pop(r, (e)->w)
#include "../ring_loops.h"

WB_RING(wb_mpsc_wfcqueue, "wfcqueue", "mpsc", WB_PACKAGE_URCU,
        "intrusive: 4096 nodes for each producer", WB_MPMC | WB_ANY_CAP, wfc_open, wfc_dispose,
        NULL, wfc);
