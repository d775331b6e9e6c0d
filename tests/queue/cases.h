/* SPDX-License-Identifier: MIT */
/* tests/queue/cases.h - the cases of the test program `queue`, by file. */
#ifndef WEIR_TESTS_QUEUE_CASES_H
#define WEIR_TESTS_QUEUE_CASES_H

#include "../support/points.h"
#include "../support/threads.h"

#define QUEUE weir_queue
#define VERB(name) weir_queue_##name
#define NEW_AT weir__queue_new_at
#include "words.h"

extern const struct test single_cases[], memory_cases[], stopped_cases[], scarce_cases[],
    look_cases[];
extern const size_t n_single_cases, n_memory_cases, n_stopped_cases, n_scarce_cases, n_look_cases;

#endif
