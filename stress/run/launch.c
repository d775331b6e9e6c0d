/* SPDX-License-Identifier: MIT */
/* stress/run/launch.c - starts a run: this program anew, in a process with limits, whose settings stand in
 * the block that it inherits. Anew, and not only forked, so that the library under test counts the
 * processors that this run may use, and is registered with the kernel by this run. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "run.h"

static char **arguments;

void sr_launch_init(char **argv) { arguments = argv; }

struct sr_shared *sr_block(const struct sr_settings *set, int *fd) {
    *fd = memfd_create("weir-stress", 0);
    if (*fd < 0) return NULL;
    struct sr_shared *s = MAP_FAILED;
    if (ftruncate(*fd, sizeof *s) == 0)
        s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
    if (s == MAP_FAILED) {
        (void)close(*fd);
        return NULL;
    }
    s->settings = *set;
    return s;
}

void sr_land(struct sr_shared *s, int fd, struct sr_outcome *o) {
    (void)munmap(s, sizeof *s);
    (void)close(fd);
    if (o->output >= 0) (void)close(o->output);
    if (o->stacks >= 0) (void)close(o->stacks);
}

/* ---- in the child, before it is this program again ------------------------------------------------------- */

static void limit(__rlimit_resource_t what, rlim_t n) {
    struct rlimit r;
    if (getrlimit(what, &r) != 0) return;
    if (r.rlim_max != RLIM_INFINITY && n > r.rlim_max) n = r.rlim_max;
    r.rlim_cur = n;
    (void)setrlimit(what, &r);
}

/* Processor time is what all processors can give in the longest time that the watchdog allows. */
static void limits(const struct sr_settings *set, unsigned cpus) {
    double cpu = (set->seconds + 6 * set->limit + 60) * cpus;
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_CPU, (rlim_t)cpu);
    limit(RLIMIT_FSIZE, (rlim_t)1 << 28);
    if (set->memory && !sr_sanitized()) limit(RLIMIT_DATA, (rlim_t)set->memory);
}

/* To one of the processors that this process may use. */
static void pin(uint64_t which, unsigned cpus) {
    cpu_set_t may, one;
    unsigned left = (unsigned)(which % cpus);
    if (sched_getaffinity(0, sizeof may, &may) != 0) return;
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE; i++) {
        if (!CPU_ISSET(i, &may) || left-- != 0) continue;
        CPU_SET(i, &one);
        (void)sched_setaffinity(0, sizeof one, &one);
        return;
    }
}

static _Noreturn void become(const struct sr_settings *set, int output, unsigned cpus) {
    int none = open("/dev/null", O_RDONLY);
    (void)prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0, 0, 0);
    (void)setpgid(0, 0); /* the terminal's interrupt is the parent's */
    (void)signal(SIGINT, SIG_DFL);
    if (none >= 0) (void)dup2(none, 0);
    (void)dup2(output, 1);
    (void)dup2(output, 2);
    limits(set, cpus);
    if (set->place == SR_ONE) pin(set->seed, cpus);
    (void)execv("/proc/self/exe", arguments);
    _exit(98);
}

pid_t sr_launch(const struct sr_settings *set, int fd, int *output) {
    char number[16];
    unsigned cpus = sr_cpus();
    *output = memfd_create("output", MFD_CLOEXEC);
    if (*output < 0) return -1;
    (void)snprintf(number, sizeof number, "%d", fd);
    (void)setenv(SR_CHILD, number, 1);
    (void)setenv("TSAN_OPTIONS",
                 "halt_on_error=1:second_deadlock_stack=1:history_size=7:allow_addr2line=1", 0);
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) become(set, *output, cpus);
    (void)unsetenv(SR_CHILD);
    return pid;
}
