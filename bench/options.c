/* SPDX-License-Identifier: MIT */
/* bench/options.c - see options.h. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/base.h>

#include "plan.h"

static const char usage[] =
    "usage: weir-bench [option...]\n"
    "       weir-bench cache-trace FILE --capacity=LIST    hit ratios of a trace; cache-trace --help\n"
    "       weir-bench cache-ratios                        the same of traces that are made here\n"
    "Measures weir's rings, channels, maps, pools and pipelines beside their mutex version and other libraries,\n"
    "round by round.\n"
    "\n"
    "  --suite=NAME      quick (default; 3 minutes on 2 CPUs), try (30 seconds), full,\n"
    "                    queues, maps, cache, flow (pools and pipelines; full is all of them); maps-bars (what\n"
    "                    bars are about; 30 minutes), maps-stalled (memory beside a reader that\n"
    "                    stands still; --stall for each run), stopped (rings, one of eight threads\n"
    "                    stopped for 100 ms; a minute), unbounded (unbounded queues; a minute and a half)\n"
    "  --filter=RE       only what matches this extended regular expression (see --list)\n"
    "  --threads=LIST    producers and consumers of a case, such as 1,2,4\n"
    "  --rounds=N        times that everything is measured (default 9; maps-bars 7)\n"
    "  --seconds=S       of one run (default: so that the suite keeps to its time)\n"
    "  --stall=MS        how long that reader stands still (default 10000)\n"
    "  --pin=MODE        auto (default): a CPU for each thread while there are enough;\n"
    "                    compact: hardware threads of a core first; spread: as auto; none\n"
    "  --rivals=WHICH    all (default), none, or a list such as mutex,ck,go\n"
    "  --cpus=LIST       run on these CPUs only, such as 0 or 0-3,8\n"
    "  --seed=N          of the order in which a round is measured (default: random, printed)\n"
    "  --out=DIR         writes cases.csv, samples.csv, bars.csv, summary.md, raw.json, env.json\n"
    "  --format=FORMAT   of what is printed: table (default), csv (cases.csv), json (raw.json)\n"
    "  --bars=strict     a bar that is missed makes the exit code 1 (default: report)\n"
    "  --bars-file=FILE  other bars than those built in\n"
    "  --list            what would be measured, and how long it takes\n"
    "  --list-rivals     which libraries are compared with, and how to get the missing ones\n"
    "  --help, --version\n"
    "  --benchmark_...   goes to Google Benchmark\n"
    "\n"
    "Ctrl-C or SIGTERM ends after the current run; what was measured is reported and written, and marked as\n"
    "incomplete. A second one ends at once.\n"
    "Exit: 0 done, 1 a check failed or a file could not be written, 2 usage, 130 or 143 interrupted by\n"
    "Ctrl-C or SIGTERM.\n";

enum {
    SUITE = 256,
    FILTER,
    THREADS,
    ROUNDS,
    SECONDS,
    STALL,
    PIN,
    RIVALS,
    CPUS,
    SEED,
    OUT,
    FORMAT,
    BARS,
    BARS_FILE,
    LIST,
    LIST_RIVALS,
    HELP,
    VERSION,
    RECORDS,
};

static const struct option long_options[] = {
    { "suite", required_argument, NULL, SUITE },
    { "filter", required_argument, NULL, FILTER },
    { "threads", required_argument, NULL, THREADS },
    { "rounds", required_argument, NULL, ROUNDS },
    { "seconds", required_argument, NULL, SECONDS },
    { "stall", required_argument, NULL, STALL },
    { "pin", required_argument, NULL, PIN },
    { "rivals", required_argument, NULL, RIVALS },
    { "cpus", required_argument, NULL, CPUS },
    { "seed", required_argument, NULL, SEED },
    { "out", required_argument, NULL, OUT },
    { "format", required_argument, NULL, FORMAT },
    { "bars", required_argument, NULL, BARS },
    { "bars-file", required_argument, NULL, BARS_FILE },
    { "list", no_argument, NULL, LIST },
    { "list-rivals", no_argument, NULL, LIST_RIVALS },
    { "help", no_argument, NULL, HELP },
    { "version", no_argument, NULL, VERSION },
    { "records", required_argument, NULL,
      RECORDS }, /* how a one-CPU group is asked for; internal */
    { NULL, 0, NULL, 0 },
};

/* ---- values ---------------------------------------------------------------------------------- */

static bool number(const char *s, uint64_t min, uint64_t max, uint64_t *out) {
    char *end;
    errno = 0;
    if (*s < '0' || *s > '9') return false;
    unsigned long long v = strtoull(s, &end, 10);
    if (*end != '\0' || errno != 0 || v < min || v > max) return false;
    *out = v;
    return true;
}

