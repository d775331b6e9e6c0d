/* SPDX-License-Identifier: MIT */
/* tests/support/child.c - see child.h. */
#include "child.h"

#include "check.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define RIGHTS "WEIR_TEST_CHILD"

bool (*child_prepare)(void);

int child_rights(void) {
    const char *s = getenv(RIGHTS);
    return s ? atoi(s) : 0;
}

static bool one_cpu(void) {
    cpu_set_t all, one;
    if (sched_getaffinity(0, sizeof all, &all) != 0) return false;
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE; i++) {
        if (!CPU_ISSET(i, &all)) continue;
        CPU_SET(i, &one);
        break;
    }
    return sched_setaffinity(0, sizeof one, &one) == 0;
}

static bool put_up(struct sock_filter *code, unsigned short n) {
    struct sock_fprog filter = { .len = n, .filter = code };
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) == 0;
}

bool writes_take_nothing(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO), /* of 0 */
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    return put_up(code, sizeof code / sizeof *code);
}

bool refuse_membarrier(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    return put_up(code, sizeof code / sizeof *code);
}

static _Noreturn void become(const char *run, const char *rights_text, int rights) {
    char self[] = "/proc/self/exe", *argv[] = { self, (char *)(uintptr_t)run, NULL };
    if ((rights & CHILD_ONE_CPU) && !one_cpu()) _exit(3);
    if ((rights & CHILD_NO_MEMBARRIER) && !refuse_membarrier()) _exit(4);
    if (child_prepare && !child_prepare()) _exit(6);
    (void)setenv(RIGHTS, rights_text, 1);
    (void)execv(self, argv);
    _exit(5);
}

static bool ended(pid_t pid, int *status) {
    if (!CHECK(pid > 0, "fork: %s", strerror(errno))) return false;
    while (waitpid(pid, status, 0) < 0 && errno == EINTR) continue;
    return true;
}
static bool well(int status) { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }

bool child_well(pid_t pid) {
    int status = 0;
    return ended(pid, &status) && CHECK(well(status), "child: 0x%x", (unsigned)status);
}

bool child_passes(const char *name, int rights) {
    char run[300], text[12];
    int status = 0;
    (void)snprintf(run, sizeof run, "--run=%s", name);
    (void)snprintf(text, sizeof text, "%d", rights);
    pid_t pid = fork();
    if (pid == 0) become(run, text, rights);
    if (!ended(pid, &status)) return false;
    return CHECK(well(status),
                 "\"%s\" with rights %d: status 0x%x (exits 3 to 6: it could not be set up)", name,
                 rights, (unsigned)status);
}

bool child_is_fresh(const char *name) {
    if (child_rights() & CHILD_FRESH) return true;
    child_passes(name, CHILD_FRESH | child_rights());
    return false;
}
