/* SPDX-License-Identifier: MIT */
/* tests/pipeline/notify.c - signals to contexts: NOTIFY1 to NOTIFY4. What ends a process is shown in a
 * child, by notify_child.c. */
#include <weir/select.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../flow/notify.h"
#include "../../lib/os_signal.h"
#include "../support/points.h"
#include "signals.h"

weir_notify *open_notify(weir_ctx *ctx, int sig, unsigned flags) {
    weir_notify *n = NULL;
    CHECK_IS(weir_notify_new(&n, ctx, &sig, 1, flags), 0);
    return n;
}

bool ctx_ends(weir_ctx *ctx) {
    struct weir_case c = { weir_ctx_waitable(ctx), NULL, WEIR_RECV, 0, 0 };
    ptrdiff_t i = weir_select(&c, 1, weir_after(10000 * MS), NULL, 0);
    return CHECK(i == 0, "the context goes on: %td", i);
}

volatile sig_atomic_t found_calls;
void found_handler(int sig) { found_calls += sig == SIGWINCH; }

/* ---- NOTIFY1 ------------------------------------------------------------------------------------------------ */

static void notify1_cause(void) {
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, 40 };
    static const char *const names[] = { "SIGINT",  "SIGTERM",  "SIGHUP", "SIGUSR1",
                                         "SIGUSR2", "SIGWINCH", "signal" };
    for (size_t i = 0; i < 7; i++) {
        weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER), *child = ctx_open(ctx, WEIR_FOREVER);
        weir_notify *n = NULL;
        CHECK_IS(weir_notify_new(&n, ctx, signals, 7, 0), 0);
        CHECK_IS(weir_notify_signal(n), 0);
        CHECK_IS(weir_ctx_err(ctx), 0);
        CHECK_IS(raise(signals[i]), 0);
        ctx_ends(child);
        CHECK_IS(weir_ctx_err(ctx), WEIR_ECANCELED);
        CHECK_IS(weir_ctx_cause(child), WEIR_CAUSE_SIGNAL(signals[i]));
        CHECK_IS(weir_cause_signal(weir_ctx_cause(child)), signals[i]);
        CHECK_IS(weir_notify_signal(n), signals[i]);
        CHECK(strcmp(weir_signal_name(signals[i]), names[i]) == 0, "%s", names[i]);
        weir_notify_free(n);
        weir_ctx_unref(child);
        weir_ctx_unref(ctx);
    }
    CHECK_IS(weir_cause_signal(0), 0);
    CHECK_IS(weir_cause_signal(WEIR_ECANCELED), 0);
    CHECK_IS(weir_cause_signal(-65536), 0);
    CHECK_IS(weir_cause_signal(-65601), 0);
    CHECK_IS(weir_cause_signal(INT32_MIN), 0);
}

/* ---- NOTIFY2 ------------------------------------------------------------------------------------------------ */

static bool same_set(const sigset_t *a, const sigset_t *b) {
    for (int s = 1; s < 65; s++)
        if (sigismember(a, s) != sigismember(b, s)) return false;
    return true;
}

