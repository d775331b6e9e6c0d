/* SPDX-License-Identifier: MIT */
/* stress/lin/report.c - a verdict as text.
 *
 * A violation has no single cause in general; what helps a reader is how far one can get. The
 * search stopped at the operation that returned before anything else was possible: it "cannot be
 * placed" after the longest prefix found, and everything that could have come instead is listed
 * with it. */
#include "check.h"
#include "text.h"

#include <inttypes.h>
#include <string.h>

#define LINE 160
#define BAR 48 /* columns of the timeline */
#define STATES_SHOWN 8

static const char *const verdict_text[] = {
    [WEIR_LIN_OK] = "linearizable",
    [WEIR_LIN_VIOLATION] = "NOT LINEARIZABLE",
    [WEIR_LIN_UNKNOWN] = "UNKNOWN",
    [WEIR_LIN_MALFORMED] = "MALFORMED",
};

static void op_text(const struct weir_lin_checker *c, unsigned i, char *text, size_t n) {
    const struct weir_lin_op *op = &c->win.op[i];
    struct lin_text t = lin_text(text, n);
    lin_put(&t, "T%" PRIu32 " ", op->thread);
    if (c->spec.describe_op) {
        c->spec.describe_op(c->spec.arg, op, t.at, t.left);
        return;
    }
    char kind[24];
    (void)snprintf(kind, sizeof kind, "op%u", op->kind);
    weir_lin_describe(op, kind, t.at, t.left);
}

static void state_text(const struct weir_lin_checker *c, const void *state, char *text, size_t n) {
    if (c->spec.describe_state) {
        c->spec.describe_state(c->spec.arg, state, text, n);
        return;
    }
    struct lin_text t = lin_text(text, n);
    for (size_t i = 0; i < c->spec.state_size; i++)
        lin_put(&t, "%02x%s", ((const unsigned char *)state)[i], i % 8 == 7 ? " " : "");
}

/* ---- the prefix ------------------------------------------------------------------------------ */

static unsigned path_to(const struct weir_lin_checker *c, uint32_t config, uint32_t *path) {
    unsigned n = (unsigned)__builtin_popcountll(c->memo.config[config].placed);
    for (unsigned i = n + 1; i-- > 0; config = c->memo.config[config].from) path[i] = config;
    return n;
}

static void print_start(const struct weir_lin_checker *c, FILE *to) {
    char text[LINE];
    (void)fprintf(to, "  before it, %" PRIu64 " operations; possible states then:", c->checked);
    for (uint32_t i = 0; i < c->nstates && i < STATES_SHOWN; i++) {
        state_text(c, c->states + i * c->memo.stride, text, sizeof text);
        (void)fprintf(to, " {%s}", text);
    }
    if (c->nstates > STATES_SHOWN)
        (void)fprintf(to, " and %" PRIu32 " more", c->nstates - STATES_SHOWN);
    (void)fprintf(to, "\n");
}

static void print_prefix(const struct weir_lin_checker *c, FILE *to) {
    uint32_t path[WEIR_LIN_WINDOW + 1] = { 0 };
    char op[LINE], state[LINE];
    unsigned n = path_to(c, c->best, path);
    state_text(c, lin_memo_state(&c->memo, path[0]), state, sizeof state);
    (void)fprintf(to, "  longest linearizable prefix, %u of %u:\n  %4s  %-44s {%s}\n", n, c->win.n,
                  "", "", state);
    for (unsigned i = 1; i <= n; i++) {
        op_text(c, c->memo.config[path[i]].op, op, sizeof op);
        state_text(c, lin_memo_state(&c->memo, path[i]), state, sizeof state);
        (void)fprintf(to, "  %4u  %-44s {%s}\n", i, op, state);
    }
}

/* What may come next by the stamps and program order: not placed, and nothing that must come before
 * it is missing. */
static bool could_be_next(const struct weir_lin_checker *c, unsigned i) {
    uint64_t placed = c->memo.config[c->best].placed;
    if (placed >> i & 1 || c->win.before[i] & ~placed) return false;
    for (unsigned j = 0; j < c->win.n; j++)
        if (!(placed >> j & 1) && !c->win.op[j].pending && c->win.op[j].ret < c->win.op[i].call)
            return false;
    return true;
}

