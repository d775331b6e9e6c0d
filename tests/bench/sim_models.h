/* SPDX-License-Identifier: MIT */
/* tests/bench/sim_models.h - the policies of bench/sim.h once more, slowly: lists are arrays that are searched, and nothing is
 * shared with the simulated ones. Keys are below MODEL_KEYS. */
#ifndef WEIR_TESTS_SIM_MODELS_H
#define WEIR_TESTS_SIM_MODELS_H

#include <stdbool.h>

#define MODEL_KEYS 64

struct row { /* keys, the newest first */
    int key[2 * MODEL_KEYS];
    int n;
};

struct model {
    const char *policy; /* whose name it has */
    int capacity;
    struct row a, b, c, d; /* as the policy wants them */
    int uses[MODEL_KEYS], hand, seen;
    double p;
    bool (*access)(struct model *m, int key);
};

/* False: there is none of that name. */
bool model_init(struct model *m, const char *policy, int capacity);

#endif
