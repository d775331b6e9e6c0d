/* SPDX-License-Identifier: MIT */
/* bench/map_mixes.c - the tests of reads, puts and deletes in some proportion: see map_tests.h. */
#include "map_attempt.h"
#include "map_run.h"

static bool warm_and_run(struct wb_attempt *t) {
    double seconds = t->trial->seconds;
    return wb_attempt_phase(t, WB_WARM_UP, wb_run_grace(WB_WARM_UP)) &&
           wb_attempt_phase(t, seconds, wb_run_grace(seconds));
}

void wb_attempt_mixed(struct wb_attempt *t) {
    const struct wb_map_shape *s = wb_attempt_shape(t);
    unsigned n = t->trial->shape.producers;
    bool writes = s->read < 100, kept = writes && s->hit == 100 && !s->whole;
    wb_attempt_pooled(t);
    if (!t->table || !wb_attempt_threads(t, n, false)) return;
    for (unsigned i = 0; i < n; i++) {
        t->run->threads[i].work.kept = kept;
        if (s->hit == 50)
            wb_attempt_mix(t, i, s->read, 0, 2 * s->keys);
        else
            wb_attempt_mix(t, i, s->read, s->hit == 100 ? 0 : s->keys, s->keys);
        if (s->dist == WB_MAP_ZIPF && !t->run->threads[i].work.sample) {
            (void)wb_attempt_failed(t, "out of memory");
            return;
        }
    }
    bool sure = !writes || s->whole; /* what is read */
    if (!warm_and_run(t) || !(!sure || wb_attempt_sound_hits(t, n)) || !wb_attempt_sound(t)) return;
    wb_attempt_figures(t, n);
}

void wb_attempt_beside(struct wb_attempt *t) {
    const struct wb_map_shape *s = wb_attempt_shape(t);
    unsigned readers = t->trial->shape.producers, n = readers + s->writers;
    wb_attempt_pooled(t);
    if (!t->table || !wb_attempt_threads(t, n, false)) return;
    for (unsigned i = 0; i < n; i++) {
        wb_attempt_mix(t, i, 100, i < readers ? 0 : s->keys / 2, s->keys / 2);
        if (i >= readers) t->run->threads[i].work.job = WB_MAP_WRITE;
    }
    if (!warm_and_run(t) || !wb_attempt_sound_hits(t, readers) || !wb_attempt_sound(t)) return;
    wb_attempt_figures(t, readers);
}

void wb_attempt_grow(struct wb_attempt *t) {
    unsigned n = t->trial->shape.producers;
    wb_attempt_own(t, 100, false);
    if (!t->table || !wb_attempt_threads(t, n, true)) return;
    for (unsigned i = 0; i < n; i++) {
        struct wb_map_work *w = &t->run->threads[i].work;
        w->job = WB_MAP_GROW;
        w->first = i;
        w->step = n;
        w->end = wb_attempt_shape(t)->keys;
    }
    if (!wb_attempt_phase(t, 0, WB_MAP_GRACE)) return;
    uint64_t len = t->table->kind->len(t->table->map);
    if (len != wb_attempt_shape(t)->keys) {
        (void)wb_attempt_wrong(t, "entries", len, wb_attempt_shape(t)->keys);
        return;
    }
    t->table->bytes = wb_table_bytes(t->table);
    wb_attempt_figures(t, n);
    if (t->status == WB_OK) wb_attempt_latencies(t);
}

void wb_attempt_churn(struct wb_attempt *t) {
    unsigned n = t->trial->shape.producers;
    wb_attempt_own(t, 0, true);
    if (!t->table || !wb_attempt_threads(t, n, false)) return;
    for (unsigned i = 0; i < n; i++) wb_attempt_mix(t, i, 0, 0, 2 * wb_attempt_shape(t)->keys);
    double seconds = WB_CHURN_LONGER * t->trial->seconds;
    if (!wb_attempt_phase(t, seconds, wb_run_grace(seconds))) return;
    wb_sleep_until(wb_now() + WB_SETTLE);
    double bytes = wb_table_bytes(t->table);
    if (!wb_attempt_sound(t)) return;
    wb_attempt_figures(t, n);
    t->out->bytes_low = t->table->bytes;
    t->out->bytes = bytes;
}
