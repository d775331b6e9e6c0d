/* SPDX-License-Identifier: MIT */
/* bench/interrupt.h - Ctrl-C (SIGINT), and SIGTERM, which does the same. */
#ifndef WEIR_BENCH_INTERRUPT_H
#define WEIR_BENCH_INTERRUPT_H

#include <stdbool.h>

/* From now on either signal ends the measuring after the current run, and what of that has no time of its own
 * (filling a table, looking through one) at once; the second one ends the program, unless it is `patient`: it gets
 * the terminal's signal and then its parent's. */
void wb_catch_interrupt(bool patient);
bool wb_interrupted(void);

/* What the program then exits with, as a shell has it: 128 and the signal's number. 0: it was not interrupted. */
int wb_interrupt_status(void);

#endif
