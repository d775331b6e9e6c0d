/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/bodies.c - see body.h. */
#include "body.h"

#include <stdio.h>
#include <stdlib.h>

/* What a scenario's names stand in. */
struct made {
    struct weir_stress_scenario sc;
    struct body_of param;
    char name[60], about[160];
};

/* Whether of a kind as few as two workers have to do: one for each end. */
static bool two_only(const struct ring_kind *k, const struct body *b) {
    if (b->funnels && (k->has & RING_FUNNEL)) return false;
    return !(k->has & RING_MANY) && !b->alone;
}

static bool fits(const struct ring_kind *k, const struct body *b) {
    if ((k->has & b->needs) != b->needs) return false;
    if (k == &ring_mpmc_fence && !b->fenced) return false;
    return !two_only(k, b) || b->min_threads <= 2;
}

static const struct weir_stress_scenario *make(const struct ring_kind *k, const struct body *b) {
    struct made *m = calloc(1, sizeof *m); /* for the life of the process */
    if (!m) return NULL;
    bool two = two_only(k, b);
    m->param = (struct body_of){ b, k };
    (void)snprintf(m->name, sizeof m->name, "%s.%s", k->name, b->name);
    (void)snprintf(m->about, sizeof m->about, "%s", b->about);
    m->sc = (struct weir_stress_scenario){ .name = m->name,
                                           .about = m->about,
                                           .state_size = b->state_size,
                                           .min_threads = two ? 2 : b->min_threads,
                                           .max_threads = two ? 2 : b->max_threads,
                                           .flags = b->flags,
                                           .setup = b->setup,
                                           .thread = b->thread,
                                           .finish = b->finish,
                                           .param = &m->param };
    return &m->sc;
}

size_t bodies_on(const struct ring_kind *kind, const struct body *list,
                 const struct weir_stress_scenario **out, size_t n, size_t most) {
    for (; list->name; list++) {
        if (!fits(kind, list) || n == most) continue;
        out[n] = make(kind, list);
        if (out[n]) n++;
    }
    return n;
}

size_t all_bodies_on(const struct ring_kind *kind, const struct weir_stress_scenario **out,
                     size_t n, size_t most) {
    const struct body *const lists[] = { stream_bodies, window_bodies, full_empty_bodies,
                                         close_bodies,  pair_bodies,   pool_bodies,
                                         thread_bodies, suspend_bodies };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        n = bodies_on(kind, lists[i], out, n, most);
    return n;
}
