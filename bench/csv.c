/* SPDX-License-Identifier: MIT */
/* bench/csv.c - cases.csv, samples.csv, bars.csv. The columns are a contract: bench/OUTPUT.md.
 * What was not measured is an empty field. */
#include <string.h>

#include "report.h"

void wb_csv_text(FILE *f, const char *s) {
    if (!strpbrk(s, ",\"\n")) {
        (void)fputs(s, f);
        return;
    }
    (void)fputc('"', f);
    for (; *s; s++) {
        if (*s == '"') (void)fputc('"', f);
        (void)fputc(*s, f);
    }
    (void)fputc('"', f);
}

static void text(FILE *f, const char *s) {
    (void)fputc(',', f);
    wb_csv_text(f, s);
}

static void number(FILE *f, bool known, double v) {
    if (known)
        (void)fprintf(f, ",%.6g", v);
    else
        (void)fputc(',', f);
}

static void interval(FILE *f, bool known, struct wb_interval v) {
    number(f, known, v.median);
    number(f, known, v.lo);
    number(f, known, v.hi);
}

static void map_axes(FILE *f, const struct wb_case *c) {
    static const char *const dists[] = { "uniform", "zipf99", "hot" };
    const struct wb_map_shape *m = &c->shape.map;
    if (c->shape.flow.keys) {
        (void)fprintf(f, ",%llu,%u,,,", (unsigned long long)c->shape.flow.keys,
                      100 - c->shape.flow.write);
        return;
    }
    if (m->keys == 0) {
        (void)fputs(",,,,,", f);
        return;
    }
    (void)fprintf(f, ",%llu", (unsigned long long)m->keys);
    number(f, c->test == WB_STREAM || c->test == WB_CHURN || c->test == WB_STALL, m->read);
    number(f, c->test == WB_STREAM, m->hit);
    text(f, dists[m->dist]);
    number(f, true, m->growing ? 0 : (double)m->keys);
}

static void axes(FILE *f, const struct wb_case *c) {
    const struct wb_shape *s = &c->shape;
    (void)fprintf(f, ",%u,%u,%zu,%zu,%u,%u,%d,%.6g,%u,%d,%d", s->producers, s->consumers, s->cap,
                  s->size, s->batch, s->work_ns, s->blocking, s->rate, c->threads,
                  s->oversubscribed, c->one_cpu);
    map_axes(f, c);
}

static void case_row(FILE *f, const struct wb_result *r) {
    const struct wb_case *c = r->item->of;
    bool some = r->rounds > 0, latency = some && wb_test_is_latency(c->test, &c->shape);
    wb_csv_text(f, c->name);
    text(f, c->workload);
    text(f, c->structure);
    text(f, r->item->ring->name);
    axes(f, c);
    (void)fprintf(f, ",%u", r->rounds);
    interval(f, some, r->ns);
    interval(f, some, r->ops);
    interval(f, r->compared, r->ratio);
    number(f, r->compared, r->mwu_p);
    text(f, r->verdict);
    number(f, r->bound_share > 0, r->bound_share);
    number(f, latency, r->p50_ns);
    number(f, latency, r->p90_ns);
    number(f, latency, r->p99_ns);
    number(f, latency, r->p999_ns);
    number(f, latency, r->max_ns);
    number(f, some, r->fair_min_max);
    number(f, some, r->csw_per_op);
    number(f, some, r->cpu_s_per_mop);
    number(f, some, r->misses_per_op);
    number(f, r->bytes > 0, r->bytes);
    number(f, r->bytes_low > 0, r->bytes_low);
    number(f, r->bytes_high > 0, r->bytes_high);
    number(f, c->test == WB_STALL && some, r->garbage);
    text(f, wb_status_word(r->status));
    text(f, r->note);
    (void)fputc('\n', f);
}

bool wb_write_cases(const struct wb_report *r, FILE *f) {
    (void)fputs(
        "case,workload,structure,variant,P,C,cap,size,batch,work_ns,blocking,rate,threads,"
        "oversubscribed,one_cpu,keys,read,hit,dist,hint,rounds,ns_op_median,ns_op_lo,ns_op_hi,ops_s_median,ops_s_lo,"
        "ops_s_hi,ratio_median,ratio_lo,ratio_hi,mwu_p,verdict,bound_share,p50_ns,p90_ns,p99_ns,"
        "p999_ns,max_ns,fair_min_max,csw_per_op,cpu_s_per_mop,misses_per_op,bytes_per_entry,"
        "bytes_low,bytes_high,garbage_peak,status,note\n",
        f);
    for (unsigned i = 0; i < r->plan->n_items; i++)
        if (wb_result_shown(&r->results[i])) case_row(f, &r->results[i]);
    return !ferror(f);
}

bool wb_write_samples(const struct wb_report *r, FILE *f) {
    (void)fputs("case,variant,round,ns_op,ops_s,p50_ns,p99_ns,bytes,bytes_low\n", f);
    for (unsigned i = 0; i < r->plan->n_items; i++) {
        const struct wb_item *item = r->results[i].item;
        bool latency = wb_test_is_latency(item->of->test, &item->of->shape);
        for (unsigned k = 0; k < r->plan->rounds && r->results[i].rounds > 0; k++) {
            const struct wb_sample *s = &item->samples[k];
            if (s->status != WB_OK) continue;
            wb_csv_text(f, item->of->name);
            text(f, item->ring->name);
            (void)fprintf(f, ",%u", k);
            number(f, true, s->ns_op);
            number(f, true, s->ops_s);
            number(f, latency, s->p50_ns);
            number(f, latency, s->p99_ns);
            number(f, s->bytes > 0, s->bytes);
            number(f, s->bytes_low > 0, s->bytes_low);
            (void)fputc('\n', f);
        }
    }
    return !ferror(f);
}

bool wb_write_bars(const struct wb_report *r, FILE *f) {
    (void)fputs("bar,numerator,denominator,wanted,median,lo,hi,result\n", f);
    for (unsigned i = 0; i < r->bars->n; i++) {
        const struct wb_bar *b = &r->bars->bar[i];
        wb_csv_text(f, b->name);
        text(f, b->numerator);
        text(f, b->denominator);
        text(f, b->wanted);
        interval(f, b->rounds > 0, b->ratio);
        text(f, wb_bar_word(b->result));
        (void)fputc('\n', f);
    }
    return !ferror(f);
}
