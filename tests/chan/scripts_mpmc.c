/* SPDX-License-Identifier: MIT */
/* tests/chan/scripts_mpmc.c - the buffered channel, one thread stopped at a point: waiters that are told too
 * late, the order in which they are served then, and what is on the way when a deadline passes or a thread
 * stands still. */
#include "cases.h"
#include "chan.h"

#include <string.h>

/* A channel of capacity 2 on which one side has to wait: empty for receivers, full for senders. What the other
 * side does to make one waiter ready, and the newcomer's doing that undoes it. */
static weir_chan *stuck(bool send) {
    weir_chan *c = chan_open(2);
    if (send) send_ids(c, 1, 2);
    return c;
}

static int newcomer(weir_chan *c, bool send, uint64_t *v) {
    return send ? weir_chan_try_send(c, v) : weir_chan_try_recv(c, v);
}

/* The waiter p, asleep, is told to try, and a newcomer is quicker; then it sleeps again. */
static void rob(struct peer *p) {
    struct peer waker;
    struct stop stop;
    uint64_t v = 50;
    stop_init(&stop, "chan.told");
    peer_init(&waker, p->chan, !p->send, 50);
    waker.deadline = WEIR_NOW;
    waker.stop = &stop;
    peer_begin(&waker);
    if (stop_wait(&stop)) CHECK_IS(newcomer(p->chan, p->send, &v), 0);
    stop_release(&stop);
    CHECK_IS(peer_end(&waker), 0);
    CHECK(call_sleeps(&p->call), "a robbed waiter returned");
    stop_fini(&stop);
}

/* Makes one waiter ready. */
static void serve_one(weir_chan *c, bool send, uint64_t v) {
    if (send)
        CHECK_IS(weir_chan_recv(c, &v), 0);
    else
        CHECK_IS(weir_chan_send(c, &v), 0);
}

/* Ends a test of senders: what is inside goes. */
static void empty(weir_chan *c) {
    uint64_t v;
    while (try_recv(c, &v) == 0) continue;
    chan_end(c);
}

/* ---- the order of those who were robbed --------------------------------------------------------------------- */

/* Robbed once, it goes to the front of those who wait. */
void robbed_once(void) {
    for (int send = 0; send < 2; send++) {
        weir_chan *c = stuck(send);
        struct peer p[3];
        check_context("%s", send ? "senders" : "receivers");
        for (size_t i = 0; i < 3; i++) peer_waits(&p[i], c, send, 10 + i);
        rob(&p[0]);
        for (size_t i = 0; i < 3; i++) {
            serve_one(c, send, 60 + i);
            CHECK_IS(peer_end(&p[i]), 0); /* the first one first */
            if (!send) CHECK_IS(p[i].v, 60 + i);
        }
        empty(c);
    }
}

struct hammer {
    weir_chan *c;
    bool send;
    weir_au32 begun, over;
    uint64_t won;
};

static void hammer(void *arg, size_t i) {
    struct hammer *h = arg;
    uint64_t v = 70;
    (void)i;
    while (!weir_load_relaxed(&h->over)) {
        h->won += newcomer(h->c, h->send, &v) == 0;
        weir_store_relaxed(&h->begun, 1);
    }
}

/* Robbed twice, it keeps newcomers out: their tries are undecided, one that waits comes later, one that tries
 * without end wins nothing. */
void robbed_twice(void) {
    for (int send = 0; send < 2; send++) {
        struct hammer h = { .c = stuck(send), .send = send };
        struct peer p, later;
        struct team team;
        unsigned failures = 0;
        uint64_t v = 71;
        check_context("%s", send ? "sender" : "receiver");
        peer_waits(&p, h.c, send, 10);
        rob(&p);
        CHECK_IS(newcomer(h.c, send, &v), WEIR_EAGAIN);
        rob(&p);
        CHECK_IS(newcomer(h.c, send, &v), WEIR_EBUSY);
        peer_waits(&later, h.c, send, 11);
        team_start(&team, 1, hammer, &h);
        while (!weir_load_relaxed(&h.begun)) give_way(&failures);
        serve_one(h.c, send, 60);
        CHECK_IS(peer_end(&p), 0);
        if (!send) CHECK_IS(p.v, 60);
        CHECK(send || h.won == 0 || !call_done(&later.call), "a newcomer was first");
        weir_store_relaxed(&h.over, 1);
        team_join(&team);
        CHECK_IS(h.won, 0);
        serve_one(h.c, send, 61);
        CHECK_IS(peer_end(&later), 0);
        CHECK_IS(newcomer(h.c, send, &v), WEIR_EAGAIN); /* decided again */
        empty(h.c);
    }
}

/* The holder leaves in each other way: then newcomers are let in again, and who waits is served. */
static void holder_leaves(bool send, int how) {
    weir_chan *c = stuck(send);
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    struct peer p, later;
    uint64_t v = 72;
    check_context("%s, way %d", send ? "sender" : "receiver", how);
    peer_init(&p, c, send, 10);
    p.ctx = ctx;
    if (how == 0) p.deadline = weir_after(400 * MS);
    peer_begin(&p);
    CHECK(call_sleeps(&p.call), "it returned");
    rob(&p);
    rob(&p);
    CHECK_IS(newcomer(c, send, &v), WEIR_EBUSY);
    peer_waits(&later, c, send, 11);
    if (how == 1) CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    if (how == 2) CHECK_IS(weir_chan_close(c), 0);
    CHECK_IS(peer_end(&p), how == 0 ? WEIR_ETIMEDOUT : how == 1 ? WEIR_ECANCELED : WEIR_ECLOSED);
    if (how < 2) {
        CHECK_IS(newcomer(c, send, &v), WEIR_EAGAIN);
        serve_one(c, send, 62);
        CHECK_IS(peer_end(&later), 0);
    } else {
        CHECK_IS(peer_end(&later), WEIR_ECLOSED);
        CHECK_IS(newcomer(c, send, &v), WEIR_ECLOSED);
    }
    weir_ctx_unref(ctx);
    empty(c);
}

