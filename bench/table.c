/* SPDX-License-Identifier: MIT */
/* bench/table.c - what a run prints: the table of all cases and the bars; or the lines of the try
 * suite. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

/* ---- the table ------------------------------------------------------------------------------- */

static void heading(FILE *f, const struct wb_case *c) {
    char words[160];
    (void)fprintf(f, "\n%s\n  %s\n", wb_text_case(words, sizeof words, c), c->name);
    if (wb_test_is_latency(c->test, &c->shape))
        (void)fprintf(f, "  %-18s %10s %10s %10s %10s   %-22s %-10s %s\n", "variant", "p50", "p99",
                      "p99.9", "max", "weir is", "verdict", "bound");
    else if (wb_test_is_memory(c->test))
        (void)fprintf(f, "  %-18s %10s %12s %10s %10s %10s   %-22s %s\n", "variant", "per op",
                      "rate", "per entry", wb_text_low(c->test), wb_text_high(c->test), "weir is",
                      "verdict");
    else
        (void)fprintf(f, "  %-18s %10s %12s %14s   %-22s %-10s %s\n", "variant", "per op", "rate",
                      "fair min/max", "weir is", "verdict", "bound");
}

static void figures(FILE *f, const struct wb_result *r) {
    char a[WB_TEXT], b[WB_TEXT], c[WB_TEXT], d[WB_TEXT], e[WB_TEXT];
    const struct wb_case *of = r->item->of;
    if (wb_test_is_latency(of->test, &of->shape))
        (void)fprintf(f, " %10s %10s %10s %10s", wb_text_ns(a, r->p50_ns), wb_text_ns(b, r->p99_ns),
                      wb_text_ns(c, r->p999_ns), wb_text_ns(d, r->max_ns));
    else if (wb_test_is_memory(of->test))
        (void)fprintf(f, " %10s %12s %10s %10s %10s", wb_text_ns(a, r->ns.median),
                      wb_text_rate(b, r->ops.median), wb_text_bytes(c, r->bytes),
                      wb_text_bytes(d, r->bytes_low),
                      wb_text_bytes(e, of->test == WB_STALL ? r->garbage : r->bytes_high));
    else
        (void)fprintf(f, " %10s %12s %14.2f", wb_text_ns(a, r->ns.median),
                      wb_text_rate(b, r->ops.median), r->fair_min_max);
}

static void print_row(FILE *f, const struct wb_result *r) {
    char ratio[WB_TEXT] = "", bound[WB_TEXT] = "";
    (void)fprintf(f, "  %-18s", r->item->ring->name);
    if (r->rounds == 0) {
        (void)fprintf(f, " %s: %s\n", wb_status_word(r->status), r->item->why);
        return;
    }
    figures(f, r);
    if (r->compared) (void)wb_text_ratio(ratio, r->ratio);
    if (r->bound_share > 0) (void)snprintf(bound, sizeof bound, "%.0f %%", 100 * r->bound_share);
    (void)fprintf(f, "   %-22s %-10s %s", ratio, r->verdict, bound);
    if (r->status != WB_OK) (void)fprintf(f, " %s: %s", wb_status_word(r->status), r->item->why);
    (void)fputc('\n', f);
}

static void print_bars(FILE *f, const struct wb_bars *bars) {
    if (bars->n == 0) return;
    (void)fprintf(f, "\nbars\n");
    for (unsigned i = 0; i < bars->n; i++) {
        const struct wb_bar *b = &bars->bar[i];
        char ratio[WB_TEXT] = "-";
        if (b->rounds) (void)wb_text_ratio(ratio, b->ratio);
        (void)fprintf(f, "  %-13s %-62s %-16s %s\n", wb_bar_word(b->result), b->name, b->wanted,
                      ratio);
    }
}

