/* SPDX-License-Identifier: MIT */
/* stress/run/report.c - a failure on the terminal, and its folder: all that is needed to repeat it and to
 * understand it without repeating it. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "run.h"
#include "script.h"

#define SHOWN 8192 /* bytes of a long text on the terminal */

/* ---- what the threads were at -------------------------------------------------------------------------- */

static const char *const phase_names[] = {
    "start", "setup", "run", "stop", "join", "finish", "end"
};

static void print_waiter(FILE *to, const struct sr_worker *w, unsigned i) {
    bool gone = weir_load_relaxed(&w->state) == SR_GONE;
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    (void)fprintf(to, "  thread %-3u %-10s ", i, w->as_what);
    if (gone)
        (void)fprintf(to, "has ended");
    else if (w->answer == SR_NO_WAIT)
        (void)fprintf(to, "has not said what it waits for");
    else
        (void)fprintf(to, "waits until %s: %s", w->for_what,
                      w->answer == SR_TRUE ? "this is TRUE" : "this is false");
    if (!gone && w->answer != SR_NO_WAIT && w->until != WEIR_FOREVER)
        (void)fprintf(to, "; its deadline %s by %.1f s",
                      w->until < (int64_t)ts.tv_sec * 1000000000 ? "passed" : "is ahead",
                      (double)llabs(w->until - (int64_t)ts.tv_sec * 1000000000) / 1e9);
    (void)fprintf(to, "; %" PRIu64 " operations", weir_load_relaxed(&w->ops));
    if (w->at_point[0]) (void)fprintf(to, ", last point %s", w->at_point);
    (void)fprintf(to, "\n");
}

void sr_print_waiters(FILE *to, const struct sr_shared *s) {
    uint32_t phase = weir_load_relaxed(&s->phase);
    (void)fprintf(to, "threads, in phase %s:\n", phase_names[phase]);
    for (unsigned i = 0; i < s->settings.threads; i++) print_waiter(to, &s->worker[i], i);
}

void sr_print_steps(FILE *to, const struct sr_shared *s) {
    struct sr_script script;
    char why[SR_SCRIPT + 100];
    if (sr_script_parse(&script, s->settings.script, 0, why, sizeof why) < 0) return;
    for (unsigned i = 0; i < script.n; i++) {
        const struct sr_step *t = &script.step[i];
        uint32_t state = weir_load_relaxed(&s->step[i].state);
        double ms = (double)weir_load_relaxed(&s->step[i].ns) / 1e6;
        (void)fprintf(to, "  step %u, at %s %s %s: ", i + 1, t->at.point,
                      t->after ? "after" : "until", t->until.point);
        if (state == SR_WAITING) (void)fprintf(to, "nobody came to stop there\n");
        if (state == SR_HELD) (void)fprintf(to, "still held at the end\n");
        if (state == SR_LET_GO) (void)fprintf(to, "held for %.3f ms, until it came\n", ms);
        if (state == SR_GAVE_UP) (void)fprintf(to, "NEVER CAME: held for %.3f ms in vain\n", ms);
    }
}

/* ---- how to repeat it -------------------------------------------------------------------------------------- */

static void quoted(FILE *to, const char *text) {
    (void)fputc('\'', to);
    for (; *text; text++)
        if (*text == '\'')
            (void)fputs("'\\''", to);
        else
            (void)fputc(*text, to);
    (void)fputc('\'', to);
}

void sr_print_arguments(FILE *to, const struct sr_settings *set) {
    (void)fprintf(to, "%s seed=%" PRIu64 " seconds=%g threads=%u place=%s storm=%s", set->scenario,
                  set->seed, set->seconds, set->threads, sr_place_names[set->place],
                  sr_storm_names[set->storm]);
    if (set->delay == SR_SCRIPTED) {
        (void)fprintf(to, " script=");
        quoted(to, set->script);
    } else {
        (void)fprintf(to, " delay=%s", sr_delay_names[set->delay]);
    }
    if (set->ops) (void)fprintf(to, " ops=%" PRIu64, set->ops);
    if (*set->weaken) (void)fprintf(to, " weaken=%s", set->weaken);
    if (set->watchdog != 5) (void)fprintf(to, " watchdog=%g", set->watchdog);
    if (set->limit != 60) (void)fprintf(to, " limit=%g", set->limit);
    if (set->memory != UINT64_C(4096) << 20)
        (void)fprintf(to, " memory=%" PRIu64, set->memory >> 20);
}

/* The same seed does not give the same schedule: the command tries some times. */
static void print_repeat(FILE *to, const char *program, const struct sr_settings *set) {
    (void)fprintf(to, "%s ", program);
    sr_print_arguments(to, set);
    (void)fprintf(to, " times=20 --first");
}

/* ---- the folder ------------------------------------------------------------------------------------------------ */

struct folder {
    char path[400];
    bool bad;
};

static FILE *file_in(struct folder *f, const char *name) {
    char path[500];
    (void)snprintf(path, sizeof path, "%s/%s", f->path, name);
    FILE *file = fopen(path, "we");
    if (!file) f->bad = true;
    return file;
}

static void close_file(struct folder *f, FILE *file) {
    if (ferror(file)) f->bad = true;
    if (fclose(file) != 0) f->bad = true;
}

static void copy_file(FILE *to, int from, size_t most) {
    char text[4096];
    for (size_t at = 0; at < most;) {
        size_t want = most - at < sizeof text ? most - at : sizeof text;
        ssize_t k = pread(from, text, want, (off_t)at);
        if (k <= 0) return;
        (void)fwrite(text, 1, (size_t)k, to);
        at += (size_t)k;
    }
}

