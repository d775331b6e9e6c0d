/* SPDX-License-Identifier: MIT */
/* tests/regress/floor.c - the ground floor: errno after a report, processors of pinned threads, ids where
 * getrandom is refused. */
#include "../support/check.h"
#include "../support/child.h"
#include "../support/threads.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/os.h"
#include <weir/mpmc.h>
#include <weir/spsc.h>

/* ---- errno ----------------------------------------------------------------------------------------- */

static void sets_errno(const char *call, const char *what, void *arg) {
    (void)call;
    (void)what;
    (void)arg;
    errno = ENFILE;
}

/* errno of each misuse, which is reported on a closed stderr, or to a function that sets errno. */
static void misuse(int errnos[4]) {
    static weir_spsc none;
    static weir_mpmc nothing;
    int elem = 0;
    errno = 0;
    (void)weir_spsc_commit(&none, 1);
    errnos[0] = errno;
    (void)weir_mpmc_try_push(&nothing, &elem);
    errnos[1] = errno;
    (void)weir_mpmc_close(&nothing);
    errnos[2] = errno;
    errno = EDOM;
    (void)weir_mpmc_fini(&nothing, NULL, NULL);
    errnos[3] = errno;
}

static void keeps_errno(void) {
    int closed[4], hooked[4];
    int kept = dup(STDERR_FILENO);
    CHECK(kept >= 0, "stderr cannot be kept");
    if (kept < 0) return;
    (void)close(STDERR_FILENO);
    misuse(closed);
    int back = dup2(kept, STDERR_FILENO);
    (void)close(kept);
    weir_set_report(sets_errno, NULL);
    misuse(hooked);
    weir_set_report(NULL, NULL);
    CHECK(back == STDERR_FILENO, "stderr is not back");
    for (int i = 0; i < 4; i++) {
        check_context("misuse %d", i);
        CHECK_IS(closed[i], i < 3 ? 0 : EDOM);
        CHECK_IS(hooked[i], i < 3 ? 0 : EDOM);
    }
}

/* ---- processors ------------------------------------------------------------------------------------ */

static const char pinned_name[] = "lib: main thread and worker pinned to one processor each: two";

static bool pin(int cpu) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    return sched_setaffinity(0, sizeof one, &one) == 0;
}

static int64_t cpus_of_worker(void *arg) {
    return pin(*(const int *)arg) ? (int64_t)weir__os_cpus() : -1;
}

static void pinned(void) {
    cpu_set_t all;
    int cpu[2], n = 0;
    struct call c;
    if (!CHECK(sched_getaffinity(0, sizeof all, &all) == 0, "affinity")) return;
    for (int i = 0; i < CPU_SETSIZE && n < 2; i++)
        if (CPU_ISSET((size_t)i, &all)) cpu[n++] = i;
    if (child_rights()) {
        if (!CHECK(n == 2 && pin(cpu[0]), "cannot be pinned")) return;
        call_start(&c, cpus_of_worker, &cpu[1]);
        CHECK_IS(call_end(&c), 2);
    } else if (n < 2) {
        test_skip("needs two processors: the affinity of this process holds one");
    } else if (weir__os_cpus() < 2) {
        test_skip("needs two processors: the cgroup quota of this process gives one");
    } else {
        child_passes(pinned_name, CHILD_FRESH); /* which reads the figure for the first time */
    }
}

/* ---- random numbers -------------------------------------------------------------------------------- */

static const char random_name[] = "lib: ids differ where getrandom is refused";
#define IDS 1000

static bool refuse_getrandom(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = { .len = sizeof code / sizeof *code, .filter = code };
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/* What the stand-in is made of then: here the clock stands still, as a coarse one does for a while. */
static weir_au32 clock_stands;
int __real_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts) {
    if (!weir_load_relaxed(&clock_stands)) return __real_clock_gettime(id, ts);
    *ts = (struct timespec){ .tv_sec = 12345, .tv_nsec = 678 };
    return 0;
}

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Two rings with one id share their waiters: the one's are woken for the other's elements. */
static void without_getrandom(void) {
    static uint64_t ids[IDS];
    if (!child_rights()) {
        child_passes(random_name, CHILD_FRESH);
        return;
    }
    if (!CHECK(refuse_getrandom(), "no filter can be installed")) return;
    CHECK(getrandom(ids, sizeof *ids, GRND_NONBLOCK) < 0, "the filter does nothing");
    weir_store_relaxed(&clock_stands, 1);
    CHECK_IS(weir_now(), INT64_C(12345000000678));
    for (size_t i = 0; i < IDS; i++) ids[i] = weir__os_random();
    weir_store_relaxed(&clock_stands, 0);
    qsort(ids, IDS, sizeof *ids, by_value);
    for (size_t i = 1; i < IDS; i++) CHECK(ids[i] != ids[i - 1], "an id came twice");
}

int main(int argc, char **argv) {
    static const struct test tests[] = {
        { "lib: a report keeps errno, on a closed stderr too", keeps_errno },
        { pinned_name, pinned },
        { random_name, without_getrandom },
    };
    return tests_main(argc, argv, "floor", tests, sizeof tests / sizeof *tests);
}