void robbed_and_left(void) {
    for (int how = 0; how < 3; how++) {
        holder_leaves(false, how);
        holder_leaves(true, how);
    }
}

/* The holder stands between its claim and its copy, or after it has let go: others go on, or are told that it
 * is undecided; nothing is lost. */
void holder_stopped(void) {
    static const char *const at[] = { "chan.held.claimed", "chan.released" };
    for (int k = 0; k < 4; k++) {
        bool send = k % 2;
        weir_chan *c = stuck(send);
        struct peer p;
        struct stop stop;
        check_context("%s at %s", send ? "sender" : "receiver", at[k / 2]);
        stop_init(&stop, at[k / 2]);
        peer_init(&p, c, send, 10);
        p.stop = &stop;
        peer_begin(&p);
        CHECK(call_sleeps(&p.call), "it returned");
        rob(&p);
        rob(&p);
        serve_one(c, send, 63);
        if (stop_wait(&stop)) {
            uint64_t v = UNTOUCHED;
            if (!send) send_ids(c, 64, 1); /* the next slot is free */
            int rc = newcomer(c, send, &v);
            CHECK(rc == (send ? WEIR_EAGAIN : 0) || rc == WEIR_EBUSY, "a newcomer got %d", rc);
            if (!send && rc == WEIR_EBUSY) v = 64;
            if (!send) CHECK_IS(v, 64);
        }
        stop_release(&stop);
        CHECK_IS(peer_end(&p), 0);
        if (!send) CHECK_IS(p.v, 63);
        stop_fini(&stop);
        empty(c);
    }
}

/* ---- C30 S22: told, and the deadline passes before it knows ------------------------------------------------ */

/* With the element still there it has it; robbed, it is late, and the next in line is served. */
static void told_late(bool robbed) {
    weir_chan *c = chan_open(2);
    struct peer p, behind, waker;
    struct stop stop;
    uint64_t v = UNTOUCHED;
    check_context("%s", robbed ? "robbed" : "not robbed");
    stop_init(&stop, "chan.told");
    peer_start_until(&p, c, false, 0, weir_after(150 * MS), NULL);
    CHECK(call_sleeps(&p.call), "it returned");
    peer_waits(&behind, c, false, 0);
    peer_init(&waker, c, true, 40);
    waker.stop = &stop;
    peer_begin(&waker);
    if (stop_wait(&stop)) {
        while (weir_now() < p.deadline) sleep_ms(1);
        CHECK(!call_returns(&p.call, 5), "it returned while it was being told");
        if (robbed) CHECK_IS(weir_chan_try_recv(c, &v), 0);
    }
    stop_release(&stop);
    CHECK_IS(peer_end(&waker), 0);
    int rc = peer_end(&p);
    CHECK(robbed ? rc == WEIR_ETIMEDOUT : rc == 0, "it returned %d", rc);
    CHECK(!call_done(&behind.call), "the next was served without an element");
    give_ids(c, 41, 1);
    CHECK_IS(peer_end(&behind), 0);
    CHECK_IS(behind.v, 41);
    stop_fini(&stop);
    chan_end(c);
}

void told_at_deadline(void) {
    told_late(false);
    told_late(true);
}

/* A select told of a, which is empty again, while b has become ready: it has b, and the next element of a goes to
 * the one behind it. */
void told_elsewhere(void) {
    weir_chan *a = chan_open(2), *b = chan_open(2);
    struct selector s;
    struct peer behind, waker;
    struct stop stop;
    uint64_t v;
    stop_init(&stop, "chan.told");
    selector_init(&s);
    selector_recv(&s, a);
    selector_recv(&s, b);
    selector_waits(&s);
    peer_waits(&behind, a, false, 0);
    peer_init(&waker, a, true, 40);
    waker.stop = &stop;
    peer_begin(&waker);
    if (stop_wait(&stop)) {
        CHECK_IS(weir_chan_try_recv(a, &v), 0);
        send_ids(b, 30, 1);
    }
    stop_release(&stop);
    CHECK_IS(peer_end(&waker), 0);
    CHECK_IS(selector_end(&s), 1);
    CHECK_IS(s.v[1], 30);
    CHECK(!call_done(&behind.call), "served without an element");
    send_ids(a, 42, 1);
    CHECK_IS(peer_end(&behind), 0);
    CHECK_IS(behind.v, 42);
    stop_fini(&stop);
    chan_end(a);
    chan_end(b);
}

/* Queued, and not asleep yet: what comes then is not missed. */
void entered(void) {
    for (int send = 0; send < 2; send++) {
        for (int close = 0; close < 2; close++) {
            weir_chan *c = stuck(send);
            struct peer p;
            struct stop stop;
            check_context("%s, %s", send ? "sender" : "receiver", close ? "closed" : "served");
            stop_init(&stop, "chan.entered");
            peer_init(&p, c, send, 10);
            p.stop = &stop;
            peer_begin(&p);
            if (stop_wait(&stop)) {
                if (close)
                    CHECK_IS(weir_chan_close(c), 0);
                else
                    serve_one(c, send, 65);
            }
            stop_release(&stop);
            CHECK_IS(peer_end(&p), close ? WEIR_ECLOSED : 0);
            stop_fini(&stop);
            empty(c);
        }
    }
}
