/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/all.c - the command weir-stress explore: its scenarios. */
#include "../../cli/commands.h"
#include "all.h"
#include "chan.h"
#include "deque.h"
#include "map.h"
#include "ring.h"
#include "sem.h"

#include <stdio.h>

#define MOST 2048

static const struct weir_model_scenario *all[MOST];
static struct weir_model_scenario rings[MOST], chans[MOST], sems[MOST], maps[MOST], deques[MOST];
static size_t n, nrings, nchans, nsems, nmaps, ndeques;

static void add_rings(const struct ring_case *c) {
    for (; c->name && nrings < MOST && n < MOST; c++) {
        ring_scenario(&rings[nrings], c);
        all[n++] = &rings[nrings++];
    }
}

static void add_chans(const struct chan_case *c) {
    for (; c->name && nchans < MOST && n < MOST; c++) {
        chan_scenario(&chans[nchans], c);
        all[n++] = &chans[nchans++];
    }
}

static void add_sems(const struct sem_case *c) {
    for (; c->name && nsems < MOST && n < MOST; c++) {
        sem_scenario(&sems[nsems], c);
        all[n++] = &sems[nsems++];
    }
}

static void add_maps(const struct map_case *c) {
    for (; c->name && nmaps < MOST && n < MOST; c++) {
        map_scenario(&maps[nmaps], c);
        all[n++] = &maps[nmaps++];
    }
}

static void add_deques(const struct deque_case *c) {
    for (; c->name && ndeques < MOST && n < MOST; c++) {
        deque_scenario(&deques[ndeques], c);
        all[n++] = &deques[ndeques++];
    }
}

static void add(const struct weir_model_scenario *const *list) {
    for (; *list && n < MOST; list++) all[n++] = *list;
}

int command_explore(int argc, char **argv) {
    add_rings(mpmc_cases);
    add_rings(spsc_cases);
    add_rings(scq_cases);
    add_rings(mutex_cases);
    add_rings(queue_cases);
    add_rings(mutex_queue_cases);
    add_chans(chan_cases);
    add(held_scenarios);
    add_sems(sem_cases);
    add_deques(deque_cases);
    add_maps(map_cases);
    add_maps(shard_cases);
    add_maps(node_cases);
    add(scq_two_scenarios);
    add(sem_cross_scenarios);
    add(wg_scenarios);
    add(once_scenarios);
    add(group_scenarios);
    add(flight_scenarios);
    add(cache_scenarios);
    add(compute_scenarios);
    add(compute_free_scenarios);
    add(park_scenarios);
    add(thread_scenarios);
    add(carries_scenarios);
    add(queue_scenarios);
    add(mpsc_list_scenarios);
    add(ctx_scenarios);
    add(rcu_scenarios);
    add(rcu_retire_scenarios);
    add(fork_scenarios);
    add(found_scenarios);
    add(timer_scenarios);
    add(after_scenarios);
    add(limiter_scenarios);
    add(fd_scenarios);
    add(waits_scenarios);
    add(eventfd_scenarios);
    add(relay_scenarios);
    add(notify_scenarios);
    add(line_scenarios);
    add(pool_scenarios());
    add(pool_states_scenarios());
    add(specimens);
    if (n == MOST) { /* perhaps not all */
        (void)fputs("weir-stress: more scenarios than MOST in scenarios/all.c\n", stderr);
        return 2;
    }
    return weir_model_main(argc, argv, all, n);
}
