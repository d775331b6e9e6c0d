/* SPDX-License-Identifier: MIT */
/* tests/rcu/alloc.c - want of memory and of threads. Guards and retire work all the same; what has to wait says ENOMEM. The
 * linker puts functions of this file before posix_memalign and pthread_create. */
#include <errno.h>

#include "../support/points.h"
#include "lib/rcu.h"
#include "lib/thread.h"
#include "rcu.h"

static weir_au32 memory_refused, threads_refused;

int __real_posix_memalign(void **p, size_t align, size_t size);
int __wrap_posix_memalign(void **p, size_t align, size_t size);
int __wrap_posix_memalign(void **p, size_t align, size_t size) {
    if (weir_load_relaxed(&memory_refused)) return ENOMEM;
    return __real_posix_memalign(p, align, size);
}

/* Those of the tests have a start routine of tests/support; weir's is made while this says so. */
int __real_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*fn)(void *), void *arg) {
    return weir_load_relaxed(&threads_refused) ? EAGAIN : __real_pthread_create(t, a, fn, arg);
}

#define NO_RECORD "RCU allocation: a thread without a record reads and retires"

static void no_record(void) {
    if (!child_is_fresh(NO_RECORD)) return;
    weir_au32 freed = { 0 };
    weir_store_relaxed(&memory_refused, 1);
    for (int i = 0; i < 3; i++) {
        weir_guard g = weir_rcu_enter();
        CHECK(weir__urcu_registered() && weir__urcu_held(), "not inside");
        weir_guard inner = weir_rcu_enter();
        CHECK_IS(object_retire(object_new(&freed, 1)), 0);
        CHECK_IS(weir_rcu_exit(inner), 0);
        CHECK(weir__urcu_held(), "left with the inner guard");
        CHECK_IS(weir_rcu_exit(g), 0);
        CHECK(!weir__urcu_registered(), "left registered, with nobody to take it back");
    }
    CHECK_IS(weir_rcu_synchronize(), 0);
    CHECK_IS(weir_rcu_register(), WEIR_ENOMEM);
    CHECK_IS(weir_rcu_offline(), WEIR_ENOMEM);
    CHECK_IS(weir_rcu_online(), WEIR_ENOMEM);
    CHECK_IS(weir_rcu_room(1), WEIR_ENOMEM);
    CHECK_IS(weir_rcu_fork_prepare(), WEIR_ENOMEM);
    CHECK_IS(weir_rcu_synchronize_wait(weir_after(1), NULL), WEIR_ENOMEM);
    weir_store_relaxed(&memory_refused, 0);
    CHECK_IS(weir_rcu_barrier(), 0);
    CHECK_IS(weir_load_relaxed(&freed), 3);
    CHECK_IS(stats().bytes + stats().over_bytes, 0);
    CHECK_IS(stats().retired, 3);
}

#define NO_THREAD "RCU allocation: weir's thread is refused"

static void no_thread(void) {
    if (!child_is_fresh(NO_THREAD)) return;
    weir_au32 freed = { 0 };
    weir_store_relaxed(&threads_refused, 1);
    for (int i = 0; i < 100; i++) CHECK_IS(object_retire(object_new(&freed, 1)), 0);
    CHECK_IS(weir_rcu_register(), WEIR_ENOMEM);
    CHECK_IS(weir_rcu_barrier(), WEIR_ENOMEM);
    CHECK_IS(weir_shutdown(), WEIR_ENOMEM);
    CHECK_IS(weir_rcu_synchronize_wait(weir_after(1000 * MS), NULL), WEIR_ENOMEM);
    CHECK_IS(weir_rcu_synchronize(), 0); /* needs none */
    CHECK_IS(weir_rcu_set_limits(1, OBJECT_BYTES), 0);
    CHECK_IS(object_retire(object_new(&freed, 1)), 0); /* its count is told */
    CHECK_IS(weir_rcu_room(OBJECT_BYTES), WEIR_ENOMEM);
    CHECK_IS(weir_load_relaxed(&freed), 0);
    weir_store_relaxed(&threads_refused, 0);
    CHECK_IS(object_retire(object_new(&freed, 1)), 0); /* tries again, by itself */
    CHECK(comes_to(&freed, 102, 10000), "%u of 102 are freed", weir_load_relaxed(&freed));
    CHECK_IS(weir_shutdown(), 0);
}

#define NO_RECORD_THERE "RCU allocation: weir's thread gets no record"

static void no_record_there(void) {
    if (!child_is_fresh(NO_RECORD_THERE)) return;
    weir_au32 freed = { 0 };
    CHECK(weir__thread_self(), "no record");
    /* The others of the slab go to threads that hold on to them. */
    static struct reader r[31];
    for (size_t i = 0; i < 31; i++) reader_start(&r[i]);
    weir_store_relaxed(&memory_refused, 1);
    CHECK_IS(object_retire(object_new(&freed, 1)), 0);
    CHECK_IS(weir_rcu_barrier_wait(weir_after(20000 * MS), NULL), WEIR_ENOMEM);
    weir_store_relaxed(&memory_refused, 0);
    for (size_t i = 0; i < 31; i++) reader_end(&r[i]);
    CHECK_IS(weir_rcu_barrier_wait(weir_after(20000 * MS), NULL), 0);
    CHECK_IS(weir_load_relaxed(&freed), 1);
}

#define STRAY "RCU allocation: barrier waits for what threads without a record retired"

static struct stop pushed;

static int64_t retire_one(void *freed) {
    stop_me(&pushed);
    return object_retire(object_new(freed, 1));
}

/* They share a bag: one has put the first object there, and has told nobody, while another puts the next. */
static void stray(void) {
    if (!child_is_fresh(STRAY)) return;
    weir_au32 freed = { 0 };
    struct call c;
    stop_init(&pushed, "rcu.retire.pushed");
    weir_store_relaxed(&memory_refused, 1);
    call_start(&c, retire_one, &freed);
    if (!stop_wait(&pushed)) return;
    CHECK_IS(object_retire(object_new(&freed, 1)), 0);
    weir_store_relaxed(&memory_refused, 0);
    CHECK_IS(weir_rcu_barrier_wait(weir_after(20000 * MS), NULL), 0);
    CHECK_IS(weir_load_relaxed(&freed), 2);
    CHECK_IS(object_retire(object_new(&freed, 1)), 0);
    stop_release(&pushed);
    CHECK_IS(call_end(&c), 0);
    CHECK_IS(weir_shutdown_wait(weir_after(20000 * MS), NULL), 0);
    CHECK_IS(weir_load_relaxed(&freed), 3);
    stop_fini(&pushed);
}

static const struct test tests[] = {
    { NO_RECORD, no_record },
    { NO_THREAD, no_thread },
    { STRAY, stray },
    { NO_RECORD_THERE, no_record_there },
};

int main(int argc, char **argv) {
    return rcu_main(argc, argv, "rcu_alloc", tests, sizeof tests / sizeof *tests);
}
