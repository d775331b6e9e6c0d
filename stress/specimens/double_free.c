/* SPDX-License-Identifier: MIT */
/* stress/specimens/double_free.c - wrong on purpose: a double free between close and drop.
 *
 * A channel of linked messages. The receiver closes it and discards what is inside; the sender leaves and,
 * as the last one, discards what is inside. Both read the list, free it and then set it to empty, where
 * one exchange should take it. Found by: the heap. (crossbeam-channel had a fault of this kind,
 * RUSTSEC-2025-0024.) */
#include <weir/atomic.h>
#include <weir/model.h>

#include "specimens.h"

struct message {
    struct message *next;
};

struct state {
    weir_aptr head;
};

static void discard(struct state *s) {
    struct message *m = weir_load_acquire(&s->head, 0); /* should be an exchange with NULL */
    weir_store_release(&s->head, NULL, 0);
    while (m) {
        struct message *next = m->next;
        weir_model_free(m);
        m = next;
    }
}

static void send(struct state *s) {
    struct message *m = weir_model_alloc(sizeof *m, 8);
    if (!m) return;
    void *head = weir_load_relaxed(&s->head);
    do m->next = head;
    while (!weir_cas_release(&s->head, &head, m, 0));
}

static void setup(void *state) { send(state); }

static void thread(void *state, unsigned who) {
    struct weir_model_op *op = weir_model_begin(who ? "close" : "drop", 0);
    discard(state);
    weir_model_end(op, 0);
}

const struct weir_model_scenario specimen_double_free = {
    .name = "specimen.double_free",
    .about = "a double free between close and drop",
    .threads = 2,
    .flags = WEIR_MODEL_BAD,
    .state_size = sizeof(struct state),
    .setup = setup,
    .thread = thread,
    .options = "memory=sc",
};
