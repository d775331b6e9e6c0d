/* SPDX-License-Identifier: MIT */
/* weir/scq.h - bounded ring for any number of producers and consumers, strictly lock-free: a thread that is
 * stopped at any point of a call, for any time, keeps no other from pushing, popping, or being told full or
 * empty. For real-time priorities, for threads that a debugger or a hypervisor stops, and for signal handlers.
 *
 *   slots    [ 7:full,b2 | 7:full,b9 | 6:free,b0 | 6:free,b4 ]  lap:state,buffer   (cap 4, head 7.0, tail 7.2)
 *   spares   [ b5 | b1 | - | b7 ]   [ - : its owner is inside a call ]                  (threads 4)
 *   buffers  [ b0 | b1 | ... | b9 ]   cap + threads of them, an element each
 *
 * A pusher takes a spare buffer, copies the element into it, and exchanges it by one CAS for the buffer that
 * stands in the slot at tail; a popper exchanges its spare for the buffer in the slot at head, and copies the
 * element out of what it got. So all copying is done in a buffer that belongs to this call alone, and one CAS
 * is all that others ever see.
 *
 * Invariants
 *   I1  head and tail are words lap | position | flags. The position runs from 0 to cap - 1 and then jumps to
 *       the next lap; both only grow and may wrap, together with the laps in the slots.
 *   I2  A slot goes free (lap l), perhaps marked, full (l), free (l + 1), and never back: a CAS that finds the
 *       word that was read has missed nothing, and who comes with an old index fails.
 *   I3  A slot is pushed to in lap l by who has read tail there, and popped in lap l by who has read head
 *       there; tail (head) passes a slot only once that is done. So the pushes are done in the order of
 *       positions, and the pops.
 *   I4  Each buffer is in one slot, or in one spare cell, or belongs to the one call that has emptied that
 *       cell. A cell's word is turn | buffer | there; the turn grows whenever a spare comes back, and stays
 *       when it is taken, so that who reads the same turn of an empty cell twice knows that it was empty all
 *       the while.
 *   I5  Head's word says "idle" only while the ring is empty but for pushes that are not over. It is set by a
 *       popper that has first marked the free slot at head; the push into a marked slot makes it "late", and
 *       whoever meets a late slot settles it first: sets "pushed" in head's word at that position, over "idle".
 *       Tail does not pass a late slot and no pop takes it before.
 * Linearization   a push at its CAS of the slot, or, of a marked slot, where that is settled; a pop at its CAS
 *            of the slot; full and empty at the load of the slot: tail (head) was there, so all pushes
 *            (pops) before are done, and the slot shows that the pop of the lap before (the push of this
 *            lap) is not; empty also at the load of a head that says idle. So full and empty are exact,
 *            also beside calls in flight: no element in flight takes up room.
 * Progress   lock-free: a CAS of a slot fails because another's has succeeded (or has marked it, once a
 *            position); an index that is behind is moved on by whoever meets it, at most one step; a call holds
 *            no lock and no ticket, just a spare that others do without. This holds while at most `threads`
 *            calls are inside at once, stopped ones and those of signal handlers counted. One more finds no
 *            spare and says WEIR_EBUSY: that is all that happens. It says so only when it has looked at all
 *            cells twice, and no spare has come back in between: then there was an instant at which each was
 *            in another call's hands. If one came back a call has ended, and it looks again. An idle poll, a
 *            pop of a ring that was found empty some times before, is one load.
 * Signals    try_push, try_pop, len and cap may be called by a signal handler, also by one that interrupts any
 *            of them in the same thread: no lock, no allocation, no thread-local object, errno untouched.
 * Ordering   P1 -> O1 (slot) carries the element, O1 -> P1 the buffer left in exchange, C2 -> C1 a spare; so a
 *            push happens-before the pop of its element. C1, C2 -> C3: who sees that a spare is taken sees
 *            those that came back before that call began. T1 -> T2 and H3 -> H1: who reads an index sees what
 *            was done before it. P1, O1, E2 with L1, L2, H1 are seq_cst: full and empty of two rings cannot
 *            contradict each other.
 * Limits     the words repeat after 2^(61 - b) laps, 2^b >= cap + threads: a thread stopped for exactly a
 *            multiple of that, at least 2^49 elements, would be fooled; and so would a search for a spare, if within
 *            it a multiple of 2^(61 - b) came back.
 * Memory     one block, found by offsets; no pointer inside: it may be mapped at two addresses, and used by
 *            several processes. One that is killed inside a call costs one of `threads`, its buffer, and
 *            nothing else. The layout is part of the ABI.
 * From       indices with a cycle in one-word slots over an array of data, a bound on threads, and a sign that
 *            makes an idle poll one load: Nikolaev, "A scalable, portable, and memory-efficient lock-free FIFO
 *            queue" (SCQ, DISC 2019). Differs in: there an element that is being copied takes up room, so that
 *            full is not exact, and a stopped thread makes the ring smaller, down to nothing when the capacity
 *            is below the threads; a capacity of n serves n threads. Here the slot itself is exchanged by CAS
 *            at the index, which others help on (as Tsigas and Zhang, SPAA 2001, and Evequoz, ICPP 2008), the
 *            free buffers travel with the slots and the threads instead of a second ring, and so there are no
 *            tickets to catch up and no threshold. */
