/* SPDX-License-Identifier: MIT */
/* stress/run/command.c - the command line, and the runs that follow from it.
 *
 * Without keys each scenario runs with 2 threads and with 1, 4 and 8 for each processor, and with each number
 * in the rows of `usual`. A key that is given takes the place of its column; equal rows run once. */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"
#include "script.h"

const char *const sr_delay_names[] = { "off", "random", "victim", "script", NULL };
const char *const sr_place_names[] = { "spread", "one", NULL };
const char *const sr_storm_names[] = { "off", "stop", "signal", "both", NULL };

static const struct sr_row usual[] = {
    { 0, SR_RANDOM, SR_SPREAD, SR_CALM },    { 0, SR_OFF, SR_SPREAD, SR_CALM },
    { 0, SR_VICTIM, SR_SPREAD, SR_CALM },    { 0, SR_OFF, SR_ONE, SR_CALM },
    { 0, SR_RANDOM, SR_ONE, SR_CALM },       { 0, SR_RANDOM, SR_SPREAD, SR_STOPS },
    { 0, SR_RANDOM, SR_SPREAD, SR_SIGNALS }, { 0, SR_VICTIM, SR_ONE, SR_BOTH },
};
static const struct sr_row quick[] = {
    { 0, SR_RANDOM, SR_SPREAD, SR_CALM },
    { 0, SR_OFF, SR_ONE, SR_CALM },
    { 0, SR_VICTIM, SR_SPREAD, SR_BOTH },
};
static const struct sr_row one_row[] = { { 0, SR_SCRIPTED, SR_SPREAD, SR_CALM } };
static const struct sr_threads usual_threads[] = {
    { 2, false }, { 1, true }, { 4, true }, { 8, true }
};
static const struct sr_threads quick_threads[] = { { 2, false }, { 4, true } };

void sr_usage(FILE *to) {
    (void)fprintf(
        to,
        "usage: run [SCENARIO...] [KEY=VALUE...] [--list]\n"
        "Runs scenarios (names or patterns; all, if none is given) on real threads under stress, each run in a\n"
        "process of its own. Exit 0: nothing found, 1: a failure, 2: usage, 77: nothing could run here.\n"
        "  --list            name the scenarios\n"
        "  --all             patterns match those, too, that fail on purpose\n"
        "  --first           end after the first failure\n"
        "  --out DIR         where failures go, a folder each (weir-failures)\n"
        "  --quick, quick    few and short runs\n"
        "  --points          how often each point was passed\n"
        "  --quiet           failures and the sum only\n"
        "keys, as KEY=VALUE or --KEY VALUE; those marked * take several values, parted by commas:\n"
        "  seconds           of each run (1; quick: 0.2; soak: 10)\n"
        "  threads *         a number, or 4x: four for each processor (2,1x,4x,8x)\n"
        "  delay *           at the points: off, random, victim\n"
        "  place *           spread over all processors, or one\n"
        "  storm *           off, stop (SIGSTOP, SIGCONT), signal, both\n"
        "  seed              printed first, else taken from the clock\n"
        "  times             repeats each run, with the same seed (1)\n"
        "  ops               at most so many operations of each thread\n"
        "  script            'THREAD@POINT until THREAD@POINT[; ...]': a thread that stops at a point until\n"
        "                    another passes one (after: or has passed it). POINT#N: the N-th time; THREAD *: any\n"
        "  weaken            LABEL:STEP of the library under test\n"
        "  soak              for so long (90s, 10m, 2h): random scenarios, threads, modes and seeds\n"
        "  watchdog          seconds without progress until it looks closer (5)\n"
        "  limit             seconds without progress that no machine needs (60)\n"
        "  memory            MiB that a run may use (4096; 0: any number)\n");
}

/* ---- values ---------------------------------------------------------------------------------------------- */

static int index_of(const char *const *names, const char *v) {
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], v) == 0) return i;
    return -1;
}

static bool add_threads(void *arg, const char *v) {
    struct sr_command *c = arg;
    char *end;
    unsigned long n = strtoul(v, &end, 10);
    bool each = *end == 'x';
    if (end == v || end[each] || n < 1 || n > WEIR_STRESS_THREADS || c->nthreads == SR_LIST)
        return false;
    c->threads[c->nthreads++] = (struct sr_threads){ (unsigned)n, each };
    return true;
}

