/* SPDX-License-Identifier: MIT */
/* queues/spsc.c - the parts of weir/spsc.h that are not the fast path. The argument stands there. */
#include <weir/spsc.h>

#include "../lib/base.h"
#include "../lib/os.h"
#include "spsc.h"

/* "spsc", layout 1. */
#define MAGIC UINT32_C(0x73707301)

_Static_assert(sizeof(struct weir__owner) <= WEIR_LINE, "the owner's block stands in one line");

static size_t slots_for(size_t cap) {
    size_t n = 1;
    while (n < cap) n *= 2;
    return n;
}

size_t weir_spsc_bytes(size_t cap, size_t elem_size) {
    if (cap == 0 || cap > WEIR_RING_CAP_MAX) return 0;
    if (elem_size == 0 || elem_size > WEIR_RING_ELEM_MAX) return 0;
    return weir__ring_bytes(sizeof(weir_spsc), slots_for(cap), elem_size);
}

/* Where slipping (weir/spsc.h) begins and ends, in elements: from one line of them, up to half the ring,
 * but not above 4 KiB, since by then the exchange is well spread over its elements. */
static void set_slip(weir_spsc *r) {
    uint64_t from = 64 / r->elem_size_ > 2 ? 64 / r->elem_size_ : 2;
    uint64_t to = 4096 / r->elem_size_;
    if (to > r->cap_ / 2) to = r->cap_ / 2;
    r->slip_from_ = from;
    r->slip_span_ = to > from && weir__os_cpus() > 1 ? to - from : 0;
}

int weir__spsc_init_at(weir_spsc **out, void *mem, size_t bytes, size_t cap, size_t elem_size,
                       uint64_t start) {
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    size_t need = weir_spsc_bytes(cap, elem_size);
    if (!mem || (uintptr_t)mem % 8 != 0 || need == 0 || bytes < need) return WEIR_EINVAL;
    weir_spsc *r = mem;
    *r = (weir_spsc){ .limit_ = start + cap,
                      .shown_ = start,
                      .tail_seen_ = start,
                      .head_shown_ = start,
                      .magic_ = MAGIC,
                      .mask_ = slots_for(cap) - 1,
                      .cap_ = cap,
                      .elem_size_ = elem_size,
                      .slots_ = sizeof *r };
    weir_init_atomic(&r->tail_, start);
    weir_init_atomic(&r->head_, start);
    set_slip(r);
    *out = r;
    return 0;
}

int weir_spsc_init(weir_spsc **out, void *mem, size_t bytes, size_t cap, size_t elem_size) {
    return weir__spsc_init_at(out, mem, bytes, cap, elem_size, 0);
}

int weir_spsc_attach(weir_spsc **out, void *mem, size_t bytes) {
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    if (!mem || (uintptr_t)mem % 8 != 0 || bytes < sizeof(weir_spsc)) return WEIR_EINVAL;
    weir_spsc *r = mem;
    size_t need = weir_spsc_bytes((size_t)r->cap_, (size_t)r->elem_size_);
    if (r->magic_ != MAGIC || need == 0 || bytes < need || r->slots_ != sizeof *r ||
        r->mask_ != slots_for((size_t)r->cap_) - 1)
        return WEIR_EINVAL;
    *out = r;
    return 0;
}

static void end(weir_spsc *r, weir_drop_fn *drop, void *arg) {
    uint64_t t = weir_load_relaxed(&r->tail_); /* nobody else is here */
    for (uint64_t h = weir_load_relaxed(&r->head_); drop && h != t; h++)
        drop(weir__spsc_slots(r) + (h & r->mask_) * r->elem_size_, arg);
    memset(r, 0, sizeof *r); /* a later call meets an empty ring that takes nothing */
}

int weir_spsc_fini(weir_spsc *r, weir_drop_fn *drop, void *arg) {
    if (!r || r->magic_ != MAGIC) return weir__misuse("weir_spsc_fini", "not a ring");
    if (r->owned_) return weir__misuse("weir_spsc_fini", "this ring is of weir_spsc_new");
    end(r, drop, arg);
    return 0;
}

int weir_spsc_new(weir_spsc **out, const struct weir_ring_opts *opts) {
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    int rc = weir__ring_opts_check(opts, 0);
    if (rc < 0) return rc;
    size_t bytes = weir_spsc_bytes(opts->cap, opts->elem_size);
    if (bytes == 0) return WEIR_EINVAL;
    void *mem = weir__own(opts, bytes);
    if (!mem) return WEIR_ENOMEM;
    rc = weir_spsc_init(out, mem, bytes, opts->cap, opts->elem_size);
    if (rc < 0) {
        weir__disown(mem);
        return rc;
    }
    (*out)->owned_ = 1;
    return 0;
}

void weir_spsc_free(weir_spsc *r) {
    if (!r) return;
    if (r->magic_ != MAGIC || !r->owned_) {
        (void)weir__misuse("weir_spsc_free", "not a ring of weir_spsc_new");
        return;
    }
    struct weir__owner *o = weir__owner_of(r);
    end(r, o->drop, o->drop_arg);
    weir__disown(r);
}

/* ---- slow paths and in-place access --------------------------------------------------------------- */

