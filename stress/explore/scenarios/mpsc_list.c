/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/mpsc_list.c - weir/mpsc_list.h. A program is a word for each thread: u pushes a node,
 * o pops, a pops and pushes the node again at once (QUEUE8). Only the last thread pops. A node's value is plain
 * memory. */
#include <string.h>

#include <weir/mpsc_list.h>

#include "all.h"
#include "ring.h"

#define NODES 8

struct item {
    uint64_t value;
    struct weir_mpsc_node node;
};

struct state {
    weir_mpsc_list l;
    struct item items[NODES];
    unsigned taken; /* items that were given to pushes: each thread has two of its own */
};

static void setup(void *state) {
    struct state *s = state;
    for (unsigned i = 0; i < NODES; i++) weir_init_atomic(&s->items[i].node.next_, NULL);
    weir_model_check(weir_mpsc_list_init(&s->l) == 0);
}

static void push(struct state *s, struct item *item, uint64_t value) {
    struct weir_model_op *op = weir_model_begin("push", 'u');
    weir_model_claims(12);
    weir_model_write(&item->value, sizeof item->value);
    item->value = op->in[0] = value;
    op->nin = 1;
    weir_model_end(op, weir_mpsc_list_push(&s->l, &item->node));
}

static struct item *pop(struct state *s) {
    struct weir_model_op *op = weir_model_begin("pop", 'o');
    weir_model_claims(24);
    struct weir_mpsc_node *n = NULL;
    struct item *item = NULL;
    int rc = weir_mpsc_list_pop(&s->l, &n);
    if (rc == 0) {
        item = WEIR_MPSC_ENTRY(n, struct item, node);
        weir_model_read(&item->value, sizeof item->value);
        op->out[op->nout++] = item->value;
    }
    weir_model_end(op, rc);
    return item;
}

static void thread(void *state, unsigned who) {
    const char *const *program = weir_model_param();
    struct state *s = state;
    uint64_t value = (who + 1) * 100;
    unsigned mine = who * 3;
    for (const char *p = program[who]; *p; p++) {
        struct item *item = *p == 'u' ? &s->items[mine++] : pop(s);
        if (item && *p != 'o') push(s, item, value++);
    }
}

static void finish(void *state) {
    struct state *s = state;
    while (pop(s)) continue;
    ring_check(16, 0);
}

#define LIST(var, name_, threads_, options_, ...)               \
    static const char *const var##_program[] = { __VA_ARGS__ }; \
    static const struct weir_model_scenario var = {             \
        .name = "mpsc_list." name_,                             \
        .about = "an intrusive queue of one consumer",          \
        .threads = threads_,                                    \
        .param = var##_program,                                 \
        .options = options_,                                    \
        .state_size = sizeof(struct state),                     \
        .setup = setup,                                         \
        .thread = thread,                                       \
        .finish = finish,                                       \
    }
LIST(one, "one", 2, "solo=1", "uuu", "oooo");
LIST(two, "two", 3, NULL, "uu", "u", "ooo");
LIST(again, "again", 2, "solo=1", "uu", "aao");
LIST(again_two, "again.two", 3, NULL, "u", "u", "aoo");

const struct weir_model_scenario *const mpsc_list_scenarios[] = { &one, &two, &again, &again_two,
                                                                  NULL };
