/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/body.h - a scenario of rings is written once, as a body, and run on each kind of ring
 * that has what it needs: "mpmc.stream", "spsc.stream", ... (bodies.c). */
#ifndef WEIR_STRESS_BODY_H
#define WEIR_STRESS_BODY_H

#include <weir/stress.h>

#include "../../common/ring_kind.h"

struct body {
    const char *name;  /* "stream" */
    const char *about; /* after the name of the kind */
    unsigned needs;    /* RING_* of the kind */
    unsigned min_threads,
        max_threads; /* a kind without RING_MANY has two, or that body is not for it; but see funnels */
    bool alone;      /* each worker has rings of its own: also without RING_MANY */
    bool funnels;   /* with RING_FUNNEL any number of workers, of which one pops: ring_one_pops */
    bool fenced;    /* also where membarrier is not used */
    unsigned flags; /* WEIR_STRESS_* */
    size_t state_size;
    int (*setup)(void *state, struct weir_stress *run);
    void (*thread)(void *state, struct weir_stress_worker *w);
    void (*finish)(void *state);
    const void *param;
};

/* What weir_stress_param gives to a body. */
struct body_of {
    const struct body *body;
    const struct ring_kind *kind;
};
static inline const struct body_of *body_of(const struct weir_stress *run) {
    return weir_stress_param(run);
}

/* Lists that end with a row without name. */
extern const struct body stream_bodies[], window_bodies[], close_bodies[], pair_bodies[],
    full_empty_bodies[], pool_bodies[], thread_bodies[], suspend_bodies[];

/* Scenarios that are no bodies; ends with NULL. */
extern const struct weir_stress_scenario *const floor_scenarios[], *const deque_scenarios[];

/* Adds the scenario of each body of the list on the kind to out, where n stand already and `most` fit;
 * returns how many stand there then. They live as long as the process. */
size_t bodies_on(const struct ring_kind *kind, const struct body *list,
                 const struct weir_stress_scenario **out, size_t n, size_t most);
/* All bodies of weir's rings. */
size_t all_bodies_on(const struct ring_kind *kind, const struct weir_stress_scenario **out,
                     size_t n, size_t most);

#endif
