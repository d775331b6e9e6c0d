/* SPDX-License-Identifier: MIT */
/* flow/pipeline.h - what the two kinds of pipeline share; see weir/pipeline.h. */
#ifndef WEIR_FLOW_PIPELINE_H
#define WEIR_FLOW_PIPELINE_H

#include <weir/once.h>
#include <weir/pipeline.h>
#include <weir/wg.h>

#include "../lib/lock.h"
#include "frame.h"

/* What became of one element. */
enum weir__outcome { WEIR__KEPT, WEIR__SKIPPED, WEIR__FAILED };

/* Of a stage, or of a batch. */
struct weir__tally {
    uint64_t in, out, skipped, failed, cancelled, batches, busy;
};

struct weir__pipeline_kind {
    int (*open)(
        weir_pipeline *p); /* makes what it needs, and threads: 0, or ENOMEM with nothing left */
    int (*send)(weir_pipeline *p, const void *elem, weir_time deadline, weir_ctx *ctx);
    /* Without a wait: how many, or a code. */
    ptrdiff_t (*send_n)(weir_pipeline *p, const void *elems, size_t n);
    int (*recv)(weir_pipeline *p, void *elem, weir_time deadline, weir_ctx *ctx);
    ptrdiff_t (*recv_n)(weir_pipeline *p, void *elems, size_t n);
    int (*close)(weir_pipeline *p);
    void (*tally)(weir_pipeline *p, size_t stage, struct weir__tally *t);
    void (*drain)(weir_pipeline *p); /* nobody works: drops what is inside, and results */
    void (*free)(weir_pipeline *p);
};
extern const struct weir__pipeline_kind weir__pipeline_batches, weir__pipeline_mutex;

struct weir_pipeline {
    const struct weir__pipeline_kind *kind;
    void *own; /* the kind's */
    weir_ctx *ctx;
    weir_wg running; /* workers, or tasks of theirs; and one while it is open */
    weir_au32 stopped;
    unsigned errors;
    bool has_exec;
    weir_exec exec;
    size_t n, window, out_buffer, result_size;
    weir_drop_fn *drop;
    void *drop_arg;
    /* Of a stream: makes the result of a function that has ended its thread; NULL: that is a failure. */
    void (*exited)(void *out);
    weir_once drained;      /* after a cancel */
    struct weir__lock lock; /* of what follows */
    struct weir_error first;
    struct weir_pipeline_error *list;
    size_t in_list, list_room;
    struct weir_stage stages[];
};

/* Size of an element before stage i; of a result for i = n. */
static inline size_t weir__elem_size(const weir_pipeline *p, size_t i) {
    return i < p->n ? p->stages[i].in_size : p->result_size;
}
/* The drop function of what stands there. */
static inline void weir__drop_at(const weir_pipeline *p, size_t i, void *elem) {
    weir_drop_fn *drop = i < p->n ? p->stages[i].drop : p->drop;
    if (drop) drop(elem, i < p->n ? p->stages[i].arg : p->drop_arg);
}

/* Ends it with this error, if nothing has before. */
void weir__pipeline_stop(weir_pipeline *p, const struct weir_error *err);
/* Relaxed: a hint to stop soon; the context decides. */
static inline bool weir__pipeline_stops(const weir_pipeline *p) {
    return weir_load_relaxed(&p->stopped) != 0;
}
bool weir__pipeline_over(weir_pipeline *p);
/* What fn has returned for this input: counts in t, and does what `errors` says. */
enum weir__outcome weir__pipeline_outcome(weir_pipeline *p, size_t stage, uint64_t input, int rc,
                                          struct weir__tally *t);
/* The same for a function that has ended its thread. */
void weir__pipeline_exited(weir_pipeline *p, size_t stage, uint64_t input, struct weir__tally *t);
static inline void weir__tally_add(struct weir__tally *to, const struct weir__tally *t) {
    to->in += t->in;
    to->out += t->out;
    to->skipped += t->skipped;
    to->failed += t->failed;
    to->cancelled += t->cancelled;
    to->batches += t->batches;
    to->busy += t->busy;
}

#endif
