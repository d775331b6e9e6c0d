/* SPDX-License-Identifier: MIT */
/* queues/segq.h - the queue of segments that is in weir_queue and, with one consumer, in weir_mpsc.
 *
 *   segment   enq, deq: tickets given to pushes and pops;  next;  n slots { state, element }
 *   state     EMPTY -> FULL  by the push that has the ticket, once the element is written
 *             EMPTY -> TAKEN by the pop that has it, if the push does not come; FULL -> TAKEN if it came just then
 *   next      NULL: the last segment.  SEALED: the last for good, the queue is closed
 *   enq       low half: index << 1 | CLOSED.  High half, once CLOSED is there: how many of the n were given
 *
 * A push takes a ticket, copies its element, and makes the slot FULL by a compare-and-swap; if that fails its pop
 * has given the slot up, and it takes another ticket. Where the segment has no slot left it appends one, in which
 * its element stands already, so that no pop can take that slot from it. A pop looks first whether a ticket was
 * given to a push that none was given to a pop for; then it takes one, and the element, or gives the slot up after
 * a bounded time.
 *
 * Invariants
 *   I1  a ticket below n goes to one push and one pop at most; nobody else touches its slot.
 *   I2  next is set once. To a segment: only by a push that found no slot left, without CLOSED, so that all n
 *       tickets were given to pushes. To SEALED: only after CLOSED has been set in enq.
 *   I3  head moves to next when all n tickets were given to pops, and tail has moved before. So tail is never
 *       behind head, and a segment that head has left is in no field.
 *   I4  only who has moved head past a segment retires it; it is used again when no hazard pointer names it
 *       (lib/hazard.h). Who found it by head or tail names it, and looks again; the consumer of a queue that has
 *       only one need not, since nobody else moves head.
 *   I5  seen is at most the number of tickets that pushes have got: what some pop has read in enq, perhaps not the last
 *       one. So while pops are behind pushes they leave enq's line to those.
 *   I6  the index in enq may be beyond n, which is as if it were n: a push takes a ticket without a look, and finds
 *       that there was none. A push that finds it beyond FAR sets it back to n before it goes on, or another has
 *       since; so it never runs into the high half: 2^30 tickets more would have to be taken by calls that are under
 *       way.
 * FIFO       by ticket, segment after segment. If push a returned before push b was called, a has the smaller ticket:
 *            below n enq only grows, and appending comes after all tickets of the segment. Its pop took the ticket
 *            earlier, too.
 * Empty      A pop reads deq, enq, next, in this order (enq only if deq has come to what was seen of it), and finds
 *            deq >= enq and no next. When it read enq, each ticket below that had been given to a pop, which is under
 *            way or over; others belong to pushes that take effect later. Closed and drained: the same, with enq read
 *            again after SEALED was seen, since it does not change then any more.
 * Linearization   a push where it took the ticket of the slot that it fills (E1), or appended (N2); a pop at its
 *            ticket, or at its push's if that is later; "empty" where it read enq; close where next becomes SEALED.
 * Progress   lock-free. A push fails at a slot because a pop has given it up, which then finds another element or
 *            says empty; and an appending push is done. Each loop that runs again has seen another thread move enq,
 *            deq, head, tail, next, inside or retired. What is not: lib/hazard.h (first call), the allocator,
 *            membarrier (segq.c: and 1 ms where it is refused), and lib/lot.c where somebody sleeps. A push that is
 *            refused memory for a segment has moved enq, too: while pushes do nothing but that, a close may look
 *            again each time. With one consumer a pop is wait-free: it gives up at most the n slots of a segment, and
 *            the next one begins with an element. But for the list of the retired, to which it may have to add beside
 *            pushes that are refused memory.
 * Close      sets CLOSED in the last segment's enq (K1), which refuses all tickets from then on, and then seals
 *            it. A push that found no slot left before that may still append: then the next one is closed. Whoever
 *            finds CLOSED without a next seals it before saying anything of it.
 * Waiting    queues/segq_wait.c.
 * Limit      `inside` counts reservations: a push reserves before it takes a ticket, a pop gives back when it has
 *            its element. So who is stopped between these two holds room; all calls of the others return, but
 *            where that was the last of it waiting pushes wait, and pops for what they would push.
 * Ordering   S1 -> R1, R2, R3 carries the element. N2 -> N1, N3, N4 and M1, M2 -> P1, P2 carry a new segment. What a
 *            thread did in a segment is seen by who uses it again: HAZ_S2, HAZ_S3 -> HAZ_E1, L1 -> L2 (retired), C1
 *            -> C2 (kept); M2 -> M3 sees to it that who retires a segment comes after who has moved tail. What a push
 *            announces itself by (E1, N2) and the look that says empty (E2, N3) are seq_cst, so that who was told of
 *            a push does not find the queue empty, and for segq_wait.c. Among pops an older deq lets one try, and a
 *            ticket is taken by a read-modify-write; with a newer one comes what its taker had seen of enq (D1, D3 ->
 *            D2, V1 -> V2), so that it is not compared with an older enq. With one consumer deq and seen are its own;
 *            len reads deq besides. K1, K3 -> E1, E2, N1, N3, N4 carry what the closer did, and K2, K5 -> K4, to who
 *            finds no more than `closing`. */
