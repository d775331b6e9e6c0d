/* SPDX-License-Identifier: MIT */
/* tests/chan/select_ready.c - selects that only look: S20. Nothing moves, nobody else is kept from anything, and what
 * stays ready is told. */
#include "cases.h"
#include "chan.h"

#include <weir/timer.h>

static void looker_init(struct selector *s, weir_time deadline) {
    selector_init(s);
    s->flags = WEIR_SELECT_READY;
    s->deadline = deadline;
}

/* ---- ready or not, at once ------------------------------------------------------------------------------- */

/* Every set of ready cases, two receives and two sends. */
void s20_now(void) {
    weir_chan *c[CASES_MAX];
    struct selector s;
    looker_init(&s, WEIR_NOW);
    for (size_t i = 0; i < CASES_MAX; i++) {
        c[i] = chan_open(1);
        if (i % 2)
            selector_send(&s, c[i], i);
        else
            selector_recv(&s, c[i]);
    }
    for (unsigned ready = 0; ready < 1u << CASES_MAX; ready++) {
        check_context("ready %x", ready);
        for (size_t i = 0; i < CASES_MAX; i++)
            if ((ready >> i & 1) != i % 2) send_ids(c[i], i, 1);
        for (unsigned way = 0; way < 12; way++) {
            s.flags = WEIR_SELECT_READY | (way % 2 ? WEIR_SELECT_PRIORITY : 0);
            s.deadline = way % 3 == 0 || !ready ? WEIR_NOW : way % 3 == 1 ? WEIR_FOREVER : -1;
            ptrdiff_t won = selector_run(&s);
            if (!ready) CHECK_IS(won, WEIR_EAGAIN);
            if (ready) CHECK(won >= 0 && ready >> won & 1, "case %td", won);
            if (ready && way % 2) CHECK_IS(won, __builtin_ctz(ready));
            if (won >= 0) CHECK_IS(s.cases[won].result, 0);
        }
        for (size_t i = 0; i < CASES_MAX; i++) {
            size_t len = (ready >> i & 1) != i % 2;
            CHECK_IS(weir_chan_len(c[i]), len);
            recv_ids(c[i], i, len);
        }
    }
    for (size_t i = 0; i < CASES_MAX; i++) chan_end(c[i]);
}

/* Needs no element; closed is ready, for both, and the result does not say so. */
void s20_no_elements(void) {
    weir_chan *c = chan_open(1);
    struct weir_case cases[] = { { weir_chan_waitable(c), NULL, WEIR_RECV, 0, 55 },
                                 { NULL, NULL, WEIR_RECV, 0, 55 },
                                 { weir_chan_waitable(c), NULL, WEIR_SEND, 0, 55 } };
    CHECK_IS(weir_select(cases, 3, WEIR_FOREVER, NULL, WEIR_SELECT_READY), 2);
    send_ids(c, 1, 1);
    CHECK_IS(weir_select(cases, 3, WEIR_FOREVER, NULL, WEIR_SELECT_READY), 0);
    recv_ids(c, 1, 1);
    CHECK_IS(weir_select(cases, 2, WEIR_NOW, NULL, WEIR_SELECT_READY), WEIR_EAGAIN);
    CHECK_IS(weir_chan_close(c), 0);
    CHECK_IS(weir_select(cases, 2, WEIR_NOW, NULL, WEIR_SELECT_READY), 0);
    CHECK_IS(weir_select(cases + 1, 2, WEIR_FOREVER, NULL, WEIR_SELECT_READY), 1);
    CHECK_IS(cases[0].result, 0);
    CHECK_IS(cases[2].result, 0);
    chan_end(c);
}

/* ---- while it waits ---------------------------------------------------------------------------------------- */

