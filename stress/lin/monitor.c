/* SPDX-License-Identifier: MIT */
/* stress/lin/monitor.c - see monitor.h.
 *
 * Each value becomes an item: the intervals of its push and of its pop. A value that was never
 * popped has a pop at the end of time; unless some pop never returned, which may have taken it:
 * then its pop may have begun when the first of those did, which is the latest that is certain.
 *
 * The patterns are those of Henzinger, Sezgin and Vafeiadis (Aspect-oriented linearizability
 * proofs), and for a bounded queue a count. An instant is any point of time, not only a stamp, and
 * intervals are closed, so a value is certainly inside only strictly between its push's ret and its
 * pop's call. */
#include "monitor.h"

#include "specs.h"

#include <inttypes.h>
#include <stdlib.h>

#define NEVER UINT64_MAX
#define NO_EVENT SIZE_MAX

struct item {
    uint64_t value;
    uint64_t push_call, push_ret, pop_call, pop_ret;
    size_t push, pop; /* events, or NO_EVENT */
};

struct monitor {
    const struct weir_lin_event *ev;
    size_t n;
    uint64_t cap;
    struct weir_lin_finding *out;
    uint64_t first_popping; /* call of the first pop that never returned, or NEVER */
    struct item *items;
    size_t nitems;
    struct item *by_ret; /* the same, by push_ret */
    size_t *order;       /* events, by value */
};

static enum weir_lin_verdict malformed(struct monitor *m, const char *reason) {
    m->out->reason = reason;
    return WEIR_LIN_MALFORMED;
}

static enum weir_lin_verdict found(struct monitor *m, enum weir_lin_pattern p, size_t a, size_t b,
                                   size_t c, size_t d) {
    const size_t all[4] = { a, b, c, d };
    m->out->pattern = p;
    for (int i = 0; i < 4; i++)
        if (all[i] != NO_EVENT) m->out->event[m->out->nevents++] = all[i];
    return WEIR_LIN_VIOLATION;
}

/* ---- items: fresh, repeat -------------------------------------------------------------------- */

struct tagged {
    uint64_t value;
    uint32_t kind;
    size_t event;
};

static int tagged_order(const void *a, const void *b) {
    const struct tagged *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    return x->kind < y->kind ? -1 : x->kind > y->kind;
}

/* The push, and the pop if there is one, of one value: at g[0], g[1]. */
static enum weir_lin_verdict add_item(struct monitor *m, const struct tagged *g, size_t n) {
    const struct weir_lin_event *e = m->ev;
    if (g[0].kind != WEIR_LIN_PUSHED)
        return found(m, WEIR_LIN_FRESH, g[0].event, NO_EVENT, NO_EVENT, NO_EVENT);
    if (n > 1 && g[1].kind == WEIR_LIN_PUSHED) return malformed(m, "a value was pushed twice");
    if (n > 2) return found(m, WEIR_LIN_REPEAT, g[1].event, g[2].event, g[0].event, NO_EVENT);
    const struct weir_lin_event *push = &e[g[0].event], *pop = n > 1 ? &e[g[1].event] : NULL;
    if (!pop && push->ret == NEVER) return WEIR_LIN_OK; /* may not have taken effect */
    struct item *it = &m->items[m->nitems++];
    *it = (struct item){ g[0].value, push->call, push->ret, m->first_popping,
                         NEVER,      g[0].event, NO_EVENT };
    if (!pop) return WEIR_LIN_OK;
    if (pop->ret < push->call)
        return found(m, WEIR_LIN_FRESH, g[1].event, g[0].event, NO_EVENT, NO_EVENT);
    it->pop_call = pop->call;
    it->pop_ret = pop->ret;
    it->pop = g[1].event;
    if (it->push_ret > pop->ret) it->push_ret = pop->ret; /* it had taken effect by then */
    return WEIR_LIN_OK;
}

static enum weir_lin_verdict make_items(struct monitor *m, struct tagged *t) {
    size_t n = 0;
    for (size_t i = 0; i < m->n; i++) {
        const struct weir_lin_event *e = &m->ev[i];
        if (e->ret < e->call && e->kind != WEIR_LIN_POPPING)
            return malformed(m, "an event returns before it is called");
        if (e->kind == WEIR_LIN_POPPING && e->call < m->first_popping) m->first_popping = e->call;
        if (e->kind <= WEIR_LIN_POPPED) t[n++] = (struct tagged){ e->value, e->kind, i };
    }
    if (n > 1) qsort(t, n, sizeof *t, tagged_order);
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && t[to].value == t[from].value;) to++;
        enum weir_lin_verdict v = add_item(m, t + from, to - from);
        if (v != WEIR_LIN_OK) return v;
    }
    return WEIR_LIN_OK;
}

/* ---- order ----------------------------------------------------------------------------------- */

static int push_call_order(const void *a, const void *b) {
    const struct item *x = a, *y = b;
    return x->push_call < y->push_call ? -1 : x->push_call > y->push_call;
}
static int push_ret_order(const void *a, const void *b) {
    const struct item *x = a, *y = b;
    return x->push_ret < y->push_ret ? -1 : x->push_ret > y->push_ret;
}

