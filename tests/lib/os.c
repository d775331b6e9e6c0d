/* SPDX-License-Identifier: MIT */
/* tests/lib/os.c - the seam to the kernel: processors, membarrier, futex, memory, random numbers. */
#include "lib/os.h"

#include "../support/check.h"
#include "../support/child.h"
#include "../support/threads.h"
#include "lib/park.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- processors -------------------------------------------------------------------------------------------- */

static void cpus(void) {
    cpu_set_t set;
    unsigned n = weir__os_cpus();
    CHECK(n >= 1, "no processor");
    CHECK_IS(weir__os_cpus(), n); /* read once */
    if (!CHECK(sched_getaffinity(0, sizeof set, &set) == 0, "affinity")) return;
    CHECK(n <= (unsigned)CPU_COUNT(&set), "%u processors, of %d in the affinity mask", n,
          CPU_COUNT(&set));
}

static void one_cpu(void) {
    if (child_rights() & CHILD_ONE_CPU)
        CHECK_IS(weir__os_cpus(), 1);
    else
        child_passes("os: one processor by affinity", CHILD_ONE_CPU);
}

/* A group of its own, version 2 or 1, whose quota is one processor's time or half of it; its child group
 * has no quota. Needs the right to make groups. */
static char group[200], inner[240];

static bool write_to(const char *dir, const char *file, const char *text) {
    char path[300];
    (void)snprintf(path, sizeof path, "%s/%s", dir, file);
    FILE *f = fopen(path, "r+e"); /* never makes a file */
    if (!f) return false;
    bool ok = fputs(text, f) >= 0;
    return fclose(f) == 0 && ok;
}

static bool make_group(const char *root, bool version2, const char *quota) {
    (void)snprintf(group, sizeof group, "%s/weir-test-%d", root, (int)getpid());
    (void)snprintf(inner, sizeof inner, "%s/inner", group);
    if (access(root, W_OK) != 0 || mkdir(group, 0700) != 0) return false;
    char max[60];
    (void)snprintf(max, sizeof max, "%s 100000", quota);
    bool ok =
        version2 ? write_to(group, "cpu.max", max) : write_to(group, "cpu.cfs_quota_us", quota);
    if (ok && mkdir(inner, 0700) == 0) return true;
    (void)rmdir(group);
    return false;
}

static bool enter_group(void) { return write_to(inner, "cgroup.procs", "0"); }

static bool with_quota(const char *quota, const char *test) {
    if (!make_group("/sys/fs/cgroup", true, quota) &&
        !make_group("/sys/fs/cgroup/cpu", false, quota) &&
        !make_group("/sys/fs/cgroup/cpu,cpuacct", false, quota))
        return false;
    child_prepare = enter_group;
    child_passes(test, CHILD_FRESH);
    child_prepare = NULL;
    for (int i = 0; i < 100 && rmdir(inner) != 0; i++)
        sleep_ms(10); /* the child leaves a moment later */
    CHECK(rmdir(group) == 0, "%s: %s", group, strerror(errno));
    return true;
}

static void quota(void) {
    if (child_rights() & CHILD_FRESH)
        CHECK_IS(weir__os_cpus(), 1);
    else if (!with_quota("100000", "os: one processor by a cgroup's quota") ||
             !with_quota("50000", "os: one processor by a cgroup's quota"))
        test_skip("no right to make a cgroup with a quota");
}

static void quota_rounds_up(void) {
    cpu_set_t set;
    if (child_rights() & CHILD_FRESH) {
        CHECK_IS(weir__os_cpus(), 2);
        return;
    }
    if (sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) < 2)
        test_skip("one processor only");
    else if (!with_quota("110000", "os: a quota is rounded up"))
        test_skip("no right to make a cgroup with a quota");
}

/* ---- membarrier ---------------------------------------------------------------------------------------------- */

static void membarrier_refused(void) {
    if (!(child_rights() & CHILD_NO_MEMBARRIER)) {
        child_passes("os: membarrier refused by the kernel", CHILD_NO_MEMBARRIER);
        return;
    }
    CHECK(!weir__os_membarrier_register(), "registered");
    for (int i = 0; i < 3; i++) CHECK(!weir__asymmetric(), "asymmetric");
    CHECK(!weir__os_membarrier(), "the kernel grants it after all");
    CHECK(weir__heavy_barrier(weir__asymmetric()), "a barrier that is not asked for fails");
    CHECK(!weir__heavy_barrier(true), "a barrier that is refused succeeds");
}

static void membarrier_granted(void) {
    bool granted = weir__os_membarrier_register();
    CHECK_IS(weir__os_membarrier_register(), granted); /* idempotent */
    for (int i = 0; i < 3; i++) CHECK_IS(weir__asymmetric(), granted);
    CHECK(weir__heavy_barrier(granted), "refused");
    if (!granted) test_skip("this kernel has no membarrier");
}

