/* SPDX-License-Identifier: MIT */
/* tests/lib/thread.c - thread records: reused, however a thread ends; the hooks that run then; and forks. */
#include "lib/thread.h"

#include "../support/check.h"
#include "../support/child.h"
#include "../support/points.h"
#include "../support/sanitizers.h"
#include "../support/threads.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <weir/mpmc.h>
#include <weir/rcu.h>

/* ---- exit hooks: set by a constructor, as the header asks ------------------------------------------------ */

static weir_au32 ran[2];
static __thread unsigned order;

static void first(struct weir__thread *t) {
    CHECK(t && order == 1, "hooks run in reverse order");
    order = 0;
    (void)weir_fetch_add_relaxed(&ran[0], 1);
}
static void second(struct weir__thread *t) {
    CHECK(t && order == 0, "hooks run in reverse order");
    order = 1;
    (void)weir_fetch_add_relaxed(&ran[1], 1);
}
static void nothing(struct weir__thread *t) { (void)t; }

static int too_many;

__attribute__((constructor)) static void set_hooks(void) {
    (void)weir__thread_at_exit(first);
    (void)weir__thread_at_exit(second);
    for (int i = 2; i < WEIR__EXIT_HOOKS; i++) (void)weir__thread_at_exit(nothing);
    too_many = weir__thread_at_exit(nothing);
}

/* ---- threads that end in each way -------------------------------------------------------------------------- */

enum ending { RETURNS, EXITS, CANCELLED, NEVER_PARKS };

struct life {
    enum ending ending;
    struct weir__thread *record;
};

static void *live(void *arg) {
    struct life *l = arg;
    if (l->ending == NEVER_PARKS) return NULL;
    l->record = weir__thread_self();
    CHECK(l->record != NULL && l->record == weir__thread_self(), "another record");
    if (l->ending == EXITS) pthread_exit(NULL);
    while (l->ending == CANCELLED) sleep_ms(1000); /* a cancellation point */
    return NULL;
}

static void end_each_way(void) {
    size_t before = 0;
    CHECK_IS(too_many, WEIR_ENOMEM);
    for (size_t i = 0; i < times(400); i++) {
        struct life l = { .ending = (enum ending)(i % 4) };
        uint32_t hooks = weir_load_relaxed(&ran[0]);
        pthread_t t;
        if (!CHECK(pthread_create(&t, NULL, live, &l) == 0, "pthread_create")) return;
        if (l.ending == CANCELLED) (void)pthread_cancel(t);
        (void)pthread_join(t, NULL);
        /* A thread cancelled before it began has no record. */
        bool had = l.record != NULL;
        CHECK(had == (l.ending != NEVER_PARKS) || l.ending == CANCELLED, "record of ending %d",
              (int)l.ending);
        CHECK_IS(weir_load_relaxed(&ran[0]), hooks + had);
        CHECK_IS(weir_load_relaxed(&ran[1]), hooks + had);
        if (i == 8) before = weir__thread_records();
    }
    CHECK_IS(weir__thread_records(), before);
}

/* ---- 10,000 short lives ------------------------------------------------------------------------------------ */

#define AT_ONCE 8

static void park_once(void *arg, size_t i) {
    uint64_t v = i;
    /* Longer than the spin, so that it parks. */
    CHECK_IS(weir_mpmc_pop_wait(arg, &v, weir_after(60000 + (int64_t)rng_below(40000)), NULL),
             WEIR_ETIMEDOUT);
}

static void many_lives(void) {
    struct weir_ring_opts o = WEIR_RING_OPTS(4, 8);
    weir_mpmc *r = NULL;
    if (!CHECK_IS(weir_mpmc_new(&r, &o), 0)) return;
    team_run(AT_ONCE, park_once, r);
    size_t before = weir__thread_records();
    CHECK(before >= AT_ONCE, "%zu records: nobody parked", before);
    for (size_t lives = times(10000); lives > AT_ONCE && checks_hold(); lives -= AT_ONCE)
        team_run(AT_ONCE, park_once, r);
    CHECK_IS(weir__thread_records(), before);
    CHECK_IS(weir_mpmc_free(r), 0);
}

