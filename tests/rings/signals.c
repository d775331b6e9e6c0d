/* SPDX-License-Identifier: MIT */
/* tests/rings/signals.c - RING15 for weir_scq: a signal handler pushes to and pops from the ring whose push or pop
 * it interrupts. At each point of each call, by raising the signal there; and at any instruction, by signals from
 * another thread. */
#include "cases.h"
#include "ring.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include <weir/scq.h>

#define SIZE 24

/* What a thread and its handler have moved. Ids: who pushed << 32 | number. */
struct moved {
    uint64_t pushed, popped, sum_in, sum_out, number, handled;
};

static struct ring ring_;
static __thread struct moved mine[2]; /* the thread's, its handler's */
static __thread uint64_t me;          /* 2 * thread; its handler is one more */
static __thread volatile sig_atomic_t inside;

static void one_push(void) {
    struct moved *m = &mine[inside];
    char elem[SIZE];
    uint64_t id = (me + (uint64_t)inside) << 32 | m->number++;
    item_make(elem, SIZE, id);
    int rc = R.try_push(ring_.in, elem);
    CHECK(rc == 0 || rc == WEIR_EAGAIN, "a push says %d", rc);
    if (rc != 0) return;
    m->pushed++;
    m->sum_in += id;
}

static int one_pop(void) {
    struct moved *m = &mine[inside];
    char elem[SIZE];
    int rc = R.try_pop(ring_.out, elem);
    CHECK(rc == 0 || rc == WEIR_EAGAIN, "a pop says %d", rc);
    if (rc != 0) return rc;
    CHECK(item_is(elem, SIZE, item_id(elem)), "a torn element");
    m->popped++;
    m->sum_out += item_id(elem);
    return 0;
}

/* Two of one kind now and then, so that the ring is as often full as empty. */
static void handle(int sig) {
    int saved = errno;
    (void)sig;
    inside = 1;
    uint64_t n = mine[1].handled++;
    one_push();
    if (n % 3 == 0) one_push();
    if (n % 3 != 1) (void)one_pop();
    if (n % 3 == 2) (void)one_pop();
    inside = 0;
    errno = saved;
}

static void add(struct moved *to, const struct moved *m) {
    to->pushed += m->pushed;
    to->popped += m->popped;
    to->sum_in += m->sum_in;
    to->sum_out += m->sum_out;
    to->handled += m->handled;
}

static void conserved(const struct moved *all) {
    CHECK_IS(all->pushed, all->popped);
    CHECK_IS(all->sum_in, all->sum_out);
    CHECK_IS(R.len(ring_.in), 0);
    CHECK(all->handled > 0, "no signal came");
}

static bool with_handler(struct sigaction *before) {
    struct sigaction act = { .sa_handler = handle, .sa_flags = SA_RESTART };
    return CHECK(sigaction(SIGUSR1, &act, before) == 0, "sigaction");
}

/* ---- at each point ------------------------------------------------------------------------------------------ */

static void raise_here(const char *name) {
    if (strncmp(name, "scq.", 4) == 0 && !inside) (void)raise(SIGUSR1);
}

static void at_points(size_t cap) {
    struct sigaction before;
    check_context("cap %zu", cap);
    if (!ring_open(&ring_, cap, SIZE) || !with_handler(&before)) return;
    memset(mine, 0, sizeof mine);
    me = 0;
    weir_set_point_hook(raise_here);
    for (size_t i = 0; i < times(2000) && checks_hold(); i++) {
        one_push();
        if (i % 5 != 0) (void)one_pop();
        for (size_t k = 0; i % 64 == 0 && k < 100; k++) (void)one_pop(); /* empty, and marked */
    }
    weir_set_point_hook(NULL);
    (void)sigaction(SIGUSR1, &before, NULL);
    while (one_pop() == 0) continue;
    struct moved all = mine[0];
    add(&all, &mine[1]);
    conserved(&all);
    ring_close(&ring_);
}

void ring15_signal_points(void) {
    static const size_t caps[] = { 1, 2, 3, 8 };
    for (size_t i = 0; i < sizeof caps / sizeof *caps && checks_hold(); i++) at_points(caps[i]);
}

/* ---- at any time -------------------------------------------------------------------------------------------- */

#define WORKERS 3

static struct moved total[WORKERS];
static pthread_t workers[WORKERS];
static weir_au32 started, ended, over;

static void work(size_t i) {
    memset(mine, 0, sizeof mine);
    me = 2 * i;
    workers[i] = pthread_self();
    (void)weir_fetch_add_seq_cst(&started, 1, 0);
    unsigned failures = 0;
    while (weir_load_acquire(&started, 0) < WORKERS + 1) give_way(&failures);
    weir_time end = weir_after((int64_t)times(40) * 5000000);
    for (size_t k = 0; checks_hold(); k++) {
        one_push();
        if (one_pop() != 0) give_way(&failures);
        if (k % 64 == 0 && weir_now() > end) break;
    }
    (void)weir_fetch_add_relaxed(&ended, 1);
    while (!weir_load_relaxed(&over)) give_way(&failures); /* signals go on */
    total[i] = mine[0];
    add(&total[i], &mine[1]);
}

/* Until they are through; then nobody is signalled any more, and they may end. */
static void disturb(void) {
    while (weir_load_acquire(&started, 0) < WORKERS) sleep_ms(1);
    (void)weir_fetch_add_seq_cst(&started, 1, 0);
    while (weir_load_relaxed(&ended) < WORKERS) {
        for (int i = 0; i < WORKERS; i++) (void)pthread_kill(workers[i], SIGUSR1);
        (void)nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
    }
    weir_store_relaxed(&over, 1);
}

static void signals_member(void *arg, size_t i) {
    (void)arg;
    if (i < WORKERS)
        work(i);
    else
        disturb();
}

static void at_any_time(size_t cap) {
    struct sigaction before;
    struct moved all = { 0 };
    check_context("cap %zu", cap);
    if (!ring_open(&ring_, cap, SIZE) || !with_handler(&before)) return;
    weir_store_relaxed(&started, 0);
    weir_store_relaxed(&ended, 0);
    weir_store_relaxed(&over, 0);
    team_run(WORKERS + 1, signals_member, NULL);
    (void)sigaction(SIGUSR1, &before, NULL);
    memset(mine, 0, sizeof mine);
    while (one_pop() == 0) continue;
    add(&all, &mine[0]);
    for (int i = 0; i < WORKERS; i++) add(&all, &total[i]);
    conserved(&all);
    ring_close(&ring_);
}

void ring15_signals(void) {
    at_any_time(1);
    at_any_time(5);
    at_any_time(64);
}
