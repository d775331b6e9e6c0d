/* SPDX-License-Identifier: MIT */
/* bench/map_memory.c - the test of memory per entry: see map_tests.h. */
#include "map_attempt.h"

#define STEPS 48 /* from half the keys to twice as many: 3 % each */

struct account {
    double least, most, after, last;
    bool shrank;
};

/* A doubling is over when the table from which it moved is gone, or, where all moves at once, when it has grown most. */
static void account(struct account *a, double bytes, double len) {
    double each = bytes / len;
    if (a->least == 0 || each < a->least) a->least = each;
    if (each > a->most) a->most = each;
    if (bytes < 0.9 * a->last) a->shrank = true, a->after = each;
    if (!a->shrank) a->after = a->most;
    a->last = bytes;
}

void wb_attempt_memory(struct wb_attempt *t) {
    double keys = (double)wb_attempt_shape(t)->keys;
    struct account a = { 0 };
    wb_attempt_own(t, 100, false);
    if (!t->table || !wb_attempt_threads(t, 1, false)) return;
    struct wb_map_work *w = &t->run->threads[0].work;
    double seconds = 0, ops = 0;
    w->job = WB_MAP_FILL;
    for (unsigned i = 0; i <= STEPS; i++) {
        w->end = (uint64_t)(keys / 2 * __builtin_exp2(2.0 * i / STEPS));
        if (!wb_attempt_phase(t, 0, WB_MAP_GRACE)) return;
        seconds += wb_map_run_seconds(t->run, 0, 1);
        ops += (double)w->ops;
        w->first = w->end;
        wb_sleep_until(wb_now() + WB_SETTLE / 3);
        account(&a, wb_table_bytes(t->table) * (double)w->end, (double)w->end);
    }
    uint64_t len = t->table->kind->len(t->table->map);
    if (len != w->end) {
        (void)wb_attempt_wrong(t, "entries", len, w->end);
        return;
    }
    t->out->ops_s = ops / seconds;
    t->out->ns_op = 1e9 * seconds / ops;
    t->out->fair_min_max = 1;
    t->out->bytes = a.after;
    t->out->bytes_low = a.least;
    t->out->bytes_high = a.most;
    t->status = WB_OK;
}
