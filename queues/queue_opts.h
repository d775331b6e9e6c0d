/* SPDX-License-Identifier: MIT */
/* queues/queue_opts.h - how struct weir_queue_opts is read: the same for every queue that is made with one. */
#ifndef WEIR_QUEUES_QUEUE_OPTS_H
#define WEIR_QUEUES_QUEUE_OPTS_H

#include <weir/queue.h>

#include "../lib/base.h"

static inline bool weir__queue_opts_usable(const struct weir_queue_opts *o) {
    return o && o->size >= sizeof *o && !(o->flags & ~WEIR_RING_NO_MEMBARRIER) && o->elem_size &&
           o->elem_size <= WEIR_RING_ELEM_MAX && weir__alloc_usable(o->alloc);
}

/* Bytes of an element as limit_bytes counts them: with a word beside it, and padding. */
static inline size_t weir__queue_stride(const struct weir_queue_opts *o) {
    return sizeof(uint64_t) + ((o->elem_size + 7) & ~(size_t)7);
}

/* The limit in elements; 0: none. */
static inline uint64_t weir__queue_limit(const struct weir_queue_opts *o) {
    size_t in_bytes = o->limit_bytes / weir__queue_stride(o);
    if (o->limit_bytes && in_bytes == 0) in_bytes = 1;
    return in_bytes && (!o->limit || in_bytes < o->limit) ? in_bytes : o->limit;
}

#endif