/* For each b, of all a whose push returned before b's was called, the one that is popped last. */
static enum weir_lin_verdict check_order(struct monitor *m) {
    const struct item *last = NULL;
    size_t k = 0;
    for (size_t i = 0; i < m->nitems; i++) {
        const struct item *b = &m->items[i];
        for (; k < m->nitems && m->by_ret[k].push_ret < b->push_call; k++)
            if (!last || m->by_ret[k].pop_call > last->pop_call) last = &m->by_ret[k];
        if (last && b->pop != NO_EVENT && last->pop_call > b->pop_ret)
            return found(m, WEIR_LIN_ORDER, last->push, b->push, b->pop, last->pop);
    }
    return WEIR_LIN_OK;
}

/* ---- empty ----------------------------------------------------------------------------------- */

struct span {
    uint64_t from, to;
}; /* open */

/* The instants at which some value is certainly inside, as disjoint open spans in order. */
static size_t certain_spans(const struct monitor *m, struct span *s) {
    size_t n = 0;
    for (size_t i = 0; i < m->nitems; i++) { /* by push_ret */
        struct span x = { m->by_ret[i].push_ret, m->by_ret[i].pop_call };
        if (x.from >= x.to) continue;
        if (n > 0 && x.from < s[n - 1].to) {
            if (x.to > s[n - 1].to) s[n - 1].to = x.to;
        } else {
            s[n++] = x;
        }
    }
    return n;
}

static enum weir_lin_verdict check_empty(struct monitor *m, struct span *s) {
    size_t n = certain_spans(m, s);
    for (size_t i = 0; i < m->n; i++) {
        const struct weir_lin_event *e = &m->ev[i];
        if (e->kind != WEIR_LIN_SAID_EMPTY) continue;
        size_t lo = 0, hi = n; /* spans below lo begin before the pop */
        while (lo < hi) {
            size_t mid = lo + (hi - lo) / 2;
            if (s[mid].from < e->call)
                lo = mid + 1;
            else
                hi = mid;
        }
        if (lo > 0 && s[lo - 1].to > e->ret)
            return found(m, WEIR_LIN_FALSE_EMPTY, i, NO_EVENT, NO_EVENT, NO_EVENT);
    }
    return WEIR_LIN_OK;
}

/* ---- full ------------------------------------------------------------------------------------ */

/* How many values may be inside at an instant: pushes called by then, less pops that returned
 * before. It grows only at a push's call, so its greatest value over an interval is at the
 * beginning or at such a call: a tree of maxima over the pushes in the order of their calls. */
struct counts {
    size_t n;
    uint64_t *calls, *rets; /* sorted */
    size_t nrets;
    int64_t *tree; /* leaves at n to 2n - 1 */
};

