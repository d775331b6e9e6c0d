/* SPDX-License-Identifier: MIT */
/* bench/env.c - see env.h. Linux: /proc, /sys, dpkg. What cannot be read is "unknown". */
#include "env.h"

#include <gnu/libc-version.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <weir/base.h>

#include "away.h"
#include "build_info.h" /* generated: WB_COMMIT, WB_DIRTY, WB_FLAGS, WB_BUILD_TYPE */
#include "gbench.h"
#include "interrupt.h"
#include "rounds.h"

/* ---- the list -------------------------------------------------------------------------------- */

static struct wb_fact *add(struct wb_env *env, const char *key, enum wb_fact_kind kind) {
    struct wb_fact *more = realloc(env->fact, (env->n + 1) * sizeof *more);
    if (!more) abort();
    env->fact = more;
    more[env->n] = (struct wb_fact){ key, kind, NULL, 0 };
    return &more[env->n++];
}

static void text(struct wb_env *env, const char *key, const char *value) {
    add(env, key, WB_FACT_TEXT)->text = strdup(value && *value ? value : "unknown");
}

static void number(struct wb_env *env, const char *key, double value) {
    add(env, key, WB_FACT_NUMBER)->number = value;
}

static void yes_no(struct wb_env *env, const char *key, bool value) {
    add(env, key, WB_FACT_BOOL)->number = value;
}

/* Takes the text over: items that each end with a line end. */
static void list(struct wb_env *env, const char *key, char *items) {
    size_t n = strlen(items);
    if (n && items[n - 1] == '\n') items[n - 1] = '\0';
    add(env, key, WB_FACT_LIST)->text = items;
}

static const struct wb_fact *find(const struct wb_env *env, const char *key) {
    for (unsigned i = 0; i < env->n; i++)
        if (strcmp(env->fact[i].key, key) == 0) return &env->fact[i];
    return NULL;
}

const char *wb_env_text(const struct wb_env *env, const char *key) {
    const struct wb_fact *f = find(env, key);
    return f && f->text ? f->text : "";
}

double wb_env_number(const struct wb_env *env, const char *key) {
    const struct wb_fact *f = find(env, key);
    return f ? f->number : 0;
}

void wb_env_free(struct wb_env *env) {
    for (unsigned i = 0; i < env->n; i++) free(env->fact[i].text);
    free(env->fact);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* The first line of a file, or of what a command prints; "" if there is none. */
static const char *first_line(FILE *f, char *out, size_t size) {
    out[0] = '\0';
    if (f && fgets(out, (int)size, f)) out[strcspn(out, "\n")] = '\0';
    return out;
}

static const char *file_line(const char *path, char *out, size_t size) {
    FILE *f = fopen(path, "r");
    (void)first_line(f, out, size);
    if (f) (void)fclose(f);
    return out;
}

/* The value behind "key : value" in /proc/cpuinfo. */
static const char *cpuinfo(const char *key, char *out, size_t size) {
    FILE *f = fopen("/proc/cpuinfo", "r");
    char line[4096];
    out[0] = '\0';
    while (f && !*out && fgets(line, sizeof line, f)) {
        char *colon = strchr(line, ':');
        if (!colon || strncmp(line, key, strlen(key)) != 0) continue;
        line[strcspn(line, "\n")] = '\0';
        (void)snprintf(out, size, "%s", colon + 1 + strspn(colon + 1, " "));
    }
    if (f) (void)fclose(f);
    return out;
}

/* "always [madvise] never": the word in brackets. */
static const char *chosen(const char *path, char *out, size_t size) {
    (void)file_line(path, out, size);
    char *open = strchr(out, '['), *close = open ? strchr(open, ']') : NULL;
    if (!close) return out;
    *close = '\0';
    memmove(out, open + 1, strlen(open + 1) + 1);
    return out;
}

/* Ticks of all processors that were stolen by the host, and all ticks. */
static void ticks(double *steal, double *all) {
    unsigned long long v[8] = { 0 };
    FILE *f = fopen("/proc/stat", "r");
    *steal = *all = 0;
    if (!f) return;
    if (fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2], &v[3], &v[4],
               &v[5], &v[6], &v[7]) == 8) {
        for (unsigned i = 0; i < 8; i++) *all += (double)v[i];
        *steal = (double)v[7];
    }
    (void)fclose(f);
}

