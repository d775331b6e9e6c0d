/* SPDX-License-Identifier: MIT */
/* lib/timer.h - a function that is called at a time: what is behind a timer with one. */
#ifndef WEIR_LIB_TIMER_H
#define WEIR_LIB_TIMER_H

#include <weir/base.h>

struct weir__callback;

/* Not set. NULL: no memory, or no thread. */
struct weir__callback *weir__callback_new(void (*fn)(void *arg), void *arg);
/* Set to `at`, WEIR_FOREVER: unset. 1: it was set. */
int weir__callback_set(struct weir__callback *c, weir_time at);
/* It may still be running; set no more. */
void weir__callback_free(struct weir__callback *c);

#endif
