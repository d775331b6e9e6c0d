/* SPDX-License-Identifier: MIT */
/* tests/lin/rounds.c - see rounds.h.
 *
 * Invariant of the rounds: main is thread 0. The workers touch the plan, the ring and their logs
 * only between the first and the second barrier of a round; main fills the plan and reads the logs
 * outside. The barrier spins for a bounded time and then yields, since there may be fewer
 * processors. */
#include "cpus.h"
#include "rounds.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PIECES 2 /* elements of a batch that goes one by one, at most */

/* ---- a spin barrier -------------------------------------------------------------------------- */

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

/* ---- delays at the points of the algorithms -------------------------------------------------- */

enum delays { DELAY_NONE, DELAY_PAUSE, DELAY_YIELD, DELAY_MIXED, DELAYS };

static _Thread_local struct rng *delay_rng; /* NULL: this thread is not delayed */
static _Thread_local enum delays delay_mode;

static void at_point(const char *name) {
    (void)name;
    struct rng *r = delay_rng;
    if (!r || delay_mode == DELAY_NONE) return;
    unsigned x = rng_below(r, 100);
    if (delay_mode != DELAY_YIELD && x < 30)
        for (unsigned i = rng_below(r, 300); i > 0; i--) weir_pause();
    if (delay_mode != DELAY_PAUSE && x >= 30 && x < 60) (void)sched_yield();
    if (delay_mode == DELAY_MIXED && x >= 99)
        (void)nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
}

/* ---- threads --------------------------------------------------------------------------------- */

struct planned {
    struct weir_lin_op op;
    bool late;
    bool stall;    /* a delay between its stamp and the operation: it overlaps others for sure */
    uint8_t pause; /* before it is called */
};

struct team {
    const struct target *t;
    void *ring;
    weir_lin_recorder *rec;
    unsigned threads;
    struct spin_barrier barrier;
    bool over;
    enum delays delays;
    struct planned plan[ROUND_THREADS][ROUND_OPS];
    unsigned planned[ROUND_THREADS];
    struct rng rng[ROUND_THREADS]; /* of the delays */
};

static void run_one(struct team *m, unsigned thread, const struct planned *p) {
    struct weir_lin_log *log = weir_lin_log_of(m->rec, thread);
    struct weir_lin_op *op = weir_lin_next(log, p->op.kind, 0);
    op->nin = p->op.nin;
    memcpy(op->in, p->op.in, sizeof op->in);
    memset(op->out, 0, sizeof op->out);
    for (unsigned i = 0; i < p->pause; i++) weir_pause();
    weir_lin_call(log, op);
    if (p->stall) at_point("round.called");
    int64_t rc = m->t->run(m->ring, op, p->late);
    weir_lin_return(log, op, rc);
    if (op->kind == WEIR_LIN_POP && rc == 0) op->nout = 1;
    if (op->kind == WEIR_LIN_POP_N && rc > 0) op->nout = (uint8_t)(rc > 255 ? 255 : rc);
}

static void run_plan(struct team *m, unsigned thread) {
    delay_rng = &m->rng[thread];
    delay_mode = m->delays;
    for (unsigned i = 0; i < m->planned[thread]; i++) run_one(m, thread, &m->plan[thread][i]);
    delay_mode = DELAY_NONE;
}

struct worker {
    struct team *team;
    unsigned thread;
    const cpu_set_t *pinned; /* NULL: not */
    pthread_t id;
};

static void *work(void *arg) {
    struct worker *w = arg;
    if (w->pinned) cpus_pin(w->pinned, w->thread);
    for (;;) {
        barrier_wait(&w->team->barrier);
        if (w->team->over) return NULL;
        run_plan(w->team, w->thread);
        barrier_wait(&w->team->barrier);
    }
}

/* ---- plans ----------------------------------------------------------------------------------- */

struct driver {
    struct team team;
    struct rng rng;
    struct rounds_opts o;
    struct rounds_result res;
    struct weir_lin_spec spec;
    weir_lin_checker *checker;
    enum weir_lin_mode mode; /* of this object */
    uint64_t fresh;
};

static void plan_values(struct driver *d, struct weir_lin_op *op, bool push) {
    unsigned most = d->o.cap + 2 < WEIR_LIN_VALUES ? d->o.cap + 2 : WEIR_LIN_VALUES;
    if (d->team.t->soft) most = PIECES;
    bool batch = op->kind == WEIR_LIN_PUSH_N || op->kind == WEIR_LIN_POP_N;
    unsigned n = batch ? 1 + rng_below(&d->rng, most) : 1;
    if (batch && rng_chance(&d->rng, 3)) n = 0;
    if (push)
        for (unsigned i = 0; i < n; i++) weir_lin_in(op, ++d->fresh);
    else if (batch)
        weir_lin_in(op, n);
}

