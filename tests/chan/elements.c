/* SPDX-License-Identifier: MIT */
/* tests/chan/elements.c - what an element may be: C24 C25 C26, and channels of one type. */
#include "cases.h"
#include "chan.h"

#include <stdlib.h>
#include <string.h>

/* ---- C24 -------------------------------------------------------------------------------------------------- */

/* Through the buffer; to a receiver that waits; from a sender that waits. */
void c24_copied(void) {
    for (size_t cap = least_cap(); cap <= 2; cap++) {
        weir_chan *c = chan_open(cap);
        struct peer p;
        check_context("cap %zu", cap);
        for (size_t k = times(3); k > 0 && checks_hold(); k--) {
            uint64_t sent = k, got = UNTOUCHED;
            for (size_t i = 0; i < cap; i++) {
                CHECK_IS(weir_chan_try_send(c, &sent), 0);
                sent = 1000; /* once the send returned, the place is the sender's again */
                sent = k + i + 1;
            }
            recv_ids(c, k, cap);
            peer_waits(&p, c, false, 0);
            sent = k;
            CHECK_IS(weir_chan_try_send(c, &sent), 0);
            sent = 1000;
            CHECK_IS(peer_end(&p), 0);
            CHECK_IS(p.v, k);
            send_ids(c, 1, cap);
            peer_waits(&p, c, true, 7);
            CHECK_IS(weir_chan_recv(c, &got), 0);
            CHECK_IS(peer_end(&p), 0);
            p.v = 1000;
            if (cap) recv_ids(c, 2, cap - 1), recv_ids(c, 7, 1);
            CHECK_IS(got, cap ? 1 : 7);
        }
        chan_end(c);
    }
}

/* ---- C25 -------------------------------------------------------------------------------------------------- */

/* Element number k: its bytes are all determined by it. */
static void make(unsigned char *elem, size_t size, unsigned k) {
    for (size_t i = 0; i < size; i++) elem[i] = (unsigned char)(k * 131 + i * 7 + (i >> 8));
}

static void is(const unsigned char *elem, size_t size, unsigned k) {
    for (size_t i = 0; i < size; i++)
        if (!CHECK_IS(elem[i], (unsigned char)(k * 131 + i * 7 + (i >> 8)))) return;
}

struct big {
    weir_chan *c;
    unsigned char *elem;
    bool send;
};

static int64_t big_main(void *arg) {
    struct big *b = arg;
    return b->send ? weir_chan_send(b->c, b->elem) : weir_chan_recv(b->c, b->elem);
}

/* `in` and `out` have no byte more than an element. */
static void elements(weir_chan *c, size_t cap, size_t size, unsigned char *in, unsigned char *out) {
    struct call call;
    for (unsigned lap = 0; lap < 3; lap++) { /* each offset of the buffer */
        for (unsigned k = 0; k < cap; k++) {
            make(in, size, k + lap);
            CHECK_IS(weir_chan_try_send(c, in), 0);
        }
        for (unsigned k = 0; k < cap; k++) {
            CHECK_IS(weir_chan_try_recv(c, out), 0);
            is(out, size, k + lap);
        }
    }
    struct big b = { c, out, false };
    call_start(&call, big_main, &b);
    CHECK(call_sleeps(&call), "a receive returned");
    make(in, size, 50);
    CHECK_IS(weir_chan_try_send(c, in), 0);
    CHECK_IS(call_end(&call), 0);
    is(out, size, 50);

    for (unsigned k = 0; k < cap; k++) make(in, size, k), CHECK_IS(weir_chan_try_send(c, in), 0);
    make(in, size, 51);
    b = (struct big){ c, in, true };
    call_start(&call, big_main, &b);
    CHECK(call_sleeps(&call), "a send returned");
    for (unsigned k = 0; k < cap; k++) {
        CHECK_IS(weir_chan_recv(c, out), 0);
        is(out, size, k);
    }
    CHECK_IS(weir_chan_recv(c, out), 0);
    is(out, size, 51);
    CHECK_IS(call_end(&call), 0);
}

static void elements_of(size_t size, size_t align) {
    for (size_t cap = least_cap(); cap <= 3; cap += cap == 1 ? 2 : 1) {
        void *in = NULL, *out = NULL;
        weir_chan *c = chan_open_size(cap, size);
        check_context("elements of %zu at %zu, cap %zu", size, align, cap);
        bool made =
            align ? posix_memalign(&in, align, size) == 0 && posix_memalign(&out, align, size) == 0
                  : (in = malloc(size ? size : 1)) && (out = malloc(size ? size : 1));
        if (CHECK(made, "no memory")) elements(c, cap, size, in, out);
        free(in);
        free(out);
        chan_end(c);
    }
}

