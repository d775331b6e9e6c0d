/* SPDX-License-Identifier: MIT */
/* queues/mpmc.c - making, ending, closing, the slow paths and the batches of weir/mpmc.h. The
 * argument stands there.
 *
 * Batches. The stamps of k slots are read, each ready for its lap; then one CAS moves the index past
 * all of them. A slot ready for its lap stays so until that lap's owner takes it, so an unchanged index
 * proves the whole prefix. The slots are filled and stamped from the last to the first: nobody can
 * claim the second slot before the first is stamped, so the batch appears at once, and the one barrier
 * after the first slot's stamp orders all. Each slot is visited once after the claim, since its line
 * may have to come from another processor (a copy pass and a stamp pass measured 15 % slower). */
#include <weir/mpmc.h>

#include "../lib/base.h"
#include "../lib/park.h"
#include "mpmc.h"

_Static_assert(sizeof(weir_mpmc) == 3 * WEIR_LINE, "frozen layout");

/* What stands in an index's word beside the index. */
#define MARKS (WEIR__MPMC_OPEN | WEIR__MPMC_HELD)

/* A peer in mid-operation is done in well under a microsecond unless it was preempted; polling longer
 * than that only burns its processor. A seam: 2 in the model build. */
#ifdef WEIR_MODEL
#define BUSY_POLLS 2
#define LOST_PAUSES(lost) 0u
#else
#define BUSY_POLLS 24
#define LOST_PAUSES(lost) (1u << (lost))
#endif

/* ---- making and ending --------------------------------------------------------------------------- */

size_t weir_mpmc_bytes(size_t cap, size_t elem_size) {
    if (cap == 0 || cap > WEIR_RING_CAP_MAX) return 0;
    if (elem_size == 0 || elem_size > WEIR_RING_ELEM_MAX) return 0;
    return weir__ring_bytes(sizeof(weir_mpmc), cap, weir__mpmc_stride(elem_size));
}

/* Positions of one lap: a power of two, at least cap, at least 2 (I2). */
static uint64_t positions(size_t cap) {
    uint64_t n = 2;
    while (n < cap) n *= 2;
    return n;
}

static void set_shape(weir_mpmc *r, size_t cap, size_t elem_size) {
    uint64_t lap = positions(cap);
    r->mask_ = (lap - 1) * WEIR__MPMC_ONE;
    r->last_ = (cap - 1) * WEIR__MPMC_ONE;
    r->lap_ = lap * WEIR__MPMC_ONE;
    r->gap_ = (lap - cap) * WEIR__MPMC_ONE;
    r->elem_size_ = elem_size;
    r->stride_ = weir__mpmc_stride(elem_size);
    r->slots_ = sizeof *r;
}

static void init_stamps(weir_mpmc *r, uint64_t word) {
    size_t stride = (size_t)r->stride_;
    uint64_t lap_start = word & ~r->mask_;
    for (uint64_t pos = 0; pos <= r->last_; pos += WEIR__MPMC_ONE) {
        uint64_t w = lap_start + pos;
        if (pos < (word & r->mask_)) w += r->lap_;
        weir_init_atomic(weir__mpmc_stamp(r, w, stride), w);
    }
}

static uint64_t new_id(void) {
    uint64_t id = weir__os_random();
    return id != WEIR__MPMC_OF_CHAN ? id : 1;
}

int weir__mpmc_init_at(weir_mpmc **out, void *mem, size_t bytes, size_t cap, size_t elem_size,
                       unsigned flags, uint64_t start) {
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    size_t need = weir_mpmc_bytes(cap, elem_size);
    if (!mem || (uintptr_t)mem % 8 != 0 || need == 0 || bytes < need) return WEIR_EINVAL;
    if (flags & ~(WEIR_RING_NO_MEMBARRIER | WEIR__MPMC_IN_CHAN)) return WEIR_EINVAL;
    weir_mpmc *r = mem;
    uint64_t id = flags & WEIR__MPMC_IN_CHAN ? WEIR__MPMC_OF_CHAN : new_id();
    *r = (weir_mpmc){ .magic_ = WEIR__MPMC_MAGIC, .id_ = id };
    set_shape(r, cap, elem_size);
    (void)weir__os_cpus(); /* read the affinity now, not in the first wait */
    uint64_t word = start * WEIR__MPMC_ONE;
    if ((word & r->mask_) > r->last_) word = (word & ~r->mask_) | r->last_;
    bool asymmetric = !(flags & WEIR_RING_NO_MEMBARRIER) && weir__asymmetric();
    weir_init_atomic(&r->waiters_, asymmetric ? 0 : WEIR__MPMC_FENCE);
    weir_init_atomic(&r->tail_, word | WEIR__MPMC_OPEN);
    weir_init_atomic(&r->head_, word);
    init_stamps(r, word);
    *out = r;
    return 0;
}

