/* SPDX-License-Identifier: MIT */
/* stress/explore/os.c - the operating system of the threads under test: futexes, clock, mutexes, and
 * the model's side of lib/os.h.
 *
 * A system call is a step, and drains the caller's store buffer: on x86 the kernel's own locks do, and
 * Linux documents futex operations as full barriers. A futex reads the real value of its word. Wake-ups
 * go in the order of arrival. The clock stands still but for 100 ns at each reading, and for the
 * choice (budget timeouts) that a second has passed just now. */
#include <limits.h>
#include <string.h>

#include "../../lib/os.h"
#include "engine.h"
#include "race.h"
#include "trace.h"

#define CLOCK_TICK 100
#define CLOCK_JUMP INT64_C(1000000000)

static uint64_t random_state;

unsigned ex_threads_left;
weir_au32 ex_threads_made;

void ex_os_reset(void) {
    random_state = 42;
    ex_threads_left = 0;
    weir_init_atomic(&ex_threads_made, 0);
}

static const struct weir__site os_site = { "os", "", "system call", 0 };

/* ---- futexes ---------------------------------------------------------------------------------------------- */

int weir_model_futex_wait(void *word, uint32_t expected, weir_time deadline) {
    struct ex_task *t = E.cur;
    if (!t) ex_fail(EX_F_MISUSE, "set-up or finish waits on a futex");
    ex_step(t, word, sizeof(uint32_t), &os_site);
    E.mem->fence(t);
    if ((uint32_t)E.mem->load(t, word, sizeof(uint32_t), WEIR__SEQ) != expected) {
        if (E.tracing) ex_trace_add(t, EX_T_NO_WAIT, word, NULL)->b = expected;
        return 0;
    }
    if (E.tracing) ex_trace_add(t, EX_T_WAIT, word, NULL)->b = expected;
    int rc = ex_block(t, EX_FUTEX, word, expected, deadline, NULL);
    return rc;
}

/* The sleeper on `word` that came first. */
static struct ex_task *first_on(const void *word, enum ex_why why) {
    struct ex_task *first = NULL;
    for (uint32_t m = E.blocked; m; m &= m - 1) {
        struct ex_task *w = &E.task[__builtin_ctz(m)];
        if (w->word == word && w->why == why && (!first || w->turn < first->turn)) first = w;
    }
    return first;
}

static size_t wake(const void *word, enum ex_why why, size_t n) {
    size_t k = 0;
    for (struct ex_task *w; k < n && (w = first_on(word, why)) != NULL; k++) {
        ex_trace_wake(w, EX_T_WOKEN);
        ex_wake(w, 0);
    }
    return k;
}

void weir_model_futex_wake(void *word, int n) {
    struct ex_task *t = E.cur;
    if (!t) return; /* nobody sleeps */
    ex_step(t, NULL, 0, NULL);
    E.mem->fence(t);
    struct ex_event *e = E.tracing ? ex_trace_add(t, EX_T_WAKE, word, NULL) : NULL;
    size_t k = wake(word, EX_FUTEX, n > 0 ? (size_t)n : 0);
    if (e) e->a = k;
}

/* ---- clock, random numbers, membarrier ------------------------------------------------------------------------ */

weir_time weir_model_now(void) {
    struct ex_task *t = E.cur;
    E.clock += CLOCK_TICK;
    if (t && !E.solo && E.left.timeouts && ex_choose(EX_CLOCK, 2)) {
        ex_spend(&E.left.timeouts);
        ex_clock_to(E.clock + CLOCK_JUMP);
        if (E.tracing) ex_trace_add(t, EX_T_CLOCK, NULL, NULL)->a = (uint64_t)CLOCK_JUMP;
    }
    return E.clock;
}

uint64_t weir_model_random(void) { return ex_random64(&random_state); }

bool weir_model_membarrier(void) {
    struct ex_task *t = E.cur;
    if (!t) return E.membarrier;
    ex_step(t, NULL, 0, NULL);
    bool denied = !E.membarrier;
    if (!denied && E.left.denials && ex_choose(EX_DENIAL, 2)) {
        ex_spend(&E.left.denials);
        denied = true;
    }
    if (!denied) (void)E.mem->settle();
    if (E.tracing)
        ex_trace_add(t, EX_T_FENCE, NULL, NULL)->text =
            denied ? "membarrier: refused" : "membarrier";
    return !denied;
}

/* ---- mutexes and condition variables ----------------------------------------------------------------------------- */

int weir_model_mutex_init(struct weir_model_mutex *m) {
    *m = (struct weir_model_mutex){ 0, 0 };
    return 0;
}

void weir_model_mutex_fini(struct weir_model_mutex *m) {
    if (m->owner || m->waiters) ex_fail(EX_F_MISUSE, "a mutex is destroyed while it is in use");
}

/* owner: 0 free, else thread + 1; set-up and finish count as a thread. */
static uint32_t my_number(void) { return E.cur ? E.cur->id + 1 : EX_TASKS + 1; }

