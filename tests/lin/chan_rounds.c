/* SPDX-License-Identifier: MIT */
/* tests/lin/chan_rounds.c - see chan_rounds.h.
 *
 * Invariant: main is thread 0. The workers touch plans, channels and their logs only between the first and
 * the second barrier of a round; main fills the plans and reads the logs outside. */
#include "chan_rounds.h"

#include "cpus.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST (THREADS * RECORDED)

/* ---- plans --------------------------------------------------------------------------------------------------- */

/* Whether a thread may do this: of an spsc channel one sends, one receives. The four roles of two such channels
 * are dealt out in turn, so that each of 2 to 4 threads has one; anew for each round. */
static bool may(const struct pair *p, unsigned thread, unsigned chan, bool send) {
    return p->kinds[chan] != WEIR_CHAN_SPSC || p->cap[chan] == 0 ||
           (p->deal + 2 * chan + !send) % p->threads == thread;
}

static void plan_part(struct pair *p, struct part *part, unsigned thread, unsigned chan) {
    bool send = rng_chance(&p->rng, 50);
    for (unsigned k = 0; k < 2 * CHANS; k++) { /* the first, from these on, that it may do */
        part->chan = (uint8_t)((chan + k / 2) % CHANS);
        part->send = send ^ (k % 2);
        if (may(p, thread, part->chan, part->send)) break;
    }
    part->v = part->send ? ++p->fresh : 0;
}

static void plan_op(struct pair *p, unsigned thread, struct planned *o) {
    struct rng *r = &p->rng;
    unsigned dice = rng_below(r, 100);
    *o = (struct planned){ .what = CALL };
    if (dice < 4) o->what = dice < 2 ? CLOSE : CANCEL;
    if (dice >= 50) o->what = SELECT;
    o->n = o->what == SELECT ? 1 + rng_below(r, CASES) : 1;
    for (unsigned i = 0; i < o->n; i++)
        plan_part(p, &o->part[i], thread, o->n == 2 ? i : rng_below(r, CHANS));
    if (o->what == CLOSE && !may(p, thread, o->part[0].chan, true)) o->what = CALL;
    o->wait = rng_chance(r, 40) ? 0 : rng_chance(r, 10) ? -1 : (int64_t)rng_below(r, 30000);
    o->ctx = rng_chance(r, 25);
    o->priority = rng_chance(r, 30);
    o->pause = rng_chance(r, 50) ? (uint8_t)rng_below(r, 60) : 0;
}

/* ---- running -------------------------------------------------------------------------------------------------- */

static weir_time deadline_of(const struct planned *o) {
    return o->wait > 0 ? weir_after(o->wait) : o->wait;
}

static uint16_t kind_of(const struct planned *o, const struct part *part) {
    if (o->wait == 0) return part->send ? WEIR_LIN_TRY_SEND : WEIR_LIN_TRY_RECV;
    return part->send ? WEIR_LIN_SEND : WEIR_LIN_RECV;
}

/* Writes the operation of one case into *op, whose stamps stand. */
static void record(struct weir_lin_op *op, const struct planned *o, const struct part *part,
                   int64_t result, uint64_t v) {
    op->kind = kind_of(o, part);
    op->key = part->chan;
    op->result = result;
    op->in[0] = part->v;
    op->nin = part->send;
    op->out[0] = v;
    op->nout = !part->send && result == 0;
}

static int64_t call(struct pair *p, const struct planned *o, uint64_t *v) {
    const struct part *part = &o->part[0];
    weir_chan *c = p->c[part->chan];
    weir_ctx *ctx = o->ctx ? p->ctx : NULL;
    *v = part->v;
    if (p->fault == FULL_EARLY && part->send && o->wait == 0 && part->v % 4 == 0)
        return WEIR_EAGAIN;
    if (part->send) {
        int rc = weir_chan_send_wait(c, v, deadline_of(o), ctx);
        return p->fault == SENT_TO_CLOSED && rc == WEIR_ECLOSED ? 0 : rc;
    }
    int rc = weir_chan_recv_wait(c, v, deadline_of(o), ctx);
    if (p->fault == LOSES_LATE && rc == WEIR_ETIMEDOUT && weir_chan_recv_wait(c, v, 1, NULL) == 0)
        *v = 0;
    return rc;
}

static ptrdiff_t call_select(struct pair *p, const struct planned *o, uint64_t *v, int *results) {
    struct weir_case cases[CASES];
    for (unsigned i = 0; i < o->n; i++) {
        v[i] = o->part[i].v;
        cases[i] = (struct weir_case){ weir_chan_waitable(p->c[o->part[i].chan]), &v[i],
                                       o->part[i].send ? WEIR_SEND : WEIR_RECV, 0, 0 };
    }
    ptrdiff_t won = weir_select(cases, o->n, deadline_of(o), o->ctx ? p->ctx : NULL,
                                o->priority ? WEIR_SELECT_PRIORITY : 0);
    for (unsigned i = 0; i < o->n; i++) {
        uint64_t lost;
        results[i] = cases[i].result;
        if (p->fault == TAKES_TWO && won >= 0 && (ptrdiff_t)i != won && !o->part[i].send)
            if (weir_chan_try_recv(p->c[o->part[i].chan], &lost) == 0) return won;
    }
    return won;
}

