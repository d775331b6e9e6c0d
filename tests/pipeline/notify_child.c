/* SPDX-License-Identifier: MIT */
/* tests/pipeline/notify_child.c - what ends a process, and what happens beside a fork: in children that are started anew. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/sanitizers.h"
#include "signals.h"

/* ---- NOTIFY1 ------------------------------------------------------------------------------------------------ */

/* The body of a child process, and how that ended, as waitpid says it. *stops: times that SIGTSTP has stopped it; it is
 * continued each time. */
static int status_and_stops(void (*body)(void), int *stops) {
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        alarm(20);
        body();
        _exit(checks_hold() ? 0 : 1);
    }
    for (*stops = 0;; ++*stops) {
        if (!CHECK(pid > 0 && waitpid(pid, &status, WUNTRACED) == pid, "no child")) break;
        if (!WIFSTOPPED(status)) break;
        CHECK_IS(WSTOPSIG(status), SIGTSTP);
        (void)kill(pid, SIGCONT);
    }
    return status;
}
static int status_of(void (*body)(void)) {
    int stops, status = status_and_stops(body, &stops);
    CHECK_IS(stops, 0);
    return status;
}

static void second_ends(void) {
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    weir_notify *n = open_notify(ctx, SIGTERM, 0);
    (void)raise(SIGTERM);
    ctx_ends(ctx);
    (void)raise(SIGTERM); /* its default action */
    weir_notify_free(n);
}

/* The same signal of two, and the other one: it has nobody to tell, either. */
static void one_of_two(int second) {
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    weir_notify *n = NULL;
    CHECK_IS(weir_notify_new(&n, ctx, (int[]){ SIGINT, SIGTERM }, 2, 0), 0);
    (void)raise(SIGINT);
    ctx_ends(ctx);
    (void)raise(second);
    weir_notify_free(n);
}
static void same_ends(void) { one_of_two(SIGINT); }
static void other_ends(void) { one_of_two(SIGTERM); }

/* But if another context still waits for it. */
static void other_waits(void) {
    weir_ctx *a = ctx_open(NULL, WEIR_FOREVER), *b = ctx_open(NULL, WEIR_FOREVER);
    weir_notify *n = NULL, *m = open_notify(b, SIGTERM, 0);
    CHECK_IS(weir_notify_new(&n, a, (int[]){ SIGINT, SIGTERM }, 2, 0), 0);
    (void)raise(SIGINT);
    ctx_ends(a);
    CHECK_IS(weir_ctx_err(b), 0);
    (void)raise(SIGTERM);
    ctx_ends(b);
    weir_notify_free(n);
    weir_notify_free(m);
    weir_ctx_unref(a);
    weir_ctx_unref(b);
}

static void kept(void) {
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    weir_notify *n = open_notify(ctx, SIGTERM, WEIR_NOTIFY_KEEP);
    for (int i = 0; i < 100; i++) (void)raise(SIGTERM);
    ctx_ends(ctx);
    (void)raise(SIGTERM);
    weir_notify_free(n);
    weir_ctx_unref(ctx);
}

/* One is told, one comes later and still has to be: the second signal is its. */
static void later_one(void) {
    weir_ctx *a = ctx_open(NULL, WEIR_FOREVER), *b = ctx_open(NULL, WEIR_FOREVER);
    weir_notify *n = open_notify(a, SIGTERM, 0);
    (void)raise(SIGTERM);
    ctx_ends(a);
    weir_notify *m = open_notify(b, SIGTERM, 0);
    CHECK_IS(weir_ctx_err(b), 0);
    (void)raise(SIGTERM);
    ctx_ends(b);
    weir_notify_free(m);
    (void)raise(SIGTERM); /* n has been told */
    weir_notify_free(n);
}

/* The default of this one is nothing: the process goes on, and the action that was found comes back. */
static void second_is_nothing(void) {
    struct sigaction a = { .sa_handler = found_handler };
    CHECK_IS(sigaction(SIGWINCH, &a, NULL), 0);
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    weir_notify *n = open_notify(ctx, SIGWINCH, 0);
    (void)raise(SIGWINCH);
    ctx_ends(ctx);
    (void)raise(SIGWINCH);
    (void)raise(SIGWINCH);
    CHECK_IS(found_calls, 0);
    weir_notify_free(n);
    (void)raise(SIGWINCH);
    CHECK_IS(found_calls, 1);
    weir_ctx_unref(ctx);
}

