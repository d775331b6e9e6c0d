/* SPDX-License-Identifier: MIT */
/* lib/waits.c - see waits.h and weir/debug.h.
 *
 * Memory safety of the walk. Thread records are never given back, and slabs of them are only added, in front: so the
 * records can be walked without a lock. Of a record only `quiet`, `waits` and `tid` are read. What a thread waits for
 * stands on its stack, and is read only by who holds the lock `quiet` of its record:
 *
 * Invariants
 *   I1  a thread holds its own `quiet` but for the time between enter and leave; so does, for nobody, a record without
 *       a thread. `waits` is set when it is given back by enter, and names things that stay until leave.
 *   I2  who walks takes `quiet` without waiting (weir__lock_try): if it cannot, the thread does not wait, or is
 *       about to leave. If it can, leave waits until it is given back. So a waiter is kept from going on for as long
 *       as one description takes, which writes to memory: printing comes after.
 *   I3  those who walk do so one at a time, under `walking`, so that none takes the other for a thread that runs.
 * Progress   who waits pays one exchange before it parks and one compare-and-swap after, on a line of its own; nobody
 *            else pays anything. enter is wait-free; leave blocks while it is described.
 * Ordering   LOCK_L3 in enter -> LOCK_L4: what w names is seen; LOCK_L3 of who walks -> LOCK_L1, LOCK_L2 in leave:
 *            the walker's last look comes before the memory is used again. */
#include "waits.h"

#include "base.h"
#include "fd.h"
#include "lock.h"
#include "service.h"
#include "wait.h"

#include <weir/debug.h>

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

#define CASES_SHOWN 16

void weir__waits_enter(struct weir__thread *t, const struct weir__waits *w) {
    t->waits = w;
    weir__unlock(&t->quiet);
    if (WEIR_UNLIKELY(t->blocks && t->task)) t->blocks(t->worker, true);
}

void weir__waits_leave(struct weir__thread *t) {
    weir__lock(&t->quiet);
    if (WEIR_UNLIKELY(t->blocks && t->task)) t->blocks(t->worker, false);
}

/* Relaxed: a count of the moment. */
static weir_asize spawned_now;

/* The explorer would take the count for a step of the algorithm. */
#ifdef WEIR_MODEL
static void count_spawned(size_t n) { (void)n; }
#else
static void count_spawned(size_t n) { (void)weir_fetch_add_relaxed(&spawned_now, n); }
#endif

void weir__spawn(void) { count_spawned(1); }
void weir__spawn_begin(struct weir__thread *self) {
    if (self) self->spawned = true;
}
void weir__spawn_end(struct weir__thread *self) {
    if (self) self->spawned = false;
    count_spawned((size_t)-1);
}

/* ---- the walk -------------------------------------------------------------------------------------------- */

static struct weir__lock walking;

struct walk {
    void (*fn)(const struct weir__thread *t, void *arg);
    void *arg;
};

static void visit(struct weir__thread *t, void *arg) {
    const struct walk *walk = arg;
    if (!weir__lock_try(&t->quiet)) return;
    walk->fn(t, walk->arg);
    weir__unlock(&t->quiet);
}

void weir__waits_each(void (*fn)(const struct weir__thread *t, void *arg), void *arg) {
    struct walk walk = { fn, arg };
    weir__thread_each(visit, &walk);
}

/* ---- words ----------------------------------------------------------------------------------------------- */

/* One thread's description, which fits; else what does not would be left out. */
struct text {
    FILE *out;
    const char *before;
    size_t threads, spawned, len; /* spawned: of the threads */
    char bytes[8192];
};

__attribute__((format(printf, 2, 3))) static void say(struct text *x, const char *fmt, ...) {
    size_t room = sizeof x->bytes - x->len;
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(x->bytes + x->len, room, fmt, args);
    va_end(args);
    if (n > 0) x->len += (size_t)n < room ? (size_t)n : room - 1;
}

static void say_time(struct text *x, const char *before, int64_t ns) {
    say(x, "%s%lld.%06d s", before, (long long)(ns / 1000000000), (int)(ns % 1000000000 / 1000));
}

static void say_case(struct text *x, const struct weir__node *n) {
    struct weir__about a = { "object", NULL, NULL };
    if (!n->on) {
        say(x, "%s  nothing: a case that is never ready\n", x->before);
        return;
    }
    if (n->on->ops->about) n->on->ops->about(n->on, &a);
    say(x, "%s  %s%s %s", x->before, n->look ? "looks whether it could " : "",
        n->op == WEIR_SEND ? "send to" : "receive from", a.kind);
    if (a.name) say(x, " \"%.60s\"", a.name);
    say(x, " %p", (const void *)n->on);
    if (a.made && a.made->file) say(x, ", made at %.200s:%d", a.made->file, a.made->line);
    say(x, "\n");
}

