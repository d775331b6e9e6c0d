/* SPDX-License-Identifier: MIT */
/* bench/suite.c - the suites: which cases of which workload, for whom.
 *
 * Q1 SPSC stream and ping-pong; Q2 N producers x N consumers; Q3 N x 1 and 1 x N; Q4 channels; Q5
 * selects; Q6 bursts with gaps; Q7 eight threads per processor, one processor only, one thread
 * stopped; Q8 channels closed while others wait, and channels that live for an element; Q9 deques,
 * Q10 unbounded queues, F3 contexts and the like. A group is what bars may compare (plan.h): therefore the cases of Q7 that need no
 * process of their own run in the rounds of Q2 and Q4. */
#include <string.h>

#include "rows.h"

#define CAP 1024

/* ---- rows ------------------------------------------------------------------------------------ */

static struct wb_row row(const char *workload, const char *structure, unsigned p, unsigned c) {
    struct wb_row r = row_of(workload, structure, p);
    r.consumers = c;
    r.cap = CAP;
    r.size = 8;
    return r;
}

static struct wb_row batch(struct wb_row r, unsigned n) {
    r.batch = n;
    return r;
}

static struct wb_row cap(struct wb_row r, size_t n) {
    r.cap = n;
    return r;
}

static struct wb_row rate(struct wb_row r, double per_second) {
    r.rate = per_second;
    return r;
}

static struct wb_row waiting(struct wb_row r) {
    r.blocking = true;
    return r;
}

/* ---- quick ----------------------------------------------------------------------------------- */

static void quick_q1(struct wb_builder *b) {
    static const unsigned batches[] = { 1, 8, 32, 64 };
    struct wb_row one = row("Q1", "spsc", 1, 1);
    wb_build_group(b, "Q1", false);
    for (unsigned i = 0; i < COUNT(batches); i++) add(b, batch(one, batches[i]), WB_ALL);
    add(b, size(one, 64), WB_ALL);
    add(b, size(one, 256), WB_ALL);
    add(b, test(one, WB_PING), WB_ALL);
    add(b, rate(one, 1e5), WB_FEW);
    add(b, rate(one, 1e6), WB_FEW);
}

/* The cases of Q7 beside those of Q2. */
static void over_and_stopped(struct wb_builder *b, enum wb_who who) {
    unsigned over = wb_oversubscribed();
    add(b, row("Q7", "mpmc", over, over), who);
    add(b, test(row("Q7", "mpmc", 2, 2), WB_STOPPED), who);
}

static void quick_q2(struct wb_builder *b) {
    static const unsigned usual[] = { 1, 2, 4, 0 };
    unsigned n;
    const unsigned *axis = wb_build_axis(b, usual, &n);
    struct wb_row one = row("Q2", "mpmc", 1, 1), two = row("Q2", "mpmc", 2, 2);
    struct wb_row four = row("Q2", "mpmc", 4, 4), eight = row("Q2", "mpmc", 8, 8);
    wb_build_group(b, "Q2", false);
    add(b, test(one, WB_SOLO), WB_ALL);
    for (unsigned i = 0; i < n; i++) add(b, row("Q2", "mpmc", axis[i], axis[i]), WB_ALL);
    if (wb_oversubscribed() != 8) add(b, eight, WB_FEW);
    add(b, batch(one, 32), WB_ALL);
    add(b, batch(four, 32), WB_ALL);
    add(b, cap(two, 8), WB_FEW);
    add(b, cap(two, 65536), WB_FEW);
    add(b, waiting(one), WB_ALL);
    add(b, waiting(four), WB_ALL);
    add(b, test(one, WB_PING), WB_FEW);
    add(b, waiting(test(one, WB_PING)), WB_FEW);
    add(b, rate(two, 1e5), WB_FEW);
    add(b, rate(two, 1e6), WB_FEW);
    over_and_stopped(b, WB_FEW);
}

/* There and back by rendezvous. */
static struct wb_row meeting(struct wb_row r) { return waiting(cap(test(r, WB_PING), 0)); }

static void quick_q4(struct wb_builder *b) {
    static const unsigned usual[] = { 1, 2, 4, 0 };
    unsigned n, over = wb_oversubscribed();
    const unsigned *axis = wb_build_axis(b, usual, &n);
    struct wb_row one = waiting(row("Q4", "chan", 1, 1));
    wb_build_group(b, "Q4", false);
    add(b, test(one, WB_SOLO), WB_FEW);
    for (unsigned i = 0; i < n; i++) add(b, waiting(row("Q4", "chan", axis[i], axis[i])), WB_FEW);
    add(b, batch(one, 32), WB_FEW);
    add(b, cap(one, 0), WB_FEW);
    add(b, cap(one, 1), WB_FEW);
    add(b, meeting(one), WB_FEW);
    add(b, waiting(row("Q7", "chan", over, over)), WB_FEW);
}

