/* SPDX-License-Identifier: MIT */
/* tests/lin/gen.h - random small histories, and a checker that tries every order.
 *
 * A history is made by running threads one step at a time against the specification itself: an
 * operation is called, takes effect with an answer that the specification accepts, and returns, so
 * it is linearizable. Then, for half of them, something is changed: an answer, an interval, a
 * value; most of these are not. */
#ifndef WEIR_TESTS_LIN_GEN_H
#define WEIR_TESTS_LIN_GEN_H

#include "stress/lin/specs.h"

#define GEN_OPS 8 /* whole operations; twice as many once split */
#define GEN_THREADS 4
#define GEN_KEYS 3

struct rng {
    uint64_t s;
};
uint64_t rng_next(struct rng *r);
unsigned rng_below(struct rng *r, unsigned n);
static inline bool rng_chance(struct rng *r, unsigned percent) {
    return rng_below(r, 100) < percent;
}

/* One kind of object: its specification, and what random operations on it look like. */
struct profile {
    struct weir_lin_spec spec;
    const struct weir_lin_rule *rules;
    size_t nrules;
    unsigned threads, ops, keys;
    /* A new operation: kind and arguments. `fresh` gives a new value. */
    void (*ask)(struct rng *r, struct weir_lin_op *op, uint64_t *fresh);
    /* A random answer, likely or not. Values run from 1 to `values`. */
    void (*answer)(struct rng *r, struct weir_lin_op *op, uint64_t values);
};

struct made {
    struct weir_lin_op ops[2 * GEN_OPS]; /* split already */
    size_t n;
    bool changed; /* false: linearizable by construction */
};

void gen_history(const struct profile *p, struct rng *r, struct made *out);

/* Tries every order of the operations that returned and every subset of those that did not. */
bool brute_linearizable(const struct weir_lin_spec *spec, const struct weir_lin_op *ops, size_t n);

#endif
