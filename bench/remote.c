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
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interrupt.h"
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
        if (n < 0 && errno == EINTR) continue;
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

/* The other process's command line. */
struct call {
    char text[8192]; /* the arguments, one after the other */
    size_t used;
    char *argv[16]; /* into text */
    unsigned argc;
};

__attribute__((format(printf, 2, 3))) static void add(struct call *c, const char *format, ...) {
    va_list values;
    size_t room = sizeof c->text - c->used;
    va_start(values, format);
    int n = vsnprintf(c->text + c->used, room, format, values);
    va_end(values);
    if (n < 0 || (size_t)n >= room) {
        c->used = sizeof c->text; /* too long: see start() */
        return;
    }
    c->argv[c->argc++] = c->text + c->used;
    c->used += (size_t)n + 1;
}

static void add_threads(struct call *c, const struct wb_options *o) {
    char text[8 * WB_THREADS_MAX] = "";
    size_t at = 0;
    for (unsigned i = 0; i < o->n_threads; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%u", i ? "," : "", o->threads[i]);
    if (at > 0) add(c, "--threads=%s", text);
}

static void arguments(struct call *c, const struct wb_plan *plan, int fd) {
    static const char *const pins[] = { "auto", "compact", "spread", "none" };
    const struct wb_options *o = plan->opt;
    add(c, "%s", o->full[0]);
    add(c, "--suite=one-cpu");
    add(c, "--cpus=%d", wb_first_cpu());
    add(c, "--rounds=%u", plan->rounds);
    add(c, "--seconds=%.17g", plan->seconds);
    add(c, "--seed=%llu", (unsigned long long)o->seed);
    add(c, "--pin=%s", pins[o->pin]);
    add(c, "--records=%d", fd);
    add_threads(c, o);
    if (o->filter_text)
        add(c, "--%s=%s", o->filter_benchmark ? "benchmark_filter" : "filter", o->filter_text);
    if (o->rivals == WB_RIVALS_NONE) add(c, "--rivals=none");
    if (o->rivals == WB_RIVALS_LIST) add(c, "--rivals=%s", o->rivals_list);
}

static pid_t start(const struct wb_plan *plan, int fd) {
    struct call c = { .used = 0 };
    pid_t child = -1;
    arguments(&c, plan, fd);
    if (c.used >= sizeof c.text) return -1;
    if (posix_spawn(&child, "/proc/self/exe", NULL, NULL, c.argv, environ) != 0) return -1;
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
