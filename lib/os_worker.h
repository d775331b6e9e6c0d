/* SPDX-License-Identifier: MIT */
/* lib/os_worker.h - threads of weir's that run the user's tasks: they can be joined, have a name, may be kept on a
 * processor. As lib/os.h: errno is kept. In the model build the scenario's threads take their part. */
#ifndef WEIR_LIB_OS_WORKER_H
#define WEIR_LIB_OS_WORKER_H

#include "park.h"

#ifdef WEIR_MODEL

struct weir__os_worker {
    struct weir__os_worker *next; /* of those that nobody runs yet */
    void (*fn)(void *arg);
    void *arg;
    struct weir__parker ended;
};

/* What a thread of the scenario does that was wanted for this. */
void weir__os_worker_main(void);

#else

#include <pthread.h>

struct weir__os_worker {
    pthread_t thread;
    void (*fn)(void *arg);
    void *arg;
};

#endif

/* Runs fn(arg) in a new thread that blocks all signals. *w stays until it has begun, and until it is joined. Returns 0
 * or WEIR_ENOMEM. */
WEIR_NODISCARD int weir__os_worker_start(struct weir__os_worker *w, void (*fn)(void *arg),
                                         void *arg);
/* Waits until it has ended; once for each start. */
void weir__os_worker_join(struct weir__os_worker *w);
/* By a thread that was started so: nobody joins it. Touches no struct weir__os_worker, which may have been started again. */
void weir__os_worker_detach(void);

/* Of the calling thread: its name, `name`-`number`, cut to what the system takes. */
void weir__os_worker_name(const char *name, unsigned number);
/* The first `most` processors that the calling thread may use, in the order of their numbers. How many; 0: not known. */
unsigned weir__os_worker_places(uint16_t *cpus, unsigned most);
void weir__os_worker_pin(int cpu);

#endif
