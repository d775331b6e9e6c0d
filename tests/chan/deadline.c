/* SPDX-License-Identifier: MIT */
/* tests/chan/deadline.c - C30 and C31. */
#include "cases.h"
#include "chan.h"

#include <string.h>
#include <time.h>

/* ---- C30: not before the deadline ------------------------------------------------------------------------- */

void c30_deadlines(void) {
    static const int64_t waits[] = { 1, 1000, 30000, MS / 2, 3 * MS, 20 * MS };
    for (size_t cap = least_cap(); cap <= 2; cap++) {
        weir_chan *c = chan_open(cap);
        for (int send = 0; send < 2; send++) {
            if (send) send_ids(c, 1, cap);
            for (size_t i = 0; i < sizeof waits / sizeof *waits && checks_hold(); i++) {
                uint64_t v = UNTOUCHED;
                weir_time d = weir_after(waits[i]);
                check_context("cap %zu, %s, %lld ns", cap, send ? "send" : "recv",
                              (long long)waits[i]);
                check_late(send ? weir_chan_send_wait(c, &v, d, NULL)
                                : weir_chan_recv_wait(c, &v, d, NULL),
                           d);
                CHECK(v == UNTOUCHED && weir_chan_len(c) == (send ? cap : 0), "something moved");
            }
        }
        recv_ids(c, 1, cap);
        chan_end(c);
    }
}

/* Deadlines that have passed, 0, and such as no clock reaches. */
void c30_extremes(void) {
    static const weir_time past[] = { 1, -1, -1000000001, INT64_MIN };
    const weir_time far[] = { INT64_MAX, INT64_MAX - 1, INT64_MAX / 2, weir_after(INT64_MAX) };
    for (size_t cap = least_cap(); cap <= 1; cap++) {
        weir_chan *c = chan_open(cap);
        struct peer p;
        uint64_t v = UNTOUCHED;
        CHECK_IS(weir_chan_recv_wait(c, &v, WEIR_NOW, NULL), WEIR_EAGAIN);
        for (size_t i = 0; i < 4; i++)
            CHECK_IS(weir_chan_recv_wait(c, &v, past[i], NULL), WEIR_ETIMEDOUT);
        send_ids(c, 1, cap);
        CHECK_IS(weir_chan_send_wait(c, &v, WEIR_NOW, NULL), WEIR_EAGAIN);
        for (size_t i = 0; i < 4; i++)
            CHECK_IS(weir_chan_send_wait(c, &v, past[i], NULL), WEIR_ETIMEDOUT);
        recv_ids(c, 1, cap);
        for (size_t i = 0; i < 4; i++) {
            check_context("cap %zu, deadline %lld", cap, (long long)far[i]);
            peer_start_until(&p, c, false, 0, far[i], NULL);
            CHECK(call_sleeps(&p.call), "it returned");
            CHECK_IS(try_send(c, 5), 0);
            CHECK_IS(peer_end(&p), 0);
            send_ids(c, 1, cap);
            peer_start_until(&p, c, true, 1 + cap, far[i], NULL);
            CHECK(call_sleeps(&p.call), "it returned");
            take_ids(c, 1, cap + 1);
            CHECK_IS(peer_end(&p), 0);
        }
        chan_end(c);
    }
}

/* ---- C30: a call that a peer has completed reports success, whatever the clock says ----------------------- */

/* How the waiting call may be meant to end while its peer stands still. */
enum end { BY_DEADLINE, BY_CTX, BY_CLOSE };

struct taken {
    bool send;
    size_t cap;
    enum end end;
};

static void end_it(const struct taken *t, struct peer *waiter) {
    if (t->end == BY_CTX) CHECK_IS(weir_ctx_cancel(waiter->ctx, 0), 0);
    if (t->end == BY_CLOSE) CHECK_IS(weir_chan_close(waiter->chan), 0);
    while (t->end == BY_DEADLINE && weir_now() < waiter->deadline) sleep_ms(1);
    CHECK(!call_returns(&waiter->call, 5), "it returned before its peer was through");
}

