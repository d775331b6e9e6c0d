/* SPDX-License-Identifier: MIT */
/* tests/pipeline/merge.c - relays: PIPE10, and what all three have in common. The others: fanout.c. */
#include <weir/merge.h>

#include "../support/failing_alloc.h"
#include "relays.h"

#define INS 3
#define FROM(i) (UINT64_C(1000000) * ((i) + 1))

const unsigned relay_kinds[4] = { WEIR_CHAN_MPMC, WEIR_CHAN_STRICT, WEIR_CHAN_MUTEX,
                                  WEIR_CHAN_SPSC };

void relay_check(weir_relay *r, uint64_t received, uint64_t sent, uint64_t dropped,
                 uint64_t skipped) {
    struct weir_relay_stats s = WEIR_RELAY_STATS;
    CHECK_IS(weir_relay_read_stats(r, &s), 0);
    CHECK_IS(s.received, received);
    CHECK_IS(s.sent, sent);
    CHECK_IS(s.dropped, dropped);
    CHECK_IS(s.skipped, skipped);
}

bool relay_has_received(void *of) {
    const struct relay_count *c = of;
    struct weir_relay_stats s = WEIR_RELAY_STATS;
    (void)weir_relay_read_stats(c->relay, &s);
    return s.received >= c->n;
}

/* ---- PIPE10 ---------------------------------------------------------------------------------------------- */

struct merged {
    weir_chan *in[INS], *out;
    struct feeder feeder[INS];
    weir_relay *relay;
};

static void merged_open(struct merged *m, unsigned kind, size_t cap,
                        const struct weir_relay_opts *o) {
    for (size_t i = 0; i < INS; i++) m->in[i] = chan_open(kind, cap);
    m->out = chan_open(kind, cap);
    CHECK_IS(weir_merge(&m->relay, m->out, m->in, INS, o), 0);
}

static void merged_close(struct merged *m) {
    CHECK_IS(weir_relay_free(m->relay), 0);
    for (size_t i = 0; i < INS; i++) CHECK_IS(weir_chan_unref(m->in[i]), 0);
    CHECK_IS(weir_chan_unref(m->out), 0);
}

/* All that each input was given, in its order; then the output is closed. */
static void merge_once(unsigned kind, size_t cap, uint64_t n) {
    struct merged m;
    uint64_t v, next[INS] = { 0 };
    check_context("kind %u, cap %zu", kind, cap);
    merged_open(&m, kind, cap, NULL);
    for (size_t i = 0; i < INS; i++) feed(&m.feeder[i], m.in[i], FROM(i), n);
    int rc;
    while ((rc = weir_chan_recv(m.out, &v)) == 0) {
        size_t i = (size_t)(v / FROM(0)) - 1;
        if (!CHECK(i < INS && v == FROM(i) + next[i], "%llu came", (unsigned long long)v)) break;
        next[i]++;
    }
    CHECK_IS(rc, WEIR_ECLOSED);
    for (size_t i = 0; i < INS; i++) {
        CHECK_IS(feed_end(&m.feeder[i]), n);
        CHECK_IS(next[i], n);
    }
    CHECK_IS(weir_relay_wait(m.relay), 0);
    relay_check(m.relay, INS * n, INS * n, 0, 0);
    merged_close(&m);
}

static void pipe10_order(void) {
    for (size_t k = 0; k < 4; k++) {
        merge_once(relay_kinds[k], 0, times(300));
        merge_once(relay_kinds[k], 1, times(1000));
        merge_once(relay_kinds[k], 64, times(10000));
    }
}

static void pipe10_none(void) {
    for (size_t k = 0; k < 4; k++) {
        weir_chan *out = chan_open(relay_kinds[k], 1);
        weir_relay *r;
        uint64_t v;
        CHECK_IS(weir_merge(&r, out, NULL, 0, NULL), 0);
        CHECK_IS(weir_chan_recv_wait(out, &v, weir_after(10000 * MS), NULL), WEIR_ECLOSED);
        CHECK_IS(weir_relay_wait(r), 0);
        CHECK_IS(weir_relay_free(r), 0);
        CHECK_IS(weir_chan_unref(out), 0);
    }
}

