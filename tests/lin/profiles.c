/* SPDX-License-Identifier: MIT */
/* tests/lin/profiles.c - see profiles.h. Small shapes, so that full, empty, closed and waiting are
 * met often. */
#include "profiles.h"

#include <stdlib.h>

const char *const profile_names[PROFILES] = { "ring",       "exact ring", "channel",
                                              "rendezvous", "semaphore",  "fifo semaphore",
                                              "map",        "cache",      "deque",
                                              "exact deque" };

static int64_t one_of(struct rng *r, const int64_t *codes, unsigned n) {
    return codes[rng_below(r, n)];
}
#define ONE_OF(r, ...)                            \
    one_of((r), (const int64_t[]){ __VA_ARGS__ }, \
           (unsigned)(sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)))

static uint64_t some_value(struct rng *r, uint64_t values) {
    return values ? 1 + rng_below(r, (unsigned)values) : 1;
}

static void give(struct weir_lin_op *op, int64_t result, unsigned nout) {
    op->result = result;
    op->nout = (uint8_t)nout;
}

/* ---- ring ------------------------------------------------------------------------------------ */

static void ring_ask(struct rng *r, struct weir_lin_op *op, uint64_t *fresh) {
    unsigned x = rng_below(r, 100);
    op->kind = x < 32   ? WEIR_LIN_PUSH
               : x < 64 ? WEIR_LIN_POP
               : x < 79 ? WEIR_LIN_PUSH_N
               : x < 95 ? WEIR_LIN_POP_N
                        : WEIR_LIN_CLOSE;
    if (op->kind == WEIR_LIN_PUSH) weir_lin_in(op, ++*fresh);
    if (op->kind == WEIR_LIN_PUSH_N)
        for (unsigned i = rng_below(r, 4); i > 0; i--) weir_lin_in(op, ++*fresh);
    if (op->kind == WEIR_LIN_POP_N) weir_lin_in(op, rng_below(r, 4));
}

static void ring_answer(struct rng *r, struct weir_lin_op *op, uint64_t values) {
    give(op, ONE_OF(r, 0, 0, 0, 0, WEIR_EAGAIN, WEIR_EBUSY, WEIR_ECLOSED, WEIR_ETIMEDOUT), 0);
    if (op->kind == WEIR_LIN_CLOSE && op->result != 0) op->result = WEIR_ECLOSED;
    if (op->result != 0) return;
    if (op->kind == WEIR_LIN_POP) {
        op->out[0] = some_value(r, values);
        op->nout = 1;
    }
    if (op->kind == WEIR_LIN_PUSH_N) op->result = rng_below(r, op->nin + 1u);
    if (op->kind == WEIR_LIN_POP_N) {
        give(op, rng_below(r, (unsigned)op->in[0] + 1), 0);
        uint64_t v = some_value(r, values); /* batches are often runs of values */
        for (int64_t i = 0; i < op->result;
             i++, v = rng_chance(r, 80) ? v + 1 : some_value(r, values))
            weir_lin_out(op, v);
    }
}

/* ---- channel --------------------------------------------------------------------------------- */

static void chan_ask(struct rng *r, struct weir_lin_op *op, uint64_t *fresh) {
    unsigned x = rng_below(r, 100);
    op->kind = x < 30   ? WEIR_LIN_SEND
               : x < 60 ? WEIR_LIN_RECV
               : x < 77 ? WEIR_LIN_TRY_SEND
               : x < 94 ? WEIR_LIN_TRY_RECV
                        : WEIR_LIN_CHAN_CLOSE;
    if (op->kind == WEIR_LIN_SEND || op->kind == WEIR_LIN_TRY_SEND) weir_lin_in(op, ++*fresh);
}

static void chan_answer(struct rng *r, struct weir_lin_op *op, uint64_t values) {
    bool tries = op->kind == WEIR_LIN_TRY_SEND || op->kind == WEIR_LIN_TRY_RECV;
    int64_t code = tries ? ONE_OF(r, 0, 0, 0, WEIR_EAGAIN, WEIR_EBUSY, WEIR_ECLOSED)
                         : ONE_OF(r, 0, 0, 0, 0, 0, WEIR_ECLOSED, WEIR_ECLOSED, WEIR_ETIMEDOUT);
    give(op, op->kind == WEIR_LIN_CHAN_CLOSE && code != 0 ? WEIR_ECLOSED : code, 0);
    if (code == 0 && (op->kind == WEIR_LIN_RECV || op->kind == WEIR_LIN_TRY_RECV))
        weir_lin_out(op, some_value(r, values));
}