#ifndef WEIR_QUEUES_SEGQ_H
#define WEIR_QUEUES_SEGQ_H

#include <weir/detail/copy.h>
#include <weir/queue.h>

#include "../lib/hazard.h"
#include "blocking.h"

/* Plain memory that threads hand over. */
#ifdef WEIR_MODEL
#include <weir/model.h>
#define WEIR__SEG_READS(p) weir_model_read(p, sizeof *(p))
#define WEIR__SEG_WRITES(p) weir_model_write(p, sizeof *(p))
#else
#define WEIR__SEG_READS(p) ((void)0)
#define WEIR__SEG_WRITES(p) ((void)0)
#endif

/* Segments kept for use again. A seam: fewer in the model build. */
#ifdef WEIR_MODEL
#define WEIR__SEGQ_KEPT 1
#else
#define WEIR__SEGQ_KEPT 8
#endif

struct weir__seg {
    weir_au64 enq;
    char pad0[WEIR_LINE - sizeof(weir_au64)];
    weir_au64 deq;
    weir_au64 seen; /* I5 */
    char pad1[WEIR_LINE - 2 * sizeof(weir_au64)];
    weir_aptr next;
    uint64_t base;          /* slots of all segments before it; may wrap */
    struct weir__seg *link; /* in the list of retired ones */
    uint64_t named;         /* of one that somebody looks at now: who has taken the list */
    char pad2[WEIR_LINE - sizeof(weir_aptr) - 2 * sizeof(uint64_t) - sizeof(void *)];
    /* the slots follow */
};

struct weir__segq {
    weir_aptr head;
    char pad0[WEIR_LINE - sizeof(weir_aptr)];
    weir_aptr tail;
    char pad1[WEIR_LINE - sizeof(weir_aptr)];
    weir_au64 inside; /* with a limit: reservations */
    char pad2[WEIR_LINE - sizeof(weir_au64)];
    weir_au64 waiters; /* blocking.h */
    /* constant */
    uint64_t id; /* the key of its waiters */
    uint64_t limit;
    size_t elem_size, stride, seg_bytes;
    uint32_t slots;
    uint32_t batch; /* retired segments, until somebody looks which can be used again */
    bool fence;     /* no membarrier */
    bool single;    /* one consumer */
    weir_au32
        late; /* as fence, since the kernel has refused it: WEIR__SEGQ_FENCES, then _SETTLED */
    weir_drop_fn *drop;
    void *drop_arg;
    const struct weir_alloc *alloc;
    size_t self_bytes; /* of the object that this stands in */
    char pad3[WEIR_LINE - 96];
    weir_aptr retired; /* list by link */
    weir_asize held;   /* bytes */
    weir_au32 waiting; /* retired, and in no list that somebody has taken */
    /* WEIR__SEGQ_CLOSES, by who closes it; and _SEALED, once no push can succeed */
    weir_au32 closing;
    weir_aptr kept[WEIR__SEGQ_KEPT];
    weir_au32 consuming; /* with one consumer, in debug builds: a call of it is inside */
};

enum { WEIR__SLOT_EMPTY, WEIR__SLOT_FULL, WEIR__SLOT_TAKEN };
#define WEIR__SEGQ_CLOSED UINT64_C(1)
#define WEIR__SEGQ_CLOSES 1u
#define WEIR__SEGQ_SEALED 3u
#define WEIR__SEGQ_FENCES 1u
#define WEIR__SEGQ_SETTLED 2u

/* What next is of the last segment of a closed queue. */
extern __attribute__((visibility("hidden"))) struct weir__seg weir__segq_sealed;

/* ---- segments (segq.c) ----------------------------------------------------------------------- */

/* How a queue is made, by tests as well: opts of the user; slots of a segment (0: as many as fit), retired
 * segments before somebody looks (0: 8), tickets of before (0); whether it has one consumer. */
struct weir__segq_shape {
    uint32_t slots, batch;
    uint64_t start;
    bool single;
};
/* *out is an object of `bytes` bytes, at whose begin the queue stands. */
int weir__segq_new(struct weir__segq **out, size_t bytes, const struct weir_queue_opts *opts,
                   const struct weir__segq_shape *shape);
int weir__segq_free(struct weir__segq *q);

