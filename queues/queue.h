/* SPDX-License-Identifier: MIT */
/* queues/queue.h - for tests: queues with segments of few slots, and other numbers from the beginning. */
#ifndef WEIR_QUEUES_QUEUE_H
#define WEIR_QUEUES_QUEUE_H

#include <weir/mpsc.h>
#include <weir/queue.h>

#include "segq.h"

int weir__queue_new_at(weir_queue **out, const struct weir_queue_opts *opts,
                       const struct weir__segq_shape *shape);
/* shape.single is taken for set. */
int weir__mpsc_new_at(weir_mpsc **out, const struct weir_queue_opts *opts,
                      const struct weir__segq_shape *shape);

#endif
