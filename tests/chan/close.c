/* SPDX-License-Identifier: MIT */
/* tests/chan/close.c - close: C04 to C12, C16, C27, C28. */
#include "cases.h"
#include "chan.h"

#include <string.h>

/* ---- C04 C05 C08 ------------------------------------------------------------------------------------------ */

static void refuses(weir_chan *c) {
    static const weir_time deadlines[] = { WEIR_NOW, -1, 1, WEIR_FOREVER };
    for (size_t i = 0; i < 4; i++) {
        uint64_t v = 77;
        size_t len = weir_chan_len(c);
        CHECK_IS(weir_chan_send_wait(c, &v, deadlines[i], NULL), WEIR_ECLOSED);
        CHECK(v == 77 && weir_chan_len(c) == len, "a refused send did something");
    }
    CHECK_IS(weir_chan_send_wait(c, &(uint64_t){ 1 }, weir_after(1000 * MS), NULL), WEIR_ECLOSED);
}

/* With room, half full, full, and without a buffer. */
void c04_send(void) {
    for (size_t cap = least_cap(); cap <= 3; cap++) {
        for (size_t inside = 0; inside <= cap; inside++) {
            weir_chan *c = chan_open(cap);
            check_context("%zu of %zu inside", inside, cap);
            send_ids(c, 1, inside);
            CHECK(!weir_chan_is_closed(c), "closed before it was");
            CHECK_IS(weir_chan_close(c), 0);
            CHECK(weir_chan_is_closed(c), "not closed");
            for (size_t left = inside + 1; left-- > 0;) {
                refuses(c);
                if (left > 0) recv_ids(c, inside - left + 1, 1);
            }
            uint64_t v;
            CHECK_IS(weir_chan_recv(c, &v), WEIR_ECLOSED); /* and none of the 77 */
            refuses(c);
            chan_end(c);
        }
    }
}

void c05_second(void) {
    for (size_t cap = least_cap(); cap <= 2; cap++) {
        weir_chan *c = chan_open(cap);
        send_ids(c, 1, cap);
        CHECK_IS(weir_chan_close(c), 0);
        for (int i = 0; i < 5; i++) CHECK_IS(weir_chan_close(c), WEIR_ECLOSED);
        recv_ids(c, 1, cap);
        CHECK_IS(weir_chan_close(c), WEIR_ECLOSED);
        chan_end(c);
    }
}

struct closers {
    weir_chan *c;
    weir_au32 won;
};

static void close_and_count(void *arg, size_t i) {
    struct closers *s = arg;
    (void)i;
    int rc = weir_chan_close(s->c);
    CHECK(rc == 0 || rc == WEIR_ECLOSED, "close returned %d", rc);
    if (rc == 0) (void)weir_fetch_add_relaxed(&s->won, 1);
    CHECK(weir_chan_is_closed(s->c), "not closed after close");
    CHECK_IS(weir_chan_try_send(s->c, &(uint64_t){ 9 }), WEIR_ECLOSED);
}

void c05_concurrent(void) {
    for (size_t k = times(60); k > 0 && checks_hold(); k--) {
        struct closers s = { .c = chan_open(k % 3 ? k % 3 : least_cap()) };
        size_t inside = k % 3;
        send_ids(s.c, 1, inside);
        team_run(4, close_and_count, &s);
        CHECK_IS(weir_load_relaxed(&s.won), 1);
        recv_ids(s.c, 1, inside);
        chan_end(s.c);
    }
}

/* Once one call has said closed, no later one says anything else. */
struct said {
    weir_chan *c;
    weir_au32 closed;
};

static void said_member(void *arg, size_t i) {
    struct said *s = arg;
    uint64_t v = 1;
    if (i == 2) {
        random_delay();
        CHECK_IS(weir_chan_close(s->c), 0);
        weir_store_release(&s->closed, 1, 0);
        return;
    }
    for (unsigned after = 0; after < 5 && checks_hold();) {
        bool before = weir_load_acquire(&s->closed, 0);
        int rc = i ? weir_chan_try_send(s->c, &v) : weir_chan_try_recv(s->c, &v);
        if (after || (before && i)) CHECK_IS(rc, WEIR_ECLOSED);
        bool busy = rc == WEIR_EBUSY && !(K.has & HAS_EXACT); /* beside the other's try */
        if (before) CHECK(rc == 0 || rc == WEIR_ECLOSED || busy, "try_recv on closed: %d", rc);
        after += rc == WEIR_ECLOSED;
    }
}

