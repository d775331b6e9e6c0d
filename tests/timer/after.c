/* SPDX-License-Identifier: MIT */
/* tests/timer/after.c - functions that weir calls: of timers (T08), of contexts (X18, X21), and the threads that
 * call them. */
#include "cases.h"

#include <dirent.h>
#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/child.h"

/* ---- a function that says what has happened -------------------------------------------------------------- */

struct called {
    weir_au32 times, on_caller; /* on_caller: in the thread that made it, which it must not be */
    pthread_t caller;
    weir_time at;          /* not before */
    sem_t begun, go, gone; /* one that blocks says so when it does no more */
    bool blocks;
    weir_timer *own; /* T08: what frees itself */
};

static void called_init(struct called *c, weir_time at, bool blocks) {
    *c = (struct called){ .caller = pthread_self(), .at = at, .blocks = blocks };
    (void)sem_init(&c->begun, 0, 0);
    (void)sem_init(&c->go, 0, 0);
    (void)sem_init(&c->gone, 0, 0);
}
static void down(sem_t *s) {
    while (sem_wait(s) != 0) continue;
}
static bool soon(sem_t *s) {
    for (int i = 0; i < 20000; i++) {
        if (sem_trywait(s) == 0) return true;
        sleep_ms(1);
    }
    return CHECK(false, "the function is not called");
}
static void note(void *arg) {
    struct called *c = arg;
    weir_time now = weir_now();
    CHECK(now >= c->at, "%lld ns early", (long long)(c->at - now));
    if (pthread_equal(pthread_self(), c->caller)) (void)weir_fetch_add_relaxed(&c->on_caller, 1);
    (void)weir_fetch_add_relaxed(&c->times, 1);
    bool blocks = c->blocks; /* else the test may be over now */
    (void)sem_post(&c->begun);
    if (!blocks) return;
    down(&c->go);
    (void)sem_post(&c->gone);
}
/* It was called n times, and is not called again. */
static void called_times(struct called *c, unsigned n) {
    sleep_ms(2);
    CHECK_IS(weir_load_relaxed(&c->times), n);
    CHECK_IS(weir_load_relaxed(&c->on_caller), 0);
}

static weir_timer *timer_calls(weir_time at, struct called *c) {
    weir_timer *t = NULL;
    CHECK_IS(weir_timer_new_func(&t, at, note, c), 0);
    return t;
}
static weir_ctx *ctx_until(weir_ctx *parent, weir_time deadline) {
    weir_ctx *ctx = NULL;
    CHECK_IS(weir_ctx_new(&ctx, parent, deadline), 0);
    return ctx;
}

/* ---- T08 ------------------------------------------------------------------------------------------------- */

void t08_calls(void) {
    struct called c;
    weir_time at = weir_after(2 * MS);
    called_init(&c, at, false);
    weir_timer *t = timer_calls(at, &c);
    CHECK(!weir_timer_waitable(t), "a waitable");
    soon(&c.begun);
    called_times(&c, 1);
    CHECK_IS(weir_timer_stop(t), 0); /* too late */
    CHECK_IS(weir_timer_reset(t, c.at = weir_after(MS)), 0);
    soon(&c.begun); /* again */
    called_times(&c, 2);
    CHECK_IS(weir_timer_reset(t, weir_after(3600000 * MS)), 0);
    CHECK_IS(weir_timer_reset(t, c.at = weir_now()), 1); /* sooner, and at once */
    soon(&c.begun);
    /* Far enough for a thread that is kept from the processor between two lines. */
    CHECK_IS(weir_timer_reset(t, weir_after(250 * MS)), 0);
    CHECK_IS(weir_timer_reset(t, c.at = weir_after(260 * MS)), 1); /* later */
    soon(&c.begun);
    CHECK_IS(weir_timer_reset(t, weir_after(250 * MS)), 0);
    CHECK_IS(weir_timer_stop(t), 1);
    CHECK_IS(weir_timer_stop(t), 0);
    CHECK_IS(weir_timer_reset(t, weir_after(250 * MS)), 0);
    CHECK_IS(weir_timer_free(t), 0); /* prevents it */
    sleep_ms(260);
    called_times(&c, 4);
}

void t08_stop_does_not_wait(void) {
    struct called c, other;
    called_init(&c, 0, true);
    called_init(&other, 0, false);
    weir_timer *t = timer_calls(WEIR_NOW, &c), *u = timer_calls(WEIR_FOREVER, &other);
    soon(&c.begun);
    CHECK_IS(weir_timer_stop(t), 0); /* or this would not return */
    CHECK_IS(weir_timer_reset(u, weir_now()), 0);
    soon(&other.begun); /* nor does it delay others */
    CHECK_IS(weir_timer_reset(t, weir_now()), 0);
    soon(&c.begun); /* nor its own next */
    CHECK_IS(weir_timer_free(t), 0);
    CHECK_IS(weir_timer_free(u), 0);
    (void)sem_post(&c.go), (void)sem_post(&c.go);
    down(&c.gone), down(&c.gone);
    called_times(&c, 2);
    called_times(&other, 1);
}

