/* SPDX-License-Identifier: MIT */
/* tests/explore/support.c - see support.h. */
#include "support.h"

#include <string.h>

static void settings(const struct weir_model_scenario *sc, const struct ex_memory *mem,
                     const struct ex_strategy *strategy, struct ex_budget budget) {
    ex_init(); /* each time: cmocka takes the signals for itself */
    E.sc = sc;
    E.mem = mem;
    E.strategy = strategy;
    E.budget = budget;
    E.max_steps = 2000;
    E.cpus = 1;
    E.depth = 3;
    E.membarrier = true;
    E.races = mem == &ex_sc;
    E.tracing = false;
}

struct found explore(const struct weir_model_scenario *sc, const struct ex_memory *mem,
                     const struct ex_strategy *strategy, struct ex_budget budget, uint64_t most) {
    struct found f = { 0 };
    settings(sc, mem, strategy, budget);
    strategy->start();
    while (f.executions < most && !f.failure && !f.all) {
        E.rng = 12345 + f.executions;
        ex_execute();
        f.executions++;
        f.failure = E.failure;
        f.choices = E.nrec;
        if (!f.failure) f.all = !strategy->next();
    }
    memcpy(f.text, E.failure_text, sizeof f.text);
    return f;
}

struct found explore_sc(const struct weir_model_scenario *sc) {
    return explore(sc, &ex_sc, &ex_dfs, (struct ex_budget){ .preemptions = 2 }, 1000000);
}