/* An input that is not closed yet keeps the output open, also after the others. */
static void pipe10_last(void) {
    struct merged m;
    uint64_t v = 7;
    bool ended = true;
    merged_open(&m, WEIR_CHAN_MPMC, 4, NULL);
    CHECK_IS(weir_chan_close(m.in[0]), 0);
    CHECK_IS(weir_chan_close(m.in[2]), 0);
    CHECK_IS(weir_chan_recv_wait(m.out, &v, weir_after(3 * MS), NULL), WEIR_ETIMEDOUT);
    CHECK_IS(weir_relay_wait_wait(m.relay, &ended, WEIR_NOW, NULL), WEIR_EAGAIN);
    CHECK_IS(weir_relay_wait_wait(m.relay, &ended, weir_after(MS), NULL), WEIR_ETIMEDOUT);
    CHECK(!ended, "it has ended");
    CHECK_IS(weir_chan_send(m.in[1], &v), 0);
    CHECK_IS(weir_chan_recv(m.out, &v), 0);
    CHECK_IS(weir_chan_close(m.in[1]), 0);
    CHECK_IS(weir_chan_recv(m.out, &v), WEIR_ECLOSED);
    CHECK_IS(weir_relay_wait_wait(m.relay, &ended, WEIR_FOREVER, NULL), 0);
    CHECK(ended, "it has not ended");
    merged_close(&m);
}

/* While it waits for an input; and while it waits for room, with elements in hand. */
static void cancel_once(unsigned kind, bool full) {
    struct merged m;
    weir_au32 drops = { 0 };
    struct weir_relay_opts o = WEIR_RELAY_OPTS;
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    bool ended = false;
    check_context("kind %u, %s", kind, full ? "full" : "empty");
    o.ctx = ctx;
    o.batch = 4;
    o.drop = count_drop;
    o.drop_arg = &drops;
    merged_open(&m, kind, 8, &o);
    for (uint64_t v = 0; full && v < 8; v++) CHECK_IS(weir_chan_send(m.out, &v), 0);
    for (uint64_t v = 0; full && v < 6; v++) CHECK_IS(weir_chan_send(m.in[1], &v), 0);
    struct relay_count four = { m.relay, full ? 1 : 0 };
    CHECK(comes_true(relay_has_received, &four), "nothing was received");
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    CHECK_IS(weir_relay_wait_wait(m.relay, &ended, WEIR_FOREVER, NULL), WEIR_ECANCELED);
    CHECK(ended, "it has not ended");
    CHECK(weir_chan_is_closed(m.out), "the output is open");
    size_t lost = weir_load_relaxed(&drops);
    CHECK(lost >= (full ? 1 : 0) && lost <= (full ? 4 : 0), "%zu dropped", lost);
    if (full) CHECK_IS(weir_chan_len(m.in[1]), 6 - lost); /* what was not received stays */
    relay_check(m.relay, lost, 0, lost, 0);
    merged_close(&m);
    weir_ctx_unref(ctx);
}

static void pipe10_cancel(void) {
    for (size_t k = 0; k < 4; k++) {
        cancel_once(relay_kinds[k], false);
        if (relay_kinds[k] != WEIR_CHAN_SPSC) cancel_once(relay_kinds[k], true);
    }
}

static void pipe10_deadline(void) {
    struct merged m;
    struct weir_relay_opts o = WEIR_RELAY_OPTS;
    weir_time at = weir_after(3 * MS);
    o.ctx = ctx_open(NULL, at);
    merged_open(&m, WEIR_CHAN_MPMC, 8, &o);
    CHECK_IS(weir_relay_wait(m.relay), WEIR_ETIMEDOUT);
    CHECK(weir_now() >= at, "early");
    merged_close(&m);
    weir_ctx_unref(o.ctx);
}

