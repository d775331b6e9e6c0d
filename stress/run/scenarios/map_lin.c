/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/map_lin.c - recorded histories of a map, judged by stress/lin key by key.
 *
 * windows   short rounds on one to four keys, at most 24 calls in all, each between two meetings; the checker carries
 *           the states that are possible from one to the next, and in the end each key is looked at. Complete: what
 *           no order of the calls on a key explains is found
 * history   long rounds on so many keys that each has some 40 calls at most, checked at their end
 *
 * Between these calls workers put and take keys of their own, which are not recorded: from a table of two lines to one
 * of hundreds and back, so that the recorded ones move, and chains of their line come and go. A walk is a get of each
 * recorded key, a clear a delete of each, all at some instant of the call; get_many gets all of them.
 *
 * Plans are made before a round begins, so that only calls and stamps stand between two meetings. Half of the rounds
 * are stamped with barriers and half with widened intervals (lin/lin.h). What the checker gives up on counts as
 * unknown, never as passed; a run in which it gives up on more than half has shown nothing, and fails. */
#include "judge.h"
#include "map_body.h"
#include "map_call.h"
#include "meet.h"

#include "../../lin/specs.h"

#include <sched.h>
#include <stdlib.h>

#define THREADS 8
#define WINDOW_OPS 24 /* of all threads in a round */
#define LONGEST 8     /* of one thread in a round */
#define MOST_KEYS 4   /* of windows: a log has room for a walk as each call */
#define HISTORY_OPS 2000
#define HISTORY_KEYS (THREADS * HISTORY_OPS / 80)
#define FILL 200 /* keys of each worker's own */

/* ---- plans ---------------------------------------------------------------------------------------------- */

/* What is no call on a single key. */
enum { WALK = 100, MANY_GETS, CLEAR, FILLS, EMPTIES };

struct planned {
    uint16_t kind;        /* of the specification, or one of these */
    uint16_t key;         /* modulo the map's */
    uint8_t pause, guess; /* guess: what cas and cad expect: of the values last seen */
    bool stall;           /* between its stamp and the call: it overlaps others for sure */
};

struct lane {
    _Alignas(WEIR_LINE) struct planned *plan;
    unsigned planned;
    uint64_t fresh;   /* values of this worker */
    uint64_t seen[4]; /* values that came out last */
    unsigned filled;  /* of its own keys */
    uint64_t calls;
};

struct lin {
    struct meeting meeting;
    const struct map_kind *kind;
    void *map;
    bool open, long_, checked;
    unsigned threads, rounds_left, keys;
    uint64_t seed, crowd;
    struct weir_lin_map shape;
    struct weir_lin_spec spec;
    weir_lin_checker *checker[MOST_KEYS]; /* of each key; of long rounds the first */
    weir_lin_recorder *recorder;
    struct weir_lin_op *ops; /* of one key */
    enum weir_lin_mode mode;
    struct judged sum;
    uint64_t rounds, operations, overlapping, resizes;
    struct lane lane[THREADS];
};

static struct lane *lane_of(struct lin *s, struct weir_stress_worker *w) {
    return &s->lane[weir_stress_index(w)];
}

static uint64_t key_at(const struct lin *s, uint64_t i) { return map_key_of(i, s->crowd, s->seed); }

static bool chance(struct weir_stress_worker *w, unsigned percent) {
    return weir_stress_random(w, 100) < percent;
}

static uint16_t any_kind(const struct lin *s, struct weir_stress_worker *w) {
    uint64_t r = weir_stress_random(w, 100);
    if (!s->long_ && r < 4) return WALK;
    if (!s->long_ && r < 8) return MANY_GETS;
    if (!s->long_ && r < 10) return CLEAR;
    if (r < 40) return WEIR_LIN_GET;
    return (uint16_t)(WEIR_LIN_PUT + weir_stress_random(w, 7));
}

static void plan_round(void *state, struct weir_stress_worker *w) {
    struct lin *s = state;
    struct lane *l = lane_of(s, w);
    unsigned most = WINDOW_OPS / s->threads < LONGEST ? WINDOW_OPS / s->threads : LONGEST;
    unsigned fills = s->long_ ? 60 : (unsigned)weir_stress_random(w, 3) * 30;
    bool filler = !s->long_ && s->threads > 2 && chance(w, 25);
    l->planned = s->long_ ? HISTORY_OPS : 1 + (unsigned)weir_stress_random(w, most);
    for (unsigned i = 0; i < l->planned; i++) {
        struct planned *p = &l->plan[i];
        *p = (struct planned){ .kind = any_kind(s, w),
                               .key = (uint16_t)weir_stress_random(w, 1u << 16),
                               .guess = (uint8_t)weir_stress_random(w, 4),
                               .stall = chance(w, 4),
                               .pause = chance(w, 50) ? (uint8_t)weir_stress_random(w, 40) : 0 };
        if (!filler && !chance(w, fills)) continue;
        p->kind = l->fresh / 128 % 2 ? FILLS : EMPTIES; /* by turns, for a while each */
    }
}

