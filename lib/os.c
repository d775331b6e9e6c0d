/* SPDX-License-Identifier: MIT */
/* lib/os.c - Linux. See lib/os.h.
 *
 * Futexes are private and wait with FUTEX_WAIT_BITSET, whose deadline is absolute and monotonic, so
 * that a retry after a signal needs no arithmetic. Under ThreadSanitizer the raw call is announced
 * to the runtime, or else a signal to a parked thread would be kept back until it wakes; clang 19 and
 * later can be told. */
#include "os.h"

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) && __has_include(<sanitizer/linux_syscall_hooks.h>)
#include <sanitizer/linux_syscall_hooks.h>
#define ANNOUNCE_FUTEX 1
#endif
#endif
#ifndef ANNOUNCE_FUTEX
#define __sanitizer_syscall_pre_futex(a, b, c, d, e, f) ((void)0)
#define __sanitizer_syscall_post_futex(r, a, b, c, d, e, f) ((void)0)
#endif

#define NS_PER_S INT64_C(1000000000)

int weir__os_futex_wait(weir_au32 *word, uint32_t expected, weir_time deadline) {
    const int op = FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG;
    int saved = errno;
    struct timespec ts = { .tv_sec = (time_t)(deadline / NS_PER_S),
                           .tv_nsec = (long)(deadline % NS_PER_S) };
    struct timespec *until = deadline == WEIR_FOREVER ? NULL : &ts;
    if (deadline <= 0) ts = (struct timespec){ 0 }; /* the kernel refuses negative times */
    __sanitizer_syscall_pre_futex(&word->v_, op, expected, until, NULL, 0);
    long rc = syscall(SYS_futex, &word->v_, op, expected, until, NULL, FUTEX_BITSET_MATCH_ANY);
    __sanitizer_syscall_post_futex(rc, &word->v_, op, expected, until, NULL, 0);
    bool late = rc < 0 && errno == ETIMEDOUT;
    errno = saved;
    return late ? WEIR_ETIMEDOUT : 0;
}

void weir__os_futex_wake(weir_au32 *word, int n) {
    const int op = FUTEX_WAKE | FUTEX_PRIVATE_FLAG;
    int saved = errno;
    (void)syscall(SYS_futex, &word->v_, op, n, NULL, NULL, 0);
    errno = saved;
}

/* 0 of one that the kernel refuses, as under a filter of system calls. */
static int64_t clock_ns(clockid_t clock) {
    struct timespec ts = { 0, 0 };
    int saved = errno;
    clock_gettime(clock, &ts);
    errno = saved;
    return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

weir_time weir__os_now(void) { return clock_ns(CLOCK_MONOTONIC); }

int64_t weir__os_cpu_time(void) { return clock_ns(CLOCK_THREAD_CPUTIME_ID); }

void *weir__os_alloc(size_t size, size_t align) {
    int saved = errno;
    void *p = NULL;
    if (align < sizeof(void *)) align = sizeof(void *);
    if (posix_memalign(&p, align, size) != 0) p = NULL;
    errno = saved;
    return p;
}

void weir__os_free(void *p) {
    int saved = errno;
    free(p);
    errno = saved;
}

#ifdef __GLIBC__
void weir__os_alloc_trim(void) {
    int saved = errno;
    (void)malloc_trim(0);
    errno = saved;
}
#else
void weir__os_alloc_trim(void) {}
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HEAP_ONLY 1 /* leaks and races are looked for in the heap */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HEAP_ONLY 1
#endif
#endif

#ifdef HEAP_ONLY

void *weir__os_pages(size_t size) {
    void *p = weir__os_alloc(size, WEIR_LINE);
    if (p) memset(p, 0, size);
    return p;
}
void weir__os_pages_free(void *p, size_t size) {
    (void)size;
    weir__os_free(p);
}

#else

#define HUGE ((size_t)1 << 21)

static size_t in_pages(size_t size) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (size + page - 1) / page * page;
}

/* Aligned to large pages, in a reservation that is cut to size. */
static char *map_aligned(size_t size) {
    size_t all = size + (size >= HUGE ? HUGE : 0);
    char *p = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return NULL;
    if (all == size) return p;
    size_t before = (HUGE - (uintptr_t)p % HUGE) % HUGE, after = all - before - size;
    if (before) (void)munmap(p, before);
    if (after) (void)munmap(p + before + size, after);
    return p + before;
}

void *weir__os_pages(size_t size) {
    int saved = errno;
    size = in_pages(size);
    char *p = map_aligned(size);
    if (p && size >= HUGE) (void)madvise(p, size, MADV_HUGEPAGE);
    errno = saved;
    return p;
}

void weir__os_pages_free(void *p, size_t size) {
    int saved = errno;
    (void)munmap(p, in_pages(size));
    errno = saved;
}

#endif

/* ---- processors --------------------------------------------------------------------------------- */

