/* SPDX-License-Identifier: MIT */
/* tests/sync/sync.c - see sync.h. */
#include "sync.h"

#include <weir/select.h>

weir_ctx *ctx_open(weir_ctx *parent, weir_time deadline) {
    weir_ctx *c = NULL;
    CHECK_IS(weir_ctx_new(&c, parent, deadline), 0);
    return c;
}

void check_late(int64_t rc, weir_time deadline) {
    CHECK_IS(rc, WEIR_ETIMEDOUT);
    CHECK(weir_now() >= deadline, "early by %lld ns", (long long)(deadline - weir_now()));
}

/* ---- acquires ---------------------------------------------------------------------------------------------- */

static int64_t acquire_main(void *arg) {
    struct acquirer *a = arg;
    if (!a->by_select) return weir_sem_acquire_wait(a->sem, a->n, a->deadline, a->ctx);
    struct weir_case c[] = { WEIR_CASE_ACQUIRE(NULL, 1), WEIR_CASE_ACQUIRE(a->sem, a->n) };
    ptrdiff_t i = weir_select(c, 2, a->deadline, a->ctx, 0);
    return i == 1 ? c[1].result : i;
}

static void start(struct acquirer *a) { call_start(&a->call, acquire_main, a); }

void acquire_start_with(struct acquirer *a, weir_sem *s, uint32_t n, weir_time deadline,
                        weir_ctx *ctx) {
    a->sem = s;
    a->n = n;
    a->deadline = deadline;
    a->ctx = ctx;
    a->by_select = false;
    start(a);
}

void acquire_start(struct acquirer *a, weir_sem *s, uint32_t n) {
    acquire_start_with(a, s, n, WEIR_FOREVER, NULL);
}

void acquire_start_select(struct acquirer *a, weir_sem *s, uint32_t n) {
    a->sem = s;
    a->n = n;
    a->deadline = WEIR_FOREVER;
    a->ctx = NULL;
    a->by_select = true;
    start(a);
}

bool acquire_sleeps(struct acquirer *a) {
    return CHECK(call_sleeps(&a->call), "an acquire of %u that has to wait returned", a->n);
}

bool acquire_waits(struct acquirer *a, weir_sem *s, uint32_t n) {
    acquire_start(a, s, n);
    return acquire_sleeps(a);
}

int acquire_end(struct acquirer *a) { return (int)call_end(&a->call); }

void check_free(weir_sem *s, uint32_t n) {
    CHECK_IS(weir_sem_available(s), n);
    if (n != weir_sem_size(s)) return;
    CHECK_IS(weir_sem_try_acquire(s, n), 0);
    CHECK_IS(weir_sem_release(s, n), 0);
}
