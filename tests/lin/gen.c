/* SPDX-License-Identifier: MIT */
/* tests/lin/gen.c - see gen.h. */
#include "gen.h"

#include <string.h>

#define STATE_MAX 1024
#define TRIES 48 /* random answers until one is accepted */

uint64_t rng_next(struct rng *r) {
    uint64_t z = (r->s += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

unsigned rng_below(struct rng *r, unsigned n) { return (unsigned)(rng_next(r) >> 33) % n; }

/* ---- running threads ------------------------------------------------------------------------- */

enum stage { IDLE, CALLED, WAITS, DONE };

struct run {
    const struct profile *p;
    struct rng *r;
    _Alignas(16) char state[GEN_KEYS][STATE_MAX];
    struct weir_lin_op whole[GEN_OPS];
    unsigned n;
    enum stage stage[GEN_THREADS];
    unsigned at[GEN_THREADS]; /* the thread's operation */
    uint64_t now, fresh;
};

static char *state_of(struct run *g, const struct weir_lin_op *op) {
    return g->state[g->p->spec.keyed ? op->key : 0];
}

static const struct weir_lin_rule *rule_of(const struct run *g, unsigned kind) {
    for (size_t i = 0; i < g->p->nrules; i++)
        if (g->p->rules[i].whole == kind) return &g->p->rules[i];
    return NULL;
}

static bool try_step(struct run *g, const struct weir_lin_op *op, unsigned choice) {
    _Alignas(16) char next[STATE_MAX];
    const struct weir_lin_spec *s = &g->p->spec;
    char *state = state_of(g, op);
    memcpy(next, state, s->state_size);
    if (s->step(s->arg, op, choice, state, next) <= 0) return false;
    memcpy(state, next, s->state_size);
    return true;
}

static void start(struct run *g, unsigned t) {
    struct weir_lin_op *op = &g->whole[g->n];
    *op = (struct weir_lin_op){ .thread = t, .seq = g->n, .pending = true };
    op->key = g->p->spec.keyed ? rng_below(g->r, g->p->keys) : 0;
    g->p->ask(g->r, op, &g->fresh);
    g->now += rng_below(g->r, 2);
    op->call = g->now;
    g->at[t] = g->n++;
    g->stage[t] = CALLED;
}

/* The request half of a split operation. Now and then it gives up at once. */
static bool take_ticket(struct run *g, struct weir_lin_op op, const struct weir_lin_rule *rule,
                        struct weir_lin_op *whole) {
    op.kind = rule->ask;
    op.pending = false;
    op.in[WEIR_LIN_VALUES - 1] = op.seq + 1;
    if (rng_chance(g->r, 10)) {
        op.result = rng_chance(g->r, 50) ? WEIR_ETIMEDOUT : WEIR_ECANCELED;
        for (unsigned c = 1; c < 3; c++) {
            if (!try_step(g, &op, c)) continue;
            whole->result = op.result;
            return true;
        }
    }
    return try_step(g, &op, 0) || try_step(g, &op, 1);
}

/* An answer that the specification accepts, if one is found. */
static bool take_effect(struct run *g, unsigned t) {
    struct weir_lin_op *op = &g->whole[g->at[t]];
    const struct weir_lin_rule *rule = rule_of(g, op->kind);
    if (rule && g->stage[t] == CALLED) {
        if (!take_ticket(g, *op, rule, op)) return false;
        g->stage[t] = WAITS;
        g->now += rng_below(g->r, 2);
        if (rng_chance(g->r, 50)) op->parked = g->now;
        return false;
    }
    for (unsigned i = 0; i < TRIES; i++) {
        struct weir_lin_op a = *op;
        a.pending = false;
        g->p->answer(g->r, &a, g->fresh);
        for (unsigned u = 0; u < g->p->threads; u++)
            a.overlaps |= u != t && (g->stage[u] == CALLED || g->stage[u] == DONE) &&
                          g->whole[g->at[u]].key == op->key;
        struct weir_lin_op half = a;
        if (rule) {
            half.kind = rule->answer;
            half.in[WEIR_LIN_VALUES - 1] = op->seq + 1;
        }
        if (!try_step(g, &half, 0)) continue;
        a.pending = true; /* until it returns */
        *op = a;
        g->stage[t] = DONE;
        return true;
    }
    return false;
}

static void finish(struct run *g, unsigned t) {
    struct weir_lin_op *op = &g->whole[g->at[t]];
    g->now += rng_below(g->r, 2);
    op->ret = g->now;
    op->pending = false;
    g->stage[t] = IDLE;
}

static void run_threads(struct run *g) {
    unsigned ops = 3 + rng_below(g->r, g->p->ops - 2);
    unsigned hurry = 20 + rng_below(g->r, 70); /* percent: one thread runs on */
    unsigned t = 0;
    for (unsigned steps = 0; steps < 16 * GEN_OPS; steps++) {
        if (!rng_chance(g->r, hurry)) t = rng_below(g->r, g->p->threads);
        switch (g->stage[t]) {
            case IDLE:
                if (g->n < ops) start(g, t);
                break;
            case DONE: finish(g, t); break;
            default:
                if (!take_effect(g, t)) t = rng_below(g->r, g->p->threads);
        }
    }
    for (t = 0; t < g->p->threads; t++)
        if (g->stage[t] == DONE && rng_chance(g->r, 90)) finish(g, t);
}

/* Those whose line holds them still, when nobody else runs: some are reported as waiting. */
static void report_waiting(struct run *g) {
    for (unsigned t = 0; t < g->p->threads; t++)
        if (g->stage[t] != WAITS && g->stage[t] != IDLE) return;
    for (unsigned t = 0; t < g->p->threads; t++) {
        if (g->stage[t] != WAITS || !rng_chance(g->r, 60)) continue;
        struct weir_lin_op *op = &g->whole[g->at[t]], half = *op;
        half.kind = rule_of(g, op->kind)->answer;
        half.in[WEIR_LIN_VALUES - 1] = op->seq + 1;
        half.pending = false;
        half.result = WEIR_LIN_BLOCKED;
        if (!try_step(g, &half, 0)) continue;
        op->result = WEIR_LIN_BLOCKED;
        op->nout = 0;
        op->ret = g->now + 1;
        op->pending = false;
    }
}

/* ---- changing something ---------------------------------------------------------------------- */

static struct weir_lin_op *any_op(struct run *g) { return &g->whole[rng_below(g->r, g->n)]; }

static void squeeze(struct run *g, struct weir_lin_op *op) {
    if (op->pending || op->ret == op->call) return;
    uint64_t by = 1 + rng_below(g->r, (unsigned)(op->ret - op->call));
    if (rng_chance(g->r, 50))
        op->call += by;
    else
        op->ret -= by;
}

static void swap_intervals(struct weir_lin_op *a, struct weir_lin_op *b) {
    if (a->pending || b->pending) return;
    uint64_t call = a->call, ret = a->ret;
    a->call = b->call;
    a->ret = b->ret;
    b->call = call;
    b->ret = ret;
    uint32_t thread = a->thread, seq = a->seq;
    a->thread = b->thread;
    a->seq = b->seq;
    b->thread = thread;
    b->seq = seq;
}

static void change(struct run *g) {
    struct weir_lin_op *a = any_op(g), *b = any_op(g);
    switch (rng_below(g->r, 6)) {
        case 0:
        case 1:
            if (!a->pending) g->p->answer(g->r, a, g->fresh);
            break;
        case 2: squeeze(g, a); break;
        case 3: swap_intervals(a, b); break;
        case 4: g->whole[a - g->whole] = g->whole[--g->n]; break;
        default: /* widened intervals of one thread overlap: program order must still hold */
            for (unsigned i = 0; i < g->n; i++) {
                g->whole[i].call -= g->whole[i].call > 0;
                g->whole[i].ret += g->whole[i].ret < g->now;
            }
    }
}

void gen_history(const struct profile *p, struct rng *r, struct made *out) {
    struct run g = { .p = p, .r = r };
    do {
        memset(g.state, 0, sizeof g.state);
        memset(g.stage, 0, sizeof g.stage);
        g.n = 0;
        g.now = g.fresh = 0;
        for (unsigned k = 0; k < GEN_KEYS; k++) p->spec.init(p->spec.arg, k, g.state[k]);
        run_threads(&g);
    } while (g.n == 0);
    report_waiting(&g);
    out->changed = rng_chance(r, 70);
    if (out->changed)
        for (unsigned i = 1 + rng_below(r, 3); i > 0 && g.n > 1; i--) change(&g);
    out->n = weir_lin_split(g.whole, g.n, p->rules, p->nrules, out->ops);
}
