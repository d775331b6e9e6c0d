/* SPDX-License-Identifier: MIT */
/* tests/lin/deque5.c - DEQUE5: the deques are linearizable, "empty" and lost races included, in many small rounds of
 * the owner and up to three thieves, with delays at the points of the algorithm; and the same rounds catch one that is
 * not. A batch is recorded as so many steals.
 *
 * A deque lives for a few rounds; the checker carries the states that are possible from one to the next; in the end the
 * owner pops what is left. Threads touch deque, plan and logs only between the two barriers of a round.
 *
 * lin_deque5 [--seconds=S] [--seed=N] [--only=PATTERN]: S seconds for each kind, 0.8 unless told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cpus.h"
#include "gen.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <weir/mutex_deque.h>

#include "queues/deque.h"

#define THREADS 4
#define OPS 6       /* of a thread in a round */
#define BATCH 3     /* at most, so many logged steals */
#define MOST_LEFT 8 /* elements when a round begins: no more are pushed above */

static double seconds = 0.8;
static uint64_t seed = 1;

/* ---- the deques --------------------------------------------------------------------------------------------------- */

struct kind {
    const char *name;
    bool exact;
    void *(*make)(size_t cap, uint64_t start);
    int (*push)(void *d, void *elem);
    int (*pop)(void *d, void **elem);
    ptrdiff_t (*steal)(void *d, void **elems, size_t n);
    void (*end)(void *d);
};

static void *weir_make(size_t cap, uint64_t start) {
    struct weir_deque_opts o = WEIR_DEQUE_OPTS(cap);
    weir_deque *d;
    if (weir__deque_new_at(&d, &o, start) < 0) abort();
    return d;
}
static int weir_push(void *d, void *elem) { return weir_deque_push(d, elem); }
static int weir_pop(void *d, void **elem) { return weir_deque_pop(d, elem); }
static ptrdiff_t weir_steal(void *d, void **elems, size_t n) {
    if (n > 1) return weir_deque_steal_n(d, elems, n);
    int rc = weir_deque_steal(d, elems);
    return rc < 0 ? rc : 1;
}
static void weir_end(void *d) {
    if (weir_deque_free(d) < 0) abort();
}

static void *mutex_make(size_t cap, uint64_t start) {
    struct weir_deque_opts o = WEIR_DEQUE_OPTS(cap);
    weir_mutex_deque *d;
    (void)start;
    if (weir_mutex_deque_new(&d, &o) < 0) abort();
    return d;
}
static int mutex_push(void *d, void *elem) { return weir_mutex_deque_push(d, elem); }
static int mutex_pop(void *d, void **elem) { return weir_mutex_deque_pop(d, elem); }
static ptrdiff_t mutex_steal(void *d, void **elems, size_t n) {
    return weir_mutex_deque_steal_n(d, elems, n);
}
static void mutex_end(void *d) { (void)weir_mutex_deque_free(d); }

/* The faulty one: it looks whether something is inside, and takes it as if that were still so. */
static ptrdiff_t broken_steal(void *d, void **elems, size_t n) {
    if (weir_mutex_deque_len(d) == 0) return WEIR_EAGAIN;
    WEIR_POINT("broken.steal");
    ptrdiff_t k = weir_mutex_deque_steal_n(d, elems, n);
    if (k > 0) return k;
    return weir_mutex_deque_len(d) == 0 ? WEIR_EBUSY : WEIR_EAGAIN; /* the wrong way round */
}

static const struct kind weir_kind = { "weir_deque", false,      weir_make, weir_push,
                                       weir_pop,     weir_steal, weir_end };
static const struct kind mutex_kind = { "weir_mutex_deque", true,        mutex_make, mutex_push,
                                        mutex_pop,          mutex_steal, mutex_end };
static const struct kind broken_kind = { "a broken deque", true,         mutex_make, mutex_push,
                                         mutex_pop,        broken_steal, mutex_end };

/* ---- threads ------------------------------------------------------------------------------------------------------ */

struct spin_barrier {
    weir_au32 arrived, generation;
    uint32_t n;
};

