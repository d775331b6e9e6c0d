/* SPDX-License-Identifier: MIT */
/* weir/mpmc.h - bounded ring for any number of producers and consumers: try, batch, wait, close.
 *
 *   word    index << 2                  index = lap << k | position, 2^k >= cap (2 if cap is 1)
 *   slots   [ e4 | e5 |    |    ]       stamp + open bit == tail   : free, may be pushed to
 *   stamps  [ 5' | 6' | 6  | 7  ]       stamp == head + 4          : full, may be popped
 *                                       (cap 4, head 4, tail 6; x' is written by the push of x - 1)
 *
 * Invariants
 *   I1  head <= tail <= head + one lap, counted in laps and positions; both only grow and may wrap.
 *       The position runs from 0 to cap - 1 and then jumps to the next lap, so that the ring has
 *       exactly cap slots and one stamp decides alone, for any cap: "full" and "free" are read from
 *       the slot, and no index of the other side is looked at while operations succeed.
 *   I2  A slot's stamp takes the values w (free for the push with tail word w), w + 4 (holds its
 *       element), w + lap (free for the next lap). w + 4 != w + lap, also for one slot, because a lap
 *       counts at least 2.
 *   I3  Only the thread whose CAS moved tail (head) past a position changes that slot until it
 *       stores the stamp (without membarrier a publisher adds 0 to it once more). No ticket is ever given
 *       up: a thread claims only a slot that is ready.
 *   I4  The open bit stands in tail and nowhere else: a closing fetch-and makes every later claim fail.
 *       One comparison sees "not free", "closed", and a ring that is all zero, which is none.
 * Results    EAGAIN is said only where the ring was truly full (empty) at an instant of the call:
 *            own index read first, the other's last, both seq_cst, and the distance exact. If it
 *            was not, but the slot is not ready, its owner is in mid-operation: after a bounded
 *            spin, EBUSY.
 * Linearization   a push at its CAS of tail, a pop at its CAS of head, EAGAIN and ECLOSED at the load
 *            of the other side's index; a batch is one CAS.
 * Progress   blocking, not lock-free: a thread stopped between claim and stamp makes the calls that come
 *            to its slot return EBUSY; behind a stopped push nothing can be popped, behind a stopped pop
 *            nothing pushed, one lap later. No call of the try family waits for it. Where somebody is
 *            parked, every call takes a short lock in order to wake: see queues/mpmc_wait.c.
 * Ordering   S1/S2 -> R1/A2 (stamp, full) carry the element; F1/S2 -> A1/A2 (stamp, free) carry the
 *            emptied slot, so pop k happens-before push k + cap; K1 (close) -> E1, E3, E7 carry what the
 *            closer did. Waiters: see queues/mpmc_wait.c.
 * Memory     one block, slots found by offset; no pointer inside: it may be mapped at two addresses.
 *            The layout is part of the ABI. Waiters are kept outside (lib/lot.c), by the ring's id.
 * From       Vyukov's bounded MPMC queue. Differs in: exact capacity by laps, the closing bit, full,
 *            empty and in-flight told apart, batches claimed by one CAS, parking. */
#ifndef WEIR_MPMC_H
#define WEIR_MPMC_H

#include <weir/atomic.h>
#include <weir/detail/copy.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_mpmc {
    weir_au64 tail_;
    char pad0_[WEIR_LINE - 8];
    weir_au64 head_;
    char pad1_[WEIR_LINE - 8];
    /* read by every operation, written only when a thread parks or leaves */
    weir_au64 waiters_; /* parked poppers, pushers << 31, and WEIR__MPMC_FENCE */
    /* constant after init */
    uint32_t magic_;
    uint32_t owned_;
    uint64_t mask_; /* of the position in a word */
    uint64_t last_; /* the last position, as in a word */
    uint64_t lap_;  /* one lap, as in a word */
    uint64_t gap_;  /* (lap - cap), as in a word */
    uint64_t elem_size_;
    uint64_t stride_; /* bytes of a slot: stamp, element, padding to 8 */
    uint64_t slots_;  /* offset of slot 0 from this struct */
    uint64_t id_;     /* random: the key of its waiters */
    char pad2_[WEIR_LINE - 80];
} weir_mpmc;

