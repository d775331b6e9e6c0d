/* SPDX-License-Identifier: MIT */
/* stress/specimens/aba_stack.c - wrong on purpose: a stack with ABA.
 *
 * A Treiber stack without a tag. T0 reads top = A and A's next = B, and stands still. T1 pops A and B and
 * pushes A again. T0's compare-and-swap succeeds, since top is A, and B, which T1 owns, is back in
 * the stack. Found by: the count of who owns what. */
#include <weir/atomic.h>
#include <weir/model.h>

#include "specimens.h"

#define NODES 3

struct node {
    weir_aptr next;
};

struct state {
    weir_aptr top;
    struct node node[NODES];
    int owned[NODES];
};

static void push(struct state *s, struct node *n) {
    struct weir_model_op *op = weir_model_begin("push", 0);
    op->in[0] = (uint64_t)(n - s->node);
    op->nin = 1;
    void *top = weir_load_relaxed(&s->top);
    s->owned[n - s->node]--;
    do weir_store_relaxed(&n->next, top);
    while (!weir_cas_release(&s->top, &top, n, 0));
    weir_model_end(op, 0);
}

static struct node *pop(struct state *s) {
    struct weir_model_op *op = weir_model_begin("pop", 0);
    void *top = weir_load_acquire(&s->top, 0);
    while (top &&
           !weir_cas_acquire(&s->top, &top, weir_load_relaxed(&((struct node *)top)->next), 0)) {
    }
    struct node *n = top;
    if (n) {
        op->out[0] = (uint64_t)(n - s->node);
        op->nout = 1;
        s->owned[n - s->node]++;
    }
    weir_model_end(op, n ? 0 : WEIR_EAGAIN);
    return n;
}

static void setup(void *state) {
    struct state *s = state;
    for (int i = 0; i < NODES; i++) s->owned[i] = 1;
    for (int i = NODES; i-- > 0;) push(s, &s->node[i]);
}

static void thread(void *state, unsigned who) {
    struct state *s = state;
    struct node *a = pop(s);
    if (who == 0) return;
    (void)pop(s);
    if (a) push(s, a);
}

static void finish(void *state) {
    struct state *s = state;
    while (pop(s)) {
    }
    for (int i = 0; i < NODES; i++)
        if (s->owned[i] != 1) weir_model_fail("node %d came out %d times", i, s->owned[i]);
}

const struct weir_model_scenario specimen_aba_stack = {
    .name = "specimen.aba_stack",
    .about = "a stack with ABA",
    .threads = 2,
    .flags = WEIR_MODEL_BAD,
    .state_size = sizeof(struct state),
    .setup = setup,
    .thread = thread,
    .finish = finish,
    .options = "memory=sc",
};
