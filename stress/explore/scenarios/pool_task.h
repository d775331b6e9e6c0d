/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/pool_task.h - what the scenarios of pools share: a task, the threads, and what holds in the end. */
#ifndef WEIR_STRESS_POOL_TASK_H
#define WEIR_STRESS_POOL_TASK_H

#include <weir/pool.h>

#include <stdbool.h>
#include <stdint.h>

/* What one submit is about: in is written by who submits it, out by the task itself, each time that it runs. */
struct pool_task {
    uint64_t in, out;
    bool taken;
};

/* Both are told to the race detector. */
void pool_task_fill(struct pool_task *t);
int pool_task_run(weir_ctx *ctx, void *task);
/* All threads have their records before the pool is made; the last `workers` of them are for it. */
void pool_threads(unsigned workers);
/* All was counted, at least so many submits; the pool is stopped and is freed. */
void pool_end(weir_pool *p, uint64_t at_least);

#endif
