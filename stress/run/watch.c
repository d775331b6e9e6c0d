/* SPDX-License-Identifier: MIT */
/* stress/run/watch.c - the watchdog: the parent of a run's process.
 *
 * It adds up the workers' counts of operations. Nothing moved for `watchdog` seconds, and then:
 *   all threads sleep     they are asked what they wait for (attend.c). Somebody sleeps though its predicate
 *                         is true, or its deadline has passed: LOST WAKE-UP. All are false: while workers
 *                         run, stop is called at once, since it may be what they wait for; after that
 *                         nobody is left who could let them go: the scenario CANNOT END.
 *   not all sleep         slow, starved or stopped: it waits on, up to `limit`: NO PROGRESS.
 * "Sleep" is the kernel's word (state S), with no context switch since the sample before, and not a delay
 * of ours; it has to hold for half of the watchdog's time, and before and after the answer. The answer
 * has to be the same twice. Storms cease first: a signal would wake who sleeps for ever.
 *
 * Time is counted in this process's own steps, each at most 100 ms long: if the whole machine was
 * stopped, or this process starved, little time has passed for the watchdog either. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run.h"

struct watch {
    struct sr_shared *s;
    struct sr_outcome *o;
    pid_t pid;
    double now, quiet, asleep, since_start, since_stop, since_failure, last_look, next_gust;
    uint64_t mark, random;
    bool stopped, killed;
    unsigned said; /* times in a row that the answer was the same */
    enum sr_kind verdict;
    uint64_t switches[WEIR_STRESS_THREADS + 1];
};

int (*sr_interrupted)(void);

const char *sr_kind_name(enum sr_kind k) {
    static const char *const names[SR_KINDS] = {
        [SR_PASSED] = "ok",
        [SR_SKIPPED] = "skipped",
        [SR_CHECK] = "CHECK FAILED",
        [SR_LOST] = "LOST WAKE-UP",
        [SR_CANNOT_END] = "CANNOT END",
        [SR_NO_PROGRESS] = "NO PROGRESS",
        [SR_NO_END] = "DOES NOT END",
        [SR_CRASH] = "CRASH",
        [SR_REPORT] = "SANITIZER REPORT",
        [SR_EXIT] = "EXIT",
        [SR_SETUP_FAILED] = "SET-UP FAILED",
        [SR_MEMORY] = "MEMORY GROWS",
        [SR_INTERRUPTED] = "interrupted",
    };
    return names[k];
}