static void barrier_wait(struct spin_barrier *b) {
    uint32_t generation = weir_load_relaxed(&b->generation);
    if (weir_fetch_add_seq_cst(&b->arrived, 1, 0) + 1 == b->n) {
        weir_store_relaxed(&b->arrived, 0);
        (void)weir_fetch_add_seq_cst(&b->generation, 1, 0);
        return;
    }
    for (unsigned i = 1; weir_load_acquire(&b->generation, 0) == generation; i++) {
        weir_pause();
        if (i % 256 == 0) (void)sched_yield();
    }
}

struct planned {
    uint16_t kind;
    uint8_t n, pause;
    bool stall; /* between its stamp and the call: it overlaps others for sure */
};

struct rounds {
    const struct kind *kind;
    void *d;
    weir_lin_recorder *rec;
    struct spin_barrier barrier;
    unsigned threads;
    bool over, pinned;
    cpu_set_t allowed;
    struct planned plan[THREADS][OPS];
    unsigned planned[THREADS];
    struct rng rng[THREADS]; /* of the delays */
    bool delays;
    uint64_t fresh; /* the owner's */
    struct rng plans;
    weir_lin_checker *checker;
    unsigned long made, operations, busy, overlapping, exact;
};

static _Thread_local struct rng *delay_rng; /* NULL: this thread is not delayed */

static void at_point(const char *name) {
    struct rng *r = delay_rng;
    (void)name;
    if (!r) return;
    unsigned x = rng_below(r, 100);
    if (x < 30)
        for (unsigned i = rng_below(r, 300); i > 0; i--) weir_pause();
    else if (x < 50)
        (void)sched_yield();
}

/* The others of a batch: more steals with its stamps. */
static void add_steals(struct weir_lin_log *log, const struct weir_lin_op *first, void **e,
                       ptrdiff_t n) {
    for (ptrdiff_t i = 1; i < n; i++) {
        struct weir_lin_op *op = weir_lin_next(log, WEIR_LIN_DEQUE_STEAL, 0);
        if (!op) return; /* collect says so */
        uint32_t seq = first->seq;
        *op = *first;
        op->seq = seq;
        op->nout = 0;
        weir_lin_out(op, (uint64_t)(uintptr_t)e[i]);
    }
}

static void run_one(struct rounds *s, unsigned thread, const struct planned *p) {
    struct weir_lin_log *log = weir_lin_log_of(s->rec, thread);
    struct weir_lin_op *op = weir_lin_next(log, p->kind, 0);
    void *e[BATCH] = { NULL };
    if (p->kind == WEIR_LIN_DEQUE_PUSH) weir_lin_in(op, ++s->fresh);
    for (unsigned i = 0; i < p->pause; i++) weir_pause();
    weir_lin_call(log, op);
    if (p->stall) at_point("round.called");
    int64_t rc = p->kind == WEIR_LIN_DEQUE_PUSH  ? s->kind->push(s->d, (void *)(uintptr_t)s->fresh)
                 : p->kind == WEIR_LIN_DEQUE_POP ? s->kind->pop(s->d, e)
                                                 : s->kind->steal(s->d, e, p->n);
    weir_lin_return(log, op, rc < 0 ? rc : 0);
    if (p->kind == WEIR_LIN_DEQUE_PUSH || rc < 0) return;
    weir_lin_out(op, (uint64_t)(uintptr_t)e[0]);
    add_steals(log, op, e, rc);
}

static void run_plan(struct rounds *s, unsigned thread) {
    delay_rng = s->delays ? &s->rng[thread] : NULL;
    for (unsigned i = 0; i < s->planned[thread]; i++) run_one(s, thread, &s->plan[thread][i]);
    delay_rng = NULL;
}

struct worker {
    struct rounds *rounds;
    unsigned thread;
    pthread_t id;
};

static void *work(void *arg) {
    struct worker *w = arg;
    if (w->rounds->pinned) cpus_pin(&w->rounds->allowed, w->thread);
    for (;;) {
        barrier_wait(&w->rounds->barrier);
        if (w->rounds->over) return NULL;
        run_plan(w->rounds, w->thread);
        barrier_wait(&w->rounds->barrier);
    }
}

