/* SPDX-License-Identifier: MIT */
/* flow/pipeline.c - see weir/pipeline.h: what both kinds have in common: making, the verbs, failures, the end.
 *
 * Invariants
 *   I1  running is one while sends are accepted, and one more for each worker (mutex) or task (batches) that may still
 *       touch the pipeline. A task is counted before the count of who begins it is given back. So once it is zero it
 *       stays so, and nobody touches the pipeline but its users.
 *   I2  the first failure is stored before the context ends because of it.
 *   I3  what is inside after a cancel is dropped after I1, once, by who waits first; the others wait for that, too.
 * Progress   blocking.
 * Ordering   by the locks, and WG_D1 -> WG_W1 for who waits. `stopped` is a hint, relaxed. */
#include "pipeline.h"

#include <string.h>

#include "../lib/base.h"
#include "../lib/ctx.h"
#include "../lib/os.h"
#include "../lib/wait.h"

#define BUFFER ((size_t)128)
#define BUFFER_MAX ((size_t)1 << 20)
#define STAGES_MAX ((size_t)64)
#define WORKERS_MAX 4096u
#define BATCH_MAX 1024u
#define ELEM_MAX ((size_t)65536)

/* ---- failures -------------------------------------------------------------------------------------------- */

void weir__pipeline_stop(weir_pipeline *p, const struct weir_error *err) {
    weir__lock(&p->lock);
    if (p->first.code == 0) p->first = *err;
    weir__unlock(&p->lock);
    weir_store_relaxed(&p->stopped, 1);
    (void)weir_ctx_cancel(p->ctx, err->code);
}

bool weir__pipeline_over(weir_pipeline *p) {
    return weir__pipeline_stops(p) || weir_ctx_err(p->ctx) != 0;
}

/* Under the lock. */
static bool keep(weir_pipeline *p, const struct weir_pipeline_error *e) {
    if (p->in_list == p->list_room) {
        size_t room = p->list_room ? 2 * p->list_room : 16;
        struct weir_pipeline_error *list =
            weir__os_alloc(room * sizeof *list, _Alignof(struct weir_pipeline_error));
        if (!list) return false;
        if (p->in_list) memcpy(list, p->list, p->in_list * sizeof *list);
        weir__os_free(p->list);
        p->list = list;
        p->list_room = room;
    }
    p->list[p->in_list++] = *e;
    return true;
}

static void failed(weir_pipeline *p, const struct weir_pipeline_error *e) {
    if (p->errors == WEIR_ERRORS_CANCEL) weir__pipeline_stop(p, &e->error);
    if (p->errors != WEIR_ERRORS_COLLECT) return;
    weir__lock(&p->lock);
    bool kept = keep(p, e);
    if (p->first.code == 0) p->first = e->error;
    weir__unlock(&p->lock);
    if (kept) return;
    const struct weir_error none = { WEIR_ENOMEM, "no memory for a failure" };
    weir__pipeline_stop(p, &none);
}

/* rc's text, or the one given; before it, where it came from. */
static void describe(const weir_pipeline *p, struct weir_pipeline_error *e, int rc) {
    const char *name = p->stages[e->stage].name;
    if (name)
        (void)weir_wrap(rc, "stage %s", name);
    else
        (void)weir_wrap(rc, "stage %zu", e->stage);
    weir_error_take(rc, &e->error);
    e->error.code = rc;
}

enum weir__outcome weir__pipeline_outcome(weir_pipeline *p, size_t stage, uint64_t input, int rc,
                                          struct weir__tally *t) {
    if (rc == 0) {
        t->out++;
        return WEIR__KEPT;
    }
    if (rc == WEIR_SKIP) {
        t->skipped++;
        return WEIR__SKIPPED;
    }
    struct weir_pipeline_error e = { .input = input, .stage = stage };
    if (rc > 0) rc = weir_fail(WEIR_EINVAL, "its function has returned %d", rc);
    describe(p, &e, rc);
    failed(p, &e);
    t->failed++;
    return WEIR__FAILED;
}

void weir__pipeline_exited(weir_pipeline *p, size_t stage, uint64_t input, struct weir__tally *t) {
    struct weir_pipeline_error e = { .input = input, .stage = stage };
    describe(p, &e, weir_fail(WEIR_ECANCELED, "its function has ended its thread"));
    failed(p, &e);
    t->failed++;
}

size_t weir_pipeline_errors(weir_pipeline *p, struct weir_pipeline_error *out, size_t n) {
    if (!p) return 0;
    weir__lock(&p->lock);
    size_t all = p->in_list;
    if (all && n && out) memcpy(out, p->list, (n < all ? n : all) * sizeof *out);
    weir__unlock(&p->lock);
    return all;
}

/* ---- making ------------------------------------------------------------------------------------------------ */

static const struct weir_pipeline_opts defaults = WEIR_PIPELINE_OPTS;

