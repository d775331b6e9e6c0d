/* SPDX-License-Identifier: MIT */
/* bench/map_tests.c - see map_tests.h.
 *
 * What a run checks: every value that was read is its key's; no put was refused; of reads that must find, or
 * must not, as many did; and the map's length is what its threads added up, where all puts said whether they were
 * new. Every eighth run that wrote looks at each index besides: what is found is the length. */
#include "map_tests.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interrupt.h"
#include "map_run.h"
#include "map_tables.h"
#include "map_team.h"

#define MS UINT64_C(1000000)
#define GRACE 120.0 /* seconds: of work whose amount is fixed */
#define SWEEP_EVERY 8
#define CHURN 10
#define SETTLE (30 * MS) /* a grace period, and what frees */
#define RECOVER (500 * MS)
#define LEAD (20 * MS) /* of writers before the reader is stopped */
#define NS_PUT 300e-9  /* seconds, guessed; of all kinds */
#define NS_GROW 900e-9 /* the table given back, too */

unsigned wb_map_test_threads(enum wb_test test, const struct wb_shape *shape) {
    if (test == WB_BESIDE) return shape->producers + shape->map.writers;
    if (test == WB_MEMORY) return 1;
    return shape->producers + (test == WB_STALL ? 1 : 0);
}

double wb_map_test_cost(enum wb_test test, const struct wb_shape *shape, double seconds) {
    double keys = (double)shape->map.keys, puts = NS_PUT * keys;
    switch (test) {
        case WB_GROW: return NS_GROW * keys;
        case WB_MEMORY: return 2 * puts + 1;
        case WB_CHURN: return puts + CHURN * seconds;
        case WB_LOAD: return 2 * WB_LOAD_US / 1e6;
        case WB_STALL: return puts + 0.6 + shape->map.stall / 1e3;
        default: return seconds + WB_WARM_UP + 0.002;
    }
}

void wb_map_tests_end(void) { wb_tables_end(); }

/* ---- what a run is about ------------------------------------------------------------------------- */

struct test {
    const struct wb_trial *trial;
    struct wb_team **team;
    struct wb_sample *out;
    struct wb_hist *latencies;
    char *why;
    size_t size;
    struct wb_table *table;
    struct wb_map_run *run;
    enum wb_status status;
};

static const struct wb_map *kind_of(const struct test *t) {
    return (const struct wb_map *)t->trial->ring;
}

static const struct wb_map_shape *shape_of(const struct test *t) { return &t->trial->shape.map; }

static bool failed(struct test *t, const char *why) {
    (void)snprintf(t->why, t->size, "%s", why);
    t->status = WB_FAILED;
    return false;
}

/* Every run begins where no other one did. */
static uint64_t next_seed(void) {
    static uint64_t seed;
    return seed += UINT64_C(0x9e3779b97f4a7c15);
}

/* Threads for the table; false: none. */
static bool with_threads(struct test *t, unsigned n, bool hists) {
    t->run = wb_map_run_new(kind_of(t), t->table->map, n, hists);
    if (!t->run) return failed(t, "out of memory");
    for (unsigned i = 0; i < n; i++) {
        struct wb_map_work *w = &t->run->threads[i].work;
        w->key_bytes = t->table->key_bytes;
        w->seed = next_seed();
        w->step = 1;
        w->gets_below = w->puts_below = 65536;
    }
    return true;
}

static bool left_behind(const struct test *t) { return t->status == WB_STUCK && !*t->team; }

/* False: t->status says why. A table whose check fails is not used again. */
static bool phase(struct test *t, double seconds, double grace) {
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
    if (left_behind(t)) t->run = NULL;
    return false;
}

/* ---- checks -------------------------------------------------------------------------------------- */

static bool wrong_table(struct test *t, const char *what, uint64_t is, uint64_t wanted) {
    (void)snprintf(t->why, t->size, "check failed: %" PRIu64 " %s, not %" PRIu64, is, what, wanted);
    t->status = WB_FAILED;
    wb_table_drop(t->table, false);
    t->table = NULL;
    return false;
}

/* Every index of the table is looked at. */
static bool swept(struct test *t, uint64_t len) {
    struct wb_map_run *threads = t->run;
    if (!with_threads(t, 1, false)) return false;
    struct wb_map_work *w = &t->run->threads[0].work;
    w->job = WB_MAP_SWEEP;
    w->end = 2 * shape_of(t)->keys;
    bool ran = phase(t, 0, GRACE);
    uint64_t hits = ran ? w->hits : 0;
    if (t->run) wb_map_run_free(t->run);
    t->run = threads;
    return ran && (hits == len || wrong_table(t, "entries are found", hits, len));
}