/* As many threads at once as there are records in several slabs: each has its own. */
struct crowd {
    weir_au32 in, out;
    struct weir__thread *records[TEAM_MAX];
};

static void hold_record(void *arg, size_t i) {
    struct crowd *c = arg;
    unsigned failures = 0;
    c->records[i] = weir__thread_self();
    (void)weir_fetch_add_seq_cst(&c->in, 1, 0);
    while (weir_load_acquire(&c->in, 0) < TEAM_MAX && checks_hold()) give_way(&failures);
}

static void distinct(void) {
    struct crowd c = { .in = { 0 } };
    team_run(TEAM_MAX, hold_record, &c);
    for (size_t i = 0; i < TEAM_MAX; i++)
        for (size_t k = 0; k < i; k++)
            CHECK(c.records[i] && c.records[i] != c.records[k], "threads %zu and %zu share one", i,
                  k);
    CHECK(weir__thread_records() >= TEAM_MAX, "%zu records", weir__thread_records());
}

/* A key destructor of the user's that parks after weir's own has run. */
static pthread_key_t late_key;

static void park_late(void *arg) {
    uint64_t v = 0;
    CHECK_IS(weir_mpmc_pop_wait(arg, &v, weir_after(100000), NULL), WEIR_ETIMEDOUT);
}

static void *set_late(void *arg) {
    park_late(arg);
    (void)pthread_setspecific(late_key, arg);
    return NULL;
}

static void late_destructor(void) {
    struct weir_ring_opts o = WEIR_RING_OPTS(4, 8);
    weir_mpmc *r = NULL;
    size_t before = 0;
    if (!CHECK_IS(weir_mpmc_new(&r, &o), 0)) return;
    if (!CHECK(pthread_key_create(&late_key, park_late) == 0, "pthread_key_create")) return;
    for (size_t i = 0; i < times(200); i++) {
        pthread_t t;
        if (!CHECK(pthread_create(&t, NULL, set_late, r) == 0, "pthread_create")) return;
        (void)pthread_join(t, NULL);
        if (i == 4) before = weir__thread_records();
        if (i > 4)
            CHECK_IS(weir__thread_records(), before); /* such a thread leaves nothing behind */
    }
    (void)pthread_key_delete(late_key);
    CHECK_IS(weir_mpmc_free(r), 0);
}

/* ---- cancelled before it has a record --------------------------------------------------------------- */

static void *first_call_cancelled(void *returned) {
    (void)pthread_cancel(pthread_self()); /* pending from here on */
    (void)weir__os_random();
    (void)weir__thread_self();
    weir_store_relaxed((weir_au32 *)returned, 1);
    pthread_testcancel();
    return NULL;
}

/* More at once than a slab has, so that some make one: no cancellation point stands on the way, with a lock
 * held. */
static void cancelled_first(void) {
    enum { N = 40 };
    pthread_t t[N];
    weir_au32 returned[N] = { { 0 } };
    for (int i = 0; i < N; i++)
        if (!CHECK(pthread_create(&t[i], NULL, first_call_cancelled, &returned[i]) == 0, "thread"))
            return;
    for (int i = 0; i < N; i++) {
        void *result;
        (void)pthread_join(t[i], &result);
        CHECK(result == PTHREAD_CANCELED, "thread %d was not cancelled at all", i);
        CHECK(weir_load_relaxed(&returned[i]) == 1, "thread %d was cancelled inside weir", i);
    }
    CHECK(weir__thread_self() != NULL, "the list of records is locked");
}

/* ---- forks ------------------------------------------------------------------------------------------------ */

#define CHILD_S 10 /* a child that hangs is ended by its alarm */

static int64_t first_call(void *arg) {
    stop_me(arg);
    return weir__thread_self() != NULL;
}

static int64_t let_go_soon(void *arg) {
    sleep_ms(100);
    stop_release(arg);
    return 0;
}