int weir_mpmc_init(weir_mpmc **out, void *mem, size_t bytes, size_t cap, size_t elem_size,
                   unsigned flags) {
    if (out) *out = NULL;
    if (flags & WEIR__MPMC_IN_CHAN) return WEIR_EINVAL;
    return weir__mpmc_init_at(out, mem, bytes, cap, elem_size, flags, 0);
}

int weir_mpmc_attach(weir_mpmc **out, void *mem, size_t bytes) {
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    if (!mem || (uintptr_t)mem % 8 != 0 || bytes < sizeof(weir_mpmc)) return WEIR_EINVAL;
    weir_mpmc *r = mem, want = { 0 };
    size_t need = weir_mpmc_bytes(weir_mpmc_cap(r), (size_t)r->elem_size_);
    if (!weir__mpmc_is(r) || need == 0 || bytes < need) return WEIR_EINVAL;
    set_shape(&want, weir_mpmc_cap(r), (size_t)r->elem_size_);
    if (r->mask_ != want.mask_ || r->last_ != want.last_ || r->lap_ != want.lap_ ||
        r->gap_ != want.gap_ || r->stride_ != want.stride_ || r->slots_ != want.slots_)
        return WEIR_EINVAL;
    /* Made by a process that had membarrier, found by one that has not: as when it is refused late. One
     * that fences already asks nothing of the kernel. Relaxed: the fence bit is never taken away, and who
     * uses the ring here has attached to it, or has the pointer by an edge from who did, so that it sees
     * the bits in this one word. */
    (void)weir__os_cpus(); /* now, not in the first wait */
    if (!(weir_load_relaxed(&r->waiters_) & WEIR__MPMC_FENCE) && !weir__asymmetric())
        (void)weir_fetch_or_relaxed(&r->waiters_, WEIR__MPMC_FENCE | WEIR__MPMC_SETTLING);
    *out = r;
    return 0;
}

static bool has_waiters(weir_mpmc *r) {
    return (weir_load_relaxed(&r->waiters_) & ~(WEIR__MPMC_FENCE | WEIR__MPMC_SETTLING)) != 0;
}

/* A slot without its stamp was claimed by a process that has died since: there is no element in it. */
static void end(weir_mpmc *r, weir_drop_fn *drop, void *arg) {
    size_t stride = (size_t)r->stride_;
    uint64_t t = weir_load_relaxed(&r->tail_) & ~WEIR__MPMC_OPEN; /* nobody else is here */
    for (uint64_t h = weir_load_relaxed(&r->head_); drop && h != t; h = weir__mpmc_next(r, h, 1)) {
        weir_au64 *stamp = weir__mpmc_stamp(r, h, stride);
        if (weir_load_relaxed(stamp) == h + WEIR__MPMC_ONE) drop(stamp + 1, arg);
    }
    memset(r, 0, sizeof *r); /* I4: a later call is refused */
}

int weir_mpmc_fini(weir_mpmc *r, weir_drop_fn *drop, void *arg) {
    if (!weir__mpmc_is(r)) return weir__misuse("weir_mpmc_fini", "not a ring");
    if (r->owned_) return weir__misuse("weir_mpmc_fini", "this ring is of weir_mpmc_new");
    if (has_waiters(r)) return WEIR_EBUSY;
    end(r, drop, arg);
    return 0;
}

