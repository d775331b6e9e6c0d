/* SPDX-License-Identifier: MIT */
/* queues/deque.h - shared by deque.c and mutex_deque.c; and for tests, a deque whose indices start at `start`, to
 * cross their wrap. */
#ifndef WEIR_QUEUES_DEQUE_H
#define WEIR_QUEUES_DEQUE_H

#include <weir/deque.h>

int weir__deque_new_at(weir_deque **out, const struct weir_deque_opts *opts, uint64_t start);

/* Elements of the first array; 0: bad options. */
size_t weir__deque_first_cap(const struct weir_deque_opts *opts);

#endif
