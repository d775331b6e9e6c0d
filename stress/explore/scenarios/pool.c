/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/pool.c - pools of both kinds: running, draining, stopping x a submit that waits for room x a worker
 * that goes to sleep x a resize. The last threads of a scenario are the workers.
 *
 * Each user does what its word says: s submits a task, which reads what its submitter has written, and writes; n the same
 * without waiting, m where there may be no memory, h of high priority; f waits for it, and gives the future's memory back; i submits one that submits
 * another one; w one that submits another and waits for it, j that joins it; b one that waits for the future which o
 * resolves, O once k or y have run; k one that submits another and stays until that has run, x one that stays until y has run, both by a wait that
 * weir does not know of: so another worker has to come; z one with the shared future, and v one that waits for that;
 * E and e submit as x and y, through the pool's executor, so that they run also where the pool is stopped; g waits for what o resolves, and l looks whether it has; P sees that a resize to one worker holds; D drains, X stops, q waits until the pool is quiet; r resizes to one worker, R to two; T drains with a
 * deadline. The last one through drains. */
#include <weir/pool.h>

#include <string.h>

#include "../../../lib/os_worker.h"
#include "../engine.h"
#include "all.h"
#include "made.h"
#include "pool_task.h"

#define DEADLINE INT64_C(1000500000)
#define ITEMS 8

struct item {
    struct pool_task own; /* the first member: pool_task_run gets its item */
    uint64_t below;
    struct state *state;
    weir_future *f;
};

struct state {
    weir_pool *pool;
    weir_au32 users;
    weir_future gate, shared;
    uint64_t resolved; /* written before the gate is */
    weir_au32 met, begun, open, ended;
    struct item item[EX_THREADS * ITEMS];
};

struct pool_case {
    const char *name, *options;
    unsigned kind, threads, max_threads, spare, full, flags;
    size_t cap;
    unsigned workers; /* threads that there are for them */
    const char *program[EX_THREADS];
    const char *before; /* what is done before they begin; NULL: nothing */
};

static const struct pool_case *of(void) { return weir_model_param(); }

static int step(struct state *s, struct item *i, char what);

static void setup(void *state) {
    struct state *s = state;
    const struct pool_case *c = of();
    struct weir_pool_opts o = WEIR_POOL_OPTS(c->threads);
    pool_threads(c->workers);
    weir_init_atomic(&s->users, E.sc->threads - c->workers);
    o.kind = c->kind;
    o.max_threads = c->max_threads;
    o.spare = c->spare;
    o.full = c->full;
    o.flags = c->flags;
    o.cap = c->cap;
    weir_model_check(weir_future_init(&s->gate) == 0);
    weir_model_check(weir_future_init(&s->shared) == 0);
    int rc = weir_pool_new(&s->pool, &o);
    while (rc == WEIR_ENOMEM) rc = weir_pool_new(&s->pool, &o); /* budget oom */
    weir_model_check(rc == 0);
    for (unsigned k = 0; c->before && c->before[k]; k++)
        (void)step(s, &s->item[(EX_THREADS - 1) * ITEMS + k], c->before[k]);
}

/* ---- tasks ---------------------------------------------------------------------------------------------------------- */

static int below(weir_ctx *ctx, void *arg) {
    struct item *i = arg;
    (void)ctx;
    weir_model_write(&i->below, sizeof i->below);
    i->below++;
    return 0;
}

static int submits(weir_ctx *ctx, void *arg) {
    struct item *i = arg;
    int rc = weir_pool_submit(i->state->pool, below, NULL, i);
    weir_model_check(rc == 0 || rc == WEIR_ESTOPPED);
    if (rc < 0) i->below = 1;
    return pool_task_run(ctx, i);
}

static int waits_with(struct item *i, int (*wait)(weir_future *f)) {
    weir_future f;
    weir_model_check(weir_future_init(&f) == 0);
    int rc = weir_pool_async(i->state->pool, &f, below, NULL, i);
    weir_model_check(rc == 0 || rc == WEIR_ESTOPPED);
    weir_model_check(wait(&f) == 0);
    weir_model_read(&i->below, sizeof i->below);
    weir_model_check(i->below == (weir_future_code(&f) == 0));
    if (weir_future_code(&f) < 0) i->below = 1;
    return pool_task_run(NULL, i);
}
static int waits(weir_ctx *ctx, void *arg) {
    (void)ctx;
    return waits_with(arg, weir_future_wait);
}
static int joins(weir_ctx *ctx, void *arg) {
    (void)ctx;
    return waits_with(arg, weir_future_join);
}
static int blocks(weir_ctx *ctx, void *arg) {
    struct item *i = arg;
    weir_model_check(weir_future_wait(&i->state->gate) == 0);
    return pool_task_run(ctx, i);
}

