/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/thread.c - thread records made and given back while others do the same; and
 * every allocation refused in turn. */
#include <weir/mpmc.h>

#include "../../../lib/thread.h"
#include "../engine.h"
#include "all.h"

/* ---- records ------------------------------------------------------------------------------------------------- */

struct records {
    struct weir__thread *of[EX_THREADS];
};

static void record_thread(void *state, unsigned who) {
    struct records *s = state;
    struct weir_model_op *op = weir_model_begin("register", 0);
    struct weir__thread *t = weir__thread_self();
    if (t) weir_model_check(weir__thread_self() == t);
    for (unsigned i = 0; t && i < EX_THREADS; i++) weir_model_check(s->of[i] != t);
    s->of[who] = t;
    weir_model_end(op, t ? 0 : WEIR_ENOMEM);
    weir_au32 step = { 0 };
    (void)weir_load_relaxed(&step); /* others may come here */
    s->of[who] = NULL;              /* the thread's exit gives it back */
}

static const struct weir_model_scenario records = {
    .name = "thread.records",
    .about = "three threads take a record, and give it back when they end",
    .threads = 3,
    .flags = WEIR_MODEL_EXITS,
    .state_size = sizeof(struct records),
    .thread = record_thread,
    .options = "oom=1",
};

/* ---- n-th allocation fails -------------------------------------------------------------------------------------- */

struct made {
    weir_mpmc *r;
};

static void made_setup(void *state) {
    struct made *s = state;
    struct weir_ring_opts o = WEIR_RING_OPTS(1, sizeof(uint64_t));
    int rc = weir_mpmc_new(&s->r, &o);
    weir_model_check(rc == 0 || (rc == WEIR_ENOMEM && !s->r));
}

/* The record of a thread that has to park cannot be made: the call says so, and nothing has happened. */
static void made_thread(void *state, unsigned who) {
    struct made *s = state;
    uint64_t v[8] = { who };
    if (!s->r) return;
    struct weir_model_op *op = weir_model_begin(who ? "pop" : "push", 0);
    int rc =
        who ? weir_mpmc_pop_wait(s->r, v, INT64_C(1000500000), NULL) : weir_mpmc_try_push(s->r, v);
    weir_model_check(rc == 0 || rc == WEIR_ENOMEM || rc == WEIR_ETIMEDOUT);
    weir_model_end(op, rc);
}

static void made_finish(void *state) {
    struct made *s = state;
    if (s->r) weir_model_check(weir_mpmc_free(s->r) == 0);
}

static const struct weir_model_scenario made = {
    .name = "thread.oom",
    .about = "a ring and a parking thread, each allocation refused in turn",
    .threads = 2,
    .flags = WEIR_MODEL_EXITS,
    .state_size = sizeof(struct made),
    .setup = made_setup,
    .thread = made_thread,
    .finish = made_finish,
    .options = "oom=2 timeouts=2",
};

const struct weir_model_scenario *const thread_scenarios[] = { &records, &made, NULL };
