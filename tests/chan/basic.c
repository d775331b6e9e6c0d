/* SPDX-License-Identifier: MIT */
/* tests/chan/basic.c - shapes, len and cap, NULL, try calls, the bytes of an element: C01 C02 C03 C13 C22 to
 * C26. */
#include "cases.h"
#include "chan.h"

#include "../support/failing_alloc.h"

#include <stdlib.h>
#include <string.h>

/* ---- C01 -------------------------------------------------------------------------------------------------- */

void c01_rendezvous(void) {
    weir_chan *c = chan_open(0);
    struct peer p;
    uint64_t v = UNTOUCHED;
    CHECK_IS(try_send(c, 1), WEIR_EAGAIN);
    CHECK_IS(try_recv(c, &v), WEIR_EAGAIN);
    for (uint64_t k = 1; k <= 3 && checks_hold(); k++) {
        peer_waits(&p, c, false, 0);
        CHECK_IS(weir_chan_len(c), 0);
        CHECK_IS(weir_chan_send(c, &k), 0);
        CHECK_IS(peer_end(&p), 0);
        CHECK_IS(p.v, k);
        peer_waits(&p, c, true, 10 * k);
        CHECK_IS(weir_chan_len(c), 0);
        CHECK_IS(weir_chan_recv(c, &v), 0);
        CHECK_IS(v, 10 * k);
        CHECK_IS(peer_end(&p), 0);
    }
    chan_end(c);
}

/* One shape that is refused, before anything is asked of the allocator. */
static void refused(size_t cap, size_t elem_size) {
    struct weir_chan_opts o = WEIR_CHAN_OPTS(cap, elem_size);
    weir_chan *c = (weir_chan *)(void *)&o;
    struct failing_alloc f;
    failing_alloc_init(&f, 0);
    check_context("cap %zu, elements of %zu", cap, elem_size);
    o.kind = K.kind;
    o.alloc = &f.as;
    CHECK_IS(weir_chan_new(&c, &o), WEIR_EINVAL);
    CHECK(!c, "*out is not NULL");
    CHECK_IS(f.requests, 0);
}

void c01_refused(void) {
    refused(WEIR_RING_CAP_MAX + 1, 8);
    refused(WEIR_RING_CAP_MAX + 1, 0);
    refused(SIZE_MAX, 1);
    refused(SIZE_MAX, 0);
    refused(1, WEIR_RING_ELEM_MAX + 1);
    refused(0, WEIR_RING_ELEM_MAX + 1);
    refused(1, SIZE_MAX);
    refused((size_t)1 << 32, (size_t)1 << 32); /* the product is 0 */
    refused(SIZE_MAX / 2, 4);
    refused(SIZE_MAX, SIZE_MAX);
}

/* The largest that may be asked for: refused by the allocator, if anybody. */
void c01_no_memory(void) {
    static const struct {
        size_t cap, size;
    } shapes[] = { { WEIR_RING_CAP_MAX, WEIR_RING_ELEM_MAX }, { 4, 8 }, { 0, 8 }, { 4, 0 } };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct weir_chan_opts o = WEIR_CHAN_OPTS(shapes[i].cap, shapes[i].size);
        weir_chan *c = (weir_chan *)(void *)&o;
        struct failing_alloc f;
        if (shapes[i].cap < least_cap()) continue;
        failing_alloc_init(&f, 1);
        o.kind = K.kind;
        o.alloc = &f.as;
        CHECK_IS(weir_chan_new(&c, &o), WEIR_ENOMEM);
        CHECK(!c, "*out is not NULL");
        CHECK(f.refused == 1 && f.out == 0, "%zu refused, %zu blocks left", f.refused, f.out);
    }
}

static void refused_opts(const struct weir_chan_opts *o) {
    weir_chan *c = (weir_chan *)(void *)&c;
    CHECK_IS(weir_chan_new(&c, o), WEIR_EINVAL);
    CHECK(!c, "*out is not NULL");
}

