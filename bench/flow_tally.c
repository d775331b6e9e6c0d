/* SPDX-License-Identifier: MIT */
/* bench/flow_tally.c - who has run how many tasks; see flow.h.
 *
 * Workers are made and end as their pools like, and nobody tells the harness. So each thread that runs a task takes
 * a line of its own from a list that only grows, counts there, and leaves the line to another one when it ends:
 * what it has counted stays. The sum over the list is exact once all tasks have run: the count is stored after what
 * it counts (release), and read with acquire. */
#include "flow.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cpus.h"

#define STEP_NS 20000

__thread struct wb_tally *wb_tally_mine;
unsigned wb_flow_rounds;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct wb_tally *all; /* atomic; what is in it stays */

static void leave(void *tally) {
    struct wb_tally *t = tally;
    wb_tally_mine = NULL;
    (void)pthread_mutex_lock(&lock);
    t->taken = false;
    (void)pthread_mutex_unlock(&lock);
}

static void make_key(void) {
    if (pthread_key_create(&key, leave) != 0) abort(); /* a program with a handful of keys */
}

static struct wb_tally *new_line(void) {
    void *mem;
    if (posix_memalign(&mem, sizeof(struct wb_tally), sizeof(struct wb_tally)) != 0) abort();
    struct wb_tally *t = memset(mem, 0, sizeof *t);
    t->next = all;
    __atomic_store_n(&all, t, __ATOMIC_RELEASE);
    return t;
}

struct wb_tally *wb_tally_take(void) {
    (void)pthread_once(&once, make_key);
    (void)pthread_mutex_lock(&lock);
    struct wb_tally *t = all;
    while (t && t->taken) t = t->next;
    if (!t) t = new_line();
    t->taken = true;
    (void)pthread_mutex_unlock(&lock);
    (void)pthread_setspecific(key, t);
    wb_tally_mine = t;
    return t;
}

struct wb_tally_all wb_tally_sum(void) {
    struct wb_tally_all sum = { 0, 0 };
    for (struct wb_tally *t = __atomic_load_n(&all, __ATOMIC_ACQUIRE); t; t = t->next) {
        sum.ran += __atomic_load_n(&t->ran, __ATOMIC_ACQUIRE);
        sum.sum += __atomic_load_n(&t->sum, __ATOMIC_RELAXED);
    }
    return sum;
}

void wb_tally_await(struct wb_tally_all since, uint64_t n) {
    const struct timespec step = { 0, STEP_NS };
    while (wb_tally_sum().ran - since.ran < n) (void)nanosleep(&step, NULL);
}

bool wb_tally_right(struct wb_tally_all since, uint64_t n, uint64_t sum) {
    struct wb_tally_all now = wb_tally_sum();
    return now.ran - since.ran == n && now.sum - since.sum == sum;
}

void wb_flow_place(int cpu) {
    cpu_set_t one;
    CPU_ZERO(&one);
    if (cpu >= 0) CPU_SET((unsigned)cpu, &one);
    (void)pthread_setaffinity_np(pthread_self(), sizeof one, cpu >= 0 ? &one : wb_allowed());
}

uint64_t wb_flow_fib(unsigned n) { return n < 2 ? n : wb_flow_fib(n - 1) + wb_flow_fib(n - 2); }
