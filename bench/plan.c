/* SPDX-License-Identifier: MIT */
/* bench/plan.c - see plan.h. Two passes over the suite: the first counts cases and items, the
 * second fills arrays that never move, because items point at cases and groups at items. */
#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "away.h"
#include "bounds.h"
#include "cost.h"
#include "flow.h"
#include "map_tables.h"
#include "maps.h"

#define ROUNDS 9 /* unless the suite or the command line says otherwise */

struct wb_builder {
    struct wb_plan *plan; /* NULL arrays in the counting pass */
    const struct wb_options *opt;
    unsigned n_cases, n_items, n_groups;
    bool filling;
    struct { /* the group being built */
        const char *name;
        bool one_cpu, open;
        unsigned first_case;
        unsigned bounds; /* enum bound, what its rows ask for */
    } group;
    char (*seen)[WB_NAME_BYTES]; /* names of the group's cases, to drop what comes twice */
    unsigned n_seen, seen_room;
};

enum bound {
    BOUND_RMW = 1,
    BOUND_LINES = 2,
    BOUND_FUTEX = 4,
    BOUND_WAKE = 8,
    BOUND_COPY = 16
}; /* << by size: 16, 32, 64 */

unsigned wb_oversubscribed(void) { return 4 * wb_cpus(); }

/* ---- names ----------------------------------------------------------------------------------- */

static const char *const test_keys[] = {
    [WB_STREAM] = "",
    [WB_SOLO] = "test:solo/",
    [WB_PING] = "test:ping/",
    [WB_STOPPED] = "test:stopped/",
    [WB_BESIDE] = "test:beside/",
    [WB_GROW] = "test:grow/",
    [WB_CHURN] = "test:churn/",
    [WB_STALL] = "test:stalled/",
    [WB_MEMORY] = "test:memory/",
    [WB_LOAD] = "test:load/",
};

/* The same of maps: T:2/read:99/keys:100000, and what is not the usual. */
static void map_keys(char *out, size_t n, const struct wb_case *c) {
    static const char *const dists[] = { "", "/dist:zipf99", "/dist:hot" };
    const struct wb_map_shape *m = &c->shape.map;
    char read[24] = "", hit[24] = "", rest[64] = "";
    size_t at = 0;
    if (c->test == WB_STREAM) {
        (void)snprintf(read, sizeof read, "read:%u/", m->read);
        if (m->hit != (m->read == 100 ? 100 : 50))
            (void)snprintf(hit, sizeof hit, "/hit:%u", m->hit);
    }
    if (m->aged) at += (size_t)snprintf(rest + at, sizeof rest - at, "/aged:1");
    if (c->shape.size > 8)
        at += (size_t)snprintf(rest + at, sizeof rest - at, "/size:%zu", c->shape.size);
    if (c->test == WB_BESIDE)
        at += (size_t)snprintf(rest + at, sizeof rest - at, "/writers:%u", m->writers);
    if (c->test == WB_STALL)
        at += (size_t)snprintf(rest + at, sizeof rest - at, "/stall:%u", m->stall);
    if (m->growing && c->test == WB_STREAM)
        at += (size_t)snprintf(rest + at, sizeof rest - at, "/hint:0");
    if (c->one_cpu) (void)snprintf(rest + at, sizeof rest - at, "/cpus:1");
    (void)snprintf(out, n, "%sT:%u/%skeys:%llu%s%s%s", test_keys[c->test], c->shape.producers, read,
                   (unsigned long long)m->keys, hit, dists[m->dist], rest);
}

