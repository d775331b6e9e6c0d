/* SPDX-License-Identifier: MIT */
/* flow/pipeline_mutex.c - the pipeline that the other one is measured against: mutex channels between the stages, a
 * thread for each worker, one element at a time.
 *
 * Invariants
 *   I1  channel i holds what waits for stage i, to its buffer; a worker holds one element. So what is in flight is
 *       bounded by the sum.
 *   I2  elements of channel i are numbered as they are received, under its gate, which is held while its holder
 *       waits for one. A worker of an ordered stage that has element k waits for turn k before it sends its result,
 *       and then gives the turn to k + 1, whatever became of k. After a cancel turns are not waited for.
 *   I3  the last worker of a stage closes the channel behind it; workers leave when theirs is closed and drained, or
 *       when the context has ended.
 * Progress   blocking.
 * Ordering   that of mutexes and channels. */
#include <string.h>

#include <weir/chan.h>

#include "../lib/base.h"
#include "../lib/ctx.h"
#include "../lib/os.h"
#include "../lib/os_mutex.h"
#include "pipeline.h"

/* Before each element in a channel. */
struct tag {
    uint64_t input; /* in the order of the sends; of channel 0 it is not known yet */
    uint64_t unused;
};

struct place {
    weir_chan *chan;
    weir__mutex gate;
    uint64_t taken;   /* under the gate, if more than one takes */
    weir__mutex lock; /* of what follows */
    weir__cond turned;
    uint64_t turn;
    unsigned workers; /* of the stage that takes from here */
    struct weir__tally tally;
};

struct worker {
    weir_pipeline *p;
    size_t stage;
    bool calls;
    uint64_t number; /* of its element, in the channel */
    char *in, *out;  /* tag and element */
};

struct plain {
    struct weir__watch watch;
    bool watched;
    size_t made, n_workers; /* places, workers */
    struct worker *workers;
    char *memory;
    struct place place[];
};

static struct plain *plain_of(const weir_pipeline *p) { return p->own; }
static struct place *place_of(const weir_pipeline *p, size_t i) { return &plain_of(p)->place[i]; }
static bool is_sink(const weir_pipeline *p) { return weir__elem_size(p, p->n) == 0; }
static size_t record(size_t elem_size) { return (sizeof(struct tag) + elem_size + 15) / 16 * 16; }

static void add(struct place *q, const struct weir__tally *t) {
    weir__mutex_lock(&q->lock);
    weir__tally_add(&q->tally, t);
    weir__mutex_unlock(&q->lock);
}

/* ---- the order of elements -------------------------------------------------------------------------------------- */

static bool has_turns(const weir_pipeline *p, size_t stage) {
    return p->stages[stage].ordered && p->stages[stage].workers > 1;
}

static struct tag *tag_of(char *rec) { return (struct tag *)(void *)rec; }

/* The next element of the worker's stage. */
static int take(struct worker *w) {
    weir_pipeline *p = w->p;
    struct place *q = place_of(p, w->stage);
    bool gated = p->stages[w->stage].workers > 1 && (w->stage == 0 || has_turns(p, w->stage));
    if (gated) weir__mutex_lock(&q->gate);
    int rc = weir_chan_recv_wait(q->chan, w->in, WEIR_FOREVER, p->ctx);
    if (rc == 0) w->number = q->taken;
    if (rc == 0 && (gated || p->stages[w->stage].workers == 1)) q->taken++;
    if (gated) weir__mutex_unlock(&q->gate);
    if (rc == 0 && w->stage == 0) tag_of(w->in)->input = w->number;
    return rc;
}

static void await_turn(weir_pipeline *p, struct place *q, uint64_t number) {
    weir_time until = weir_ctx_deadline(p->ctx);
    weir__mutex_lock(&q->lock);
    while (q->turn != number && !weir__ctx_over(p->ctx))
        (void)weir__cond_wait(&q->turned, &q->lock, until);
    weir__mutex_unlock(&q->lock);
}

static void give_turn(struct place *q) {
    weir__mutex_lock(&q->lock);
    q->turn++;
    weir__mutex_unlock(&q->lock);
    weir__cond_broadcast(&q->turned);
}

