/* SPDX-License-Identifier: MIT */
/* tests/chan/lifetime.c - references, what is left inside, who still waits: C32. */
#include "cases.h"
#include "chan.h"

#include "../support/failing_alloc.h"

#include <stdlib.h>
#include <string.h>

/* ---- what is left inside is dropped ----------------------------------------------------------------------- */

struct dropped {
    uint64_t next; /* expected; 0: any */
    size_t n;
};

static void drop(void *elem, void *arg) {
    struct dropped *d = arg;
    uint64_t v;
    memcpy(&v, elem, sizeof v);
    if (d->next) CHECK_IS(v, d->next++);
    d->n++;
}

void c32_drop(void) {
    for (size_t cap = 1; cap <= 5; cap++) {
        for (size_t turned = 0; turned < cap; turned++) {
            for (size_t inside = 0; inside <= cap; inside++) {
                struct dropped d = { .next = 1 };
                weir_chan *c = chan_open_drop(cap, sizeof(uint64_t), drop, &d);
                check_context("%zu of %zu inside, turned by %zu", inside, cap, turned);
                send_ids(c, 100, turned);
                recv_ids(c, 100, turned);
                send_ids(c, 1, inside);
                if (inside % 2) CHECK_IS(weir_chan_close(c), 0);
                CHECK_IS(d.n, 0); /* not what is received, not by a close */
                CHECK_IS(weir_chan_unref(c), 0);
                CHECK_IS(d.n, inside); /* once each, oldest first */
            }
        }
    }
}

static void drop_box(void *elem, void *arg) {
    void *p;
    memcpy(&p, elem, sizeof p);
    free(p);
    ++*(size_t *)arg;
}

/* The elements own memory: AddressSanitizer sees one that is dropped twice, or not at all. */
void c32_owning(void) {
    for (size_t k = times(50); k > 0; k--) {
        size_t dropped = 0, inside = rng_below(8);
        weir_chan *c = chan_open_drop(7, sizeof(void *), drop_box, &dropped);
        for (size_t i = 0; i < inside; i++) {
            void *p = malloc(24);
            CHECK_IS(weir_chan_try_send(c, &p), 0);
        }
        if (inside > 2) {
            void *p = NULL;
            CHECK_IS(weir_chan_try_recv(c, &p), 0);
            free(p);
            inside--;
        }
        CHECK_IS(weir_chan_unref(c), 0);
        CHECK_IS(dropped, inside);
    }
}

/* A refused or late send has given nothing away, so nothing of it is dropped. */
void c32_not_sent(void) {
    struct dropped d = { .next = 1 };
    weir_chan *c = chan_open_drop(1, sizeof(uint64_t), drop, &d);
    struct peer p;
    uint64_t v = 50;
    send_ids(c, 1, 1);
    CHECK_IS(try_send(c, v), WEIR_EAGAIN);
    CHECK_IS(weir_chan_send_wait(c, &v, -1, NULL), WEIR_ETIMEDOUT);
    peer_waits(&p, c, true, 51);
    CHECK_IS(weir_chan_close(c), 0);
    CHECK_IS(peer_end(&p), WEIR_ECLOSED);
    CHECK_IS(weir_chan_send(c, &v), WEIR_ECLOSED);
    CHECK_IS(weir_chan_unref(c), 0);
    CHECK_IS(d.n, 1);
}

/* The drop function runs without a lock: it may use channels. */
static void drop_sends_on(void *elem, void *arg) {
    weir_chan *other = arg;
    CHECK_IS(weir_chan_try_send(other, elem), 0);
    CHECK(weir_chan_len(other) > 0, "len");
}

void c32_drop_uses_channels(void) {
    weir_chan *other = chan_open(3);
    weir_chan *c = chan_open_drop(3, sizeof(uint64_t), drop_sends_on, other);
    send_ids(c, 1, 3);
    CHECK_IS(weir_chan_unref(c), 0);
    recv_ids(other, 1, 3);
    chan_end(other);
}

/* ---- the last reference with waiters is refused --------------------------------------------------------- */

static void refused(weir_chan *c, size_t len) {
    for (int i = 0; i < 3; i++) CHECK_IS(weir_chan_unref(c), WEIR_EBUSY);
    CHECK_IS(weir_chan_len(c), len); /* nothing was destroyed */
    CHECK(!weir_chan_is_closed(c), "closed");
}