/* The part of a name behind the variant. */
static void keys(char *out, size_t n, const struct wb_case *c) {
    const struct wb_shape *s = &c->shape;
    char people[40] = "", rest[80] = "";
    if (s->map.keys || s->flow.workers) {
        (s->map.keys ? map_keys : wb_flow_keys)(out, n, c);
        return;
    }
    if (c->test != WB_SOLO && c->test != WB_PING)
        (void)snprintf(people, sizeof people, "P:%u/C:%u/", s->producers, s->consumers);
    size_t at = 0;
    if (s->work_ns) at += (size_t)snprintf(rest + at, sizeof rest - at, "/work:%u", s->work_ns);
    if (s->rate > 0) at += (size_t)snprintf(rest + at, sizeof rest - at, "/rate:%.0f", s->rate);
    if (s->gap_ns) at += (size_t)snprintf(rest + at, sizeof rest - at, "/gap:%u", s->gap_ns);
    if (s->ways)
        at += (size_t)snprintf(rest + at, sizeof rest - at, "/ways:%u/ready:%u", s->ways, s->ready);
    if (s->sends) at += (size_t)snprintf(rest + at, sizeof rest - at, "/sends:%u", s->sends);
    if (s->blocking) at += (size_t)snprintf(rest + at, sizeof rest - at, "/blocking:1");
    if (c->one_cpu) (void)snprintf(rest + at, sizeof rest - at, "/cpus:1");
    char elements[64] = "";
    if (s->size)
        (void)snprintf(elements, sizeof elements, "cap:%zu/size:%zu/batch:%u", s->cap, s->size,
                       s->batch);
    (void)snprintf(out, n, "%s%s%s%s", test_keys[c->test], people, elements, rest);
    size_t end = strlen(out);
    if (end > 0 && out[end - 1] == '/') out[end - 1] = '\0';
}

static void name_case(struct wb_case *c) {
    char tail[WB_NAME_BYTES - 16];
    keys(tail, sizeof tail, c);
    (void)snprintf(c->name, sizeof c->name, "%s/%s", c->structure, tail);
}

static void name_item(char *out, size_t n, const struct wb_case *c, const char *variant) {
    size_t at = strlen(c->structure);
    (void)snprintf(out, n, "%s/%s%s", c->structure, variant, c->name + at);
}

/* ---- choice of variants ---------------------------------------------------------------------- */

const char *wb_plan_reference(const char *structure) {
    bool map = strcmp(structure, "map") == 0 || strcmp(structure, "strmap") == 0 ||
               strcmp(structure, "serve") == 0 || strcmp(structure, "log") == 0;
    return map ? "weir_map" : "weir";
}

static bool is_weir(const struct wb_ring *r) {
    return strcmp(r->name, wb_plan_reference(r->structure)) == 0;
}

static bool has_map(const struct wb_map *m, const struct wb_case *c) {
    const struct wb_map_shape *s = &c->shape.map;
    bool grows = s->growing || c->test == WB_GROW || c->test == WB_MEMORY;
    if (m->ring.can & WB_AWAY) return wb_away_has_map(c->test, &c->shape);
    if (grows && (m->can & WB_MAP_PRESIZED)) return false;
    if ((m->can & WB_MAP_IN_PLACE) && c->test != WB_BESIDE) return false;
    if (c->test == WB_LOAD && !m->load) return false;
    return c->threads == 1 || !(m->can & WB_MAP_ALONE);
}

static bool has(const struct wb_ring *r, const struct wb_case *c) {
    const struct wb_shape *s = &c->shape;
    if (strcmp(r->structure, c->structure) != 0) return false;
    if (r->can & WB_IS_MAP) return has_map((const struct wb_map *)r, c);
    if (r->can & WB_IS_FLOW) return wb_flow_has((const struct wb_flow *)r, c);
    if (s->batch > 1 && !(r->can & WB_BATCH)) return false;
    if (s->size != 0 && s->cap == 0 && !(r->can & WB_RENDEZVOUS)) return false;
    if ((s->producers > 1 || s->consumers > 1) && !(r->can & WB_MPMC)) return false;
    if (s->size != 0 && s->size != 8 && !(r->can & WB_SIZES)) return false;
    if (s->blocking && !(r->can & WB_BLOCK)) return false;
    if (s->gap_ns && !(r->can & WB_GAPS) && strcmp(c->structure, "bound") != 0) return false;
    if ((r->can & WB_TWO) && !(s->ways == 2 && s->ready == 2)) return false;
    if (r->can & WB_AWAY) return c->test != WB_STOPPED && s->rate <= 0 && s->work_ns == 0;
    if (c->test == WB_SOLO) return r->solo != NULL;
    if (c->test == WB_PING) return r->ping && r->pong;
    return r->produce && (r->consume || s->consumers == 0);
}

/* Of maps without a list: for few, the sharded map, the mutex version and Boost's. */
static bool map_wanted(const struct wb_options *o, const struct wb_ring *r, enum wb_who who) {
    if (r->package && (o->rivals == WB_RIVALS_NONE || who == WB_OURS)) return false;
    return who != WB_FEW || strcmp(r->name, "weir_shardmap") == 0 ||
           strcmp(r->name, "mutex") == 0 || strcmp(r->name, "boost_map") == 0;
}

