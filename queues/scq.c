/* SPDX-License-Identifier: MIT */
/* queues/scq.c - making, ending, and the slow paths of weir/scq.h. The argument stands there.
 *
 * Marks (I5). A popper that finds nothing could just say so, and does: two loads that depend on each other. To
 * make the poll of an idle ring one load, now and then one that has found nothing marks the slot and then sets
 * "idle" beside the position in head's word. The mark is set by a CAS of the free slot, so that the push which
 * comes next cannot miss it; it tells that push to set "pushed" in head's word. Whichever of "idle" and
 * "pushed" is first, after the settling "pushed" stands there, or head has gone on, and "idle" can no longer be
 * set at this position. The pusher may be stopped between its CAS and the settling: its push is not over, so
 * "empty" is still true; and no push behind it can be over, because tail does not pass the slot before somebody
 * has settled it. A push into a slot without a mark pays nothing for all this. */
#include <weir/scq.h>

#include "../lib/base.h"
#include "scq.h"

#include <string.h>

_Static_assert(sizeof(weir_scq) == 3 * WEIR_LINE, "frozen layout");

/* Pops that find nothing until one of them marks. A seam. */
#ifdef WEIR_MODEL
#define MISSES 1
#else
#define MISSES 64
#endif

/* ---- making and ending ---------------------------------------------------------------------- */

/* 2^b >= the buffers. */
static unsigned buffer_bits(size_t cap, size_t threads) {
    unsigned b = 0;
    while (((size_t)1 << b) < cap + threads) b++;
    return b;
}

static void set_shape(weir_scq *r, size_t cap, size_t elem_size, size_t threads) {
    r->field_ = ((UINT64_C(1) << buffer_bits(cap, threads)) - 1) * WEIR__SCQ_ONE;
    r->last_ = (cap - 1) * WEIR__SCQ_ONE;
    r->gap_ = r->field_ + WEIR__SCQ_ONE - r->last_;
    r->elem_size_ = elem_size;
    r->stride_ = weir__scq_stride(elem_size);
    r->threads_ = threads;
    r->cells_ = sizeof *r;
    r->slots_ = r->cells_ + threads * WEIR_LINE;
    r->buffers_ = r->slots_ + cap * sizeof(weir_au64);
}

size_t weir_scq_bytes(size_t cap, size_t elem_size, size_t threads) {
    if (cap == 0 || cap > WEIR_RING_CAP_MAX) return 0;
    if (elem_size == 0 || elem_size > WEIR_RING_ELEM_MAX) return 0;
    if (threads == 0 || threads > WEIR_SCQ_THREADS_MAX) return 0;
    size_t stride = weir__scq_stride(elem_size);
    size_t header = sizeof(weir_scq) + threads * (WEIR_LINE + stride);
    return weir__ring_bytes(header, cap, sizeof(weir_au64) + stride);
}

/* The word of element number `start`, if a lap counted 2^k >= cap of them: so all bits of the lap can be
 * reached. */
static uint64_t word_at(const weir_scq *r, size_t cap, uint64_t start) {
    unsigned k = buffer_bits(cap, 0);
    uint64_t pos = (start & ((UINT64_C(1) << k) - 1)) * WEIR__SCQ_ONE;
    return (start >> k) * (r->field_ + WEIR__SCQ_ONE) + (pos > r->last_ ? r->last_ : pos);
}

int weir__scq_init_at(weir_scq **out, void *mem, size_t bytes, size_t cap, size_t elem_size,
                      size_t threads, uint64_t start) {
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    size_t need = weir_scq_bytes(cap, elem_size, threads);
    if (!mem || (uintptr_t)mem % 8 != 0 || need == 0 || bytes < need) return WEIR_EINVAL;
    weir_scq *r = mem;
    *r = (weir_scq){ .magic_ = WEIR__SCQ_MAGIC };
    set_shape(r, cap, elem_size, threads);
    uint64_t word = word_at(r, cap, start);
    weir_init_atomic(&r->tail_, word);
    weir_init_atomic(&r->head_, word);
    weir_init_atomic(&r->misses_, 0);
    for (uint64_t pos = 0; pos <= r->last_; pos += WEIR__SCQ_ONE) {
        uint64_t lap = weir__scq_lap(r, word);
        if (pos < (word & r->field_)) lap += r->field_ + WEIR__SCQ_ONE;
        weir_init_atomic(weir__scq_slot(r, pos), lap + pos + WEIR__SCQ_FREE);
    }
    for (size_t i = 0; i < threads; i++)
        weir_init_atomic(weir__scq_cell(r, i), ((cap + i) * WEIR__SCQ_ONE) | WEIR__SCQ_THERE);
    *out = r;
    return 0;
}