/* ---- calls ---------------------------------------------------------------------------------------------- */

/* Some of its own keys. */
static void fill_some(struct lin *s, struct lane *l, struct weir_stress_worker *w, bool fills) {
    uint64_t first = HISTORY_KEYS + (uint64_t)weir_stress_index(w) * FILL, v = 0;
    for (int n = 0; n < 12; n++) {
        l->fresh++;
        if (fills && l->filled < FILL) {
            int rc = s->kind->put(s->map, key_at(s, first + l->filled), l->filled, WEIR_FOREVER);
            weir_stress_check(rc == 0, "put returned %d", rc);
            l->filled++;
        } else if (!fills && l->filled > 0) {
            l->filled--;
            int rc = s->kind->take(s->map, key_at(s, first + l->filled), &v);
            weir_stress_check(rc == WEIR_ENOENT || (rc == 0 && v == l->filled),
                              "key %u of a worker's own has value %llu: %d", l->filled,
                              (unsigned long long)v, rc);
        }
    }
}

static int64_t run_call(struct lin *s, struct weir_lin_op *op, uint64_t key) {
    const struct map_kind *k = s->kind;
    uint64_t v = op->in[0];
    switch (op->kind) {
        case WEIR_LIN_GET: op->result = k->get(s->map, key, &op->out[0]); break;
        case WEIR_LIN_PUT: return k->put(s->map, key, v, WEIR_FOREVER);
        case WEIR_LIN_SWAP:
            op->result = k->swap(s->map, key, &v, WEIR_FOREVER);
            op->out[0] = v;
            op->result = op->result == WEIR_EEXIST ? 0 : op->result == 0 ? WEIR_ENOENT : op->result;
            break;
        case WEIR_LIN_GET_OR_PUT:
            op->result = k->get_or_put(s->map, key, &v, WEIR_FOREVER);
            op->out[0] = v;
            break;
        case WEIR_LIN_TAKE: op->result = k->take(s->map, key, &op->out[0]); break;
        case WEIR_LIN_DELETE: return k->del(s->map, key);
        case WEIR_LIN_CAS: return k->cas(s->map, key, v, op->in[1]);
        default: return k->cad(s->map, key, v);
    }
    return op->result;
}

static bool gives(const struct weir_lin_op *op) {
    if (op->kind == WEIR_LIN_GET_OR_PUT) return op->result == WEIR_EEXIST;
    return op->result == 0 &&
           (op->kind == WEIR_LIN_GET || op->kind == WEIR_LIN_SWAP || op->kind == WEIR_LIN_TAKE);
}

static uint64_t fresh_value(struct lane *l, struct weir_stress_worker *w) {
    return (uint64_t)(weir_stress_index(w) + 1) << 48 | ++l->fresh;
}

static void run_single(struct lin *s, const struct planned *p, struct lane *l,
                       struct weir_stress_worker *w) {
    struct weir_lin_log *log = weir_lin_log_of(s->recorder, weir_stress_index(w));
    uint64_t i = p->key % s->keys, key = key_at(s, i);
    struct weir_lin_op *op = judge_next(log, p->kind, i);
    if (!op) return;
    if (p->kind == WEIR_LIN_CAS || p->kind == WEIR_LIN_CAD) weir_lin_in(op, l->seen[p->guess]);
    if (p->kind == WEIR_LIN_PUT || p->kind == WEIR_LIN_SWAP || p->kind == WEIR_LIN_GET_OR_PUT ||
        p->kind == WEIR_LIN_CAS)
        weir_lin_in(op, fresh_value(l, w));
    weir_lin_call(log, op);
    if (p->stall) (void)sched_yield();
    int64_t rc = run_call(s, op, key);
    weir_lin_return(log, op, rc);
    if (gives(op)) {
        op->nout = 1;
        l->seen[l->calls % 4] = op->out[0];
    } else if (op->nin && rc == 0) {
        l->seen[l->calls % 4] = op->in[op->nin - 1];
    }
    l->calls++;
}

/* ---- calls on all keys ---------------------------------------------------------------------------------- */

struct found {
    const struct lin *s;
    uint64_t val[MOST_KEYS];
    bool there[MOST_KEYS];
};

static int find_key(uint64_t key, uint64_t val, void *arg) {
    struct found *f = arg;
    for (unsigned i = 0; i < f->s->keys; i++) {
        if (key_at(f->s, i) != key) continue;
        weir_stress_check(!f->there[i], "a walk met key %u twice", i);
        f->there[i] = true;
        f->val[i] = val;
    }
    return 0;
}