/* Whether the options and the row want the variant; weir itself always. */
static bool wanted(const struct wb_options *o, const struct wb_ring *r, enum wb_who who) {
    if (is_weir(r)) return true;
    if ((r->can & WB_IS_MAP) && o->rivals != WB_RIVALS_LIST) return map_wanted(o, r, who);
    if (o->rivals == WB_RIVALS_LIST) return wb_options_names(o, r->name);
    bool mutex = strcmp(r->name, "mutex") == 0;
    if (!r->package && (r->can & WB_IS_FLOW)) return true;
    if (!r->package && !mutex)
        return (r->can & WB_KIND) || (o->suite->variants_of_weir && who == WB_ALL);
    if (o->rivals == WB_RIVALS_NONE && r->package) return false;
    return who == WB_ALL || mutex || strcmp(r->name, "ck") == 0 || strcmp(r->name, "go") == 0 ||
           (strcmp(r->name, "tbb") == 0 && (r->can & WB_IS_FLOW));
}

static bool passes(const struct wb_options *o, const char *name) {
    char full[WB_NAME_BYTES + 40];
    if (!o->filter_text) return true;
    (void)snprintf(full, sizeof full, "%s%s", name,
                   o->filter_benchmark ? "/iterations:1/manual_time" : "");
    return (regexec(&o->filter, full, 0, NULL, 0) == 0) != o->filter_negative;
}

static bool threads_wanted(const struct wb_options *o, const struct wb_row *row) {
    unsigned n = row->producers > row->consumers ? row->producers : row->consumers;
    for (unsigned i = 0; i < o->n_threads; i++)
        if (o->threads[i] == n) return true;
    return o->n_threads == 0;
}

const unsigned *wb_build_axis(const struct wb_builder *b, const unsigned *usual, unsigned *n) {
    if (b->opt->n_threads > 0) {
        *n = b->opt->n_threads;
        return b->opt->threads;
    }
    for (*n = 0; usual[*n] != 0; (*n)++) continue;
    return usual;
}

unsigned wb_build_stall(const struct wb_builder *b) {
    return b->opt->stall_ms ? b->opt->stall_ms : 10000;
}

/* ---- building -------------------------------------------------------------------------------- */

static void put_item(struct wb_builder *b, const struct wb_case *c, const struct wb_ring *ring,
                     const char *name) {
    if (b->filling) {
        struct wb_item *item = &b->plan->items[b->n_items];
        item->of = c;
        item->ring = ring;
        item->status = WB_OK;
        memcpy(item->name, name, sizeof item->name);
        b->plan->groups[b->n_groups].n++;
    }
    b->n_items++;
}

/* Adds the items of a case, and the case if it has any. */
static unsigned put_case(struct wb_builder *b, const struct wb_case *c, enum wb_who who,
                         const char *variants, const struct wb_ring *const *rings) {
    const struct wb_case *at = b->filling ? &b->plan->cases[b->n_cases] : NULL;
    unsigned before = b->n_items;
    for (int pass = 0; pass < 2; pass++) { /* weir first */
        for (const struct wb_ring *const *r = rings; *r; r++) {
            char name[WB_NAME_BYTES];
            name_item(name, sizeof name, c, (*r)->name);
            if (is_weir(*r) != (pass == 0) || !has(*r, c)) continue;
            if (variants && !wb_listed(variants, (*r)->name)) continue;
            bool bound = strcmp(c->structure, "bound") == 0; /* asked for by those that it bounds */
            if (bound || (wanted(b->opt, *r, who) && passes(b->opt, name)))
                put_item(b, at, *r, name);
        }
    }
    if (b->n_items == before) return 0;
    if (b->filling) {
        b->plan->cases[b->n_cases] = *c;
        b->plan->cases[b->n_cases].items = b->n_items - before;
    }
    b->n_cases++;
    return b->n_items - before;
}

static bool came_before(struct wb_builder *b, const char *name) {
    for (unsigned i = 0; i < b->n_seen; i++)
        if (strcmp(b->seen[i], name) == 0) return true;
    if (b->n_seen == b->seen_room) {
        b->seen_room = b->seen_room ? 2 * b->seen_room : 64;
        void *more = realloc(b->seen, b->seen_room * sizeof *b->seen);
        if (!more) abort();
        b->seen = more;
    }
    memcpy(b->seen[b->n_seen++], name, WB_NAME_BYTES);
    return false;
}

