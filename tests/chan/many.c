/* SPDX-License-Identifier: MIT */
/* tests/chan/many.c - recv_many: at least one, up to n, and the time that it lingers for more. */
#include "cases.h"
#include "chan.h"

#include <string.h>

#define MOST 16

/* One call; v is UNTOUCHED where nothing was put. */
struct many {
    weir_chan *c;
    size_t n;
    weir_time linger, deadline;
    weir_ctx *ctx;
    uint64_t v[MOST];
    struct call call;
};

static int64_t many_call(void *arg) {
    struct many *m = arg;
    for (size_t i = 0; i < MOST; i++) m->v[i] = UNTOUCHED;
    return weir_chan_recv_many_wait(m->c, m->v, m->n, m->linger, m->deadline, m->ctx);
}

/* The result: `count` elements, from `first` on, or a code; nothing else was touched. */
static void check_many(const struct many *m, int64_t rc, int64_t want, uint64_t first) {
    CHECK_IS(rc, want);
    size_t k = rc > 0 ? (size_t)rc : 0;
    for (size_t i = 0; i < MOST; i++) CHECK_IS(m->v[i], i < k ? first + i : UNTOUCHED);
}

static struct many many_of(weir_chan *c, size_t n, weir_time linger) {
    return (struct many){ .c = c, .n = n, .linger = linger, .deadline = WEIR_FOREVER };
}

static void many_starts(struct many *m) {
    call_start(&m->call, many_call, m);
    CHECK(call_sleeps(&m->call), "it returned");
}

void many_there(void) {
    weir_chan *c = chan_open(5);
    uint64_t at = 1;
    for (size_t round = 0; round < 12 && checks_hold(); round++) { /* across the end of the ring */
        struct many m = many_of(c, 3, WEIR_NOW);
        send_ids(c, at, 5);
        check_many(&m, many_call(&m), 3, at);
        m.n = 10;
        check_many(&m, many_call(&m), 2, at + 3);
        at += 5;
    }
    struct many m = many_of(c, 3, WEIR_FOREVER);
    m.n = 0;
    check_many(&m, many_call(&m), 0, 0);
    m.n = 3;
    m.deadline = WEIR_NOW;
    check_many(&m, many_call(&m), WEIR_EAGAIN, 0);
    send_ids(c, 1, 1);
    CHECK_IS(weir_chan_try_recv_many(c, m.v, 3), 1);
    send_ids(c, 1, 3); /* all that was asked for: it does not linger */
    CHECK_IS(weir_chan_recv_many(c, m.v, 3, WEIR_FOREVER), 3);
    chan_end(c);
}

void many_bad_input(void) {
    weir_chan *c = chan_open(2);
    uint64_t v = 7;
    send_ids(c, 1, 1);
    count_misuse(true);
    CHECK_IS(weir_chan_try_recv_many(c, NULL, 2), WEIR_EINVAL);
    CHECK_IS(misuse_counted(), 1);
    count_misuse(false);
    recv_ids(c, 1, 1);
    CHECK_IS(weir_chan_try_recv_many(NULL, &v, 2), WEIR_EAGAIN);
    CHECK_IS(weir_chan_recv_many_wait(NULL, &v, 2, WEIR_NOW, 1, NULL), WEIR_ETIMEDOUT);
    CHECK_IS(v, 7);
    chan_end(c);
}

/* Elements of no bytes, and of 24. */
void many_sizes(void) {
    uint64_t in[3] = { 1, 2, 3 }, out[9] = { 0 };
    weir_chan *c = chan_open_size(4, 0);
    for (int i = 0; i < 3; i++) CHECK_IS(weir_chan_try_send(c, NULL), 0);
    CHECK_IS(weir_chan_recv_many(c, NULL, 3, WEIR_NOW), 3);
    CHECK_IS(weir_chan_try_recv_many(c, NULL, 3), WEIR_EAGAIN);
    chan_end(c);
    c = chan_open_size(4, sizeof in);
    for (int i = 0; i < 2; i++) CHECK_IS(weir_chan_try_send(c, in), 0);
    CHECK_IS(weir_chan_recv_many(c, out, 3, WEIR_NOW), 2);
    CHECK(memcmp(out, in, sizeof in) == 0 && memcmp(out + 3, in, sizeof in) == 0 && !out[6],
          "other bytes");
    chan_end(c);
}

