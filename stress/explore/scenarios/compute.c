/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/compute.c - computations of a map's values against each other, and against what
 * others do with their keys. A program is a word for each thread, two characters an operation: a letter, and a key,
 * 0 or 1.
 *   O compute, L with a deadline, N without waiting, @ with the context; E one whose function fails
 *   Y compute, by a function that computes the other key, and fails if it cannot
 *   P put        T take         G get          X. cancels the context
 * To the oracle of maps a compute is a get_or_put of what its function gives, or nothing. */
#include <weir/ctx.h>
#include <weir/rcu.h>
#include <weir/shardmap_u64.h>

#include "../../../lib/rcu_inside.h"
#include "all.h"
#include "map.h"

#define DEADLINE INT64_C(1000500000)
#define FAILED (-1000)

struct compute_case {
    struct map_case map;
    const char *program[EX_THREADS];
    unsigned runs; /* of functions that do not fail; 0: any number */
    bool oom;      /* threads have no record yet, and may get none */
};

struct state {
    void *map;
    const struct map_kind *kind;
    weir_ctx *ctx;
    const struct compute_case *c;
    weir_au64 runs;
    uint64_t running[2];
    uint64_t plain[512]; /* written before the value of this number is put, read after it is got */
};

/* A computing call. */
struct asked {
    struct state *s;
    char letter;
    uint64_t give;
    bool called;
};

static void register_thread(void *arg) {
    (void)arg;
    (void)weir__thread_self();
}

/* What fails for want of memory (budget oom) succeeds the next time. */
#define at_last(call)                                     \
    for (int rc_ = WEIR_ENOMEM; rc_ != 0;) {              \
        rc_ = (call);                                     \
        weir_model_check(rc_ == 0 || rc_ == WEIR_ENOMEM); \
    }

static void setup(void *state) {
    struct state *s = state;
    s->c = weir_model_param();
    s->kind = s->c->map.kind;
    for (unsigned i = 0; i < E.sc->threads && !s->c->oom; i++)
        weir_model_as(i, register_thread, NULL);
    at_last(s->kind->open(&s->map));
    at_last(weir_ctx_new(&s->ctx, NULL, WEIR_FOREVER));
    for (const char *k = s->c->map.there; *k; k++)
        at_last(s->kind->put(s->map, map_key(*k), map_first_value(*k)));
}

static void writes(struct state *s, uint64_t v) {
    weir_model_write(&s->plain[v], sizeof *s->plain);
    s->plain[v] = v;
}
static void reads(struct state *s, uint64_t v) {
    if (v >= 512) return;
    weir_model_read(&s->plain[v], sizeof *s->plain);
    weir_model_check(s->plain[v] == v);
}

static int fn(uint64_t key, uint64_t *val, void *arg);
static int fn_of_nodes(const void *key, void *val, void *arg) {
    return fn(*(const uint64_t *)key, val, arg);
}

static int compute_in(struct state *s, uint64_t key, struct asked *a, uint64_t *v, weir_time until,
                      weir_ctx *ctx) {
    if (s->kind == &map_kind_map)
        return weir_map_compute_u64_wait(s->map, key, fn, a, v, until, ctx);
    if (s->kind == &map_kind_lines)
        return weir_shardmap_compute_u64_wait(s->map, key, fn, a, v, until, ctx);
    if (s->kind == &map_kind_nodes || s->kind == &map_kind_same)
        return weir_map_compute_wait(s->map, &key, fn_of_nodes, a, v, until, ctx);
    return weir_shardmap_compute_wait(s->map, &key, fn_of_nodes, a, v, until, ctx);
}

/* Of one key one function runs at a time, and what the one before did is seen. A get of the key is not held up; a
 * compute would wait for itself. */
static int fn(uint64_t key, uint64_t *val, void *arg) {
    struct asked *a = arg;
    struct state *s = a->s;
    unsigned k = key == map_key('1');
    uint64_t v;
    weir_model_check(!s->running[k] && !a->called);
    weir_model_write(&s->running[k], sizeof *s->running);
    s->running[k] = 1;
    a->called = true;
    int rc = s->kind->get(s->map, key, &v);
    weir_model_check(rc == 0 || rc == WEIR_ENOENT);
    rc = compute_in(s, key, a, &v, WEIR_FOREVER, NULL);
    weir_model_check(rc == WEIR_EDEADLK || rc == WEIR_EEXIST);
    rc = 0;
    if (a->letter == 'Y') {
        struct asked other = { s, 'O', a->give + 50, false };
        rc = compute_in(s, map_key(k ? '0' : '1'), &other, &v, WEIR_FOREVER, NULL);
        weir_model_check(rc == 0 || rc == WEIR_EEXIST || rc == WEIR_EDEADLK);
    }
    weir_model_write(&s->running[k], sizeof *s->running);
    s->running[k] = 0;
    if (rc == WEIR_EDEADLK || a->letter == 'E') return FAILED;
    (void)weir_fetch_add_relaxed(&s->runs, 1);
    writes(s, a->give);
    *val = a->give;
    return 0;
}

