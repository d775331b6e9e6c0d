/* SPDX-License-Identifier: MIT */
/* lib/service.h - functions that weir calls at a time, in threads of its own: callbacks of timers and of
 * contexts, and what has to be noticed while no thread of the program waits for it. */
#ifndef WEIR_LIB_SERVICE_H
#define WEIR_LIB_SERVICE_H

#include <weir/base.h>

struct weir__task {
    struct weir__task *child, *next, *prev; /* in the heap */
    weir_time at;
    bool queued;
    bool once;     /* over when it was run or stopped: it needs no close */
    bool brief;    /* run neither waits nor calls back: no other thread leads meanwhile */
    unsigned refs; /* whoever may still name it; and the heap */
    void (*run)(struct weir__task *t);
    void (*release)(struct weir__task *t); /* after the last reference */
};

/* One reference, the caller's, and not queued. */
void weir__task_init(struct weir__task *t, void (*run)(struct weir__task *),
                     void (*release)(struct weir__task *));

/* One task more is open, as it has to be before it is queued: sees to it that a thread is there. Returns 0 or
 * WEIR_ENOMEM. */
int weir__service_open(void);
/* It is not queued afterwards, and open no more; it may still be running. Not for `once`. */
void weir__task_close(struct weir__task *t);
void weir__task_unref(struct weir__task *t);

/* Runs it at `at` (WEIR_FOREVER: by task_by at the earliest) instead of when it was to run. Whether it was
 * queued. Any thread, also under locks that are never held around a call of these functions. */
bool weir__task_set(struct weir__task *t, weir_time at);
/* If it is queued: at `at`, or sooner as it stands. */
void weir__task_by(struct weir__task *t, weir_time at);
/* Whether it was queued: then this call has prevented the run. Waits for none that has begun. */
bool weir__task_stop(struct weir__task *t);

struct weir__service_state {
    size_t threads, running; /* of the service; of them, those that run a task that is not brief */
    size_t open;
};
/* As it is at some instant of the call. */
void weir__service_look(struct weir__service_state *s);

/* What a thread of the service does until nothing has been open for a while. */
void weir__service_main(void);

#endif
