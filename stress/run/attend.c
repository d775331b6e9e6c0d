/* SPDX-License-Identifier: MIT */
/* stress/run/attend.c - one more thread of the run's process, which no worker knows of: it evaluates what
 * sleepers wait for when the watchdog asks, sends the storm of signals, and counts the eras of victims.
 *
 * Signals of the storm: SIGALRM from a timer each millisecond, to whichever worker the kernel picks, and
 * SIGUSR1 and SIGUSR2 to workers at random. System calls restart after SIGALRM and SIGUSR1, and end with
 * EINTR after SIGUSR2. All other threads of the process block them. */
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "inside.h"

#define MS INT64_C(1000000)

static struct sr_shared *shared; /* for handlers */
static pthread_t attendant;
static weir_au32 over;

/* ---- what sleepers wait for --------------------------------------------------------------------------- */

static void words(char *to, size_t n, void *from) {
    to[0] = '\0';
    if (from) (void)strncpy(to, from, n - 1);
    to[n - 1] = '\0';
}

static void evaluate(struct sr_worker *w) {
    uint64_t seq = weir_load_acquire(&w->seq, 0);
    bool (*ready)(void *);
    void *fn = weir_load_relaxed(&w->ready), *arg = weir_load_relaxed(&w->arg);
    void *what = weir_load_relaxed(&w->words);
    w->until = (int64_t)weir_load_relaxed(&w->deadline);
    words(w->as_what, sizeof w->as_what, weir_load_relaxed(&w->role));
    words(w->at_point, sizeof w->at_point, weir_load_relaxed(&w->point));
    w->answer = SR_NO_WAIT;
    if (!(seq & 1)) return;
    memcpy(&ready, &fn, sizeof ready);
    words(w->for_what, sizeof w->for_what, what);
    bool is = ready(arg);
    if (weir_load_acquire(&w->seq, 0) == seq) w->answer = is ? SR_TRUE : SR_FALSE;
}

static void answer(struct weir_stress *run) {
    uint32_t ask = weir_load_acquire(&shared->ask, 0);
    if (ask == weir_load_relaxed(&shared->answered)) return;
    for (unsigned i = 0; i < run->threads; i++) evaluate(&shared->worker[i]);
    weir_store_release(&shared->answered, ask, 0);
}

/* ---- storms -------------------------------------------------------------------------------------------------- */

static void on_signal(int sig) {
    (void)sig;
    (void)weir_fetch_add_relaxed(&shared->signals, 1);
}

static void catch_signals(void) {
    struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    (void)sigemptyset(&sa.sa_mask);
    (void)sigaction(SIGALRM, &sa, NULL);
    (void)sigaction(SIGUSR1, &sa, NULL);
    sa.sa_flags = 0;
    (void)sigaction(SIGUSR2, &sa, NULL);
}

static void timer(bool on) {
    struct itimerval t = { .it_interval = { .tv_usec = on ? 1000 : 0 },
                           .it_value = { .tv_usec = on ? 1000 : 0 } };
    (void)setitimer(ITIMER_REAL, &t, NULL);
}

/* By number: a worker that has ended gets none. */
static void signal_somebody(struct weir_stress *run, uint64_t *random) {
    uint64_t r = sr_next(random);
    const struct sr_worker *w = &shared->worker[r % run->threads];
    if (weir_load_relaxed(&w->state) != SR_ALIVE) return;
    long tid = (long)weir_load_relaxed(&w->tid);
    (void)syscall(SYS_tgkill, getpid(), tid, r >> 32 & 1 ? SIGUSR1 : SIGUSR2);
}

/* ---- the thread ------------------------------------------------------------------------------------------------ */

static void *attend(void *arg) {
    struct weir_stress *run = arg;
    const struct sr_settings *set = &shared->settings;
    uint64_t random = sr_mix(set->seed ^ 7);
    int64_t start = sr_now(), era = weir_stress_duration(run) / 16 + 1;
    bool storm = set->storm == SR_SIGNALS || set->storm == SR_BOTH, on = false;
    weir_store_relaxed(&shared->attendant, (uint32_t)syscall(SYS_gettid));
    while (!weir_load_acquire(&over, 0)) {
        bool now = storm && !weir_load_relaxed(&shared->calm) &&
                   weir_load_relaxed(&shared->phase) < SR_FINISHING;
        if (now != on) timer(on = now);
        if (on) signal_somebody(run, &random);
        weir_store_relaxed(&shared->era, (uint32_t)((sr_now() - start) / era));
        answer(run);
        int64_t nap = on ? (int64_t)(sr_next(&random) % (2 * MS)) : 10 * MS;
        sr_sleep_until(sr_now() + nap);
    }
    timer(false);
    return NULL;
}

int sr_attend(struct weir_stress *run) {
    sigset_t all, was;
    shared = run->shared;
    catch_signals();
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &was);
    int rc = pthread_create(&attendant, NULL, attend, run);
    (void)pthread_sigmask(SIG_SETMASK, &was, NULL);
    return rc;
}

void sr_attend_end(void) {
    weir_store_release(&over, 1, 0);
    (void)pthread_join(attendant, NULL);
}

/* ---- crashes ----------------------------------------------------------------------------------------------------- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED /* whose runtime reports it */

void sr_catch_crashes(void) {}

#else

/* Says who crashed and where, and waits for the parent to take stacks. Then the signal comes again, as
 * the handler was reset: by the faulting instruction, or by abort. */
static void on_crash(int sig, siginfo_t *info, void *context) {
    struct sr_shared *s = sr_run->shared;
    uint32_t none = 0;
    (void)context;
    if (weir_cas_relaxed(&s->crash.caught, &none, 1)) {
        s->crash.signal = sig;
        s->crash.address = info->si_addr;
        weir_store_relaxed(&s->crash.worker, sr_self ? sr_self->index : WEIR_STRESS_THREADS);
        words(s->crash.point, sizeof s->crash.point,
              sr_self ? weir_load_relaxed(&sr_self->out->point) : NULL);
        weir_store_release(&s->crash.caught, 2, 0);
    }
    int64_t until = sr_now() + 30000 * MS;
    while (s->settings.stacks && !weir_load_acquire(&s->go_on, 0) && sr_now() < until)
        sr_sleep_until(sr_now() + 5 * MS);
}

void sr_catch_crashes(void) {
    static const int fatal[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
    struct sigaction sa = { .sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | (int)SA_RESETHAND };
    (void)sigemptyset(&sa.sa_mask);
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) (void)sigaction(fatal[i], &sa, NULL);
}

#endif