#ifndef WEIR_SCQ_H
#define WEIR_SCQ_H

#include <weir/atomic.h>
#include <weir/detail/copy.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_scq {
    weir_au64 tail_; /* lap | position << 3 */
    char pad0_[WEIR_LINE - 8];
    weir_au64 head_;   /* the same, | WEIR__SCQ_IDLE or WEIR__SCQ_PUSHED */
    weir_au64 misses_; /* pops that found nothing, about */
    char pad1_[WEIR_LINE - 16];
    /* constant after init */
    uint32_t magic_;
    uint32_t owned_;
    uint64_t field_; /* mask of a position, or a buffer, in a word */
    uint64_t last_;  /* the last position, as in a word */
    uint64_t gap_;   /* from there to the first position of the next lap */
    uint64_t elem_size_;
    uint64_t stride_; /* bytes of a buffer */
    uint64_t threads_;
    uint64_t slots_; /* offsets from this struct */
    uint64_t cells_;
    uint64_t buffers_;
    char pad2_[WEIR_LINE - 80];
} weir_scq;

/* States of a slot, and flags in head's word. */
#define WEIR__SCQ_FREE UINT64_C(1)
#define WEIR__SCQ_MARKED UINT64_C(2) /* free, and head may say idle */
#define WEIR__SCQ_FULL UINT64_C(3)
#define WEIR__SCQ_LATE UINT64_C(4) /* pushed to while it was marked */
#define WEIR__SCQ_IDLE UINT64_C(1)
#define WEIR__SCQ_PUSHED UINT64_C(2) /* head's slot was late, and is settled */
#define WEIR__SCQ_THERE UINT64_C(1)  /* in a cell: not taken */
#define WEIR__SCQ_FLAGS UINT64_C(7)
#define WEIR__SCQ_ONE UINT64_C(8) /* one position, or one buffer, as in a word */

#define WEIR_SCQ_THREADS_MAX ((size_t)1024)

/* Bytes that weir_scq_init needs, or 0 if the shape is refused: cap 0 or above 2^31, elem_size 0 or above
 * 65536, threads 0 or above 1024, or an overflow. Any thread. */
WEIR_API size_t weir_scq_bytes(size_t cap, size_t elem_size, size_t threads);

/* Makes an empty ring for exactly cap elements in the caller's memory: `bytes` at `mem`, aligned to 8 (128 is
 * best), which must outlive it. threads: calls of it that are inside at once, at most: of threads, and of
 * signal handlers that interrupt one. *out is mem. Returns 0, or WEIR_EINVAL: NULL, misaligned, too small, or a
 * shape that weir_scq_bytes refuses. Publish the pointer to other threads by a synchronising operation. */
WEIR_NODISCARD WEIR_API int weir_scq_init(weir_scq **out, void *mem, size_t bytes, size_t cap,
                                          size_t elem_size, size_t threads);

/* Finds the ring initialised in memory that is mapped here at another address, or by another process, which may
 * go on using it. The init must happen-before this call: it is not a way to wait for it. Returns 0, or
 * WEIR_EINVAL: no ring of this layout version in these `bytes` bytes at `mem`. */
WEIR_NODISCARD WEIR_API int weir_scq_attach(weir_scq **out, void *mem, size_t bytes);