/* ---- semaphore ------------------------------------------------------------------------------- */

static void sem_ask(struct rng *r, struct weir_lin_op *op, uint64_t *fresh) {
    (void)fresh;
    unsigned x = rng_below(r, 100);
    op->kind = x < 40 ? WEIR_LIN_ACQUIRE : x < 60 ? WEIR_LIN_TRY_ACQUIRE : WEIR_LIN_RELEASE;
    weir_lin_in(op, rng_chance(r, 4) ? 4 : 1 + rng_below(r, 3));
}

static void sem_answer(struct rng *r, struct weir_lin_op *op, uint64_t values) {
    (void)values;
    switch (op->kind) {
        case WEIR_LIN_ACQUIRE:
            give(op, ONE_OF(r, 0, 0, 0, WEIR_ETOOBIG, WEIR_ETIMEDOUT, WEIR_ECANCELED), 0);
            break;
        case WEIR_LIN_TRY_ACQUIRE:
            give(op, ONE_OF(r, 0, 0, WEIR_EAGAIN, WEIR_EAGAIN, WEIR_EBUSY, WEIR_ETOOBIG), 0);
            break;
        default: give(op, ONE_OF(r, 0, 0, WEIR_EINVAL), 0);
    }
}

/* ---- map ------------------------------------------------------------------------------------- */

static void map_ask(struct rng *r, struct weir_lin_op *op, uint64_t *fresh) {
    op->kind = (uint16_t)(WEIR_LIN_GET + rng_below(r, WEIR_LIN_CAD));
    bool compares = op->kind == WEIR_LIN_CAS || op->kind == WEIR_LIN_CAD;
    if (compares) weir_lin_in(op, some_value(r, *fresh + 1));
    if (op->kind != WEIR_LIN_GET && op->kind != WEIR_LIN_TAKE && op->kind != WEIR_LIN_DELETE &&
        op->kind != WEIR_LIN_CAD)
        weir_lin_in(op, ++*fresh);
}

static void map_answer(struct rng *r, struct weir_lin_op *op, uint64_t values) {
    give(op, ONE_OF(r, 0, 0, 0, WEIR_ENOENT, WEIR_EEXIST, WEIR_EBUSY), 0);
    bool got = op->kind == WEIR_LIN_GET_OR_PUT
                   ? op->result == WEIR_EEXIST
                   : op->result == 0 && (op->kind == WEIR_LIN_GET || op->kind == WEIR_LIN_TAKE ||
                                         op->kind == WEIR_LIN_SWAP);
    if (got) weir_lin_out(op, some_value(r, values));
}

/* ---- cache ----------------------------------------------------------------------------------- */

static void cache_ask(struct rng *r, struct weir_lin_op *op, uint64_t *fresh) {
    unsigned x = rng_below(r, 100);
    op->kind = x < 15   ? WEIR_LIN_CACHE_GET
               : x < 25 ? WEIR_LIN_CACHE_PUT
               : x < 33 ? WEIR_LIN_INVALIDATE
               : x < 63 ? WEIR_LIN_LOAD
               : x < 81 ? WEIR_LIN_LOADER_START
                        : WEIR_LIN_LOADER_END;
    if (op->kind == WEIR_LIN_CACHE_PUT) weir_lin_in(op, ++*fresh);
    if (op->kind == WEIR_LIN_LOADER_START) weir_lin_in(op, 1 + rng_below(r, 2));
    if (op->kind == WEIR_LIN_LOADER_END) {
        weir_lin_in(op, 1 + rng_below(r, 2));
        ++*fresh;
    }
}

static void cache_answer(struct rng *r, struct weir_lin_op *op, uint64_t values) {
    int64_t code = 0;
    switch (op->kind) {
        case WEIR_LIN_CACHE_GET: code = ONE_OF(r, 0, 0, WEIR_ENOENT); break;
        case WEIR_LIN_CACHE_PUT: code = ONE_OF(r, 0, 0, 0, WEIR_ETOOBIG); break;
        case WEIR_LIN_LOAD: code = ONE_OF(r, 0, 0, 0, 0, WEIR_ENOENT, WEIR_ETIMEDOUT); break;
        case WEIR_LIN_LOADER_END: code = ONE_OF(r, 0, 0, 0, WEIR_ENOENT); break;
        default: break;
    }
    give(op, code, 0);
    bool value = op->kind == WEIR_LIN_CACHE_GET || op->kind == WEIR_LIN_LOAD ||
                 op->kind == WEIR_LIN_LOADER_END;
    if (code == 0 && value) weir_lin_out(op, some_value(r, values));
}