/* By a thread that has no record, as its child's first call. */
static int64_t fork_first(void *arg) {
    (void)arg;
    CHECK(weir__thread_known() == NULL, "it has a record");
    pid_t pid = fork();
    if (pid == 0) {
        (void)alarm(CHILD_S);
        _exit(weir__thread_self() ? 0 : 1);
    }
    return pid;
}

/* A thread stands under the lock of records, as in an allocation that takes long, while another forks. */
static void fork_beside_first_call(void) {
    struct stop s;
    struct call holder, helper, forker;
    stop_init(&s, "thread.record");
    call_start(&holder, first_call, &s);
    if (!stop_wait(&s)) return;
    call_start(&helper, let_go_soon, &s);
    call_start(&forker, fork_first, NULL);
    (void)child_well((pid_t)call_end(&forker));
    CHECK_IS(call_end(&helper), 0);
    CHECK_IS(call_end(&holder), 1);
    stop_fini(&s);
}

static int64_t first_hazard(void *arg) {
    if (arg) stop_me(arg);
    return weir__hazard_self() != NULL;
}

static void count_named(void *block, void *arg) {
    (void)block;
    ++*(unsigned *)arg;
}

/* The record of a thread that the child does not have, and that was linked and not yet marked as listed, goes to a
 * thread of the child's: the list of hazards has it once, and an end. */
static _Noreturn void use_its_record(void) {
    struct call c;
    unsigned named = 0;
    (void)alarm(CHILD_S);
    if (weir_rcu_fork_child() < 0) _exit(1);
    call_start(&c, first_hazard, NULL);
    if (call_end(&c) != 1) _exit(2);
    weir__hazards_each(count_named, &named);
    _exit(named ? 3 : 0);
}

static void fork_beside_first_hazard(void) {
    struct stop s;
    struct call first;
    if (UNDER_TSAN) {
        test_skip("ThreadSanitizer");
        return;
    }
    stop_init(&s, "hazard.linked");
    call_start(&first, first_hazard, &s);
    if (!stop_wait(&s)) return;
    CHECK_IS(weir_rcu_fork_prepare(), 0);
    pid_t pid = fork();
    if (pid == 0) use_its_record();
    CHECK_IS(weir_rcu_fork_parent(), 0);
    (void)child_well(pid);
    stop_release(&s);
    CHECK_IS(call_end(&first), 1);
    stop_fini(&s);
}

/* In a handler of a signal that has interrupted a thread under the lock of records. */
static weir_au64 forked;
static void fork_in_handler(int number) {
    (void)number;
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    weir_store_relaxed(&forked, (uint64_t)pid);
}

static void fork_in_first_call(void) {
    struct sigaction a = { .sa_handler = fork_in_handler }, old;
    struct stop s;
    struct call c;
    stop_init(&s, "thread.record");
    (void)sigaction(SIGUSR1, &a, &old);
    call_start(&c, first_call, &s);
    if (!stop_wait(&s)) return;
    (void)pthread_kill(c.thread, SIGUSR1);
    for (int ms = 0; !weir_load_relaxed(&forked) && ms < 10000; ms++) sleep_ms(1);
    if (!weir_load_relaxed(&forked)) test_hangs("a fork in a signal handler");
    (void)child_well((pid_t)weir_load_relaxed(&forked));
    stop_release(&s);
    CHECK_IS(call_end(&c), 1);
    (void)sigaction(SIGUSR1, &old, NULL);
    stop_fini(&s);
}

static const struct test tests[] = {
    { "thread: a record is given back however a thread ends", end_each_way },
    { "thread: 10,000 threads that park leave the records constant", many_lives },
    { "thread: each thread has its own record", distinct },
    { "thread: a destructor that parks late", late_destructor },
    { "thread: cancelled before it has a record", cancelled_first },
    { "thread: a fork beside a thread's first call", fork_beside_first_call },
    { "thread: a fork in a signal handler, within a first call", fork_in_first_call },
    { "thread: a prepared fork beside a thread's first hazard", fork_beside_first_hazard },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "lib_thread", tests, sizeof tests / sizeof *tests);
}