/* Of a cancel, under the context's lock. */
static void wake_all(void *pipeline) {
    weir_pipeline *p = pipeline;
    for (size_t i = 0; i < p->n; i++) {
        struct place *q = place_of(p, i);
        weir__mutex_lock(&q->lock);
        weir__mutex_unlock(&q->lock); /* who has looked before sleeps by now */
        weir__cond_broadcast(&q->turned);
    }
}

/* ---- workers --------------------------------------------------------------------------------------------------- */

static void pass_on(struct worker *w, bool kept) {
    weir_pipeline *p = w->p;
    struct place *q = place_of(p, w->stage), *next = place_of(p, w->stage + 1);
    struct weir__tally t = { .in = kept };
    bool ordered = has_turns(p, w->stage);
    if (ordered) await_turn(p, q, w->number);
    if (kept && w->stage + 1 == p->n && is_sink(p)) {
        t.out = 1;
    } else if (kept) {
        *tag_of(w->out) = *tag_of(w->in);
        if (weir_chan_send_wait(next->chan, w->out, WEIR_FOREVER, p->ctx) < 0) {
            t.cancelled = 1;
            weir__drop_at(p, w->stage + 1, w->out + sizeof(struct tag));
        }
    }
    if (kept) add(next, &t);
    if (ordered) give_turn(q);
}

static void one(struct worker *w) {
    weir_pipeline *p = w->p;
    const struct weir_stage *s = &p->stages[w->stage];
    struct weir__tally t = { .batches = 1 };
    weir_time since = weir__os_now();
    w->calls = true;
    int rc = s->fn(w->in + sizeof(struct tag), w->out + sizeof(struct tag), p->ctx, s->arg);
    w->calls = false;
    enum weir__outcome what = weir__pipeline_outcome(p, w->stage, tag_of(w->in)->input, rc, &t);
    t.busy = (uint64_t)(weir__os_now() - since);
    add(place_of(p, w->stage), &t);
    pass_on(w, what == WEIR__KEPT);
}

/* The worker goes. */
static bool is_last(struct worker *w) {
    struct place *q = place_of(w->p, w->stage);
    weir__mutex_lock(&q->lock);
    bool last = --q->workers == 0;
    weir__mutex_unlock(&q->lock);
    return last;
}

static int work(weir_ctx *ctx, void *worker) {
    struct worker *w = worker;
    (void)ctx;
    for (int rc = 0; rc == 0 || rc == WEIR_ENOMEM;) {
        rc = take(w);
        if (rc == WEIR_ENOMEM)
            weir_pause(); /* no record for this thread: it looks, instead of sleeping */
        if (rc == 0) one(w);
    }
    if (is_last(w) && weir_ctx_err(w->p->ctx) == 0)
        (void)weir_chan_close(place_of(w->p, w->stage + 1)->chan);
    return 0;
}

static void work_main(void *worker);

/* The function has ended the thread, and the system gives no other. The function may not be called here, in the thread's
 * exit hook (see crew.c): the stage has one worker less, and without any the pipeline ends. */
static void nobody_follows(struct worker *w) {
    struct weir_error err;
    if (!is_last(w)) return;
    weir_error_take(weir_fail(WEIR_ENOMEM, "stage %zu: no thread for its worker", w->stage), &err);
    weir__pipeline_stop(w->p, &err);
}

/* The function has ended the thread: another goes on. */
static void work_after(struct weir__frame *f, void *worker) {
    struct worker *w = worker;
    if (f->returned) return;
    if (w->calls) {
        struct weir__tally t = { .batches = 1 };
        w->calls = false;
        weir__pipeline_exited(w->p, w->stage, tag_of(w->in)->input, &t);
        add(place_of(w->p, w->stage), &t);
        pass_on(w, false);
    }
    if (weir_wg_go(&w->p->running, work_main, w) < 0) nobody_follows(w);
}

static void work_main(void *worker) {
    struct worker *w = worker;
    struct weir__frame f;
    (void)weir__frame_run(&f, work, w->p->ctx, w, w->p, work_after, w);
}

/* ---- the verbs --------------------------------------------------------------------------------------------------- */