static bool add_delay(void *arg, const char *v) {
    struct sr_command *c = arg;
    int i = index_of(sr_delay_names, v);
    if (i < 0 || i == SR_SCRIPTED || c->ndelay == SR_LIST) return false;
    c->delay[c->ndelay++] = (enum sr_delay)i;
    return true;
}

static bool add_place(void *arg, const char *v) {
    struct sr_command *c = arg;
    int i = index_of(sr_place_names, v);
    if (i < 0 || c->nplace == SR_LIST) return false;
    c->place[c->nplace++] = (enum sr_place)i;
    return true;
}

static bool add_storm(void *arg, const char *v) {
    struct sr_command *c = arg;
    int i = index_of(sr_storm_names, v);
    if (i < 0 || c->nstorm == SR_LIST) return false;
    c->storm[c->nstorm++] = (enum sr_storm)i;
    return true;
}

static bool text(char *to, size_t n, const char *v) {
    return *v && (size_t)snprintf(to, n, "%s", v) < n;
}

static bool count(unsigned *to, const char *v) {
    long long x;
    return cm_number(v, 1, 1000000, &x) && (*to = (unsigned)x, true);
}

static bool mebibytes(uint64_t *to, const char *v) {
    long long x;
    return cm_number(v, 0, 1 << 24, &x) && (*to = (uint64_t)x << 20, true);
}

static bool positive(double *to, const char *v) { return cm_seconds(v, to) && *to > 0; }

static bool set(struct sr_command *c, const char *key, const char *v, bool *known) {
    struct sr_settings *s = &c->set;
    *known = true;
    if (strcmp(key, "threads") == 0) return c->nthreads = 0, cm_each(v, ",", add_threads, c);
    if (strcmp(key, "delay") == 0) return c->ndelay = 0, cm_each(v, ",", add_delay, c);
    if (strcmp(key, "place") == 0) return c->nplace = 0, cm_each(v, ",", add_place, c);
    if (strcmp(key, "storm") == 0) return c->nstorm = 0, cm_each(v, ",", add_storm, c);
    if (strcmp(key, "seconds") == 0) return positive(&s->seconds, v) && (c->seconds_given = true);
    if (strcmp(key, "seed") == 0) return cm_unsigned(v, &s->seed);
    if (strcmp(key, "times") == 0) return count(&c->times, v);
    if (strcmp(key, "ops") == 0) return cm_unsigned(v, &s->ops);
    if (strcmp(key, "script") == 0) return text(s->script, sizeof s->script, v);
    if (strcmp(key, "weaken") == 0) return text(s->weaken, sizeof s->weaken, v);
    if (strcmp(key, "soak") == 0) return positive(&c->soak, v);
    if (strcmp(key, "watchdog") == 0) return positive(&s->watchdog, v);
    if (strcmp(key, "limit") == 0) return positive(&s->limit, v);
    if (strcmp(key, "memory") == 0) return mebibytes(&s->memory, v);
    if (strcmp(key, "out") == 0) return *(c->out = v) != '\0';
    *known = false;
    return false;
}

/* Of the library under test, if one is linked. */
#pragma weak weir_weaken

static int try_weaken(const char *what, char *why, size_t n) {
    int rc = WEIR_ENOTSUP;
    if (!*what) return 0;
    if (weir_weaken) {
        rc = weir_weaken(what);
        (void)weir_weaken(NULL); /* the runs do it, each for itself */
    }
    if (rc == 0) return 0;
    (void)snprintf(why, n, "weaken=%s: %s", what,
                   rc == WEIR_ENOENT   ? "no such label"
                   : rc == WEIR_EINVAL ? "use LABEL:STEP, where STEP (sc, acquire, release; check) "
                                         "is one that it has"
                                       : "no library that can be weakened is linked");
    return -1;
}

static int try_script(const struct sr_command *c, char *why, size_t n) {
    struct sr_script script;
    unsigned most = 0;
    for (unsigned i = 0; i < c->nthreads; i++)
        if (!c->threads[i].each && c->threads[i].n > most) most = c->threads[i].n;
    return *c->set.script ? sr_script_parse(&script, c->set.script, most, why, n) : 0;
}

