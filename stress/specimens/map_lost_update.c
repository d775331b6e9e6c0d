/* SPDX-License-Identifier: MIT */
/* stress/specimens/map_lost_update.c - wrong on purpose: a hash map that loses an update during resize.
 *
 * The table is an array behind a pointer. A resize copies each entry to a larger array and then publishes
 * that; a put writes to the array that it found. A put into a bucket that has been copied already is
 * lost. Found by: a get after both have returned. */
#include <weir/atomic.h>
#include <weir/model.h>

#include "specimens.h"

#define KEYS 4

struct table {
    unsigned size;
    weir_au64 value[KEYS]; /* of key k, at k; 0: absent */
};

struct state {
    weir_aptr table;
    struct table *old; /* stays until the end: a put may hold it */
};

static struct table *new_table(unsigned size) {
    struct table *t = weir_model_alloc(sizeof *t, 8);
    weir_model_check(t);
    t->size = size;
    for (unsigned k = 0; k < KEYS; k++) weir_init_atomic(&t->value[k], 0);
    return t;
}

static void setup(void *state) { weir_init_atomic(&((struct state *)state)->table, new_table(2)); }

static void put(struct state *s, unsigned key, uint64_t v) {
    struct weir_model_op *op = weir_model_begin("put", 0);
    op->in[0] = key;
    op->in[1] = v;
    op->nin = 2;
    struct table *t = weir_load_acquire(&s->table, 0);
    weir_store_release(&t->value[key], v, 0); /* should find out whether the entry has moved */
    weir_model_end(op, 0);
}

static void resize(struct state *s) {
    struct weir_model_op *op = weir_model_begin("resize", 0);
    struct table *old = weir_load_acquire(&s->table, 0), *t = new_table(2 * old->size);
    for (unsigned k = 0; k < old->size; k++)
        weir_store_relaxed(&t->value[k], weir_load_acquire(&old->value[k], 0));
    weir_store_release(&s->table, t, 0);
    s->old = old;
    weir_model_end(op, 0);
}

static void thread(void *state, unsigned who) {
    if (who)
        resize(state);
    else
        put(state, 1, 42);
}

static void finish(void *state) {
    struct table *t = weir_load_acquire(&((struct state *)state)->table, 0);
    if (weir_load_relaxed(&t->value[1]) != 42)
        weir_model_fail("key 1 was put and not deleted, and is not there");
    weir_model_free(t);
    weir_model_free(((struct state *)state)->old);
}

const struct weir_model_scenario specimen_map_lost_update = {
    .name = "specimen.map_lost_update",
    .about = "a hash map that loses an update during resize",
    .threads = 2,
    .flags = WEIR_MODEL_BAD,
    .state_size = sizeof(struct state),
    .setup = setup,
    .thread = thread,
    .finish = finish,
    .options = "memory=sc",
};
