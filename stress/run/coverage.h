/* SPDX-License-Identifier: MIT */
/* stress/run/coverage.h - which points were passed, over all runs of the program. */
#ifndef WEIR_STRESS_COVERAGE_H
#define WEIR_STRESS_COVERAGE_H

#include <stdio.h>

#include "shared.h"

/* A run's counts; and the points that its scenario should pass (NULL, or ended by NULL). */
void sr_coverage_add(const struct sr_shared *s, const char *const *expected);

/* Points never passed, and those never met; with `all` the counts of each. `known`: all points of the
 * structures under test, of which those count whose structure (the name up to the first dot) was
 * passed through; NULL: none are known. */
void sr_coverage_print(FILE *to, const char *const *known, bool all);

#endif
