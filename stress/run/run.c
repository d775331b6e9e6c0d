/* SPDX-License-Identifier: MIT */
/* stress/run/run.c - the program: every run that was asked for, what it prints, its exit status. */
#include "run.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "coverage.h"
#include "inside.h"

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig) {
    (void)sig;
    interrupted = 1;
}
static int was_interrupted(void) { return interrupted; }

static struct {
    const char *program;
    struct sr_command c;
    const struct weir_stress_scenario *const *sc;
    size_t nsc;
    unsigned planned, done, runs, failed, skipped, scenarios;
    double start, eta;
    bool terminal, tell; /* tell: a line for each run */
    const struct weir_stress_scenario *now;
    const struct sr_settings *set;
} P;

static double seconds_now(void) {
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

bool sr_sanitized(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#elif defined(__has_feature)
    return __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
    return false;
#endif
}

/* ---- what is printed ------------------------------------------------------------------------------------ */

static void progress(double seconds) {
    static double shown;
    double now = seconds_now();
    if (!P.terminal || now - shown < 0.5) return;
    shown = now;
    double left = P.c.soak > 0 ? P.start + P.c.soak - now
                               : (P.planned - P.done) * (P.set->seconds + 0.1) - seconds;
    (void)fprintf(stderr, "\r\033[K%u", P.done + 1);
    if (P.c.soak <= 0) (void)fprintf(stderr, "/%u", P.planned);
    (void)fprintf(stderr, " %s threads=%u delay=%s place=%s storm=%s: %.0f s, about %.0f s left",
                  P.now->name, P.set->threads, sr_delay_names[P.set->delay],
                  sr_place_names[P.set->place], sr_storm_names[P.set->storm], seconds,
                  left > 0 ? left : 0);
}

static void clear_progress(void) {
    if (P.terminal) (void)fprintf(stderr, "\r\033[K");
}

static void print_run(const struct sr_shared *s, const struct sr_outcome *o) {
    const struct sr_settings *set = &s->settings;
    (void)printf("%-26s threads=%-3u delay=%-6s place=%-6s storm=%-6s seed=%-9" PRIu64
                 "  %s, %.2f s, %" PRIu64 " operations",
                 set->scenario, set->threads, sr_delay_names[set->delay],
                 sr_place_names[set->place], sr_storm_names[set->storm], set->seed,
                 sr_kind_name(o->kind), o->seconds, o->ops);
    for (unsigned i = 0; i < s->ncounts; i++)
        (void)printf(", %s=%" PRIu64, s->count[i].name, s->count[i].n);
    if (P.c.soak > 0 && o->memory.n > 0)
        (void)printf(", rss %.1f to %.1f MiB", (double)o->memory.kib[0] / 1024,
                     (double)o->memory.kib[o->memory.n - 1] / 1024);
    if (o->kind == SR_SKIPPED) (void)printf(": %s", o->text);
    (void)printf("\n");
}

/* ---- one run ---------------------------------------------------------------------------------------------- */

static void judge_memory(struct sr_outcome *o, const struct sr_settings *set) {
    char why[200];
    if (o->kind != SR_PASSED || sr_sanitized() || P.now->flags & WEIR_STRESS_GROWS) return;
    if (!sr_memory_grows(&o->memory, set->seconds, why, sizeof why)) return;
    o->kind = SR_MEMORY;
    (void)snprintf(o->text, sizeof o->text, "%s", why);
}

static void told(const struct sr_shared *s, struct sr_outcome *o) {
    clear_progress();
    P.runs++;
    P.skipped += o->kind == SR_SKIPPED;
    bool failed = o->kind > SR_SKIPPED && o->kind != SR_INTERRUPTED;
    P.failed += failed;
    if (P.tell || (o->kind == SR_SKIPPED && !P.c.quiet)) print_run(s, o);
    if (*s->settings.script && o->kind != SR_SKIPPED) sr_print_steps(stdout, s);
    if (failed) sr_report(P.program, P.c.out, s, o);
    (void)fflush(stdout);
}

static bool run_once(const struct sr_settings *set) {
    struct sr_outcome o = { .kind = SR_PASSED, .output = -1, .stacks = -1 };
    int fd;
    struct sr_shared *s = sr_block(set, &fd);
    if (!s) {
        perror("weir-stress: memory");
        exit(1);
    }
    P.set = set;
    pid_t pid = sr_launch(set, fd, &o.output);
    if (pid < 0) {
        perror("weir-stress: fork");
        exit(1);
    }
    sr_watch(s, pid, &o, progress);
    judge_memory(&o, set);
    told(s, &o);
    if (weir_load_relaxed(&s->phase) == SR_ENDED && o.kind != SR_SKIPPED)
        sr_coverage_add(s, P.now->points); /* the counts of a run that was killed are lost */
    sr_land(s, fd, &o);
    return o.kind <= SR_SKIPPED;
}

static bool ended(void) { return interrupted || (P.failed && P.c.first); }

static struct sr_settings settings_of(const struct sr_row *r, uint64_t seed) {
    struct sr_settings set = P.c.set;
    (void)snprintf(set.scenario, sizeof set.scenario, "%s", P.now->name);
    set.threads = r->threads;
    set.delay = r->delay;
    set.place = r->place;
    set.storm = r->storm;
    set.seed = seed;
    set.stacks = sr_has_debugger();
    return set;
}

/* ---- all that was asked for ---------------------------------------------------------------------------------- */

static bool wanted(const struct weir_stress_scenario *sc) {
    return cm_wanted(&P.c.line, sc->name, P.c.all || !(sc->flags & WEIR_STRESS_BAD));
}

/* The first run has the seed that was printed, so that one run repeats by it. */
static uint64_t seed_of(unsigned i) {
    return i == 0 ? P.c.set.seed : sr_mix(P.c.set.seed + i) % 1000000000;
}

static void run_scenario(const struct weir_stress_scenario *sc) {
    static struct sr_row row[SR_ROWS];
    char why[100];
    unsigned failed = P.failed, skipped = P.skipped, runs = P.runs;
    P.now = sc;
    unsigned n = sr_plan(&P.c, sc, row, why, sizeof why);
    if (n == 0) {
        (void)printf("%-26s skipped: %s\n", sc->name, why);
        P.skipped++;
        P.runs++;
        return;
    }
    P.scenarios++;
    for (unsigned i = 0; i < n && !ended(); i++)
        for (unsigned k = 0; k < P.c.times && !ended(); k++) {
            struct sr_settings set = settings_of(&row[i], seed_of(i));
            (void)run_once(&set);
            P.done++;
        }
    if (!P.tell && !P.c.quiet)
        (void)printf("%-26s %u runs, %u failed, %u skipped\n", sc->name, P.runs - runs,
                     P.failed - failed, P.skipped - skipped);
}

static void run_all(void) {
    static struct sr_row row[SR_ROWS];
    char why[100];
    for (size_t i = 0; i < P.nsc; i++)
        if (wanted(P.sc[i])) P.planned += P.c.times * sr_plan(&P.c, P.sc[i], row, why, sizeof why);
    for (size_t i = 0; i < P.nsc && !ended(); i++)
        if (wanted(P.sc[i])) run_scenario(P.sc[i]);
}

static void soak(void) {
    static struct sr_row row[SR_ROWS];
    char why[100];
    size_t may = 0;
    uint64_t random = P.c.set.seed;
    for (size_t i = 0; i < P.nsc; i++) may += wanted(P.sc[i]);
    while (may > 0 && !interrupted && P.failed == 0 && seconds_now() - P.start < P.c.soak) {
        random = sr_mix(random);
        size_t which = random % may, i = 0;
        for (;; i++)
            if (wanted(P.sc[i]) && which-- == 0) break;
        P.now = P.sc[i];
        unsigned n = sr_plan(&P.c, P.now, row, why, sizeof why);
        if (n == 0) {
            (void)printf("%-26s skipped: %s\n", P.now->name, why);
            break;
        }
        random = sr_mix(random);
        struct sr_settings set = settings_of(&row[random % n], (random >> 20) % 1000000000);
        double left = P.start + P.c.soak - seconds_now();
        if (set.seconds > left && left > 0.1) set.seconds = left;
        (void)run_once(&set);
        P.done++;
    }
}

/* ---- the program ----------------------------------------------------------------------------------------------- */

static int usage_error(const char *why) {
    (void)fprintf(stderr, "weir-stress: %s\n", why);
    return 2;
}

static int list(void) {
    for (size_t i = 0; i < P.nsc; i++) {
        const struct weir_stress_scenario *sc = P.sc[i];
        (void)printf("%-26s %s%s\n", sc->name, sc->about,
                     sc->flags & WEIR_STRESS_BAD ? " (fails)" : "");
    }
    return 0;
}

static const char *name_of(const void *arg, size_t i) {
    const struct weir_stress_scenario *const *sc = arg;
    return sc[i]->name;
}

static int status(void) {
    if (P.failed) return 1;
    return P.runs == P.skipped && !interrupted ? 77 : 0;
}

static int run(const char *const *points) {
    P.start = seconds_now();
    P.terminal = isatty(STDOUT_FILENO) && isatty(STDERR_FILENO) && !P.c.quiet;
    P.tell = (!P.terminal || P.c.soak > 0) && !P.c.quiet;
    (void)printf("seed %" PRIu64 "\n", P.c.set.seed);
    (void)fflush(stdout);
    sr_interrupted = was_interrupted;
    struct sigaction sa = { .sa_handler = on_interrupt };
    (void)sigaction(SIGINT, &sa, NULL);
    (void)sigaction(SIGTERM, &sa, NULL);
    if (P.c.soak > 0)
        soak();
    else
        run_all();
    clear_progress();
    if (!P.c.quiet) sr_coverage_print(stdout, points, P.c.points);
    (void)printf("%u runs in %.0f s, %u failed, %u skipped%s\n", P.runs, seconds_now() - P.start,
                 P.failed, P.skipped, interrupted ? ", interrupted" : "");
    return status();
}

int sr_main(int argc, char **argv, const struct weir_stress_scenario *const *scenarios, size_t n,
            const char *const *points) {
    char why[SR_SCRIPT + 200];
    const char *child = getenv(SR_CHILD);
    long long fd;
    if (child && cm_number(child, 3, 1 << 20, &fd)) {
        (void)unsetenv(SR_CHILD);
        sr_child((int)fd, scenarios, n);
    }
    P.program = argc > 0 ? argv[0] : "run";
    P.sc = scenarios;
    P.nsc = n;
    if (sr_command_parse(&P.c, argc, argv, why, sizeof why) < 0) return usage_error(why);
    if (P.c.help) {
        sr_usage(stdout);
        return 0;
    }
    if (P.c.list) return list();
    const char *unknown = cm_unknown(&P.c.line, name_of, scenarios, n);
    if (unknown) {
        (void)snprintf(why, sizeof why, "unknown scenario %s; --list names them", unknown);
        return usage_error(why);
    }
    sr_launch_init(argv);
    return run(points);
}

int weir_stress_main(int argc, char **argv, const struct weir_stress_scenario *const *scenarios,
                     size_t n) {
    return sr_main(argc, argv, scenarios, n, NULL);
}