/* Ends a ring in the caller's memory; drop (may be NULL) is called once for each element inside, oldest first.
 * No other thread may be inside or come later. Returns 0, or WEIR_EINVAL: no ring there (never initialised, or
 * ended already), or one made by weir_scq_new. */
WEIR_API int weir_scq_fini(weir_scq *r, weir_drop_fn *drop, void *arg);

/* Allocates a ring; threads as of weir_scq_init, no flags. Returns 0, WEIR_EINVAL (shape refused, NULL, a
 * flag), or WEIR_ENOMEM; *out is NULL then. */
WEIR_NODISCARD WEIR_API int weir_scq_new(weir_scq **out, const struct weir_ring_opts *opts,
                                         size_t threads);

/* Frees a ring of weir_scq_new; opts.drop is called for what is inside, oldest first. Returns 0 (also for
 * NULL), or WEIR_EINVAL (not of weir_scq_new). No other thread may be inside. */
WEIR_API int weir_scq_free(weir_scq *r);

/* ---- bodies --------------------------------------------------------------------------------- */

/* The slot is not what a push at tail word t (a pop at head word h) hopes for. They return a code, or 1:
 * look again. */
WEIR_API int weir__scq_push_slow_(weir_scq *r, uint64_t t);
WEIR_API int weir__scq_pop_slow_(weir_scq *r, uint64_t h);
/* Whether a cell has a spare, the one after `from` first, as weir__scq_take; NULL: at an instant none had. */
WEIR_API weir_au64 *weir__scq_search_(weir_scq *r, uint64_t from, uint64_t *spare);
/* Says in head's word that the late slot at `at` has been pushed to, unless head has gone on. */
WEIR_API void weir__scq_settle_(weir_scq *r, uint64_t at);

WEIR__BODY size_t weir__scq_stride(size_t esize) { return (esize + 7) & ~(size_t)7; }

/* Of a header that is all zero, and may have no slots behind it, this is the tail word, whose state is none. */
WEIR__BODY weir_au64 *weir__scq_slot(weir_scq *r, uint64_t word) {
    return (weir_au64 *)(void *)((char *)r + r->slots_ + (word & r->field_));
}
WEIR__BODY weir_au64 *weir__scq_cell(weir_scq *r, uint64_t i) {
    return (weir_au64 *)(void *)((char *)r + r->cells_ + i * WEIR_LINE);
}
/* The buffer that a slot's word, or a spare, names. */
WEIR__BODY char *weir__scq_buffer(weir_scq *r, uint64_t word, size_t stride) {
    return (char *)r + r->buffers_ + ((word & r->field_) / WEIR__SCQ_ONE) * stride;
}

/* The lap of a word, as in a word. */
WEIR__BODY uint64_t weir__scq_lap(const weir_scq *r, uint64_t word) {
    return word & ~(r->field_ | WEIR__SCQ_FLAGS);
}

/* A slot's state as seen from an index's word: laps ahead of it, and WEIR__SCQ_FREE and so on. */
WEIR__BODY uint64_t weir__scq_state(const weir_scq *r, uint64_t slot, uint64_t word) {
    return (slot & ~r->field_) - weir__scq_lap(r, word);
}

/* The word one element further on, without flags. */
WEIR__BODY uint64_t weir__scq_next(const weir_scq *r, uint64_t word) {
    word &= ~WEIR__SCQ_FLAGS;
    return word + ((word & r->field_) == r->last_ ? r->gap_ : WEIR__SCQ_ONE);
}

/* Tail (head) goes on from the word that was read there, unless another has moved it: the slot is done. */
WEIR__BODY void weir__scq_move_tail(weir_scq *r, uint64_t t) {
    (void)weir_cas_release(&r->tail_, &t, weir__scq_next(r, t), SCQ_T1);
}
WEIR__BODY void weir__scq_move_head(weir_scq *r, uint64_t h) {
    uint64_t at = h & ~WEIR__SCQ_FLAGS, to = weir__scq_next(r, h);
    while (!weir_cas_release(&r->head_, &h, to, SCQ_H3))
        if ((h & ~WEIR__SCQ_FLAGS) != at) break; /* else its flags have changed, twice at most */
}

