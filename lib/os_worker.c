/* SPDX-License-Identifier: MIT */
/* lib/os_worker.c - see os_worker.h. */
#include "os_worker.h"

#ifdef WEIR_MODEL

static struct weir__os_worker *wanted;

int weir__os_worker_start(struct weir__os_worker *w, const struct weir__os_joins *before,
                          void (*fn)(void *arg), void *arg) {
    w->fn = fn;
    w->arg = arg;
    w->before = *before;
    weir__parker_init(&w->ended[++w->starts % WEIR__OS_STARTS]);
    w->next = wanted;
    wanted = w;
    int rc = weir__os_thread(weir__os_worker_main);
    if (rc < 0) { /* it may have been taken by a thread meanwhile that was wanted for another */
        for (struct weir__os_worker **at = &wanted; *at; at = &(*at)->next)
            if (*at == w) {
                *at = w->next;
                w->starts--;
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
    struct weir__os_joins self =
        weir__os_worker_last(w); /* it may be started again before this one ends */
    w->fn(w->arg);
    weir__unpark(self.ended);
}

struct weir__os_joins weir__os_worker_last(struct weir__os_worker *w) {
    return (struct weir__os_joins){ &w->ended[w->starts % WEIR__OS_STARTS] };
}

void weir__os_worker_join(const struct weir__os_joins *j) {
    if (j->ended) (void)weir__park(j->ended, WEIR_FOREVER);
}

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

/* A thread that is ended by its task starts the next one from its clean-up. What the frames that were left behind so had
 * told AddressSanitizer still stands where new ones come. */
#ifdef __SANITIZE_ADDRESS__
void __asan_handle_no_return(void);
static void forget_frames(void) { __asan_handle_no_return(); }
#else
static void forget_frames(void) {}
#endif

/* It says itself who it is: its maker may be told by pthread_create after it has come to its end, and if there is none
 * what the last one said stays. */
static void *worker_main(void *arg) {
    struct weir__os_worker *w = arg;
    w->thread = pthread_self();
    w->fn(w->arg);
    return NULL;
}

int weir__os_worker_start(struct weir__os_worker *w, const struct weir__os_joins *before,
                          void (*fn)(void *arg), void *arg) {
    int saved = errno;
    pthread_t thread;
    sigset_t all, mask;
    forget_frames();
    w->fn = fn;
    w->arg = arg;
    w->before = *before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &mask); /* the new thread inherits it */
    int rc = pthread_create(&thread, NULL, worker_main, w);
    (void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
    errno = saved;
    return rc == 0 ? 0 : WEIR_ENOMEM;
}

struct weir__os_joins weir__os_worker_last(struct weir__os_worker *w) {
    return (struct weir__os_joins){ w->thread, true };
}

void weir__os_worker_join(const struct weir__os_joins *j) {
    int saved = errno, cancel;
    if (!j->there) return;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    (void)pthread_join(j->thread, NULL);
    (void)pthread_setcancelstate(cancel, NULL);
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