/* One send or receive of a user's, which the end of the pipeline ends as well as that of its own context. */
static int move(weir_pipeline *p, weir_chan *c, uint32_t op, char *rec, weir_time deadline,
                weir_ctx *ctx) {
    int rc = weir_ctx_err(p->ctx);
    if (rc < 0) return rc;
    if (!ctx)
        return op == WEIR_SEND ? weir_chan_send_wait(c, rec, deadline, p->ctx)
                               : weir_chan_recv_wait(c, rec, deadline, p->ctx);
    struct weir_case k[] = { { weir_ctx_waitable(p->ctx), NULL, WEIR_RECV, 0, 0 },
                             { weir_chan_waitable(c), rec, op, 0, 0 } };
    ptrdiff_t i = weir_select(k, 2, deadline, ctx, WEIR_SELECT_PRIORITY);
    return i < 0 ? (int)i : k[i].result;
}

/* With room for the tag: on the stack, unless the element is large. */
#define SMALL 512

static int plain_send(weir_pipeline *p, const void *elem, weir_time deadline, weir_ctx *ctx) {
    size_t size = weir__elem_size(p, 0);
    _Alignas(16) char small[SMALL];
    char *rec = record(size) <= SMALL ? small : weir__os_alloc(record(size), 16);
    if (!rec) return WEIR_ENOMEM;
    *tag_of(rec) = (struct tag){ 0 };
    memcpy(rec + sizeof(struct tag), elem, size);
    int rc = move(p, place_of(p, 0)->chan, WEIR_SEND, rec, deadline, ctx);
    if (rc == 0) {
        const struct weir__tally t = { .in = 1 };
        add(place_of(p, 0), &t);
    }
    if (rec != small) weir__os_free(rec);
    return rc;
}

static int plain_recv(weir_pipeline *p, void *elem, weir_time deadline, weir_ctx *ctx) {
    size_t size = weir__elem_size(p, p->n);
    _Alignas(16) char small[SMALL];
    if (is_sink(p)) return WEIR_ECLOSED;
    char *rec = record(size) <= SMALL ? small : weir__os_alloc(record(size), 16);
    if (!rec) return WEIR_ENOMEM;
    int rc = move(p, place_of(p, p->n)->chan, WEIR_RECV, rec, deadline, ctx);
    if (rc == 0) {
        const struct weir__tally t = { .out = 1 };
        memcpy(elem, rec + sizeof(struct tag), size);
        add(place_of(p, p->n), &t);
    }
    if (rec != small) weir__os_free(rec);
    return rc;
}

static ptrdiff_t plain_send_n(weir_pipeline *p, const void *elems, size_t n) {
    size_t k = 0;
    int rc = 0;
    for (const char *e = elems; k < n && rc == 0; e += weir__elem_size(p, 0)) {
        rc = plain_send(p, e, WEIR_NOW, NULL);
        k += rc == 0;
    }
    return k > 0 ? (ptrdiff_t)k : rc;
}

static ptrdiff_t plain_recv_n(weir_pipeline *p, void *elems, size_t n) {
    size_t k = 0;
    int rc = 0;
    for (char *e = elems; k < n && rc == 0; e += weir__elem_size(p, p->n)) {
        rc = plain_recv(p, e, WEIR_NOW, NULL);
        k += rc == 0;
    }
    return k > 0 ? (ptrdiff_t)k : rc;
}

static int plain_close(weir_pipeline *p) {
    int rc = weir_chan_close(place_of(p, 0)->chan);
    if (rc == 0) (void)weir_wg_done(&p->running);
    return rc;
}

static void plain_tally(weir_pipeline *p, size_t stage, struct weir__tally *t) {
    struct place *q = place_of(p, stage);
    weir__mutex_lock(&q->lock);
    *t = q->tally;
    weir__mutex_unlock(&q->lock);
    /* An element may be through before who has given it has counted it. */
    uint64_t through = t->out + t->skipped + t->failed + t->cancelled;
    if (t->in < through) t->in = through;
}