void c08_try(void) {
    for (size_t k = times(100); k > 0 && checks_hold(); k--) {
        struct said s = { .c = chan_open(k % 2 ? least_cap() : 1) };
        uint64_t v = UNTOUCHED;
        if (k % 2 == 0) send_ids(s.c, 1, 1); /* try_send finds it full at first */
        if (K.has & HAS_CLOSE) {
            team_run(3, said_member, &s);
        } else {
            CHECK_IS(weir_chan_close(s.c), 0);
        }
        while (weir_chan_len(s.c) > 0) CHECK_IS(try_recv(s.c, &v), 0);
        v = UNTOUCHED;
        for (int i = 0; i < 3; i++) {
            CHECK_IS(weir_chan_try_recv(s.c, &v), WEIR_ECLOSED);
            CHECK_IS(weir_chan_try_send(s.c, &v), WEIR_ECLOSED);
        }
        CHECK(v == UNTOUCHED, "the caller's buffer changed");
        chan_end(s.c);
    }
}

/* ---- C06 C07 C27 C28 -------------------------------------------------------------------------------------- */

void c06_drains(void) {
    for (size_t cap = 1; cap <= 5; cap++) {
        for (size_t turned = 0; turned < cap; turned++) { /* where the buffer begins */
            weir_chan *c = chan_open(cap);
            uint64_t v = UNTOUCHED;
            check_context("cap %zu, turned by %zu", cap, turned);
            send_ids(c, 100, turned);
            recv_ids(c, 100, turned);
            send_ids(c, 1, cap);
            CHECK_IS(weir_chan_close(c), 0);
            CHECK_IS(weir_chan_len(c), cap); /* C28 */
            for (size_t k = 1; k <= cap; k++) {
                CHECK_IS(k % 2 ? weir_chan_recv(c, &v) : try_recv(c, &v), 0);
                CHECK_IS(v, k);
                CHECK_IS(weir_chan_len(c), cap - k);
            }
            CHECK_IS(weir_chan_recv(c, &v), WEIR_ECLOSED);
            CHECK_IS(v, cap);
            chan_end(c);
        }
    }
}

static void drained_member(void *arg, size_t i) {
    weir_chan *c = arg;
    for (size_t k = 0; k < 300 && checks_hold(); k++) {
        uint64_t v = UNTOUCHED;
        int rc = (k + i) % 3 == 0   ? weir_chan_recv(c, &v)
                 : (k + i) % 3 == 1 ? weir_chan_try_recv(c, &v)
                                    : weir_chan_recv_wait(c, &v, weir_after(5000 * MS), NULL);
        CHECK_IS(rc, WEIR_ECLOSED);
        CHECK(v == UNTOUCHED, "the caller's buffer changed");
    }
}

void c07_closed_for_ever(void) {
    for (size_t cap = least_cap(); cap <= 2; cap++) {
        weir_chan *c = chan_open(cap);
        send_ids(c, 1, cap);
        CHECK_IS(weir_chan_close(c), 0);
        recv_ids(c, 1, cap);
        team_run(K.has & HAS_MANY ? 5 : 1, drained_member, c);
        chan_end(c);
    }
}

struct range {
    weir_chan *c;
    size_t senders;
    uint64_t each;
    weir_au64 count, sum;
    weir_au32 sending;
};

static void range_member(void *arg, size_t i) {
    struct range *r = arg;
    uint64_t v, n = 0, sum = 0;
    if (i >= r->senders) {
        while (weir_chan_recv(r->c, &v) == 0) n++, sum += v; /* Go's for range */
        (void)weir_fetch_add_relaxed(&r->count, n);
        (void)weir_fetch_add_relaxed(&r->sum, sum);
        CHECK_IS(weir_chan_len(r->c), 0);
        return;
    }
    for (v = 1; v <= r->each; v++) CHECK_IS(weir_chan_send(r->c, &v), 0);
    if (weir_fetch_sub_acq_rel(&r->sending, 1, 0) == 1) CHECK_IS(weir_chan_close(r->c), 0);
}

void c27_range(void) {
    for (size_t cap = least_cap(); cap <= 4; cap += 2) {
        for (size_t threads = 1; threads <= (K.has & HAS_MANY ? 3u : 1u); threads++) {
            struct range r = { .c = chan_open(cap), .senders = threads, .each = times(1200) };
            check_context("cap %zu, %zu threads a side", cap, threads);
            weir_init_atomic(&r.sending, (uint32_t)threads);
            team_run(2 * threads, range_member, &r);
            CHECK_IS(weir_load_relaxed(&r.count), threads * r.each);
            CHECK_IS(weir_load_relaxed(&r.sum), threads * (r.each * (r.each + 1) / 2));
            chan_end(r.c);
        }
    }
}

void c28_len(void) {
    weir_chan *c = chan_open(4);
    struct peer p;
    send_ids(c, 1, 4);
    peer_waits(&p, c, true, 5);
    CHECK_IS(weir_chan_close(c), 0);
    CHECK_IS(weir_chan_len(c), 4); /* what the sender that waited had is not counted */
    CHECK_IS(weir_chan_cap(c), 4);
    CHECK_IS(peer_end(&p), WEIR_ECLOSED);
    recv_ids(c, 1, 3);
    CHECK_IS(weir_chan_len(c), 1);
    recv_ids(c, 4, 1);
    CHECK_IS(weir_chan_len(c), 0);
    chan_end(c);
}

