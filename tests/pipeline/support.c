/* SPDX-License-Identifier: MIT */
/* tests/pipeline/support.c - see support.h. */
#include "support.h"

weir_chan *chan_open(unsigned kind, size_t cap) {
    weir_chan *c = NULL;
    struct weir_chan_opts o = WEIR_CHAN_OPTS(cap, sizeof(uint64_t));
    o.kind = kind;
    CHECK_IS(weir_chan_new(&c, &o), 0);
    return c;
}

weir_ctx *ctx_open(weir_ctx *parent, weir_time deadline) {
    weir_ctx *c = NULL;
    CHECK_IS(weir_ctx_new(&c, parent, deadline), 0);
    return c;
}

/* ---- feeders --------------------------------------------------------------------------------------------- */

static int64_t feed_main(void *arg) {
    struct feeder *f = arg;
    uint64_t sent = 0;
    for (uint64_t v = f->first; sent < f->n; v++, sent++)
        if (weir_chan_send(f->to, &v) < 0) break;
    if (!f->stays_open) CHECK_IS(weir_chan_close(f->to), 0);
    return (int64_t)sent;
}

void feed(struct feeder *f, weir_chan *to, uint64_t first, uint64_t n) {
    f->to = to;
    f->first = first;
    f->n = n;
    f->stays_open = false;
    call_start(&f->call, feed_main, f);
}

uint64_t feed_end(struct feeder *f) { return (uint64_t)call_end(&f->call); }

/* ---- the rest -------------------------------------------------------------------------------------------- */

bool comes_true(bool (*cond)(void *arg), void *arg) {
    weir_time until = weir_after(10000 * MS);
    while (!cond(arg)) {
        if (weir_now() > until) return false;
        sleep_ms(1);
    }
    return true;
}

static int submit(void *self, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    struct counting_exec *e = self;
    uint32_t n = weir_fetch_add_relaxed(&e->submitted, 1) + 1;
    if (e->refuse_from && n >= e->refuse_from) {
        (void)weir_fetch_add_relaxed(&e->refused, 1);
        return e->code;
    }
    return weir_go(NULL, fn, ctx, arg);
}

void counting_exec_init(struct counting_exec *e, uint32_t refuse_from, int code) {
    e->as = (weir_exec){ submit, e };
    weir_init_atomic(&e->submitted, 0);
    weir_init_atomic(&e->refused, 0);
    e->refuse_from = refuse_from;
    e->code = code;
}

static int run_here(void *self, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    (void)self;
    (void)fn(ctx, arg);
    return 0;
}

const weir_exec exec_here = { run_here, NULL };

void count_drop(void *elem, void *count) {
    CHECK(elem != NULL, "nothing was dropped");
    (void)weir_fetch_add_relaxed((weir_au32 *)count, 1);
}
