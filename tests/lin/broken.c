/* SPDX-License-Identifier: MIT */
/* tests/lin/broken.c - a ring with one fault, chosen at run time, which the rounds must catch.
 *
 * Index i stands in slot i mod cap; the slot's stamp is 2 * lap when free for lap i / cap, and
 * 2 * lap + 1 when it holds that lap's element. A batch claims a run of ready slots by one CAS.
 * Without a fault it is a correct ring. Elements are relaxed atomics, so that a fault is a wrong
 * answer and never a data race. */
#include "rounds.h"

#include <stdlib.h>

#define OPEN 1u

struct broken {
    enum fault fault;
    uint64_t cap;
    weir_au64 tail;      /* index << 1 | open */
    weir_au64 head;      /* index */
    weir_au64 head_seen; /* of the stale fault */
    weir_au32 closed;    /* of the late close */
    weir_au32 calls;
    struct {
        weir_au64 stamp, v;
    } slot[];
};

const char *const fault_names[FAULTS] = {
    "none",       "empty in flight", "full in flight", "full by a stale head",
    "torn claim", "batch in pieces", "close too late", "busy alone",
};
enum fault broken_fault;

static void *broken_make(uint32_t cap, uint64_t start) {
    struct broken *b = calloc(1, sizeof *b + cap * sizeof b->slot[0]);
    (void)start;
    if (!b) return NULL;
    b->fault = broken_fault;
    b->cap = cap;
    weir_init_atomic(&b->tail, OPEN);
    return b;
}

static bool is_closed(struct broken *b, uint64_t tail) {
    return b->fault == FAULT_CLOSE_LATE ? weir_load_seq_cst(&b->closed, 0) != 0 : !(tail & OPEN);
}

/* How many slots from index i on, at most n, have the stamp of their lap plus `full`. */
static uint64_t ready(struct broken *b, uint64_t i, uint64_t n, uint64_t full) {
    uint64_t k = 0;
    if (n > b->cap) n = b->cap;
    while (k < n &&
           weir_load_acquire(&b->slot[(i + k) % b->cap].stamp, 0) == (i + k) / b->cap * 2 + full)
        k++;
    return k;
}

/* ---- push ------------------------------------------------------------------------------------ */

static bool says_full_early(struct broken *b, uint64_t i) {
    if (b->fault != FAULT_FULL_STALE || i - weir_load_relaxed(&b->head_seen) < b->cap) return false;
    weir_store_relaxed(&b->head_seen, weir_load_seq_cst(&b->head, 0));
    return true;
}

/* The slot at tail is not free. */
static int no_room(struct broken *b, uint64_t i) {
    if (b->fault == FAULT_FULL_IN_FLIGHT) return WEIR_EAGAIN;
    return i - weir_load_seq_cst(&b->head, 0) == b->cap ? WEIR_EAGAIN : WEIR_EBUSY;
}

static int64_t push(struct broken *b, const uint64_t *v, uint64_t n) {
    uint64_t tail, i, k;
    for (;;) {
        tail = weir_load_seq_cst(&b->tail, 0);
        i = tail / 2;
        if (is_closed(b, tail)) return WEIR_ECLOSED;
        WEIR_POINT("broken.push.looked");
        if (says_full_early(b, i)) return WEIR_EAGAIN;
        k = ready(b, i, n, 0);
        if (k > 0 && weir_cas_weak_seq_cst(&b->tail, &tail, tail + 2 * k, 0)) break;
        if (k == 0 && weir_load_seq_cst(&b->tail, 0) == tail) return no_room(b, i);
    }
    WEIR_POINT("broken.push.claimed");
    for (uint64_t j = k; j-- > 0;) {
        weir_store_relaxed(&b->slot[(i + j) % b->cap].v, v[j]);
        weir_store_release(&b->slot[(i + j) % b->cap].stamp, (i + j) / b->cap * 2 + 1, 0);
    }
    return (int64_t)k;
}

static int64_t push_in_pieces(struct broken *b, const uint64_t *v, uint64_t n) {
    int64_t k = 0;
    for (uint64_t i = 0; i < n; i++) {
        int64_t rc = push(b, v + i, 1);
        if (rc < 0) return k > 0 ? k : rc;
        k++;
        WEIR_POINT("broken.push_n.one");
    }
    return k;
}

/* ---- pop ------------------------------------------------------------------------------------- */

/* The slot at head is not filled. */
static int nothing_there(struct broken *b, uint64_t i) {
    uint64_t tail = weir_load_seq_cst(&b->tail, 0);
    if (tail / 2 != i) return b->fault == FAULT_EMPTY_IN_FLIGHT ? WEIR_EAGAIN : WEIR_EBUSY;
    return is_closed(b, tail) ? WEIR_ECLOSED : WEIR_EAGAIN;
}

static bool claim_pop(struct broken *b, uint64_t i, uint64_t k) {
    uint64_t head = i;
    if (b->fault != FAULT_TORN_CLAIM) return weir_cas_weak_seq_cst(&b->head, &head, i + k, 0);
    if (weir_load_seq_cst(&b->head, 0) != i) return false;
    WEIR_POINT("broken.pop.torn");
    weir_store_seq_cst(&b->head, i + k, 0);
    return true;
}

static int64_t pop(struct broken *b, uint64_t *v, uint64_t n) {
    uint64_t i, k;
    for (;;) {
        i = weir_load_seq_cst(&b->head, 0);
        k = ready(b, i, n, 1);
        if (k > 0 && claim_pop(b, i, k)) break;
        if (k > 0) continue;
        int rc = nothing_there(b, i);
        if (weir_load_seq_cst(&b->head, 0) == i) return rc;
    }
    WEIR_POINT("broken.pop.claimed");
    for (uint64_t j = k; j-- > 0;) {
        v[j] = weir_load_relaxed(&b->slot[(i + j) % b->cap].v);
        weir_store_release(&b->slot[(i + j) % b->cap].stamp, ((i + j) / b->cap + 1) * 2, 0);
    }
    return (int64_t)k;
}

/* ---- the target ------------------------------------------------------------------------------ */

static int64_t one(int64_t rc) { return rc > 0 ? 0 : rc; }

static int64_t broken_run(void *ring, struct weir_lin_op *op, bool late) {
    struct broken *b = ring;
    (void)late;
    if (b->fault == FAULT_BUSY_ALONE && weir_fetch_add_relaxed(&b->calls, 1) % 16 == 15)
        return WEIR_EBUSY;
    switch (op->kind) {
        case WEIR_LIN_PUSH: return one(push(b, op->in, 1));
        case WEIR_LIN_POP: return one(pop(b, op->out, 1));
        case WEIR_LIN_PUSH_N:
            if (op->nin == 0) return 0;
            return b->fault == FAULT_BATCH_IN_PIECES ? push_in_pieces(b, op->in, op->nin)
                                                     : push(b, op->in, op->nin);
        case WEIR_LIN_POP_N: return op->in[0] ? pop(b, op->out, op->in[0]) : 0;
        default: break;
    }
    if (b->fault == FAULT_CLOSE_LATE)
        return weir_fetch_add_seq_cst(&b->closed, 1, 0) ? WEIR_ECLOSED : 0;
    return weir_fetch_and_seq_cst(&b->tail, ~(uint64_t)OPEN, 0) & OPEN ? 0 : WEIR_ECLOSED;
}

const struct target target_broken = {
    .name = "broken ring", .closes = true, .make = broken_make, .end = free, .run = broken_run
};
