/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/rcu.c - RCU alone.
 *
 * rcu.age       readers look at blocks that updaters replace and retire: none is freed under a guard, also where guards
 *               nest and last. synchronize waits for every guard that is held at its call: each reader counts its guards
 * rcu.teardown  rounds: all retire, the functions of what is retired take guards, and retire again; then a barrier, or
 *               a shutdown, and each function has been called once
 * rcu.churn     short threads, each with its first guard, and garbage that it leaves behind
 * rcu.suspend   one worker stands still inside retire: others retire and read on */
#include "map_body.h"
#include "map_call.h"
#include "meet.h"

#include <weir/atomic.h>
#include <weir/rcu.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../../lib/thread.h"

#define SLOTS 4
#define DEEPEST (WEIR_RCU_BARRIER_DEPTH - 1)
#define LL(x) ((unsigned long long)(x))

struct rcu;
struct block {
    struct weir_rcu_head head;
    struct rcu *of;
    uint64_t a, b; /* plain: b == ~a until it is freed */
    unsigned depth;
};

struct reader {
    _Alignas(WEIR_LINE) weir_au64 guards; /* odd: it is in one */
    weir_au64 ended;
};

struct rcu {
    unsigned threads;
    struct meeting meeting;
    bool over;
    struct reader *reader;
    weir_aptr slot[SLOTS];
    weir_au64 made, freed, periods, late, children;
    weir_au32 done;
    uint64_t rounds, stops;
};

/* ---- blocks --------------------------------------------------------------------------------------------- */

static struct block *new_block(struct rcu *s, unsigned depth) {
    struct block *b = malloc(sizeof *b);
    if (!weir_stress_check(b, "no memory")) return NULL;
    uint64_t n = weir_fetch_add_relaxed(&s->made, 1);
    *b = (struct block){ .of = s, .a = n, .b = ~n, .depth = depth };
    return b;
}

static bool whole(const struct block *b) {
    return weir_stress_check(b->b == ~b->a, "a block was freed inside a guard, or is not whole");
}

static void look(struct rcu *s, uint64_t i) {
    const struct block *b = weir_load_acquire(&s->slot[i % SLOTS], 0);
    if (b) (void)whole(b);
}

static void called(struct weir_rcu_head *head);

static void retire(struct block *b) {
    int rc = weir_rcu_retire(&b->head, sizeof *b, called);
    weir_stress_check(rc == 0, "retire returned %d", rc);
}

static void called(struct weir_rcu_head *head) {
    struct block *b = (struct block *)(void *)head;
    struct rcu *s = b->of;
    weir_stress_check(b->b == ~b->a, "a function is called twice for one block");
    if (b->depth > 0) {
        struct block *more = new_block(s, b->depth - 1);
        weir_guard g = weir_rcu_enter();
        look(s, b->a);
        if (more && b->a % 2) retire(more);
        weir_stress_check(weir_rcu_exit(g) == 0, "a guard cannot be released in a function");
        if (more && b->a % 2 == 0) retire(more);
    }
    b->b = b->a;
    free(b);
    (void)weir_fetch_add_relaxed(&s->freed, 1);
}

/* Mostly after it has asked for room, which does not wait in a guard. */
static void replace(struct rcu *s, struct weir_stress_worker *w, unsigned depth) {
    struct block *b = new_block(s, depth);
    if (!b) return;
    if (weir_stress_random(w, 64)) {
        int rc = weir_rcu_room(sizeof *b);
        weir_stress_check(rc == 0, "room returned %d", rc);
    }
    struct block *old = weir_exchange_acq_rel(&s->slot[weir_stress_random(w, SLOTS)], b, 0);
    if (old) retire(old);
}

/* ---- readers and updaters ------------------------------------------------------------------------------- */

static void read_some(struct rcu *s, struct weir_stress_worker *w) {
    weir_au64 *n = &s->reader[weir_stress_index(w)].guards;
    weir_guard inner = { 0 }, g = weir_rcu_enter();
    weir_store_relaxed(n, weir_load_relaxed(n) + 1);
    const struct block *b = weir_load_acquire(&s->slot[weir_stress_random(w, SLOTS)], 0);
    bool nests = weir_stress_random(w, 4) == 0;
    if (nests) inner = weir_rcu_enter();
    for (uint64_t i = weir_stress_random(w, 2) * weir_stress_random(w, 300); i > 0; i--)
        weir_pause();
    if (weir_stress_random(w, 200) == 0) (void)sched_yield();
    if (nests) weir_stress_check(weir_rcu_exit(inner) == 0, "a guard cannot be released");
    if (b) (void)whole(b);
    weir_store_relaxed(n, weir_load_relaxed(n) + 1);
    weir_stress_check(weir_rcu_exit(g) == 0, "a guard cannot be released");
}

