/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/threads.c - threads that come and go, and processes.
 *
 * churn    short threads and short rings: each ring has a thread of its own that pushes into it and ends;
 *          records of ended threads are used again, so that there are never more than threads at once
 * killed   pthread_cancel (deferred) meets a thread that sleeps in a pop: that is no place where it acts, so
 *          the call ends in its own way and no element is lost. (The first wait of a thread, which makes
 *          its record, comes before: it may call what the system does cancel.)
 * alloc    every allocation of a new ring refused in turn, by many threads at once; and drop, which is
 *          called with no lock held, uses another ring
 * fork     a process is copied while others are inside rings; the copy, and its copy, and that one's,
 *          use a ring that nobody else was inside of */
#include "body.h"
#include "verbs.h"

#include "../../../lib/thread.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif
#if !defined(UNDER_TSAN)
#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#else
#define UNDER_TSAN 0
#endif
#endif

struct threads {
    const struct ring_kind *kind;
    unsigned n;
    void *shared, *own; /* of fork */
    weir_au64 done;     /* rings, or processes */
};

static int threads_setup(void *state, struct weir_stress *run) {
    struct threads *s = state;
    s->kind = body_of(run)->kind;
    s->n = weir_stress_threads(run);
    return 0;
}

static void threads_finish(void *state) {
    struct threads *s = state;
    size_t most = 2 * (size_t)s->n + 2, records = weir__thread_records();
    weir_stress_count_of("done", weir_load_relaxed(&s->done));
    weir_stress_count_of("records", records);
    weir_stress_check(records <= (most + 31) / 32 * 32,
                      "%zu records of threads, though at most %zu were alive", records, most);
}

/* ---- a thread for one ring --------------------------------------------------------------------------- */

struct child {
    const struct ring_kind *kind;
    void *ring;
    uint64_t n; /* elements, or what was popped */
    pthread_t thread;
    weir_au32 ended;
};

static bool has_ended(void *arg) {
    return weir_load_acquire(&((struct child *)arg)->ended, 0) != 0;
}

static void join(struct child *c, struct weir_stress_worker *w) {
    weir_stress_waits(w, has_ended, c, WEIR_FOREVER, "the thread that it made has ended");
    (void)pthread_join(c->thread, NULL);
    weir_stress_waited(w);
}

/* False: the system has no thread to give at the moment. */
static bool start(struct child *c, void *(*fn)(void *)) {
    weir_init_atomic(&c->ended, 0);
    if (pthread_create(&c->thread, NULL, fn, c) == 0) return true;
    (void)sched_yield();
    return false;
}

static void *push_all(void *arg) {
    struct child *c = arg;
    for (uint64_t i = 0; i < c->n; i++) {
        int rc = c->kind->push_wait(c->ring, &i, WEIR_FOREVER);
        weir_stress_check(rc == 0, "push: %d", rc);
    }
    weir_stress_check(c->kind->close(c->ring) == 0, "close was not the first");
    weir_store_release(&c->ended, 1, 0);
    return NULL;
}

static void one_ring(struct threads *s, struct weir_stress_worker *w) {
    struct weir_ring_opts o = WEIR_RING_OPTS(1 + weir_stress_random(w, 2), sizeof(uint64_t));
    struct child child = { .kind = s->kind, .n = weir_stress_random(w, 8) };
    struct tally t = { 0 };
    uint64_t got = 0, v;
    if (!weir_stress_check(s->kind->make(&child.ring, &o) == 0, "no ring")) return;
    struct caller c = { s->kind, child.ring, o.cap, sizeof v, w, &t };
    if (start(&child, push_all)) {
        while (call_pop(&c, HOW_WAIT, &v, 0) == 1) {
            weir_stress_check(v == got, "element %llu came instead of %llu", (unsigned long long)v,
                              (unsigned long long)got);
            got++;
        }
        join(&child, w);
        weir_stress_check(got == child.n, "lost: %llu of %llu elements came",
                          (unsigned long long)got, (unsigned long long)child.n);
        (void)weir_fetch_add_relaxed(&s->done, 1);
    }
    weir_stress_check(s->kind->free(child.ring) == 0, "the ring cannot be ended");
}

static void churn_thread(void *state, struct weir_stress_worker *w) {
    weir_stress_role(w, "parent");
    while (weir_stress_more(w)) one_ring(state, w);
}

/* ---- cancelled while it sleeps ----------------------------------------------------------------------- */

static void *pop_cancelled(void *arg) {
    struct child *c = arg;
    uint64_t v = 0;
    int old;
    int rc = c->kind->pop_wait(c->ring, &v, WEIR_FOREVER);
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old); /* it is still pending */
    weir_stress_check(rc == 0, "pop: %d", rc);
    c->n = v;
    weir_store_release(&c->ended, 1, 0);
    return NULL;
}

