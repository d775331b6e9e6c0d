/* SPDX-License-Identifier: MIT */
/* queues/segq.c - making and ending a queue of segments, and where its segments come from and go to. The argument
 * stands in segq.h.
 *
 *   allocated -> kept -> in the queue -> retired -> kept, or given back
 *
 * A segment that is kept is all empty: it is cleared by who collects it, not by the push that needs it. The places
 * in `kept` are words of their own, filled by a compare-and-swap and emptied by an exchange, so that there is no
 * list in which a segment could come back while somebody looks at it.
 *
 * Collecting: take the whole list of the retired, see the hazard pointers, keep or free what nobody names, put the
 * rest back. A thread that is stopped in it has that list in hands; the others make a new one. `waiting` counts a
 * segment from before it is in the list until somebody has taken the list, so that who retires one beside `batch`
 * others collects, whoever else is on the way to do so: a list is at most `batch` segments, and for each other thread
 * one that it names, now or when a list was last looked through, and one that it is about to collect. A push that
 * the allocator refuses a segment collects, too, before it says WEIR_ENOMEM. */
#include "segq.h"

#include <string.h>

#include "../lib/os.h"
#include "../lib/park.h"
#include "queue_opts.h"

#define SEG_BYTES ((size_t)16384)
#define SLOTS_LEAST 4

struct weir__seg weir__segq_sealed;

/* ---- segments -------------------------------------------------------------------------------- */

/* Nobody else can reach it. */
static void clear(const struct weir__segq *q, struct weir__seg *s) {
    WEIR__SEG_WRITES(&s->base);
    s->base = 0;
    weir_init_atomic(&s->enq, 0);
    weir_init_atomic(&s->deq, 0);
    weir_init_atomic(&s->seen, 0);
    weir_init_atomic(&s->next, NULL);
    for (uint64_t i = 0; i < q->slots; i++)
        weir_init_atomic(weir__seg_slot(q, s, i), WEIR__SLOT_EMPTY);
}

/* Relaxed: a figure. */
static void count(struct weir__segq *q, size_t bytes) {
    (void)weir_fetch_add_relaxed(&q->held, bytes);
}

struct weir__seg *weir__segq_alloc(struct weir__segq *q) {
    struct weir__seg *s = weir__alloc(q->alloc, q->seg_bytes, WEIR_LINE);
    if (!s) return NULL;
    count(q, q->seg_bytes);
    clear(q, s);
    return s;
}

static void release(struct weir__segq *q, struct weir__seg *s) {
    count(q, (size_t)0 - q->seg_bytes);
    weir__free(q->alloc, s, q->seg_bytes, WEIR_LINE);
}

struct weir__seg *weir__segq_kept(struct weir__segq *q) {
    for (unsigned i = 0; i < WEIR__SEGQ_KEPT; i++) {
        if (!weir_load_relaxed(&q->kept[i])) continue; /* a look; the exchange decides */
        struct weir__seg *s = weir_exchange_acquire(&q->kept[i], NULL, QUEUE_C2);
        if (s) return s;
    }
    return NULL;
}

void weir__segq_give(struct weir__segq *q, struct weir__seg *s) {
    for (unsigned i = 0; i < WEIR__SEGQ_KEPT; i++) {
        void *none = weir_load_relaxed(&q->kept[i]); /* checked by the compare-and-swap */
        if (!none && weir_cas_release(&q->kept[i], &none, s, QUEUE_C1)) return;
    }
    release(q, s);
}

void weir__segq_release_kept(struct weir__segq *q) {
    for (struct weir__seg *s; (s = weir__segq_kept(q)) != NULL;) release(q, s);
    if (!q->alloc) weir__os_alloc_trim();
}

void weir__segq_prepare(struct weir__segq *q) {
    for (unsigned i = 0; i < WEIR__SEGQ_KEPT; i++)
        if (weir_load_relaxed(&q->kept[i])) return; /* a hint */
    struct weir__seg *s = weir__segq_alloc(q);
    if (s) weir__segq_give(q, s);
}

/* ---- retired ones ---------------------------------------------------------------------------- */

static void put_retired(struct weir__segq *q, struct weir__seg *s) {
    void *first = weir_load_relaxed(&q->retired); /* checked by the compare-and-swap */
    WEIR__SEG_WRITES(&s->link);
    do s->link = first;
    while (!weir_cas_release(&q->retired, &first, s, QUEUE_L1));
}

/* All that are retired; *fresh of them were in no such list before. */
static struct weir__seg *take_retired(struct weir__segq *q, uint32_t *fresh) {
    struct weir__seg *list = weir_exchange_acquire(&q->retired, NULL, QUEUE_L2);
    *fresh = 0;
    for (struct weir__seg *s = list; s; s = s->link) {
        WEIR__SEG_READS(&s->link);
        *fresh += !s->named;
        s->named = 0;
    }
    return list;
}

static void mark(void *block, void *list) {
    for (struct weir__seg *s = list; s; s = s->link)
        if (s == block) s->named = 1;
}

