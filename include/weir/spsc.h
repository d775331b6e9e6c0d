/* SPDX-License-Identifier: MIT */
/* weir/spsc.h - bounded ring for one producer and one consumer.
 *
 *              head (consumer)        tail (producer)
 *               v                      v
 *   slots   [ . | e7| e8| e9| e10| e11| . | . ]      element i stands in slot i mod 2^k
 *
 * Use it where one thread pushes and one thread pops (each role may move between threads, if one
 * hands it to the next by a synchronising operation). Push and pop are wait-free and never block.
 * For several producers or consumers, or to wait, close or select: weir/mpmc.h.
 *
 * Invariants
 *   I1  0 <= tail - head <= cap, in unsigned 64-bit arithmetic; both only grow and may wrap.
 *   I2  Only the producer writes tail, limit and reserved; only the consumer writes head, tail_seen.
 *   I3  limit - tail <= cap - (tail - head): the producer's room is what it last saw, never more.
 *       While a reservation is open limit == tail, so that push takes the slow path and refuses.
 * Progress   every call is wait-free: no loop depends on the other side.
 * Ordering   T1 (tail published) -> T2 (tail read when tail_seen says empty) carries the elements;
 *            H1 (head published) -> H2 (head read when limit says full) carries the freed slots.
 *            A stale copy only hides elements or room. "Full", "empty" and a batch cut short are said
 *            only after a second look with a StoreLoad barrier before it: B1 (own tail again, seq_cst)
 *            then B2 (head), against B3 (own head again) then B4 (tail). Without it both sides may miss
 *            each other's last store, and one says full while the other says empty (RING7). One barrier
 *            serves until the side's next store, so polling costs loads only.
 * Slipping   reading the other side's index takes its line away from it, and where both sides run
 *            at the same speed they meet at every element. So a look that brought at least a line of
 *            elements, but less than half the ring, is followed by a short pause before the
 *            next look (queues/spsc.c): the sides fall apart again and exchange whole lines. A look that
 *            brought nothing or little (sparse traffic, ping-pong) is followed by none.
 * Memory     one block: this header, then the slots, found by offset: it may be mapped anywhere, at
 *            several addresses at once. The layout is part of the ABI (tests/abi_layout.c).
 * From       Lamport's ring, with the cached indices of Lee, Bu and Chandranmenon (MCRingBuffer,
 *            2010); batches publish once; slipping after FastForward (Giacomoni, Moseley,
 *            Vachharajani, 2008). */
#ifndef WEIR_SPSC_H
#define WEIR_SPSC_H

#include <weir/atomic.h>
#include <weir/detail/copy.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_spsc {
    /* producer's lines */
    weir_au64 tail_;
    uint64_t limit_;    /* push while tail != limit; head as last seen, plus cap */
    uint64_t reserved_; /* elements of the open reservation, 0: none */
    uint64_t freed_;    /* what the last look at head brought */
    uint64_t kept_;     /* limit, while a reservation is open */
    uint64_t shown_;    /* tail at the last barrier: known to be visible */
    char pad0_[WEIR_LINE - 48];
    /* consumer's lines */
    weir_au64 head_;
    uint64_t tail_seen_;
    uint64_t found_;      /* what the last look at tail brought */
    uint64_t head_shown_; /* head at the last barrier */
    char pad1_[WEIR_LINE - 32];
    /* constant after init */
    uint32_t magic_;
    uint32_t owned_; /* allocated by weir_spsc_new */
    uint64_t mask_;
    uint64_t cap_;
    uint64_t elem_size_;
    uint64_t slots_;                 /* offset of slot 0 from this struct */
    uint64_t slip_from_, slip_span_; /* a look that brought this much is followed by a pause */
    char pad2_[WEIR_LINE - 56];
} weir_spsc;

/* Two pieces of the ring's memory: the second is empty unless the elements wrap around. They are aligned
 * as elem_size and the ring's own memory make them. */
struct weir_span {
    void *at[2];
    size_t n[2]; /* elements, not bytes */
};

/* Bytes that weir_spsc_init needs for this shape, or 0 if it is refused: cap 0 or above 2^31,
 * elem_size 0 or above 65536, or an overflow. Slots are a power of two >= cap. Any thread. */
WEIR_API size_t weir_spsc_bytes(size_t cap, size_t elem_size);

/* Makes a ring in the caller's memory of `bytes` bytes at `mem`, which must be aligned to 8 (128 is
 * best: head and tail then share no line with strangers) and outlive the ring. *out is mem.
 * Returns 0, or WEIR_EINVAL: NULL, misaligned, too small, or a shape that weir_spsc_bytes refuses.
 * Publish the pointer to the other thread by a synchronising operation. */
WEIR_NODISCARD WEIR_API int weir_spsc_init(weir_spsc **out, void *mem, size_t bytes, size_t cap,
                                           size_t elem_size);

