/* SPDX-License-Identifier: MIT */
/* bench/sim_queues.c - LRU, CLOCK and SIEVE, simulated: one list each; see sim.h. */
#include "sim.h"

#include <stdlib.h>

enum { IN = 1, USED = 2 };

struct queue {
    size_t capacity;
    struct wb_links links;
    struct wb_list list;
    uint8_t *state; /* IN, USED */
    uint32_t hand;  /* SIEVE: the next to be looked at; WB_NOBODY: the oldest */
};

bool wb_sim_room(struct wb_links *k, uint8_t **state, uint32_t keys) {
    size_t n = keys ? keys : 1;
    k->newer = malloc(n * sizeof *k->newer);
    k->older = malloc(n * sizeof *k->older);
    *state = calloc(n, 1);
    if (k->newer && k->older && *state) return true;
    wb_sim_room_free(k, *state);
    return false;
}

void wb_sim_room_free(struct wb_links *k, uint8_t *state) {
    free(k->newer);
    free(k->older);
    free(state);
}

static void *make(size_t capacity, uint32_t keys) {
    struct queue *q = malloc(sizeof *q);
    if (!q) return NULL;
    *q = (struct queue){ .capacity = capacity, .list = WB_LIST, .hand = WB_NOBODY };
    if (wb_sim_room(&q->links, &q->state, keys)) return q;
    free(q);
    return NULL;
}

static void dispose(void *policy) {
    struct queue *q = policy;
    wb_sim_room_free(&q->links, q->state);
    free(q);
}

static size_t len(void *policy) { return ((struct queue *)policy)->list.len; }

static void insert(struct queue *q, uint32_t key) {
    q->state[key] = IN;
    wb_list_push(&q->list, &q->links, key);
}

/* ---- LRU ------------------------------------------------------------------------------------------------ */

static bool lru_access(void *policy, uint32_t key) {
    struct queue *q = policy;
    if (q->state[key]) {
        wb_list_remove(&q->list, &q->links, key);
        wb_list_push(&q->list, &q->links, key);
        return true;
    }
    if (q->list.len == q->capacity) q->state[wb_list_pop(&q->list, &q->links)] = 0;
    insert(q, key);
    return false;
}

/* ---- CLOCK ---------------------------------------------------------------------------------------------- */

static void clock_evict(struct queue *q) {
    for (;;) {
        uint32_t oldest = wb_list_pop(&q->list, &q->links);
        if (!(q->state[oldest] & USED)) {
            q->state[oldest] = 0;
            return;
        }
        insert(q, oldest);
    }
}

static bool clock_access(void *policy, uint32_t key) {
    struct queue *q = policy;
    if (q->state[key]) {
        q->state[key] |= USED;
        return true;
    }
    if (q->list.len == q->capacity) clock_evict(q);
    insert(q, key);
    return false;
}

/* ---- SIEVE ---------------------------------------------------------------------------------------------- */

static void sieve_evict(struct queue *q) {
    uint32_t at = q->hand == WB_NOBODY ? q->list.oldest : q->hand;
    while (q->state[at] & USED) {
        q->state[at] = IN;
        at = q->links.newer[at];
        if (at == WB_NOBODY) at = q->list.oldest;
    }
    q->hand = q->links.newer[at];
    wb_list_remove(&q->list, &q->links, at);
    q->state[at] = 0;
}

static bool sieve_access(void *policy, uint32_t key) {
    struct queue *q = policy;
    if (q->state[key]) {
        q->state[key] |= USED;
        return true;
    }
    if (q->list.len == q->capacity) sieve_evict(q);
    insert(q, key);
    return false;
}

/* --------------------------------------------------------------------------------------------------------- */

const struct wb_policy wb_sim_lru = { "lru", "exact", false, make, dispose, lru_access, len };
const struct wb_policy wb_sim_clock = {
    "clock", "one bit", false, make, dispose, clock_access, len
};
const struct wb_policy wb_sim_sieve = {
    "sieve", "one bit", false, make, dispose, sieve_access, len
};

const struct wb_policy *const wb_sims[] = { &wb_sim_lru,      &wb_sim_clock,
                                            &wb_sim_sieve,    &wb_sim_arc,
                                            &wb_sim_s3fifo,   &wb_sim_s3fifo_1,
                                            &wb_sim_wtinylfu, NULL };