#define WEIR__MPMC_OPEN UINT64_C(1)
#define WEIR__MPMC_HELD UINT64_C(2) /* in head or tail: of a channel, see queues/chan_mpmc.c */
#define WEIR__MPMC_ONE UINT64_C(4)  /* one element, as in a word */
#define WEIR__MPMC_POPPER UINT64_C(1)
#define WEIR__MPMC_PUSHER (UINT64_C(1) << 31)
#define WEIR__MPMC_FENCE (UINT64_C(1) << 63) /* no membarrier: publishers fence for themselves */
#define WEIR__MPMC_SETTLING \
    (UINT64_C(1) << 62) /* but some may have looked before: waiters settle */

/* Bytes that weir_mpmc_init needs, or 0 if the shape is refused: cap 0 or above 2^31, elem_size 0 or
 * above 65536, or an overflow. Exactly cap slots. Any thread. */
WEIR_API size_t weir_mpmc_bytes(size_t cap, size_t elem_size);

/* Makes an open, empty ring in the caller's memory: `bytes` at `mem`, aligned to 8 (128 is best),
 * which must outlive it. flags: WEIR_RING_*. *out is mem. Returns 0, or WEIR_EINVAL: NULL,
 * misaligned, too small, unknown flag, or a shape that weir_mpmc_bytes refuses. Publish the
 * pointer to other threads by a synchronising operation. Threads of other processes that map the
 * memory may use the try verbs while nobody waits: waiters belong to the process that waits. */
WEIR_NODISCARD WEIR_API int weir_mpmc_init(weir_mpmc **out, void *mem, size_t bytes, size_t cap,
                                           size_t elem_size, unsigned flags);

/* Finds the ring initialised in memory that is mapped here at another address, or by another process
 * that has ended. The init must happen-before this call: it is not a way to wait for it. A copy of the memory
 * is the same ring to those who wait: attach to one of the two only. A process that was killed inside a
 * call leaves its slot undecided for ever: once the others get there they get WEIR_EBUSY, or sleep, also after
 * a close; only weir_mpmc_fini is left then, which passes over that slot. Returns 0, or WEIR_EINVAL: no ring of
 * this layout version in these `bytes` bytes at `mem`. */
WEIR_NODISCARD WEIR_API int weir_mpmc_attach(weir_mpmc **out, void *mem, size_t bytes);

/* Ends a ring in the caller's memory; drop (may be NULL) is called once for each element inside,
 * oldest first. No other thread may be inside or come later; a push whose element has been popped may
 * still be inside, since it looks for waiters afterwards, and without membarrier writes to the ring then.
 * Returns 0; WEIR_EBUSY: threads are parked on
 * it, and nothing was done (a process killed while it waited on a shared ring leaves it so for ever);
 * WEIR_EINVAL: no ring there (never initialised, or ended already), or one made by weir_mpmc_new. */
WEIR_API int weir_mpmc_fini(weir_mpmc *r, weir_drop_fn *drop, void *arg);

/* Allocates a ring. Returns 0, WEIR_EINVAL (shape refused, NULL, unknown flag), or WEIR_ENOMEM; *out
 * is NULL then. */
WEIR_NODISCARD WEIR_API int weir_mpmc_new(weir_mpmc **out, const struct weir_ring_opts *opts);

/* Frees a ring of weir_mpmc_new; opts.drop is called for what is inside, oldest first. Returns 0 (also
 * for NULL), WEIR_EBUSY (threads are parked on it: nothing was done), or WEIR_EINVAL (not of
 * weir_mpmc_new). No other thread may be inside. */
WEIR_API int weir_mpmc_free(weir_mpmc *r);

/* ---- bodies ------------------------------------------------------------------------------------- */

