/* SPDX-License-Identifier: MIT */
/* tests/deque/races.c - DEQUE2: each element is taken once; of either deque. */
#include "cases.h"

/* ---- all that goes in comes out, once --------------------------------------------------------------------- */

#define THIEVES 3

/* An element: plain memory, written before it is pushed. */
struct item {
    uint64_t value;
    weir_au32 taken;
};

struct heist {
    dq *d;
    struct item *items;
    size_t n;
    weir_au32 over;
    size_t taken[THIEVES + 1];
    uint64_t busy[THIEVES + 1];
};

static void took(struct heist *h, size_t who, void *elem) {
    struct item *it = elem;
    size_t i = (size_t)(it - h->items);
    if (!CHECK(i < h->n, "an element that was never pushed")) return;
    CHECK(it->value == 1000 + i, "element %zu is %llu", i, (unsigned long long)it->value);
    CHECK_IS(weir_fetch_add_relaxed(&it->taken, 1), 0);
    h->taken[who]++;
}

static void steal_all(struct heist *h, size_t who) {
    void *e[8];
    unsigned failures = 0;
    const struct item *last = NULL;
    for (;;) {
        /* Before the call: what is empty then stays so. */
        bool over = weir_load_acquire(&h->over, 0);
        size_t want = 1 + rng_below(8);
        ptrdiff_t n = rng_below(2) ? dq_steal_n(h->d, e, want) : dq_steal(h->d, e);
        if (n == 0) n = 1;
        for (ptrdiff_t i = 0; i < n; i++) {
            took(h, who, e[i]);
            if (!CHECK((struct item *)e[i] > last, "stolen out of order")) return;
            last = e[i];
        }
        h->busy[who] += n == WEIR_EBUSY;
        if (n == WEIR_EAGAIN && (over || !checks_hold())) return;
        if (n < 0)
            give_way(&failures);
        else
            failures = 0;
    }
}

static void own_all(struct heist *h, bool pops) {
    void *e;
    CHECK_IS(dq_own(h->d), 0);
    for (size_t i = 0; i < h->n && checks_hold();) {
        for (size_t k = rng_below(rng_below(8) ? 4 : 200) + 1; k > 0 && i < h->n; k--, i++) {
            h->items[i].value = 1000 + i;
            if (dq_push(h->d, &h->items[i]) != 0) CHECK(false, "a push failed");
        }
        for (size_t k = pops ? rng_below(rng_below(8) ? 5 : 200) : 0; k > 0; k--)
            if (dq_pop(h->d, &e) == 0) took(h, THIEVES, e);
    }
    while (pops && dq_pop(h->d, &e) == 0) took(h, THIEVES, e);
    weir_store_release(&h->over, 1, 0);
}

static void run_popping(void *arg, size_t index) {
    if (index < THIEVES)
        steal_all(arg, index);
    else
        own_all(arg, true);
}
static void run_giving(void *arg, size_t index) {
    if (index < THIEVES)
        steal_all(arg, index);
    else
        own_all(arg, false);
}

static void heist(size_t cap, uint64_t start, void (*fn)(void *, size_t), size_t n) {
    struct heist h = { .n = n };
    struct weir_deque_opts opts = WEIR_DEQUE_OPTS(cap);
    check_context("cap %zu, start %llx", cap, (unsigned long long)start);
    CHECK_IS(dq_new_at(&h.d, &opts, start), 0);
    h.items = calloc(n, sizeof *h.items);
    if (!h.d || !h.items) abort();
    team_run(THIEVES + 1, fn, &h);
    size_t all = 0;
    for (size_t i = 0; i <= THIEVES; i++) all += h.taken[i];
    CHECK_IS(all, n);
    for (size_t i = 0; i < n; i++) CHECK_IS(weir_load_relaxed(&h.items[i].taken), 1);
    CHECK_IS(dq_free(h.d), 0);
    free(h.items);
}

static void d2_each_once(void) {
    heist(64, 0, run_popping, times(500000));
    heist(1, 0, run_popping, times(500000));
}
static void d2_each_once_delayed(void) {
    points_delay(true);
    heist(1, 0, run_popping, times(20000));
    heist(8, 0, run_popping, times(20000));
    points_delay(false);
}
static void d2_wrap(void) {
    for (uint64_t before = 1; before <= 1000; before *= 10)
        heist(2, 0 - before, run_popping, times(40000));
}
static void d2_only_stolen(void) {
    heist(16, 0, run_giving, times(250000));
    heist(1, 0 - UINT64_C(500), run_giving, times(200000));
}

/* ---- the last element ------------------------------------------------------------------------------------- */

struct last {
    dq *d;
    pthread_barrier_t begin, end;
    size_t rounds;
    uint64_t plain[2];
    weir_au32 taken, wins[2];
};

static void last_take(struct last *l, size_t who, int rc, void *e, size_t round) {
    if (rc != 0) return;
    CHECK(e == &l->plain[round % 2] && l->plain[round % 2] == round, "not what was pushed");
    (void)weir_fetch_add_relaxed(&l->taken, 1);
    (void)weir_fetch_add_relaxed(&l->wins[who != 0], 1);
}

static void last_run(void *arg, size_t index) {
    struct last *l = arg;
    void *e = NULL;
    if (index == 0) CHECK_IS(dq_own(l->d), 0);
    for (size_t round = 0; round < l->rounds; round++) {
        if (index == 0) {
            l->plain[round % 2] = round;
            weir_store_relaxed(&l->taken, 0);
            CHECK_IS(dq_push(l->d, &l->plain[round % 2]), 0);
        }
        (void)pthread_barrier_wait(&l->begin);
        int rc = index == 0 ? dq_pop(l->d, &e) : dq_steal(l->d, &e);
        CHECK(rc == 0 || rc == WEIR_EAGAIN || (rc == WEIR_EBUSY && index > 0), "it is %d", rc);
        last_take(l, index, rc, e, round);
        (void)pthread_barrier_wait(&l->end);
        if (index == 0) {
            CHECK_IS(weir_load_relaxed(&l->taken), 1);
            CHECK_IS(dq_pop(l->d, &e), WEIR_EAGAIN);
        }
    }
}

static void d2_last(void) {
    struct last l = { .rounds = times(30000) };
    l.d = dq_make(2, NULL);
    (void)pthread_barrier_init(&l.begin, NULL, 3);
    (void)pthread_barrier_init(&l.end, NULL, 3);
    team_run(3, last_run, &l);
    CHECK_IS(weir_load_relaxed(&l.wins[0]) + weir_load_relaxed(&l.wins[1]), l.rounds);
    (void)pthread_barrier_destroy(&l.begin);
    (void)pthread_barrier_destroy(&l.end);
    CHECK_IS(dq_free(l.d), 0);
}

const struct test race_cases[] = {
    { "DEQUE2 each element is taken once, by the owner or one of three thieves", d2_each_once },
    { "DEQUE2 the same with delays everywhere", d2_each_once_delayed },
    { "DEQUE2 the same where the indices wrap", d2_wrap },
    { "DEQUE2 the same if the owner only pushes", d2_only_stolen },
    { "DEQUE2 the last element goes to the owner or one of two thieves", d2_last },
};
const size_t n_race_cases = sizeof race_cases / sizeof *race_cases;
