/* SPDX-License-Identifier: MIT */
/* queues/chan.h - what the kinds of channel share; see weir/chan.h. */
#ifndef WEIR_QUEUES_CHAN_H
#define WEIR_QUEUES_CHAN_H

#include <weir/chan.h>

#include "../lib/wait.h"

/* What is counted beside the positions: by those who wait, or wake, or are on a slow path. In a line that those
 * write anyway. */
struct weir__chan_counts {
    weir_au64 send_blocked, recv_blocked, wakes, robbed, high;
};

struct weir__chan_kind {
    int (*send)(weir_chan *c, const void *elem, weir_time deadline, weir_ctx *ctx);
    int (*recv)(weir_chan *c, void *elem, weir_time deadline, weir_ctx *ctx);
    /* What is there, up to n > 0, without waiting: the count, or a code. */
    ptrdiff_t (*recv_n)(weir_chan *c, void *elems, size_t n);
    void (*stats)(weir_chan *c, struct weir_chan_stats *out); /* sent, received, high_water */
    int (*close)(weir_chan *c);
    bool (*is_closed)(const weir_chan *c);
    size_t (*len)(const weir_chan *c);
    size_t (*bytes)(size_t cap, size_t elem_size); /* of the kind's struct and slots; 0: overflow */
    int (*init)(weir_chan *c, const struct weir_chan_opts *o); /* 0 or WEIR_ENOMEM */
    int (*end)(weir_chan *c); /* drops what is inside; WEIR_EBUSY: threads wait */
    const char *about;        /* for weir_waiters_dump */
};

struct weir_chan {
    weir_waitable on;
    const struct weir__chan_kind *kind;
    weir_au64 refs;
    size_t cap, elem_size, bytes;
    weir_drop_fn *drop;
    void *drop_arg;
    const char *name;
    const struct weir_alloc *alloc;
    struct weir__chan_counts *counts; /* NULL: a kind that has none */
    struct weir__made made;
};

extern const struct weir__chan_kind weir__chan_strict, weir__chan_mpmc, weir__chan_spsc,
    weir__chan_mutex_ring, weir__chan_mutex_meeting;

/* recv_n of a kind that has nothing better: one at a time. */
ptrdiff_t weir__chan_recv_each(weir_chan *c, void *elems, size_t n);

/* ops->check: whether n is a case of a channel. The second is the same, for who knows that it is one. */
int weir__chan_check(const weir_waitable *on, const struct weir__node *n);
static inline int weir__chan_check_known(const weir_waitable *on, const struct weir__node *n) {
    const weir_chan *c = (const weir_chan *)(const void *)on;
    if ((n->op != WEIR_SEND && n->op != WEIR_RECV) || n->arg) return WEIR_EINVAL;
    return n->elem || n->look || c->elem_size == 0 ? 0 : WEIR_EINVAL;
}
void weir__chan_about(weir_waitable *on, struct weir__about *a);

/* ---- statistics ------------------------------------------------------------------------------------------ */

void weir__chan_counts_init(weir_chan *c, struct weir__chan_counts *counts);
/* ops->note */
void weir__chan_note(weir_waitable *on, const struct weir__node *n, enum weir__noted what,
                     uint64_t amount);

/* All of it relaxed: nothing is decided by a count. The explorer would take each for a step of the algorithm. */
#ifdef WEIR_MODEL
enum { WEIR__COUNTS = 0 };
#else
enum { WEIR__COUNTS = 1 };
#endif

static inline void weir__count(weir_au64 *count, uint64_t by) {
    if (WEIR__COUNTS) (void)weir_fetch_add_relaxed(count, by);
}
/* Under the lock: one writer. */
static inline void weir__count_locked(weir_au64 *count) {
    if (WEIR__COUNTS) weir_store_relaxed(count, weir_load_relaxed(count) + 1);
}
/* Whether the length is to be looked at after a send to this position: once in 1024, or in a lap. */
static inline bool weir__sampled(uint64_t position) { return WEIR__COUNTS && position % 1024 == 0; }
/* Of two at once the smaller may stay: it is a sample. */
static inline void weir__saw(struct weir__chan_counts *k, uint64_t len) {
    if (WEIR__COUNTS && len > weir_load_relaxed(&k->high)) weir_store_relaxed(&k->high, len);
}

#endif
