/* SPDX-License-Identifier: MIT */
/* tests/sync/sem_race.c - grants that race whatever ends a wait: M09; what a release carries; teardown. The same
 * races over all small schedules: stress/explore/scenarios/sem_cases.c. */
#include <stdlib.h>

#include <weir/select.h>

#include "sem_cases.h"
#include "sync.h"

/* ---- scripts ------------------------------------------------------------------------------------------------- */

struct releaser {
    weir_sem *s;
    uint32_t n;
    struct stop *stop;
};

static int64_t release_main(void *arg) {
    struct releaser *r = arg;
    stop_me(r->stop);
    return weir_sem_release(r->s, r->n);
}

/* The release has granted, and stands still before it tells so. */
void m09_granted_first(void) {
    weir_sem s = WEIR_SEM_INIT(2);
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    struct acquirer a;
    struct stop stop;
    struct call call;
    struct releaser r = { &s, 2, &stop };
    CHECK_IS(weir_sem_acquire(&s, 2), 0);
    acquire_start_with(&a, &s, 1, WEIR_FOREVER, ctx);
    acquire_sleeps(&a);
    stop_init(&stop, "sem.granted");
    call_start(&call, release_main, &r);
    stop_wait(&stop);
    CHECK_IS(weir_sem_available(&s), 1);
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    CHECK(!call_returns(&a.call, 3), "it did not wait for what it was granted");
    CHECK_IS(weir_sem_try_acquire(&s, 1), 0); /* others go on meanwhile */
    CHECK_IS(weir_sem_release(&s, 1), 0);
    stop_release(&stop);
    CHECK_IS(call_end(&call), 0);
    CHECK_IS(acquire_end(&a), 0);
    CHECK_IS(weir_sem_available(&s), 1);
    CHECK_IS(weir_sem_release(&s, 1), 0);
    check_free(&s, 2);
    stop_fini(&stop);
    weir_ctx_unref(ctx);
}

/* The release has seen that somebody waits, and stands still: the waiter leaves, and nobody is there any more. */
void m_stopped(void) {
    for (int leaves = 0; leaves < 2; leaves++) {
        weir_sem s = WEIR_SEM_INIT(1);
        weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
        struct acquirer a;
        struct stop stop;
        struct call call;
        struct releaser r = { &s, 1, &stop };
        CHECK_IS(weir_sem_acquire(&s, 1), 0);
        acquire_start_with(&a, &s, 1, WEIR_FOREVER, ctx);
        acquire_sleeps(&a);
        stop_init(&stop, "sem.release.waiters");
        call_start(&call, release_main, &r);
        stop_wait(&stop);
        CHECK_IS(weir_sem_try_acquire(&s, 1), WEIR_EAGAIN);
        if (leaves) {
            CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
            CHECK_IS(acquire_end(&a), WEIR_ECANCELED);
        }
        stop_release(&stop);
        CHECK_IS(call_end(&call), 0);
        if (!leaves) {
            CHECK_IS(acquire_end(&a), 0);
            CHECK_IS(weir_sem_release(&s, 1), 0);
        }
        check_free(&s, 1);
        stop_fini(&stop);
        weir_ctx_unref(ctx);
    }
}

/* ---- crowds -------------------------------------------------------------------------------------------------- */

#define SIZE 5
#define CROWD 4

enum ending { CANCELS, DEADLINES, SELECTS, PLAIN };

struct crowd {
    weir_sem s, other;
    enum ending ending;
    weir_au32 out, other_out;
    weir_au64 granted, refused;
};

/* Units that are out are never more than there are: counted after an acquire, and taken off before a release. */
static void have(weir_au32 *out, uint32_t most, weir_sem *s, uint32_t n) {
    uint32_t now = weir_fetch_add_relaxed(out, n) + n;
    CHECK(now <= most, "%u units of %u are out", now, most);
    random_delay();
    (void)weir_fetch_sub_relaxed(out, n);
    CHECK_IS(weir_sem_release(s, n), 0);
}

static int64_t cancel_soon(void *ctx) {
    random_delay();
    return weir_ctx_cancel(ctx, 0);
}

static int acquire_cancelled(struct crowd *c, uint32_t n) {
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    struct call call;
    call_start(&call, cancel_soon, ctx);
    int rc = weir_sem_acquire_wait(&c->s, n, WEIR_FOREVER, ctx);
    CHECK_IS(call_end(&call), 0);
    CHECK(rc == 0 || rc == WEIR_ECANCELED, "%d", rc);
    weir_ctx_unref(ctx);
    return rc;
}

