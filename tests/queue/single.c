/* SPDX-License-Identifier: MIT */
/* tests/queue/single.c - what one thread can see of weir_queue: no limit, limits, bad input, want of memory. */
#include "cases.h"

#include <weir/ctx.h>

static void q1_no_limit(void) {
    weir_queue *q = small_queue(0, 0, NULL);
    if (!q) return;
    const uint64_t n = 20000;
    for (uint64_t i = 0; i < n; i++)
        if (!pushed(q, i)) return;
    CHECK_IS(weir_queue_len(q), n);
    for (uint64_t i = 0; i < n; i++)
        if (!popped(q, i)) return;
    uint64_t v = 5;
    CHECK_IS(weir_queue_try_pop(q, &v), WEIR_EAGAIN);
    CHECK_IS(v, 5);
    CHECK_IS(weir_queue_len(q), 0);
    CHECK_IS(weir_queue_free(q), 0);
}

static void q1_batches(void) {
    static uint64_t in[5000], out[5000];
    weir_queue *q = small_queue(0, 0, NULL);
    if (!q) return;
    for (size_t i = 0; i < 5000; i++) in[i] = i * 7;
    for (size_t n = 1; n < 5000; n = n * 3 + 1) {
        CHECK_IS(weir_queue_try_push_n(q, in, n), n);
        CHECK_IS(weir_queue_len(q), n);
        memset(out, 0, sizeof out);
        CHECK_IS(weir_queue_try_pop_n(q, out, n + 3), n);
        CHECK(memcmp(in, out, n * sizeof *in) == 0, "%zu elements", n);
    }
    CHECK_IS(weir_queue_push_n_wait(q, in, 0, WEIR_FOREVER, NULL), 0);
    CHECK_IS(weir_queue_pop_n_wait(q, out, 0, WEIR_FOREVER, NULL), 0);
    CHECK_IS(weir_queue_free(q), 0);
}

/* As many of each size as fill some segments; sizes beyond that of a segment, too. */
static void q1_sizes(void) {
    static const size_t sizes[] = { 1, 3, 8, 24, 100, 1000, 4096, 16384, 65536 };
    static unsigned char in[65536], out[65536];
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct weir_queue_opts o = WEIR_QUEUE_OPTS(sizes[s]);
        weir_queue *q;
        check_context("size %zu", sizes[s]);
        if (!CHECK_IS(weir_queue_new(&q, &o), 0)) return;
        size_t n = sizes[s] > 1000 ? 20 : 3000;
        for (size_t i = 0; i < n; i++) {
            memset(in, (int)(i * 3 + 1) & 255, sizes[s]);
            CHECK_IS(weir_queue_try_push(q, in), 0);
        }
        for (size_t i = 0; i < n; i++) {
            memset(in, (int)(i * 3 + 1) & 255, sizes[s]);
            CHECK_IS(weir_queue_try_pop(q, out), 0);
            CHECK(memcmp(in, out, sizes[s]) == 0, "element %zu", i);
        }
        CHECK_IS(weir_queue_free(q), 0);
    }
}

static void q1_drop(void) {
    for (unsigned closed = 0; closed < 2; closed++) {
        struct weir_queue_opts o = WEIR_QUEUE_OPTS(sizeof(uint64_t));
        struct weir__segq_shape two = { .slots = 2 };
        uint64_t next = 3;
        weir_queue *q;
        o.drop = count_drop;
        o.drop_arg = &next;
        if (!CHECK_IS(weir__queue_new_at(&q, &o, &two), 0)) return;
        for (uint64_t i = 0; i < 10; i++) pushed(q, i);
        for (uint64_t i = 0; i < 3; i++) popped(q, i);
        if (closed) CHECK_IS(weir_queue_close(q), 0);
        CHECK_IS(next, 3);
        CHECK_IS(weir_queue_free(q), 0);
        CHECK_IS(next, 10);
    }
    CHECK_IS(weir_queue_free(NULL), 0);
}

static void q2_bad_input(void) {
    struct weir_queue_opts good = WEIR_QUEUE_OPTS(8), bad[5];
    weir_queue *q = (weir_queue *)(void *)&good;
    for (size_t i = 0; i < 5; i++) bad[i] = good;
    bad[0].size = 0;
    bad[1].elem_size = 0;
    bad[2].elem_size = 65537;
    bad[3].flags = 1u << 9;
    bad[4].alloc = &(struct weir_alloc){ 0 };
    for (size_t i = 0; i < 5; i++) {
        q = (weir_queue *)(void *)&good;
        CHECK_IS(weir_queue_new(&q, &bad[i]), WEIR_EINVAL);
        CHECK(q == NULL, "*out is not NULL");
    }
    CHECK_IS(weir_queue_new(&q, NULL), WEIR_EINVAL);
    CHECK_IS(weir_queue_new(NULL, &good), WEIR_EINVAL);
    uint64_t v = 1;
    q = small_queue(0, 0, NULL);
    if (!q) return;
    weir_set_report(NULL, NULL);
    CHECK_IS(weir_queue_try_push(NULL, &v), WEIR_EINVAL);
    CHECK_IS(weir_queue_try_pop(NULL, &v), WEIR_EINVAL);
    CHECK_IS(weir_queue_try_push(q, NULL), WEIR_EINVAL);
    CHECK_IS(weir_queue_try_pop(q, NULL), WEIR_EINVAL);
    CHECK_IS(weir_queue_try_pop_n(q, NULL, 2), WEIR_EINVAL);
    CHECK_IS(weir_queue_close(NULL), WEIR_EINVAL);
    CHECK_IS(weir_queue_len(NULL), 0);
    CHECK(!weir_queue_is_closed(NULL), "closed");
    CHECK_IS(weir_queue_free(q), 0);
}

