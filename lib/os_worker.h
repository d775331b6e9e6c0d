/* SPDX-License-Identifier: MIT */
/* lib/os_worker.h - threads of weir's that run the user's tasks: they can be joined, have a name, may be kept on a
 * processor. As lib/os.h: errno is kept. In the model build the scenario's threads take their part. */
#ifndef WEIR_LIB_OS_WORKER_H
#define WEIR_LIB_OS_WORKER_H

#include "park.h"

#ifdef WEIR_MODEL

/* A thread that is to be joined, or none. */
struct weir__os_joins {
    struct weir__parker *ended;
};

#define WEIR__OS_STARTS 8 /* of one struct weir__os_worker, before the first of them is joined */
struct weir__os_worker {
    struct weir__os_worker *next; /* of those that nobody runs yet */
    void (*fn)(void *arg);
    void *arg;
    struct weir__os_joins before;
    unsigned starts;
    struct weir__parker ended[WEIR__OS_STARTS];
};

/* What a thread of the scenario does that was wanted for this. */
void weir__os_worker_main(void);

#else

#include <pthread.h>

struct weir__os_joins {
    pthread_t thread;
    bool there;
};

struct weir__os_worker {
    pthread_t thread;
    struct weir__os_joins before;
    void (*fn)(void *arg);
    void *arg;
};

#endif

/* Runs fn(arg) in a new thread that blocks all signals, and finds *before in w->before: who joins that is its affair. *w stays
 * until it has begun, and may be started again once it looks at *w no more. Returns 0 or WEIR_ENOMEM: then the last thread is
 * what it was. */
WEIR_NODISCARD int weir__os_worker_start(struct weir__os_worker *w,
                                         const struct weir__os_joins *before, void (*fn)(void *arg),
                                         void *arg);
/* The thread that was started last, and has begun. */
struct weir__os_joins weir__os_worker_last(struct weir__os_worker *w);
/* Waits until that thread, if it is one, has ended; once for each. No cancellation point. */
void weir__os_worker_join(const struct weir__os_joins *j);
/* By a thread that was started so: nobody joins it. Touches no struct weir__os_worker, which may have been started again. */
void weir__os_worker_detach(void);

/* Of the calling thread: its name, `name`-`number`, cut to what the system takes. */
void weir__os_worker_name(const char *name, unsigned number);
/* The first `most` processors that the calling thread may use, in the order of their numbers. How many; 0: not known. */
unsigned weir__os_worker_places(uint16_t *cpus, unsigned most);
void weir__os_worker_pin(int cpu);

#endif
