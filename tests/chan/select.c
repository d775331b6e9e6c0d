/* SPDX-License-Identifier: MIT */
/* tests/chan/select.c - selects that find what they look for, or nothing, and bad input: S01 S02 S05 to S08
 * S11 S18 S19. */
#include "cases.h"
#include "chan.h"

#include <stdlib.h>
#include <string.h>

/* ---- S01 S05: nothing to wait for ------------------------------------------------------------------------- */

static int64_t select_none(void *arg) { return weir_select(arg, 0, WEIR_FOREVER, NULL, 0); }

static int64_t select_nil(void *arg) {
    struct weir_case *c = arg;
    return weir_select(c, 2, WEIR_FOREVER, NULL, 0);
}

/* n cases that are never ready. */
static void never(struct weir_case *cases, size_t n) {
    weir_ctx *ctx = NULL;
    CHECK_IS(weir_select(cases, n, WEIR_NOW, NULL, 0), WEIR_EAGAIN);
    CHECK_IS(weir_select(cases, n, -1, NULL, 0), WEIR_ETIMEDOUT);
    for (int64_t wait = 1; wait < 20 * MS; wait *= 20) {
        weir_time d = weir_after(wait);
        check_late(weir_select(cases, n, d, NULL, 0), d);
        d = weir_after(wait);
        check_late(weir_select(cases, n, d, NULL, WEIR_SELECT_PRIORITY), d);
    }
    weir_time d = weir_after(3 * MS);
    if (!CHECK_IS(weir_ctx_new(&ctx, NULL, d), 0)) return;
    check_late(weir_select(cases, n, WEIR_FOREVER, ctx, 0), d);
    CHECK_IS(weir_select(cases, n, WEIR_NOW, ctx, 0), WEIR_ETIMEDOUT);
    weir_ctx_unref(ctx);
}

void s01_no_cases(void) {
    static struct call forever;
    struct weir_case none = { NULL, NULL, 99, 0, 0 }; /* not looked at */
    call_for_ever(&forever, select_none, NULL);
    never(NULL, 0);
    never(&none, 0);
    CHECK(!call_done(&forever), "a select without cases returned");
}

void s05_all_nil(void) {
    static struct call forever;
    static uint64_t v = 1;
    static struct weir_case cases[2] = { { NULL, &v, WEIR_SEND, 0, 0 },
                                         { NULL, &v, WEIR_RECV, 0, 0 } };
    struct weir_case mine[2] = { cases[0], cases[1] };
    call_for_ever(&forever, select_nil, cases);
    never(mine, 2);
    never(mine, 1);
    CHECK(!call_done(&forever) && v == 1, "a select without channels returned");
}

void s05_nil_never_chosen(void) {
    weir_chan *c = chan_open(1);
    struct selector s;
    selector_init(&s);
    selector_recv(&s, NULL);
    selector_recv(&s, c);
    selector_send(&s, NULL, 5);
    for (size_t k = times(300); k > 0 && checks_hold(); k--) {
        s.deadline = k % 2 ? WEIR_NOW : WEIR_FOREVER;
        s.flags = k % 3 ? 0 : WEIR_SELECT_PRIORITY;
        send_ids(c, k, 1);
        CHECK_IS(selector_run(&s), 1);
        CHECK(s.cases[1].result == 0 && s.v[1] == k, "result %d", s.cases[1].result);
    }
    chan_end(c);
}

/* ---- S02 ----------------------------------------------------------------------------------------------------- */

