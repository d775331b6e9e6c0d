/* SPDX-License-Identifier: MIT */
/* flow/pipeline_ends.c - sending to a pipeline in batches, and receiving from it: its first place and its last. See
 * pipeline_flow.c, I1 and I6. */
#include "pipeline_flow.h"

/* ---- sending ------------------------------------------------------------------------------------------------- */

/* Under the lock of place 0: those that the last place has. */
static void collect(weir_pipeline *p) {
    struct place *in = place_of(p, 0), *out = out_place(p);
    weir__lock(&out->lock);
    in->credits += out->freed;
    out->freed = 0;
    out->starved = in->credits == 0;
    weir__unlock(&out->lock);
}

/* Under the lock of place 0: what a send is to be told. Who comes later takes nothing that comes free from who waits. */
static int may_send(weir_pipeline *p) {
    struct place *q = place_of(p, 0);
    if (q->closed) return WEIR_ECLOSED;
    if (q->credits == 0 && !q->waiting.first) collect(p);
    return q->credits > 0 ? 0 : WEIR_EAGAIN;
}

/* The same, and it is sent, if it may be. */
static int accept_one(weir_pipeline *p, const void *elem) {
    struct place *q = place_of(p, 0);
    int rc = may_send(p);
    if (rc < 0) return rc;
    q->credits--;
    write_slot(q, q->shown, elem, q->tally.in, FULL);
    q->shown++;
    q->tally.in++;
    return 0;
}

/* What a call that waits has as its node's element. */
struct request {
    weir_pipeline *p;
    void *elem;        /* only read by a send */
    struct work *work; /* to be begun when the call is over: that may run anything, and wait */
};
static struct request *request_of(const struct weir__node *n) { return n->elem; }

void weir__line_give_back(weir_pipeline *p, size_t n) {
    struct place *q = place_of(p, 0);
    struct weir__wakes wakes = { NULL };
    weir__lock(&q->lock);
    q->credits += n;
    for (struct weir__node *s; !q->closed && (s = q->waiting.first);) {
        if (q->credits == 0) collect(p);
        if (q->credits == 0) break; /* and the last place knows that */
        weir__queue_remove(&q->waiting, s);
        if (weir__take(NULL, s) == 0) weir__complete(&wakes, s, accept_one(p, request_of(s)->elem));
    }
    struct work *w = weir__line_wanted(p, 0);
    weir__unlock(&q->lock);
    weir__tell(&wakes);
    weir__line_begin(p, w);
}

static int send_attempt(weir_waitable *on, struct weir__node *n, struct weir__call *call) {
    struct place *q = (struct place *)(void *)on;
    weir_pipeline *p = request_of(n)->p;
    weir__lock(&q->lock);
    int rc = may_send(p);
    if (rc == WEIR_EAGAIN && call->arm) {
        weir__queue_add(&q->waiting, n);
        rc = WEIR__PENDING;
    } else if (rc != WEIR_EAGAIN && !weir__take_own(call)) {
        rc = WEIR__OVER;
    } else if (rc == 0) {
        rc = accept_one(p, request_of(n)->elem);
        request_of(n)->work = weir__line_wanted(p, 0);
    }
    weir__unlock(&q->lock);
    return rc;
}

static void disarm(weir_waitable *on, struct weir__node *n) {
    struct place *q = (struct place *)(void *)on;
    weir__lock(&q->lock);
    if (n->queued) weir__queue_remove(&q->waiting, n);
    weir__unlock(&q->lock);
}

static void about(weir_waitable *on, struct weir__about *a) {
    (void)on;
    a->kind = "pipeline";
}

const struct weir__waitable_ops weir__line_send_ops = { .attempt = send_attempt,
                                                        .disarm = disarm,
                                                        .about = about };

/* The pipeline's context first: its end is the answer, whatever else is ready. An element that was sent is the pipeline's
 * from then on, also if nobody can be found to take it any further: that ends the pipeline. */
static int wait_at(weir_pipeline *p, struct place *q, uint32_t op, void *elem, weir_time deadline,
                   weir_ctx *ctx) {
    struct weir__node n[2];
    struct request r = { p, elem, NULL };
    weir__node_set(&n[0], weir_ctx_waitable(p->ctx), WEIR_RECV, NULL, 0);
    weir__node_set(&n[1], &q->on, op, &r, 0);
    ptrdiff_t i = weir__wait(n, 2, NULL, deadline, ctx);
    weir__line_begin(p, r.work);
    return i < 0 ? (int)i : n[i].result;
}

int weir__line_send(weir_pipeline *p, const void *elem, weir_time deadline, weir_ctx *ctx) {
    return wait_at(p, place_of(p, 0), WEIR_SEND, (void *)(uintptr_t)elem, deadline, ctx);
}