/* Not by weir's means. */
static void await(weir_au32 *word) {
    while (weir_load_acquire(word, 0) == 0) (void)weir__os_futex_wait(word, 0, WEIR_FOREVER);
}
static void tell(weir_au32 *word) {
    weir_store_release(word, 1, 0);
    weir__os_futex_wake(word, 8);
}

static int below_tells(weir_ctx *ctx, void *arg) {
    struct item *i = arg;
    (void)below(ctx, i);
    tell(&i->state->met);
    return 0;
}
static int stays_with_below(weir_ctx *ctx, void *arg) {
    struct item *i = arg;
    weir_model_check(weir_pool_submit(i->state->pool, below_tells, NULL, i) == 0);
    await(&i->state->met);
    return pool_task_run(ctx, i);
}
static int meets(weir_ctx *ctx, void *arg) {
    await(&((struct item *)arg)->state->met);
    return pool_task_run(ctx, arg);
}
static int tells(weir_ctx *ctx, void *arg) {
    tell(&((struct item *)arg)->state->met);
    return pool_task_run(ctx, arg);
}
static int waits_for_shared(weir_ctx *ctx, void *arg) {
    struct item *i = arg;
    weir_model_check(weir_future_wait(&i->state->shared) == 0);
    return pool_task_run(ctx, i);
}

static weir_task_fn *task_of(char what) {
    return what == 'i'   ? submits
           : what == 'k' ? stays_with_below
           : what == 'x' ? meets
           : what == 'y' ? tells
           : what == 'v' ? waits_for_shared
           : what == 'w' ? waits
           : what == 'j' ? joins
           : what == 'b' ? blocks
                         : pool_task_run;
}

/* ---- users ---------------------------------------------------------------------------------------------------------- */

static int submit(struct state *s, struct item *i, char what) {
    struct weir_job job = { task_of(what), NULL, i, i->f, what == 'h' ? WEIR_HIGH : WEIR_NORMAL };
    i->state = s;
    pool_task_fill(&i->own);
    int rc = weir_pool_submit_wait(s->pool, &job, what == 'n' ? WEIR_NOW : WEIR_FOREVER, NULL);
    weir_model_check(rc == 0 || rc == WEIR_ESTOPPED || (what == 'm' && rc == WEIR_ENOMEM) ||
                     (what == 'n' && (rc == WEIR_EAGAIN || rc == WEIR_EBUSY)));
    i->own.taken = rc == 0;
    return rc;
}

/* Runs in any case if it is taken; if not, nobody need wait for it. */
static int submit_always(struct state *s, struct item *i, char what) {
    const weir_exec on = weir_pool_exec(s->pool);
    i->state = s;
    pool_task_fill(&i->own);
    int rc = on.submit(on.self, what == 'E' ? meets : tells, NULL, i);
    weir_model_check(rc == 0 || rc == WEIR_ESTOPPED);
    i->own.taken = rc == 0;
    if (rc < 0) tell(&s->met);
    return rc;
}

static int submit_and_wait(struct state *s, struct item *i) {
    i->f = weir_model_alloc(sizeof *i->f, _Alignof(weir_future));
    weir_model_check(weir_future_init(i->f) == 0);
    int rc = submit(s, i, 'f');
    weir_model_check(weir_future_wait(i->f) == 0);
    weir_model_read(&i->own.out, sizeof i->own.out);
    weir_model_check(i->own.out == (weir_future_code(i->f) == 0));
    weir_model_free(i->f);
    return rc;
}

static int runs_on(weir_ctx *ctx, void *arg) {
    struct state *s = arg;
    (void)ctx;
    tell(&s->begun);
    await(&s->open);
    weir_store_relaxed(&s->ended, 1);
    return 0;
}
static int comes_after(weir_ctx *ctx, void *arg) {
    (void)ctx;
    weir_model_check(weir_load_relaxed(&((struct state *)arg)->ended) == 1);
    return 0;
}

/* One task runs; after the resize no other one begins until it has come to its end. */
static int resize_holds(struct state *s) {
    weir_model_check(weir_pool_submit(s->pool, runs_on, NULL, s) == 0);
    await(&s->begun);
    weir_model_check(weir_pool_resize(s->pool, 1, 0) == 0);
    weir_model_check(weir_pool_submit(s->pool, comes_after, NULL, s) == 0);
    tell(&s->open);
    return 0;
}