static void killed_thread(void *state, struct weir_stress_worker *w) {
    struct threads *s = state;
    weir_stress_role(w, "killer");
    while (weir_stress_more(w)) {
        struct weir_ring_opts o = WEIR_RING_OPTS(1, sizeof(uint64_t));
        struct child child = { .kind = s->kind };
        uint64_t v = 4711;
        if (!weir_stress_check(s->kind->make(&child.ring, &o) == 0, "no ring")) return;
        if (start(&child, pop_cancelled)) {
            for (uint64_t i = weir_stress_random(w, 20000); i > 0; i--) weir_pause();
            (void)pthread_cancel(child.thread);
            weir_stress_check(s->kind->push(child.ring, &v) == 0, "a new ring takes no element");
            join(&child, w);
            weir_stress_check(child.n == v, "lost: the cancelled thread has no element");
            (void)weir_fetch_add_relaxed(&s->done, 1);
        }
        weir_stress_check(s->kind->free(child.ring) == 0, "the ring cannot be ended");
    }
}

/* ---- no memory --------------------------------------------------------------------------------------- */

struct ledger_of_blocks {
    struct weir_alloc as;
    unsigned asked, refuse, out;
};

static void *get(void *self, size_t size, size_t align) {
    struct ledger_of_blocks *l = self;
    void *p = NULL;
    if (++l->asked == l->refuse || posix_memalign(&p, align < 8 ? 8 : align, size) != 0)
        return NULL;
    l->out++;
    return p;
}
static void give(void *self, void *p, size_t size, size_t align) {
    struct ledger_of_blocks *l = self;
    weir_stress_check(size > 0 && (uintptr_t)p % align == 0, "not the block that was asked for");
    l->out--;
    free(p);
}

/* What is dropped goes into another ring: the callback may use the library. */
struct grave {
    const struct ring_kind *kind;
    void *ring;
    unsigned drops;
};

static void bury(void *elem, void *arg) {
    struct grave *g = arg;
    g->drops++;
    weir_stress_check(g->kind->push(g->ring, elem) == 0, "drop cannot push into another ring");
}

/* A ring that can be made is used; what the allocator gave comes back in any case. */
static bool made(const struct ring_kind *k, struct ledger_of_blocks *l) {
    uint64_t v = 5;
    void *ring = &v;
    struct weir_ring_opts o = WEIR_RING_OPTS(3, sizeof v);
    struct grave g = { .kind = k };
    if (!weir_stress_check(k->make(&g.ring, &o) == 0, "no ring")) return true;
    o.alloc = &l->as;
    o.drop = bury;
    o.drop_arg = &g;
    int rc = k->make(&ring, &o);
    if (rc < 0) {
        (void)k->free(g.ring);
        weir_stress_check(rc == WEIR_ENOMEM && !ring && l->out == 0,
                          "new without memory: %d, %u blocks are out", rc, l->out);
        return false;
    }
    for (int i = 0; i < 3; i++) weir_stress_check(k->push(ring, &v) == 0, "push");
    weir_stress_check(k->push(ring, &v) == WEIR_EAGAIN, "four elements in a ring of three");
    weir_stress_check(k->pop(ring, &v) == 0 && v == 5, "pop");
    weir_stress_check(k->free(ring) == 0 && g.drops == 2 && l->out == 0,
                      "%u blocks are out after free, drop was called %u times", l->out, g.drops);
    weir_stress_check(k->len(g.ring) == 2 && k->free(g.ring) == 0, "what was dropped is not there");
    return true;
}

static void alloc_thread(void *state, struct weir_stress_worker *w) {
    struct threads *s = state;
    weir_stress_role(w, "maker");
    while (weir_stress_more(w)) {
        struct ledger_of_blocks l = { .as = { get, give, &l } };
        do l.asked = 0, l.refuse++;
        while (!made(s->kind, &l) && l.refuse < 100);
        weir_stress_check(l.refuse > 1, "the first allocation was refused and not noticed");
        (void)weir_fetch_add_relaxed(&s->done, 1);
    }
}

/* ---- processes --------------------------------------------------------------------------------------- */

#define FORK_CAP 4
#define FORK_BYTES 65536 /* room for a ring of any kind */
#define GENERATIONS 3

static bool works(const struct ring_kind *k, void *ring) {
    uint64_t in[2 * FORK_CAP] = { 1, 2, 3, 4, 5, 6, 7, 8 }, v, out[FORK_CAP];
    bool ok = k->push(ring, in) == 0 && k->pop(ring, &v) == 0 && v == 1;
    if (k->push_n) ok = ok && k->push_n(ring, in, sizeof in / sizeof *in) == FORK_CAP;
    for (int i = 0; ok && !k->push_n && i < FORK_CAP; i++) ok = k->push(ring, &in[i]) == 0;
    ok = ok && k->push(ring, in) == WEIR_EAGAIN;
    if (k->pop_n) ok = ok && k->pop_n(ring, out, FORK_CAP) == FORK_CAP;
    for (int i = 0; ok && !k->pop_n && i < FORK_CAP; i++) ok = k->pop(ring, &out[i]) == 0;
    for (int i = 0; ok && i < FORK_CAP; i++) ok = out[i] == in[i];
    if (ok && k->push_wait) ok = k->push_wait(ring, in, WEIR_FOREVER) == 0;
    if (ok && k->pop_wait) ok = k->pop_wait(ring, &v, WEIR_FOREVER) == 0;
    return ok && k->pop(ring, &v) == WEIR_EAGAIN;
}

