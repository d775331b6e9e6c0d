/* SPDX-License-Identifier: MIT */
/* bench/summary.c - summary.md: where weir loses, the bars, then a table per case. Its figures are
 * what the README quotes, so each stands in a table row that begins with its names. */
#include <limits.h>
#include <string.h>

#include "report.h"

static void machine(FILE *f, const struct wb_report *r) {
    const struct wb_env *e = r->env;
    (void)fprintf(
        f,
        "Machine: %.0f CPUs of %s, %s, %s, commit %s%s; %s, %u rounds of %.3g s a run, seed %s.\n",
        wb_env_number(e, "cpus"), wb_env_text(e, "cpu_model"), wb_env_text(e, "kernel"),
        wb_env_text(e, "compiler"), wb_env_text(e, "commit"),
        wb_env_number(e, "dirty") > 0 ? " with local changes" : "", wb_env_text(e, "date"),
        r->plan->rounds, r->plan->seconds, wb_env_text(e, "seed"));
}

static void incomplete(FILE *f, const struct wb_report *r) {
    if (wb_env_number(r->env, "incomplete") <= 0) return;
    (void)fprintf(f, "\n**Incomplete:** interrupted after %.0f of %.0f measurements.\n",
                  wb_env_number(r->env, "measurements"),
                  wb_env_number(r->env, "measurements_planned"));
}

static void doubts(FILE *f, const struct wb_report *r) {
    const char *s = wb_env_doubts(r->env);
    if (!*s) return;
    (void)fputs("\nAbsolute figures are to be taken with care:\n\n", f);
    while (*s) {
        size_t n = strcspn(s, "\n");
        (void)fprintf(f, "- %.*s\n", (int)n, s);
        s += n + (s[n] == '\n');
    }
}

static void losses(FILE *f, const struct wb_report *r) {
    unsigned n = 0;
    (void)fputs("\n## Where weir loses\n\n", f);
    for (unsigned i = 0; i < r->plan->n_items; i++) {
        const struct wb_result *row = &r->results[i];
        char words[160], ratio[WB_TEXT];
        if (!wb_loses(row)) continue;
        if (n++ == 0) (void)fputs("| case | against | weir is | names |\n|---|---|---|---|\n", f);
        (void)fprintf(f, "| %s | %s | %s | `%s` |\n",
                      wb_text_case(words, sizeof words, row->item->of), row->item->ring->name,
                      wb_text_ratio(ratio, row->ratio), row->item->of->name);
    }
    if (n == 0) (void)fputs("In no case of this run was weir shown to be slower.\n", f);
}

static void faults(FILE *f, const struct wb_report *r) {
    unsigned n = 0;
    for (unsigned i = 0; i < r->plan->n_items; i++) {
        const struct wb_result *row = &r->results[i];
        if (row->status == WB_OK) continue;
        if (n++ == 0) (void)fputs("\n## Not measured, or not to the end\n\n", f);
        (void)fprintf(f, "- `%s`: %s: %s\n", row->item->name, wb_status_word(row->status),
                      row->item->why);
    }
}

static void bars(FILE *f, const struct wb_bars *bars) {
    (void)fputs("\n## Bars\n\n", f);
    if (bars->n == 0) {
        (void)fputs("This run measured none of them.\n", f);
        return;
    }
    (void)fprintf(
        f,
        "%u of %u missed. A ratio is the first's throughput over the second's; of latencies, the "
        "second's time over the first's.\n\n"
        "| bar | wanted | reached | result |\n|---|---|---|---|\n",
        bars->missed, bars->n);
    for (unsigned i = 0; i < bars->n; i++) {
        const struct wb_bar *b = &bars->bar[i];
        char ratio[WB_TEXT] = "";
        if (b->rounds) (void)wb_text_ratio(ratio, b->ratio);
        (void)fprintf(f, "| %s | %s | %s | %s |\n", b->name, b->wanted, ratio,
                      wb_bar_word(b->result));
    }
}

/* Median time of a select by one thread with so many cases, one of them ready; 0: not measured. */
static double select_ns(const struct wb_report *r, const char *variant, unsigned cases) {
    char name[WB_NAME_BYTES];
    (void)snprintf(name, sizeof name,
                   "select/%s/test:solo/cap:1024/size:8/batch:1/ways:%u/ready:1/blocking:1",
                   variant, cases);
    const struct wb_item *item = wb_plan_find(r->plan, name);
    return item ? r->results[item - r->plan->items].ns.median : 0;
}

/* What an idle case of a select costs: the difference to the select without idle ones. */
static void idle_cases(FILE *f, const struct wb_report *r) {
    static const unsigned cases[] = { 2, 8, 64 };
    bool headed = false;
    for (const struct wb_ring *const *ring = wb_rings; *ring; ring++) {
        const char *variant = (*ring)->name;
        double one = select_ns(r, variant, 1), many = select_ns(r, variant, 2);
        if (strcmp((*ring)->structure, "select") != 0 || one <= 0 || many <= 0) continue;
        if (!headed)
            (void)fputs(
                "\n## Idle cases of a select\n\nNanoseconds per idle case: the median of the "
                "select with so many cases, one of them ready, less that of the select with the "
                "ready one alone, over the number of idle ones.\n\n"
                "| idle | 2 cases | 8 cases | 64 cases |\n|---|---|---|---|\n",
                f);
        headed = true;
        (void)fprintf(f, "| %s |", variant);
        for (unsigned i = 0; i < 3; i++) {
            many = select_ns(r, variant, cases[i]);
            if (many > 0)
                (void)fprintf(f, " %.3g |", (many - one) / (cases[i] - 1));
            else
                (void)fputs(" |", f);
        }
        (void)fputc('\n', f);
    }
}

