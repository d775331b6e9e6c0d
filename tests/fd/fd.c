/* SPDX-License-Identifier: MIT */
/* tests/fd/fd.c - descriptors as cases: pipes and sockets that become ready, close, end; against channels, contexts
 * and deadlines; and the thread behind them, which goes with the last. */
#include <dirent.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weir/chan.h>
#include <weir/fd.h>

#include "../support/check.h"
#include "../support/threads.h"

#define MS INT64_C(1000000)
#define UNTOUCHED 0xABCDu

struct link { /* a pair of connected sockets, or a pipe */
    int here, there;
    weir_fd *f; /* of here */
};

static bool sockets(struct link *l) {
    int pair[2];
    *l = (struct link){ -1, -1, NULL };
    if (!CHECK_IS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0)) return false;
    *l = (struct link){ pair[0], pair[1], NULL };
    return CHECK_IS(weir_fd_new(&l->f, l->here), 0);
}
static void hang_up(struct link *l) {
    CHECK_IS(weir_fd_free(l->f), 0);
    (void)close(l->here);
    if (l->there >= 0) (void)close(l->there);
}
static void say(const struct link *l) { CHECK_IS(write(l->there, "x", 1), 1); }
static void hear(const struct link *l) {
    char c;
    CHECK_IS(read(l->here, &c, 1), 1);
}

struct waiter {
    weir_fd *f;
    uint32_t op, events;
    weir_time deadline;
    weir_ctx *ctx;
    struct call call;
};
static int64_t wait_main(void *arg) {
    struct waiter *w = arg;
    return weir_fd_wait(w->f, w->op, &w->events, w->deadline, w->ctx);
}
static bool sleeps(struct waiter *w, weir_fd *f, uint32_t op, weir_time deadline, weir_ctx *ctx) {
    *w = (struct waiter){ f, op, UNTOUCHED, deadline, ctx, { 0 } };
    call_start(&w->call, wait_main, w);
    return CHECK(call_sleeps(&w->call), "a wait returned");
}

/* ---- readiness ---------------------------------------------------------------------------------------------- */

static void readable(void) {
    struct link l;
    struct waiter w;
    uint32_t events = UNTOUCHED;
    if (!sockets(&l)) return;
    for (size_t k = times(50); k > 0 && checks_hold(); k--) {
        CHECK_IS(weir_fd_wait(l.f, WEIR_RECV, &events, WEIR_NOW, NULL), WEIR_EAGAIN);
        CHECK_IS(events, UNTOUCHED);
        if (!sleeps(&w, l.f, WEIR_RECV, WEIR_FOREVER, NULL)) return;
        say(&l);
        CHECK_IS(call_end(&w.call), 0);
        CHECK_IS(w.events, POLLIN);
        CHECK_IS(weir_fd_wait(l.f, WEIR_RECV, NULL, WEIR_NOW, NULL), 0);
        hear(&l);
    }
    hang_up(&l);
}

static void writable(void) {
    struct link l;
    struct waiter w, r;
    char block[4096] = { 0 };
    size_t sent = 0;
    if (!sockets(&l)) return;
    CHECK_IS(weir_fd_wait(l.f, WEIR_SEND, NULL, WEIR_NOW, NULL), 0);
    for (ssize_t n; (n = send(l.here, block, sizeof block, MSG_DONTWAIT)) > 0;) sent += (size_t)n;
    /* One waits to write and one to read, on one descriptor. */
    if (!sleeps(&w, l.f, WEIR_SEND, WEIR_FOREVER, NULL)) return;
    if (!sleeps(&r, l.f, WEIR_RECV, WEIR_FOREVER, NULL)) return;
    say(&l);
    CHECK_IS(call_end(&r.call), 0);
    CHECK_IS(r.events, POLLIN);
    CHECK(call_sleeps(&w.call), "there is no room, but the wait to write returned");
    while (sent > 0 && checks_hold()) {
        ssize_t n = read(l.there, block, sizeof block);
        if (!CHECK(n > 0, "the data are gone")) break;
        sent -= (size_t)n;
    }
    CHECK_IS(call_end(&w.call), 0);
    CHECK_IS(w.events, POLLOUT);
    hang_up(&l);
}

