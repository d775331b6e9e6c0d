/* SPDX-License-Identifier: MIT */
/* bench/results.c - see results.h.
 *
 * Ratios are paired by round: what disturbs the machine for seconds disturbs both samples of a
 * pair. "faster" and "slower" are said only if the 95 % interval excludes 1 and the median is off
 * by more than 3 %; "equal" only if the whole interval lies within 3 % of 1; everything else is
 * "undecided". */
#include "results.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interrupt.h"

#define MARGIN 0.03

const char *wb_status_word(enum wb_status s) {
    switch (s) {
        case WB_OK: return "ok";
        case WB_STUCK: return "stuck";
        case WB_FAILED: return "failed";
        case WB_NONE: return "none";
        case WB_ABSENT: return "absent";
    }
    return "?";
}

const char *wb_verdict(struct wb_interval ratio, unsigned rounds) {
    if (rounds < WB_ROUNDS_FOR_VERDICT) return "undecided";
    if (ratio.lo > 1 && ratio.median > 1 + MARGIN) return "faster";
    if (ratio.hi < 1 && ratio.median < 1 - MARGIN) return "slower";
    if (ratio.lo >= 1 - MARGIN && ratio.hi <= 1 + MARGIN) return "equal";
    return "undecided";
}

bool wb_result_shown(const struct wb_result *r) {
    return r->status != WB_ABSENT && (r->rounds > 0 || r->status != WB_OK);
}

unsigned wb_ratios(const struct wb_plan *plan, const struct wb_item *a, const struct wb_item *b,
                   double *out) {
    unsigned n = 0;
    for (unsigned r = 0; r < plan->rounds; r++)
        if (a->samples[r].status == WB_OK && b->samples[r].status == WB_OK)
            out[n++] = b->samples[r].ns_op / a->samples[r].ns_op;
    return n;
}

/* ---- samples of one item --------------------------------------------------------------------- */

typedef double field_fn(const struct wb_sample *s);
static double ns_op(const struct wb_sample *s) { return s->ns_op; }
static double ops_s(const struct wb_sample *s) { return s->ops_s; }
static double p50(const struct wb_sample *s) { return s->p50_ns; }
static double p90(const struct wb_sample *s) { return s->p90_ns; }
static double p99(const struct wb_sample *s) { return s->p99_ns; }
static double p999(const struct wb_sample *s) { return s->p999_ns; }
static double fair(const struct wb_sample *s) { return s->fair_min_max; }
static double csw(const struct wb_sample *s) { return s->csw_per_op; }
static double cpu(const struct wb_sample *s) { return s->cpu_s_per_mop; }
static double misses(const struct wb_sample *s) { return s->misses_per_op; }
static double bytes(const struct wb_sample *s) { return s->bytes; }
static double bytes_low(const struct wb_sample *s) { return s->bytes_low; }
static double bytes_high(const struct wb_sample *s) { return s->bytes_high; }

static unsigned collect(const struct wb_plan *plan, const struct wb_item *item, field_fn *field,
                        double *out) {
    unsigned n = 0;
    for (unsigned r = 0; r < plan->rounds; r++)
        if (item->samples[r].status == WB_OK) out[n++] = field(&item->samples[r]);
    return n;
}

static double median_of(const struct wb_plan *plan, const struct wb_item *item, field_fn *field,
                        double *scratch) {
    unsigned n = collect(plan, item, field, scratch);
    return n ? wb_median(scratch, n) : 0;
}

/* From the histogram of all rounds; where another process measured, the medians over the rounds. */
static void latencies(struct wb_result *out, const struct wb_plan *plan, double *scratch) {
    const struct wb_item *item = out->item;
    const struct wb_hist *h = item->latencies;
    for (unsigned r = 0; r < plan->rounds; r++)
        if (item->samples[r].max_ns > out->max_ns) out->max_ns = item->samples[r].max_ns;
    out->p50_ns = h ? wb_hist_percentile(h, 50) : median_of(plan, item, p50, scratch);
    out->p90_ns = h ? wb_hist_percentile(h, 90) : median_of(plan, item, p90, scratch);
    out->p99_ns = h ? wb_hist_percentile(h, 99) : median_of(plan, item, p99, scratch);
    out->p999_ns = h ? wb_hist_percentile(h, 99.9) : median_of(plan, item, p999, scratch);
}

/* ---- against others -------------------------------------------------------------------------- */

static void compare(struct wb_result *out, const struct wb_plan *plan, double *scratch) {
    const char *name = wb_plan_reference(out->item->of->structure);
    const struct wb_item *weir = wb_plan_beside(plan, out->item, name);
    if (!weir || weir == out->item || weir->status == WB_FAILED) return;
    unsigned n = wb_ratios(plan, weir, out->item, scratch);
    if (n == 0) return;
    out->compared = true;
    out->ratio = wb_bootstrap(scratch, n);
    out->verdict = wb_verdict(out->ratio, n);
    double *other = malloc((plan->rounds + 1) * sizeof *other);
    if (!other) abort();
    unsigned m = collect(plan, out->item, ns_op, other);
    n = collect(plan, weir, ns_op, scratch);
    out->mwu_p = wb_mann_whitney(scratch, n, other, m);
    free(other);
}

static const struct wb_group *group_of(const struct wb_plan *plan, const struct wb_item *item) {
    for (unsigned g = 0; g < plan->n_groups; g++)
        if (item >= plan->groups[g].items && item < plan->groups[g].items + plan->groups[g].n)
            return &plan->groups[g];
    return NULL;
}

