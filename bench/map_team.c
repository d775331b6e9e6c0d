/* SPDX-License-Identifier: MIT */
/* bench/map_team.c - see map_team.h. */
#include "map_team.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpus.h"
#include "interrupt.h"

/* ---- memory -------------------------------------------------------------------------------------- */

static void *lines(size_t n, size_t size) {
    size_t bytes = (n * size + WB_LINE_BYTES - 1) / WB_LINE_BYTES * WB_LINE_BYTES;
    void *p = aligned_alloc(WB_LINE_BYTES, bytes);
    return p ? memset(p, 0, bytes) : NULL;
}

void wb_map_run_free(struct wb_map_run *r) {
    if (!r) return;
    free(r->threads);
    free(r->parts);
    free(r->hists);
    free(r);
}

struct wb_map_run *wb_map_run_new(const struct wb_map *kind, void *map, unsigned threads,
                                  bool hists) {
    struct wb_map_run *r = lines(1, sizeof *r);
    if (!r) return NULL;
    r->n = threads;
    r->threads = lines(threads, sizeof *r->threads);
    r->parts = lines(threads, sizeof *r->parts);
    if (hists) r->hists = lines(threads, sizeof *r->hists);
    if (!r->threads || !r->parts || (hists && !r->hists)) {
        wb_map_run_free(r);
        return NULL;
    }
    for (unsigned i = 0; i < threads; i++) {
        struct wb_map_thread *t = &r->threads[i];
        t->kind = kind;
        t->as_worker.ring = t;
        t->work.map = map;
        t->work.id = i;
        t->work.threads = threads;
        t->work.stop = &r->phase.stop;
        t->work.hist = hists ? &r->hists[i] : NULL;
    }
    return r;
}

/* ---- a phase ------------------------------------------------------------------------------------- */

static void go(struct wb_worker *w) {
    struct wb_map_thread *t = w->ring;
    t->work.own = t->kind->enter ? t->kind->enter(t->work.map) : NULL;
    t->start_ns = wb_now();
    if (t->instead)
        t->instead(t);
    else
        t->kind->run(&t->work);
    t->end_ns = wb_now();
    if (t->kind->leave) t->kind->leave(t->work.map, t->work.own);
}

static void clear(struct wb_map_work *w) {
    w->live = w->ops = w->gets = w->hits = w->puts = w->dels = 0;
    w->untold = w->sum = w->failed = 0;
    w->added = 0;
}

enum wb_status wb_map_run_phase(struct wb_map_run *r, struct wb_team **team, enum wb_pin pin,
                                double seconds, double grace, char *why, size_t size) {
    void (*during)(void *arg, uint64_t t0) = r->phase.during;
    void *arg = r->phase.hook_arg;
    r->phase =
        (struct wb_phase){ .parts = r->parts, .n = r->n, .seconds = seconds, .grace = grace };
    if (seconds <= 0) {
        r->phase.whole = grace;
        r->phase.grace = wb_run_grace(0);
    }
    r->phase.during = during;
    r->phase.hook_arg = arg;
    for (unsigned i = 0; i < r->n; i++) {
        struct wb_part *p = &r->parts[i];
        clear(&r->threads[i].work);
        if (r->hists) wb_hist_clear(&r->hists[i]);
        p->run = go;
        p->worker = &r->threads[i].as_worker;
        p->cpu = wb_place(pin, r->n, i);
        p->feeds = p->last = true;
    }
    switch (wb_team_run(*team, &r->phase)) {
        case WB_TEAM_DONE: return WB_OK;
        case WB_TEAM_STUCK:
            *team = NULL;
            (void)snprintf(why, size, "still running %.1f s after its end", r->phase.grace);
            return WB_STUCK;
        case WB_TEAM_CUT:
            (void)snprintf(why, size, "not done after %.0f s", grace);
            return wb_interrupted() ? WB_NONE : WB_STUCK;
        case WB_TEAM_NO_THREAD: break;
    }
    (void)snprintf(why, size, "the system refuses %u threads", r->n);
    return WB_FAILED;
}

/* ---- what came of it ----------------------------------------------------------------------------- */

uint64_t wb_map_run_ops(const struct wb_map_run *r, unsigned from, unsigned to) {
    uint64_t ops = 0;
    for (unsigned i = from; i < to; i++) ops += r->threads[i].work.ops;
    return ops;
}

double wb_map_run_seconds(const struct wb_map_run *r, unsigned from, unsigned to) {
    uint64_t start = UINT64_MAX, end = 0;
    for (unsigned i = from; i < to; i++) {
        if (r->threads[i].start_ns < start) start = r->threads[i].start_ns;
        if (r->threads[i].end_ns > end) end = r->threads[i].end_ns;
    }
    return end > start ? (double)(end - start) / 1e9 : 0;
}

bool wb_map_run_sound(const struct wb_map_run *r, char *why, size_t size) {
    for (unsigned i = 0; i < r->n; i++) {
        const struct wb_map_work *w = &r->threads[i].work;
        if (w->failed)
            (void)snprintf(why, size, "check failed: %" PRIu64 " puts refused", w->failed);
        else if (w->sum)
            (void)snprintf(why, size, "check failed: values that are not their keys'");
        else
            continue;
        return false;
    }
    return true;
}