static int call_all(struct lin *s, uint16_t kind, struct found *f) {
    uint64_t keys[MOST_KEYS];
    if (kind == WALK) return s->kind->each(s->map, find_key, f);
    if (kind == CLEAR) return s->kind->clear(s->map);
    for (unsigned i = 0; i < s->keys; i++) keys[i] = key_at(s, i);
    return s->kind->get_many(s->map, keys, f->val, f->there, s->keys) < 0;
}

/* One call, an operation of each key. */
static void run_all(struct lin *s, const struct planned *p, struct weir_stress_worker *w) {
    struct weir_lin_log *log = weir_lin_log_of(s->recorder, weir_stress_index(w));
    struct weir_lin_op *op[MOST_KEYS] = { NULL };
    struct found f = { .s = s };
    uint16_t kind = p->kind == CLEAR ? WEIR_LIN_DELETE : WEIR_LIN_GET;
    for (unsigned i = 0; i < s->keys; i++) {
        op[i] = judge_next(log, kind, i);
        if (!op[i]) return;
    }
    if (!op[0]) return;
    weir_lin_call(log, op[0]);
    int rc = call_all(s, p->kind, &f);
    weir_lin_return(log, op[0], 0);
    weir_stress_check(rc == 0, "a call on all keys returned %d", rc);
    for (unsigned i = 0; i < s->keys && op[i]; i++) {
        op[i]->call = op[0]->call;
        op[i]->ret = op[0]->ret;
        op[i]->pending = false;
        if (kind == WEIR_LIN_DELETE) continue;
        op[i]->result = f.there[i] ? 0 : WEIR_ENOENT;
        op[i]->nout = f.there[i];
        op[i]->out[0] = f.val[i];
    }
}

static void run_plan(void *state, struct weir_stress_worker *w) {
    struct lin *s = state;
    struct lane *l = lane_of(s, w);
    for (unsigned i = 0; i < l->planned; i++) {
        const struct planned *p = &l->plan[i];
        for (unsigned k = 0; k < p->pause; k++) weir_pause();
        may_sleep(w);
        if (p->kind == FILLS || p->kind == EMPTIES)
            fill_some(s, l, w, p->kind == FILLS);
        else if (p->kind >= WALK)
            run_all(s, p, w);
        else
            run_single(s, p, l, w);
        slept(w);
        weir_stress_progress(w);
    }
}

/* ---- judgements ----------------------------------------------------------------------------------------- */

static bool judge_key(struct lin *s, unsigned key, const struct weir_lin_op *ops, size_t n,
                      bool last) {
    weir_lin_checker *c = s->checker[s->long_ ? 0 : key];
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (ops[i].key == key) s->ops[k++] = ops[i];
    if (k == 0 && !last) return true;
    if (s->mode == WEIR_LIN_BARRIER && !s->long_) s->overlapping += judge_overlap(s->ops, k);
    enum weir_lin_verdict v =
        s->long_ ? weir_lin_check(c, s->ops, k) : weir_lin_advance(c, s->ops, k, last);
    return judge_verdict(&s->sum, c, v, key);
}

/* False: this map is not followed any further. */
static bool judge(struct lin *s, bool last) {
    const struct weir_lin_op *ops;
    size_t n;
    int rc = weir_lin_collect(s->recorder, &ops, &n);
    if (!weir_stress_check(rc == 0, "a log is too small")) return false;
    s->operations += n;
    s->rounds++;
    bool good = true;
    for (unsigned key = 0; key < s->keys; key++) good = judge_key(s, key, ops, n, last) && good;
    return good;
}

/* ---- rounds --------------------------------------------------------------------------------------------- */

static void open_map(struct lin *s, struct weir_stress_worker *w) {
    s->seed = 1 + weir_stress_random(w, 1u << 30);
    s->keys =
        s->long_ ? s->threads * HISTORY_OPS / 80 : 1 + (unsigned)weir_stress_random(w, MOST_KEYS);
    s->crowd = chance(w, 50) ? s->keys : 0;
    if (s->long_) s->crowd = 4 * weir_stress_random(w, 3);
    struct map_shape shape = { .seed = s->seed };
    int rc = s->kind->make(&s->map, &shape);
    s->open = weir_stress_check(rc == 0, "no map: %s", weir_strerror(rc));
    s->mode = weir_stress_random(w, 2) ? WEIR_LIN_BARRIER : WEIR_LIN_WIDE;
    s->rounds_left = s->long_ ? 1 : 4 + (unsigned)weir_stress_random(w, 40);
    for (unsigned i = 0; i < s->threads; i++) s->lane[i].filled = 0;
    for (unsigned i = 0; i < MOST_KEYS && !s->long_; i++) weir_lin_begin(s->checker[i], i);
}

