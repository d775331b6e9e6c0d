/* SPDX-License-Identifier: MIT */
/* tests/chan/ctx_wait.c - contexts in the calls that wait for them: X02 X19 X20 X23, and cancels that race a
 * delivery. Contexts themselves: ctx.c. */
#include "cases.h"
#include "chan.h"

#include <string.h>

/* ---- X23: an ended context, and all is ready ---------------------------------------------------------------- */

static void ended_ctx(weir_ctx *ctx, int err) {
    static const weir_time deadlines[] = { WEIR_NOW, -1, 1, WEIR_FOREVER };
    weir_chan *c = chan_open(2), *shut = chan_open(1);
    send_ids(c, 1, 1);
    CHECK_IS(weir_chan_close(shut), 0);
    for (size_t i = 0; i < 4; i++) {
        uint64_t v = UNTOUCHED;
        struct selector s;
        CHECK_IS(weir_chan_send_wait(c, &v, deadlines[i], ctx), err);
        CHECK_IS(weir_chan_recv_wait(c, &v, deadlines[i], ctx), err);
        CHECK_IS(weir_chan_send_wait(shut, &v, deadlines[i], ctx), err);
        CHECK_IS(weir_chan_recv_wait(shut, &v, deadlines[i], ctx), err);
        CHECK_IS(weir_chan_send_wait(NULL, &v, deadlines[i], ctx), err);
        CHECK_IS(weir_chan_recv_wait(NULL, &v, deadlines[i], ctx), err);
        CHECK_IS(v, UNTOUCHED);
        selector_init(&s);
        selector_send(&s, c, 5);
        selector_recv(&s, c);
        selector_recv(&s, shut);
        s.ctx = ctx;
        s.deadline = deadlines[i];
        if (K.has & HAS_SELECT) CHECK_IS(selector_run(&s), err);
        CHECK_IS(weir_chan_len(c), 1);
    }
    recv_ids(c, 1, 1);
    chan_end(c);
    chan_end(shut);
}

void x23_ended(void) {
    weir_ctx *cancelled = ctx_open(NULL, WEIR_FOREVER), *late = ctx_open(NULL, weir_after(MS));
    weir_ctx *born = ctx_open(NULL, 1), *child;
    CHECK_IS(weir_ctx_cancel(cancelled, 77), 0);
    child = ctx_open(cancelled, WEIR_FOREVER);
    ended_ctx(cancelled, WEIR_ECANCELED);
    ended_ctx(child, WEIR_ECANCELED);
    ended_ctx(born, WEIR_ETIMEDOUT);
    while (weir_now() <= weir_ctx_deadline(late)) sleep_ms(1);
    ended_ctx(late, WEIR_ETIMEDOUT); /* by the clock alone: nobody has looked yet */
    weir_ctx_unref(child);
    weir_ctx_unref(cancelled);
    weir_ctx_unref(late);
    weir_ctx_unref(born);
}

/* Without a buffer: a peer waits, and goes on waiting. */
void x23_peer_waits(void) {
    weir_chan *c = chan_open(0);
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    struct peer p;
    uint64_t v = UNTOUCHED;
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    for (int send = 0; send < 2; send++) {
        peer_waits(&p, c, send, 3);
        CHECK_IS(send ? weir_chan_recv_wait(c, &v, WEIR_NOW, ctx)
                      : weir_chan_send_wait(c, &v, WEIR_NOW, ctx),
                 WEIR_ECANCELED);
        CHECK(v == UNTOUCHED && !call_returns(&p.call, 3), "the peer was served");
        CHECK_IS(send ? try_recv(c, &v) : try_send(c, 3), 0);
        CHECK_IS(peer_end(&p), 0);
        v = UNTOUCHED;
    }
    weir_ctx_unref(ctx);
    chan_end(c);
}

/* A live context, whose deadline lies far away, changes nothing. */
void x23_live(void) {
    weir_ctx *live[] = { NULL, weir_ctx_background(), ctx_open(NULL, WEIR_FOREVER),
                         ctx_open(NULL, weir_after(3600000 * MS)) };
    weir_chan *c = chan_open(1);
    for (size_t i = 0; i < 4; i++) {
        uint64_t v = i;
        struct peer p;
        CHECK_IS(weir_chan_send_wait(c, &v, WEIR_FOREVER, live[i]), 0);
        CHECK_IS(weir_chan_send_wait(c, &v, WEIR_NOW, live[i]), WEIR_EAGAIN);
        weir_time d = weir_after(MS);
        check_late(weir_chan_send_wait(c, &v, d, live[i]), d);
        recv_ids(c, i, 1);
        peer_start_until(&p, c, false, 0, WEIR_FOREVER, live[i]);
        CHECK(call_sleeps(&p.call), "it returned");
        send_ids(c, 8, 1);
        CHECK_IS(peer_end(&p), 0);
        CHECK_IS(p.v, 8);
    }
    weir_ctx_unref(live[2]);
    weir_ctx_unref(live[3]);
    chan_end(c);
}

