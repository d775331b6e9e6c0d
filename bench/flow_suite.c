/* SPDX-License-Identifier: MIT */
/* bench/flow_suite.c - the suites' part about pools and pipelines.
 *
 * F1 pools: tasks from outside, empty and of 100 ns and 1 us; empty ones from inside; fork and join; waking; idling. F2 pipelines
 * of three stages of 100 ns, with one worker a stage, and with two, ordered and not. F4 the structures at work: a pool whose
 * tasks read and write a map, and a pipeline that counts in one, by share of writes and by kind of map. A group is what bars
 * and verdicts compare. */
#include "rows.h"

#define KEYS 100000
#define LINES 10000 /* strings in the lines of a log */
#define STAGES 3

static struct wb_row row(const char *workload, const char *structure, unsigned workers) {
    struct wb_row r = row_of(workload, structure, workers);
    r.flow.workers = workers;
    return r;
}

/* ---- F1 --------------------------------------------------------------------------------------------- */

static struct wb_row wake(void) { return gap(test(row("F1", "pool", 1), WB_WAKE), WB_GAP_NS); }

static struct wb_row idle(unsigned ms) {
    struct wb_row r = test(row("F1", "pool", 2), WB_IDLE);
    r.flow.idle_ms = ms;
    return r;
}

static void pools(struct wb_builder *b) {
    static const unsigned usual[] = { 2, 0 };
    unsigned n;
    const unsigned *axis = wb_build_axis(b, usual, &n);
    wb_build_group(b, "F1", false);
    for (unsigned i = 0; i < n; i++) {
        struct wb_row one = row("F1", "pool", axis[i]);
        add(b, one, WB_ALL);
        add(b, work(one, 100), WB_ALL);
        add(b, work(one, 1000), WB_ALL);
        add(b, test(one, WB_INSIDE), WB_ALL);
        add(b, test(one, WB_FIB), WB_ALL);
    }
    add(b, wake(), WB_ALL);
}

/* ---- F2 --------------------------------------------------------------------------------------------- */

static struct wb_row pipe(const char *workload, const char *structure, unsigned workers) {
    struct wb_row r = row(workload, structure, workers);
    r.flow.stages = STAGES;
    return r;
}

static struct wb_row ordered(struct wb_row r) {
    r.flow.ordered = true;
    return r;
}

static void pipes(struct wb_builder *b, enum wb_who who) {
    struct wb_row one = work(pipe("F2", "pipe", 1), 100), two = work(pipe("F2", "pipe", 2), 100);
    wb_build_group(b, "F2", false);
    add(b, one, who);
    add(b, ordered(one), who);
    add(b, two, who);
    add(b, ordered(two), who);
}

/* ---- F4 --------------------------------------------------------------------------------------------- */

static const unsigned shares[] = { 0, 1, 5, 20, 50 };

static struct wb_row on_map(struct wb_row r, unsigned write, uint64_t keys) {
    r.flow.write = write;
    r.flow.keys = keys;
    return r;
}

static void at_work(struct wb_builder *b, bool all) {
    wb_build_group(b, "F4", false);
    for (unsigned i = 0; i < COUNT(shares); i++) {
        add(b, on_map(row("F4", "serve", 2), shares[i], KEYS), WB_ALL);
        if (all || i % 2 == 0) add(b, on_map(pipe("F4", "log", 2), shares[i], LINES), WB_ALL);
    }
}

/* ---- the suites ------------------------------------------------------------------------------------- */

void wb_suite_flow(struct wb_builder *b) {
    pools(b);
    wb_build_group(b, "F1 idle", false);
    add(b, idle(10000), WB_OURS);
    pipes(b, WB_ALL);
    at_work(b, true);
}

/* One of each, on small tables, for the tests of the harness. */
void wb_suite_flow_small(struct wb_builder *b) {
    wb_build_group(b, "F1", false);
    add(b, row("F1", "pool", 2), WB_ALL);
    add(b, work(row("F1", "pool", 2), 100), WB_ALL);
    add(b, test(row("F1", "pool", 2), WB_INSIDE), WB_ALL);
    add(b, test(row("F1", "pool", 2), WB_FIB), WB_ALL);
    add(b, wake(), WB_ALL);
    add(b, idle(100), WB_OURS);
    pipes(b, WB_ALL);
    wb_build_group(b, "F4", false);
    for (unsigned write = 0; write <= 50; write += 50) {
        add(b, on_map(row("F4", "serve", 2), write, 1000), WB_ALL);
        add(b, on_map(pipe("F4", "log", 2), write, 1000), WB_ALL);
    }
}

void wb_suite_flow_quick(struct wb_builder *b) {
    struct wb_row two = row("F1", "pool", 2);
    wb_build_group(b, "F1", false);
    add(b, two, WB_ALL);
    add(b, work(two, 1000), WB_ALL);
    add(b, test(two, WB_FIB), WB_ALL);
    add(b, wake(), WB_FEW);
    pipes(b, WB_FEW);
    at_work(b, false);
}

void wb_suite_flow_try(struct wb_builder *b) {
    wb_build_group(b, "F1", false);
    add(b, row("F1", "pool", 2), WB_FEW);
    add(b, test(row("F1", "pool", 2), WB_FIB), WB_FEW);
    wb_build_group(b, "F2", false);
    add(b, work(pipe("F2", "pipe", 2), 100), WB_FEW);
}
