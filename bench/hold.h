/* SPDX-License-Identifier: MIT */
/* bench/hold.h - stops one thread of the process wherever it is, or right after the next atomic read-modify-write that
 * it makes: in mid-operation, of any ring. One at a time. */
#ifndef WEIR_BENCH_HOLD_H
#define WEIR_BENCH_HOLD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

void wb_hold_install(void);
/* Returns when the thread has stopped, or after a second. inside: after a read-modify-write, where the processor and
 * the build allow it; after some ten thousand instructions without one, wherever it is. */
void wb_hold(pthread_t thread, bool inside);
void wb_hold_release(void);

#endif
