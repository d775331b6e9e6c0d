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

/* The waiter p, asleep, is told to try, and a newcomer is quicker; then it sleeps again. False: it has
 * returned, as its deadline allows. */
static bool robbed(struct peer *p) {
    struct peer waker;
    struct stop stop;
    uint64_t v = 50;
    stop_init(&stop, "chan.told");
    peer_init(&waker, p->chan, !p->send, 50);
    waker.deadline = WEIR_NOW;
    waker.stop = &stop;
    peer_begin(&waker);
    bool told = stops_or_returns(&stop, &waker.call);
    CHECK_IS(newcomer(p->chan, p->send, &v), 0);
    stop_release(&stop);
    CHECK_IS(peer_end(&waker), 0);
    stop_fini(&stop);
    return told && call_sleeps(&p->call);
}

static void rob(struct peer *p) { CHECK(robbed(p), "a robbed waiter returned"); }

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

/* A select without a wait: it is the second of three cases that is undecided. */
static void undecided(weir_chan *c, bool send) {
    weir_chan *none = chan_open(1);
    uint64_t v = 72;
    struct weir_case cases[3] = {
        WEIR_CASE_RECV(none, &v),
        { weir_chan_waitable(c), &v, send ? WEIR_SEND : WEIR_RECV, 0, 0 },
        WEIR_CASE_RECV(NULL, &v),
    };
    for (unsigned flags = 0; flags <= WEIR_SELECT_READY; flags++) {
        bool look = flags & WEIR_SELECT_READY; /* which does not tell them apart */
        ptrdiff_t rc = weir_select(cases, 3, WEIR_NOW, NULL, flags);
        CHECK_IS(rc, look ? WEIR_EAGAIN : WEIR_EBUSY);
        CHECK_IS(cases[0].result, WEIR_EAGAIN);
        CHECK_IS(cases[1].result, rc);
        CHECK_IS(cases[2].result, WEIR_EAGAIN);
    }
    chan_end(none);
}

/* Robbed twice, it keeps newcomers out: with an element, or room, there for it, their tries are undecided, one
 * that waits comes later, one that tries without end wins nothing. With nothing there they say so. */
static void kept_out(bool send) {
    struct hammer h = { .c = stuck(send), .send = send };
    struct peer p, later, waker;
    struct team team;
    struct stop stop;
    unsigned failures = 0;
    uint64_t v = 71;
    stop_init(&stop, "chan.told");
    peer_waits(&p, h.c, send, 10);
    rob(&p);
    rob(&p);
    CHECK_IS(newcomer(h.c, send, &v), WEIR_EAGAIN);
    peer_waits(&later, h.c, send, 11);
    peer_init(&waker, h.c, !send, 60);
    waker.stop = &stop;
    peer_begin(&waker);
    if (stop_wait(&stop)) { /* ready, and the holder does not know */
        for (int i = 0; i < 3; i++) CHECK_IS(newcomer(h.c, send, &v), WEIR_EBUSY);
        undecided(h.c, send);
        team_start(&team, 1, hammer, &h);
        while (!weir_load_relaxed(&h.begun)) give_way(&failures);
        sleep_ms(2);
        stop_release(&stop);
        CHECK_IS(peer_end(&p), 0);
        weir_store_relaxed(&h.over, 1);
        team_join(&team);
        CHECK_IS(h.won, 0);
    }
    CHECK_IS(peer_end(&waker), 0);
    if (!send) CHECK_IS(p.v, 60);
    serve_one(h.c, send, 61);
    CHECK_IS(peer_end(&later), 0);
    CHECK_IS(newcomer(h.c, send, &v), WEIR_EAGAIN);
    stop_fini(&stop);
    empty(h.c);
}

void robbed_twice(void) {
    for (int send = 0; send < 2; send++) {
        check_context("%s", send ? "sender" : "receiver");
        kept_out(send);
    }
}

/* The holder leaves in each other way, by its deadline (0), its context (1), a close (2): then newcomers are let
 * in again, and who waits is served. */
struct leaving {
    bool send;
    int how;
};

static void after_holder(weir_chan *c, const struct leaving *l, struct peer *later) {
    uint64_t v = 72;
    if (l->how < 2) {
        CHECK_IS(newcomer(c, l->send, &v), WEIR_EAGAIN);
        serve_one(c, l->send, 62);
        CHECK_IS(peer_end(later), 0);
    } else {
        CHECK_IS(peer_end(later), WEIR_ECLOSED);
        CHECK_IS(newcomer(c, l->send, &v), WEIR_ECLOSED);
    }
}

static bool holder_leaves(void *arg, int ms) {
    static const int results[] = { WEIR_ETIMEDOUT, WEIR_ECANCELED, WEIR_ECLOSED };
    const struct leaving *l = arg;
    weir_chan *c = stuck(l->send);
    struct peer p, later;
    uint64_t v = 72;
    check_context("%s, way %d", l->send ? "sender" : "receiver", l->how);
    peer_init(&p, c, l->send, 10);
    p.ctx = ctx_open(NULL, WEIR_FOREVER);
    if (l->how == 0) p.deadline = weir_after(2 * ms * MS);
    peer_begin(&p);
    bool good = call_sleeps(&p.call) && robbed(&p) && robbed(&p);
    good = good && weir_now() < p.deadline;
    if (good) {
        CHECK_IS(newcomer(c, l->send, &v), WEIR_EAGAIN);
        peer_waits(&later, c, l->send, 11);
    }
    if (l->how == 1) CHECK_IS(weir_ctx_cancel(p.ctx, 0), 0);
    if (l->how == 2) CHECK_IS(weir_chan_close(c), 0);
    CHECK_IS(peer_end(&p), results[l->how]);
    if (good) after_holder(c, l, &later);
    weir_ctx_unref(p.ctx);
    empty(c);
    return good;
}

void robbed_and_left(void) {
    for (int k = 0; k < 6; k++) {
        struct leaving l = { k % 2, k / 2 };
        in_time(holder_leaves, &l);
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
static bool told_late(void *arg, int ms) {
    bool rob_it = *(bool *)arg;
    weir_chan *c = chan_open(2);
    struct peer p, behind, waker;
    struct stop stop;
    uint64_t v = UNTOUCHED;
    check_context("%s", rob_it ? "robbed" : "not robbed");
    stop_init(&stop, "chan.told");
    peer_start_until(&p, c, false, 0, weir_after(ms * MS), NULL);
    (void)call_sleeps(&p.call);
    peer_waits(&behind, c, false, 0);
    peer_init(&waker, c, true, 40);
    waker.stop = &stop;
    peer_begin(&waker);
    bool good = stops_or_returns(&stop, &waker.call) && weir_now() < p.deadline;
    if (good) {
        while (weir_now() < p.deadline) sleep_ms(1);
        CHECK(!call_returns(&p.call, 5), "it returned while it was being told");
        if (rob_it) CHECK_IS(weir_chan_try_recv(c, &v), 0);
    }
    stop_release(&stop);
    CHECK_IS(peer_end(&waker), 0);
    int rc = peer_end(&p);
    if (good) {
        CHECK_IS(rc, rob_it ? WEIR_ETIMEDOUT : 0);
        CHECK(!call_done(&behind.call), "the next was served without an element");
        give_ids(c, 41, 1);
    } else {
        CHECK_IS(weir_chan_close(c), 0); /* whoever had the element */
    }
    (void)peer_end(&behind);
    if (good) CHECK_IS(behind.v, 41);
    stop_fini(&stop);
    empty(c);
    return good;
}

void told_at_deadline(void) {
    for (int k = 0; k < 2; k++) in_time(told_late, &(bool){ k });
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
