/* SPDX-License-Identifier: MIT */
/* tests/chan/stream.c - C29: senders send numbered elements, receivers take them.
 *
 * Each element has a word: 0 (not sent yet), 1 (its send has begun), 2 (received). A receiver moves it from 1
 * to 2 by compare-and-swap, so an element that comes twice, or that nobody sent, is seen at once; at the
 * end all words are 2. Each receiver keeps the last number that it had from each sender. */
#include "cases.h"
#include "chan.h"

#include "../support/child.h"

#include <stdlib.h>

enum { WAITING, TRYING, TIMED, SELECTING, MIXED, MANY }; /* MANY: by recv_many; else as WAITING */

struct stream {
    weir_chan *c;
    size_t senders, receivers;
    uint64_t each;
    unsigned verbs;
    weir_au32 *state;
    weir_au32 sending;
    weir_au64 sum;
};

static unsigned pick(const struct stream *s) {
    static const unsigned any[] = { WAITING, TRYING, TIMED, SELECTING };
    return s->verbs == MIXED ? any[rng_below(K.has & HAS_SELECT ? 4 : 3)] : s->verbs;
}

static int by_select(struct stream *s, uint32_t op, uint64_t *v) {
    struct weir_case c = { weir_chan_waitable(s->c), v, op, 0, 0 };
    weir_time d = rng_below(2) ? WEIR_FOREVER : weir_after((int64_t)rng_below(30000));
    ptrdiff_t i = weir_select(&c, 1, d, NULL, 0);
    return i < 0 ? (int)i : c.result;
}

/* One call; false: the channel is closed. *done: it has moved the element. */
static bool move(struct stream *s, bool send, uint64_t *v, bool *done) {
    weir_time d = WEIR_FOREVER;
    int rc;
    unsigned verb = pick(s);
    if (verb == TRYING) d = WEIR_NOW;
    if (verb == TIMED) d = weir_after((int64_t)rng_below(30000));
    if (verb == SELECTING)
        rc = by_select(s, send ? WEIR_SEND : WEIR_RECV, v);
    else
        rc = send ? weir_chan_send_wait(s->c, v, d, NULL) : weir_chan_recv_wait(s->c, v, d, NULL);
    *done = rc == 0;
    if (rc == WEIR_ECLOSED) return false;
    bool may = rc == 0 || (verb == TRYING && rc == WEIR_EAGAIN) ||
               (verb == TRYING && rc == WEIR_EBUSY && !(K.has & HAS_EXACT)) ||
               (verb >= TIMED && rc == WEIR_ETIMEDOUT);
    return CHECK(may, "a call returned %d", rc);
}

static void send_all(struct stream *s, size_t who) {
    uint64_t v = who * s->each, end = v + s->each;
    unsigned failures = 0;
    for (bool done; v < end && checks_hold(); v += done) {
        weir_store_release(&s->state[v], 1, 0);
        if (!CHECK(move(s, true, &v, &done), "closed while senders are at work")) break;
        if (!done) give_way(&failures);
    }
    if (weir_fetch_sub_acq_rel(&s->sending, 1, 0) == 1) CHECK_IS(weir_chan_close(s->c), 0);
}

static void take(struct stream *s, uint64_t v, uint64_t *last) {
    if (!CHECK(v < s->each * s->senders, "an element that nobody sent")) return;
    uint64_t who = v / s->each, seq = v % s->each + 1;
    uint32_t was = 1;
    CHECK(seq > last[who], "sender %llu: %llu after %llu", (unsigned long long)who,
          (unsigned long long)seq, (unsigned long long)last[who]);
    last[who] = seq;
    CHECK(weir_cas_acquire(&s->state[v], &was, 2, 0), "element %llu: state %u, not 1",
          (unsigned long long)v, was);
    (void)weir_fetch_add_relaxed(&s->sum, v);
}