/* An element, a place, a close: the looker is told, and all is still there. */
void s20_wakes(void) {
    for (int how = 0; how < 4; how++) {
        weir_chan *c = chan_open(1), *never = chan_open(1);
        struct selector s;
        uint64_t v;
        check_context("way %d", how);
        looker_init(&s, how % 2 ? weir_after(60000 * MS) : WEIR_FOREVER);
        selector_recv(&s, never);
        if (how == 1) {
            send_ids(c, 7, 1);
            selector_send(&s, c, 8);
        } else {
            selector_recv(&s, c);
        }
        selector_waits(&s);
        if (how == 0) send_ids(c, 7, 1);
        if (how == 1) CHECK_IS(try_recv(c, &v), 0);
        if (how >= 2) CHECK_IS(weir_chan_close(c), 0);
        CHECK_IS(selector_end(&s), 1);
        CHECK_IS(s.cases[1].result, 0);
        CHECK_IS(weir_chan_len(c), how == 0);
        recv_ids(c, 7, how == 0);
        chan_end(c);
        chan_end(never);
    }
}

/* Peers of a rendezvous: a plain call that waits, and a select; which go on waiting. */
void s20_meets(void) {
    for (int k = 0; k < 2; k++) {
        weir_chan *c = chan_open(0), *never = chan_open(0);
        struct selector s, other;
        struct peer p;
        looker_init(&s, WEIR_FOREVER);
        if (k)
            selector_recv(&s, c);
        else
            selector_send(&s, c, 3);
        selector_waits(&s);
        peer_waits(&p, c, k, 8);
        CHECK_IS(selector_end(&s), 0);
        s.deadline = WEIR_NOW; /* and again: it is still there */
        CHECK_IS(selector_run(&s), 0);
        if (k) recv_ids(c, 8, 1);
        if (!k) send_ids(c, 8, 1);
        CHECK_IS(peer_end(&p), 0);
        CHECK_IS(selector_run(&s), WEIR_EAGAIN);

        selector_init(&other);
        selector_recv(&other, never);
        if (k)
            selector_send(&other, c, 9);
        else
            selector_recv(&other, c);
        s.deadline = WEIR_FOREVER;
        selector_waits(&s);
        selector_waits(&other);
        CHECK_IS(selector_end(&s), 0);
        if (k) recv_ids(c, 9, 1);
        if (!k) send_ids(c, 9, 1);
        CHECK_IS(selector_end(&other), 1);
        chan_end(c);
        chan_end(never);
    }
}

/* Two that look at each other's ends are not ready for each other. */
void s20_only_lookers(void) {
    weir_chan *c = chan_open(0);
    struct selector s, t;
    looker_init(&s, WEIR_FOREVER);
    selector_recv(&s, c);
    selector_waits(&s);
    looker_init(&t, weir_after(5 * MS));
    selector_send(&t, c, 1);
    selector_recv(&t, c);
    check_late(selector_run(&t), t.deadline);
    CHECK(!call_done(&s.call), "nobody sends");
    CHECK_IS(weir_chan_try_send(c, &t.v[0]), WEIR_EAGAIN);
    CHECK_IS(weir_chan_close(c), 0);
    CHECK_IS(selector_end(&s), 0);
    chan_end(c);
}

/* Who looks keeps nothing from who waits beside it, before it or after it, and hears of the next. */
void s20_beside(void) {
    for (int first = 0; first < 2; first++) {
        weir_chan *c = chan_open(1);
        struct selector s;
        struct peer p;
        looker_init(&s, WEIR_FOREVER);
        selector_recv(&s, c);
        if (first) selector_waits(&s);
        peer_waits(&p, c, false, 0);
        if (!first) selector_waits(&s);
        send_ids(c, 1, 1);
        CHECK_IS(peer_end(&p), 0);
        CHECK_IS(p.v, 1);
        send_ids(c, 2, 1);
        CHECK_IS(selector_end(&s), 0);
        recv_ids(c, 2, 1);
        chan_end(c);
    }
}