void c01_options(void) {
    static const unsigned kinds[] = { 77, 0x80000000u, UINT32_MAX };
    struct weir_chan_opts good = WEIR_CHAN_OPTS(2, 8), o;
    good.kind = K.kind;
    count_misuse(true);
    refused_opts(NULL);
    for (size_t size = 0; size < 3 * sizeof good; size++) {
        if (size == sizeof good) continue;
        o = good;
        o.size = size;
        refused_opts(&o);
    }
    for (unsigned bit = 0; bit < 32; bit++) {
        o = good;
        o.flags = 1u << bit;
        refused_opts(&o);
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        o = good;
        o.kind = kinds[i];
        refused_opts(&o);
    }
    CHECK_IS(weir_chan_new(NULL, &good), WEIR_EINVAL);
    CHECK_IS(weir_chan_new(NULL, NULL), WEIR_EINVAL);
    count_misuse(false);
}

/* ---- C02 -------------------------------------------------------------------------------------------------- */

void c02_quiescent(void) {
    static const size_t caps[] = { 0, 1, 2, 3, 5, 64 };
    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++) {
        if (caps[i] < least_cap()) continue;
        weir_chan *c = chan_open(caps[i]);
        check_context("cap %zu", caps[i]);
        CHECK_IS(weir_chan_cap(c), caps[i]);
        for (int lap = 0; lap < 3; lap++) {
            for (size_t k = 0; k < caps[i]; k++) {
                CHECK_IS(weir_chan_len(c), k);
                send_ids(c, k, 1);
            }
            CHECK_IS(weir_chan_len(c), caps[i]);
            CHECK_IS(try_send(c, 99), WEIR_EAGAIN);
            CHECK_IS(weir_chan_len(c), caps[i]);
            for (size_t k = 0; k < caps[i]; k++) {
                recv_ids(c, k, 1);
                CHECK_IS(weir_chan_len(c), caps[i] - k - 1);
            }
        }
        chan_end(c);
    }
    CHECK_IS(weir_chan_len(NULL), 0);
    CHECK_IS(weir_chan_cap(NULL), 0);
}

struct bounded {
    weir_chan *c;
    size_t pairs, n;
    weir_au32 working;
};

static void bounded_member(void *arg, size_t i) {
    struct bounded *b = arg;
    if (i == 2 * b->pairs) { /* it only looks */
        while (weir_load_relaxed(&b->working) && checks_hold()) {
            size_t len = weir_chan_len(b->c), cap = weir_chan_cap(b->c);
            CHECK(len <= cap, "len %zu, cap %zu", len, cap);
        }
        return;
    }
    for (size_t k = 0; k < b->n; k++) {
        uint64_t v = k;
        int rc = i % 2 ? weir_chan_send(b->c, &v) : weir_chan_recv(b->c, &v);
        CHECK_IS(rc, 0);
    }
    (void)weir_fetch_sub_relaxed(&b->working, 1);
}

void c02_concurrent(void) {
    static const size_t caps[] = { 0, 1, 3 };
    for (size_t i = 0; i < 3; i++) {
        if (caps[i] < least_cap()) continue;
        struct bounded b = { .c = chan_open(caps[i]),
                             .pairs = K.has & HAS_MANY ? 2 : 1,
                             .n = times(4000) };
        check_context("cap %zu", caps[i]);
        weir_init_atomic(&b.working, (uint32_t)(2 * b.pairs));
        team_run(2 * b.pairs + 1, bounded_member, &b);
        CHECK_IS(weir_chan_len(b.c), 0);
        chan_end(b.c);
    }
}

/* ---- C03 -------------------------------------------------------------------------------------------------- */