/* Somebody else closes the output. */
static void pipe10_output_closed(void) {
    struct merged m;
    weir_au32 drops = { 0 };
    struct weir_relay_opts o = WEIR_RELAY_OPTS;
    uint64_t v = 1;
    o.drop = count_drop;
    o.drop_arg = &drops;
    merged_open(&m, WEIR_CHAN_STRICT, 8, &o);
    CHECK_IS(weir_chan_close(m.out), 0);
    CHECK_IS(weir_chan_send(m.in[0], &v), 0);
    CHECK_IS(weir_relay_wait(m.relay), WEIR_ECLOSED);
    CHECK_IS(weir_load_relaxed(&drops), 1);
    merged_close(&m);
}

/* Freed while it runs: it is cancelled. */
static void pipe10_free(void) {
    for (size_t i = 0; i < times(50); i++) {
        struct merged m;
        merged_open(&m, relay_kinds[i % 4], 2, NULL);
        for (size_t k = 0; k < INS; k++) {
            feed(&m.feeder[k], m.in[k], FROM(k), 1);
            CHECK_IS(feed_end(&m.feeder[k]), 1);
        }
        merged_close(&m);
    }
    CHECK_IS(weir_relay_free(NULL), 0);
}

/* ---- what is refused ------------------------------------------------------------------------------------- */

static void refuse(weir_chan *out, weir_chan *const *ins, size_t n, const struct weir_relay_opts *o,
                   int code) {
    weir_relay *r = (weir_relay *)(void *)&o;
    CHECK_IS(weir_merge(&r, out, ins, n, o), code);
    CHECK(!r, "a relay came");
}

static void bad_arguments(void) {
    weir_chan *a = chan_open(WEIR_CHAN_MPMC, 4), *b = chan_open(WEIR_CHAN_MUTEX, 4), *wide = NULL;
    struct weir_chan_opts w = WEIR_CHAN_OPTS(4, 12);
    struct weir_relay_opts o = WEIR_RELAY_OPTS;
    struct weir_relay_stats stats = WEIR_RELAY_STATS;
    weir_relay *r = NULL;
    weir_exec none = { NULL, NULL };
    CHECK_IS(weir_chan_new(&wide, &w), 0);
    count_misuse(true);
    CHECK_IS(weir_merge(NULL, a, &a, 1, NULL), WEIR_EINVAL);
    refuse(NULL, &a, 1, NULL, WEIR_EINVAL);
    refuse(a, NULL, 1, NULL, WEIR_EINVAL);
    refuse(a, (weir_chan *[]){ a, NULL }, 2, NULL, WEIR_EINVAL);
    refuse(a, &wide, 1, NULL, WEIR_EINVAL);
    refuse(a, (weir_chan *[]){ a, b }, 2, NULL, WEIR_EINVAL); /* no select has both */
    refuse(a, &a, WEIR_SELECT_MAX + 1, NULL, WEIR_ETOOBIG);
    o.full = WEIR_FULL_DROP; /* of a broadcast */
    refuse(a, &a, 1, &o, WEIR_EINVAL);
    o.full = 0;
    o.batch = 65537;
    refuse(a, &a, 1, &o, WEIR_EINVAL);
    o.batch = 0;
    o.on = &none;
    refuse(a, &a, 1, &o, WEIR_EINVAL);
    o.size--;
    refuse(a, &a, 1, &o, WEIR_EINVAL);
    CHECK_IS(weir_fanout(&r, &a, 0, a, NULL), WEIR_EINVAL);
    CHECK_IS(weir_fanout(&r, NULL, 1, a, NULL), WEIR_EINVAL);
    CHECK_IS(weir_broadcast(&r, &a, 1, NULL, NULL), WEIR_EINVAL);
    CHECK_IS(misuse_counted(), 1); /* of select */
    CHECK_IS(weir_relay_wait(NULL), WEIR_EINVAL);
    CHECK_IS(misuse_counted(), 2);
    count_misuse(false);
    CHECK_IS(weir_relay_read_stats(NULL, &stats), WEIR_EINVAL);
    CHECK_IS(weir_chan_unref(a), 0); /* no reference was taken: LeakSanitizer */
    CHECK_IS(weir_chan_unref(b), 0);
    CHECK_IS(weir_chan_unref(wide), 0);
}

