/* SPDX-License-Identifier: MIT */
/* bench/bars.h - what weir has promised to reach, as ratios between two items of one group.
 *
 * A line of bench/bars.txt: name | numerator | denominator | wanted. Numerator and denominator are
 * item names; {over} stands for four times the number of processors. Wanted:
 *   at least K    the median of the paired ratio is K or more and, where K > 1, its interval
 *                 excludes 1
 *   no slower     the lower end of the interval is 0.97 or more
 *   at most K     the median of a figure of the numerator is K or less; the denominator is the column: bytes (per
 *                 entry), bytes_low, or ns_op (of an idle pool: nanoseconds of processor time per second)
 * The ratio is numerator's throughput over denominator's (of latencies: denominator's over
 * numerator's). A side may be "A over B", the ratio of two items; a denominator whose variant is * stands for every
 * variant of the case that is not weir's and not a bound, each on its own, and the worst is reported. A bar of which this run measures neither or only one side is not reported, except
 * that a rival which is not built in is "rival missing". */
#ifndef WEIR_BENCH_BARS_H
#define WEIR_BENCH_BARS_H

#include <stdio.h>

#include "plan.h"
#include "stats.h"

enum wb_bar_result { WB_BAR_MET, WB_BAR_MISSED, WB_BAR_RIVAL_MISSING };

struct wb_bar {
    char name[96], numerator[2 * WB_NAME_BYTES], denominator[2 * WB_NAME_BYTES], wanted[32];
    double least, most; /* both 0: "no slower" */
    struct wb_interval ratio;
    unsigned rounds; /* pairs; 0: there is no ratio */
    enum wb_bar_result result;
};

struct wb_bars {
    struct wb_bar *bar;
    unsigned n, missed;
};

/* Reads the bars (of a file, or those built in where `file` is NULL) and judges those that the
 * plan has measured. Returns 0, or 2 after one line on stderr: the file cannot be read, or a line
 * is malformed. */
int wb_bars_judge(struct wb_bars *out, const char *file, const struct wb_plan *plan);
void wb_bars_free(struct wb_bars *bars);

/* The check alone, at start: a file that cannot be used is found before anything is measured. */
int wb_bars_check(const char *file);

const char *wb_bar_word(enum wb_bar_result r);

extern const char *const wb_bars_lines[]; /* bench/bars.txt, put in by CMake; ends with NULL */

#endif
