/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/cache_lin.c - recorded histories of a cache of each kind, judged by stress/lin key by key.
 *
 * Short rounds on one to three keys, between two meetings each: get in all its forms, put, invalidate, and loads, with and without
 * a deadline, some of which fail. A loader records its own begin and end, in a log of its own, with a number of its own:
 * between the call of the load and its begin the cache decided to load, and between its end and the load's return
 * it took what the loader gave. The checker carries the states that are possible from one round to the next, and in the end
 * each key is looked at. Nothing is evicted and nothing expires: so what no order of the calls on a key explains is a
 * fault, a put that is lost also.
 *
 * Plans are made before a round begins, so that only calls and stamps stand between two meetings. What the checker gives
 * up on counts as unknown, never as passed; a run in which it gives up on more than half has shown nothing, and fails. */
#include "cache_lin.h"

#include <weir/cache.h>
#include <weir/rcu.h>

#include <sched.h>
#include <stdlib.h>

#include "../../lin/specs.h"
#include "judge.h"
#include "map_call.h"
#include "meet.h"

#define THREADS 6
#define WINDOW_OPS 12 /* of all threads in a round; a load is four operations */
#define LONGEST 4     /* of one thread in a round */
#define KEYS 3
#define FAILED (-1000)

/* What is a get for the specification; the others are its own. */
enum { ACQUIRE = 100, PEEK, MANY_GETS };

struct planned {
    uint16_t kind, key; /* key: modulo the cache's */
    uint8_t pause;
    bool fails, late, lent; /* of a load: its loader; it has a deadline; by reference */
};

struct lane {
    _Alignas(WEIR_LINE) struct planned plan[LONGEST];
    unsigned planned;
    uint64_t fresh; /* values, and loaders, of this worker */
};

struct lin {
    struct meeting meeting;
    weir_cache *c;
    unsigned threads, rounds_left, keys;
    unsigned
        lends_at; /* rounds left from when on values are lent: until then puts store over them */
    int kind;
    struct weir_lin_cache shape;
    struct weir_lin_spec spec;
    weir_lin_checker *checker[KEYS];
    weir_lin_recorder *recorder; /* a log of each worker, and one of its loaders */
    struct weir_lin_op *ops, *split;
    enum weir_lin_mode mode;
    struct judged sum;
    uint64_t rounds, operations, overlapping, loads;
    struct lane lane[THREADS];
};

static struct lane *lane_of(struct lin *s, struct weir_stress_worker *w) {
    return &s->lane[weir_stress_index(w)];
}

static bool chance(struct weir_stress_worker *w, unsigned percent) {
    return weir_stress_random(w, 100) < percent;
}

static uint16_t any_kind(struct weir_stress_worker *w, bool lends) {
    static const uint16_t gets[] = { WEIR_LIN_CACHE_GET, MANY_GETS, ACQUIRE, PEEK };
    uint64_t r = weir_stress_random(w, 100);
    if (r < 30) return gets[r % (lends ? 4 : 2)];
    return r < 45 ? WEIR_LIN_CACHE_PUT : r < 65 ? WEIR_LIN_INVALIDATE : WEIR_LIN_LOAD;
}

static void plan_round(void *state, struct weir_stress_worker *w) {
    struct lin *s = state;
    struct lane *l = lane_of(s, w);
    unsigned most = WINDOW_OPS / s->threads < LONGEST ? WINDOW_OPS / s->threads : LONGEST;
    bool lends = s->rounds_left <= s->lends_at;
    l->planned = 1 + (unsigned)weir_stress_random(w, most);
    for (unsigned i = 0; i < l->planned; i++)
        l->plan[i] =
            (struct planned){ .kind = any_kind(w, lends),
                              .key = (uint16_t)weir_stress_random(w, 1u << 15),
                              .fails = chance(w, 20),
                              .late = chance(w, 15),
                              .lent = lends && chance(w, 25),
                              .pause = chance(w, 50) ? (uint8_t)weir_stress_random(w, 40) : 0 };
}

/* ---- calls ---------------------------------------------------------------------------------------------- */

static uint64_t fresh(struct lane *l, struct weir_stress_worker *w) {
    return (uint64_t)(weir_stress_index(w) + 1) << 48 | ++l->fresh;
}

/* A load as it runs: the records of its loader, if that is called. */
struct loading {
    struct weir_lin_log *log;
    struct weir_lin_op *start, *end;
    const struct planned *p;
    uint64_t number, give;
};

static int loader(const void *key, void *val, weir_time *ttl, weir_ctx *ctx, void *arg) {
    struct loading *d = arg;
    (void)ttl;
    (void)ctx;
    weir_stress_check(!d->start, "a call has run its loader twice");
    d->start = judge_next(d->log, WEIR_LIN_LOADER_START, *(const uint64_t *)key);
    if (!d->start) return FAILED;
    weir_lin_in(d->start, d->number);
    weir_lin_call(d->log, d->start);
    weir_lin_return(d->log, d->start, 0);
    for (unsigned k = 0; k < d->p->pause; k++) weir_pause();
    if (d->p->pause % 4 == 1) (void)sched_yield();
    *(uint64_t *)val = d->give;
    d->end = judge_next(d->log, WEIR_LIN_LOADER_END, *(const uint64_t *)key);
    if (!d->end) return FAILED;
    weir_lin_in(d->end, d->number);
    weir_lin_call(d->log, d->end);
    return d->p->fails ? FAILED : 0;
}