/* Slow paths. They return a code, or the number of polls so far: look again. */
WEIR_API int weir__mpmc_push_slow_(weir_mpmc *r, uint64_t t, uint64_t stamp, int polls);
WEIR_API int weir__mpmc_pop_slow_(weir_mpmc *r, uint64_t h, uint64_t stamp, int polls);
/* Another thread's claim came first, `lost` times in a row before: a pause, twice as long each time up to a bound,
 * so that the line stays where it is for a few operations. Returns `lost` for the next time. */
WEIR_API unsigned weir__mpmc_lost_(unsigned lost);
/* Somebody waits, or the publisher has to fence: called after n stamps, of which the first is at
 * `stamp`, have been stored. */
WEIR_API void weir__mpmc_pushed_(weir_mpmc *r, weir_au64 *stamp, size_t n);
WEIR_API void weir__mpmc_popped_(weir_mpmc *r, weir_au64 *stamp, size_t n);

WEIR__BODY size_t weir__mpmc_stride(size_t esize) { return 8 + ((esize + 7) & ~(size_t)7); }

WEIR__BODY weir_au64 *weir__mpmc_stamp(weir_mpmc *r, uint64_t word, size_t stride) {
    /* Loaded, though it is a constant of every ring: of a header that is all zero, and may have no slots
     * behind it, this is the tail word, which no stamp equals (I4). */
    return (weir_au64 *)(void *)((char *)r + r->slots_ + ((word & r->mask_) >> 2) * stride);
}

/* The word n <= cap elements further on. */
WEIR__BODY uint64_t weir__mpmc_next(const weir_mpmc *r, uint64_t word, uint64_t n) {
    uint64_t step = n * WEIR__MPMC_ONE;
    uint64_t wraps = (word & r->mask_) + step > r->last_;
    return word + step + (wraps ? r->gap_ : 0);
}

/* *at: the word that was claimed, if it returns 0. */
WEIR__BODY int weir__mpmc_push_at(weir_mpmc *r, const void *elem, size_t esize, size_t stride,
                                  uint64_t *at) {
    int polls = 0;
    unsigned lost = 0;
    uint64_t t = weir_load_relaxed(&r->tail_); /* a stale one costs a failed CAS */
    for (;;) {
        weir_au64 *stamp = weir__mpmc_stamp(r, t, stride);
        uint64_t s = weir_load_acquire(stamp, MPMC_A1);
        if (WEIR_LIKELY(s + WEIR__MPMC_OPEN == t)) {
            if (WEIR_UNLIKELY(
                    !weir_cas_weak_seq_cst(&r->tail_, &t, weir__mpmc_next(r, t, 1), MPMC_C1))) {
                lost = weir__mpmc_lost_(lost);
                t = weir_load_relaxed(&r->tail_);
                continue;
            }
            *at = s;
            WEIR_POINT("mpmc.push.claimed");
            weir__copy(stamp + 1, elem, esize);
            WEIR_POINT("mpmc.push.copied");
            weir_store_release(stamp, s + WEIR__MPMC_ONE, MPMC_S1);
            WEIR_POINT("mpmc.push.stamped");
            weir_light_barrier();
            if (WEIR_UNLIKELY(weir_load_relaxed(&r->waiters_))) weir__mpmc_pushed_(r, stamp, 1);
            return 0;
        }
        polls = weir__mpmc_push_slow_(r, t, s, polls);
        if (polls < 0) return polls;
        t = weir_load_relaxed(&r->tail_);
    }
}

WEIR__BODY int weir__mpmc_push(weir_mpmc *r, const void *elem, size_t esize, size_t stride) {
    uint64_t at = 0;
    return weir__mpmc_push_at(r, elem, esize, stride, &at);
}

