/* SPDX-License-Identifier: MIT */
/* tests/rcu/retire.c - what is retired: limits, functions, barrier, the end of weir's thread: RCU6 to RCU8, RCU11. */
#include <stdlib.h>
#include <string.h>

#include <weir/ctx.h>

#include "lib/rcu_inside.h"
#include "rcu.h"

#define KIB ((size_t)1024)

static weir_time soon(void) { return weir_after(20000 * MS); }
static void barrier(void) { CHECK_IS(weir_rcu_barrier_wait(soon(), NULL), 0); }

/* ---- RCU6 ---------------------------------------------------------------------------------------------------------- */

#define WRITERS 3
#define SOFT (16 * KIB)
#define HARD (256 * KIB)
/* What the header says: for each thread one call's bytes and one quantum. */
#define BOUND (HARD + WRITERS * (OBJECT_BYTES + HARD / 4096))

struct writers {
    struct team team;
    weir_au32 stop, freed;
    weir_au64 retired, refused;
};

static void write_on(void *arg, size_t index) {
    struct writers *w = arg;
    uint64_t retired = 0, refused = 0;
    while (!weir_load_relaxed(&w->stop) && checks_hold()) {
        int rc = index == 0 ? weir_rcu_try_room(OBJECT_BYTES)
                            : weir_rcu_room_wait(OBJECT_BYTES, weir_after(5 * MS), NULL);
        if (rc == 0) {
            weir_guard g = weir_rcu_enter();
            CHECK_IS(object_retire(object_new(&w->freed, 1)), 0);
            CHECK_IS(weir_rcu_exit(g), 0);
            retired++;
        } else {
            CHECK_IS(rc, index == 0 ? WEIR_EAGAIN : WEIR_ETIMEDOUT);
            refused++;
            sleep_ms(1);
        }
    }
    (void)weir_fetch_add_relaxed(&w->retired, retired);
    (void)weir_fetch_add_relaxed(&w->refused, refused);
}

/* A reader stalls, writers churn; then it leaves, and all goes on. */
static void bounded(void) {
    static struct writers w;
    memset(&w, 0, sizeof w);
    struct reader r;
    barrier();
    uint64_t over = stats().over_total, waited = stats().waited;
    CHECK_IS(weir_rcu_set_limits(SOFT, HARD), 0);
    for (int turn = 0; turn < 2; turn++) {
        reader_start(&r);
        if (turn == 0) team_start(&w.team, WRITERS, write_on, &w);
        struct weir_rcu_stats s = stats();
        weir_time late = soon();
        for (int i = 0; (i < 60 || s.bytes <= HARD - 8 * KIB || s.waited == waited) &&
                        weir_now() < late && checks_hold();
             i++) {
            s = stats();
            CHECK(s.bytes <= BOUND, "%lu bytes", (unsigned long)s.bytes);
            sleep_ms(1);
        }
        CHECK(s.bytes > HARD - 8 * KIB, "the writers do not come to the limit: %lu bytes",
              (unsigned long)s.bytes);
        CHECK(s.waited > waited, "nobody has waited");
        waited = s.waited;
        uint32_t freed = weir_load_relaxed(&w.freed);
        reader_end(&r);
        CHECK(comes_to(&w.freed, freed + HARD / OBJECT_BYTES, 10000), "nothing goes on");
    }
    weir_store_relaxed(&w.stop, 1);
    team_join(&w.team);
    barrier();
    CHECK_IS(stats().over_total, over); /* nobody went beyond */
    CHECK_IS(stats().bytes, 0);
    CHECK_IS(weir_load_relaxed(&w.freed), weir_load_relaxed(&w.retired));
    CHECK(weir_load_relaxed(&w.refused) > 0, "nobody was refused");
    CHECK(stats().peak_bytes >= HARD - 8 * KIB, "the peak: %lu", (unsigned long)stats().peak_bytes);
    CHECK_IS(weir_rcu_set_limits(0, 0), 0);
}

