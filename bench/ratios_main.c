/* SPDX-License-Identifier: MIT */
/* bench/ratios_main.c - the subcommands cache-trace and cache-ratios of weir-bench; see ratios.h. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "interrupt.h"
#include "options.h"
#include "ratios.h"

#define CAPACITIES 16
#define CAPACITY_MOST (UINT64_C(1) << 30)

static const char usage[] =
    "usage: weir-bench cache-trace FILE --capacity=LIST [option...]\n"
    "       weir-bench cache-ratios [option...]\n"
    "Hit ratios of LRU, CLOCK, SIEVE, ARC, S3-FIFO and an idealised W-TinyLFU, simulated, and of weir's caches,\n"
    "all from one trace: a file, or each of those that are made here (zipf, scans, a loop, ...).\n"
    "\n"
    "  --capacity=LIST    entries, or a part of the keys, such as 1000,1%,10% (cache-ratios: 0.1%,1%,10%)\n"
    "  --requests=N       the first N of the file (default: all); so many of each workload (250000)\n"
    "  --keys=N           of a workload (50000)\n"
    "  --workloads=LIST   such as zipf99,loop (default: all)\n"
    "  --trace-form=FORM  of the file: text (one key a line), oracle (oracleGeneral); default: auto\n"
    "  --threads=N        of real caches, beside one thread (8)\n"
    "  --format=FORMAT    of what is printed: table (default), csv, json\n"
    "  --out=DIR          writes ratios.csv and ratios.json\n"
    "  --bars=strict      a bar that is missed makes the exit code 1\n"
    "\n"
    "Exit: 0 done, 1 a check failed or a file could not be written, 2 usage or a trace that cannot be read, 130 or\n"
    "143 interrupted by Ctrl-C or SIGTERM.\n";

struct call {
    bool from_file, strict;
    const char *file, *out, *workloads;
    struct {
        uint64_t entries;
        double part; /* of the keys; 0: entries */
    } capacity[CAPACITIES];
    unsigned capacities, threads;
    uint64_t requests, keys;
    enum wb_trace_form form;
    enum form_of_output { TABLE, CSV, JSON } format;
};

/* ---- options -------------------------------------------------------------------------------------------- */

static bool number(const char *s, uint64_t min, uint64_t max, uint64_t *out) {
    char *end;
    errno = 0;
    if (*s < '0' || *s > '9') return false;
    unsigned long long v = strtoull(s, &end, 10);
    if (*end != '\0' || errno != 0 || v < min || v > max) return false;
    *out = v;
    return true;
}

static bool one_capacity(struct call *c, char *s) {
    size_t n = strlen(s);
    uint64_t entries = 0;
    double part = 0;
    if (c->capacities == CAPACITIES) return false;
    if (n > 1 && s[n - 1] == '%') {
        char *end;
        s[n - 1] = '\0';
        part = strtod(s, &end) / 100;
        if (*end != '\0' || *s < '0' || *s > '9' || !(part > 0 && part <= 10)) return false;
    } else if (!number(s, 1, CAPACITY_MOST, &entries)) {
        return false;
    }
    c->capacity[c->capacities].entries = entries;
    c->capacity[c->capacities++].part = part;
    return true;
}

static bool capacities(struct call *c, const char *list) {
    char text[256];
    if (strlen(list) >= sizeof text) return false;
    memcpy(text, list, strlen(list) + 1);
    c->capacities = 0;
    char *rest = text;
    for (char *one; (one = strsep(&rest, ","));)
        if (!one_capacity(c, one)) return false;
    return true;
}

/* The index of the word in a list, or -1. */
static int one_of(const char *word, const char *const *words) {
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0) return i;
    return -1;
}

static bool known_workloads(const char *list) {
    char text[256];
    if (strlen(list) >= sizeof text) return false;
    memcpy(text, list, strlen(list) + 1);
    char *rest = text;
    for (char *one; (one = strsep(&rest, ","));) {
        const struct wb_workload *w = wb_workloads;
        while (w->name && strcmp(w->name, one) != 0) w++;
        if (!w->name) return false;
    }
    return true;
}

enum { CAPACITY = 256, REQUESTS, KEYS, WORKLOADS, FORM, THREADS, FORMAT, OUT, BARS, HELP };

static bool take(struct call *c, int which, const char *value) {
    static const char *const forms[] = { "auto", "text", "oracle", NULL },
                             *const formats[] = { "table", "csv", "json", NULL },
                             *const bars[] = { "report", "strict", NULL };
    uint64_t n;
    int word;
    switch (which) {
        case CAPACITY: return capacities(c, value);
        case REQUESTS: return number(value, 1, SIZE_MAX / 16, &c->requests);
        case KEYS: return number(value, 1, UINT32_MAX / 4, &c->keys);
        case WORKLOADS: c->workloads = value; return known_workloads(value);
        case THREADS:
            if (!number(value, 1, 1024, &n)) return false;
            c->threads = (unsigned)n;
            return true;
        case FORM:
            if ((word = one_of(value, forms)) >= 0) c->form = (enum wb_trace_form)word;
            return word >= 0;
        case FORMAT:
            if ((word = one_of(value, formats)) >= 0) c->format = (enum form_of_output)word;
            return word >= 0;
        case BARS: c->strict = (word = one_of(value, bars)) == 1; return word >= 0;
        case OUT: c->out = value; return *value != '\0';
        default: return false;
    }
}

static int misuse(void) {
    (void)fputs(usage, stderr);
    return 2;
}

static int complain(const char *what) {
    (void)fprintf(stderr, "weir-bench: %s\n", what);
    return 2;
}