int sr_command_parse(struct sr_command *c, int argc, char **argv, char *why, size_t n) {
    *c = (struct sr_command){ .out = "weir-failures", .times = 1 };
    const struct cm_flag flags[] = {
        { "--list", &c->list }, { "--help", &c->help },   { "-h", &c->help },
        { "--all", &c->all },   { "--first", &c->first }, { "--quick", &c->quick },
        { "quick", &c->quick }, { "--quiet", &c->quiet }, { "--points", &c->points },
        { NULL, NULL },
    };
    const struct cm_text texts[] = { { "--out", &c->out }, { NULL, NULL } };
    c->set = (struct sr_settings){
        .seed = cm_seed(), .seconds = 1, .watchdog = 5, .limit = 60, .memory = UINT64_C(4096) << 20
    };
    if (cm_parse(&c->line, argc, argv, flags, texts, why, n) < 0) return -1;
    for (unsigned i = 0; i < c->line.npairs; i++) {
        const struct cm_pair *p = &c->line.pair[i];
        bool known;
        if (!set(c, p->key, p->value, &known)) return cm_refuse(p->key, p->value, known, why, n);
    }
    if (!c->seconds_given && c->quick) c->set.seconds = 0.2;
    if (!c->seconds_given && c->soak > 0) c->set.seconds = c->soak < 10 ? c->soak : 10;
    if (*c->set.script && c->ndelay) {
        (void)snprintf(why, n, "script and delay exclude each other");
        return -1;
    }
    if (try_script(c, why, n) < 0) return -1;
    return try_weaken(c->set.weaken, why, n);
}

/* ---- the runs of a scenario -------------------------------------------------------------------------------- */

unsigned sr_cpus(void) {
    cpu_set_t may;
    if (sched_getaffinity(0, sizeof may, &may) != 0) return 1;
    int n = CPU_COUNT(&may);
    return n > 0 ? (unsigned)n : 1;
}

static void add_row(struct sr_row *row, unsigned *n, struct sr_row r) {
    for (unsigned i = 0; i < *n; i++)
        if (row[i].threads == r.threads && row[i].delay == r.delay && row[i].place == r.place &&
            row[i].storm == r.storm)
            return;
    if (*n < SR_ROWS) row[(*n)++] = r;
}

/* Each given value of each key in the row's place. */
static void add_rows(const struct sr_command *c, struct sr_row *row, unsigned *n, struct sr_row r) {
    struct sr_row x = r;
    for (unsigned d = 0; d < (c->ndelay ? c->ndelay : 1); d++)
        for (unsigned p = 0; p < (c->nplace ? c->nplace : 1); p++)
            for (unsigned s = 0; s < (c->nstorm ? c->nstorm : 1); s++) {
                if (c->ndelay) x.delay = c->delay[d];
                if (c->nplace) x.place = c->place[p];
                if (c->nstorm) x.storm = c->storm[s];
                add_row(row, n, x);
            }
}

/* How many threads, within what the scenario takes; 0: it was asked for by number and does not fit. */
static unsigned threads_of(const struct weir_stress_scenario *sc, struct sr_threads t, bool asked) {
    unsigned least = sc->min_threads ? sc->min_threads : 1;
    unsigned most = sc->max_threads ? sc->max_threads : WEIR_STRESS_THREADS;
    unsigned n = t.each ? t.n * sr_cpus() : t.n;
    if (n > WEIR_STRESS_THREADS) n = WEIR_STRESS_THREADS;
    if (asked && !t.each && (n < least || n > most)) return 0;
    return n < least ? least : n > most ? most : n;
}

unsigned sr_plan(const struct sr_command *c, const struct weir_stress_scenario *sc,
                 struct sr_row row[SR_ROWS], char *why, size_t n) {
    bool scripted = *c->set.script, asked = c->nthreads > 0;
    const struct sr_row *base = scripted ? one_row : c->quick ? quick : usual;
    size_t nbase = scripted   ? 1
                   : c->quick ? sizeof quick / sizeof *quick
                              : sizeof usual / sizeof *usual;
    const struct sr_threads *t = asked                  ? c->threads
                                 : c->quick || scripted ? quick_threads
                                                        : usual_threads;
    unsigned nt = asked ? c->nthreads : scripted ? 1 : c->quick ? 2 : 4, rows = 0;
    for (unsigned i = 0; i < nt; i++) {
        unsigned threads = threads_of(sc, t[i], asked);
        for (size_t k = 0; threads && k < nbase; k++) {
            struct sr_row r = base[k];
            r.threads = threads;
            add_rows(c, row, &rows, r);
        }
    }
    if (rows == 0)
        (void)snprintf(why, n, "it takes %u to %u threads", sc->min_threads ? sc->min_threads : 1,
                       sc->max_threads ? sc->max_threads : WEIR_STRESS_THREADS);
    return rows;
}
