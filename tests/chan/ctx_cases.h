/* SPDX-License-Identifier: MIT */
/* tests/chan/ctx_cases.h - what ctx.c and ctx_trees.c share. */
#ifndef WEIR_TESTS_CTX_CASES_H
#define WEIR_TESTS_CTX_CASES_H

#include "chan.h"

weir_ctx *ctx_open_cause(weir_ctx *parent, weir_time deadline, int cause);
/* Its error and its cause. */
bool ctx_is(weir_ctx *ctx, int err, int cause);
/* Whether a select finds it ended, with its error. */
bool ctx_ready(weir_ctx *ctx);
/* Sleeps until the clock has passed it. */
void pass(weir_time deadline);

void x04_child_by_clock(void);
void x15_first_deadline(void);
void x05_all_below(void);
void x05_large(void);
void x05_against_new(void);
void x12_constant_memory(void);
void x21_callbacks(void);
void x_ordering(void);
void x_threads(void);

#endif