void t08_stop_races(void) {
    unsigned prevented = 0;
    for (size_t k = times(200); k > 0 && checks_hold(); k--) {
        struct called c;
        weir_time at = weir_after(MS / 10);
        called_init(&c, at, false);
        weir_timer *t = timer_calls(at, &c);
        while (weir_now() < at + (weir_time)rng_below(100000) - 20000) continue;
        int stopped = weir_timer_stop(t);
        CHECK(stopped == 0 || stopped == 1, "%d", stopped);
        prevented += stopped == 1;
        if (stopped == 0) soon(&c.begun);
        CHECK_IS(weir_timer_free(t), 0);
        CHECK_IS(weir_load_relaxed(&c.times), stopped == 0);
    }
    CHECK(prevented > 0, "never was a stop in time");
}

#define MANY 500
struct many {
    weir_timer *t;
    weir_time at;
    weir_au32 times;
};
static void note_many(void *arg) {
    struct many *m = arg;
    weir_time now = weir_now();
    CHECK(now >= m->at, "%lld ns early", (long long)(m->at - now));
    (void)weir_fetch_add_relaxed(&m->times, 1);
}

/* The heap: many, set and stopped in any order; those that were not stopped are called once each. */
void t08_many(void) {
    static struct many m[MANY];
    unsigned stopped = 0, called = 0, want[MANY];
    for (size_t i = 0; i < MANY; i++) {
        m[i] = (struct many){ .at = weir_after(10 * MS + (int64_t)rng_below(20 * MS)) };
        CHECK_IS(weir_timer_new_func(&m[i].t, m[i].at, note_many, &m[i]), 0);
    }
    for (size_t i = 0; i < MANY; i++) {
        want[i] = 1;
        if (rng_below(3) == 0) {
            want[i] = weir_timer_stop(m[i].t) != 1;
            stopped += !want[i];
        } else if (rng_below(2) && weir_timer_stop(m[i].t) == 1) {
            m[i].at = weir_after(10 * MS + (int64_t)rng_below(20 * MS));
            CHECK_IS(weir_timer_reset(m[i].t, m[i].at), 0);
        }
    }
    weir_time end = weir_after(20000 * MS);
    for (bool all = false; !all && weir_now() < end; sleep_ms(1)) {
        called = 0;
        all = true;
        for (size_t i = 0; i < MANY; i++) {
            called += weir_load_relaxed(&m[i].times);
            all = all && weir_load_relaxed(&m[i].times) == want[i];
        }
    }
    CHECK(called == MANY - stopped, "%u of %u were called, %u stopped", called, MANY, stopped);
    for (size_t i = 0; i < MANY; i++) {
        CHECK_IS(weir_load_relaxed(&m[i].times), want[i]);
        CHECK_IS(weir_timer_free(m[i].t), 0);
    }
}

static void free_itself(void *arg) {
    struct called *c = arg;
    down(&c->go);
    CHECK_IS(weir_timer_free(c->own), 0);
    (void)sem_post(&c->begun);
}

void t08_frees_itself(void) {
    struct called c;
    weir_timer *t = NULL;
    called_init(&c, 0, false);
    CHECK_IS(weir_timer_new_func(&t, WEIR_NOW, free_itself, &c), 0);
    c.own = t;
    (void)sem_post(&c.go);
    soon(&c.begun);
    count_misuse();
    CHECK_IS(weir_timer_new_func(&t, 1, NULL, NULL), WEIR_EINVAL);
    CHECK(!t, "*out is not NULL");
    CHECK_IS(weir_timer_new_func(NULL, 1, note, &c), WEIR_EINVAL);
    t = timer_calls(WEIR_FOREVER, &c);
    CHECK_IS(weir_timer_wait(t, WEIR_NOW, NULL), WEIR_EINVAL);
    CHECK_IS(weir_timer_free(t), 0);
    CHECK_IS(misuse_counted(), 2);
}

/* ---- X18 ------------------------------------------------------------------------------------------------- */

