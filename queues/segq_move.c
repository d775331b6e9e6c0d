/* SPDX-License-Identifier: MIT */
/* queues/segq_move.c - push, pop, close, length and trim of a queue of segments. The argument stands in
 * segq.h. */
#include <weir/detail/copy.h>

#include "segq.h"

#include "../lib/base.h"
#include "../lib/os.h"

/* A push in mid-operation is done in well under a microsecond unless it was preempted. A seam: 1 in the
 * model build. */
#ifdef WEIR_MODEL
#define POLLS 1
#else
#define POLLS 24
#endif
/* Tickets that a batch takes at once: those that it has not filled hold poppers up. */
#define AT_ONCE 64

/* ---- between segments ------------------------------------------------------------------------ */

/* The segment that tail (head) says, named. */
WEIR__BODY struct weir__seg *last(struct weir__segq *q, struct weir__hazard *h) {
    void *s = weir_load_relaxed(&q->tail); /* looked at again */
    weir__hazard_protect(h, q->fence, s, weir_load_seq_cst(&q->tail, QUEUE_P1));
    return s;
}
WEIR__BODY struct weir__seg *first(struct weir__segq *q, struct weir__hazard *h) {
    void *s = weir_load_relaxed(&q->head); /* looked at again */
    weir__hazard_protect(h, q->fence, s, weir_load_seq_cst(&q->head, QUEUE_P2));
    return s;
}

static void move_tail(struct weir__segq *q, struct weir__seg *s, void *next) {
    void *old = s;
    (void)weir_cas_seq_cst(&q->tail, &old, next, QUEUE_M2); /* or another has */
}

/* enq of s has CLOSED. Returns WEIR_ECLOSED, or 0: tail has left s. */
static int seal(struct weir__segq *q, struct weir__seg *s) {
    for (;;) {
        void *next = weir_load_acquire(&s->next, QUEUE_N4);
        if (next == &weir__segq_sealed) return WEIR_ECLOSED;
        if (next) {
            move_tail(q, s, next);
            return 0;
        }
        WEIR_POINT("queue.close.marked");
        if (weir_cas_seq_cst(&s->next, &next, &weir__segq_sealed, QUEUE_K3)) return WEIR_ECLOSED;
    }
}

/* Refuses all tickets of s that are not given yet, and keeps the number of those that are. */
static void mark_closed(const struct weir__segq *q, struct weir__seg *s) {
    uint64_t e = weir_load_relaxed(&s->enq); /* checked by the compare-and-swap */
    while (!(e & WEIR__SEGQ_CLOSED)) {
        uint64_t closed = weir__seg_given(q, e) << 32 | (e & UINT32_MAX) | WEIR__SEGQ_CLOSED;
        if (weir_cas_release(&s->enq, &e, closed, QUEUE_K1)) return;
    }
}

static void close_all(struct weir__segq *q, struct weir__hazard *h) {
    struct weir__seg *s;
    do {
        s = last(q, h);
        mark_closed(q, s);
    } while (seal(q, s) == 0);
    weir__hazard_clear(h);
}

/* ---- room, of a queue with a limit ----------------------------------------------------------- */

/* Whether the limit is reached; in *inside what is there. */
static bool full(struct weir__segq *q, uint64_t *inside) {
    *inside = weir_load_seq_cst(&q->inside, QUEUE_I1);
    return *inside >= q->limit;
}
static bool closing(struct weir__segq *q) { return weir_load_seq_cst(&q->closing, QUEUE_K4) != 0; }

/* Reserves up to n, at least one; returns how many, or a code. */
static ptrdiff_t reserve(struct weir__segq *q, struct weir__hazard *h, size_t n) {
    for (uint64_t inside;;) {
        if (full(q, &inside)) {
            if (!closing(q)) return WEIR_EAGAIN; /* full and open when `inside` was read */
            close_all(q, h);
            return WEIR_ECLOSED;
        }
        size_t k = n < q->limit - inside ? n : (size_t)(q->limit - inside);
        /* Relaxed: it carries nothing. */
        if (weir_cas_relaxed(&q->inside, &inside, inside + k)) return (ptrdiff_t)k;
    }
}

/* ---- push ------------------------------------------------------------------------------------ */

struct push {
    struct weir__segq *q;
    struct weir__hazard *h;
    const char *elems;
    size_t n, done;
    struct weir__seg *mine; /* a segment of nobody else's */
    bool prepare;           /* half of the segment is given away */
};

