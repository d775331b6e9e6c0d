/* SPDX-License-Identifier: MIT */
/* queues/blocking.h - a push or pop that waits, of a structure whose waiters stand in the parking lot (lib/lot.c) and are
 * counted in a word of its own: weir_mpmc, weir_queue, weir_mpsc. What a publisher has to do, and why nobody sleeps
 * beside what he waits for, each says in its own file. */
#ifndef WEIR_QUEUES_BLOCKING_H
#define WEIR_QUEUES_BLOCKING_H

#include "../lib/ctx.h"
#include "../lib/thread.h"

/* One blocking call: which operation, and on what. */
struct weir__blocking {
    const struct weir__blocking_kind *kind;
    void *object;
    uint64_t side; /* WEIR__POPPERS or WEIR__PUSHERS: what this waiter adds to the word */
    void *elems;   /* read only by a push */
    size_t n;      /* 0: a single one */
};

struct weir__blocking_kind {
    const char *pops, *pushes; /* for weir_waiters_dump */
    /* The operation: a count, 0 or a code. WEIR_EAGAIN and WEIR_EBUSY: not yet. */
    ptrdiff_t (*attempt)(const struct weir__blocking *b);
    /* Polls for a moment whether that is worth trying. */
    bool (*spin)(struct weir__blocking *b, struct weir__thread *self, weir_time deadline);
    /* The last look of a waiter that has announced itself. */
    bool (*ready)(const struct weir__blocking *b);
    /* A waiter that may have been woken leaves for another reason. */
    void (*leaves)(const struct weir__blocking *b);
};

/* The word: how many wait on each side. */
#define WEIR__POPPERS UINT64_C(1)
#define WEIR__PUSHERS (UINT64_C(1) << 31)
static inline size_t weir__poppers(uint64_t word) { return (size_t)(word & (WEIR__PUSHERS - 1)); }
static inline size_t weir__pushers(uint64_t word) {
    return (size_t)(word / WEIR__PUSHERS & (WEIR__PUSHERS - 1));
}

/* After an attempt that failed: waits and tries until the operation is done, or cannot be. */
ptrdiff_t weir__blocking_until(struct weir__blocking *b, uint64_t key, weir_au64 *word,
                               weir_time deadline, weir_ctx *ctx);

/* The one place that says how a failed try, a deadline and a context meet (rulings 1 and 3). */
static inline ptrdiff_t weir__blocking_attempt(const struct weir__blocking *b, weir_ctx *ctx) {
    int err = weir_ctx_err(ctx);
    return err ? err : b->kind->attempt(b);
}
static inline bool weir__blocking_undone(ptrdiff_t rc) {
    return rc == WEIR_EAGAIN || rc == WEIR_EBUSY;
}

/* The whole call. `key` is that of the waiters of `word` in the lot. */
static inline ptrdiff_t weir__blocking_call(struct weir__blocking *b, uint64_t key, weir_au64 *word,
                                            weir_time deadline, weir_ctx *ctx) {
    ptrdiff_t rc = weir__blocking_attempt(b, ctx);
    if (!weir__blocking_undone(rc) || deadline == WEIR_NOW) return rc;
    return weir__blocking_until(b, key, word, weir__ctx_until(ctx, deadline), ctx);
}

#endif
