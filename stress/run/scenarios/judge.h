/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/judge.h - what scenarios that record histories share. */
#ifndef WEIR_STRESS_JUDGE_H
#define WEIR_STRESS_JUDGE_H

#include "../../lin/lin.h"

/* A new operation without arguments or results. NULL: no room, and said so. */
struct weir_lin_op *judge_next(struct weir_lin_log *log, unsigned kind, uint64_t key);

/* Verdicts of a run, on keys. */
struct judged {
    uint64_t all, unknown;
};
/* Counts one, and says what is wrong. False: this key is not followed any further. */
bool judge_verdict(struct judged *sum, const weir_lin_checker *c, enum weir_lin_verdict v,
                   unsigned key);
/* At the end: what the checker has given up on, which must not be more than half. */
void judge_end(const struct judged *sum);

/* The checker's report, into the log of the run. */
void judge_explain(const weir_lin_checker *c);

/* Whether two operations of different threads overlap. */
bool judge_overlap(const struct weir_lin_op *ops, size_t n);

#endif
