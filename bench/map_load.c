/* SPDX-License-Identifier: MIT */
/* bench/map_load.c - the test of one missing key that all threads ask for at once: see map_tests.h. */
#include "map_attempt.h"
#include "map_run.h"

static void ask(struct wb_map_thread *t) {
    uint64_t key = wb_map_key(0), val = 0, from = wb_now();
    if (!t->kind->load(t->work.map, key, &val, t->arg)) t->work.failed++;
    wb_hist_add(t->work.hist, wb_now() - from);
    t->work.sum += val - wb_map_value(key);
    t->work.ops++;
}

void wb_attempt_load(struct wb_attempt *t) {
    unsigned n = t->trial->shape.producers;
    wb_attempt_own(t, 100, false);
    if (!t->table || !wb_attempt_threads(t, n, true)) return;
    for (unsigned i = 0; i < n; i++) {
        t->run->threads[i].instead = ask;
        t->run->threads[i].arg = &t->run->loads;
    }
    if (!wb_attempt_phase(t, 0, WB_MAP_GRACE)) return;
    if (t->run->loads != 1) {
        (void)wb_attempt_wrong(t, "loads", t->run->loads, 1);
        return;
    }
    wb_attempt_figures(t, n);
    if (t->status != WB_OK) return;
    wb_attempt_latencies(t);
    t->out->ns_op = 1e9 * wb_map_run_seconds(t->run, 0, n); /* until all have it */
    t->out->ops_s = 1e9 / t->out->ns_op;
}
