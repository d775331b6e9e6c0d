/* SPDX-License-Identifier: MIT */
/* tests/chan/before.c - what happens before what: C14 C15 C17, over plain memory, so that ThreadSanitizer
 * looks on as well. */
#include "cases.h"
#include "chan.h"

#include <stdlib.h>
#include <string.h>

#define N 4000

/* One sender, one receiver. Before send k the sender writes sent[k], before receive k the receiver writes
 * received[k]; the other side reads them after the end of its call, as far as it may. */
enum { SENT = 1, RECEIVED = 2 };

struct pair {
    weir_chan *c;
    size_t cap, n;
    bool timed;    /* a part of the calls has a deadline, and is made again */
    unsigned look; /* at what: SENT, RECEIVED */
    uint64_t sent[N], received[N];
};

static weir_time some_deadline(const struct pair *p) {
    return p->timed && rng_below(4) ? weir_after((int64_t)rng_below(30000)) : WEIR_FOREVER;
}

static void pair_sender(struct pair *p) {
    for (size_t k = 0; k < p->n && checks_hold(); k++) {
        uint64_t v = k;
        int rc;
        p->sent[k] = k + 1;
        do rc = weir_chan_send_wait(p->c, &v, some_deadline(p), NULL);
        while (rc == WEIR_ETIMEDOUT);
        CHECK_IS(rc, 0);
        /* C15: receive k + 1 - cap has begun and ended before send k + 1 ends. C17: cap 0. */
        if (p->look & RECEIVED && k >= p->cap) CHECK_IS(p->received[k - p->cap], k - p->cap + 1);
        if (rng_below(16) == 0) random_delay();
    }
}

static void pair_receiver(struct pair *p) {
    for (size_t k = 0; k < p->n && checks_hold(); k++) {
        uint64_t v = UNTOUCHED;
        int rc;
        p->received[k] = k + 1;
        do rc = weir_chan_recv_wait(p->c, &v, some_deadline(p), NULL);
        while (rc == WEIR_ETIMEDOUT);
        CHECK_IS(rc, 0);
        if (!CHECK_IS(v, k)) return;
        if (p->look & SENT) CHECK_IS(p->sent[v], v + 1); /* C14 */
        if (rng_below(16) == 0) random_delay();
    }
}

static void pair_member(void *arg, size_t i) {
    if (i == 0)
        pair_sender(arg);
    else
        pair_receiver(arg);
}

static void pair_of(size_t cap, unsigned look) {
    static struct pair p;
    for (int timed = 0; timed < 2; timed++) {
        check_context("cap %zu%s", cap, timed ? ", timeouts" : "");
        memset(&p, 0, sizeof p);
        p.c = chan_open(cap);
        p.cap = cap;
        p.n = times(N / 2) < N ? times(N / 2) : N;
        p.timed = timed;
        p.look = look;
        points_delay(timed);
        team_run(2, pair_member, &p);
        points_delay(false);
        chan_end(p.c);
    }
}

void c14_c15_buffered(void) {
    static const size_t caps[] = { 1, 2, 3, 64 };
    for (size_t i = 0; i < 4; i++) pair_of(caps[i], SENT | RECEIVED);
}

/* Apart, so that neither edge can be carried by the other's. */
void c14_rendezvous(void) { pair_of(0, SENT); }
void c17_rendezvous(void) { pair_of(0, RECEIVED); }

/* C15 with many: a channel of capacity 1 is a mutex; its send locks, its receive unlocks. */
struct section {
    weir_chan *c;
    uint64_t plain;
    size_t n;
    unsigned how;
};

static void section_member(void *arg, size_t i) {
    struct section *s = arg;
    uint64_t v = i;
    unsigned failures = 0;
    for (size_t k = 0; k < s->n && checks_hold(); k++) {
        if (s->how == 0)
            CHECK_IS(weir_chan_send(s->c, &v), 0);
        else
            while (weir_chan_try_send(s->c, &v) != 0 && checks_hold()) give_way(&failures);
        s->plain++;
        uint64_t mine = UNTOUCHED;
        CHECK_IS(try_recv(s->c, &mine), 0);
        CHECK_IS(mine, i);
    }
}

void c15_mutex(void) {
    for (unsigned how = 0; how < 2; how++) {
        struct section s = { .c = chan_open(1), .n = times(3000), .how = how };
        check_context("%s", how ? "try_send" : "send");
        team_run(4, section_member, &s);
        CHECK_IS(s.plain, 4 * s.n);
        chan_end(s.c);
    }
}

/* C14 with many: what is sent is the address of plain memory, which is the receiver's from then on. */
struct box {
    uint64_t a, b;
};

struct boxes {
    weir_chan *c;
    size_t n, sides;
    weir_au64 in, out;
};

static void boxes_member(void *arg, size_t i) {
    struct boxes *s = arg;
    for (size_t k = 0; k < s->n && checks_hold(); k++) {
        struct box *box = NULL;
        if (i < s->sides) {
            box = malloc(sizeof *box);
            if (!CHECK(box, "no memory")) return;
            box->a = rng();
            box->b = ~box->a;
            (void)weir_fetch_add_relaxed(&s->in, box->a);
            CHECK_IS(weir_chan_send(s->c, &box), 0);
        } else if (CHECK_IS(weir_chan_recv(s->c, &box), 0)) {
            CHECK(box->b == ~box->a, "what the sender wrote is not seen");
            (void)weir_fetch_add_relaxed(&s->out, box->a);
            box->b = 0;
            free(box);
        }
    }
}

void c14_many(void) {
    for (size_t cap = least_cap(); cap <= 3; cap++) {
        struct boxes s = { .c = chan_open_size(cap, sizeof(struct box *)),
                           .n = times(1000),
                           .sides = 3 };
        points_delay(cap == 1);
        team_run(2 * s.sides, boxes_member, &s);
        points_delay(false);
        CHECK_IS(weir_load_relaxed(&s.in), weir_load_relaxed(&s.out));
        chan_end(s.c);
    }
}
