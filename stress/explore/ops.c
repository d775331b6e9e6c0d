/* SPDX-License-Identifier: MIT */
/* stress/explore/ops.c - the operations of weir/atomic.h, each a step. See weir/detail/model.h.
 *
 * Values are kept in 64 bits whatever the size of the object. Outside of an execution's threads an
 * operation is plain. */
#include <string.h>

#include "engine.h"
#include "race.h"
#include "trace.h"

unsigned char weir__model_weakened;

/* ---- plain memory ---------------------------------------------------------------------------------------- */

uint64_t ex_peek(const void *p, unsigned size) {
    uint64_t word;
    uint32_t half;
    uint16_t quarter;
    switch (size) {
        case 2: memcpy(&quarter, p, sizeof quarter); return quarter;
        case 4: memcpy(&half, p, sizeof half); return half;
        default: memcpy(&word, p, sizeof word); return word;
    }
}

/* The low bytes of v, as an object of this size has them. */
static uint64_t cut(uint64_t v, unsigned size) {
    return size < sizeof v ? v & ((UINT64_C(1) << 8 * size) - 1) : v;
}

static void copy_to(void *p, unsigned size, uint64_t v) {
    uint32_t half = (uint32_t)v;
    uint16_t quarter = (uint16_t)v;
    switch (size) {
        case 2: memcpy(p, &quarter, sizeof quarter); break;
        case 4: memcpy(p, &half, sizeof half); break;
        default: memcpy(p, &v, sizeof v);
    }
}

/* Every change of shared memory comes here. */
void ex_poke(void *p, unsigned size, uint64_t v) {
    if (ex_peek(p, size) != v) ex_changed();
    copy_to(p, size, v);
}

uint64_t ex_apply(enum weir__rmw op, uint64_t old, uint64_t v, unsigned size) {
    uint64_t r = 0;
    switch (op) {
        case WEIR__RMW_XCHG: r = v; break;
        case WEIR__RMW_ADD: r = old + v; break;
        case WEIR__RMW_SUB: r = old - v; break;
        case WEIR__RMW_OR: r = old | v; break;
        case WEIR__RMW_AND: r = old & v; break;
    }
    return cut(r, size);
}

/* ---- steps ------------------------------------------------------------------------------------------------- */

/* Whether this operation was weakened. The mark is taken at once: other threads run before the step. */
static bool weakened(void) {
    bool yes = weir__model_weakened;
    weir__model_weakened = 0;
    return yes;
}

static void done(void) {
    E.weakened = false;
    if (E.sc->invariant) ex_after();
}

static struct ex_event *trace(const struct ex_task *t, enum ex_event_kind kind, const void *p,
                              unsigned size, int order, uint64_t a, uint64_t b,
                              const struct weir__site *at) {
    struct ex_event *e = ex_trace_add(t, kind, p, at);
    e->size = (uint8_t)size;
    e->order = order;
    e->a = a;
    e->b = b;
    e->buffered =
        t->nbuf > 0 && t->buf[t->nbuf - 1].p == p && kind != EX_T_LOAD && kind != EX_T_CAS_FAILED;
    return e;
}

uint64_t weir__model_load(const void *p, unsigned size, int order, const struct weir__site *at) {
    struct ex_task *t = E.cur;
    (void)weakened();
    if (!t) return ex_peek(p, size);
    ex_step(t, p, size, at);
    uint64_t v = E.mem->load(t, p, size, order);
    if (E.races) ex_race_load(t, p, order);
    if (E.tracing) trace(t, EX_T_LOAD, p, size, order, v, 0, at);
    done();
    return v;
}

void weir__model_store(void *p, unsigned size, uint64_t v, int order, const struct weir__site *at) {
    struct ex_task *t = E.cur;
    (void)weakened();
    v = cut(v, size);
    if (!t) {
        ex_poke(p, size, v);
        return;
    }
    ex_step(t, p, size, at);
    E.mem->store(t, p, size, v, order, at);
    if (E.races) ex_race_store(t, p, order);
    if (E.tracing) trace(t, EX_T_STORE, p, size, order, 0, v, at);
    done();
}

