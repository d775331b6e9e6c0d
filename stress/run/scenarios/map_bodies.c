/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/map_bodies.c - see map_body.h. */
#include "map_body.h"

#include <stdio.h>
#include <stdlib.h>

/* What a scenario's name stands in. */
struct made {
    struct weir_stress_scenario sc;
    struct map_body_of param;
    char name[60];
};

static const struct weir_stress_scenario *make(const struct map_kind *k, const struct map_body *b) {
    struct made *m = calloc(1, sizeof *m); /* for the life of the process */
    if (!m) return NULL;
    m->sc = b->as;
    m->param = (struct map_body_of){ b, k };
    (void)snprintf(m->name, sizeof m->name, "%s.%s", k->name, b->as.name);
    m->sc.name = m->name;
    m->sc.param = &m->param;
    return &m->sc;
}

size_t map_bodies_on(const struct map_kind *kind, const struct weir_stress_scenario **out, size_t n,
                     size_t most) {
    const struct map_body *const lists[] = { map_stream_bodies, map_lin_bodies,   map_walk_bodies,
                                             map_node_bodies,   map_count_bodies, map_alloc_bodies,
                                             map_thread_bodies, map_still_bodies };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (const struct map_body *b = lists[i]; b->as.name && n < most; b++) {
            if ((kind->has & b->needs) != b->needs) continue;
            if ((kind->has & KIND_PLAIN) && !b->plain) continue;
            out[n] = make(kind, b);
            if (out[n]) n++;
        }
    return n;
}
