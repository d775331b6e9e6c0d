/* SPDX-License-Identifier: MIT */
/* stress/explore/mem_tso.c - store buffers: a store becomes visible to others later than it is made.
 *
 * Each thread has a first-in first-out buffer of stores, which it reads itself. tso is the x86 model
 * of Sewell and others (CACM 2010): a seq_cst store, a read-modify-write, a system call and a lock
 * drain the thread's buffer, membarrier drains all. Two things go beyond it:
 *   - a read-modify-write whose seq_cst was taken away (weir_weaken) does not drain. It reads memory
 *     and leaves its result in the buffer, marked, so that nobody comes between the two (I2);
 *   - in `named`, only what is named seq_cst drains: a read-modify-write of a lesser order behaves
 *     like the weakened one. That is weaker than x86, and right for what C promises.
 *
 * When does a buffer drain? It matters only what others see in between, so by default all of it
 * does when the thread is switched away from. Leaving the youngest k stores behind costs one unit of
 * the budget `flushes`. They drain later: when another thread touches a location that has a store in
 * a buffer, draining up to that store is one choice and not draining the other; where a drain is
 * forced; when the clock has moved by 1 ms; and when nobody can go on.
 *
 * Invariants
 *   I1  a buffer drains from its oldest store on.
 *   I2  while a thread's buffer holds a marked entry for p, no other buffer holds an entry for p, and
 *       p does not change: whoever wants to write p drains that buffer first.
 * Plain memory (elements) is written at once: it may be seen early, never late.
 * An operation that returns while stores are in its thread's buffer is given as its end the time at which
 * the youngest of them drains: nobody who has synchronised with the thread after the operation can
 * have done so earlier. Real time alone orders nothing in C. */
#include <string.h>

#include "engine.h"
#include "trace.h"

/* Real buffers drain in well under a microsecond; code may count on this much. */
#define OLDEST INT64_C(1000000)

static void drain_one(struct ex_task *t) {
    struct ex_store e = t->buf[0];
    memmove(t->buf, t->buf + 1, --t->nbuf * sizeof *t->buf);
    ex_heap_touch(e.p, e.size, e.at);
    if (E.tracing) {
        struct ex_event *ev = ex_trace_add(t, EX_T_DRAIN, e.p, e.at);
        ev->size = e.size;
        ev->b = e.v;
    }
    ex_poke(e.p, e.size, e.v);
    if (t->late) ex_drained(t, e.ticket);
}

static void drain(struct ex_task *t, unsigned n) {
    while (n-- > 0) drain_one(t);
}

static void fence(struct ex_task *t) { drain(t, t->nbuf); }

/* Entries of t up to and including the last one for p. */
static unsigned up_to(const struct ex_task *t, const void *p, bool marked) {
    for (unsigned i = t->nbuf; i > 0; i--)
        if (t->buf[i - 1].p == p && (!marked || t->buf[i - 1].rmw)) return i;
    return 0;
}

/* Before t reads or writes p: stores of others to p may become visible now. */
static void offer(const struct ex_task *t, const void *p) {
    for (unsigned k = 0; k < EX_TASKS; k++) {
        struct ex_task *u = &E.task[k];
        unsigned at[EX_BUFFER], n = 0;
        if (u == t) continue;
        for (unsigned i = 0; i < u->nbuf; i++)
            if (u->buf[i].p == p) at[n++] = i + 1;
        if (n == 0) continue;
        unsigned c = ex_choose(EX_DRAIN, n + 1);
        if (c > 0) drain(u, at[c - 1]);
    }
}

/* I2: before t writes p, now or into its buffer. `all`: t will leave a marked entry. */
static void make_way(const struct ex_task *t, const void *p, bool all) {
    for (unsigned k = 0; k < EX_TASKS; k++)
        if (&E.task[k] != t && E.task[k].nbuf) drain(&E.task[k], up_to(&E.task[k], p, !all));
}

static void put(struct ex_task *t, void *p, unsigned size, uint64_t v, bool rmw,
                const struct weir__site *at) {
    if (t->nbuf == EX_BUFFER) drain_one(t);
    t->buf[t->nbuf++] = (struct ex_store){ p, v, (uint8_t)size, rmw, ++t->tickets, E.clock, at };
}

static uint64_t load(struct ex_task *t, const void *p, unsigned size, int order) {
    (void)order;
    unsigned own = up_to(t, p, false);
    if (own) return t->buf[own - 1].v;
    offer(t, p);
    return ex_peek(p, size);
}

static void store(struct ex_task *t, void *p, unsigned size, uint64_t v, int order,
                  const struct weir__site *at) {
    make_way(t, p, false);
    offer(t, p);
    if (order == WEIR__SEQ) {
        fence(t);
        ex_poke(p, size, v);
    } else {
        put(t, p, size, v, false, at);
    }
}

/* Whether a read-modify-write drains. */
static bool drains(int order) {
    return !E.weakened && (order == WEIR__SEQ || E.mem == &ex_tso);
}

/* Makes memory ready for a read-modify-write of p. */
static void prepare(struct ex_task *t, const void *p, bool draining) {
    drain(t, draining ? t->nbuf : up_to(t, p, false));
    offer(t, p);
    make_way(t, p, !draining);
}

static void finish(struct ex_task *t, void *p, unsigned size, uint64_t v, bool draining,
                   const struct weir__site *at) {
    if (draining)
        ex_poke(p, size, v);
    else
        put(t, p, size, v, true, at);
}

static uint64_t rmw(struct ex_task *t, void *p, unsigned size, enum weir__rmw op, uint64_t v,
                    int order, const struct weir__site *at) {
    bool draining = drains(order);
    prepare(t, p, draining);
    uint64_t old = ex_peek(p, size);
    finish(t, p, size, ex_apply(op, old, v, size), draining, at);
    return old;
}

static bool cas(struct ex_task *t, void *p, unsigned size, uint64_t *expected, uint64_t desired,
                int order, const struct weir__site *at) {
    bool draining = drains(order);
    prepare(t, p, draining);
    uint64_t old = ex_peek(p, size);
    if (old != *expected) {
        *expected = old;
        return false;
    }
    finish(t, p, size, desired, draining, at);
    return true;
}

static void leave(struct ex_task *t) {
    unsigned stay = 0;
    if (E.left.flushes) {
        stay = ex_choose(EX_LEAVE, t->nbuf + 1);
        if (stay > 0) ex_spend(&E.left.flushes);
    }
    drain(t, t->nbuf - stay);
}

static bool settle(void) {
    bool any = false;
    for (unsigned k = 0; k < EX_TASKS; k++) {
        any |= E.task[k].nbuf > 0;
        fence(&E.task[k]);
    }
    return any;
}

static void age(void) {
    for (unsigned k = 0; k < EX_TASKS; k++)
        while (E.task[k].nbuf > 0 && E.task[k].buf[0].made + OLDEST <= E.clock) drain_one(&E.task[k]);
}

const struct ex_memory ex_tso = { "tso", "store buffers of x86", load, store, rmw, cas,
                                  fence, leave, settle, age };
const struct ex_memory ex_named = { "named", "store buffers that only seq_cst drains", load,
                                    store, rmw, cas, fence, leave, settle, age };