void x18_once(void) {
    for (int k = 0; k < 4; k++) { /* cancelled, from above, by the clock, before */
        struct called c;
        weir_after_func *a = NULL;
        weir_ctx *p = ctx_until(NULL, WEIR_FOREVER);
        weir_time at = k == 2 ? weir_after(2 * MS) : WEIR_FOREVER;
        weir_ctx *ctx = ctx_until(p, at);
        called_init(&c, k == 2 ? at : 0, false);
        if (k == 3) CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
        CHECK_IS(weir_ctx_after_func(ctx, note, &c, &a), 0);
        if (k < 2) {
            called_times(&c, 0);
            CHECK_IS(weir_ctx_cancel(k ? p : ctx, 0), 0);
        }
        soon(&c.begun);
        CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
        CHECK_IS(weir_ctx_cancel(p, 0), 0);
        called_times(&c, 1);
        CHECK_IS(weir_after_func_stop(a), 0);
        weir_after_func_free(a);
        weir_ctx_unref(ctx);
        weir_ctx_unref(p);
    }
}

void x18_stop(void) {
    struct called c;
    weir_after_func *a = NULL, *b = NULL;
    weir_ctx *ctx = ctx_until(NULL, weir_after(3600000 * MS));
    called_init(&c, 0, false);
    CHECK_IS(weir_ctx_after_func(ctx, note, &c, &a), 0);
    CHECK_IS(weir_ctx_after_func(ctx, note, &c, &b), 0);
    CHECK_IS(weir_after_func_stop(a), 1);
    CHECK_IS(weir_after_func_stop(a), 0);
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    soon(&c.begun);
    called_times(&c, 1); /* b's */
    weir_after_func_free(a);
    weir_after_func_free(b);
    weir_ctx_unref(ctx);
    /* stop does not wait */
    ctx = ctx_until(NULL, WEIR_FOREVER);
    called_init(&c, 0, true);
    CHECK_IS(weir_ctx_after_func(ctx, note, &c, &a), 0);
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0); /* nor does cancel: X19 */
    soon(&c.begun);
    CHECK_IS(weir_after_func_stop(a), 0);
    weir_after_func_free(a);
    weir_ctx_unref(ctx);
    (void)sem_post(&c.go);
    down(&c.gone);
    called_times(&c, 1);
}

/* Without a handle, with a handle that was given back, with a context that is given back, and with none. */
void x18_references(void) {
    struct called c;
    weir_after_func *a = NULL;
    called_init(&c, 0, false);
    for (int k = 0; k < 2; k++) {
        weir_ctx *p = ctx_until(NULL, WEIR_FOREVER), *ctx = ctx_until(p, WEIR_FOREVER);
        CHECK_IS(weir_ctx_after_func(ctx, note, &c, k ? &a : NULL), 0);
        if (k) weir_after_func_free(a);
        weir_ctx_unref(ctx); /* the function keeps it */
        CHECK_IS(weir_ctx_cancel(p, 0), 0);
        weir_ctx_unref(p);
        soon(&c.begun);
    }
    called_times(&c, 2);
    for (int k = 0; k < 2; k++) {
        weir_ctx *none = k ? weir_ctx_background() : NULL;
        CHECK_IS(weir_ctx_after_func(none, note, &c, NULL), 0);
        CHECK_IS(weir_ctx_after_func(none, note, &c, &a), 0);
        weir_after_func_free(a);
        CHECK_IS(weir_ctx_after_func(none, note, &c, &a), 0);
        CHECK_IS(weir_after_func_stop(a), 1);
        CHECK_IS(weir_after_func_stop(a), 0);
        weir_after_func_free(a);
    }
    count_misuse();
    CHECK_IS(weir_ctx_after_func(NULL, NULL, NULL, &a), WEIR_EINVAL);
    CHECK(!a, "*out is not NULL");
    CHECK_IS(weir_after_func_stop(NULL), WEIR_EINVAL);
    weir_after_func_free(NULL);
    CHECK_IS(misuse_counted(), 2);
    called_times(&c, 2);
}

struct race {
    weir_ctx *ctx;
    weir_after_func *a;
    struct called c;
    uint64_t plain;
    size_t late; /* which of the two comes late, on the whole */
    bool surely; /* and this time for sure */
    int stopped;
    weir_au32 over;
};

static void read_plain(void *arg) {
    struct race *r = arg;
    CHECK_IS(r->plain, 1); /* what came before the cancel; under ThreadSanitizer above all */
    note(&r->c);
}

static void race_member(void *arg, size_t i) {
    struct race *r = arg;
    weir_time at = weir_after(i == r->late ? (int64_t)rng_below(200000) : 0);
    if (r->surely && i == r->late && i == 1)
        while (weir_load_relaxed(&r->c.times) == 0) sleep_ms(1);
    if (r->surely && i == r->late && i == 0)
        while (!weir_load_acquire(&r->over, 0)) sleep_ms(1);
    while (weir_now() < at) weir_pause();
    if (i == 0) {
        r->plain = 1;
        CHECK_IS(weir_ctx_cancel(r->ctx, 0), 0);
    } else {
        r->stopped = weir_after_func_stop(r->a);
        weir_store_release(&r->over, 1, 0);
    }
}

