/* SPDX-License-Identifier: MIT */
/* stress/lin/window.c - the search: is there an order of one window's operations that the
 * specification accepts?
 *
 *   list   head <-> call 0 <-> call 1 <-> return 0 <-> call 2 <-> return 1 <-> return 2 <-> end
 *
 * The calls that stand before the first return in the list are those that may come next. One is
 * tried on the current state; if it is accepted and the configuration is new, both its entries are
 * lifted out of the list, and the search goes on from the head. At the first return nothing more
 * can come before it: the last operation placed is put back, and the search goes on behind its
 * call. (Wing and Gong's search with Lowe's memo, in the form of Horn and Kroening.)
 *
 * Invariants
 *   I1  The list holds exactly the entries of the operations that are not placed, in stamp order,
 *       calls before returns at equal stamps (intervals are closed). A pending operation has no
 *       return.
 *   I2  Whatever the memo holds has been searched, or is on the stack: so a configuration seen
 *       before is skipped, for every starting state in turn.
 *   I3  Program order is asked of apart (window.before), since widened intervals of one thread may
 *       overlap.
 *   I4  Running out of budget ends the search as such, never as "found" or "impossible". */
#include "check.h"

#include <string.h>

#define ENTRIES (2 * WEIR_LIN_WINDOW + 2)
#define HEAD 0
#define NO_OP 255

struct entry {
    uint8_t next, prev;
    uint8_t op;    /* NO_OP: head, end */
    uint8_t match; /* of a call: its return, 0: none. Of anything else: 0 */
    bool call;
};

struct frame {
    uint32_t config; /* before the call was placed */
    uint8_t entry;
    unsigned choice;
};

struct search {
    struct weir_lin_checker *c;
    struct entry e[ENTRIES];
    struct frame stack[WEIR_LIN_WINDOW];
    unsigned depth;
    uint32_t now; /* current configuration */
};

/* ---- the list -------------------------------------------------------------------------------- */

struct event {
    uint64_t at;
    uint8_t op;
    bool call;
};

static bool event_before(const struct event *a, const struct event *b) {
    if (a->at != b->at) return a->at < b->at;
    return a->call && !b->call;
}

/* Insertion sort: a window comes in the order of its calls, nearly sorted. */
static unsigned sorted_events(const struct lin_window *w, struct event *ev) {
    unsigned n = 0;
    for (unsigned i = 0; i < w->n; i++) {
        for (int end = 0; end < (w->op[i].pending ? 1 : 2); end++) {
            struct event x = { end ? w->op[i].ret : w->op[i].call, (uint8_t)i, end == 0 };
            unsigned at = n++;
            for (; at > 0 && event_before(&x, &ev[at - 1]); at--) ev[at] = ev[at - 1];
            ev[at] = x;
        }
    }
    return n;
}

static void build_list(struct search *s) {
    struct event ev[ENTRIES];
    uint8_t call_of[WEIR_LIN_WINDOW];
    unsigned n = sorted_events(&s->c->win, ev);
    for (unsigned i = 0; i <= n + 1; i++)
        s->e[i] = (struct entry){ .next = (uint8_t)(i + 1),
                                  .prev = (uint8_t)(i ? i - 1 : 0),
                                  .op = NO_OP };
    for (unsigned i = 0; i < n; i++) {
        struct entry *e = &s->e[i + 1];
        e->op = ev[i].op;
        e->call = ev[i].call;
        if (e->call)
            call_of[e->op] = (uint8_t)(i + 1);
        else
            s->e[call_of[e->op]].match = (uint8_t)(i + 1);
    }
}

static void unlink_entry(struct search *s, uint8_t i) {
    s->e[s->e[i].prev].next = s->e[i].next;
    s->e[s->e[i].next].prev = s->e[i].prev;
}

static void relink_entry(struct search *s, uint8_t i) {
    s->e[s->e[i].prev].next = i;
    s->e[s->e[i].next].prev = i;
}

static void lift(struct search *s, uint8_t call) {
    unlink_entry(s, call);
    if (s->e[call].match) unlink_entry(s, s->e[call].match);
}

static void unlift(struct search *s, uint8_t call) {
    if (s->e[call].match) relink_entry(s, s->e[call].match);
    relink_entry(s, call);
}

