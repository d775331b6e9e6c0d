/* SPDX-License-Identifier: MIT */
/* stress/lin/check.c - a history becomes windows, and windows a verdict.
 *
 *   sort by (key, call) -> one object at a time -> cut where nothing runs -> search each window
 *   from every state that the window before may have ended in
 *
 * Invariants
 *   I1  A cut lies only where every earlier operation returned strictly before every later one was
 *       called, so each order of the whole is an order of the windows, one after the other.
 *   I2  The set of states carried on is complete, or the verdict is WEIR_LIN_UNKNOWN: an incomplete
 *       set could refuse a good history.
 *   I3  Once the verdict is not OK it stays until the next begin. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#define BUDGET_DEFAULT (1u << 18)
#define BUDGET_MAX (1u << 28)
#define STATES_DEFAULT 1024u

/* An operation of the caller's array, in the order in which it is looked at. */
struct lin_ref {
    uint64_t key, call;
    const struct weir_lin_op *op;
};

/* ---- making and ending ----------------------------------------------------------------------- */

static bool spec_usable(const struct weir_lin_spec *s) {
    return s && s->name && s->init && s->step && s->state_size > 0 && s->state_size <= 1 << 16;
}

int weir_lin_checker_new(weir_lin_checker **out, const struct weir_lin_spec *spec,
                         const struct weir_lin_opts *opts) {
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    struct weir_lin_opts o = WEIR_LIN_OPTS;
    if (opts && opts->size != sizeof o) return WEIR_EINVAL;
    if (opts) o = *opts;
    if (!spec_usable(spec) || o.budget > BUDGET_MAX) return WEIR_EINVAL;
    weir_lin_checker *c = calloc(1, sizeof *c);
    if (!c) return WEIR_ENOMEM;
    c->spec = *spec;
    c->max_states = o.states ? o.states : STATES_DEFAULT;
    c->culprit = -1;
    c->best = LIN_NONE;
    if (lin_memo_init(&c->memo, &c->spec, o.budget ? o.budget : BUDGET_DEFAULT) < 0) goto fail_memo;
    c->scratch = malloc(c->memo.stride);
    c->states_cap = 16;
    c->states = malloc(c->states_cap * c->memo.stride);
    if (!c->scratch || !c->states) goto fail_states;
    *out = c;
    return 0;
fail_states:
    free(c->scratch);
    free(c->states);
    lin_memo_fini(&c->memo);
fail_memo:
    free(c);
    return WEIR_ENOMEM;
}

void weir_lin_checker_free(weir_lin_checker *c) {
    if (!c) return;
    free(c->refs);
    free(c->scratch);
    free(c->states);
    lin_memo_fini(&c->memo);
    free(c);
}

/* ---- verdicts -------------------------------------------------------------------------------- */

static enum weir_lin_verdict say(weir_lin_checker *c, enum weir_lin_verdict v, const char *reason) {
    c->verdict = v;
    (void)snprintf(c->reason, sizeof c->reason, "%s", reason);
    return v;
}

static enum weir_lin_verdict say_budget(weir_lin_checker *c) {
    if (c->memo.no_memory) return say(c, WEIR_LIN_UNKNOWN, "out of memory");
    if (c->memo.spec_bound)
        return say(
            c, WEIR_LIN_UNKNOWN,
            "a bound of the specification was reached (more waiters than it counts): use fewer "
            "threads");
    c->verdict = WEIR_LIN_UNKNOWN;
    (void)snprintf(c->reason, sizeof c->reason,
                   "budget of %u configurations used up in a window of %u operations: raise the "
                   "budget or record shorter rounds",
                   c->memo.budget, c->win.n);
    return c->verdict;
}

static enum weir_lin_verdict say_violation(weir_lin_checker *c) {
    c->verdict = WEIR_LIN_VIOLATION;
    c->culprit = lin_window_culprit(c);
    (void)snprintf(c->reason, sizeof c->reason,
                   "at most %d of the %u operations of a window can be placed",
                   __builtin_popcountll(c->memo.config[c->best].placed), c->win.n);
    return c->verdict;
}

const char *weir_lin_reason(const weir_lin_checker *c) { return c->reason; }