static int load(struct lin *s, struct loading *d, uint64_t key, uint64_t *val) {
    weir_time until = d->p->late ? weir_after(20000) : WEIR_FOREVER;
    const void *lent;
    if (!d->p->lent) return weir_cache_load_wait(s->c, &key, val, loader, d, until, NULL);
    int rc = weir_cache_load_acquire_wait(s->c, &key, &lent, loader, d, until, NULL);
    if (rc == 0) *val = *(const uint64_t *)lent;
    weir_cache_release(lent);
    return rc;
}

/* The cache took the loader's result before the load returned, and decided to load after it was called. */
static void loader_ended(const struct loading *d, const struct weir_lin_op *op) {
    if (!d->end) return;
    d->start->call = op->call;
    d->end->ret = op->ret;
    d->end->result = d->p->fails ? FAILED : 0;
    d->end->pending = false;
    if (!d->p->fails) weir_lin_out(d->end, d->give);
}

static int read_value(struct lin *s, unsigned kind, uint64_t key, uint64_t *val) {
    const uint64_t *lent;
    bool found = false;
    switch (kind) {
        case ACQUIRE:
            lent = weir_cache_acquire(s->c, &key);
            if (lent) *val = *lent;
            weir_cache_release(lent);
            return lent ? 0 : WEIR_ENOENT;
        case PEEK: {
            weir_guard g = weir_rcu_enter();
            lent = weir_cache_peek(s->c, g, &key);
            if (lent) *val = *lent;
            (void)weir_rcu_exit(g);
            return lent ? 0 : WEIR_ENOENT;
        }
        case MANY_GETS:
            return weir_cache_get_many(s->c, &key, val, &found, 1) == 1 ? 0 : WEIR_ENOENT;
        default: return weir_cache_get(s->c, &key, val);
    }
}

static int run_call(struct lin *s, struct weir_lin_op *op, const struct planned *p,
                    struct loading *d) {
    int rc;
    switch (p->kind) {
        case WEIR_LIN_CACHE_PUT: return weir_cache_put(s->c, &op->key, &op->in[0], WEIR_FOREVER);
        case WEIR_LIN_INVALIDATE:
            rc = weir_cache_invalidate(s->c, &op->key);
            return rc == WEIR_ENOENT ? 0 : rc;
        case WEIR_LIN_LOAD: return load(s, d, op->key, &op->out[0]);
        default: return read_value(s, p->kind, op->key, &op->out[0]);
    }
}

static void run_single(struct lin *s, const struct planned *p, struct lane *l,
                       struct weir_stress_worker *w) {
    unsigned me = weir_stress_index(w);
    struct weir_lin_log *log = weir_lin_log_of(s->recorder, me);
    struct loading d = { .log = weir_lin_log_of(s->recorder, s->threads + me), .p = p };
    uint16_t kind = p->kind >= ACQUIRE ? WEIR_LIN_CACHE_GET : p->kind;
    struct weir_lin_op *op = judge_next(log, kind, p->key % s->keys);
    if (!op) return;
    if (kind == WEIR_LIN_CACHE_PUT) weir_lin_in(op, fresh(l, w));
    if (kind == WEIR_LIN_LOAD) d.number = d.give = fresh(l, w);
    weir_lin_call(log, op);
    int rc = run_call(s, op, p, &d);
    weir_lin_return(log, op, rc);
    op->nout = rc == 0 && (kind == WEIR_LIN_CACHE_GET || kind == WEIR_LIN_LOAD);
    loader_ended(&d, op);
}

static void run_plan(void *state, struct weir_stress_worker *w) {
    struct lin *s = state;
    struct lane *l = lane_of(s, w);
    for (unsigned i = 0; i < l->planned; i++) {
        for (unsigned k = 0; k < l->plan[i].pause; k++) weir_pause();
        may_sleep(w);
        run_single(s, &l->plan[i], l, w);
        slept(w);
        weir_stress_progress(w);
    }
}

/* ---- judgements ----------------------------------------------------------------------------------------- */

static bool judge_key(struct lin *s, unsigned key, const struct weir_lin_op *ops, size_t n,
                      bool last) {
    weir_lin_checker *c = s->checker[key];
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (ops[i].key == key) s->ops[k++] = ops[i];
    if (k == 0 && !last) return true;
    if (s->mode == WEIR_LIN_BARRIER) s->overlapping += judge_overlap(s->ops, k);
    for (size_t i = 0; i < k; i++) s->loads += s->ops[i].kind == WEIR_LIN_LOADER_END;
    k = weir_lin_split(s->ops, k, weir_lin_cache_rules, 1, s->split);
    enum weir_lin_verdict v = weir_lin_advance(c, s->split, k, last);
    return judge_verdict(&s->sum, c, v, key);
}