static bool parse_seconds(struct wb_options *o, const char *s) {
    char *end;
    double v = strtod(s, &end);
    if (end == s || *end != '\0' || !isfinite(v) || v < 0.001 || v > 60) return false;
    o->seconds = v;
    return true;
}

static bool parse_threads(struct wb_options *o, const char *list) {
    char text[256];
    if (strlen(list) >= sizeof text) return false;
    memcpy(text, list, strlen(list) + 1);
    o->n_threads = 0;
    char *rest = text;
    for (char *one; (one = strsep(&rest, ","));) {
        uint64_t n;
        if (o->n_threads == WB_THREADS_MAX || !number(one, 1, 1024, &n)) return false;
        o->threads[o->n_threads++] = (unsigned)n;
    }
    return true;
}

static bool parse_filter(struct wb_options *o, const char *re, bool benchmark) {
    if (o->filter_text) regfree(&o->filter);
    o->filter_text = NULL;
    o->filter_benchmark = benchmark;
    o->filter_negative = benchmark && re[0] == '-';
    if (regcomp(&o->filter, re + o->filter_negative, REG_EXTENDED | REG_NOSUB) != 0) return false;
    o->filter_text = re;
    return true;
}

/* The index of `word` in a NULL-terminated list, or -1. */
static int one_of(const char *word, const char *const *words) {
    for (int i = 0; words[i]; i++)
        if (strcmp(word, words[i]) == 0) return i;
    return -1;
}

static bool parse_pin(struct wb_options *o, const char *s) {
    static const char *const words[] = { "auto", "compact", "spread", "none", NULL };
    int i = one_of(s, words);
    if (i >= 0) o->pin = (enum wb_pin)i;
    return i >= 0;
}

static bool parse_format(struct wb_options *o, const char *s) {
    static const char *const words[] = { "table", "json", "csv", NULL };
    int i = one_of(s, words);
    if (i >= 0) o->format = (enum wb_format)i;
    return i >= 0;
}

static bool parse_bars(struct wb_options *o, const char *s) {
    static const char *const words[] = { "report", "strict", NULL };
    int i = one_of(s, words);
    o->bars_strict = i == 1;
    return i >= 0;
}

static bool parse_suite(struct wb_options *o, const char *s) {
    o->suite = wb_suite_find(s);
    return o->suite != NULL;
}

bool wb_listed(const char *list, const char *word) {
    size_t n = strlen(word);
    for (const char *s = list; s; s = strchr(s, ',')) {
        s += *s == ',';
        if (strncmp(s, word, n) == 0 && (s[n] == ',' || s[n] == '\0')) return true;
    }
    return false;
}

bool wb_options_names(const struct wb_options *o, const char *variant) {
    return wb_listed(o->rivals_list, variant);
}

/* Each name of the list is built in; else says what is wrong with it. */
static bool known(const char *list) {
    char text[512];
    if (strlen(list) >= sizeof text) return false;
    memcpy(text, list, strlen(list) + 1);
    char *rest = text;
    for (char *one; (one = strsep(&rest, ","));) {
        bool found = false;
        for (const struct wb_ring *const *r = wb_rings; *r; r++)
            found = found || strcmp((*r)->name, one) == 0;
        for (const struct wb_missing *m = wb_missing; !found && m->name; m++) {
            if (strncmp(m->name, one, strlen(m->name)) != 0)
                continue; /* dpdk_hts comes with dpdk */
            (void)fprintf(stderr,
                          "weir-bench: %s was not found when this was built: install %s and "
                          "build again\n",
                          one, m->package);
            return false;
        }
        if (!found) return false;
    }
    return true;
}

static bool parse_rivals(struct wb_options *o, const char *s) {
    o->rivals = WB_RIVALS_LIST;
    if (strcmp(s, "all") == 0) o->rivals = WB_RIVALS_ALL;
    if (strcmp(s, "none") == 0) o->rivals = WB_RIVALS_NONE;
    o->rivals_list = o->rivals == WB_RIVALS_LIST ? s : NULL;
    return o->rivals != WB_RIVALS_LIST || known(s);
}

/* ---- the command line ------------------------------------------------------------------------ */

static bool set_number(const char *value, uint64_t min, uint64_t max, unsigned *out) {
    uint64_t n;
    if (!number(value, min, max, &n)) return false;
    *out = (unsigned)n;
    return true;
}