void c32_waiters(void) {
    for (size_t cap = least_cap(); cap <= 2; cap++) {
        struct dropped d = { .next = 0 };
        weir_chan *c = chan_open_drop(cap, sizeof(uint64_t), drop, &d);
        struct peer p[2];
        size_t n = K.has & HAS_MANY ? 2 : 1;
        check_context("cap %zu", cap);
        for (size_t i = 0; i < n; i++) peer_waits(&p[i], c, false, 0);
        refused(c, 0);
        for (size_t i = 0; i < n; i++) CHECK(!call_done(&p[i].call), "a waiter returned");
        give_ids(c, 7, n);
        uint64_t sum = 0;
        for (size_t i = 0; i < n; i++) CHECK_IS(peer_end(&p[i]), 0), sum += p[i].v;
        CHECK_IS(sum, n == 2 ? 7 + 8 : 7);

        send_ids(c, 1, cap);
        for (size_t i = 0; i < n; i++) peer_waits(&p[i], c, true, 1 + cap + i);
        refused(c, cap);
        for (size_t i = 0; i < n; i++) CHECK(!call_done(&p[i].call), "a waiter returned");
        CHECK_IS(d.n, 0);
        for (uint64_t v, i = 0; i < n; i++) CHECK_IS(weir_chan_recv(c, &v), 0);
        for (size_t i = 0; i < n; i++) CHECK_IS(peer_end(&p[i]), 0);
        CHECK_IS(weir_chan_unref(c), 0);
        CHECK_IS(d.n, cap);
    }
}

void c32_selects(void) {
    weir_chan *a = chan_open(1), *b = chan_open(1);
    struct selector s;
    selector_init(&s);
    selector_recv(&s, a);
    selector_recv(&s, b);
    selector_waits(&s);
    refused(a, 0);
    refused(b, 0);
    send_ids(b, 5, 1);
    CHECK_IS(selector_end(&s), 1);
    CHECK_IS(s.v[1], 5);
    chan_end(a); /* nobody waits any more, on the one that was not chosen either */
    chan_end(b);
}

/* ---- references ---------------------------------------------------------------------------------------------- */

void c_references(void) {
    struct failing_alloc f;
    struct weir_chan_opts o = WEIR_CHAN_OPTS(2, 8);
    weir_chan *c = NULL;
    failing_alloc_init(&f, 0);
    o.kind = K.kind;
    o.alloc = &f.as;
    if (!CHECK_IS(weir_chan_new(&c, &o), 0)) return;
    for (int i = 0; i < 10; i++) CHECK(weir_chan_ref(c) == c, "another channel");
    for (int i = 0; i < 10; i++) CHECK_IS(weir_chan_unref(c), 0);
    send_ids(c, 1, 2); /* it is there still */
    CHECK(f.out > 0, "freed too early");
    CHECK_IS(weir_chan_unref(c), 0);
    CHECK(f.out == 0 && f.bytes_out == 0, "%zu blocks are left", f.out);
}

/* Each thread gives its reference back as soon as its last call has returned, while its peer is still on the
 * way out of the same exchange. */
struct leaving {
    weir_chan *c;
    pthread_barrier_t begin, end;
    size_t rounds, threads, dropped;
};

static void leave(struct leaving *l, size_t i, size_t round) {
    weir_chan *c = l->c;
    void *p = NULL;
    switch (round % 3) {
        case 0: /* hand to hand, or through the buffer */
            if (i % 2) {
                CHECK_IS(weir_chan_recv(c, &p), 0);
                free(p);
            } else {
                p = malloc(16);
                CHECK_IS(weir_chan_send(c, &p), 0);
            }
            break;
        case 1: /* close against receivers */
            if (i == 0)
                CHECK_IS(weir_chan_close(c), 0);
            else
                CHECK_IS(weir_chan_recv(c, &p), WEIR_ECLOSED);
            break;
        default: /* what is sent may be left for the last one to drop */
            p = malloc(16);
            if (weir_chan_try_send(c, &p) != 0) free(p);
            break;
    }
    CHECK_IS(weir_chan_unref(c), 0);
}

static void leaving_member(void *arg, size_t i) {
    struct leaving *l = arg;
    for (size_t k = 0; k < l->rounds; k++) {
        if (i == 0) {
            l->c = chan_open_drop(k % 2 ? 1 : least_cap(), sizeof(void *), drop_box, &l->dropped);
            for (size_t r = 1; r < l->threads; r++) (void)weir_chan_ref(l->c);
        }
        (void)pthread_barrier_wait(&l->begin);
        leave(l, i, k);
        (void)pthread_barrier_wait(&l->end);
    }
}

void c_teardown(void) {
    for (int delay = 0; delay < 2; delay++) {
        struct leaving l = { .rounds = times(delay ? 150 : 1500),
                             .threads = K.has & HAS_MANY ? 4 : 2 };
        (void)pthread_barrier_init(&l.begin, NULL, (unsigned)l.threads);
        (void)pthread_barrier_init(&l.end, NULL, (unsigned)l.threads);
        points_delay(delay);
        team_run(l.threads, leaving_member, &l);
        points_delay(false);
        (void)pthread_barrier_destroy(&l.begin);
        (void)pthread_barrier_destroy(&l.end);
    }
}