/* False: this cache is not followed any further. */
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

static void open_cache(struct lin *s, struct weir_stress_worker *w) {
    struct weir_cache_opts o = WEIR_CACHE_OPTS(uint64_t, uint64_t, 1000);
    bool plain = s->kind != WEIR_CACHE_RCU;
    o.kind = s->kind;
    o.seed = 1 + weir_stress_random(w, 1u << 30);
    o.policy = plain ? 0 : (int)weir_stress_random(w, WEIR_CACHE_LRU + 1);
    o.shards = plain || chance(w, 50) ? 1 : 8;
    s->keys = 1 + (unsigned)weir_stress_random(w, KEYS);
    int rc = weir_cache_new(&s->c, &o);
    weir_stress_check(rc == 0, "no cache: %s", weir_strerror(rc));
    s->mode = weir_stress_random(w, 2) ? WEIR_LIN_BARRIER : WEIR_LIN_WIDE;
    s->rounds_left = 4 + (unsigned)weir_stress_random(w, 40);
    s->lends_at = (unsigned)weir_stress_random(w, 80); /* at once, in the midst, at the end */
    for (unsigned i = 0; i < KEYS; i++) weir_lin_begin(s->checker[i], i);
}

/* By the one who judges, alone: what each key has. */
static void look_at_all(struct lin *s, struct weir_stress_worker *w) {
    struct lane *l = lane_of(s, w);
    for (unsigned i = 0; i < s->keys; i++)
        run_single(s, &(struct planned){ .kind = WEIR_LIN_CACHE_GET, .key = (uint16_t)i }, l, w);
}

/* What stands between two rounds; false: no more comes. */
static bool between(void *state, struct weir_stress_worker *w) {
    struct lin *s = state;
    bool good = !s->c || judge(s, false);
    if (s->c && (!good || --s->rounds_left == 0)) {
        weir_lin_start(s->recorder, s->mode);
        look_at_all(s, w);
        if (good) (void)judge(s, true);
        int rc = weir_cache_free(s->c);
        weir_stress_check(rc == 0, "the cache cannot be freed: %s", weir_strerror(rc));
        s->c = NULL;
    }
    bool more = weir_stress_more(w);
    if (!s->c && more) open_cache(s, w);
    if (s->c && !more) s->rounds_left = 1; /* one more, and the end */
    weir_lin_start(s->recorder, s->mode);
    return s->c != NULL;
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
    s->kind = *(const int *)weir_stress_param(run);
    s->threads = weir_stress_threads(run);
    s->shape = (struct weir_lin_cache){ .evicts = false, .exact = true };
    o.budget = 1u << 15; /* a window of which no more than that is understood is unknown */
    meet_init(&s->meeting, s->threads);
    size_t each = 2 * LONGEST + KEYS, all = each * 2 * s->threads;
    s->ops = calloc(all, sizeof *s->ops);
    s->split = calloc(2 * all, sizeof *s->split);
    if (!s->ops || !s->split || weir_lin_cache_spec(&s->spec, &s->shape) < 0) return WEIR_ENOMEM;
    for (unsigned i = 0; i < KEYS; i++)
        if (weir_lin_checker_new(&s->checker[i], &s->spec, &o) < 0) return WEIR_ENOMEM;
    return weir_lin_recorder_new(&s->recorder, 2 * s->threads, (uint32_t)each);
}

static void finish(void *state) {
    struct lin *s = state;
    weir_stress_count_of("rounds", s->rounds);
    weir_stress_count_of("calls", s->operations);
    weir_stress_count_of("loads", s->loads);
    weir_stress_count_of("overlapping", s->overlapping);
    judge_end(&s->sum);
    for (unsigned i = 0; i < KEYS; i++) weir_lin_checker_free(s->checker[i]);
    weir_lin_recorder_free(s->recorder);
    free(s->split);
    free(s->ops);
    rcu_ends();
}

static const int rcu = WEIR_CACHE_RCU, mutex = WEIR_CACHE_MUTEX_LRU,
                 rwlock = WEIR_CACHE_RWLOCK_CLOCK;

#define ROW(var, name_, kind_)                                                   \
    static const struct weir_stress_scenario var = {                             \
        .name = name_,                                                           \
        .about = "short rounds on a few keys, each checked for linearizability", \
        .flags = TABLES,                                                         \
        .min_threads = 2,                                                        \
        .max_threads = THREADS,                                                  \
        .state_size = sizeof(struct lin),                                        \
        .setup = setup,                                                          \
        .thread = lin_thread,                                                    \
        .finish = finish,                                                        \
        .param = &(kind_),                                                       \
    }
ROW(windows, "cache.windows", rcu);
ROW(windows_mutex, "cache_mutex.windows", mutex);
ROW(windows_rwlock, "cache_rwlock.windows", rwlock);

const struct weir_stress_scenario *const cache_scenarios[] = { &windows, &windows_mutex,
                                                               &windows_rwlock, NULL };
