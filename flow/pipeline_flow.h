/* SPDX-License-Identifier: MIT */
/* flow/pipeline_flow.h - pipelines in batches: what their three files share. The argument stands in pipeline_flow.c, to which
 * the numbers of invariants refer. */
#ifndef WEIR_FLOW_PIPELINE_FLOW_H
#define WEIR_FLOW_PIPELINE_FLOW_H

#include <string.h>

#include "../lib/wait.h"
#include "crew.h"
#include "pipeline.h"

#define BATCH ((size_t)64)

enum { WAITED_FOR, FULL, MISSING };

/* A worker's place: free, or a task's. */
struct work {
    weir_pipeline *p;
    struct work *next_free;
    size_t stage, most; /* of a batch */
    size_t n, at, outs; /* elements of the batch, done, results */
    uint64_t ticket;
    weir_time since, begun; /* the batch; the task, with its first one */
    bool nested;            /* it runs inside another task of the pipeline */
    char *in, *out;
    uint64_t *input;     /* whose number it is in the order of the sends: of n elements, */
    unsigned char *kept; /* and whether there is a result: FULL, MISSING */
    struct weir__tally done;
    bool calls;
    bool through;      /* the batch is, and is to be accounted only */
    size_t owed;       /* credits that it has yet to give back, */
    struct work *more; /* and a task that is counted and not begun yet */
};

struct place {
    _Alignas(WEIR_LINE) weir_waitable on; /* of place 0: to send; of place n: to receive */
    struct weir__lock lock;
    size_t elem_size, mask;
    char *slots;
    unsigned char *state;
    uint64_t *input;
    uint64_t head, shown, put, taken;
    size_t lost; /* missing results that head has passed, whose credits are to be given back */
    bool closed, over, tickets;
    unsigned active;
    struct work *free;
    uint64_t ns; /* of one element, about; 0: not known yet */
    struct weir__tally tally;
    struct weir__queue waiting;
    size_t credits; /* of place 0 */
    size_t freed;   /* of place n */
    bool starved;
};

struct flow {
    weir_pipeline *p;
    struct weir__crew *crew;
    weir_exec exec;
    struct work *works; /* all of them, */
    size_t n_works;
    char *memory; /* and what they, and the places, point to */
    struct place place[];
};

static inline struct flow *flow_of(const weir_pipeline *p) { return p->own; }
static inline struct place *place_of(const weir_pipeline *p, size_t i) {
    return &flow_of(p)->place[i];
}
static inline struct place *out_place(const weir_pipeline *p) { return place_of(p, p->n); }
static inline bool is_sink(const weir_pipeline *p) { return weir__elem_size(p, p->n) == 0; }

/* ---- slots, under the lock -------------------------------------------------------------------------------- */

static inline char *slot(const struct place *q, uint64_t position) {
    return q->slots + (position & q->mask) * q->elem_size;
}
static inline uint64_t there(const struct place *q) { return q->shown - q->head; }

static inline void write_slot(struct place *q, uint64_t position, const void *elem, uint64_t input,
                              unsigned char state) {
    size_t k = position & q->mask;
    if (state == FULL) memcpy(slot(q, position), elem, q->elem_size);
    q->input[k] = input;
    q->state[k] = state;
}

/* I3. */
static inline void pass_missing(struct place *q) {
    while (q->head != q->shown && q->state[q->head & q->mask] == MISSING) {
        q->state[q->head & q->mask] = WAITED_FOR;
        q->head++;
        q->lost++;
    }
}

/* The element at head goes to *elem. */
static inline void read_slot(struct place *q, void *elem) {
    memcpy(elem, slot(q, q->head), q->elem_size);
    q->state[q->head & q->mask] = WAITED_FOR;
    q->head++;
    pass_missing(q);
}

/* Under the lock: whether all that will ever come to this place is through. */
static inline bool line_ends(struct place *q) {
    if (!q->closed || q->over || q->active > 0 || q->head != q->shown) return false;
    q->over = true;
    return true;
}

/* ---- pipeline_flow.c ---------------------------------------------------------------------------------------- */

/* Under the lock of the place: a task that has to be begun after it; NULL: none. */
struct work *weir__line_wanted(weir_pipeline *p, size_t stage);
/* Begins the task w, which is counted; NULL: nothing. If the executor refuses it, and nobody else is there for the stage,
 * the pipeline has ended by that. */
void weir__line_begin(weir_pipeline *p, struct work *w);
/* Place i is over: the next is closed, and so on (I5). */
void weir__line_close_next(weir_pipeline *p, size_t i);

/* ---- pipeline_ends.c: place 0 and place n ---------------------------------------------------------------------- */

extern const struct weir__waitable_ops weir__line_send_ops, weir__line_recv_ops;

int weir__line_send(weir_pipeline *p, const void *elem, weir_time deadline, weir_ctx *ctx);
ptrdiff_t weir__line_send_n(weir_pipeline *p, const void *elems, size_t n);
int weir__line_recv(weir_pipeline *p, void *elem, weir_time deadline, weir_ctx *ctx);
ptrdiff_t weir__line_recv_n(weir_pipeline *p, void *elems, size_t n);
int weir__line_close(weir_pipeline *p);
/* n credits come back: senders that wait are served. */
void weir__line_give_back(weir_pipeline *p, size_t n);
/* Under the lock of place n. */
void weir__line_serve_receivers(weir_pipeline *p, struct weir__wakes *wakes);

#endif
