/* SPDX-License-Identifier: MIT */
/* tests/fd/alloc.c - want of memory, of a thread and of descriptors, at every place where weir_fd_new asks for one:
 * the n-th request fails, for all n until the call succeeds. A program of its own: the linker puts functions of
 * this file before those that are refused. */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <weir/chan.h>
#include <weir/eventfd.h>
#include <weir/fd.h>

#include "../support/check.h"
#include "../support/threads.h"

/* Requests of the calling thread count down to the one that fails; 0: none does. */
static __thread unsigned fail_in;

static bool refuse(void) {
    if (fail_in == 0) return false;
    fail_in--;
    return fail_in == 0;
}

/* WRAP(type, name, parameters, arguments, what it returns when it is refused) */
#define WRAP(type, name, parameters, arguments, refused) \
    type __real_##name parameters;                       \
    type __wrap_##name parameters;                       \
    type __wrap_##name parameters { return refuse() ? (refused) : __real_##name arguments; }
WRAP(int, posix_memalign, (void **p, size_t align, size_t size), (p, align, size), ENOMEM)
WRAP(int, pthread_attr_init, (pthread_attr_t * a), (a), ENOMEM)
WRAP(int, pthread_create, (pthread_t * t, const pthread_attr_t *a, void *(*fn)(void *), void *arg),
     (t, a, fn, arg), EAGAIN)
WRAP(int, epoll_create1, (int flags), (flags), (errno = EMFILE, -1))
WRAP(int, eventfd, (unsigned n, int flags), (n, flags), (errno = EMFILE, -1))
WRAP(int, epoll_ctl, (int e, int op, int fd, struct epoll_event *what), (e, op, fd, what),
     (errno = ENOSPC, -1))

static unsigned descriptors(void) {
    unsigned n = 0;
    DIR *d = opendir("/proc/self/fd");
    CHECK(d, "no /proc");
    if (!d) return 0;
    while (readdir(d)) n++;
    (void)closedir(d);
    return n;
}

/* How many requests a call that succeeds makes: the object, epoll, bell, bell into epoll, attributes, thread,
 * descriptor into epoll; while the thread is there the first and the last. */
static unsigned each_request(int fd, weir_fd **f) {
    for (unsigned n = 1; checks_hold() && n < 100; n++) {
        *f = (weir_fd *)(void *)&fail_in;
        fail_in = n;
        errno = 77;
        int rc = weir_fd_new(f, fd);
        bool refused = fail_in == 0;
        fail_in = 0;
        check_context("request %u", n);
        CHECK_IS(errno, 77);
        if (rc == 0) {
            CHECK(*f && !refused, "no pointer, or the want was not noticed");
            return n - 1;
        }
        CHECK_IS(rc, WEIR_ENOMEM);
        CHECK(!*f, "*out is not NULL");
        /* Where only the last request failed the thread is there already, and asks for nothing more. */
        sleep_ms(250);
    }
    CHECK(false, "never succeeds");
    return 0;
}

static void each(void) {
    int p[2];
    weir_fd *in = NULL, *out = NULL;
    if (!CHECK_IS(pipe(p), 0)) return;
    unsigned before = descriptors();
    CHECK_IS(each_request(p[0], &in), 7);
    CHECK_IS(each_request(p[1], &out), 2);
    CHECK_IS(descriptors(), before + 2);
    CHECK_IS(weir_fd_wait(out, WEIR_SEND, NULL, WEIR_FOREVER, NULL), 0);
    CHECK_IS(weir_fd_free(in), 0);
    CHECK_IS(weir_fd_free(out), 0);
    sleep_ms(300);
    CHECK_IS(descriptors(), before);
    (void)close(p[0]);
    (void)close(p[1]);
}

/* An eventfd of a channel asks for memory and a descriptor; one of a context for memory twice more, and a thread
 * with its attributes. */
static unsigned each_eventfd(weir_waitable *on) {
    for (unsigned n = 1; checks_hold() && n < 100; n++) {
        weir_eventfd *e = (weir_eventfd *)(void *)&fail_in;
        fail_in = n;
        int rc = weir_eventfd_new(&e, on, WEIR_RECV, 0);
        bool refused = fail_in == 0;
        fail_in = 0;
        check_context("request %u", n);
        if (rc == 0) {
            CHECK(e && !refused, "no pointer, or the want was not noticed");
            weir_eventfd_free(e);
            return n - 1;
        }
        CHECK_IS(rc, WEIR_ENOMEM);
        CHECK(!e, "*out is not NULL");
    }
    CHECK(false, "never succeeds");
    return 0;
}

static void eventfds(void) {
    struct weir_chan_opts o = WEIR_CHAN_OPTS(1, 8);
    weir_chan *c = NULL;
    weir_ctx *ctx = NULL;
    unsigned before = descriptors();
    CHECK_IS(weir_chan_new(&c, &o), 0);
    CHECK_IS(weir_ctx_new(&ctx, NULL, WEIR_FOREVER), 0);
    CHECK_IS(each_eventfd(weir_chan_waitable(c)), 2);
    CHECK_IS(each_eventfd(weir_ctx_waitable(ctx)), 5);
    CHECK_IS(descriptors(), before);
    weir_ctx_unref(ctx);
    CHECK_IS(weir_chan_unref(c), 0);
}

static const struct test tests[] = {
    { "fd: failure at every request: memory, thread, descriptors", each },
    { "X22 eventfd: failure at every request", eventfds },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "fd_alloc", tests, sizeof tests / sizeof *tests);
}
