/* SPDX-License-Identifier: MIT */
/* lib/os_user.h - threads that run functions of the user's, which may end their thread (pthread_exit, or
 * cancelled at a point of theirs). The explorer's threads are given; there is none to start.
 *
 * What follows a function that ends its thread costs a sigsetjmp and a place in a list, some 10 ns. Compiled with
 * -fexceptions it would cost nothing before it is needed, but then the library would need libgcc_s at run time. */
#ifndef WEIR_LIB_OS_USER_H
#define WEIR_LIB_OS_USER_H

#include <weir/base.h>

#ifdef WEIR_MODEL

static inline int weir__os_user_keep(void) { return 0; }
static inline void weir__os_user_keep_end(int kept) { (void)kept; }

static inline int weir__os_user_thread(void *(*fn)(void *), void *arg) {
    (void)fn;
    (void)arg;
    return WEIR_ENOTSUP;
}

static inline void weir__os_user_call(void (*fn)(void *), void *arg, void (*after)(void *),
                                      void *after_arg) {
    fn(arg);
    after(after_arg);
}

static inline int weir__os_user_try(int (*fn)(void *), void *arg, void (*ended)(void *),
                                    void *ended_arg) {
    (void)ended;
    (void)ended_arg;
    return fn(arg);
}

#else

#include <errno.h>
#include <pthread.h>

/* The calling thread is not cancelled from here to weir__os_user_keep_end, which gets what this returned. */
static inline int weir__os_user_keep(void) {
    int before;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}
static inline void weir__os_user_keep_end(int kept) { (void)pthread_setcancelstate(kept, NULL); }

/* Starts a detached thread, with the signal mask of the calling one. Returns 0 or WEIR_ENOMEM: the system has none
 * to give. */
static inline int weir__os_user_thread(void *(*fn)(void *), void *arg) {
    int saved = errno;
    pthread_t thread;
    pthread_attr_t attr;
    if (pthread_attr_init(&attr) != 0) return WEIR_ENOMEM;
    (void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    int rc = pthread_create(&thread, &attr, fn, arg);
    (void)pthread_attr_destroy(&attr);
    errno = saved;
    return rc == 0 ? 0 : WEIR_ENOMEM;
}

/* fn(arg), then after(after_arg), also if fn ends the calling thread. */
static inline void weir__os_user_call(void (*fn)(void *), void *arg, void (*after)(void *),
                                      void *after_arg) {
    pthread_cleanup_push(after, after_arg);
    fn(arg);
    pthread_cleanup_pop(1);
}

/* What fn(arg) returns; ended(ended_arg) only if fn ends the calling thread. */
static inline int weir__os_user_try(int (*fn)(void *), void *arg, void (*ended)(void *),
                                    void *ended_arg) {
    int rc;
    pthread_cleanup_push(ended, ended_arg);
    rc = fn(arg);
    pthread_cleanup_pop(0);
    return rc;
}

#endif
#endif