/* *at: as of a push. */
WEIR__BODY int weir__mpmc_pop_at(weir_mpmc *r, void *elem, size_t esize, size_t stride,
                                 uint64_t *at) {
    int polls = 0;
    unsigned lost = 0;
    uint64_t h = weir_load_relaxed(&r->head_); /* a stale one costs a failed CAS */
    for (;;) {
        weir_au64 *stamp = weir__mpmc_stamp(r, h, stride);
        uint64_t s = weir_load_acquire(stamp, MPMC_R1);
        if (WEIR_LIKELY(s == h + WEIR__MPMC_ONE)) {
            *at = h;
            if (WEIR_UNLIKELY(
                    !weir_cas_weak_seq_cst(&r->head_, &h, weir__mpmc_next(r, h, 1), MPMC_C2))) {
                lost = weir__mpmc_lost_(lost);
                h = weir_load_relaxed(&r->head_);
                continue;
            }
            WEIR_POINT("mpmc.pop.claimed");
            weir__copy(elem, stamp + 1, esize);
            WEIR_POINT("mpmc.pop.copied");
            weir_store_release(stamp, *at + r->lap_, MPMC_F1);
            WEIR_POINT("mpmc.pop.stamped");
            weir_light_barrier();
            if (WEIR_UNLIKELY(weir_load_relaxed(&r->waiters_))) weir__mpmc_popped_(r, stamp, 1);
            return 0;
        }
        polls = weir__mpmc_pop_slow_(r, h, s, polls);
        if (polls < 0) return polls;
        h = weir_load_relaxed(&r->head_);
    }
}

WEIR__BODY int weir__mpmc_pop(weir_mpmc *r, void *elem, size_t esize, size_t stride) {
    uint64_t at = 0;
    return weir__mpmc_pop_at(r, elem, esize, stride, &at);
}

/* ---- the verbs ---------------------------------------------------------------------------------- */

/* Copies *elem in if there is room. Any thread. Returns 0; WEIR_EAGAIN: the ring was full;
 * WEIR_EBUSY: another operation on the next slot is in flight; WEIR_ECLOSED; WEIR_EINVAL: not a
 * ring (misuse). On failure nothing changed and the element is the caller's. Waits for no
 * operation; not for signal handlers, since waking takes a short lock. A push happens-before the pop
 * that gets its element. */
WEIR_INLINE int weir_mpmc_try_push(weir_mpmc *r, const void *elem) {
    return weir__mpmc_push(r, elem, (size_t)r->elem_size_, (size_t)r->stride_);
}

/* Copies the oldest element out. Any thread. Returns 0; WEIR_EAGAIN: the ring was empty; WEIR_EBUSY:
 * the push of the oldest element is in flight; WEIR_ECLOSED: closed and drained; WEIR_EINVAL. On
 * failure *elem is untouched. Waits for nothing, as weir_mpmc_try_push. Pop k happens-before push
 * k + cap. */
WEIR_INLINE int weir_mpmc_try_pop(weir_mpmc *r, void *elem) {
    return weir__mpmc_pop(r, elem, (size_t)r->elem_size_, (size_t)r->stride_);
}

/* Pushes the first min(n, room) elements in one step, in order; fewer only while another operation
 * is in flight. Returns the count, or as weir_mpmc_try_push; n = 0 returns 0. Any thread. */
WEIR_NODISCARD WEIR_API ptrdiff_t weir_mpmc_try_push_n(weir_mpmc *r, const void *elems, size_t n);

/* Pops min(n, available) elements in one step, oldest first; fewer only while another operation is in
 * flight. Returns the count, or as weir_mpmc_try_pop; n = 0 returns 0. Any thread. */
WEIR_NODISCARD WEIR_API ptrdiff_t weir_mpmc_try_pop_n(weir_mpmc *r, void *elems, size_t n);

/* Push that waits for room until `deadline`. Any thread. Returns 0, WEIR_ECLOSED (also while it
 * waited; the element is the caller's), WEIR_ETIMEDOUT (not before the deadline; a past one makes one
 * try), WEIR_ENOMEM (the first try failed, and there is no memory for a record of this thread),
 * ctx's error (once it has ended, even if there is room), WEIR_EINVAL. WEIR_NOW:
 * weir_mpmc_try_push, once ctx has been looked at.
 * Spins for a bounded time, not at all on one CPU, then parks. A woken thread may find its slot taken by a
 * newcomer, and waits on. */
WEIR_NODISCARD WEIR_API int weir_mpmc_push_wait(weir_mpmc *r, const void *elem, weir_time deadline,
                                                weir_ctx *ctx);