int weir_mpmc_new(weir_mpmc **out, const struct weir_ring_opts *opts) {
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    int rc = weir__ring_opts_check(opts, WEIR_RING_NO_MEMBARRIER);
    if (rc < 0) return rc;
    size_t bytes = weir_mpmc_bytes(opts->cap, opts->elem_size);
    if (bytes == 0) return WEIR_EINVAL;
    void *mem = weir__own(opts, bytes);
    if (!mem) return WEIR_ENOMEM;
    rc = weir_mpmc_init(out, mem, bytes, opts->cap, opts->elem_size, opts->flags);
    if (rc < 0) {
        weir__disown(mem);
        return rc;
    }
    (*out)->owned_ = 1;
    return 0;
}

int weir_mpmc_free(weir_mpmc *r) {
    if (!r) return 0;
    if (!weir__mpmc_is(r) || !r->owned_)
        return weir__misuse("weir_mpmc_free", "not a ring of weir_mpmc_new");
    if (has_waiters(r)) return WEIR_EBUSY;
    struct weir__owner *o = weir__owner_of(r);
    end(r, o->drop, o->drop_arg);
    weir__disown(r);
    return 0;
}

int weir_mpmc_close(weir_mpmc *r) {
    if (!weir__mpmc_is(r)) return weir__misuse("weir_mpmc_close", "not a ring");
    uint64_t t = weir_fetch_and_seq_cst(&r->tail_, ~WEIR__MPMC_OPEN, MPMC_K1);
    if (!(t & WEIR__MPMC_OPEN)) return WEIR_ECLOSED;
    WEIR_POINT("mpmc.close.marked");
    weir__mpmc_wake_all(r);
    return 0;
}

bool weir_mpmc_is_closed(const weir_mpmc *r) {
    return !(weir_load_acquire(&r->tail_, MPMC_E3) & WEIR__MPMC_OPEN);
}

size_t weir_mpmc_len(const weir_mpmc *r) {
    /* Head first: tail only grows. Elements popped and pushed in between could make it exceed cap. */
    uint64_t h = weir_load_acquire(&r->head_, MPMC_E4) & ~MARKS;
    uint64_t t = weir_load_relaxed(&r->tail_) & ~MARKS;
    uint64_t cap = (r->last_ >> 2) + 1;
    uint64_t laps = ((t & ~r->mask_) - (h & ~r->mask_)) / (r->lap_ ? r->lap_ : 1);
    uint64_t n = laps * cap + ((t & r->mask_) >> 2) - ((h & r->mask_) >> 2);
    return (size_t)(laps > 1 || n > cap ? cap : n);
}

uint64_t weir__mpmc_count(const weir_mpmc *r, uint64_t word) {
    word &= ~MARKS;
    return (word & ~r->mask_) / r->lap_ * ((r->last_ >> 2) + 1) + ((word & r->mask_) >> 2);
}

/* ---- slow paths ------------------------------------------------------------------------------------ */

static int refused(const weir_mpmc *r, const char *call) {
    return weir__mpmc_is(r) ? WEIR_ECLOSED : weir__misuse(call, "not a ring");
}

/* One more poll of a slot whose owner is in mid-operation. */
static int poll_again(int polls) {
    if (polls >= BUSY_POLLS) return WEIR_EBUSY;
    weir_pause();
    return polls + 1;
}

unsigned weir__mpmc_lost_(unsigned lost) {
    for (unsigned i = LOST_PAUSES(lost); i > 0; i--) weir_pause();
    return lost < 5 ? lost + 1 : lost; /* 2^5 pauses: a microsecond or two */
}

int weir__mpmc_push_slow_(weir_mpmc *r, uint64_t t, uint64_t stamp, int polls) {
    /* A newer stamp, or a tail that has moved: t was stale. Signed distances (I1). */
    if ((t & WEIR__MPMC_OPEN) && (int64_t)(stamp + WEIR__MPMC_OPEN - t) > 0) return polls;
    uint64_t tail = weir_load_seq_cst(&r->tail_, MPMC_E1); /* own index first, */
    uint64_t head = weir_load_seq_cst(&r->head_, MPMC_E2); /* the peer's last */
    if (!(tail & WEIR__MPMC_OPEN)) return refused(r, "weir_mpmc push verbs");
    /* tail <= head + lap always; so if the tail read before equals that now, it still stood there
     * when head was read: full at that instant. */
    if ((tail & ~MARKS) - (head & ~MARKS) == r->lap_) return WEIR_EAGAIN;
    if (tail != t) return polls;
    return poll_again(polls); /* the pop of the previous lap has not given the slot back yet */
}

