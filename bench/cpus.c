/* SPDX-License-Identifier: MIT */
/* bench/cpus.c - see cpus.h. Linux: affinity masks, and the topology under /sys. */
#include "cpus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    bool ready;
    cpu_set_t mask;
    unsigned n;                                    /* processors in the mask */
    int compact[CPU_SETSIZE], spread[CPU_SETSIZE]; /* the mask in these orders */
} cpus;

struct place {
    long package, core;
    int cpu;
    int nth; /* how many hardware threads of the same core come before it */
};

static long topology(int cpu, const char *what) {
    char path[96];
    long id = -1;
    (void)snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/%s", cpu, what);
    FILE *f = fopen(path, "r");
    if (!f) return -1;
    if (fscanf(f, "%ld", &id) != 1) id = -1;
    (void)fclose(f);
    return id;
}

static int in_order(long a1, long b1, long a2, long b2, int a3, int b3) {
    if (a1 != b1) return a1 < b1 ? -1 : 1;
    if (a2 != b2) return a2 < b2 ? -1 : 1;
    return a3 - b3;
}

static int by_core(const void *a, const void *b) {
    const struct place *x = a, *y = b;
    return in_order(x->package, y->package, x->core, y->core, x->cpu, y->cpu);
}

/* All first threads of the cores of one package, then the next package, then the second threads:
 * two threads meet in a shared cache as long as they can, and never in one core. */
static int by_thread(const void *a, const void *b) {
    const struct place *x = a, *y = b;
    return in_order(x->nth, y->nth, x->package, y->package, x->cpu, y->cpu);
}

static void read_cpus(void) {
    if (cpus.ready) return;
    cpus.ready = true;
    CPU_ZERO(&cpus.mask);
    if (sched_getaffinity(0, sizeof cpus.mask, &cpus.mask) != 0 || CPU_COUNT(&cpus.mask) == 0)
        CPU_SET(0, &cpus.mask);
    static struct place at[CPU_SETSIZE];
    for (int c = 0; c < CPU_SETSIZE; c++)
        if (CPU_ISSET((size_t)c, &cpus.mask))
            at[cpus.n++] =
                (struct place){ topology(c, "physical_package_id"), topology(c, "core_id"), c, 0 };
    qsort(at, cpus.n, sizeof *at, by_core);
    for (unsigned i = 0; i < cpus.n; i++) {
        cpus.compact[i] = at[i].cpu;
        bool same = i > 0 && at[i].core >= 0 && at[i].core == at[i - 1].core &&
                    at[i].package == at[i - 1].package;
        at[i].nth = same ? at[i - 1].nth + 1 : 0;
    }
    qsort(at, cpus.n, sizeof *at, by_thread);
    for (unsigned i = 0; i < cpus.n; i++) cpus.spread[i] = at[i].cpu;
}

/* cgroup version 2, as containers mount it: "max 100000" or "150000 100000". */
static unsigned quota(void) {
    unsigned n = 0;
    long long used, period;
    FILE *f = fopen("/sys/fs/cgroup/cpu.max", "r");
    if (!f) return 0;
    if (fscanf(f, "%lld %lld", &used, &period) == 2 && used > 0 && period > 0)
        n = (unsigned)((used + period - 1) / period);
    (void)fclose(f);
    return n;
}

unsigned wb_cpus(void) {
    static unsigned n;
    if (n == 0) {
        read_cpus();
        unsigned q = quota();
        n = q > 0 && q < cpus.n ? q : cpus.n;
    }
    return n;
}

int wb_first_cpu(void) {
    read_cpus();
    for (int c = 0; c < CPU_SETSIZE; c++)
        if (CPU_ISSET((size_t)c, &cpus.mask)) return c;
    return 0;
}

const cpu_set_t *wb_allowed(void) {
    read_cpus();
    return &cpus.mask;
}

int wb_place(enum wb_pin pin, unsigned threads, unsigned i) {
    if (pin == WB_PIN_NONE || threads > wb_cpus()) return -1;
    return pin == WB_PIN_COMPACT ? cpus.compact[i] : cpus.spread[i];
}

/* "0-3,8"; false: malformed, or empty. */
static bool parse_list(const char *list, cpu_set_t *set) {
    CPU_ZERO(set);
    for (const char *s = list;;) {
        char *end;
        if (*s < '0' || *s > '9') return false;
        unsigned long first = strtoul(s, &end, 10), last = first;
        if (*end == '-') {
            s = end + 1;
            if (*s < '0' || *s > '9') return false;
            last = strtoul(s, &end, 10);
        }
        if (last >= CPU_SETSIZE || first > last) return false;
        for (; first <= last; first++) CPU_SET(first, set);
        if (*end == '\0') return true;
        if (*end != ',') return false;
        s = end + 1;
    }
}

int wb_limit_cpus(const char *list, char **argv) {
    cpu_set_t want, have;
    if (!parse_list(list, &want)) return -1;
    CPU_ZERO(&have);
    if (sched_getaffinity(0, sizeof have, &have) != 0) return -1;
    if (CPU_EQUAL(&want, &have)) return 1;
    if (sched_setaffinity(0, sizeof want, &want) != 0) return -1;
    /* The kernel drops what it does not have: a mask that did not come out would never be equal,
     * and the program would execute itself for ever. */
    CPU_ZERO(&have);
    if (sched_getaffinity(0, sizeof have, &have) != 0 || !CPU_EQUAL(&want, &have)) return -1;
    (void)execv("/proc/self/exe", argv);
    return -1;
}
