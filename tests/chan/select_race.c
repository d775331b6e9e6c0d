/* SPDX-License-Identifier: MIT */
/* tests/chan/select_race.c - selects among many threads: conservation, timeouts, memory: S08 S09 S16 S21 S22. */
#include "cases.h"
#include "chan.h"

#include "../support/child.h"

#include <string.h>

/* ---- S08: nothing is lost or doubled ------------------------------------------------------------------------ */

#define CHANS 3

struct crowd {
    weir_chan *c[CHANS];
    size_t threads, n;
    bool timed;
    weir_au64 in[CHANS], out[CHANS], late;
};

/* Each thread selects over all channels, a send or a receive of each, as chance will have it. */
static void crowd_member(void *arg, size_t i) {
    struct crowd *w = arg;
    for (size_t k = 1; k <= w->n && checks_hold(); k++) {
        struct selector s;
        size_t of[CHANS], first = rng_below(CHANS);
        selector_init(&s);
        for (size_t j = 0; j < CHANS; j++) {
            of[j] = (first + j) % CHANS;
            if (rng_below(2))
                selector_send(&s, w->c[of[j]], (i * w->n + k) * CHANS + of[j]);
            else
                selector_recv(&s, w->c[of[j]]);
        }
        s.deadline = weir_after((int64_t)rng_below(rng_below(2) ? 3000 : 60000));
        if (rng_below(8) == 0) s.deadline = WEIR_NOW;
        ptrdiff_t won = selector_run(&s);
        if (won < 0) {
            bool now = s.deadline == WEIR_NOW;
            CHECK(won == WEIR_ETIMEDOUT || (now && won == WEIR_EAGAIN) ||
                      (now && won == WEIR_EBUSY && !(K.has & HAS_EXACT)),
                  "select returned %td", won);
            CHECK(won != WEIR_ETIMEDOUT || weir_now() >= s.deadline, "early");
            (void)weir_fetch_add_relaxed(&w->late, 1);
            continue;
        }
        CHECK_IS(s.cases[won].result, 0);
        CHECK_IS(s.v[won] % CHANS, of[won]); /* it came from the channel that it was sent to */
        weir_au64 *sum = s.cases[won].op == WEIR_SEND ? w->in : w->out;
        (void)weir_fetch_add_relaxed(&sum[of[won]], s.v[won]);
    }
}

static void crowd(size_t threads, size_t cap, size_t n, bool delay) {
    struct crowd w = { .threads = threads, .n = times(n) };
    check_context("%zu threads, cap %zu%s", threads, cap, delay ? ", delays" : "");
    if (cap < least_cap() || !checks_hold()) return;
    for (size_t i = 0; i < CHANS; i++) w.c[i] = chan_open(cap);
    points_delay(delay);
    team_run(threads, crowd_member, &w);
    points_delay(false);
    for (size_t i = 0; i < CHANS; i++) {
        uint64_t v, left = 0;
        while (try_recv(w.c[i], &v) == 0) left += v;
        CHECK_IS(weir_load_relaxed(&w.in[i]), weir_load_relaxed(&w.out[i]) + left);
        CHECK_IS(try_send(w.c[i], 1), cap ? 0 : WEIR_EAGAIN); /* S09: nobody waits any more */
        chan_end(w.c[i]);
    }
}

void s08_crowd(void) {
    for (size_t cap = 0; cap <= 2; cap++) {
        crowd(2, cap, 1500, false);
        crowd(4, cap, 1000, false);
        crowd(3, cap, 150, true);
    }
}

void s08_oversubscribed(void) {
    crowd(24, 0, 150, false);
    crowd(24, 1, 150, false);
}

void s08_one_cpu(void) {
    if (child_rights() & CHILD_ONE_CPU) {
        for (size_t cap = 0; cap <= 1; cap++) crowd(4, cap, 300, false);
        s13_opposite();
        s10_two_threads();
    } else {
        child_passes("S08 S10 S13 selects on one CPU", CHILD_ONE_CPU);
    }
}

/* ---- S09 T09: a loop of selects with timeouts leaves nothing behind ---------------------------------------- */

#define VAIN_THREADS 16

/* One pair of channels for all, or for each thread where there may be one receiver only. */
struct vain {
    weir_chan *a[VAIN_THREADS], *b[VAIN_THREADS];
    size_t pairs, rounds;
};