void s02_default(void) {
    for (size_t cap = least_cap(); cap <= 2; cap++) {
        weir_chan *in = chan_open(cap), *out = chan_open(1);
        struct selector s;
        check_context("cap %zu", cap);
        selector_init(&s);
        selector_recv(&s, in);
        selector_send(&s, out, 6);
        s.deadline = WEIR_NOW;
        send_ids(out, 5, 1); /* full, and `in` is empty: nothing is ready */
        for (int i = 0; i < 20; i++) CHECK_IS(selector_run(&s), WEIR_EAGAIN);
        CHECK(weir_chan_len(in) == 0 && weir_chan_len(out) == 1, "something moved");
        for (int i = 0; i < 20 && cap; i++) { /* ready for sure */
            send_ids(in, 7, 1);
            CHECK_IS(selector_run(&s), 0);
            CHECK_IS(s.v[0], 7);
        }
        recv_ids(out, 5, 1);
        for (int i = 0; i < 20; i++) {
            CHECK_IS(selector_run(&s), 1);
            recv_ids(out, 6, 1);
        }
        chan_end(in);
        chan_end(out);
    }
}

/* An element is always in one of the two, and is moved to and fro. */
struct mover {
    weir_chan *c[2];
    weir_au32 over;
};
static void move(void *arg, size_t who) {
    struct mover *m = arg;
    uint64_t v = 1;
    if (who == 0) {
        for (unsigned i = 0; !weir_load_relaxed(&m->over); i++) {
            CHECK_IS(weir_chan_try_send(m->c[i % 2], &v), 0);
            CHECK_IS(weir_chan_try_recv(m->c[1 - i % 2], &v), 0);
        }
        return;
    }
    for (size_t k = times(20000); k > 0 && checks_hold(); k--) {
        struct weir_case c[] = { WEIR_CASE_RECV(m->c[0], NULL), WEIR_CASE_RECV(m->c[1], NULL) };
        ptrdiff_t i = weir_select(c, 2, WEIR_NOW, NULL, WEIR_SELECT_READY);
        CHECK(i == 0 || i == 1, "%td: there is an element at each instant", i);
    }
    weir_store_relaxed(&m->over, 1);
}

void s02_one_instant(void) {
    struct mover m = { { chan_open(1), chan_open(1) }, { 0 } };
    uint64_t v = 1;
    weir_init_atomic(&m.over, 0);
    CHECK_IS(weir_chan_try_send(m.c[1], &v), 0);
    team_run(2, move, &m);
    CHECK_IS((weir_chan_try_recv(m.c[0], &v) == 0) + (weir_chan_try_recv(m.c[1], &v) == 0), 1);
    for (int i = 0; i < 2; i++) chan_end(m.c[i]);
}

/* Without a buffer, ready is a peer that waits. */
void s02_peer_waits(void) {
    weir_chan *a = chan_open(0), *b = chan_open(0);
    struct peer p;
    struct selector s;
    selector_init(&s);
    selector_recv(&s, a);
    selector_send(&s, b, 6);
    s.deadline = WEIR_NOW;
    for (size_t k = times(3); k > 0 && checks_hold(); k--) {
        CHECK_IS(selector_run(&s), WEIR_EAGAIN);
        peer_waits(&p, a, true, k);
        CHECK_IS(selector_run(&s), 0);
        CHECK_IS(s.v[0], k);
        CHECK_IS(peer_end(&p), 0);
        peer_waits(&p, b, false, 0);
        CHECK_IS(selector_run(&s), 1);
        CHECK_IS(peer_end(&p), 0);
        CHECK_IS(p.v, 6);
        peer_waits(&p, a, false, 0); /* of its own side: no partner */
        CHECK_IS(selector_run(&s), WEIR_EAGAIN);
        CHECK_IS(try_send(a, 1), 0);
        CHECK_IS(peer_end(&p), 0);
    }
    chan_end(a);
    chan_end(b);
}

/* ---- S06 S07 ------------------------------------------------------------------------------------------------- */

