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
 * When does a buffer drain? It matters only when somebody looks. So a store stays in its buffer until
 * another thread touches its location: then it has drained at once when it was made (which costs nothing:
 * that is sequential consistency), or the other thread comes before it. That is the choice. The first
 * time it costs one unit of the budget `flushes`, which pays for all stores that are in the buffer then. Where two threads have stores to one location
 * in their buffers, the order in which they drain is such a choice as well: that of execution, or the
 * reverse. Buffers also drain, in the order of execution, where a drain is forced, when the clock has
 * moved by 1 ms, and when nobody can go on.
 *
 * Invariants
 *   I1  a buffer drains from its oldest store on.
 *   I2  while a thread's buffer holds a marked entry for p, no other buffer holds an entry for p, and
 *       p does not change: whoever wants to write p drains that buffer first.
 *   I3  no buffer holds an entry for the thread's own stack: such a store drains it.
 * Plain memory (elements) is written at once: it may be seen early, never late. Hence I3: when a function has returned,
 * plain memory of the next one stands there, which an older store of the same thread must not change.
 * An operation that has returned while stores were in its thread's buffer, and one of these was not seen
 * by a later look of another thread, ends after that look: real time alone orders nothing in C. */
#include <string.h>

#include "asan.h"
#include "engine.h"
#include "trace.h"

/* Real buffers drain in well under a microsecond; code may count on this much. */
#define OLDEST INT64_C(1000000)

static void drain_one(struct ex_task *t);

/* All entries of t up to the one made at `last`. */
static void drain(struct ex_task *t, uint64_t last) {
    while (t->nbuf > 0 && t->buf[0].made <= last) drain_one(t);
}

static void fence(struct ex_task *t) { drain(t, UINT64_MAX); }

/* The last entry of t for p that is older than `before`; NULL: there is none. */
static const struct ex_store *last_for(const struct ex_task *t, const void *p, uint64_t before) {
    for (unsigned i = t->nbuf; i > 0; i--)
        if (t->buf[i - 1].p == p && t->buf[i - 1].made < before) return &t->buf[i - 1];
    return NULL;
}

static const struct ex_store *first_for(const struct ex_task *t, const void *p) {
    for (unsigned i = 0; i < t->nbuf; i++)
        if (t->buf[i].p == p) return &t->buf[i];
    return NULL;
}

/* t is about to drain its oldest entry: others may have entries for the same place. A thread whose own
 * drain waits for this one (draining) is left alone: its order is decided. */
static void order_drains(struct ex_task *t) {
    const void *p = t->buf[0].p;
    for (unsigned k = 0; k < EX_TASKS; k++) {
        struct ex_task *u = &E.task[k];
        if (u == t || u->nbuf == 0 || u->draining || !first_for(u, p)) continue;
        const struct ex_store *older = last_for(u, p, t->buf[0].made);
        bool reverse = E.left.flushes && ex_choose(EX_DRAIN, 2);
        if (reverse) ex_spend(&E.left.flushes);
        if (older && !reverse) drain(u, older->made);
        if (!older && reverse) drain(u, first_for(u, p)->made);
    }
}

static void drain_one(struct ex_task *t) {
    t->draining = true;
    order_drains(t);
    t->draining = false;
    struct ex_store e = t->buf[0];
    memmove(t->buf, t->buf + 1, --t->nbuf * sizeof *t->buf);
    ex_heap_touch(e.p, e.size, e.at);
    if (E.tracing) {
        struct ex_event *ev = ex_trace_add(t, EX_T_DRAIN, e.p, e.at);
        ev->size = e.size;
        ev->b = e.v;
    }
    ex_poke(e.p, e.size, e.v);
}

/* The stores that u has in its buffer are late: not to see them costs nothing from here on. */
static void pay_for(struct ex_task *u) {
    ex_spend(&E.left.flushes);
    for (unsigned i = 0; i < u->nbuf; i++) u->buf[i].late = true;
}

/* t reads or writes p: of the stores to p in u's buffer, made after `after`, the youngest may not be
 * visible yet. */
static void look_into(struct ex_task *u, const void *p, uint64_t after) {
    const struct ex_store *found[EX_BUFFER];
    unsigned n = 0, free_of_cost = 0;
    for (unsigned i = 0; i < u->nbuf; i++) {
        if (u->buf[i].p != p || u->buf[i].made <= after) continue;
        found[n++] = &u->buf[i];
        free_of_cost = u->buf[i].late ? free_of_cost + 1 : 0;
    }
    if (n == 0) return;
    unsigned may = E.left.flushes ? n : free_of_cost;
    unsigned hidden = may ? ex_choose(EX_DRAIN, may + 1) : 0;
    uint64_t visible = hidden < n ? found[n - hidden - 1]->made : 0;
    if (hidden > 0) {
        ex_not_seen(u, found[n - hidden]->made);
        if (hidden > free_of_cost) pay_for(u);
    }
    drain(u, visible);
}