static void make_folder(struct folder *f, const char *out, const struct sr_settings *set) {
    (void)snprintf(f->path, sizeof f->path, "%s/%s-%" PRIu64, out, set->scenario, set->seed);
    f->bad = (mkdir(out, 0777) != 0 && errno != EEXIST) ||
             (mkdir(f->path, 0777) != 0 && errno != EEXIST);
}

static void copy_lines(FILE *to, const char *path, const char *starting, unsigned most) {
    char line[512];
    FILE *from = fopen(path, "re");
    if (!from) return;
    while (most > 0 && fgets(line, sizeof line, from)) {
        if (strncmp(line, starting, strlen(starting)) != 0) continue;
        (void)fprintf(to, "%s", line);
        most--;
    }
    (void)fclose(from);
}

static void print_environment(FILE *to) {
    static const char *const names[] = { "TSAN_OPTIONS", "ASAN_OPTIONS", "UBSAN_OPTIONS",
                                         "LSAN_OPTIONS" };
    struct utsname u;
    time_t now = time(NULL);
    struct tm tm;
    char date[64] = "";
    if (gmtime_r(&now, &tm)) (void)strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S UTC", &tm);
    (void)fprintf(to, "date        %s\nweir        %d.%d.%d\ncompiler    %s\nprocessors  %u\n",
                  date, WEIR_VERSION_MAJOR, WEIR_VERSION_MINOR, WEIR_VERSION_PATCH, __VERSION__,
                  sr_cpus());
    if (uname(&u) == 0)
        (void)fprintf(to, "system      %s %s %s %s\n", u.sysname, u.release, u.version, u.machine);
    (void)fprintf(to, "load        ");
    copy_lines(to, "/proc/loadavg", "", 1);
    copy_lines(to, "/proc/cpuinfo", "model name", 1);
    copy_lines(to, "/proc/meminfo", "Mem", 3);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *v = getenv(names[i]);
        if (v) (void)fprintf(to, "%s=%s\n", names[i], v);
    }
}

static void write_script(struct folder *f, const char *program, const struct sr_settings *set) {
    char here[4096], path[500];
    FILE *to = file_in(f, "repeat.sh");
    if (!to) return;
    (void)fprintf(to, "#!/bin/sh\n# Runs it again, up to 20 times, until it fails.\n");
    if (getcwd(here, sizeof here)) {
        (void)fprintf(to, "cd ");
        quoted(to, here);
        (void)fprintf(to, " || exit 2\n");
    }
    print_repeat(to, program, set);
    (void)fprintf(to, " \"$@\"\n");
    close_file(f, to);
    (void)snprintf(path, sizeof path, "%s/repeat.sh", f->path);
    (void)chmod(path, 0755);
}

static void print_failure(FILE *to, const struct sr_shared *s, const struct sr_outcome *o) {
    (void)fprintf(to, "%s   ", sr_kind_name(o->kind));
    sr_print_arguments(to, &s->settings);
    (void)fprintf(to, "\n%s\n", o->text);
    if (o->waiters) sr_print_waiters(to, s);
}

static uint64_t log_size(const struct sr_shared *s) {
    uint64_t n = weir_load_relaxed(&s->logged);
    return n < SR_LOG ? n : SR_LOG;
}

static void write_folder(struct folder *f, const char *program, const struct sr_shared *s,
                         const struct sr_outcome *o) {
    FILE *to = file_in(f, "failure.txt");
    if (to) {
        print_failure(to, s, o);
        if (*s->settings.script) sr_print_steps(to, s);
        close_file(f, to);
    }
    if ((to = file_in(f, "settings.txt"))) {
        sr_print_arguments(to, &s->settings);
        (void)fprintf(to, "\n");
        close_file(f, to);
    }
    if ((to = file_in(f, "waiters.txt"))) {
        if (o->waiters) sr_print_waiters(to, s);
        close_file(f, to);
    }
    if ((to = file_in(f, "output.txt"))) {
        copy_file(to, o->output, SIZE_MAX);
        close_file(f, to);
    }
    if (o->stacks >= 0 && (to = file_in(f, "stacks.txt"))) {
        copy_file(to, o->stacks, SIZE_MAX);
        close_file(f, to);
    }
    if ((to = file_in(f, "log.txt"))) {
        (void)fwrite(s->log, 1, log_size(s), to);
        close_file(f, to);
    }
    if ((to = file_in(f, "environment.txt"))) {
        print_environment(to);
        close_file(f, to);
    }
    write_script(f, program, &s->settings);
}

/* ---- the terminal ---------------------------------------------------------------------------------------------- */

static void show(const char *title, int from) {
    char c;
    if (from < 0 || pread(from, &c, 1, 0) != 1) return;
    (void)printf("%s:\n", title);
    copy_file(stdout, from, SHOWN);
    if (pread(from, &c, 1, SHOWN) == 1) (void)printf("\n...");
    (void)printf("\n");
}

void sr_report(const char *program, const char *out, const struct sr_shared *s,
               const struct sr_outcome *o) {
    struct folder f;
    uint64_t log = log_size(s);
    (void)printf("\n");
    print_failure(stdout, s, o);
    show("output", o->output);
    if (log)
        (void)printf("log:\n%.*s%s\n", log < SHOWN ? (int)log : SHOWN, s->log,
                     log > SHOWN ? "..." : "");
    make_folder(&f, out, &s->settings);
    if (!f.bad) write_folder(&f, program, s, o);
    if (f.bad)
        (void)printf("the failure's folder %s cannot be written: %s\n", f.path, strerror(errno));
    else
        (void)printf("folder: %s%s\n", f.path, o->stacks >= 0 ? ", with stacks.txt" : "");
    (void)printf("repeat: ");
    print_repeat(stdout, program, &s->settings);
    (void)printf("\n\n");
}
