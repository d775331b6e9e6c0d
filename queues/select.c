/* SPDX-License-Identifier: MIT */
/* queues/select.c - see weir/select.h; the waiting is in lib/wait.c.
 *
 * Fairness: the cases are tried in a random order, each permutation as likely as any other (Fisher and
 * Yates, with Lemire's bounded numbers), drawn from a generator of the thread's own. */
#include <weir/select.h>

#include "../lib/base.h"
#include "../lib/ctx.h"

#define WITHOUT_ALLOCATION 16

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

static int set(struct weir__node *n, const struct weir_case *c) {
    *n = (struct weir__node){
        .on = c->on, .elem = c->elem, .op = c->op, .arg = c->arg, .result = WEIR_EAGAIN
    };
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

static ptrdiff_t select_with(struct weir__node *nodes, uint16_t *order, struct weir_case *cases,
                             size_t n, weir_time deadline, weir_ctx *ctx, unsigned flags) {
    for (size_t i = 0; i < n; i++)
        if (set(&nodes[i], &cases[i]) < 0) return weir__misuse("weir_select", "not a case");
    waiting *wait = way(nodes, n);
    if (!wait) return weir__misuse("weir_select", "mutex channels with other objects");
    bool shuffled = n > 1 && !(flags & WEIR_SELECT_PRIORITY);
    if (shuffled) {
        struct weir__thread *self = weir__thread_self();
        if (!self) return WEIR_ENOMEM;
        shuffle(self, order, n);
    }
    ptrdiff_t i = wait(nodes, n, shuffled ? order : NULL, deadline, ctx);
    if (i >= 0) cases[i].result = nodes[i].result;
    if (i == WEIR_EAGAIN || i == WEIR_EBUSY)
        for (size_t k = 0; k < n; k++) cases[k].result = nodes[k].result;
    return i;
}

ptrdiff_t weir_select(struct weir_case *cases, size_t n, weir_time deadline, weir_ctx *ctx,
                      unsigned flags) {
    struct weir__node nodes[WITHOUT_ALLOCATION];
    uint16_t order[WITHOUT_ALLOCATION];
    if (n > WEIR_SELECT_MAX) return WEIR_ETOOBIG;
    if ((n > 0 && !cases) || flags & ~WEIR_SELECT_PRIORITY) return WEIR_EINVAL;
    if (n <= WITHOUT_ALLOCATION) return select_with(nodes, order, cases, n, deadline, ctx, flags);
    size_t bytes = n * (sizeof *nodes + sizeof *order);
    struct weir__node *many = weir__os_alloc(bytes, _Alignof(struct weir__node));
    if (!many) return WEIR_ENOMEM;
    ptrdiff_t i = select_with(many, (uint16_t *)(void *)(many + n), cases, n, deadline, ctx, flags);
    weir__os_free(many);
    return i;
}
