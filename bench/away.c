/* SPDX-License-Identifier: MIT */
/* bench/away.c - see away.h. */
#include "away.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "team.h"

extern char **environ;

#define ANSWER 65536 /* a figure for each bucket of a histogram fits */
#define PROGRAMS 8

static struct program {
    char name[24]; /* the variant's, up to a _ */
    pid_t pid;     /* 0: does not run */
    int fd;
} programs[PROGRAMS];

static char answer[ANSWER]; /* the last one, without its line end */

/* ---- the program ----------------------------------------------------------------------------- */

static struct program *program_of(const struct wb_ring *ring) {
    char name[sizeof programs->name];
    struct program *p = programs;
    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(ring->name, "_"), ring->name);
    while (*p->name && strcmp(p->name, name) != 0)
        if (++p == programs + PROGRAMS) abort(); /* the variants are a table of this program */
    memcpy(p->name, name, sizeof name);
    return p;
}

/* The path of what is called weir-bench-<name> beside this program. */
static bool beside(char *path, size_t size, const char *name) {
    ssize_t n = readlink("/proc/self/exe", path, size);
    if (n <= 0 || (size_t)n >= size) return false;
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash) return false;
    size_t room = size - (size_t)(slash + 1 - path);
    return (size_t)snprintf(slash + 1, room, "weir-bench-%s", name) < room;
}

static int spawn(struct program *p, const char *path, int fd) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    char *argv[] = { (char *)(uintptr_t)path, NULL };
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawnattr_init(&how);
    (void)posix_spawn_file_actions_adddup2(&files, fd, STDIN_FILENO);
    (void)posix_spawn_file_actions_adddup2(&files, fd, STDOUT_FILENO);
    (void)posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP);
    int rc = posix_spawn(&p->pid, path, &files, &how, argv, environ);
    (void)posix_spawnattr_destroy(&how);
    (void)posix_spawn_file_actions_destroy(&files);
    if (rc != 0) p->pid = 0;
    return rc;
}

static bool start(struct program *p, char *why, size_t size) {
    char path[4096];
    int ends[2], rc;
    if (p->pid > 0) return true;
    if (!beside(path, sizeof path, p->name) ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        (void)snprintf(why, size, "no way to start weir-bench-%s", p->name);
        return false;
    }
    rc = spawn(p, path, ends[1]);
    (void)close(ends[1]);
    p->fd = ends[0];
    if (rc == 0) return true;
    (void)close(ends[0]);
    (void)snprintf(why, size, "weir-bench-%s: %s", p->name, strerror(rc));
    return false;
}

static void end(struct program *p) {
    if (p->pid <= 0) return;
    (void)close(p->fd);
    (void)kill(p->pid, SIGKILL);
    while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR) continue;
    p->pid = 0;
}

void wb_away_end(void) {
    for (struct program *p = programs; p < programs + PROGRAMS; p++) end(p);
}

/* ---- question and answer --------------------------------------------------------------------- */

static bool say(const struct program *p, const char *line) {
    for (size_t done = 0, n = strlen(line); done < n;) {
        ssize_t k = send(p->fd, line + done, n - done, MSG_NOSIGNAL);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) return false;
        done += (size_t)k;
    }
    return true;
}