static int acquire_either(struct crowd *c, uint32_t n) {
    struct weir_case cases[] = { WEIR_CASE_ACQUIRE(&c->s, n), WEIR_CASE_ACQUIRE(&c->other, 1) };
    ptrdiff_t i = weir_select(cases, 2, WEIR_FOREVER, NULL, 0);
    CHECK(i >= 0 && cases[i].result == 0, "select: %td", i);
    if (i == 1) have(&c->other_out, 1, &c->other, 1);
    return i == 1 ? WEIR_EAGAIN : 0;
}

static int acquire(struct crowd *c, uint32_t n) {
    if (c->ending == CANCELS) return acquire_cancelled(c, n);
    if (c->ending == SELECTS) return acquire_either(c, n);
    if (c->ending == PLAIN) return weir_sem_acquire(&c->s, n);
    int rc = weir_sem_acquire_until(&c->s, n, weir_after((int64_t)rng_below(40) * 1000));
    CHECK(rc == 0 || rc == WEIR_ETIMEDOUT, "%d", rc);
    return rc;
}

static void crowd_thread(void *arg, size_t index) {
    struct crowd *c = arg;
    (void)index;
    for (size_t k = times(c->ending == CANCELS ? 500 : 8000); k > 0 && checks_hold(); k--) {
        uint32_t n = (uint32_t)rng_below(SIZE + 1);
        int rc = acquire(c, n);
        (void)weir_fetch_add_relaxed(rc == 0 ? &c->granted : &c->refused, 1);
        if (rc == 0) have(&c->out, SIZE, &c->s, n);
    }
}

static void crowd_run(enum ending ending) {
    struct crowd c = { .s = WEIR_SEM_INIT(SIZE), .other = WEIR_SEM_INIT(1), .ending = ending };
    points_delay(true);
    team_run(CROWD, crowd_thread, &c);
    points_delay(false);
    check_free(&c.s, SIZE);
    check_free(&c.other, 1);
    CHECK(weir_load_relaxed(&c.granted) > 0, "nothing was granted");
    if (ending != PLAIN) CHECK(weir_load_relaxed(&c.refused) > 0, "no race was lost");
}

void m09_cancels(void) { crowd_run(CANCELS); }
void m09_deadlines(void) { crowd_run(DEADLINES); }
void m09_selects(void) { crowd_run(SELECTS); }
void m09_crowd(void) { crowd_run(PLAIN); }

/* ---- what a release carries ------------------------------------------------------------------------------------ */

/* Readers take one unit, writers all: a lock for both. */
struct guarded {
    weir_sem s;
    uint64_t a, b;
};

static void carries_thread(void *arg, size_t index) {
    struct guarded *g = arg;
    for (size_t k = times(3000); k > 0 && checks_hold(); k--) {
        bool writes = (k + index) % 4 == 0;
        uint32_t n = writes ? CROWD : 1;
        while (k % 2 && weir_sem_try_acquire(&g->s, n) != 0) random_delay();
        if (k % 2 == 0) CHECK_IS(weir_sem_acquire(&g->s, n), 0);
        CHECK(g->a == g->b, "a write is half seen");
        if (writes) g->a++, g->b++;
        CHECK_IS(weir_sem_release(&g->s, n), 0);
    }
}

void m01_carries(void) {
    struct guarded g = { .s = WEIR_SEM_INIT(CROWD) };
    team_run(CROWD, carries_thread, &g);
    CHECK_IS(g.a, times(3000) / 4 * CROWD);
    check_free(&g.s, CROWD);
}

/* ---- teardown ---------------------------------------------------------------------------------------------------- */

struct teardown {
    weir_sem *s;
    pthread_barrier_t ready;
};

/* One thread waits for all units, and frees; the others release one each. */
static void teardown_thread(void *arg, size_t index) {
    struct teardown *t = arg;
    for (size_t k = times(500); k > 0; k--) {
        if (index == 0) {
            t->s = malloc(sizeof *t->s);
            CHECK_IS(weir_sem_init(t->s, CROWD - 1), 0);
            CHECK_IS(weir_sem_acquire(t->s, CROWD - 1), 0);
        }
        (void)pthread_barrier_wait(&t->ready);
        weir_sem *s = t->s;
        (void)pthread_barrier_wait(&t->ready);
        random_delay();
        if (index > 0) {
            CHECK_IS(weir_sem_release(s, 1), 0);
        } else {
            for (int i = 0; k % 2 && i < CROWD - 1; i++) CHECK_IS(weir_sem_acquire(s, 1), 0);
            if (k % 2 == 0) CHECK_IS(weir_sem_acquire(s, CROWD - 1), 0);
            free(s);
        }
    }
}

void m_teardown(void) {
    struct teardown t = { .s = NULL };
    (void)pthread_barrier_init(&t.ready, NULL, CROWD);
    points_delay(true);
    team_run(CROWD, teardown_thread, &t);
    points_delay(false);
    (void)pthread_barrier_destroy(&t.ready);
}
