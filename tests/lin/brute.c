/* SPDX-License-Identifier: MIT */
/* tests/lin/brute.c - linearizability by its definition: all permutations, no memo, no windows, no
 * partition by key. Shares with the checker only the specification's functions. */
#include "gen.h"

#include <stdlib.h>
#include <string.h>

#define STATE_MAX 1024

struct brute {
    const struct weir_lin_spec *spec;
    struct weir_lin_op ops[2 * GEN_OPS];
    unsigned n;
    unsigned before[2 * GEN_OPS];                   /* bit j: j must stand before */
    _Alignas(16) char state[GEN_KEYS][STATE_MAX];   /* now */
    _Alignas(16) char next[2 * GEN_OPS][STATE_MAX]; /* of each depth: after its step, then before */
};

static void swap_states(const struct brute *b, char *x, char *y) {
    char t[STATE_MAX];
    memcpy(t, x, b->spec->state_size);
    memcpy(x, y, b->spec->state_size);
    memcpy(y, t, b->spec->state_size);
}

/* Program order counts within a key, where intervals overlap because they were widened; elsewhere the
 * stamps say it, for all keys. */
static bool must_precede(const struct weir_lin_spec *s, const struct weir_lin_op *a,
                         const struct weir_lin_op *b) {
    bool same_object = !s->keyed || a->key == b->key;
    bool apart = !b->pending && b->ret < a->call;
    if (same_object && a->thread == b->thread && a->seq < b->seq && !apart) return true;
    return !a->pending && a->ret < b->call;
}

static bool extend(struct brute *b, unsigned placed, unsigned depth) {
    bool all = true;
    for (unsigned i = 0; i < b->n; i++) all &= b->ops[i].pending || (placed >> i & 1);
    if (all) return true;
    for (unsigned i = 0; i < b->n; i++) {
        if (placed >> i & 1 || b->before[i] & ~placed) continue;
        const struct weir_lin_op *op = &b->ops[i];
        unsigned k = b->spec->keyed ? (unsigned)op->key : 0;
        unsigned choices = b->spec->choices ? b->spec->choices(b->spec->arg, op) : 1;
        char *now = b->state[k], *next = b->next[depth];
        for (unsigned c = 0; c < choices; c++) {
            memcpy(next, now, b->spec->state_size);
            int yes = b->spec->step(b->spec->arg, op, c, now, next);
            if (yes < 0) abort(); /* histories of this size stay within the bounds */
            if (!yes) continue;
            swap_states(b, now, next);
            if (extend(b, placed | 1u << i, depth + 1)) return true;
            swap_states(b, now, next);
        }
    }
    return false;
}

static void note_overlaps(struct brute *b) {
    for (unsigned i = 0; i < b->n; i++) {
        b->ops[i].overlaps = false;
        for (unsigned j = 0; j < b->n; j++) {
            const struct weir_lin_op *x = &b->ops[i], *y = &b->ops[j];
            if (x->thread == y->thread || (b->spec->keyed && x->key != y->key)) continue;
            bool apart = (!x->pending && x->ret < y->call) || (!y->pending && y->ret < x->call);
            if (!apart) b->ops[i].overlaps = true;
        }
    }
}

bool brute_linearizable(const struct weir_lin_spec *spec, const struct weir_lin_op *ops, size_t n) {
    static struct brute b;
    if (spec->state_size > STATE_MAX || n > 2 * GEN_OPS) abort();
    b.spec = spec;
    b.n = (unsigned)n;
    memcpy(b.ops, ops, n * sizeof *ops);
    note_overlaps(&b);
    for (unsigned i = 0; i < b.n; i++) {
        b.before[i] = 0;
        for (unsigned j = 0; j < b.n; j++)
            if (j != i && must_precede(spec, &b.ops[j], &b.ops[i])) b.before[i] |= 1u << j;
    }
    for (unsigned k = 0; k < GEN_KEYS; k++) spec->init(spec->arg, k, b.state[k]);
    return extend(&b, 0, 0);
}