static int resolve(struct state *s) {
    weir_model_write(&s->resolved, sizeof s->resolved);
    s->resolved = 1;
    return weir_future_resolve(&s->gate, 0, NULL);
}

static int see_resolved(struct state *s) {
    weir_model_read(&s->resolved, sizeof s->resolved);
    weir_model_check(s->resolved == 1);
    return 0;
}

/* After all that was taken is over. */
static void look(struct state *s, bool all) {
    for (unsigned k = 0; all && k < EX_THREADS * ITEMS; k++) {
        weir_model_read(&s->item[k].own.out, sizeof s->item[k].own.out);
        weir_model_read(&s->item[k].below, sizeof s->item[k].below);
    }
}

static int step(struct state *s, struct item *i, char what) {
    int rc = 0;
    switch (what) {
        case 'D':
            rc = weir_pool_drain(s->pool);
            look(s, rc == 0);
            break;
        case 'X':
            rc = weir_pool_stop(s->pool);
            look(s, rc == 0);
            break;
        case 'q': rc = weir_pool_quiet(s->pool); break;
        case 'T':
            rc = weir_pool_drain_wait(s->pool, DEADLINE, NULL);
            weir_model_check(rc == 0 || rc == WEIR_ETIMEDOUT);
            return rc;
        case 'r':
        case 'R':
            rc = weir_pool_resize(s->pool, what == 'r' ? 1 : 2, 0);
            weir_model_check(rc == 0 || rc == WEIR_ESTOPPED || rc == WEIR_ENOMEM);
            return rc;
        case 'o': return resolve(s);
        case 'O': await(&s->met); return resolve(s);
        case 'g': return weir_future_wait(&s->gate) < 0 ? WEIR_EINVAL : see_resolved(s);
        case 'l': return weir_future_is_done(&s->gate) ? see_resolved(s) : 0;
        case 'P': return resize_holds(s);
        case 'z': i->f = &s->shared; return submit(s, i, 'z');
        case 'f': return submit_and_wait(s, i);
        case 'E':
        case 'e': return submit_always(s, i, what);
        default: return submit(s, i, what);
    }
    weir_model_check(rc == 0);
    return rc;
}

static void thread(void *state, unsigned who) {
    struct state *s = state;
    if (made_serves(who, of()->workers, weir__os_worker_main)) return;
    const char *word = of()->program[who];
    for (unsigned k = 0; word[k]; k++) {
        char name[2] = { word[k], 0 };
        struct weir_model_op *op = weir_model_begin(name, 0);
        weir_model_end(op, step(s, &s->item[who * ITEMS + k], word[k]));
    }
    static weir_au32 none;
    weir_init_atomic(&none, 1);
    if (weir_fetch_sub_acq_rel(&s->users, 1, 0) != 1) return;
    struct weir_model_op *op = weir_model_begin("drain", 0);
    weir_model_check(weir_pool_drain(s->pool) == 0);
    weir_model_end(op, 0);
    made_through(&none);
}

static bool stops(void) {
    for (unsigned t = 0; t < EX_THREADS; t++)
        if (of()->program[t] && strchr(of()->program[t], 'X')) return true;
    return false;
}

static void finish(void *state) {
    struct state *s = state;
    pool_end(s->pool, 0);
    for (unsigned t = 0; t < E.sc->threads - of()->workers; t++)
        for (unsigned k = 0; of()->program[t][k]; k++) {
            struct item *i = &s->item[t * ITEMS + k];
            if (!i->state) continue;
            weir_model_check(i->own.out <= i->own.taken && (stops() || i->own.out == i->own.taken));
            if (i->own.out && strchr("iwjk", of()->program[t][k]))
                weir_model_check(i->below == 1 || stops());
        }
}

/* ---- scenarios -------------------------------------------------------------------------------------------------------- */

/* clang-format off */
#define STEAL(what, w, cap, options, ...) { "pool." what, options, WEIR_POOL_STEAL, w, 0, 0, 0, 0, cap, w, { __VA_ARGS__ }, NULL }
#define MUTEX(what, w, cap, options, ...) { "pool.mutex." what, options, WEIR_POOL_MUTEX, w, 0, 0, 0, 0, cap, w, { __VA_ARGS__ }, NULL }
#define ROW(what, kind, w, max, spare, full, flags, cap, made, options, ...) \
    { "pool." what, options, kind, w, max, spare, full, flags, cap, made, { __VA_ARGS__ }, NULL }

