/* SPDX-License-Identifier: MIT */
/* tests/lib/park.c - the parker, the spin, the lock. The parking lot: lot.c. */
#include "lib/park.h"

#include "../support/check.h"
#include "../support/points.h"
#include "../support/threads.h"
#include "lib/lock.h"

#include <signal.h>
#include <string.h>

#define MS INT64_C(1000000)

/* ---- parker -------------------------------------------------------------------------------------------- */

static struct weir__parker parker;

static int64_t park_forever(void *arg) {
    (void)arg;
    return weir__park(&parker, WEIR_FOREVER);
}

static void token_before(void) {
    weir__parker_init(&parker);
    for (int i = 0; i < 1000; i++) {
        weir__unpark(&parker); /* the token waits for the park */
        CHECK_IS(weir__park(&parker, WEIR_FOREVER), 0);
    }
    for (int i = 0; i < 5; i++) weir__unpark(&parker); /* tokens merge */
    CHECK_IS(weir__park(&parker, weir_now() - 1), 0); /* a token beats a deadline that has passed */
    CHECK_IS(weir__park(&parker, weir_now() - 1), WEIR_ETIMEDOUT); /* and there was one only */
}

static void token_after(void) {
    weir__parker_init(&parker);
    for (size_t k = times(20); k > 0; k--) {
        struct call c;
        call_start(&c, park_forever, NULL);
        if (k % 2) CHECK(call_sleeps(&c), "a park without token returned");
        weir__unpark(&parker);
        CHECK_IS(call_end(&c), 0);
    }
}

static void timeouts(void) {
    static const int64_t spans[] = { 1, 50000, MS, 15 * MS };
    static const weir_time past[] = { 1, -1, INT64_MIN };
    weir__parker_init(&parker);
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        weir_time d = weir_after(spans[i]);
        CHECK_IS(weir__park(&parker, d), WEIR_ETIMEDOUT);
        CHECK(weir_now() >= d, "early");
    }
    for (size_t i = 0; i < sizeof past / sizeof *past; i++)
        CHECK_IS(weir__park(&parker, past[i]), WEIR_ETIMEDOUT);
    weir__unpark(&parker); /* it works after timeouts */
    CHECK_IS(weir__park(&parker, WEIR_FOREVER), 0);
}

/* Futex wakes from outside, without a token, and signals: neither ends a park. */
static void on_signal(int sig) { (void)sig; }

static void spurious(void) {
    struct sigaction act = { .sa_handler = on_signal }, before;
    struct call c;
    weir__parker_init(&parker);
    (void)sigaction(SIGUSR1, &act, &before);
    call_start(&c, park_forever, NULL);
    CHECK(call_sleeps(&c), "a park without token returned");
    for (int i = 0; i < 2000; i++) {
        weir__os_futex_wake(&parker.state, 1);
        if (i % 4 == 0) (void)pthread_kill(c.thread, SIGUSR1);
    }
    CHECK(!call_returns(&c, 10), "a spurious wake ended the park");
    CHECK(call_sleeps(&c), "a spurious wake ended the park");
    weir__unpark(&parker);
    CHECK_IS(call_end(&c), 0);
    (void)sigaction(SIGUSR1, &before, NULL);
}

/* One waker: what it did before it left the token is seen by the owner who takes it (a plain field, so
 * that ThreadSanitizer looks on), whether the token is there at once, comes on the way to sleep, after
 * it, or at a deadline. */
struct carried {
    uint64_t plain;
    weir_au64 taken;
    uint64_t rounds;
};

static void carry(struct carried *c) {
    unsigned failures = 0;
    for (uint64_t r = 1; r <= c->rounds && checks_hold(); r++) {
        c->plain = r;
        random_delay();
        weir__unpark(&parker);
        while (weir_load_acquire(&c->taken, 0) != r && checks_hold()) give_way(&failures);
    }
}

static void receive(struct carried *c) {
    for (uint64_t r = 1; r <= c->rounds && checks_hold(); r++) {
        bool late = rng_below(2);
        while (weir__park(&parker, late ? weir_after((int64_t)rng_below(30000)) : WEIR_FOREVER) !=
               0)
            if (!CHECK(late, "late without a deadline")) return;
        CHECK_IS(c->plain, r);
        weir_store_release(&c->taken, r, 0);
        random_delay();
    }
}

static void carried_member(void *arg, size_t i) {
    if (i == 0)
        carry(arg);
    else
        receive(arg);
}

static void token_carries(void) {
    for (int delay = 0; delay < 2; delay++) {
        struct carried c = { .rounds = times(delay ? 500 : 5000) };
        weir__parker_init(&parker);
        points_delay(delay);
        team_run(2, carried_member, &c);
        points_delay(false);
        CHECK_IS(weir_load_relaxed(&c.taken), c.rounds);
    }
}

/* Many wakers, one owner: each phase ends only if no token is lost. */
struct wakers {
    weir_au32 phase, seen[4];
    uint32_t phases;
};

static void wakers_member(void *arg, size_t i) {
    struct wakers *w = arg;
    for (uint32_t p = 0; p < w->phases && checks_hold(); p++) {
        if (i == 0) {
            for (unsigned got = 0; got < 3 && checks_hold();) {
                if (!CHECK_IS(weir__park(&parker, WEIR_FOREVER), 0)) return;
                got = 0;
                for (int k = 1; k < 4; k++) got += weir_load_relaxed(&w->seen[k]) > p;
            }
            weir_store_release(&w->phase, p + 1, 0);
            continue;
        }
        unsigned failures = 0;
        random_delay();
        (void)weir_fetch_add_relaxed(&w->seen[i], 1);
        weir__unpark(&parker);
        while (weir_load_acquire(&w->phase, 0) <= p && checks_hold()) give_way(&failures);
    }
}