static void closed_case(bool send, size_t cap, weir_time deadline, unsigned flags) {
    weir_chan *open = chan_open(least_cap()), *c = chan_open(cap);
    struct selector s;
    check_context("%s, cap %zu, deadline %lld", send ? "send" : "recv", cap, (long long)deadline);
    selector_init(&s);
    s.deadline = deadline;
    s.flags = flags;
    selector_recv(&s, open);
    if (send)
        selector_send(&s, c, 3);
    else
        selector_recv(&s, c);
    if (cap) send_ids(c, 1, 1);
    CHECK_IS(weir_chan_close(c), 0);
    if (!send && cap) { /* first what is inside */
        CHECK_IS(selector_run(&s), 1);
        CHECK(s.cases[1].result == 0 && s.v[1] == 1, "result %d", s.cases[1].result);
    }
    for (int i = 0; i < 3; i++) {
        CHECK_IS(selector_run(&s), 1);
        CHECK_IS(s.cases[1].result, WEIR_ECLOSED);
    }
    CHECK_IS(weir_chan_len(c), send && cap ? 1 : 0);
    chan_end(c);
    chan_end(open);
}

static void closed(bool send) {
    static const weir_time deadlines[] = { WEIR_NOW, -1, WEIR_FOREVER };
    for (size_t cap = least_cap(); cap <= 2; cap++)
        for (size_t i = 0; i < 3; i++)
            for (unsigned flags = 0; flags <= WEIR_SELECT_PRIORITY; flags++)
                closed_case(send, cap, deadlines[i], flags);
}

void s06_recv_closed(void) { closed(false); }
void s07_send_closed(void) { closed(true); }

/* ---- S08 ------------------------------------------------------------------------------------------------------ */

/* All cases are ready; one happens, and the other channels are as before. */
void s08_exactly_one(void) {
    weir_chan *in[2] = { chan_open(2), chan_open(2) }, *out[2] = { chan_open(2), chan_open(2) };
    for (size_t k = times(400); k > 0 && checks_hold(); k--) {
        struct selector s;
        size_t len[4] = { 1, 1, 0, 0 };
        selector_init(&s);
        s.deadline = k % 3 ? WEIR_FOREVER : WEIR_NOW;
        for (uint64_t i = 0; i < 2; i++) send_ids(in[i], 10 + i, 1), selector_recv(&s, in[i]);
        for (uint64_t i = 0; i < 2; i++) selector_send(&s, out[i], 20 + i);
        ptrdiff_t won = selector_run(&s);
        if (!CHECK(won >= 0 && s.cases[won].result == 0, "select returned %td", won)) break;
        if (won < 2) CHECK_IS(s.v[won], 10 + won);
        len[won] = won >= 2;
        for (size_t i = 0; i < 4; i++) CHECK_IS(weir_chan_len(i < 2 ? in[i] : out[i - 2]), len[i]);
        for (uint64_t i = 0; i < 4; i++)
            recv_ids(i < 2 ? in[i] : out[i - 2], i < 2 ? 10 + i : 18 + i, len[i]);
    }
    for (size_t i = 0; i < 2; i++) chan_end(in[i]), chan_end(out[i]);
}

/* ---- S11 ------------------------------------------------------------------------------------------------------- */

void s11_buffered_alone(void) {
    weir_chan *c = chan_open(10);
    uint64_t sent = 0, got = 0;
    for (size_t k = times(3000); k > 0 && checks_hold(); k--) {
        struct selector s;
        selector_init(&s);
        s.deadline = k % 2 ? WEIR_NOW : WEIR_FOREVER;
        selector_send(&s, c, sent);
        selector_recv(&s, c);
        ptrdiff_t won = selector_run(&s);
        CHECK(won >= 0, "select returned %td", won);
        if (won == 1) CHECK_IS(s.v[1], got++);
        sent += won == 0;
        CHECK_IS(weir_chan_len(c), sent - got);
    }
    CHECK(got > 0 || times(3000) < 100, "it never received");
    recv_ids(c, got, sent - got);
    chan_end(c);
}

/* ---- S18 ------------------------------------------------------------------------------------------------------- */