static const struct pool_case cases[] = {
    STEAL("one", 1, 2, NULL, "s"),
    STEAL("quiet", 1, 2, NULL, "sqsq"),
    STEAL("drain", 1, 2, NULL, "s", "D"),
    STEAL("drain.two", 2, 2, NULL, "s", "D"),
    STEAL("drain.full", 1, 1, NULL, "ss", "D"),
    STEAL("drain.late", 1, 2, "timeouts=1", "s", "T"),
    STEAL("stop", 1, 2, NULL, "s", "X"),
    STEAL("stop.full", 1, 1, NULL, "ss", "X"),
    STEAL("stop.drain", 1, 2, NULL, "sX", "D"),
    STEAL("full.resize.drain", 2, 1, NULL, "ss", "rD"),
    STEAL("full.resize.stop", 2, 1, NULL, "ss", "rX"),
    ROW("full.up.drain", WEIR_POOL_STEAL, 1, 0, 0, 0, 0, 1, 2, NULL, "ss", "RD"),
    ROW("full.up.stop", WEIR_POOL_STEAL, 1, 0, 0, 0, 0, 1, 2, NULL, "ss", "RX"),
    STEAL("parked.drain", 1, 2, NULL, "sqs", "D"),
    STEAL("parked.stop", 1, 2, NULL, "sqs", "X"),
    STEAL("parked.resize", 2, 2, NULL, "sqs", "r"),
    STEAL("parked.resize.drain", 2, 2, NULL, "sq", "rD"),
    STEAL("parked.resize.stop", 2, 2, NULL, "sq", "rX"),
    STEAL("two", 2, 2, NULL, "s", "s"),
    STEAL("meet", 2, 2, NULL, "xy"),
    ROW("meet.elastic", WEIR_POOL_STEAL, 1, 2, 0, 0, 0, 2, 2, "timeouts=0", "xy"),
    ROW("meet.elastic.two", WEIR_POOL_STEAL, 1, 2, 0, 0, 0, 2, 2, "timeouts=0", "x", "y"),
    { "pool.meet.stop", "timeouts=0", WEIR_POOL_STEAL, 1, 2, 0, 0, 0, 2, 2, { "X" }, "Ee" },
    STEAL("meet.inside", 2, 2, NULL, "k"),
    ROW("meet.inside.elastic", WEIR_POOL_STEAL, 1, 2, 0, 0, 0, 2, 2, "timeouts=0", "k"),
    ROW("meet.inside.blocked", WEIR_POOL_STEAL, 2, 0, 1, 0, 0, 2, 3, NULL, "bkO"),
    STEAL("meet.rings", 2, 0, NULL, "ssxy"),
    STEAL("rings", 1, 0, NULL, "ssss"),
    STEAL("rings.two", 1, 0, NULL, "sss", "ss"),
    STEAL("oom.rings", 1, 0, "oom=1", "mmm", "m"),
    STEAL("oom.rings.both", 1, 0, "oom=2", "mmm", "m"),
    STEAL("rings.drain", 1, 0, NULL, "sss", "D"),
    STEAL("rings.stop", 1, 0, NULL, "sss", "X"),
    STEAL("future.look", 1, 2, NULL, "g", "o", "l"),
    STEAL("future.claimed", 2, 2, NULL, "z", "v"),
    STEAL("resize.holds", 2, 2, NULL, "P"),
    STEAL("burst", 2, 2, NULL, "ss"),
    STEAL("high", 1, 2, NULL, "sh"),
    STEAL("now", 1, 1, NULL, "nn", "D"),
    STEAL("future", 1, 2, NULL, "f"),
    STEAL("future.stop", 1, 2, NULL, "f", "X"),
    STEAL("inside", 2, 2, NULL, "i"),
    STEAL("inside.drain", 1, 2, NULL, "i", "D"),
    STEAL("inside.stop", 1, 2, NULL, "i", "X"),
    STEAL("wait", 1, 2, NULL, "w"),
    STEAL("wait.two", 2, 2, NULL, "w"),
    STEAL("join.two", 2, 2, NULL, "j"),
    STEAL("resize.down", 2, 2, NULL, "s", "r"),
    STEAL("resize.down.full", 2, 1, NULL, "ss", "r"),
    STEAL("resize.down.inside", 2, 2, NULL, "i", "r"),
    STEAL("resize.drain", 2, 2, NULL, "r", "D"),
    ROW("resize.up", WEIR_POOL_STEAL, 1, 0, 0, 0, 0, 2, 2, NULL, "s", "R"),
    ROW("resize.up.drain", WEIR_POOL_STEAL, 1, 0, 0, 0, 0, 2, 2, NULL, "R", "D"),
    ROW("elastic", WEIR_POOL_STEAL, 1, 2, 0, 0, 0, 2, 2, NULL, "ss"),
    ROW("elastic.refused", WEIR_POOL_STEAL, 1, 2, 0, 0, 0, 2, 1, NULL, "ss"),
    ROW("elastic.linger", WEIR_POOL_STEAL, 1, 2, 0, 0, 0, 2, 2, "timeouts=1", "ssqs"),
    ROW("blocked", WEIR_POOL_STEAL, 1, 0, 1, 0, 0, 2, 2, NULL, "bso"),
    ROW("caller", WEIR_POOL_STEAL, 1, 0, 0, WEIR_POOL_CALLER, 0, 1, 1, NULL, "ss", "D"),
    ROW("fence.inside", WEIR_POOL_STEAL, 2, 0, 0, 0, WEIR_POOL_NO_MEMBARRIER, 2, 2, NULL, "i"),
    ROW("fence.meet", WEIR_POOL_STEAL, 2, 0, 0, 0, WEIR_POOL_NO_MEMBARRIER, 2, 2, NULL, "k"),
    ROW("fence.wait", WEIR_POOL_STEAL, 2, 0, 0, 0, WEIR_POOL_NO_MEMBARRIER, 2, 2, NULL, "w"),

    MUTEX("one", 1, 2, NULL, "s"),
    MUTEX("quiet", 1, 2, NULL, "sqsq"),
    MUTEX("drain", 1, 2, NULL, "s", "D"),
    MUTEX("drain.full", 1, 1, NULL, "ss", "D"),
    MUTEX("drain.late", 1, 2, "timeouts=1", "s", "T"),
    MUTEX("stop.full", 1, 1, NULL, "ss", "X"),
    MUTEX("stop.drain", 1, 2, NULL, "sX", "D"),
    MUTEX("full.resize.drain", 2, 1, NULL, "ss", "rD"),
    MUTEX("full.resize.stop", 2, 1, NULL, "ss", "rX"),
    MUTEX("parked.resize.drain", 2, 2, NULL, "sq", "rD"),
    MUTEX("parked.resize.stop", 2, 2, NULL, "sq", "rX"),
    MUTEX("resize.holds", 2, 2, NULL, "P"),
    MUTEX("meet.inside", 2, 2, NULL, "k"),
    MUTEX("two", 2, 2, NULL, "s", "s"),
    MUTEX("future.stop", 1, 2, NULL, "f", "X"),
    MUTEX("inside.drain", 1, 2, NULL, "i", "D"),
    MUTEX("wait.two", 2, 2, NULL, "w"),
    MUTEX("join.two", 2, 2, NULL, "j"),
    MUTEX("resize.down", 2, 2, NULL, "s", "r"),
    MUTEX("resize.down.full", 2, 1, NULL, "ss", "r"),
    ROW("mutex.resize.up", WEIR_POOL_MUTEX, 1, 0, 0, 0, 0, 2, 2, NULL, "s", "R"),
    ROW("mutex.elastic.linger", WEIR_POOL_MUTEX, 1, 2, 0, 0, 0, 2, 2, "timeouts=1", "ssqs"),
    ROW("mutex.blocked", WEIR_POOL_MUTEX, 1, 0, 1, 0, 0, 2, 2, NULL, "bso"),
    ROW("mutex.caller", WEIR_POOL_MUTEX, 1, 0, 0, WEIR_POOL_CALLER, 0, 1, 1, NULL, "ss", "D"),
};
/* clang-format on */

#define CASES (sizeof cases / sizeof *cases)

static struct weir_model_scenario made[CASES];
static const struct weir_model_scenario *list[CASES + 1];

const struct weir_model_scenario *const *pool_scenarios(void) {
    for (size_t i = 0; i < CASES; i++) {
        const struct pool_case *c = &cases[i];
        unsigned users = 0;
        while (users < EX_THREADS && c->program[users]) users++;
        made[i] = (struct weir_model_scenario){ .name = c->name,
                                                .about = c->program[0],
                                                .threads = users + c->workers,
                                                .param = c,
                                                .options = c->options,
                                                .state_size = sizeof(struct state),
                                                .setup = setup,
                                                .thread = thread,
                                                .finish = finish };
        list[i] = &made[i];
    }
    return list;
}
