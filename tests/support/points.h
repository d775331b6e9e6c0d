/* SPDX-License-Identifier: MIT */
/* tests/support/points.h - what the tests do at the points (WEIR_POINT) of weir's algorithms: stop one
 * thread at a named one until it is let go, or delay every thread at random. */
#ifndef WEIR_TESTS_POINTS_H
#define WEIR_TESTS_POINTS_H

#include <semaphore.h>
#include <stdbool.h>

/* One stop of one thread. */
struct stop {
    const char *at;
    struct stop *then; /* where the same thread stops next; NULL: nowhere */
    sem_t arrived, go;
};

void stop_init(struct stop *s, const char *at);
void stop_fini(struct stop *s);

/* The calling thread will stop when it next passes s->at, and then at s->then. */
void stop_me(struct stop *s);

/* Waits until the thread has stopped; false, and a failed check, if it does not within 20 s. */
bool stop_wait(struct stop *s);
/* Whether it stops within `ms`. */
bool stop_reached(struct stop *s, int ms);
void stop_release(struct stop *s);

/* From now on each thread is delayed at random at each point. */
void points_delay(bool on);
/* Counts the passes of one point by all threads, from now on; NULL: no more. */
void points_count(const char *name);
unsigned points_passed(void);

#endif