/* n cases on 7 channels and none; then one of them is ready. */
static void many_cases(size_t n) {
    weir_chan *c[7];
    struct weir_case *cases = calloc(n, sizeof *cases);
    uint64_t v = UNTOUCHED;
    check_context("%zu cases", n);
    for (size_t i = 0; i < 7; i++) c[i] = chan_open(1);
    for (size_t i = 0; i < n; i++) {
        weir_chan *on = i % 8 < 7 ? c[i % 8] : NULL;
        cases[i] = (struct weir_case){ weir_chan_waitable(on), &v, WEIR_RECV, 0, 55 };
    }
    CHECK_IS(weir_select(cases, n, WEIR_NOW, NULL, 0), WEIR_EAGAIN);
    weir_time d = weir_after(2 * MS);
    check_late(weir_select(cases, n, d, NULL, 0), d);
    for (size_t i = 0; i < 7 && checks_hold(); i++) {
        send_ids(c[i], i, 1);
        ptrdiff_t won = weir_select(cases, n, i % 2 ? WEIR_FOREVER : WEIR_NOW, NULL, 0);
        CHECK(won >= 0 && (size_t)won % 8 == i && v == i, "case %td, value %llu", won,
              (unsigned long long)v);
        v = UNTOUCHED;
    }
    for (size_t i = 0; i < 7; i++) chan_end(c[i]);
    free(cases);
}

void s18_many(void) {
    many_cases(16); /* the most without an allocation, and one more */
    many_cases(17);
    many_cases(64);
    many_cases(1000);
    many_cases(WEIR_SELECT_MAX);
    CHECK_IS(WEIR_SELECT_MAX, 65535);
}

void s18_too_many(void) {
    size_t n = WEIR_SELECT_MAX + 1;
    struct weir_case *cases = calloc(n, sizeof *cases);
    weir_chan *c = chan_open(1);
    uint64_t v = UNTOUCHED;
    for (size_t i = 0; i < n; i++)
        cases[i] = (struct weir_case){ weir_chan_waitable(c), &v, WEIR_RECV, 0, 55 };
    send_ids(c, 1, 1);
    CHECK_IS(weir_select(cases, n, WEIR_NOW, NULL, 0), WEIR_ETOOBIG);
    CHECK_IS(weir_select(cases, SIZE_MAX, WEIR_NOW, NULL, 0), WEIR_ETOOBIG);
    CHECK(v == UNTOUCHED && cases[0].result == 55, "something was done");
    recv_ids(c, 1, 1);
    free(cases);
    chan_end(c);
}

/* ---- S19 ------------------------------------------------------------------------------------------------------- */

/* Every set of ready cases. */
void s19_priority(void) {
    weir_chan *c[CASES_MAX];
    struct selector s;
    selector_init(&s);
    s.flags = WEIR_SELECT_PRIORITY;
    for (size_t i = 0; i < CASES_MAX; i++) {
        c[i] = chan_open(1);
        if (i % 2)
            selector_send(&s, c[i], i);
        else
            selector_recv(&s, c[i]);
    }
    for (unsigned ready = 1; ready < 1u << CASES_MAX; ready++) {
        for (int way = 0; way < 6; way++) {
            ptrdiff_t lowest = __builtin_ctz(ready);
            check_context("ready %x", ready);
            s.deadline = way % 3 == 0 ? WEIR_NOW : way % 3 == 1 ? WEIR_FOREVER : -1;
            for (size_t i = 0; i < CASES_MAX;
                 i++) /* a send is ready without, a recv with an element */
                if ((ready >> i & 1) != i % 2) send_ids(c[i], i, 1);
            CHECK_IS(selector_run(&s), lowest);
            for (size_t i = 0; i < CASES_MAX; i++) {
                uint64_t v;
                while (try_recv(c[i], &v) == 0) continue;
            }
        }
    }
    for (size_t i = 0; i < CASES_MAX; i++) chan_end(c[i]);
}

/* ---- bad input ------------------------------------------------------------------------------------------------- */

