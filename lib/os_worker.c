/* SPDX-License-Identifier: MIT */
/* lib/os_worker.c - see os_worker.h. */
#include "os_worker.h"

#ifdef WEIR_MODEL

static struct weir__os_worker *wanted;

int weir__os_worker_start(struct weir__os_worker *w, void (*fn)(void *arg), void *arg) {
    w->fn = fn;
    w->arg = arg;
    weir__parker_init(&w->ended);
    w->next = wanted;
    wanted = w;
    int rc = weir__os_thread(weir__os_worker_main);
    if (rc < 0) { /* it may have been taken by a thread meanwhile that was wanted for another */
        for (struct weir__os_worker **at = &wanted; *at; at = &(*at)->next)
            if (*at == w) {
                *at = w->next;
                return rc;
            }
        return 0;
    }
    return rc;
}

void weir__os_worker_main(void) {
    struct weir__os_worker *w = wanted;
    if (!w) return;
    wanted = w->next;
    w->fn(w->arg);
    weir__unpark(&w->ended);
}

void weir__os_worker_join(struct weir__os_worker *w) { (void)weir__park(&w->ended, WEIR_FOREVER); }

void weir__os_worker_detach(void) {}

void weir__os_worker_name(const char *name, unsigned number) {
    (void)name;
    (void)number;
}

unsigned weir__os_worker_places(uint16_t *cpus, unsigned most) {
    (void)cpus;
    (void)most;
    return 0;
}

void weir__os_worker_pin(int cpu) { (void)cpu; }

#else

#include <sched.h>
#include <signal.h>
#include <stdio.h>

/* It says itself who it is: its maker may be told by pthread_create after it has come to its end, and if there is none
 * what the last one said stays. */
static void *worker_main(void *arg) {
    struct weir__os_worker *w = arg;
    w->thread = pthread_self();
    w->fn(w->arg);
    return NULL;
}

int weir__os_worker_start(struct weir__os_worker *w, void (*fn)(void *arg), void *arg) {
    int saved = errno;
    pthread_t thread;
    sigset_t all, before;
    w->fn = fn;
    w->arg = arg;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* the new thread inherits it */
    int rc = pthread_create(&thread, NULL, worker_main, w);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return rc == 0 ? 0 : WEIR_ENOMEM;
}

void weir__os_worker_join(struct weir__os_worker *w) {
    int saved = errno;
    (void)pthread_join(w->thread, NULL);
    errno = saved;
}

void weir__os_worker_detach(void) { (void)pthread_detach(pthread_self()); }

void weir__os_worker_name(const char *name, unsigned number) {
    int saved = errno;
    char whole[16], tail[12]; /* what the kernel keeps */
    int n = snprintf(tail, sizeof tail, "-%u", number);
    (void)snprintf(whole, sizeof whole, "%.*s%s", 15 - n, name, tail);
    (void)pthread_setname_np(pthread_self(), whole);
    errno = saved;
}

unsigned weir__os_worker_places(uint16_t *cpus, unsigned most) {
    int saved = errno;
    unsigned n = 0;
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        for (unsigned cpu = 0; cpu < CPU_SETSIZE && n < most; cpu++)
            if (CPU_ISSET(cpu, &set)) cpus[n++] = (uint16_t)cpu;
    errno = saved;
    return n;
}

void weir__os_worker_pin(int cpu) {
    int saved = errno;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    (void)sched_setaffinity(0, sizeof set, &set);
    errno = saved;
}

#endif
