/* SPDX-License-Identifier: MIT */
/* tests/regress/dlclose.c - the shared library loaded late and closed again, while a thread lives that has
 * waited on a ring: its exit hook is code of the library, its record memory of it. The library is linked
 * to stay. In a child, since the fault is a crash when the thread ends. */
#include "../support/check.h"
#include "../support/child.h"
#include "../support/threads.h"

#include <dlfcn.h>
#include <semaphore.h>
#include <string.h>

#include <weir/mpmc.h>

static const char name[] = "packaging: dlclose while a thread lives that has waited";

static void *library;
static sem_t waited, closed;

/* POSIX: a symbol's address is a function's. */
#define GET(fn, symbol)                             \
    do {                                            \
        void *p_ = dlsym(library, symbol);          \
        memcpy(&(fn), &p_, sizeof p_);              \
        CHECK(p_ != NULL, "%s is missing", symbol); \
    } while (0)

static int64_t wait_and_end(void *ring) {
    int (*pop_wait)(weir_mpmc *, void *, weir_time, weir_ctx *);
    weir_time (*after)(int64_t);
    uint64_t elem;
    GET(pop_wait, "weir_mpmc_pop_wait");
    GET(after, "weir_after");
    int rc = checks_hold() ? pop_wait(ring, &elem, after(2000000), NULL) : -1;
    (void)sem_post(&waited);
    while (sem_wait(&closed) != 0) continue;
    return rc;
}

static void in_child(void) {
    struct weir_ring_opts o = WEIR_RING_OPTS(4, 8);
    int (*new_ring)(weir_mpmc **, const struct weir_ring_opts *);
    int (*free_ring)(weir_mpmc *);
    weir_mpmc *ring = NULL;
    struct call c;
    library = dlopen(WEIR_SHARED, RTLD_NOW | RTLD_LOCAL);
    if (!CHECK(library != NULL, "%s", dlerror())) return;
    GET(new_ring, "weir_mpmc_new");
    GET(free_ring, "weir_mpmc_free");
    if (!checks_hold() || !CHECK(new_ring(&ring, &o) == 0, "new")) return;
    (void)sem_init(&waited, 0, 0);
    (void)sem_init(&closed, 0, 0);
    call_start(&c, wait_and_end, ring);
    while (sem_wait(&waited) != 0) continue;
    CHECK_IS(free_ring(ring), 0);
    CHECK_IS(dlclose(library), 0);
    (void)sem_post(&closed);
    CHECK_IS(call_end(&c), WEIR_ETIMEDOUT); /* its exit hook has run */
    void *again = dlopen(WEIR_SHARED, RTLD_NOW | RTLD_NOLOAD);
    CHECK(again != NULL, "the library has been unloaded");
}

static void stays(void) {
    if (child_rights())
        in_child();
    else
        child_passes(name, CHILD_FRESH);
}

int main(int argc, char **argv) {
    static const struct test tests[] = { { name, stays } };
    return tests_main(argc, argv, "dlclose", tests, sizeof tests / sizeof *tests);
}
