/* SPDX-License-Identifier: MIT */
/* bench/options.h - the command line of weir-bench. */
#ifndef WEIR_BENCH_OPTIONS_H
#define WEIR_BENCH_OPTIONS_H

#include <regex.h>
#include <stdbool.h>
#include <stdint.h>

#include "cpus.h"

struct wb_suite;

enum wb_format { WB_TABLE, WB_JSON, WB_CSV };
enum wb_rivals { WB_RIVALS_ALL, WB_RIVALS_NONE, WB_RIVALS_LIST };

#define WB_THREADS_MAX 32 /* values of --threads */

struct wb_options {
    const struct wb_suite *suite;
    const char *filter_text; /* NULL: none */
    regex_t filter;
    bool
        filter_benchmark; /* --benchmark_filter: of the names that Google Benchmark makes of ours */
    bool filter_negative; /* --benchmark_filter=-RE */
    unsigned threads[WB_THREADS_MAX], n_threads; /* 0: the suite's own */
    unsigned rounds;                             /* 0: the suite's own */
    double seconds;                              /* 0: the suite's own */
    unsigned stall_ms;                           /* 0: the usual */
    enum wb_pin pin;
    enum wb_rivals rivals;
    const char *rivals_list; /* of WB_RIVALS_LIST */
    const char *cpus;        /* NULL: all */
    uint64_t seed;
    bool seed_given;
    const char *out; /* NULL: no files */
    enum wb_format format;
    bool list, list_rivals;
    bool bars_strict;
    const char *bars_file;  /* NULL: bench/bars.txt, as built in */
    int records;            /* file descriptor: a one-CPU group run by another weir-bench; -1 */
    bool benchmark_display; /* --benchmark_format was given: stdout is Google Benchmark's */
    bool benchmark_out;     /* --benchmark_out was given */
    bool benchmark_lists;   /* --benchmark_list_tests */
    int argc;               /* the program's name and the --benchmark_ flags */
    char **argv;
    char **full; /* the whole command line */
};

/* Returns 0: go on; 1: done, exit 0 (help, version); 2: usage, already on stderr. */
int wb_options_parse(struct wb_options *o, int argc, char **argv);
void wb_options_usage(void); /* on stderr */
void wb_options_free(struct wb_options *o);

/* Whether the word stands in the list "a,b,c"; NULL: no. */
bool wb_listed(const char *list, const char *word);
/* Whether the variant is named in --rivals=LIST. */
bool wb_options_names(const struct wb_options *o, const char *variant);

#endif
