/* SPDX-License-Identifier: MIT */
/* tests/lin/cpus.h - which processor a thread runs on. Two threads that share one only take turns,
 * and on a busy machine the scheduler may well leave them together: tests that need them side by
 * side pin them. */
#ifndef WEIR_TESTS_LIN_CPUS_H
#define WEIR_TESTS_LIN_CPUS_H

#include <sched.h>

/* The processors that the calling thread may use now. */
cpu_set_t cpus_allowed(void);
/* Pins the calling thread to the n-th of them, counted round and round. */
void cpus_pin(const cpu_set_t *allowed, unsigned n);
void cpus_unpin(const cpu_set_t *allowed);

#endif
