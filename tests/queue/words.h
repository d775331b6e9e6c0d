/* SPDX-License-Identifier: MIT */
/* tests/queue/words.h - a queue of words of either type under test: a file that includes this says QUEUE, the type,
 * VERB(name), the whole name of a verb, and NEW_AT, what makes one of a shape (queues/queue.h). */
#include "queues/queue.h"

#include "../support/check.h"
#include "../support/failing_alloc.h"

#include <string.h>

/* One with segments of `slots` (0: as users have them), with this allocator; NULL, and a failed check, if it cannot
 * be made. */
static inline QUEUE *small_queue(uint32_t slots, size_t limit, const struct weir_alloc *alloc) {
    struct weir__segq_shape shape = { .slots = slots, .batch = slots ? 2 : 0 };
    struct weir_queue_opts o = WEIR_QUEUE_OPTS(sizeof(uint64_t));
    QUEUE *q = NULL;
    o.limit = limit;
    o.alloc = alloc;
    CHECK_IS(NEW_AT(&q, &o, &shape), 0);
    return q;
}

/* Each must succeed: pushes v; pops v. */
static inline bool pushed(QUEUE *q, uint64_t v) { return CHECK_IS(VERB(try_push)(q, &v), 0); }
static inline bool popped(QUEUE *q, uint64_t v) {
    uint64_t got = ~v;
    return CHECK_IS(VERB(try_pop)(q, &got), 0) && CHECK_IS(got, v);
}

/* A queue of segments of two slots, whose memory is counted. */
struct counted {
    struct failing_alloc f;
    QUEUE *q;
    size_t seg, start; /* bytes: of a segment, and at first */
};

static inline bool counted_open(struct counted *c) {
    failing_alloc_init(&c->f, 0);
    c->q = small_queue(2, 0, &c->f.as);
    c->seg = sizeof(struct weir__seg) + 2 * 16;
    c->start = c->f.bytes_out;
    return c->q != NULL;
}

/* It is drained: trim gives all back but what it began with, and free that. */
static inline void counted_close(struct counted *c) {
    CHECK_IS(VERB(trim)(c->q), 0);
    CHECK_IS(c->f.bytes_out, c->start);
    CHECK_IS(VERB(free)(c->q), 0);
    CHECK_IS(c->f.out, 0);
}

/* For opts.drop: the words come in the order in which *arg counts. */
static inline void count_drop(void *elem, void *arg) {
    uint64_t v, *next = arg;
    memcpy(&v, elem, sizeof v);
    CHECK_IS(v, *next);
    ++*next;
}

/* One word in, one out: the same few segments, and no request of f, the queue's allocator. */
static inline void flow_steadily(QUEUE *q, const struct failing_alloc *f) {
    size_t requests = 0;
    for (uint64_t i = 0; i < 60000; i++) {
        if (i == 30000) requests = f->requests;
        pushed(q, i);
        popped(q, i);
    }
    CHECK_IS(f->requests, requests);
}

/* An allocator gives the queue and a few segments: one word in, one out, is never refused for want of another, since
 * those that were emptied do. */
static inline void flow_in_little(void) {
    for (size_t segments = 2; segments < 10 && checks_hold(); segments++) {
        struct failing_alloc f;
        failing_alloc_init(&f, 0);
        f.most = 1 + segments;
        check_context("%zu segments", segments);
        QUEUE *q = small_queue(0, 0, &f.as);
        if (!q) return;
        for (uint64_t i = 0; i < 12000; i++)
            if (!pushed(q, i) || !popped(q, i)) break;
        CHECK_IS(VERB(free)(q), 0);
        CHECK_IS(f.out, 0);
    }
}