/* An operation that did nothing, whatever the channel's state: it is there for those that it made undecided
 * (EBUSY). Had it moved something, that would be missed, or come twice. */
static void record_nothing(struct weir_lin_op *op, const struct part *part) {
    op->kind = part->send ? WEIR_LIN_SEND : WEIR_LIN_RECV;
    op->key = part->chan;
    op->result = WEIR_ECANCELED;
    op->in[0] = part->v;
    op->nin = part->send;
}

/* One case of a select that took none: a try that failed. After a wait in vain a strict channel was not ready
 * at some instant; of another one that is not known: something may have been in flight all the time. */
static void record_failed(const struct pair *p, struct weir_lin_log *log,
                          const struct weir_lin_op *first, const struct part *part, ptrdiff_t won,
                          int result) {
    struct weir_lin_op *op = weir_lin_next(log, 0, 0);
    *op = *first;
    record_nothing(op, part);
    if (won == WEIR_ECANCELED || (won == WEIR_ETIMEDOUT && !p->shape[part->chan].exact)) return;
    op->kind = part->send ? WEIR_LIN_TRY_SEND : WEIR_LIN_TRY_RECV;
    op->result = won == WEIR_ETIMEDOUT ? WEIR_EAGAIN : result;
}

static void run_select(struct pair *p, struct weir_lin_log *log, const struct planned *o) {
    uint64_t v[CASES];
    int results[CASES];
    struct weir_lin_op *op = weir_lin_next(log, 0, 0);
    weir_lin_call(log, op);
    ptrdiff_t won = call_select(p, o, v, results);
    weir_lin_return(log, op, won);
    if (won >= 0) {
        record(op, o, &o->part[won], results[won], v[won]);
        return;
    }
    struct weir_lin_op first = *op; /* its stamps, and its place among the thread's operations */
    log->n--;
    for (unsigned i = 0; i < o->n; i++) record_failed(p, log, &first, &o->part[i], won, results[i]);
}

static void run_one(struct pair *p, unsigned thread, const struct planned *o) {
    struct weir_lin_log *log = weir_lin_log_of(p->rec, thread);
    uint64_t v;
    for (unsigned i = 0; i < o->pause; i++) weir_pause();
    if (o->what == CANCEL) {
        if (weir_ctx_cancel(p->ctx, 0) < 0) abort();
        return;
    }
    if (o->what == SELECT) {
        run_select(p, log, o);
        return;
    }
    struct weir_lin_op *op = weir_lin_next(log, 0, o->part[0].chan);
    weir_lin_call(log, op);
    int64_t rc = o->what == CLOSE ? weir_chan_close(p->c[o->part[0].chan]) : call(p, o, &v);
    weir_lin_return(log, op, rc);
    if (o->what == CLOSE)
        op->kind = WEIR_LIN_CHAN_CLOSE;
    else
        record(op, o, &o->part[0], rc, v);
}

/* ---- threads: delays at the points, a barrier ----------------------------------------------------------------- */

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
    else if (x == 99)
        (void)nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
}

static void barrier(struct pair *p) {
    uint32_t generation = weir_load_relaxed(&p->generation);
    if (weir_fetch_add_seq_cst(&p->arrived, 1, 0) + 1 == p->threads) {
        weir_store_relaxed(&p->arrived, 0);
        (void)weir_fetch_add_seq_cst(&p->generation, 1, 0);
        return;
    }
    for (unsigned i = 1; weir_load_acquire(&p->generation, 0) == generation; i++) {
        weir_pause();
        if (i % 256 == 0) (void)sched_yield();
    }
}

static void run_plan(struct pair *p, unsigned thread) {
    delay_rng = p->delays ? &p->delay[thread] : NULL;
    for (unsigned i = 0; i < p->planned[thread]; i++) run_one(p, thread, &p->plan[thread][i]);
    delay_rng = NULL;
}

struct worker {
    struct pair *pair;
    unsigned thread;
    cpu_set_t allowed;
    pthread_t id;
};

static void *work(void *arg) {
    struct worker *w = arg;
    if (w->pair->pinned) cpus_pin(&w->allowed, w->thread);
    for (;;) {
        barrier(w->pair);
        if (w->pair->over) return NULL;
        run_plan(w->pair, w->thread);
        barrier(w->pair);
    }
}

/* ---- rounds ----------------------------------------------------------------------------------------------------- */

/* What the round's history says of channel k. */
static enum weir_lin_verdict judge_one(struct pair *p, unsigned k, const struct weir_lin_op *ops,
                                       size_t n, bool last) {
    static struct weir_lin_op mine[MOST], split[2 * MOST];
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (ops[i].key == k) mine[m++] = ops[i];
    m = weir_lin_split(mine, m, weir_lin_chan_rules, 2, split);
    return weir_lin_advance(p->checker[k], split, m, last);
}