int weir__mpmc_pop_slow_(weir_mpmc *r, uint64_t h, uint64_t stamp, int polls) {
    if ((int64_t)(stamp - (h + WEIR__MPMC_ONE)) > 0 && weir__mpmc_is(r)) return polls; /* stale */
    uint64_t head = weir_load_seq_cst(&r->head_, MPMC_E6); /* own index first, */
    uint64_t tail = weir_load_seq_cst(&r->tail_, MPMC_E7); /* the peer's last */
    if ((tail & ~MARKS) == (head & ~MARKS))
        return tail & WEIR__MPMC_OPEN ? WEIR_EAGAIN : refused(r, "weir_mpmc pop verbs");
    if (head != h) return polls;
    return poll_again(polls); /* the push has claimed the slot, but not filled it yet */
}

/* ---- batches --------------------------------------------------------------------------------------- */

/* Slots in a row in memory: n of them, the first with word w. A batch is at most two such pieces. */
struct piece {
    char *slot;
    uint64_t w;
    size_t n;
};

WEIR__BODY void pieces(weir_mpmc *r, uint64_t w, size_t n, size_t stride, struct piece out[2]) {
    size_t pos = (size_t)((w & r->mask_) >> 2), left = weir_mpmc_cap(r) - pos;
    size_t first = n < left ? n : left;
    char *base = (char *)r + r->slots_;
    out[0] = (struct piece){ base + pos * stride, w, first };
    out[1] = (struct piece){ base, weir__mpmc_next(r, w, first), n - first };
}

WEIR__BODY weir_au64 *stamp_of(char *slot) { return (weir_au64 *)(void *)slot; }

/* What is not 0 unless slot i of a piece has the stamp `want` + i words. */
WEIR__BODY uint64_t differs(const struct piece *p, size_t i, uint64_t want, size_t stride) {
    return weir_load_acquire(stamp_of(p->slot + i * stride), MPMC_A2) ^ (want + i * WEIR__MPMC_ONE);
}

/* How many slots from word w on, at most n, have a stamp that is `plus` ahead of their word. Four at a
 * time: a batch is short, and its branches would cost as much as its loads. */
WEIR__BODY size_t ready_run(weir_mpmc *r, uint64_t w, size_t n, uint64_t plus, size_t stride) {
    struct piece p[2];
    size_t k = 0;
    pieces(r, w, n, stride, p);
    for (int j = 0; j < 2; j++) {
        const struct piece *q = &p[j];
        uint64_t want = q->w + plus;
        size_t i = 0;
        for (; i + 4 <= q->n; i += 4)
            if (differs(q, i, want, stride) | differs(q, i + 1, want, stride) |
                differs(q, i + 2, want, stride) | differs(q, i + 3, want, stride))
                break;
        while (i < q->n && !differs(q, i, want, stride)) i++;
        k += i;
        if (i < q->n) break;
    }
    return k;
}

/* Fills (or empties, `in` false) slot i of a piece of claimed slots, and stamps it. */
WEIR__BODY void move_one(const struct piece *p, char *elems, size_t i, bool in, uint64_t plus,
                         size_t esize, size_t stride) {
    char *slot = p->slot + i * stride;
    if (in)
        weir__copy(slot + sizeof(weir_au64), elems + i * esize, esize);
    else
        weir__copy(elems + i * esize, slot + sizeof(weir_au64), esize);
    weir_store_release(stamp_of(slot), p->w + i * WEIR__MPMC_ONE + plus, MPMC_S2);
}

/* All of a piece, the last slot first. */
WEIR__BODY void move_piece(const struct piece *p, char *elems, bool in, uint64_t plus, size_t esize,
                           size_t stride) {
    size_t i = p->n;
    for (; i % 4 != 0; i--) move_one(p, elems, i - 1, in, plus, esize, stride);
    for (; i > 0; i -= 4) {
        move_one(p, elems, i - 1, in, plus, esize, stride);
        move_one(p, elems, i - 2, in, plus, esize, stride);
        move_one(p, elems, i - 3, in, plus, esize, stride);
        move_one(p, elems, i - 4, in, plus, esize, stride);
    }
}