static void plan_op(struct driver *d, struct planned *p, unsigned thread, unsigned pushes) {
    memset(p, 0, sizeof *p);
    bool push = rng_chance(&d->rng, pushes), batch = rng_chance(&d->rng, 30);
    if (d->team.t->one_each) push = thread == 0;
    if (d->team.t->one_consumer) push = thread != 0;
    if (d->team.t->singles || (d->team.t->unbounded && d->team.threads > 2)) batch = false;
    p->op.kind =
        push ? (batch ? WEIR_LIN_PUSH_N : WEIR_LIN_PUSH) : (batch ? WEIR_LIN_POP_N : WEIR_LIN_POP);
    if (d->team.t->closes && rng_chance(&d->rng, 2)) p->op.kind = WEIR_LIN_CLOSE;
    if (p->op.kind != WEIR_LIN_CLOSE) plan_values(d, &p->op, push);
    p->late = rng_chance(&d->rng, 15);
    p->stall = rng_chance(&d->rng, 5);
    p->pause = rng_chance(&d->rng, 50) ? (uint8_t)rng_below(&d->rng, 40) : 0;
}

static void plan_round(struct driver *d) {
    static const unsigned char shares[] = { 30, 50, 50, 70 };
    struct team *m = &d->team;
    /* Elements that stay inside may stand in any order; batches are of two. */
    unsigned most = !m->t->unbounded ? 24 : m->threads > 2 ? 9 : 6;
    unsigned longest = most / m->threads < ROUND_OPS ? most / m->threads : ROUND_OPS;
    unsigned pushes = shares[rng_below(&d->rng, m->t->unbounded ? 3 : 4)];
    m->delays = (enum delays)rng_below(&d->rng, DELAYS);
    for (unsigned t = 0; t < m->threads; t++) {
        m->planned[t] = 3 + rng_below(&d->rng, longest - 2);
        m->rng[t].s = rng_next(&d->rng);
        for (unsigned i = 0; i < m->planned[t]; i++) plan_op(d, &m->plan[t][i], t, pushes);
    }
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static bool any_overlap(const struct weir_lin_op *ops, size_t n) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            if (ops[i].thread != ops[j].thread && ops[i].ret >= ops[j].call &&
                ops[j].ret >= ops[i].call)
                return true;
    return false;
}

static bool refuse(struct driver *d, enum weir_lin_verdict v) {
    d->res.verdict = v;
    const struct weir_lin_op *culprit = weir_lin_culprit(d->checker);
    if (culprit) d->spec.describe_op(d->spec.arg, culprit, d->res.culprit, sizeof d->res.culprit);
    if (d->o.quiet) return false;
    (void)fprintf(stderr, "%s, cap %u, %u threads, seed %llu, round %lu, %s:\n", d->team.t->name,
                  d->o.cap, d->o.threads, (unsigned long long)d->o.seed, d->res.rounds,
                  d->mode == WEIR_LIN_BARRIER ? "with barriers" : "intervals widened");
    weir_lin_print(d->checker, stderr);
    return false;
}

/* A batch of a soft ring goes one by one: so many single calls, in their order; or a single one that failed. */
static size_t in_pieces(const struct weir_lin_op *ops, size_t n, struct weir_lin_op *to) {
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        bool push = ops[i].kind == WEIR_LIN_PUSH_N, batch = push || ops[i].kind == WEIR_LIN_POP_N;
        size_t pieces = batch && ops[i].result > 0 ? (size_t)ops[i].result : 1;
        if (batch && ops[i].result == 0) continue; /* of nothing */
        for (size_t j = 0; j < pieces; j++) {
            struct weir_lin_op *o = &to[k++];
            *o = ops[i];
            o->seq = ops[i].seq * PIECES + (uint32_t)j;
            if (!batch) continue;
            bool done = ops[i].result > 0;
            o->kind = push ? WEIR_LIN_PUSH : WEIR_LIN_POP;
            o->result = done ? 0 : ops[i].result;
            o->nin = push;
            o->nout = !push && done;
            o->in[0] = push ? ops[i].in[j] : 0;
            o->out[0] = o->nout ? ops[i].out[j] : 0;
        }
    }
    return k;
}