/* ---- C09 C10 C11 ------------------------------------------------------------------------------------------ */

#define SLEEPERS 6

void c09_receivers(void) {
    size_t n = K.has & HAS_MANY ? SLEEPERS : 1;
    for (size_t cap = least_cap(); cap <= 2; cap++) {
        struct peer p[SLEEPERS];
        weir_chan *c = chan_open(cap);
        for (size_t i = 0; i < n; i++) {
            peer_start_until(&p[i], c, false, 0, i % 3 ? WEIR_FOREVER : weir_after(50000 * MS),
                             NULL);
            CHECK(call_sleeps(&p[i].call), "it returned");
        }
        CHECK_IS(weir_chan_close(c), 0);
        for (size_t i = 0; i < n; i++) CHECK_IS(peer_end(&p[i]), WEIR_ECLOSED);
        chan_end(c);
    }
}

/* A channel of elements 1 to cap, with senders of 100 and on that wait; closed, and they are refused. */
static weir_chan *closed_on_senders(size_t cap) {
    size_t n = K.has & HAS_MANY ? SLEEPERS : 1;
    struct peer p[SLEEPERS];
    weir_chan *c = chan_open(cap);
    check_context("cap %zu", cap);
    send_ids(c, 1, cap);
    for (size_t i = 0; i < n; i++) peer_waits(&p[i], c, true, 100 + i);
    CHECK_IS(weir_chan_close(c), 0);
    for (size_t i = 0; i < n; i++) {
        CHECK_IS(peer_end(&p[i]), WEIR_ECLOSED);
        CHECK_IS(p[i].v, 100 + i); /* still the caller's */
    }
    return c;
}

void c10_senders(void) {
    for (size_t cap = least_cap(); cap <= 3; cap++) {
        weir_chan *c = closed_on_senders(cap);
        uint64_t v = UNTOUCHED;
        while (weir_chan_try_recv(c, &v) == 0) CHECK(v < 100, "what was refused is delivered");
        chan_end(c);
    }
}

void c11_remain(void) {
    for (size_t cap = least_cap(); cap <= 3; cap++) {
        weir_chan *c = closed_on_senders(cap);
        uint64_t v = UNTOUCHED;
        CHECK_IS(weir_chan_len(c), cap);
        recv_ids(c, 1, cap);
        CHECK_IS(weir_chan_recv(c, &v), WEIR_ECLOSED);
        CHECK_IS(weir_chan_try_recv(c, &v), WEIR_ECLOSED);
        CHECK_IS(v, UNTOUCHED);
        chan_end(c);
    }
}

/* ---- at any moment: threads on their way to sleep when the channel is closed ----------------------------- */

#define CLOSE_WAITERS 3

struct closing {
    weir_chan *c;
    pthread_barrier_t begin, end;
    size_t rounds, waiters;
    bool send;
};

static void closing_member(void *arg, size_t i) {
    struct closing *s = arg;
    for (size_t k = 0; k < s->rounds; k++) {
        if (i == 0) {
            s->c = chan_open(k % 2 ? 1 : least_cap());
            if (s->send) send_ids(s->c, 1, weir_chan_cap(s->c));
        }
        (void)pthread_barrier_wait(&s->begin);
        uint64_t v = 9;
        if (i == 0) {
            weir_time until = weir_after((int64_t)rng_below(k % 8 ? 30000 : 200000));
            while (weir_now() < until) weir_pause();
            CHECK_IS(weir_chan_close(s->c), 0);
        } else {
            CHECK_IS(s->send ? weir_chan_send(s->c, &v) : weir_chan_recv(s->c, &v), WEIR_ECLOSED);
        }
        (void)pthread_barrier_wait(&s->end);
        if (i == 0) chan_end(s->c);
    }
}

static void closing(bool send, size_t rounds, bool delay) {
    struct closing s = { .rounds = times(rounds), .send = send };
    s.waiters = K.has & HAS_MANY ? CLOSE_WAITERS : 1;
    (void)pthread_barrier_init(&s.begin, NULL, (unsigned)s.waiters + 1);
    (void)pthread_barrier_init(&s.end, NULL, (unsigned)s.waiters + 1);
    points_delay(delay);
    team_run(s.waiters + 1, closing_member, &s);
    points_delay(false);
    (void)pthread_barrier_destroy(&s.begin);
    (void)pthread_barrier_destroy(&s.end);
}

void c09_any_moment(void) {
    closing(false, 800, false);
    closing(false, 100, true);
}
void c10_any_moment(void) {
    closing(true, 800, false);
    closing(true, 100, true);
}
