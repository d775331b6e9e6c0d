/* SPDX-License-Identifier: MIT */
/* bench/rounds.c - see rounds.h.
 *
 * Within a round the items of a group are shuffled, with a generator that depends on the seed, the
 * group and the round only: the same seed gives the same orders, whoever asks for a round first. */
#include "rounds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cost.h"
#include "interrupt.h"
#include "progress.h"
#include "remote.h"
#include "stats.h"

#define LATE_ROUNDS 2 /* one may be the machine's fault */

/* ---- one item -------------------------------------------------------------------------------- */

static void complain(const struct wb_item *item) {
    wb_progress_clear();
    (void)fprintf(stderr, "weir-bench: %s: %s\n", item->name, item->why);
}

void wb_rounds_take(struct wb_plan *plan, struct wb_item *item, unsigned round,
                    const struct wb_sample *sample, const char *why) {
    item->samples[round] = *sample;
    wb_progress_step(wb_cost_of(plan, item, round), item->name);
    if (sample->status != WB_OK) {
        item->status = sample->status;
        (void)snprintf(item->why, sizeof item->why, "%s", why);
        if (plan->opt->records < 0) complain(item);
    } else if (sample->late && ++item->late == LATE_ROUNDS) {
        item->status = WB_STUCK;
        (void)snprintf(item->why, sizeof item->why,
                       "took more than five times its time in %d rounds", LATE_ROUNDS);
        if (plan->opt->records < 0) complain(item);
    }
}

unsigned wb_rounds_taken(const struct wb_plan *plan) {
    unsigned n = 0;
    for (unsigned i = 0; i < plan->n_items; i++)
        for (unsigned r = 0; r < plan->rounds; r++)
            n += plan->items[i].samples[r].status != WB_NONE;
    return n;
}

static void measure(struct wb_plan *plan, struct wb_item *item, unsigned round) {
    struct wb_trial trial = { .ring = item->ring,
                              .shape = item->of->shape,
                              .test = item->of->test,
                              .pin = plan->opt->pin,
                              .seconds = plan->seconds };
    struct wb_sample sample;
    char why[sizeof item->why];
    if (!item->latencies && wb_test_is_latency(trial.test, &trial.shape))
        item->latencies = calloc(1, sizeof *item->latencies);
    wb_run(&trial, &sample, item->latencies, why, sizeof why);
    if (sample.status == WB_NONE) return; /* interrupted */
    wb_rounds_take(plan, item, round, &sample, why);
    if (plan->opt->records >= 0) wb_remote_tell(plan->opt->records, item, round, why);
}

/* ---- a round --------------------------------------------------------------------------------- */

static uint64_t seed_of(const struct wb_plan *plan, const struct wb_group *group, unsigned round) {
    uint64_t x = plan->opt->seed ^ (uint64_t)round << 32;
    for (const char *s = group->name; *s; s++) x = x * 131 + (unsigned char)*s;
    return x;
}

static void measure_round(struct wb_plan *plan, struct wb_group *group, unsigned round) {
    uint32_t *order = malloc(group->n * sizeof *order);
    if (!order) abort();
    struct wb_rng rng;
    wb_rng_seed(&rng, seed_of(plan, group, round));
    wb_shuffled(&rng, order, group->n);
    for (unsigned i = 0; i < group->n && !wb_interrupted(); i++) {
        struct wb_item *item = &group->items[order[i]];
        if (item->status == WB_OK)
            measure(plan, item, round);
        else
            wb_progress_step(wb_cost_of(plan, item, round), item->name);
    }
    free(order);
}

void wb_rounds_until(struct wb_plan *plan, struct wb_group *group, unsigned round) {
    if (round >= plan->rounds) round = plan->rounds - 1;
    if (group->one_cpu && plan->opt->records < 0) {
        if (group->rounds_done == 0 && !wb_interrupted()) wb_remote_measure(plan, group);
        group->rounds_done = plan->rounds;
        return;
    }
    for (; group->rounds_done <= round && !wb_interrupted(); group->rounds_done++)
        measure_round(plan, group, group->rounds_done);
}

void wb_rounds_all(struct wb_plan *plan) {
    for (unsigned g = 0; g < plan->n_groups; g++)
        wb_rounds_until(plan, &plan->groups[g], plan->rounds - 1);
}