/* ---- rounds ------------------------------------------------------------------------------------------------------- */

static void plan_round(struct rounds *s) {
    struct rng *r = &s->plans;
    unsigned pushes = 20 + rng_below(r, 60);
    s->delays = rng_chance(r, 70);
    for (unsigned t = 0; t < s->threads; t++) {
        s->planned[t] = 2 + rng_below(r, OPS - 1);
        s->rng[t].s = rng_next(r);
        for (unsigned i = 0; i < s->planned[t]; i++) {
            bool push = rng_chance(r, pushes);
            s->plan[t][i] =
                (struct planned){ .kind = t > 0  ? WEIR_LIN_DEQUE_STEAL
                                          : push ? WEIR_LIN_DEQUE_PUSH
                                                 : WEIR_LIN_DEQUE_POP,
                                  .n = rng_chance(r, 25) ? (uint8_t)(1 + rng_below(r, BATCH)) : 1,
                                  .stall = rng_chance(r, 5),
                                  .pause = rng_chance(r, 50) ? (uint8_t)rng_below(r, 40) : 0 };
        }
    }
}

static bool any_overlap(const struct weir_lin_op *ops, size_t n) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            if (ops[i].thread != ops[j].thread && ops[i].ret >= ops[j].call &&
                ops[j].ret >= ops[i].call)
                return true;
    return false;
}

static enum weir_lin_verdict judge(struct rounds *s, bool exact, bool last) {
    const struct weir_lin_op *ops;
    size_t n;
    if (weir_lin_collect(s->rec, &ops, &n) < 0) abort(); /* the logs hold what is planned */
    s->operations += n;
    for (size_t i = 0; i < n; i++) s->busy += ops[i].result == WEIR_EBUSY;
    s->exact += exact;
    s->overlapping += exact && any_overlap(ops, n);
    return weir_lin_advance(s->checker, ops, n, last);
}

/* The owner alone: until the deque is empty, or so many are pushed. */
static enum weir_lin_verdict alone(struct rounds *s, unsigned kind, unsigned n, bool last) {
    struct planned p = { .kind = (uint16_t)kind };
    weir_lin_start(s->rec, WEIR_LIN_BARRIER);
    for (unsigned i = 0; i < n; i++) run_one(s, 0, &p);
    return judge(s, false, last);
}

static enum weir_lin_verdict one_deque(struct rounds *s) {
    static const uint64_t starts[] = { 0, UINT64_MAX - 2, UINT64_MAX - 9 };
    struct rng *r = &s->plans;
    s->d = s->kind->make((size_t)1 << rng_below(r, 4), starts[rng_below(r, 3)]);
    bool exact = rng_chance(r, 50);
    weir_lin_begin(s->checker, 0);
    enum weir_lin_verdict v =
        alone(s, WEIR_LIN_DEQUE_PUSH, rng_below(r, MOST_LEFT - 2 * OPS / 3), false);
    for (unsigned i = 1 + rng_below(r, 3); v == WEIR_LIN_OK && i > 0; i--) {
        plan_round(s);
        weir_lin_start(s->rec, exact ? WEIR_LIN_BARRIER : WEIR_LIN_WIDE);
        barrier_wait(&s->barrier);
        run_plan(s, 0);
        barrier_wait(&s->barrier);
        s->made++;
        v = judge(s, exact, false);
    }
    /* More than can be inside: the last pops find nothing. */
    for (int i = 0; v == WEIR_LIN_OK && i < 3; i++)
        v = alone(s, WEIR_LIN_DEQUE_POP, MOST_LEFT, i == 2);
    s->kind->end(s->d);
    return v;
}

