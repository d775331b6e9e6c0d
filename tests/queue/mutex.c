/* SPDX-License-Identifier: MIT */
/* tests/queue/mutex.c - weir_mutex_queue beyond what tests/rings asks: no limit, memory, want of memory,
 * bad input. */
#include "../support/check.h"
#include "../support/failing_alloc.h"

#include <weir/mutex_queue.h>

static weir_mutex_queue *made(const struct weir_alloc *alloc, size_t size) {
    struct weir_queue_opts o = WEIR_QUEUE_OPTS(size);
    weir_mutex_queue *q = NULL;
    o.alloc = alloc;
    CHECK_IS(weir_mutex_queue_new(&q, &o), 0);
    return q;
}

static void q6_burst(void) {
    struct failing_alloc f;
    failing_alloc_init(&f, 0);
    weir_mutex_queue *q = made(&f.as, sizeof(uint64_t));
    if (!q) return;
    size_t start = f.bytes_out;
    for (unsigned round = 0; round < 24 && checks_hold(); round++) {
        for (uint64_t i = 0; i < 20000; i++) CHECK_IS(weir_mutex_queue_try_push(q, &i), 0);
        CHECK_IS(weir_mutex_queue_len(q), 20000);
        CHECK_IS(weir_mutex_queue_bytes(q), f.bytes_out);
        for (uint64_t i = 0, v; i < 20000; i++) {
            CHECK_IS(weir_mutex_queue_try_pop(q, &v), 0);
            CHECK_IS(v, i);
        }
        CHECK(f.bytes_out <= start + 2 * 16384, "%zu bytes are kept", f.bytes_out);
        CHECK_IS(weir_mutex_queue_trim(q), 0);
        CHECK_IS(f.bytes_out, start);
        CHECK_IS(weir_mutex_queue_bytes(q), f.bytes_out);
    }
    CHECK_IS(weir_mutex_queue_free(q), 0);
    CHECK_IS(f.out, 0);
}

static void q2_enomem(void) {
    for (size_t n = 1; n < 20 && checks_hold(); n++) {
        struct failing_alloc f;
        struct weir_queue_opts o = WEIR_QUEUE_OPTS(4096); /* three or four in a block */
        static char in[4096], out[4096];
        weir_mutex_queue *q;
        failing_alloc_init(&f, n);
        check_context("request %zu", n);
        o.alloc = &f.as;
        int rc = weir_mutex_queue_new(&q, &o);
        if (n <= 2) {
            CHECK_IS(rc, WEIR_ENOMEM);
            CHECK(q == NULL && f.out == 0, "something is left");
            continue;
        }
        size_t in_n = 0, out_n = 0, refused = 0;
        for (int i = 0; i < 80; i++) {
            in[0] = (char)in_n;
            rc = weir_mutex_queue_try_push(q, in);
            CHECK(rc == 0 || rc == WEIR_ENOMEM, "push says %d", rc);
            if (rc == 0)
                in_n++;
            else
                refused++;
            CHECK_IS(weir_mutex_queue_len(q), in_n - out_n);
            if (i % 3) continue;
            CHECK_IS(weir_mutex_queue_try_pop(q, out), 0);
            CHECK_IS(out[0], (char)out_n++);
        }
        CHECK(refused <= 1, "%zu pushes refused", refused);
        CHECK_IS(weir_mutex_queue_close(q), 0);
        for (; out_n < in_n; out_n++) CHECK_IS(weir_mutex_queue_try_pop(q, out), 0);
        CHECK_IS(weir_mutex_queue_try_pop(q, out), WEIR_ECLOSED);
        CHECK_IS(weir_mutex_queue_free(q), 0);
        CHECK_IS(f.out, 0);
    }
}

static void q2_bad_input(void) {
    struct weir_queue_opts good = WEIR_QUEUE_OPTS(8), bad = WEIR_QUEUE_OPTS(0);
    weir_mutex_queue *q;
    uint64_t v = 3;
    CHECK_IS(weir_mutex_queue_new(&q, &bad), WEIR_EINVAL);
    CHECK(q == NULL, "*out is not NULL");
    CHECK_IS(weir_mutex_queue_new(&q, NULL), WEIR_EINVAL);
    CHECK_IS(weir_mutex_queue_new(NULL, &good), WEIR_EINVAL);
    CHECK_IS(weir_mutex_queue_try_push(NULL, &v), WEIR_EINVAL);
    CHECK_IS(weir_mutex_queue_try_pop(NULL, &v), WEIR_EINVAL);
    CHECK_IS(weir_mutex_queue_close(NULL), WEIR_EINVAL);
    CHECK_IS(weir_mutex_queue_trim(NULL), WEIR_EINVAL);
    CHECK_IS(weir_mutex_queue_free(NULL), 0);
}

static const struct test tests[] = {
    { "QUEUE6 bytes after bursts, drained and trimmed; no slope", q6_burst },
    { "QUEUE2 allocation failure at every request", q2_enomem },
    { "RING13 bad input: EINVAL", q2_bad_input },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "mutex_queue", tests, sizeof tests / sizeof *tests);
}