void c25_sizes(void) {
    static const size_t sizes[] = { 1, 2, 3, 4, 8, 12, 16, 24, 64, 100, 4096, 65535, 65536 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes && checks_hold(); i++)
        elements_of(sizes[i], 0);
}

void c25_aligned(void) {
    elements_of(64, 64);
    elements_of(128, 128);
    elements_of(4096, 4096);
    elements_of(256, 4096);
}

/* Elements without bytes: only their number counts. There need not be a place for them. */
void c25_empty(void) {
    elements_of(0, 0);
    for (size_t cap = least_cap(); cap <= 3; cap++) {
        weir_chan *c = chan_open_size(cap, 0);
        check_context("cap %zu", cap);
        for (int lap = 0; lap < 3; lap++) {
            for (size_t k = 0; k < cap; k++) CHECK_IS(weir_chan_try_send(c, NULL), 0);
            CHECK_IS(weir_chan_try_send(c, NULL), WEIR_EAGAIN);
            CHECK_IS(weir_chan_len(c), cap);
            for (size_t k = 0; k < cap; k++) CHECK_IS(weir_chan_try_recv(c, NULL), 0);
            CHECK_IS(weir_chan_try_recv(c, NULL), WEIR_EAGAIN);
        }
        chan_end(c);
    }
}

/* ---- C26 -------------------------------------------------------------------------------------------------- */

struct request {
    weir_chan *reply;
    uint64_t v;
};

/* Answers each request on the channel that came with it, whose reference came along. */
static int64_t serve(void *arg) {
    weir_chan *requests = arg;
    struct request r;
    int64_t served = 0;
    while (weir_chan_recv(requests, &r) == 0) {
        r.v *= 2;
        CHECK_IS(weir_chan_send(r.reply, &r.v), 0);
        CHECK_IS(weir_chan_unref(r.reply), 0);
        served++;
    }
    return served;
}

void c26_channel_through_channel(void) {
    for (size_t cap = least_cap(); cap <= 2; cap++) {
        struct weir_chan_opts o = WEIR_CHAN_OPTS(cap, sizeof(struct request));
        weir_chan *requests = NULL;
        struct call server;
        uint64_t rounds = times(500), v = 0;
        o.kind = K.kind;
        if (!CHECK_IS(weir_chan_new(&requests, &o), 0)) return;
        call_start(&server, serve, requests);
        for (uint64_t k = 0; k < rounds && checks_hold(); k++) {
            weir_chan *reply = chan_open(k % 2 ? 1 : least_cap());
            struct request r = { weir_chan_ref(reply), k };
            CHECK(r.reply == reply, "another channel");
            CHECK_IS(weir_chan_send(requests, &r), 0);
            CHECK_IS(weir_chan_recv(reply, &v), 0);
            CHECK_IS(v, 2 * k);
            CHECK_IS(weir_chan_unref(reply), 0);
        }
        CHECK_IS(weir_chan_close(requests), 0);
        CHECK_IS(call_end(&server), rounds);
        CHECK_IS(weir_chan_unref(requests), 0);
    }
}

/* ---- by value ----------------------------------------------------------------------------------------------- */

struct job {
    char name[20];
    int n;
};
WEIR_CHAN_DECLARE(jobs, struct job);

void c_typed(void) {
    jobs c;
    struct job j = { "one", 1 }, got = { "", 0 };
    if (!CHECK_IS(jobs_new(&c, 2), 0)) return;
    CHECK_IS(jobs_try_recv(c, &got), WEIR_EAGAIN);
    CHECK_IS(jobs_send(c, j), 0);
    CHECK_IS(jobs_try_send(c, (struct job){ "two", 2 }), 0);
    CHECK_IS(jobs_try_send(c, j), WEIR_EAGAIN);
    CHECK_IS(jobs_recv(c, &got), 0);
    CHECK(got.n == 1 && strcmp(got.name, "one") == 0, "job %d, %s", got.n, got.name);
    CHECK_IS(jobs_try_recv(c, &got), 0);
    CHECK(got.n == 2 && strcmp(got.name, "two") == 0, "job %d, %s", got.n, got.name);
    CHECK_IS(weir_chan_close(c.chan), 0);
    CHECK_IS(jobs_send(c, j), WEIR_ECLOSED);
    CHECK_IS(jobs_recv(c, &got), WEIR_ECLOSED);
    CHECK_IS(jobs_unref(c), 0);
}
