/* SPDX-License-Identifier: MIT */
/* explore_my_stack.c - a lock-free stack of one's own, under weir's schedule explorer.
 *
 * The stack is written with the operations of <weir/atomic.h> and is an ordinary structure:
 *     cc explore_my_stack.c $(pkg-config --cflags --libs weir) -lpthread
 * The same file, compiled with -DWEIR_MODEL and linked with the explorer, is a program that runs it under
 * every schedule with at most two preemptions (docs/testing.md):
 *     cc -DWEIR_MODEL -Iinclude explore_my_stack.c build/dev/stress/explore/libweir_explore.a -lboost_context
 * With -DNO_TAG as well the stack has the ABA fault, which the explorer finds and prints. */
#include <stdint.h>
#include <stdio.h>

#include <weir/atomic.h>

/* ---- the stack: nodes in an array, top = tag << 32 | index + 1 -------------------------------------------- */

#define NODES 3

struct node {
    weir_au32 next; /* index + 1; 0: none */
    int value;
};

struct stack {
    weir_au64 top;
    struct node node[NODES];
};

#ifdef NO_TAG
#define TAG_STEP 0
#else
#define TAG_STEP (UINT64_C(1) << 32) /* a top that was seen before is a different top */
#endif

static uint64_t with_top(uint64_t top, uint32_t index1) {
    return ((top & ~(uint64_t)UINT32_MAX) + TAG_STEP) | index1;
}

static void push(struct stack *s, uint32_t i) {
    uint64_t top = weir_load_relaxed(&s->top);
    do weir_store_relaxed(&s->node[i].next, (uint32_t)top);
    while (!weir_cas_release(&s->top, &top, with_top(top, i + 1), 0));
}

/* Returns an index, or -1: empty. */
static int pop(struct stack *s) {
    uint64_t top = weir_load_acquire(&s->top, 0);
    while ((uint32_t)top) {
        uint32_t next = weir_load_relaxed(&s->node[(uint32_t)top - 1].next);
        if (weir_cas_acquire(&s->top, &top, with_top(top, next), 0)) return (int)(uint32_t)top - 1;
    }
    return -1;
}

static void fill(struct stack *s) {
    for (uint32_t i = 0; i < NODES; i++) push(s, i);
}

#ifdef WEIR_MODEL

/* ---- the scenario: a pop against pop, pop, push ------------------------------------------------------------ */

#include <weir/model.h>

struct state {
    struct stack stack;
    int owners[NODES]; /* how many threads think that they own the node */
};

static void setup(void *state) {
    struct state *s = state;
    fill(&s->stack);
    weir_model_name(&s->stack.top, sizeof s->stack.top, "top");
}

static int pop_as_owner(struct state *s) {
    struct weir_model_op *op = weir_model_begin("pop", 0);
    weir_model_claims(8); /* lock-free: ends alone, wherever the others stand */
    int i = pop(&s->stack);
    if (i >= 0) {
        weir_model_write(&s->stack.node[i].value, sizeof(int)); /* the owner may write to it */
        s->owners[i]++;
    }
    weir_model_end(op, i);
    return i;
}

static void push_back(struct state *s, int i) {
    struct weir_model_op *op = weir_model_begin("push", 0);
    op->in[0] = (uint64_t)i;
    op->nin = 1;
    weir_model_claims(8);
    s->owners[i]--;
    push(&s->stack, (uint32_t)i);
    weir_model_end(op, 0);
}

static void thread(void *state, unsigned who) {
    int first = pop_as_owner(state);
    if (who == 0) return;
    (void)pop_as_owner(state);
    if (first >= 0) push_back(state, first);
}

static void finish(void *state) {
    struct state *s = state;
    while (pop_as_owner(s) >= 0) {
    }
    for (int i = 0; i < NODES; i++) weir_model_check(s->owners[i] == 1);
}

static const struct weir_model_scenario pop_against_push = {
    .name = "stack.pop",
    .about = "pop | pop, pop, push",
    .threads = 2,
    .state_size = sizeof(struct state),
    .setup = setup,
    .thread = thread,
    .finish = finish,
    .options = "solo=1",
};

int main(int argc, char **argv) {
    const struct weir_model_scenario *const all[] = { &pop_against_push };
    return weir_model_main(argc, argv, all, 1);
}

#else

/* ---- the stack in use ---------------------------------------------------------------------------------------- */

#include <pthread.h>

static struct stack stack;

static void *worker(void *arg) {
    (void)arg;
    for (int i = 0; i < 100000; i++) {
        int k = pop(&stack);
        if (k < 0) continue;
        stack.node[k].value++; /* the owner's */
        push(&stack, (uint32_t)k);
    }
    return NULL;
}

int main(void) {
    pthread_t t[2];
    int made = 0, inside = 0;
    fill(&stack);
    while (made < 2 && pthread_create(&t[made], NULL, worker, NULL) == 0) made++;
    while (made > 0) (void)pthread_join(t[--made], NULL);
    while (pop(&stack) >= 0) inside++;
    printf("%d of %d nodes are inside\n", inside, NODES);
    return inside == NODES ? 0 : 1;
}

#endif