static void end_of_data(void) {
    struct link l;
    struct waiter w[2];
    if (!sockets(&l)) return;
    if (!sleeps(&w[0], l.f, WEIR_RECV, WEIR_FOREVER, NULL)) return;
    if (!sleeps(&w[1], l.f, WEIR_RECV, WEIR_FOREVER, NULL)) return;
    (void)close(l.there);
    l.there = -1;
    for (int i = 0; i < 2; i++) {
        CHECK_IS(call_end(&w[i].call), 0);
        CHECK(w[i].events & POLLHUP, "events 0x%x", w[i].events);
    }
    hang_up(&l);
}

static void regular_file(void) {
    char name[] = "/tmp/weir-fd-XXXXXX";
    int fd = mkstemp(name);
    weir_fd *f = NULL;
    if (!CHECK(fd >= 0, "no file")) return;
    (void)unlink(name);
    CHECK_IS(weir_fd_new(&f, fd), 0);
    CHECK_IS(weir_fd_wait(f, WEIR_RECV, NULL, WEIR_FOREVER, NULL), 0);
    CHECK_IS(weir_fd_wait(f, WEIR_SEND, NULL, WEIR_FOREVER, NULL), 0);
    CHECK_IS(weir_fd_free(f), 0);
    (void)close(fd);
}

static void deadline_and_context(void) {
    struct link l;
    struct waiter w;
    weir_ctx *ctx = NULL;
    if (!sockets(&l)) return;
    weir_time until = weir_after(3 * MS);
    CHECK_IS(weir_fd_wait(l.f, WEIR_RECV, NULL, until, NULL), WEIR_ETIMEDOUT);
    CHECK(weir_now() >= until, "too early");
    CHECK_IS(weir_ctx_new(&ctx, NULL, WEIR_FOREVER), 0);
    if (!sleeps(&w, l.f, WEIR_RECV, WEIR_FOREVER, ctx)) return;
    CHECK_IS(weir_fd_free(l.f), WEIR_EBUSY); /* somebody waits for it */
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    CHECK_IS(call_end(&w.call), WEIR_ECANCELED);
    CHECK_IS(w.events, UNTOUCHED);
    say(&l);
    CHECK_IS(weir_fd_wait(l.f, WEIR_RECV, NULL, WEIR_NOW, ctx), WEIR_ECANCELED); /* X23 */
    weir_ctx_unref(ctx);
    hang_up(&l);
}

/* ---- select: a server's loop, which ends when all have said all that they had to say ------------------------- */

#define LINKS 40
struct crowd {
    struct link l[LINKS];
    weir_chan *chan;
    size_t rounds;
};

static void talk(void *arg, size_t who) {
    struct crowd *c = arg;
    for (size_t i = 0; i < c->rounds && checks_hold(); i++) {
        uint64_t v = who;
        if (i % 3 == 0)
            CHECK_IS(weir_chan_send(c->chan, &v), 0);
        else
            say(&c->l[(who * 13 + i * 7) % LINKS]);
    }
}

static int64_t serve(void *arg) {
    struct crowd *c = arg;
    struct weir_case cases[LINKS + 1];
    size_t wanted = 2 * c->rounds;
    uint64_t v;
    for (size_t i = 0; i < LINKS; i++)
        cases[i] = (struct weir_case)WEIR_CASE_READABLE(c->l[i].f, NULL);
    cases[LINKS] = (struct weir_case)WEIR_CASE_RECV(c->chan, &v);
    for (; wanted > 0 && checks_hold(); wanted--) {
        ptrdiff_t i = weir_select(cases, LINKS + 1, weir_after(20000 * MS), NULL, 0);
        if (!CHECK(i >= 0, "%td, with %zu to come", i, wanted)) break;
        CHECK_IS(cases[i].result, 0);
        if (i < LINKS) hear(&c->l[i]);
    }
    return (int64_t)wanted;
}

static void many_in_one_select(void) {
    static struct crowd c;
    struct weir_chan_opts o = WEIR_CHAN_OPTS(4, sizeof(uint64_t));
    struct call server;
    c.rounds = times(900);
    CHECK_IS(weir_chan_new(&c.chan, &o), 0);
    for (size_t i = 0; i < LINKS; i++)
        if (!sockets(&c.l[i])) return;
    call_start(&server, serve, &c);
    team_run(2, talk, &c);
    CHECK_IS(call_end(&server), 0);
    for (size_t i = 0; i < LINKS; i++) hang_up(&c.l[i]);
    CHECK_IS(weir_chan_unref(c.chan), 0);
}

/* ---- bad input ---------------------------------------------------------------------------------------------------- */

static weir_au32 misuse;
static void count(const char *call, const char *what, void *arg) {
    (void)call;
    (void)what;
    (void)arg;
    (void)weir_fetch_add_relaxed(&misuse, 1);
}

