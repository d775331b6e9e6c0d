/* SPDX-License-Identifier: MIT */
/* tests/deque/cases.h - the cases of the deque's tests. */
#ifndef WEIR_TESTS_DEQUE_CASES_H
#define WEIR_TESTS_DEQUE_CASES_H

#include "../support/misuse.h"
#include "kind.h"

extern const struct test single_cases[];
extern const size_t n_single_cases;
extern const struct test race_cases[];
extern const size_t n_race_cases;
/* Of weir_deque alone. */
extern const struct test stopped_cases[];
extern const size_t n_stopped_cases;
extern const struct test owner_cases[];
extern const size_t n_owner_cases;

#endif
