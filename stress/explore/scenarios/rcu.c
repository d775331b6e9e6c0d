/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/rcu.c - the model RCU as the maps will use it: a pointer that is replaced while
 * it is read. The old object must live as long as a reader may hold it, and no longer than asked. */
#include <stddef.h>

#include "../engine.h"
#include "all.h"

struct object {
    weir_au64 value;
    struct weir_model_rcu_head head;
};

struct state {
    weir_aptr current;
};

static struct object *new_object(uint64_t v) {
    struct object *o = weir_model_alloc(sizeof *o, 8);
    weir_model_check(o);
    weir_init_atomic(&o->value, v);
    return o;
}

static void free_object(struct weir_model_rcu_head *head) {
    weir_model_free((char *)head - offsetof(struct object, head));
}

static void setup(void *state) {
    struct state *s = state;
    weir_init_atomic(&s->current, new_object(1));
}

static void finish(void *state) {
    struct state *s = state;
    weir_model_free(s->current.v_);
}

static void reader(struct state *s, unsigned depth) {
    struct weir_model_op *op = weir_model_begin("read", 0);
    for (unsigned i = 0; i < depth; i++) weir_model_rcu_lock();
    struct object *o = weir_load_acquire(&s->current, 0);
    uint64_t v = weir_load_relaxed(&o->value);
    if (depth > 1) weir_model_rcu_unlock();
    weir_model_check(v == weir_load_relaxed(&o->value));
    weir_model_rcu_unlock();
    weir_model_end(op, (int64_t)v);
}

static void replace(struct state *s, uint64_t v, bool wait) {
    struct weir_model_op *op = weir_model_begin(wait ? "replace, synchronize" : "replace, call", 0);
    struct object *old = weir_exchange_acq_rel(&s->current, new_object(v), 0);
    if (wait) {
        weir_model_rcu_synchronize();
        weir_model_free(old);
    } else {
        weir_model_rcu_call(&old->head, free_object);
    }
    weir_model_end(op, 0);
}

static void synchronize_thread(void *state, unsigned who) {
    if (who < 2)
        reader(state, who + 1);
    else
        replace(state, 2, true);
}

static void call_thread(void *state, unsigned who) {
    if (who == 0) {
        reader(state, 2);
        reader(state, 1);
    } else {
        replace(state, who + 1, false);
        if (who == 1) weir_model_rcu_barrier();
    }
}

static const struct weir_model_scenario by_synchronize = {
    .name = "rcu.synchronize",
    .about = "two readers, one nested; a writer that waits for them",
    .threads = 3,
    .state_size = sizeof(struct state),
    .setup = setup,
    .thread = synchronize_thread,
    .finish = finish,
};
static const struct weir_model_scenario by_call = {
    .name = "rcu.call",
    .about = "a reader; two writers that retire; a barrier",
    .threads = 3,
    .state_size = sizeof(struct state),
    .setup = setup,
    .thread = call_thread,
    .finish = finish,
};

const struct weir_model_scenario *const rcu_scenarios[] = { &by_synchronize, &by_call, NULL };
