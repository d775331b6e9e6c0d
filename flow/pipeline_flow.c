/* SPDX-License-Identifier: MIT */
/* flow/pipeline_flow.c - pipelines in batches. Places 0 to n stand before, between and behind the stages; each is a ring
 * of slots under a lock of its own. A worker takes a batch out of a place, calls the function without a lock, and puts
 * the results into the next place. Workers are tasks: one is begun when there is something to take, and ends when
 * there is not, so that none waits for anything.
 *
 *   place i   [ s | f | - | f | s ]     f: an element; s: there is none (skipped, failed); -: its worker has it yet
 *               head      shown   ticket of the next batch of stage i - 1
 *
 * Invariants (of a place, under its lock)
 *   I1  head <= shown <= head + window: credits are given to an element when it is sent, and come back when it leaves;
 *       in a place whose positions are tickets a missing result keeps its credit until head has passed it. So no ring
 *       of `window` slots, or a power of two above that, is ever full, and no worker waits for room.
 *   I2  (reorder window) where stage i - 1 has several workers and is ordered, a batch has its positions from when it
 *       was taken: ticket, ticket + 1, ...; results are written there, in any order of the batches, and `shown` is
 *       the first position whose result is not there. Else positions are given when results come, and are dense.
 *   I3  the slot at head holds an element, or head == shown: what is missing there is passed at once.
 *   I4  (no element without a worker) while nobody holds the lock, head == shown, or the stage has a task, or the
 *       pipeline is stopped. Who puts begins one if there is none; a task leaves only in a hold in which it finds
 *       nothing.
 *   I5  (end) a place is closed once nothing will be put there: in the hold that finds the one before it closed,
 *       empty and without a task. The last of these closes the last place, and its receivers get ECLOSED.
 *   I6  who waits to send or to receive is served, under the lock, by who changes what it waits for. Freed credits are
 *       collected at the last place, and given back in one step: at once if a sender has found none (starved), which
 *       it says under that lock while it holds its own. Who waits to send has said so, and nobody else takes what
 *       it waits for: while nobody holds the lock, and somebody waits there, there are no credits.
 *   I7  the last that a task does with the pipeline is the done on `running`.
 *   I8  a task is begun only while its place is not closed, or has another: so there is a count on `running`, of who
 *       may send, of the stage before or of that task. What is left without a task in a place that is closed is there
 *       because the pipeline has ended.
 *   I9  (a thread ends) each submit and each call of the user's may end the thread. So what a task has yet to do then stands
 *       in its work: calls, through, owed, more; each is taken out before it is done. Another task goes on there. Who has
 *       handed the work on, or has left, touches it no more, however the thread ends.
 * Locks      that of place 0 before that of place n; else one at a time.
 * Progress   blocking. Batches are cut by time: a worker holds at most some 50 us of work that others might do. A task
 *            that has worked for 2 ms on an executor of the user's goes to the end of the line there, with its batch:
 *            other tasks have their turn, however long somebody sends, and an executor that is stopped is rid of it. So
 *            does one inside another task on a pool, where submits may run tasks: the one below goes on. Not on
 *            executors of other kinds, which may run it at once: that would go deeper each time.
 * Ordering   by the locks.
 * From       the token limit of TBB's parallel_pipeline; differs in: batches, workers for each stage, no task that is
 *            bound to an element. */
#include "pipeline_flow.h"

#include "../lib/ctx.h"
#include "../lib/os.h"
#include "behind.h"

#define BATCH_NS UINT64_C(50000)
#define TURN_NS INT64_C(2000000)

/* The explorer would take the clock for a step of the algorithm. */
#ifdef WEIR_MODEL
static weir_time clock_now(void) { return 0; }
#else
static weir_time clock_now(void) { return weir__os_now(); }
#endif

/* I2. */
static void show(struct place *q) {
    while (q->shown - q->head <= q->mask && q->state[q->shown & q->mask] != WAITED_FOR) q->shown++;
    pass_missing(q);
}

