/* SPDX-License-Identifier: MIT */
/* bench/count/calls.h - the part of bench/count that counts calls other than those of rings. */
#ifndef WEIR_BENCH_COUNT_CALLS_H
#define WEIR_BENCH_COUNT_CALLS_H

#include <stdbool.h>

/* Runs each of its calls N and 2N times, and has a dump written for both. False: one has failed. */
bool count_calls(void);

#endif
