/* SPDX-License-Identifier: MIT */
/* bench/flow_log.c - a pipeline that reads the lines of a log, as the kinds of structure "log"; see flow.h.
 *
 *   GET 0f3a...16 digits 0001234      one more of this key, if it is there
 *   PUT 0f3a...16 digits 0001234      from now on it is
 *   DEL 0f3a...16 digits 0001234      from now on it is not
 *
 * An element is LINES_EACH lines of a file that is mapped. The stages: parse them; count, in a map from strings to counters,
 * with W workers each; add up what was counted, with one. For the share of writes the lines put or delete, in turns; the
 * keys are twice as many as entries, as in flow_serve.c. Counters live as long as the map: it has their addresses.
 *
 * What is counted is lines; what is checked, that every line was counted once, that the counters add up to the keys that
 * were found, and, where nobody writes, that every even key was found and no other. The pipeline is weir_pipeline, the
 * same for all; the kinds are maps:
 *   weir_map, weir_shardmap, sharded_rwlock (what people call a sharded map in Go), mutex */
#include <weir/map_str.h>
#include <weir/pipeline.h>
#include <weir/shardmap_str.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "flow_task.h"
#include "flows.h"
#include "map_run.h"

#define LINES_EACH 64u
#define LINES 65536u
#define KEY 16u
#define LINE 29  /* bytes */
#define FILES 16 /* one for each share of writes and number of keys */

struct log {
    weir_pipeline *line;
    weir_map *map; /* one of the two */
    weir_shardmap *shards;
    const char *text;
    uint64_t *counters;
    uint64_t keys;
    bool reads; /* nobody writes */
    /* of the last stage, which is one worker */
    uint64_t lines, found, wrong;
};

struct chunk { /* what goes in */
    const char *text;
    size_t size;
};

struct record {
    const char *key;
    size_t number;
    char verb;
};

struct records { /* from the first stage to the second, which frees it */
    unsigned n;
    struct record record[LINES_EACH];
};

struct passed {
    struct records *of;
};

struct counted { /* from the second to the third */
    uint64_t lines, found, wrong;
};

/* ---- the file --------------------------------------------------------------------------------------- */

static struct file {
    unsigned write;
    uint64_t keys;
    const char *text;
} files[FILES];

static bool put_line(FILE *f, uint64_t i, unsigned write, uint64_t keys) {
    uint64_t r = wb_map_mum((i + 1) * UINT64_C(0x9e3779b97f4a7c15), UINT64_C(0xd6e8feb86659fd93));
    uint64_t index = wb_map_below(r, 2 * keys), what = (r & 0xffff) * 100;
    const char *verb = what < 65536u * (uint64_t)(100 - write) ? "GET" : r & 1 ? "PUT" : "DEL";
    char key[WB_MAP_KEY_BYTES + 1] = ""; /* of which KEY are used */
    wb_map_text(key, KEY, wb_map_key(index));
    return fprintf(f, "%s %.16s %07u\n", verb, key, (unsigned)index) == LINE;
}

/* Writes it to a file without a name and maps that; NULL: could not. */
static const char *write_file(unsigned write, uint64_t keys) {
    FILE *f = tmpfile();
    void *at = MAP_FAILED;
    bool fine = f != NULL;
    for (uint64_t i = 0; fine && i < LINES; i++) fine = put_line(f, i, write, keys);
    if (fine && fflush(f) == 0)
        at = mmap(NULL, (size_t)LINES * LINE, PROT_READ, MAP_SHARED, fileno(f), 0);
    if (f) (void)fclose(f);
    return at == MAP_FAILED ? NULL : at;
}

/* They are kept: by one thread at a time. */
static const char *file_of(unsigned write, uint64_t keys) {
    struct file *f = files;
    while (f->text && (f->write != write || f->keys != keys))
        if (++f == files + FILES) return NULL;
    if (!f->text) *f = (struct file){ write, keys, write_file(write, keys) };
    return f->text;
}

/* ---- the first stage -------------------------------------------------------------------------------- */