/* ---- tasks ------------------------------------------------------------------------------------------------- */

static int work_main(weir_ctx *ctx, void *work);

/* Elements that are about 50 us of work. */
static size_t target(const weir_pipeline *p, size_t stage) {
    const struct place *q = place_of(p, stage);
    size_t most = p->stages[stage].batch ? p->stages[stage].batch : BATCH;
    if (p->stages[stage].batch) return most;
    if (WEIR_LIKELY(q->ns > 0 && q->ns * most <= BATCH_NS)) return most;
    return q->ns > 0 && q->ns < BATCH_NS ? (size_t)(BATCH_NS / q->ns) : 1;
}

struct work *weir__line_wanted(weir_pipeline *p, size_t stage) {
    struct place *q = place_of(p, stage);
    if (!q->free || there(q) == 0 || weir__pipeline_stops(p)) return NULL;
    if (q->closed && q->active == 0) return NULL; /* I8 */
    if (q->active > 0 && there(q) < target(p, stage)) return NULL;
    struct work *w = q->free;
    q->free = w->next_free;
    q->active++;
    (void)weir_wg_add(&p->running, 1);
    return w;
}

void weir__line_close_next(weir_pipeline *p, size_t i) {
    for (bool over = true; over && i < p->n; i++) {
        struct weir__wakes wakes = { NULL };
        struct place *q = place_of(p, i + 1);
        weir__lock(&q->lock);
        q->closed = true;
        over = i + 1 < p->n && line_ends(q);
        if (i + 1 == p->n) weir__line_serve_receivers(p, &wakes);
        weir__unlock(&q->lock);
        weir__tell(&wakes);
    }
}

/* Under the lock: the task goes. Whether the place is over. */
static bool leave(struct place *q, struct work *w) {
    w->next_free = q->free;
    q->free = w;
    q->active--;
    return line_ends(q);
}

void weir__line_begin(weir_pipeline *p, struct work *w) {
    if (!w) return;
    size_t stage = w->stage;
    struct place *q = place_of(p, stage);
    int rc = flow_of(p)->exec.submit(flow_of(p)->exec.self, work_main, p->ctx, w);
    if (rc >= 0) return;
    weir__lock(&q->lock);
    bool alone = q->active == 1 && there(q) > 0;
    bool over = leave(q, w);
    weir__unlock(&q->lock);
    if (alone) {
        struct weir_error err;
        (void)weir_wrap(rc, "stage %zu: cannot be run", stage);
        weir_error_take(rc, &err);
        weir__pipeline_stop(p, &err);
    }
    if (over) weir__line_close_next(p, stage);
    (void)weir_wg_done(&p->running);
}

/* ---- a batch ------------------------------------------------------------------------------------------------ */

/* Under the lock: takes one, or leaves it at none. */
static void take(weir_pipeline *p, struct work *w) {
    struct place *q = place_of(p, w->stage);
    size_t workers = p->stages[w->stage].workers, n = (size_t)there(q), most = target(p, w->stage);
    n = (n + workers - 1) / workers; /* what the others may take is left */
    if (n > most) n = most;
    if (n > w->most) n = w->most;
    w->n = w->at = w->outs = 0;
    w->through = false;
    w->ticket = q->taken;
    while (w->n < n && q->head != q->shown) {
        w->input[w->n] = q->input[q->head & q->mask];
        read_slot(q, w->in + w->n * q->elem_size);
        w->n++;
    }
    q->taken += w->n;
    w->since = w->n ? clock_now() : 0;
}

/* After the call for element w->at. */
static void settle(struct work *w, enum weir__outcome what) {
    w->kept[w->at++] = what == WEIR__KEPT ? FULL : MISSING;
    if (what == WEIR__KEPT) w->outs++;
}

