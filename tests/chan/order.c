/* SPDX-License-Identifier: MIT */
/* tests/chan/order.c - which value goes where, and when: C18 to C21. */
#include "cases.h"
#include "chan.h"

#include <string.h>

/* ---- C18 -------------------------------------------------------------------------------------------------- */

/* A random walk of one thread against a counter on each side. */
void c18_walk(void) {
    for (size_t cap = 1; cap <= 7; cap++) {
        weir_chan *c = chan_open(cap);
        uint64_t sent = 0, got = 0, v = 0;
        check_context("cap %zu", cap);
        for (size_t k = times(5000); k > 0 && checks_hold(); k--) {
            if (rng_below(2)) {
                int rc = try_send(c, sent);
                CHECK_IS(rc, sent - got == cap ? WEIR_EAGAIN : 0);
                sent += rc == 0;
            } else {
                int rc = try_recv(c, &v);
                CHECK_IS(rc, sent == got ? WEIR_EAGAIN : 0);
                if (rc == 0) CHECK_IS(v, got++);
            }
            CHECK_IS(weir_chan_len(c), sent - got);
        }
        chan_end(c);
    }
}

struct turns {
    weir_chan *c;
    weir_au64 turn;
    uint64_t n;
    size_t senders;
};

/* The senders take turns: each send begins after the one before has returned. */
static void turns_member(void *arg, size_t i) {
    struct turns *t = arg;
    unsigned failures = 0;
    uint64_t v;
    if (i == t->senders) {
        for (uint64_t k = 0; k < t->n && checks_hold(); k++) {
            CHECK_IS(weir_chan_recv(t->c, &v), 0);
            CHECK_IS(v, k);
        }
        return;
    }
    for (uint64_t k = i; k < t->n; k += t->senders) {
        while (weir_load_acquire(&t->turn, 0) != k) {
            if (!checks_hold()) return;
            give_way(&failures);
        }
        CHECK_IS(weir_chan_send(t->c, &k), 0);
        weir_store_release(&t->turn, k + 1, 0);
    }
}

void c18_turns(void) {
    static const size_t caps[] = { 0, 1, 3, 64 };
    for (size_t i = 0; i < 4; i++) {
        if (caps[i] < least_cap()) continue;
        struct turns t = { .c = chan_open(caps[i]), .n = times(2000), .senders = 3 };
        check_context("cap %zu", caps[i]);
        points_delay(i == 1);
        team_run(t.senders + 1, turns_member, &t);
        points_delay(false);
        chan_end(t.c);
    }
}

/* ---- C19 -------------------------------------------------------------------------------------------------- */

#define LINE 5

/* Waiters in a line, of which `gone` leaves; the others are served in order. */
static void line(size_t cap, bool send, size_t gone) {
    weir_chan *c = chan_open(cap);
    weir_ctx *ctx = NULL;
    struct peer p[LINE];
    check_context("cap %zu, %s in line, %zu leaves", cap, send ? "senders" : "receivers", gone);
    if (!CHECK_IS(weir_ctx_new(&ctx, NULL, WEIR_FOREVER), 0)) return;
    if (send) send_ids(c, 1, cap);
    for (size_t i = 0; i < LINE; i++) {
        peer_start_until(&p[i], c, send, 100 + i, WEIR_FOREVER, i == gone ? ctx : NULL);
        CHECK(call_sleeps(&p[i].call), "it returned");
    }
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    if (gone < LINE) CHECK_IS(peer_end(&p[gone]), WEIR_ECANCELED);
    if (send) recv_ids(c, 1, cap);
    for (size_t i = 0; i < LINE; i++) {
        if (i == gone) continue;
        if (send)
            recv_ids(c, 100 + i, 1);
        else
            send_ids(c, 100 + i, 1);
        if (send && cap > 0) continue; /* they were let in as the buffer was emptied */
        CHECK_IS(peer_end(&p[i]), 0);
        CHECK_IS(p[i].v, 100 + i);
    }
    for (size_t i = 0; i < LINE && send && cap > 0; i++)
        if (i != gone) CHECK_IS(peer_end(&p[i]), 0);
    CHECK_IS(weir_chan_len(c), 0);
    weir_ctx_unref(ctx);
    chan_end(c);
}

void c19_receivers(void) {
    for (size_t cap = 0; cap <= 2; cap++) line(cap, false, LINE);
    line(1, false, 0);
    line(0, false, 2);
}

