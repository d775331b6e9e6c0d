/* SPDX-License-Identifier: MIT */
/* tests/limiter/cases.h - the cases of the rate limiter. Most of them bring their own clock, which begins
 * at T0. */
#ifndef WEIR_TESTS_LIMITER_CASES_H
#define WEIR_TESTS_LIMITER_CASES_H

#include <weir/limiter.h>

#include "../support/check.h"
#include "../support/points.h"
#include "../support/threads.h"

#define MS INT64_C(1000000)
#define SECOND INT64_C(1000000000)
#define T0 (INT64_C(12345) * SECOND + 678)

/* A full bucket at T0. */
weir_limiter limiter_of(double rate, uint32_t burst);
/* Takes single tokens at `now` until there are none; how many. At most `most`. */
size_t drain(weir_limiter *l, weir_time now, size_t most);
/* Whether the bucket has so many tokens at `now`, to a millionth. */
bool has(const weir_limiter *l, weir_time now, double tokens);

void r01_full(void), r02_one_or_nothing(void), r03_above_burst(void), r04_inf(void);
void r05_zero(void), r14_idle(void), r14_base(void), r16_stale(void), r17_every(void);
void r18_zero_bytes(void), bad_arguments(void);
void r06_above_burst(void), r07_order(void), r08_cancel(void), r08_after_slot(void);
void r08_after_change(void), r08_both(void), r08_far(void);
void r13_limit(void), r13_burst(void), r13_slots(void), r13_room(void), r13_special(void);
void r13_stopped(void);
void r15_spans(void), r15_rate(void), r15_cancel(void), r15_change(void);
void r09_wait_above_burst(void), r10_ended(void), r11_too_late(void), r12_cancelled(void);
void r10_ended_late(void), wait_slots(void), wait_now(void), r19_recheck(void);
void r02_threads(void), r07_threads(void), r13_threads(void), r15_threads(void);

#endif