static void take(struct ex_task *t, struct weir_model_mutex *m) {
    while (m->owner != 0) {
        m->waiters++;
        (void)ex_block(t, EX_MUTEX, m, m->owner, WEIR_FOREVER, NULL);
        m->waiters--;
    }
    m->owner = my_number();
    ex_changed();
    if (t && E.races) ex_race_rmw(t, m, WEIR__ACQ);
}

void weir_model_mutex_lock(struct weir_model_mutex *m) {
    struct ex_task *t = E.cur;
    if (t) {
        ex_step(t, m, sizeof *m, &os_site);
        E.mem->fence(t);
    }
    if (m->owner == my_number()) ex_fail(EX_F_MISUSE, "a mutex is locked twice by one thread");
    if (!t && m->owner) ex_fail(EX_F_MISUSE, "set-up or finish waits for a mutex");
    take(t, m);
    if (t && E.tracing) (void)ex_trace_add(t, EX_T_LOCK, m, NULL);
}

static void release(struct weir_model_mutex *m) {
    if (m->owner != my_number())
        ex_fail(EX_F_MISUSE, "a mutex is unlocked by a thread that does not hold it");
    m->owner = 0;
    ex_changed();
    if (E.cur && E.races) ex_race_rmw(E.cur, m, WEIR__REL);
    if (E.cur && m->waiters) (void)wake(m, EX_MUTEX, 1);
}

void weir_model_mutex_unlock(struct weir_model_mutex *m) {
    struct ex_task *t = E.cur;
    if (t) {
        ex_step(t, m, sizeof *m, &os_site);
        E.mem->fence(t);
        if (E.tracing) (void)ex_trace_add(t, EX_T_UNLOCK, m, NULL);
    }
    release(m);
}

int weir_model_cond_init(struct weir_model_cond *c) {
    c->waiters = 0;
    return 0;
}

void weir_model_cond_fini(struct weir_model_cond *c) {
    if (c->waiters)
        ex_fail(EX_F_MISUSE, "a condition variable is destroyed while threads wait on it");
}

int weir_model_cond_wait(struct weir_model_cond *c, struct weir_model_mutex *m,
                         weir_time deadline) {
    struct ex_task *t = E.cur;
    if (!t) ex_fail(EX_F_MISUSE, "set-up or finish waits on a condition variable");
    ex_step(t, c, sizeof *c, &os_site);
    E.mem->fence(t);
    if (E.tracing) (void)ex_trace_add(t, EX_T_WAIT, c, NULL);
    release(m);
    c->waiters++;
    int rc = ex_block(t, EX_COND, c, 0, deadline, NULL);
    c->waiters--;
    take(t, m);
    return rc;
}

void weir_model_cond_wake(struct weir_model_cond *c, size_t n) {
    struct ex_task *t = E.cur;
    if (!t) return;
    ex_step(t, c, sizeof *c, &os_site);
    struct ex_event *e = E.tracing ? ex_trace_add(t, EX_T_WAKE, c, NULL) : NULL;
    size_t k = wake(c, EX_COND, n);
    if (e) e->a = k;
}

/* ---- lib/os.h -------------------------------------------------------------------------------------------------- */

int weir__os_futex_wait(weir_au32 *word, uint32_t expected, weir_time deadline) {
    return weir_model_futex_wait(&word->v_, expected, deadline);
}
void weir__os_futex_wake(weir_au32 *word, int n) { weir_model_futex_wake(&word->v_, n); }
weir_time weir__os_now(void) { return weir_model_now(); }
int64_t weir__os_cpu_time(void) { return weir_model_now(); }
void *weir__os_alloc(size_t size, size_t align) { return weir_model_alloc(size, align); }
void weir__os_free(void *p) { weir_model_free(p); }
void weir__os_alloc_trim(void) {}
unsigned weir__os_cpus(void) { return E.cpus; }
uint64_t weir__os_random(void) { return weir_model_random(); }
int weir__os_thread(void (*fn)(void)) {
    (void)fn; /* the scenario's thread calls it, when it finds that it is wanted */
    if (ex_threads_left == 0) return WEIR_ENOMEM;
    ex_threads_left--;
    if (!E.cur) {
        weir_init_atomic(&ex_threads_made, ex_threads_made.v_ + 1);
        return 0;
    }
    (void)weir_fetch_add_relaxed(&ex_threads_made, 1);
    weir_model_futex_wake(&ex_threads_made.v_, INT_MAX);
    return 0;
}
void *weir__os_pages(size_t size) {
    (void)size;
    return NULL; /* no scenario is that large */
}
void weir__os_pages_free(void *p, size_t size) {
    (void)p;
    (void)size;
}
unsigned weir__os_tid(void) { return my_number(); }
bool weir__os_membarrier_register(void) { return E.membarrier; }
bool weir__os_membarrier(void) { return weir_model_membarrier(); }
