/* SPDX-License-Identifier: MIT */
/* stress/specimens/empty_recycled.c - wrong on purpose: a false "empty" from a recycled node.
 *
 * Michael and Scott's queue with nodes of its own. A pop reads head, then the link of that node, and takes
 * "no link" for "empty" without looking whether the node is still the head. Meanwhile another thread
 * has popped that node and pushed it again, at the end, where it has no link. Found by:
 * linearizability. (ck_fifo_mpmc had this fault until 2026.) */
#include <weir/atomic.h>
#include <weir/model.h>

#include "../explore/scenarios/ring.h"
#include "specimens.h"

struct node {
    weir_aptr next;
    weir_au64 value;
};

struct state {
    weir_aptr head, tail;
    struct node node[4];
};

static void push(struct state *s, struct node *n, uint64_t v) {
    struct weir_model_op *op = weir_model_begin("push", 'u');
    op->in[0] = v;
    op->nin = 1;
    weir_store_relaxed(&n->value, v);
    weir_store_relaxed(&n->next, NULL);
    void *tail, *none;
    do {
        none = NULL;
        tail = weir_load_acquire(&s->tail, 0);
    } while (!weir_cas_release(&((struct node *)tail)->next, &none, n, 0));
    weir_store_release(&s->tail, n, 0);
    weir_model_end(op, 0);
}

static struct node *pop(struct state *s) {
    struct weir_model_op *op = weir_model_begin("pop", 'o');
    void *head = weir_load_acquire(&s->head, 0), *next;
    do {
        next = weir_load_acquire(&((struct node *)head)->next, 0);
        if (!next) { /* should look at head again */
            weir_model_end(op, WEIR_EAGAIN);
            return NULL;
        }
        op->out[0] = weir_load_relaxed(&((struct node *)next)->value);
    } while (!weir_cas_acquire(&s->head, &head, next, 0));
    op->nout = 1;
    weir_model_end(op, 0);
    return head;
}

static void setup(void *state) {
    struct state *s = state;
    weir_init_atomic(&s->head, &s->node[0]);
    weir_init_atomic(&s->tail, &s->node[0]);
    push(s, &s->node[1], 1);
    push(s, &s->node[2], 2);
}

static void thread(void *state, unsigned who) {
    struct state *s = state;
    struct node *free_node = pop(s);
    if (who == 1 && free_node) push(s, free_node, 3);
}

static void finish(void *state) {
    while (pop(state)) {
    }
    ring_check(8, false);
}

const struct weir_model_scenario specimen_empty_recycled = {
    .name = "specimen.empty_recycled",
    .about = "a false empty from a recycled node",
    .threads = 2,
    .flags = WEIR_MODEL_BAD,
    .state_size = sizeof(struct state),
    .setup = setup,
    .thread = thread,
    .finish = finish,
    .options = "memory=sc",
};
