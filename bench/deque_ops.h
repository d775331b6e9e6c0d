/* SPDX-License-Identifier: MIT */
/* bench/deque_ops.h - a deque as bench/ring_loops.h wants it: a template by inclusion, for deques.c alone.
 *
 *   DEQUE_OPS         prefix of the names here
 *   DEQUE(verb)       the function of that verb
 *   DEQUE_OWN(d)      the calling thread is the owner from now on
 *
 * The owner looks at the length once it has pushed as many as had room when it looked last. No include guard. */
#define OPS(name) WB_CAT2(DEQUE_OPS, name)

static struct deque *OPS(owner)(void *ring) {
    DEQUE_OWN(((struct deque *)ring)->d);
    return ring;
}

static void *OPS(open)(const struct wb_shape *s) {
    struct deque *o = deque_made(s);
    if (o && DEQUE(new)((void *)&o->d, NULL) == 0) return o;
    free(o);
    return NULL;
}

static void OPS(dispose)(void *ring) {
    struct deque *o = ring;
    (void)DEQUE(free)(o->d);
    free(o);
}

WB_LOOP bool OPS(push)(struct deque *o, const struct wb_elem_8 *e) {
    if (WB_UNLIKELY(o->room == 0)) {
        size_t len = DEQUE(len)(o->d);
        if (len >= o->cap) return false;
        o->room = o->cap - len;
    }
    o->room--;
    return DEQUE(push)(o->d, (void *)(uintptr_t)e->w[0]) == 0;
}

WB_LOOP size_t OPS(push_n)(struct deque *o, const struct wb_elem_8 *e, size_t n) {
    size_t k = 0;
    while (k < n && OPS(push)(o, e + k)) k++;
    return k;
}

WB_LOOP bool OPS(pop)(struct deque *o, struct wb_elem_8 *e) {
    void *p;
    if (DEQUE(pop)(o->d, &p) != 0) return false;
    e->w[0] = (uintptr_t)p;
    return true;
}

/* The newest comes first; they are put in the order in which they were pushed, which the loops look at. */
WB_LOOP size_t OPS(pop_n)(struct deque *o, struct wb_elem_8 *e, size_t n) {
    size_t k = 0;
    while (k < n && OPS(pop)(o, e + n - 1 - k)) k++;
    if (WB_UNLIKELY(k < n)) memmove(e, e + n - k, k * sizeof *e);
    return k;
}

WB_LOOP bool OPS(steal)(struct deque *o, struct wb_elem_8 *e) {
    void *p;
    if (DEQUE(steal)(o->d, &p) != 0) return false;
    e->w[0] = (uintptr_t)p;
    return true;
}

WB_LOOP size_t OPS(steal_n)(struct deque *o, struct wb_elem_8 *e, size_t n) {
    void *p[WB_BATCH_MAX];
    ptrdiff_t k = DEQUE(steal_n)(o->d, p, n);
    for (ptrdiff_t i = 0; i < k; i++) e[i].w[0] = (uintptr_t)p[i];
    return k > 0 ? (size_t)k : 0;
}

/* The owner alone: `batch` in, and out again. */
static void OPS(solo)(struct wb_worker *w) {
    struct deque *o = OPS(owner)(w->ring);
    struct wb_run t = wb_begin(w, true);
    const size_t batch = w->shape->batch;
    struct wb_elem_8 e[WB_BATCH_MAX];
    while (!wb_stopped(&t)) {
        for (size_t done = 0; done < WB_STOP_EVERY; done += batch) {
            for (size_t i = 0; i < batch; i++) e[i].w[0] = w->next + i;
            size_t in = OPS(push_n)(o, e, batch), out = OPS(pop_n)(o, e, in);
            w->next += in;
            t.misses += in < batch;
            t.disorder += out < in;
            for (size_t i = 0; i < out; i++) wb_count(&t, e[i].w[0]);
        }
    }
    wb_end(w, &t);
}

#define RING_NAME OPS(rob)
#define RING_TYPE struct deque
#define RING_PRODUCER_TYPE struct deque
#define RING_PRODUCER_OF(ring, id) ((void)(id), OPS(owner)(ring))
#define RING_PUSH(r, e) OPS(push)(r, e)
#define RING_POP(r, e) OPS(steal)(r, e)
#define RING_PUSH_N(r, e, n) OPS(push_n)(r, e, n)
#define RING_POP_N(r, e, n) OPS(steal_n)(r, e, n)
#include "ring_loops.h"

#undef OPS
#undef DEQUE_OPS
#undef DEQUE
#undef DEQUE_OWN