/* The strict channel: the peer has taken the waiting call, and stands before it tells its thread. */
static bool take(void *arg, int ms) {
    const struct taken *t = arg;
    weir_chan *c = chan_open(t->cap);
    struct peer waiter, other;
    struct stop stop;
    uint64_t v;
    check_context("cap %zu, a %s is taken, then end %d", t->cap, t->send ? "send" : "receive",
                  (int)t->end);
    stop_init(&stop, "wait.tell");
    if (t->send) send_ids(c, 1, t->cap);
    peer_init(&waiter, c, t->send, 1 + t->cap);
    waiter.ctx = ctx_open(NULL, WEIR_FOREVER);
    if (t->end == BY_DEADLINE) waiter.deadline = weir_after(ms * MS);
    peer_begin(&waiter);
    (void)call_sleeps(&waiter.call);
    peer_init(&other, c, !t->send, 7);
    other.deadline = WEIR_NOW;
    other.stop = &stop;
    peer_begin(&other);
    bool good = stops_or_returns(&stop, &other.call) && weir_now() < waiter.deadline;
    if (good) end_it(t, &waiter);
    stop_release(&stop);
    int other_rc = peer_end(&other), waiter_rc = peer_end(&waiter);
    if (good) {
        CHECK_IS(other_rc, 0);
        CHECK_IS(waiter_rc, 0);
        CHECK_IS(t->send ? other.v : waiter.v, t->send ? 1 : 7);
        if (t->send) recv_ids(c, 2, t->cap);
    }
    while (try_recv(c, &v) == 0) continue;
    stop_fini(&stop);
    weir_ctx_unref(waiter.ctx);
    chan_end(c);
    return good;
}

static void taken(bool send, size_t cap, enum end end) {
    struct taken t = { send, cap, end };
    in_time(take, &t);
}

void c30_delivery_wins(void) {
    for (size_t cap = 0; cap <= 1; cap++) {
        taken(false, cap, BY_DEADLINE);
        taken(true, cap, BY_DEADLINE);
    }
}

void c30_taken_then_ended(void) {
    for (int send = 0; send < 2; send++) {
        taken(send, 0, BY_CTX);
        taken(send, 1, BY_CTX);
        taken(send, 0, BY_CLOSE);
        taken(send, 1, BY_CLOSE);
    }
}

/* Deadlines on both sides, short enough to pass just as the peer comes: what one side says it gave, the
 * other says it has. */
struct expiring {
    weir_chan *c;
    size_t sides, n;
    weir_au64 in, out, late;
};

static void expiring_member(void *arg, size_t i) {
    struct expiring *e = arg;
    bool send = i < e->sides;
    if (send) sleep_ms(2); /* the first receives are late for sure */
    for (size_t k = 1; k <= e->n && checks_hold(); k++) {
        uint64_t v = send ? i * e->n + k : UNTOUCHED;
        weir_time d = weir_after((int64_t)rng_below(rng_below(2) ? 2000 : 60000));
        int rc =
            send ? weir_chan_send_wait(e->c, &v, d, NULL) : weir_chan_recv_wait(e->c, &v, d, NULL);
        if (rc == 0) {
            (void)weir_fetch_add_relaxed(send ? &e->in : &e->out, v);
            continue;
        }
        check_late(rc, d);
        CHECK(send || v == UNTOUCHED, "a late receive has touched its place");
        (void)weir_fetch_add_relaxed(&e->late, 1);
    }
}