static int check_stage(const struct weir_stage *s, bool last, size_t next_size) {
    if (!s->fn || s->workers == 0 || s->workers > WORKERS_MAX) return WEIR_EINVAL;
    if (s->in_size == 0 || s->in_size > ELEM_MAX || s->out_size > ELEM_MAX) return WEIR_EINVAL;
    if (!last && (s->out_size == 0 || s->out_size != next_size)) return WEIR_EINVAL;
    return s->buffer > BUFFER_MAX || s->batch > BATCH_MAX ? WEIR_EINVAL : 0;
}

static int check(const struct weir_stage *stages, size_t n, const struct weir_pipeline_opts *o) {
    if (!stages || n == 0 || n > STAGES_MAX || o->size != sizeof *o) return WEIR_EINVAL;
    if (o->kind > WEIR_PIPELINE_MUTEX || o->errors > WEIR_ERRORS_COLLECT) return WEIR_EINVAL;
    if (o->on && (!o->on->submit || o->kind == WEIR_PIPELINE_MUTEX)) return WEIR_EINVAL;
    if (o->out_buffer > BUFFER_MAX) return WEIR_EINVAL;
    for (size_t i = 0; i < n; i++) {
        bool last = i + 1 == n;
        int rc = check_stage(&stages[i], last, last ? 0 : stages[i + 1].in_size);
        if (rc < 0) return rc;
    }
    return 0;
}

static void fill(weir_pipeline *p, const struct weir_stage *stages, size_t n,
                 const struct weir_pipeline_opts *o) {
    *p = (weir_pipeline){ .kind = o->kind == WEIR_PIPELINE_MUTEX ? &weir__pipeline_mutex
                                                                 : &weir__pipeline_batches,
                          .errors = o->errors,
                          .has_exec = o->on != NULL,
                          .n = n,
                          .out_buffer = o->out_buffer ? o->out_buffer : BUFFER,
                          .result_size = stages[n - 1].out_size,
                          .drop = o->drop,
                          .drop_arg = o->drop_arg };
    if (o->on) p->exec = *o->on;
    if (stages[n - 1].out_size > 0) p->window = p->out_buffer;
    for (size_t i = 0; i < n; i++) {
        p->stages[i] = stages[i];
        if (stages[i].buffer == 0) p->stages[i].buffer = BUFFER;
        p->window += p->stages[i].buffer + stages[i].workers;
    }
    p->drained = (weir_once)WEIR_ONCE_INIT;
    weir_init_atomic(&p->stopped, 0);
    weir_init_atomic(&p->lock.word, 0);
    (void)weir_wg_init(&p->running);
    (void)weir_wg_add(&p->running, 1);
}

int weir_pipeline_new(weir_pipeline **out, const struct weir_stage *stages, size_t n,
                      const struct weir_pipeline_opts *o) {
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    if (!o) o = &defaults;
    int rc = check(stages, n, o);
    if (rc < 0) return rc;
    weir_pipeline *p =
        weir__os_alloc(sizeof *p + n * sizeof *stages, _Alignof(struct weir_pipeline));
    if (!p) return WEIR_ENOMEM;
    fill(p, stages, n, o);
    rc = weir_ctx_new(&p->ctx, o->ctx, WEIR_FOREVER);
    if (rc < 0) goto no_ctx;
    rc = p->kind->open(p);
    if (rc < 0) goto no_kind;
    *out = p;
    return 0;
no_kind:
    weir_ctx_unref(p->ctx);
no_ctx:
    weir__os_free(p);
    return rc;
}

/* ---- the verbs --------------------------------------------------------------------------------------------- */

int weir_pipeline_send_wait(weir_pipeline *p, const void *elem, weir_time deadline, weir_ctx *ctx) {
    if (!p || !elem) return weir__misuse("weir_pipeline_send", "no pipeline, or no element");
    return p->kind->send(p, elem, deadline, ctx);
}

int weir_pipeline_recv_wait(weir_pipeline *p, void *elem, weir_time deadline, weir_ctx *ctx) {
    if (!p || !elem) return weir__misuse("weir_pipeline_recv", "no pipeline, or no place");
    return p->kind->recv(p, elem, deadline, ctx);
}

static int first_error(weir_pipeline *p, weir_ctx *ctx) {
    int rc = weir__ctx_err(ctx);
    return rc < 0 ? rc : weir_ctx_err(p->ctx);
}

ptrdiff_t weir_pipeline_send_many_wait(weir_pipeline *p, const void *elems, size_t n,
                                       weir_time deadline, weir_ctx *ctx) {
    if (n == 0) return 0;
    if (!p || !elems) return weir__misuse("weir_pipeline_send", "no pipeline, or no element");
    size_t sent = 0, size = weir__elem_size(p, 0);
    ptrdiff_t rc = 0;
    if (n > PTRDIFF_MAX) n = PTRDIFF_MAX;
    while (sent < n) {
        const char *next = (const char *)elems + sent * size;
        rc = first_error(p, ctx);
        if (rc == 0) rc = p->kind->send_n(p, next, n - sent);
        if (rc > 0) sent += (size_t)rc;
        if (rc > 0) continue;
        if (rc == WEIR_EAGAIN && deadline != WEIR_NOW) rc = p->kind->send(p, next, deadline, ctx);
        if (rc < 0) break;
        sent++;
    }
    return sent ? (ptrdiff_t)sent : rc;
}

