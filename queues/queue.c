/* SPDX-License-Identifier: MIT */
/* queues/queue.c - weir/queue.h over queues/segq.h. */
#include "queue.h"

#include "../lib/base.h"

struct weir_queue {
    struct weir__segq q;
};

int weir__queue_new_at(weir_queue **out, const struct weir_queue_opts *opts,
                       const struct weir__segq_shape *shape) {
    struct weir__segq *q;
    if (!out) return WEIR_EINVAL;
    int rc = weir__segq_new(&q, sizeof(weir_queue), opts, shape);
    *out = (weir_queue *)(void *)q;
    return rc;
}

int weir_queue_new(weir_queue **out, const struct weir_queue_opts *opts) {
    static const struct weir__segq_shape shape = { 0 };
    return weir__queue_new_at(out, opts, &shape);
}

int weir_queue_free(weir_queue *q) { return q ? weir__segq_free(&q->q) : 0; }

static int no_queue(void) { return weir__misuse("weir_queue verbs", "no queue, or no place"); }

int weir_queue_try_push(weir_queue *q, const void *elem) {
    if (WEIR_UNLIKELY(!q || !elem)) return no_queue();
    return weir__segq_push_one(&q->q, elem);
}
int weir_queue_try_pop(weir_queue *q, void *elem) {
    if (WEIR_UNLIKELY(!q || !elem)) return no_queue();
    return weir__segq_pop_one(&q->q, elem);
}
ptrdiff_t weir_queue_try_push_n(weir_queue *q, const void *elems, size_t n) {
    if (!q || (!elems && n)) return no_queue();
    return n ? weir__segq_push(&q->q, elems, n) : 0;
}
ptrdiff_t weir_queue_try_pop_n(weir_queue *q, void *elems, size_t n) {
    if (!q || (!elems && n)) return no_queue();
    return n ? weir__segq_pop(&q->q, elems, n) : 0;
}
int weir_queue_push_wait(weir_queue *q, const void *elem, weir_time deadline, weir_ctx *ctx) {
    if (!q || !elem) return no_queue();
    return (int)weir__segq_push_wait(&q->q, elem, 0, deadline, ctx);
}
int weir_queue_pop_wait(weir_queue *q, void *elem, weir_time deadline, weir_ctx *ctx) {
    if (!q || !elem) return no_queue();
    return (int)weir__segq_pop_wait(&q->q, elem, 0, deadline, ctx);
}
ptrdiff_t weir_queue_push_n_wait(weir_queue *q, const void *elems, size_t n, weir_time deadline,
                                 weir_ctx *ctx) {
    if (!q || (!elems && n)) return no_queue();
    return n ? weir__segq_push_wait(&q->q, elems, n, deadline, ctx) : 0;
}
ptrdiff_t weir_queue_pop_n_wait(weir_queue *q, void *elems, size_t n, weir_time deadline,
                                weir_ctx *ctx) {
    if (!q || (!elems && n)) return no_queue();
    return n ? weir__segq_pop_wait(&q->q, elems, n, deadline, ctx) : 0;
}

int weir_queue_close(weir_queue *q) { return q ? weir__segq_close(&q->q) : no_queue(); }
bool weir_queue_is_closed(weir_queue *q) { return q && weir__segq_is_closed(&q->q); }
size_t weir_queue_len(weir_queue *q) { return q ? weir__segq_len(&q->q) : 0; }
size_t weir_queue_bytes(const weir_queue *q) {
    return q ? weir_load_relaxed(&q->q.held) : 0; /* a figure */
}
int weir_queue_trim(weir_queue *q) { return q ? weir__segq_trim(&q->q) : no_queue(); }
