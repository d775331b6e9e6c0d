/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/map_body.h - a scenario of maps is written once, as a body, and run on each kind of map
 * that has what it needs: "map.mixed", ... (map_bodies.c). */
#ifndef WEIR_STRESS_MAP_BODY_H
#define WEIR_STRESS_MAP_BODY_H

#include <weir/stress.h>

#include "map_kind.h"

/* The scenario as it is on each kind, but for its name, before which the kind's stands, and its param, which
 * becomes the body's. */
struct map_body {
    unsigned needs; /* MAP_* of the kind */
    bool plain;     /* also on kinds that are KIND_PLAIN */
    struct weir_stress_scenario as;
};

struct map_body_of {
    const struct map_body *body;
    const struct map_kind *kind;
};
static inline const struct map_body_of *map_body_of(const struct weir_stress *run) {
    return weir_stress_param(run);
}
static inline const struct map_kind *map_kind_of(const struct weir_stress *run) {
    return map_body_of(run)->kind;
}
static inline const void *map_param_of(const struct weir_stress *run) {
    return map_body_of(run)->body->as.param;
}

/* Lists that end with a row without name. */
extern const struct map_body map_stream_bodies[], map_lin_bodies[], map_walk_bodies[],
    map_node_bodies[], map_count_bodies[], map_alloc_bodies[], map_thread_bodies[],
    map_still_bodies[];

/* Scenarios of RCU alone; ends with NULL. */
extern const struct weir_stress_scenario *const rcu_scenarios[];

/* Adds the scenario of each body on the kind to out, where n stand already and `most` fit; returns how many stand
 * there then. They live as long as the process. */
size_t map_bodies_on(const struct map_kind *kind, const struct weir_stress_scenario **out, size_t n,
                     size_t most);

#endif