static void table_head(FILE *f, const struct wb_case *c) {
    char words[160];
    (void)fprintf(f, "\n### %s\n\n`%s`\n\n", wb_text_case(words, sizeof words, c), c->name);
    if (wb_test_is_latency(c->test, &c->shape))
        (void)fputs(
            "| variant | p50 | p90 | p99 | p99.9 | max | rate | weir is | verdict | bound |\n"
            "|---|---|---|---|---|---|---|---|---|---|\n",
            f);
    else if (wb_test_is_memory(c->test))
        (void)fprintf(f,
                      "| variant | bytes per entry | %s | %s | per op [95 %%] | rate | weir is | "
                      "verdict |\n|---|---|---|---|---|---|---|---|\n",
                      wb_text_low(c->test), wb_text_high(c->test));
    else
        (void)fputs(
            "| variant | per op [95 %] | rate | weir is | verdict | bound | fair | CPU s per M |\n"
            "|---|---|---|---|---|---|---|---|\n",
            f);
}

static void figures(FILE *f, const struct wb_result *r) {
    char t[6][WB_TEXT], ratio[WB_TEXT] = "", bound[WB_TEXT] = "", rate[WB_TEXT];
    const struct wb_case *c = r->item->of;
    if (r->compared) (void)wb_text_ratio(ratio, r->ratio);
    if (r->bound_share > 0) (void)snprintf(bound, sizeof bound, "%.0f %%", 100 * r->bound_share);
    if (wb_test_is_latency(c->test, &c->shape))
        (void)fprintf(f, "| %s | %s | %s | %s | %s | %s | %s | %s | %s |",
                      wb_text_ns(t[0], r->p50_ns), wb_text_ns(t[1], r->p90_ns),
                      wb_text_ns(t[2], r->p99_ns), wb_text_ns(t[3], r->p999_ns),
                      wb_text_ns(t[4], r->max_ns), wb_text_rate(t[5], r->ops.median), ratio,
                      r->verdict, bound);
    else if (wb_test_is_memory(c->test))
        (void)fprintf(f, "| %s | %s | %s | %s [%s, %s] | %s | %s | %s |",
                      wb_text_bytes(t[0], r->bytes), wb_text_bytes(t[1], r->bytes_low),
                      wb_text_bytes(t[2], c->test == WB_STALL ? r->garbage : r->bytes_high),
                      wb_text_ns(t[3], r->ns.median), wb_text_ns(t[4], r->ns.lo),
                      wb_text_ns(t[5], r->ns.hi), wb_text_rate(rate, r->ops.median), ratio,
                      r->verdict);
    else
        (void)fprintf(f, "| %s [%s, %s] | %s | %s | %s | %s | %.2f | %.3g |",
                      wb_text_ns(t[0], r->ns.median), wb_text_ns(t[1], r->ns.lo),
                      wb_text_ns(t[2], r->ns.hi), wb_text_rate(t[3], r->ops.median), ratio,
                      r->verdict, bound, r->fair_min_max, r->cpu_s_per_mop);
    if (r->status != WB_OK) (void)fprintf(f, " %s", wb_status_word(r->status));
    (void)fputc('\n', f);
}

static void tables(FILE *f, const struct wb_report *r) {
    unsigned headed = UINT_MAX; /* the case whose heading came last */
    for (unsigned g = 0; g < r->plan->n_groups; g++) {
        const struct wb_group *group = &r->plan->groups[g];
        bool opened = false;
        for (unsigned i = 0; i < group->n; i++) {
            const struct wb_result *row = &r->results[group->items + i - r->plan->items];
            if (row->rounds == 0) continue;
            if (!opened) {
                (void)fprintf(f, "\n## %s%s\n\n", group->name, group->one_cpu ? ": one CPU" : "");
                machine(f, r);
                opened = true;
            }
            unsigned of = (unsigned)(row->item->of - r->plan->cases);
            if (of != headed) table_head(f, &r->plan->cases[of]);
            headed = of;
            (void)fprintf(f, "| %s ", row->item->ring->name);
            figures(f, row);
        }
    }
}

bool wb_write_summary(const struct wb_report *r, FILE *f) {
    char scaling[256];
    (void)fputs(
        "<!-- Generated by weir-bench from samples.csv; not edited by hand. -->\n# weir-bench\n\n",
        f);
    machine(f, r);
    (void)fprintf(
        f,
        "\n\"weir is\" says how many times as fast weir is as the variant: the median over the "
        "rounds of the ratio of two runs of one round, with its 95 %% interval. %s\n",
        wb_text_scaling(scaling, sizeof scaling));
    incomplete(f, r);
    doubts(f, r);
    losses(f, r);
    faults(f, r);
    bars(f, r->bars);
    idle_cases(f, r);
    tables(f, r);
    return !ferror(f);
}