static void notify2_restores(void) {
    struct sigaction found = { .sa_handler = found_handler, .sa_flags = SA_NODEFER }, dfl, ign, now;
    sigset_t before, during, after;
    dfl = (struct sigaction){ .sa_handler = SIG_DFL };
    ign = (struct sigaction){ .sa_handler = SIG_IGN };
    (void)sigaddset(&found.sa_mask, SIGUSR2);
    CHECK_IS(sigaction(SIGUSR1, &found, NULL), 0);
    CHECK_IS(sigaction(SIGUSR2, &ign, NULL), 0);
    CHECK_IS(sigaction(SIGHUP, &dfl, NULL), 0);
    CHECK_IS(pthread_sigmask(SIG_SETMASK, NULL, &before), 0);
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    weir_notify *n = NULL, *m = NULL;
    CHECK_IS(weir_notify_new(&n, ctx, (int[]){ SIGUSR1, SIGUSR2, SIGHUP }, 3, 0), 0);
    CHECK_IS(weir_notify_new(&m, ctx, (int[]){ SIGUSR1 }, 1, 0), 0);
    CHECK_IS(pthread_sigmask(SIG_SETMASK, NULL, &during), 0);
    weir_notify_free(n);
    CHECK_IS(sigaction(SIGUSR1, NULL, &now), 0);
    CHECK(now.sa_handler != found_handler, "m is left without a handler");
    weir_notify_free(m);
    CHECK_IS(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
    CHECK(same_set(&before, &during) && same_set(&before, &after), "the mask has changed");
    CHECK_IS(sigaction(SIGUSR1, NULL, &now), 0);
    CHECK(now.sa_handler == found_handler && same_set(&now.sa_mask, &found.sa_mask) &&
              now.sa_flags & SA_NODEFER,
          "another handler");
    CHECK_IS(sigaction(SIGUSR2, NULL, &now), 0);
    CHECK(now.sa_handler == SIG_IGN, "it was ignored");
    CHECK_IS(sigaction(SIGHUP, NULL, &now), 0);
    CHECK(now.sa_handler == SIG_DFL, "it was the default");
    CHECK_IS(raise(SIGUSR2), 0); /* ignored again, and told to nobody */
    CHECK_IS(weir_ctx_err(ctx), 0);
    CHECK_IS(sigaction(SIGUSR1, &dfl, NULL), 0);
    CHECK_IS(sigaction(SIGUSR2, &dfl, NULL), 0);
    weir_ctx_unref(ctx);
}

/* What somebody else has put there meanwhile stays. */
static void notify2_leaves(void) {
    struct sigaction mine = { .sa_handler = found_handler }, dfl = { .sa_handler = SIG_DFL }, now;
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    weir_notify *n = open_notify(ctx, SIGWINCH, 0);
    CHECK_IS(sigaction(SIGWINCH, &mine, NULL), 0);
    weir_notify_free(n);
    CHECK_IS(sigaction(SIGWINCH, NULL, &now), 0);
    CHECK(now.sa_handler == found_handler, "another handler");
    CHECK_IS(sigaction(SIGWINCH, &dfl, NULL), 0);
    weir_ctx_unref(ctx);
}

/* A handler that is late: it is about to take the default action, when another thread has restored what was found. */
static void notify2_late(void) {
    struct sigaction mine = { .sa_handler = found_handler }, dfl = { .sa_handler = SIG_DFL }, now;
    CHECK_IS(sigaction(SIGWINCH, &mine, NULL), 0);
    found_calls = 0;
    CHECK(!weir__os_signal_default(SIGWINCH, weir__notify_arrive), "nothing was in its place");
    CHECK_IS(sigaction(SIGWINCH, NULL, &now), 0);
    CHECK(now.sa_handler == found_handler, "another handler");
    CHECK_IS(found_calls, 1);
    CHECK_IS(sigaction(SIGWINCH, &dfl, NULL), 0);
}

/* A handler that stops behind the default action, before it stands again: a registration waits for that, and so does a
 * release, which then restores what was found. */
struct anew {
    weir_ctx *ctx;
    weir_notify *n;
    struct stop stop;
};
static int64_t raises(void *arg) {
    stop_me(&((struct anew *)arg)->stop);
    return raise(SIGWINCH);
}
static int64_t registers(void *arg) {
    struct anew *a = arg;
    a->n = open_notify(a->ctx, SIGWINCH, 0);
    return 0;
}
static int64_t releases(void *arg) {
    weir_notify_free(((struct anew *)arg)->n);
    return 0;
}

/* Beside somebody in the handler: this call waits for him. */
static void beside_default(struct anew *a, int64_t (*fn)(void *arg)) {
    struct call handler, call;
    stop_init(&a->stop, "notify.default");
    call_start(&handler, raises, a);
    CHECK(stop_wait(&a->stop), "nobody is at the default action");
    call_start(&call, fn, a);
    CHECK(!call_returns(&call, 30), "it does not wait for the handler");
    stop_release(&a->stop);
    CHECK_IS(call_end(&call), 0);
    CHECK_IS(call_end(&handler), 0);
    stop_fini(&a->stop);
}

static void notify2_default(void) {
    struct sigaction mine = { .sa_handler = found_handler }, dfl = { .sa_handler = SIG_DFL }, now;
    struct anew a = { .ctx = ctx_open(NULL, WEIR_FOREVER) };
    weir_ctx *first = ctx_open(NULL, WEIR_FOREVER);
    CHECK_IS(sigaction(SIGWINCH, &mine, NULL), 0);
    weir_notify *n = open_notify(first, SIGWINCH, 0);
    CHECK_IS(raise(SIGWINCH), 0);
    ctx_ends(first);
    beside_default(&a, registers);
    CHECK_IS(raise(SIGWINCH), 0);
    ctx_ends(a.ctx);
    weir_notify_free(n);
    beside_default(&a, releases);
    CHECK_IS(sigaction(SIGWINCH, NULL, &now), 0);
    CHECK(now.sa_handler == found_handler, "another handler");
    CHECK_IS(sigaction(SIGWINCH, &dfl, NULL), 0);
    weir_ctx_unref(first);
    weir_ctx_unref(a.ctx);
}

/* ---- NOTIFY3 ------------------------------------------------------------------------------------------------ */

static void notify3_two(void) {
    for (size_t i = 0; i < times(200); i++) {
        weir_ctx *a = ctx_open(NULL, WEIR_FOREVER), *b = ctx_open(NULL, WEIR_FOREVER);
        weir_notify *n = open_notify(a, SIGUSR1, 0), *m = open_notify(b, SIGUSR1, 0);
        CHECK_IS(raise(SIGUSR1), 0);
        ctx_ends(a);
        ctx_ends(b);
        CHECK_IS(weir_ctx_cause(a), WEIR_CAUSE_SIGNAL(SIGUSR1));
        CHECK_IS(weir_ctx_cause(b), WEIR_CAUSE_SIGNAL(SIGUSR1));
        weir_notify_free(n);
        weir_notify_free(m);
        weir_ctx_unref(a);
        weir_ctx_unref(b);
    }
}

/* 10,000 signals from another thread, while contexts come, wait, and go: after the signal that follows its
 * registration, each has ended. */
struct storm {
    weir_au32 sent, over;
    uint32_t n;
};

static void storm_threads(void *arg, size_t index) {
    struct storm *s = arg;
    if (index == 0) {
        for (uint32_t i = 0; i < s->n; i++) {
            (void)kill(getpid(), SIGUSR1);
            weir_store_release(&s->sent, i + 1, 0);
        }
        weir_store_release(&s->over, 1, 0);
        return;
    }
    while (!weir_load_acquire(&s->over, 0) && checks_hold()) {
        weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
        weir_notify *n = open_notify(ctx, SIGUSR1, WEIR_NOTIFY_KEEP);
        uint32_t sent = weir_load_acquire(&s->sent, 0);
        while (!weir_load_acquire(&s->over, 0) && weir_load_acquire(&s->sent, 0) < sent + 2)
            weir_pause();
        if (weir_load_acquire(&s->sent, 0) >= sent + 2)
            ctx_ends(ctx); /* one at least came in between */
        weir_notify_free(n);
        weir_ctx_unref(ctx);
    }
}

static void notify3_storm(void) {
    struct storm s = { .n = (uint32_t)times(10000) };
    if (s.n < 10000) s.n = 10000;
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    weir_notify *n = open_notify(ctx, SIGUSR1, WEIR_NOTIFY_KEEP); /* the handler stays */
    team_run(3, storm_threads, &s);
    ctx_ends(ctx);
    weir_notify_free(n);
    weir_ctx_unref(ctx);
}

/* Another signal's storm, of 10,000, beside one signal that comes once. */
static void notify3_beside(void) {
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER), *noise = ctx_open(NULL, WEIR_FOREVER);
    weir_notify *n = open_notify(ctx, SIGUSR2, 0);
    weir_notify *m = open_notify(noise, SIGUSR1, WEIR_NOTIFY_KEEP);
    for (int i = 0; i < 10000; i++) {
        CHECK_IS(raise(SIGUSR1), 0);
        if (i == 5000) CHECK_IS(raise(SIGUSR2), 0);
    }
    ctx_ends(ctx);
    ctx_ends(noise);
    CHECK_IS(weir_ctx_cause(ctx), WEIR_CAUSE_SIGNAL(SIGUSR2));
    CHECK_IS(weir_ctx_cause(noise), WEIR_CAUSE_SIGNAL(SIGUSR1));
    weir_notify_free(n);
    weir_notify_free(m);
    weir_ctx_unref(ctx);
    weir_ctx_unref(noise);
}