static int compute(struct state *s, struct asked *a, uint64_t key, uint64_t *v) {
    weir_time until = a->letter == 'L' ? DEADLINE : a->letter == 'N' ? WEIR_NOW : WEIR_FOREVER;
    weir_ctx *ctx = a->letter == '@' ? s->ctx : NULL;
    int rc = compute_in(s, key, a, v, until, ctx);
    weir_model_check(rc == 0 || rc == WEIR_EEXIST || (a->letter == 'L' && rc == WEIR_ETIMEDOUT) ||
                     (a->letter == 'N' && rc == WEIR_EBUSY) ||
                     (a->letter == '@' && rc == WEIR_ECANCELED) ||
                     (a->letter == 'E' && rc == FAILED) ||
                     (a->letter == 'Y' && (rc == FAILED || rc == WEIR_EDEADLK)) ||
                     (s->c->oom && rc == WEIR_ENOMEM));
    weir_model_check(a->called == (rc == 0 || rc == FAILED) || rc == WEIR_EEXIST);
    return rc;
}

static const char *verb(char letter) {
    switch (letter) {
        case 'G': return "get";
        case 'P': return "put";
        case 'T': return "take";
        case 'X': return "cancel";
        default: return "compute";
    }
}

static void run_one(struct state *s, char letter, char name) {
    struct weir_model_op *op = weir_model_begin(verb(letter), 0);
    uint64_t v = (uint64_t)(op->thread + 1) * 100 + op->seq;
    struct asked a = { s, letter, v, false };
    char kind = letter;
    int rc;
    op->in[0] = v;
    op->nin = letter == 'G' || letter == 'T' ? 0 : 1;
    if (letter == 'P') writes(s, v);
    switch (letter) {
        case 'G': rc = s->kind->get(s->map, map_key(name), &v); break;
        case 'P': rc = s->kind->put(s->map, map_key(name), v); break;
        case 'T': rc = s->kind->take(s->map, map_key(name), &v); break;
        case 'X':
            rc = weir_ctx_cancel(s->ctx, 0);
            kind = '-';
            break;
        default:
            rc = compute(s, &a, map_key(name), &v);
            kind = rc == 0 || rc == WEIR_EEXIST ? 'I' : '-';
            break;
    }
    op->kind = (unsigned)kind | (unsigned)(unsigned char)name << 8;
    bool out = kind == 'I' ? rc == WEIR_EEXIST : (letter == 'G' || letter == 'T') && rc == 0;
    if (out) reads(s, v);
    op->out[0] = v;
    op->nout = out;
    weir_model_end(op, rc);
}

static void thread(void *state, unsigned who) {
    struct state *s = state;
    for (const char *p = s->c->program[who]; *p; p += 2) run_one(s, p[0], p[1]);
}

/* Nobody has been left in the table: a compute that may not wait does not. */
static void last_compute(void *state) {
    struct state *s = state;
    for (uint64_t k = 0; k < 2; k++) {
        struct asked a = { s, 'O', 500 + k, false };
        uint64_t v;
        int rc = compute_in(s, map_key((char)('0' + k)), &a, &v, WEIR_NOW, NULL);
        weir_model_check(rc == 0 || rc == WEIR_EEXIST || (s->c->oom && rc == WEIR_ENOMEM));
    }
}

static bool nested(const struct compute_case *c) {
    for (unsigned i = 0; i < EX_THREADS && c->program[i]; i++)
        if (c->program[i][0] == 'Y') return true;
    return false;
}

static void finish(void *state) {
    struct state *s = state;
    if (s->c->runs) weir_model_check(weir_load_relaxed(&s->runs) == s->c->runs);
    if (!nested(s->c)) { /* whose inner calls no history has */
        run_one(s, 'G', '0');
        run_one(s, 'G', '1');
        map_check(&s->c->map);
    }
    weir_model_as(0, last_compute, s);
    at_last(s->kind->close(s->map));
    weir_ctx_unref(s->ctx);
    weir__rcu.stops = 1; /* weir's thread, here */
    weir_init_atomic(&weir__rcu_clock.ask, WEIR__RCU_HURRY);
    weir__rcu_main();
}

