/* SPDX-License-Identifier: MIT */
/* stress/common/ring_kind.h - weir's rings behind one table of verbs, for scenarios that are written once
 * for all of them: those of the explorer (compiled with WEIR_MODEL) and those of real threads.
 *
 * Results are those of weir/mpmc.h; of weir_spsc, whose verbs cannot say why, WEIR_EAGAIN. */
#ifndef WEIR_STRESS_RING_KIND_H
#define WEIR_STRESS_RING_KIND_H

#include <weir/base.h>

/* What a kind has. */
enum {
    RING_MANY = 1,   /* any number of producers and consumers; else one of each */
    RING_WAITS = 2,  /* verbs that wait, and close */
    RING_MEMORY = 4, /* lives in the caller's memory, and its indices may start anywhere */
    RING_BUSY = 8,   /* may say WEIR_EBUSY */
    RING_EXACT = 16, /* batches are never cut short */
    RING_TRIES = 32, /* no call of the try family waits for a thread that has stopped */
    RING_SOFT = 64,  /* batches go one by one, and full may be said while a pop is under way */
    RING_FUNNEL =
        128, /* any number of producers and one consumer: who that is, ring_one_pops says */
};

/* Of a kind that has one consumer, in a team that shares one ring: whether worker `me` is it. */
static inline bool ring_one_pops(unsigned me) { return me == 1; }

/* NULL: it has none such. */
struct ring_kind {
    const char *name;
    unsigned has;
    int (*make)(void **ring, const struct weir_ring_opts *o);
    int (*free)(void *ring);
    size_t (*bytes)(size_t cap, size_t size);
    int (*init)(void **ring, void *mem, size_t bytes, size_t cap, size_t size, unsigned flags,
                uint64_t start);
    int (*attach)(void **ring, void *mem, size_t bytes);
    int (*fini)(void *ring, weir_drop_fn *drop, void *arg);
    int (*push)(void *ring, const void *elem);
    int (*pop)(void *ring, void *elem);
    ptrdiff_t (*push_n)(void *ring, const void *elems, size_t n);
    ptrdiff_t (*pop_n)(void *ring, void *elems, size_t n);
    int (*push_wait)(void *ring, const void *elem, weir_time deadline);
    int (*pop_wait)(void *ring, void *elem, weir_time deadline);
    ptrdiff_t (*push_n_wait)(void *ring, const void *elems, size_t n, weir_time deadline);
    ptrdiff_t (*pop_n_wait)(void *ring, void *elems, size_t n, weir_time deadline);
    int (*close)(void *ring);
    bool (*is_closed)(void *ring);
    size_t (*len)(void *ring);
    int (*push_in_place)(void *ring, const void *elem); /* by reserve and commit */
    int (*pop_in_place)(void *ring, void *elem);        /* by peek and consume */
    void (*dump)(void *ring, char *text, size_t n);     /* its words, in a line */
    unsigned claim; /* steps of a try call, at most, while all others stand still; 0: none */
};

extern const struct ring_kind ring_mpmc, ring_mpmc_fence, ring_spsc, ring_scq, ring_mutex;
extern const struct ring_kind ring_mpmc_exact; /* which it is not: see scenarios/scq.c */

/* Of unbounded queues a capacity is a soft limit; in the explorer, from this one on there is none. */
#define RING_NO_LIMIT 10
extern const struct ring_kind ring_queue, ring_queue_small, ring_mpsc, ring_mpsc_small,
    ring_mutex_queue;
/* weir_mpsc_list with nodes that this makes and frees (stress/common/list_kind.c); not in the explorer. */
extern const struct ring_kind ring_mpsc_list;

#endif