void many_waits(void) {
    for (size_t cap = least_cap(); cap <= 4; cap += 2) {
        weir_chan *c = chan_open(cap);
        struct many m = many_of(c, 3, WEIR_NOW);
        check_context("cap %zu", cap);
        many_starts(&m); /* for the first */
        CHECK_IS(try_send(c, 4), 0);
        check_many(&m, call_end(&m.call), 1, 4);
        m.linger = WEIR_FOREVER;
        many_starts(&m);
        CHECK_IS(try_send(c, 5), 0);
        CHECK(call_sleeps(&m.call), "it does not linger");
        CHECK_IS(try_send(c, 6), 0);
        CHECK(call_sleeps(&m.call), "it does not linger");
        CHECK_IS(try_send(c, 7), 0);
        check_many(&m, call_end(&m.call), 3, 5);
        chan_end(c);
    }
}

/* The first of both ends it, and not before: with what there is, or with nothing. */
void many_late(void) {
    weir_chan *c = chan_open(4);
    for (size_t inside = 0; inside < 3; inside++) {
        for (int by_linger = 0; by_linger < (inside ? 2 : 1); by_linger++) {
            struct many m = many_of(c, 3, WEIR_FOREVER);
            check_context("%zu inside, by %s", inside, by_linger ? "linger" : "deadline");
            send_ids(c, 1, inside);
            weir_time t = weir_after(5 * MS);
            *(by_linger ? &m.linger : &m.deadline) = t;
            int64_t rc = many_call(&m);
            CHECK(weir_now() >= t, "early");
            check_many(&m, rc, inside ? (int64_t)inside : WEIR_ETIMEDOUT, 1);
        }
    }
    struct many m = many_of(c, 3, weir_after(-1)); /* both have passed */
    m.deadline = 1;
    check_many(&m, many_call(&m), WEIR_ETIMEDOUT, 0);
    send_ids(c, 1, 2);
    check_many(&m, many_call(&m), 2, 1);
    chan_end(c);
}

void many_close(void) {
    weir_chan *c = chan_open(4);
    struct many m = many_of(c, 3, WEIR_FOREVER);
    many_starts(&m);
    CHECK_IS(try_send(c, 1), 0);
    CHECK(call_sleeps(&m.call), "it does not linger");
    CHECK_IS(weir_chan_close(c), 0);
    check_many(&m, call_end(&m.call), 1, 1);
    check_many(&m, many_call(&m), WEIR_ECLOSED, 0);
    chan_end(c);
    c = chan_open(4); /* closed with elements inside; and before the first */
    m.c = c;
    send_ids(c, 1, 4);
    CHECK_IS(weir_chan_close(c), 0);
    check_many(&m, many_call(&m), 3, 1);
    check_many(&m, many_call(&m), 1, 4);
    check_many(&m, many_call(&m), WEIR_ECLOSED, 0);
    chan_end(c);
    m.c = c = chan_open(least_cap());
    many_starts(&m);
    CHECK_IS(weir_chan_close(c), 0);
    check_many(&m, call_end(&m.call), WEIR_ECLOSED, 0);
    chan_end(c);
}

void many_ctx(void) {
    for (int inside = 0; inside < 2;
         inside++) { /* while it waits for the first, while it lingers */
        weir_chan *c = chan_open(4);
        struct many m = many_of(c, 3, WEIR_FOREVER);
        m.ctx = ctx_open(NULL, WEIR_FOREVER);
        check_context("%d inside", inside);
        many_starts(&m);
        if (inside) {
            CHECK_IS(try_send(c, 1), 0);
            CHECK(call_sleeps(&m.call), "it does not linger");
        }
        CHECK_IS(weir_ctx_cancel(m.ctx, 0), 0);
        check_many(&m, call_end(&m.call), inside ? 1 : WEIR_ECANCELED, 1);
        send_ids(c, 2, 2); /* X23 */
        check_many(&m, many_call(&m), WEIR_ECANCELED, 0);
        recv_ids(c, 2, 2);
        weir_ctx_unref(m.ctx);
        chan_end(c);
    }
}

/* Senders that wait for room are let in, and those of a rendezvous are met. */
void many_senders(void) {
    size_t n = K.has & HAS_MANY ? 3 : 1;
    for (size_t cap = least_cap(); cap <= 2; cap++) {
        weir_chan *c = chan_open(cap);
        struct peer p[3];
        uint64_t sum = 0;
        check_context("cap %zu", cap);
        send_ids(c, 1, cap);
        for (size_t i = 0; i < n; i++) peer_waits(&p[i], c, true, 1 + cap + i);
        struct many m = many_of(c, cap + n, WEIR_FOREVER);
        CHECK_IS(many_call(&m), (int64_t)(cap + n));
        for (size_t i = 0; i < cap + n; i++) sum += m.v[i];
        for (size_t i = 0; i < (K.has & HAS_FIFO ? cap + n : cap); i++) CHECK_IS(m.v[i], 1 + i);
        CHECK_IS(sum, (cap + n) * (cap + n + 1) / 2);
        for (size_t i = 0; i < n; i++) CHECK_IS(peer_end(&p[i]), 0);
        chan_end(c);
    }
}