/* ---- the search ------------------------------------------------------------------------------ */

/* Places the operation of this call with one of its choices from *choice on. The new configuration;
 * LIN_NONE: refused or seen before; LIN_FULL. */
static uint32_t place(struct search *s, uint8_t call, unsigned *choice) {
    struct weir_lin_checker *c = s->c;
    unsigned op = s->e[call].op;
    uint64_t placed = c->memo.config[s->now].placed;
    if (c->win.before[op] & ~placed) return LIN_NONE;
    placed |= UINT64_C(1) << op;
    for (; *choice < c->win.choices[op]; ++*choice) {
        const void *state = lin_memo_state(&c->memo, s->now);
        lin_copy(&c->spec, c->scratch, state);
        int yes = c->spec.step(c->spec.arg, &c->win.op[op], *choice, state, c->scratch);
        if (yes < 0) c->memo.spec_bound = true;
        if (yes < 0) return LIN_FULL;
        if (!yes) continue;
        uint32_t next = lin_memo_add(&c->memo, placed, c->scratch, s->now, op);
        if (next != LIN_NONE) return next;
    }
    return LIN_NONE;
}

static void note_best(struct weir_lin_checker *c, uint32_t config) {
    if (c->best == LIN_NONE || __builtin_popcountll(c->memo.config[config].placed) >
                                   __builtin_popcountll(c->memo.config[c->best].placed))
        c->best = config;
}

static bool is_goal(const struct search *s) {
    uint64_t must = s->c->win.must;
    return (s->c->memo.config[s->now].placed & must) == must;
}

static enum lin_outcome search_from(struct search *s, uint32_t root) {
    s->now = root;
    s->depth = 0;
    note_best(s->c, root);
    if (is_goal(s)) return LIN_FOUND;
    uint8_t at = s->e[HEAD].next;
    for (unsigned choice = 0;;) {
        uint32_t next = LIN_NONE;
        if (s->e[at].call) {
            next = place(s, at, &choice);
            if (next == LIN_FULL) return LIN_OUT_OF_BUDGET;
        } else {
            if (s->depth == 0) return LIN_IMPOSSIBLE;
            const struct frame *f = &s->stack[--s->depth];
            s->now = f->config;
            at = f->entry;
            choice = f->choice + 1;
            unlift(s, at);
            continue;
        }
        if (next == LIN_NONE) {
            at = s->e[at].next;
        } else {
            s->stack[s->depth++] = (struct frame){ s->now, at, choice };
            lift(s, at);
            s->now = next;
            note_best(s->c, next);
            if (s->c->win.last && is_goal(s)) return LIN_FOUND;
            at = s->e[HEAD].next;
        }
        choice = 0;
    }
}

/* Where all end states are wanted, "found" is read from the configurations afterwards. */
static bool found_any(const struct weir_lin_checker *c) {
    for (uint32_t i = 0; i < c->memo.n; i++)
        if ((c->memo.config[i].placed & c->win.must) == c->win.must) return true;
    return false;
}

enum lin_outcome lin_window_search(struct weir_lin_checker *c) {
    struct search s;
    s.c = c;
    lin_memo_clear(&c->memo);
    c->best = LIN_NONE;
    build_list(&s);
    for (uint32_t i = 0; i < c->nstates; i++) {
        uint32_t root = lin_memo_add(&c->memo, 0, c->states + i * c->memo.stride, LIN_NONE, 0);
        if (root == LIN_NONE) continue;
        if (root == LIN_FULL) return LIN_OUT_OF_BUDGET;
        enum lin_outcome o = search_from(&s, root);
        if (o == LIN_OUT_OF_BUDGET || (o == LIN_FOUND && c->win.last)) return o;
    }
    return found_any(c) ? LIN_FOUND : LIN_IMPOSSIBLE;
}

int lin_window_culprit(const struct weir_lin_checker *c) {
    int first = -1;
    uint64_t left = c->win.must & ~c->memo.config[c->best].placed;
    for (unsigned i = 0; i < c->win.n; i++) {
        if (!(left >> i & 1)) continue;
        if (first < 0 || c->win.op[i].ret < c->win.op[first].ret) first = (int)i;
    }
    return first;
}