/* Bounded, and independent of the other side: push and pop stay wait-free. 16 pauses made streams of
 * single words half as fast again on the machine of results/, but a burst that follows another within
 * the pause waits for its end: 8 are the compromise, about 0.4 us there. */
#ifdef WEIR_MODEL
#define SLIP_PAUSES 0
#else
#define SLIP_PAUSES 8
#endif

static void slip(const weir_spsc *r, uint64_t brought) {
    if (brought - r->slip_from_ >= r->slip_span_) return;
    for (int i = 0; i < SLIP_PAUSES; i++) weir_pause();
}

bool weir__spsc_room_(weir_spsc *r, uint64_t n) {
    if (r->magic_ != MAGIC) {
        (void)weir__misuse("weir_spsc_push, push_n or reserve", "not a ring");
        return false;
    }
    if (r->reserved_) {
        if (r->reserved_ != WEIR__SPSC_SHUT)
            (void)weir__misuse("weir_spsc_push or push_n", "a reservation is open");
        return false;
    }
    slip(r, r->freed_);
    uint64_t t = weir_load_relaxed(&r->tail_);
    uint64_t limit = weir_load_acquire(&r->head_, SPSC_H2) + r->cap_;
    if (weir_recheck(limit - t < n, SPSC_Q1)) {
        if (t != r->shown_) (void)weir_exchange_seq_cst(&r->tail_, t, SPSC_B1);
        r->shown_ = t;
        limit = weir_load_seq_cst(&r->head_, SPSC_B2) + r->cap_;
    }
    r->freed_ = limit - r->limit_;
    r->limit_ = limit;
    return limit - t >= n;
}

bool weir__spsc_avail_(weir_spsc *r, uint64_t n) {
    slip(r, r->found_);
    uint64_t h = weir_load_relaxed(&r->head_);
    uint64_t tail = weir_load_acquire(&r->tail_, SPSC_T2);
    if (weir_recheck(tail - h < n, SPSC_Q2)) {
        if (h != r->head_shown_) (void)weir_exchange_seq_cst(&r->head_, h, SPSC_B3);
        r->head_shown_ = h;
        tail = weir_load_seq_cst(&r->tail_, SPSC_B4);
    }
    r->found_ = tail - r->tail_seen_;
    r->tail_seen_ = tail;
    return tail - h >= n;
}

/* The two pieces that n elements from index i take. */
static void span_at(weir_spsc *r, uint64_t i, size_t n, struct weir_span *span) {
    size_t slots = (size_t)r->mask_ + 1, pos = (size_t)(i & r->mask_);
    size_t first = slots - pos < n ? slots - pos : n;
    char *base = weir__spsc_slots(r);
    *span =
        (struct weir_span){ .at = { base + pos * r->elem_size_, base }, .n = { first, n - first } };
}

ptrdiff_t weir_spsc_reserve(weir_spsc *r, size_t n, struct weir_span *span) {
    if (r->reserved_) return weir__misuse("weir_spsc_reserve", "a reservation is open already");
    if (n == 0 || !span) return WEIR_EINVAL;
    uint64_t t = weir_load_relaxed(&r->tail_);
    n = weir__spsc_room_for(r, t, n);
    if (n == 0) return r->magic_ == MAGIC ? WEIR_EAGAIN : WEIR_EINVAL;
    span_at(r, t, n, span);
    r->reserved_ = n;
    r->kept_ = r->limit_;
    r->limit_ = t; /* I3: push takes the slow path from now on */
    return (ptrdiff_t)n;
}

int weir_spsc_commit(weir_spsc *r, size_t n) {
    if (r->reserved_ == 0) return weir__misuse("weir_spsc_commit", "no reservation is open");
    if (n > r->reserved_) return weir__misuse("weir_spsc_commit", "more than was reserved");
    uint64_t t = weir_load_relaxed(&r->tail_);
    r->limit_ = r->kept_;
    r->reserved_ = 0;
    if (n > 0) weir_store_release(&r->tail_, t + n, SPSC_T5);
    return 0;
}

ptrdiff_t weir_spsc_peek(weir_spsc *r, size_t n, struct weir_span *span) {
    if (!span) return WEIR_EINVAL;
    uint64_t h = weir_load_relaxed(&r->head_);
    n = weir__spsc_avail_for(r, h, n);
    if (n == 0) return WEIR_EAGAIN;
    span_at(r, h, n, span);
    return (ptrdiff_t)n;
}

int weir_spsc_consume(weir_spsc *r, size_t n) {
    uint64_t h = weir_load_relaxed(&r->head_);
    if (n > r->tail_seen_ - h) return weir__misuse("weir_spsc_consume", "more than was seen");
    if (n > 0) weir_store_release(&r->head_, h + n, SPSC_H4);
    return 0;
}

size_t weir_spsc_len(const weir_spsc *r) {
    /* Head first: tail only grows, so the difference is never negative, but elements popped and
     * pushed in between could make it exceed cap. */
    uint64_t h = weir_load_acquire(&r->head_, SPSC_H5);
    uint64_t n = weir_load_relaxed(&r->tail_) - h;
    return (size_t)(n < r->cap_ ? n : r->cap_);
}
