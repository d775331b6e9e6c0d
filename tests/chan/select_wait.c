/* SPDX-License-Identifier: MIT */
/* tests/chan/select_wait.c - selects that wait, and are served by whom they should be: S10 S12 to S15, and what
 * stands still in between. Races without a script: select_race.c. */
#include "cases.h"
#include "chan.h"

#include <string.h>

/* ---- S10: both ends of one channel in one select --------------------------------------------------------- */

void s10_not_with_itself(void) {
    weir_chan *c = chan_open(0);
    struct selector s;
    selector_init(&s);
    selector_send(&s, c, 1);
    selector_recv(&s, c);
    s.deadline = WEIR_NOW;
    for (int i = 0; i < 20; i++) CHECK_IS(selector_run(&s), WEIR_EAGAIN);
    s.deadline = weir_after(5 * MS);
    check_late(selector_run(&s), s.deadline);
    s.deadline = WEIR_FOREVER;
    for (int k = 0; k < 2; k++) { /* with others it does */
        struct peer p;
        selector_waits(&s);
        peer_start(&p, c, k, 8);
        CHECK_IS(selector_end(&s), k);
        CHECK_IS(peer_end(&p), 0);
        CHECK_IS(k ? s.v[1] : p.v, k ? 8 : 1);
    }
    chan_end(c);
}

struct selfish {
    weir_chan *c;
    size_t n;
    weir_au64 in, out;
};

static void selfish_member(void *arg, size_t i) {
    struct selfish *f = arg;
    for (size_t k = 1; k <= f->n && checks_hold(); k++) {
        struct selector s;
        uint64_t mine = (i * f->n + k) * 2;
        selector_init(&s);
        if (k % 2) selector_recv(&s, f->c);
        selector_send(&s, f->c, mine);
        if (k % 2 == 0) selector_recv(&s, f->c);
        ptrdiff_t won = selector_run(&s);
        if (!CHECK(won >= 0 && s.cases[won].result == 0, "select returned %td", won)) return;
        CHECK(s.cases[won].op == WEIR_SEND || s.v[won] != mine, "paired with itself");
        (void)weir_fetch_add_relaxed(s.cases[won].op == WEIR_SEND ? &f->in : &f->out, s.v[won]);
    }
}

/* Each exchange ends one call of two of the threads: an even number of calls in all, and nobody is left over
 * with two threads only. */
void s10_two_threads(void) {
    for (int delay = 0; delay < 2; delay++) {
        struct selfish f = { .c = chan_open(0), .n = times(delay ? 300 : 2000) };
        points_delay(delay);
        team_run(2, selfish_member, &f);
        points_delay(false);
        CHECK_IS(weir_load_relaxed(&f.in), weir_load_relaxed(&f.out));
        chan_end(f.c);
    }
}

/* ---- S12: select against select --------------------------------------------------------------------------- */

void s12_both_roles(void) {
    weir_chan *a = chan_open(0), *b = chan_open(0);
    for (int k = 0; k < 4; k++) {
        struct selector first, second;
        bool sends = k % 2; /* the role of the one that waits */
        selector_init(&first);
        selector_init(&second);
        selector_recv(&first, b);
        selector_recv(&second, NULL);
        if (sends) {
            selector_send(&first, a, 5);
            selector_recv(&second, a);
        } else {
            selector_recv(&first, a);
            selector_send(&second, a, 5);
        }
        if (k >= 2) selector_recv(&second, b), second.deadline = WEIR_NOW;
        selector_waits(&first);
        CHECK_IS(selector_run(&second), 1);
        CHECK_IS(second.cases[1].result, 0);
        CHECK_IS(selector_end(&first), 1);
        CHECK_IS(first.cases[1].result, 0);
        CHECK_IS(sends ? second.v[1] : first.v[1], 5);
    }
    chan_end(a);
    chan_end(b);
}

/* ---- S13: channels in opposite order ----------------------------------------------------------------------- */

struct opposite {
    weir_chan *c[2];
    uint64_t n;
    bool priority;
};

/* Thread i sends on channel i and receives from the other, each n times, in any order of the two. */
static void opposite_member(void *arg, size_t i) {
    struct opposite *o = arg;
    uint64_t sent = 0, got = 0;
    while ((sent < o->n || got < o->n) && checks_hold()) {
        struct selector s;
        selector_init(&s);
        s.flags = o->priority ? WEIR_SELECT_PRIORITY : 0;
        selector_send(&s, sent < o->n ? o->c[i] : NULL, sent);
        selector_recv(&s, got < o->n ? o->c[1 - i] : NULL);
        if (i == 1) { /* the other way round */
            struct weir_case c = s.cases[0];
            s.cases[0] = s.cases[1];
            s.cases[1] = c;
        }
        ptrdiff_t won = weir_select(s.cases, 2, WEIR_FOREVER, NULL, s.flags);
        if (!CHECK(won >= 0 && s.cases[won].result == 0, "select returned %td", won)) return;
        if (s.cases[won].op == WEIR_SEND)
            sent++;
        else
            CHECK_IS(s.v[1], got++); /* each value once */
    }
}

