/* SPDX-License-Identifier: MIT */
/* bench/text.c - figures and cases in words, for the table and the summary. */
#include <string.h>

#include "report.h"

const char *wb_text_ns(char *out, double ns) {
    static const struct {
        double limit, factor;
        const char *unit;
    } units[] = { { 1e3, 1, "ns" }, { 1e6, 1e3, "us" }, { 1e9, 1e6, "ms" }, { 1e300, 1e9, "s" } };
    unsigned u = 0;
    while (ns >= units[u].limit) u++;
    double v = ns / units[u].factor;
    (void)snprintf(out, WB_TEXT, "%.*f %s", v < 10 ? 2 : v < 100 ? 1 : 0, v, units[u].unit);
    return out;
}

const char *wb_text_rate(char *out, double ops_s) {
    bool millions = ops_s >= 1e6;
    double v = ops_s / (millions ? 1e6 : 1e3);
    (void)snprintf(out, WB_TEXT, "%.*f %s/s",
                   v < 10    ? 2
                   : v < 100 ? 1
                             : 0,
                   v, millions ? "M" : "k");
    return out;
}

/* Two decimals below ten, so that 0.97 and 1.03 are told from 1. */
static int decimals(double v) { return v < 10 ? 2 : v < 100 ? 1 : 0; }

const char *wb_text_ratio(char *out, struct wb_interval r) {
    (void)snprintf(out, WB_TEXT, "%.*fx [%.*f, %.*f]", decimals(r.median), r.median, decimals(r.lo),
                   r.lo, decimals(r.hi), r.hi);
    return out;
}

static size_t put(char *out, size_t n, size_t at, const char *format, double value) {
    if (at >= n) return at;
    at += (size_t)snprintf(out + at, n - at, at ? ", " : "");
    if (at >= n) return at;
    return at +
           (size_t)snprintf(out + at, n - at, format, value); /* the format is one of those below */
}

const char *wb_text_case(char *out, size_t n, const struct wb_case *c) {
    const struct wb_shape *s = &c->shape;
    size_t at = (size_t)snprintf(out, n, "%s, ", c->structure);
    if (c->title)
        at += (size_t)snprintf(out + at, n - at, "%s", c->title);
    else if (c->test == WB_SOLO)
        at += (size_t)snprintf(out + at, n - at, "one thread");
    else if (c->test == WB_PING)
        at += (size_t)snprintf(out + at, n - at, "ping-pong");
    else
        at += (size_t)snprintf(out + at, n - at, "%u to %u", s->producers, s->consumers);
    if (c->test == WB_STOPPED)
        at += (size_t)snprintf(out + at, n - at, ", one producer stopped (the others meanwhile)");
    if (s->blocking) at += (size_t)snprintf(out + at, n - at, ", blocking");
    if (s->rate > 0) at = put(out, n, at, "%.0f/s offered", s->rate);
    if (s->batch > 1) at = put(out, n, at, "batch %.0f", s->batch);
    if (s->cap != 1024) at = put(out, n, at, "capacity %.0f", (double)s->cap);
    if (s->size != 8) at = put(out, n, at, "%.0f bytes", (double)s->size);
    if (s->work_ns) at = put(out, n, at, "%.0f ns work", s->work_ns);
    if (c->one_cpu)
        at += (size_t)snprintf(out + at, n - at, ", one CPU");
    else if (s->oversubscribed)
        (void)snprintf(out + at, n - at, ", oversubscribed");
    return out;
}

bool wb_loses(const struct wb_result *r) {
    bool rival = r->item->ring->package || strcmp(r->item->ring->name, "mutex") == 0;
    return rival && strcmp(r->verdict, "slower") == 0;
}

const char *wb_text_scaling(char *out, size_t n) {
    unsigned cpus = wb_cpus();
    (void)snprintf(out, n,
                   "Threads beyond the %u CPU%s of this run share them (marked oversubscribed); "
                   "%u CPU%s cannot show how anything scales.",
                   cpus, cpus == 1 ? "" : "s", cpus, cpus == 1 ? "" : "s");
    if (cpus > 4)
        (void)snprintf(out, n,
                       "Threads beyond the %u CPUs of this run share them (marked oversubscribed); "
                       "nothing here is a verdict about scaling.",
                       cpus);
    return out;
}