/* Finds the ring that was initialised in memory mapped here at another address. The init must
 * happen-before this call: it is not a way to wait for it. Returns 0, or WEIR_EINVAL: no ring in these
 * `bytes` bytes at `mem`, or one made by another layout version. */
WEIR_NODISCARD WEIR_API int weir_spsc_attach(weir_spsc **out, void *mem, size_t bytes);

/* Ends a ring in the caller's memory; drop (may be NULL) is called once for each element inside,
 * oldest first. No other thread may be inside or come later; the memory is the caller's again.
 * Returns 0, or WEIR_EINVAL: no ring there (never initialised, or ended already), or one made by
 * weir_spsc_new. */
WEIR_API int weir_spsc_fini(weir_spsc *r, weir_drop_fn *drop, void *arg);

/* Allocates a ring. Returns 0, WEIR_EINVAL (shape refused, NULL, unknown flag), or WEIR_ENOMEM; *out
 * is NULL then. */
WEIR_NODISCARD WEIR_API int weir_spsc_new(weir_spsc **out, const struct weir_ring_opts *opts);

/* Frees a ring of weir_spsc_new; opts.drop is called for what is inside, oldest first. NULL is a
 * no-op. No other thread may be inside. */
WEIR_API void weir_spsc_free(weir_spsc *r);

/* ---- bodies: take the element size as a parameter, see weir/detail/copy.h ---------------------- */

/* Slow paths: look at the other side's index. Room for, or as many as, n elements afterwards? */
WEIR_API bool weir__spsc_room_(weir_spsc *r, uint64_t n);
WEIR_API bool weir__spsc_avail_(weir_spsc *r, uint64_t n);

/* slots_ says so too, for whoever reads the layout; a constant costs no load. */
WEIR__BODY char *weir__spsc_slots(weir_spsc *r) { return (char *)(r + 1); }

/* At tail t, where room is known. */
WEIR__BODY void weir__spsc_put(weir_spsc *r, uint64_t t, const void *elem, size_t esize) {
    weir__copy(weir__spsc_slots(r) + (t & r->mask_) * esize, elem, esize);
    WEIR_POINT("spsc.push.copied");
    weir_store_release(&r->tail_, t + 1, SPSC_T1);
}

/* From head h, where an element is known. */
WEIR__BODY void weir__spsc_take(weir_spsc *r, uint64_t h, void *elem, size_t esize) {
    weir__copy(elem, weir__spsc_slots(r) + (h & r->mask_) * esize, esize);
    WEIR_POINT("spsc.pop.copied");
    weir_store_release(&r->head_, h + 1, SPSC_H1);
}

WEIR__BODY bool weir__spsc_push(weir_spsc *r, const void *elem, size_t esize) {
    uint64_t t = weir_load_relaxed(&r->tail_); /* own index */
    if (WEIR_UNLIKELY(t == r->limit_) && !weir__spsc_room_(r, 1)) return false;
    weir__spsc_put(r, t, elem, esize);
    return true;
}

WEIR__BODY bool weir__spsc_pop(weir_spsc *r, void *elem, size_t esize) {
    uint64_t h = weir_load_relaxed(&r->head_); /* own index */
    if (WEIR_UNLIKELY(h == r->tail_seen_) && !weir__spsc_avail_(r, 1)) return false;
    weir__spsc_take(r, h, elem, esize);
    return true;
}

/* Room for the producer, looking at head again where less than n is known. */
WEIR__BODY size_t weir__spsc_room_for(weir_spsc *r, uint64_t t, size_t n) {
    if (r->limit_ - t < n) (void)weir__spsc_room_(r, n);
    uint64_t room = r->limit_ - t;
    return room < n ? (size_t)room : n;
}

WEIR__BODY size_t weir__spsc_avail_for(weir_spsc *r, uint64_t h, size_t n) {
    if (r->tail_seen_ - h < n) (void)weir__spsc_avail_(r, n);
    uint64_t avail = r->tail_seen_ - h;
    return avail < n ? (size_t)avail : n;
}

WEIR__BODY size_t weir__spsc_push_n(weir_spsc *r, const void *elems, size_t n, size_t esize) {
    uint64_t t = weir_load_relaxed(&r->tail_);
    n = weir__spsc_room_for(r, t, n);
    if (n == 0) return 0;
    weir__copy_in(weir__spsc_slots(r), (size_t)r->mask_ + 1, (size_t)(t & r->mask_), elems, n,
                  esize);
    WEIR_POINT("spsc.push_n.copied");
    weir_store_release(&r->tail_, t + n, SPSC_T4);
    return n;
}