static void select_in_vain(void *arg, size_t i) {
    struct vain *v = arg;
    struct selector s;
    selector_init(&s);
    selector_recv(&s, v->a[i % v->pairs]);
    selector_recv(&s, v->b[i % v->pairs]);
    for (size_t k = i; k < v->rounds && checks_hold(); k += VAIN_THREADS) {
        s.deadline = weir_after(k % 64 ? 20000 : 100000); /* on the way to sleep, or asleep */
        CHECK_IS(selector_run(&s), WEIR_ETIMEDOUT);
    }
}

/* Several threads, because most of a round is a short sleep. */
void s09_loop(void) {
    struct vain v = { .pairs = K.has & HAS_MANY ? 1 : VAIN_THREADS, .rounds = 10 * VAIN_THREADS };
    for (size_t i = 0; i < v.pairs; i++) {
        v.a[i] = chan_open(least_cap());
        v.b[i] = chan_open(1);
    }
    team_run(VAIN_THREADS, select_in_vain, &v);
    size_t before = heap_in_use();
    v.rounds = times(33334); /* the long run: S09's 100,000 */
    points_count("wait.armed");
    team_run(VAIN_THREADS, select_in_vain, &v);
    CHECK(points_passed() >= v.rounds, "queued %u times in %zu rounds", points_passed(), v.rounds);
    points_count(NULL);
    size_t after = heap_in_use();
    /* What the C library keeps for a thread varies; a block of each round would be megabytes. */
    CHECK(after <= before + 4096, "%zu bytes more are in use", after - before);
    for (size_t i = 0; i < v.pairs; i++) {
        if (least_cap() == 0) CHECK_IS(try_send(v.a[i], 1), WEIR_EAGAIN); /* and no waiter */
        chan_end(v.a[i]);
        chan_end(v.b[i]);
    }
}

/* More than 16 cases, which are allocated. */
void s09_loop_many(void) {
    weir_chan *c = chan_open(1);
    struct weir_case cases[40];
    uint64_t v = 0;
    for (size_t i = 0; i < 40; i++)
        cases[i] = (struct weir_case){ weir_chan_waitable(c), &v, WEIR_RECV, 0, 0 };
    size_t before = 0;
    for (size_t k = 0; k < times(3000); k++) {
        if (k == 10) before = heap_in_use();
        CHECK_IS(weir_select(cases, 40, weir_after(2000), NULL, 0), WEIR_ETIMEDOUT);
    }
    size_t after = heap_in_use();
    CHECK(before == 0 || after <= before, "%zu bytes more are in use", after - before);
    chan_end(c);
}

/* ---- S16: a timeout against a delivery ----------------------------------------------------------------------- */

struct timed {
    weir_chan *a, *b;
    size_t n;
    weir_au64 in, out, late;
    weir_au32 over;
};

static void timed_member(void *arg, size_t i) {
    struct timed *t = arg;
    struct selector s;
    if (i == 0) {
        sleep_ms(2); /* the first selects are late for sure */
        for (uint64_t k = 1; k <= t->n && checks_hold(); k++) {
            uint64_t v = k;
            for (uint64_t p = rng_below(200); p > 0; p--) weir_pause();
            int rc = weir_chan_send_wait(k % 2 ? t->a : t->b, &v, weir_after(20000), NULL);
            CHECK(rc == 0 || rc == WEIR_ETIMEDOUT, "a send returned %d", rc);
            if (rc == 0) (void)weir_fetch_add_relaxed(&t->in, v);
        }
        weir_store_release(&t->over, 1, 0);
        return;
    }
    selector_init(&s);
    selector_recv(&s, t->a);
    selector_recv(&s, t->b);
    while (!weir_load_acquire(&t->over, 0) && checks_hold()) {
        s.deadline = weir_after((int64_t)rng_below(8000));
        ptrdiff_t won = selector_run(&s);
        if (won >= 0)
            (void)weir_fetch_add_relaxed(&t->out, s.v[won]);
        else
            (void)weir_fetch_add_relaxed(&t->late, 1), check_late(won, s.deadline);
    }
}

void s16_races(void) {
    for (size_t cap = least_cap(); cap <= 1; cap++) {
        for (int delay = 0; delay < 2; delay++) {
            struct timed t = { .a = chan_open(cap), .b = chan_open(cap), .n = times(2500) };
            uint64_t v, left = 0;
            if (delay) t.n /= 5;
            check_context("cap %zu%s", cap, delay ? ", delays" : "");
            points_delay(delay);
            team_run(2, timed_member, &t);
            points_delay(false);
            while (try_recv(t.a, &v) == 0) left += v;
            while (try_recv(t.b, &v) == 0) left += v;
            CHECK_IS(weir_load_relaxed(&t.in), weir_load_relaxed(&t.out) + left);
            CHECK(weir_load_relaxed(&t.late) > 0, "no select was late: it shows nothing");
            chan_end(t.a);
            chan_end(t.b);
        }
    }
}