/* ---- NOTIFY4 ------------------------------------------------------------------------------------------------ */

static void mask_of_thread(void *arg, size_t index) {
    (void)index;
    CHECK_IS(pthread_sigmask(SIG_SETMASK, NULL, arg), 0);
}

static void notify4_others(void) {
    struct sigaction mine = { .sa_handler = found_handler }, dfl = { .sa_handler = SIG_DFL };
    struct sigaction before[65], after[65];
    sigset_t here, there;
    CHECK_IS(sigaction(SIGWINCH, &mine, NULL), 0);
    for (int s = 1; s < 65; s++)
        if (sigaction(s, NULL, &before[s]) != 0) before[s].sa_handler = SIG_ERR;
    found_calls = 0;
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    weir_notify *n = open_notify(ctx, SIGUSR1, 0);
    for (int s = 1; s < 65; s++) {
        if (sigaction(s, NULL, &after[s]) != 0) after[s].sa_handler = SIG_ERR;
        CHECK((after[s].sa_handler == before[s].sa_handler) == (s != SIGUSR1), "signal %d", s);
    }
    CHECK_IS(raise(SIGWINCH), 0);
    CHECK_IS(found_calls, 1);
    CHECK_IS(weir_ctx_err(ctx), 0);
    CHECK_IS(pthread_sigmask(SIG_SETMASK, NULL, &here), 0);
    team_run(1, mask_of_thread, &there);
    CHECK(same_set(&here, &there), "a thread's mask has changed");
    weir_notify_free(n);
    CHECK_IS(sigaction(SIGWINCH, &dfl, NULL), 0);
    weir_ctx_unref(ctx);
}