/* What came until the line end; WB_STUCK: not in time. */
static enum wb_status hear(const struct program *p, double patience) {
    uint64_t until = wb_now() + (uint64_t)(patience * 1e9);
    for (size_t have = 0; have < ANSWER;) {
        uint64_t now = wb_now();
        struct pollfd readable = { p->fd, POLLIN, 0 };
        if (now >= until) return WB_STUCK;
        int ready = poll(&readable, 1, (int)((until - now) / 1000000) + 1);
        if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
        ssize_t n = ready < 0 ? -1 : recv(p->fd, answer + have, ANSWER - have, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return WB_FAILED;
        char *stop = memchr(answer + have, '\n', (size_t)n);
        have += (size_t)n;
        if (!stop) continue;
        *stop = '\0';
        return WB_OK;
    }
    return WB_FAILED;
}

/* The answer to one line, within so many seconds. A program that fails is ended: the next question
 * starts it anew. */
static enum wb_status ask(struct program *p, const char *line, double patience, char *why,
                          size_t size) {
    if (!start(p, why, size)) return WB_ABSENT;
    enum wb_status s = say(p, line) ? hear(p, patience) : WB_FAILED;
    if (s == WB_OK) return s;
    end(p);
    if (s == WB_FAILED)
        (void)snprintf(why, size, "check failed: weir-bench-%s ended early", p->name);
    else
        (void)snprintf(why, size, "no answer from weir-bench-%s for %.1f s", p->name, patience);
    return s;
}

enum wb_status wb_away_ask(const struct wb_ring *ring, const char *line, double patience,
                           char **said, char *why, size_t size) {
    *said = answer;
    return ask(program_of(ring), line, patience, why, size);
}

/* ---- one phase ------------------------------------------------------------------------------- */

struct told { /* an answer */
    uint64_t ns, switches, cpu_ns;
    double fair;
    struct wb_totals totals;
};

bool wb_away_number(char **at, uint64_t *out) {
    char *from = *at;
    *out = strtoull(from, at, 10);
    return *at != from;
}

bool wb_away_latencies(char **at, struct wb_hist *hist) {
    bool fine = true;
    while (fine && **at == ' ') {
        uint64_t value, count;
        fine = wb_away_number(at, &value) && **at == ':';
        *at += fine;
        fine = fine && wb_away_number(at, &count);
        for (; fine && hist && count > 0; count--) wb_hist_add(hist, value);
    }
    return fine && **at == '\0';
}

/* Takes the answer apart; hist (NULL: none is wanted) gets the latencies. */
static bool understand(struct told *t, struct wb_hist *hist) {
    char *at = answer + 3, *from;
    struct wb_totals *sum = &t->totals;
    if (strncmp(answer, "ok ", 3) != 0) return false;
    bool fine = wb_away_number(&at, &t->ns) && wb_away_number(&at, &sum->pushed) &&
                wb_away_number(&at, &sum->popped) && wb_away_number(&at, &sum->pushed_sum) &&
                wb_away_number(&at, &sum->popped_sum) && wb_away_number(&at, &sum->disorder);
    t->fair = strtod(from = at, &at);
    fine =
        fine && at != from && wb_away_number(&at, &t->switches) && wb_away_number(&at, &t->cpu_ns);
    return fine && wb_away_latencies(&at, hist);
}

/* Those of the threads where each has its own. */
void wb_away_cpus(FILE *f, const struct wb_trial *t) {
    unsigned threads = wb_test_threads(t->test, &t->shape);
    bool own = wb_place(t->pin, threads, 0) >= 0;
    const cpu_set_t *all = wb_allowed();
    (void)fprintf(f, " %u ", own ? threads : wb_cpus());
    for (unsigned i = 0; own && i < threads; i++)
        (void)fprintf(f, "%s%d", i ? "," : "", wb_place(t->pin, threads, i));
    for (unsigned c = 0, n = 0; !own && c < CPU_SETSIZE; c++)
        if (CPU_ISSET(c, all)) (void)fprintf(f, "%s%u", n++ ? "," : "", c);
}

/* The line that asks for a phase, or NULL: out of memory. */
static char *question(const struct wb_trial *t, double seconds) {
    static const char *const tests[] = {
        [WB_STREAM] = "stream",   [WB_SOLO] = "solo",     [WB_PING] = "ping",
        [WB_STOPPED] = "stopped", [WB_INSIDE] = "inside", [WB_FIB] = "fib"
    };
    const struct wb_shape *s = &t->shape;
    const struct wb_flow_shape *flow = &s->flow;
    char *line = NULL;
    size_t size;
    FILE *f = open_memstream(&line, &size);
    if (!f) return NULL;
    (void)fprintf(f, "run %s %s ", tests[t->test], t->ring->structure);
    if (flow->workers)
        (void)fprintf(f, "%u 1 %u %u %d 0 %.9g", flow->workers, s->work_ns, flow->stages,
                      flow->ordered, seconds);
    else
        (void)fprintf(f, "%u %u %zu %u %u %u %.9g", s->producers, s->consumers, s->cap, s->ways,
                      s->ready, s->sends, seconds);
    wb_away_cpus(f, t);
    (void)fputc('\n', f);
    if (fclose(f) == 0) return line;
    free(line);
    return NULL;
}

/* The checks go over both phases; `out` is the last one's. */
static enum wb_status phase(const struct wb_trial *trial, double seconds, struct told *out,
                            struct wb_hist *hist, char *why, size_t size) {
    struct program *p = program_of(trial->ring);
    char *line = question(trial, seconds);
    if (!line) {
        (void)snprintf(why, size, "out of memory");
        return WB_FAILED;
    }
    memset(out, 0, sizeof *out);
    enum wb_status s = ask(p, line, seconds + wb_run_grace(seconds), why, size);
    free(line);
    if (s != WB_OK) return s;
    if (!understand(out, hist)) {
        (void)snprintf(why, size, "check failed: weir-bench-%s answered \"%.40s\"", p->name,
                       answer);
        return WB_FAILED;
    }
    return wb_totals_sound(&out->totals, trial->ring, why, size) ? WB_OK : WB_FAILED;
}

/* ---- a run ----------------------------------------------------------------------------------- */

static bool figures(const struct wb_trial *trial, const struct told *t, const struct wb_hist *hist,
                    struct wb_sample *out, struct wb_hist *keep) {
    double ops = (double)t->totals.popped, seconds = (double)t->ns / 1e9;
    bool latency = wb_test_is_latency(trial->test, &trial->shape);
    if (ops <= 0 || seconds <= 0 || (latency && hist->count == 0)) return false;
    out->late = wb_run_is_late(trial->test, trial->seconds, seconds);
    out->ops_s = ops / seconds;
    out->ns_op = 1e9 / out->ops_s;
    out->fair_min_max = t->fair;
    out->csw_per_op = (double)t->switches / ops;
    out->cpu_s_per_mop = (double)t->cpu_ns / ops / 1e3;
    out->disorder = (double)t->totals.disorder;
    if (latency) wb_run_latencies(hist, out, keep);
    return true;
}

enum wb_status wb_away_run(const struct wb_trial *trial, struct wb_sample *out,
                           struct wb_hist *latencies, char *why, size_t why_size) {
    static struct wb_hist hist; /* runs come one after the other */
    struct told t;
    enum wb_status s = phase(trial, WB_WARM_UP, &t, NULL, why, why_size);
    wb_hist_clear(&hist);
    if (s == WB_OK) s = phase(trial, trial->seconds, &t, &hist, why, why_size);
    if (s == WB_OK && !figures(trial, &t, &hist, out, latencies)) s = WB_NONE;
    return s;
}

void wb_away_version(const struct wb_ring *ring, char *out, size_t size) {
    char why[128];
    bool heard = ask(program_of(ring), "version\n", 10, why, sizeof why) == WB_OK;
    (void)snprintf(out, size, "%s", heard ? answer : "unknown");
}