/* "GET key number\n", however long each of them is; where the next line begins. */
static const char *parse_line(const char *at, const char *end, struct record *r) {
    const char *line = memchr(at, '\n', (size_t)(end - at));
    const char *key = memchr(at, ' ', (size_t)(end - at));
    if (!line || !key || key + 1 + KEY >= line) return NULL;
    r->verb = *at;
    r->key = key + 1;
    r->number = 0;
    for (const char *c = r->key + KEY + 1; c < line; c++)
        r->number = 10 * r->number + (size_t)(*c - '0');
    return line + 1;
}

static int parse(const void *in, void *out, weir_ctx *ctx, void *arg) {
    const struct chunk *chunk = in;
    const char *at = chunk->text, *end = at + chunk->size;
    struct records *r = malloc(sizeof *r);
    (void)ctx;
    (void)arg;
    if (!r) return WEIR_ENOMEM;
    for (r->n = 0; at && at < end && r->n < LINES_EACH; r->n++)
        at = parse_line(at, end, &r->record[r->n]);
    if (!at) {
        free(r);
        return WEIR_EINVAL;
    }
    struct passed e = { r };
    memcpy(out, &e, sizeof e);
    return 0;
}

static void drop_records(void *elem, void *arg) {
    struct passed e;
    (void)arg;
    memcpy(&e, elem, sizeof e);
    free(e.of);
}

/* ---- the second ------------------------------------------------------------------------------------- */

#define COUNT(name, GET, PUT, DELETE)                                                             \
    static int name(const void *in, void *out, weir_ctx *ctx, void *arg) {                        \
        struct log *l = arg;                                                                      \
        struct counted c = { 0, 0, 0 };                                                           \
        struct passed e;                                                                          \
        (void)ctx;                                                                                \
        memcpy(&e, in, sizeof e);                                                                 \
        struct records *r = e.of;                                                                 \
        for (unsigned i = 0; i < r->n; i++) {                                                     \
            const struct record *one = &r->record[i];                                             \
            uint64_t *counter = &l->counters[one->number];                                        \
            if (one->verb == 'G') {                                                               \
                void *found = NULL;                                                               \
                bool there = GET(l, one->key, &found) == 0;                                       \
                if (there) (void)__atomic_fetch_add((uint64_t *)found, 1, __ATOMIC_RELAXED);      \
                c.found += there;                                                                 \
                c.wrong +=                                                                        \
                    (there && found != counter) || (l->reads && there == (one->number % 2 != 0)); \
            } else if (one->verb == 'P') {                                                        \
                c.wrong += PUT(l, one->key, counter) != 0;                                        \
            } else {                                                                              \
                (void)DELETE(l, one->key);                                                        \
            }                                                                                     \
        }                                                                                         \
        c.lines = r->n;                                                                           \
        free(r);                                                                                  \
        memcpy(out, &c, sizeof c);                                                                \
        return 0;                                                                                 \
    }

#define RCU_GET(l, k, pv) weir_map_get_str((l)->map, k, KEY, pv)
#define RCU_PUT(l, k, v) weir_map_put_str((l)->map, k, KEY, v)
#define RCU_DELETE(l, k) weir_map_delete_str((l)->map, k, KEY)
COUNT(count_map, RCU_GET, RCU_PUT, RCU_DELETE)

#define SHARD_GET(l, k, pv) weir_shardmap_get_str((l)->shards, k, KEY, pv)
#define SHARD_PUT(l, k, v) weir_shardmap_put_str((l)->shards, k, KEY, v)
#define SHARD_DELETE(l, k) weir_shardmap_delete_str((l)->shards, k, KEY)
COUNT(count_shards, SHARD_GET, SHARD_PUT, SHARD_DELETE)

/* ---- the third -------------------------------------------------------------------------------------- */

static int report(const void *in, void *out, weir_ctx *ctx, void *arg) {
    const struct counted *c = in;
    struct log *l = arg;
    (void)out;
    (void)ctx;
    l->lines += c->lines;
    l->found += c->found;
    l->wrong += c->wrong;
    return 0;
}