const struct weir_lin_op *weir_lin_culprit(const weir_lin_checker *c) {
    return c->culprit < 0 ? NULL : &c->win.op[c->culprit];
}

struct weir_lin_stats weir_lin_stats(const weir_lin_checker *c) { return c->stats; }

/* ---- one window ------------------------------------------------------------------------------ */

static bool overlap(const struct weir_lin_op *a, const struct weir_lin_op *b) {
    return (a->pending || a->ret >= b->call) && (b->pending || b->ret >= a->call);
}

/* Of operations that do not overlap the stamps say all. */
static bool precedes_in_program(const struct weir_lin_op *a, const struct weir_lin_op *b) {
    return a->thread == b->thread && a->seq < b->seq && overlap(a, b);
}

static void window_load(weir_lin_checker *c, const struct lin_ref *refs, unsigned n, bool last) {
    struct lin_window *w = &c->win;
    w->n = n;
    w->last = last;
    w->must = 0;
    for (unsigned i = 0; i < n; i++) {
        w->op[i] = *refs[i].op;
        w->op[i].overlaps = false;
        w->before[i] = 0;
        if (!w->op[i].pending) w->must |= UINT64_C(1) << i;
        for (unsigned j = 0; j < i; j++) {
            struct weir_lin_op *a = &w->op[j], *b = &w->op[i];
            if (precedes_in_program(a, b)) w->before[i] |= UINT64_C(1) << j;
            if (precedes_in_program(b, a)) w->before[j] |= UINT64_C(1) << i;
            if (a->thread != b->thread && overlap(a, b)) a->overlaps = b->overlaps = true;
        }
    }
    for (unsigned i = 0; i < n; i++) {
        unsigned k = c->spec.choices ? c->spec.choices(c->spec.arg, &w->op[i]) : 1;
        w->choices[i] = k;
    }
}

static bool states_reserve(weir_lin_checker *c, uint32_t n) {
    if (n <= c->states_cap) return true;
    uint32_t cap = c->states_cap;
    while (cap < n) cap *= 2;
    char *p = realloc(c->states, cap * c->memo.stride);
    if (!p) return false;
    c->states = p;
    c->states_cap = cap;
    return true;
}

/* The end states are the configurations in which all is placed; the memo holds each once. */
static bool carry_states(weir_lin_checker *c) {
    const struct lin_memo *m = &c->memo;
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->n; i++) n += m->config[i].placed == c->win.must;
    if (n > c->max_states) {
        (void)snprintf(c->reason, sizeof c->reason,
                       "more than %u states are possible after a window: raise states, or end the "
                       "round with operations that tell them apart",
                       c->max_states);
        c->verdict = WEIR_LIN_UNKNOWN;
        return false;
    }
    if (!states_reserve(c, n)) {
        (void)say(c, WEIR_LIN_UNKNOWN, "out of memory");
        return false;
    }
    c->nstates = 0;
    for (uint32_t i = 0; i < m->n; i++)
        if (m->config[i].placed == c->win.must)
            lin_copy(&c->spec, c->states + c->nstates++ * m->stride, lin_memo_state(m, i));
    if (n > c->stats.most_states) c->stats.most_states = n;
    return true;
}

static enum weir_lin_verdict check_window(weir_lin_checker *c, const struct lin_ref *refs, size_t n,
                                          bool last) {
    if (n > WEIR_LIN_WINDOW)
        return say(
            c, WEIR_LIN_UNKNOWN,
            "more than 64 operations between two instants at which none runs: record shorter "
            "rounds");
    window_load(c, refs, (unsigned)n, last);
    enum lin_outcome o = lin_window_search(c);
    c->stats.windows++;
    c->stats.operations += n;
    c->stats.configurations += c->memo.n;
    if (c->memo.n > c->stats.most_configurations) c->stats.most_configurations = c->memo.n;
    if (o == LIN_OUT_OF_BUDGET) return say_budget(c);
    if (o == LIN_IMPOSSIBLE) return say_violation(c);
    if (!last && !carry_states(c)) return c->verdict;
    c->checked += n;
    return WEIR_LIN_OK;
}

