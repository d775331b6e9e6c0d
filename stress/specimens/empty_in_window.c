/* SPDX-License-Identifier: MIT */
/* stress/specimens/empty_in_window.c - wrong on purpose: a queue that says "empty" between exchange and link.
 *
 * Vyukov's intrusive queue: a push exchanges the tail and then links the old tail to its node. While
 * one push stands between the two, another may have pushed and returned, and yet a pop sees no link. It
 * should say "undecided", and says "empty". Found by: linearizability. */
#include <weir/atomic.h>
#include <weir/model.h>

#include "../explore/scenarios/ring.h"
#include "specimens.h"

struct node {
    weir_aptr next;
    uint64_t value;
};

struct state {
    weir_aptr tail;
    struct node *head, dummy, node[4];
};

static void setup(void *state) {
    struct state *s = state;
    s->head = &s->dummy;
    weir_init_atomic(&s->tail, &s->dummy);
}

static void push(struct state *s, uint64_t v) {
    struct weir_model_op *op = weir_model_begin("push", 'u');
    struct node *n = &s->node[v];
    op->in[0] = n->value = v;
    op->nin = 1;
    struct node *old = weir_exchange_acq_rel(&s->tail, n, 0);
    weir_store_release(&old->next, n, 0);
    weir_model_end(op, 0);
}

static int pop(struct state *s) {
    struct weir_model_op *op = weir_model_begin("pop", 'o');
    struct node *next = weir_load_acquire(&s->head->next, 0);
    if (next) {
        op->out[0] = next->value;
        op->nout = 1;
        s->head = next;
    }
    int rc = next ? 0 : WEIR_EAGAIN;
    weir_model_end(op, rc);
    return rc;
}

static void thread(void *state, unsigned who) {
    push(state, who + 1);
    if (who == 1) (void)pop(state);
}

static void finish(void *state) {
    while (pop(state) == 0) {
    }
    ring_check(8, false);
}

const struct weir_model_scenario specimen_empty_in_window = {
    .name = "specimen.empty_in_window",
    .about = "a queue that reports empty between exchange and link",
    .threads = 2,
    .flags = WEIR_MODEL_BAD,
    .state_size = sizeof(struct state),
    .setup = setup,
    .thread = thread,
    .finish = finish,
    .options = "memory=sc",
};