/* A system call that the handler interrupts goes on. */
static void kill_slowly(void *arg, size_t index) {
    int *fds = arg;
    char c = 1;
    if (index == 0) {
        CHECK_IS(read(fds[0], &c, 1), 1);
        return;
    }
    sleep_ms(5);
    (void)kill(getpid(), SIGUSR1);
    sleep_ms(5);
    CHECK_IS(write(fds[1], &c, 1), 1);
}

static void notify4_restarts(void) {
    int fds[2];
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    weir_notify *n = open_notify(ctx, SIGUSR1, 0);
    CHECK_IS(pipe(fds), 0);
    team_run(2, kill_slowly, fds);
    ctx_ends(ctx);
    (void)close(fds[0]);
    (void)close(fds[1]);
    weir_notify_free(n);
    weir_ctx_unref(ctx);
}

/* ---- what is refused --------------------------------------------------------------------------------------- */

static void refuse(weir_ctx *ctx, const int *signals, size_t n, unsigned flags, int code) {
    weir_notify *out = (weir_notify *)(void *)&code;
    CHECK_IS(weir_notify_new(&out, ctx, signals, n, flags), code);
    CHECK(!out, "something came");
}

static void bad_arguments(void) {
    static const int bad[] = { 0, -1, 65, SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, 32 };
    struct sigaction now;
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    int sig = SIGUSR1;
    CHECK_IS(weir_notify_new(NULL, ctx, &sig, 1, 0), WEIR_EINVAL);
    refuse(NULL, &sig, 1, 0, WEIR_EINVAL);
    refuse(weir_ctx_background(), &sig, 1, 0, WEIR_EINVAL);
    refuse(ctx, NULL, 1, 0, WEIR_EINVAL);
    refuse(ctx, &sig, 0, 0, WEIR_EINVAL);
    refuse(ctx, &sig, 1, 2, WEIR_EINVAL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refuse(ctx, (int[]){ SIGUSR1, bad[i] }, 2, 0, WEIR_EINVAL);
    CHECK_IS(sigaction(SIGUSR1, NULL, &now), 0);
    CHECK(now.sa_handler == SIG_DFL, "a handler stayed");
    weir_notify_free(NULL);
    CHECK_IS(weir_notify_signal(NULL), 0);
    weir_ctx_unref(ctx);
}

/* One signal named twice, and many registrations, which come and go. */
static void many(void) {
    enum { N = 50 };
    weir_ctx *ctx[N];
    weir_notify *n[N];
    for (int i = 0; i < N; i++) {
        ctx[i] = ctx_open(NULL, WEIR_FOREVER);
        CHECK_IS(weir_notify_new(&n[i], ctx[i], (int[]){ SIGUSR1, SIGUSR2, SIGUSR1 }, 3, 0), 0);
    }
    for (int i = 0; i < N; i += 2) weir_notify_free(n[i]);
    CHECK_IS(raise(SIGUSR2), 0);
    for (int i = 0; i < N; i++) {
        if (i % 2) ctx_ends(ctx[i]);
        CHECK_IS(weir_ctx_err(ctx[i]), i % 2 ? WEIR_ECANCELED : 0);
        if (i % 2) weir_notify_free(n[i]);
        weir_ctx_unref(ctx[i]);
    }
}

static const struct test tests[] = {
    { "NOTIFY1 a named signal cancels the context, and the cause names it", notify1_cause },
    { NOTIFY1_SECOND, notify1_second },
    { NOTIFY1_THIRD, notify1_third },
    { "NOTIFY2 release restores actions and masks", notify2_restores },
    { "NOTIFY2 release leaves alone what somebody else has put there", notify2_leaves },
    { "NOTIFY2 release beside a handler that takes the default action", notify2_late },
    { "NOTIFY2 a registration, or a release, beside a handler that took it", notify2_default },
    { "NOTIFY3 two contexts on one signal are both cancelled", notify3_two },
    { "NOTIFY3 a storm of 10,000: no waiting context is forgotten", notify3_storm },
    { "NOTIFY3 a storm of 10,000 of another signal", notify3_beside },
    { "NOTIFY4 other signals and later threads are as they were", notify4_others },
    { "NOTIFY4 interrupted system calls go on", notify4_restarts },
    { NOTIFY_FORK, notify_fork },
    { NOTIFY_FORK_SAME, notify_fork_same },
    { "NOTIFY bad arguments are refused, and nothing is kept", bad_arguments },
    { "NOTIFY many registrations, and a signal named twice", many },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "notify", tests, sizeof tests / sizeof *tests);
}