double wb_bound_times(const struct wb_item *item) {
    return item->of->shape.map.keys ? item->of->threads : 1;
}

/* Of maps: the same by one thread on a table that needs no synchronisation. */
static const struct wb_item *map_bound(const struct wb_plan *plan, const struct wb_item *item) {
    const struct wb_case *c = item->of;
    const char *rest = strstr(c->name, "/T:");
    char name[WB_NAME_BYTES];
    if (!rest || c->test != WB_STREAM || strcmp(item->ring->name, "flat") == 0) return NULL;
    rest = strchr(rest + 1, '/');
    if (!rest) return NULL;
    (void)snprintf(name, sizeof name, "%s/flat/T:1%s", c->structure, rest);
    return wb_plan_find(plan, name);
}

const struct wb_item *wb_bound_of(const struct wb_plan *plan, const struct wb_item *item) {
    const struct wb_case *c = item->of;
    if (c->shape.map.keys) return map_bound(plan, item);
    const struct wb_group *group = group_of(plan, item);
    const char *what = wb_plan_bound(c);
    if (!what || !group) return NULL;
    char name[WB_NAME_BYTES];
    (void)snprintf(name, sizeof name, "bound/raw/test:%s/size:%zu/group:%s", what,
                   strcmp(what, "solo-copy") == 0 ? c->shape.size : (size_t)8, group->name);
    return wb_plan_find(plan, name);
}

static void bound(struct wb_result *out, const struct wb_plan *plan, double *scratch) {
    out->bound = wb_bound_of(plan, out->item);
    if (!out->bound) return;
    unsigned n = wb_ratios(plan, out->item, out->bound, scratch);
    if (n) out->bound_share = wb_median(scratch, n) / wb_bound_times(out->item);
}

/* ---- notes ----------------------------------------------------------------------------------- */

static void add_note(struct wb_result *out, const char *text) {
    size_t at = strlen(out->note);
    (void)snprintf(out->note + at, sizeof out->note - at, "%s%s", at ? "; " : "", text);
}

static void notes(struct wb_result *out, unsigned planned) {
    const struct wb_item *item = out->item;
    const struct wb_case *c = item->of;
    char text[80];
    if (item->status != WB_OK) add_note(out, item->why);
    if (out->disorder > 0) {
        (void)snprintf(text, sizeof text, "%.0f elements out of order", out->disorder);
        add_note(out, text);
    }
    if (wb_interrupted() && item->status == WB_OK && out->rounds < planned) {
        (void)snprintf(text, sizeof text, "interrupted: %u of %u rounds", out->rounds, planned);
        add_note(out, text);
    }
    if (c->shape.oversubscribed && !c->one_cpu) add_note(out, "oversubscribed");
    if (c->one_cpu) add_note(out, "one CPU");
    if (item->status == WB_OK && out->rounds < WB_ROUNDS_FOR_VERDICT && out->compared) {
        (void)snprintf(text, sizeof text, "%u rounds are too few for a verdict", out->rounds);
        add_note(out, text);
    }
    if (c->shape.rate > 0 && out->rounds > 0 && out->ops.median < 0.95 * c->shape.rate) {
        (void)snprintf(text, sizeof text, "reached %.0f %% of the rate",
                       100 * out->ops.median / c->shape.rate);
        add_note(out, text);
    }
    if (item->ring->note && !c->title) add_note(out, item->ring->note);
}

static void one(struct wb_result *out, const struct wb_plan *plan, double *scratch) {
    const struct wb_item *item = out->item;
    out->status = item->status;
    out->verdict = "";
    if (item->status != WB_FAILED && item->status != WB_ABSENT) {
        out->rounds = collect(plan, item, ns_op, scratch);
        out->ns = wb_bootstrap(scratch, out->rounds);
        (void)collect(plan, item, ops_s, scratch);
        out->ops = wb_bootstrap(scratch, out->rounds);
        if (wb_test_is_latency(item->of->test, &item->of->shape)) latencies(out, plan, scratch);
        out->fair_min_max = median_of(plan, item, fair, scratch);
        out->csw_per_op = median_of(plan, item, csw, scratch);
        out->cpu_s_per_mop = median_of(plan, item, cpu, scratch);
        out->misses_per_op = median_of(plan, item, misses, scratch);
        out->bytes = median_of(plan, item, bytes, scratch);
        out->bytes_low = median_of(plan, item, bytes_low, scratch);
        out->bytes_high = median_of(plan, item, bytes_high, scratch);
        for (unsigned r = 0; r < plan->rounds; r++) {
            out->disorder += item->samples[r].disorder;
            if (item->samples[r].garbage > out->garbage) out->garbage = item->samples[r].garbage;
        }
        compare(out, plan, scratch);
        bound(out, plan, scratch);
    }
    notes(out, plan->rounds);
}

struct wb_result *wb_results(const struct wb_plan *plan) {
    struct wb_result *all = calloc(plan->n_items, sizeof *all);
    double *scratch = malloc((plan->rounds + 1) * sizeof *scratch);
    if (!all || !scratch) abort();
    for (unsigned i = 0; i < plan->n_items; i++) {
        all[i].item = &plan->items[i];
        one(&all[i], plan, scratch);
    }
    free(scratch);
    return all;
}