static struct wb_row ways(struct wb_row r, unsigned n, unsigned ready) {
    r.ways = n;
    r.ready = ready;
    return r;
}

static struct wb_row sends(struct wb_row r, unsigned n) {
    r.sends = n;
    return r;
}

/* All ready; then one of many, whose difference to one of one is the cost of idle cases; then all ready,
 * the first half of them to be sent to. */
static void selects(struct wb_builder *b, enum wb_who who) {
    static const unsigned n[] = { 2, 8, 64 };
    struct wb_row one = waiting(row("Q5", "select", 1, 1)), alone = test(one, WB_SOLO);
    wb_build_group(b, "Q5", false);
    add(b, ways(one, 2, 2), who);
    add(b, ways(alone, 1, 1), who);
    for (unsigned i = 0; i < COUNT(n); i++) add(b, ways(alone, n[i], 1), who);
    for (unsigned i = 0; i < COUNT(n); i++)
        if (i == 0 || who == WB_ALL) add(b, ways(alone, n[i], n[i]), who);
    for (unsigned i = 1; i < COUNT(n) && who == WB_ALL; i++) add(b, ways(one, n[i], n[i]), who);
    for (unsigned i = 0; i < COUNT(n); i++)
        if (i == 0 || who == WB_ALL) add(b, sends(ways(alone, n[i], n[i]), n[i] / 2), who);
}

static void lives(struct wb_builder *b, enum wb_who who) {
    static const unsigned receivers[] = { 4, 64 };
    wb_build_group(b, "Q8", false);
    for (unsigned i = 0; i < (who == WB_ALL ? 2 : 1); i++)
        add(b, waiting(gap(cap(row("Q8", "close", 1, receivers[i]), 0), 100000)), who);
    add(b, cap(test(row("Q8", "life", 1, 1), WB_SOLO), 16), who);
}

/* Each by one thread, and by several at once. */
static void tools(struct wb_builder *b, bool all) {
    static const char *const names[] = { "ctx", "look", "limiter", "sem" };
    wb_build_group(b, "F3", false);
    for (unsigned i = 0; i < COUNT(names); i++) {
        struct wb_row one = size(row("F3", names[i], 1, 0), 0);
        add(b, test(one, WB_SOLO), WB_ALL);
        one.producers = 2;
        add(b, one, WB_ALL);
        one.producers = 4;
        if (all) add(b, one, WB_ALL);
    }
}

/* The owner alone, at the last element and away from it; then robbed. */
static void deques(struct wb_builder *b, bool all) {
    static const unsigned thieves[] = { 1, 2, 3 };
    struct wb_row one = row("Q9", "deque", 1, 1), alone = test(one, WB_SOLO);
    wb_build_group(b, "Q9", false);
    add(b, alone, WB_ALL);
    add(b, batch(alone, 32), WB_ALL);
    add(b, test(row("Q9", "steal", 1, 1), WB_SOLO), WB_ALL);
    for (unsigned i = 0; i < (all ? COUNT(thieves) : 1); i++)
        add(b, row("Q9", "deque", 1, thieves[i]), WB_ALL);
    add(b, batch(one, 32), WB_ALL);
}

static void bursts(struct wb_builder *b, enum wb_who who) {
    struct wb_row one = waiting(gap(row("Q6", "chan", 1, 1), WB_GAP_NS));
    wb_build_group(b, "Q6", false);
    add(b, one, who);
    add(b, batch(one, 64), who);
}

static void one_cpu(struct wb_builder *b) {
    struct wb_row one = row("Q7", "mpmc", 1, 1), four = row("Q7", "mpmc", 4, 4);
    wb_build_group(b, "Q7", true);
    add(b, row("Q7", "spsc", 1, 1), WB_FEW);
    add(b, test(one, WB_SOLO), WB_FEW);
    add(b, one, WB_FEW);
    add(b, four, WB_FEW);
    add(b, batch(one, 32), WB_FEW);
    add(b, waiting(one), WB_FEW);
    add(b, waiting(four), WB_FEW);
    add(b, waiting(row("Q7", "chan", 1, 1)), WB_FEW);
    add(b, meeting(row("Q7", "chan", 1, 1)), WB_FEW);
}

