/* SPDX-License-Identifier: MIT */
/* bench/progress.h - a bar with the time left, on stderr, where that is a terminal. */
#ifndef WEIR_BENCH_PROGRESS_H
#define WEIR_BENCH_PROGRESS_H

/* `seconds`: what all steps take by plan. */
void wb_progress_begin(double seconds);
/* One more step is done, which was planned to take `seconds`; `what` comes next or has just been.
 */
void wb_progress_step(double seconds, const char *what);
/* Removes the bar, so that a line can be printed, or at the end. The next step draws it again. */
void wb_progress_clear(void);

#endif
