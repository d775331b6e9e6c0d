/* SPDX-License-Identifier: MIT */
/* queues/queue.c - weir/queue.h over queues/segq.h. */
#include "queue.h"

#define QUEUE weir_queue
#define VERB(name) weir_queue_##name
#define POP weir__segq_pop
#define POP_ONE weir__segq_pop_one
#define SHAPE { 0 }
#include "segq_verbs.h"

int weir__queue_new_at(weir_queue **out, const struct weir_queue_opts *opts,
                       const struct weir__segq_shape *shape) {
    return new_at(out, opts, shape);
}