WEIR__BODY size_t weir__spsc_pop_n(weir_spsc *r, void *elems, size_t n, size_t esize) {
    uint64_t h = weir_load_relaxed(&r->head_);
    n = weir__spsc_avail_for(r, h, n);
    if (n == 0) return 0;
    weir__copy_out(elems, weir__spsc_slots(r), (size_t)r->mask_ + 1, (size_t)(h & r->mask_), n,
                   esize);
    WEIR_POINT("spsc.pop_n.copied");
    weir_store_release(&r->head_, h + n, SPSC_H3);
    return n;
}

/* ---- the verbs --------------------------------------------------------------------------------- */

/* Copies *elem in. Producer only. Returns false, and changes nothing, when the ring is full (or a
 * reservation is open: misuse). A push happens-before the pop that gets its element. Wait-free. */
WEIR_INLINE bool weir_spsc_push(weir_spsc *r, const void *elem) {
    return weir__spsc_push(r, elem, (size_t)r->elem_size_);
}

/* Copies the oldest element out. Consumer only. Returns false, *elem untouched, when the ring is
 * empty. A pop happens-before the push that reuses its slot. Wait-free. */
WEIR_INLINE bool weir_spsc_pop(weir_spsc *r, void *elem) {
    return weir__spsc_pop(r, elem, (size_t)r->elem_size_);
}

/* Pushes the first min(n, room) of the n elements at elems, in order, visible all at once; returns
 * how many. Producer only. Wait-free. */
WEIR_INLINE size_t weir_spsc_push_n(weir_spsc *r, const void *elems, size_t n) {
    return weir__spsc_push_n(r, elems, n, (size_t)r->elem_size_);
}

/* Pops min(n, available) elements to elems, oldest first; returns how many. Consumer only.
 * Wait-free. */
WEIR_INLINE size_t weir_spsc_pop_n(weir_spsc *r, void *elems, size_t n) {
    return weir__spsc_pop_n(r, elems, n, (size_t)r->elem_size_);
}

/* Opens a reservation of min(n, room) elements that the producer writes in place, through *span.
 * Returns how many, or WEIR_EAGAIN (no room), or WEIR_EINVAL (n is 0, or a reservation is open
 * already: misuse). Nothing is visible before the commit, and push refuses until then. Producer
 * only; the span is valid until the commit. In memory that outlives the process: a producer that ends with
 * an open reservation leaves it open, and the next one begins with weir_spsc_commit(r, 0); after one that was
 * killed inside a call the ring can only be ended. */
WEIR_NODISCARD WEIR_API ptrdiff_t weir_spsc_reserve(weir_spsc *r, size_t n, struct weir_span *span);

/* Publishes the first n reserved elements at once and closes the reservation; what was reserved
 * beyond n is given back; n = 0 gives all back. Returns 0, or WEIR_EINVAL (no reservation, or n
 * larger than it, which then stays open: misuse). Producer only. */
WEIR_API int weir_spsc_commit(weir_spsc *r, size_t n);

/* Shows up to n of the oldest elements in place, without taking them. Returns how many, or
 * WEIR_EAGAIN (empty, or n is 0). The span stays valid until the consumer pops or consumes. Consumer
 * only. */
WEIR_NODISCARD WEIR_API ptrdiff_t weir_spsc_peek(weir_spsc *r, size_t n, struct weir_span *span);

/* Takes the n oldest elements, which a peek has shown. Returns 0, or WEIR_EINVAL (more than a peek or
 * pop has seen: misuse; nothing is taken). Consumer only. */
WEIR_API int weir_spsc_consume(weir_spsc *r, size_t n);

/* Elements inside now: any thread; never above cap; exact when neither side is inside a call. */
WEIR_API size_t weir_spsc_len(const weir_spsc *r);
WEIR_INLINE size_t weir_spsc_cap(const weir_spsc *r) { return (size_t)r->cap_; }

/* A ring of T by value: WEIR_SPSC_DECLARE(ints, int); then ints_new(&q, 64), ints_push(q, 7),
 * ints_pop(q, &x). The size is a constant, so push and pop compile to plain moves. */
#define WEIR_SPSC_DECLARE(name, T)                                                              \
    typedef struct name {                                                                       \
        weir_spsc *ring;                                                                        \
    } name;                                                                                     \
    WEIR__BODY int name##_new(name *q, size_t cap) {                                            \
        struct weir_ring_opts o = WEIR_RING_OPTS(cap, sizeof(T));                               \
        return weir_spsc_new(&q->ring, &o);                                                     \
    }                                                                                           \
    WEIR__BODY void name##_free(name q) { weir_spsc_free(q.ring); }                             \
    WEIR__BODY bool name##_push(name q, T v) { return weir__spsc_push(q.ring, &v, sizeof(T)); } \
    WEIR__BODY bool name##_pop(name q, T *v) { return weir__spsc_pop(q.ring, v, sizeof(T)); }   \
    struct name

#ifdef __cplusplus
}
#endif
#endif
