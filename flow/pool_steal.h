/* SPDX-License-Identifier: MIT */
/* flow/pool_steal.h - what the two files of the stealing kind share. */
#ifndef WEIR_FLOW_POOL_STEAL_H
#define WEIR_FLOW_POOL_STEAL_H

#include "pool.h"

/* Something was put in, by worker w into its deque, or by anybody into the queue: sees to it that somebody looks. */
void weir__steal_pushed(weir_pool *p, struct pool_worker *w);
/* Whether anything is queued: never says no while something was queued before it was called and is still. */
bool weir__steal_ready(weir_pool *p);
/* Takes a task from another worker's deque. */
bool weir__steal_from_others(struct pool_worker *w, struct pool_job *job);
/* Under the lock: what is in the worker's deque goes to a list. */
void weir__steal_hand_over(struct pool_worker *w);

#endif