static bool sound_table(struct test *t) {
    uint64_t len = t->table->kind->len(t->table->map);
    if (t->table->told && t->table->len != (int64_t)len)
        return wrong_table(t, "entries", len, (uint64_t)t->table->len);
    if (t->table->shape.read != 100 && t->table->uses++ % SWEEP_EVERY == 0) return swept(t, len);
    return true;
}

/* Of reads of a table that nobody writes. */
static bool sound_hits(struct test *t, unsigned readers) {
    uint64_t gets = 0, hits = 0;
    unsigned hit = shape_of(t)->hit;
    for (unsigned i = 0; i < readers; i++) {
        gets += t->run->threads[i].work.gets;
        hits += t->run->threads[i].work.hits;
    }
    if (hit == 100 && hits != gets) return wrong_table(t, "reads found something", hits, gets);
    if (hit == 0 && hits != 0) return wrong_table(t, "reads found something", hits, 0);
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

/* Of the first n threads. */
static void figures(struct test *t, unsigned n) {
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

/* ---- the tests ----------------------------------------------------------------------------------- */

/* Reads `read` percent; half of the rest puts, half deletes. */
static void mix(struct test *t, unsigned i, unsigned read, uint64_t first, uint64_t range) {
    struct wb_map_work *w = &t->run->threads[i].work;
    uint32_t gets = (uint32_t)(65536u * read / 100u);
    w->job = WB_MAP_MIX;
    w->dist = (enum wb_map_dist)shape_of(t)->dist;
    w->first = first;
    w->range = range;
    w->gets_below = gets;
    w->puts_below = shape_of(t)->whole ? 65536u : gets + (65536u - gets) / 2;
    if (w->dist == WB_MAP_ZIPF) w->sample = wb_map_sample(range, &w->sample_mask);
}

static bool warm_and_run(struct test *t) {
    double seconds = t->trial->seconds;
    return phase(t, WB_WARM_UP, wb_run_grace(WB_WARM_UP)) &&
           phase(t, seconds, wb_run_grace(seconds));
}

static void pooled_table(struct test *t) {
    unsigned share = wb_table_share(t->trial->test, shape_of(t));
    t->table = wb_table_get(t->trial, share, t->team, &t->status, t->why, t->size);
}

static void run_mix(struct test *t) {
    const struct wb_map_shape *s = shape_of(t);
    unsigned n = t->trial->shape.producers;
    bool writes = s->read < 100, kept = writes && s->hit == 100 && !s->whole;
    pooled_table(t);
    if (!t->table || !with_threads(t, n, false)) return;
    for (unsigned i = 0; i < n; i++) {
        t->run->threads[i].work.kept = kept;
        if (s->hit == 50)
            mix(t, i, s->read, 0, 2 * s->keys);
        else
            mix(t, i, s->read, s->hit == 100 ? 0 : s->keys, s->keys);
        if (s->dist == WB_MAP_ZIPF && !t->run->threads[i].work.sample) {
            (void)failed(t, "out of memory");
            return;
        }
    }
    bool sure = !writes || s->whole; /* what is read */
    if (!warm_and_run(t) || !(!sure || sound_hits(t, n)) || !sound_table(t)) return;
    figures(t, n);
}

static void run_beside(struct test *t) {
    const struct wb_map_shape *s = shape_of(t);
    unsigned readers = t->trial->shape.producers, n = readers + s->writers;
    pooled_table(t);
    if (!t->table || !with_threads(t, n, false)) return;
    for (unsigned i = 0; i < n; i++) {
        mix(t, i, 100, i < readers ? 0 : s->keys / 2, s->keys / 2);
        if (i >= readers) t->run->threads[i].work.job = WB_MAP_WRITE;
    }
    if (!warm_and_run(t) || !sound_hits(t, readers) || !sound_table(t)) return;
    figures(t, readers);
}

static void take_latencies(struct test *t) {
    double ns_op = t->out->ns_op;
    for (unsigned i = 1; i < t->run->n; i++) wb_hist_merge(t->run->hists, &t->run->hists[i]);
    wb_run_latencies(t->run->hists, t->out, t->latencies);
    t->out->ns_op = ns_op;
}

static void own_table(struct test *t, unsigned share, bool filled) {
    t->table = wb_table_make(t->trial, share, filled, t->team, &t->status, t->why, t->size);
}

static void run_grow(struct test *t) {
    unsigned n = t->trial->shape.producers;
    own_table(t, 100, false);
    if (!t->table || !with_threads(t, n, true)) return;
    for (unsigned i = 0; i < n; i++) {
        struct wb_map_work *w = &t->run->threads[i].work;
        w->job = WB_MAP_GROW;
        w->first = i;
        w->step = n;
        w->end = shape_of(t)->keys;
    }
    if (!phase(t, 0, GRACE)) return;
    uint64_t len = t->table->kind->len(t->table->map);
    if (len != shape_of(t)->keys) {
        (void)wrong_table(t, "entries", len, shape_of(t)->keys);
        return;
    }
    t->table->bytes = wb_table_bytes(t->table);
    figures(t, n);
    if (t->status == WB_OK) take_latencies(t);
}

static void run_churn(struct test *t) {
    unsigned n = t->trial->shape.producers;
    own_table(t, 0, true);
    if (!t->table || !with_threads(t, n, false)) return;
    for (unsigned i = 0; i < n; i++) mix(t, i, 0, 0, 2 * shape_of(t)->keys);
    double seconds = CHURN * t->trial->seconds;
    if (!phase(t, seconds, wb_run_grace(seconds))) return;
    wb_sleep_until(wb_now() + SETTLE);
    double bytes = wb_table_bytes(t->table);
    if (!sound_table(t)) return;
    figures(t, n);
    t->out->bytes_low = t->table->bytes;
    t->out->bytes = bytes;
}

/* ---- a reader that is stopped -------------------------------------------------------------------- */

struct stall {
    struct test *test;
    uint32_t inside, go; /* futexes */
    size_t heap, most;
    double seconds, ops; /* the writers', meanwhile */
    bool cut;            /* by Ctrl-C */
};

static void stay(void *arg) {
    struct stall *s = arg;
    __atomic_store_n(&s->inside, 1, __ATOMIC_RELEASE);
    wb_futex_wake(&s->inside);
    while (!__atomic_load_n(&s->go, __ATOMIC_ACQUIRE)) wb_futex_wait(&s->go, 0, 0);
}

static void read_and_stay(struct wb_map_thread *t) { t->kind->stall(t->work.map, stay, t->arg); }

/* How much the heap has grown; seldom enough that looking costs no more than a twentieth of the time: malloc's
 * statistics look at all that is free, under malloc's locks. */
static void watch(struct stall *s, uint64_t until) {
    while (wb_now() < until && !wb_interrupted()) {
        uint64_t before = wb_now();
        size_t heap = wb_heap();
        uint64_t took = wb_now() - before, next = wb_now() + MS + 20 * took;
        if (heap > s->heap && heap - s->heap > s->most) s->most = heap - s->heap;
        wb_sleep_until(next < until ? next : until);
    }
    s->cut = wb_now() < until;
}

static uint64_t written(const struct stall *s) {
    const struct wb_map_run *r = s->test->run;
    uint64_t n = 0;
    for (unsigned i = 0; i + 1 < r->n; i++)
        n += __atomic_load_n(&r->threads[i].work.live, __ATOMIC_RELAXED);
    return n;
}

static void stop_reader(void *arg, uint64_t t0) {
    struct stall *s = arg;
    struct test *t = s->test;
    unsigned reader = t->run->n - 1;
    bool inside = kind_of(t)->stall != NULL;
    wb_sleep_until(t0 + LEAD);
    if (inside)
        while (!__atomic_load_n(&s->inside, __ATOMIC_ACQUIRE)) wb_futex_wait(&s->inside, 0, 0);
    else
        wb_team_hold(*t->team, reader, false);
    uint64_t from = wb_now(), before = written(s);
    s->heap = wb_heap();
    watch(s, from + (uint64_t)shape_of(t)->stall * MS);
    uint64_t to = wb_now();
    s->ops = (double)(written(s) - before);
    s->seconds = (double)(to - from) / 1e9;
    __atomic_store_n(&s->go, 1, __ATOMIC_RELEASE);
    wb_futex_wake(&s->go);
    if (!inside) wb_team_release();
}

static void run_stalled(struct test *t) {
    const struct wb_map_shape *shape = shape_of(t);
    unsigned writers = t->trial->shape.producers;
    struct stall *s = calloc(1, sizeof *s); /* left behind with threads that are stuck */
    own_table(t, 0, true);
    if (!s || !t->table || !with_threads(t, writers + 1, false)) {
        if (!s) (void)failed(t, "out of memory");
        free(s);
        return;
    }
    s->test = t;
    for (unsigned i = 0; i < writers; i++) mix(t, i, 0, 0, 2 * shape->keys);
    mix(t, writers, 100, 0, 2 * shape->keys);
    if (kind_of(t)->stall) t->run->threads[writers].instead = read_and_stay;
    t->run->threads[writers].arg = s;
    t->run->phase.during = stop_reader;
    t->run->phase.hook_arg = s;
    bool ran = phase(t, shape->stall / 1e3, GRACE);
    if (ran && s->cut) t->status = WB_NONE;
    if (!ran || s->cut) {
        if (!left_behind(t)) free(s);
        return;
    }
    t->run->phase.during = NULL;
    wb_sleep_until(wb_now() + RECOVER);
    double bytes = wb_table_bytes(t->table);
    if (sound_table(t)) {
        figures(t, writers);
        t->out->ops_s = (s->ops > 0 ? s->ops : 1) / s->seconds;
        t->out->ns_op = 1e9 / t->out->ops_s;
        t->out->bytes_low = t->table->bytes;
        t->out->bytes = bytes;
        t->out->garbage = (double)s->most;
    }
    free(s);
}

/* ---- one missing key --------------------------------------------------------------------------- */

static void ask(struct wb_map_thread *t) {
    uint64_t key = wb_map_key(0), val = 0, from = wb_now();
    if (!t->kind->load(t->work.map, key, &val, t->arg)) t->work.failed++;
    wb_hist_add(t->work.hist, wb_now() - from);
    t->work.sum += val - wb_map_value(key);
    t->work.ops++;
}

static void run_load(struct test *t) {
    unsigned n = t->trial->shape.producers;
    own_table(t, 100, false);
    if (!t->table || !with_threads(t, n, true)) return;
    for (unsigned i = 0; i < n; i++) {
        t->run->threads[i].instead = ask;
        t->run->threads[i].arg = &t->run->loads;
    }
    if (!phase(t, 0, GRACE)) return;
    if (t->run->loads != 1) {
        (void)wrong_table(t, "loads", t->run->loads, 1);
        return;
    }
    figures(t, n);
    if (t->status != WB_OK) return;
    take_latencies(t);
    t->out->ns_op = 1e9 * wb_map_run_seconds(t->run, 0, n); /* until all have it */
    t->out->ops_s = 1e9 / t->out->ns_op;
}

/* ---- memory per entry ---------------------------------------------------------------------------- */

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

static void run_memory(struct test *t) {
    double keys = (double)shape_of(t)->keys;
    struct account a = { 0 };
    own_table(t, 100, false);
    if (!t->table || !with_threads(t, 1, false)) return;
    struct wb_map_work *w = &t->run->threads[0].work;
    double seconds = 0, ops = 0;
    w->job = WB_MAP_FILL;
    for (unsigned i = 0; i <= STEPS; i++) {
        w->end = (uint64_t)(keys / 2 * __builtin_exp2(2.0 * i / STEPS));
        if (!phase(t, 0, GRACE)) return;
        seconds += wb_map_run_seconds(t->run, 0, 1);
        ops += (double)w->ops;
        w->first = w->end;
        wb_sleep_until(wb_now() + SETTLE / 3);
        account(&a, wb_table_bytes(t->table) * (double)w->end, (double)w->end);
    }
    uint64_t len = t->table->kind->len(t->table->map);
    if (len != w->end) {
        (void)wrong_table(t, "entries", len, w->end);
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

/* ---- one of them --------------------------------------------------------------------------------- */

bool wb_test_keeps_table(enum wb_test test) { return test == WB_STREAM || test == WB_BESIDE; }

enum wb_status wb_map_test(const struct wb_trial *trial, struct wb_team **team,
                           struct wb_sample *out, struct wb_hist *latencies, char *why,
                           size_t why_size) {
    struct test t = { .trial = trial, .team = team, .out = out, .latencies = latencies };
    t.why = why;
    t.size = why_size;
    t.status = WB_FAILED;
    switch (trial->test) {
        case WB_STREAM: run_mix(&t); break;
        case WB_BESIDE: run_beside(&t); break;
        case WB_GROW: run_grow(&t); break;
        case WB_CHURN: run_churn(&t); break;
        case WB_STALL: run_stalled(&t); break;
        case WB_MEMORY: run_memory(&t); break;
        case WB_LOAD: run_load(&t); break;
        default: (void)failed(&t, "no such test of maps");
    }
    wb_map_run_free(t.run);
    if (t.table && !wb_test_keeps_table(trial->test)) wb_table_drop(t.table, false);
    return t.status;
}
