/* SPDX-License-Identifier: MIT */
/* stress/explore/explore.c - the program: which scenarios, and how long. */
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "run.h"

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig) {
    (void)sig;
    interrupted = 1;
}

static double seconds_now(void) {
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* ---- one scenario under one memory model -------------------------------------------------------------------- */

struct outcome {
    uint64_t executions, choices_most, steps_most;
    double seconds;
    bool failed, exhausted;
    char levels[160]; /* executions for each bound of dfs */
};

static void configure(const struct ex_run *r, const struct ex_memory *mem) {
    E.sc = r->sc;
    E.strategy = r->s.strategy;
    E.mem = mem;
    E.budget = r->s.budget;
    if (mem == &ex_sc) E.budget.flushes = 0;
    E.seed = r->s.seed;
    E.max_steps = r->s.steps;
    E.cpus = r->s.cpus;
    E.membarrier = r->s.membarrier != 0;
    E.depth = r->s.depth;
    E.races = r->s.races && mem == &ex_sc;
    E.executions = E.all_steps = 0;
}

static void budgets(char *text, size_t n) {
    size_t k = 0;
    text[0] = '\0';
#define XX(name, words)              \
    if (E.budget.name != 0 && k < n) \
        k += (size_t)snprintf(text + k, n - k, "%s%s=%d", k ? " " : "", #name, E.budget.name);
    EX_BUDGETS(XX)
#undef XX
}

static void progress(const struct ex_run *r, double since) {
    static double shown;
    double now = seconds_now();
    if (!isatty(STDERR_FILENO) || now - shown < 0.5) return;
    shown = now;
    (void)fprintf(stderr, "\r%s %s: %" PRIu64 " executions, %.0f s", r->sc->name, E.mem->name,
                  E.executions, now - since);
    if (r->s.seconds > 0) (void)fprintf(stderr, ", %.0f s left", r->s.seconds - (now - since));
    (void)fprintf(stderr, "   \r");
}

static void level(struct outcome *o, int bound, uint64_t executions) {
    size_t k = strlen(o->levels);
    (void)snprintf(o->levels + k, sizeof o->levels - k, "%s%d: %" PRIu64, k ? ", " : "", bound,
                   executions);
}

/* Until a failure, the last schedule or a limit. */
static void search(const struct ex_run *r, struct outcome *o) {
    double start = seconds_now();
    uint64_t before = 0;
    int bound = 0;
    E.strategy->start();
    for (uint64_t i = 1;; i++) {
        E.rng = E.seed * UINT64_C(0x9E3779B97F4A7C15) + i;
        ex_execute();
        if (E.nrec > o->choices_most) o->choices_most = E.nrec;
        if (E.steps > o->steps_most) o->steps_most = E.steps;
        o->failed = E.failure != EX_F_NONE;
        if (o->failed) break;
        int was = E.begun.preemptions;
        o->exhausted = !E.strategy->next();
        if (E.strategy == &ex_dfs && (o->exhausted || E.nprefix == 0)) {
            bound = was;
            level(o, bound, i - before);
            before = i;
        }
        if (o->exhausted || interrupted || (r->s.executions && i >= r->s.executions)) break;
        if (i % 64 != 0) continue;
        if (r->s.seconds > 0 && seconds_now() - start >= r->s.seconds) break;
        if (i % 4096 == 0) progress(r, start);
    }
    if (E.strategy == &ex_dfs && !o->exhausted)
        level(o, E.begun.preemptions, E.executions - before);
    o->executions = E.executions;
    o->seconds = seconds_now() - start;
}

static void print_line(const struct ex_run *r, const struct outcome *o) {
    char b[200];
    budgets(b, sizeof b);
    (void)printf("%-34s %-5s %-6s %s %" PRIu64
                 " executions%s%s%s in %.2f s (%.0f/s), at most %" PRIu64 " steps; %s\n",
                 r->sc->name, E.mem->name, E.strategy->name,
                 o->failed      ? "FAILED after"
                 : o->exhausted ? "all"
                                : "stopped after",
                 o->executions, o->levels[0] ? " (" : "", o->levels, o->levels[0] ? ")" : "",
                 o->seconds, o->seconds > 0 ? (double)o->executions / o->seconds : 0, o->steps_most,
                 b);
    (void)fflush(stdout);
}

/* ---- all that was asked for ------------------------------------------------------------------------------------------ */

static bool wanted(const struct ex_command *c, const struct weir_model_scenario *sc) {
    return cm_wanted(&c->line, sc->name, c->all || !(sc->flags & WEIR_MODEL_BAD));
}

static int usage_error(const char *why) {
    (void)fprintf(stderr, "weir-stress: %s\n", why);
    return 2;
}

static int list(const struct weir_model_scenario *const *sc, size_t n) {
    for (size_t i = 0; i < n; i++)
        (void)printf("%-34s %u threads%s  %s\n", sc[i]->name, sc[i]->threads,
                     sc[i]->flags & WEIR_MODEL_BAD ? ", fails" : "", sc[i]->about);
    return 0;
}

/* Explores one scenario. Returns the exit status. */
static int explore(struct ex_run *r, uint64_t *executions) {
    char why[300];
    int status = 0;
    if (ex_weaken(r->s.weaken, why, sizeof why) < 0) return usage_error(why);
    ex_on_death_of(r);
    for (unsigned m = 0; m < r->s.nmemory && !interrupted; m++) {
        struct outcome o = { 0 };
        configure(r, r->s.memory[m]);
        if (!ex_fingerprint(&r->version))
            (void)printf(
                "%s: two executions of the default schedule differ: something outside of the "
                "seams enters\n",
                r->sc->name);
        configure(r, r->s.memory[m]);
        search(r, &o);
        print_line(r, &o);
        *executions += o.executions;
        if (o.failed) ex_report(r, o.executions);
        if (o.failed && r->command->first) return 1;
        if (o.failed || (r->command->must_exhaust && !o.exhausted)) status = 1;
    }
    return status;
}

static int explore_all(const struct ex_command *c, const struct weir_model_scenario *const *sc,
                       size_t n) {
    char why[300];
    int status = 0;
    unsigned count = 0, failed = 0;
    uint64_t executions = 0;
    struct ex_run r = { .command = c };
    if (ex_settings_make(&r.s, c, NULL, why, sizeof why) < 0) return usage_error(why);
    if (ex_weaken(r.s.weaken, why, sizeof why) < 0) return usage_error(why);
    uint64_t seed = r.s.seed;
    (void)printf("seed %" PRIu64 "\n", seed);
    for (size_t i = 0; i < n && !interrupted && !(failed && c->first); i++) {
        if (!wanted(c, sc[i])) continue;
        r.sc = sc[i];
        if (ex_settings_make(&r.s, c, sc[i], why, sizeof why) < 0) return usage_error(why);
        r.s.seed = seed;
        int rc = explore(&r, &executions);
        if (rc == 2) return 2;
        count++;
        failed += rc != 0;
        if (rc) status = 1;
    }
    (void)printf("%u scenarios, %" PRIu64 " executions, %u failed%s\n", count, executions, failed,
                 interrupted ? ", interrupted" : "");
    return status;
}

static const char *name_of(const void *arg, size_t i) {
    const struct weir_model_scenario *const *sc = arg;
    return sc[i]->name;
}

/* ---- replay -------------------------------------------------------------------------------------------------------------- */

static int replay(const struct ex_command *c, const struct weir_model_scenario *const *sc,
                  size_t n) {
    char why[500];
    struct ex_replay f = { 0 };
    struct ex_run r = { .command = c };
    if (ex_replay_read(c->replay, &f, ex_saved, why, sizeof why) < 0) return usage_error(why);
    for (size_t i = 0; i < n; i++)
        if (strcmp(sc[i]->name, f.scenario) == 0) r.sc = sc[i];
    const struct ex_memory *mem = ex_memory_named(f.memory);
    if (!r.sc || !mem) {
        (void)snprintf(why, sizeof why, "%s: unknown %s %s", c->replay,
                       r.sc ? "memory model" : "scenario", r.sc ? f.memory : f.scenario);
        return usage_error(why);
    }
    if (ex_settings_make(&r.s, c, r.sc, why, sizeof why) < 0) return usage_error(why);
    if (ex_weaken(f.weaken, why, sizeof why) < 0) return usage_error(why);
    r.s.budget = f.budget;
    r.s.steps = f.steps;
    r.s.cpus = f.cpus;
    r.s.membarrier = f.membarrier;
    r.s.races = f.races;
    r.s.seed = f.seed;
    configure(&r, mem);
    E.budget = f.budget;
    if (!ex_fits(&r, &f, why, sizeof why)) return usage_error(why);
    (void)printf("seed %" PRIu64 ", execution %" PRIu64 " of %s, found by %s\n", f.seed,
                 f.execution, f.scenario, f.strategy);
    if (!E.failure) {
        (void)printf("this schedule does not fail\n");
        return 0;
    }
    ex_report_print(stdout, NULL);
    return 1;
}

int weir_model_main(int argc, char **argv, const struct weir_model_scenario *const *scenarios,
                    size_t n) {
    static struct ex_command c;
    char why[300];
    ex_program_name = argc > 0 ? argv[0] : "explore";
    if (ex_command_parse(&c, argc, argv, why, sizeof why) < 0) return usage_error(why);
    if (c.help) {
        ex_usage(stdout);
        return 0;
    }
    if (c.list) return list(scenarios, n);
    const char *unknown = cm_unknown(&c.line, name_of, scenarios, n);
    if (unknown) {
        (void)snprintf(why, sizeof why, "unknown scenario %s; --list names them", unknown);
        return usage_error(why);
    }
    ex_init();
    (void)signal(SIGINT, on_interrupt);
    return c.replay ? replay(&c, scenarios, n) : explore_all(&c, scenarios, n);
}
