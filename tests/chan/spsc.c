/* SPDX-License-Identifier: MIT */
/* tests/chan/spsc.c - the channel of one producer and one consumer: roles that move between threads, two threads
 * in one role, and a thread stopped at each point. */
#include "cases.h"
#include "chan.h"

#include <string.h>

/* ---- roles ---------------------------------------------------------------------------------------------------- */

struct baton {
    weir_chan *c;
    uint64_t next, n;
};

/* One turn of the sender's role: a few sends, the last turn closes. */
static int64_t send_turn(void *arg) {
    struct baton *b = arg;
    for (size_t k = 0; k < 5 && b->next < b->n; k++, b->next++)
        if (!CHECK_IS(weir_chan_send(b->c, &b->next), 0)) return -1;
    return b->next == b->n ? weir_chan_close(b->c) : 1;
}

static int64_t recv_turn(void *arg) {
    struct baton *b = arg;
    for (size_t k = 0; k < 7; k++) {
        uint64_t v = UNTOUCHED;
        int rc = weir_chan_recv(b->c, &v);
        if (rc < 0) return rc;
        if (!CHECK_IS(v, b->next)) return -1;
        b->next++;
    }
    return 1;
}

/* Each turn is made by a new thread, which the one before hands the role by ending. */
struct turns {
    struct baton baton;
    int64_t (*turn)(void *arg);
    int64_t last;
};

static void turns_member(void *arg, size_t i) {
    struct turns *t = &((struct turns *)arg)[i];
    do {
        struct call call;
        call_start(&call, t->turn, &t->baton);
        t->last = call_end(&call);
    } while (t->last == 1 && checks_hold());
}

void spsc_roles_move(void) {
    for (size_t cap = 1; cap <= 3; cap++) {
        weir_chan *c = chan_open(cap);
        uint64_t n = times(200);
        struct turns t[2] = { { { c, 0, n }, send_turn, 1 }, { { c, 0, n }, recv_turn, 1 } };
        check_context("cap %zu", cap);
        team_run(2, turns_member, t);
        CHECK_IS(t[0].last, 0);
        CHECK_IS(t[1].last, WEIR_ECLOSED);
        CHECK_IS(t[1].baton.next, n);
        chan_end(c);
    }
}

/* While one thread sleeps in a role, or stands in a call of it, another is refused, and nothing has moved. */
static void refused_beside(bool send) {
    weir_chan *c = chan_open(1);
    struct peer p;
    struct selector s;
    uint64_t v = 7;
    check_context("%s", send ? "senders" : "receivers");
    if (send) send_ids(c, 1, 1);
    for (int by_select = 0; by_select < 2; by_select++) {
        if (by_select) {
            selector_init(&s);
            if (send)
                selector_send(&s, c, 2);
            else
                selector_recv(&s, c);
            selector_waits(&s);
        } else {
            peer_waits(&p, c, send, 2);
        }
        count_misuse(true);
        CHECK_IS(send ? weir_chan_try_send(c, &v) : weir_chan_try_recv(c, &v), WEIR_EINVAL);
        CHECK_IS(send ? weir_chan_send(c, &v) : weir_chan_recv(c, &v), WEIR_EINVAL);
        if (send) CHECK_IS(weir_chan_close(c), WEIR_EINVAL);
        CHECK_IS(misuse_counted(), send ? 3 : 2);
        count_misuse(false);
        CHECK(v == 7 && weir_chan_len(c) == send && !weir_chan_is_closed(c), "it did something");
        if (send)
            recv_ids(c, 1 + (uint64_t)by_select, 1);
        else
            send_ids(c, 2, 1);
        if (by_select)
            CHECK_IS(selector_end(&s), 0);
        else
            CHECK_IS(peer_end(&p), 0);
    }
    if (send) recv_ids(c, 2, 1);
    chan_end(c);
}

void spsc_two_at_once(void) {
    struct peer p;
    struct stop stop;
    uint64_t v = 7;
    refused_beside(false);
    refused_beside(true);
    weir_chan *c = chan_open(2);
    stop_init(&stop, "spsc.push.copied");
    peer_init(&p, c, true, 1);
    p.stop = &stop;
    peer_begin(&p);
    if (stop_wait(&stop)) { /* inside a send that need not wait */
        count_misuse(true);
        CHECK_IS(weir_chan_try_send(c, &v), WEIR_EINVAL);
        CHECK_IS(misuse_counted(), 1);
        count_misuse(false);
    }
    stop_release(&stop);
    CHECK_IS(peer_end(&p), 0);
    stop_fini(&stop);
    recv_ids(c, 1, 1);
    chan_end(c);
}

/* ---- a thread that stands still ---------------------------------------------------------------------------------- */

/* The other side's try calls are decided at once, whatever the one that stands still is doing. */
static void other_side_goes_on(weir_chan *c, bool send, size_t inside) {
    uint64_t v = 50;
    if (send) { /* a sender stands: elements sent before are received, then there is nothing */
        for (size_t k = 0; k < inside; k++) CHECK_IS(weir_chan_try_recv(c, &v), 0);
        CHECK_IS(weir_chan_try_recv(c, &v), WEIR_EAGAIN);
    } else {
        while (weir_chan_len(c) < weir_chan_cap(c)) CHECK_IS(weir_chan_try_send(c, &v), 0);
        CHECK_IS(weir_chan_try_send(c, &v), WEIR_EAGAIN);
    }
}

void spsc_stopped(void) {
    static const char *const points[] = { "spsc.push.copied", "spsc.pop.copied" };
    for (int send = 0; send < 2; send++) {
        weir_chan *c = chan_open(3);
        struct peer p;
        struct stop stop;
        uint64_t v;
        send_ids(c, 1, 2);
        stop_init(&stop, points[!send]);
        peer_init(&p, c, send, 9);
        p.stop = &stop;
        peer_begin(&p);
        if (stop_wait(&stop)) other_side_goes_on(c, send, 2);
        stop_release(&stop);
        CHECK_IS(peer_end(&p), 0);
        stop_fini(&stop);
        if (send) recv_ids(c, 9, 1);
        while (weir_chan_try_recv(c, &v) == 0) continue;
        chan_end(c);
    }
}

/* A receiver is queued, and not asleep yet, when it is sent to; and when the channel is closed. */
void spsc_entered(void) {
    for (int close = 0; close < 2; close++) {
        weir_chan *c = chan_open(1);
        struct peer p;
        struct stop stop;
        stop_init(&stop, "chan.entered");
        peer_init(&p, c, false, 0);
        p.stop = &stop;
        peer_begin(&p);
        if (stop_wait(&stop)) {
            if (close)
                CHECK_IS(weir_chan_close(c), 0);
            else
                send_ids(c, 4, 1);
        }
        stop_release(&stop);
        CHECK_IS(peer_end(&p), close ? WEIR_ECLOSED : 0);
        stop_fini(&stop);
        chan_end(c);
    }
}