static bool judge(struct driver *d, bool last) {
    static struct weir_lin_op pieces[ROUND_THREADS * ROUND_OPS * PIECES];
    const struct weir_lin_op *ops;
    size_t n;
    if (weir_lin_collect(d->team.rec, &ops, &n) < 0) abort(); /* the logs hold what is planned */
    if (d->team.t->soft) {
        n = in_pieces(ops, n, pieces);
        ops = pieces;
    }
    d->res.operations += n;
    for (size_t i = 0; i < n; i++) d->res.busy += ops[i].result == WEIR_EBUSY;
    d->res.overlapping += d->mode == WEIR_LIN_BARRIER && any_overlap(ops, n);
    enum weir_lin_verdict v = weir_lin_advance(d->checker, ops, n, last);
    return v == WEIR_LIN_OK || refuse(d, v);
}

static bool one_round(struct driver *d) {
    plan_round(d);
    d->res.exact += d->mode == WEIR_LIN_BARRIER;
    weir_lin_start(d->team.rec, d->mode);
    barrier_wait(&d->team.barrier);
    run_plan(&d->team, 0);
    barrier_wait(&d->team.barrier);
    d->res.rounds++;
    return judge(d, false);
}

/* Operations of main alone: some pushes at the beginning, pops until nothing comes at the end. */
static bool alone(struct driver *d, unsigned kind, unsigned n, bool last) {
    weir_lin_start(d->team.rec, d->mode);
    for (unsigned i = 0; i < n; i++) {
        struct planned p = { .op = { .kind = (uint16_t)kind } };
        plan_values(d, &p.op, kind == WEIR_LIN_PUSH);
        run_one(&d->team, 0, &p);
    }
    return judge(d, last);
}

static bool one_object(struct driver *d) {
    static const uint64_t starts[] = { 0, (UINT64_C(1) << 62) - 4, (UINT64_C(1) << 32) - 3 };
    struct team *m = &d->team;
    m->ring = m->t->make(d->o.cap, starts[rng_below(&d->rng, 3)]);
    if (!m->ring) abort();
    d->mode = rng_chance(&d->rng, 50) ? WEIR_LIN_BARRIER : WEIR_LIN_WIDE;
    weir_lin_begin(d->checker, 0);
    d->res.objects++;
    bool good = alone(d, WEIR_LIN_PUSH, rng_below(&d->rng, d->o.cap + 1), false);
    for (unsigned i = 1 + rng_below(&d->rng, 4); good && i > 0; i--) {
        good = one_round(d);
        /* Twice what a round can leave inside. */
        for (unsigned k = 0; m->t->unbounded && good && k < 4; k++)
            good = alone(d, WEIR_LIN_POP, ROUND_OPS, false);
    }
    if (good) good = alone(d, WEIR_LIN_POP, d->o.cap + 1, true);
    m->t->end(m->ring);
    return good;
}

static double now(void) {
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void run_objects(struct driver *d) {
    double start = now();
    while (one_object(d) && (d->res.rounds < d->o.least || now() - start < d->o.seconds)) {
    }
    d->res.seconds = now() - start;
}

struct rounds_result run_rounds(const struct target *t, const struct rounds_opts *o) {
    static struct driver d;
    struct worker workers[ROUND_THREADS];
    struct weir_lin_ring shape = { .cap = t->unbounded ? 128 : o->cap,
                                   .exact = t->exact,
                                   .soft = t->soft };
    struct weir_lin_opts lin = WEIR_LIN_OPTS;
    /* Three threads with three pushes each: what they leave inside stands in one of 9! / 3!^3 = 1680 orders; two
     * with three batches of two in one of 12! / 6!^2 = 924. */
    if (t->unbounded) lin.states = 2048;
    d = (struct driver){ .team = { .t = t, .threads = o->threads }, .rng = { o->seed }, .o = *o };
    d.team.barrier.n = o->threads;
    if (weir_lin_ring_spec(&d.spec, &shape) < 0) abort();
    if (weir_lin_checker_new(&d.checker, &d.spec, &lin) < 0) abort();
    if (weir_lin_recorder_new(&d.team.rec, o->threads, ROUND_OPS) < 0) abort();
    weir_set_point_hook(at_point);
    cpu_set_t allowed = cpus_allowed();
    if (o->pinned) cpus_pin(&allowed, 0);
    for (unsigned i = 1; i < o->threads; i++) {
        workers[i] = (struct worker){ &d.team, i, o->pinned ? &allowed : NULL, 0 };
        if (pthread_create(&workers[i].id, NULL, work, &workers[i]) != 0) abort();
    }
    run_objects(&d);
    d.team.over = true;
    barrier_wait(&d.team.barrier);
    for (unsigned i = 1; i < o->threads; i++) (void)pthread_join(workers[i].id, NULL);
    cpus_unpin(&allowed);
    weir_set_point_hook(NULL);
    delay_rng = NULL;
    weir_lin_recorder_free(d.team.rec);
    weir_lin_checker_free(d.checker);
    return d.res;
}