/* After the default action of the second one, who registers anew is told of the third, and the fourth gets it again. */
static void third_is_told(int sig) {
    struct sigaction now;
    weir_ctx *a = ctx_open(NULL, WEIR_FOREVER), *b = ctx_open(NULL, WEIR_FOREVER);
    weir_notify *n = open_notify(a, sig, 0);
    (void)raise(sig);
    ctx_ends(a);
    (void)raise(sig);
    weir_notify *m = open_notify(b, sig, 0);
    CHECK_IS(weir_ctx_err(b), 0);
    (void)raise(sig);
    ctx_ends(b);
    (void)raise(sig);
    weir_notify_free(n);
    weir_notify_free(m);
    CHECK_IS(sigaction(sig, NULL, &now), 0);
    CHECK(now.sa_handler == SIG_DFL, "the action that was found is not there");
    weir_ctx_unref(a);
    weir_ctx_unref(b);
}
static void third_of_nothing(void) {
    static const int sigs[] = { SIGWINCH, SIGCHLD, SIGURG, SIGCONT };
    for (size_t i = 0; i < sizeof sigs / sizeof *sigs; i++) third_is_told(sigs[i]);
}
/* In a group of its own, which is stopped, since there is somebody in the session to continue it. */
static void third_of_stops(void) {
    CHECK_IS(setpgid(0, 0), 0);
    third_is_told(SIGTSTP);
}

void notify1_third(void) {
    int stops;
    if (!child_is_fresh(NOTIFY1_THIRD)) return;
    CHECK_IS(status_of(third_of_nothing), 0);
    CHECK_IS(status_and_stops(third_of_stops, &stops), 0);
    CHECK_IS(stops, 2);
}

/* In a child that is started anew: the tests of this process have had threads. */
void notify1_second(void) {
    if (!child_is_fresh(NOTIFY1_SECOND)) return;
    int s = status_of(second_ends);
    CHECK(WIFSIGNALED(s) && WTERMSIG(s) == SIGTERM, "status %d", s);
    s = status_of(same_ends);
    CHECK(WIFSIGNALED(s) && WTERMSIG(s) == SIGINT, "status %d", s);
    s = status_of(other_ends);
    CHECK(WIFSIGNALED(s) && WTERMSIG(s) == SIGTERM, "status %d", s);
    CHECK_IS(status_of(other_waits), 0);
    s = status_of(later_one);
    CHECK(WIFSIGNALED(s) && WTERMSIG(s) == SIGTERM, "status %d", s);
    CHECK_IS(status_of(second_is_nothing), 0);
    CHECK_IS(status_of(kept), 0);
}

/* ---- fork --------------------------------------------------------------------------------------------------- */

/* In the child: the parent's registration, whose thread is not here. */
static void after_fork(weir_notify *left) {
    struct sigaction now;
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    alarm(20);
    weir_notify_free(left);
    CHECK_IS(sigaction(SIGUSR1, NULL, &now), 0);
    CHECK(now.sa_handler == found_handler, "another handler");
    weir_notify *n = open_notify(ctx, SIGUSR1, 0);
    CHECK_IS(raise(SIGUSR1), 0);
    ctx_ends(ctx);
    weir_notify_free(n);
    weir_ctx_unref(ctx);
}

static pid_t number; /* not 0: that of every process, as in namespaces one inside the other */
pid_t __real_getpid(void);
pid_t __wrap_getpid(void);
pid_t __wrap_getpid(void) { return number ? number : __real_getpid(); }

/* The thread sleeps, and holds no lock, when the process forks: it has told one context, whose registration was freed
 * afterwards, while another one stands. */
static void fork_with_thread(void) {
    struct sigaction found = { .sa_handler = found_handler };
    weir_ctx *told = ctx_open(NULL, WEIR_FOREVER), *ctx = ctx_open(NULL, WEIR_FOREVER);
    CHECK_IS(sigaction(SIGUSR1, &found, NULL), 0);
    weir_notify *n = open_notify(ctx, SIGUSR1, 0), *m = open_notify(told, SIGUSR2, 0);
    CHECK_IS(raise(SIGUSR2), 0);
    ctx_ends(told);
    weir_notify_free(m);
    pid_t pid = fork();
    if (pid == 0) {
        after_fork(n);
        _exit(checks_hold() ? 0 : 1);
    }
    child_well(pid);
    CHECK_IS(raise(SIGUSR1), 0); /* the parent's goes on */
    ctx_ends(ctx);
    weir_notify_free(n);
    weir_ctx_unref(ctx);
    weir_ctx_unref(told);
}

static void fork_in(const char *name, bool same) {
    if (UNDER_TSAN) {
        test_skip("ThreadSanitizer lets no thread begin in the child of a fork beside threads");
        return;
    }
    if (!child_is_fresh(name)) return;
    number = same ? getpid() : 0;
    fork_with_thread();
    number = 0;
}
void notify_fork(void) { fork_in(NOTIFY_FORK, false); }
void notify_fork_same(void) { fork_in(NOTIFY_FORK_SAME, true); }
