/* SPDX-License-Identifier: MIT */
/* lib/fd.c - see weir/fd.h.
 *
 * One thread, the poller, sleeps in epoll_wait for all descriptors that somebody waits for; each is armed when a
 * waiter comes, for one report. Then the poller completes the calls of all its waiters that poll(2) says are
 * ready, and arms it again for those that are not.
 *
 * Invariants
 *   I1  (no lost wake-up) a waiter polls, queues and arms in one hold of the object's lock. Armed, the system
 *       reports what is ready already as well as what becomes so; so after each arming there is a report, if
 *       ever, and its handler, who has the lock after the waiter, finds the node.
 *   I2  armed for the operations of all nodes in the queue, while there are nodes: by the last who queued, or by
 *       the handler of a report. Of nodes that have left, a report comes too many.
 *   I3  an object that was known to the poller is freed by the poller, between two waits: a report that it has
 *       in hand names no object that is gone. New reports end with the removal, before it is given to the poller.
 *   I4  under the lock `poller`: the thread runs, and the two descriptors are open, while `open` is not 0, and
 *       for LINGER after; who closes the last rings, so that the thread sees it.
 * Locks      an object's, or the pairing lock and then an object's; `poller` inside none of them.
 * Progress   blocking. No lock is held in epoll_wait.
 * Ordering   all by the locks. */
#include <weir/fd.h>

#include "base.h"
#include "fd.h"
#include "os.h"
#include "os_fd.h"
#include "wait.h"

#define LINGER_MS 100
#define BATCH 64

struct weir_fd {
    weir_waitable on;
    struct weir__lock lock;
    struct weir__queue waiters;
    int fd;
    bool known; /* to the poller; else it never blocks */
    weir_fd *next_dead;
};

static struct weir__lock lock; /* of all that follows */
static struct weir__poller poller;
static bool runs;
static size_t open;
static weir_fd *dead;

/* ---- as a case ------------------------------------------------------------------------------------------- */

static weir_fd *of(weir_waitable *on) { return (weir_fd *)(void *)on; }

static bool arm(weir_fd *f) {
    bool in = false, out = false;
    for (const struct weir__node *n = f->waiters.first; n; n = n->next) {
        in |= n->op == WEIR_RECV;
        out |= n->op == WEIR_SEND;
    }
    if (!in && !out) return true;
    return weir__os_poller_arm(&poller, f->fd, f, in, out);
}

static void dequeue(weir_fd *f, struct weir__node *n) {
    if (n->queued) weir__queue_remove(&f->waiters, n);
}

/* What the case of n gets, or 0: not ready. */
static uint32_t look(const weir_fd *f, const struct weir__node *n) {
    return weir__os_poll(f->fd, n->op == WEIR_SEND);
}

static int result(struct weir__node *n, uint32_t events) {
    if (weir__os_poll_invalid(events)) return WEIR_EINVAL;
    if (n->elem) *(uint32_t *)n->elem = events;
    return 0;
}

static int attempt(weir_waitable *on, struct weir__node *n, struct weir__call *call) {
    weir_fd *f = of(on);
    int rc = WEIR_EAGAIN;
    bool closed = false;
    weir__lock(&f->lock);
    uint32_t events = look(f, n);
    if (events == 0 && call->arm) {
        if (!n->queued) weir__queue_add(&f->waiters, n);
        WEIR_POINT("fd.queued");
        rc = WEIR__PENDING;
        closed = !arm(f); /* and perhaps another file has its number by now */
    }
    if ((events || closed) && !weir__take_own(call)) {
        rc = WEIR__OVER;
        if (call->look) dequeue(f, n); /* it is not shown, and will not be disarmed */
    } else if (events || closed) {
        rc = closed ? WEIR_EINVAL : result(n, events);
        dequeue(f, n);
    }
    weir__unlock(&f->lock);
    return rc;
}

static void disarm(weir_waitable *on, struct weir__node *n) {
    weir_fd *f = of(on);
    weir__lock(&f->lock);
    dequeue(f, n);
    weir__unlock(&f->lock);
}

static int check(const weir_waitable *on, const struct weir__node *n) {
    (void)on;
    return (n->op == WEIR_RECV || n->op == WEIR_SEND) && n->arg == 0 ? 0 : WEIR_EINVAL;
}

static void about(weir_waitable *on, struct weir__about *a) {
    (void)on;
    a->kind = "file descriptor";
}

static const struct weir__waitable_ops ops = {
    .attempt = attempt, .disarm = disarm, .check = check, .about = about
};

/* ---- the poller ------------------------------------------------------------------------------------------ */

