/* SPDX-License-Identifier: MIT */
/* queues/select.c - see weir/select.h; the waiting is in lib/wait.c.
 *
 * Fairness   The cases are tried in a random order, Fisher's and Yates's shuffle: from the inside out, or for few cases
 *            one after the other as they are drawn. Each number below k is the upper 32 bits r of a word of
 *            Marsaglia's xorshift64 (13, 7, 17), which goes through all words but 0 in a row of 2^64 - 1, as the upper
 *            half of r * k: so a number comes from floor or ceil of 2^32 / k of the values of r, and its probability
 *            is off 1 / k by less than 2^-32. (Over the whole row each r comes 2^32 times but 0, once less: 2^-64
 *            more.) An order of n cases is off 1 / n! by a factor within 1 +- n^2 / 2^32 or so, the case that comes
 *            first off 1 / n by less than n / 2^32. Each thread has a word of its own, which begins with one of the
 *            kernel's random numbers.
 * First try  Most selects find something ready, and then need no node that outlives a try: up to 16 cases are checked,
 *            all of them, and then tried one after the other in one node. What is found so is what a call that
 *            goes the long way would have found: no case was queued. If none was ready, the call goes on with all
 *            nodes, in a new order, where the long way would be after its first round.
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
#include "chan.h"

#define WITHOUT_ALLOCATION 16
#define BOUND_SHIFT 16 /* of ageing, in the flags */

static uint32_t below(struct weir__thread *t, uint32_t n) {
    uint64_t word = t->random,
             drawn = (word >> 32) * n >> 32; /* of the one before: is there at once */
    word ^= word << 13;
    word ^= word >> 7;
    t->random = word ^ word << 17;
    return (uint32_t)drawn;
}

static void shuffle(struct weir__thread *t, uint16_t *order, size_t n) {
    for (size_t i = 0; i < n; i++) {
        size_t j = below(t, (uint32_t)i + 1);
        order[i] = order[j];
        order[j] = (uint16_t)i;
    }
}

/* Most are of channels: no call then. */
static int check(const weir_waitable *on, const struct weir__node *n) {
    if (on->ops->check == weir__chan_check) return weir__chan_check_known(on, n);
    return on->ops->check(on, n);
}

/* Makes the node of a case; WEIR_EINVAL: it is none. */
static int set(struct weir__node *n, const struct weir_case *c, bool look) {
    weir__node_set(n, c->on, c->op, c->elem, c->arg);
    n->look = look;
    if (c->op != WEIR_SEND && c->op != WEIR_RECV) return WEIR_EINVAL;
    return c->on ? check(c->on, n) : 0;
}

static int not_a_case(void) { return weir__misuse("weir_select", "not a case"); }

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

/* ---- a first try ----------------------------------------------------------------------------------------- */

/* What waits in its own way, and what has to know which of several objects have changed since (S02, at one instant),
 * goes the long way from the start. */

enum { SLOW = 1 << 20 }; /* no index, no code: to be done with all nodes */

static bool needs_nodes(const struct weir_case *c, size_t n, weir_time deadline) {
    const struct weir__waitable_ops *ops = c->on->ops;
    return ops->wait || (deadline == WEIR_NOW && n > 1 && ops->unchanged);
}

/* 0, SLOW, or WEIR_EINVAL. */
static int check_each(struct weir__node *node, const struct weir_case *cases, size_t n,
                      weir_time deadline) {
    for (size_t i = 0; i < n; i++) {
        const struct weir_case *c = &cases[i];
        node->op = c->op;
        node->elem = c->elem;
        node->arg = c->arg;
        if (c->op != WEIR_SEND && c->op != WEIR_RECV) return not_a_case();
        if (!c->on) continue;
        if (needs_nodes(c, n, deadline)) return SLOW;
        if (check(c->on, node) < 0) return not_a_case();
    }
    return 0;
}

/* Fisher's and Yates's shuffle of up to 16 numbers, each four bits of *deck, from the other end and only as far as it
 * is needed: one of the first `left`, which the last of those replaces. */
static size_t draw(struct weir__thread *t, uint64_t *deck, size_t left) {
    unsigned at = 4 * below(t, (uint32_t)left);
    uint64_t drawn = *deck >> at & 15, last = *deck >> 4 * (left - 1) & 15;
    *deck ^= (drawn ^ last) << at;
    return (size_t)drawn;
}

static ptrdiff_t not_ready(struct weir_case *cases, size_t n, uint32_t busy) {
    for (size_t i = 0; i < n; i++) cases[i].result = busy >> i & 1 ? WEIR_EBUSY : WEIR_EAGAIN;
    return busy ? WEIR_EBUSY : WEIR_EAGAIN;
}

