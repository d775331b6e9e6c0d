/* SPDX-License-Identifier: MIT */
/* queues/mpsc.c - weir/mpsc.h over queues/segq.h: pops need no hazard pointer and no read-modify-write. */
#include <weir/mpsc.h>

#include "queue.h"

#define QUEUE weir_mpsc
#define VERB(name) weir_mpsc_##name
#define POP weir__segq_pop_single
#define POP_ONE weir__segq_pop_single_one
#define SHAPE { .single = true }
#include "segq_verbs.h"

int weir__mpsc_new_at(weir_mpsc **out, const struct weir_queue_opts *opts,
                      const struct weir__segq_shape *shape) {
    struct weir__segq_shape one = *shape;
    one.single = true;
    return new_at(out, opts, &one);
}