/* A segment that is all empty; NULL: none is kept, or no memory. No hazard may stand while it allocates. */
struct weir__seg *weir__segq_kept(struct weir__segq *q);
struct weir__seg *weir__segq_alloc(struct weir__segq *q);
/* Takes back one that is all empty; keeps it, or frees it. */
void weir__segq_give(struct weir__segq *q, struct weir__seg *s);
/* Sees to it that one is kept, if memory permits. */
void weir__segq_prepare(struct weir__segq *q);
/* Head has left it. No hazard of the caller may stand. */
void weir__segq_retire(struct weir__segq *q, struct weir__seg *s);
/* Looks which of the retired can be used again. */
void weir__segq_collect(struct weir__segq *q);
/* Gives those that are kept back; if that is to malloc, also what malloc has kept. */
void weir__segq_release_kept(struct weir__segq *q);

/* ---- moving elements (segq_push.c, segq_pop.c) ----------------------------------------------------------- */

ptrdiff_t weir__segq_push(struct weir__segq *q, const void *elems, size_t n);
ptrdiff_t weir__segq_pop(struct weir__segq *q, void *elems, size_t n);
int weir__segq_push_one(struct weir__segq *q, const void *elem);
int weir__segq_pop_one(struct weir__segq *q, void *elem);
/* The same, of a queue with one consumer: by that one only. They need no record, and never say WEIR_ENOMEM. */
ptrdiff_t weir__segq_pop_single(struct weir__segq *q, void *elems, size_t n);
int weir__segq_pop_single_one(struct weir__segq *q, void *elem);
/* Whether a pop (push) is worth trying: also if it only cannot be told. Who may pop asks whether that is. */
bool weir__segq_can_pop(struct weir__segq *q);
bool weir__segq_can_push(struct weir__segq *q);
/* Seals the queue, whoever closes it. */
int weir__segq_close(struct weir__segq *q);
bool weir__segq_is_closed(struct weir__segq *q);
size_t weir__segq_len(struct weir__segq *q);
/* By the consumer, where there is one. */
int weir__segq_trim(struct weir__segq *q);

/* ---- waiting (segq_wait.c) ------------------------------------------------------------------- */

/* n 0: a single one. */
ptrdiff_t weir__segq_push_wait(struct weir__segq *q, const void *elems, size_t n,
                               weir_time deadline, weir_ctx *ctx);
ptrdiff_t weir__segq_pop_wait(struct weir__segq *q, void *elems, size_t n, weir_time deadline,
                              weir_ctx *ctx);
void weir__segq_wake_poppers(struct weir__segq *q, size_t n);
/* n elements are in; n reservations were given back; closed. */
static inline void weir__segq_pushed(struct weir__segq *q, size_t n) {
    uint64_t w = weir_load_seq_cst(&q->waiters, QUEUE_W1);
    if (WEIR_UNLIKELY(weir__poppers(w))) weir__segq_wake_poppers(q, n);
}
void weir__segq_room(struct weir__segq *q, size_t n);
void weir__segq_wake_all(struct weir__segq *q);

/* ---- from segment to segment (segq_push.c) ----------------------------------------------------- */

/* Tail leaves s, if it is there, for next. */
void weir__segq_move_tail(struct weir__segq *q, struct weir__seg *s, void *next);
/* enq of s has CLOSED. Returns WEIR_ECLOSED, or 0: tail has left s. */
int weir__segq_seal(struct weir__segq *q, struct weir__seg *s);

/* Whether who names a segment has to fence though the queue was made without. Relaxed: it is read after the name was
 * stored, and settling goes by the clock (segq.c). The explorer's kernel refuses nothing, and each access is a step. */
static inline bool weir__segq_fences_late(struct weir__segq *q) {
#ifdef WEIR_MODEL
    (void)q;
    return false;
#else
    return weir_load_relaxed(&q->late) != 0;
#endif
}

/* The segment that tail (head) says, named. */
WEIR__BODY struct weir__seg *weir__segq_last(struct weir__segq *q, struct weir__hazard *h) {
    void *s = weir_load_relaxed(&q->tail); /* looked at again */
    weir__hazard_protect(h, q->fence, weir__segq_fences_late(q), s,
                         weir_load_seq_cst(&q->tail, QUEUE_P1));
    return s;
}
WEIR__BODY struct weir__seg *weir__segq_first(struct weir__segq *q, struct weir__hazard *h) {
    void *s = weir_load_relaxed(&q->head); /* looked at again */
    weir__hazard_protect(h, q->fence, weir__segq_fences_late(q), s,
                         weir_load_seq_cst(&q->head, QUEUE_P2));
    return s;
}

/* ---- a segment's words ----------------------------------------------------------------------- */

static inline uint64_t weir__seg_index(uint64_t enq) { return (enq & UINT32_MAX) >> 1; }
/* Tickets that pushes have got. */
static inline uint64_t weir__seg_given(const struct weir__segq *q, uint64_t enq) {
    if (enq & WEIR__SEGQ_CLOSED) return enq >> 32;
    uint64_t i = weir__seg_index(enq);
    return i < q->slots ? i : q->slots;
}
static inline weir_au64 *weir__seg_slot(const struct weir__segq *q, struct weir__seg *s,
                                        uint64_t i) {
    return (weir_au64 *)(void *)((char *)(s + 1) + i * q->stride);
}

#endif
