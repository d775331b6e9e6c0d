/* SPDX-License-Identifier: MIT */
/* tests/stress/known.h - scenarios of which it is known what weir-stress run has to say of them. */
#ifndef WEIR_TESTS_STRESS_KNOWN_H
#define WEIR_TESTS_STRESS_KNOWN_H

#include <weir/atomic.h>
#include <weir/stress.h>

/* Lists that end with a row without name. */
extern const struct weir_stress_scenario good_scenarios[], waiting_scenarios[], broken_scenarios[];

/* Sleeps while *word == value, as a structure would: woken spuriously, too. seconds < 0: for ever. */
void futex_sleep(weir_au32 *word, uint32_t value, double seconds);
void futex_wake(weir_au32 *word);
void sleep_seconds(double s);

#endif
