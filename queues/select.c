/* SPDX-License-Identifier: MIT */
/* queues/select.c - see weir/select.h; the waiting is in lib/wait.c.
 *
 * Fairness   The cases are tried in a random order, Fisher's and Yates's shuffle from the inside out. Each
 *            number below k is the upper 32 bits r of a step of Marsaglia's xorshift64 (13, 7, 17), which goes
 *            through all words but 0 in a row of 2^64 - 1, as the upper half of r * k: so a number comes
 *            from floor or ceil of 2^32 / k of the values of r, and its probability is off 1 / k by less than
 *            2^-32. (Over the whole row each r comes 2^32 times but 0, once less: 2^-64 more.) An order of
 *            n cases is off 1 / n! by a factor within 1 +- n^2 / 2^32 or so, the case that comes first off
 *            1 / n by less than n / 2^32. Each thread has a word of its own, which begins with one of the
 *            kernel's random numbers.
 * Ageing     `slack` of a case: how often it may still be passed over. All ready cases can be served in
 *            time if the first one is now, unless for some s more than s cases have a slack of s or less; then
 *            the one with the least goes first. From ages of 0 that is enough where the bound is
 *            n - 1 or more: the ready cases in order of slack s0 <= s1 <= ... have sj >= j before each
 *            call. (One that is not ready counts as one whose slack is the bound.) A call that performs the first by
 *            priority leaves sj > j, less 1, for the others; one that performs the one with the least takes j
 *            and sj down by one together; and the one performed goes last, with a slack of n - 1 or more.
 *            Where a try fails, the next in the same order has its turn, and the one that failed begins anew. */
#include <weir/select.h>

#include "../lib/base.h"
#include "../lib/ctx.h"

#define WITHOUT_ALLOCATION 16
#define BOUND_SHIFT 16 /* of ageing, in the flags */

static uint32_t below(struct weir__thread *t, uint32_t n) {
    t->random ^= t->random << 13;
    t->random ^= t->random >> 7;
    t->random ^= t->random << 17;
    return (uint32_t)(((t->random >> 32) * n) >> 32);
}

static void shuffle(struct weir__thread *t, uint16_t *order, size_t n) {
    for (size_t i = 0; i < n; i++) {
        size_t j = below(t, (uint32_t)i + 1);
        order[i] = order[j];
        order[j] = (uint16_t)i;
    }
}

static int set(struct weir__node *n, const struct weir_case *c, bool look) {
    *n = (struct weir__node){ .on = c->on,
                              .elem = c->elem,
                              .op = c->op,
                              .arg = c->arg,
                              .result = WEIR_EAGAIN,
                              .look = look };
    if (c->op != WEIR_SEND && c->op != WEIR_RECV) return WEIR_EINVAL;
    if (!c->on) return 0;
    return c->on->ops->check(c->on, n);
}

typedef ptrdiff_t waiting(struct weir__node *nodes, size_t n, const uint16_t *order,
                          weir_time deadline, weir_ctx *ctx);

/* How these are waited for; NULL: objects of kinds that do not go together. */
static waiting *way(const struct weir__node *nodes, size_t n) {
    waiting *own = NULL;
    bool others = false;
    for (size_t i = 0; i < n; i++) {
        if (!nodes[i].on || weir__ctx_is(nodes[i].on)) continue;
        if (nodes[i].on->ops->wait)
            own = nodes[i].on->ops->wait;
        else
            others = true;
    }
    return !own ? weir__wait : others ? NULL : own;
}

/* ---- ageing ------------------------------------------------------------------------------------------------ */

static size_t age_of(const struct weir_case *c) { return c->result > 0 ? (size_t)c->result : 0; }

/* In counts of 0 to n; those that are not ready, and those with time left for all, are n. */
static size_t slack(const struct weir__node *node, const struct weir_case *c, size_t n,
                    size_t bound) {
    size_t age = age_of(c), left = age < bound ? bound - age : 0;
    return node->ready && left < n ? left : n;
}

/* Whether the order of priority will not do. Then *order is that of slack. `counts`: room for n + 1. */
static bool by_age(struct weir__node *nodes, uint16_t *order, uint16_t *counts,
                   const struct weir_case *cases, size_t n, size_t bound) {
    size_t sum = 0, from = 0;
    bool late = false;
    for (size_t s = 0; s <= n; s++) counts[s] = 0;
    for (size_t i = 0; i < n; i++) {
        nodes[i].ready = nodes[i].on && weir__looks_ready(&nodes[i]);
        counts[slack(&nodes[i], &cases[i], n, bound)]++;
    }
    for (size_t s = 0; s < n; s++) late |= (sum += counts[s]) > s;
    for (size_t s = 0; s <= n; s++) { /* now: where those of slack s begin */
        size_t some = counts[s];
        counts[s] = (uint16_t)from;
        from += some;
    }
    for (size_t i = 0; late && i < n; i++)
        order[counts[slack(&nodes[i], &cases[i], n, bound)]++] = (uint16_t)i;
    return late;
}