#define COMPUTE(...) COMPUTE_IN(map, __VA_ARGS__)
#define COMPUTE_IN(kind_, var, name_, threads_, there_, runs_, ...)                     \
    static const struct compute_case var##_case = { .map = { .kind = &map_kind_##kind_, \
                                                             .there = there_ },         \
                                                    .program = { __VA_ARGS__ },         \
                                                    .runs = runs_ };                    \
    static const struct weir_model_scenario var = SCENARIO(var, name_, threads_, #__VA_ARGS__, NULL)
#define SCENARIO(var, name_, threads_, about_, options_) \
    {                                                    \
        .name = name_,                                   \
        .about = about_,                                 \
        .threads = threads_,                             \
        .param = &var##_case,                            \
        .options = options_,                             \
        .state_size = sizeof(struct state),              \
        .setup = setup,                                  \
        .thread = thread,                                \
        .finish = finish,                                \
    }
COMPUTE(two, "map.compute.two", 2, "", 1, "O0", "O0");
COMPUTE(three, "map.compute.three", 3, "", 1, "O0", "O0", "O0");
COMPUTE(there, "map.compute.there", 2, "0", 0, "O0", "T0O0");
COMPUTE(put, "map.compute.put", 2, "", 0, "O0G0", "P0G0");
COMPUTE(put_two, "map.compute.put.two", 3, "", 0, "O0", "O0", "P0");
COMPUTE(take, "map.compute.take", 2, "", 0, "O0G0", "T0O0");
COMPUTE(take_two, "map.compute.take.two", 3, "", 0, "O0", "O0", "T0");
COMPUTE(fails, "map.compute.fails", 2, "", 1, "E0", "O0");
COMPUTE(fails_two, "map.compute.fails.two", 3, "", 1, "E0", "E0", "O0");
COMPUTE(late, "map.compute.late", 2, "", 0, "O0", "L0G0");
COMPUTE(late_fails, "map.compute.late.fails", 3, "", 0, "E0", "L0", "O0");
COMPUTE(now, "map.compute.now", 2, "", 1, "O0", "N0");
COMPUTE(cancel, "map.compute.cancel", 3, "", 0, "O0", "@0", "X.");
COMPUTE(cancel_fails, "map.compute.cancel.fails", 3, "", 0, "E0", "@0", "X.");
COMPUTE(circle, "map.compute.circle", 2, "", 0, "Y0", "Y1");
COMPUTE(circle_three, "map.compute.circle.three", 3, "", 0, "Y0", "Y1", "O0");
COMPUTE(keys, "map.compute.keys", 2, "", 2, "O0", "O1");
/* who has waited, and does no more, is in nobody's way */
COMPUTE(then, "map.compute.then", 2, "", 2, "O0O1", "O0O1");
COMPUTE(late_then, "map.compute.late.then", 2, "", 0, "O0O1", "L0O1");
/* a circle that is closed by a key that was handed over */
COMPUTE(circle_heir, "map.compute.circle.heir", 3, "", 0, "E0", "Y0", "Y1");
COMPUTE_IN(lines, lines, "shard.compute", 2, "", 0, "O0G0", "T0O0");
COMPUTE_IN(nodes, nodes, "nodes.compute", 2, "", 0, "O0G0", "T0O0");
COMPUTE_IN(nodes, nodes_put, "nodes.compute.put", 2, "", 0, "O0G0", "P0G0");
COMPUTE_IN(nodes, nodes_fails, "nodes.compute.fails", 3, "", 1, "E0", "O0", "O0");
COMPUTE_IN(same, nodes_same, "nodes.compute.same", 2, "", 2, "O0", "O1");
COMPUTE_IN(same, nodes_circle, "nodes.compute.circle", 2, "", 0, "Y0", "Y1");
/* a context that ends at any time: what was computed is not lost */
COMPUTE_IN(nodes, nodes_cancel, "nodes.compute.cancel", 2, "", 0, "@0G0", "X.");
COMPUTE_IN(snodes, snodes_cancel, "snodes.compute.cancel", 2, "", 0, "@0G0", "X.");
COMPUTE_IN(snodes, snodes, "snodes.compute", 2, "", 0, "O0G0", "T0O0");
COMPUTE_IN(snodes, snodes_put, "snodes.compute.put", 2, "", 0, "O0G0", "P0G0");
COMPUTE_IN(snodes, snodes_fails, "snodes.compute.fails", 3, "", 1, "E0", "O0", "O0");
COMPUTE_IN(snodes, snodes_late, "snodes.compute.late", 2, "", 0, "O0T0", "L0G0");
COMPUTE_IN(ssame, snodes_same, "snodes.compute.same", 2, "", 2, "O0", "O1");
COMPUTE_IN(ssame, snodes_circle, "snodes.compute.circle", 2, "", 0, "Y0", "Y1");
COMPUTE_IN(pnodes, pnodes, "pnodes.compute", 2, "", 0, "O0G0", "T0O0");
static const struct compute_case oom_case = { .map = { .kind = &map_kind_map, .there = "" },
                                              .program = { "O0", "O0" },
                                              .oom = true };
static const struct weir_model_scenario oom =
    SCENARIO(oom, "map.compute.oom", 2, "O0 | O0", "oom=1");

const struct weir_model_scenario *const compute_scenarios[] = {
    &two,         &three,        &there,         &put,          &put_two,      &take,
    &take_two,    &fails,        &fails_two,     &late,         &late_fails,   &now,
    &cancel,      &cancel_fails, &circle,        &circle_three, &keys,         &oom,
    &then,        &late_then,    &circle_heir,   &lines,        &nodes,        &nodes_put,
    &nodes_fails, &nodes_same,   &nodes_circle,  &snodes,       &snodes_put,   &snodes_fails,
    &snodes_late, &snodes_same,  &snodes_circle, &pnodes,       &nodes_cancel, &snodes_cancel,
    NULL
};