/* The index of the case performed; a code; or SLOW: nothing was done, but, if *tried, each case was tried. */
static ptrdiff_t try_each(struct weir_case *cases, size_t n, weir_time deadline, weir_ctx *ctx,
                          unsigned flags, bool *tried) {
    struct weir__node node;
    struct weir__call call = { .self = NULL };
    struct weir__thread *self = NULL;
    uint64_t deck = UINT64_C(0xfedcba9876543210);
    uint32_t busy = 0;
    weir__node_set(&node, NULL, 0, NULL, 0);
    node.look = flags & WEIR_SELECT_READY;
    int rc = check_each(&node, cases, n, deadline);
    if (rc) return rc;
    if (n > 1 && !(flags & WEIR_SELECT_PRIORITY) && !(self = weir__thread_self()))
        return WEIR_ENOMEM;
    if ((rc = weir__ctx_err(ctx)) < 0) return rc;
    for (size_t k = 0; k < n; k++) {
        size_t i = self ? draw(self, &deck, n - k) : k;
        const struct weir_case *c = &cases[i];
        if (!c->on) continue;
        node.on = c->on;
        node.elem = c->elem;
        node.op = c->op;
        node.arg = c->arg;
        rc = weir__attempt(&node, &call);
        if (rc != WEIR_EAGAIN && rc != WEIR_EBUSY) {
            cases[i].result = rc;
            return (ptrdiff_t)i;
        }
        busy |= (uint32_t)(rc == WEIR_EBUSY) << i;
    }
    if (deadline == WEIR_NOW) return not_ready(cases, n, busy);
    if (deadline != WEIR_FOREVER && weir__os_now() >= deadline) return WEIR_ETIMEDOUT;
    *tried = true;
    return SLOW;
}

/* ---- the call ------------------------------------------------------------------------------------------------ */

struct room {
    struct weir__node *nodes;
    uint16_t *order, *counts;
};

static int prepare(const struct room *r, const struct weir_case *cases, size_t n, bool look) {
    for (size_t i = 0; i < n; i++)
        if (set(&r->nodes[i], &cases[i], look) < 0) return not_a_case();
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
                             weir_time deadline, weir_ctx *ctx, unsigned flags, bool tried) {
    const uint16_t *order;
    int rc = prepare(r, cases, n, flags & WEIR_SELECT_READY);
    if (rc < 0) return rc;
    waiting *wait = way(r->nodes, n);
    if (!wait) return weir__misuse("weir_select", "mutex channels with other objects");
    rc = arrange(r, cases, n, flags, &order);
    if (rc < 0) return rc;
    if (tried) wait = weir__wait_on;
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

/* With room for 16 nodes. */
static __attribute__((noinline)) ptrdiff_t select_few(struct weir_case *cases, size_t n,
                                                      weir_time deadline, weir_ctx *ctx,
                                                      unsigned flags, bool tried) {
    struct weir__node nodes[WITHOUT_ALLOCATION];
    uint16_t order[WITHOUT_ALLOCATION], counts[WITHOUT_ALLOCATION + 1];
    struct room r = { nodes, order, counts };
    return select_with(&r, cases, n, deadline, ctx, flags, tried);
}

static ptrdiff_t select_many(struct weir_case *cases, size_t n, weir_time deadline, weir_ctx *ctx,
                             unsigned flags) {
    struct room r;
    size_t bytes = n * (sizeof *r.nodes + 2 * sizeof *r.order) + sizeof *r.counts;
    r.nodes = weir__os_alloc(bytes, _Alignof(struct weir__node));
    if (!r.nodes) return WEIR_ENOMEM;
    r.order = (uint16_t *)(void *)(r.nodes + n);
    r.counts = r.order + n;
    ptrdiff_t i = select_with(&r, cases, n, deadline, ctx, flags, false);
    weir__os_free(r.nodes);
    return i;
}

ptrdiff_t weir_select(struct weir_case *cases, size_t n, weir_time deadline, weir_ctx *ctx,
                      unsigned flags) {
    if (n > WEIR_SELECT_MAX) return WEIR_ETOOBIG;
    if ((n > 0 && !cases) || !flags_are_good(n, flags)) return WEIR_EINVAL;
    if (n > WITHOUT_ALLOCATION) return select_many(cases, n, deadline, ctx, flags);
    bool tried = false;
    if (!(flags >> BOUND_SHIFT)) {
        ptrdiff_t i = try_each(cases, n, deadline, ctx, flags, &tried);
        if (i != SLOW) return i;
    }
    return select_few(cases, n, deadline, ctx, flags, tried);
}