WEIR__BODY void write_slot(struct push *p, weir_au64 *slot) {
    size_t size = p->q->elem_size;
    weir__copy(slot + 1, p->elems + p->done * size, size);
}

/* The tickets i to i + want - 1 are the caller's, but for those beyond the end. */
WEIR__BODY void fill(struct push *p, struct weir__seg *s, uint64_t i, size_t want) {
    struct weir__segq *q = p->q;
    uint64_t half = q->slots / 2, end = i + want < q->slots ? i + want : q->slots;
    if (WEIR_UNLIKELY(i <= half && half < end)) p->prepare = true;
    WEIR_POINT("queue.push.ticket");
    for (; i < end; i++) {
        weir_au64 *slot = weir__seg_slot(q, s, i);
        uint64_t state = WEIR__SLOT_EMPTY;
        write_slot(p, slot);
        WEIR_POINT("queue.push.copied");
        p->done += weir_cas_release(slot, &state, WEIR__SLOT_FULL, QUEUE_S1);
    }
}

/* Makes mine a segment that begins with the next element; N2 publishes it. */
static void begin_with(struct push *p, const struct weir__seg *s) {
    struct weir__seg *mine = p->mine;
    weir_au64 *slot = weir__seg_slot(p->q, mine, 0);
    write_slot(p, slot);
    WEIR__SEG_READS(&s->base);
    WEIR__SEG_WRITES(&mine->base);
    mine->base = s->base + p->q->slots;
    weir_init_atomic(slot, WEIR__SLOT_FULL);
    weir_init_atomic(&mine->enq, 2);
}

/* s has no slot left. Returns 0: look again, one element is in perhaps; or a code. */
static int append(struct push *p, struct weir__seg *s) {
    struct weir__segq *q = p->q;
    void *next = weir_load_acquire(&s->next, QUEUE_N1);
    if (next == &weir__segq_sealed) return WEIR_ECLOSED;
    if (next) {
        move_tail(q, s, next);
        return 0;
    }
    if (!p->mine) p->mine = weir__segq_kept(q);
    if (!p->mine) {
        weir__hazard_clear(p->h);
        p->mine = weir__segq_alloc(q);
        return p->mine ? 0 : WEIR_ENOMEM;
    }
    begin_with(p, s);
    WEIR_POINT("queue.push.append");
    if (!weir_cas_seq_cst(&s->next, &next, p->mine, QUEUE_N2)) {
        weir_init_atomic(weir__seg_slot(q, p->mine, 0), WEIR__SLOT_EMPTY);
        weir_init_atomic(&p->mine->enq, 0);
        return 0;
    }
    WEIR_POINT("queue.push.appended");
    move_tail(q, s, p->mine);
    p->mine = NULL;
    p->done++;
    return 0;
}

/* One look at the last segment: elements move, or it has moved, or a code. */
WEIR__BODY int push_some(struct push *p) {
    struct weir__segq *q = p->q;
    struct weir__seg *s = last(q, p->h);
    uint64_t e = weir_load_acquire(&s->enq, QUEUE_E4); /* so that it does not run on for ever */
    if (WEIR_LIKELY(!(e & WEIR__SEGQ_CLOSED) && weir__seg_index(e) < q->slots)) {
        size_t want = p->n - p->done < AT_ONCE ? p->n - p->done : AT_ONCE;
        e = weir_fetch_add_seq_cst(&s->enq, 2 * want, QUEUE_E1);
        if (WEIR_LIKELY(!(e & WEIR__SEGQ_CLOSED))) {
            fill(p, s, weir__seg_index(e), want);
            return 0;
        }
    }
    return e & WEIR__SEGQ_CLOSED ? seal(q, s) : append(p, s);
}

/* No hazard stands any more. */
static void push_ends(struct push *p, size_t reserved) {
    if (p->mine) weir__segq_give(p->q, p->mine);
    if (p->prepare) weir__segq_prepare(p->q);
    if (p->done) weir__segq_pushed(p->q, p->done);
    if (p->done < reserved) weir__segq_room(p->q, reserved - p->done);
}