ptrdiff_t weir_pipeline_recv_many_wait(weir_pipeline *p, void *elems, size_t n, weir_time deadline,
                                       weir_ctx *ctx) {
    if (n == 0) return 0;
    if (!p || !elems) return weir__misuse("weir_pipeline_recv", "no pipeline, or no place");
    ptrdiff_t rc = first_error(p, ctx);
    if (n > PTRDIFF_MAX) n = PTRDIFF_MAX;
    if (rc == 0) rc = p->kind->recv_n(p, elems, n);
    if (rc != WEIR_EAGAIN || deadline == WEIR_NOW) return rc;
    rc = p->kind->recv(p, elems, deadline, ctx);
    if (rc < 0 || n == 1) return rc < 0 ? rc : 1;
    rc = p->kind->recv_n(p, (char *)elems + weir__elem_size(p, p->n), n - 1);
    return rc > 0 ? rc + 1 : 1;
}

int weir_pipeline_close(weir_pipeline *p) {
    return p ? p->kind->close(p) : weir__misuse("weir_pipeline_close", "no pipeline");
}

weir_ctx *weir_pipeline_ctx(weir_pipeline *p) { return p ? p->ctx : NULL; }
size_t weir_pipeline_window(const weir_pipeline *p) { return p ? p->window : 0; }

int weir_pipeline_read_stats(weir_pipeline *p, size_t stage, struct weir_stage_stats *out) {
    if (!p || !out || out->size != sizeof *out || stage > p->n) return WEIR_EINVAL;
    struct weir__tally t = { 0 };
    p->kind->tally(p, stage, &t);
    *out = (struct weir_stage_stats){ .size = sizeof *out,
                                      .in = t.in,
                                      .out = t.out,
                                      .skipped = t.skipped,
                                      .failed = t.failed,
                                      .cancelled = t.cancelled,
                                      .waiting = t.in - t.out - t.skipped - t.failed - t.cancelled,
                                      .batches = t.batches,
                                      .busy = t.busy };
    return 0;
}

/* ---- the end ------------------------------------------------------------------------------------------------ */

/* Until nobody works any more. A cancel closes it, since nobody else might. */
static int await(weir_pipeline *p, weir_time deadline, weir_ctx *ctx) {
    struct weir__node n[2];
    weir__node_set(&n[0], weir_wg_waitable(&p->running), WEIR_RECV, NULL, 0);
    weir__node_set(&n[1], weir_ctx_waitable(p->ctx), WEIR_RECV, NULL, 0);
    ptrdiff_t i = weir__wait(n, 2, NULL, deadline, ctx);
    if (i <= 0) return (int)i;
    (void)p->kind->close(p);
    return weir_wg_wait_wait(&p->running, deadline, ctx);
}

static void drain(void *pipeline) {
    weir_pipeline *p = pipeline;
    p->kind->drain(p);
}

/* Nobody works any more: until what is left inside after a cancel has been dropped. */
static int await_drain(weir_pipeline *p, weir_time deadline, weir_ctx *ctx) {
    if (weir_ctx_err(p->ctx) == 0) return 0;
    int rc = weir_once_do_wait(&p->drained, drain, p, deadline, ctx);
    return rc == WEIR_EBUSY ? WEIR_EAGAIN : rc;
}

int weir_pipeline_wait_wait(weir_pipeline *p, bool *ended, weir_time deadline, weir_ctx *ctx) {
    if (ended) *ended = false;
    if (!p) return weir__misuse("weir_pipeline_wait", "no pipeline");
    if (deadline != WEIR_NOW && weir__frame_in(p)) return WEIR_EDEADLK;
    int rc = await(p, deadline, ctx);
    if (rc == 0) rc = await_drain(p, deadline, ctx);
    if (rc < 0) return rc;
    if (ended) *ended = true;
    struct weir_error first;
    weir__lock(&p->lock);
    first = p->first;
    weir__unlock(&p->lock);
    if (first.code) return weir_error_give(&first);
    return weir_ctx_err(p->ctx);
}

int weir_pipeline_free(weir_pipeline *p) {
    if (!p) return 0;
    if (weir__frame_in(p)) return WEIR_EDEADLK;
    if (!weir__thread_self()) return WEIR_ENOMEM; /* it may have to wait, for threads that end */
    int rc = await(p, WEIR_NOW, NULL);
    if (rc < 0) {
        weir_store_relaxed(&p->stopped, 1);
        (void)weir_ctx_cancel(p->ctx, 0);
        rc = await(p, WEIR_FOREVER, NULL);
        if (rc < 0) return rc;
    }
    p->kind->drain(p);
    p->kind->free(p);
    weir_ctx_unref(p->ctx);
    weir__os_free(p->list);
    weir__os_free(p);
    return 0;
}