void c30_races(void) {
    for (size_t cap = least_cap(); cap <= 2; cap++) {
        for (int delay = 0; delay < 2; delay++) {
            struct expiring e = { .c = chan_open(cap),
                                  .sides = K.has & HAS_MANY ? 2 : 1,
                                  .n = times(delay ? 500 : 2500) };
            uint64_t v, left = 0;
            check_context("cap %zu%s", cap, delay ? ", delays" : "");
            points_delay(delay);
            team_run(2 * e.sides, expiring_member, &e);
            points_delay(false);
            while (try_recv(e.c, &v) == 0) left += v;
            CHECK_IS(weir_load_relaxed(&e.in), weir_load_relaxed(&e.out) + left);
            CHECK(weir_load_relaxed(&e.late) > 0, "no call was ever late: it shows nothing");
            chan_end(e.c);
        }
    }
}

/* ---- C31: an expired deadline, and data is there -------------------------------------------------------- */

void c31_ready(void) {
    static const weir_time past[] = { 1, -1, INT64_MIN };
    for (size_t i = 0; i < 4; i++) {
        weir_time d = i < 3 ? past[i] : weir_now() - 1;
        for (size_t cap = 1; cap <= 3; cap++) {
            weir_chan *c = chan_open(cap);
            for (uint64_t k = 1; k <= cap; k++) CHECK_IS(weir_chan_send_wait(c, &k, d, NULL), 0);
            for (uint64_t k = 1; k <= cap; k++) {
                uint64_t v = UNTOUCHED;
                CHECK_IS(weir_chan_recv_wait(c, &v, d, NULL), 0);
                CHECK_IS(v, k);
            }
            send_ids(c, 9, 1);
            CHECK_IS(weir_chan_close(c), 0);
            uint64_t v = UNTOUCHED;
            CHECK_IS(weir_chan_send_wait(c, &v, d, NULL), WEIR_ECLOSED);
            CHECK_IS(weir_chan_recv_wait(c, &v, d, NULL), 0);
            CHECK_IS(v, 9);
            CHECK_IS(weir_chan_recv_wait(c, &v, d, NULL), WEIR_ECLOSED);
            chan_end(c);
        }
    }
}

/* Ready, without a buffer, is a peer that waits. */
void c31_peer_waits(void) {
    weir_chan *c = chan_open(0);
    struct peer p;
    uint64_t v = 4;
    peer_waits(&p, c, false, 0);
    CHECK_IS(weir_chan_send_wait(c, &v, -1, NULL), 0);
    CHECK_IS(peer_end(&p), 0);
    CHECK_IS(p.v, 4);
    peer_waits(&p, c, true, 5);
    CHECK_IS(weir_chan_recv_wait(c, &v, -1, NULL), 0);
    CHECK_IS(v, 5);
    CHECK_IS(peer_end(&p), 0);
    chan_end(c);
}

/* ---- who waits ------------------------------------------------------------------------------------------------ */

static int64_t processor_time(void) { /* of all threads */
    struct timespec ts;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (int64_t)ts.tv_sec * 1000 * MS + ts.tv_nsec;
}

/* For ever, with a deadline, with a context. */
void idle_waiters(void) {
    struct peer p[3];
    weir_chan *c[3];
    weir_ctx *ctx = NULL;
    if (!CHECK_IS(weir_ctx_new(&ctx, NULL, WEIR_FOREVER), 0)) return;
    for (int i = 0; i < 3; i++) {
        c[i] = chan_open(least_cap());
        peer_start_until(&p[i], c[i], false, 0, i == 1 ? weir_after(60000 * MS) : WEIR_FOREVER,
                         i == 2 ? ctx : NULL);
        CHECK(call_sleeps(&p[i].call), "it returned");
    }
    int64_t before = processor_time();
    sleep_ms(100);
    int64_t used = processor_time() - before;
    CHECK(used < 10 * MS, "three that wait used %lld ns of 100 ms", (long long)used);
    for (int i = 0; i < 3; i++) {
        CHECK_IS(weir_chan_close(c[i]), 0);
        CHECK_IS(peer_end(&p[i]), WEIR_ECLOSED);
        chan_end(c[i]);
    }
    weir_ctx_unref(ctx);
}