/* ---- histories ------------------------------------------------------------------------------- */

static int ref_order(const void *a, const void *b) {
    const struct lin_ref *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    if (x->call != y->call) return x->call < y->call ? -1 : 1;
    return x->op < y->op ? -1 : x->op > y->op;
}

static const char *malformed(const struct weir_lin_op *op) {
    if (op->nin > WEIR_LIN_VALUES || op->nout > WEIR_LIN_VALUES)
        return "an operation has more than 8 arguments or results";
    if (!op->pending && op->ret < op->call) return "an operation returns before it is called";
    return NULL;
}

/* Fills c->refs. Whole histories are split by key, rounds are of one. */
static enum weir_lin_verdict load(weir_lin_checker *c, const struct weir_lin_op *ops, size_t n,
                                  bool by_key) {
    if (n > c->refs_cap) {
        struct lin_ref *p = realloc(c->refs, n * sizeof *p);
        if (!p) return say(c, WEIR_LIN_UNKNOWN, "out of memory");
        c->refs = p;
        c->refs_cap = n;
    }
    for (size_t i = 0; i < n; i++) {
        const char *why = malformed(&ops[i]);
        if (why) return say(c, WEIR_LIN_MALFORMED, why);
        c->refs[i] = (struct lin_ref){ by_key ? ops[i].key : 0, ops[i].call, &ops[i] };
        if (!by_key && c->spec.keyed && ops[i].key != c->key)
            return say(c, WEIR_LIN_MALFORMED, "an operation of another key than begin was told");
    }
    if (n > 1) qsort(c->refs, n, sizeof *c->refs, ref_order);
    return WEIR_LIN_OK;
}

/* The operations of one object, sorted by call. */
static enum weir_lin_verdict check_object(weir_lin_checker *c, const struct lin_ref *refs, size_t n,
                                          bool last) {
    if (n > 0 && c->any && refs[0].call <= c->until)
        return say(c, WEIR_LIN_MALFORMED, "a round overlaps the round before");
    size_t from = 0;
    bool open = false; /* for ever */
    for (size_t i = 0; i < n; i++) {
        const struct weir_lin_op *op = refs[i].op;
        if (i > from && !open && op->call > c->until) {
            if (check_window(c, refs + from, i - from, false) != WEIR_LIN_OK) return c->verdict;
            from = i;
        }
        open |= op->pending;
        if (!op->pending && (!c->any || op->ret > c->until)) c->until = op->ret;
        c->any = true;
    }
    if (open && !last)
        return say(c, WEIR_LIN_MALFORMED, "a pending operation in a round that is not the last");
    return n > from ? check_window(c, refs + from, n - from, last) : WEIR_LIN_OK;
}

static void restart(weir_lin_checker *c, uint64_t key) {
    memset(c->states, 0, c->memo.stride);
    c->spec.init(c->spec.arg, key, c->states);
    c->nstates = 1;
    c->key = key;
    c->until = 0;
    c->any = false;
    c->checked = 0;
    c->culprit = -1;
    c->best = LIN_NONE;
    (void)say(c, WEIR_LIN_OK, "an order was found");
}

void weir_lin_begin(weir_lin_checker *c, uint64_t key) {
    restart(c, key);
    c->stats.histories++;
}

enum weir_lin_verdict weir_lin_advance(weir_lin_checker *c, const struct weir_lin_op *ops, size_t n,
                                       bool last) {
    if (c->verdict != WEIR_LIN_OK) return c->verdict;
    if (load(c, ops, n, false) != WEIR_LIN_OK) return c->verdict;
    return check_object(c, c->refs, n, last);
}

enum weir_lin_verdict weir_lin_check(weir_lin_checker *c, const struct weir_lin_op *ops, size_t n) {
    weir_lin_begin(c, 0);
    if (load(c, ops, n, c->spec.keyed) != WEIR_LIN_OK) return c->verdict;
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && c->refs[to].key == c->refs[from].key;) to++;
        restart(c, c->refs[from].key);
        if (check_object(c, c->refs + from, to - from, true) != WEIR_LIN_OK) break;
    }
    return c->verdict;
}