static void look(const struct ex_task *t, const void *p, uint64_t after) {
    for (unsigned k = 0; k < EX_TASKS; k++)
        if (&E.task[k] != t && E.task[k].nbuf > 0) look_into(&E.task[k], p, after);
}

/* I2: before t writes p, now or into its buffer. `all`: t will leave a marked entry. */
static void make_way(const struct ex_task *t, const void *p, bool all) {
    for (unsigned k = 0; k < EX_TASKS; k++) {
        struct ex_task *u = &E.task[k];
        uint64_t last = 0;
        for (unsigned i = 0; u != t && i < u->nbuf; i++)
            if (u->buf[i].p == p && (all || u->buf[i].rmw)) last = u->buf[i].made;
        drain(u, last);
    }
}

static void put(struct ex_task *t, void *p, unsigned size, uint64_t v, bool rmw,
                const struct weir__site *at) {
    if (t->nbuf == EX_BUFFER) drain_one(t);
    t->buf[t->nbuf++] =
        (struct ex_store){ p, v, (uint8_t)size, rmw, false, ++E.stores, E.clock, at };
}

static uint64_t load(struct ex_task *t, const void *p, unsigned size, int order) {
    (void)order;
    const struct ex_store *own = last_for(t, p, UINT64_MAX);
    /* Its own store first; but that may have drained, and another's younger one after it. */
    look(t, p, own ? own->made : 0);
    own = last_for(t, p, UINT64_MAX);
    return own ? own->v : ex_peek(p, size);
}

/* I3. */
static bool on_own_stack(const struct ex_task *t, const void *p) {
    return ex_in_fake_stack(p) || (uintptr_t)p - (uintptr_t)t->fiber.stack < t->fiber.size;
}

static void store(struct ex_task *t, void *p, unsigned size, uint64_t v, int order,
                  const struct weir__site *at) {
    make_way(t, p, false);
    put(t, p, size, v, false, at);
    if (order == WEIR__SEQ || on_own_stack(t, p)) fence(t);
}

/* Whether a read-modify-write drains. */
static bool drains(const struct ex_task *t, const void *p, int order) {
    if (on_own_stack(t, p)) return true;
    return !E.weakened && (order == WEIR__SEQ || E.mem == &ex_tso);
}

/* What a read-modify-write of p by t finds. One that does not drain may find its own thread's store. */
static uint64_t newest(struct ex_task *t, const void *p, unsigned size, bool draining) {
    if (draining) {
        fence(t);
        look(t, p, 0);
    }
    make_way(t, p, !draining);
    const struct ex_store *own = last_for(t, p, UINT64_MAX);
    return own ? own->v : ex_peek(p, size);
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
    bool draining = drains(t, p, order);
    uint64_t old = newest(t, p, size, draining);
    finish(t, p, size, ex_apply(op, old, v, size), draining, at);
    return old;
}

static bool cas(struct ex_task *t, void *p, unsigned size, uint64_t *expected, uint64_t desired,
                int order, const struct weir__site *at) {
    bool draining = drains(t, p, order);
    uint64_t old = newest(t, p, size, draining);
    if (old != *expected) {
        *expected = old;
        return false;
    }
    finish(t, p, size, desired, draining, at);
    return true;
}

/* The thread whose oldest store is the oldest of all; NULL: all buffers are empty. */
static struct ex_task *oldest(void) {
    struct ex_task *best = NULL;
    for (unsigned k = 0; k < EX_TASKS; k++) {
        struct ex_task *u = &E.task[k];
        if (u->nbuf > 0 && (!best || u->buf[0].made < best->buf[0].made)) best = u;
    }
    return best;
}

static bool settle(void) {
    bool any = false;
    for (struct ex_task *t; (t = oldest()) != NULL; any = true) drain_one(t);
    return any;
}

static void age(void) {
    for (struct ex_task *t; (t = oldest()) != NULL && t->buf[0].clock + OLDEST <= E.clock;)
        drain_one(t);
}

const struct ex_memory ex_tso = {
    "tso", "store buffers of x86", load, store, rmw, cas, fence, settle, age
};
const struct ex_memory ex_named = {
    "named", "store buffers that only seq_cst drains", load, store, rmw, cas, fence, settle, age
};