void c03_nil_now(void) {
    uint64_t v = 5;
    count_misuse(true);
    CHECK_IS(weir_chan_close(NULL), WEIR_EINVAL);
    CHECK_IS(misuse_counted(), 1);
    CHECK_IS(weir_chan_try_send(NULL, &v), WEIR_EAGAIN);
    CHECK_IS(weir_chan_try_recv(NULL, &v), WEIR_EAGAIN);
    CHECK_IS(weir_chan_try_send(NULL, NULL), WEIR_EAGAIN);
    CHECK_IS(weir_chan_try_recv(NULL, NULL), WEIR_EAGAIN);
    CHECK(!weir_chan_is_closed(NULL), "closed");
    CHECK(!weir_chan_waitable(NULL), "a waitable of nothing");
    CHECK(!weir_chan_ref(NULL), "a reference on nothing");
    CHECK_IS(weir_chan_unref(NULL), 0);
    CHECK_IS(misuse_counted(), 1);
    CHECK_IS(v, 5);
    count_misuse(false);
}

static int64_t send_nil(void *arg) { return weir_chan_send(NULL, arg); }
static int64_t recv_nil(void *arg) { return weir_chan_recv(NULL, arg); }

void c03_nil_for_ever(void) {
    static struct call send, recv;
    static uint64_t v;
    struct peer p[2];
    weir_ctx *ctx = NULL;
    call_for_ever(&send, send_nil, &v);
    call_for_ever(&recv, recv_nil, &v);
    for (int i = 0; i < 2; i++) { /* but a deadline and a context end it */
        weir_time d = weir_after(2 * MS);
        check_late(
            i ? weir_chan_send_wait(NULL, &v, d, NULL) : weir_chan_recv_wait(NULL, &v, d, NULL), d);
    }
    if (!CHECK_IS(weir_ctx_new(&ctx, NULL, WEIR_FOREVER), 0)) return;
    for (int i = 0; i < 2; i++) {
        peer_start_until(&p[i], NULL, i, 1, WEIR_FOREVER, ctx);
        CHECK(call_sleeps(&p[i].call), "it returned");
    }
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    for (int i = 0; i < 2; i++) CHECK_IS(peer_end(&p[i]), WEIR_ECANCELED);
    weir_ctx_unref(ctx);
    sleep_ms(5);
    CHECK(!call_done(&send) && !call_done(&recv), "a call on no channel returned");
}

/* ---- C13 -------------------------------------------------------------------------------------------------- */

void c13_send_waits(void) {
    weir_chan *c = chan_open(0);
    for (size_t k = times(3); k > 0 && checks_hold(); k--) {
        struct peer p;
        uint64_t v = UNTOUCHED;
        peer_waits(&p, c, true, k);
        CHECK(!call_returns(&p.call, 10), "a send returned before a receiver came");
        CHECK_IS(weir_chan_recv(c, &v), 0);
        CHECK_IS(v, k);
        CHECK_IS(peer_end(&p), 0);
    }
    chan_end(c);
}

void c13_try(void) {
    weir_chan *c = chan_open(0);
    for (size_t k = times(3); k > 0 && checks_hold(); k--) {
        struct peer p;
        uint64_t v = UNTOUCHED;
        CHECK_IS(try_send(c, k), WEIR_EAGAIN);
        peer_waits(&p, c, false, 0);
        CHECK_IS(try_recv(c, &v), WEIR_EAGAIN); /* a receiver is no partner for a receiver */
        CHECK_IS(try_send(c, k), 0);
        CHECK_IS(try_send(c, k + 1), WEIR_EAGAIN); /* it was the only one */
        CHECK_IS(peer_end(&p), 0);
        CHECK_IS(p.v, k);

        CHECK_IS(try_recv(c, &v), WEIR_EAGAIN);
        peer_waits(&p, c, true, 2 * k);
        CHECK_IS(try_send(c, 1), WEIR_EAGAIN);
        CHECK_IS(try_recv(c, &v), 0);
        CHECK_IS(v, 2 * k);
        CHECK_IS(try_recv(c, &v), WEIR_EAGAIN);
        CHECK_IS(peer_end(&p), 0);

        peer_start_until(&p, c, false, 0, weir_after(MS), NULL); /* one that left is none */
        CHECK_IS(peer_end(&p), WEIR_ETIMEDOUT);
        CHECK_IS(try_send(c, k), WEIR_EAGAIN);
    }
    chan_end(c);
}