/* Completes those that are ready. True: the pairing lock is needed first. Under the lock. */
static bool complete(weir_fd *f, struct weir__wakes *wakes) {
    for (struct weir__node *n = f->waiters.first, *next; n; n = next) {
        next = n->next;
        uint32_t events = look(f, n);
        if (events == 0) continue;
        int rc = weir__take(NULL, n);
        if (rc == WEIR__AGAIN) return true;
        dequeue(f, n);
        if (rc == 0) weir__complete(wakes, n, result(n, events));
    }
    (void)arm(f); /* closed: then all have been completed */
    return false;
}

static void report(weir_fd *f) {
    struct weir__wakes wakes = { NULL };
    weir__lock(&f->lock);
    bool again = complete(f, &wakes);
    weir__unlock(&f->lock);
    if (again) {
        weir__pairing_lock();
        weir__lock(&f->lock);
        (void)complete(f, &wakes);
        weir__unlock(&f->lock);
        weir__pairing_unlock();
    }
    WEIR_POINT("fd.completed");
    weir__tell(&wakes);
}

static void bury(weir_fd *gone) {
    while (gone) {
        weir_fd *next = gone->next_dead;
        weir__os_free(gone);
        gone = next;
    }
}

/* The dead, and whether it is all over: none was open before the wait, and nothing came. Under the lock. */
static bool over(bool idle, weir_fd **gone) {
    *gone = dead;
    dead = NULL;
    if (!idle || open > 0 || *gone) return false;
    weir__os_poller_close(&poller);
    runs = false;
    return true;
}

void weir__fd_main(void) {
    weir_fd *ready[BATCH], *gone = NULL;
    for (bool ends = false, none = false; !ends;) {
        size_t n =
            weir__os_poller_wait(&poller, (void **)(void *)ready, BATCH, none ? LINGER_MS : -1);
        for (size_t i = 0; i < n; i++) report(ready[i]);
        weir__lock(&lock);
        ends = over(none && n == 0, &gone);
        none = open == 0;
        weir__unlock(&lock);
        bury(gone);
    }
}

size_t weir__fd_open(void) {
    weir__lock(&lock);
    size_t n = open;
    weir__unlock(&lock);
    return n;
}

/* ---- objects ---------------------------------------------------------------------------------------------- */

/* One object more; the thread is there then. Under the lock. */
static int enter(void) {
    if (!runs) {
        if (weir__os_poller_open(&poller) < 0) return WEIR_ENOMEM;
        if (weir__os_thread(weir__fd_main) < 0) {
            weir__os_poller_close(&poller);
            return WEIR_ENOMEM;
        }
        runs = true;
    }
    open++;
    return 0;
}

/* Under the lock. */
static void leave(void) {
    if (--open == 0) weir__os_poller_ring(&poller);
}

static int add(weir_fd *f) {
    weir__lock(&lock);
    int rc = enter();
    if (rc == 0) {
        rc = weir__os_poller_add(&poller, f->fd, f);
        f->known = rc == 0;
        if (rc == WEIR_ENOENT) rc = 0;
        if (rc < 0) leave();
    }
    weir__unlock(&lock);
    return rc;
}

int weir_fd_new(weir_fd **out, int fd) {
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    if (fd < 0) return weir__misuse("weir_fd_new", "not a descriptor");
    weir_fd *f = weir__os_alloc(sizeof *f, _Alignof(weir_fd));
    if (!f) return WEIR_ENOMEM;
    *f = (weir_fd){ .on = { &ops }, .fd = fd };
    weir_init_atomic(&f->lock.word, 0);
    (void)weir__os_cpus(); /* now, not in the first wait */
    int rc = add(f);
    if (rc < 0) {
        weir__os_free(f);
        return rc;
    }
    *out = f;
    return 0;
}

int weir_fd_free(weir_fd *f) {
    if (!f) return 0;
    weir__lock(&f->lock);
    bool waited_for = f->waiters.first != NULL;
    weir__unlock(&f->lock);
    if (waited_for) return WEIR_EBUSY;
    bool known = f->known;
    weir__lock(&lock);
    if (known) {
        weir__os_poller_remove(&poller, f->fd);
        f->next_dead = dead;
        dead = f;
    }
    leave();
    if (known && open > 0) weir__os_poller_ring(&poller);
    weir__unlock(&lock);
    if (!known) weir__os_free(f);
    return 0;
}

int weir_fd_wait(weir_fd *f, uint32_t op, uint32_t *events, weir_time deadline, weir_ctx *ctx) {
    if (!f) return weir__misuse("weir_fd_wait", "no object");
    if (op != WEIR_RECV && op != WEIR_SEND) return weir__misuse("weir_fd_wait", "not an operation");
    return weir__wait_one(&f->on, op, events, 0, deadline, ctx);
}

weir_waitable *weir_fd_waitable(weir_fd *f) { return f ? &f->on : NULL; }