static void grow_older(struct weir__node *nodes, struct weir_case *cases, size_t n,
                       size_t performed) {
    for (size_t i = 0; i < n; i++) {
        struct weir__node *node = &nodes[i];
        if (i == performed || !node->on) continue;
        size_t age = node->ready ? age_of(&cases[i]) : 0;
        if (age < INT32_MAX && (node->ready || weir__looks_ready(node))) age++;
        cases[i].result = (int)age;
    }
    cases[performed].result = nodes[performed].result;
}

/* ---- the call ------------------------------------------------------------------------------------------------ */

struct room {
    struct weir__node *nodes;
    uint16_t *order, *counts;
};

static int prepare(const struct room *r, const struct weir_case *cases, size_t n, bool look) {
    for (size_t i = 0; i < n; i++)
        if (set(&r->nodes[i], &cases[i], look) < 0)
            return weir__misuse("weir_select", "not a case");
    return 0;
}

/* The order in which they are tried; NULL: as they stand. */
static int arrange(const struct room *r, const struct weir_case *cases, size_t n, unsigned flags,
                   const uint16_t **order) {
    unsigned bound = flags >> BOUND_SHIFT;
    *order = NULL;
    if (bound) {
        if (by_age(r->nodes, r->order, r->counts, cases, n, bound)) *order = r->order;
    } else if (n > 1 && !(flags & WEIR_SELECT_PRIORITY)) {
        struct weir__thread *self = weir__thread_self();
        if (!self) return WEIR_ENOMEM;
        shuffle(self, r->order, n);
        *order = r->order;
    }
    return 0;
}

static ptrdiff_t select_with(const struct room *r, struct weir_case *cases, size_t n,
                             weir_time deadline, weir_ctx *ctx, unsigned flags) {
    const uint16_t *order;
    int rc = prepare(r, cases, n, flags & WEIR_SELECT_READY);
    if (rc < 0) return rc;
    waiting *wait = way(r->nodes, n);
    if (!wait) return weir__misuse("weir_select", "mutex channels with other objects");
    rc = arrange(r, cases, n, flags, &order);
    if (rc < 0) return rc;
    ptrdiff_t i = wait(r->nodes, n, order, deadline, ctx);
    if (flags >> BOUND_SHIFT) {
        if (i >= 0) grow_older(r->nodes, cases, n, (size_t)i);
        return i;
    }
    if (i >= 0) cases[i].result = r->nodes[i].result;
    if (i == WEIR_EAGAIN || i == WEIR_EBUSY)
        for (size_t k = 0; k < n; k++) cases[k].result = r->nodes[k].result;
    return i;
}

static bool flags_are_good(size_t n, unsigned flags) {
    unsigned bound = flags >> BOUND_SHIFT, low = flags & ((1u << BOUND_SHIFT) - 1);
    if (bound) return low == WEIR_SELECT_PRIORITY && bound + 1 >= n;
    return (low & ~(WEIR_SELECT_PRIORITY | WEIR_SELECT_READY)) == 0;
}

ptrdiff_t weir_select(struct weir_case *cases, size_t n, weir_time deadline, weir_ctx *ctx,
                      unsigned flags) {
    struct weir__node nodes[WITHOUT_ALLOCATION];
    uint16_t order[WITHOUT_ALLOCATION], counts[WITHOUT_ALLOCATION + 1];
    struct room r = { nodes, order, counts };
    if (n > WEIR_SELECT_MAX) return WEIR_ETOOBIG;
    if ((n > 0 && !cases) || !flags_are_good(n, flags)) return WEIR_EINVAL;
    if (n <= WITHOUT_ALLOCATION) return select_with(&r, cases, n, deadline, ctx, flags);
    size_t bytes = n * (sizeof *nodes + 2 * sizeof *order) + sizeof *counts;
    r.nodes = weir__os_alloc(bytes, _Alignof(struct weir__node));
    if (!r.nodes) return WEIR_ENOMEM;
    r.order = (uint16_t *)(void *)(r.nodes + n);
    r.counts = r.order + n;
    ptrdiff_t i = select_with(&r, cases, n, deadline, ctx, flags);
    weir__os_free(r.nodes);
    return i;
}
