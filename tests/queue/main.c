/* SPDX-License-Identifier: MIT */
/* tests/queue/main.c - QUEUE2, QUEUE3, QUEUE6, QUEUE7 and RING15 of weir_queue. */
#include "cases.h"

#include <string.h>

weir_queue *small_queue(uint32_t slots, size_t limit, const struct weir_alloc *alloc) {
    struct weir__segq_shape shape = { .slots = slots, .batch = slots ? 2 : 0 };
    struct weir_queue_opts o = WEIR_QUEUE_OPTS(sizeof(uint64_t));
    weir_queue *q = NULL;
    o.limit = limit;
    o.alloc = alloc;
    CHECK_IS(weir__queue_new_at(&q, &o, &shape), 0);
    return q;
}

bool pushed(weir_queue *q, uint64_t v) { return CHECK_IS(weir_queue_try_push(q, &v), 0); }

bool popped(weir_queue *q, uint64_t v) {
    uint64_t got = ~v;
    return CHECK_IS(weir_queue_try_pop(q, &got), 0) && CHECK_IS(got, v);
}

int main(int argc, char **argv) {
    struct test all[64];
    size_t n = 0;
    memcpy(all + n, single_cases, n_single_cases * sizeof *all);
    n += n_single_cases;
    memcpy(all + n, memory_cases, n_memory_cases * sizeof *all);
    n += n_memory_cases;
    memcpy(all + n, stopped_cases, n_stopped_cases * sizeof *all);
    n += n_stopped_cases;
    return tests_main(argc, argv, "queue", all, n);
}
