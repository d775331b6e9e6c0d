/* SPDX-License-Identifier: MIT */
/* tests/rcu/fork.c - both sides of a fork: RCU10. Not under ThreadSanitizer, which does not follow threads into a child. */
#include <string.h>
#include <unistd.h>

#include "rcu.h"

#define GENERATIONS 3
#define BUSY 4

static weir_time soon(void) { return weir_after(20000 * MS); }

/* ---- threads that are in the middle of things when it happens --------------------------------------------------------- */

struct busy {
    struct team team;
    weir_au32 stop, freed;
    weir_au64 retired;
};

static void *read_once(void *arg) {
    struct busy *b = arg;
    CHECK_IS(weir_rcu_exit(weir_rcu_enter()), 0);
    CHECK_IS(object_retire(object_new(&b->freed, 1)), 0);
    return NULL;
}

/* Threads that come and go: in the middle of being registered, or taken off. AddressSanitizer's lock for threads is not
 * taken around a fork. */
static uint64_t churn(struct busy *b) {
    uint64_t lives = 0;
    for (; !UNDER_ASAN && !weir_load_relaxed(&b->stop) && checks_hold(); lives++) {
        pthread_t t;
        if (!CHECK(pthread_create(&t, NULL, read_once, b) == 0, "pthread_create")) break;
        (void)pthread_join(t, NULL);
    }
    return lives;
}

static void be_busy(void *arg, size_t index) {
    struct busy *b = arg;
    uint64_t retired = index == 3 ? churn(b) : 0;
    while (index < 3 && !weir_load_relaxed(&b->stop) && checks_hold()) {
        weir_guard g = weir_rcu_enter();
        CHECK_IS(object_retire(object_new(&b->freed, 1)), 0);
        retired++;
        if (index == 1) random_delay();
        CHECK_IS(weir_rcu_exit(g), 0);
        if (index == 2 && retired % 64 == 0) CHECK_IS(weir_rcu_synchronize(), 0);
        if (index == 0) CHECK_IS(weir_rcu_room(OBJECT_BYTES), 0);
    }
    (void)weir_fetch_add_relaxed(&b->retired, retired);
}

static void busy_start(struct busy *b) {
    memset(b, 0, sizeof *b);
    team_start(&b->team, BUSY, be_busy, b);
    while (weir_load_relaxed(&b->freed) < 100 && checks_hold()) sleep_ms(1);
}
static void busy_end(struct busy *b) {
    weir_store_relaxed(&b->stop, 1);
    team_join(&b->team);
    CHECK_IS(weir_rcu_barrier_wait(soon(), NULL), 0);
    CHECK_IS(weir_load_relaxed(&b->freed), weir_load_relaxed(&b->retired));
}

/* Everything works here. */
static void use(void) {
    weir_au32 freed = { 0 };
    struct reader r;
    reader_start(&r);
    CHECK_IS(object_retire(object_new(&freed, 1)), 0);
    CHECK_IS(weir_rcu_barrier_wait(weir_after(5 * MS), NULL), WEIR_ETIMEDOUT);
    reader_end(&r);
    CHECK_IS(weir_rcu_barrier_wait(soon(), NULL), 0);
    CHECK_IS(weir_load_relaxed(&freed), 1);
    CHECK_IS(weir_rcu_synchronize(), 0);
    CHECK_IS(weir_rcu_exit(weir_rcu_enter()), 0);
}

static void generation(unsigned left) {
    static struct busy busy[GENERATIONS];
    struct busy *b = &busy[left - 1];
    busy_start(b);
    for (size_t i = 0; i < times(4) && checks_hold(); i++) {
        CHECK_IS(weir_rcu_fork_prepare(), 0);
        objects_hold(true);
        pid_t pid = fork();
        objects_hold(false);
        if (pid == 0) {
            CHECK_IS(weir_rcu_fork_child(), 0);
            use();
            if (left > 1 && i == 0) generation(left - 1);
            CHECK_IS(weir_shutdown_wait(soon(), NULL), 0);
            test_child_ends();
        }
        CHECK_IS(weir_rcu_fork_parent(), 0);
        (void)child_well(pid);
    }
    busy_end(b);
    use();
}

static void generations(void) {
    if (UNDER_TSAN) {
        test_skip("ThreadSanitizer");
        return;
    }
    generation(GENERATIONS);
    CHECK_IS(weir_shutdown_wait(soon(), NULL), 0);
}

/* ---- without the calls -------------------------------------------------------------------------------------------------- */

static void without(void) {
    static struct busy b;
    char path[] = "/bin/true", *argv[] = { path, NULL };
    if (UNDER_TSAN) {
        test_skip("ThreadSanitizer");
        return;
    }
    busy_start(&b);
    for (size_t i = 0; i < times(20) && checks_hold(); i++) {
        pid_t pid = fork();
        if (pid == 0 && i % 2) (void)execv(path, argv);
        if (pid == 0) _exit(0);
        (void)child_well(pid);
    }
    busy_end(&b);
}

/* ---- prepare that cannot ------------------------------------------------------------------------------------------------- */

static int64_t prepare_and_parent(void *arg) {
    (void)arg;
    int rc = weir_rcu_fork_prepare();
    return rc < 0 ? rc : weir_rcu_fork_parent();
}

static int64_t synchronize(void *arg) {
    (void)arg;
    return weir_rcu_synchronize();
}

/* A period is at work, of weir's thread or of a caller, and its reader stays. */
static void prepare_waits(void) {
    weir_au32 freed = { 0 };
    for (int direct = 0; direct < 2; direct++) {
        struct call c, s;
        struct reader r;
        reader_start(&r);
        if (direct) {
            call_start(&s, synchronize, NULL);
            CHECK(call_sleeps(&s), "it does not wait");
        } else {
            weir_store_relaxed(&freed, 0);
            CHECK_IS(object_retire(object_new(&freed, 1)), 0);
            sleep_ms(5); /* the period begins */
        }
        CHECK_IS(weir_rcu_fork_prepare_wait(weir_after(10 * MS), NULL), WEIR_ETIMEDOUT);
        CHECK_IS(weir_rcu_fork_prepare_wait(WEIR_NOW, NULL), WEIR_EAGAIN);
        call_start(&c, prepare_and_parent, NULL);
        CHECK(call_sleeps(&c), "it does not wait");
        reader_end(&r);
        CHECK_IS(call_end(&c), 0);
        if (direct)
            CHECK_IS(call_end(&s), 0);
        else
            CHECK(comes_to(&freed, 1, 10000), "it does not go on after a fork");
    }
    use();
}

static const struct test tests[] = {
    { "RCU10 parent and child go on, to 3 generations", generations },
    { "RCU10 without the calls the child may exec or exit", without },
    { "RCU10 a fork waits for the period at work", prepare_waits },
};

int main(int argc, char **argv) {
    return rcu_main(argc, argv, "rcu_fork", tests, sizeof tests / sizeof *tests);
}