/* Pop that waits for an element; as weir_mpmc_push_wait. WEIR_ECLOSED: closed and drained. */
WEIR_NODISCARD WEIR_API int weir_mpmc_pop_wait(weir_mpmc *r, void *elem, weir_time deadline,
                                               weir_ctx *ctx);

/* As the try batches, but wait until at least one element could be moved. n = 0 returns 0. */
WEIR_NODISCARD WEIR_API ptrdiff_t weir_mpmc_push_n_wait(weir_mpmc *r, const void *elems, size_t n,
                                                        weir_time deadline, weir_ctx *ctx);
WEIR_NODISCARD WEIR_API ptrdiff_t weir_mpmc_pop_n_wait(weir_mpmc *r, void *elems, size_t n,
                                                       weir_time deadline, weir_ctx *ctx);

/* Push and pop that wait for ever. */
WEIR_NODISCARD WEIR_INLINE int weir_mpmc_push(weir_mpmc *r, const void *elem) {
    int rc = weir_mpmc_try_push(r, elem);
    return rc == 0 ? 0 : weir_mpmc_push_wait(r, elem, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_mpmc_pop(weir_mpmc *r, void *elem) {
    int rc = weir_mpmc_try_pop(r, elem);
    return rc == 0 ? 0 : weir_mpmc_pop_wait(r, elem, WEIR_FOREVER, NULL);
}

/* Closes: every later push is refused, waiting pushers get WEIR_ECLOSED, and poppers drain what is
 * inside (a push that was under way counts as inside) and then get WEIR_ECLOSED. Any thread.
 * Returns 0 to exactly one caller, WEIR_ECLOSED to the others, WEIR_EINVAL for what is no ring.
 * Close happens-before a call that reports WEIR_ECLOSED. */
WEIR_API int weir_mpmc_close(weir_mpmc *r);
WEIR_API bool weir_mpmc_is_closed(const weir_mpmc *r);

/* Elements inside now, pushes under way included: any thread; never above cap; exact when nobody is
 * inside a call. */
WEIR_API size_t weir_mpmc_len(const weir_mpmc *r);
WEIR_INLINE size_t weir_mpmc_cap(const weir_mpmc *r) { return (size_t)(r->last_ >> 2) + 1; }

/* A ring of T by value: WEIR_MPMC_DECLARE(jobs, struct job); then jobs_new(&q, 64),
 * jobs_try_push(q, j), jobs_pop(q, &j). The size is a constant: plain moves. */
#define WEIR_MPMC_DECLARE(name, T)                                                   \
    typedef struct name {                                                            \
        weir_mpmc *ring;                                                             \
    } name;                                                                          \
    WEIR__BODY int name##_new(name *q, size_t cap) {                                 \
        struct weir_ring_opts o = WEIR_RING_OPTS(cap, sizeof(T));                    \
        return weir_mpmc_new(&q->ring, &o);                                          \
    }                                                                                \
    WEIR__BODY int name##_free(name q) { return weir_mpmc_free(q.ring); }            \
    WEIR__BODY int name##_try_push(name q, T v) {                                    \
        return weir__mpmc_push(q.ring, &v, sizeof(T), weir__mpmc_stride(sizeof(T))); \
    }                                                                                \
    WEIR__BODY int name##_try_pop(name q, T *v) {                                    \
        return weir__mpmc_pop(q.ring, v, sizeof(T), weir__mpmc_stride(sizeof(T)));   \
    }                                                                                \
    WEIR__BODY int name##_push(name q, T v) {                                        \
        int rc = name##_try_push(q, v);                                              \
        return rc == 0 ? 0 : weir_mpmc_push_wait(q.ring, &v, WEIR_FOREVER, NULL);    \
    }                                                                                \
    WEIR__BODY int name##_pop(name q, T *v) {                                        \
        int rc = name##_try_pop(q, v);                                               \
        return rc == 0 ? 0 : weir_mpmc_pop_wait(q.ring, v, WEIR_FOREVER, NULL);      \
    }                                                                                \
    struct name

#ifdef __cplusplus
}
#endif
#endif
