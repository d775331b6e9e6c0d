/* SPDX-License-Identifier: MIT */
/* tests/rcu/ends.c - threads that end late, beside a fork, or in a function of weir's thread: RCU4, RCU5, RCU6, RCU10. */
#include <pthread.h>
#include <time.h>

#include "../support/points.h"
#include "lib/rcu_inside.h"
#include "rcu.h"

static weir_time soon(void) { return weir_after(20000 * MS); }

/* ---- in the last turn of destructors ------------------------------------------------------------------------------------- */

#define TURNS 4                  /* PTHREAD_DESTRUCTOR_ITERATIONS of the C library */
#define STACK ((size_t)64 << 20) /* more than the C library keeps: it is unmapped */

static pthread_key_t key; /* younger than weir's: its destructor comes after weir's */
static _Thread_local int turn;

static void late(void *p) {
    if (++turn < TURNS) {
        (void)pthread_setspecific(key, p);
        return;
    }
    CHECK_IS(weir_rcu_exit(weir_rcu_enter()), 0);
    CHECK(!weir__urcu_registered(), "left registered, with nobody to take it back");
    CHECK(!weir__thread_known(), "left with a record, with nobody to take it back");
}
static void *reads(void *arg) {
    CHECK_IS(weir_rcu_exit(weir_rcu_enter()), 0);
    (void)pthread_setspecific(key, arg);
    return NULL;
}

static void last_turn(void) {
    pthread_attr_t a;
    if (UNDER_TSAN) {
        test_skip("ThreadSanitizer, which takes a thread for ended before its last turn");
        return;
    }
    CHECK_IS(weir_rcu_exit(weir_rcu_enter()), 0);
    if (!CHECK(pthread_key_create(&key, late) == 0, "no key")) return;
    (void)pthread_attr_init(&a);
    (void)pthread_attr_setstacksize(&a, STACK);
    for (int i = 0; i < 3 && checks_hold(); i++) {
        pthread_t t;
        if (!CHECK(pthread_create(&t, &a, reads, &key) == 0, "pthread_create")) break;
        (void)pthread_join(t, NULL);
        CHECK_IS(weir_rcu_synchronize_wait(soon(), NULL), 0);
    }
    (void)pthread_attr_destroy(&a);
    (void)pthread_key_delete(key);
}

/* ---- between prepare and parent ------------------------------------------------------------------------------------------ */

static weir_au32 here, go;

static void *ends_when_told(void *arg) {
    (void)arg;
    CHECK_IS(weir_rcu_exit(weir_rcu_enter()), 0);
    CHECK_IS(weir_rcu_offline(), 0); /* a record, and no reader */
    weir_store_release(&here, 1, 0);
    while (!weir_load_acquire(&go, 0)) sleep_ms(1);
    return NULL;
}

static void end_between(void) {
    pthread_t t;
    struct timespec until;
    weir_store_relaxed(&here, 0);
    weir_store_relaxed(&go, 0);
    if (!CHECK(pthread_create(&t, NULL, ends_when_told, NULL) == 0, "pthread_create")) return;
    CHECK(comes_to(&here, 1, 20000), "it does not begin");
    CHECK_IS(weir_rcu_fork_prepare(), 0);
    weir_store_release(&go, 1, 0);
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    int rc = pthread_timedjoin_np(t, NULL, &until);
    CHECK(rc == 0, "the end of a thread without a reader waits for parent: %d", rc);
    CHECK_IS(weir_rcu_fork_parent(), 0);
    if (rc) (void)pthread_join(t, NULL);
}

/* ---- weir's thread -------------------------------------------------------------------------------------------------------- */

static struct stop leaves;
static weir_au32 freed, retired, called;