/* Inside a guard nobody waits; what is too much is counted apart. */
static void beyond(void) {
    weir_au32 freed = { 0 };
    barrier();
    uint64_t before = stats().over_total;
    CHECK_IS(weir_rcu_set_limits(KIB, 4 * KIB), 0);
    weir_guard g = weir_rcu_enter();
    for (int i = 0; i < 100; i++) {
        CHECK_IS(weir_rcu_room(OBJECT_BYTES), 0);
        CHECK_IS(object_retire(object_new(&freed, 1)), 0);
    }
    struct weir_rcu_stats s = stats();
    CHECK(s.bytes <= 4 * KIB + OBJECT_BYTES, "%lu bytes", (unsigned long)s.bytes);
    CHECK_IS(s.bytes + s.over_bytes, 100 * OBJECT_BYTES);
    CHECK_IS(s.over_total - before, s.over_bytes);
    CHECK_IS(weir_rcu_exit(g), 0);
    CHECK_IS(weir_rcu_room(OBJECT_BYTES), 0); /* waits for the period, not for ever */
    barrier();
    CHECK_IS(stats().over_bytes, 0);
    CHECK_IS(weir_load_relaxed(&freed), 100);
    CHECK_IS(weir_rcu_room(64 * KIB), 0); /* more than the limit: once nothing is there */
    CHECK_IS(weir_rcu_set_limits(0, 0), 0);
}

/* One object after the other: the time of n grace periods. */
static int64_t one_by_one(uint32_t n) {
    weir_au32 freed = { 0 };
    weir_time start = weir_now(), late = soon();
    uint64_t periods = stats().periods;
    for (uint32_t i = 0; i < n && checks_hold(); i++) {
        CHECK_IS(object_retire(object_new(&freed, 1)), 0);
        while (weir_load_acquire(&freed, 0) <= i && weir_now() < late) weir_pause();
    }
    CHECK_IS(weir_load_acquire(&freed, 0), n);
    CHECK(stats().periods - periods >= n, "%lu periods",
          (unsigned long)(stats().periods - periods));
    return weir_now() - start;
}

/* The soft limit: periods without the pause of a millisecond between two; on a busy machine not at each try. */
static void hurried(void) {
    CHECK(one_by_one(20) > 19 * MS, "without the limit they do not pause");
    CHECK_IS(weir_rcu_set_limits(1, 4096 * OBJECT_BYTES), 0);
    weir_time late = soon();
    int64_t took = one_by_one(20);
    while (took > 15 * MS && weir_now() < late && checks_hold()) took = one_by_one(20);
    CHECK(took <= 15 * MS, "20 objects one after the other: %ld us", (long)(took / 1000));
    CHECK_IS(weir_rcu_set_limits(0, 0), 0);
}

/* ---- RCU7 ------------------------------------------------------------------------------------------------------------ */

struct chained {
    struct weir_rcu_head head;
    weir_au32 *freed;
    unsigned left; /* it retires itself so often again */
};

static weir_au32 calls_inside, threads_seen;
static __thread bool seen;

/* Others hold it for a moment at most. */
static void check_unlocked(struct weir__lock *l) {
    weir_time until = weir_after(5000 * MS);
    bool got;
    while (!(got = weir__lock_try(l)) && weir_now() < until) sleep_ms(1);
    if (CHECK(got, "called with a lock held")) weir__unlock(l);
}

static void call_chained(struct weir_rcu_head *head) {
    struct chained *c = (struct chained *)(void *)head;
    CHECK_IS(weir_fetch_add_relaxed(&calls_inside, 1), 0); /* no other is called meanwhile */
    CHECK(!weir__urcu_held(), "called inside a guard");
    check_unlocked(&weir__rcu.lock);
    check_unlocked(&weir__rcu.sync);
    check_unlocked(&weir__rcu.birth);
    if (!seen) (void)weir_fetch_add_relaxed(&threads_seen, 1);
    seen = true;
    CHECK_IS(weir_rcu_synchronize(), WEIR_EDEADLK);
    CHECK_IS(weir_rcu_barrier(), WEIR_EDEADLK);
    CHECK_IS(weir_shutdown(), WEIR_EDEADLK);
    CHECK_IS(weir_rcu_room(SIZE_MAX), 0); /* does not wait */
    CHECK_IS(weir_rcu_exit(weir_rcu_enter()), 0);
    (void)weir_fetch_sub_relaxed(&calls_inside, 1);
    (void)weir_fetch_add_relaxed(c->freed, 1);
    if (c->left-- > 0)
        CHECK_IS(weir_rcu_retire(&c->head, 1, call_chained), 0);
    else
        free(c);
}

