/* SPDX-License-Identifier: MIT */
/* stress/explore/race.h - data races on plain memory. Called where E.races is set. */
#ifndef WEIR_STRESS_RACE_H
#define WEIR_STRESS_RACE_H

#include "engine.h"

void ex_race_reset(void);
void ex_race_load(const struct ex_task *t, const void *p, int order);
void ex_race_store(const struct ex_task *t, const void *p, int order);
void ex_race_rmw(const struct ex_task *t, const void *p, int order);
void ex_race_leave_section(const struct ex_task *t);
void ex_race_grace_period(const struct ex_task *t);
void ex_race_read(const struct ex_task *t, const void *p, size_t n, const struct weir__site *at);
void ex_race_write(const struct ex_task *t, const void *p, size_t n, const struct weir__site *at);

/* A block's last uses by each thread. */
void ex_race_touch(const struct ex_task *t, uint32_t used[EX_TASKS]);
unsigned ex_race_free(const struct ex_task *t, const uint32_t used[EX_TASKS]);

#endif
