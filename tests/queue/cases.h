/* SPDX-License-Identifier: MIT */
/* tests/queue/cases.h - the cases of the test program `queue`, by file. */
#ifndef WEIR_TESTS_QUEUE_CASES_H
#define WEIR_TESTS_QUEUE_CASES_H

#include "queues/queue.h"

#include "../support/check.h"
#include "../support/failing_alloc.h"
#include "../support/points.h"
#include "../support/threads.h"

extern const struct test single_cases[], memory_cases[], stopped_cases[];
extern const size_t n_single_cases, n_memory_cases, n_stopped_cases;

/* A queue of words with segments of `slots` (0: as users have them), with this allocator; ends the test program's
 * case if it cannot be made. */
weir_queue *small_queue(uint32_t slots, size_t limit, const struct weir_alloc *alloc);
/* Each must succeed: pushes v; pops v. */
bool pushed(weir_queue *q, uint64_t v);
bool popped(weir_queue *q, uint64_t v);

#endif
