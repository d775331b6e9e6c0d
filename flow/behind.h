/* SPDX-License-Identifier: MIT */
/* flow/behind.h - a task that gives way: it is submitted anew, so that others have their turn before it goes on. */
#ifndef WEIR_FLOW_BEHIND_H
#define WEIR_FLOW_BEHIND_H

#include <weir/go.h>

/* Whether weir__exec_behind keeps what it says: the executor is a pool of weir's. */
bool weir__exec_gives_way(const weir_exec *on);
/* By who runs a task of that executor. As its submit, but behind all that others have submitted from outside, beyond the
 * pool's bound, and never run by the caller. Of another executor: as its submit. */
int weir__exec_behind(const weir_exec *on, weir_task_fn *fn, weir_ctx *ctx, void *arg);

#endif