/* ---- deque ----------------------------------------------------------------------------------- */

static void deque_ask(struct rng *r, struct weir_lin_op *op, uint64_t *fresh) {
    unsigned x = rng_below(r, 100);
    op->kind = x < 45 ? WEIR_LIN_DEQUE_PUSH : x < 70 ? WEIR_LIN_DEQUE_POP : WEIR_LIN_DEQUE_STEAL;
    if (op->kind == WEIR_LIN_DEQUE_PUSH) weir_lin_in(op, ++*fresh);
}

static void deque_answer(struct rng *r, struct weir_lin_op *op, uint64_t values) {
    if (op->kind == WEIR_LIN_DEQUE_PUSH) {
        give(op, ONE_OF(r, 0, 0, 0, 0, WEIR_ENOMEM, WEIR_EAGAIN), 0);
        return;
    }
    give(op, ONE_OF(r, 0, 0, 0, WEIR_EAGAIN, WEIR_EBUSY), 0);
    if (op->result == 0) weir_lin_out(op, some_value(r, values));
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct weir_lin_ring ring = { .cap = 2 }, exact_ring = { .cap = 3, .exact = true };
static const struct weir_lin_chan chan = { .cap = 1 }, rendezvous = { .cap = 0, .exact = true };
static const struct weir_lin_sem sem = { .size = 3 }, fifo = { .size = 3, .fifo = true };
static const struct weir_lin_map map = { .exact = false };
static const struct weir_lin_cache cache = { .evicts = false };
static const struct weir_lin_deque deque = { .exact = false }, exact_deque = { .exact = true };

static int spec_of(enum which w, struct weir_lin_spec *s) {
    switch (w) {
        case P_RING: return weir_lin_ring_spec(s, &ring);
        case P_RING_EXACT: return weir_lin_ring_spec(s, &exact_ring);
        case P_CHAN: return weir_lin_chan_spec(s, &chan);
        case P_RENDEZVOUS: return weir_lin_chan_spec(s, &rendezvous);
        case P_SEM: return weir_lin_sem_spec(s, &sem);
        case P_SEM_FIFO: return weir_lin_sem_spec(s, &fifo);
        case P_MAP: return weir_lin_map_spec(s, &map);
        case P_CACHE: return weir_lin_cache_spec(s, &cache);
        case P_DEQUE: return weir_lin_deque_spec(s, &deque);
        case P_DEQUE_EXACT: return weir_lin_deque_spec(s, &exact_deque);
        default: return WEIR_EINVAL;
    }
}

struct profile profile_of(enum which w) {
    struct profile p = { .threads = 3, .ops = GEN_OPS, .keys = 1 };
    if (spec_of(w, &p.spec) < 0) abort();
    bool is_deque = w == P_DEQUE || w == P_DEQUE_EXACT;
    if (p.spec.state_size > 64 && !is_deque) p.ops = 6; /* split: permutations of 12 */
    if (w == P_RING || w == P_RING_EXACT) {
        p.ask = ring_ask;
        p.answer = ring_answer;
    } else if (w == P_CHAN || w == P_RENDEZVOUS) {
        p.ask = chan_ask;
        p.answer = chan_answer;
        p.rules = weir_lin_chan_rules;
        p.nrules = 2;
        p.keys = 2;
    } else if (w == P_SEM || w == P_SEM_FIFO) {
        p.ask = sem_ask;
        p.answer = sem_answer;
        p.rules = weir_lin_sem_rules;
        p.nrules = 1;
    } else if (is_deque) {
        p.ask = deque_ask;
        p.answer = deque_answer;
    } else if (w == P_MAP) {
        p.ask = map_ask;
        p.answer = map_answer;
        p.keys = 2;
    } else {
        p.ask = cache_ask;
        p.answer = cache_answer;
        p.rules = weir_lin_cache_rules;
        p.nrules = 1;
        p.threads = 4;
    }
    return p;
}
