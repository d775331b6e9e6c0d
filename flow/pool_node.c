/* SPDX-License-Identifier: MIT */
/* flow/pool_node.c - the nodes of a pool's tasks: a free list for each owner, and who has a task.
 *
 * Invariants
 *   I1  a node is in one queue, or in the hands of who took it out of there, or free; who took it out frees it, whether
 *       it got the task or not. Nodes are given back to the allocator when the pool is, so that a future may name one
 *       that has been used again since.
 *   I2  `turn` is odd from before the node is queued until somebody adds one to it: who does has the task. A future
 *       names the node and the odd turn, which never comes back: so a claim by an old name fails. One whose task was
 *       never queued, because its submitter runs it, names none.
 *   I3  who claims by the future reads the task there, where it stands until the future is DONE, and not in the
 *       node, which may be freed and filled again at that moment.
 *   I4  a free list is its owner's; others give nodes back by a push on `back`, which the owner takes as a whole: no
 *       compare-and-swap takes a single node off, and so there is no ABA.
 * Progress   wait-free for the owner, but for memory; giving back lock-free.
 * Ordering   B2 (release) -> B1: who freed a node has read it by then. C1, C2: read-modify-writes of one word; what
 *            the submitter wrote is ordered by the queue, or by the future's state (FUT_P1 -> FUT_P2). */
#include "pool.h"

#define SLAB 32

struct pool_slab {
    struct pool_slab *next;
    struct pool_node nodes[SLAB];
};

static bool add_slab(weir_pool *p, struct pool_nodes *mine) {
    struct pool_slab *s = weir__alloc(p->alloc, sizeof *s, WEIR_LINE);
    if (!s) return false;
    s->next = mine->slabs;
    mine->slabs = s;
    for (unsigned i = 0; i < SLAB; i++) {
        struct pool_node *n = &s->nodes[i];
        weir_init_atomic(&n->turn, 0);
        n->home = mine;
        n->next = mine->free;
        mine->free = n;
    }
    return true;
}

struct pool_node *weir__pool_node(weir_pool *p, struct pool_nodes *mine) {
    if (!mine->free) mine->free = weir_exchange_acquire(&mine->back, NULL, POOL_B1);
    if (!mine->free && !add_slab(p, mine)) return NULL;
    struct pool_node *n = mine->free;
    mine->free = n->next;
    return n;
}

void weir__pool_node_free(struct pool_nodes *mine, struct pool_node *n) {
    struct pool_nodes *home = n->home;
    if (home == mine) {
        n->next = mine->free;
        mine->free = n;
        return;
    }
    void *seen = weir_load_relaxed(&home->back); /* the compare-and-swap decides */
    do n->next = seen;
    while (!weir_cas_release(&home->back, &seen, n, POOL_B2));
}

void weir__pool_nodes_end(weir_pool *p, struct pool_nodes *nodes) {
    while (nodes->slabs) {
        struct pool_slab *s = nodes->slabs;
        nodes->slabs = s->next;
        weir__free(p->alloc, s, sizeof *s, WEIR_LINE);
    }
}

/* ---- whose task it is ------------------------------------------------------------------------------------------ */

void weir__pool_node_set(struct pool_node *n, const struct pool_job *job) {
    /* Relaxed: nobody has the node yet; and old names of it fail whatever they find. */
    uint64_t turn = weir_load_relaxed(&n->turn) + 1;
    weir_future *f = job->future;
    n->job = *job;
    weir_store_relaxed(&n->turn, turn);
    if (!f) return;
    f->task_ = n;
    f->turn_ = turn;
    f->fn_ = job->fn;
    f->ctx_ = job->ctx;
    f->arg_ = job->arg;
    f->always_ = job->always;
}

/* Relaxed: see Ordering. */
static bool claim(struct pool_node *n, uint64_t turn) {
    return weir_cas_relaxed(&n->turn, &turn, turn + 1);
}

bool weir__pool_node_take(struct pool_node *n, struct pool_job *job) {
    *job = n->job;
    uint64_t turn = weir_load_relaxed(&n->turn);
    if (job->future) return (turn & 1) && claim(n, turn);
    weir_store_relaxed(&n->turn, turn + 1); /* only futures are claimed */
    return true;
}

bool weir__pool_node_claim(weir_future *f, struct pool_job *job) {
    if (!f->task_ || !claim(f->task_, f->turn_)) return false;
    *job = (struct pool_job){ f->fn_, f->ctx_, f->arg_, f, f->always_ };
    return true;
}