/* ---- S21: robbed, and its deadline stays ----------------------------------------------------------------------- */

struct thieves {
    weir_chan *a, *b;
    weir_au32 over;
};

/* Puts an element in and takes it back: the select is woken, or might be, and mostly finds nothing. */
static void thief(void *arg, size_t i) {
    struct thieves *t = arg;
    weir_chan *c = i % 2 ? t->a : t->b;
    uint64_t v = 1;
    while (!weir_load_relaxed(&t->over)) {
        if (weir_chan_try_send(c, &v) == 0 && weir_chan_try_recv(c, &v) == 0) v++;
    }
}

void s21_deadline_stays(void) {
    struct thieves t = { .a = chan_open(1), .b = chan_open(1) };
    struct team team;
    team_start(&team, 2, thief, &t);
    for (size_t k = times(40); k > 0 && checks_hold(); k--) {
        struct selector s;
        weir_time until = weir_after(2 * MS);
        selector_init(&s);
        selector_recv(&s, t.a);
        selector_recv(&s, t.b);
        s.deadline = until;
        ptrdiff_t won;
        do won = selector_run(&s); /* until it is late in the end */
        while (won >= 0 && checks_hold());
        check_late(won, until);
    }
    weir_store_relaxed(&t.over, 1);
    team_join(&team);
    while (weir_chan_len(t.a) > 0) (void)try_recv(t.a, &(uint64_t){ 0 });
    while (weir_chan_len(t.b) > 0) (void)try_recv(t.b, &(uint64_t){ 0 });
    chan_end(t.a);
    chan_end(t.b);
}

/* ---- S22: what came for A is not left there when the select went to B ------------------------------------- */

struct passing {
    weir_chan *a, *b;
    size_t n;
    pthread_barrier_t begin;
    weir_au64 said; /* of round k: 2 * (k + 1) + the select's case */
};

/* Once both sends are on their way and the select has one of them: sees to it that the plain receive has got,
 * or gets, an element of a, and that both channels are empty again. */
static void passing_driver(struct passing *w, size_t k) {
    unsigned failures = 0;
    uint64_t v = 1, said;
    CHECK_IS(weir_chan_send(w->a, &v), 0);
    while ((said = weir_load_acquire(&w->said, 0)) < 2 * (k + 1)) give_way(&failures);
    if (said % 2 == 1) return; /* the select has b's: a's is the receive's, and nobody else comes */
    CHECK_IS(weir_chan_send(w->a, &v), 0);
    CHECK_IS(weir_chan_recv(w->b, &v), 0);
}

/* 0: a select on a and b; 1: a receive from a; 2 and 3: an element to each of the channels. */
static void passing_member(void *arg, size_t i) {
    struct passing *w = arg;
    for (size_t k = 0; k < w->n; k++) {
        struct selector s;
        uint64_t v = 1;
        selector_init(&s);
        selector_recv(&s, w->a);
        selector_recv(&s, w->b);
        (void)pthread_barrier_wait(&w->begin);
        for (uint64_t p = rng_below(400); p > 0; p--) weir_pause();
        switch (i) {
            case 0:
                weir_store_release(&w->said, 2 * (k + 1) + (uint64_t)(selector_run(&s) == 1), 0);
                break;
            case 1: CHECK_IS(weir_chan_recv(w->a, &v), 0); break;
            case 2: passing_driver(w, k); break;
            default: CHECK_IS(weir_chan_send(w->b, &v), 0); break;
        }
        (void)pthread_barrier_wait(&w->begin);
        if (i == 0) CHECK(weir_chan_len(w->a) + weir_chan_len(w->b) == 0, "an element is stranded");
    }
}

void s22_passed_on(void) {
    for (int delay = 0; delay < 2; delay++) {
        struct passing w = { .a = chan_open(1), .b = chan_open(1), .n = times(delay ? 150 : 1500) };
        check_context("%s", delay ? "delays" : "no delays");
        (void)pthread_barrier_init(&w.begin, NULL, 4);
        points_delay(delay);
        team_run(4, passing_member, &w); /* a stranded element is a receive that does not return */
        points_delay(false);
        (void)pthread_barrier_destroy(&w.begin);
        chan_end(w.a);
        chan_end(w.b);
    }
}