static enum weir_lin_verdict run_rounds(struct rounds *s, double for_seconds) {
    static struct weir_lin_deque shape;
    struct weir_lin_spec spec;
    struct worker workers[THREADS] = { { NULL, 0, 0 } };
    enum weir_lin_verdict v;
    shape = (struct weir_lin_deque){ .exact = s->kind->exact };
    if (weir_lin_deque_spec(&spec, &shape) < 0 ||
        weir_lin_checker_new(&s->checker, &spec, NULL) < 0 ||
        weir_lin_recorder_new(&s->rec, s->threads, OPS * BATCH + MOST_LEFT) < 0)
        abort();
    s->barrier.n = s->threads;
    s->allowed = cpus_allowed();
    if (s->pinned) cpus_pin(&s->allowed, 0);
    weir_set_point_hook(at_point);
    for (unsigned i = 1; i < s->threads; i++) {
        workers[i] = (struct worker){ s, i, 0 };
        if (pthread_create(&workers[i].id, NULL, work, &workers[i]) != 0) abort();
    }
    weir_time end = weir_after((int64_t)(for_seconds * 1e9)), last = end + INT64_C(10000000000);
    do v = one_deque(s);
    while (v == WEIR_LIN_OK &&
           (weir_now() < end || s->made < 50 || (s->overlapping == 0 && weir_now() < last)));
    s->over = true;
    barrier_wait(&s->barrier);
    for (unsigned i = 1; i < s->threads; i++) (void)pthread_join(workers[i].id, NULL);
    cpus_unpin(&s->allowed);
    weir_set_point_hook(NULL);
    return v;
}

static void rounds_end(struct rounds *s) {
    weir_lin_recorder_free(s->rec);
    weir_lin_checker_free(s->checker);
}

static void linearizable(const struct kind *k) {
    print_message("seed %llu; clock: %s\n", (unsigned long long)seed, weir_lin_clock());
    for (unsigned threads = 2; threads <= THREADS; threads++) {
        struct rounds s = {
            .kind = k, .threads = threads, .pinned = threads % 2, .plans = { seed * 100 + threads }
        };
        enum weir_lin_verdict v = run_rounds(&s, seconds / (THREADS - 1));
        print_message("%s, %u threads: %lu rounds (overlaps in %lu of %lu), %lu operations, %lu "
                      "lost races\n",
                      k->name, threads, s.made, s.overlapping, s.exact, s.operations, s.busy);
        if (v != WEIR_LIN_OK) weir_lin_print(s.checker, stderr);
        rounds_end(&s);
        assert_int_equal(v, WEIR_LIN_OK);
        assert_true(s.overlapping > 0); /* or the rounds show nothing */
    }
}

static void weir_is(void **state) {
    (void)state;
    linearizable(&weir_kind);
}
static void mutex_is(void **state) {
    (void)state;
    linearizable(&mutex_kind);
}

static void broken_is_caught(void **state) {
    (void)state;
    weir_time end = weir_after(INT64_C(20000000000));
    unsigned long rounds = 0;
    for (unsigned i = 0; weir_now() < end; i++) {
        struct rounds s = {
            .kind = &broken_kind, .threads = 2 + i % 3, .pinned = i % 2, .plans = { seed + i }
        };
        enum weir_lin_verdict v = run_rounds(&s, 0.1);
        rounds += s.made;
        rounds_end(&s);
        if (v == WEIR_LIN_OK) continue;
        assert_int_equal(v, WEIR_LIN_VIOLATION);
        print_message("caught after %lu rounds\n", rounds);
        return;
    }
    fail_msg("not caught in %lu rounds", rounds);
}

#define TEST(text, fn) { text, fn, NULL, NULL, NULL }

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--seconds=", 10) == 0) {
            seconds = strtod(argv[i] + 10, NULL);
        } else if (strncmp(argv[i], "--seed=", 7) == 0) {
            seed = strtoull(argv[i] + 7, NULL, 10);
        } else if (strncmp(argv[i], "--only=", 7) == 0) {
            cmocka_set_test_filter(argv[i] + 7);
        } else {
            (void)fprintf(stderr, "deque5: unknown argument %s\n", argv[i]);
            return 2;
        }
    }
    const struct CMUnitTest tests[] = {
        TEST("DEQUE5 weir_deque is linearizable with up to three thieves", weir_is),
        TEST("DEQUE5 weir_mutex_deque is linearizable", mutex_is),
        TEST("DEQUE5 harness: an answer of a moment ago is caught", broken_is_caught),
    };
    return cmocka_run_group_tests_name("DEQUE5", tests, NULL, NULL);
}