/* ---- X02: an end wakes who waits -------------------------------------------------------------------------------- */

#define SLEEPERS 5

/* Receivers or senders, and a select, on a channel of its own where there may be one of each only; the end is
 * the context's own, or its parent's. */
static void ends(bool send, bool by_parent, bool by_clock) {
    size_t n = K.has & HAS_MANY ? SLEEPERS : 1;
    weir_chan *c = chan_open(1), *other = K.has & HAS_MANY ? weir_chan_ref(c) : chan_open(1);
    weir_ctx *parent = ctx_open(NULL, by_clock ? weir_after(120 * MS) : WEIR_FOREVER);
    weir_ctx *ctx = ctx_open(parent, WEIR_FOREVER);
    struct peer p[SLEEPERS];
    struct selector s;
    check_context("%s, %s%s", send ? "send" : "recv", by_parent ? "by its parent" : "its own",
                  by_clock ? ", by the clock" : "");
    if (send) send_ids(c, 1, 1);
    if (send && other != c) send_ids(other, 1, 1);
    for (size_t i = 0; i < n; i++)
        peer_start_until(&p[i], c, send, 5, i % 2 ? weir_after(50000 * MS) : WEIR_FOREVER, ctx);
    selector_init(&s);
    s.ctx = ctx;
    if (send)
        selector_send(&s, other, 6);
    else
        selector_recv(&s, other);
    if (K.has & HAS_SELECT) selector_start(&s);
    if (!by_clock) {
        for (size_t i = 0; i < n; i++) CHECK(call_sleeps(&p[i].call), "it returned");
        if (K.has & HAS_SELECT) CHECK(call_sleeps(&s.call), "the select returned");
        CHECK_IS(weir_ctx_cancel(by_parent ? parent : ctx, 0), 0);
    }
    int want = by_clock ? WEIR_ETIMEDOUT : WEIR_ECANCELED;
    for (size_t i = 0; i < n; i++) CHECK_IS(peer_end(&p[i]), want);
    if (K.has & HAS_SELECT) CHECK_IS(selector_end(&s), want);
    CHECK(!by_clock || weir_now() >= weir_ctx_deadline(parent), "early");
    CHECK(weir_chan_len(c) == send && weir_chan_len(other) == send, "something moved");
    if (send) recv_ids(c, 1, 1);
    weir_ctx_unref(ctx);
    weir_ctx_unref(parent);
    CHECK_IS(weir_chan_unref(other), 0);
    chan_end(c);
}

void x02_wakes(void) {
    for (int k = 0; k < 4; k++) ends(k % 2, k / 2, false);
}
void x02_clock_wakes(void) {
    ends(false, true, true);
    ends(true, true, true);
}

/* ---- X19: a cancel does not wait for the work ------------------------------------------------------------------- */

struct worker {
    weir_chan *c;
    weir_ctx *ctx;
    weir_au32 cancelled;
    int rc;
};

/* Learns of the end, and has work to do until the cancel has returned. */
static int64_t works_on(void *arg) {
    struct worker *w = arg;
    uint64_t v;
    unsigned failures = 0;
    w->rc = weir_chan_recv_wait(w->c, &v, WEIR_FOREVER, w->ctx);
    weir_time until = weir_after(20000 * MS);
    while (!weir_load_acquire(&w->cancelled, 0) && weir_now() < until) give_way(&failures);
    return weir_load_acquire(&w->cancelled, 0);
}

void x19_cancel_returns(void) {
    struct worker w = { .c = chan_open(1), .ctx = ctx_open(NULL, WEIR_FOREVER) };
    struct call call;
    call_start(&call, works_on, &w);
    CHECK(call_sleeps(&call), "it returned");
    CHECK_IS(weir_ctx_cancel(w.ctx, 0), 0);
    weir_store_release(&w.cancelled, 1, 0);
    CHECK_IS(call_end(&call), 1);
    CHECK_IS(w.rc, WEIR_ECANCELED);
    weir_ctx_unref(w.ctx);
    chan_end(w.c);
}

/* ---- X20: as a case ------------------------------------------------------------------------------------------------ */

struct watched {
    weir_chan *c;
    weir_ctx *ctx;
    int err;
    weir_au32 seen;
};

static void watch(void *arg, size_t i) {
    struct watched *w = arg;
    uint64_t v = UNTOUCHED;
    struct weir_case cases[] = { WEIR_CASE_RECV(w->c, &v),
                                 { weir_ctx_waitable(w->ctx), NULL, WEIR_RECV, 0, 0 } };
    for (size_t k = 0; k < 3; k++) { /* ready from then on, each time */
        weir_time d = k || i % 2 ? WEIR_FOREVER : weir_after(50000 * MS);
        ptrdiff_t won = weir_select(cases, 2, d, i % 3 ? NULL : w->ctx, 0);
        bool waited = k == 0 && i % 3 == 0; /* its case and its own context end at once: either */
        CHECK(won == (i % 3 ? 1 : w->err) || (waited && won == 1), "select returned %td", won);
        if (won == 1) CHECK_IS(cases[1].result, w->err);
    }
    CHECK_IS(v, UNTOUCHED);
    CHECK_IS(weir_ctx_err(w->ctx), w->err);
    (void)weir_fetch_add_relaxed(&w->seen, 1);
}

