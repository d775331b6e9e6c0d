/* SPDX-License-Identifier: MIT */
/* tests/rcu/fork.c - both sides of a fork: RCU10. Not under ThreadSanitizer, which does not follow threads into a child. */
#include <string.h>
#include <unistd.h>

#include <weir/ctx.h>

#include "../support/points.h"
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

/* ---- beside handlers of forks, and within them -------------------------------------------------------------------------- */

#define PATIENCE 10000 /* ms, for what takes a few at most */

/* Handlers that the program has registered, before weir's own: this file's constructor comes first. They do
 * something while a test asks for it. */
static struct {
    pthread_mutex_t lock;
    weir_au32 locks, prepares;
} handlers = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void before_late(void) {
    if (weir_load_relaxed(&handlers.locks)) (void)pthread_mutex_lock(&handlers.lock);
}
static void after_late(void) {
    if (weir_load_relaxed(&handlers.locks)) (void)pthread_mutex_unlock(&handlers.lock);
}
static void before_early(void) {
    if (weir_load_relaxed(&handlers.prepares)) CHECK_IS(weir_rcu_fork_prepare(), 0);
}
static void parent_early(void) {
    if (weir_load_relaxed(&handlers.prepares)) CHECK_IS(weir_rcu_fork_parent(), 0);
}
static void child_early(void) {
    if (weir_load_relaxed(&handlers.prepares)) CHECK_IS(weir_rcu_fork_child(), 0);
}
__attribute__((constructor)) static void early(void) {
    (void)pthread_atfork(before_early, parent_early, child_early);
}

static int64_t fork_bare(void *arg) {
    (void)arg;
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    return pid;
}
static int64_t fork_with_parent(void *arg) {
    pid_t pid = fork();
    (void)arg;
    if (pid == 0) {
        CHECK_IS(weir_rcu_fork_child(), 0);
        use();
        test_child_ends();
    }
    CHECK_IS(weir_rcu_fork_parent(), 0);
    return pid;
}

struct two {
    weir_au32 prepared, go;
    struct call first, second;
};
static int64_t prepare_and_fork(void *arg) {
    struct two *t = arg;
    CHECK_IS(weir_rcu_fork_prepare(), 0);
    weir_store_release(&t->prepared, 1, 0);
    while (!weir_load_acquire(&t->go, 0)) sleep_ms(1);
    return fork_with_parent(NULL);
}

/* A thread has prepared, another forks without the calls, in whose handler is a lock that the first one's fork wants,
 * too. */
static void beside_a_bare_fork(void) {
    struct two t;
    if (UNDER_TSAN) {
        test_skip("ThreadSanitizer");
        return;
    }
    memset(&t, 0, sizeof t);
    (void)pthread_atfork(before_late, after_late, after_late);
    weir_store_relaxed(&handlers.locks, 1);
    call_start(&t.first, prepare_and_fork, &t);
    if (!CHECK(comes_to(&t.prepared, 1, PATIENCE), "it is not prepared")) return;
    call_start(&t.second, fork_bare, NULL);
    (void)call_returns(&t.second, 300);
    weir_store_release(&t.go, 1, 0);
    if (!call_returns(&t.first, PATIENCE)) test_hangs("a prepared fork beside one that is not");
    (void)child_well((pid_t)call_end(&t.second));
    (void)child_well((pid_t)call_end(&t.first));
    weir_store_relaxed(&handlers.locks, 0);
}

static int64_t fork_by_handlers(void *arg) {
    (void)arg;
    pid_t pid = fork();
    if (pid == 0) {
        use();
        test_child_ends();
    }
    return pid;
}