void s13_opposite(void) {
    for (size_t cap = least_cap(); cap <= 1; cap++) {
        for (int k = 0; k < 4; k++) {
            struct opposite o = { { chan_open(cap), chan_open(cap) },
                                  times(k < 2 ? 1500 : 200),
                                  k % 2 };
            check_context("cap %zu, way %d", cap, k);
            points_delay(k >= 2);
            team_run(2, opposite_member, &o);
            points_delay(false);
            for (size_t i = 0; i < 2; i++) chan_end(o.c[i]);
        }
    }
}

/* ---- S14: close ---------------------------------------------------------------------------------------------- */

void s14_close(void) {
    for (size_t cap = least_cap(); cap <= 1; cap++) {
        for (int which = 0; which < 4; which++) {
            weir_chan *c[4];
            struct selector s;
            check_context("cap %zu, case %d is closed", cap, which);
            selector_init(&s);
            for (size_t i = 0; i < 4; i++) {
                c[i] = chan_open(cap);
                if (i < 2) {
                    selector_recv(&s, c[i]);
                } else {
                    send_ids(c[i], 1, cap);
                    selector_send(&s, c[i], 9);
                }
            }
            selector_waits(&s);
            CHECK_IS(weir_chan_close(c[which]), 0);
            CHECK_IS(selector_end(&s), which);
            CHECK_IS(s.cases[which].result, WEIR_ECLOSED);
            for (size_t i = 0; i < 4; i++) {
                CHECK_IS(weir_chan_len(c[i]), i < 2 ? 0 : cap); /* untouched */
                chan_end(c[i]);
            }
        }
    }
}

/* Several at once, each on the same two channels, of which one is closed. */
void s14_close_many(void) {
    weir_chan *a = chan_open(least_cap()), *b = chan_open(1);
    struct selector s[4];
    send_ids(b, 1, 1);
    for (size_t i = 0; i < 4; i++) {
        selector_init(&s[i]);
        selector_recv(&s[i], a);
        selector_send(&s[i], b, 9);
        selector_waits(&s[i]);
    }
    CHECK_IS(weir_chan_close(rng_below(2) ? a : b), 0);
    ptrdiff_t want = weir_chan_is_closed(a) ? 0 : 1;
    for (size_t i = 0; i < 4; i++) {
        CHECK_IS(selector_end(&s[i]), want);
        CHECK_IS(s[i].cases[want].result, WEIR_ECLOSED);
    }
    chan_end(a);
    chan_end(b);
}

/* ---- S15: one line for selects and plain calls ------------------------------------------------------------- */

#define LINE 6

static void mixed_line(size_t cap, bool send) {
    weir_chan *c = chan_open(cap), *other = chan_open(0);
    struct peer p[LINE];
    struct selector s[LINE];
    check_context("cap %zu, %s in line", cap, send ? "senders" : "receivers");
    if (send) send_ids(c, 1, cap);
    for (size_t i = 0; i < LINE; i++) {
        if (i % 2) {
            peer_waits(&p[i], c, send, 100 + i);
            continue;
        }
        selector_init(&s[i]);
        selector_recv(&s[i], other);
        if (send)
            selector_send(&s[i], c, 100 + i);
        else
            selector_recv(&s[i], c);
        selector_waits(&s[i]);
    }
    if (send) recv_ids(c, 1, cap);
    for (size_t i = 0; i < LINE; i++) {
        if (send)
            recv_ids(c, 100 + i, 1);
        else
            send_ids(c, 100 + i, 1);
        if (send && cap) continue;
        CHECK_IS(i % 2 ? peer_end(&p[i]) : selector_end(&s[i]), i % 2 ? 0 : 1);
        CHECK_IS(i % 2 ? p[i].v : s[i].v[1], 100 + i);
    }
    for (size_t i = 0; i < LINE && send && cap; i++)
        CHECK_IS(i % 2 ? peer_end(&p[i]) : selector_end(&s[i]), i % 2 ? 0 : 1);
    chan_end(c);
    chan_end(other);
}

