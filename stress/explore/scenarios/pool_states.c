/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/pool_states.c - a pool's states, all combinations, as small as they can be so that they can be searched to
 * the end with two preemptions: running, draining, stopped x a submit that waits for room, or does not x no resize, one
 * to fewer, one to more workers; of both kinds.
 *
 * Thread 0 submits a task that resizes, and then drains or stops the pool, from inside, or gives way before or after that; and then
 * two others, of which one has to wait where the queue has room for one, or one other, where there is room. Then it
 * drains. The other two threads are workers. Either may be asleep when the pool's state or number changes, or about to
 * be, or be made by the resize: in the executions where it runs first, it is (a choice which costs nothing). */
#include <weir/pool.h>

#include <string.h>

#include "../../../flow/behind.h"
#include "../../../lib/os_worker.h"
#include "../engine.h"
#include "all.h"
#include "made.h"
#include "pool_task.h"

#define WORKERS 2u
#define OTHERS 2u

struct states_case {
    const char *name;
    unsigned kind, threads;
    size_t cap; /* and so many other tasks: OTHERS where it is 1, else one */
    const char *
        first; /* what the first task does: r, R resize to one, two; D drains, X stops; b gives way */
};

struct state {
    weir_pool *pool;
    struct pool_task other[OTHERS];
    uint64_t done, ended; /* of the first: letters, times */
    weir_au32 users;
};

static const struct states_case *of(void) { return weir_model_param(); }
static unsigned others(void) { return of()->cap == 1 ? OTHERS : 1; }
static bool stops(void) { return strchr(of()->first, 'X') != NULL; }

static void setup(void *state) {
    struct state *s = state;
    struct weir_pool_opts o = WEIR_POOL_OPTS(of()->threads);
    pool_threads(WORKERS);
    weir_init_atomic(&s->users, 1);
    o.kind = of()->kind;
    o.cap = of()->cap;
    weir_model_check(weir_pool_new(&s->pool, &o) == 0);
}

/* ---- tasks ---------------------------------------------------------------------------------------------------------- */

static int first(weir_ctx *ctx, void *arg) {
    struct state *s = arg;
    (void)ctx;
    for (char what; (what = of()->first[s->done]) != 0;) {
        weir_model_write(&s->done, sizeof s->done);
        s->done++;
        if (what == 'b') { /* another task goes on */
            const weir_exec on = weir_pool_exec(s->pool);
            weir_model_check(weir__exec_behind(&on, first, NULL, s) == 0);
            return 0;
        }
        if (what == 'r' || what == 'R') {
            int rc = weir_pool_resize(s->pool, what == 'r' ? 1 : 2, 0);
            weir_model_check(rc == 0 || rc == WEIR_ESTOPPED); /* thread 0 drains already */
        }
        if (what == 'D') weir_model_check(weir_pool_drain(s->pool) == WEIR_EDEADLK);
        if (what == 'X') weir_model_check(weir_pool_stop(s->pool) == WEIR_EDEADLK);
    }
    weir_model_write(&s->ended, sizeof s->ended);
    s->ended++;
    return 0;
}

/* ---- thread 0 --------------------------------------------------------------------------------------------------------- */

static void submit_others(struct state *s) {
    for (struct pool_task *t = s->other; t < s->other + others(); t++) {
        struct weir_model_op *op = weir_model_begin("submit", 0);
        pool_task_fill(t);
        int rc = weir_pool_submit(s->pool, pool_task_run, NULL, t);
        weir_model_check(rc == 0 || rc == WEIR_ESTOPPED);
        t->taken = rc == 0;
        weir_model_end(op, rc);
    }
}

/* Each that was taken has run once, or the pool was stopped; the others have not. */
static void look(struct state *s) {
    weir_model_read(&s->ended, sizeof s->ended);
    weir_model_check(s->ended == 1);
    for (struct pool_task *t = s->other; t < s->other + others(); t++) {
        weir_model_read(&t->out, sizeof t->out);
        weir_model_check(t->out <= t->taken && (stops() || t->out == t->taken));
    }
}

static void thread(void *state, unsigned who) {
    struct state *s = state;
    if (made_serves(who, WORKERS, weir__os_worker_main)) return;
    struct weir_model_op *op = weir_model_begin("submit", 0);
    weir_model_check(weir_pool_submit(s->pool, first, NULL, s) == 0);
    weir_model_end(op, 0);
    submit_others(s);
    op = weir_model_begin("drain", 0);
    weir_model_check(weir_pool_drain(s->pool) == 0);
    weir_model_end(op, 0);
    look(s);
    made_through(&s->users);
}

static void finish(void *state) {
    struct state *s = state;
    pool_end(s->pool, 1 + others());
}

/* ---- scenarios -------------------------------------------------------------------------------------------------------- */

/* clang-format off */
#define CAPS(name, kind, threads, first) \
    { "pool." name ".full", kind, threads, 1, first }, { "pool." name ".room", kind, threads, 2, first }
#define SIZES(name, kind, first) \
    CAPS(name ".same", kind, 2, first), CAPS(name ".down", kind, 2, "r" first), CAPS(name ".up", kind, 1, "R" first)
#define STATES(name, kind) \
    SIZES(name ".run", kind, ""), SIZES(name ".drain", kind, "D"), SIZES(name ".stop", kind, "X"), \
    CAPS(name ".behind.run", kind, 2, "b"), CAPS(name ".behind.drain", kind, 1, "Db"), CAPS(name ".behind.stop", kind, 1, "bX")
static const struct states_case cases[] = { STATES("states", WEIR_POOL_STEAL), STATES("mutex.states", WEIR_POOL_MUTEX) };
/* clang-format on */

#define CASES (sizeof cases / sizeof *cases)

static struct weir_model_scenario made[CASES];
static const struct weir_model_scenario *list[CASES + 1];

const struct weir_model_scenario *const *pool_states_scenarios(void) {
    for (size_t i = 0; i < CASES; i++) {
        made[i] = (struct weir_model_scenario){ .name = cases[i].name,
                                                .about = cases[i].first,
                                                .threads = 1 + WORKERS,
                                                .param = &cases[i],
                                                .state_size = sizeof(struct state),
                                                .setup = setup,
                                                .thread = thread,
                                                .finish = finish };
        list[i] = &made[i];
    }
    return list;
}