/* ---- the thread that feeds -------------------------------------------------------------------------- */

static uint64_t sum_of(const struct log *l) {
    uint64_t sum = 0;
    for (uint64_t i = 0; i < 2 * l->keys; i++)
        sum += __atomic_load_n(&l->counters[i], __ATOMIC_RELAXED);
    return sum;
}

static void run(struct wb_flow_work *w) {
    struct log *l = w->flow;
    uint64_t fed = 0;
    do {
        struct chunk c = { l->text + fed % LINES * LINE, (size_t)LINES_EACH * LINE };
        w->wrong += weir_pipeline_send(l->line, &c) != 0;
        fed += LINES_EACH;
    } while (!__atomic_load_n(w->stop, __ATOMIC_RELAXED) && w->wrong == 0);
    w->wrong += weir_pipeline_close(l->line) != 0 || weir_pipeline_wait(l->line) != 0;
    w->wrong += l->wrong + (l->lines != fed) + (l->found != sum_of(l));
    w->ops = l->lines;
}

/* ---- made and given back ---------------------------------------------------------------------------- */

static void dispose(void *flow) {
    struct log *l = flow;
    if (l->line) (void)weir_pipeline_free(l->line);
    if (l->map) (void)weir_map_free(l->map);
    if (l->shards) (void)weir_shardmap_free(l->shards);
    free(l->counters);
    free(l);
}

static bool filled(struct log *l) {
    int rc = 0;
    for (uint64_t i = 0; i < 2 * l->keys && rc == 0; i += 2) {
        char key[WB_MAP_KEY_BYTES]; /* of which KEY are used */
        wb_map_text(key, KEY, wb_map_key(i));
        rc = l->map ? RCU_PUT(l, key, &l->counters[i]) : SHARD_PUT(l, key, &l->counters[i]);
    }
    return rc == 0;
}

static int make_line(struct log *l, weir_stage_fn *count, unsigned workers) {
    const struct weir_stage stages[] = {
        { .fn = parse,
          .in_size = sizeof(struct chunk),
          .out_size = sizeof(struct passed),
          .workers = workers },
        { .fn = count,
          .arg = l,
          .in_size = sizeof(struct passed),
          .out_size = sizeof(struct counted),
          .workers = workers,
          .drop = drop_records },
        { .fn = report, .arg = l, .in_size = sizeof(struct counted), .workers = 1 },
    };
    return weir_pipeline_new(&l->line, stages, 3, NULL);
}

static void *make(const struct wb_shape *shape, bool rcu, int sync) {
    const struct wb_flow_shape *f = &shape->flow;
    struct weir_map_opts o = WEIR_MAP_OPTS_STR;
    struct log *l = calloc(1, sizeof *l);
    if (!l) return NULL;
    o.hint = f->keys;
    o.sync = sync;
    l->keys = f->keys;
    l->reads = f->write == 0;
    l->text = file_of(f->write, f->keys);
    l->counters = calloc(2 * f->keys, sizeof *l->counters);
    int rc = rcu ? weir_map_new(&l->map, &o) : weir_shardmap_new(&l->shards, &o);
    if (rc == 0 && l->text && l->counters && filled(l) &&
        make_line(l, rcu ? count_map : count_shards, f->workers) == 0)
        return l;
    dispose(l);
    return NULL;
}

#define LOG(kind, name, rcu, sync, note)                                                           \
    static void *make_##kind(const struct wb_shape *s) { return make(s, rcu, sync); }              \
    WB_FLOW(wb_log_##kind, name, "log", NULL, note, WB_FLOW_UNORDERED | WB_FLOW_ONCE, make_##kind, \
            dispose, run, NULL)

LOG(map, "weir_map", true, 0, NULL);
LOG(shard, "weir_shardmap", false, WEIR_MAP_LINES, NULL);
LOG(sharded_rwlock, "sharded_rwlock", false, WEIR_MAP_SHARDED_RWLOCK,
    "a read-write lock for each shard");
LOG(mutex, "mutex", false, WEIR_MAP_MUTEX, "one mutex around the sharded map's table");