/* What differs between threads, and stays the same in one. Executions of a model have to be repeatable. */
#ifdef WEIR_MODEL
#define WEIR__SCQ_SELF() UINT64_C(0)
#else
#define WEIR__SCQ_SELF() ((uint64_t)(uintptr_t)__builtin_thread_pointer())
#endif

/* Where a thread looks for a spare first: the same each time, so that the line stays with its processor;
 * another one for most other threads. */
WEIR__BODY uint64_t weir__scq_first(const weir_scq *r) {
    return (WEIR__SCQ_SELF() * UINT64_C(0x9E3779B97F4A7C15) >> 32) * r->threads_ >> 32;
}

/* Empties a cell whose word was read as c, if it was full and still is. */
WEIR__BODY bool weir__scq_empty(weir_au64 *cell, uint64_t c) {
    return (c & WEIR__SCQ_THERE) && weir_cas_acq_rel(cell, &c, c & ~WEIR__SCQ_THERE, SCQ_C1);
}

/* Takes a spare buffer, as in a word; returns the cell that it goes back to, emptied by this call, or NULL. */
WEIR__BODY weir_au64 *weir__scq_take(weir_scq *r, uint64_t *spare) {
    uint64_t first = weir__scq_first(r);
    weir_au64 *cell = weir__scq_cell(r, first);
    uint64_t c = weir_load_relaxed(cell); /* checked by the CAS */
    if (WEIR_UNLIKELY(!weir__scq_empty(cell, c))) return weir__scq_search_(r, first, spare);
    *spare = c & r->field_;
    return cell;
}
WEIR__BODY void weir__scq_give(const weir_scq *r, weir_au64 *cell, uint64_t spare) {
    if (!cell) return;
    uint64_t turn = weir__scq_lap(r, weir_load_relaxed(cell)); /* nobody else writes an empty one */
    uint64_t next = turn + r->field_ + WEIR__SCQ_ONE;
    weir_store_release(cell, next + spare + WEIR__SCQ_THERE, SCQ_C2);
}

WEIR__BODY int weir__scq_push(weir_scq *r, const void *elem, size_t esize, size_t stride) {
    weir_au64 *cell = NULL;
    uint64_t spare = 0;
    int rc = 1;
    do {
        uint64_t t = weir_load_acquire(&r->tail_, SCQ_T2);
        weir_au64 *slot = weir__scq_slot(r, t);
        uint64_t s = weir_load_relaxed(slot); /* a stale one fails the CAS */
        uint64_t state = weir__scq_state(r, s, t);
        if (WEIR_UNLIKELY(state - WEIR__SCQ_FREE > WEIR__SCQ_MARKED - WEIR__SCQ_FREE)) {
            rc = weir__scq_push_slow_(r, t);
            continue;
        }
        if (!cell) {
            cell = weir__scq_take(r, &spare);
            if (WEIR_UNLIKELY(!cell)) return WEIR_EBUSY;
            WEIR_POINT("scq.push.taken");
            weir__copy(weir__scq_buffer(r, spare, stride), elem, esize);
            WEIR_POINT("scq.push.copied");
        }
        uint64_t full = weir__scq_lap(r, t) + spare + state + (WEIR__SCQ_FULL - WEIR__SCQ_FREE);
        if (WEIR_UNLIKELY(!weir_cas_seq_cst(slot, &s, full, SCQ_P1))) continue;
        WEIR_POINT("scq.push.placed");
        if (WEIR_UNLIKELY(state == WEIR__SCQ_MARKED)) weir__scq_settle_(r, t);
        weir__scq_move_tail(r, t);
        WEIR_POINT("scq.push.moved");
        spare = s & r->field_;
        rc = 0;
    } while (rc > 0);
    weir__scq_give(r, cell, spare);
    return rc;
}

