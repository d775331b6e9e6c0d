/* SPDX-License-Identifier: MIT */
/* queues/chan.h - what the kinds of channel share; see weir/chan.h. */
#ifndef WEIR_QUEUES_CHAN_H
#define WEIR_QUEUES_CHAN_H

#include <weir/chan.h>

#include "../lib/wait.h"

struct weir__chan_kind {
    int (*send)(weir_chan *c, const void *elem, weir_time deadline, weir_ctx *ctx);
    int (*recv)(weir_chan *c, void *elem, weir_time deadline, weir_ctx *ctx);
    /* What is there, up to n > 0, without waiting: the count, or a code. */
    ptrdiff_t (*recv_n)(weir_chan *c, void *elems, size_t n);
    int (*close)(weir_chan *c);
    bool (*is_closed)(const weir_chan *c);
    size_t (*len)(const weir_chan *c);
    size_t (*bytes)(size_t cap, size_t elem_size); /* of the kind's struct and slots; 0: overflow */
    int (*init)(weir_chan *c, const struct weir_chan_opts *o); /* 0 or WEIR_ENOMEM */
    int (*end)(weir_chan *c); /* drops what is inside; WEIR_EBUSY: threads wait */
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
};

extern const struct weir__chan_kind weir__chan_strict, weir__chan_mpmc, weir__chan_spsc,
    weir__chan_mutex_ring, weir__chan_mutex_meeting;

/* recv_n of a kind that has nothing better: one at a time. */
ptrdiff_t weir__chan_recv_each(weir_chan *c, void *elems, size_t n);

/* Whether n is a case of a channel. */
int weir__chan_check(const weir_waitable *on, const struct weir__node *n);

#endif
