/* SPDX-License-Identifier: MIT */
/* tests/chan/select_fair.c - the random choice: S03 S04 S17. Each bound says with which probability a fair
 * choice would break it. */
#include "cases.h"
#include "chan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TRIALS 10000

/* ---- S03 ----------------------------------------------------------------------------------------------------- */

/* |share - 1/2| <= 4.8916 / (2 sqrt n): broken with probability 1e-6. */
static void fair(size_t hits, size_t n) {
    double share = (double)hits / (double)n;
    CHECK(fabs(share - 0.5) <= 4.8916 / (2 * sqrt((double)n)), "%zu of %zu", hits, n);
}

/* A closed channel is always ready. */
void s03_closed(void) {
    weir_chan *c[2] = { chan_open(1), chan_open(1) };
    size_t hits = 0;
    struct selector s;
    selector_init(&s);
    for (size_t i = 0; i < 2; i++) CHECK_IS(weir_chan_close(c[i]), 0), selector_recv(&s, c[i]);
    for (size_t k = 0; k < TRIALS; k++) hits += selector_run(&s) == 0;
    fair(hits, TRIALS);
    for (size_t i = 0; i < 2; i++) chan_end(c[i]);
}

/* An element in each; without a wait, and with one. */
void s03_elements(void) {
    weir_chan *c[2] = { chan_open(1), chan_open(1) };
    for (int now = 0; now < 2; now++) {
        size_t hits[2] = { 0, 0 };
        struct selector s;
        selector_init(&s);
        s.deadline = now ? WEIR_NOW : WEIR_FOREVER;
        for (size_t i = 0; i < 2; i++) selector_recv(&s, c[i]), send_ids(c[i], i, 1);
        for (size_t k = 0; k < TRIALS && checks_hold(); k++) {
            ptrdiff_t won = selector_run(&s);
            if (!CHECK(won == 0 || won == 1, "select returned %td", won)) break;
            hits[won]++;
            send_ids(c[won], 1, 1);
        }
        CHECK_IS(hits[0] + hits[1], TRIALS);
        fair(hits[0], TRIALS);
        for (size_t i = 0; i < 2; i++) CHECK_IS(try_recv(c[i], &s.v[i]), 0);
    }
    for (size_t i = 0; i < 2; i++) chan_end(c[i]);
}

/* Sends and receives, and the position in the array does not matter. */
void s03_sends(void) {
    weir_chan *in = chan_open(1), *out = chan_open(1);
    size_t sends = 0;
    uint64_t v;
    CHECK_IS(weir_chan_close(in), 0);
    for (size_t k = 0; k < TRIALS && checks_hold(); k++) {
        struct selector s;
        selector_init(&s);
        if (k % 2) selector_send(&s, out, 1);
        selector_recv(&s, in);
        if (k % 2 == 0) selector_send(&s, out, 1);
        bool sent = (selector_run(&s) == 0) == (k % 2 == 1);
        sends += sent;
        if (sent) CHECK_IS(try_recv(out, &v), 0);
    }
    fair(sends, TRIALS);
    chan_end(in);
    chan_end(out);
}

/* ---- S04 ----------------------------------------------------------------------------------------------------- */

/* One channel in k cases: each is chosen at least n / k / 2 times. For a fair choice the count has mean n / k
 * and deviation below sqrt(n / k) <= 32, so that half of it lies 11 deviations away or more. */
static void shares(size_t k, bool send) {
    size_t hits[64] = { 0 }, n = k * 700;
    weir_chan *c = chan_open(1);
    struct weir_case cases[64];
    uint64_t v = 1;
    check_context("%zu cases", k);
    for (size_t i = 0; i < k; i++)
        cases[i] =
            (struct weir_case){ weir_chan_waitable(c), &v, send ? WEIR_SEND : WEIR_RECV, 0, 0 };
    for (size_t t = 0; t < n && checks_hold(); t++) {
        if (!send) send_ids(c, 1, 1);
        ptrdiff_t won = weir_select(cases, k, WEIR_FOREVER, NULL, 0);
        if (CHECK(won >= 0 && won < (ptrdiff_t)k, "select returned %td", won)) hits[won]++;
        if (send) recv_ids(c, 1, 1);
    }
    for (size_t i = 0; i < k; i++)
        CHECK(hits[i] >= n / k / 2, "case %zu: %zu of %zu", i, hits[i], n);
    chan_end(c);
}

void s04_same_channel(void) {
    shares(2, false);
    shares(5, true);
    shares(16, false);
    shares(17, true); /* these stand in allocated memory */
    shares(64, false);
}

/* ---- S17 ----------------------------------------------------------------------------------------------------- */

#define THREADS 4

/* One pair of channels for all, or for each thread where there may be one receiver only. */
struct chooser {
    weir_chan *c[THREADS][2];
    size_t pairs;
    char chose[THREADS][TRIALS];
};

static void choose(void *arg, size_t i) {
    struct chooser *ch = arg;
    struct weir_case cases[2];
    uint64_t v;
    for (size_t k = 0; k < 2; k++)
        cases[k] =
            (struct weir_case){ weir_chan_waitable(ch->c[i % ch->pairs][k]), &v, WEIR_RECV, 0, 0 };
    for (size_t k = 0; k < TRIALS; k++)
        ch->chose[i][k] = (char)weir_select(cases, 2, WEIR_NOW, NULL, 0);
}

/* Two of T threads agree in half of their choices. 6 pairs, now and shifted by one: 12 looks, each broken
 * with probability below 7e-8 at 5.4 deviations; together below 1e-6. */
void s17_threads(void) {
    static struct chooser ch;
    ch.pairs = K.has & HAS_MANY ? 1 : THREADS;
    for (size_t k = 0; k < 2 * ch.pairs; k++) {
        ch.c[k / 2][k % 2] = chan_open(1);
        CHECK_IS(weir_chan_close(ch.c[k / 2][k % 2]), 0);
    }
    team_run(THREADS, choose, &ch);
    for (size_t a = 0; a < THREADS; a++) {
        for (size_t b = 0; b < a; b++) {
            for (size_t shift = 0; shift < 2; shift++) {
                size_t n = TRIALS - shift, same = 0;
                for (size_t k = 0; k < n; k++) same += ch.chose[a][k] == ch.chose[b][k + shift];
                CHECK(fabs((double)same / (double)n - 0.5) <= 5.4 / (2 * sqrt((double)n)),
                      "threads %zu and %zu agree in %zu of %zu", a, b, same, n);
            }
        }
    }
    for (size_t k = 0; k < 2 * ch.pairs; k++) chan_end(ch.c[k / 2][k % 2]);
}