static void ends_thread(struct weir_rcu_head *head) {
    object_free(head);
    stop_me(&leaves);
    pthread_exit(NULL);
}
static void waits_for_others(struct weir_rcu_head *head) {
    weir_store_release(&called, 1, 0);
    while (!weir_load_acquire(&retired, 0)) sleep_ms(1);
    object_free(head);
}
static void stalls(struct weir_rcu_head *head) {
    weir_store_release(&here, 1, 0);
    while (!weir_load_acquire(&go, 0)) sleep_ms(1);
    object_free(head);
}
static void retire_by(weir_rcu_fn *fn) {
    CHECK_IS(weir_rcu_retire(&object_new(&freed, 1)->head, OBJECT_BYTES, fn), 0);
}
/* What is garbage, with what this thread has not told. */
static int64_t garbage(void) {
    return (int64_t)(weir_load_relaxed(&weir__rcu_garbage.bytes) + weir__thread_self()->rcu.untold);
}

/* A function ends it, and the next one is at work before it is gone. What it has called is told once. */
static void told_once(void) {
    weir_au32 *zero[] = { &freed, &retired, &called, &here, &go };
    for (int i = 0; i < 5; i++) weir_store_relaxed(zero[i], 0);
    CHECK_IS(weir_rcu_barrier_wait(soon(), NULL), 0);
    int64_t before = garbage();
    stop_init(&leaves, "rcu.leaves");
    retire_by(waits_for_others);
    CHECK(comes_to(&called, 1, 20000), "its round does not begin"); /* the others are one batch */
    retire_by(ends_thread);
    retire_by(stalls);
    weir_store_release(&retired, 1, 0);
    if (!stop_wait(&leaves)) return;
    CHECK_IS(weir_rcu_register(), 0); /* makes the next one */
    CHECK(comes_to(&here, 1, 20000), "no second thread");
    weir__lock(&weir__rcu.lock); /* both come to it, and wait */
    stop_release(&leaves);
    sleep_ms(100);
    weir_store_release(&go, 1, 0);
    sleep_ms(100);
    weir__unlock(&weir__rcu.lock);
    CHECK_IS(weir_rcu_barrier_wait(soon(), NULL), 0);
    CHECK_IS(garbage(), before);
    CHECK_IS(weir_load_relaxed(&freed), 3);
    CHECK_IS(stats().bytes, 0);
    stop_fini(&leaves);
}

static struct stop shut;

static int64_t prepare_and_parent(void *arg) {
    (void)arg;
    stop_me(&shut);
    int rc = weir_rcu_fork_prepare();
    return rc < 0 ? rc : weir_rcu_fork_parent();
}
static int64_t shut_down(void *arg) {
    (void)arg;
    return weir_shutdown_wait(soon(), NULL);
}
static bool none(void) {
    weir__lock(&weir__rcu.lock);
    bool is = weir__rcu.state == WEIR__RCU_NONE;
    weir__unlock(&weir__rcu.lock);
    return is;
}

/* A fork has ended weir's thread, and makes it again for who has asked meanwhile. */
static void shutdown_beside_fork(void) {
    struct call forks, stops;
    weir_store_relaxed(&freed, 0);
    retire_by(object_free);
    CHECK_IS(weir_rcu_barrier_wait(soon(), NULL), 0);
    CHECK(!none(), "no thread");
    stop_init(&shut, "fork.shut");
    call_start(&forks, prepare_and_parent, NULL);
    if (!stop_wait(&shut)) return;
    CHECK_IS(weir_rcu_synchronize_wait(WEIR_NOW, NULL), WEIR_EAGAIN); /* asks */
    call_start(&stops, shut_down, NULL);
    (void)call_returns(&stops, 100);
    stop_release(&shut);
    CHECK_IS(call_end(&forks), 0);
    CHECK_IS(call_end(&stops), 0);
    sleep_ms(50);
    CHECK(none(), "weir's thread is there after shutdown");
    stop_fini(&shut);
}

static const struct test tests[] = {
    { "RCU5 a guard in the last turn of a thread's destructors", last_turn },
    { "RCU10 a thread without a reader ends between prepare and parent", end_between },
    { "RCU6 what a thread that a function ends has called is told once", told_once },
    { "RCU10 shutdown beside a fork ends weir's thread", shutdown_beside_fork },
};

int main(int argc, char **argv) {
    return rcu_main(argc, argv, "rcu_ends", tests, sizeof tests / sizeof *tests);
}