static double seconds_now(void) {
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static enum sr_phase phase_of(const struct watch *w) {
    return (enum sr_phase)weir_load_acquire(&w->s->phase, 0);
}

static uint64_t operations(const struct sr_shared *s) {
    uint64_t n = 0;
    for (unsigned i = 0; i < s->settings.threads; i++) n += weir_load_relaxed(&s->worker[i].ops);
    return n;
}

static bool moved(struct watch *w) {
    struct stat out = { 0 };
    (void)fstat(w->o->output, &out);
    uint64_t mark =
        operations(w->s) + ((uint64_t)phase_of(w) << 56) + ((uint64_t)out.st_size << 32);
    for (unsigned i = 0; i < w->s->settings.threads; i++)
        mark += (uint64_t)weir_load_relaxed(&w->s->worker[i].state) << 48;
    bool is = mark != w->mark;
    w->mark = mark;
    return is;
}

/* ---- who sleeps --------------------------------------------------------------------------------------------- */

/* Workers, and the main thread where that does not merely wait for them. */
static bool all_sleep(struct watch *w) {
    enum sr_phase phase = phase_of(w);
    bool all = true, any = false;
    for (unsigned i = 0; i < w->s->settings.threads; i++) {
        struct sr_worker *k = &w->s->worker[i];
        if (weir_load_relaxed(&k->state) != SR_ALIVE) continue;
        any = true;
        if (weir_load_relaxed(&k->delayed)) all = false;
        if (!sr_sleeps(w->pid, (pid_t)weir_load_relaxed(&k->tid), &w->switches[i])) all = false;
    }
    if (phase != SR_RUNNING && phase != SR_JOINING) {
        any = true;
        if (!sr_sleeps(w->pid, w->pid, &w->switches[WEIR_STRESS_THREADS])) all = false;
    }
    return all && any;
}

static bool is_over(const struct watch *w) {
    siginfo_t info = { 0 };
    return waitid(P_PID, (id_t)w->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
}

/* Has the process say what its sleepers wait for. False: it does not answer. */
static bool ask(struct watch *w) {
    uint32_t question = weir_load_relaxed(&w->s->ask) + 1;
    weir_store_release(&w->s->ask, question, 0);
    for (double end = seconds_now() + 3; seconds_now() < end && !is_over(w);) {
        struct timespec ts = { .tv_nsec = 5000000 };
        if (weir_load_acquire(&w->s->answered, 0) == question) return w->o->waiters = true;
        (void)nanosleep(&ts, NULL);
    }
    return false;
}

/* It did not answer: because what it evaluates sleeps, too, or because it gets no time? Its naps are short. */
static bool attendant_sleeps(const struct watch *w) {
    pid_t tid = (pid_t)weir_load_relaxed(&w->s->attendant);
    struct timespec ts = { .tv_nsec = 200000000 };
    uint64_t switches = 0;
    if (sr_sleeps(w->pid, tid, &switches)) return false; /* no switch, ever: it has not begun */
    (void)nanosleep(&ts, NULL);
    return sr_sleeps(w->pid, tid, &switches);
}

static enum sr_kind judge(const struct watch *w) {
    bool pending = false;
    int64_t now = (int64_t)(seconds_now() * 1e9);
    for (unsigned i = 0; i < w->s->settings.threads; i++) {
        const struct sr_worker *k = &w->s->worker[i];
        if (weir_load_relaxed(&k->state) != SR_ALIVE || k->answer == SR_NO_WAIT) continue;
        if (k->answer == SR_TRUE) return SR_LOST;
        if (k->until == WEIR_FOREVER) continue;
        if (k->until < now - 1000000000) return SR_LOST; /* overslept */
        pending = true;
    }
    return pending ? SR_PASSED : SR_CANNOT_END;
}

/* Nothing has moved for long. A verdict, or SR_PASSED: it waits on. */
static enum sr_kind consider(struct watch *w) {
    const struct sr_settings *set = &w->s->settings;
    enum sr_kind k = SR_PASSED;
    char line[200];
    bool asleep =
        w->asleep >= set->watchdog / 2 && !sr_sanitizer_said(w->o->output, line, sizeof line);
    if (asleep && ask(w)) {
        k = judge(w);
        if (moved(w) || !all_sleep(w)) k = SR_PASSED;
    } else if (asleep && phase_of(w) > SR_SETUP && phase_of(w) < SR_FINISHING) {
        return all_sleep(w) && attendant_sleeps(w) ? SR_NO_PROGRESS : SR_PASSED;
    } else if (asleep && w->quiet >= 2 * set->watchdog) {
        k = SR_CANNOT_END; /* in setup or finish */
    }
    w->said = k != SR_PASSED && k == w->verdict ? w->said + 1 : 0;
    w->verdict = k;
    if (k == SR_CANNOT_END && phase_of(w) == SR_RUNNING) {
        weir_store_relaxed(&w->s->hurry, 1);
        return SR_PASSED;
    }
    if (w->said > 0) return k;
    if (w->quiet < set->limit) return SR_PASSED;
    (void)ask(w);
    return SR_NO_PROGRESS;
}

/* ---- storms of stops ------------------------------------------------------------------------------------------ */

static void go(struct watch *w) {
    if (w->stopped) (void)kill(w->pid, SIGCONT);
    w->stopped = false;
}

/* A process that is stopped again and again before each of its threads had a turn may never come to see that its
 * time is up, or to its end. So each phase has its share of the storm, and then calm. */
static bool weathered(const struct watch *w, enum sr_phase phase) {
    if (phase == SR_RUNNING) return w->since_start > w->s->settings.seconds;
    return w->since_stop > 0.5;
}

static void gust(struct watch *w) {
    enum sr_storm storm = w->s->settings.storm;
    enum sr_phase phase = phase_of(w);
    if (storm != SR_STOPS && storm != SR_BOTH) return;
    if (weir_load_relaxed(&w->s->calm) || phase < SR_RUNNING || phase > SR_JOINING ||
        weathered(w, phase)) {
        go(w);
        return;
    }
    if (w->now < w->next_gust) return;
    uint64_t r = w->random = sr_mix(w->random);
    (void)kill(w->pid, w->stopped ? SIGCONT : SIGSTOP);
    w->stopped = !w->stopped;
    w->next_gust = w->now + (double)(r % 1000) / 1000 * (w->stopped ? 0.015 : 0.040) + 0.001;
}

/* ---- the end ------------------------------------------------------------------------------------------------------ */

static void end(struct watch *w, enum sr_kind k, const char *text) {
    struct sr_outcome *o = w->o;
    o->kind = k;
    (void)snprintf(o->text, sizeof o->text, "%s", text);
    go(w);
    if (k != SR_INTERRUPTED) o->stacks = sr_stacks(w->pid);
    (void)kill(w->pid, SIGKILL);
    w->killed = true;
}

static void end_of_verdict(struct watch *w, enum sr_kind k) {
    char text[400];
    bool quiet = k == SR_LOST || k == SR_CANNOT_END;
    (void)snprintf(text, sizeof text,
                   k == SR_LOST ? "nothing has moved for %.1f s and all threads sleep, though one "
                                  "could go on"
                   : k == SR_CANNOT_END
                       ? "nothing has moved for %.1f s, all threads sleep, and nobody is left who "
                         "could let them go on"
                       : "nothing has moved for %.1f s, but not all threads sleep",
                   w->quiet);
    if (!quiet && w->asleep >= w->s->settings.watchdog / 2)
        (void)snprintf(text, sizeof text, "all threads sleep, and a predicate does not return");
    end(w, k, text);
}

static void look_closer(struct watch *w) {
    const struct sr_settings *set = &w->s->settings;
    double period = set->watchdog / 20 < 0.25 ? set->watchdog / 20 : 0.25;
    if (w->quiet < set->watchdog / 4 || w->now < w->last_look + period) return;
    double since = w->last_look > 0 ? w->now - w->last_look : 0;
    if (since > 2 * period) since = 2 * period;
    w->last_look = w->now;
    weir_store_relaxed(&w->s->calm, 1);
    go(w);
    w->asleep = all_sleep(w) ? w->asleep + since : 0;
    if (w->quiet < set->watchdog) return;
    enum sr_kind k = consider(w);
    if (k != SR_PASSED) end_of_verdict(w, k);
}

static void look(struct watch *w, double step) {
    const struct sr_settings *set = &w->s->settings;
    enum sr_phase phase = phase_of(w);
    if (moved(w)) {
        w->quiet = w->asleep = w->last_look = 0;
        w->said = 0;
        weir_store_relaxed(&w->s->calm, 0);
    } else {
        w->quiet += step;
    }
    if (phase == SR_RUNNING) w->since_start += step;
    if (phase > SR_RUNNING && phase < SR_ENDED) w->since_stop += step;
    if (weir_load_relaxed(&w->s->failed)) w->since_failure += step;
    if (sr_interrupted && sr_interrupted()) {
        end(w, SR_INTERRUPTED, "");
    } else if (w->since_failure > (set->watchdog > 2 ? set->watchdog : 2)) {
        (void)ask(w);
        end(w, SR_CHECK, "");
    } else if (w->since_stop > set->limit + set->seconds) {
        (void)ask(w);
        end(w, SR_NO_END, "operations go on, long after the time was up");
    } else {
        look_closer(w);
    }
    if (weir_load_acquire(&w->s->crash.caught, 0) == 2 && !weir_load_relaxed(&w->s->go_on)) {
        w->o->stacks = sr_stacks(w->pid);
        weir_store_release(&w->s->go_on, 1, 0);
    }
}

static void crashed(struct sr_outcome *o, const struct sr_shared *s, int sig) {
    char who[40] = "the main thread", where[SR_NAME + 40] = "";
    unsigned worker = weir_load_relaxed(&s->crash.worker);
    bool caught = weir_load_acquire(&s->crash.caught, 0) == 2 && s->crash.signal == sig;
    o->kind = SR_CRASH;
    if (worker < WEIR_STRESS_THREADS) (void)snprintf(who, sizeof who, "thread %u", worker);
    if (s->crash.point[0]) (void)snprintf(where, sizeof where, ", after point %s", s->crash.point);
    if (caught && sig != SIGABRT)
        (void)snprintf(o->text, sizeof o->text, "SIG%s at address %p, in %s%s", sigabbrev_np(sig),
                       s->crash.address, who, where);
    else if (caught)
        (void)snprintf(o->text, sizeof o->text, "SIG%s, in %s%s", sigabbrev_np(sig), who, where);
    else
        (void)snprintf(o->text, sizeof o->text, "SIG%s%s", sigabbrev_np(sig),
                       sig == SIGXCPU   ? ": the limit of processor time"
                       : sig == SIGKILL ? ": by somebody else, perhaps for want of memory"
                                        : "");
}

static void setup_said(struct sr_outcome *o, const struct sr_shared *s) {
    if (s->setup == 0) return;
    bool skipped = s->setup == WEIR_STRESS_SKIP || s->setup == WEIR_ENOTSUP;
    o->kind = skipped ? SR_SKIPPED : SR_SETUP_FAILED;
    if (s->skip[0])
        (void)snprintf(o->text, sizeof o->text, "%s", s->skip);
    else
        (void)snprintf(o->text, sizeof o->text, "setup returned %d (%s)", s->setup,
                       strerror(s->setup < 0 ? -s->setup : s->setup));
}

/* What it means that the process has ended so. */
static void conclude(struct watch *w, int status) {
    struct sr_outcome *o = w->o;
    enum sr_phase phase = phase_of(w);
    char line[400];
    o->ops = operations(w->s);
    if (o->kind == SR_INTERRUPTED) return;
    if (weir_load_acquire(&w->s->failed, 0) == 2) {
        bool killed = o->kind == SR_CHECK;
        o->kind = SR_CHECK;
        (void)snprintf(o->text, sizeof o->text, "%.1900s%s", w->s->failure,
                       killed ? "\n  After that the run did not come to its end, and was killed."
                              : "");
    } else if (w->killed) {
        return;
    } else if (sr_sanitizer_said(o->output, line, sizeof line) && status != 0) {
        o->kind = SR_REPORT;
        (void)snprintf(o->text, sizeof o->text, "%s", line);
    } else if (WIFSIGNALED(status)) {
        crashed(o, w->s, WTERMSIG(status));
    } else if (WEXITSTATUS(status) != 0 || phase != SR_ENDED) {
        o->kind = SR_EXIT;
        (void)snprintf(o->text, sizeof o->text, "the run's process called exit(%d)%s",
                       WEXITSTATUS(status), phase == SR_ENDED ? " at its end" : " before its end");
    } else {
        setup_said(o, w->s);
    }
}

void sr_watch(struct sr_shared *s, pid_t pid, struct sr_outcome *o, void (*tick)(double seconds)) {
    struct watch w = { .s = s, .o = o, .pid = pid, .random = s->settings.seed };
    double start = seconds_now(), running = 0;
    int status = 0;
    struct timespec ts = { .tv_nsec = s->settings.storm == SR_CALM ? 4000000 : 1000000 };
    sr_memory_start(&o->memory, s->settings.seconds);
    w.now = start;
    while (waitpid(pid, &status, WNOHANG) != pid) {
        (void)nanosleep(&ts, NULL);
        double was = w.now;
        w.now = seconds_now();
        if (w.killed) continue;
        if (phase_of(&w) == SR_RUNNING) {
            running = running > 0 ? running : w.now;
            sr_memory_sample(&o->memory, pid, w.now - running);
        }
        gust(&w);
        look(&w, w.now - was < 0.1 ? w.now - was : 0.1);
        tick(w.now - start);
    }
    o->seconds = seconds_now() - start;
    conclude(&w, status);
}