/* Each request of a run of pushes and pops fails in turn: the push says so, its element is the caller's, and the
 * queue goes on. */
static void q2_enomem(void) {
    for (size_t n = 1; n < 40 && checks_hold(); n++) {
        struct failing_alloc f;
        failing_alloc_init(&f, n);
        check_context("request %zu", n);
        struct weir_queue_opts o = WEIR_QUEUE_OPTS(sizeof(uint64_t));
        struct weir__segq_shape two = { .slots = 2, .batch = 1 };
        o.alloc = &f.as;
        weir_queue *q;
        int rc = weir__queue_new_at(&q, &o, &two);
        if (n <= 2) {
            CHECK_IS(rc, WEIR_ENOMEM);
            CHECK(q == NULL, "*out is not NULL");
            CHECK_IS(f.out, 0);
            continue;
        }
        if (!CHECK_IS(rc, 0)) return;
        uint64_t pushes = 0, pops = 0, refused = 0;
        for (unsigned i = 0; i < 40; i++) {
            uint64_t v = pushes, got;
            rc = weir_queue_try_push(q, &v);
            CHECK(rc == 0 || rc == WEIR_ENOMEM, "push says %d", rc);
            CHECK_IS(v, pushes);
            if (rc == 0)
                pushes++;
            else
                refused++;
            CHECK_IS(weir_queue_len(q), pushes - pops);
            if (i % 4 != 3) continue;
            CHECK_IS(weir_queue_try_pop(q, &got), 0);
            CHECK_IS(got, pops++);
        }
        CHECK(refused <= 1, "%llu pushes refused", (unsigned long long)refused);
        CHECK_IS(weir_queue_bytes(q), f.bytes_out);
        while (pops < pushes)
            if (!popped(q, pops++)) break;
        CHECK_IS(weir_queue_trim(q), 0);
        CHECK_IS(weir_queue_bytes(q), f.bytes_out);
        CHECK_IS(f.out, 2);
        CHECK_IS(weir_queue_free(q), 0);
        CHECK_IS(f.out, 0);
    }
}

/* A batch that memory runs out for says how many are in. */
static void q2_enomem_batch(void) {
    struct failing_alloc f;
    uint64_t in[9] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };
    failing_alloc_init(&f, 0);
    weir_queue *q = small_queue(2, 0, &f.as);
    if (!q) return;
    f.fail_at = f.requests + 2; /* the second segment that it needs */
    CHECK_IS(weir_queue_try_push_n(q, in, 9), 4);
    CHECK_IS(weir_queue_try_push_n(q, in + 4, 5), 5);
    for (uint64_t i = 0; i < 9; i++) popped(q, i);
    CHECK_IS(weir_queue_free(q), 0);
    CHECK_IS(f.out, 0);
}

static void q3_limit_bytes(void) {
    struct weir_queue_opts o = WEIR_QUEUE_OPTS(12);
    char elem[12] = "";
    static const struct {
        size_t limit, bytes, fit;
    } rows[] = { { 0, 240, 10 }, { 0, 1, 1 }, { 3, 240, 3 }, { 30, 240, 10 }, { 5, 0, 5 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        weir_queue *q;
        o.limit = rows[i].limit;
        o.limit_bytes = rows[i].bytes;
        if (!CHECK_IS(weir_queue_new(&q, &o), 0)) return;
        for (size_t k = 0; k < rows[i].fit; k++) CHECK_IS(weir_queue_try_push(q, elem), 0);
        CHECK_IS(weir_queue_try_push(q, elem), WEIR_EAGAIN);
        CHECK_IS(weir_queue_push_wait(q, elem, weir_after(1000000), NULL), WEIR_ETIMEDOUT);
        CHECK_IS(weir_queue_try_pop(q, elem), 0);
        CHECK_IS(weir_queue_try_push(q, elem), 0);
        CHECK_IS(weir_queue_free(q), 0);
    }
}

static int64_t push_forever(void *arg) {
    uint64_t v = 77;
    return weir_queue_push(arg, &v);
}

static void q3_wakes(void) {
    struct call c;
    uint64_t v;
    weir_queue *q = small_queue(2, 1, NULL);
    if (!q) return;
    pushed(q, 1);
    call_start(&c, push_forever, q);
    CHECK(call_sleeps(&c), "a push beyond the limit returned");
    CHECK_IS(weir_queue_free(q), WEIR_EBUSY);
    popped(q, 1);
    CHECK_IS(call_end(&c), 0);
    popped(q, 77);
    CHECK_IS(weir_queue_try_pop(q, &v), WEIR_EAGAIN);
    CHECK_IS(weir_queue_free(q), 0);
}

const struct test single_cases[] = {
    { "QUEUE1 without a limit: 20,000 elements in, and out in order", q1_no_limit },
    { "QUEUE1 RING9 batches of any length", q1_batches },
    { "QUEUE1 RING2 sizes from 1 to 65536, over several segments", q1_sizes },
    { "QUEUE1 RING16 what is inside is dropped once each, oldest first", q1_drop },
    { "QUEUE1 RING13 bad input: EINVAL", q2_bad_input },
    { "QUEUE2 allocation failure at every request", q2_enomem },
    { "QUEUE2 allocation failure in a batch", q2_enomem_batch },
    { "QUEUE3 a soft limit in elements, and in bytes", q3_limit_bytes },
    { "QUEUE3 a waiting push is woken when room returns", q3_wakes },
};
const size_t n_single_cases = sizeof single_cases / sizeof *single_cases;