static void wait_for_all(struct rcu *s, struct weir_stress_worker *w) {
    uint64_t before[WEIR_STRESS_THREADS];
    bool until = weir_stress_random(w, 4) == 0;
    weir_time d = until ? weir_after((int64_t)weir_stress_random(w, 300) * 1000) : WEIR_FOREVER;
    for (unsigned i = 0; i < s->threads; i++)
        before[i] = weir_load_acquire(&s->reader[i].guards, 0);
    weir_stress_waits(w, always_ready, NULL, d, "no guard is held for ever");
    int rc = weir_rcu_synchronize_wait(d, NULL);
    weir_stress_waited(w);
    if (until && rc == WEIR_ETIMEDOUT) {
        weir_stress_check(weir_now() >= d, "synchronize gave up before its deadline");
        (void)weir_fetch_add_relaxed(&s->late, 1);
        return;
    }
    if (!weir_stress_check(rc == 0, "synchronize returned %d", rc)) return;
    for (unsigned i = 0; i < s->threads; i++)
        weir_stress_check(before[i] % 2 == 0 ||
                              weir_load_relaxed(&s->reader[i].guards) != before[i],
                          "synchronize returned while worker %u was in the guard of before it", i);
    (void)weir_fetch_add_relaxed(&s->periods, 1);
}

static void age_thread(void *state, struct weir_stress_worker *w) {
    struct rcu *s = state;
    bool reads = weir_stress_index(w) % 2;
    weir_stress_role(w, reads ? "reader" : "updater");
    while (weir_stress_more(w)) {
        if (reads || weir_stress_random(w, 4) == 0)
            read_some(s, w);
        else if (weir_stress_random(w, 16))
            replace(s, w, 0);
        else
            wait_for_all(s, w);
    }
}

/* ---- rounds that end -------------------------------------------------------------------------------------- */

static void all_called(struct rcu *s, struct weir_stress_worker *w) {
    bool shuts = weir_stress_random(w, 3) == 0;
    weir_stress_waits(w, always_ready, NULL, WEIR_FOREVER, "all functions have been called");
    int rc = shuts ? weir_shutdown() : weir_rcu_barrier();
    weir_stress_waited(w);
    weir_stress_check(rc == 0, "%s returned %d", shuts ? "shutdown" : "barrier", rc);
    uint64_t made = weir_load_relaxed(&s->made), freed = weir_load_relaxed(&s->freed), there = 0;
    for (unsigned i = 0; i < SLOTS; i++) there += weir_load_relaxed(&s->slot[i]) != NULL;
    weir_stress_check(made == freed + there,
                      "%llu blocks were made, %llu are there, %llu functions were called", LL(made),
                      LL(there), LL(freed));
    s->rounds++;
}

static void teardown_thread(void *state, struct weir_stress_worker *w) {
    struct rcu *s = state;
    weir_stress_role(w, "retirer");
    for (;;) {
        if (meet(&s->meeting, w)) {
            all_called(s, w);
            s->over = !weir_stress_more(w);
            meet_go(&s->meeting);
        }
        if (s->over) return;
        for (uint64_t n = weir_stress_random(w, 60); n > 0; n--) {
            weir_guard g = { 0 };
            bool inside = weir_stress_random(w, 3) == 0;
            if (inside) g = weir_rcu_enter();
            replace(s, w, (unsigned)weir_stress_random(w, DEEPEST + 1));
            if (inside) weir_stress_check(weir_rcu_exit(g) == 0, "a guard cannot be released");
            weir_stress_progress(w);
        }
    }
}

/* ---- short threads ---------------------------------------------------------------------------------------- */

struct child {
    struct rcu *s;
    uint64_t random;
    pthread_t thread;
    weir_au32 ended;
};

static void *live(void *arg) {
    struct child *c = arg;
    struct rcu *s = c->s;
    if (c->random & 1) weir_stress_check(weir_rcu_register() == 0, "register");
    if (c->random & 2) weir_stress_check(weir_rcu_offline() == 0, "offline");
    if (c->random & 2) weir_stress_check(weir_rcu_online() == 0, "online");
    weir_guard g = weir_rcu_enter();
    look(s, c->random);
    weir_stress_check(weir_rcu_exit(g) == 0, "a guard cannot be released");
    for (uint64_t n = c->random % 8; n > 0; n--) {
        struct block *b = new_block(s, 0);
        struct block *old = b ? weir_exchange_acq_rel(&s->slot[n % SLOTS], b, 0) : NULL;
        if (old) retire(old);
    }
    weir_store_release(&c->ended, 1, 0);
    return NULL;
}

static bool has_ended(void *arg) {
    return weir_load_acquire(&((struct child *)arg)->ended, 0) != 0;
}

static void churn_thread(void *state, struct weir_stress_worker *w) {
    struct rcu *s = state;
    weir_stress_role(w, "parent");
    while (weir_stress_more(w)) {
        struct child c = { .s = s, .random = weir_stress_random(w, 1024) };
        weir_init_atomic(&c.ended, 0);
        if (pthread_create(&c.thread, NULL, live, &c) != 0) {
            (void)sched_yield();
            continue;
        }
        weir_stress_waits(w, has_ended, &c, WEIR_FOREVER, "the thread that it made has ended");
        (void)pthread_join(c.thread, NULL);
        weir_stress_waited(w);
        (void)weir_fetch_add_relaxed(&s->children, 1);
        if (weir_stress_random(w, 64) == 0) wait_for_all(s, w);
    }
}