static void refused(struct weir_case *cases, size_t n, unsigned flags) {
    static const weir_time deadlines[] = { WEIR_NOW, -1, WEIR_FOREVER };
    for (size_t i = 0; i < 3; i++)
        CHECK_IS(weir_select(cases, n, deadlines[i], NULL, flags), WEIR_EINVAL);
}

void s_bad_arguments(void) {
    static const uint32_t ops[] = { 0, 3, 4, 77, UINT32_MAX };
    weir_chan *c = chan_open(1);
    weir_ctx *ctx = NULL;
    uint64_t v = UNTOUCHED;
    struct weir_case good = { weir_chan_waitable(c), &v, WEIR_RECV, 0, 55 }, two[2];
    send_ids(c, 1, 1);
    count_misuse(true);
    for (size_t i = 0; i < 5; i++) {
        two[0] = two[1] = good;
        two[1].op = ops[i];
        refused(two, 2, 0); /* though the first is ready */
        two[1].on = NULL;
        refused(two, 2, 0);
    }
    two[1] = good;
    two[1].elem = NULL;
    refused(two, 2, 0);
    two[1].op = WEIR_SEND;
    refused(two, 2, 0);
    for (unsigned bit = 0; bit < 32; bit++) {
        two[1] = good;
        two[1].arg = 1u << bit;
        refused(two, 2, 0);
        if (bit > 1) refused(&good, 1, 1u << bit); /* those two there are */
    }
    refused(NULL, 1, 0);
    refused(NULL, WEIR_SELECT_MAX, 0);
    if (CHECK_IS(weir_ctx_new(&ctx, NULL, WEIR_FOREVER), 0)) { /* nothing is sent to a context */
        two[1] = (struct weir_case){ weir_ctx_waitable(ctx), &v, WEIR_SEND, 0, 55 };
        refused(two, 2, 0);
        two[1] = (struct weir_case){ weir_ctx_waitable(ctx), NULL, WEIR_RECV, 7, 55 };
        refused(two, 2, 0);
        weir_ctx_unref(ctx);
    }
    count_misuse(false);
    CHECK(v == UNTOUCHED && good.result == 55 && two[0].result == 55, "something was done");
    recv_ids(c, 1, 1);
    chan_end(c);
}

/* Beside a case that is ready; with contexts and nothing they go together. */
void s_kinds_apart(void) {
    weir_chan *c = chan_open(1), *other = NULL;
    struct weir_chan_opts o = WEIR_CHAN_OPTS(1, sizeof(uint64_t));
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    uint64_t v = UNTOUCHED;
    if (!CHECK_IS(weir_chan_new(&other, &o), 0)) return;
    send_ids(c, 1, 1);
    send_ids(other, 2, 1);
    struct weir_case cases[] = { WEIR_CASE_RECV(other, &v),
                                 WEIR_CASE_RECV(c, &v),
                                 { weir_ctx_waitable(ctx), NULL, WEIR_RECV, 0, 0 },
                                 { NULL, &v, WEIR_RECV, 0, 0 } };
    count_misuse(true);
    refused(cases, 2, 0);
    refused(cases, 3, 0);
    CHECK(misuse_counted() == 6 || misuse_counted() == 0, "%u reports", misuse_counted());
    count_misuse(false);
    CHECK_IS(v, UNTOUCHED);
    CHECK_IS(weir_select(cases + 1, 3, WEIR_FOREVER, NULL, 0), 0);
    CHECK_IS(v, 1);
    CHECK_IS(weir_select(cases + 1, 3, WEIR_NOW, NULL, 0), WEIR_EAGAIN);
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    CHECK_IS(weir_select(cases + 1, 3, WEIR_FOREVER, NULL, 0), 1);
    CHECK_IS(cases[2].result, WEIR_ECANCELED);
    recv_ids(other, 2, 1);
    weir_ctx_unref(ctx);
    chan_end(c);
    chan_end(other);
}