static void chain(weir_au32 *freed, unsigned left) {
    struct chained *c = malloc(sizeof *c);
    if (!CHECK(c, "no memory")) abort();
    *c = (struct chained){ .freed = freed, .left = left };
    CHECK_IS(weir_rcu_retire(&c->head, 1, call_chained), 0);
}

static void functions(void) {
    weir_au32 freed = { 0 };
    count_misuse(true);
    CHECK_IS(weir_shutdown_wait(soon(), NULL), 0);
    weir_store_relaxed(&threads_seen, 0);
    for (unsigned i = 0; i < 50; i++) chain(&freed, i % 3);
    barrier();
    CHECK_IS(weir_load_relaxed(&freed), 50 + 16 * 3 + 1);
    CHECK_IS(weir_load_relaxed(&threads_seen), 1);
    CHECK_IS(misuse_counted(), 3 * weir_load_relaxed(&freed));
    count_misuse(false);
}

#define RETIRERS 4

struct storm {
    struct team team;
    weir_au32 freed[RETIRERS];
    size_t each;
};

static void storm_thread(void *arg, size_t index) {
    struct storm *s = arg;
    for (size_t i = 0; i < s->each && checks_hold(); i++) {
        weir_guard g = { 0 };
        if (i % 3 == 0) g = weir_rcu_enter();
        CHECK_IS(object_retire(object_new(&s->freed[index], i)), 0);
        if (i % 3 == 0) CHECK_IS(weir_rcu_exit(g), 0);
        if (i % 512 == 0) CHECK_IS(weir_rcu_synchronize(), 0);
        if (i % 700 == 0) {
            CHECK_IS(weir_rcu_barrier_wait(soon(), NULL), 0);
            CHECK_IS(weir_load_relaxed(&s->freed[index]), i + 1);
        }
    }
}

/* AddressSanitizer sees a function that is called twice, the counts one that is not called. */
static void once_each(void) {
    static struct storm s;
    memset(&s, 0, sizeof s);
    s.each = times(100000);
    team_start(&s.team, RETIRERS, storm_thread, &s);
    team_join(&s.team);
    barrier();
    for (size_t i = 0; i < RETIRERS; i++) CHECK_IS(weir_load_relaxed(&s.freed[i]), s.each);
}

static weir_au32 left_in_guard;
static void stay_inside(struct weir_rcu_head *head) {
    (void)weir_rcu_enter();
    object_free(head);
}
static void leave_thread(struct weir_rcu_head *head) {
    object_free(head);
    pthread_exit(NULL);
}

/* A function that leaves a guard held is reported, and one that ends weir's thread: others go on in another. */
static void functions_misused(void) {
    weir_store_relaxed(&left_in_guard, 0);
    count_misuse(true);
    for (unsigned i = 0; i < 30; i++)
        CHECK_IS(weir_rcu_retire(&object_new(&left_in_guard, 0)->head, 1,
                                 i == 7    ? stay_inside
                                 : i == 15 ? leave_thread
                                           : object_free),
                 0);
    CHECK(comes_to(&left_in_guard, 30, 20000), "%u of 30 are called",
          weir_load_relaxed(&left_in_guard));
    barrier();
    CHECK(misuse_counted() >= 1, "the guard that was left is not reported");
    count_misuse(false);
    CHECK_IS(weir_rcu_synchronize(), 0);
}

/* ---- RCU8 ------------------------------------------------------------------------------------------------------------- */

static int64_t barrier_forever(void *arg) {
    (void)arg;
    return weir_rcu_barrier();
}