WEIR__BODY int weir__scq_pop(weir_scq *r, void *elem, size_t esize, size_t stride) {
    weir_au64 *cell = NULL;
    uint64_t spare = 0;
    int rc = 1;
    do {
        uint64_t h = weir_load_seq_cst(&r->head_, SCQ_H1);
        if (h & WEIR__SCQ_IDLE) {
            rc = WEIR_EAGAIN;
            break;
        }
        weir_au64 *slot = weir__scq_slot(r, h);
        uint64_t s = weir_load_relaxed(slot); /* a stale one fails the CAS */
        /* 2 is for "late", once it is settled. */
        uint64_t state = weir__scq_state(r, s, h) - (h & WEIR__SCQ_PUSHED) / 2;
        if (WEIR_UNLIKELY(state != WEIR__SCQ_FULL)) {
            rc = weir__scq_pop_slow_(r, h);
            continue;
        }
        if (!cell) {
            cell = weir__scq_take(r, &spare);
            if (WEIR_UNLIKELY(!cell)) return WEIR_EBUSY;
            WEIR_POINT("scq.pop.taken");
        }
        uint64_t lap = r->field_ + WEIR__SCQ_ONE;
        uint64_t free = weir__scq_lap(r, h) + lap + spare + WEIR__SCQ_FREE;
        if (WEIR_UNLIKELY(!weir_cas_seq_cst(slot, &s, free, SCQ_O1))) continue;
        WEIR_POINT("scq.pop.claimed");
        weir__scq_move_head(r, h);
        WEIR_POINT("scq.pop.moved");
        weir__copy(elem, weir__scq_buffer(r, s, stride), esize);
        WEIR_POINT("scq.pop.copied");
        spare = s & r->field_;
        rc = 0;
    } while (rc > 0);
    weir__scq_give(r, cell, spare);
    return rc;
}

/* ---- the verbs ------------------------------------------------------------------------------ */

/* Copies *elem in if there is room. Any thread, any signal handler. Returns 0; WEIR_EAGAIN: the ring was full
 * at an instant of the call; WEIR_EBUSY: more than `threads` calls were inside at one; WEIR_EINVAL: not a ring
 * (misuse). On failure nothing changed and the element is the caller's. A push happens-before the pop that gets
 * its element. Lock-free. */
WEIR_INLINE int weir_scq_try_push(weir_scq *r, const void *elem) {
    return weir__scq_push(r, elem, (size_t)r->elem_size_, (size_t)r->stride_);
}

/* Copies the oldest element out. Any thread, any signal handler. Returns 0; WEIR_EAGAIN: the ring was empty at
 * an instant of the call; WEIR_EBUSY, WEIR_EINVAL as weir_scq_try_push. On failure *elem is untouched. Lock-
 * free. */
WEIR_INLINE int weir_scq_try_pop(weir_scq *r, void *elem) {
    return weir__scq_pop(r, elem, (size_t)r->elem_size_, (size_t)r->stride_);
}

/* There are no batches: several slots cannot be claimed in one step without others having to wait for the rest.
 * There is no waiting form: waking takes a lock. */

/* Elements inside now: any thread, any signal handler; never above cap; exact when nobody is inside a call.
 * Wait-free. */
WEIR_API size_t weir_scq_len(const weir_scq *r);
WEIR_INLINE size_t weir_scq_cap(const weir_scq *r) {
    return (size_t)(r->last_ / WEIR__SCQ_ONE) + 1;
}
WEIR_INLINE size_t weir_scq_threads(const weir_scq *r) { return (size_t)r->threads_; }

/* A ring of T by value: WEIR_SCQ_DECLARE(jobs, struct job); then jobs_new(&q, 64, 8), jobs_try_push(q, j),
 * jobs_try_pop(q, &j). The size is a constant: plain moves. */
#define WEIR_SCQ_DECLARE(name, T)                                                  \
    typedef struct name {                                                          \
        weir_scq *ring;                                                            \
    } name;                                                                        \
    WEIR__BODY int name##_new(name *q, size_t cap, size_t threads) {               \
        struct weir_ring_opts o = WEIR_RING_OPTS(cap, sizeof(T));                  \
        return weir_scq_new(&q->ring, &o, threads);                                \
    }                                                                              \
    WEIR__BODY int name##_free(name q) { return weir_scq_free(q.ring); }           \
    WEIR__BODY int name##_try_push(name q, T v) {                                  \
        return weir__scq_push(q.ring, &v, sizeof(T), weir__scq_stride(sizeof(T))); \
    }                                                                              \
    WEIR__BODY int name##_try_pop(name q, T *v) {                                  \
        return weir__scq_pop(q.ring, v, sizeof(T), weir__scq_stride(sizeof(T)));   \
    }                                                                              \
    struct name

#ifdef __cplusplus
}
#endif
#endif
