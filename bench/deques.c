/* SPDX-License-Identifier: MIT */
/* bench/deques.c - weir's deque and its mutex version as variants.
 *
 *   solo       the owner pushes and pops: with batch 1 always the last element, with more all but one of them not the last
 *   P:1/C:n    the owner pushes, up to `cap` elements ahead of the n that steal; with a batch those steal several at once
 *   ping       two deques, each pushed to by one of the threads, and stolen from by the other
 *
 * The structure `steal` is the same but for solo: the owner steals from itself, so that nobody disturbs a steal. */
#include "deques.h"

#include <stdlib.h>

#include <weir/atomic.h>
#include <weir/mutex_deque.h>

#include "ring_run.h"

struct deque {
    void *d;
    size_t cap;
    char pad[WEIR_LINE - 2 * sizeof(size_t)];
    size_t room; /* the owner's: so many pushes without a look */
};

static struct deque *deque_made(const struct wb_shape *s) {
    if (s->producers > 1 || s->batch > WB_BATCH_MAX) return NULL;
    struct deque *o = calloc(1, sizeof *o);
    if (o) o->cap = s->cap;
    return o;
}

#define DEQUE_OPS weir
#define DEQUE(verb) weir_deque_##verb
#define DEQUE_OWN(d) ((void)weir_deque_own(d))
#include "deque_ops.h"

#define DEQUE_OPS mutex
#define DEQUE(verb) weir_mutex_deque_##verb
#define DEQUE_OWN(d) ((void)(d))
#include "deque_ops.h"

#define CAN (WB_MPMC | WB_BATCH | WB_ANY_CAP)
#define VARIANT(symbol, name, structure, ops, solo)    \
    const struct wb_ring symbol = { name,              \
                                    structure,         \
                                    NULL,              \
                                    NULL,              \
                                    CAN,               \
                                    ops##_open,        \
                                    ops##_dispose,     \
                                    NULL,              \
                                    ops##_rob_produce, \
                                    ops##_rob_consume, \
                                    solo,              \
                                    ops##_rob_ping,    \
                                    ops##_rob_pong }

VARIANT(wb_deque_weir, "weir", "deque", weir, weir_solo);
VARIANT(wb_deque_mutex, "mutex", "deque", mutex, mutex_solo);
VARIANT(wb_steal_weir, "weir", "steal", weir, weir_rob_solo);
VARIANT(wb_steal_mutex, "mutex", "steal", mutex, mutex_rob_solo);
