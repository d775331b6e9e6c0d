/* SPDX-License-Identifier: MIT */
/* tests/chan/close_race.c - sends that race a close, and what a close makes visible: C12 C16. */
#include "cases.h"
#include "chan.h"

#include <string.h>

/* ---- C12: each value is received or left inside, or its send was refused; never both ---------------------- */

#define SENDS 12
#define RACERS 3

struct race {
    weir_chan *c;
    size_t senders, receivers;
    int sent[RACERS * SENDS]; /* result of each value's send: written by its sender alone */
    weir_au32 got[RACERS * SENDS];
    unsigned how;
};

static void racing_sender(struct race *r, size_t i) {
    for (size_t k = 0; k < SENDS; k++) {
        uint64_t v = i * SENDS + k;
        weir_time d = r->how == 0   ? WEIR_FOREVER
                      : r->how == 1 ? WEIR_NOW
                                    : weir_after((int64_t)rng_below(20000));
        r->sent[v] = weir_chan_send_wait(r->c, &v, d, NULL);
    }
}

static void racing_receiver(struct race *r) {
    uint64_t v;
    while (weir_chan_recv(r->c, &v) == 0)
        if (CHECK(v < RACERS * SENDS, "a value that nobody sent"))
            (void)weir_fetch_add_relaxed(&r->got[v], 1);
}

static void race_member(void *arg, size_t i) {
    struct race *r = arg;
    if (i < r->senders) {
        racing_sender(r, i);
    } else if (i < r->senders + r->receivers) {
        racing_receiver(r);
    } else {
        for (uint64_t n = rng_below(3000); n > 0; n--) weir_pause();
        random_delay();
        CHECK_IS(weir_chan_close(r->c), 0);
    }
}

static void settle(struct race *r) {
    uint64_t v;
    while (try_recv(r->c, &v) == 0)
        if (CHECK(v < RACERS * SENDS, "a value that nobody sent"))
            (void)weir_fetch_add_relaxed(&r->got[v], 1);
    for (size_t i = 0; i < r->senders * SENDS; i++) {
        uint32_t got = weir_load_relaxed(&r->got[i]);
        int rc = r->sent[i];
        CHECK(got == (rc == 0), "value %zu: its send returned %d, and it came %u times", i, rc,
              got);
        CHECK(rc == 0 || rc == WEIR_ECLOSED || (r->how == 1 && rc == WEIR_EAGAIN) ||
                  (r->how == 1 && rc == WEIR_EBUSY && !(K.has & HAS_EXACT)) ||
                  (r->how == 2 && rc == WEIR_ETIMEDOUT),
              "a send returned %d", rc);
    }
}

void c12_race(void) {
    for (size_t k = times(200); k > 0 && checks_hold(); k--) {
        struct race r = { .c = chan_open(k % 4 ? k % 4 : least_cap()),
                          .senders = k % 2 ? RACERS : 1,
                          .receivers = k % 5 ? 2 : 1,
                          .how = (unsigned)(k / 4 % 3) };
        check_context("cap %zu, %zu senders, way %u", weir_chan_cap(r.c), r.senders, r.how);
        points_delay(k % 3 == 0);
        team_run(r.senders + r.receivers + 1, race_member, &r);
        points_delay(false);
        settle(&r);
        chan_end(r.c);
    }
}

/* ---- C16: plain memory, so that ThreadSanitizer looks on -------------------------------------------------- */

struct before {
    weir_chan *c;
    uint64_t plain;
    bool send;
};

/* Member 0 closes; 1 waits in a call, 2 tries again and again, 3 only asks. */
static void before_member(void *arg, size_t i) {
    struct before *b = arg;
    uint64_t v = 1;
    unsigned failures = 0;
    if (i == 0) {
        random_delay();
        b->plain = 42;
        CHECK_IS(weir_chan_close(b->c), 0);
        return;
    }
    if (i == 1)
        CHECK_IS(b->send ? weir_chan_send(b->c, &v) : weir_chan_recv(b->c, &v), WEIR_ECLOSED);
    while (i == 2 && checks_hold()) {
        if ((b->send ? weir_chan_try_send(b->c, &v) : weir_chan_try_recv(b->c, &v)) == WEIR_ECLOSED)
            break;
        give_way(&failures);
    }
    while (i == 3 && !weir_chan_is_closed(b->c)) give_way(&failures);
    CHECK_IS(b->plain, 42);
}

void c16_before(void) {
    for (size_t k = times(60); k > 0 && checks_hold(); k--) {
        for (int send = 0; send < 2; send++) {
            struct before b = { .c = chan_open(k % 2 ? 1 : least_cap()), .send = send };
            if (send) send_ids(b.c, 1, weir_chan_cap(b.c));
            points_delay(k % 4 == 0);
            team_run(4, before_member, &b);
            points_delay(false);
            chan_end(b.c);
        }
    }
}
