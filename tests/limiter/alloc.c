/* SPDX-License-Identifier: MIT */
/* tests/limiter/alloc.c - a thread's first wait asks for memory, and gets none: nothing is taken. A program of
 * its own: the linker puts a function of this file before posix_memalign. */
#include "cases.h"

#include <errno.h>

static __thread bool refuses;

int __real_posix_memalign(void **p, size_t align, size_t size);
int __wrap_posix_memalign(void **p, size_t align, size_t size);
int __wrap_posix_memalign(void **p, size_t align, size_t size) {
    return refuses ? ENOMEM : __real_posix_memalign(p, align, size);
}

static weir_limiter l;

static int64_t first_wait(void *arg) {
    (void)arg;
    refuses = true;
    CHECK_IS(weir_limiter_wait(&l, 1, WEIR_FOREVER, NULL), 0); /* there, and no wait */
    CHECK_IS(weir_limiter_wait(&l, 1, WEIR_FOREVER, NULL), WEIR_ENOMEM);
    CHECK_IS(weir_limiter_wait_recheck(&l, 1, WEIR_FOREVER, NULL), WEIR_ENOMEM);
    CHECK(weir_limiter_tokens(&l) >= 0, "something was taken");
    refuses = false;
    CHECK_IS(weir_limiter_set_limit(&l, 200), 0);
    CHECK_IS(weir_limiter_wait(&l, 1, WEIR_FOREVER, NULL), 0);
    return 0;
}

static void no_memory(void) {
    struct call c;
    CHECK_IS(weir_limiter_init(&l, 0.01, 1), 0);
    call_start(&c, first_wait, NULL);
    CHECK_IS(call_end(&c), 0);
}

static const struct test tests[] = { { "no memory for a wait", no_memory } };

int main(int argc, char **argv) {
    return tests_main(argc, argv, "limiter_alloc", tests, sizeof tests / sizeof *tests);
}
