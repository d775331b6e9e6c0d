/* SPDX-License-Identifier: MIT */
/* queues/spsc.h - for tests: a ring whose indices start at `start`, to cross their wrap. */
#ifndef WEIR_QUEUES_SPSC_H
#define WEIR_QUEUES_SPSC_H

#include <weir/spsc.h>

/* In reserved_: the ring takes no more, and that is no misuse (queues/chan_spsc.c). */
#define WEIR__SPSC_SHUT UINT64_MAX

int weir__spsc_init_at(weir_spsc **out, void *mem, size_t bytes, size_t cap, size_t elem_size,
                       uint64_t start);

#endif
