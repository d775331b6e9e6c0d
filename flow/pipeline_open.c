/* SPDX-License-Identifier: MIT */
/* flow/pipeline_open.c - making a pipeline in batches, and what is left at its end. See pipeline_flow.c. */
#include "../lib/base.h"
#include "../lib/os.h"
#include "pipeline_flow.h"

/* ---- the rest ------------------------------------------------------------------------------------------------- */

static void flow_tally(weir_pipeline *p, size_t stage, struct weir__tally *t) {
    struct place *q = place_of(p, stage);
    weir__lock(&q->lock);
    *t = q->tally;
    weir__unlock(&q->lock);
}

/* One place: from head, and what stands behind results that will never come. */
static void drain_place(weir_pipeline *p, size_t i, char *elem) {
    struct place *q = place_of(p, i);
    uint64_t end = q->head + q->mask + 1;
    for (;;) {
        bool found = false;
        weir__lock(&q->lock);
        for (; q->head != end && !found; q->head++) {
            size_t k = q->head & q->mask;
            found = q->state[k] == FULL;
            if (found) memcpy(elem, slot(q, q->head), q->elem_size);
            if (found) q->tally.cancelled++;
            q->state[k] = WAITED_FOR;
        }
        q->shown = q->head;
        weir__unlock(&q->lock);
        if (!found) return;
        weir__drop_at(p, i, elem);
    }
}

static void flow_drain(weir_pipeline *p) {
    for (size_t i = 0; i < p->n + !is_sink(p); i++) drain_place(p, i, flow_of(p)->works[0].in);
}

static void flow_free(weir_pipeline *p) {
    struct flow *f = flow_of(p);
    weir__crew_free(f->crew);
    weir__os_free(f->works);
    weir__os_free(f->memory);
    weir__os_free(f);
}

/* ---- making --------------------------------------------------------------------------------------------------- */

/* Cut from one block: first counted, with at NULL, then given out. */
static void *cut(char *at, size_t *used, size_t bytes) {
    void *p = at ? at + *used : NULL;
    *used += (bytes + WEIR_LINE - 1) / WEIR_LINE * WEIR_LINE;
    return p;
}

static size_t batch_of(const struct weir_stage *s) {
    size_t wide = s->in_size > s->out_size ? s->in_size : s->out_size;
    size_t n = s->batch ? s->batch : BATCH, fits = (size_t)65536 / wide;
    if (!s->batch && n > fits) n = fits;
    return n ? n : 1;
}

static void lay_out(struct flow *f, char *at, size_t *used) {
    weir_pipeline *p = f->p;
    size_t slots = 2, k = 0, widest = 0;
    while (slots < p->window) slots *= 2;
    for (size_t i = 0; i <= p->n; i++) {
        struct place *q = &f->place[i];
        q->elem_size = weir__elem_size(p, i);
        if (q->elem_size > widest) widest = q->elem_size;
        q->mask = slots - 1;
        q->slots = cut(at, used, slots * q->elem_size);
        q->state = cut(at, used, slots);
        q->input = cut(at, used, slots * sizeof(uint64_t));
    }
    for (size_t i = 0; i < p->n; i++)
        for (unsigned j = 0; j < p->stages[i].workers; j++, k++) {
            struct work *w = &f->works[k];
            *w = (struct work){ .p = p, .stage = i, .most = batch_of(&p->stages[i]) };
            size_t in = w->most * p->stages[i].in_size;
            w->in = cut(at, used, in > widest ? in : widest); /* of the first: also to drain */
            w->out = cut(at, used, w->most * p->stages[i].out_size + 1);
            w->input = cut(at, used, w->most * sizeof(uint64_t));
            w->kept = cut(at, used, w->most);
            w->next_free = f->place[i].free;
            f->place[i].free = w;
        }
}

static int make_memory(struct flow *f) {
    size_t used = 0;
    f->works = weir__os_alloc(f->n_works * sizeof *f->works, _Alignof(struct work));
    if (!f->works) return WEIR_ENOMEM;
    lay_out(f, NULL, &used);
    f->memory = weir__os_alloc(used, WEIR_LINE);
    if (!f->memory) return WEIR_ENOMEM;
    for (size_t i = 0; i <= f->p->n; i++) f->place[i].free = NULL;
    used = 0;
    lay_out(f, f->memory, &used);
    for (size_t i = 0; i <= f->p->n; i++)
        memset(f->place[i].state, WAITED_FOR, f->place[i].mask + 1);
    return 0;
}

static int flow_open(weir_pipeline *p) {
    size_t bytes = sizeof(struct flow) + (p->n + 1) * sizeof(struct place);
    struct flow *f = weir__os_alloc(bytes, WEIR_LINE);
    if (!f) return WEIR_ENOMEM;
    memset(f, 0, bytes);
    f->p = p;
    for (size_t i = 0; i < p->n; i++) {
        f->n_works += p->stages[i].workers;
        f->place[i + 1].tickets = p->stages[i].ordered && p->stages[i].workers > 1;
    }
    for (size_t i = 0; i <= p->n; i++) weir_init_atomic(&f->place[i].lock.word, 0);
    f->place[0].on.ops = &weir__line_send_ops;
    f->place[p->n].on.ops = &weir__line_recv_ops;
    f->place[0].credits = p->window;
    f->exec = p->exec;
    p->own = f;
    int rc = make_memory(f);
    if (rc == 0 && !p->has_exec) rc = weir__crew_new(&f->crew, f->n_works, &f->exec);
    if (rc < 0) flow_free(p);
    return rc;
}

const struct weir__pipeline_kind weir__pipeline_batches = {
    flow_open,        weir__line_send, weir__line_send_n, weir__line_recv, weir__line_recv_n,
    weir__line_close, flow_tally,      flow_drain,        flow_free
};
