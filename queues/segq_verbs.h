/* SPDX-License-Identifier: MIT */
/* queues/segq_verbs.h - the public verbs of weir/queue.h and weir/mpsc.h, which are the same but for who pops: a file
 * that includes this says QUEUE, the type, VERB(name), the whole name of a verb, POP and POP_ONE, and SHAPE, of those
 * that its users make. */
#include "../lib/base.h"
#include "segq.h"

struct QUEUE {
    struct weir__segq q;
};

/* The consumer's calls, where there is one: another that is inside at the same time is found out (debug builds).
 * Relaxed: who is given the role by an edge sees that the one before has left; others are what this looks for. The
 * explorer counts each access as a step, and these are no part of the algorithm. */
#if defined(WEIR_DEBUG) && !defined(WEIR_MODEL)
static bool enter(struct weir__segq *q) {
    if (!q->single || weir_fetch_or_relaxed(&q->consuming, 1) == 0) return true;
    (void)weir__misuse("weir_mpsc", "two threads at once in the consumer's calls");
    return false;
}
static ptrdiff_t leave(struct weir__segq *q, ptrdiff_t rc) {
    if (q->single) weir_store_relaxed(&q->consuming, 0);
    return rc;
}
#else
static inline bool enter(struct weir__segq *q) {
    (void)q;
    return true;
}
static inline ptrdiff_t leave(struct weir__segq *q, ptrdiff_t rc) {
    (void)q;
    return rc;
}
#endif

static int no_queue(void) { return weir__misuse("queue verbs", "no queue, or no place"); }

static int new_at(QUEUE **out, const struct weir_queue_opts *opts,
                  const struct weir__segq_shape *shape) {
    struct weir__segq *q;
    if (!out) return WEIR_EINVAL;
    int rc = weir__segq_new(&q, sizeof(QUEUE), opts, shape);
    *out = (QUEUE *)(void *)q;
    return rc;
}

int VERB(new)(QUEUE **out, const struct weir_queue_opts *opts) {
    static const struct weir__segq_shape shape = SHAPE;
    return new_at(out, opts, &shape);
}
int VERB(free)(QUEUE *q) { return q ? weir__segq_free(&q->q) : 0; }

int VERB(try_push)(QUEUE *q, const void *elem) {
    if (WEIR_UNLIKELY(!q || !elem)) return no_queue();
    return weir__segq_push_one(&q->q, elem);
}
int VERB(try_pop)(QUEUE *q, void *elem) {
    if (WEIR_UNLIKELY(!q || !elem)) return no_queue();
    return enter(&q->q) ? (int)leave(&q->q, POP_ONE(&q->q, elem)) : WEIR_EINVAL;
}
ptrdiff_t VERB(try_push_n)(QUEUE *q, const void *elems, size_t n) {
    if (!q || (!elems && n)) return no_queue();
    return n ? weir__segq_push(&q->q, elems, n) : 0;
}
ptrdiff_t VERB(try_pop_n)(QUEUE *q, void *elems, size_t n) {
    if (!q || (!elems && n)) return no_queue();
    if (n == 0) return 0;
    return enter(&q->q) ? leave(&q->q, POP(&q->q, elems, n)) : WEIR_EINVAL;
}

int VERB(push_wait)(QUEUE *q, const void *elem, weir_time deadline, weir_ctx *ctx) {
    if (!q || !elem) return no_queue();
    return (int)weir__segq_push_wait(&q->q, elem, 0, deadline, ctx);
}
int VERB(pop_wait)(QUEUE *q, void *elem, weir_time deadline, weir_ctx *ctx) {
    if (!q || !elem) return no_queue();
    if (!enter(&q->q)) return WEIR_EINVAL;
    return (int)leave(&q->q, weir__segq_pop_wait(&q->q, elem, 0, deadline, ctx));
}
ptrdiff_t VERB(push_n_wait)(QUEUE *q, const void *elems, size_t n, weir_time deadline,
                            weir_ctx *ctx) {
    if (!q || (!elems && n)) return no_queue();
    return n ? weir__segq_push_wait(&q->q, elems, n, deadline, ctx) : 0;
}
ptrdiff_t VERB(pop_n_wait)(QUEUE *q, void *elems, size_t n, weir_time deadline, weir_ctx *ctx) {
    if (!q || (!elems && n)) return no_queue();
    if (n == 0) return 0;
    if (!enter(&q->q)) return WEIR_EINVAL;
    return leave(&q->q, weir__segq_pop_wait(&q->q, elems, n, deadline, ctx));
}

int VERB(close)(QUEUE *q) { return q ? weir__segq_close(&q->q) : no_queue(); }
bool VERB(is_closed)(QUEUE *q) { return q && weir__segq_is_closed(&q->q); }
size_t VERB(len)(QUEUE *q) { return q ? weir__segq_len(&q->q) : 0; }
size_t VERB(bytes)(const QUEUE *q) { return q ? weir_load_relaxed(&q->q.held) : 0; /* a figure */ }
int VERB(trim)(QUEUE *q) {
    if (!q) return no_queue();
    return enter(&q->q) ? (int)leave(&q->q, weir__segq_trim(&q->q)) : WEIR_EINVAL;
}
