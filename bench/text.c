/* SPDX-License-Identifier: MIT */
/* bench/text.c - figures and cases in words, for the table and the summary. */
#include <stdarg.h>
#include <string.h>

#include "flow.h"
#include "maps.h"
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

const char *wb_text_bytes(char *out, double bytes) {
    const char *const units[] = { "B", "kB", "MB", "GB" };
    unsigned u = 0;
    out[0] = '\0';
    if (bytes <= 0) return out;
    while (u < 3 && bytes >= 1e4) bytes /= 1e3, u++;
    (void)snprintf(out, WB_TEXT, "%.*f %s", bytes < 100 ? 1 : 0, bytes, units[u]);
    return out;
}

const char *wb_text_low(enum wb_test test) { return test == WB_MEMORY ? "before" : "at first"; }

const char *wb_text_high(enum wb_test test) { return test == WB_STALL ? "garbage" : "amid"; }

/* Two decimals below ten, so that 0.97 and 1.03 are told from 1. */
static int decimals(double v) { return v < 10 ? 2 : v < 100 ? 1 : 0; }

const char *wb_text_ratio(char *out, struct wb_interval r) {
    (void)snprintf(out, WB_TEXT, "%.*fx [%.*f, %.*f]", decimals(r.median), r.median, decimals(r.lo),
                   r.lo, decimals(r.hi), r.hi);
    return out;
}

struct words {
    char *out;
    size_t n, at;
};

__attribute__((format(printf, 2, 3))) static void say(struct words *w, const char *format, ...) {
    va_list values;
    if (w->at >= w->n) return;
    va_start(values, format);
    int n = vsnprintf(w->out + w->at, w->n - w->at, format, values);
    va_end(values);
    if (n > 0) w->at += (size_t)n;
}

/* A ring has both verbs; of a channel it goes without saying. */
static bool waits_or_not(const struct wb_case *c) {
    return strcmp(c->structure, "spsc") == 0 || strcmp(c->structure, "mpmc") == 0;
}

/* Its batches are those of the receiver. */
static bool is_chan(const struct wb_case *c) { return strcmp(c->structure, "chan") == 0; }

static void say_keys(struct words *w, uint64_t keys) {
    static const struct {
        uint64_t unit;
        const char *letter;
    } units[] = { { 1000000, "M" }, { 1000, "k" }, { 1, "" } };
    unsigned u = 0;
    while (keys % units[u].unit != 0) u++;
    say(w, ", %llu%s keys", (unsigned long long)(keys / units[u].unit), units[u].letter);
}

/* What a case of maps does. */
static void say_map_test(struct words *w, const struct wb_case *c) {
    const struct wb_map_shape *m = &c->shape.map;
    switch (c->test) {
        case WB_BESIDE:
            say(w, ", readers %s", m->writers ? "beside a writer of other keys" : "alone");
            return;
        case WB_GROW: say(w, ", growing from empty"); return;
        case WB_CHURN: say(w, ", put and delete, then memory"); return;
        case WB_STALL:
            say(w, ", put and delete while a reader is stopped for %u ms", m->stall);
            return;
        case WB_LOAD: say(w, ", one missing key, loaded in %d ms", WB_LOAD_US / 1000); return;
        case WB_MEMORY: say(w, ", memory from half as many on to twice as many"); return;
        default: say(w, ", %u %% reads", m->read);
    }
}

static void say_map(struct words *w, const struct wb_case *c) {
    static const char *const dists[] = { "", ", zipf 0.99", ", one hot key" };
    const struct wb_map_shape *m = &c->shape.map;
    say(w, "%s, %u thread%s", c->structure, c->shape.producers, c->shape.producers == 1 ? "" : "s");
    say_map_test(w, c);
    say_keys(w, m->keys);
    if (c->test == WB_STREAM && m->hit != (m->read == 100 ? 100 : 50))
        say(w, ", %u %% found", m->hit);
    say(w, "%s", dists[m->dist]);
    if (c->test == WB_STREAM && m->growing) say(w, ", grown");
    if (m->aged) say(w, ", after a time of writes");
    if (c->shape.size > 8) say(w, ", %zu bytes each", c->shape.size);
}

const char *wb_text_case(char *out, size_t n, const struct wb_case *c) {
    const struct wb_shape *s = &c->shape;
    struct words w = { out, n, 0 };
    if (s->map.keys) {
        say_map(&w, c);
        if (s->oversubscribed) say(&w, ", oversubscribed");
        return out;
    }
    if (s->flow.workers) {
        wb_flow_words(out, n, c);
        return out;
    }
    say(&w, "%s, ", c->structure);
    if (c->title)
        say(&w, "%s", c->title);
    else if (c->test == WB_SOLO)
        say(&w, "one thread");
    else if (c->test == WB_PING)
        say(&w, "ping-pong");
    else if (s->consumers == 0)
        say(&w, "%u threads", s->producers);
    else
        say(&w, "%u to %u", s->producers, s->consumers);
    if (c->test == WB_STOPPED) say(&w, ", one producer stopped (the others meanwhile)");
    if (s->blocking && waits_or_not(c)) say(&w, ", blocking");
    if (s->rate > 0) say(&w, ", %.0f/s offered", s->rate);
    if (s->gap_ns && s->batch > 1) say(&w, ", bursts of %u", s->batch);
    if (s->gap_ns) say(&w, ", %u us idle between", s->gap_ns / 1000);
    if (s->batch > 1 && !s->gap_ns)
        say(&w, is_chan(c) ? ", up to %u per receive" : ", batch %u", s->batch);
    if (s->ways) say(&w, ", %u case%s, %u ready", s->ways, s->ways == 1 ? "" : "s", s->ready);
    if (s->sends) say(&w, ", %u sending", s->sends);
    if (s->cap != 1024 && s->size) say(&w, ", capacity %zu", s->cap);
    if (s->size != 8 && s->size) say(&w, ", %zu bytes", s->size);
    if (s->work_ns) say(&w, ", %u ns work", s->work_ns);
    if (c->one_cpu)
        say(&w, ", one CPU");
    else if (s->oversubscribed)
        say(&w, ", oversubscribed");
    return out;
}

bool wb_loses(const struct wb_result *r) {
    const struct wb_ring *ring = r->item->ring;
    const char *name = ring->name;
    bool bound =
        strcmp(name, "raw") == 0 || strcmp(name, "flat") == 0 || strcmp(name, "plain") == 0;
    bool rival = !bound && strncmp(name, "weir", 4) != 0;
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