/* Both pieces of the k slots from word w on; returns the stamp of the first, which was stored last. */
WEIR__BODY weir_au64 *move_run(weir_mpmc *r, uint64_t w, size_t k, char *elems, bool in,
                               uint64_t plus, size_t esize, size_t stride) {
    struct piece p[2];
    pieces(r, w, k, stride, p);
    move_piece(&p[1], elems + p[0].n * esize, in, plus, esize, stride);
    move_piece(&p[0], elems, in, plus, esize, stride);
    return stamp_of(p[0].slot);
}

WEIR__BODY ptrdiff_t push_n(weir_mpmc *r, const void *elems, size_t n, size_t esize,
                            size_t stride) {
    uint64_t t = weir_load_relaxed(&r->tail_);
    for (int polls = 0;;) {
        uint64_t w = t - WEIR__MPMC_OPEN; /* of a closed ring: no stamp's word */
        uint64_t s =
            weir_load_relaxed(weir__mpmc_stamp(r, t, stride)); /* read again by ready_run */
        if (WEIR_UNLIKELY(s != w)) {
            polls = weir__mpmc_push_slow_(r, t, s, polls);
            if (polls < 0) return polls;
            t = weir_load_relaxed(&r->tail_);
            continue;
        }
        size_t k = ready_run(r, w, n, 0, stride);
        if (k == 0) t = weir_load_relaxed(&r->tail_); /* taken meanwhile */
        if (k == 0 || !weir_cas_seq_cst(&r->tail_, &t, weir__mpmc_next(r, t, k), MPMC_C3)) continue;
        WEIR_POINT("mpmc.push_n.claimed");
        weir_au64 *stamp =
            move_run(r, w, k, (char *)(uintptr_t)elems, true, WEIR__MPMC_ONE, esize, stride);
        WEIR_POINT("mpmc.push_n.stamped");
        weir_light_barrier();
        if (weir_load_relaxed(&r->waiters_)) weir__mpmc_pushed_(r, stamp, k);
        return (ptrdiff_t)k;
    }
}

WEIR__BODY ptrdiff_t pop_n(weir_mpmc *r, void *elems, size_t n, size_t esize, size_t stride) {
    uint64_t h = weir_load_relaxed(&r->head_);
    for (int polls = 0;;) {
        uint64_t w = h, s = weir_load_relaxed(weir__mpmc_stamp(r, h, stride));
        if (WEIR_UNLIKELY(s != w + WEIR__MPMC_ONE)) {
            polls = weir__mpmc_pop_slow_(r, h, s, polls);
            if (polls < 0) return polls;
            h = weir_load_relaxed(&r->head_);
            continue;
        }
        size_t k = ready_run(r, w, n, WEIR__MPMC_ONE, stride);
        if (k == 0) h = weir_load_relaxed(&r->head_); /* taken meanwhile */
        if (k == 0 || !weir_cas_seq_cst(&r->head_, &h, weir__mpmc_next(r, h, k), MPMC_C4)) continue;
        WEIR_POINT("mpmc.pop_n.claimed");
        weir_au64 *stamp = move_run(r, w, k, elems, false, r->lap_, esize, stride);
        WEIR_POINT("mpmc.pop_n.stamped");
        weir_light_barrier();
        if (weir_load_relaxed(&r->waiters_)) weir__mpmc_popped_(r, stamp, k);
        return (ptrdiff_t)k;
    }
}

/* Words are the commonest elements: their loops get a constant size. */
ptrdiff_t weir_mpmc_try_push_n(weir_mpmc *r, const void *elems, size_t n) {
    if (n == 0) return 0;
    if (n > weir_mpmc_cap(r)) n = weir_mpmc_cap(r);
    if (r->elem_size_ == 8) return push_n(r, elems, n, 8, weir__mpmc_stride(8));
    return push_n(r, elems, n, (size_t)r->elem_size_, (size_t)r->stride_);
}

ptrdiff_t weir_mpmc_try_pop_n(weir_mpmc *r, void *elems, size_t n) {
    if (n == 0) return 0;
    if (n > weir_mpmc_cap(r)) n = weir_mpmc_cap(r);
    if (r->elem_size_ == 8) return pop_n(r, elems, n, 8, weir__mpmc_stride(8));
    return pop_n(r, elems, n, (size_t)r->elem_size_, (size_t)r->stride_);
}
