/* SPDX-License-Identifier: MIT */
/* tests/pipeline/fanout.c - PIPE11: fan-out and broadcast. */
#include "relays.h"

#define OUTS 3

struct spread {
    weir_chan *in, *out[OUTS];
    weir_relay *relay;
};

static void spread_open(struct spread *s, unsigned kind, size_t cap, bool all,
                        const struct weir_relay_opts *o) {
    s->in = chan_open(kind, cap ? 64 : 0);
    for (size_t i = 0; i < OUTS; i++) s->out[i] = chan_open(kind, cap);
    CHECK_IS(all ? weir_broadcast(&s->relay, s->out, OUTS, s->in, o)
                 : weir_fanout(&s->relay, s->out, OUTS, s->in, o),
             0);
}

static void spread_close(struct spread *s) {
    CHECK_IS(weir_relay_free(s->relay), 0);
    CHECK_IS(weir_chan_unref(s->in), 0);
    for (size_t i = 0; i < OUTS; i++) CHECK_IS(weir_chan_unref(s->out[i]), 0);
}

/* Receives until closed; in order, but perhaps not all. */
struct taker {
    weir_chan *from;
    uint64_t n, sum;
    struct call call;
};

static int64_t take_all(void *arg) {
    struct taker *t = arg;
    uint64_t v, last = 0;
    int rc;
    while ((rc = weir_chan_recv(t->from, &v)) == 0) {
        if (!CHECK(v > last, "%llu after %llu", (unsigned long long)v, (unsigned long long)last))
            break;
        last = v;
        t->n++;
        t->sum += v;
    }
    return rc;
}

static void takers_start(struct taker *t, struct spread *s) {
    for (size_t i = 0; i < OUTS; i++) {
        t[i] = (struct taker){ .from = s->out[i] };
        call_start(&t[i].call, take_all, &t[i]);
    }
}

/* ---- fan-out ------------------------------------------------------------------------------------------------ */

static void spread_once(unsigned kind, size_t cap, bool all, uint64_t n) {
    struct spread s;
    struct taker t[OUTS];
    struct feeder f;
    uint64_t got = 0, sum = 0, want = n * (n + 1) / 2;
    check_context("kind %u, cap %zu", kind, cap);
    spread_open(&s, kind, cap, all, NULL);
    takers_start(t, &s);
    feed(&f, s.in, 1, n);
    for (size_t i = 0; i < OUTS; i++) {
        CHECK_IS(call_end(&t[i].call), WEIR_ECLOSED);
        got += t[i].n;
        sum += t[i].sum;
        if (all) CHECK_IS(t[i].sum, want);
    }
    CHECK_IS(feed_end(&f), n);
    CHECK_IS(got, all ? OUTS * n : n);
    CHECK_IS(sum, all ? OUTS * want : want);
    CHECK_IS(weir_relay_wait(s.relay), 0);
    relay_check(s.relay, n, got, 0, 0);
    spread_close(&s);
}

static void spread_kinds(bool all) {
    for (size_t k = 0; k < 4; k++) {
        spread_once(relay_kinds[k], 0, all, times(300));
        spread_once(relay_kinds[k], 1, all, times(1000));
        spread_once(relay_kinds[k], 16, all, times(10000));
    }
}

void pipe11_one(void) { spread_kinds(false); }
void pipe11_all(void) { spread_kinds(true); }

/* Nobody takes from outputs 0 and 2: all that does not fit there goes to output 1. */
void pipe11_full(void) {
    enum { CAP = 4, N = 100 };
    for (size_t k = 0; k < 4; k++) {
        struct spread s;
        struct feeder f;
        uint64_t v, n = 0, sum = 0;
        spread_open(&s, relay_kinds[k], CAP, false, NULL);
        feed(&f, s.in, 1, N);
        while (n < N - 2 * CAP && weir_chan_recv(s.out[1], &v) == 0) {
            n++;
            sum += v;
        }
        CHECK_IS(weir_chan_recv(s.out[1], &v), WEIR_ECLOSED);
        CHECK_IS(feed_end(&f), N);
        for (size_t i = 0; i < OUTS; i += 2) {
            CHECK_IS(weir_chan_len(s.out[i]), CAP);
            while (weir_chan_try_recv(s.out[i], &v) == 0) sum += v;
        }
        CHECK_IS(sum, N * (N + 1) / 2);
        spread_close(&s);
    }
}

