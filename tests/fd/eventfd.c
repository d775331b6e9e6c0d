/* SPDX-License-Identifier: MIT */
/* tests/fd/eventfd.c - X22: the readiness of a channel, the end of a context, and of other objects, as a
 * descriptor in epoll. */
#include <poll.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <weir/chan.h>
#include <weir/debug.h>
#include <weir/eventfd.h>
#include <weir/fd.h>
#include <weir/sem.h>
#include <weir/timer.h>
#include <weir/wg.h>

#include "../support/check.h"
#include "../support/threads.h"

#define MS INT64_C(1000000)

static const unsigned kinds[] = { WEIR_CHAN_MPMC, WEIR_CHAN_STRICT, WEIR_CHAN_SPSC };
#define KINDS (sizeof kinds / sizeof *kinds)

static weir_chan *chan_of(unsigned kind, size_t cap) {
    struct weir_chan_opts o = WEIR_CHAN_OPTS(cap, sizeof(uint64_t));
    weir_chan *c = NULL;
    o.kind = kind;
    check_context("kind %u, capacity %zu", kind, cap);
    CHECK_IS(weir_chan_new(&c, &o), 0);
    return c;
}
static weir_eventfd *watch_for(weir_waitable *on, uint32_t op, uint32_t arg) {
    weir_eventfd *e = NULL;
    CHECK_IS(weir_eventfd_new(&e, on, op, arg), 0);
    return e;
}
static weir_eventfd *watch(weir_waitable *on, uint32_t op) { return watch_for(on, op, 0); }
static bool readable(weir_eventfd *e, int ms) {
    struct pollfd p = { .fd = weir_eventfd_fd(e), .events = POLLIN };
    return poll(&p, 1, ms) == 1 && (p.revents & POLLIN);
}

/* ---- a channel ------------------------------------------------------------------------------------------------ */

static void to_receive(void) {
    for (size_t k = 0; k < KINDS; k++) {
        weir_chan *c = chan_of(kinds[k], 2);
        weir_eventfd *e = watch(weir_chan_waitable(c), WEIR_RECV);
        uint64_t v = 5;
        CHECK(!readable(e, 0), "of an empty channel");
        CHECK_IS(weir_chan_try_send(c, &v), 0);
        CHECK(readable(e, 1000), "not though there is an element");
        CHECK_IS(weir_eventfd_arm(e), 0);
        CHECK(readable(e, 0), "not, armed while there is one");
        CHECK_IS(weir_chan_try_recv(c, &v), 0);
        CHECK_IS(weir_eventfd_arm(e), 0);
        CHECK_IS(weir_eventfd_arm(e), 0);
        CHECK(!readable(e, 0), "though it is empty again");
        CHECK_IS(weir_chan_close(c), 0);
        CHECK(readable(e, 1000), "not though it is closed");
        weir_eventfd_free(e);
        CHECK_IS(weir_chan_unref(c), 0);
    }
}

static void to_send(void) {
    for (size_t k = 0; k < KINDS; k++) {
        weir_chan *c = chan_of(kinds[k], 1);
        uint64_t v = 5;
        CHECK_IS(weir_chan_try_send(c, &v), 0);
        weir_eventfd *e = watch(weir_chan_waitable(c), WEIR_SEND);
        CHECK(!readable(e, 0), "of a full channel");
        CHECK_IS(weir_chan_try_recv(c, &v), 0);
        CHECK(readable(e, 1000), "not though there is room");
        CHECK_IS(weir_chan_try_send(c, &v), 0);
        CHECK_IS(weir_eventfd_arm(e), 0);
        CHECK(!readable(e, 0), "though it is full again");
        CHECK_IS(weir_chan_close(c), 0);
        CHECK(readable(e, 1000), "not though it is closed");
        CHECK_IS(weir_chan_try_recv(c, &v), 0);
        CHECK_IS(weir_eventfd_arm(e), 0);
        weir_eventfd_free(e); /* armed */
        CHECK_IS(weir_chan_unref(c), 0);
    }
}

static int64_t send_one(void *chan) {
    uint64_t v = 9;
    return weir_chan_send(chan, &v);
}

/* As the header shows it: readable may be in vain. */
static int take_when_readable(weir_eventfd *e, weir_chan *c, uint64_t *v) {
    int rc = WEIR_EAGAIN;
    while ((rc == WEIR_EAGAIN || rc == WEIR_EBUSY) && readable(e, 10000)) {
        rc = weir_chan_try_recv(c, v);
        if (rc != 0) CHECK_IS(weir_eventfd_arm(e), 0);
    }
    return rc;
}