/* No fault of the call. */
static int failed(const char *what) {
    (void)complain(what);
    return 1;
}

/* 0: go on; 1: done; 2: usage. */
static int parse(struct call *c, int argc, char **argv) {
    static const struct option options[] = {
        { "capacity", required_argument, NULL, CAPACITY },
        { "requests", required_argument, NULL, REQUESTS },
        { "keys", required_argument, NULL, KEYS },
        { "workloads", required_argument, NULL, WORKLOADS },
        { "trace-form", required_argument, NULL, FORM },
        { "threads", required_argument, NULL, THREADS },
        { "format", required_argument, NULL, FORMAT },
        { "out", required_argument, NULL, OUT },
        { "bars", required_argument, NULL, BARS },
        { "help", no_argument, NULL, HELP },
        { NULL, 0, NULL, 0 },
    };
    int which, at = 0;
    optind = 0;
    while ((which = getopt_long(argc, argv, "h", options, &at)) != -1) {
        if (which == '?') return misuse();
        if (which == HELP || which == 'h') {
            (void)fputs(usage, stdout);
            return 1;
        }
        if (take(c, which, optarg)) continue;
        (void)fprintf(stderr, "weir-bench: bad value: --%s=%s\n", options[at].name, optarg);
        return misuse();
    }
    if (c->from_file && optind < argc) c->file = argv[optind++];
    if (optind < argc) {
        (void)fprintf(stderr, "weir-bench: unexpected argument: %s\n", argv[optind]);
        return misuse();
    }
    if (c->from_file && !c->file)
        return complain("cache-trace: which file? weir-bench cache-trace --help");
    if (c->from_file && c->capacities == 0)
        return complain(
            "cache-trace: --capacity=LIST is missing: entries, or a part of the keys such as 1%");
    return 0;
}

/* ---- traces --------------------------------------------------------------------------------------------- */

static size_t entries(const struct call *c, unsigned i, uint64_t keys) {
    double part = c->capacity[i].part * (double)keys;
    if (c->capacity[i].part <= 0) return c->capacity[i].entries;
    return part<1 ? 1 : part>(double) CAPACITY_MOST ? CAPACITY_MOST : (size_t)part;
}

/* 0, or what the program exits with. */
static int of_file(const struct call *c, struct wb_ratios *r) {
    struct wb_trace t;
    char why[4500];
    if (!wb_trace_read(&t, c->file, c->form, (size_t)c->requests, why, sizeof why))
        return wb_interrupted() ? 0 : complain(why);
    bool fine = true;
    for (unsigned i = 0; fine && i < c->capacities; i++) {
        struct wb_ratio_case one = { .workload = c->file, .words = "" };
        one.capacity = entries(c, i, t.keys);
        fine = wb_ratios_add(r, &one, &t, c->threads, why, sizeof why);
    }
    wb_trace_free(&t);
    return fine || !*why ? 0 : failed(why);
}

static int of_workload(const struct call *c, const struct wb_workload *w, struct wb_ratios *r) {
    char why[256];
    size_t requests = c->requests ? (size_t)c->requests : 250000;
    for (unsigned i = 0; i < c->capacities; i++) {
        struct wb_ratio_case one = { .workload = w->name, .words = w->words, .loops = w->loops };
        struct wb_trace t;
        one.capacity = entries(c, i, c->keys);
        if (!wb_trace_make(&t, w, (uint32_t)c->keys, requests, one.capacity))
            return failed("out of memory: fewer --requests?");
        bool fine = wb_ratios_add(r, &one, &t, c->threads, why, sizeof why);
        wb_trace_free(&t);
        if (!fine) return *why ? failed(why) : 0;
    }
    return 0;
}

static int of_workloads(const struct call *c, struct wb_ratios *r) {
    int rc = 0;
    for (const struct wb_workload *w = wb_workloads; w->name && rc == 0 && !wb_interrupted(); w++)
        if (!c->workloads || wb_listed(c->workloads, w->name)) rc = of_workload(c, w, r);
    return rc;
}

/* ---- the call ------------------------------------------------------------------------------------------- */

static int report(const struct call *c, const struct wb_ratios *r) {
    bool (*const print[])(const struct wb_ratios *, FILE *) = { wb_ratios_table, wb_ratios_csv,
                                                                wb_ratios_json };
    bool fine = print[c->format](r, stdout) && fflush(stdout) == 0;
    if (c->out && wb_files_check(c->out, "ratios.csv"))
        fine = wb_ratios_write(r, c->out) && fine;
    else if (c->out)
        fine = false;
    return fine && !(c->strict && wb_ratios_missed(r) > 0) ? 0 : 1;
}

int wb_ratios_main(int argc, char **argv) {
    struct call c = { .from_file = strcmp(argv[0], "cache-trace") == 0,
                      .threads = 8,
                      .keys = 50000 };
    struct wb_ratios r = { NULL, 0, false };
    if (!c.from_file) (void)capacities(&c, "0.1%,1%,10%");
    int rc = parse(&c, argc, argv);
    if (rc != 0) return rc == 1 ? 0 : rc;
    wb_catch_interrupt(false);
    rc = c.from_file ? of_file(&c, &r) : of_workloads(&c, &r);
    if (wb_interrupted())
        (void)fprintf(stderr,
                      r.n ? "weir-bench: interrupted: what follows is incomplete\n"
                          : "weir-bench: interrupted before anything was measured: nothing is "
                            "written; fewer --requests take less time\n");
    if (rc == 0 && r.n > 0) rc = report(&c, &r);
    wb_ratios_free(&r);
    return rc == 0 ? wb_interrupt_status() : rc;
}