ptrdiff_t weir__line_send_n(weir_pipeline *p, const void *elems, size_t n) {
    struct place *q = place_of(p, 0);
    size_t k = 0;
    int rc = 0;
    weir__lock(&q->lock);
    while (k < n && rc == 0) {
        rc = accept_one(p, (const char *)elems + k * q->elem_size);
        k += rc == 0;
    }
    struct work *w = weir__line_wanted(p, 0);
    weir__unlock(&q->lock);
    weir__line_begin(p, w);
    return k > 0 ? (ptrdiff_t)k : rc;
}

/* ---- receiving ------------------------------------------------------------------------------------------------ */

/* Under the lock of place n. */
static int hand_out(struct place *q, void *elem) {
    if (q->head == q->shown) return q->closed ? WEIR_ECLOSED : WEIR_EAGAIN;
    read_slot(q, elem);
    q->tally.out++;
    q->freed += 1 + q->lost;
    q->lost = 0;
    return 0;
}

void weir__line_serve_receivers(weir_pipeline *p, struct weir__wakes *wakes) {
    struct place *q = out_place(p);
    for (struct weir__node *r; (q->head != q->shown || q->closed) && (r = q->waiting.first);) {
        weir__queue_remove(&q->waiting, r);
        if (weir__take(NULL, r) == 0) weir__complete(wakes, r, hand_out(q, request_of(r)->elem));
    }
}

/* Credits that receivers keep until they give them back unasked. Under the explorer only who is asked does, so that
 * small windows show whether asking works. */
#ifdef WEIR_MODEL
static size_t kept(const weir_pipeline *p) {
    (void)p;
    return SIZE_MAX;
}
#else
static size_t kept(const weir_pipeline *p) { return p->window / 4; }
#endif

/* Under the lock: credits that are to be given back now (I6). */
static size_t due_back(const weir_pipeline *p, struct place *q) {
    size_t n = q->freed;
    if (n == 0 || (!q->starved && n < kept(p))) return 0;
    q->freed = 0;
    q->starved = false;
    return n;
}

static int recv_attempt(weir_waitable *on, struct weir__node *n, struct weir__call *call) {
    struct place *q = (struct place *)(void *)on;
    weir__lock(&q->lock);
    int rc = q->head != q->shown ? 0 : q->closed ? WEIR_ECLOSED : WEIR_EAGAIN;
    if (rc == WEIR_EAGAIN && call->arm) {
        weir__queue_add(&q->waiting, n);
        rc = WEIR__PENDING;
    } else if (rc != WEIR_EAGAIN) {
        if (!weir__take_own(call))
            rc = WEIR__OVER;
        else if (rc == 0)
            rc = hand_out(q, request_of(n)->elem);
    }
    weir__unlock(&q->lock);
    return rc;
}

const struct weir__waitable_ops weir__line_recv_ops = { .attempt = recv_attempt,
                                                        .disarm = disarm,
                                                        .about = about };

/* Credits that a receive has freed, outside of the lock. */
static void after_receive(weir_pipeline *p) {
    struct place *q = out_place(p);
    weir__lock(&q->lock);
    size_t back = due_back(p, q);
    weir__unlock(&q->lock);
    if (back) weir__line_give_back(p, back);
}

int weir__line_recv(weir_pipeline *p, void *elem, weir_time deadline, weir_ctx *ctx) {
    if (is_sink(p)) return WEIR_ECLOSED;
    int rc = wait_at(p, out_place(p), WEIR_RECV, elem, deadline, ctx);
    if (rc == 0) after_receive(p);
    return rc;
}

ptrdiff_t weir__line_recv_n(weir_pipeline *p, void *elems, size_t n) {
    struct place *q = out_place(p);
    size_t k = 0;
    int rc = 0;
    if (is_sink(p)) return WEIR_ECLOSED;
    weir__lock(&q->lock);
    while (k < n && rc == 0) {
        rc = hand_out(q, (char *)elems + k * q->elem_size);
        k += rc == 0;
    }
    size_t back = due_back(p, q);
    weir__unlock(&q->lock);
    if (back) weir__line_give_back(p, back);
    return k > 0 ? (ptrdiff_t)k : rc;
}

int weir__line_close(weir_pipeline *p) {
    struct place *q = place_of(p, 0);
    struct weir__wakes wakes = { NULL };
    weir__lock(&q->lock);
    bool first = !q->closed, over = false;
    q->closed = true;
    if (first) over = line_ends(q);
    for (struct weir__node *s; (s = q->waiting.first);) {
        weir__queue_remove(&q->waiting, s);
        if (weir__take(NULL, s) == 0) weir__complete(&wakes, s, WEIR_ECLOSED);
    }
    weir__unlock(&q->lock);
    weir__tell(&wakes);
    if (over) weir__line_close_next(p, 0);
    if (first) (void)weir_wg_done(&p->running);
    return first ? 0 : WEIR_ECLOSED;
}