static void print_culprit(const struct weir_lin_checker *c, FILE *to) {
    char text[LINE];
    op_text(c, (unsigned)c->culprit, text, sizeof text);
    (void)fprintf(to, "  cannot be placed: %s\n", text);
    state_text(c, lin_memo_state(&c->memo, c->best), text, sizeof text);
    (void)fprintf(to, "  state before it:  {%s}\n", text);
    for (unsigned i = 0; i < c->win.n; i++) {
        if ((int)i == c->culprit || !could_be_next(c, i)) continue;
        op_text(c, i, text, sizeof text);
        (void)fprintf(to, "  nor this instead: %s\n", text);
    }
}

/* ---- the timeline ---------------------------------------------------------------------------- */

/* Distinct stamps, sorted; a pending operation ends with the last. */
static unsigned distinct_stamps(const struct lin_window *w, uint64_t *at) {
    unsigned n = 0;
    for (unsigned i = 0; i < 2 * w->n; i++) {
        const struct weir_lin_op *op = &w->op[i / 2];
        if (i % 2 && op->pending) continue;
        uint64_t v = i % 2 ? op->ret : op->call;
        unsigned k = n;
        while (k > 0 && at[k - 1] > v) k--;
        if (k > 0 && at[k - 1] == v) continue;
        memmove(at + k + 1, at + k, (n - k) * sizeof *at);
        at[k] = v;
        n++;
    }
    return n;
}

static unsigned column(const uint64_t *at, unsigned n, uint64_t v) {
    unsigned k = 0;
    while (k + 1 < n && at[k] < v) k++;
    return n <= BAR ? k : k * (BAR - 1) / (n - 1);
}

static void print_bar(const struct weir_lin_op *op, const uint64_t *at, unsigned n, FILE *to) {
    char bar[BAR + 1];
    memset(bar, ' ', BAR);
    bar[BAR] = 0;
    unsigned from = column(at, n, op->call);
    unsigned until = op->pending ? BAR - 1 : column(at, n, op->ret);
    memset(bar + from, '-', until - from + 1);
    bar[from] = '[';
    bar[until] = op->pending ? '>' : from == until ? '|' : ']';
    (void)fprintf(to, "%s", bar);
}

/* The operations in the order of their threads, so that each thread reads from left to right. */
static void print_timeline(const struct weir_lin_checker *c, FILE *to) {
    const struct lin_window *w = &c->win;
    uint64_t at[2 * WEIR_LIN_WINDOW], shown = 0;
    unsigned n = distinct_stamps(w, at);
    if (n == 0) return;
    uint64_t placed = c->memo.config[c->best].placed;
    char text[LINE];
    (void)fprintf(to,
                  "  timeline (one column per stamp, %" PRIu64 " ticks in all; + placed, X cannot "
                  "be placed)\n",
                  at[n - 1] - at[0]);
    for (unsigned k = 0; k < w->n; k++) {
        unsigned next = WEIR_LIN_WINDOW;
        for (unsigned i = 0; i < w->n; i++)
            if (!(shown >> i & 1) &&
                (next == WEIR_LIN_WINDOW || w->op[i].thread < w->op[next].thread))
                next = i;
        shown |= UINT64_C(1) << next;
        op_text(c, next, text, sizeof text);
        (void)fprintf(to, "  %c ", (int)next == c->culprit ? 'X' : placed >> next & 1 ? '+' : ' ');
        print_bar(&w->op[next], at, n, to);
        (void)fprintf(to, " %s\n", text);
    }
}

void weir_lin_print(const weir_lin_checker *c, FILE *to) {
    (void)fprintf(to, "%s: %s: %s\n", c->spec.name, verdict_text[c->verdict], c->reason);
    if (c->verdict != WEIR_LIN_VIOLATION) return;
    if (c->spec.keyed) (void)fprintf(to, "  key %" PRIu64 "\n", c->win.op[0].key);
    print_start(c, to);
    print_prefix(c, to);
    print_culprit(c, to);
    print_timeline(c, to);
}
