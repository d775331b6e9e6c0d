/* SPDX-License-Identifier: MIT */
/* queues/mutex_ring.h - of weir/mutex_ring.h, what the channel over it asks for. */
#ifndef WEIR_QUEUES_MUTEX_RING_H
#define WEIR_QUEUES_MUTEX_RING_H

#include <weir/mutex_ring.h>

/* Elements so far, and the most that were inside. */
void weir__mutex_ring_stats(weir_mutex_ring *r, uint64_t *pushed, uint64_t *popped, size_t *most);

#endif