static void barriers(void) {
    weir_au32 freed = { 0 };
    struct reader r;
    struct call c;
    barrier(); /* nothing is there */
    count_misuse(true);
    for (unsigned depth = 0; depth <= WEIR_RCU_BARRIER_DEPTH; depth++) {
        weir_store_relaxed(&freed, 0);
        chain(&freed, depth);
        CHECK_IS(weir_rcu_barrier(), 0);
        CHECK_IS(weir_load_relaxed(&freed), depth + 1);
    }
    weir_store_relaxed(&freed, 0);
    chain(&freed, 40); /* no deeper: it returns, though more comes */
    CHECK_IS(weir_rcu_barrier(), 0);
    CHECK(weir_load_relaxed(&freed) > WEIR_RCU_BARRIER_DEPTH, "%u", weir_load_relaxed(&freed));
    CHECK_IS(weir_shutdown(), 0); /* however deep */
    CHECK_IS(weir_load_relaxed(&freed), 41);
    count_misuse(false);
    weir_store_relaxed(&freed, 0);
    reader_start(&r);
    CHECK_IS(object_retire(object_new(&freed, 0)), 0);
    CHECK_IS(weir_rcu_barrier_wait(WEIR_NOW, NULL), WEIR_EAGAIN);
    CHECK_IS(weir_rcu_barrier_wait(weir_after(10 * MS), NULL), WEIR_ETIMEDOUT);
    CHECK_IS(weir_shutdown_wait(weir_after(10 * MS), NULL), WEIR_ETIMEDOUT);
    call_start(&c, barrier_forever, NULL);
    CHECK(call_sleeps(&c), "it does not wait");
    CHECK_IS(weir_load_relaxed(&freed), 0);
    reader_end(&r);
    CHECK_IS(call_end(&c), 0);
    CHECK_IS(weir_load_relaxed(&freed), 1);
}

/* ---- RCU11 ------------------------------------------------------------------------------------------------------------- */

static void shutdowns(void) {
    weir_au32 freed = { 0 };
    for (uint32_t i = 1; i <= times(200) && checks_hold(); i++) {
        CHECK_IS(object_retire(object_new(&freed, 0)), 0);
        CHECK_IS(weir_shutdown_wait(soon(), NULL), 0);
        CHECK_IS(weir_load_relaxed(&freed), i);
        weir__lock(&weir__rcu.lock);
        CHECK_IS(weir__rcu.state, WEIR__RCU_NONE);
        weir__unlock(&weir__rcu.lock);
        if (i % 5 == 0) CHECK_IS(weir_shutdown(), 0); /* of nothing */
        if (i % 7 == 0) CHECK_IS(weir_rcu_register(), 0);
    }
}

static void shutdown_storm(void *arg, size_t index) {
    struct storm *s = arg;
    for (size_t i = 0; i < s->each / 20 && checks_hold(); i++) {
        CHECK_IS(object_retire(object_new(&s->freed[index], i)), 0);
        if (index % 2 == 0) CHECK_IS(weir_shutdown_wait(soon(), NULL), 0);
    }
}

/* Beside threads that retire: theirs may start another. */
static void shutdown_races(void) {
    static struct storm s;
    memset(&s, 0, sizeof s);
    s.each = times(6000);
    team_start(&s.team, RETIRERS, shutdown_storm, &s);
    team_join(&s.team);
    CHECK_IS(weir_shutdown_wait(soon(), NULL), 0);
    for (size_t i = 0; i < RETIRERS; i++) CHECK_IS(weir_load_relaxed(&s.freed[i]), s.each / 20);
}

#define EXIT_PENDING "RCU11 the process ends while objects are retired"

static weir_au32 unused;
static int64_t hold_on(void *arg) {
    (void)arg;
    weir_guard g = weir_rcu_enter();
    while (checks_hold()) sleep_ms(1000);
    return weir_rcu_exit(g);
}

/* LeakSanitizer, in its build, looks at what the child leaves. */
static void exit_pending(void) {
    static struct call c;
    if (!(child_rights() & CHILD_FRESH)) {
        child_passes(EXIT_PENDING, CHILD_FRESH | child_rights());
        return;
    }
    call_start(&c, hold_on, NULL);
    CHECK(call_sleeps(&c), "it does not sleep");
    for (int i = 0; i < 1000; i++) CHECK_IS(object_retire(object_new(&unused, 0)), 0);
    sleep_ms(5);
    CHECK(stats().called < 1000, "all are freed though a reader is inside");
}

static const struct test tests[] = {
    { "RCU6 garbage is bounded while a reader is stalled", bounded },
    { "RCU6 who does not wait is counted apart", beyond },
    { "RCU6 above the soft limit periods follow each other", hurried },
    { "RCU7 functions are called on one thread without guard or lock", functions },
    { "RCU7 each function is called once", once_each },
    { "RCU7 functions that leave a guard or end the thread", functions_misused },
    { "RCU8 barrier", barriers },
    { "RCU11 shutdown, and use again", shutdowns },
    { "RCU11 shutdown beside others that retire", shutdown_races },
    { EXIT_PENDING, exit_pending },
};

int main(int argc, char **argv) {
    return rcu_main(argc, argv, "rcu_retire", tests, sizeof tests / sizeof *tests);
}
