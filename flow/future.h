/* SPDX-License-Identifier: MIT */
/* flow/future.h - what a pool does with a future, and what it does for one that is waited for. */
#ifndef WEIR_FLOW_FUTURE_H
#define WEIR_FLOW_FUTURE_H

#include <weir/future.h>

/* A NEW or DONE future is made ready to be filled in: nobody else gives it to a pool. False: it is PENDING. */
bool weir__future_begin(weir_future *f, void *pool);
/* It is filled in, and PENDING. */
void weir__future_pending(weir_future *f);
/* A PENDING one is DONE, with this code, and, if that is negative, the text of err if it is of that code. */
void weir__future_end(weir_future *f, int code, void *value, const struct weir_error *err);
/* The same in two steps. From the first on the text stands in it, for who is told of that in another way. */
void weir__future_fill(weir_future *f, int code, void *value, const struct weir_error *err);
void weir__future_publish(weir_future *f);

/* flow/pool_run.c: of a waiter that f, which is PENDING, may be a task of its own pool of. The first runs that one, if
 * nobody has begun it. The second runs others as well, until f is done, nothing is left to be done, or the deadline or
 * context say stop. */
void weir__pool_run_awaited(weir_future *f, weir_time deadline, weir_ctx *ctx);
void weir__pool_run_others(weir_future *f, weir_time deadline, weir_ctx *ctx);

#endif