static unsigned affinity_cpus(void) {
    cpu_set_t main_thread, self;
    if (sched_getaffinity(getpid(), sizeof main_thread, &main_thread) == 0 &&
        sched_getaffinity(0, sizeof self, &self) == 0) {
        CPU_OR(&self, &self, &main_thread); /* either may be pinned */
        return (unsigned)CPU_COUNT(&self);
    }
    long n = sysconf(_SC_NPROCESSORS_ONLN); /* more than 1024 processors */
    return n > 0 ? (unsigned)n : 1;
}

/* Quota over period of one cgroup directory, rounded up; 0: no limit stands there. */
static unsigned quota_in(const char *dir) {
    char path[512];
    double quota = -1, period = -1;
    (void)snprintf(path, sizeof path, "%s/cpu.max", dir);
    FILE *f = fopen(path, "re");
    if (f) {
        if (fscanf(f, "%lf %lf", &quota, &period) != 2) quota = -1; /* "max": no limit */
        (void)fclose(f);
    } else {
        (void)snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", dir);
        f = fopen(path, "re");
        if (!f) return 0;
        if (fscanf(f, "%lf", &quota) != 1) quota = -1;
        (void)fclose(f);
        (void)snprintf(path, sizeof path, "%s/cpu.cfs_period_us", dir);
        f = fopen(path, "re");
        if (!f) return 0;
        if (fscanf(f, "%lf", &period) != 1) period = -1;
        (void)fclose(f);
    }
    if (quota <= 0 || period <= 0) return 0;
    return (unsigned)((quota + period - 1) / period);
}

/* The strictest quota from the process's own group up to the root, in version 2 ("0::/path") and
 * version 1 ("n:cpu,cpuacct:/path"). */
static unsigned quota_cpus(void) {
    unsigned best = 0;
    char line[256], dir[400];
    FILE *f = fopen("/proc/self/cgroup", "re");
    if (!f) return 0;
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path) continue;
        *path++ = '\0';
        controllers++;
        const char *root = *controllers == '\0'                 ? "/sys/fs/cgroup"
                           : strstr(controllers, "cpu,cpuacct") ? "/sys/fs/cgroup/cpu,cpuacct"
                           : strcmp(controllers, "cpu") == 0    ? "/sys/fs/cgroup/cpu"
                                                                : NULL;
        for (; root; *strrchr(path, '/') = '\0') {
            (void)snprintf(dir, sizeof dir, "%s%s", root, path);
            unsigned q = quota_in(dir);
            if (q != 0 && (best == 0 || q < best)) best = q;
            if (!strrchr(path, '/')) break;
        }
    }
    (void)fclose(f);
    return best;
}

unsigned weir__os_cpus(void) {
    static weir_au32 cached; /* 0: not read yet; racing first readers store the same figure */
    uint32_t n = weir_load_relaxed(&cached);
    if (n == 0) {
        int saved = errno, cancel;
        /* Opening files is a cancellation point. */
        (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
        unsigned quota = quota_cpus();
        n = affinity_cpus();
        (void)pthread_setcancelstate(cancel, NULL);
        if (quota != 0 && quota < n) n = quota;
        if (n == 0) n = 1;
        weir_store_relaxed(&cached, n);
        errno = saved;
    }
    return n;
}

/* ---- threads ---------------------------------------------------------------------------------------------- */

static void *thread_main(void *fn) {
    ((void (*)(void))(uintptr_t)fn)();
    return NULL;
}

int weir__os_thread(void (*fn)(void)) {
    int saved = errno;
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all, before;
    if (pthread_attr_init(&attr) != 0) {
        errno = saved;
        return WEIR_ENOMEM;
    }
    (void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* the new thread inherits it */
    int rc = pthread_create(&thread, &attr, thread_main, (void *)(uintptr_t)fn);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attr);
    errno = saved;
    return rc == 0 ? 0 : WEIR_ENOMEM;
}

unsigned weir__os_tid(void) { return (unsigned)syscall(SYS_gettid); }

/* ---- random numbers and membarrier -------------------------------------------------------------- */

uint64_t weir__os_random(void) {
    int saved = errno;
    uint64_t x = 0;
    /* Not getrandom(): that is a cancellation point, and some callers hold a lock. */
    if (syscall(SYS_getrandom, &x, sizeof x, GRND_NONBLOCK) != (long)sizeof x) {
        /* Early boot, or refused: the clock, an address and a counter, so that two calls differ; ids
         * and seeds need no secrecy. */
        static weir_au64 calls;
        x = ((uint64_t)weir__os_now() ^ (uint64_t)(uintptr_t)&x) * UINT64_C(0x9E3779B97F4A7C15);
        x += weir_fetch_add_relaxed(&calls, 1) << 40;
        x ^= x >> 29;
    }
    errno = saved;
    return x;
}

static long membarrier(int cmd) { return syscall(SYS_membarrier, cmd, 0, 0); }

bool weir__os_membarrier_register(void) {
    int saved = errno;
    bool ok = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0 &&
              membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0;
    errno = saved;
    return ok;
}

bool weir__os_membarrier(void) {
    int saved = errno;
    bool ok = membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0;
    errno = saved;
    return ok;
}
