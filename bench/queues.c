/* SPDX-License-Identifier: MIT */
/* bench/queues.c - weir's unbounded queues as variants of the structures `queue` and `mpsc` (one consumer).
 *
 *   queue/weir   weir_queue                  queue/mutex   weir_mutex_queue, two locks
 *   queue/ring   weir_mpmc, of the case's capacity: what a push and a pop of a bounded ring cost
 *   mpsc/weir    weir_mpsc, which copies     mpsc/list     weir_mpsc_list, nodes that the producers own (queues.h)
 *
 * The capacity of the cases says nothing to those that have none. */
#include "queues.h"

#include <weir/mpmc.h>
#include <weir/mpsc.h>
#include <weir/mpsc_list.h>
#include <weir/mutex_queue.h>

static size_t some(ptrdiff_t rc) { return rc > 0 ? (size_t)rc : 0; }

/* <name>_open and _dispose of a type that is made with struct weir_queue_opts. */
#define OF_OPTS(name, type)                                                           \
    static void *name##_open(const struct wb_shape *s) {                              \
        struct weir_queue_opts o = WEIR_QUEUE_OPTS(s->size);                          \
        weir_##type *q;                                                               \
        return s->batch <= WB_BATCH_MAX && weir_##type##_new(&q, &o) == 0 ? q : NULL; \
    }                                                                                 \
    static void name##_dispose(void *q) { (void)weir_##type##_free(q); }
OF_OPTS(queue, queue)
OF_OPTS(mutex, mutex_queue)
OF_OPTS(mpsc, mpsc)

#define RING_NAME queue
#define RING_TYPE weir_queue
#define RING_PUSH(r, e) (weir_queue_try_push(r, e) == 0)
#define RING_POP(r, e) (weir_queue_try_pop(r, e) == 0)
#define RING_PUSH_N(r, e, n) some(weir_queue_try_push_n(r, e, n))
#define RING_POP_N(r, e, n) some(weir_queue_try_pop_n(r, e, n))
#define RING_SIZES
#include "ring_loops.h"

#define RING_NAME mutex
#define RING_TYPE weir_mutex_queue
#define RING_PUSH(r, e) (weir_mutex_queue_try_push(r, e) == 0)
#define RING_POP(r, e) (weir_mutex_queue_try_pop(r, e) == 0)
#define RING_PUSH_N(r, e, n) some(weir_mutex_queue_try_push_n(r, e, n))
#define RING_POP_N(r, e, n) some(weir_mutex_queue_try_pop_n(r, e, n))
#define RING_SIZES
#include "ring_loops.h"

static void *ring_open(const struct wb_shape *s) {
    struct weir_ring_opts o = WEIR_RING_OPTS(s->cap, s->size);
    weir_mpmc *r;
    return weir_mpmc_new(&r, &o) == 0 ? r : NULL;
}
static void ring_dispose(void *r) { (void)weir_mpmc_free(r); }

#define RING_NAME ring
#define RING_TYPE weir_mpmc
#define RING_PUSH(r, e) (weir_mpmc_try_push(r, e) == 0)
#define RING_POP(r, e) (weir_mpmc_try_pop(r, e) == 0)
#define RING_SIZES
#include "ring_loops.h"

#define RING_NAME mpsc
#define RING_TYPE weir_mpsc
#define RING_PUSH(r, e) (weir_mpsc_try_push(r, e) == 0)
#define RING_POP(r, e) (weir_mpsc_try_pop(r, e) == 0)
#define RING_PUSH_N(r, e, n) some(weir_mpsc_try_push_n(r, e, n))
#define RING_POP_N(r, e, n) some(weir_mpsc_try_pop_n(r, e, n))
#define RING_SIZES
#include "ring_loops.h"

/* ---- nodes ---------------------------------------------------------------------------------------------- */

_Static_assert(sizeof(weir_mpsc_list) <= sizeof((struct wb_owned *)0)->queue &&
                   sizeof(struct weir_mpsc_node) <= sizeof((struct wb_node *)0)->link,
               "the places of bench/queues.h");

static void *list_open(const struct wb_shape *s) {
    struct wb_owned *o = wb_owned_new(s);
    if (o) (void)weir_mpsc_list_init((weir_mpsc_list *)(void *)o->queue);
    return o;
}

WB_LOOP bool list_push(struct wb_nodes *p, uint64_t word) {
    struct wb_node *n = wb_node_take(p, word);
    return n && weir_mpsc_list_push(p->queue, (struct weir_mpsc_node *)(void *)n->link) == 0;
}

WB_LOOP bool list_pop(struct wb_owned *o, uint64_t *word) {
    struct weir_mpsc_node *n;
    if (weir_mpsc_list_pop((weir_mpsc_list *)(void *)o->queue, &n) != 0) return false;
    *word = wb_node_read((struct wb_node *)(void *)n);
    return true;
}

#define RING_NAME list
#define RING_TYPE struct wb_owned
#define RING_PRODUCER_TYPE struct wb_nodes
#define RING_PRODUCER_OF(ring, id) (&((struct wb_owned *)(ring))->of[id])
#define RING_PUSH(r, e) list_push(r, (e)->w[0])
#define RING_POP(r, e) list_pop(r, (e)->w)
#include "ring_loops.h"

#define CAN (WB_MPMC | WB_BATCH | WB_SIZES | WB_ANY_CAP)
WB_RING(wb_queue_weir, "weir", "queue", NULL, NULL, CAN, queue_open, queue_dispose, NULL, queue);
WB_RING(wb_queue_mutex, "mutex", "queue", NULL, "two locks", CAN, mutex_open, mutex_dispose, NULL,
        mutex);
WB_RING(wb_queue_ring, "ring", "queue", NULL, "bounded: weir_mpmc",
        WB_MPMC | WB_SIZES | WB_ANY_CAP | WB_KIND, ring_open, ring_dispose, NULL, ring);
WB_RING(wb_mpsc_weir, "weir", "mpsc", NULL, NULL, CAN, mpsc_open, mpsc_dispose, NULL, mpsc);
WB_RING(wb_mpsc_list, "list", "mpsc", NULL, "intrusive: 4096 nodes for each producer",
        WB_MPMC | WB_ANY_CAP | WB_KIND, list_open, wb_owned_free, NULL, list);