/* ---- C22, C23 --------------------------------------------------------------------------------------------- */

struct visible {
    weir_chan *c;
    size_t n;
};

/* As many threads as there is room: each sends, so somebody's element is there for its receive. */
static void visible_member(void *arg, size_t i) {
    struct visible *s = arg;
    uint64_t v = i;
    for (size_t k = 0; k < s->n && checks_hold(); k++) {
        CHECK_IS(weir_chan_send(s->c, &v), 0);
        unsigned failures = 0;
        int rc;
        while ((rc = weir_chan_try_recv(s->c, &v)) == WEIR_EBUSY && checks_hold()) {
            CHECK(!(K.has & HAS_EXACT), "EBUSY");
            give_way(&failures);
        }
        CHECK_IS(rc, 0);
    }
}

void c22_alone(void) {
    for (size_t cap = 1; cap <= 4; cap++) {
        weir_chan *c = chan_open(cap);
        for (uint64_t k = 0; k < 50 && checks_hold(); k++) {
            uint64_t v = UNTOUCHED;
            CHECK_IS(weir_chan_send(c, &k), 0);
            CHECK_IS(weir_chan_try_recv(c, &v), 0); /* nothing is in flight: not EBUSY either */
            CHECK_IS(v, k);
        }
        chan_end(c);
    }
}

void c22_many(void) {
    for (size_t threads = 2; threads <= 6; threads += 2) {
        struct visible s = { chan_open(threads), times(4000) };
        check_context("%zu threads", threads);
        points_delay(threads == 4);
        team_run(threads, visible_member, &s);
        points_delay(false);
        CHECK_IS(weir_chan_len(s.c), 0);
        chan_end(s.c);
    }
}

void c23_no_effect(void) {
    for (size_t cap = least_cap(); cap <= 3; cap++) {
        weir_chan *c = chan_open(cap);
        uint64_t v = UNTOUCHED;
        check_context("cap %zu", cap);
        for (int k = 0; k < 5; k++) {
            CHECK_IS(try_recv(c, &v), WEIR_EAGAIN);
            CHECK_IS(weir_chan_recv_wait(c, &v, -1, NULL), WEIR_ETIMEDOUT);
            CHECK(v == UNTOUCHED && weir_chan_len(c) == 0, "a failed receive did something");
        }
        send_ids(c, 1, cap);
        for (int k = 0; k < 5; k++) {
            uint64_t w = 50;
            CHECK_IS(try_send(c, 50), WEIR_EAGAIN);
            CHECK_IS(weir_chan_send_wait(c, &w, -1, NULL), WEIR_ETIMEDOUT);
            CHECK(w == 50 && weir_chan_len(c) == cap, "a failed send did something");
        }
        recv_ids(c, 1, cap);
        CHECK_IS(try_recv(c, &v), WEIR_EAGAIN);
        chan_end(c);
    }
}

/* ---- misuse ------------------------------------------------------------------------------------------------ */

void c_bad_arguments(void) {
    weir_chan *c = chan_open(2);
    count_misuse(true);
    send_ids(c, 1, 1);
    CHECK_IS(weir_chan_send(c, NULL), WEIR_EINVAL);
    CHECK_IS(weir_chan_try_send(c, NULL), WEIR_EINVAL);
    CHECK_IS(weir_chan_recv(c, NULL), WEIR_EINVAL);
    CHECK_IS(weir_chan_try_recv(c, NULL), WEIR_EINVAL);
    CHECK_IS(misuse_counted(), 4);
    CHECK_IS(weir_chan_len(c), 1);
    recv_ids(c, 1, 1);
    count_misuse(false);
    chan_end(c);
}
