/* SPDX-License-Identifier: MIT */
/* bench/sim_arc.c - ARC, simulated; see sim.h. Its names are those of the paper's figure 4: T1 and T2 are in the cache, B1
 * and B2 remember what has left them, p is the size that T1 should have. */
#include "sim.h"

#include <stdlib.h>

enum { NOWHERE, T1, T2, B1, B2, LISTS };

struct arc {
    size_t c;
    double p;
    struct wb_links links;
    struct wb_list list[LISTS];
    uint8_t *in; /* of a key: the list */
};

static void *make(size_t capacity, uint32_t keys) {
    struct arc *a = malloc(sizeof *a);
    if (!a) return NULL;
    *a = (struct arc){ .c = capacity, .list = { WB_LIST, WB_LIST, WB_LIST, WB_LIST, WB_LIST } };
    if (wb_sim_room(&a->links, &a->in, keys)) return a;
    free(a);
    return NULL;
}

static void dispose(void *policy) {
    struct arc *a = policy;
    wb_sim_room_free(&a->links, a->in);
    free(a);
}

static size_t len(void *policy) {
    struct arc *a = policy;
    return a->list[T1].len + a->list[T2].len;
}

static void move(struct arc *a, uint32_t key, uint8_t to) {
    if (a->in[key] != NOWHERE) wb_list_remove(&a->list[a->in[key]], &a->links, key);
    if (to != NOWHERE) wb_list_push(&a->list[to], &a->links, key);
    a->in[key] = to;
}

static void move_oldest(struct arc *a, uint8_t from, uint8_t to) {
    move(a, a->list[from].oldest, to);
}

/* Makes room in the cache. The paper does not say what leaves an empty T2: then it is T1's. */
static void replace(struct arc *a, bool in_b2) {
    double t1 = (double)a->list[T1].len;
    bool over = t1 > a->p || (in_b2 && t1 >= a->p);
    if (a->list[T1].len > 0 && (over || a->list[T2].len == 0))
        move_oldest(a, T1, B1);
    else
        move_oldest(a, T2, B2);
}

/* How far p moves for a key that one of the two remembered. */
static double step(double other, double own) { return other > own ? other / own : 1; }

static void seen_before(struct arc *a, uint32_t key) {
    double b1 = (double)a->list[B1].len, b2 = (double)a->list[B2].len, c = (double)a->c;
    bool in_b2 = a->in[key] == B2;
    a->p = in_b2 ? a->p - step(b1, b2) : a->p + step(b2, b1);
    a->p = a->p < 0 ? 0 : a->p > c ? c : a->p;
    replace(a, in_b2);
    move(a, key, T2);
}

static void unknown(struct arc *a, uint32_t key) {
    size_t once = a->list[T1].len + a->list[B1].len, all = once + a->list[T2].len + a->list[B2].len;
    if (once == a->c) {
        if (a->list[T1].len < a->c) {
            move_oldest(a, B1, NOWHERE);
            replace(a, false);
        } else {
            move_oldest(a, T1, NOWHERE);
        }
    } else if (all >= a->c) {
        if (all == 2 * a->c) move_oldest(a, B2, NOWHERE);
        replace(a, false);
    }
    move(a, key, T1);
}

static bool arc_access(void *policy, uint32_t key) {
    struct arc *a = policy;
    switch (a->in[key]) {
        case T1:
        case T2: move(a, key, T2); return true;
        case NOWHERE: unknown(a, key); return false;
        default: seen_before(a, key); return false;
    }
}

const struct wb_policy wb_sim_arc = {
    "arc", "adapts itself", false, make, dispose, arc_access, len
};