const char *wb_plan_bound(const struct wb_case *c) {
    const struct wb_shape *s = &c->shape;
    bool mpmc = strcmp(c->structure, "mpmc") == 0, ring = mpmc || strcmp(c->structure, "spsc") == 0;
    bool chan = strcmp(c->structure, "chan") == 0;
    if (c->test == WB_WAKE) return "wake-futex";
    if (c->one_cpu || c->test == WB_STOPPED || !(ring || chan)) return NULL;
    if (c->test == WB_PING) return ring && s->blocking ? "ping-futex" : "ping-lines";
    if (c->test == WB_SOLO) return mpmc ? "solo-rmw" : NULL;
    if (s->gap_ns) return s->gap_ns == WB_GAP_NS && s->batch == 1 ? "wake-futex" : NULL;
    return s->rate > 0 || s->cap == 0 ? NULL : "solo-copy";
}

/* Which bound the group has to measure for the case; 0: none. */
static unsigned bound_of(const struct wb_case *c) {
    const char *what = wb_plan_bound(c);
    static const struct {
        const char *what;
        unsigned flag;
    } flags[] = { { "solo-rmw", BOUND_RMW },
                  { "ping-lines", BOUND_LINES },
                  { "ping-futex", BOUND_FUTEX },
                  { "wake-futex", BOUND_WAKE } };
    if (!what) return 0;
    for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++)
        if (strcmp(what, flags[i].what) == 0) return flags[i].flag;
    return c->shape.size == 8    ? BOUND_COPY
           : c->shape.size == 64 ? BOUND_COPY << 1
                                 : BOUND_COPY << 2;
}

void wb_build_row(struct wb_builder *b, const struct wb_row *row) {
    struct wb_case c = { .workload = row->workload,
                         .structure = row->structure,
                         .test = row->test };
    if (!threads_wanted(b->opt, row)) return;
    c.shape = (struct wb_shape){ .producers = row->producers,
                                 .consumers = row->consumers,
                                 .cap = row->cap,
                                 .size = row->size,
                                 .batch = row->batch,
                                 .work_ns = row->work_ns,
                                 .rate = row->rate,
                                 .gap_ns = row->gap_ns,
                                 .ways = row->ways,
                                 .ready = row->ready,
                                 .sends = row->sends,
                                 .blocking = row->blocking,
                                 .map = row->map,
                                 .flow = row->flow };
    c.threads = wb_test_threads(c.test, &c.shape);
    c.one_cpu = b->group.one_cpu;
    c.shape.oversubscribed = c.threads > (c.one_cpu ? 1 : wb_cpus());
    name_case(&c);
    if (came_before(b, c.name)) return;
    if (put_case(b, &c, row->who, row->variants, wb_rings) > 0) b->group.bounds |= bound_of(&c);
}

static void build_bound(struct wb_builder *b, const struct wb_ring *ring, enum wb_test test,
                        size_t size, const char *what) {
    const struct wb_ring *const rings[] = { ring, NULL };
    struct wb_case c = {
        .workload = b->group.name, .structure = "bound", .title = ring->note, .test = test
    };
    c.shape = (struct wb_shape){ .producers = 1,
                                 .consumers = 1,
                                 .cap = 1024,
                                 .size = size,
                                 .batch = 1,
                                 .gap_ns = ring == &wb_bound_wake ? WB_GAP_NS : 0,
                                 .blocking = ring->shut != NULL };
    c.threads = wb_test_threads(test, &c.shape);
    c.shape.oversubscribed = c.threads > wb_cpus();
    (void)snprintf(c.name, sizeof c.name, "bound/test:%s/size:%zu/group:%s", what, size,
                   b->group.name);
    (void)put_case(b, &c, WB_ALL, NULL, rings);
}

