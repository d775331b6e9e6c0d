/* SPDX-License-Identifier: MIT */
/* bench/measure.c - see measure.h. */
#include "measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gbench.h"
#include "results.h"
#include "rounds.h"
#include "run.h"

static const char *const counter_names[WB_COUNTERS] = {
    "ops_s",  "ns_op",        "p50_ns",     "p90_ns",        "p99_ns",        "p999_ns",
    "max_ns", "fair_min_max", "csw_per_op", "cpu_s_per_mop", "misses_per_op", "bound_share",
};

/* ---- what Google Benchmark asks for ---------------------------------------------------------- */

static const char *name_of(void *ctx, unsigned i) {
    const struct wb_plan *plan = ctx;
    return plan->items[i].name;
}

static struct wb_group *group_of(struct wb_plan *plan, unsigned i) {
    struct wb_group *g = plan->groups;
    while (&plan->items[i] >= g->items + g->n) g++;
    return g;
}

/* The same round's bound over this, in time; NAN: none applies, or it was not measured. */
static double share(const struct wb_plan *plan, const struct wb_item *item, unsigned round) {
    const struct wb_item *bound = wb_bound_of(plan, item);
    if (!bound || bound->samples[round].status != WB_OK) return NAN;
    return bound->samples[round].ns_op / item->samples[round].ns_op / wb_bound_times(item);
}

static const char *measure_one(void *ctx, unsigned i, unsigned round, double *seconds,
                               double *counters) {
    struct wb_plan *plan = ctx;
    struct wb_item *item = &plan->items[i];
    if (round >= plan->rounds) return "more repetitions than rounds";
    wb_rounds_until(plan, group_of(plan, i), round);
    const struct wb_sample *s = &item->samples[round];
    if (s->status != WB_OK && item->status != WB_OK) return item->why;
    if (s->status != WB_OK) return "interrupted";
    bool latency = wb_test_is_latency(item->of->test, &item->of->shape);
    const double all[WB_COUNTERS] = { s->ops_s,
                                      s->ns_op,
                                      latency ? s->p50_ns : NAN,
                                      latency ? s->p90_ns : NAN,
                                      latency ? s->p99_ns : NAN,
                                      latency ? s->p999_ns : NAN,
                                      latency ? s->max_ns : NAN,
                                      s->fair_min_max,
                                      s->csw_per_op,
                                      s->cpu_s_per_mop,
                                      s->misses_per_op,
                                      share(plan, item, round) };
    memcpy(counters, all, sizeof all);
    *seconds = s->ns_op / 1e9;
    return NULL;
}

/* ---- its arguments --------------------------------------------------------------------------- */

static bool given(const struct wb_options *o, const char *flag) {
    for (int i = 1; i < o->argc; i++)
        if (strncmp(o->argv[i], flag, strlen(flag)) == 0) return true;
    return false;
}

static int with_benchmark(struct wb_plan *plan, const struct wb_env *env, const char *raw) {
    const struct wb_options *o = plan->opt;
    char **argv = calloc((size_t)o->argc + 4, sizeof *argv);
    char out[4096], repeat[64];
    int argc = o->argc;
    if (!argv) abort();
    memcpy(argv, o->argv, (size_t)argc * sizeof *argv);
    if (!given(o, "--benchmark_repetitions=")) {
        (void)snprintf(repeat, sizeof repeat, "--benchmark_repetitions=%u", plan->rounds);
        argv[argc++] = repeat;
    }
    if (raw && !o->benchmark_out) {
        (void)snprintf(out, sizeof out, "--benchmark_out=%s", raw);
        argv[argc++] = out;
    }
    const char *const context[] = { "weir_version",
                                    wb_env_text(env, "weir_version"),
                                    "weir_commit",
                                    wb_env_text(env, "commit"),
                                    "weir_seed",
                                    wb_env_text(env, "seed"),
                                    "weir_pin",
                                    wb_env_text(env, "pin"),
                                    "weir_bench_compiler",
                                    wb_env_text(env, "compiler"),
                                    NULL };
    struct wb_gbench g = { .ctx = plan,
                           .n = plan->n_items,
                           .name = name_of,
                           .measure = measure_one,
                           .counter_names = counter_names,
                           .context = context };
    g.json = o->format == WB_JSON;
    g.all_counters = given(o, "--benchmark_format=csv") || given(o, "--benchmark_out_format=csv");
    g.quiet = !g.json && !o->benchmark_display && !o->benchmark_lists;
    int rc = wb_gbench_run(&g, argc, argv);
    free(argv);
    return rc;
}

int wb_measure(struct wb_plan *plan, const struct wb_env *env, const char *raw) {
    if (wb_gbench_version() && plan->opt->records < 0) return with_benchmark(plan, env, raw);
    wb_rounds_all(plan);
    return 0;
}
