/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/meet.h - where all workers of a run come together between two rounds. The last one to
 * come is the only one who runs then: it judges the round that is over and opens the next. */
#ifndef WEIR_STRESS_MEET_H
#define WEIR_STRESS_MEET_H

#include <weir/atomic.h>
#include <weir/stress.h>

struct meeting {
    weir_au32 here, turn;
    uint32_t n;
    bool over; /* of meet_rounds: there was the last round */
};

void meet_init(struct meeting *m, unsigned n);

/* True for the last one to come, who calls meet_go when it is done; the others return false after that.
 * Whatever one did before it came happens-before all that any does afterwards. */
bool meet(struct meeting *m, struct weir_stress_worker *w);
void meet_go(struct meeting *m);

/* What is done in rounds: each worker plans its part of the next and runs it; `between` judges what is over and opens what
 * comes, false: nothing comes. */
struct rounds {
    void (*plan)(void *state, struct weir_stress_worker *w);
    bool (*between)(void *state, struct weir_stress_worker *w);
    void (*run)(void *state, struct weir_stress_worker *w);
};
/* A worker, from the first round to the last. */
void meet_rounds(struct meeting *m, const struct rounds *r, void *state,
                 struct weir_stress_worker *w);

#endif