static bool wait_for(pid_t pid, int *status) {
    while (waitpid(pid, status, 0) < 0)
        if (errno != EINTR) return false;
    return true;
}

/* Exit status 0: all went well in this process and in those that come of it. Nothing but the rings and
 * system calls: the other threads of the parent are not here, and may have held any lock. */
static _Noreturn void descend(const struct ring_kind *k, void *made_before, char *mem) {
    size_t bytes = k->bytes ? k->bytes(FORK_CAP, sizeof(uint64_t)) : 0;
    for (int generation = 1;; generation++) {
        void *r;
        int status = 0;
        bool ok = works(k, made_before);
        if (ok && k->init)
            ok = bytes <= FORK_BYTES &&
                 k->init(&r, mem, bytes, FORK_CAP, sizeof(uint64_t), 0, 0) == 0 && works(k, r) &&
                 k->fini(r, NULL, NULL) == 0;
        if (!ok || generation == GENERATIONS) _exit(ok ? 0 : generation);
        pid_t pid = fork();
        if (pid == 0) continue;
        if (pid > 0 && !wait_for(pid, &status)) status = 1;
        _exit(status == 0 ? 0 : generation + 1);
    }
}

static void fork_once(struct threads *s, struct weir_stress_worker *w) {
    _Alignas(WEIR_LINE) char mem[FORK_BYTES];
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) descend(s->kind, s->own, mem);
    if (pid < 0) {
        (void)sched_yield();
        return;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    weir_stress_check(status == 0,
                      "a copy of the process cannot use its own ring: status 0x%x "
                      "(0x100 * generation)",
                      (unsigned)status);
    (void)weir_fetch_add_relaxed(&s->done, 1);
    weir_stress_progress(w);
}

static void fork_thread(void *state, struct weir_stress_worker *w) {
    struct threads *s = state;
    unsigned me = weir_stress_index(w), vain = 0;
    struct tally t = { 0 };
    struct caller c = { s->kind, s->shared, FORK_CAP, sizeof(uint64_t), w, &t };
    weir_stress_role(w, me == 0 ? "forker" : "caller");
    for (uint64_t v = 0; weir_stress_more(w);) {
        if (me == 0) {
            fork_once(s, w);
            continue;
        }
        enum how how = how_of(&c, HOW_TRY | HOW_NEAR);
        bool push = s->kind->has & RING_MANY ? weir_stress_random(w, 2) : me == 1;
        if ((push ? call_push(&c, how, &v, 0) : call_pop(&c, how, &v, 0)) <= 0) back_off(w, &vain);
    }
}

static int fork_setup(void *state, struct weir_stress *run) {
    struct threads *s = state;
    struct weir_ring_opts o = WEIR_RING_OPTS(FORK_CAP, sizeof(uint64_t));
    if (UNDER_TSAN) return weir_stress_skip(run, "ThreadSanitizer does not follow fork");
    if (body_of(run)->kind->has & RING_SOFT)
        return weir_stress_skip(run, "the child of a fork may not use it");
    (void)threads_setup(state, run);
    int rc = s->kind->make(&s->shared, &o);
    return rc < 0 ? rc : s->kind->make(&s->own, &o);
}

static void fork_finish(void *state) {
    struct threads *s = state;
    weir_stress_count_of("done", weir_load_relaxed(&s->done));
    weir_stress_check(works(s->kind, s->own), "what the copies did to their ring shows here");
    (void)s->kind->free(s->own);
    weir_stress_check(s->kind->free(s->shared) == 0, "the ring cannot be ended");
}

#define ROW(name_, about_, needs_, setup_, finish_, ...) \
    { .name = #name_,                                    \
      .about = about_,                                   \
      .needs = needs_,                                   \
      .state_size = sizeof(struct threads),              \
      .setup = setup_,                                   \
      .thread = name_##_thread,                          \
      .finish = finish_,                                 \
      __VA_ARGS__ }

const struct body thread_bodies[] = {
    ROW(churn, "short threads, short rings", RING_WAITS, threads_setup, threads_finish,
        .alone = true),
    ROW(killed, "threads that are cancelled while they sleep", RING_WAITS | RING_BUSY,
        threads_setup, threads_finish, .alone = true),
    ROW(alloc, "each allocation refused in turn", 0, threads_setup, threads_finish, .alone = true),
    ROW(fork, "copies of the process use rings of their own", 0, fork_setup, fork_finish,
        .min_threads = 3),
    { 0 },
};
