/* SPDX-License-Identifier: MIT */
/* stress/lin/stamp.h - which clock stamps come from: looked at once in a process. */
#ifndef WEIR_STRESS_LIN_STAMP_H
#define WEIR_STRESS_LIN_STAMP_H

#include <stdbool.h>
#include <stdint.h>

struct lin_clock {
    bool tsc;
    uint64_t per_us; /* ticks, at least 1 */
    uint64_t skew;   /* ticks by which one processor was seen to lag behind another */
    char text[120];
};

const struct lin_clock *lin_clock(void);

/* CLOCK_MONOTONIC in ns. */
uint64_t lin_monotonic(void *unused);

#endif