static enum weir_lin_verdict judge(struct pair *p, bool last) {
    const struct weir_lin_op *ops;
    size_t n;
    if (weir_lin_collect(p->rec, &ops, &n) < 0) abort(); /* the logs hold what is planned */
    p->operations += n;
    for (unsigned k = 0; k < CHANS; k++) {
        enum weir_lin_verdict v = judge_one(p, k, ops, n, last);
        if (v == WEIR_LIN_OK) continue;
        if (p->fault == SOUND) {
            (void)fprintf(stderr, "channel %u of caps %u, %u; %u threads, round %lu:\n", k,
                          p->cap[0], p->cap[1], p->threads, p->rounds);
            weir_lin_print(p->checker[k], stderr);
        }
        return v;
    }
    return WEIR_LIN_OK;
}

static weir_ctx *new_ctx(void) {
    weir_ctx *ctx;
    if (weir_ctx_new(&ctx, NULL, WEIR_FOREVER) < 0) abort();
    return ctx;
}

static enum weir_lin_verdict one_round(struct pair *p, enum weir_lin_mode mode) {
    p->delays = rng_chance(&p->rng, 60);
    p->ctx = new_ctx();
    p->deal = rng_below(&p->rng, p->threads);
    for (unsigned t = 0; t < p->threads; t++) {
        p->planned[t] = 2 + rng_below(&p->rng, OPS - 1);
        p->delay[t].s = rng_next(&p->rng);
        for (unsigned i = 0; i < p->planned[t]; i++) {
            plan_op(p, t, &p->plan[t][i]);
            p->selects += p->plan[t][i].what == SELECT;
        }
    }
    weir_lin_start(p->rec, mode);
    barrier(p);
    run_plan(p, 0);
    barrier(p);
    weir_ctx_unref(p->ctx);
    p->rounds++;
    return judge(p, false);
}

/* One pair of channels, from its making to its last element. */
static enum weir_lin_verdict one_life(struct pair *p) {
    enum weir_lin_mode mode = rng_chance(&p->rng, 50) ? WEIR_LIN_BARRIER : WEIR_LIN_WIDE;
    enum weir_lin_verdict v = WEIR_LIN_OK;
    for (unsigned k = 0; k < CHANS; k++) {
        struct weir_chan_opts o = WEIR_CHAN_OPTS(p->cap[k], sizeof(uint64_t));
        o.kind = p->kinds[k];
        if (weir_chan_new(&p->c[k], &o) < 0) abort();
        weir_lin_begin(p->checker[k], k);
    }
    for (unsigned i = 1 + rng_below(&p->rng, 4); v == WEIR_LIN_OK && i > 0; i--)
        v = one_round(p, mode);
    weir_lin_start(p->rec, mode);
    for (unsigned k = 0; k < CHANS; k++) {
        struct planned drain = { .what = CALL, .n = 1, .part = { { .chan = (uint8_t)k } } };
        for (uint32_t i = 0; i <= p->cap[k]; i++) run_one(p, 0, &drain);
    }
    if (v == WEIR_LIN_OK) v = judge(p, true);
    for (unsigned k = 0; k < CHANS; k++)
        if (weir_chan_unref(p->c[k]) < 0) abort(); /* nobody waits: EBUSY is a fault */
    return v;
}

static double now_s(void) { return (double)weir_now() / 1e9; }

enum weir_lin_verdict chan_rounds(struct pair *p, double share) {
    struct worker workers[THREADS] = { 0 };
    enum weir_lin_verdict v;
    struct weir_lin_spec spec[CHANS];
    struct weir_lin_opts lin = WEIR_LIN_OPTS;
    lin.budget = 1u << 23; /* failed cases of many selects may stand anywhere in a window */
    cpu_set_t allowed = cpus_allowed();
    for (unsigned k = 0; k < CHANS; k++) {
        p->shape[k] =
            (struct weir_lin_chan){ .cap = p->cap[k],
                                    .exact = p->kinds[k] != WEIR_CHAN_MPMC || p->cap[k] == 0 };
        if (weir_lin_chan_spec(&spec[k], &p->shape[k]) < 0) abort();
        if (weir_lin_checker_new(&p->checker[k], &spec[k], &lin) < 0) abort();
    }
    if (weir_lin_recorder_new(&p->rec, p->threads, RECORDED) < 0) abort();
    weir_set_point_hook(at_point);
    if (p->pinned) cpus_pin(&allowed, 0);
    for (unsigned t = 1; t < p->threads; t++) {
        workers[t] = (struct worker){ p, t, allowed, 0 };
        if (pthread_create(&workers[t].id, NULL, work, &workers[t]) != 0) abort();
    }
    double start = now_s();
    do v = one_life(p);
    while (v == WEIR_LIN_OK && now_s() - start < share);
    p->over = true;
    barrier(p);
    for (unsigned t = 1; t < p->threads; t++) (void)pthread_join(workers[t].id, NULL);
    cpus_unpin(&allowed);
    weir_set_point_hook(NULL);
    weir_lin_recorder_free(p->rec);
    for (unsigned k = 0; k < CHANS; k++) weir_lin_checker_free(p->checker[k]);
    return v;
}