static void watched_by(size_t threads, bool by_clock) {
    struct watched w = { .c = chan_open(1) };
    struct team team;
    w.ctx = ctx_open(NULL, by_clock ? weir_after(15 * MS) : WEIR_FOREVER);
    w.err = by_clock ? WEIR_ETIMEDOUT : WEIR_ECANCELED;
    check_context("%zu threads%s", threads, by_clock ? ", by the clock" : "");
    team_start(&team, threads, watch, &w);
    if (!by_clock) {
        sleep_ms(10);
        CHECK_IS(weir_load_relaxed(&w.seen), 0);
        CHECK_IS(weir_ctx_cancel(w.ctx, 0), 0);
    }
    team_join(&team);
    CHECK_IS(weir_load_relaxed(&w.seen), threads);
    CHECK(weir_now() >= weir_ctx_deadline(w.ctx) || !by_clock, "early");
    weir_ctx_unref(w.ctx);
    chan_end(w.c);
}

void x20_case(void) {
    for (size_t threads = 1; threads <= 16; threads *= 4) {
        watched_by(threads, false);
        watched_by(threads, true);
    }
}

/* Not ready: the select goes on to the others, and the context is left as it is. */
void x20_not_ready(void) {
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    weir_chan *c = chan_open(1);
    uint64_t v = UNTOUCHED;
    struct weir_case cases[] = { { weir_ctx_waitable(ctx), NULL, WEIR_RECV, 0, 0 },
                                 WEIR_CASE_RECV(c, &v) };
    CHECK_IS(weir_select(cases, 2, WEIR_NOW, NULL, 0), WEIR_EAGAIN);
    CHECK_IS(weir_select(cases, 1, -1, NULL, 0), WEIR_ETIMEDOUT);
    weir_time d = weir_after(MS);
    check_late(weir_select(cases, 2, d, NULL, 0), d);
    for (uint64_t k = 0; k < 50; k++) {
        send_ids(c, k, 1);
        CHECK_IS(weir_select(cases, 2, WEIR_FOREVER, ctx, 0), 1);
        CHECK_IS(v, k);
    }
    CHECK_IS(weir_ctx_err(ctx), 0);
    weir_ctx_unref(ctx);
    chan_end(c);
}

/* ---- a cancel that races a delivery: what one side says it gave, the other has --------------------------------- */

struct racing {
    weir_chan *c;
    weir_ctx *ctx;
    pthread_barrier_t begin;
    size_t n;
    int rc[3];
    uint64_t got[2];
};

static void racing_member(void *arg, size_t i) {
    struct racing *r = arg;
    for (size_t k = 0; k < r->n; k++) {
        uint64_t v = k + 1;
        if (i == 2) r->ctx = ctx_open(NULL, WEIR_FOREVER);
        (void)pthread_barrier_wait(&r->begin);
        for (uint64_t p = rng_below(300); p > 0; p--) weir_pause();
        if (i == 0) r->rc[0] = weir_chan_send_wait(r->c, &v, WEIR_FOREVER, r->ctx);
        if (i == 1) r->rc[1] = weir_chan_recv_wait(r->c, &r->got[1], WEIR_FOREVER, r->ctx);
        if (i == 2) CHECK_IS(weir_ctx_cancel(r->ctx, 0), 0);
        (void)pthread_barrier_wait(&r->begin);
        if (i != 2) continue;
        weir_ctx_unref(r->ctx);
        CHECK((r->rc[0] == 0 || r->rc[0] == WEIR_ECANCELED) &&
                  (r->rc[1] == 0 || r->rc[1] == WEIR_ECANCELED),
              "send %d, recv %d", r->rc[0], r->rc[1]);
        size_t left = weir_chan_len(r->c);
        CHECK_IS(r->rc[0] == 0, (r->rc[1] == 0) + left);
        if (r->rc[1] == 0) CHECK_IS(r->got[1], k + 1);
        recv_ids(r->c, k + 1, left);
    }
}

void x23_races(void) {
    for (size_t cap = least_cap(); cap <= 1; cap++) {
        for (int delay = 0; delay < 2; delay++) {
            struct racing r = { .c = chan_open(cap), .n = times(delay ? 150 : 1200) };
            check_context("cap %zu", cap);
            (void)pthread_barrier_init(&r.begin, NULL, 3);
            points_delay(delay);
            team_run(3, racing_member, &r);
            points_delay(false);
            (void)pthread_barrier_destroy(&r.begin);
            chan_end(r.c);
        }
    }
}