void wb_print_table(const struct wb_report *r, FILE *f) {
    unsigned headed = UINT_MAX; /* the case whose heading came last */
    char scaling[256];
    for (unsigned i = 0; i < r->plan->n_items; i++) {
        const struct wb_result *row = &r->results[i];
        if (!wb_result_shown(row)) continue;
        unsigned of = (unsigned)(row->item->of - r->plan->cases);
        if (of != headed) heading(f, &r->plan->cases[of]);
        headed = of;
        print_row(f, row);
    }
    print_bars(f, r->bars);
    (void)fprintf(
        f,
        "\n\"weir is\": weir's throughput over the variant's (of latencies: its time over weir's), "
        "median of %u paired rounds with 95 %% interval.\n\"bound\": share of what the hardware "
        "allows. %s\n",
        r->plan->rounds, wb_text_scaling(scaling, sizeof scaling));
}

/* ---- the try suite --------------------------------------------------------------------------- */

/* "8.30 M/s, weir 12.3x [11.8, 12.9] faster"; the ratio is of what the line is about. */
static void rival(FILE *f, const struct wb_report *r, const struct wb_item *ours,
                  const struct wb_item *theirs) {
    char text[3 * WB_TEXT] = "-", rate[WB_TEXT], ratio[WB_TEXT];
    const struct wb_result *other = theirs ? &r->results[theirs - r->plan->items] : NULL;
    double *scratch = calloc(r->plan->rounds + 1, sizeof *scratch);
    if (!scratch) abort();
    unsigned n = theirs ? wb_ratios(r->plan, ours, theirs, scratch) : 0;
    struct wb_interval interval = wb_bootstrap(scratch, n);
    free(scratch);
    if (other && other->rounds == 0)
        (void)snprintf(text, sizeof text, "%s", wb_status_word(other->status));
    else if (other)
        (void)snprintf(text, sizeof text, "%s, weir %s %s", wb_text_rate(rate, other->ops.median),
                       n ? wb_text_ratio(ratio, interval) : "-", n ? wb_verdict(interval, n) : "");
    (void)fprintf(f, " %-48s", text);
}

/* Of maps the one that the line is about depends on what is done: mostly reads, or not. */
static bool own_line(const struct wb_item *item) {
    const struct wb_map_shape *m = &item->of->shape.map;
    const char *name = item->ring->name;
    if (m->keys && m->read < 90) return strcmp(name, "weir_shardmap") == 0;
    return strcmp(name, wb_plan_reference(item->of->structure)) == 0;
}

/* Concurrency Kit has rings, Go channels, Boost maps, oneTBB pools and pipelines. */
static const struct wb_item *other(const struct wb_report *r, const struct wb_item *item) {
    static const char *const names[] = { "ck", "go", "boost_map", "tbb" };
    const struct wb_shape *s = &item->of->shape;
    for (unsigned i = s->flow.workers ? 3 : s->map.keys ? 2 : 0; i < 4; i++) {
        const struct wb_item *found = wb_plan_beside(r->plan, item, names[i]);
        if (found) return found;
    }
    return NULL;
}

void wb_print_try(const struct wb_report *r, FILE *f) {
    (void)fprintf(f, "%-48s %-12s %-48s %s\n", "", "weir", "mutex version",
                  "Concurrency Kit; of channels Go, of maps Boost, of pools oneTBB");
    for (unsigned i = 0; i < r->plan->n_items; i++) {
        const struct wb_result *row = &r->results[i];
        char words[200], rate[WB_TEXT];
        if (!own_line(row->item) || !wb_result_shown(row)) continue;
        bool shard = strcmp(row->item->ring->name, "weir_shardmap") == 0;
        size_t at = shard ? (size_t)snprintf(words, sizeof words, "sharded ") : 0;
        (void)wb_text_case(words + at, sizeof words - at, row->item->of);
        (void)fprintf(f, "%-48s %-12s", words,
                      row->rounds ? wb_text_rate(rate, row->ops.median)
                                  : wb_status_word(row->status));
        rival(f, r, row->item, wb_plan_beside(r->plan, row->item, "mutex"));
        rival(f, r, row->item, other(r, row->item));
        (void)fputc('\n', f);
    }
    (void)fprintf(
        f,
        "Ratios are medians of %u paired rounds with 95 %% intervals; -: it has no such calls, or "
        "is not built in.\n",
        r->plan->rounds);
}
