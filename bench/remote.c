/* SPDX-License-Identifier: MIT */
/* bench/remote.c - see remote.h.
 *
 * A line: item, round, status, late, the figures in order, and why; separated by tabs, the figures
 * as hexadecimal floats so that none is rounded. */
#include "remote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rounds.h"
#include "team.h"

extern char **environ;

#define LINE 1024

/* The figures of a sample, in the order of a line. */
enum { FIGURES = 12 };
static void figures(struct wb_sample *s, double *at[FIGURES]) {
    double *const all[FIGURES] = { &s->ns_op,         &s->ops_s,         &s->p50_ns,
                                   &s->p90_ns,        &s->p99_ns,        &s->p999_ns,
                                   &s->max_ns,        &s->fair_min_max,  &s->csw_per_op,
                                   &s->cpu_s_per_mop, &s->misses_per_op, &s->disorder };
    memcpy(at, all, sizeof all);
}

/* ---- the other process ----------------------------------------------------------------------- */

void wb_remote_tell(int fd, const struct wb_item *item, unsigned round, const char *why) {
    struct wb_sample s = item->samples[round];
    double *at[FIGURES];
    char line[LINE];
    figures(&s, at);
    int n = snprintf(line, sizeof line, "%s\t%u\t%d\t%d", item->name, round, (int)s.status, s.late);
    for (unsigned i = 0; i < FIGURES; i++)
        n += snprintf(line + n, sizeof line - (size_t)n, "\t%a", *at[i]);
    n += snprintf(line + n, sizeof line - (size_t)n, "\t%s\n", why);
    for (int done = 0; done < n;) {
        ssize_t k = write(fd, line + done, (size_t)(n - done));
        if (k <= 0) exit(1); /* nobody reads: the one who asked is gone */
        done += (int)k;
    }
}

/* ---- the one who asks ------------------------------------------------------------------------ */

static struct wb_item *item_of(struct wb_group *group, const char *name) {
    for (unsigned i = 0; i < group->n; i++)
        if (strcmp(group->items[i].name, name) == 0) return &group->items[i];
    return NULL;
}

static void take_line(struct wb_plan *plan, struct wb_group *group, char *line) {
    struct wb_sample s;
    double *at[FIGURES];
    memset(&s, 0, sizeof s);
    figures(&s, at);
    struct wb_item *item = item_of(group, strsep(&line, "\t"));
    const char *field[3 + FIGURES];
    for (unsigned i = 0; i < 3 + FIGURES; i++)
        if (!(field[i] = strsep(&line, "\t"))) return;
    unsigned long round = strtoul(field[0], NULL, 10);
    if (!item || !line || round >= plan->rounds) return;
    s.status = (enum wb_status)strtol(field[1], NULL, 10);
    s.late = field[2][0] == '1';
    for (unsigned i = 0; i < FIGURES; i++) *at[i] = strtod(field[3 + i], NULL);
    wb_rounds_take(plan, item, (unsigned)round, &s, line);
}

/* Takes over lines until the other end closes; false: it has been silent for too long. Ctrl-C is passed
 * on. */
static bool take_all(struct wb_plan *plan, struct wb_group *group, int fd, pid_t child) {
    const int patience = 30000; /* ms: a run that is stuck says so after two seconds */
    bool told = false;
    char buffer[4 * LINE];
    size_t have = 0;
    for (;;) {
        struct pollfd p = { fd, POLLIN, 0 };
        if (wb_interrupted() && !told) told = kill(child, SIGINT) == 0;
        int ready = poll(&p, 1, patience);
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return false;
        ssize_t n = read(fd, buffer + have, sizeof buffer - have);
        if (n <= 0) return true;
        have += (size_t)n;
        char *from = buffer;
        for (char *end; (end = memchr(from, '\n', have)); from = end + 1) {
            *end = '\0';
            have -= (size_t)(end + 1 - from);
            take_line(plan, group, from);
        }
        memmove(buffer, from, have);
    }
}