int weir_scq_init(weir_scq **out, void *mem, size_t bytes, size_t cap, size_t elem_size,
                  size_t threads) {
    return weir__scq_init_at(out, mem, bytes, cap, elem_size, threads, 0);
}

int weir_scq_attach(weir_scq **out, void *mem, size_t bytes) {
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    if (!mem || (uintptr_t)mem % 8 != 0 || bytes < sizeof(weir_scq)) return WEIR_EINVAL;
    weir_scq *r = mem, want = { 0 };
    size_t cap = weir_scq_cap(r), elem_size = (size_t)r->elem_size_, threads = (size_t)r->threads_;
    size_t need = weir_scq_bytes(cap, elem_size, threads);
    if (!weir__scq_is(r) || need == 0 || bytes < need) return WEIR_EINVAL;
    set_shape(&want, cap, elem_size, threads);
    if (r->field_ != want.field_ || r->last_ != want.last_ || r->gap_ != want.gap_ ||
        r->stride_ != want.stride_ || r->slots_ != want.slots_ || r->cells_ != want.cells_ ||
        r->buffers_ != want.buffers_)
        return WEIR_EINVAL;
    *out = r;
    return 0;
}

/* A process that was killed inside a call has left its spare cell empty, and perhaps an index behind its slot:
 * the slots alone say what is inside. */
static void end(weir_scq *r, weir_drop_fn *drop, void *arg) {
    uint64_t h = weir_load_relaxed(&r->head_); /* nobody else is here */
    for (uint64_t n = 0, cap = weir_scq_cap(r); drop && n <= cap; n++, h = weir__scq_next(r, h)) {
        uint64_t s = weir_load_relaxed(weir__scq_slot(r, h)), state = weir__scq_state(r, s, h);
        if (state == WEIR__SCQ_FULL || state == WEIR__SCQ_LATE)
            drop(weir__scq_buffer(r, s, (size_t)r->stride_), arg);
    }
    memset(r, 0,
           sizeof *r); /* a later call is refused: the word where it finds its slot has no state */
}

int weir_scq_fini(weir_scq *r, weir_drop_fn *drop, void *arg) {
    if (!weir__scq_is(r)) return weir__misuse("weir_scq_fini", "not a ring");
    if (r->owned_) return weir__misuse("weir_scq_fini", "this ring is of weir_scq_new");
    end(r, drop, arg);
    return 0;
}

int weir_scq_new(weir_scq **out, const struct weir_ring_opts *opts, size_t threads) {
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    int rc = weir__ring_opts_check(opts, 0);
    if (rc < 0) return rc;
    size_t bytes = weir_scq_bytes(opts->cap, opts->elem_size, threads);
    if (bytes == 0) return WEIR_EINVAL;
    void *mem = weir__own(opts, bytes);
    if (!mem) return WEIR_ENOMEM;
    rc = weir_scq_init(out, mem, bytes, opts->cap, opts->elem_size, threads);
    if (rc < 0) {
        weir__disown(mem);
        return rc;
    }
    (*out)->owned_ = 1;
    return 0;
}

int weir_scq_free(weir_scq *r) {
    if (!r) return 0;
    if (!weir__scq_is(r) || !r->owned_)
        return weir__misuse("weir_scq_free", "not a ring of weir_scq_new");
    struct weir__owner *o = weir__owner_of(r);
    end(r, o->drop, o->drop_arg);
    weir__disown(r);
    return 0;
}

size_t weir_scq_len(const weir_scq *r) {
    /* Relaxed: of words that belong together if nobody is inside, and else in range: a tail that is older than head, or
     * one behind its slot, gives 0, and too much is cut. */
    uint64_t h = weir_load_relaxed(&r->head_) & ~WEIR__SCQ_FLAGS;
    uint64_t t = weir_load_relaxed(&r->tail_);
    uint64_t cap = weir_scq_cap(r), one_lap = r->field_ + WEIR__SCQ_ONE;
    if ((int64_t)(t - h) <= 0) return 0;
    uint64_t laps = (weir__scq_lap(r, t) - weir__scq_lap(r, h)) / one_lap;
    uint64_t at_t = (t & r->field_) / WEIR__SCQ_ONE, at_h = (h & r->field_) / WEIR__SCQ_ONE;
    uint64_t n = laps * cap + at_t - at_h;
    return (size_t)(laps > 1 || n > cap ? cap : n);
}

/* ---- spares --------------------------------------------------------------------------------- */

/* One look at each cell. Turns only grow: if two looks at all of them find none full, and the same sum of turns,
 * none has been full between the end of the first and the start of the second. For two of the cells that were
 * seen to be taken by K and L: had K ended before L began, its spare would have come back (C2) before L took its
 * own (C1), which the first look has seen (C3), and so the second one would see what came back. */
