/* SPDX-License-Identifier: MIT */
/* stress/explore/mem_sc.c - sequentially consistent memory: each operation acts on it at once, and
 * orders make no difference. */
#include "engine.h"

static uint64_t load(struct ex_task *t, const void *p, unsigned size, int order) {
    (void)t;
    (void)order;
    return ex_peek(p, size);
}

static void store(struct ex_task *t, void *p, unsigned size, uint64_t v, int order,
                  const struct weir__site *at) {
    (void)t;
    (void)order;
    (void)at;
    ex_poke(p, size, v);
}

static uint64_t rmw(struct ex_task *t, void *p, unsigned size, enum weir__rmw op, uint64_t v,
                    int order, const struct weir__site *at) {
    (void)t;
    (void)order;
    (void)at;
    uint64_t old = ex_peek(p, size);
    ex_poke(p, size, ex_apply(op, old, v, size));
    return old;
}

static bool cas(struct ex_task *t, void *p, unsigned size, uint64_t *expected, uint64_t desired,
                int order, const struct weir__site *at) {
    (void)t;
    (void)order;
    (void)at;
    uint64_t old = ex_peek(p, size);
    if (old != *expected) {
        *expected = old;
        return false;
    }
    ex_poke(p, size, desired);
    return true;
}

static void nothing(struct ex_task *t) { (void)t; }
static bool settle(void) { return false; }
static void age(void) {}

const struct ex_memory ex_sc = {
    "sc", "sequentially consistent", load, store, rmw, cas, nothing, settle, age
};
