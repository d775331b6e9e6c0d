/* SPDX-License-Identifier: MIT */
/* tests/support/misuse.h - reports of misuse (weir_set_report), counted instead of printed. */
#ifndef WEIR_TESTS_MISUSE_H
#define WEIR_TESTS_MISUSE_H

#include <stdbool.h>

/* From now on misuse is counted, from 0 on, instead of printed; until the call with false. Any thread, one at a time. */
void count_misuse(bool on);
/* Since the last such call. */
unsigned misuse_counted(void);

#endif