/* false: the channel is closed. */
static bool take_many(struct stream *s, uint64_t *last) {
    uint64_t v[5];
    size_t n = 1 + rng_below(5);
    weir_time d = rng_below(2) ? WEIR_FOREVER : weir_after((int64_t)rng_below(30000));
    weir_time linger = rng_below(2) ? WEIR_NOW : d;
    ptrdiff_t k = weir_chan_recv_many_wait(s->c, v, n, linger, d, NULL);
    if (k == WEIR_ECLOSED) return false;
    CHECK(k == WEIR_ETIMEDOUT || (k > 0 && (size_t)k <= n), "recv_many returned %td", k);
    for (ptrdiff_t i = 0; i < k; i++) take(s, v[i], last);
    return true;
}

static void receive_all(struct stream *s) {
    uint64_t last[TEAM_MAX] = { 0 }, v;
    unsigned failures = 0;
    while (s->verbs == MANY && checks_hold())
        if (!take_many(s, last)) return;
    for (bool done; checks_hold() && move(s, false, &v, &done);)
        if (done)
            take(s, v, last);
        else
            give_way(&failures);
}

static void stream_member(void *arg, size_t i) {
    struct stream *s = arg;
    if (i < s->senders)
        send_all(s, i);
    else
        receive_all(s);
}

static void stream(size_t cap, size_t sides, uint64_t all, unsigned verbs) {
    if (cap < least_cap() || !checks_hold()) return;
    if (cap == 0 && verbs == TRYING) return; /* two that only try never meet */
    struct stream s = { .c = chan_open(cap),
                        .senders = sides,
                        .receivers = sides,
                        .each = times((size_t)all) / sides + 1,
                        .verbs = verbs };
    uint64_t n = s.each * sides;
    check_context("cap %zu, %zu a side, verbs %u", cap, sides, verbs);
    s.state = calloc(n, sizeof *s.state);
    weir_init_atomic(&s.sending, (uint32_t)sides);
    team_run(2 * sides, stream_member, &s);
    for (uint64_t v = 0; v < n; v++)
        if (!CHECK_IS(weir_load_relaxed(&s.state[v]), 2)) break;
    CHECK_IS(weir_load_relaxed(&s.sum), n * (n - 1) / 2);
    struct weir_chan_stats counts = WEIR_CHAN_STATS;
    CHECK_IS(weir_chan_read_stats(s.c, &counts), 0);
    CHECK(counts.sent == n && counts.received == n && counts.high_water <= cap, "other counts");
    free(s.state);
    chan_end(s.c);
}

static void streams(size_t sides, uint64_t all) {
    static const size_t caps[] = { 0, 1, 4, 64 };
    for (size_t i = 0; i < 4; i++) {
        if (sides == 1)
            for (unsigned v = WAITING; v <= (K.has & HAS_SELECT ? SELECTING : TIMED); v++)
                stream(caps[i], 1, all, v);
        else
            stream(caps[i], sides, all, WAITING);
        stream(caps[i], sides, all, MIXED);
    }
}

void c29_1x1(void) { streams(1, 2000); }
void c29_2x2(void) { streams(2, 4000); }
void c29_8x8(void) { streams(8, 4000); }
void c29_oversubscribed(void) { streams(24, 4000); }

void c29_many(void) {
    for (size_t cap = 0; cap < 10; cap += 3) {
        for (int delay = 0; delay < 2; delay++) {
            points_delay(delay);
            stream(cap, 1, delay ? 300 : 2000, MANY);
            if (K.has & HAS_MANY) stream(cap, 4, delay ? 300 : 2000, MANY);
            points_delay(false);
        }
    }
}

void c29_delays(void) {
    points_delay(true);
    streams(K.has & HAS_MANY ? 3 : 1, 400);
    points_delay(false);
}

void c29_one_cpu(void) {
    if (child_rights() & CHILD_ONE_CPU) {
        streams(1, 1000);
        if (K.has & HAS_MANY) streams(4, 2000);
    } else {
        child_passes("C29 conservation on one CPU", CHILD_ONE_CPU);
    }
}
