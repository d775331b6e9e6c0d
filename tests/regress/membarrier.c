/* SPDX-License-Identifier: MIT */
/* tests/regress/membarrier.c - blocking on a ring whose promise of membarrier has become void: a sandbox
 * refuses it after the ring was made, or the ring was made by another process (RING12), whose
 * registration does not hold here.
 *
 * A lost wake-up of this kind takes a store that sits in a store buffer at the wrong moment: rare. So two
 * things are checked: that the ring has gone over to fences (its word of waiters says so), or that the
 * process has registered, which is certain; and that a blocking ping-pong goes on. Each case runs in a
 * process of its own, since filter and registration are for good. */
#include "../support/check.h"
#include "../support/child.h"
#include "../support/threads.h"

#include <linux/membarrier.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "queues/mpmc.h"

#define CAP 64
#define SIZE 2048 /* a large copy: the stamp stands behind it in the store buffer */
#define RUN_MS 400

/* ---- ping-pong ----------------------------------------------------------------------------------- */

static weir_mpmc *ring;
static weir_au32 popped, stop;

static int64_t consume(void *arg) {
    char elem[SIZE];
    (void)arg;
    for (;;) {
        int rc = weir_mpmc_pop_wait(ring, elem, WEIR_FOREVER, NULL);
        if (rc == WEIR_ECLOSED) return 0;
        if (!CHECK(rc == 0 && elem[0] == elem[SIZE - 1], "pop: %d", rc)) return 1;
        (void)weir_fetch_add_relaxed(&popped, 1);
    }
}

/* Pushes once the last element is out, after a random time around the end of the consumer's spin. */
static int64_t produce(void *arg) {
    char elem[SIZE];
    (void)arg;
    rng_seed(77);
    for (uint32_t n = 0; !weir_load_relaxed(&stop); n++) {
        memset(elem, (int)n, sizeof elem);
        if (!CHECK(weir_mpmc_push(ring, elem) == 0, "push %u", n)) return 1;
        for (unsigned i = 1; weir_load_relaxed(&popped) <= n && !weir_load_relaxed(&stop); i++) {
            weir_pause();
            if (i % 512 == 0) (void)sched_yield();
        }
        weir_time until = weir_after((int64_t)rng_below(n % 16 ? 3000 : 60000));
        while (weir_now() < until) weir_pause();
    }
    return 0;
}

/* Ends the process if nothing is popped for 2 s. */
static void ping_pong(int ms) {
    struct call in, out;
    weir_time end = weir_after((int64_t)ms * 1000000), moved = weir_now();
    uint32_t seen = 0;
    weir_init_atomic(&popped, 0);
    weir_init_atomic(&stop, 0);
    call_start(&out, consume, NULL);
    call_start(&in, produce, NULL);
    while (weir_now() < end) {
        sleep_ms(10);
        uint32_t now = weir_load_relaxed(&popped);
        if (now != seen) moved = weir_now();
        seen = now;
        if (weir_now() - moved > INT64_C(2000000000))
            test_hangs("the consumer sleeps beside an element");
    }
    weir_store_relaxed(&stop, 1);
    (void)call_end(&in);
    CHECK_IS(weir_mpmc_close(ring), 0);
    (void)call_end(&out);
    CHECK(weir_load_relaxed(&popped) > 0, "nothing was popped");
}

/* A pop that has to park: it cannot spare the barrier. */
static int64_t pop_20_ms(void *arg) {
    char elem[SIZE];
    (void)arg;
    return weir_mpmc_pop_wait(ring, elem, weir_after(20000000), NULL);
}

static void parks_once(void) {
    struct call c;
    call_start(&c, pop_20_ms, NULL);
    CHECK_IS(call_end(&c), WEIR_ETIMEDOUT);
}

static bool fences(void) { return weir_load_relaxed(&ring->waiters_) & WEIR__MPMC_FENCE; }

static bool membarrier_works(void) {
    return syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
}