void x18_races(void) {
    unsigned prevented = 0, n = 0;
    for (size_t k = times(200); k > 0 && checks_hold(); k--, n++) {
        struct race r = { .ctx = ctx_until(NULL, WEIR_FOREVER), .late = k % 2, .surely = k <= 2 };
        called_init(&r.c, 0, false);
        CHECK_IS(weir_ctx_after_func(r.ctx, read_plain, &r, &r.a), 0);
        team_run(2, race_member, &r);
        if (r.stopped == 0) soon(&r.c.begun);
        CHECK_IS(weir_load_relaxed(&r.c.times), r.stopped != 1);
        prevented += r.stopped == 1;
        weir_after_func_free(r.a);
        weir_ctx_unref(r.ctx);
    }
    CHECK(prevented > 0 && prevented < n, "stop was in time %u times of %u", prevented, n);
}

/* ---- X21 ------------------------------------------------------------------------------------------------- */

struct inside {
    weir_ctx *ctx;
    struct called c;
    weir_after_func *second;
};

static void cancel_and_derive(void *arg) {
    struct inside *s = arg;
    weir_ctx *child = ctx_until(s->ctx, WEIR_FOREVER);
    CHECK_IS(weir_ctx_cancel(s->ctx, 3), 0);
    CHECK(weir_ctx_err(child) < 0, "the child goes on");
    CHECK_IS(weir_ctx_after_func(child, note, &s->c, &s->second), 0); /* from within */
    soon(&s->c.begun);                                                /* and it may wait for that */
    weir_after_func_free(s->second);
    weir_ctx_unref(child);
    weir_ctx_unref(s->ctx);
    (void)sem_post(&s->c.go);
}

void x21_inside(void) {
    for (int k = 0; k < 2; k++) { /* by a cancel, by the clock */
        struct inside s = { .ctx = ctx_until(NULL, k ? weir_after(MS) : WEIR_FOREVER) };
        weir_ctx *mine = weir_ctx_ref(s.ctx);
        called_init(&s.c, 0, false);
        CHECK_IS(weir_ctx_after_func(mine, cancel_and_derive, &s, NULL), 0);
        if (!k) CHECK_IS(weir_ctx_cancel(mine, 1), 0);
        down(&s.c.go);
        called_times(&s.c, 1);
        CHECK_IS(weir_ctx_cause(mine), k ? WEIR_ETIMEDOUT : 1);
        weir_ctx_unref(mine);
    }
}

/* ---- the threads ------------------------------------------------------------------------------------------ */

static unsigned threads(void) {
    unsigned n = 0;
    DIR *d = opendir("/proc/self/task");
    CHECK(d, "no /proc");
    if (!d) return 0;
    while (readdir(d)) n++;
    (void)closedir(d);
    return n;
}

/* Threads come with the first timer that needs one, and go a while after the last. */
void threads_end(void) {
    struct called c[8];
    weir_timer *t[8];
    for (int i = 0; i < 2000 && threads() > 3; i++)
        sleep_ms(1); /* of earlier tests; "." and ".." count */
    unsigned before = threads();
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < 8; i++) {
            called_init(&c[i], 0, true);
            t[i] = timer_calls(WEIR_NOW, &c[i]);
        }
        for (int i = 0; i < 8; i++) soon(&c[i].begun); /* all run at once */
        CHECK(threads() >= before + 8, "%u threads", threads() - before);
        for (int i = 0; i < 8; i++) (void)sem_post(&c[i].go), CHECK_IS(weir_timer_free(t[i]), 0);
        for (int i = 0; i < 8; i++) down(&c[i].gone);
        for (int i = 0; i < 5000 && threads() > before; i++) sleep_ms(1);
        CHECK_IS(threads(), before);
    }
}

/* The process ends while a thread waits for a timer and another is in a callback; so does a child of a fork. */
static void end_with_threads(void) {
    static struct called c;
    called_init(&c, 0, true);
    static weir_timer *t[2]; /* not freed */
    t[0] = timer_calls(weir_after(3600000 * MS), &c);
    t[1] = timer_calls(WEIR_NOW, &c);
    CHECK(t[0] && t[1], "no timers");
    soon(&c.begun);
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) exit(7);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7, "status 0x%x", (unsigned)status);
}

void ends_with_threads(void) {
    if (child_rights())
        end_with_threads();
    else
        child_passes(EXIT_NAME, CHILD_FRESH);
}