struct round {
    uint64_t turns;
    bool full; /* one of them was, and another call took it */
};

static weir_au64 *look_around(weir_scq *r, uint64_t *from, uint64_t *spare, struct round *seen) {
    *seen = (struct round){ 0 };
    for (uint64_t n = r->threads_; n > 0; n--) {
        *from = *from + 1 < r->threads_ ? *from + 1 : 0;
        weir_au64 *cell = weir__scq_cell(r, *from);
        uint64_t c = weir_load_acquire(cell, SCQ_C3); /* does not take the line from an owner */
        if (weir__scq_empty(cell, c)) {
            *spare = c & r->field_;
            return cell;
        }
        seen->full |= c & WEIR__SCQ_THERE;
        seen->turns += weir__scq_lap(r, c);
        WEIR_POINT("scq.search.looked");
        weir_pause();
    }
    return NULL;
}

weir_au64 *weir__scq_search_(weir_scq *r, uint64_t from, uint64_t *spare) {
    struct round before = { .full = true }, now;
    for (;; before = now) {
        weir_au64 *cell = look_around(r, &from, spare, &now);
        if (cell) return cell;
        if (!before.full && !now.full && now.turns == before.turns) return NULL;
    }
}

/* ---- slow paths ----------------------------------------------------------------------------- */

void weir__scq_settle_(weir_scq *r, uint64_t at) {
    at &= ~WEIR__SCQ_FLAGS;
    uint64_t h = weir_load_acquire(&r->head_, SCQ_E1);
    /* Not behind `at`: the mark was set by one who had read this head, and M1 -> P1, L1 bring it here. */
    while ((h & ~WEIR__SCQ_FLAGS) == at && !(h & WEIR__SCQ_PUSHED))
        if (weir_cas_seq_cst(&r->head_, &h, at | WEIR__SCQ_PUSHED, SCQ_E2)) break;
    WEIR_POINT("scq.settled");
}

int weir__scq_push_slow_(weir_scq *r, uint64_t t) {
    uint64_t s = weir_load_seq_cst(weir__scq_slot(r, t), SCQ_L1);
    uint64_t state = weir__scq_state(r, s, t), lap = r->field_ + WEIR__SCQ_ONE;
    if (state == 0 && !weir__scq_is(r)) return weir__misuse("weir_scq_try_push", "not a ring");
    if (state == WEIR__SCQ_FREE || state == WEIR__SCQ_MARKED) return 1;
    /* Tail was t, so all before are pushed; the oldest of them is still in this slot. */
    if (state + lap == WEIR__SCQ_FULL || state + lap == WEIR__SCQ_LATE) return WEIR_EAGAIN;
    if (state == WEIR__SCQ_LATE) weir__scq_settle_(r, t);
    weir__scq_move_tail(r, t); /* pushed, perhaps popped already */
    return 1;
}

/* The slot at head word h is free, as read in s. */
static void mark(weir_scq *r, uint64_t h, uint64_t s) {
    uint64_t misses = weir_load_relaxed(&r->misses_) + 1; /* a guess is enough */
    weir_store_relaxed(&r->misses_, misses);
    if (misses % MISSES != 0) return;
    weir_au64 *slot = weir__scq_slot(r, h);
    uint64_t marked = s + (WEIR__SCQ_MARKED - WEIR__SCQ_FREE);
    if (weir__scq_state(r, s, h) == WEIR__SCQ_FREE && !weir_cas_release(slot, &s, marked, SCQ_M1))
        return;
    WEIR_POINT("scq.pop.marked");
    /* Relaxed: it says nothing that the CAS which moved head here has not said. Fails if the push has been
     * settled. */
    (void)weir_cas_relaxed(&r->head_, &h, h | WEIR__SCQ_IDLE);
}

int weir__scq_pop_slow_(weir_scq *r, uint64_t h) {
    uint64_t s = weir_load_seq_cst(weir__scq_slot(r, h), SCQ_L2);
    uint64_t state = weir__scq_state(r, s, h);
    if (state == 0 && !weir__scq_is(r)) return weir__misuse("weir_scq_try_pop", "not a ring");
    if (state == WEIR__SCQ_FULL) return 1;
    if (state == WEIR__SCQ_FREE || state == WEIR__SCQ_MARKED) {
        mark(r, h, s); /* head was h, so all before are popped; this one is not pushed */
        return WEIR_EAGAIN;
    }
    if (state == WEIR__SCQ_LATE)
        weir__scq_settle_(r, h);
    else
        weir__scq_move_head(r, h); /* popped already */
    return 1;
}