static void describe(const struct weir__thread *t, void *arg) {
    struct text *x = arg;
    const struct weir__waits *w = t->waits;
    weir_time now = weir__os_now();
    x->threads++;
    x->spawned += t->spawned;
    say(x, "%sthread %u waits", x->before, t->tid);
    say_time(x, ", since ", now > w->since ? now - w->since : 0);
    if (w->deadline != WEIR_FOREVER)
        say_time(x, ", for at most ", w->deadline > now ? w->deadline - now : 0);
    if (!w->what) say(x, ", %zu %s", w->n, w->n == 1 ? "case" : "cases");
    say(x, "\n");
    if (w->what) say(x, "%s  %s %p\n", x->before, w->what, w->object);
    for (size_t i = 0; !w->what && i < w->n && i < CASES_SHOWN; i++) say_case(x, &w->nodes[i]);
    if (!w->what && w->n > CASES_SHOWN) say(x, "%s  and %zu more\n", x->before, w->n - CASES_SHOWN);
    if (w->ctx) say(x, "%s  or until context %p ends\n", x->before, (const void *)w->ctx);
}

static void print(struct text *x) {
    if (x->len) (void)fwrite(x->bytes, 1, x->len, x->out);
    x->len = 0;
}

/* Between two records nothing is held but `walking`. */
static void visit_and_print(struct weir__thread *t, void *arg) {
    struct text *x = arg;
    struct walk walk = { describe, x };
    visit(t, &walk);
    print(x);
}

static size_t print_waiters(FILE *out, const char *before, size_t *spawned) {
    static struct text text; /* under walking */
    weir__lock(&walking);
    text.out = out;
    text.before = before;
    text.threads = text.spawned = 0;
    weir__thread_each(visit_and_print, &text);
    size_t n = text.threads;
    *spawned = text.spawned;
    weir__unlock(&walking);
    return n;
}

/* ---- the calls ------------------------------------------------------------------------------------------- */

/* The file's lock before `walking`, as a caller may hold it already; and fwrite is a cancellation point, at which a
 * thread would leave with both. */
static int begin(FILE *out) {
    int cancel;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    flockfile(out);
    return cancel;
}
static void end(FILE *out, int cancel) {
    funlockfile(out);
    (void)pthread_setcancelstate(cancel, NULL);
}

int weir_waiters_dump(FILE *out) {
    if (!out) return weir__misuse("weir_waiters_dump", "no file");
    int saved = errno, cancel = begin(out);
    size_t spawned, n = print_waiters(out, "", &spawned);
    (void)fprintf(out, "%zu %s\n", n, n == 1 ? "thread waits" : "threads wait");
    end(out, cancel);
    errno = saved;
    return 0;
}

int weir_leak_check(void) {
    struct weir__service_state s;
    int saved = errno, cancel = begin(stderr);
    size_t waiting, n = print_waiters(stderr, "weir: leak: ", &waiting);
    size_t all = weir_load_relaxed(&spawned_now), busy = all > waiting ? all - waiting : 0;
    weir__service_look(&s);
    size_t idle = s.open ? s.threads - s.running : 0;
    for (size_t i = 0; i < s.running; i++)
        (void)fprintf(stderr, "weir: leak: a thread of weir runs a callback\n");
    for (size_t i = 0; i < idle; i++)
        (void)fprintf(stderr, "weir: leak: a thread of weir waits to call %zu callbacks\n", s.open);
    for (size_t i = 0; i < busy; i++)
        (void)fprintf(stderr,
                      "weir: leak: a thread of weir_go, of a group or of a pool is there\n");
    size_t fds = weir__fd_open();
    if (fds)
        (void)fprintf(stderr, "weir: leak: a thread of weir waits for %zu file descriptors\n", fds);
    end(stderr, cancel);
    errno = saved;
    n += s.running + idle + busy + (fds > 0);
    return n < INT32_MAX ? (int)n : INT32_MAX;
}

void weir_made_at_(weir_waitable *on, const char *file, int line) {
    struct weir__about a = { NULL, NULL, NULL };
    if (on && on->ops->about) on->ops->about(on, &a);
    if (a.made) *a.made = (struct weir__made){ file, line };
}