static int word_order(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* How many of the sorted words are below v. */
static size_t below(const uint64_t *w, size_t n, uint64_t v) {
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (w[mid] < v)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static size_t up_to(const uint64_t *w, size_t n, uint64_t v) {
    return v == UINT64_MAX ? n : below(w, n, v + 1);
}

static int64_t inside_at(const struct counts *k, uint64_t t) {
    return (int64_t)up_to(k->calls, k->n, t) - (int64_t)below(k->rets, k->nrets, t);
}

static void counts_build(struct monitor *m, struct counts *k) {
    for (size_t i = 0; i < m->n; i++) {
        if (m->ev[i].kind == WEIR_LIN_PUSHED) k->calls[k->n++] = m->ev[i].call;
        if (m->ev[i].kind == WEIR_LIN_POPPED) k->rets[k->nrets++] = m->ev[i].ret;
    }
    if (k->n > 1) qsort(k->calls, k->n, sizeof *k->calls, word_order);
    if (k->nrets > 1) qsort(k->rets, k->nrets, sizeof *k->rets, word_order);
    for (size_t i = 0; i < k->n; i++) k->tree[k->n + i] = inside_at(k, k->calls[i]);
    for (size_t i = k->n; i-- > 1;)
        k->tree[i] = k->tree[2 * i] > k->tree[2 * i + 1] ? k->tree[2 * i] : k->tree[2 * i + 1];
}

static int64_t most_inside(const struct counts *k, uint64_t from, uint64_t to) {
    int64_t most = inside_at(k, from);
    size_t lo = below(k->calls, k->n, from) + k->n, hi = up_to(k->calls, k->n, to) + k->n;
    for (; lo < hi; lo /= 2, hi /= 2) {
        if (lo % 2) {
            if (k->tree[lo] > most) most = k->tree[lo];
            lo++;
        }
        if (hi % 2) {
            hi--;
            if (k->tree[hi] > most) most = k->tree[hi];
        }
    }
    return most;
}

static enum weir_lin_verdict check_full(struct monitor *m, uint64_t *words, int64_t *tree) {
    struct counts k = { .calls = words, .rets = words + m->n, .tree = tree };
    if (m->cap == 0) return WEIR_LIN_OK;
    counts_build(m, &k);
    for (size_t i = 0; i < m->n; i++) {
        const struct weir_lin_event *e = &m->ev[i];
        if (e->kind != WEIR_LIN_SAID_FULL) continue;
        if (most_inside(&k, e->call, e->ret) < (int64_t)m->cap)
            return found(m, WEIR_LIN_FALSE_FULL, i, NO_EVENT, NO_EVENT, NO_EVENT);
    }
    return WEIR_LIN_OK;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static enum weir_lin_verdict check_all(struct monitor *m, char *memory) {
    enum weir_lin_verdict v = make_items(m, (struct tagged *)(void *)memory);
    if (v != WEIR_LIN_OK) return v;
    for (size_t i = 0; i < m->nitems; i++) m->by_ret[i] = m->items[i];
    if (m->nitems > 1) {
        qsort(m->items, m->nitems, sizeof *m->items, push_call_order);
        qsort(m->by_ret, m->nitems, sizeof *m->by_ret, push_ret_order);
    }
    v = check_order(m);
    if (v == WEIR_LIN_OK) v = check_empty(m, (struct span *)(void *)memory);
    if (v == WEIR_LIN_OK)
        v = check_full(m, (uint64_t *)(void *)memory, (int64_t *)(void *)memory + 2 * m->n);
    return v;
}

enum weir_lin_verdict weir_lin_monitor(const struct weir_lin_event *ev, size_t n, uint64_t cap,
                                       struct weir_lin_finding *out) {
    struct monitor m = { .ev = ev, .n = n, .cap = cap, .out = out, .first_popping = NEVER };
    enum weir_lin_verdict v = WEIR_LIN_UNKNOWN;
    *out = (struct weir_lin_finding){ .reason = "out of memory" };
    m.items = calloc(n + 1, sizeof *m.items);
    m.by_ret = calloc(n + 1, sizeof *m.by_ret);
    char *memory = calloc(n + 1, 32); /* of each step in turn: 24, 16 and 32 bytes an event */
    if (m.items && m.by_ret && memory) {
        out->reason = NULL;
        v = check_all(&m, memory);
    }
    free(m.items);
    free(m.by_ret);
    free(memory);
    return v;
}

void weir_lin_monitor_print(const struct weir_lin_finding *f, const struct weir_lin_event *ev,
                            FILE *to) {
    static const char *const patterns[] = {
        "no pattern found",
        "FRESH: popped, but never pushed before",
        "REPEAT: popped twice",
        "ORDER: pushed first, but popped later or never",
        "EMPTY: said though some value was inside all the time",
        "FULL: said though there was room all the time",
    };
    static const char *const kinds[] = { "push", "pop", "pop never returned", "pop said empty",
                                         "push said full" };
    (void)fprintf(to, "queue: %s\n", f->reason ? f->reason : patterns[f->pattern]);
    for (size_t i = 0; i < f->nevents; i++) {
        const struct weir_lin_event *e = &ev[f->event[i]];
        (void)fprintf(to, "  T%" PRIu32 " [%" PRIu64 " %" PRIu64 "] %s", e->thread, e->call, e->ret,
                      kinds[e->kind]);
        if (e->kind <= WEIR_LIN_POPPED) (void)fprintf(to, " %" PRIu64, e->value);
        (void)fprintf(to, "\n");
    }
}

/* ---- from recorded rings --------------------------------------------------------------------- */

static size_t moved(const struct weir_lin_op *op) {
    bool batch = op->kind == WEIR_LIN_PUSH_N || op->kind == WEIR_LIN_POP_N;
    if (op->pending) return op->kind == WEIR_LIN_PUSH || op->kind == WEIR_LIN_PUSH_N ? op->nin : 1;
    if (op->result < 0) return 0;
    return batch ? (size_t)op->result : 1;
}

size_t weir_lin_monitor_events(const struct weir_lin_op *ops, size_t n,
                               struct weir_lin_event *out) {
    size_t made = 0;
    for (size_t i = 0; i < n; i++) {
        const struct weir_lin_op *op = &ops[i];
        bool push = op->kind == WEIR_LIN_PUSH || op->kind == WEIR_LIN_PUSH_N;
        if (!push && op->kind != WEIR_LIN_POP && op->kind != WEIR_LIN_POP_N) continue;
        struct weir_lin_event e = { op->call, op->pending ? NEVER : op->ret, 0, WEIR_LIN_PUSHED,
                                    op->thread };
        size_t k = moved(op);
        if (!push) e.kind = op->pending ? WEIR_LIN_POPPING : WEIR_LIN_POPPED;
        for (size_t j = 0; j < k && j < WEIR_LIN_VALUES; j++) {
            e.value = op->pending && !push ? 0 : push ? op->in[j] : op->out[j];
            out[made++] = e;
        }
        if (k > 0 || op->result >= 0) continue;
        bool full = push && op->result == WEIR_EAGAIN;
        bool empty = !push && (op->result == WEIR_EAGAIN || op->result == WEIR_ECLOSED);
        e.kind = full ? WEIR_LIN_SAID_FULL : WEIR_LIN_SAID_EMPTY;
        if (full || empty) out[made++] = e;
    }
    return made;
}