/* After segments were taken out of reach: from here on, who still may use one of them is seen to name it.
 *
 * If the kernel refuses a membarrier that it had granted (a sandbox was put up), all fence from now on. Who names a
 * segment stores the name and then reads `late`: who reads 0 has stored before FENCES was visible, and settling gives
 * that store the time to be. Who comes before somebody has settled does so as well; afterwards nobody has to. Relaxed:
 * `late` carries nothing but itself, and 1 ms is beyond what a store or a load may be early or late. */
static void see_hazards(struct weir__segq *q) {
    if (q->fence) return;
    uint32_t late = weir_load_relaxed(&q->late); /* see above */
    if (late == WEIR__SEGQ_SETTLED) return;
    if (late == 0 && weir__heavy_barrier(true)) return;
    weir_store_relaxed(&q->late, WEIR__SEGQ_FENCES); /* see above */
    WEIR_POINT("queue.collect.settles");
    weir__settle();
    weir_store_relaxed(&q->late, WEIR__SEGQ_SETTLED); /* see above */
}

void weir__segq_collect(struct weir__segq *q) {
    uint32_t fresh;
    WEIR_POINT("queue.collect.begins");
    struct weir__seg *list = take_retired(q, &fresh);
    if (!list) return;
    (void)weir_fetch_sub_relaxed(&q->waiting, fresh); /* counted before they were in the list */
    WEIR_POINT("queue.collect.taken");
    see_hazards(q);
    weir__hazards_each(mark, list);
    for (struct weir__seg *s = list, *next; s; s = next) {
        next = s->link;
        if (s->named) {
            put_retired(q, s);
            continue;
        }
        clear(q, s);
        weir__segq_give(q, s);
    }
}

void weir__segq_retire(struct weir__segq *q, struct weir__seg *s) {
    WEIR_POINT("queue.pop.left");
    s->named = 0;
    /* Relaxed: a count that decides only when somebody looks. */
    uint32_t waiting = weir_fetch_add_relaxed(&q->waiting, 1) + 1;
    put_retired(q, s);
    if (waiting >= q->batch) weir__segq_collect(q);
}

/* ---- making ---------------------------------------------------------------------------------- */

static void set_shape(struct weir__segq *q, const struct weir_queue_opts *o,
                      const struct weir__segq_shape *shape) {
    q->elem_size = o->elem_size;
    q->stride = weir__queue_stride(o); /* a slot's state stands beside its element */
    size_t fit = (SEG_BYTES - sizeof(struct weir__seg)) / q->stride;
    q->slots = shape->slots ? shape->slots : (uint32_t)(fit < SLOTS_LEAST ? SLOTS_LEAST : fit);
    q->batch = shape->batch ? shape->batch : 8;
    q->seg_bytes = sizeof(struct weir__seg) + q->slots * q->stride;
    q->fence = (o->flags & WEIR_RING_NO_MEMBARRIER) || !weir__asymmetric();
    q->single = shape->single;
    q->drop = o->drop;
    q->drop_arg = o->drop_arg;
    q->alloc = o->alloc;
    q->limit = weir__queue_limit(o);
}

int weir__segq_new(struct weir__segq **out, size_t bytes, const struct weir_queue_opts *opts,
                   const struct weir__segq_shape *shape) {
    *out = NULL;
    if (!weir__queue_opts_usable(opts)) return WEIR_EINVAL;
    struct weir__segq *q = weir__alloc(opts->alloc, bytes, WEIR_LINE);
    if (!q) return WEIR_ENOMEM;
    memset(q, 0, bytes);
    (void)weir__os_cpus(); /* read the affinity now, not in the first wait */
    set_shape(q, opts, shape);
    q->id = weir__os_random();
    q->self_bytes = bytes;
    weir_init_atomic(&q->held, bytes);
    struct weir__seg *s = weir__segq_alloc(q);
    if (!s) {
        weir__free(opts->alloc, q, bytes, WEIR_LINE);
        return WEIR_ENOMEM;
    }
    s->base = shape->start;
    weir_init_atomic(&q->head, s);
    weir_init_atomic(&q->tail, s);
    *out = q;
    return 0;
}

/* ---- ending: nobody else is here, so that all is relaxed ------------------------------------- */

static void drop_all(struct weir__segq *q, struct weir__seg *s) {
    uint64_t end = weir__seg_given(q, weir_load_relaxed(&s->enq));
    for (uint64_t i = weir_load_relaxed(&s->deq); q->drop && i < end; i++) {
        weir_au64 *slot = weir__seg_slot(q, s, i);
        if (weir_load_relaxed(slot) == WEIR__SLOT_FULL) q->drop(slot + 1, q->drop_arg);
    }
}

int weir__segq_free(struct weir__segq *q) {
    if (weir_load_relaxed(&q->waiters)) return WEIR_EBUSY;
    struct weir__seg *s = weir_load_relaxed(&q->head), *next;
    for (; s && s != &weir__segq_sealed; s = next) {
        next = weir_load_relaxed(&s->next);
        drop_all(q, s);
        release(q, s);
    }
    for (s = weir_load_relaxed(&q->retired); s; s = next) {
        next = s->link;
        release(q, s);
    }
    while ((s = weir__segq_kept(q)) != NULL) release(q, s);
    weir__free(q->alloc, q, q->self_bytes, WEIR_LINE);
    return 0;
}