/* By the one who judges, alone: what each key has. */
static void look_at_all(struct lin *s, struct weir_stress_worker *w) {
    struct lane *l = lane_of(s, w);
    for (unsigned i = 0; i < s->keys; i++)
        run_single(s, &(struct planned){ .kind = WEIR_LIN_GET, .key = (uint16_t)i }, l, w);
}

static void close_map(struct lin *s) {
    s->resizes += s->kind->resizes(s->map);
    int rc = s->kind->free(s->map);
    weir_stress_check(rc == 0, "the map cannot be freed: %s", weir_strerror(rc));
    s->open = false;
}

/* What stands between two rounds; false: no more comes. */
static bool between(void *state, struct weir_stress_worker *w) {
    struct lin *s = state;
    if (s->open && s->long_) {
        look_at_all(s, w);
        (void)judge(s, true);
        close_map(s);
    } else if (s->open) {
        bool good = judge(s, false);
        if (!good || --s->rounds_left == 0) {
            weir_lin_start(s->recorder, s->mode);
            look_at_all(s, w);
            if (good) (void)judge(s, true);
            close_map(s);
        }
    }
    bool more = weir_stress_more(w);
    if (!s->open && more) open_map(s, w);
    if (s->open && !more) s->rounds_left = 1; /* one more, and the end */
    weir_lin_start(s->recorder, s->mode);
    return s->open;
}

static const struct rounds rounds = { plan_round, between, run_plan };

static void lin_thread(void *state, struct weir_stress_worker *w) {
    struct lin *s = state;
    meet_rounds(&s->meeting, &rounds, s, w);
}

/* ---- the scenarios -------------------------------------------------------------------------------------- */

static int setup(void *state, struct weir_stress *run) {
    struct lin *s = state;
    struct weir_lin_opts o = WEIR_LIN_OPTS;
    rcu_begins();
    s->kind = map_kind_of(run);
    s->long_ = map_param_of(run) != NULL;
    s->threads = weir_stress_threads(run);
    s->shape.exact = true;
    o.budget = 1u << 14; /* a window of which no more than that is understood is unknown */
    meet_init(&s->meeting, s->threads);
    unsigned most = s->long_ ? HISTORY_OPS : LONGEST;
    for (unsigned i = 0; i < s->threads; i++) {
        s->lane[i].plan = calloc(most, sizeof *s->lane[i].plan);
        if (!s->lane[i].plan) return WEIR_ENOMEM;
    }
    size_t each = s->long_ ? HISTORY_OPS + HISTORY_KEYS : (LONGEST + 1) * MOST_KEYS;
    s->ops = calloc(each * (s->threads + 1), sizeof *s->ops);
    if (!s->ops || weir_lin_map_spec(&s->spec, &s->shape) < 0) return WEIR_ENOMEM;
    for (unsigned i = 0; i < (s->long_ ? 1 : MOST_KEYS); i++)
        if (weir_lin_checker_new(&s->checker[i], &s->spec, &o) < 0) return WEIR_ENOMEM;
    return weir_lin_recorder_new(&s->recorder, s->threads, (uint32_t)each);
}

static void finish(void *state) {
    struct lin *s = state;
    weir_stress_count_of("rounds", s->rounds);
    weir_stress_count_of("calls", s->operations);
    weir_stress_count_of("resizes", s->resizes);
    if (!s->long_) weir_stress_count_of("overlapping", s->overlapping);
    judge_end(&s->sum);
    for (unsigned i = 0; i < MOST_KEYS; i++)
        if (s->checker[i]) weir_lin_checker_free(s->checker[i]);
    for (unsigned i = 0; i < s->threads; i++) free(s->lane[i].plan);
    weir_lin_recorder_free(s->recorder);
    free(s->ops);
    rcu_ends();
}

static const bool long_rounds = true;

#define ROW(name_, plain_, about_, param_)    \
    {                                         \
        .plain = plain_, .as = {              \
            .name = name_,                    \
            .about = about_,                  \
            .flags = TABLES,                  \
            .min_threads = 2,                 \
            .max_threads = THREADS,           \
            .state_size = sizeof(struct lin), \
            .setup = setup,                   \
            .thread = lin_thread,             \
            .finish = finish,                 \
            .param = param_                   \
        }                                     \
    }

const struct map_body map_lin_bodies[] = {
    ROW("windows", true, "short rounds on a few keys, each checked for linearizability", NULL),
    ROW("history", false, "long rounds, checked for linearizability key by key", &long_rounds),
    { .as = { 0 } },
};
