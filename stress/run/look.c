/* SPDX-License-Identifier: MIT */
/* stress/run/look.c - what the kernel and the debugger say about a run's process. */
#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "watch.h"

static size_t slurp(const char *path, char *to, size_t n) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t k = fd < 0 ? 0 : read(fd, to, n - 1);
    if (fd >= 0) (void)close(fd);
    to[k > 0 ? k : 0] = '\0';
    return k > 0 ? (size_t)k : 0;
}

static uint64_t number_after(const char *text, const char *name) {
    const char *at = strstr(text, name);
    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

/* State S, and as many context switches as before: one that polls with naps switches. */
bool sr_sleeps(pid_t pid, pid_t tid, uint64_t *switches) {
    char path[64], text[4096];
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/status", (int)pid, (int)tid);
    if (slurp(path, text, sizeof text) == 0) return false;
    const char *state = strstr(text, "\nState:");
    uint64_t n = number_after(text, "\nvoluntary_ctxt_switches:") +
                 number_after(text, "\nnonvoluntary_ctxt_switches:");
    bool same = n == *switches;
    *switches = n;
    if (!state) return false;
    state += strlen("\nState:");
    while (isspace((unsigned char)*state)) state++;
    return *state == 'S' && same;
}

uint64_t sr_rss_kib(pid_t pid) {
    char path[64], text[256];
    unsigned long long size, resident;
    (void)snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    if (slurp(path, text, sizeof text) == 0) return 0;
    if (sscanf(text, "%llu %llu", &size, &resident) != 2) return 0;
    return resident * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* ---- sanitizers ------------------------------------------------------------------------------------------- */

bool sr_sanitizer_said(int output, char *line, size_t n) {
    static const char *const says[] = { "Sanitizer: ", "Sanitizer:DEADLYSIGNAL",
                                        "runtime error: " };
    char text[65536];
    ssize_t k = pread(output, text, sizeof text - 1, 0);
    text[k > 0 ? k : 0] = '\0';
    for (size_t i = 0; i < sizeof says / sizeof *says; i++) {
        char *at = strstr(text, says[i]);
        if (!at) continue;
        while (at > text && at[-1] != '\n') at--;
        at[strcspn(at, "\n")] = '\0';
        (void)snprintf(line, n, "%s", at);
        return true;
    }
    return false;
}

/* ---- gdb ---------------------------------------------------------------------------------------------------- */

bool sr_has_debugger(void) {
    const char *path = getenv("PATH");
    char copy[4096], file[4200];
    if (!path || (size_t)snprintf(copy, sizeof copy, "%s", path) >= sizeof copy) return false;
    for (char *save, *dir = strtok_r(copy, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
        (void)snprintf(file, sizeof file, "%s/gdb", dir);
        if (access(file, X_OK) == 0) return true;
    }
    return false;
}

static void nap(long ms) {
    struct timespec ts = { .tv_nsec = ms * 1000000 };
    (void)nanosleep(&ts, NULL);
}

static void debug(pid_t pid, int fd) {
    char number[16];
    int none = open("/dev/null", O_RDWR);
    (void)snprintf(number, sizeof number, "%d", (int)pid);
    (void)dup2(fd, 1);
    if (none >= 0) {
        (void)dup2(none, 0);
        (void)dup2(none, 2);
    }
    (void)execlp("gdb", "gdb", "-nx", "-batch", "-p", number, "-ex",
                 "set print frame-arguments none", "-ex", "thread apply all backtrace 12",
                 (char *)NULL);
    _exit(127);
}

int sr_stacks(pid_t pid) {
    if (!sr_has_debugger()) return -1;
    int fd = memfd_create("stacks", MFD_CLOEXEC), status = -1;
    if (fd < 0) return -1;
    pid_t gdb = fork();
    if (gdb == 0) debug(pid, fd);
    for (int i = 0; gdb > 0 && i < 2000; i++) { /* 20 s */
        if (waitpid(gdb, &status, WNOHANG) == gdb) break;
        nap(10);
        if (i == 1999) {
            (void)kill(gdb, SIGKILL);
            (void)waitpid(gdb, &status, 0);
        }
    }
    char text[16384];
    ssize_t k = pread(fd, text, sizeof text - 1, 0);
    text[k > 0 ? k : 0] = '\0';
    if (gdb > 0 && status == 0 && strstr(text, "#0 ")) return fd;
    (void)close(fd);
    return -1;
}
