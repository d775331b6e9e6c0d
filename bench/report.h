/* SPDX-License-Identifier: MIT */
/* bench/report.h - what comes out of a run: the table, the lines of the try suite, the files. */
#ifndef WEIR_BENCH_REPORT_H
#define WEIR_BENCH_REPORT_H

#include <stdio.h>

#include "bars.h"
#include "env.h"
#include "results.h"

struct wb_report {
    const struct wb_plan *plan;
    const struct wb_result *results;
    const struct wb_bars *bars;
    const struct wb_env *env;
};

/* ---- stdout ---------------------------------------------------------------------------------- */
void wb_print_table(const struct wb_report *r, FILE *f);
void wb_print_try(const struct wb_report *r, FILE *f);

/* ---- files: false if writing failed ---------------------------------------------------------- */
/* A field of a CSV file, quoted where it has to be. */
void wb_csv_text(FILE *f, const char *s);
bool wb_write_cases(const struct wb_report *r, FILE *f);
bool wb_write_samples(const struct wb_report *r, FILE *f);
bool wb_write_bars(const struct wb_report *r, FILE *f);
bool wb_write_summary(const struct wb_report *r, FILE *f);

/* ---- shared by the table and the summary ----------------------------------------------------- */
#define WB_TEXT 64
const char *wb_text_ns(char *out, double ns);       /* "31.2 ns", "4.7 us" */
const char *wb_text_rate(char *out, double ops_s);  /* "32.0 M/s" */
const char *wb_text_bytes(char *out, double bytes); /* "38.2 B", "1.20 MB"; "": 0 */
/* What the columns bytes_low and bytes_high of such a case mean. */
const char *wb_text_low(enum wb_test test);
const char *wb_text_high(enum wb_test test);
const char *wb_text_ratio(char *out, struct wb_interval ratio); /* "3.85x [3.50, 4.20]" */
/* The case in words: "mpmc, 4 to 4, batch 32, oversubscribed". */
const char *wb_text_case(char *out, size_t n, const struct wb_case *c);
/* Rows in which weir is shown to be slower than a rival or its mutex version. */
bool wb_loses(const struct wb_result *r);
/* What the number of processors forbids to conclude; a sentence. */
const char *wb_text_scaling(char *out, size_t n);

#endif