static void plain_drain(weir_pipeline *p) {
    char *rec = plain_of(p)->workers[0].in; /* the widest */
    for (size_t i = 0; i <= p->n; i++) {
        const struct weir__tally t = { .cancelled = 1 };
        while (weir_chan_try_recv(place_of(p, i)->chan, rec) == 0) {
            add(place_of(p, i), &t);
            weir__drop_at(p, i, rec + sizeof(struct tag));
        }
    }
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

static int open_place(weir_pipeline *p, size_t i) {
    struct place *q = place_of(p, i);
    struct weir_chan_opts o = WEIR_CHAN_OPTS(i < p->n ? p->stages[i].buffer : p->out_buffer,
                                             record(weir__elem_size(p, i)));
    o.kind = WEIR_CHAN_MUTEX;
    o.name = "pipeline";
    q->workers = i < p->n ? p->stages[i].workers : 0;
    weir__cond_init(&q->turned);
    int rc = weir_chan_new(&q->chan, &o);
    if (rc < 0) return rc;
    rc = weir__mutex_init(&q->lock);
    if (rc < 0) goto no_lock;
    rc = weir__mutex_init(&q->gate);
    if (rc < 0) goto no_gate;
    return 0;
no_gate:
    weir__mutex_fini(&q->lock);
no_lock:
    (void)weir_chan_unref(q->chan);
    return rc;
}

static void close_place(struct place *q) {
    weir__mutex_fini(&q->gate);
    weir__mutex_fini(&q->lock);
    (void)weir_chan_unref(q->chan);
}

static void plain_free(weir_pipeline *p) {
    struct plain *f = plain_of(p);
    if (f->watched) weir__ctx_unwatch(&f->watch);
    for (size_t i = 0; i < f->made; i++) close_place(&f->place[i]);
    weir__os_free(f->workers);
    weir__os_free(f->memory);
    weir__os_free(f);
}

static int make_workers(weir_pipeline *p) {
    struct plain *f = plain_of(p);
    size_t widest = 0, k = 0;
    for (size_t i = 0; i <= p->n; i++)
        if (record(weir__elem_size(p, i)) > widest) widest = record(weir__elem_size(p, i));
    f->workers = weir__os_alloc(f->n_workers * sizeof *f->workers, _Alignof(struct worker));
    f->memory = weir__os_alloc(2 * f->n_workers * widest, WEIR_LINE);
    if (!f->workers || !f->memory) return WEIR_ENOMEM;
    for (size_t i = 0; i < p->n; i++)
        for (unsigned j = 0; j < p->stages[i].workers; j++, k++) {
            char *at = f->memory + 2 * k * widest;
            f->workers[k] = (struct worker){ .p = p, .stage = i, .in = at, .out = at + widest };
        }
    return 0;
}

/* If the system gives too few threads, those that there are are sent home. */
static int start(weir_pipeline *p) {
    struct plain *f = plain_of(p);
    if (!weir__thread_self()) return WEIR_ENOMEM; /* it may have to wait for them */
    int rc = weir__ctx_watch(&f->watch, p->ctx, wake_all, p);
    f->watched = rc == 0; /* else it has ended: workers look for themselves */
    rc = 0;
    for (size_t k = 0; k < f->n_workers && rc == 0; k++)
        rc = weir_wg_go(&p->running, work_main, &f->workers[k]);
    if (rc == 0) return 0;
    (void)weir_ctx_cancel(p->ctx, 0);
    (void)plain_close(p);
    int waited = weir_wg_wait(&p->running);
    return waited < 0 ? waited : rc;
}

static int plain_open(weir_pipeline *p) {
    size_t bytes = sizeof(struct plain) + (p->n + 1) * sizeof(struct place);
    struct plain *f = weir__os_alloc(bytes, WEIR_LINE);
    if (!f) return WEIR_ENOMEM;
    memset(f, 0, bytes);
    p->own = f;
    int rc = 0;
    for (size_t i = 0; i < p->n; i++) f->n_workers += p->stages[i].workers;
    while (rc == 0 && f->made <= p->n) {
        rc = open_place(p, f->made);
        f->made += rc == 0;
    }
    if (rc == 0) rc = make_workers(p);
    if (rc == 0) rc = start(p);
    if (rc < 0) plain_free(p);
    return rc;
}

const struct weir__pipeline_kind weir__pipeline_mutex = { plain_open,  plain_send,   plain_send_n,
                                                          plain_recv,  plain_recv_n, plain_close,
                                                          plain_tally, plain_drain,  plain_free };
