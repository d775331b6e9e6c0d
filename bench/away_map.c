/* SPDX-License-Identifier: MIT */
/* bench/away_map.c - a run of a map that another program has: the counterpart of map_tests.c; away.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "away.h"
#include "map_run.h"

#define PATIENCE \
    60.0 /* seconds: the program may have to fill its table first, and collect its garbage */
#define KEYS_MOST 1000000 /* it keeps some tables, beside those that are here */

bool wb_away_has_map(enum wb_test test, const struct wb_shape *shape) {
    if (shape->map.keys > KEYS_MOST || shape->size != 8 || shape->map.aged) return false;
    return test == WB_GROW || (test == WB_STREAM && shape->map.dist != WB_MAP_ZIPF);
}

struct told { /* an answer */
    uint64_t ns, ops, gets, hits, off, due, entries, switches, cpu_ns;
    double fair;
};

/* hist (NULL: none is wanted) gets the latencies. */
static bool understand(char *at, struct told *t, struct wb_hist *hist) {
    char *from;
    if (strncmp(at, "ok ", 3) != 0) return false;
    at += 3;
    bool fine = wb_away_number(&at, &t->ns) && wb_away_number(&at, &t->ops) &&
                wb_away_number(&at, &t->gets) && wb_away_number(&at, &t->hits) &&
                wb_away_number(&at, &t->off) && wb_away_number(&at, &t->due) &&
                wb_away_number(&at, &t->entries);
    t->fair = strtod(from = at, &at);
    fine =
        fine && at != from && wb_away_number(&at, &t->switches) && wb_away_number(&at, &t->cpu_ns);
    return fine && wb_away_latencies(&at, hist);
}

/* The line that asks for a phase, or NULL: out of memory. */
static char *question(const struct wb_trial *t, double seconds) {
    const struct wb_map_shape *m = &t->shape.map;
    char *line = NULL;
    size_t size;
    FILE *f = open_memstream(&line, &size);
    if (!f) return NULL;
    (void)fprintf(f, "map %s %s %u %u %u %s %" PRIu64 " %d %.9g", t->ring->name,
                  t->test == WB_GROW ? "grow" : "mix", t->shape.producers, m->read, m->hit,
                  m->dist == WB_MAP_HOT ? "hot" : "uniform", m->keys,
                  m->growing || t->test == WB_GROW, t->test == WB_GROW ? 0 : seconds);
    wb_away_cpus(f, t);
    (void)fputc('\n', f);
    if (fclose(f) == 0) return line;
    free(line);
    return NULL;
}

static bool sound(const struct wb_trial *trial, const struct told *t, char *why, size_t size) {
    const struct wb_map_shape *m = &trial->shape.map;
    bool all = trial->test == WB_STREAM && m->read == 100 && m->dist == WB_MAP_UNIFORM;
    /* What was deleted is put back, so that far more than half of the reads find something. */
    bool kept = trial->test == WB_STREAM && m->read < 100 && m->hit == 100;
    if (t->off)
        (void)snprintf(why, size, "check failed: values that are not their keys'");
    else if (t->entries != t->due || (trial->test == WB_GROW && t->entries != m->keys))
        (void)snprintf(why, size, "check failed: %" PRIu64 " entries, not %" PRIu64, t->entries,
                       t->due);
    else if (all && ((m->hit == 100 && t->hits != t->gets) || (m->hit == 0 && t->hits != 0)))
        (void)snprintf(why, size, "check failed: %" PRIu64 " found of %" PRIu64, t->hits, t->gets);
    else if (kept && t->hits < t->gets / 4 * 3)
        (void)snprintf(why, size, "check failed: %" PRIu64 " found of %" PRIu64 ", of nearly all",
                       t->hits, t->gets);
    else
        return true;
    return false;
}

static enum wb_status phase(const struct wb_trial *trial, double seconds, struct told *t,
                            struct wb_hist *hist, char *why, size_t size) {
    char *said, *line = question(trial, seconds);
    if (!line) {
        (void)snprintf(why, size, "out of memory");
        return WB_FAILED;
    }
    memset(t, 0, sizeof *t);
    enum wb_status s = wb_away_ask(trial->ring, line, seconds + wb_run_grace(seconds) + PATIENCE,
                                   &said, why, size);
    free(line);
    if (s != WB_OK) return s;
    if (understand(said, t, hist)) return sound(trial, t, why, size) ? WB_OK : WB_FAILED;
    (void)snprintf(why, size, "check failed: the program answered \"%.40s\"", said);
    return WB_FAILED;
}

static bool figures(const struct told *t, struct wb_sample *out) {
    double ops = (double)t->ops, seconds = (double)t->ns / 1e9;
    if (ops <= 0 || seconds <= 0) return false;
    out->ops_s = ops / seconds;
    out->ns_op = 1e9 / out->ops_s;
    out->fair_min_max = t->fair;
    out->csw_per_op = (double)t->switches / ops;
    out->cpu_s_per_mop = (double)t->cpu_ns / ops / 1e3;
    return true;
}

enum wb_status wb_away_map_run(const struct wb_trial *trial, struct wb_sample *out,
                               struct wb_hist *latencies, char *why, size_t why_size) {
    static struct wb_hist hist; /* runs come one after the other */
    struct told t;
    bool grow = trial->test == WB_GROW;
    enum wb_status s = grow ? WB_OK : phase(trial, WB_WARM_UP, &t, NULL, why, why_size);
    wb_hist_clear(&hist);
    if (s == WB_OK) s = phase(trial, trial->seconds, &t, grow ? &hist : NULL, why, why_size);
    if (s != WB_OK) return s;
    if (!figures(&t, out)) return WB_NONE;
    out->late = !grow && wb_run_is_late(trial->test, trial->seconds, (double)t.ns / 1e9);
    if (grow) {
        double ns_op = out->ns_op;
        wb_run_latencies(&hist, out, latencies);
        out->ns_op = ns_op;
    }
    return WB_OK;
}
