/* SPDX-License-Identifier: MIT */
/* tests/support/threads.h - teams of threads that start together, one thread that makes one call, and
 * seeing that a thread sleeps. */
#ifndef WEIR_TESTS_THREADS_H
#define WEIR_TESTS_THREADS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <weir/atomic.h>

#define TEAM_MAX 64

struct team;
struct member {
    struct team *team;
    size_t index;
    pthread_t thread;
};

/* n threads that run fn(arg, index); they leave the start barrier together. */
struct team {
    size_t n;
    void (*fn)(void *arg, size_t index);
    void *arg;
    pthread_barrier_t start;
    struct member members[TEAM_MAX];
};

void team_start(struct team *t, size_t n, void (*fn)(void *arg, size_t index), void *arg);
/* Ends the process (test_hangs) if a thread does not end within a minute. */
void team_join(struct team *t);
/* Both. */
void team_run(size_t n, void (*fn)(void *arg, size_t index), void *arg);

/* One call made by a thread of its own, to see whether it returns. */
struct call {
    int64_t (*fn)(void *arg);
    void *arg;
    pthread_t thread;
    weir_au32 tid, done;
    int64_t result;
};

void call_start(struct call *c, int64_t (*fn)(void *arg), void *arg);
/* Whether the call has returned. */
bool call_done(struct call *c);
/* Waits until the call returned, at most `ms`; whether it has. */
bool call_returns(struct call *c, int ms);
/* Waits for the call to return (or test_hangs) and gives its result. */
int64_t call_end(struct call *c);
/* Waits until the thread of the call sleeps in the kernel and stays asleep; false: the call returned
 * first. A thread that sleeps has reached its futex. */
bool call_sleeps(struct call *c);

void sleep_ms(int ms);
/* Polls for a while, then leaves the processor: what a loop does after a failed try. */
void give_way(unsigned *failures);
/* A random short delay: mostly nothing, sometimes pauses, a yield or some microseconds of sleep. */
void random_delay(void);

#endif