static void call_each(struct work *w) {
    weir_pipeline *p = w->p;
    const struct weir_stage *s = &p->stages[w->stage];
    while (w->at < w->n && !weir__ctx_over(p->ctx)) {
        WEIR_POINT("pipeline.call");
        w->calls = true;
        int rc = s->fn(w->in + w->at * s->in_size, w->out + w->outs * s->out_size, p->ctx, s->arg);
        w->calls = false;
        settle(w, weir__pipeline_outcome(p, w->stage, w->input[w->at], rc, &w->done));
    }
    while (w->at < w->n) { /* stopped */
        void *elem = w->in + w->at * s->in_size;
        w->done.cancelled++;
        settle(w, WEIR__FAILED); /* before: the drop function may end the thread */
        weir__drop_at(p, w->stage, elem);
    }
}

/* Under the lock: the results of w go to place q. How many credits come free at once. */
static size_t put(struct place *q, struct work *w) {
    size_t k = 0;
    uint64_t at = q->tickets ? w->ticket : q->put;
    for (size_t i = 0; i < w->n; i++) {
        bool full = w->kept[i] == FULL;
        if (!full && !q->tickets) continue;
        write_slot(q, at++, w->out + k * q->elem_size, w->input[i], w->kept[i]);
        k += full;
    }
    q->tally.in += k;
    if (q->tickets) {
        show(q);
        k = q->lost;
        q->lost = 0;
        return k;
    }
    q->put = q->shown = at;
    return w->n - k;
}

/* The results go on; what is to be done for them stands in w. */
static void deliver(struct work *w) {
    weir_pipeline *p = w->p;
    size_t next = w->stage + 1, freed;
    struct place *q = place_of(p, next);
    struct weir__wakes wakes = { NULL };
    weir__lock(&q->lock);
    if (next == p->n && is_sink(p)) {
        q->tally.in += w->outs;
        q->tally.out += w->outs;
        freed = w->n;
    } else {
        freed = put(q, w);
        if (next < p->n)
            w->more = weir__line_wanted(p, next);
        else
            weir__line_serve_receivers(p, &wakes);
    }
    if (next == p->n) {
        freed += q->freed;
        q->freed = 0;
        if (freed > 0) q->starved = false;
    }
    w->owed = freed;
    w->through = true;
    weir__unlock(&q->lock);
    weir__tell(&wakes);
}

/* Each of them may run a task that ends the thread (I9). */
static void pay(struct work *w) {
    size_t owed = w->owed;
    w->owed = 0;
    if (owed > 0) weir__line_give_back(w->p, owed);
    struct work *more = w->more;
    w->more = NULL;
    weir__line_begin(w->p, more);
}

/* Under the lock of the stage's place. */
static void account(struct work *w, weir_time now) {
    weir_pipeline *p = w->p;
    struct place *q = place_of(p, w->stage);
    if (w->n == 0) return;
    uint64_t spent = (uint64_t)(now - w->since), each = spent / w->n + 1;
    if (WEIR_LIKELY(w->since > 0)) q->ns = q->ns ? (3 * q->ns + each) / 4 : each;
    w->done.busy = spent;
    w->done.batches = 1;
    weir__tally_add(&q->tally, &w->done);
    w->done = (struct weir__tally){ 0 };
}

/* Another task goes on with the batch: w is not ours any more. Or why not. */
static int hand_on(struct work *w) {
    const weir_pipeline *p = w->p;
    return weir__exec_behind(&flow_of(p)->exec, work_main, p->ctx, w);
}

/* Nobody runs the stage any more: the pipeline ends. */
static void refused(struct work *w, int rc) {
    struct weir_error err;
    (void)weir_wrap(rc, "stage %zu: cannot be run", w->stage);
    weir_error_take(rc, &err);
    weir__pipeline_stop(w->p, &err);
}

/* A task, while it has the work; NULL: it has handed it on, or left (I9). */
struct turn {
    struct work *has;
};

/* The turn is over: others may run before a task goes on with the batch, and w is not ours any more. False: it goes on here,
 * for another turn if the executor has no room now, or to end what cannot be run any more. */
