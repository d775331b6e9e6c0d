/* SPDX-License-Identifier: MIT */
/* queues/scq.h - for tests: a ring whose indices start at `start`, to cross their wrap. */
#ifndef WEIR_QUEUES_SCQ_H
#define WEIR_QUEUES_SCQ_H

#include <weir/scq.h>

/* "scq", layout 2. */
#define WEIR__SCQ_MAGIC UINT32_C(0x73637102)

int weir__scq_init_at(weir_scq **out, void *mem, size_t bytes, size_t cap, size_t elem_size,
                      size_t threads, uint64_t start);

/* Whether this is an initialised ring. */
static inline bool weir__scq_is(const weir_scq *r) { return r && r->magic_ == WEIR__SCQ_MAGIC; }

#endif
