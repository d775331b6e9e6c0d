/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/scq_two.c - two rings (weir/scq.h), two threads, each of which pushes into one and pops from the
 * other: they cannot both find nothing. Both rings are idle at first, or new, or full and popped from. */
#include <weir/scq.h>

#include "../engine.h"
#include "all.h"

struct state {
    weir_scq *ring[2];
    int rc[2];
};

static void setup(void *state) {
    struct state *s = state;
    const char *at_first = weir_model_param();
    struct weir_ring_opts o = WEIR_RING_OPTS(1, sizeof(uint64_t));
    uint64_t v = 1;
    for (int i = 0; i < 2; i++) {
        weir_model_check(weir_scq_new(&s->ring[i], &o, 2) == 0);
        if (*at_first == 'i') weir_model_check(weir_scq_try_pop(s->ring[i], &v) == WEIR_EAGAIN);
        if (*at_first == 'f') weir_model_check(weir_scq_try_push(s->ring[i], &v) == 0);
    }
}

static void cross(void *state, unsigned who) {
    struct state *s = state;
    bool full = *(const char *)weir_model_param() == 'f';
    uint64_t v = who;
    struct weir_model_op *op = weir_model_begin(full ? "pop, push" : "push, pop", 0);
    weir_scq *mine = s->ring[who], *other = s->ring[1 - who];
    int rc = full ? weir_scq_try_pop(mine, &v) : weir_scq_try_push(mine, &v);
    weir_model_check(rc == 0);
    s->rc[who] = full ? weir_scq_try_push(other, &v) : weir_scq_try_pop(other, &v);
    weir_model_end(op, s->rc[who]);
}

static void finish(void *state) {
    struct state *s = state;
    weir_model_check(s->rc[0] == 0 || s->rc[1] == 0);
    for (int i = 0; i < 2; i++) weir_model_check(weir_scq_free(s->ring[i]) == 0);
}

#define TWO(var, name_, about_)                                                         \
    static const struct weir_model_scenario var = { .name = "scq.two." name_,           \
                                                    .about = about_,                    \
                                                    .threads = 2,                       \
                                                    .param = name_,                     \
                                                    .state_size = sizeof(struct state), \
                                                    .setup = setup,                     \
                                                    .thread = cross,                    \
                                                    .finish = finish }
TWO(idle_, "idle", "two idle rings: push into one, pop from the other");
TWO(new_, "new", "two new rings: push into one, pop from the other");
TWO(full_, "full", "two full rings: pop from one, push into the other");

const struct weir_model_scenario *const scq_two_scenarios[] = { &idle_, &new_, &full_, NULL };
