/* SPDX-License-Identifier: MIT */
/* check_my_ring.c - a ring of one's own, and whether it is linearizable: do its results fit some order of the
 * calls in which none is moved before one that had returned before it began?
 *
 * As an ordinary program it only runs:
 *     cc check_my_ring.c $(pkg-config --cflags --libs weir) -lpthread
 * With -DCHECK it records what three threads do, many times four calls each, and has each history checked
 * (docs/testing.md):
 *     cc -DCHECK -Iinclude -I. check_my_ring.c build/dev/stress/lin/libweir_lin.a build/dev/libweir.a -lpthread
 * With -DLOOK_BEFORE as well a pop looks for an element before it takes the lock, and not again. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include <weir/base.h>

/* ---- the ring ------------------------------------------------------------------------------------------ */

#define CAP 2

static struct {
    pthread_mutex_t mutex;
    size_t len, head;
    uint64_t slot[CAP];
} ring = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static int push(uint64_t v) {
    (void)pthread_mutex_lock(&ring.mutex);
    int rc = ring.len == CAP ? WEIR_EAGAIN : 0;
    if (rc == 0) ring.slot[(ring.head + ring.len++) % CAP] = v;
    (void)pthread_mutex_unlock(&ring.mutex);
    return rc;
}

static size_t length(void) {
    (void)pthread_mutex_lock(&ring.mutex);
    size_t len = ring.len;
    (void)pthread_mutex_unlock(&ring.mutex);
    return len;
}

static int pop(uint64_t *v) {
#ifdef LOOK_BEFORE
    if (length() == 0) return WEIR_EAGAIN;
    (void)sched_yield(); /* where it hurts: found at once */
    (void)pthread_mutex_lock(&ring.mutex);
    int rc = 0;
    ring.len += ring.len == 0;
#else
    (void)pthread_mutex_lock(&ring.mutex);
    int rc = ring.len == 0 ? WEIR_EAGAIN : 0;
#endif
    if (rc == 0) {
        *v = ring.slot[ring.head];
        ring.head = (ring.head + 1) % CAP;
        ring.len--;
    }
    (void)pthread_mutex_unlock(&ring.mutex);
    return rc;
}

/* ---- its histories --------------------------------------------------------------------------------------- */

#ifdef CHECK
#include "stress/lin/specs.h"

#define THREADS 3
#define CALLS 4
#ifndef ROUNDS
#define ROUNDS 20000
#endif

static weir_lin_recorder *recorder;
static pthread_barrier_t begin, end;
static bool over; /* set before the last begin */

static void record_push(struct weir_lin_log *log, uint64_t v) {
    struct weir_lin_op *op = weir_lin_next(log, WEIR_LIN_PUSH, 0);
    weir_lin_in(op, v);
    weir_lin_call(log, op);
    weir_lin_return(log, op, push(v));
}

static void record_pop(struct weir_lin_log *log) {
    struct weir_lin_op *op = weir_lin_next(log, WEIR_LIN_POP, 0);
    uint64_t v = 0;
    weir_lin_call(log, op);
    int rc = pop(&v);
    weir_lin_return(log, op, rc);
    if (rc == 0) weir_lin_out(op, v);
}

/* Values never repeat; which calls a thread makes differs from round to round. */
static void *member(void *arg) {
    uint32_t me = (uint32_t)(uintptr_t)arg;
    struct weir_lin_log *log = weir_lin_log_of(recorder, me);
    for (uint64_t round = 0;; round++) {
        (void)pthread_barrier_wait(&begin);
        if (over) return NULL;
        for (uint64_t i = 0; i < CALLS; i++) {
            if ((round >> (me + i) ^ me) & 1)
                record_push(log, (round * THREADS + me) * CALLS + i + 1);
            else
                record_pop(log);
        }
        (void)pthread_barrier_wait(&end);
    }
}

/* One history after the other; the ring lives on, so the states that it may be in are carried along. */
static int check(weir_lin_checker *checker) {
    weir_lin_begin(checker, 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        const struct weir_lin_op *ops;
        size_t n;
        weir_lin_start(recorder, round % 2 ? WEIR_LIN_BARRIER : WEIR_LIN_WIDE);
        (void)pthread_barrier_wait(&begin);
        (void)pthread_barrier_wait(&end);
        if (weir_lin_collect(recorder, &ops, &n) < 0) return 2;
        if (weir_lin_advance(checker, ops, n, false) == WEIR_LIN_OK) continue;
        (void)printf("round %u\n", round);
        weir_lin_print(checker, stdout);
        return 1;
    }
    (void)printf("%d rounds: linearizable, %zu left inside\n", ROUNDS, length());
    return 0;
}

int main(void) {
    struct weir_lin_ring shape = { .cap = CAP, .exact = true };
    struct weir_lin_spec spec;
    weir_lin_checker *checker;
    pthread_t t[THREADS];
    if (weir_lin_ring_spec(&spec, &shape) < 0 || weir_lin_checker_new(&checker, &spec, NULL) < 0 ||
        weir_lin_recorder_new(&recorder, THREADS, CALLS) < 0)
        return 2;
    (void)pthread_barrier_init(&begin, NULL, THREADS + 1);
    (void)pthread_barrier_init(&end, NULL, THREADS + 1);
    for (uintptr_t i = 0; i < THREADS; i++)
        if (pthread_create(&t[i], NULL, member, (void *)i) != 0) return 2;
    int rc = check(checker);
    over = true;
    (void)pthread_barrier_wait(&begin);
    for (int i = 0; i < THREADS; i++) (void)pthread_join(t[i], NULL);
    weir_lin_recorder_free(recorder);
    weir_lin_checker_free(checker);
    return rc;
}

#else

int main(void) {
    uint64_t v = 0;
    int pushed = push(1), popped = pop(&v);
    (void)printf("%s %s %d %zu\n", weir_strerror(pushed), weir_strerror(popped), (int)v, length());
    return pushed || popped || v != 1 || length() != 0;
}
#endif