/* Takes one option; false: its value is bad. */
static bool take(struct wb_options *o, int which, const char *value) {
    unsigned fd;
    switch (which) {
        case SUITE: return parse_suite(o, value);
        case FILTER: return parse_filter(o, value, false);
        case THREADS: return parse_threads(o, value);
        case ROUNDS: return set_number(value, 1, 1000, &o->rounds);
        case SECONDS: return parse_seconds(o, value);
        case STALL: return set_number(value, 1, 600000, &o->stall_ms);
        case PIN: return parse_pin(o, value);
        case RIVALS: return parse_rivals(o, value);
        case CPUS: o->cpus = value; return true;
        case SEED: return o->seed_given = number(value, 0, UINT64_MAX, &o->seed);
        case OUT: o->out = value; return *value != '\0';
        case FORMAT: return parse_format(o, value);
        case BARS: return parse_bars(o, value);
        case BARS_FILE: o->bars_file = value; return *value != '\0';
        case RECORDS:
            if (!set_number(value, 0, 1023, &fd)) return false;
            o->records = (int)fd;
            return true;
        default: return true;
    }
}

/* Google Benchmark's flags are kept for it; those that decide what is measured count here as well.
 */
static bool take_benchmark(struct wb_options *o, char *arg) {
    static const char filter[] = "--benchmark_filter=", repeat[] = "--benchmark_repetitions=";
    o->argv[o->argc++] = arg;
    if (strncmp(arg, "--benchmark_format", 18) == 0) o->benchmark_display = true;
    if (strncmp(arg, "--benchmark_out=", 16) == 0) o->benchmark_out = true;
    if (strncmp(arg, "--benchmark_list_tests", 22) == 0) o->benchmark_lists = true;
    if (strncmp(arg, filter, sizeof filter - 1) == 0 && strcmp(arg + sizeof filter - 1, "all") != 0)
        return parse_filter(o, arg + sizeof filter - 1, true);
    if (strncmp(arg, repeat, sizeof repeat - 1) == 0)
        return set_number(arg + sizeof repeat - 1, 1, 1000, &o->rounds);
    return true;
}

void wb_options_usage(void) { (void)fputs(usage, stderr); }

static int misuse(void) {
    wb_options_usage();
    return 2;
}

static void defaults(struct wb_options *o) {
    memset(o, 0, sizeof *o);
    o->suite = wb_suite_find("quick");
    o->records = -1;
}

/* Takes the --benchmark_ flags out of argv, which getopt does not know. */
static bool split(struct wb_options *o, int *argc, char **argv) {
    int kept = 1;
    o->argv[o->argc++] = argv[0];
    for (int i = 1; i < *argc; i++) {
        if (strncmp(argv[i], "--benchmark_", 12) != 0) {
            argv[kept++] = argv[i];
            continue;
        }
        if (take_benchmark(o, argv[i])) continue;
        (void)fprintf(stderr, "weir-bench: bad value: %s\n", argv[i]);
        return false;
    }
    argv[kept] = NULL;
    *argc = kept;
    return true;
}

static char **copy_of(int argc, char **argv) {
    char **copy = calloc((size_t)argc + 1, sizeof *copy);
    if (!copy) abort();
    for (int i = 0; i < argc; i++) copy[i] = argv[i];
    return copy;
}

int wb_options_parse(struct wb_options *o, int argc, char **argv) {
    defaults(o);
    o->full = copy_of(argc, argv);
    o->argv = copy_of(argc, argv);
    if (!split(o, &argc, argv)) return misuse();
    int which, at = 0;
    optind = 0; /* as glibc wants it, for a process that parses twice */
    while ((which = getopt_long(argc, argv, "h", long_options, &at)) != -1) {
        if (which == '?') return misuse(); /* getopt has said why */
        if (which == HELP || which == 'h') {
            (void)fputs(usage, stdout);
            return 1;
        }
        if (which == VERSION) {
            (void)printf("weir-bench %d.%d.%d\n", WEIR_VERSION_MAJOR, WEIR_VERSION_MINOR,
                         WEIR_VERSION_PATCH);
            return 1;
        }
        if (which == LIST) o->list = true;
        if (which == LIST_RIVALS) o->list_rivals = true;
        if (take(o, which, optarg)) continue;
        (void)fprintf(stderr, "weir-bench: bad value: --%s=%s\n", long_options[at].name, optarg);
        return misuse();
    }
    if (optind == argc) return 0;
    (void)fprintf(stderr, "weir-bench: unexpected argument: %s\n", argv[optind]);
    return misuse();
}

void wb_options_free(struct wb_options *o) {
    if (o->filter_text) regfree(&o->filter);
    free(o->argv);
    free(o->full);
}