static bool gives_way(struct turn *t, weir_time now) {
    struct work *w = t->has;
    t->has = NULL;
    int rc = hand_on(w);
    if (rc >= 0) return true;
    t->has = w;
    w->begun = now;
    if (rc == WEIR_ESTOPPED) refused(w, rc);
    return false;
}

/* now: the end of the batch before; 0: there is none. */
static bool turn_is_over(struct work *w, weir_time now) {
    if (w->begun == 0) w->begun = w->since;
    if (w->n == 0 || !w->p->has_exec || now - w->begun < TURN_NS) return false;
    return !w->nested || weir__exec_gives_way(&flow_of(w->p)->exec);
}

/* Its batch is through, or it has none: the next one. False: there is none, and w is not ours any more; *over: the place is. */
static bool goes_on(struct turn *t, weir_time now, bool *over) {
    struct work *w = t->has;
    struct place *q = place_of(w->p, w->stage);
    bool stops = weir__pipeline_over(w->p);
    weir__lock(&q->lock);
    account(w, now);
    w->n = 0;
    if (!stops) take(w->p, w);
    if (w->n > 0) w->more = weir__line_wanted(w->p, w->stage);
    w->owed = q->lost;
    q->lost = 0;
    bool left = w->n == 0 && w->owed == 0; /* else it looks again, when those are given back */
    if (left) {
        t->has = NULL;
        *over = leave(q, w);
    }
    weir__unlock(&q->lock);
    return !left;
}

/* The task: until there is nothing to take, or it is to stop. The pipeline may be gone when it returns. */
static int work_loop(weir_ctx *ctx, void *turn) {
    struct turn *t = turn;
    struct work *w = t->has;
    weir_pipeline *p = w->p;
    size_t stage = w->stage;
    weir_time now = 0;
    bool over = false;
    (void)ctx;
    do {
        pay(w);
        if (turn_is_over(w, now) && gives_way(t, now)) return 0;
        if (w->n > 0 && !w->through) {
            if (weir_ctx_err(p->ctx)) weir_store_relaxed(&p->stopped, 1);
            call_each(w);
            deliver(w);
        }
        pay(w);
        now = w->n > 0 ? clock_now() : 0;
    } while (goes_on(t, now, &over));
    WEIR_POINT("pipeline.left");
    if (over) weir__line_close_next(p, stage);
    (void)weir_wg_done(&p->running);
    return 0;
}

/* The function has ended the thread: another goes on with the batch; or, if there is none, this one. */
static void work_after(struct weir__frame *f, void *turn) {
    struct work *w = ((struct turn *)turn)->has;
    if (f->returned || !w) return;
    weir_pipeline *p = w->p;
    if (w->calls && p->exited) {
        w->calls = false;
        p->exited(w->out + w->outs * p->stages[w->stage].out_size);
        w->done.out++;
        settle(w, WEIR__KEPT);
    } else if (w->calls) {
        w->calls = false;
        weir__pipeline_exited(p, w->stage, w->input[w->at], &w->done);
        settle(w, WEIR__FAILED);
    }
    int rc = hand_on(w);
    if (rc >= 0) return;
    refused(w, rc);
    (void)work_main(p->ctx, w);
}

static int work_main(weir_ctx *ctx, void *work) {
    struct work *w = work;
    struct turn t = { w };
    struct weir__frame f;
    int err = ctx == w->p->ctx ? 0 : weir_ctx_err(ctx);
    w->nested = weir__frame_in(w->p);
    w->begun = 0;
    if (w->n > 0) w->since = clock_now(); /* and not while it stood in the executor's queue */
    if (err < 0) {                        /* the executor gives it up */
        struct weir_error e;
        if (weir_ctx_cause(ctx) < 0) err = weir_ctx_cause(ctx);
        weir_error_take(weir_fail(err, "stage %zu: its executor has stopped", w->stage), &e);
        weir__pipeline_stop(w->p, &e);
    }
    (void)weir__frame_run(&f, work_loop, ctx, &t, w->p, work_after, &t);
    return 0;
}
