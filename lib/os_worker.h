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
/* By the thread itself, which nobody joins then; *w may be started again. */
void weir__os_worker_detach(struct weir__os_worker *w);

/* Of the calling thread: its name, `name`-`number`, cut to what the system takes. */
void weir__os_worker_name(const char *name, unsigned number);
/* Processors that the calling thread may use, in the order of their numbers: the `number`-th, counted round. -1: not
 * known. */
int weir__os_worker_place(unsigned number);
void weir__os_worker_pin(int cpu);

#endif
