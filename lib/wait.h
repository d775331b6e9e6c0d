/* SPDX-License-Identifier: MIT */
/* lib/wait.h - one blocking call on one object, or on one of several (select): what weir__wait does, and what
 * an object provides for it.
 *
 * An object that can be waited for begins with a struct weir_waitable, has a lock, and keeps the nodes of
 * those who wait in queues. A call has one state, its thread's phase, and a node for each of its cases.
 * Whoever can complete a case takes the phase, under the lock of the case's object, and moves the
 * element; so no element moves before the case is decided, and only one case of a call is.
 *
 *   WAITING  anybody who holds the lock of one of its objects may take it
 *   BUSY     its owner tries to take it together with a peer's; only under the pairing lock
 *   TAKEN    decided; a peer is about to store DONE, or the owner took it itself
 *   DONE     a peer is through: the owner goes on
 *
 * A peer that takes a call either has performed its case (it has moved the element), or only tells it to try
 * (WEIR__RETRY): objects whose elements are claimed without a lock cannot hand them over. A told call takes
 * all its nodes off the queues, tries that case, and begins anew if it came too late.
 *
 * Two calls that wait for each other through two objects would each have to take the other's phase after
 * its own. Only a call with nodes in queues (shown) has to take its own phase first; it does so under one
 * lock for all, the pairing lock, taken before the object's. Who meets BUSY without that lock starts
 * again with it, and does not meet BUSY then. */
#ifndef WEIR_LIB_WAIT_H
#define WEIR_LIB_WAIT_H

#include <weir/ctx.h>

#include "lock.h"
#include "thread.h"
#include "waits.h"

enum { WEIR__WAITING, WEIR__BUSY, WEIR__TAKEN, WEIR__DONE };

struct weir__node {
    struct weir__node *next, *prev; /* in the queue, under the object's lock */
    struct weir__thread *thread;
    weir_waitable *on; /* NULL: a case that is never ready */
    void *elem;
    uint32_t op, arg, index;
    int result;      /* of the one who took the call, before DONE */
    unsigned robbed; /* times that it was told to try (WEIR__RETRY) and came too late */
    bool queued;     /* under the object's lock */
    uint64_t seen;   /* by an attempt that found it not ready: for `unchanged` */
    bool look;       /* performs nothing: for calls that want to know what is ready */
    bool ready;      /* when the call began, and no try since has failed; of a select with ageing */
    /* Of a watch (lib/ctx.h), and of a node that looks and is no thread's (lib/eventfd.c): called under the object's
     * lock instead of taking the call; the node is off the queue afterwards. */
    void (*wake)(void *elem);
    weir_au32 held; /* newcomers are kept from the object for this node, until release */
};

/* Relaxed: set for a queued node, under the object's lock, before the object says so in a word that the node's
 * owner has loaded with acquire. */
static inline bool weir__held(const struct weir__node *n) {
    return weir_load_relaxed(&n->held) != 0;
}

/* Makes a case of it that stands in no queue. Field by field: the rest is for whoever queues it, and a struct of this
 * size, set as a whole, is zeroed by a string instruction that takes longer than a try. */
static inline void weir__node_set(struct weir__node *n, weir_waitable *on, uint32_t op, void *elem,
                                  uint32_t arg) {
    n->on = on;
    n->elem = elem;
    n->op = op;
    n->arg = arg;
    n->result = WEIR_EAGAIN;
    n->robbed = 0;
    n->queued = n->look = n->ready = false;
    n->wake = NULL;
    weir_init_atomic(&n->held, 0);
}

/* One that only looks: first; one that was robbed: after those; else last. */
void weir__queue_add(struct weir__queue *q, struct weir__node *n);
void weir__queue_remove(struct weir__queue *q, struct weir__node *n);

/* Calls that are taken and have to be told, once all locks are given back. */
struct weir__wakes {
    struct weir__thread *first;
};

/* The result of a taken call; the thread must be told. Under the lock under which it was taken. */
void weir__complete(struct weir__wakes *wakes, struct weir__node *n, int result);
/* Stores DONE and wakes. Without locks. */
void weir__tell(struct weir__wakes *wakes);

/* The call that attempts something. */
struct weir__call {
    struct weir__thread *self; /* NULL: nothing may be queued */
    struct weir__wakes wakes;
    bool arm;     /* queue the node where it cannot be completed at once */
    bool shown;   /* it has nodes in queues: its own phase has to be taken */
    bool pairing; /* holds the pairing lock; of a mutex channel: has the turn of its selects */
    bool
        look; /* that of the node: weir__take_own and weir__take_first do not take, but say OVER, */
    bool ready;      /* and this: it could be performed */
    weir_time since; /* when it first had to wait */
};

/* Beside weir error codes, all negative: */
enum {
    WEIR__PENDING = 1, /* queued */
    WEIR__AGAIN,       /* needs the pairing lock; nothing was done */
    WEIR__OVER,        /* a peer has taken this call */
    WEIR__LOOK,        /* queued, but ready by now: leave all queues and try again */
    WEIR__RETRY /* result of a call that was taken only to be told that this case may be ready */
};

/* For statistics. */
enum weir__noted {
    WEIR__SLEPT, /* ns that a call of one case slept */
    WEIR__LATE   /* a call that was told to try came too late; 1 */
};

/* Where an object was made; file NULL: not known. */
struct weir__made {
    const char *file;
    int line;
};

