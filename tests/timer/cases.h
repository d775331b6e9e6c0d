/* SPDX-License-Identifier: MIT */
/* tests/timer/cases.h - what the files of these tests share. */
#ifndef WEIR_TESTS_TIMER_CASES_H
#define WEIR_TESTS_TIMER_CASES_H

#include <weir/chan.h>
#include <weir/timer.h>

#include "../support/check.h"
#include "../support/threads.h"

#define MS INT64_C(1000000)
#define UNTOUCHED (-77)

/* NULL, and a failed check, if it cannot be made. */
weir_timer *timer_at(weir_time at);
weir_ticker *ticker_of(int64_t period);

/* One select of one case that does not wait; what it got stands in *at. */
int try_timer(weir_timer *t, weir_time *at);
int try_ticker(weir_ticker *t, weir_time *at);

/* A wait of a thread of its own. */
struct waiter {
    weir_waitable *on;
    weir_time deadline, at, returned;
    weir_ctx *ctx;
    struct call call;
};
void waiter_start(struct waiter *w, weir_waitable *on, weir_time deadline);
/* Starts it, and sees it asleep. */
bool waiter_sleeps(struct waiter *w, weir_waitable *on, weir_time deadline);
/* 0, or the code. */
int waiter_end(struct waiter *w);

/* Sleeps until the clock has passed it. */
void pass(weir_time deadline);
/* Misuse is counted from now on, and not printed; false: how often. */
void count_misuse(void);
unsigned misuse_counted(void);

void t05_one_pending(void);
void t05_no_drift(void);
void t05_takers(void);
void t06_period(void);
void t07_stop(void);
void t07_waiter(void);

void t08_calls(void);
void t08_stop_does_not_wait(void);
void t08_stop_races(void);
void t08_many(void);
void t08_frees_itself(void);
void x18_once(void);
void x18_stop(void);
void x18_references(void);
void x18_races(void);
void x21_inside(void);
void threads_end(void);
void ends_with_threads(void);
#define EXIT_NAME "T08 a process ends while callbacks wait and run"

#endif
