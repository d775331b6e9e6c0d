/* SPDX-License-Identifier: MIT */
/* tests/rcu/fork_child.c - what the child of a prepared fork finds: RCU10. Not under ThreadSanitizer, which does not follow
 * threads into a child. */
#include <pthread.h>
#include <unistd.h>

#include <urcu/urcu-memb.h>

#include "../support/points.h"
#include "lib/rcu_inside.h"
#include "rcu.h"

#define PATIENCE 20000 /* ms */

static weir_time soon(void) { return weir_after(PATIENCE * MS); }

static bool skipped(void) {
    if (UNDER_TSAN) test_skip("ThreadSanitizer");
    return UNDER_TSAN;
}

/* ---- readers that the program has registered ------------------------------------------------------------------------------ */

static weir_au32 here, go;

static int64_t reads_by_itself(void *guard) {
    urcu_memb_register_thread();
    if (guard) urcu_memb_read_lock();
    (void)weir_fetch_add_seq_cst(&here, 1, 0);
    while (!weir_load_acquire(&go, 0)) sleep_ms(1);
    if (guard) urcu_memb_read_unlock();
    urcu_memb_unregister_thread();
    return 0;
}

static int64_t guard_once(void *arg) {
    (void)arg;
    return weir_rcu_exit(weir_rcu_enter());
}

/* Threads come, on the stacks of those that are missing. */
static void in_child(bool registered) {
    CHECK_IS(weir_rcu_fork_child(), 0);
    CHECK_IS(weir__urcu_registered(), registered);
    for (int i = 0; i < 5; i++) {
        struct call c;
        call_start(&c, guard_once, NULL);
        CHECK_IS(call_end(&c), 0);
    }
    CHECK_IS(weir_rcu_synchronize_wait(soon(), NULL), 0);
    CHECK_IS(guard_once(NULL), 0);
    CHECK_IS(weir_rcu_synchronize(), 0);
    struct reader r;
    reader_start(&r);
    CHECK_IS(weir_rcu_synchronize_wait(weir_after(5 * MS), NULL), WEIR_ETIMEDOUT);
    reader_end(&r);
    CHECK_IS(weir_rcu_synchronize_wait(soon(), NULL), 0);
    test_child_ends();
}

static int64_t fork_it(void *arg) {
    (void)arg;
    bool registered = weir__urcu_registered();
    CHECK_IS(weir_rcu_fork_prepare_wait(soon(), NULL), 0);
    pid_t pid = fork();
    if (pid == 0) in_child(registered);
    CHECK_IS(weir_rcu_fork_parent(), 0);
    CHECK_IS(weir__urcu_registered(), registered);
    (void)child_well(pid);
    return 0;
}
static int64_t fork_registered(void *arg) {
    urcu_memb_register_thread();
    (void)fork_it(arg);
    urcu_memb_unregister_thread();
    return 0;
}
static int64_t fork_after_guard(void *arg) {
    CHECK_IS(guard_once(NULL), 0);
    return fork_it(arg);
}

/* The thread that forks is registered by nobody, by the program, or by weir. */
static void readers_of_the_program(void) {
    int64_t (*const forks[])(void *) = { fork_it, fork_registered, fork_after_guard };
    struct call reader[2], c;
    if (skipped()) return;
    weir_store_relaxed(&here, 0);
    weir_store_relaxed(&go, 0);
    for (int i = 0; i < 2; i++) call_start(&reader[i], reads_by_itself, i ? &here : NULL);
    CHECK(comes_to(&here, 2, PATIENCE), "they do not begin");
    for (int i = 0; i < 3; i++) {
        CHECK_IS(weir_rcu_app_registers(i < 2), 0);
        call_start(&c, forks[i], NULL);
        CHECK_IS(call_end(&c), 0);
    }
    weir_store_release(&go, 1, 0);
    for (int i = 0; i < 2; i++) CHECK_IS(call_end(&reader[i]), 0);
}

/* ---- what is garbage ------------------------------------------------------------------------------------------------------ */

#define MANY ((size_t)100 << 20)

static struct stop counted;
static weir_au32 freed;

static int64_t retire_many(void *arg) {
    (void)arg;
    stop_me(&counted);
    return weir_rcu_retire(&object_new(&freed, 1)->head, MANY, object_free);
}

/* A thread has counted an object, and not yet retired it: the child never hears of it again. Others are in bags, told and
 * not. */
static void count_of_the_child(void) {
    struct call c;
    if (skipped()) return;
    weir_store_relaxed(&freed, 0);
    stop_init(&counted, "rcu.retire.counted");
    CHECK_IS(weir_rcu_barrier_wait(soon(), NULL), 0);
    call_start(&c, retire_many, NULL);
    if (!stop_wait(&counted)) return;
    struct reader r;
    reader_start(&r);
    for (int i = 0; i < 3; i++) CHECK_IS(object_retire(object_new(&freed, 1)), 0);
    reader_end(&r);
    CHECK_IS(weir_rcu_fork_prepare_wait(soon(), NULL), 0);
    pid_t pid = fork();
    if (pid == 0) {
        CHECK_IS(weir_rcu_fork_child(), 0);
        CHECK_IS(weir_rcu_barrier_wait(soon(), NULL), 0);
        CHECK_IS(weir_load_relaxed(&freed), 3);
        CHECK_IS(stats().bytes, 0);
        CHECK_IS(stats().called, stats().retired);
        CHECK_IS((int64_t)weir_load_relaxed(&weir__rcu_garbage.bytes), 0);
        CHECK_IS(weir_rcu_try_room(2 * MANY), 0);
        test_child_ends();
    }
    CHECK_IS(weir_rcu_fork_parent(), 0);
    (void)child_well(pid);
    stop_release(&counted);
    CHECK_IS(call_end(&c), 0);
    CHECK_IS(weir_rcu_barrier_wait(soon(), NULL), 0);
    CHECK_IS(weir_load_relaxed(&freed), 4);
    stop_fini(&counted);
}

static const struct test tests[] = {
    { "RCU10 readers that the program has registered do not exist in the child",
      readers_of_the_program },
    { "RCU10 the child counts what is in its bags", count_of_the_child },
};

int main(int argc, char **argv) {
    return rcu_main(argc, argv, "rcu_fork_child", tests, sizeof tests / sizeof *tests);
}