/* Store buffering: each thread stores its own word and loads the other's. With the light barrier on one
 * side and the heavy one on the other, not both may read 0. */
struct dekker {
    weir_au32 x[2], saw[2], round, done;
    uint32_t rounds;
};

static void dekker_member(void *arg, size_t i) {
    struct dekker *d = arg;
    unsigned failures = 0;
    for (uint32_t r = 1; r <= d->rounds && checks_hold(); r++) {
        while (weir_load_acquire(&d->round, 0) < r && checks_hold()) give_way(&failures);
        weir_store_relaxed(&d->x[i], r);
        if (i == 0)
            weir_light_barrier();
        else
            CHECK(weir__heavy_barrier(true), "refused");
        weir_store_relaxed(&d->saw[i], weir_load_relaxed(&d->x[1 - i]));
        (void)weir_fetch_add_seq_cst(&d->done, 1, 0);
    }
}

static void referee(struct dekker *d) {
    unsigned failures = 0;
    for (uint32_t r = 1; r <= d->rounds && checks_hold(); r++) {
        weir_store_release(&d->round, r, 0);
        while (weir_load_acquire(&d->done, 0) != 2 * r && checks_hold()) give_way(&failures);
        uint32_t a = weir_load_relaxed(&d->saw[0]), b = weir_load_relaxed(&d->saw[1]);
        CHECK(a == r || b == r, "round %u: neither saw the other", r);
    }
}

static void dekker_any(void *arg, size_t i) {
    if (i < 2)
        dekker_member(arg, i);
    else
        referee(arg);
}

static void membarrier_orders(void) {
    struct dekker d = { .rounds = (uint32_t)times(5000) };
    if (!weir__asymmetric()) {
        test_skip("this kernel has no membarrier");
        return;
    }
    team_run(3, dekker_any, &d);
}

/* ---- futex ---------------------------------------------------------------------------------------------------- */

static void futex(void) {
    weir_au32 word = { 3 };
    static const weir_time past[] = { 0, 1, -1, INT64_MIN };
    CHECK_IS(weir__os_futex_wait(&word, 4, WEIR_FOREVER), 0); /* the word differs */
    CHECK_IS(weir__os_futex_wait(&word, 4, weir_after(1000000000)), 0);
    for (size_t i = 0; i < sizeof past / sizeof *past; i++)
        CHECK_IS(weir__os_futex_wait(&word, 3, past[i]), WEIR_ETIMEDOUT);
    weir_time d = weir_after(5000000);
    CHECK_IS(weir__os_futex_wait(&word, 3, d), WEIR_ETIMEDOUT);
    CHECK(weir_now() >= d, "early");
    weir__os_futex_wake(&word, 1); /* nobody sleeps */
    CHECK_IS(weir_load_relaxed(&word), 3);
    weir_au32 *gone = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!CHECK(gone != MAP_FAILED, "mmap")) return;
    (void)munmap(gone, 4096);
    errno = 0;
    weir__os_futex_wake(gone, 1); /* the word may be gone: nothing is read */
    CHECK_IS(errno, 0);
}

/* ---- memory, random numbers ------------------------------------------------------------------------------------- */

static void memory(void) {
    for (size_t align = 1; align <= 4096; align *= 2) {
        char *p = weir__os_alloc(100, align);
        if (!CHECK(p && (uintptr_t)p % align == 0, "alignment %zu", align)) continue;
        memset(p, 1, 100);
        weir__os_free(p);
    }
    CHECK(weir__os_alloc((size_t)1 << 60, 128) == NULL, "2^60 bytes");
    weir__os_free(NULL);
}

static void random_numbers(void) {
    uint64_t seen[200], all = 0, none = UINT64_MAX;
    for (size_t i = 0; i < 200; i++) {
        seen[i] = weir__os_random();
        all |= seen[i];
        none &= seen[i];
        for (size_t k = 0; k < i; k++) CHECK(seen[i] != seen[k], "the same number twice");
    }
    CHECK(all == UINT64_MAX && none == 0, "a bit that never changes"); /* by chance: 1 in 2^193 */
}

static const struct test tests[] = {
    { "os: processors by affinity", cpus },
    { "os: one processor by affinity", one_cpu },
    { "os: one processor by a cgroup's quota", quota },
    { "os: a quota is rounded up", quota_rounds_up },
    { "os: membarrier refused by the kernel", membarrier_refused },
    { "os: membarrier is registered once", membarrier_granted },
    { "os: the light and the heavy barrier order store and load", membarrier_orders },
    { "os: futex", futex },
    { "os: memory", memory },
    { "os: random numbers", random_numbers },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "lib_os", tests, sizeof tests / sizeof *tests);
}