uint64_t weir__model_rmw(void *p, unsigned size, enum weir__rmw op, uint64_t v, int order,
                         const struct weir__site *at) {
    struct ex_task *t = E.cur;
    bool weak = weakened();
    if (!t) {
        uint64_t old = ex_peek(p, size);
        ex_poke(p, size, ex_apply(op, old, v, size));
        return old;
    }
    ex_step(t, p, size, at);
    E.weakened = weak;
    uint64_t old = E.mem->rmw(t, p, size, op, v, order, at);
    if (E.races) ex_race_rmw(t, p, order);
    if (E.tracing)
        trace(t, EX_T_RMW, p, size, order, old, ex_apply(op, old, v, size), at)->rmw = (uint8_t)op;
    done();
    return old;
}

static bool plain_cas(void *p, unsigned size, uint64_t *expected, uint64_t desired) {
    uint64_t old = ex_peek(p, size);
    bool ok = old == *expected;
    if (ok)
        ex_poke(p, size, desired);
    else
        *expected = old;
    return ok;
}

bool weir__model_cas(void *p, unsigned size, void *expected, uint64_t desired, bool weak, int order,
                     const struct weir__site *at) {
    struct ex_task *t = E.cur;
    uint64_t want = ex_peek(expected, size), found = want;
    bool ok, undrained = weakened();
    if (!t) {
        ok = plain_cas(p, size, &found, desired);
    } else {
        ex_step(t, p, size, at);
        E.weakened = undrained;
        enum ex_event_kind kind = EX_T_CAS;
        if (weak && E.left.weak && ex_peek(p, size) == want && ex_choose(EX_WEAK, 2)) {
            ex_spend(&E.left.weak);
            kind = EX_T_WEAK_FAILED;
            ok = false;
        } else {
            ok = E.mem->cas(t, p, size, &found, cut(desired, size), order, at);
            if (!ok) kind = EX_T_CAS_FAILED;
            if (ok && E.races) ex_race_rmw(t, p, order);
        }
        if (E.tracing)
            trace(t, kind, p, size, order, kind == EX_T_CAS_FAILED ? found : want,
                  kind == EX_T_CAS_FAILED ? want : desired, at);
        done();
    }
    if (!ok) copy_to(expected, size, found);
    return ok;
}

void weir__model_pause(const struct weir__site *at) {
    struct ex_task *t = E.cur;
    if (!t) return;
    if (E.tracing) (void)ex_trace_add(t, EX_T_PAUSE, NULL, at);
    ex_pause(t);
}

void weir__model_copy(const void *to, const void *from, size_t n, const struct weir__site *at) {
    struct ex_task *t = E.cur;
    if (!t) return;
    ex_step(t, to, n, at);
    ex_heap_touch(from, n, at);
    if (E.races) {
        ex_race_read(t, from, n, at);
        ex_race_write(t, to, n, at);
    }
    if (E.tracing) {
        struct ex_event *e = ex_trace_add(t, EX_T_COPY, to, at);
        e->a = n;
        if (n == 8 || n == 4) e->b = ex_peek(from, (unsigned)n);
        e->text = n == 8 || n == 4 ? "value" : NULL;
    }
    done();
}

void weir_model_read(const void *p, size_t n) {
    if (E.cur) ex_heap_touch(p, n, NULL);
    if (E.cur && E.races) ex_race_read(E.cur, p, n, NULL);
}

void weir_model_write(const void *p, size_t n) {
    if (E.cur) ex_heap_touch(p, n, NULL);
    if (E.cur && E.races) ex_race_write(E.cur, p, n, NULL);
}

void weir__model_point(const char *name) {
    if (E.cur && E.tracing) ex_trace_add(E.cur, EX_T_POINT, NULL, NULL)->text = name;
}

void **weir__model_slot(void) { return &E.local[E.running ? E.running->id : E.as].slot; }

void weir__model_at_exit(void (*fn)(void *), void *arg) {
    struct ex_local *l = &E.local[E.running ? E.running->id : E.as];
    l->at_exit = fn;
    l->arg = arg;
}
