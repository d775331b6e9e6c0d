/* SPDX-License-Identifier: MIT */
/* tests/chan/stats.c - what a channel counts, and its name. */
#include "cases.h"
#include "chan.h"

#include <string.h>

static struct weir_chan_stats stats_of(weir_chan *c) {
    struct weir_chan_stats s = WEIR_CHAN_STATS;
    CHECK_IS(weir_chan_read_stats(c, &s), 0);
    CHECK_IS(s.size, sizeof s);
    return s;
}

void stats_bad_input(void) {
    struct weir_chan_opts o = WEIR_CHAN_OPTS(2, 8);
    struct weir_chan_stats s = WEIR_CHAN_STATS;
    weir_chan *c;
    o.kind = K.kind;
    o.name = "jobs";
    CHECK_IS(weir_chan_new(&c, &o), 0);
    CHECK(strcmp(weir_chan_name(c), "jobs") == 0, "another name");
    CHECK_IS(weir_chan_read_stats(NULL, &s), WEIR_EINVAL);
    CHECK_IS(weir_chan_read_stats(c, NULL), WEIR_EINVAL);
    s.size--;
    CHECK_IS(weir_chan_read_stats(c, &s), WEIR_EINVAL);
    s = stats_of(c);
    CHECK_IS(s.sent + s.received + s.send_blocked + s.recv_blocked + s.wakes + s.wakes_elided, 0);
    CHECK_IS(s.robbed + s.high_water, 0);
    chan_end(c);
    o.name = NULL;
    CHECK_IS(weir_chan_new(&c, &o), 0);
    CHECK(!weir_chan_name(c) && !weir_chan_name(NULL), "a name");
    chan_end(c);
}

void stats_elements(void) {
    static const size_t caps[] = { 1, 2, 3, 7, 64 };
    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++) {
        size_t cap = caps[i], sent = 0;
        weir_chan *c = chan_open(cap);
        uint64_t v[64];
        check_context("cap %zu", cap);
        for (size_t round = 0; round < 5; round++) {
            sent += cap;
            send_ids(c, 1, cap);
            CHECK(try_send(c, 9) == WEIR_EAGAIN, "it is not full");
            struct weir_chan_stats s = stats_of(c);
            CHECK_IS(s.sent, sent);
            CHECK_IS(s.received, sent - cap);
            CHECK_IS(s.high_water, cap);
            CHECK_IS(weir_chan_recv_many(c, v, cap, WEIR_NOW), (int64_t)cap);
            s = stats_of(c);
            CHECK_IS(s.received, sent);
            CHECK_IS(s.wakes, 0);
            CHECK_IS(s.wakes_elided, K.has & HAS_COUNTS ? 2 * sent : 0);
        }
        chan_end(c);
    }
}

/* Full once, and empty by the time that it is asked: what a sample has seen stays. */
void stats_high_water(void) {
    weir_chan *c = chan_open(8);
    send_ids(c, 1, 8);
    CHECK(try_send(c, 9) == WEIR_EAGAIN, "it is not full");
    struct peer p;
    peer_waits(&p, c, true, 9);
    take_ids(c, 1, 9);
    CHECK_IS(peer_end(&p), 0);
    CHECK_IS(stats_of(c).high_water, 8);
    chan_end(c);
}

void stats_blocked(void) {
    for (size_t cap = least_cap(); cap <= 1; cap++) {
        for (int send = 0; send < 2; send++) {
            weir_chan *c = chan_open(cap);
            struct peer p;
            uint64_t v;
            check_context("cap %zu, %s", cap, send ? "send" : "recv");
            if (send) send_ids(c, 1, cap);
            peer_waits(&p, c, send, 1 + cap);
            sleep_ms(5);
            if (send) {
                CHECK_IS(try_recv(c, &v), 0);
            } else {
                CHECK_IS(try_send(c, 1), 0);
            }
            CHECK_IS(peer_end(&p), 0);
            struct weir_chan_stats s = stats_of(c);
            CHECK_IS(s.wakes, 1);
            CHECK(s.wakes_elided == s.sent + s.received - 1, "elided: %llu",
                  (unsigned long long)s.wakes_elided);
            uint64_t ns = send ? s.send_blocked : s.recv_blocked;
            CHECK(ns >= 4 * MS, "it slept for %llu ns", (unsigned long long)ns);
            CHECK_IS(send ? s.recv_blocked : s.send_blocked, 0);
            while (try_recv(c, &v) == 0) continue;
            chan_end(c);
        }
    }
}

/* Told of an element that a newcomer has taken before the teller was through. */
void stats_robbed(void) {
    weir_chan *c = chan_open(1);
    struct peer waiter, sender;
    struct stop stop;
    uint64_t v;
    peer_waits(&waiter, c, false, 0);
    stop_init(&stop, "chan.told");
    peer_init(&sender, c, true, 1);
    sender.stop = &stop;
    peer_begin(&sender);
    if (stop_wait(&stop)) CHECK_IS(try_recv(c, &v), 0);
    stop_release(&stop);
    CHECK_IS(peer_end(&sender), 0);
    CHECK(call_sleeps(&waiter.call), "it returned");
    CHECK_IS(stats_of(c).robbed, 1);
    CHECK_IS(try_send(c, 2), 0);
    CHECK_IS(peer_end(&waiter), 0);
    struct weir_chan_stats s = stats_of(c);
    CHECK(s.robbed == 1 && s.wakes == 2 && s.sent == 2 && s.received == 2, "other counts");
    stop_fini(&stop);
    chan_end(c);
}