struct weir__about {
    const char *kind, *name;
    struct weir__made *made; /* NULL: it does not keep that */
};

/* What each kind of object provides. attempt and disarm take the object's lock themselves.
 *
 * Calls that only look (WEIR_SELECT_READY, ageing) need nothing of an object that asks weir__take_own or
 * weir__take_first before each thing that it does in attempt: these say that it would have been done. One
 * that does something without asking has to heed n->look, and to return 0 instead. Its queued nodes are told by
 * weir__take, which then says ENOENT, so that they are given nothing. They stand in front of the others:
 * an object that does not serve the second before the first has to step over them. */
struct weir__waitable_ops {
    /* Performs the case if it can be now (0, or a result that ends the call); else queues the node if
     * call->arm (WEIR__PENDING), else WEIR_EAGAIN or WEIR_EBUSY. Or AGAIN, OVER. */
    int (*attempt)(weir_waitable *on, struct weir__node *n, struct weir__call *call);
    /* Takes the node off the queue if it is still there. */
    void (*disarm)(weir_waitable *on, struct weir__node *n);
    /* 0 if this kind has the operation n->op with this n->elem and n->arg. */
    int (*check)(const weir_waitable *on, const struct weir__node *n);
    /* These may be NULL. Whether it cannot have become ready since the attempt that said EAGAIN. */
    bool (*unchanged)(weir_waitable *on, const struct weir__node *n);
    /* When the case is ready by the clock alone; WEIR_FOREVER: never. */
    weir_time (*due)(weir_waitable *on, struct weir__node *n);
    /* Polls for a moment, before the node is queued, whether the case is worth trying. */
    bool (*spin)(weir_waitable *on, const struct weir__node *n, struct weir__thread *self,
                 weir_time deadline);
    /* A call that was told to try this case does not want it any more: tells another, if it is ready. */
    void (*pass_on)(weir_waitable *on, struct weir__node *n);
    /* A call that was robbed twice keeps newcomers out, if nobody does (n->held); release ends that,
     * whatever has become of the call. */
    void (*hold)(weir_waitable *on, struct weir__node *n);
    void (*release)(weir_waitable *on, struct weir__node *n);
    void (*note)(weir_waitable *on, const struct weir__node *n, enum weir__noted what,
                 uint64_t amount);
    /* Says what it is, from what never changes: without locks. */
    void (*about)(weir_waitable *on, struct weir__about *a);
    /* Of objects that wait in their own way: weir__wait, for calls all of whose cases are of such objects, or
     * of contexts. */
    ptrdiff_t (*wait)(struct weir__node *nodes, size_t n, const uint16_t *order, weir_time deadline,
                      weir_ctx *ctx);
};

/* Takes the waiting call of node n for `call` (NULL: for nobody, as a close or a cancel does, under the
 * pairing lock), and call's own if it is shown. 0; WEIR_ENOENT: it is taken already, or was told that it may
 * look, take its node off the queue; AGAIN; OVER. Under the object's lock. */
int weir__take(struct weir__call *call, struct weir__node *n);
/* The first of q, but not of the same thread, that weir__take gets: off the queue, in *out; NULL: none.
 * 0, AGAIN or OVER. */
int weir__take_first(struct weir__call *call, struct weir__queue *q, struct weir__node **out);
/* Takes call's own phase where no peer is needed; false: OVER. Before anything is done. */
bool weir__take_own(struct weir__call *call);
/* The same for the call itself, also one that looks: to return. */
bool weir__own_phase(struct weir__call *call);

void weir__pairing_lock(void);
void weir__pairing_unlock(void);

/* Performs one of the n cases, in the order of `order` (NULL: as they stand); returns its index, its
 * result stands in the node. Or ETIMEDOUT, the context's error, EAGAIN or EBUSY (deadline WEIR_NOW),
 * ENOMEM: then nothing was performed. */
ptrdiff_t weir__wait(struct weir__node *nodes, size_t n, const uint16_t *order, weir_time deadline,
                     weir_ctx *ctx);
/* What is left of it when each case was tried and was not ready, and then the deadline had not passed. */
ptrdiff_t weir__wait_on(struct weir__node *nodes, size_t n, const uint16_t *order,
                        weir_time deadline, weir_ctx *ctx);
/* weir__wait with one case; returns its result, or the code. */
int weir__wait_one(weir_waitable *on, uint32_t op, void *elem, uint32_t arg, weir_time deadline,
                   weir_ctx *ctx);
/* The object's attempt, with the pairing lock if it needs that. 0 for a node that looks: worth trying. The second has
 * the part of it that is seldom wanted. */
static inline int weir__attempt(struct weir__node *n, struct weir__call *call);
int weir__attempt_on(struct weir__node *n, struct weir__call *call, int rc);
/* Whether a case is worth trying now: may be so in vain, but no ready case is missed. Does nothing. The node is
 * not queued. */
bool weir__looks_ready(struct weir__node *n);

static inline int weir__attempt(struct weir__node *n, struct weir__call *call) {
    call->look = n->look;
    call->ready = false;
    int rc = n->on->ops->attempt(n->on, n, call);
    bool all = rc != WEIR__AGAIN && !call->wakes.first && !n->look;
    return WEIR_LIKELY(all) ? rc : weir__attempt_on(n, call, rc);
}

#endif