WEIR__BODY ptrdiff_t push_all(struct weir__segq *q, const void *elems, size_t n) {
    struct push p = { .q = q, .h = weir__hazard_self(), .elems = elems, .n = n };
    ptrdiff_t rc = 0;
    if (WEIR_UNLIKELY(!p.h)) return WEIR_ENOMEM;
    if (q->limit) {
        rc = reserve(q, p.h, n);
        if (rc < 0) return rc;
        p.n = (size_t)rc;
    }
    do rc = push_some(&p);
    while (rc == 0 && p.done < p.n);
    weir__hazard_clear(p.h);
    WEIR_POINT("queue.push.done");
    push_ends(&p, q->limit ? p.n : p.done);
    return p.done ? (ptrdiff_t)p.done : rc;
}

int weir__segq_push_one(struct weir__segq *q, const void *elem) {
    ptrdiff_t rc = push_all(q, elem, 1);
    return rc > 0 ? 0 : (int)rc;
}
ptrdiff_t weir__segq_push(struct weir__segq *q, const void *elems, size_t n) {
    return push_all(q, elems, n);
}

/* ---- pop ------------------------------------------------------------------------------------- */

struct pop {
    struct weir__segq *q;
    struct weir__hazard *h;
    char *elems;
    size_t n, done;
};

WEIR__BODY void read_slot(struct pop *p, weir_au64 *slot) {
    size_t size = p->q->elem_size;
    weir__copy(p->elems + p->done * size, slot + 1, size);
    p->done++;
}

/* The slot is the caller's, its push is under way: waits for a moment, and then gives it up. */
static bool wait_for_push(weir_au64 *slot) {
    for (int polls = 0; polls < POLLS; polls++) {
        weir_pause();
        if (weir_load_acquire(slot, QUEUE_R2) == WEIR__SLOT_FULL) return true;
    }
    WEIR_POINT("queue.pop.give_up");
    return weir_exchange_acquire(slot, WEIR__SLOT_TAKEN, QUEUE_R3) == WEIR__SLOT_FULL;
}

WEIR__BODY void take(struct pop *p, struct weir__seg *s, uint64_t i) {
    weir_au64 *slot = weir__seg_slot(p->q, s, i);
    WEIR_POINT("queue.pop.ticket");
    if (WEIR_LIKELY(weir_load_acquire(slot, QUEUE_R1) == WEIR__SLOT_FULL) || wait_for_push(slot))
        read_slot(p, slot);
}

/* All tickets of s were given to pops, and next is the segment after it. */
static void leave(struct weir__segq *q, struct weir__hazard *h, struct weir__seg *s, void *next) {
    void *old = s;
    if (weir_load_acquire(&q->tail, QUEUE_M3) == s) move_tail(q, s, next);
    WEIR_POINT("queue.pop.leaves");
    if (!weir_cas_seq_cst(&q->head, &old, next, QUEUE_M1)) return;
    weir__hazard_clear(h);
    weir__segq_retire(q, s);
}

/* The tickets of s below d were given to pops, and, as was read afterwards, none above to a push. Returns
 * 0 if it is worth
 * looking again. */
static int exhausted(struct weir__segq *q, struct weir__hazard *h, struct weir__seg *s, uint64_t d,
                     uint64_t e) {
    void *next = weir_load_seq_cst(&s->next, QUEUE_N3);
    if (!next) return e & WEIR__SEGQ_CLOSED ? seal(q, s) : WEIR_EAGAIN;
    if (next == &weir__segq_sealed) {
        /* Relaxed: its last value was there before SEALED. */
        bool more = d < weir__seg_given(q, weir_load_relaxed(&s->enq));
        return weir_recheck(more, QUEUE_Q1) ? 0 : WEIR_ECLOSED;
    }
    if (d >= q->slots) leave(q, h, s, next);
    return 0; /* else pushes have got more tickets since */
}

/* Whether a push has got a ticket of s that no pop has: deq first, then enq. */
WEIR__BODY bool look(struct weir__segq *q, struct weir__seg *s, uint64_t *d, uint64_t *e) {
    *d = weir_load_acquire(&s->deq, QUEUE_D2);
    *e = weir_load_seq_cst(&s->enq, QUEUE_E2);
    return *d < weir__seg_given(q, *e);
}

