/* SPDX-License-Identifier: MIT */
/* tests/regress/layout.c - padding that pads: what threads write to in their own right stands on lines of
 * its own. The parkers and the buckets of the parking lot once were as large as a line, but began
 * anywhere. The buckets are known to no header: lot_whole.h is a copy of lib/lot.c (CMakeLists.txt). */
#include "lot_whole.h"

#include "../support/check.h"

#include <pthread.h>
#include <stddef.h>

#include "lib/thread.h"

_Static_assert(_Alignof(struct weir__parker) == WEIR_LINE, "a parker begins a line");
_Static_assert(sizeof(struct weir__parker) == WEIR_LINE, "a parker fills a line");
_Static_assert(offsetof(struct weir__thread, parker) % WEIR_LINE == 0, "a record's parker too");
_Static_assert(offsetof(struct weir__thread, spin) / WEIR_LINE !=
                   offsetof(struct weir__thread, parker) / WEIR_LINE,
               "what the owner writes is not in its parker's line");
_Static_assert(_Alignof(struct weir__thread) % WEIR_LINE == 0 &&
                   sizeof(struct weir__thread) % WEIR_LINE == 0,
               "nor in its neighbour's");
_Static_assert(_Alignof(struct bucket) == WEIR_LINE && sizeof(struct bucket) == WEIR_LINE,
               "a bucket of the lot is a line");

static void *own_parker(void *arg) {
    (void)arg;
    return &weir__thread_self()->parker;
}

static void aligned(void) {
    CHECK_IS((uintptr_t)own_parker(NULL) % WEIR_LINE, 0);
    for (int i = 0; i < 4; i++) {
        pthread_t thread;
        void *parker = NULL;
        if (!CHECK(pthread_create(&thread, NULL, own_parker, NULL) == 0, "no thread")) return;
        (void)pthread_join(thread, &parker);
        CHECK(parker != own_parker(NULL), "two threads have one parker");
        CHECK_IS((uintptr_t)parker % WEIR_LINE, 0);
    }
    for (uint64_t key = 0; key < 2 * BUCKETS; key++)
        CHECK_IS((uintptr_t)bucket_of(key) % WEIR_LINE, 0);
}

int main(int argc, char **argv) {
    static const struct test tests[] = {
        { "lib: parkers and buckets stand on lines of their own", aligned },
    };
    return tests_main(argc, argv, "layout", tests, sizeof tests / sizeof *tests);
}