/* ---- one stands still ------------------------------------------------------------------------------------- */

#define CALLS 50    /* that each of the others ends meanwhile */
#define PATIENCE 10 /* seconds for that */

static __thread const char *stop_at; /* of worker 0 */
static __thread struct rcu *stopped_in;

static void at_point(const char *name) {
    struct rcu *s = stopped_in;
    if (!stop_at || strcmp(stop_at, name) != 0) return;
    int saved = errno;
    uint64_t before[WEIR_STRESS_THREADS];
    weir_time until = weir_after(INT64_C(1000000000) * PATIENCE);
    stop_at = NULL;
    for (unsigned i = 1; i < s->threads; i++) before[i] = weir_load_relaxed(&s->reader[i].ended);
    for (unsigned i = 1; i < s->threads; i++)
        while (weir_load_relaxed(&s->reader[i].ended) - before[i] < CALLS &&
               !weir_stress_failed()) {
            weir_stress_check(weir_now() < until,
                              "worker %u does not go on while worker 0 stood at %s", i, name);
            (void)nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
        }
    s->stops++;
    errno = saved;
}

static void suspend_thread(void *state, struct weir_stress_worker *w) {
    static const char *const points[] = { "rcu.retire.pushed", "rcu.retire.listed" };
    struct rcu *s = state;
    unsigned me = weir_stress_index(w), vain = 0;
    weir_stress_role(w, me == 0 ? "victim" : "witness");
    if (me == 0) {
        weir_set_point_hook(at_point);
        stopped_in = s;
    }
    while (weir_stress_more(w) ||
           (me > 0 && !weir_load_relaxed(&s->done) && !weir_stress_failed())) {
        if (me == 0) stop_at = points[weir_stress_random(w, 2)];
        if (me == 0 || weir_stress_random(w, 2))
            replace(s, w, 0);
        else
            read_some(s, w);
        stop_at = NULL;
        weir_stress_progress(w);
        weir_store_relaxed(&s->reader[me].ended, weir_load_relaxed(&s->reader[me].ended) + 1);
        if (me > 0 && ++vain % 64 == 0) (void)sched_yield();
    }
    if (me == 0) weir_store_relaxed(&s->done, 1);
}

/* ---- the scenarios ---------------------------------------------------------------------------------------- */

static int setup(void *state, struct weir_stress *run) {
    struct rcu *s = state;
    rcu_begins();
    s->threads = weir_stress_threads(run);
    meet_init(&s->meeting, s->threads);
    s->reader = aligned_alloc(WEIR_LINE, s->threads * sizeof *s->reader);
    if (!s->reader) return WEIR_ENOMEM;
    memset(s->reader, 0, s->threads * sizeof *s->reader);
    return 0;
}

static void count_some(const char *name, uint64_t n) {
    if (n) weir_stress_count_of(name, n);
}

static void finish(void *state) {
    struct rcu *s = state;
    struct weir_rcu_stats r = WEIR_RCU_STATS;
    size_t most = 2 * (size_t)s->threads + 3, records = weir__thread_records();
    for (unsigned i = 0; i < SLOTS; i++) {
        struct block *b = weir_exchange_acq_rel(&s->slot[i], NULL, 0);
        if (b) retire(b); /* its function looks at what is there */
    }
    rcu_ends();
    uint64_t made = weir_load_relaxed(&s->made), freed = weir_load_relaxed(&s->freed);
    weir_stress_check(weir_rcu_read_stats(&r) == 0 && made == freed,
                      "%llu blocks were made, %llu functions were called", LL(made), LL(freed));
    weir_stress_check(records <= (most + 31) / 32 * 32,
                      "%zu records of threads, though at most %zu were alive", records, most);
    weir_stress_count_of("blocks", made);
    weir_stress_count_of("periods", r.periods);
    count_some("waits", weir_load_relaxed(&s->periods));
    count_some("late", weir_load_relaxed(&s->late));
    count_some("rounds", s->rounds);
    count_some("threads", weir_load_relaxed(&s->children));
    count_some("stops", s->stops);
    free(s->reader);
}

#define ROW(name_, min_, about_)                       \
    static const struct weir_stress_scenario name_ = { \
        .name = "rcu." #name_,                         \
        .about = about_,                               \
        .min_threads = min_,                           \
        .state_size = sizeof(struct rcu),              \
        .setup = setup,                                \
        .thread = name_##_thread,                      \
        .finish = finish,                              \
    }

ROW(age, 2, "blocks are replaced and retired under readers' eyes; synchronize");
ROW(teardown, 1, "functions that retire, then a barrier or a shutdown");
ROW(churn, 1, "short threads with guards, which leave garbage behind");
ROW(suspend, 2, "one worker stands still inside retire, others go on");

const struct weir_stress_scenario *const rcu_scenarios[] = { &age, &teardown, &churn, &suspend,
                                                             NULL };