WEIR__BODY int pop_some(struct pop *p) {
    struct weir__segq *q = p->q;
    struct weir__seg *s = first(q, p->h);
    uint64_t d, e;
    size_t k = 1;
    if (WEIR_UNLIKELY(!look(q, s, &d, &e))) return exhausted(q, p->h, s, d, e);
    if (p->n - p->done == 1) {
        /* Relaxed, here and below: who reads an older deq sees too much, and comes here. */
        d = weir_fetch_add_relaxed(&s->deq, 1);
        if (d >= q->slots) return 0;
    } else {
        size_t there = (size_t)(weir__seg_given(q, e) - d);
        k = p->n - p->done < there ? p->n - p->done : there;
        if (!weir_cas_relaxed(&s->deq, &d, d + k)) return 0;
    }
    for (uint64_t i = d; i < d + k; i++) take(p, s, i);
    return 0;
}

WEIR__BODY ptrdiff_t pop_all(struct weir__segq *q, void *elems, size_t n) {
    struct pop p = { .q = q, .h = weir__hazard_self(), .elems = elems, .n = n };
    int rc = 0;
    if (WEIR_UNLIKELY(!p.h)) return WEIR_ENOMEM;
    while (rc == 0 && p.done < n) rc = pop_some(&p);
    weir__hazard_clear(p.h);
    WEIR_POINT("queue.pop.done");
    if (q->limit && p.done) weir__segq_room(q, p.done);
    return p.done ? (ptrdiff_t)p.done : rc;
}

int weir__segq_pop_one(struct weir__segq *q, void *elem) {
    ptrdiff_t rc = pop_all(q, elem, 1);
    return rc > 0 ? 0 : (int)rc;
}
ptrdiff_t weir__segq_pop(struct weir__segq *q, void *elems, size_t n) {
    return pop_all(q, elems, n);
}

/* ---- looking, closing, giving back ----------------------------------------------------------- */

bool weir__segq_can_pop(struct weir__segq *q) {
    struct weir__hazard *h = weir__hazard_self();
    if (!h) return true;
    struct weir__seg *s = first(q, h);
    uint64_t d, e;
    bool can = look(q, s, &d, &e) || exhausted(q, h, s, d, e) != WEIR_EAGAIN;
    weir__hazard_clear(h);
    return can;
}

bool weir__segq_can_push(struct weir__segq *q) {
    uint64_t inside;
    return !q->limit || !full(q, &inside) || closing(q);
}

int weir__segq_close(struct weir__segq *q) {
    struct weir__hazard *h = weir__hazard_self();
    if (!h) return WEIR_ENOMEM;
    bool won = weir_exchange_seq_cst(&q->closing, 1, QUEUE_K2) == 0;
    WEIR_POINT("queue.close.announced");
    close_all(q, h);
    WEIR_POINT("queue.close.sealed");
    weir__segq_wake_all(q);
    return won ? 0 : WEIR_ECLOSED;
}

bool weir__segq_is_closed(struct weir__segq *q) {
    if (!closing(q)) return false;
    struct weir__hazard *h = weir__hazard_self();
    if (h) close_all(q, h); /* so that no push succeeds any more */
    return true;
}

size_t weir__segq_len(struct weir__segq *q) {
    struct weir__hazard *h = weir__hazard_self();
    if (!h) return 0;
    /* Relaxed: figures. Head first, since tail only grows. */
    struct weir__seg *s = first(q, h);
    WEIR__SEG_READS(&s->base);
    uint64_t d = weir_load_relaxed(&s->deq), from = s->base + (d < q->slots ? d : q->slots);
    s = last(q, h);
    WEIR__SEG_READS(&s->base);
    uint64_t to = s->base + weir__seg_given(q, weir_load_relaxed(&s->enq));
    weir__hazard_clear(h);
    int64_t n = (int64_t)(to - from);
    if (n < 0) return 0; /* pops are ahead of pushes */
    return q->limit && (uint64_t)n > q->limit ? (size_t)q->limit : (size_t)n;
}

int weir__segq_trim(struct weir__segq *q) {
    struct weir__hazard *h = weir__hazard_self();
    uint64_t d, e;
    int rc = 0;
    if (!h) return WEIR_ENOMEM;
    while (rc == 0) { /* emptied segments, as a pop would */
        struct weir__seg *s = first(q, h);
        rc = look(q, s, &d, &e) ? 1 : exhausted(q, h, s, d, e);
    }
    weir__hazard_clear(h);
    weir__segq_collect(q);
    weir__segq_release_kept(q);
    return 0;
}
