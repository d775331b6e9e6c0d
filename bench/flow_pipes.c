/* SPDX-License-Identifier: MIT */
/* bench/flow_pipes.c - weir's pipelines as kinds; see flow.h. A thread sends numbers and one receives them; each stage works for
 * its time and adds one.
 *
 *   weir        weir_pipeline as its options are at first, with threads of its own
 *   weir_many   the same; up to 64 elements for each send and receive
 *   weir_pool   the same as weir, on a pool with a worker for each processor (W: as many calls of a stage at once)
 *   mutex       mutex channels between the stages, one element at a time */
#include <weir/pipeline.h>
#include <weir/pool.h>

#include <stdlib.h>

#include "flow_task.h"
#include "flows.h"

#define STAGES_MOST 8
#define MANY 64u

struct pipe {
    weir_pipeline *line;
    weir_pool *pool;       /* NULL: threads of its own */
    uint64_t fed, fed_sum; /* before it is closed */
};

static int stage(const void *in, void *out, weir_ctx *ctx, void *arg) {
    uint64_t word;
    (void)ctx;
    (void)arg;
    memcpy(&word, in, sizeof word);
    wb_work(wb_flow_rounds);
    word++;
    memcpy(out, &word, sizeof word);
    return 0;
}

/* ---- made and given back ---------------------------------------------------------------------------- */

static void dispose(void *flow) {
    struct pipe *p = flow;
    if (p->line) (void)weir_pipeline_free(p->line);
    if (p->pool) (void)weir_pool_free(p->pool);
    free(p);
}

static void *make_with(const struct wb_shape *s, unsigned kind, bool on_pool) {
    struct weir_stage stages[STAGES_MOST];
    struct weir_pipeline_opts o = WEIR_PIPELINE_OPTS;
    struct weir_pool_opts po = WEIR_POOL_OPTS(0);
    struct pipe *p = calloc(1, sizeof *p);
    weir_exec on;
    if (!p || s->flow.stages > STAGES_MOST) {
        free(p);
        return NULL;
    }
    for (unsigned i = 0; i < s->flow.stages; i++)
        stages[i] = (struct weir_stage){ .fn = stage,
                                         .in_size = sizeof(uint64_t),
                                         .out_size = sizeof(uint64_t),
                                         .workers = s->flow.workers,
                                         .ordered = s->flow.ordered };
    o.kind = kind;
    if (on_pool && weir_pool_new(&p->pool, &po) == 0) {
        on = weir_pool_exec(p->pool);
        o.on = &on;
    }
    if (on_pool == (p->pool != NULL) &&
        weir_pipeline_new(&p->line, stages, s->flow.stages, &o) == 0)
        return p;
    dispose(p);
    return NULL;
}

static void *make(const struct wb_shape *s) { return make_with(s, WEIR_PIPELINE_BATCHES, false); }
static void *make_on_pool(const struct wb_shape *s) {
    return make_with(s, WEIR_PIPELINE_BATCHES, true);
}
static void *make_mutex(const struct wb_shape *s) {
    return make_with(s, WEIR_PIPELINE_MUTEX, false);
}

/* ---- the ends --------------------------------------------------------------------------------------- */

static void end_of_feed(struct wb_flow_work *w, uint64_t fed, uint64_t sum) {
    struct pipe *p = w->flow;
    p->fed = fed;
    p->fed_sum = sum;
    w->wrong += weir_pipeline_close(p->line) != 0;
}

static void feed(struct wb_flow_work *w) {
    struct pipe *p = w->flow;
    uint64_t word = 0, sum = 0;
    while (!__atomic_load_n(w->stop, __ATOMIC_RELAXED) && w->wrong == 0) {
        for (unsigned i = 0; i < WB_STOP_EVERY; i++, word++) {
            w->wrong += weir_pipeline_send(p->line, &word) != 0;
            sum += word;
        }
    }
    end_of_feed(w, word, sum);
}

static void feed_many(struct wb_flow_work *w) {
    struct pipe *p = w->flow;
    uint64_t words[MANY], word = 0, sum = 0;
    while (!__atomic_load_n(w->stop, __ATOMIC_RELAXED) && w->wrong == 0) {
        for (unsigned i = 0; i < MANY; i++) sum += words[i] = word++;
        w->wrong += weir_pipeline_send_many_wait(p->line, words, MANY, WEIR_FOREVER, NULL) != MANY;
    }
    end_of_feed(w, word, sum);
}

struct taken {
    uint64_t n, sum;
};

WB_LOOP void take_one(struct wb_flow_work *w, struct taken *t, uint64_t word) {
    word -= w->shape->flow.stages;
    w->wrong += w->shape->flow.ordered && word != t->n;
    t->n++;
    t->sum += word;
}

static void end_of_take(struct wb_flow_work *w, const struct taken *t) {
    const struct pipe *p = w->flow;
    w->wrong += t->n != p->fed || t->sum != p->fed_sum || weir_pipeline_wait(p->line) != 0;
    w->ops = t->n;
}

static void take(struct wb_flow_work *w) {
    const struct pipe *p = w->flow;
    struct taken t = { 0, 0 };
    uint64_t word;
    int rc;
    while ((rc = weir_pipeline_recv(p->line, &word)) == 0) take_one(w, &t, word);
    w->wrong += rc != WEIR_ECLOSED;
    end_of_take(w, &t);
}

static void take_many(struct wb_flow_work *w) {
    const struct pipe *p = w->flow;
    struct taken t = { 0, 0 };
    uint64_t words[MANY];
    ptrdiff_t n;
    while ((n = weir_pipeline_recv_many_wait(p->line, words, MANY, WEIR_FOREVER, NULL)) > 0)
        for (ptrdiff_t i = 0; i < n; i++) take_one(w, &t, words[i]);
    w->wrong += n != WEIR_ECLOSED;
    end_of_take(w, &t);
}

#define CAN (WB_FLOW_ORDERED | WB_FLOW_UNORDERED | WB_FLOW_ONCE)

WB_FLOW(wb_pipe_weir, "weir", "pipe", NULL, NULL, CAN, make, dispose, feed, take);
WB_FLOW(wb_pipe_many, "weir_many", "pipe", NULL, "up to 64 elements for each send and receive", CAN,
        make, dispose, feed_many, take_many);
WB_FLOW(wb_pipe_pool, "weir_pool", "pipe", NULL, "on a pool with a worker for each processor", CAN,
        make_on_pool, dispose, feed, take);
WB_FLOW(wb_pipe_mutex, "mutex", "pipe", NULL, NULL, CAN, make_mutex, dispose, feed, take);
