/* SPDX-License-Identifier: MIT */
/* flow/pool_steal.h - what the files of the stealing kind share.
 *
 *   pool_queue.c    the queues, and whether anything is in them      pool_take.c     taking out
 *   pool_rings.c    the rings of one level                           pool_cancel.c   giving up
 *   pool_put.c      putting in                                       pool_idle.c     sleep and waking
 */
#ifndef WEIR_FLOW_POOL_STEAL_H
#define WEIR_FLOW_POOL_STEAL_H

#include "pool.h"

/* In a ring: 24 bytes, so that two slots fill a line. */
struct pool_elem {
    weir_task_fn *fn; /* NULL: `with` is the node that has the task */
    void *arg;
    uintptr_t with; /* its context, or 0; with a mark if it is an executor's */
};
#define POOL_ALWAYS ((uintptr_t)1)

/* ---- pool_queue.c ------------------------------------------------------------------------------------------------ */

/* Whether anything is queued: never says no while something was queued before it was called and is still. */
bool weir__steal_ready(weir_pool *p);
/* Under the lock: to the list of its level. */
void weir__steal_list_add(weir_pool *p, struct pool_node *n);
/* Under the lock: takes the first off; NULL: there is none. */
struct pool_node *weir__steal_list_first(weir_pool *p, unsigned level);

/* ---- pool_rings.c ------------------------------------------------------------------------------------------------ */

/* The numbers of the oldest and of the newest ring, and what is in them. */
static inline uint32_t pool_span(const struct pool_rings *q) {
    return weir_load_seq_cst(&q->span, POOL_R2);
}
static inline unsigned pool_oldest(uint32_t span) { return span & 0xff; }
static inline unsigned pool_newest(uint32_t span) { return span >> 8; }

int weir__rings_init(weir_pool *p, struct pool_rings *q);
/* Also of rings that could not be made. */
void weir__rings_fini(struct pool_rings *q);
/* The pool drains, and has said so under its lock. */
void weir__rings_close(struct pool_rings *q);
/* Ring number `full` was full, of a pool without a bound: there is a newer one, or it is made. 0: try again;
 * WEIR_ESTOPPED: the pool drains; WEIR_ENOMEM. */
int weir__rings_grow(weir_pool *p, struct pool_rings *q, unsigned full);
/* Ring number `drained` was closed and empty. Whether there is one behind it, which is the oldest then. */
bool weir__rings_pass(weir_pool *p, struct pool_rings *q, unsigned drained);
/* Tasks that were ever put in. */
uint64_t weir__rings_pushed(const struct pool_rings *q);
/* Whether anything is in them: as weir__steal_ready. */
bool weir__rings_have(const struct pool_rings *q);

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
