/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/made.h - threads that the library makes: the last ones of a scenario, which wait until
 * one is wanted, and take its part. The set-up says how many there are (ex_threads_left). */
#ifndef WEIR_STRESS_MADE_H
#define WEIR_STRESS_MADE_H

#include <weir/atomic.h>

/* Whether thread `who` is one of the last `threads`; then it has done all that it had to do. */
bool made_serves(unsigned who, unsigned threads, void (*thread_main)(void));
/* One of *users, who may ask for a thread, will not any more: those that were not wanted end after the last. */
void made_through(weir_au32 *users);

#endif