static void close_group(struct wb_builder *b) {
    if (!b->group.open) return;
    unsigned want = b->group.bounds;
    if (want & BOUND_RMW) build_bound(b, &wb_bound_rmw, WB_SOLO, 8, "solo-rmw");
    if (want & BOUND_LINES) build_bound(b, &wb_bound_lines, WB_PING, 8, "ping-lines");
    if (want & BOUND_FUTEX) build_bound(b, &wb_bound_futex, WB_PING, 8, "ping-futex");
    if (want & BOUND_WAKE) build_bound(b, &wb_bound_wake, WB_STREAM, 8, "wake-futex");
    for (unsigned i = 0; i < 3; i++)
        if (want & (unsigned)BOUND_COPY << i)
            build_bound(b, &wb_bound_copy, WB_SOLO, i == 0 ? 8 : i == 1 ? 64 : 256, "solo-copy");
    if (b->filling && b->plan->groups[b->n_groups].n > 0) b->n_groups++;
    b->group.open = false;
}

void wb_build_group(struct wb_builder *b, const char *name, bool one_cpu) {
    close_group(b);
    if (b->n_groups == WB_GROUPS_MAX) abort(); /* a suite is a table of this program */
    b->group.name = name;
    b->group.one_cpu = one_cpu;
    b->group.open = true;
    b->group.bounds = 0;
    b->n_seen = 0;
    if (!b->filling) return;
    b->plan->groups[b->n_groups] =
        (struct wb_group){ .name = name, .one_cpu = one_cpu, .items = &b->plan->items[b->n_items] };
}

static void build(struct wb_builder *b, bool filling) {
    b->filling = filling;
    b->n_cases = b->n_items = b->n_groups = 0;
    b->opt->suite->build(b);
    close_group(b);
}

/* ---- the plan -------------------------------------------------------------------------------- */

static void *zeroed(size_t n, size_t size) {
    void *p = calloc(n ? n : 1, size);
    if (!p) abort(); /* some hundred kilobytes before anything is measured */
    return p;
}

/* The time per run: as asked for, or the suite's, shortened so that the suite keeps to its budget.
 */
static double time_per_run(const struct wb_plan *plan) {
    const struct wb_suite *suite = plan->opt->suite;
    if (plan->opt->seconds > 0) return plan->opt->seconds;
    double s = suite->seconds;
    while (suite->budget > 0 && s > 0.01) {
        struct wb_plan shorter = *plan;
        shorter.seconds = s;
        if (wb_plan_estimate(&shorter) <= suite->budget) break;
        s *= 0.95;
    }
    return s;
}

int wb_plan_make(struct wb_plan *plan, const struct wb_options *opt) {
    struct wb_builder b = { .plan = plan, .opt = opt };
    memset(plan, 0, sizeof *plan);
    plan->opt = opt;
    plan->rounds = opt->rounds ? opt->rounds : opt->suite->rounds ? opt->suite->rounds : ROUNDS;
    build(&b, false);
    plan->cases = zeroed(b.n_cases, sizeof *plan->cases);
    plan->items = zeroed(b.n_items, sizeof *plan->items);
    plan->n_cases = b.n_cases;
    plan->n_items = b.n_items;
    build(&b, true);
    plan->n_groups = b.n_groups;
    free(b.seen);
    for (unsigned i = 0; i < plan->n_items; i++)
        plan->items[i].samples = zeroed(plan->rounds, sizeof *plan->items[i].samples);
    wb_cost_tables(plan, wb_tables_room());
    plan->seconds = time_per_run(plan);
    if (plan->n_items > 0) return 0;
    (void)fprintf(stderr,
                  "weir-bench: nothing to measure: no case of suite %s matches; "
                  "see weir-bench --list\n",
                  opt->suite->name);
    wb_plan_free(plan);
    return 2;
}

void wb_plan_free(struct wb_plan *plan) {
    for (unsigned i = 0; i < plan->n_items; i++) {
        free(plan->items[i].samples);
        free(plan->items[i].latencies);
    }
    free(plan->items);
    free(plan->cases);
}

const struct wb_item *wb_plan_find(const struct wb_plan *plan, const char *name) {
    for (unsigned i = 0; i < plan->n_items; i++)
        if (strcmp(plan->items[i].name, name) == 0) return &plan->items[i];
    return NULL;
}

const struct wb_item *wb_plan_beside(const struct wb_plan *plan, const struct wb_item *item,
                                     const char *variant) {
    for (unsigned i = 0; i < plan->n_items; i++)
        if (plan->items[i].of == item->of && strcmp(plan->items[i].ring->name, variant) == 0)
            return &plan->items[i];
    return NULL;
}