static void rendezvous(void) {
    weir_chan *c = chan_of(WEIR_CHAN_STRICT, 0);
    weir_eventfd *e = watch(weir_chan_waitable(c), WEIR_RECV);
    struct call sender;
    uint64_t v = 0;
    CHECK_IS(weir_chan_try_send(c, &v), WEIR_EAGAIN); /* the descriptor is no receiver (C13) */
    CHECK_IS(weir_eventfd_arm(e), 0);                 /* which the try may have told */
    CHECK(!readable(e, 0), "nobody sends");
    call_start(&sender, send_one, c);
    CHECK(readable(e, 10000), "not though somebody sends");
    CHECK(!call_done(&sender), "the send returned, and nobody has the value");
    CHECK_IS(take_when_readable(e, c, &v),
             0); /* the first was perhaps by a sender not yet in the queue */
    CHECK_IS(v, 9);
    CHECK_IS(call_end(&sender), 0);
    weir_eventfd_free(e);
    CHECK_IS(weir_chan_unref(c), 0);
}

/* ---- a loop around epoll, over several channels ------------------------------------------------------------- */

#define CHANS 6
struct loop {
    weir_chan *c[CHANS];
    weir_eventfd *e[CHANS];
    size_t each;
    unsigned open;
    uint64_t sum;
};

static void fill(void *arg, size_t who) {
    struct loop *l = arg;
    for (size_t i = who; i < CHANS; i += 2) {
        for (uint64_t v = 1; v <= l->each && checks_hold(); v++)
            CHECK_IS(weir_chan_send_wait(l->c[i], &v, weir_after(20000 * MS), NULL), 0);
        CHECK_IS(weir_chan_close(l->c[i]), 0);
    }
}

static void turn(struct loop *l, size_t i) {
    uint64_t v;
    int rc;
    while ((rc = weir_chan_try_recv(l->c[i], &v)) == 0) l->sum += v;
    if (rc == WEIR_ECLOSED)
        l->open--;
    else
        CHECK_IS(weir_eventfd_arm(l->e[i]), 0);
}

static int64_t serve(void *arg) {
    struct loop *l = arg;
    struct epoll_event ready[CHANS];
    int ep = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < CHANS; i++) {
        struct epoll_event in = { .events = EPOLLIN | EPOLLET, .data.u64 = i };
        CHECK_IS(epoll_ctl(ep, EPOLL_CTL_ADD, weir_eventfd_fd(l->e[i]), &in), 0);
    }
    while (l->open > 0 && checks_hold()) {
        int n = epoll_wait(ep, ready, CHANS, 20000);
        if (!CHECK(n > 0, "asleep with %u channels open", l->open)) break;
        for (int i = 0; i < n; i++) turn(l, ready[i].data.u64);
    }
    (void)close(ep);
    return 0;
}

static void epoll_loop(void) {
    struct loop l = { .each = times(3000), .open = CHANS };
    struct call server;
    for (size_t i = 0; i < CHANS; i++) {
        l.c[i] = chan_of(kinds[i % KINDS], 1 + i);
        l.e[i] = watch(weir_chan_waitable(l.c[i]), WEIR_RECV);
    }
    call_start(&server, serve, &l);
    team_run(2, fill, &l);
    CHECK_IS(call_end(&server), 0);
    CHECK_IS(l.sum, (uint64_t)CHANS * l.each * (l.each + 1) / 2);
    for (size_t i = 0; i < CHANS; i++) {
        weir_eventfd_free(l.e[i]);
        CHECK_IS(weir_chan_unref(l.c[i]), 0);
    }
}

/* ---- a context ---------------------------------------------------------------------------------------------------- */

static void context_ends(void) {
    for (int way = 0; way < 4; way++) { /* cancel, deadline, parent, ended already */
        weir_ctx *p = NULL, *c = NULL;
        check_context("way %d", way);
        CHECK_IS(weir_ctx_new(&p, NULL, way == 1 ? weir_after(20 * MS) : WEIR_FOREVER), 0);
        CHECK_IS(weir_ctx_new(&c, p, WEIR_FOREVER), 0);
        if (way == 3) CHECK_IS(weir_ctx_cancel(c, 0), 0);
        weir_eventfd *e = watch(weir_ctx_waitable(c), WEIR_RECV);
        if (way == 0) CHECK(!readable(e, 3), "before the end");
        if (way == 0) CHECK_IS(weir_ctx_cancel(c, 0), 0);
        if (way == 2) CHECK_IS(weir_ctx_cancel(p, 0), 0);
        CHECK(readable(e, 20000), "not though it has ended");
        CHECK(weir_ctx_err(c) != 0, "before the end");
        CHECK_IS(weir_eventfd_arm(e), 0);
        CHECK(readable(e, 0), "it has ended for good");
        weir_ctx_unref(c);
        weir_ctx_unref(p);
        weir_eventfd_free(e);
    }
}

static void context_goes_on(void) {
    for (size_t k = times(50); k > 0; k--) {
        weir_ctx *c = NULL;
        CHECK_IS(weir_ctx_new(&c, NULL, k % 2 ? weir_after(MS) : WEIR_FOREVER), 0);
        weir_eventfd *e = watch(weir_ctx_waitable(c), WEIR_RECV);
        weir_ctx_unref(c); /* it keeps it */
        if (k % 4 == 3) sleep_ms(1);
        weir_eventfd_free(e);
    }
}

