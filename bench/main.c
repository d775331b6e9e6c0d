/* SPDX-License-Identifier: MIT */
/* bench/main.c - weir-bench: reads the command line, makes the plan, measures it, and reports. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "away.h"
#include "files.h"
#include "gbench.h"
#include "interrupt.h"
#include "measure.h"
#include "options.h"
#include "progress.h"
#include "ratios.h"
#include "report.h"
#include "rounds.h"
#include "team.h"

/* ---- lists ----------------------------------------------------------------------------------- */

static void print_length(FILE *f, const struct wb_plan *plan) {
    double s = wb_plan_estimate(plan);
    (void)fprintf(f, "%u items, %u rounds of %.3g s each: about %d min %02d s\n", plan->n_items,
                  plan->rounds, plan->seconds, (int)s / 60, (int)s % 60);
}

static void list_items(const struct wb_plan *plan) {
    for (unsigned i = 0; i < plan->n_items; i++) (void)puts(plan->items[i].name);
    print_length(stderr, plan);
}

static void list_rivals(void) {
    for (const struct wb_ring *const *r = wb_rings; *r; r++)
        (void)printf("%-5s %-20s %-28s %s\n", (*r)->structure, (*r)->name,
                     (*r)->package ? (*r)->package : "weir's own", (*r)->note ? (*r)->note : "");
    for (const struct wb_missing *m = wb_missing; m->name; m++)
        (void)printf("%-5s %-20s missing: apt-get install %s, then build again\n", "-", m->name,
                     m->package);
}

/* ---- a run ----------------------------------------------------------------------------------- */

static void print(const struct wb_report *r) {
    const struct wb_options *o = r->plan->opt;
    if (o->format == WB_JSON || o->benchmark_display) return; /* Google Benchmark has printed */
    if (o->format == WB_CSV)
        (void)wb_write_cases(r, stdout);
    else if (strcmp(o->suite->name, "try") == 0)
        wb_print_try(r, stdout);
    else
        wb_print_table(r, stdout);
}

/* A run that was cut short says so, and where nothing was measured there is nothing to print or to write. */
static bool say_interrupted(const struct wb_plan *plan, const char *out) {
    unsigned done = wb_rounds_taken(plan), all = plan->n_items * plan->rounds;
    if (done > 0)
        (void)fprintf(
            stderr,
            "weir-bench: interrupted after %u of %u measurements: what follows%s is incomplete, and "
            "marked so\n",
            done, all, out ? ", and what is written," : "");
    else
        (void)fprintf(stderr,
                      "weir-bench: interrupted before anything was measured%s; call it again, with "
                      "--filter or fewer --rounds if it takes too long\n",
                      out ? ": nothing is written" : "");
    return done > 0;
}

static bool any_failed(const struct wb_plan *plan) {
    for (unsigned i = 0; i < plan->n_items; i++)
        if (plan->items[i].status == WB_FAILED) return true;
    return false;
}

static int report(const struct wb_plan *plan, const struct wb_env *env, const char *out) {
    const struct wb_options *o = plan->opt;
    struct wb_bars bars;
    struct wb_result *results = wb_results(plan);
    int rc = wb_bars_judge(&bars, o->bars_file, plan);
    struct wb_report r = { plan, results, &bars, env };
    print(&r);
    if (fflush(stdout) != 0) rc = 1;
    if (out && !wb_files_write(&r, out)) rc = 1;
    if (any_failed(plan) || (o->bars_strict && bars.missed > 0)) rc = 1;
    wb_bars_free(&bars);
    free(results);
    return rc;
}

/* Where raw.json goes; NULL: nowhere. */
static const char *raw_path(char *path, size_t n, const struct wb_options *o, const char *out) {
    if (!out || !wb_files_path(path, n, out, "raw.json")) return NULL;
    if (!wb_gbench_version())
        (void)fprintf(stderr,
                      "weir-bench: %s is not written: install libbenchmark-dev and build again\n",
                      path);
    else if (o->benchmark_out)
        (void)fprintf(stderr, "weir-bench: %s is not written: --benchmark_out takes its place\n",
                      path);
    else
        return path;
    return NULL;
}

static int run(struct wb_plan *plan) {
    const struct wb_options *o = plan->opt;
    struct wb_env env;
    char path[4096];
    const char *out = o->out && wb_files_check(o->out, "cases.csv") ? o->out : NULL;
    const char *raw = raw_path(path, sizeof path, o, out);
    bool tells = o->records < 0 && !o->benchmark_lists;
    wb_catch_interrupt(o->records >= 0);
    wb_env_begin(&env, plan);
    if (tells) {
        (void)fprintf(stderr, "weir-bench: suite %s, seed %llu: ", o->suite->name,
                      (unsigned long long)o->seed);
        print_length(stderr, plan);
        wb_progress_begin(wb_plan_estimate(plan));
    }
    bool begun = !wb_interrupted();
    int rc = begun ? wb_measure(plan, &env, raw) : 0;
    wb_progress_clear();
    if (rc != 0) wb_options_usage();
    wb_env_end(&env, plan);
    bool some = !wb_interrupted() || !tells || say_interrupted(plan, out);
    if (!some && out) wb_files_remove(out, begun);
    if (rc == 0 && tells && some) rc = report(plan, &env, out);
    wb_env_free(&env);
    if (rc == 0 && o->out && !out) rc = 1;
    return rc == 0 ? wb_interrupt_status() : rc;
}

/* Random, but short enough to be typed. */
static uint64_t some_seed(void) { return (wb_now() ^ (uint64_t)getpid() << 16) % 1000000; }

static int after_options(struct wb_options *o) {
    struct wb_plan plan;
    if (o->cpus && wb_limit_cpus(o->cpus, o->full) < 0) {
        (void)fprintf(stderr,
                      "weir-bench: --cpus=%s: not a list of CPUs that this process may use\n",
                      o->cpus);
        return 2;
    }
    if (o->list_rivals) {
        list_rivals();
        return 0;
    }
    if (o->format == WB_JSON && !wb_gbench_version()) {
        (void)fputs("weir-bench: --format=json: install libbenchmark-dev and build again\n",
                    stderr);
        return 2;
    }
    if (!o->seed_given) o->seed = some_seed();
    int rc = wb_bars_check(o->bars_file);
    if (rc == 0) rc = wb_plan_make(&plan, o);
    if (rc != 0) return rc;
    if (o->list)
        list_items(&plan);
    else
        rc = run(&plan);
    wb_plan_free(&plan);
    return rc;
}

int main(int argc, char **argv) {
    struct wb_options o;
    if (argc > 1 && (strcmp(argv[1], "cache-trace") == 0 || strcmp(argv[1], "cache-ratios") == 0))
        return wb_ratios_main(argc - 1, argv + 1);
    int rc = wb_options_parse(&o, argc, argv);
    if (rc == 0)
        rc = after_options(&o);
    else if (rc == 1)
        rc = 0;
    wb_options_free(&o);
    /* Threads that were left behind still run: what exit() tears down is theirs as well. And who has pressed Ctrl-C
     * need not wait until tables are given back. */
    if (wb_team_left_behind() > 0 || wb_interrupted()) {
        wb_away_end();
        (void)fflush(NULL);
        _exit(rc);
    }
    wb_run_end();
    return rc;
}
