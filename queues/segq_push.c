/* SPDX-License-Identifier: MIT */
/* queues/segq_push.c - push and close of a queue of segments. The argument stands in segq.h.
 *
 * A batch tells those who sleep after each step in which it moved elements, before it goes on to other tickets or to
 * another segment: nobody sleeps beside an element while the allocator is at work, or, but for one step, while the
 * batch goes on. */
#include "segq.h"

#include "../lib/base.h"

/* Where the index in enq is set back. A seam: soon in the model build. */
#ifdef WEIR_MODEL
#define FAR 5
#else
#define FAR (UINT64_C(1) << 30)
#endif

/* Tickets that a batch takes at once: those that it has not filled hold poppers up. */
#define AT_ONCE 64

/* ---- between segments ------------------------------------------------------------------------ */

void weir__segq_move_tail(struct weir__segq *q, struct weir__seg *s, void *next) {
    void *old = s;
    (void)weir_cas_seq_cst(&q->tail, &old, next, QUEUE_M2); /* or another has */
}

int weir__segq_seal(struct weir__segq *q, struct weir__seg *s) {
    for (;;) {
        void *next = weir_load_acquire(&s->next, QUEUE_N4);
        if (next == &weir__segq_sealed) return WEIR_ECLOSED;
        if (next) {
            weir__segq_move_tail(q, s, next);
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

/* By who has seen that it is being closed: no push succeeds afterwards. */
static void close_all(struct weir__segq *q, struct weir__hazard *h) {
    struct weir__seg *s;
    do {
        s = weir__segq_last(q, h);
        mark_closed(q, s);
    } while (weir__segq_seal(q, s) == 0);
    weir__hazard_clear(h);
    weir_store_release(&q->closing, WEIR__SEGQ_SEALED, QUEUE_K5);
}

/* ---- room, of a queue with a limit ----------------------------------------------------------- */

/* Whether the limit is reached; in *inside what is there. */
static bool full(struct weir__segq *q, uint64_t *inside) {
    *inside = weir_load_seq_cst(&q->inside, QUEUE_I1);
    return *inside >= q->limit;
}
/* 0: nobody closes it. */
static uint32_t closing(struct weir__segq *q) { return weir_load_seq_cst(&q->closing, QUEUE_K4); }

/* Reserves up to n, at least one; returns how many, or a code. */
static ptrdiff_t reserve(struct weir__segq *q, struct weir__hazard *h, size_t n) {
    for (uint64_t inside;;) {
        if (full(q, &inside)) {
            if (closing(q) == 0) return WEIR_EAGAIN; /* full and open when `inside` was read */
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
    size_t n, done, told;   /* told: so many poppers were woken, or none sleeps */
    struct weir__seg *mine; /* a segment of nobody else's */
    bool prepare;           /* half of the segment is given away */
};

static inline const char *next_elem(const struct push *p) {
    return p->elems + p->done * p->q->elem_size;
}

/* From the index in what it returns on they are the caller's, if there are so many below n; not if that has CLOSED. */
WEIR__BODY uint64_t take_tickets(struct weir__seg *s, size_t want) {
    return weir_fetch_add_seq_cst(&s->enq, 2 * want, QUEUE_E1);
}

/* The ticket of the slot is the caller's. Whether the element is in; else the pop has given the slot up. */
WEIR__BODY bool fill_slot(const struct weir__segq *q, weir_au64 *slot, const void *elem) {
    uint64_t state = WEIR__SLOT_EMPTY;
    weir__copy(slot + 1, elem, q->elem_size);
    WEIR_POINT("queue.push.copied");
    return weir_cas_release(slot, &state, WEIR__SLOT_FULL, QUEUE_S1);
}

/* The tickets i to i + want - 1 are the caller's, but for those beyond the end. */
WEIR__BODY void fill(struct push *p, struct weir__seg *s, uint64_t i, size_t want) {
    struct weir__segq *q = p->q;
    uint64_t half = q->slots / 2, end = i + want < q->slots ? i + want : q->slots;
    if (WEIR_UNLIKELY(i <= half && half < end)) p->prepare = true;
    WEIR_POINT("queue.push.ticket");
    for (; i < end; i++) p->done += fill_slot(q, weir__seg_slot(q, s, i), next_elem(p));
}

/* Makes mine a segment that begins with the next element; N2 publishes it. */
static void begin_with(struct push *p, const struct weir__seg *s) {
    struct weir__seg *mine = p->mine;
    weir_au64 *slot = weir__seg_slot(p->q, mine, 0);
    weir__copy(slot + 1, next_elem(p), p->q->elem_size);
    WEIR__SEG_READS(&s->base);
    WEIR__SEG_WRITES(&mine->base);
    mine->base = s->base + p->q->slots;
    weir_init_atomic(slot, WEIR__SLOT_FULL);
    weir_init_atomic(&mine->enq, 2);
}

/* I6. Relaxed: it says what was said before. */
static void come_back(const struct weir__segq *q, struct weir__seg *s) {
    uint64_t e = weir_load_relaxed(&s->enq);
    while (weir__seg_index(e) >= FAR) {
        uint64_t back = e - 2 * (weir__seg_index(e) - q->slots);
        if (weir_cas_relaxed(&s->enq, &e, back)) return;
    }
}

/* A push that was refused memory looks once more; append looks at next afterwards. */
static uint64_t given_of(struct weir__seg *s) { return weir_load_acquire(&s->enq, QUEUE_E4); }
static void *after(struct weir__seg *s) { return weir_load_acquire(&s->next, QUEUE_N1); }

/* The allocator has refused a segment, and no hazard stands. One that was emptied may do, and meanwhile another push
 * may have appended one. Returns 0: look again; WEIR_ENOMEM: the last one has no slot. */
static int refused(struct push *p) {
    struct weir__segq *q = p->q;
    weir__segq_collect(q);
    p->mine = weir__segq_kept(q);
    if (p->mine) return 0;
    struct weir__seg *s = weir__segq_last(q, p->h);
    uint64_t e = given_of(s);
    if (e & WEIR__SEGQ_CLOSED || weir__seg_index(e) < q->slots || after(s)) return 0;
    return WEIR_ENOMEM;
}

/* s has no slot left. Returns 0: look again, one element is in perhaps; or a code. */
static int append(struct push *p, struct weir__seg *s) {
    struct weir__segq *q = p->q;
    void *next = after(s);
    if (next == &weir__segq_sealed) return WEIR_ECLOSED;
    if (next) {
        weir__segq_move_tail(q, s, next);
        return 0;
    }
    if (!p->mine) p->mine = weir__segq_kept(q);
    if (!p->mine) {
        weir__hazard_clear(p->h);
        p->mine = weir__segq_alloc(q);
        return p->mine ? 0 : refused(p);
    }
    begin_with(p, s);
    WEIR_POINT("queue.push.append");
    if (!weir_cas_seq_cst(&s->next, &next, p->mine, QUEUE_N2)) {
        weir_init_atomic(weir__seg_slot(q, p->mine, 0), WEIR__SLOT_EMPTY);
        weir_init_atomic(&p->mine->enq, 0);
        return 0;
    }
    WEIR_POINT("queue.push.appended");
    weir__segq_move_tail(q, s, p->mine);
    p->mine = NULL;
    p->done++;
    return 0;
}

/* One look at the last segment: elements move, or it has moved, or a code. */
WEIR__BODY int push_some(struct push *p) {
    struct weir__segq *q = p->q;
    struct weir__seg *s = weir__segq_last(q, p->h);
    size_t want = p->n - p->done < AT_ONCE ? p->n - p->done : AT_ONCE;
    uint64_t e = take_tickets(s, want);
    if (WEIR_LIKELY(!(e & WEIR__SEGQ_CLOSED) && weir__seg_index(e) < q->slots)) {
        fill(p, s, weir__seg_index(e), want);
        return 0;
    }
    if (WEIR_UNLIKELY(weir__seg_index(e) >= FAR)) come_back(q, s);
    return e & WEIR__SEGQ_CLOSED ? weir__segq_seal(q, s) : append(p, s);
}

static void tell(struct push *p) {
    if (p->done > p->told) weir__segq_pushed(p->q, p->done - p->told);
    p->told = p->done;
}

/* No hazard stands any more. */
static void push_ends(struct push *p, size_t reserved) {
    tell(p);
    if (p->done < reserved) weir__segq_room(p->q, reserved - p->done);
    if (p->mine) weir__segq_give(p->q, p->mine);
    if (p->prepare) weir__segq_prepare(p->q);
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
    while ((rc = push_some(&p)) == 0 && p.done < p.n) tell(&p);
    weir__hazard_clear(p.h);
    WEIR_POINT("queue.push.done");
    push_ends(&p, q->limit ? p.n : p.done);
    return p.done ? (ptrdiff_t)p.done : rc;
}

/* ---- a single element ------------------------------------------------------------------------- */

/* Compiled for one element by itself: with a limit all single pushes come here. */
static __attribute__((noinline)) int push_one_anyhow(struct weir__segq *q, const void *elem) {
    ptrdiff_t rc = push_all(q, elem, 1);
    return rc > 0 ? 0 : (int)rc;
}

/* As push_all where all goes well, in half the instructions; else its ticket has gone by, if it had one, and push_all
 * takes others. */
int weir__segq_push_one(struct weir__segq *q, const void *elem) {
    struct weir__hazard *h = weir__hazard_self();
    if (WEIR_UNLIKELY(!h || q->limit)) return push_one_anyhow(q, elem);
    struct weir__seg *s = weir__segq_last(q, h);
    uint64_t e = take_tickets(s, 1), i = weir__seg_index(e);
    if (WEIR_UNLIKELY(e & WEIR__SEGQ_CLOSED || i >= q->slots)) {
        if (i >= FAR) come_back(q, s);
        return push_one_anyhow(q, elem);
    }
    WEIR_POINT("queue.push.ticket");
    bool in = fill_slot(q, weir__seg_slot(q, s, i), elem);
    weir__hazard_clear(h);
    if (WEIR_LIKELY(in)) {
        WEIR_POINT("queue.push.done");
        weir__segq_pushed(q, 1);
    }
    if (WEIR_UNLIKELY(i == q->slots / 2)) weir__segq_prepare(q);
    return WEIR_LIKELY(in) ? 0 : push_one_anyhow(q, elem);
}

/* ---- many ------------------------------------------------------------------------------------- */

ptrdiff_t weir__segq_push(struct weir__segq *q, const void *elems, size_t n) {
    return push_all(q, elems, n);
}

/* ---- closing --------------------------------------------------------------------------------- */

bool weir__segq_can_push(struct weir__segq *q) {
    uint64_t inside;
    return !q->limit || !full(q, &inside) || closing(q) != 0;
}

int weir__segq_close(struct weir__segq *q) {
    struct weir__hazard *h = weir__hazard_self();
    if (!h) return WEIR_ENOMEM;
    bool won = weir_fetch_or_seq_cst(&q->closing, WEIR__SEGQ_CLOSES, QUEUE_K2) == 0;
    WEIR_POINT("queue.close.announced");
    close_all(q, h);
    WEIR_POINT("queue.close.sealed");
    weir__segq_wake_all(q);
    return won ? 0 : WEIR_ECLOSED;
}

bool weir__segq_is_closed(struct weir__segq *q) {
    uint32_t c = closing(q);
    if (c != WEIR__SEGQ_CLOSES) return c == WEIR__SEGQ_SEALED;
    struct weir__hazard *h = weir__hazard_self();
    if (h) close_all(q, h); /* so that no push succeeds any more; who cannot, is before the close */
    return h != NULL;
}