/* Its context and its deadline end it; a context as a case is ready once it has ended. */
void s20_ends(void) {
    weir_chan *c = chan_open(1);
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER), *by_clock = ctx_open(NULL, weir_after(5 * MS));
    struct selector s;
    looker_init(&s, weir_after(2 * MS));
    selector_recv(&s, c);
    check_late(selector_run(&s), s.deadline);
    s.deadline = WEIR_FOREVER;
    s.ctx = ctx;
    selector_waits(&s);
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    CHECK_IS(selector_end(&s), WEIR_ECANCELED);

    struct weir_case cases[] = { WEIR_CASE_RECV(c, NULL),
                                 { weir_ctx_waitable(by_clock), NULL, WEIR_RECV, 0, 55 } };
    CHECK_IS(weir_select(cases, 2, WEIR_FOREVER, NULL, WEIR_SELECT_READY), 1);
    CHECK(weir_now() >= weir_ctx_deadline(by_clock), "early");
    CHECK_IS(cases[1].result, 0);
    cases[1].on = weir_ctx_waitable(ctx);
    CHECK_IS(weir_select(cases, 2, WEIR_NOW, NULL, WEIR_SELECT_READY), 1);
    weir_ctx_unref(ctx);
    weir_ctx_unref(by_clock);
    chan_end(c);
}

/* A timer that has come is ready until somebody takes it. */
void s20_timers(void) {
    weir_timer *t = NULL;
    weir_time at = 0, due = weir_after(3 * MS);
    if (!CHECK_IS(weir_timer_new(&t, due), 0)) return;
    struct weir_case c[] = { WEIR_CASE_TIMER(t, &at) };
    for (int k = 0; k < 3; k++) {
        CHECK_IS(weir_select(c, 1, WEIR_FOREVER, NULL, WEIR_SELECT_READY), 0);
        CHECK(at == 0 && weir_now() >= due, "taken, or early");
    }
    CHECK_IS(weir_select(c, 1, WEIR_NOW, NULL, 0), 0);
    CHECK_IS(at, due);
    CHECK_IS(weir_select(c, 1, WEIR_NOW, NULL, WEIR_SELECT_READY), WEIR_EAGAIN);
    CHECK_IS(weir_timer_free(t), 0);
}

/* ---- never misses --------------------------------------------------------------------------------------------- */

struct lookers {
    weir_chan *c[2];
    size_t n;
    bool plain; /* the second receiver does not look */
    weir_au64 got;
};

/* Looks, and takes what it can get; until both are closed. */
static void look_and_take(struct lookers *l) {
    struct weir_case cases[] = { WEIR_CASE_RECV(l->c[0], NULL), WEIR_CASE_RECV(l->c[1], NULL) };
    for (size_t left = 2; left > 0 && checks_hold();) {
        ptrdiff_t won = weir_select(cases, 2, WEIR_FOREVER, NULL, WEIR_SELECT_READY);
        if (!CHECK(won == 0 || won == 1, "select returned %td", won)) return;
        uint64_t v;
        int rc = weir_chan_try_recv(l->c[won], &v);
        if (rc == 0) (void)weir_fetch_add_relaxed(&l->got, v);
        if (rc == WEIR_ECLOSED) {
            cases[won].on = NULL;
            left--;
        }
    }
}

static void looker_member(void *arg, size_t i) {
    struct lookers *l = arg;
    uint64_t v;
    if (i < 2) {
        for (size_t k = 1; k <= l->n && checks_hold(); k++) {
            if (rng_below(8) == 0) random_delay();
            CHECK_IS(weir_chan_send(l->c[i], &(uint64_t){ k }), 0);
        }
        CHECK_IS(weir_chan_close(l->c[i]), 0);
    } else if (i == 2 || !l->plain) {
        look_and_take(l);
    } else {
        while (weir_chan_recv(l->c[0], &v) == 0) (void)weir_fetch_add_relaxed(&l->got, v);
    }
}

/* Two senders; one looker, or two, or one and a plain receiver: a place or an element that nobody is told of leaves
 * all asleep. */
void s20_misses_nothing(void) {
    for (size_t cap = least_cap(); cap < 3; cap++) {
        for (size_t way = 0; way < 6 && checks_hold(); way++) {
            struct lookers l = {
                { chan_open(cap), chan_open(cap) }, times(1500), way / 2 == 2, { 0 }
            };
            check_context("capacity %zu, way %zu", cap, way);
            points_delay(way % 2);
            team_run(way / 2 == 0 ? 3 : 4, looker_member, &l);
            points_delay(false);
            CHECK_IS(weir_load_relaxed(&l.got), l.n * (l.n + 1));
            chan_end(l.c[0]);
            chan_end(l.c[1]);
        }
    }
}