void c19_senders(void) {
    for (size_t cap = 0; cap <= 2; cap++) line(cap, true, LINE);
    line(1, true, 0);
    line(0, true, 2);
}

/* ---- C20 -------------------------------------------------------------------------------------------------- */

struct barger {
    weir_chan *c;
    weir_au32 begun, over;
    bool send;
    uint64_t won;
};

/* A newcomer that tries without end. */
static void barge(void *arg, size_t i) {
    struct barger *b = arg;
    uint64_t v = 0;
    (void)i;
    while (!weir_load_relaxed(&b->over)) {
        b->won += (b->send ? weir_chan_try_send(b->c, &v) : weir_chan_try_recv(b->c, &v)) == 0;
        weir_store_relaxed(&b->begun, 1);
    }
}

static void no_barging(size_t cap, bool send) {
    struct barger b = { .c = chan_open(cap), .send = send };
    struct peer p[LINE];
    struct team newcomer;
    unsigned failures = 0;
    check_context("cap %zu, %s wait", cap, send ? "senders" : "receivers");
    if (send) send_ids(b.c, 1, cap);
    for (size_t i = 0; i < LINE; i++) peer_waits(&p[i], b.c, send, cap + 1 + i);
    team_start(&newcomer, 1, barge, &b);
    while (!weir_load_relaxed(&b.begun)) give_way(&failures);
    for (size_t i = 0; i < LINE; i++) {
        random_delay();
        if (send)
            recv_ids(b.c, 1 + i, 1);
        else
            send_ids(b.c, cap + 1 + i, 1);
        CHECK_IS(weir_chan_len(b.c), send ? cap : 0); /* in one step: full, or empty, again */
    }
    weir_store_relaxed(&b.over, 1);
    team_join(&newcomer);
    CHECK_IS(b.won, 0);
    for (size_t i = 0; i < LINE; i++) {
        CHECK_IS(peer_end(&p[i]), 0);
        CHECK_IS(p[i].v, cap + 1 + i);
    }
    if (send) recv_ids(b.c, 1 + LINE, cap);
    chan_end(b.c);
}

void c20_senders(void) {
    for (size_t k = times(2); k > 0 && checks_hold(); k--)
        for (size_t cap = 0; cap <= 3; cap++) no_barging(cap, true);
}

void c20_receivers(void) {
    for (size_t k = times(2); k > 0 && checks_hold(); k--)
        for (size_t cap = 0; cap <= 3; cap++) no_barging(cap, false);
}

/* ---- C21 -------------------------------------------------------------------------------------------------- */

/* Senders and receivers come together, in any order; once nothing moves, who is left is of one side. */
static void one_side(size_t cap, size_t senders, size_t receivers) {
    weir_chan *c = chan_open(cap);
    struct peer p[2 * LINE];
    size_t n = senders + receivers, s = 0, left[2], want[2];
    want[0] = receivers > senders ? receivers - senders : 0;
    want[1] = senders > receivers + cap ? senders - receivers - cap : 0;
    check_context("cap %zu, %zu senders, %zu receivers", cap, senders, receivers);
    for (size_t i = 0; i < n; i++) {
        bool send = s < senders && (i - s >= receivers || rng_below(2));
        s += send;
        peer_start(&p[i], c, send, 1 + i);
        if (rng_below(2)) random_delay();
    }
    for (int i = 0; i < 5000; i++) {
        left[0] = left[1] = 0;
        for (size_t k = 0; k < n; k++) left[p[k].send] += !call_done(&p[k].call);
        if (left[0] == want[0] && left[1] == want[1]) break;
        sleep_ms(1);
    }
    CHECK(left[0] == want[0] && left[1] == want[1], "%zu receivers and %zu senders wait", left[0],
          left[1]);
    CHECK_IS(weir_chan_len(c), senders > receivers ? senders - receivers - want[1] : 0);
    CHECK_IS(weir_chan_close(c), 0);
    for (size_t i = 0; i < n; i++) (void)peer_end(&p[i]);
    chan_end(c);
}

void c21_one_side(void) {
    for (size_t k = times(3); k > 0 && checks_hold(); k--) {
        for (size_t cap = 0; cap <= 2; cap++) {
            one_side(cap, 5, 2);
            one_side(cap, 2, 5);
            one_side(cap, 4, 4);
        }
    }
}