static void quick(struct wb_builder *b) {
    quick_q1(b);
    quick_q2(b);
    quick_q4(b);
    selects(b, WB_FEW);
    bursts(b, WB_FEW);
    lives(b, WB_FEW);
    tools(b, false);
    deques(b, false);
    wb_suite_maps_quick(b);
    wb_suite_cache_quick(b);
    wb_suite_flow_quick(b);
    one_cpu(b);
}

/* ---- full ------------------------------------------------------------------------------------ */

static const size_t sizes[] = { 8, 64, 256 };
static const size_t caps[] = { 8, CAP, 65536 };
static const unsigned works[] = { 0, 200 };

static void full_q1(struct wb_builder *b) {
    static const unsigned batches[] = { 1, 8, 32, 64 };
    struct wb_row one = row("Q1", "spsc", 1, 1);
    wb_build_group(b, "Q1", false);
    add(b, test(one, WB_SOLO), WB_ALL);
    for (unsigned s = 0; s < COUNT(sizes); s++) {
        for (unsigned i = 0; i < COUNT(batches); i++)
            add(b, size(batch(one, batches[i]), sizes[s]), WB_ALL);
        add(b, size(test(one, WB_PING), sizes[s]), WB_ALL);
    }
    add(b, rate(one, 1e5), WB_ALL);
    add(b, rate(one, 1e6), WB_ALL);
}

/* One place on the N axis, with all capacities and both amounts of local work. */
static void all_axes(struct wb_builder *b, struct wb_row r) {
    for (unsigned c = 0; c < COUNT(caps); c++) {
        for (unsigned w = 0; w < COUNT(works); w++) {
            r.work_ns = works[w];
            add(b, cap(r, caps[c]), WB_ALL);
        }
    }
}

static void full_q2(struct wb_builder *b) {
    static const unsigned usual[] = { 1, 2, 4, 8, 16, 0 };
    unsigned n;
    const unsigned *axis = wb_build_axis(b, usual, &n);
    struct wb_row one = row("Q2", "mpmc", 1, 1), two = row("Q2", "mpmc", 2, 2);
    wb_build_group(b, "Q2", false);
    for (unsigned s = 0; s < COUNT(sizes); s++) add(b, size(test(one, WB_SOLO), sizes[s]), WB_ALL);
    for (unsigned i = 0; i < n; i++) {
        struct wb_row r = row("Q2", "mpmc", axis[i], axis[i]);
        all_axes(b, r);
        add(b, size(r, 64), WB_ALL);
        add(b, batch(r, 8), WB_ALL);
        add(b, batch(r, 32), WB_ALL);
        add(b, waiting(r), WB_ALL);
        add(b, waiting(batch(r, 32)), WB_ALL);
    }
    add(b, test(one, WB_PING), WB_ALL);
    add(b, waiting(test(one, WB_PING)), WB_ALL);
    add(b, rate(two, 1e5), WB_ALL);
    add(b, rate(two, 1e6), WB_ALL);
    over_and_stopped(b, WB_ALL);
}

static void full_q3(struct wb_builder *b) {
    static const unsigned usual[] = { 2, 4, 8, 16, 0 };
    unsigned n;
    const unsigned *axis = wb_build_axis(b, usual, &n);
    wb_build_group(b, "Q3", false);
    for (unsigned i = 0; i < n; i++) {
        if (axis[i] == 1) continue; /* stands in Q2 */
        all_axes(b, row("Q3", "mpmc", axis[i], 1));
        all_axes(b, row("Q3", "mpmc", 1, axis[i]));
    }
}

static void full_q4(struct wb_builder *b) {
    static const unsigned usual[] = { 1, 2, 4, 8, 16, 0 };
    static const size_t some[] = { 0, 1, CAP };
    unsigned n, over = wb_oversubscribed();
    const unsigned *axis = wb_build_axis(b, usual, &n);
    struct wb_row one = waiting(row("Q4", "chan", 1, 1));
    wb_build_group(b, "Q4", false);
    add(b, batch(one, 8), WB_ALL);
    add(b, batch(one, 32), WB_ALL);
    for (unsigned c = 0; c < COUNT(some); c++) {
        if (some[c] > 0) add(b, cap(test(one, WB_SOLO), some[c]), WB_ALL);
        for (unsigned i = 0; i < n; i++)
            add(b, cap(waiting(row("Q4", "chan", axis[i], axis[i])), some[c]), WB_ALL);
        add(b, cap(test(one, WB_PING), some[c]), WB_ALL);
        add(b, cap(waiting(row("Q7", "chan", over, over)), some[c]), WB_ALL);
    }
}

static void full(struct wb_builder *b) {
    full_q1(b);
    full_q2(b);
    full_q3(b);
    full_q4(b);
    selects(b, WB_ALL);
    bursts(b, WB_ALL);
    lives(b, WB_ALL);
    tools(b, true);
    deques(b, true);
    one_cpu(b);
}

