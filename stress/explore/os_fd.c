/* SPDX-License-Identifier: MIT */
/* stress/explore/os_fd.c - descriptors of the threads under test: the model's side of lib/os_fd.h. A descriptor
 * is a number below EX_FDS and what it is ready for, which the scenario says. Each call is a step; a poller's wait
 * sleeps on a word that changes with all that it has to see. */
#include <poll.h>
#include <string.h>

#include "../../lib/os_fd.h"
#include "engine.h"

#define NS_PER_MS INT64_C(1000000)

static struct {
    uint32_t ready, armed;
    void *of; /* NULL: not added */
} fds[EX_FDS];
static bool rung;
static weir_au32 changes;

static const struct weir__site fd_site = { "os_fd", "", "system call", 0 };

void ex_fd_reset(void) {
    memset(fds, 0, sizeof fds);
    rung = false;
    weir_init_atomic(&changes, 0);
}

static void step(void) {
    if (!E.cur) return;
    ex_step(E.cur, fds, sizeof fds, &fd_site);
    E.mem->fence(E.cur);
}

static void changed(void) {
    ex_changed();
    if (!E.cur) {
        weir_init_atomic(&changes, changes.v_ + 1);
        return;
    }
    (void)weir_fetch_add_relaxed(&changes, 1);
    weir_model_futex_wake(&changes.v_, 1);
}

void ex_fd_set(int fd, uint32_t events) {
    step();
    fds[fd].ready = events;
    changed();
}

uint32_t weir__os_poll(int fd, bool out) {
    step();
    return fds[fd].ready & (out ? POLLOUT : POLLIN);
}
bool weir__os_poll_invalid(uint32_t events) { return events & POLLNVAL; }

/* The last of the descriptors, for one eventfd at a time. */
#define EVENTFD (EX_FDS - 1)

int weir__os_eventfd(void) {
    step();
    fds[EVENTFD].ready = 0;
    return EVENTFD;
}
void weir__os_eventfd_set(int fd) { ex_fd_set(fd, POLLIN); }
void weir__os_eventfd_clear(int fd) {
    step();
    fds[fd].ready = 0;
}
void weir__os_eventfd_close(int fd) {
    step();
    fds[fd].ready = 0;
}

void ex_fd_wait(int fd) {
    for (;;) {
        uint32_t seen = weir_load_relaxed(&changes);
        if (weir__os_poll(fd, false)) return;
        (void)weir_model_futex_wait(&changes.v_, seen, WEIR_FOREVER);
    }
}

int weir__os_poller_open(struct weir__poller *p) {
    p->epoll = p->bell = 0;
    return 0;
}
void weir__os_poller_close(struct weir__poller *p) {
    step();
    p->epoll = p->bell = -1;
    rung = false;
    for (size_t i = 0; i < EX_FDS; i++)
        if (fds[i].of) ex_fail(EX_F_MISUSE, "a poller is closed that has descriptors");
}

int weir__os_poller_add(struct weir__poller *p, int fd, void *of) {
    (void)p;
    step();
    if (fds[fd].of) return WEIR_EBUSY;
    fds[fd].of = of;
    fds[fd].armed = 0;
    return 0;
}

bool weir__os_poller_arm(struct weir__poller *p, int fd, void *of, bool in, bool out) {
    step();
    if (p->epoll < 0 || fds[fd].of != of) ex_fail(EX_F_MISUSE, "armed, but not added");
    fds[fd].armed = (in ? POLLIN : 0u) | (out ? POLLOUT : 0u);
    if (fds[fd].armed & fds[fd].ready) changed();
    return true;
}

void weir__os_poller_remove(struct weir__poller *p, int fd) {
    (void)p;
    step();
    fds[fd].of = NULL;
}

void weir__os_poller_ring(struct weir__poller *p) {
    if (p->epoll < 0) ex_fail(EX_F_MISUSE, "the bell of a poller that is closed");
    step();
    rung = true;
    changed();
}

/* What is ready now; or the bell. */
static bool take(void **of, size_t most, size_t *n) {
    step();
    bool bell = rung;
    rung = false;
    for (size_t i = 0; i < EX_FDS && *n < most; i++) {
        if (!fds[i].of || !(fds[i].armed & fds[i].ready)) continue;
        fds[i].armed = 0;
        of[(*n)++] = fds[i].of;
    }
    return bell || *n > 0;
}

size_t weir__os_poller_wait(struct weir__poller *p, void **of, size_t most, int timeout_ms) {
    weir_time until =
        timeout_ms < 0 ? WEIR_FOREVER : weir_model_now() + (int64_t)timeout_ms * NS_PER_MS;
    size_t n = 0;
    (void)p;
    for (;;) {
        uint32_t seen = weir_load_relaxed(&changes);
        if (take(of, most, &n)) return n;
        if (weir_model_futex_wait(&changes.v_, seen, until) == WEIR_ETIMEDOUT) return 0;
    }
}