void s15_one_line(void) {
    for (size_t cap = 0; cap <= 2; cap++) {
        mixed_line(cap, false);
        mixed_line(cap, true);
    }
}

/* ---- scripts: the strict channel --------------------------------------------------------------------------- */

/* A select stands between its first and its second case: queued on a, not yet on b. It is served on a; then
 * b becomes ready, or is closed, which it must leave alone. */
static void taken_half_way(bool send, bool close_b) {
    weir_chan *a = chan_open(0), *b = chan_open(1);
    struct selector s;
    struct stop stop;
    uint64_t v = 7;
    check_context("%s%s", send ? "send" : "recv", close_b ? ", b closed" : "");
    stop_init(&stop, "wait.armed");
    selector_init(&s);
    s.flags = WEIR_SELECT_PRIORITY; /* in this order */
    s.stop = &stop;
    if (send)
        selector_send(&s, a, 3);
    else
        selector_recv(&s, a);
    selector_recv(&s, b);
    selector_start(&s);
    if (stop_wait(&stop)) {
        CHECK_IS(send ? weir_chan_try_recv(a, &v) : weir_chan_try_send(a, &v), 0);
        CHECK_IS(send ? weir_chan_try_recv(a, &v) : weir_chan_try_send(a, &v), WEIR_EAGAIN);
        if (close_b)
            CHECK_IS(weir_chan_close(b), 0);
        else
            send_ids(b, 8, 1);
    }
    stop_release(&stop);
    CHECK_IS(selector_end(&s), 0);
    CHECK_IS(s.cases[0].result, 0);
    CHECK_IS(send ? v : s.v[0], send ? 3 : 7);
    CHECK_IS(weir_chan_len(b), !close_b);
    if (!close_b) recv_ids(b, 8, 1);
    stop_fini(&stop);
    chan_end(a);
    chan_end(b);
}

void s08_taken_half_way(void) {
    for (int k = 0; k < 4; k++) taken_half_way(k % 2, k / 2);
}

/* The same, and b becomes ready first: nobody has told the select, which finds it itself, and is on a no
 * more. */
void s09_ready_half_way(void) {
    weir_chan *a = chan_open(0), *b = chan_open(1);
    struct selector s;
    struct stop stop;
    stop_init(&stop, "wait.armed");
    selector_init(&s);
    s.flags = WEIR_SELECT_PRIORITY;
    s.stop = &stop;
    selector_recv(&s, a);
    selector_recv(&s, b);
    selector_start(&s);
    if (stop_wait(&stop)) send_ids(b, 8, 1);
    stop_release(&stop);
    CHECK_IS(selector_end(&s), 1);
    CHECK_IS(s.v[1], 8);
    CHECK_IS(try_send(a, 1), WEIR_EAGAIN); /* no receiver is left there */
    stop_fini(&stop);
    chan_end(a);
    chan_end(b);
}

/* A peer has taken one case and stands before it tells: the deadline passes (0), the context ends (1), the other
 * channel is closed (2), and that case is what happened. */
static bool take(void *arg, int ms) {
    int how = *(int *)arg;
    weir_chan *a = chan_open(0), *b = chan_open(1);
    struct selector s;
    struct peer p;
    struct stop stop;
    check_context("way %d", how);
    stop_init(&stop, "wait.tell");
    selector_init(&s);
    selector_recv(&s, a);
    selector_recv(&s, b);
    s.ctx = ctx_open(NULL, WEIR_FOREVER);
    if (how == 0) s.deadline = weir_after(ms * MS);
    selector_start(&s);
    (void)call_sleeps(&s.call);
    peer_init(&p, a, true, 6);
    p.deadline = WEIR_NOW;
    p.stop = &stop;
    peer_begin(&p);
    bool good = stops_or_returns(&stop, &p.call) && weir_now() < s.deadline;
    if (good) {
        while (how == 0 && weir_now() < s.deadline) sleep_ms(1);
        if (how == 1) CHECK_IS(weir_ctx_cancel(s.ctx, 0), 0);
        if (how == 2) CHECK_IS(weir_chan_close(b), 0);
        CHECK(!call_returns(&s.call, 5), "it returned before its peer was through");
    }
    stop_release(&stop);
    int rc = peer_end(&p);
    ptrdiff_t won = selector_end(&s);
    if (good) CHECK(rc == 0 && won == 0 && s.v[0] == 6, "send %d, select %td", rc, won);
    stop_fini(&stop);
    weir_ctx_unref(s.ctx);
    chan_end(a);
    chan_end(b);
    return good;
}

void s16_taken(void) {
    for (int how = 0; how < 3; how++) in_time(take, &how);
}