static bool add_arg(char **argv, int *argc, const char *format, const char *value) {
    size_t n = strlen(format) + strlen(value) + 1;
    char *s = malloc(n);
    if (!s) return false;
    (void)snprintf(s, n, "%s%s", format, value);
    argv[(*argc)++] = s;
    return true;
}

static bool add_number(char **argv, int *argc, const char *format, double value) {
    char text[32];
    (void)snprintf(text, sizeof text, "%.17g", value);
    return add_arg(argv, argc, format, text);
}

static bool add_threads(char **argv, int *argc, const struct wb_options *o) {
    char text[8 * WB_THREADS_MAX] = "";
    size_t at = 0;
    for (unsigned i = 0; i < o->n_threads; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%u", i ? "," : "", o->threads[i]);
    return o->n_threads == 0 || add_arg(argv, argc, "--threads=", text);
}

static bool arguments(const struct wb_plan *plan, int fd, char **argv) {
    static const char *const pins[] = { "auto", "compact", "spread", "none" };
    const struct wb_options *o = plan->opt;
    char seed[24];
    int n = 0;
    (void)snprintf(seed, sizeof seed, "%llu", (unsigned long long)o->seed);
    bool ok = add_arg(argv, &n, "", o->full[0]) && add_arg(argv, &n, "--suite=", "one-cpu") &&
              add_number(argv, &n, "--cpus=", wb_first_cpu()) &&
              add_number(argv, &n, "--rounds=", plan->rounds) &&
              add_number(argv, &n, "--seconds=", plan->seconds) &&
              add_arg(argv, &n, "--seed=", seed) && add_arg(argv, &n, "--pin=", pins[o->pin]) &&
              add_number(argv, &n, "--records=", fd) && add_threads(argv, &n, o);
    if (ok && o->filter_text)
        ok = add_arg(argv, &n,
                     o->filter_benchmark ? "--benchmark_filter=" : "--filter=", o->filter_text);
    if (ok && o->rivals == WB_RIVALS_NONE) ok = add_arg(argv, &n, "--rivals=", "none");
    if (ok && o->rivals == WB_RIVALS_LIST) ok = add_arg(argv, &n, "--rivals=", o->rivals_list);
    return ok;
}

static pid_t start(const struct wb_plan *plan, int fd) {
    char *argv[16] = { NULL };
    pid_t child = -1;
    if (!arguments(plan, fd, argv) ||
        posix_spawn(&child, "/proc/self/exe", NULL, NULL, argv, environ) != 0)
        child = -1;
    for (int i = 0; argv[i]; i++) free(argv[i]);
    return child;
}

/* Each item without a sample in some round was not measured as planned. */
static void fail_rest(struct wb_plan *plan, struct wb_group *group, const char *why) {
    struct wb_sample s;
    memset(&s, 0, sizeof s);
    s.status = WB_FAILED;
    for (unsigned i = 0; i < group->n; i++)
        for (unsigned r = 0; r < plan->rounds; r++)
            if (group->items[i].status == WB_OK && group->items[i].samples[r].status == WB_NONE)
                wb_rounds_take(plan, &group->items[i], r, &s, why);
}

void wb_remote_measure(struct wb_plan *plan, struct wb_group *group) {
    int fds[2], status = 0;
    if (pipe(fds) != 0) {
        fail_rest(plan, group, "no pipe to the one-CPU process");
        return;
    }
    (void)fcntl(fds[0], F_SETFD, FD_CLOEXEC);
    pid_t child = start(plan, fds[1]);
    (void)close(fds[1]);
    bool ended = child > 0 && take_all(plan, group, fds[0], child);
    (void)close(fds[0]);
    if (child > 0 && !ended) (void)kill(child, SIGKILL);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (wb_interrupted()) return;
    if (child <= 0)
        fail_rest(plan, group, "the one-CPU process could not be started");
    else if (!ended)
        fail_rest(plan, group, "the one-CPU process was silent for 30 s");
    else if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
        fail_rest(plan, group, "the one-CPU process ended early");
}