static void bad_input(void) {
    struct link l;
    weir_fd *none = (weir_fd *)&l;
    struct weir_case c = { NULL, NULL, 7, 0, 0 };
    if (!sockets(&l)) return;
    weir_set_report(count, NULL);
    int closed = dup(l.there);
    (void)close(closed);
    CHECK_IS(weir_fd_new(&none, closed), WEIR_EINVAL);
    CHECK(!none, "*out is not NULL");
    CHECK_IS(weir_fd_new(&none, -1), WEIR_EINVAL);
    CHECK_IS(weir_fd_new(NULL, l.there), WEIR_EINVAL);
    CHECK_IS(weir_fd_new(&none, l.here), WEIR_EBUSY); /* one object for each */
    CHECK_IS(weir_fd_free(NULL), 0);
    CHECK(!weir_fd_waitable(NULL), "a waitable of nothing");
    CHECK_IS(weir_fd_wait(NULL, WEIR_RECV, NULL, WEIR_NOW, NULL), WEIR_EINVAL);
    CHECK_IS(weir_fd_wait(l.f, 7, NULL, WEIR_NOW, NULL), WEIR_EINVAL);
    c.on = weir_fd_waitable(l.f);
    CHECK_IS(weir_select(&c, 1, WEIR_NOW, NULL, 0), WEIR_EINVAL);
    weir_set_report(NULL, NULL);
    hang_up(&l);
}

/* Against the rule: a wait says so instead of sleeping, and a new object for the same number works. */
static void closed_meanwhile(void) {
    struct link l, again;
    if (!sockets(&l)) return;
    (void)close(l.here);
    CHECK_IS(weir_fd_wait(l.f, WEIR_RECV, NULL, weir_after(20000 * MS), NULL), WEIR_EINVAL);
    CHECK_IS(weir_fd_free(l.f), 0);
    (void)close(l.there);
    if (!sockets(&again)) return;
    say(&again);
    CHECK_IS(weir_fd_wait(again.f, WEIR_RECV, NULL, WEIR_FOREVER, NULL), 0);
    hang_up(&again);
}

/* ---- come and go --------------------------------------------------------------------------------------------------- */

static void come_and_go(void *arg, size_t who) {
    (void)arg;
    (void)who;
    for (size_t k = times(200); k > 0 && checks_hold(); k--) {
        struct link l;
        if (!sockets(&l)) return;
        if (k % 2) say(&l);
        weir_time until = k % 2 ? WEIR_FOREVER : weir_after(MS / 10);
        CHECK_IS(weir_fd_wait(l.f, WEIR_RECV, NULL, until, NULL), k % 2 ? 0 : WEIR_ETIMEDOUT);
        if (k % 4 == 0) say(&l); /* a report that nobody waits for */
        hang_up(&l);
    }
}

static unsigned entries(const char *path) {
    unsigned n = 0;
    DIR *d = opendir(path);
    CHECK(d, "no %s", path);
    if (!d) return 0;
    while (readdir(d)) n++;
    (void)closedir(d);
    return n;
}

/* Its thread and its two descriptors are gone soon after the last object. */
static void nothing_left(void) {
    unsigned fds = 0, threads = 0;
    for (int i = 0; i < 3; i++) {
        struct link l;
        team_run(4, come_and_go, NULL);
        sleep_ms(300);
        if (i == 0) {
            fds = entries("/proc/self/fd");
            threads = entries("/proc/self/task");
        }
        CHECK_IS(entries("/proc/self/fd"), fds);
        CHECK_IS(entries("/proc/self/task"), threads);
        if (!sockets(&l)) return;
        CHECK_IS(entries("/proc/self/fd"), fds + 4);
        CHECK_IS(entries("/proc/self/task"), threads + 1);
        hang_up(&l);
    }
}

static const struct test tests[] = {
    { "fd: a socket becomes readable", readable },
    { "fd: one waits to write and one to read, on one socket", writable },
    { "fd: the end of the data wakes all who wait", end_of_data },
    { "fd: a regular file is always ready", regular_file },
    { "fd X23: deadline, context, and EBUSY for free", deadline_and_context },
    { "fd: 40 sockets and a channel in one select", many_in_one_select },
    { "fd: bad input", bad_input },
    { "fd: closed against the rule: EINVAL, not a sleep", closed_meanwhile },
    { "fd: objects come and go; the thread goes with the last", nothing_left },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "fd", tests, sizeof tests / sizeof *tests);
}
