/* SPDX-License-Identifier: MIT */
/* flow/pool_steal.h - what the files of the stealing kind share.
 *
 *   pool_queue.c    the queues, and whether anything is in them      pool_cancel.c   giving up
 *   pool_put.c      putting in                                       pool_idle.c     sleep and waking
 *   pool_take.c     taking out
 */
#ifndef WEIR_FLOW_POOL_STEAL_H
#define WEIR_FLOW_POOL_STEAL_H

#include "pool.h"

/* In a ring: 32 bytes. */
struct pool_elem {
    weir_task_fn *fn; /* NULL: node has it */
    weir_ctx *ctx;
    void *arg;
    struct pool_node *node; /* else NULL, or POOL_ALWAYS */
};
#define POOL_ALWAYS ((struct pool_node *)(uintptr_t)1)

/* Relaxed: it is changed under the lock, and who reads it without may be a moment late. */
static inline int pool_state(weir_pool *p) { return (int)weir_load_relaxed(&p->state); }

/* ---- pool_queue.c ------------------------------------------------------------------------------------------------ */

/* Whether anything is queued: never says no while something was queued before it was called and is still. */
bool weir__steal_ready(weir_pool *p);
/* Under the lock: to the list of its level. */
void weir__steal_list_add(weir_pool *p, struct pool_node *n);
/* Under the lock: takes the first off, whose `next` that was. */
void weir__steal_list_drop(weir_pool *p, unsigned level, struct pool_node *next);
/* Under the lock: takes the first off; NULL: there is none. */
struct pool_node *weir__steal_list_first(weir_pool *p, unsigned level);

/* ---- pool_idle.c ------------------------------------------------------------------------------------------------- */

/* Something was put in, by worker w into its deque, or by anybody into the queue: sees to it that somebody looks. */
void weir__steal_pushed(weir_pool *p, struct pool_worker *w);

/* ---- pool_take.c: w is the calling worker; NULL: it is none ------------------------------------------------------- */

/* Takes the task of what came out of a queue of that level, and counts it as begun. False: it was claimed by somebody
 * else, or left to others (w->too_many). */
bool weir__steal_from_node(weir_pool *p, struct pool_worker *w, struct pool_node *n,
                           struct pool_job *job);
bool weir__steal_from_elem(weir_pool *p, struct pool_worker *w, const struct pool_elem *e,
                           unsigned level, struct pool_job *job);
/* Takes a task from that deque of another worker. */
bool weir__steal_from(weir_pool *p, struct pool_worker *w, weir_deque *d, struct pool_job *job);
/* Takes a task from another worker's deque. */
bool weir__steal_from_others(struct pool_worker *w, struct pool_job *job);

/* ---- pool_cancel.c ----------------------------------------------------------------------------------------------- */

/* Under the lock: what is in the worker's deque goes to a list. */
void weir__steal_hand_over(struct pool_worker *w);

#endif
