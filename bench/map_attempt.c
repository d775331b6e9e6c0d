/* SPDX-License-Identifier: MIT */
/* bench/map_attempt.c - see map_attempt.h. */
#include "map_attempt.h"

#include <inttypes.h>
#include <stdio.h>

#include "map_run.h"

#define SWEEP_EVERY 8

/* ---- table and threads --------------------------------------------------------------------------- */

bool wb_attempt_failed(struct wb_attempt *t, const char *why) {
    (void)snprintf(t->why, t->size, "%s", why);
    t->status = WB_FAILED;
    return false;
}

void wb_attempt_pooled(struct wb_attempt *t) {
    unsigned share = wb_table_share(t->trial->test, wb_attempt_shape(t));
    t->table = wb_table_get(t->trial, share, t->team, &t->status, t->why, t->size);
}

void wb_attempt_own(struct wb_attempt *t, unsigned share, bool filled) {
    t->table = wb_table_make(t->trial, share, filled, t->team, &t->status, t->why, t->size);
}

/* Every run begins where no other one did. */
static uint64_t next_seed(void) {
    static uint64_t seed;
    return seed += UINT64_C(0x9e3779b97f4a7c15);
}

bool wb_attempt_threads(struct wb_attempt *t, unsigned n, bool hists) {
    t->run = wb_map_run_new(wb_attempt_kind(t), t->table->map, n, hists);
    if (!t->run) return wb_attempt_failed(t, "out of memory");
    for (unsigned i = 0; i < n; i++) {
        struct wb_map_work *w = &t->run->threads[i].work;
        w->key_bytes = t->table->key_bytes;
        w->seed = next_seed();
        w->step = 1;
        w->gets_below = w->puts_below = 65536;
    }
    return true;
}

bool wb_attempt_phase(struct wb_attempt *t, double seconds, double grace) {
    t->status = wb_map_run_phase(t->run, t->team, t->trial->pin, seconds, grace, t->why, t->size);
    if (t->status == WB_OK && !wb_map_run_sound(t->run, t->why, t->size)) t->status = WB_FAILED;
    if (t->status == WB_OK) {
        for (unsigned i = 0; i < t->run->n; i++) {
            t->table->len += t->run->threads[i].work.added;
            t->table->told &= t->run->threads[i].work.untold == 0;
        }
        return true;
    }
    /* What got stuck, also if its threads have ended, is not asked to give its table back: that might not end. */
    wb_table_drop(t->table, t->status != WB_FAILED);
    t->table = NULL;
    if (wb_attempt_left_behind(t)) t->run = NULL;
    return false;
}

void wb_attempt_mix(struct wb_attempt *t, unsigned i, unsigned read, uint64_t first,
                    uint64_t range) {
    struct wb_map_work *w = &t->run->threads[i].work;
    uint32_t gets = (uint32_t)(65536u * read / 100u);
    w->job = WB_MAP_MIX;
    w->dist = (enum wb_map_dist)wb_attempt_shape(t)->dist;
    w->first = first;
    w->range = range;
    w->gets_below = gets;
    w->puts_below = wb_attempt_shape(t)->whole ? 65536u : gets + (65536u - gets) / 2;
    if (w->dist == WB_MAP_ZIPF) w->sample = wb_map_sample(range, &w->sample_mask);
}

/* ---- checks -------------------------------------------------------------------------------------- */

bool wb_attempt_wrong(struct wb_attempt *t, const char *what, uint64_t is, uint64_t wanted) {
    (void)snprintf(t->why, t->size, "check failed: %" PRIu64 " %s, not %" PRIu64, is, what, wanted);
    t->status = WB_FAILED;
    wb_table_drop(t->table, false);
    t->table = NULL;
    return false;
}

/* Every index of the table is looked at. */
static bool swept(struct wb_attempt *t, uint64_t len) {
    struct wb_map_run *threads = t->run;
    if (!wb_attempt_threads(t, 1, false)) return false;
    struct wb_map_work *w = &t->run->threads[0].work;
    w->job = WB_MAP_SWEEP;
    w->end = 2 * wb_attempt_shape(t)->keys;
    bool ran = wb_attempt_phase(t, 0, WB_MAP_GRACE);
    uint64_t hits = ran ? w->hits : 0;
    if (t->run) wb_map_run_free(t->run);
    t->run = threads;
    return ran && (hits == len || wb_attempt_wrong(t, "entries are found", hits, len));
}

bool wb_attempt_sound(struct wb_attempt *t) {
    uint64_t len = t->table->kind->len(t->table->map);
    if (t->table->told && t->table->len != (int64_t)len)
        return wb_attempt_wrong(t, "entries", len, (uint64_t)t->table->len);
    if (t->table->shape.read != 100 && t->table->uses++ % SWEEP_EVERY == 0) return swept(t, len);
    return true;
}

bool wb_attempt_sound_hits(struct wb_attempt *t, unsigned readers) {
    uint64_t gets = 0, hits = 0;
    unsigned hit = wb_attempt_shape(t)->hit;
    for (unsigned i = 0; i < readers; i++) {
        gets += t->run->threads[i].work.gets;
        hits += t->run->threads[i].work.hits;
    }
    if (hit == 100 && hits != gets) return wb_attempt_wrong(t, "reads found something", hits, gets);
    if (hit == 0 && hits != 0) return wb_attempt_wrong(t, "reads found something", hits, 0);
    return true;
}

/* ---- figures ------------------------------------------------------------------------------------- */

static double share(const struct wb_map_run *r, unsigned to) {
    uint64_t least = UINT64_MAX, most = 0;
    for (unsigned i = 0; i < to; i++) {
        uint64_t n = r->threads[i].work.ops;
        if (n < least) least = n;
        if (n > most) most = n;
    }
    return most == 0 ? 1 : (double)least / (double)most;
}

void wb_attempt_figures(struct wb_attempt *t, unsigned n) {
    const struct wb_map_run *r = t->run;
    double ops = (double)wb_map_run_ops(r, 0, n), seconds = wb_map_run_seconds(r, 0, n);
    double cpu = 0, csw = 0;
    if (ops <= 0 || seconds <= 0) {
        t->status = WB_NONE;
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        cpu += (double)r->parts[i].cpu_ns / 1e9;
        csw += (double)r->parts[i].switches;
    }
    t->out->ops_s = ops / seconds;
    t->out->ns_op = 1e9 * seconds / ops;
    t->out->csw_per_op = csw / ops;
    t->out->cpu_s_per_mop = cpu / ops * 1e6;
    t->out->fair_min_max = share(r, n);
    t->out->bytes = t->table->bytes;
    t->status = WB_OK;
}

void wb_attempt_latencies(struct wb_attempt *t) {
    double ns_op = t->out->ns_op;
    for (unsigned i = 1; i < t->run->n; i++) wb_hist_merge(t->run->hists, &t->run->hists[i]);
    wb_run_latencies(t->run->hists, t->out, t->latencies);
    t->out->ns_op = ns_op;
}