static void executors(void) {
    struct counting_exec e;
    struct weir_relay_opts o = WEIR_RELAY_OPTS;
    struct merged m;
    uint64_t v;
    counting_exec_init(&e, 2, WEIR_ESTOPPED);
    o.on = &e.as;
    merged_open(&m, WEIR_CHAN_MPMC, 8, &o);
    refuse(m.out, m.in, INS, &o, WEIR_ESTOPPED); /* the second is refused */
    for (size_t i = 0; i < INS; i++) feed(&m.feeder[i], m.in[i], FROM(i), 10);
    size_t n = 0;
    while (weir_chan_recv(m.out, &v) == 0) n++;
    CHECK_IS(n, 10 * INS);
    for (size_t i = 0; i < INS; i++) CHECK_IS(feed_end(&m.feeder[i]), 10);
    merged_close(&m);
    CHECK_IS(weir_load_relaxed(&e.submitted), 2);
}

static void want_of_memory(void) {
    struct failing_alloc f;
    struct weir_relay_opts o = WEIR_RELAY_OPTS;
    weir_chan *out = chan_open(WEIR_CHAN_MPMC, 1), *in = chan_open(WEIR_CHAN_MPMC, 1);
    weir_relay *r;
    size_t at = 1;
    for (;; at++) {
        failing_alloc_init(&f, at);
        o.alloc = &f.as;
        int rc = weir_merge(&r, out, &in, 1, &o);
        if (rc == 0) break;
        CHECK_IS(rc, WEIR_ENOMEM);
        CHECK(!r && f.out == 0, "%zu blocks are out", f.out);
    }
    CHECK_IS(at, 2);
    CHECK_IS(weir_relay_free(r), 0);
    CHECK_IS(f.out, 0);
    CHECK_IS(weir_chan_unref(out), 0);
    CHECK_IS(weir_chan_unref(in), 0);
}

static const struct test tests[] = {
    { "PIPE10 merge: each input's order is kept, and the output closes when all have",
      pipe10_order },
    { "PIPE10 merge: n = 0 closes at once", pipe10_none },
    { "PIPE10 merge: one open input keeps the output open", pipe10_last },
    { "PIPE10 merge: a cancel ends it, idle or full; what it holds is dropped", pipe10_cancel },
    { "PIPE10 merge: a deadline ends it, not early", pipe10_deadline },
    { "PIPE10 merge: an output that others close ends it", pipe10_output_closed },
    { "PIPE10 merge: freed while it runs", pipe10_free },
    { "PIPE10 merge: bad arguments are refused, and nothing is kept", bad_arguments },
    { "PIPE10 merge: on an executor, and one that refuses", executors },
    { "PIPE10 merge: allocation failure n-th", want_of_memory },
    { "PIPE11 fan-out: each element goes to exactly one", pipe11_one },
    { "PIPE11 fan-out: one that is full holds up none", pipe11_full },
    { "PIPE11 fan-out: outputs that others close are left out", pipe11_closed },
    { "PIPE11 broadcast: all get all, in order", pipe11_all },
    { "PIPE11 broadcast: the slowest holds up all", pipe11_slowest },
    { "PIPE11 broadcast: what one has no room for is dropped and counted", pipe11_drop },
    { "PIPE11 broadcast: outputs that others close are left out", pipe11_all_closed },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "merge", tests, sizeof tests / sizeof *tests);
}