/* ---- others, and bad input ------------------------------------------------------------------------------------------ */

static void sem_and_wg(void) {
    weir_sem s;
    weir_wg wg;
    CHECK_IS(weir_sem_init(&s, 1), 0);
    CHECK_IS(weir_wg_init(&wg), 0);
    CHECK_IS(weir_sem_try_acquire(&s, 1), 0);
    CHECK_IS(weir_wg_add(&wg, 2), 0);
    weir_eventfd *e[] = { watch_for(weir_sem_waitable(&s), WEIR_RECV, 1),
                          watch(weir_wg_waitable(&wg), WEIR_RECV) };
    for (int i = 0; i < 2; i++) CHECK(!readable(e[i], 0), "%d: too early", i);
    CHECK_IS(weir_sem_release(&s, 1), 0);
    CHECK_IS(weir_wg_done(&wg), 0);
    CHECK(readable(e[0], 1000), "a unit is free");
    CHECK(!readable(e[1], 0), "one is not done");
    CHECK_IS(weir_wg_done(&wg), 0);
    CHECK(readable(e[1], 1000), "all are done");
    for (int i = 0; i < 2; i++) weir_eventfd_free(e[i]);
}

static void bad_input(void) {
    weir_chan *c = chan_of(WEIR_CHAN_MUTEX, 1), *good = chan_of(WEIR_CHAN_MPMC, 1);
    weir_timer *t = NULL;
    weir_eventfd *e = (weir_eventfd *)(void *)&t;
    weir_set_report(NULL, NULL);
    CHECK_IS(weir_timer_new(&t, WEIR_FOREVER), 0);
    CHECK_IS(weir_eventfd_new(&e, weir_chan_waitable(c), WEIR_RECV, 0), WEIR_EINVAL);
    CHECK(!e, "*out is not NULL");
    CHECK_IS(weir_eventfd_new(&e, weir_timer_waitable(t), WEIR_RECV, 0), WEIR_EINVAL);
    CHECK_IS(weir_eventfd_new(&e, NULL, WEIR_RECV, 0), WEIR_EINVAL);
    CHECK_IS(weir_eventfd_new(&e, weir_chan_waitable(good), 9, 0), WEIR_EINVAL);
    CHECK_IS(weir_eventfd_new(NULL, weir_chan_waitable(good), WEIR_RECV, 0), WEIR_EINVAL);
    CHECK_IS(weir_eventfd_fd(NULL), WEIR_EINVAL);
    CHECK_IS(weir_eventfd_arm(NULL), WEIR_EINVAL);
    weir_eventfd_free(NULL);
    CHECK_IS(weir_timer_free(t), 0);
    CHECK_IS(weir_chan_unref(c), 0);
    CHECK_IS(weir_chan_unref(good), 0);
}

/* The thread that has made it readable is not through yet; nothing is left all the same. The linker puts this function
 * before syscall, by which weir writes. */
static weir_au32 slow_write;
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...) {
    long a[6];
    va_list args;
    va_start(args, number);
    for (int i = 0; i < 6; i++) a[i] = va_arg(args, long);
    va_end(args);
    long rc = __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (number == SYS_write && weir_load_relaxed(&slow_write)) sleep_ms(50);
    return rc;
}

static void context_leaves_nothing(void) {
    weir_ctx *c = NULL;
    CHECK_IS(weir_ctx_new(&c, NULL, WEIR_FOREVER), 0);
    weir_eventfd *e = watch(weir_ctx_waitable(c), WEIR_RECV);
    weir_store_relaxed(&slow_write, 1);
    CHECK_IS(weir_ctx_cancel(c, 0), 0);
    CHECK(readable(e, 20000), "not though it has ended");
    weir_eventfd_free(e);
    weir_ctx_unref(c);
    int left = weir_leak_check();
    weir_store_relaxed(&slow_write, 0);
    CHECK_IS(left, 0);
}

static const struct test tests[] = {
    { "X22 a channel's descriptor: an element, a close", to_receive },
    { "X22 a channel's descriptor: room", to_send },
    { "X22 C13 a rendezvous channel's: a sender; it is no receiver itself", rendezvous },
    { "X22 a loop around epoll over channels of each kind", epoll_loop },
    { "X22 a context's descriptor: cancel, deadline, parent", context_ends },
    { "X22 a context's descriptor that is freed before", context_goes_on },
    { "X22 a context's descriptor that was freed is no leak", context_leaves_nothing },
    { "X22 a semaphore's and a wait group's", sem_and_wg },
    { "X22 bad input: EINVAL", bad_input },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "eventfd", tests, sizeof tests / sizeof *tests);
}