static bool kernel_has_membarrier(void) {
    long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
    return commands > 0 && (commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}

/* ---- refused after the ring was made ------------------------------------------------------------- */

static const char sandbox_name[] = "wait: membarrier refused after the ring was made";

static void sandboxed(void) {
    struct weir_ring_opts o = WEIR_RING_OPTS(CAP, SIZE);
    if (!CHECK(weir_mpmc_new(&ring, &o) == 0, "new")) return;
    CHECK(!fences(), "the ring fences though the kernel has membarrier");
    if (!CHECK(refuse_membarrier(), "no filter can be installed")) return;
    CHECK(!membarrier_works(), "the filter does nothing");
    ping_pong(RUN_MS);
    CHECK_IS(weir_mpmc_free(ring), 0);
    /* Made before, or made now, by a process that remembers the old answer: the first wait notices. */
    if (!CHECK(weir_mpmc_new(&ring, &o) == 0, "new")) return;
    parks_once();
    CHECK(fences(), "a thread has parked and the ring does not fence");
    ping_pong(RUN_MS);
    CHECK_IS(weir_mpmc_free(ring), 0);
}

static void sandbox(void) {
    if (child_rights()) {
        sandboxed();
        return;
    }
    if (!kernel_has_membarrier()) {
        test_skip("the kernel refuses membarrier from the beginning");
        return;
    }
    for (int i = 0; i < 3 && checks_hold(); i++) child_passes(sandbox_name, CHILD_FRESH);
}

/* ---- made by another process --------------------------------------------------------------------- */

#define RING_FD "WEIR_TEST_RING_FD"
#define RING_ROLE "WEIR_TEST_RING_ROLE"

static void *shared_memory(size_t bytes) {
    const char *text = getenv(RING_FD);
    int fd = text ? atoi(text) : -1;
    void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return CHECK(mem != MAP_FAILED, "mmap of file %d", fd) ? mem : NULL;
}

static void make(void *mem, size_t bytes) {
    CHECK_IS(weir_mpmc_init(&ring, mem, bytes, CAP, SIZE, 0), 0);
    CHECK(!fences(), "the ring fences though the kernel has membarrier");
}

static void attach(void *mem, size_t bytes) {
    bool refused = child_rights() & CHILD_NO_MEMBARRIER;
    CHECK(!membarrier_works(), "this process has registered already: it shows nothing");
    if (!CHECK(weir_mpmc_attach(&ring, mem, bytes) == 0, "attach")) return;
    CHECK(fences() == refused, "the attached ring %s", fences() ? "fences" : "does not fence");
    CHECK(membarrier_works() == !refused, "attach did not register this process");
    parks_once();
    CHECK(fences() == refused, "the attached ring %s", fences() ? "fences" : "does not fence");
    ping_pong(RUN_MS);
    CHECK_IS(weir_mpmc_fini(ring, NULL, NULL), 0);
}

static void in_another_process(const char *name, int rights) {
    size_t bytes = weir_mpmc_bytes(CAP, SIZE);
    if (child_rights()) {
        const char *role = getenv(RING_ROLE);
        void *mem = shared_memory(bytes);
        if (mem && role) (*role == 'm' ? make : attach)(mem, bytes);
        return;
    }
    if (!kernel_has_membarrier()) {
        test_skip("the kernel refuses membarrier from the beginning");
        return;
    }
    int fd = memfd_create("weir-ring", 0);
    char text[12];
    if (!CHECK(fd >= 0 && ftruncate(fd, (off_t)bytes) == 0, "no file in memory")) return;
    (void)snprintf(text, sizeof text, "%d", fd);
    (void)setenv(RING_FD, text, 1);
    (void)setenv(RING_ROLE, "maker", 1);
    if (child_passes(name, CHILD_FRESH)) {
        (void)setenv(RING_ROLE, "attacher", 1);
        child_passes(name, rights);
    }
    (void)close(fd);
}

static const char attach_name[] = "RING12 attached by another process, which registers membarrier";
static const char refused_name[] =
    "RING12 attached by another process, which is refused membarrier";

static void attached(void) { in_another_process(attach_name, CHILD_FRESH); }
static void attached_refused(void) { in_another_process(refused_name, CHILD_NO_MEMBARRIER); }

/* ---- a ring that asked for none -------------------------------------------------------------------- */

static const char flag_name[] = "wait: a ring without membarrier is found without membarrier";

static void found_without(void) {
    if (!child_rights()) {
        child_passes(flag_name, CHILD_FRESH);
        return;
    }
    weir_mpmc *r, *found;
    static _Alignas(128) char mem[1024];
    CHECK_IS(weir_mpmc_init(&r, mem, sizeof mem, 4, 8, WEIR_RING_NO_MEMBARRIER), 0);
    CHECK_IS(weir_mpmc_attach(&found, mem, sizeof mem), 0);
    CHECK(!membarrier_works(), "this process was registered: its threads have been interrupted");
    CHECK_IS(weir_mpmc_fini(found, NULL, NULL), 0);
}

int main(int argc, char **argv) {
    static const struct test tests[] = {
        { sandbox_name, sandbox },
        { attach_name, attached },
        { refused_name, attached_refused },
        { flag_name, found_without },
    };
    return tests_main(argc, argv, "membarrier", tests, sizeof tests / sizeof *tests);
}