void pipe11_closed(void) {
    enum { N = 100 };
    weir_au32 drops = { 0 };
    struct weir_relay_opts o = WEIR_RELAY_OPTS;
    struct spread s;
    struct feeder f;
    uint64_t v, n = 0, more = 1;
    o.drop = count_drop;
    o.drop_arg = &drops;
    spread_open(&s, WEIR_CHAN_STRICT, 4, false, &o);
    CHECK_IS(weir_chan_close(s.out[0]), 0);
    CHECK_IS(weir_chan_close(s.out[2]), 0);
    f.stays_open = true;
    feed(&f, s.in, 1, N);
    while (n < N && weir_chan_recv(s.out[1], &v) == 0) CHECK_IS(v, ++n);
    CHECK_IS(feed_end(&f), N);
    CHECK_IS(weir_relay_wait(s.relay), 0);
    CHECK_IS(weir_load_relaxed(&drops), 0);
    spread_close(&s);
    /* All are closed while it waits for room, with one element in hand. */
    spread_open(&s, WEIR_CHAN_STRICT, 0, false, &o);
    CHECK_IS(weir_chan_send(s.in, &more), 0);
    struct relay_count one = { s.relay, 1 };
    CHECK(comes_true(relay_has_received, &one), "it was not received");
    for (size_t i = 0; i < OUTS; i++) CHECK_IS(weir_chan_close(s.out[i]), 0);
    CHECK_IS(weir_relay_wait(s.relay), WEIR_ECLOSED);
    CHECK_IS(weir_load_relaxed(&drops), 1);
    relay_check(s.relay, 1, 0, 1, 0);
    spread_close(&s);
}

/* ---- broadcast ---------------------------------------------------------------------------------------------- */

/* Output 2 is not read: the others get what fits there, and one element more. */
void pipe11_slowest(void) {
    enum { CAP = 4 };
    for (size_t k = 0; k < 4; k++) {
        struct spread s;
        struct feeder f;
        uint64_t v;
        spread_open(&s, relay_kinds[k], CAP, true, NULL);
        feed(&f, s.in, 1, 10);
        for (size_t i = 0; i < 2; i++) {
            for (uint64_t want = 1; want <= CAP + 1; want++) {
                CHECK_IS(weir_chan_recv(s.out[i], &v), 0);
                CHECK_IS(v, want);
            }
            CHECK_IS(weir_chan_recv_wait(s.out[i], &v, weir_after(2 * MS), NULL), WEIR_ETIMEDOUT);
        }
        CHECK_IS(weir_chan_recv(s.out[2], &v), 0); /* room for one more */
        CHECK_IS(weir_chan_recv(s.out[0], &v), 0);
        CHECK_IS(v, CAP + 2);
        CHECK_IS(feed_end(&f), 10);
        spread_close(&s);
    }
}

/* Output 2 is not read: it keeps the first ones, the others get all. */
void pipe11_drop(void) {
    enum { CAP = 4, N = 50 };
    weir_au32 drops = { 0 };
    struct weir_relay_opts o = WEIR_RELAY_OPTS;
    struct spread s;
    uint64_t v;
    o.full = WEIR_FULL_DROP;
    o.drop = count_drop;
    o.drop_arg = &drops;
    spread_open(&s, WEIR_CHAN_STRICT, CAP, true, &o);
    for (uint64_t want = 1; want <= N; want++) { /* in step: room for all but output 2 */
        CHECK_IS(weir_chan_send(s.in, &want), 0);
        for (size_t i = 0; i < 2; i++) {
            CHECK_IS(weir_chan_recv(s.out[i], &v), 0);
            CHECK_IS(v, want);
        }
    }
    CHECK_IS(weir_chan_close(s.in), 0);
    CHECK_IS(weir_relay_wait(s.relay), 0);
    for (uint64_t want = 1; want <= CAP; want++) {
        CHECK_IS(weir_chan_recv(s.out[2], &v), 0);
        CHECK_IS(v, want);
    }
    CHECK_IS(weir_chan_recv(s.out[2], &v), WEIR_ECLOSED);
    CHECK_IS(weir_load_relaxed(&drops), N - CAP);
    relay_check(s.relay, N, 2 * N + CAP, N - CAP, N - CAP);
    spread_close(&s);
}

static bool one_dropped(void *drops) { return weir_load_relaxed((weir_au32 *)drops) == 1; }

/* Each element has its copies, one for each output, also those that are closed: sent, or dropped. */
void pipe11_all_closed(void) {
    weir_au32 drops = { 0 };
    struct weir_relay_opts o = WEIR_RELAY_OPTS;
    struct spread s;
    uint64_t v = 1;
    o.drop = count_drop;
    o.drop_arg = &drops;
    spread_open(&s, WEIR_CHAN_STRICT, 4, true, &o);
    CHECK_IS(weir_chan_close(s.out[0]), 0);
    CHECK_IS(weir_chan_send(s.in, &v), 0);
    for (size_t i = 1; i < OUTS; i++) CHECK_IS(weir_chan_recv(s.out[i], &v), 0);
    CHECK(comes_true(one_dropped, &drops), "nothing was dropped");
    CHECK_IS(weir_chan_close(s.out[1]), 0);
    CHECK_IS(weir_chan_close(s.out[2]), 0);
    CHECK_IS(weir_chan_send(s.in, &v), 0);
    CHECK_IS(weir_relay_wait(s.relay), WEIR_ECLOSED);
    CHECK_IS(weir_load_relaxed(&drops), 1 + 3);
    relay_check(s.relay, 2, 2, 4, 0);
    spread_close(&s);
}