/* Unbounded queues: their capacity says nothing but to the bounded ring beside them, which stands alone only. */
static void unbounded(struct wb_builder *b) {
    static const char others[] = "weir,mutex,moodycamel,tbb,boost,glib,xenium,xenium_hazard";
    static const unsigned n[] = { 1, 2, 4 };
    struct wb_row one = row("Q10", "queue", 1, 1), mpsc = row("Q10", "mpsc", 1, 1);
    wb_build_group(b, "Q10", false);
    add(b, test(one, WB_SOLO), WB_ALL);
    add(b, test(mpsc, WB_SOLO), WB_ALL);
    for (unsigned i = 0; i < COUNT(n); i++) {
        add(b, of(row("Q10", "queue", n[i], n[i]), others), WB_ALL);
        add(b, row("Q10", "mpsc", n[i], 1), WB_ALL);
    }
    add(b, of(batch(row("Q10", "queue", 2, 2), 32), others), WB_ALL);
    add(b, batch(row("Q10", "mpsc", 2, 1), 32), WB_ALL);
}

static void all(struct wb_builder *b) {
    full(b);
    unbounded(b);
    wb_suite_maps(b);
    wb_suite_cache(b);
    wb_suite_flow(b);
}

/* One of eight threads stopped in mid-operation, beside the same with none stopped: every ring. */
static void stopped(struct wb_builder *b) {
    struct wb_row four = row("Q2", "mpmc", 4, 4);
    wb_build_group(b, "Q2", false);
    add(b, four, WB_ALL);
    add(b, test(row("Q7", "mpmc", 4, 4), WB_STOPPED), WB_ALL);
}

/* ---- try ------------------------------------------------------------------------------------- */

static void taste(struct wb_builder *b) {
    wb_build_group(b, "Q1", false);
    add(b, row("Q1", "spsc", 1, 1), WB_FEW);
    wb_build_group(b, "Q2", false);
    add(b, row("Q2", "mpmc", 2, 2), WB_FEW);
    add(b, waiting(row("Q2", "mpmc", 1, 1)), WB_FEW);
    wb_build_group(b, "Q4", false);
    add(b, waiting(row("Q4", "chan", 1, 1)), WB_FEW);
    add(b, meeting(row("Q4", "chan", 1, 1)), WB_FEW);
    wb_build_group(b, "Q5", false);
    add(b, ways(waiting(row("Q5", "select", 1, 1)), 2, 2), WB_FEW);
    wb_build_group(b, "Q9", false);
    add(b, row("Q9", "deque", 1, 1), WB_FEW);
    wb_suite_maps_try(b);
    wb_suite_flow_try(b);
}

/* ---------------------------------------------------------------------------------------------- */

const struct wb_suite wb_suites[] = {
    { .name = "quick", .build = quick, .seconds = 0.05, .budget = 210 },
    { .name = "try", .build = taste, .seconds = 0.15, .budget = 20 },
    { .name = "full", .build = all, .seconds = 0.1, .variants_of_weir = true },
    { .name = "queues", .build = full, .seconds = 0.1, .variants_of_weir = true },
    { .name = "stopped", .build = stopped, .seconds = 0.1, .variants_of_weir = true, .rounds = 9 },
    { .name = "unbounded", .build = unbounded, .seconds = 0.1, .rounds = 9 },
    { .name = "maps", .build = wb_suite_maps, .seconds = 0.1 },
    { .name = "maps-bars",
      .build = wb_suite_maps_bars,
      .seconds = 0.1,
      .budget = 1800,
      .rounds = 7 },
    { .name = "maps-stalled", .build = wb_suite_maps_stalled, .seconds = 0.1, .rounds = 3 },
    { .name = "cache", .build = wb_suite_cache, .seconds = 0.1 },
    { .name = "cache-small", .build = wb_suite_cache_small, .seconds = 0.01, .hidden = true },
    { .name = "flow", .build = wb_suite_flow, .seconds = 0.1 },
    { .name = "flow-small", .build = wb_suite_flow_small, .seconds = 0.01, .hidden = true },
    { .name = "maps-small", .build = wb_suite_maps_small, .seconds = 0.01, .hidden = true },
    { .name = "one-cpu", .build = one_cpu, .seconds = 0.05, .hidden = true },
    { .name = NULL },
};

const struct wb_suite *wb_suite_find(const char *name) {
    for (const struct wb_suite *s = wb_suites; s->name; s++)
        if (strcmp(s->name, name) == 0) return s;
    return NULL;
}