static double load(void) {
    double average[1] = { 0 };
    return getloadavg(average, 1) == 1 ? average[0] : 0;
}

/* ---- facts ----------------------------------------------------------------------------------- */

static void add_processor(struct wb_env *env) {
    char line[512];
    struct utsname u;
    if (uname(&u) != 0) memset(&u, 0, sizeof u);
    text(env, "cpu_model", *cpuinfo("model name", line, sizeof line) ? line : u.machine);
    number(env, "cpus", wb_cpus());
    number(env, "cpus_online", (double)sysconf(_SC_NPROCESSORS_ONLN));
    (void)file_line("/sys/devices/system/cpu/smt/active", line, sizeof line);
    text(env, "smt", line[0] == '1' ? "on" : line[0] == '0' ? "off" : "");
    text(env, "governor",
         file_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", line, sizeof line));
    text(env, "clocksource",
         file_line("/sys/devices/system/clocksource/clocksource0/current_clocksource", line,
                   sizeof line));
}

static void add_system(struct wb_env *env) {
    char line[4096], name[600], vendor[256], product[256];
    struct utsname u;
    if (uname(&u) != 0) memset(&u, 0, sizeof u);
    (void)snprintf(name, sizeof name, "%s %s %s", u.sysname, u.release, u.machine);
    text(env, "kernel", name);
    (void)snprintf(name, sizeof name, "glibc %s", gnu_get_libc_version());
    text(env, "libc", name);
    bool virtual = strstr(cpuinfo("flags", line, sizeof line), "hypervisor") != NULL;
    (void)snprintf(name, sizeof name, "%s %s",
                   file_line("/sys/class/dmi/id/sys_vendor", vendor, sizeof vendor),
                   file_line("/sys/class/dmi/id/product_name", product, sizeof product));
    yes_no(env, "virtual_machine", virtual);
    text(env, "machine", strcmp(name, " ") == 0 ? "" : name);
    text(env, "transparent_hugepages",
         chosen("/sys/kernel/mm/transparent_hugepage/enabled", line, sizeof line));
    text(env, "aslr", file_line("/proc/sys/kernel/randomize_va_space", line, sizeof line));
}

static void add_build(struct wb_env *env) {
    char version[32];
    (void)snprintf(version, sizeof version, "%d.%d.%d", WEIR_VERSION_MAJOR, WEIR_VERSION_MINOR,
                   WEIR_VERSION_PATCH);
    text(env, "weir_version", version);
    text(env, "commit", WB_COMMIT);
    yes_no(env, "dirty", WB_DIRTY);
#ifdef __clang__
    text(env, "compiler", __VERSION__);
#else
    text(env, "compiler", "gcc " __VERSION__);
#endif
    text(env, "flags", WB_FLAGS);
    text(env, "build_type", WB_BUILD_TYPE);
    text(env, "benchmark_library", wb_gbench_version() ? wb_gbench_version() : "none");
}

/* Whether a package of this name was asked about before. */
static bool asked(const char *const *packages, unsigned n, const char *one) {
    for (unsigned i = 0; i < n; i++)
        if (strcmp(packages[i], one) == 0) return true;
    return false;
}

static void package_version(FILE *into, const char *package) {
    char command[256], version[128];
    if (strspn(package, "abcdefghijklmnopqrstuvwxyz0123456789+-.") != strlen(package)) return;
    (void)snprintf(command, sizeof command, "dpkg-query -W -f '${Version}' %s 2>/dev/null",
                   package);
    FILE *f = popen(command, "r");
    (void)first_line(f, version, sizeof version);
    if (f) (void)pclose(f);
    (void)fprintf(into, "%s %s\n", package, *version ? version : "unknown");
}

/* A program of its own says what it was built with, wherever that came from. */
static void program_version(FILE *into, const struct wb_ring *ring) {
    char version[128];
    wb_away_version(ring, version, sizeof version);
    (void)fprintf(into, "%s %s\n", ring->package, version);
}

static void add_rivals(struct wb_env *env) {
    enum { MOST = 64 };
    const char *packages[MOST];
    unsigned n = 0;
    char *items;
    size_t size;
    FILE *f = open_memstream(&items, &size);
    if (!f) return;
    for (const struct wb_ring *const *r = wb_rings; *r; r++) {
        const char *package = (*r)->package;
        if (!package || n == MOST || asked(packages, n, package)) continue;
        packages[n++] = package;
        if ((*r)->can & WB_AWAY)
            program_version(f, *r);
        else
            package_version(f, package);
    }
    if (fclose(f) == 0) list(env, "rival_packages", items);
    f = open_memstream(&items, &size);
    if (!f) return;
    for (const struct wb_missing *m = wb_missing; m->name; m++) (void)fprintf(f, "%s\n", m->name);
    if (fclose(f) == 0) list(env, "rivals_missing", items);
}

static void add_call(struct wb_env *env, const struct wb_plan *plan) {
    static const char *const pins[] = { "auto", "compact", "spread", "none" };
    char *items, seed[24];
    size_t size;
    unsigned most = 0;
    FILE *f = open_memstream(&items, &size);
    for (unsigned i = 0; f && plan->opt->full[i]; i++) (void)fprintf(f, "%s\n", plan->opt->full[i]);
    if (f && fclose(f) == 0) list(env, "command", items);
    text(env, "suite", plan->opt->suite->name);
    number(env, "rounds", plan->rounds);
    number(env, "seconds_per_run", plan->seconds);
    (void)snprintf(seed, sizeof seed, "%llu", (unsigned long long)plan->opt->seed);
    text(env, "seed", seed);
    text(env, "pin", pins[plan->opt->pin]);
    for (unsigned i = 0; i < plan->n_cases; i++)
        if (plan->cases[i].threads > most && !plan->cases[i].one_cpu) most = plan->cases[i].threads;
    number(env, "most_threads", most);
    number(env, "most_threads_per_cpu", (double)most / wb_cpus());
}

void wb_env_begin(struct wb_env *env, const struct wb_plan *plan) {
    char date[40];
    time_t now = time(NULL);
    struct tm tm;
    memset(env, 0, sizeof *env);
    (void)strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
    text(env, "date", date);
    add_processor(env);
    add_system(env);
    add_build(env);
    add_rivals(env);
    add_call(env, plan);
    number(env, "load_before", load());
    ticks(&env->steal, &env->ticks);
}

/* ---- after the run --------------------------------------------------------------------------- */

const char *wb_env_doubts(const struct wb_env *env) { return wb_env_text(env, "doubts"); }

static void add_doubts(struct wb_env *env) {
    char *items;
    size_t size;
    FILE *f = open_memstream(&items, &size);
    if (!f) return;
    const char *governor = wb_env_text(env, "governor");
    double steal = wb_env_number(env, "steal_share"), before = wb_env_number(env, "load_before");
    if (strcmp(governor, "performance") != 0 && strcmp(governor, "unknown") != 0)
        (void)fprintf(f, "the frequency governor is %s, not performance\n", governor);
    if (steal > 0.01) (void)fprintf(f, "the host took %.1f %% of the time\n", 100 * steal);
    if (before > 0.5) (void)fprintf(f, "the machine was not idle before (load %.1f)\n", before);
    if (wb_env_number(env, "virtual_machine") > 0)
        (void)fprintf(f, "a virtual machine: its host may do other things\n");
    if (strcmp(wb_env_text(env, "build_type"), "Release") != 0)
        (void)fprintf(f, "this is not a Release build\n");
    if (fclose(f) == 0) list(env, "doubts", items);
}

void wb_env_end(struct wb_env *env, const struct wb_plan *plan) {
    double steal, all;
    yes_no(env, "incomplete", wb_interrupted());
    number(env, "measurements", wb_rounds_taken(plan));
    number(env, "measurements_planned", (double)plan->n_items * plan->rounds);
    ticks(&steal, &all);
    number(env, "load_after", load());
    number(env, "steal_share", all > env->ticks ? (steal - env->steal) / (all - env->ticks) : 0);
    add_doubts(env);
}
