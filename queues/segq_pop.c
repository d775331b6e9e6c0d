/* SPDX-License-Identifier: MIT */
/* queues/segq_pop.c - pop, length and trim of a queue of segments. The argument stands in segq.h. A batch gives room
 * back after each step in which it moved elements, as segq_push.c tells of them. */
#include "segq.h"

#include "../lib/base.h"

/* How often who asks for the length looks, beside pops. */
#define LOOKS 3

/* A push in mid-operation is done in well under a microsecond unless it was preempted. A seam: 1 in the model
 * build. */
#ifdef WEIR_MODEL
#define POLLS 1
#else
#define POLLS 24
#endif

/* ---- pop ------------------------------------------------------------------------------------- */

struct pop {
    struct weir__segq *q;
    struct weir__hazard *h; /* NULL: of the one consumer */
    char *elems;
    size_t n, done, given; /* given: of so many the room was given back */
};

/* The first segment, which stays: named, or, for the one consumer, because nobody else moves head. */
WEIR__BODY struct weir__seg *head_of(struct weir__segq *q, struct weir__hazard *h) {
    return h ? weir__segq_first(q, h) : weir_load_relaxed(&q->head);
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

/* The ticket of the slot is the caller's. Whether there was an element; else it has given the slot up. */
WEIR__BODY bool take(const struct weir__segq *q, weir_au64 *slot, void *elem) {
    WEIR_POINT("queue.pop.ticket");
    if (WEIR_UNLIKELY(weir_load_acquire(slot, QUEUE_R1) != WEIR__SLOT_FULL) && !wait_for_push(slot))
        return false;
    weir__copy(elem, slot + 1, q->elem_size);
    return true;
}

/* All tickets of s were given to pops, and next is the segment after it. */
static void leave(struct weir__segq *q, struct weir__hazard *h, struct weir__seg *s, void *next) {
    void *old = s;
    /* Also who finds that another has moved it looks again, and so comes after M2. */
    while (weir_load_acquire(&q->tail, QUEUE_M3) == s) weir__segq_move_tail(q, s, next);
    WEIR_POINT("queue.pop.leaves");
    if (!weir_cas_seq_cst(&q->head, &old, next, QUEUE_M1)) return;
    if (h) weir__hazard_clear(h);
    weir__segq_retire(q, s);
}

static void *after(struct weir__seg *s) { return weir_load_seq_cst(&s->next, QUEUE_N3); }

struct looked {
    uint64_t deq, enq; /* enq: only if there is none */
    uint64_t there;    /* tickets that pushes have got, and no pop had: only if there are any */
};

/* The tickets of s below deq were given to pops, and, as was read afterwards, none above to a push. Returns 0 if it
 * is worth looking again. */
static int exhausted(struct weir__segq *q, struct weir__hazard *h, struct weir__seg *s,
                     const struct looked *l) {
    void *next = after(s);
    if (!next) return l->enq & WEIR__SEGQ_CLOSED ? weir__segq_seal(q, s) : WEIR_EAGAIN;
    if (next == &weir__segq_sealed) {
        /* Relaxed: its last value was there before SEALED. */
        bool more = l->deq < weir__seg_given(q, weir_load_relaxed(&s->enq));
        return weir_recheck(more, QUEUE_Q1) ? 0 : WEIR_ECLOSED;
    }
    if (l->deq >= q->slots) leave(q, h, s, next);
    return 0; /* else pushes have got more tickets since */
}

/* Whether a push has got a ticket of s that no pop has: deq first, then what was seen of enq, then enq. */
WEIR__BODY bool look(struct weir__segq *q, struct weir__seg *s, struct looked *l) {
    l->deq = weir_load_acquire(&s->deq, QUEUE_D2);
    uint64_t given = weir_load_acquire(&s->seen, QUEUE_V2);
    if (WEIR_UNLIKELY(l->deq >= given)) {
        l->enq = weir_load_seq_cst(&s->enq, QUEUE_E2);
        given = weir__seg_given(q, l->enq);
        if (l->deq >= given) return false;
        if (given - l->deq > 1)
            weir_store_release(&s->seen, given, QUEUE_V1); /* for who pops next */
    }
    l->there = given - l->deq;
    return true;
}

/* The next tickets of s, of which d and, as far as was seen, those after it are free: at most k. Returns how many,
 * from *d on; 0: others were faster. */
WEIR__BODY size_t tickets(struct weir__seg *s, uint64_t *d, size_t k, uint32_t slots, bool single) {
    if (single) {
        weir_store_relaxed(&s->deq, *d + k); /* nobody else pops */
        return k;
    }
    if (k > 1) return weir_cas_release(&s->deq, d, *d + k, QUEUE_D3) ? k : 0;
    *d = weir_fetch_add_release(&s->deq, 1, QUEUE_D1);
    return *d < slots;
}

WEIR__BODY int pop_some(struct pop *p) {
    struct weir__segq *q = p->q;
    struct weir__seg *s = head_of(q, p->h);
    struct looked l;
    if (WEIR_UNLIKELY(!look(q, s, &l))) return exhausted(q, p->h, s, &l);
    size_t n = p->n - p->done;
    size_t k = tickets(s, &l.deq, n < l.there ? n : (size_t)l.there, q->slots, p->h == NULL);
    for (uint64_t i = l.deq; i < l.deq + k; i++)
        p->done += take(q, weir__seg_slot(q, s, i), p->elems + p->done * q->elem_size);
    return 0;
}

static void make_room(struct pop *p) {
    if (p->q->limit && p->done > p->given) weir__segq_room(p->q, p->done - p->given);
    p->given = p->done;
}

WEIR__BODY ptrdiff_t pop_all(struct pop *p) {
    int rc;
    while ((rc = pop_some(p)) == 0 && p->done < p->n) make_room(p);
    if (p->h) weir__hazard_clear(p->h);
    WEIR_POINT("queue.pop.done");
    make_room(p);
    return p->done ? (ptrdiff_t)p->done : rc;
}

ptrdiff_t weir__segq_pop(struct weir__segq *q, void *elems, size_t n) {
    struct pop p = { .q = q, .h = weir__hazard_self(), .elems = elems, .n = n };
    return WEIR_LIKELY(p.h != NULL) ? pop_all(&p) : WEIR_ENOMEM;
}
ptrdiff_t weir__segq_pop_single(struct weir__segq *q, void *elems, size_t n) {
    struct pop p = { .q = q, .elems = elems, .n = n };
    return pop_all(&p);
}

/* ---- a single element ------------------------------------------------------------------------- */

static __attribute__((noinline)) int pop_one_anyhow(struct weir__segq *q, struct weir__hazard *h,
                                                    void *elem) {
    struct pop p = { .q = q, .h = h, .elems = elem, .n = 1 };
    ptrdiff_t rc = pop_all(&p);
    return rc > 0 ? 0 : (int)rc;
}

/* As pop_all where all goes well, in half the instructions; else its ticket, if it had one, has gone by, and pop_all
 * looks again. */
WEIR__BODY int pop_one(struct weir__segq *q, struct weir__hazard *h, void *elem) {
    struct weir__seg *s = head_of(q, h);
    struct looked l;
    if (WEIR_UNLIKELY(!look(q, s, &l) || !tickets(s, &l.deq, 1, q->slots, !h) ||
                      !take(q, weir__seg_slot(q, s, l.deq), elem)))
        return pop_one_anyhow(q, h, elem);
    if (h) weir__hazard_clear(h);
    WEIR_POINT("queue.pop.done");
    if (WEIR_UNLIKELY(q->limit)) weir__segq_room(q, 1);
    return 0;
}

int weir__segq_pop_one(struct weir__segq *q, void *elem) {
    struct weir__hazard *h = weir__hazard_self();
    return WEIR_LIKELY(h != NULL) ? pop_one(q, h, elem) : WEIR_ENOMEM;
}
int weir__segq_pop_single_one(struct weir__segq *q, void *elem) { return pop_one(q, NULL, elem); }

/* ---- looking, giving back -------------------------------------------------------------------- */

/* *h: NULL if none is needed. False: it is, and there is no memory for a record. */
static bool hazard_of_popper(const struct weir__segq *q, struct weir__hazard **h) {
    *h = q->single ? NULL : weir__hazard_self();
    return q->single || *h;
}

/* Leaves no segment: who asks may be listed in the parking lot, where it must not call the user's allocator. */
bool weir__segq_can_pop(struct weir__segq *q) {
    struct weir__hazard *h;
    struct looked l;
    if (!hazard_of_popper(q, &h)) return true;
    struct weir__seg *s = head_of(q, h);
    bool can = look(q, s, &l) || l.enq & WEIR__SEGQ_CLOSED || after(s);
    if (h) weir__hazard_clear(h);
    return can;
}

/* All slots that pops (pushes) have got, of all segments. Relaxed: figures. */
static uint64_t popped(struct weir__segq *q, struct weir__hazard *h) {
    struct weir__seg *s = weir__segq_first(q, h);
    WEIR__SEG_READS(&s->base);
    uint64_t d = weir_load_relaxed(&s->deq);
    return s->base + (d < q->slots ? d : q->slots);
}
static uint64_t pushed(struct weir__segq *q, struct weir__hazard *h) {
    struct weir__seg *s = weir__segq_last(q, h);
    WEIR__SEG_READS(&s->base);
    return s->base + weir__seg_given(q, weir_load_relaxed(&s->enq));
}

/* Exact where no pop came between; else the pops that did are not counted, so that it is never more than what was
 * inside at one time. */
size_t weir__segq_len(struct weir__segq *q) {
    struct weir__hazard *h = weir__hazard_self();
    if (!h) return 0;
    uint64_t before, to, from = popped(q, h);
    unsigned looks = 0;
    do {
        before = from;
        WEIR_POINT("queue.len.begun");
        to = pushed(q, h);
        from = popped(q, h);
    } while (from != before && ++looks < LOOKS);
    weir__hazard_clear(h);
    int64_t n = (int64_t)(to - from);
    if (n < 0) return 0; /* pops are ahead of pushes */
    return q->limit && (uint64_t)n > q->limit ? (size_t)q->limit : (size_t)n;
}

int weir__segq_trim(struct weir__segq *q) {
    struct weir__hazard *h;
    struct looked l;
    int rc = 0;
    if (!hazard_of_popper(q, &h)) return WEIR_ENOMEM;
    while (rc == 0) { /* emptied segments, as a pop would */
        struct weir__seg *s = head_of(q, h);
        rc = look(q, s, &l) ? 1 : exhausted(q, h, s, &l);
    }
    if (h) weir__hazard_clear(h);
    weir__segq_collect(q);
    weir__segq_release_kept(q);
    return 0;
}
