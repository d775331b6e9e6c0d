/* SPDX-License-Identifier: MIT */
/* bench/interrupt.h - Ctrl-C. */
#ifndef WEIR_BENCH_INTERRUPT_H
#define WEIR_BENCH_INTERRUPT_H

#include <stdbool.h>

/* From now on Ctrl-C ends the measuring after the current run, and what of that has no time of its own (filling a table, looking
 * through one) at once; the second one ends the program, unless it is `patient`: it gets the terminal's signal and then its
 * parent's. */
void wb_catch_interrupt(bool patient);
bool wb_interrupted(void);

#endif