static void many_wakers(void) {
    struct wakers w = { .phases = (uint32_t)times(3000) };
    weir__parker_init(&parker);
    team_run(4, wakers_member, &w);
    struct wakers slow = { .phases = (uint32_t)times(300) };
    weir__parker_init(&parker);
    points_delay(true);
    team_run(4, wakers_member, &slow);
    points_delay(false);
}

/* A token against a deadline: one or the other, and no token is left over or lost. */
static int64_t park_late(void *arg) { return weir__park(&parker, *(weir_time *)arg); }

static void token_races_deadline(void) {
    size_t served = 0, late = 0, rounds = times(400);
    weir__parker_init(&parker);
    points_delay(true);
    for (size_t k = 0; k < rounds && checks_hold(); k++) {
        struct call c;
        weir_time d = weir_after((int64_t)rng_below(200000)),
                  until = weir_after((int64_t)rng_below(200000));
        call_start(&c, park_late, &d);
        while (weir_now() < until) weir_pause();
        weir__unpark(&parker);
        int64_t rc = call_end(&c);
        served += rc == 0;
        late += rc == WEIR_ETIMEDOUT;
        CHECK_IS(weir__park(&parker, -1), rc == 0 ? WEIR_ETIMEDOUT : 0);
    }
    points_delay(false);
    CHECK_IS(served + late, rounds);
}

/* ---- spin ------------------------------------------------------------------------------------------------ */

struct watch {
    unsigned polls, ready_at;
};

static bool is_ready(void *arg) {
    struct watch *w = arg;
    return ++w->polls >= w->ready_at;
}

static void spin(void) {
    struct weir__spin s;
    struct watch now = { 0, 1 }, soon = { 0, 3 }, never = { 0, UINT32_MAX };
    bool spins = weir__os_cpus() > 1;
    weir__spin_init(&s);
    CHECK(weir__spin(&s, is_ready, &now, WEIR_FOREVER), "ready at once");
    CHECK(weir__spin(&s, is_ready, &soon, WEIR_FOREVER) == spins, "ready at the third poll");
    CHECK(spins || soon.polls == 1, "it polls on one CPU");
    int64_t most = s.budget_ns, least = s.budget_ns;
    for (int i = 0; i < 10; i++) { /* in vain: the budget shrinks, and each call ends */
        never.polls = 0;
        CHECK(!weir__spin(&s, is_ready, &never, WEIR_FOREVER), "never ready");
        CHECK(s.budget_ns >= 0 && s.budget_ns <= most, "budget %lld", (long long)s.budget_ns);
    }
    CHECK(!spins || s.budget_ns < least, "budget %lld", (long long)s.budget_ns);
    least = s.budget_ns;
    for (int i = 0; i < 100 && spins; i++) { /* polls that help: it grows, to a bound */
        struct watch w = { 0, 2 };
        (void)weir__spin(&s, is_ready, &w, WEIR_FOREVER);
    }
    CHECK(!spins || s.budget_ns > least, "budget %lld", (long long)s.budget_ns);
    CHECK(s.budget_ns <= MS, "budget %lld", (long long)s.budget_ns);
    weir_time start = weir_now();
    CHECK(!weir__spin(&s, is_ready, &never, start - 1), "never ready");
    CHECK(weir_now() - start < 1000 * MS, "it polls past its deadline");
}

/* ---- lock -------------------------------------------------------------------------------------------------- */

struct locked {
    struct weir__lock lock;
    uint64_t a, b; /* plain: equal whenever the lock is free */
    size_t rounds;
};

static void lock_member(void *arg, size_t i) {
    struct locked *l = arg;
    (void)i;
    for (size_t k = 0; k < l->rounds && checks_hold(); k++) {
        weir__lock(&l->lock);
        CHECK(l->a == l->b, "the lock let two in");
        l->a++;
        if (k % 64 == 0) random_delay();
        l->b++;
        weir__unlock(&l->lock);
        if (k % 16 == 0) random_delay();
    }
}

static void lock(void) {
    static const size_t threads[] = { 1, 2, 3, 16, 32 };
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        struct locked l = { .rounds = times(40000) / threads[i] };
        check_context("%zu threads", threads[i]);
        team_run(threads[i], lock_member, &l);
        CHECK_IS(l.a, threads[i] * l.rounds);
        CHECK_IS(l.b, l.a);
        CHECK_IS(weir_load_relaxed(&l.lock.word), 0);
    }
}

/* A thread that finds the lock held sleeps, and does not poll. */
static int64_t take_lock(void *arg) {
    struct weir__lock *l = arg;
    weir__lock(l);
    weir__unlock(l);
    return 0;
}

static void lock_sleeps(void) {
    struct weir__lock l = { { 0 } };
    struct call c[3];
    weir__lock(&l);
    for (int i = 0; i < 3; i++) call_start(&c[i], take_lock, &l);
    for (int i = 0; i < 3; i++) CHECK(call_sleeps(&c[i]), "it has a lock that is held");
    weir__unlock(&l);
    for (int i = 0; i < 3; i++) (void)call_end(&c[i]);
}

static const struct test tests[] = {
    { "park: a token left before", token_before },
    { "park: a token left after", token_after },
    { "park: deadlines", timeouts },
    { "park: futex wakes from outside and signals end nothing", spurious },
    { "park: a token carries what was done before", token_carries },
    { "park: many wakers", many_wakers },
    { "park: a token races a deadline", token_races_deadline },
    { "spin: bounded, adapts, none on one CPU", spin },
    { "lock: mutual exclusion, oversubscribed", lock },
    { "lock: who waits sleeps", lock_sleeps },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "lib_park", tests, sizeof tests / sizeof *tests);
}
