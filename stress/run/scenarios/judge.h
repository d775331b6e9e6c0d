/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/judge.h - what scenarios that record histories share. */
#ifndef WEIR_STRESS_JUDGE_H
#define WEIR_STRESS_JUDGE_H

#include "../../lin/lin.h"

/* The checker's report, into the log of the run. */
void judge_explain(const weir_lin_checker *c);

/* Whether two operations of different threads overlap. */
bool judge_overlap(const struct weir_lin_op *ops, size_t n);

#endif