/* The calls stand in handlers that surround weir's own. */
static void in_handlers(void) {
    struct call c;
    if (UNDER_TSAN) {
        test_skip("ThreadSanitizer");
        return;
    }
    weir_store_relaxed(&handlers.prepares, 1);
    call_start(&c, fork_by_handlers, NULL);
    if (!call_returns(&c, PATIENCE)) test_hangs("prepare in a handler of forks");
    (void)child_well((pid_t)call_end(&c));
    weir_store_relaxed(&handlers.prepares, 0);
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
            period_begins();
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

/* ---- contexts ------------------------------------------------------------------------------------------------------------ */

struct cancel {
    weir_ctx *ctx;
    weir_au32 here, go;
    struct call waiter, forker;
};
static int64_t waits_by_ctx(void *arg) {
    struct cancel *c = arg;
    CHECK_IS(weir_rcu_exit(weir_rcu_enter()), 0);
    weir_store_release(&c->here, 1, 0);
    while (!weir_load_acquire(&c->go, 0)) sleep_ms(1);
    return weir_rcu_synchronize_wait(WEIR_FOREVER, c->ctx);
}
static int64_t prepares_and_cancels(void *arg) {
    struct cancel *c = arg;
    CHECK_IS(weir_rcu_fork_prepare(), 0);
    weir_store_release(&c->go, 1, 0);
    CHECK(call_sleeps(&c->waiter), "it does not wait for parent");
    (void)weir_ctx_cancel(c->ctx, 0);
    return weir_rcu_fork_parent();
}

/* The thread that has prepared ends a context, by which another one waits here. */
static void cancel_between(void) {
    struct cancel c;
    memset(&c, 0, sizeof c);
    CHECK_IS(weir_ctx_new(&c.ctx, NULL, WEIR_FOREVER), 0);
    call_start(&c.waiter, waits_by_ctx, &c);
    CHECK(comes_to(&c.here, 1, PATIENCE), "it does not begin");
    call_start(&c.forker, prepares_and_cancels, &c);
    if (!call_returns(&c.forker, 2 * PATIENCE)) test_hangs("cancel between prepare and parent");
    CHECK_IS(call_end(&c.forker), 0);
    CHECK_IS(call_end(&c.waiter), WEIR_ECANCELED);
    weir_ctx_unref(c.ctx);
}

/* ---- a function that ends weir's thread ----------------------------------------------------------------------------------- */

static struct {
    struct stop leaves, shut;
    weir_au32 freed, retired, called;
} ending;

static void ends_thread(struct weir_rcu_head *head) {
    object_free(head);
    stop_me(&ending.leaves);
    pthread_exit(NULL);
}
static void waits_for_others(struct weir_rcu_head *head) {
    weir_store_release(&ending.called, 1, 0);
    while (!weir_load_acquire(&ending.retired, 0)) sleep_ms(1);
    object_free(head);
}
static int64_t prepare_stopped(void *arg) {
    (void)arg;
    stop_me(&ending.shut);
    return prepare_and_parent(NULL);
}

/* The thread is gone, and no other is made while a fork holds it; afterwards the rest of the batch is called. */
static void rest_of_batch(void) {
    struct call c;
    weir_store_relaxed(&ending.freed, 0);
    stop_init(&ending.leaves, "rcu.leaves");
    stop_init(&ending.shut, "fork.shut");
    struct object *first = object_new(&ending.freed, 1), *ends = object_new(&ending.freed, 1);
    weir_store_relaxed(&ending.retired, 0);
    weir_store_relaxed(&ending.called, 0);
    CHECK_IS(weir_rcu_retire(&first->head, OBJECT_BYTES, waits_for_others), 0);
    CHECK(comes_to(&ending.called, 1, PATIENCE),
          "its round does not begin"); /* the others are one batch */
    CHECK_IS(weir_rcu_retire(&ends->head, OBJECT_BYTES, ends_thread), 0);
    for (int i = 0; i < 2; i++) CHECK_IS(object_retire(object_new(&ending.freed, 1)), 0);
    weir_store_release(&ending.retired, 1, 0);
    if (!stop_wait(&ending.leaves)) return;
    call_start(&c, prepare_stopped, NULL);
    if (!stop_wait(&ending.shut)) return;
    stop_release(&ending.leaves);
    sleep_ms(100); /* it has ended: at worst nothing is shown */
    stop_release(&ending.shut);
    CHECK_IS(call_end(&c), 0);
    CHECK(comes_to(&ending.freed, 4, PATIENCE), "the rest of a batch is forgotten");
    stop_fini(&ending.leaves);
    stop_fini(&ending.shut);
}

static const struct test tests[] = {
    { "RCU10 parent and child go on, to 3 generations", generations },
    { "RCU10 without the calls the child may exec or exit", without },
    { "RCU10 a prepared fork and one without the calls at once", beside_a_bare_fork },
    { "RCU10 the calls in handlers of forks that were registered before weir's", in_handlers },
    { "RCU10 a context ends between prepare and parent", cancel_between },
    { "RCU10 a function that ends weir's thread, beside a fork", rest_of_batch },
    { "RCU10 a fork waits for the period at work", prepare_waits },
};

int main(int argc, char **argv) {
    return rcu_main(argc, argv, "rcu_fork", tests, sizeof tests / sizeof *tests);
}
