/* SPDX-License-Identifier: MIT */
/* tests/sync/sem_line.c - who waits, in which order they are served, and who leaves: M02 M03 M05 M07. */
#include <weir/chan.h>

#include "sem_cases.h"
#include "sync.h"

/* ---- M02 ---------------------------------------------------------------------------------------------------- */

void m02_big_first(void) {
    weir_sem s = WEIR_SEM_INIT(4);
    struct acquirer big, small[3];
    CHECK_IS(weir_sem_acquire(&s, 4), 0);
    acquire_waits(&big, &s, 4);
    for (int i = 0; i < 3; i++) acquire_waits(&small[i], &s, 1);
    for (uint32_t free = 1; free < 4; free++) { /* enough for the small ones */
        CHECK_IS(weir_sem_release(&s, 1), 0);
        CHECK_IS(weir_sem_available(&s), free);
    }
    CHECK(!call_returns(&small[0].call, 3) && !call_done(&big.call), "it was served");
    CHECK_IS(weir_sem_release(&s, 1), 0);
    CHECK_IS(acquire_end(&big), 0);
    CHECK(!call_returns(&small[0].call, 3), "it was served beside the big one");
    CHECK_IS(weir_sem_release(&s, 4), 0);
    for (int i = 0; i < 3; i++) CHECK_IS(acquire_end(&small[i]), 0);
    CHECK_IS(weir_sem_available(&s), 1);
    CHECK_IS(weir_sem_release(&s, 3), 0);
    check_free(&s, 4);
}

#define LINE 8

void m02_one_line(void) {
    weir_sem s = WEIR_SEM_INIT(1);
    struct acquirer a[LINE];
    CHECK_IS(weir_sem_acquire(&s, 1), 0);
    for (int i = 0; i < LINE; i++) {
        if (i % 2)
            acquire_start_select(&a[i], &s, 1);
        else
            acquire_start(&a[i], &s, 1);
        acquire_sleeps(&a[i]);
    }
    for (int i = 0; i < LINE; i++) {
        CHECK_IS(weir_sem_release(&s, 1), 0);
        CHECK_IS(acquire_end(&a[i]), 0);
        if (i + 1 < LINE) CHECK(!call_done(&a[i + 1].call), "number %d was served too soon", i + 1);
    }
    CHECK_IS(weir_sem_release(&s, 1), 0);
    check_free(&s, 1);
}

#define SMALL_ONES 4

struct crowd {
    weir_sem s;
    weir_au32 over;
    uint64_t big, small;
};

static void m02_thread(void *arg, size_t index) {
    struct crowd *c = arg;
    if (index == 0) {
        for (size_t k = times(200); k > 0; k--) {
            CHECK_IS(weir_sem_acquire(&c->s, SMALL_ONES), 0);
            c->big++;
            CHECK_IS(weir_sem_release(&c->s, SMALL_ONES), 0);
        }
        weir_store_release(&c->over, 1, 0);
        return;
    }
    while (!weir_load_acquire(&c->over, 0) && checks_hold()) { /* always some of them inside */
        CHECK_IS(weir_sem_acquire(&c->s, 1), 0);
        random_delay();
        CHECK_IS(weir_sem_release(&c->s, 1), 0);
    }
}

void m02_not_starved(void) {
    struct crowd c = { .s = WEIR_SEM_INIT(SMALL_ONES) };
    team_run(SMALL_ONES + 1, m02_thread, &c);
    CHECK_IS(c.big, times(200));
    check_free(&c.s, SMALL_ONES);
}

/* A select that waits for 2 units, or for an element. */
struct keeper {
    weir_sem *s;
    weir_chan *c;
    struct stop *stop;
};

static int64_t keeper_main(void *arg) {
    struct keeper *k = arg;
    uint64_t v;
    struct weir_case c[] = { WEIR_CASE_ACQUIRE(k->s, 2), WEIR_CASE_RECV(k->c, &v) };
    return weir_select(c, 2, WEIR_FOREVER, NULL, 0);
}

static int64_t sender_main(void *arg) {
    struct keeper *k = arg;
    uint64_t v = 1;
    stop_me(k->stop);
    return weir_chan_send(k->c, &v);
}

/* The select is told of an element, and another takes that first: it leaves both lines, and comes back. */
static void wake_in_vain(struct keeper *k, struct call *selecting) {
    struct stop stop;
    struct call sender;
    uint64_t v;
    stop_init(&stop, "chan.told");
    k->stop = &stop;
    call_start(&sender, sender_main, k);
    stop_wait(&stop);
    CHECK_IS(weir_chan_try_recv(k->c, &v), 0);
    stop_release(&stop);
    CHECK_IS(call_end(&sender), 0);
    CHECK(call_sleeps(selecting), "the select returned");
    stop_fini(&stop);
}

void m02_keeps_its_place(void) {
    weir_sem s = WEIR_SEM_INIT(2);
    struct weir_chan_opts o = WEIR_CHAN_OPTS(1, sizeof(uint64_t));
    struct keeper k = { &s, NULL, NULL };
    struct call call;
    struct acquirer behind;
    CHECK_IS(weir_chan_new(&k.c, &o), 0);
    CHECK_IS(weir_sem_acquire(&s, 2), 0);
    call_start(&call, keeper_main, &k);
    CHECK(call_sleeps(&call), "it returned");
    acquire_waits(&behind, &s, 1);
    for (int i = 0; i < 2; i++) wake_in_vain(&k, &call); /* then the channel keeps others out */
    CHECK_IS(weir_sem_release(&s, 1), 0);
    CHECK(!call_returns(&behind.call, 3), "a select lost its place");
    CHECK_IS(weir_sem_release(&s, 1), 0);
    CHECK_IS(call_end(&call), 0);
    CHECK_IS(weir_sem_release(&s, 2), 0);
    CHECK_IS(acquire_end(&behind), 0);
    CHECK_IS(weir_sem_release(&s, 1), 0);
    check_free(&s, 2);
    CHECK_IS(weir_chan_unref(k.c), 0);
}

/* ---- M03 ---------------------------------------------------------------------------------------------------- */

void m03_try(void) {
    weir_sem s = WEIR_SEM_INIT(5);
    struct acquirer a;
    CHECK_IS(weir_sem_acquire(&s, 1), 0);
    acquire_waits(&a, &s, 5);
    CHECK_IS(weir_sem_available(&s), 4);
    for (uint32_t n = 0; n <= 5; n++) {
        struct weir_case c = WEIR_CASE_ACQUIRE(&s, n);
        CHECK_IS(weir_sem_try_acquire(&s, n), WEIR_EAGAIN);
        CHECK_IS(weir_sem_acquire_until(&s, n, -1), WEIR_ETIMEDOUT);
        CHECK_IS(weir_select(&c, 1, WEIR_NOW, NULL, 0), WEIR_EAGAIN);
    }
    CHECK_IS(weir_sem_available(&s), 4);
    CHECK_IS(weir_sem_release(&s, 1), 0);
    CHECK_IS(acquire_end(&a), 0);
    CHECK_IS(weir_sem_release(&s, 5), 0);
    check_free(&s, 5);
}

/* ---- M05 ---------------------------------------------------------------------------------------------------- */

/* A front waiter for all of 4, of which 2 are free; then one for 1, one for 1, and one for 3. */
static void line_of_four(weir_sem *s, struct acquirer a[4], weir_time deadline, weir_ctx *ctx) {
    static const uint32_t units[] = { 4, 1, 1, 3 };
    CHECK_IS(weir_sem_init(s, 4), 0);
    CHECK_IS(weir_sem_acquire(s, 2), 0);
    for (int i = 0; i < 4; i++) {
        acquire_start_with(&a[i], s, units[i], i ? WEIR_FOREVER : deadline, i ? NULL : ctx);
        acquire_sleeps(&a[i]);
    }
}

/* The front waiter has left. */
static void next_two(weir_sem *s, struct acquirer a[4]) {
    CHECK_IS(acquire_end(&a[1]), 0);
    CHECK_IS(acquire_end(&a[2]), 0);
    CHECK(!call_returns(&a[3].call, 3), "3 units, and 0 are free");
    CHECK_IS(weir_sem_available(s), 0);
    CHECK_IS(weir_sem_release(s, 4), 0);
    CHECK_IS(acquire_end(&a[3]), 0);
    CHECK_IS(weir_sem_release(s, 3), 0);
    check_free(s, 4);
}

void m05_cancelled(void) {
    weir_sem s;
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    struct acquirer a[4];
    line_of_four(&s, a, WEIR_FOREVER, ctx);
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    CHECK_IS(acquire_end(&a[0]), WEIR_ECANCELED);
    next_two(&s, a);
    weir_ctx_unref(ctx);
}

void m05_late(void) {
    weir_sem s;
    struct acquirer a[4];
    weir_time d = weir_after(300 * MS);
    line_of_four(&s, a, d, NULL);
    check_late(acquire_end(&a[0]), d);
    next_two(&s, a);
}

static int64_t either(void *arg) {
    weir_sem **s = arg;
    struct weir_case c[] = { WEIR_CASE_ACQUIRE(s[0], 2), WEIR_CASE_ACQUIRE(s[1], 1) };
    return weir_select(c, 2, WEIR_FOREVER, NULL, 0);
}

void m05_other_case(void) {
    weir_sem s = WEIR_SEM_INIT(2), other = WEIR_SEM_INIT(1), *both[] = { &s, &other };
    struct acquirer behind;
    struct call call;
    CHECK_IS(weir_sem_acquire(&s, 1), 0);
    CHECK_IS(weir_sem_acquire(&other, 1), 0);
    call_start(&call, either, both);
    CHECK(call_sleeps(&call), "it returned");
    acquire_waits(&behind, &s, 1);
    CHECK_IS(weir_sem_release(&other, 1), 0);
    CHECK_IS(call_end(&call), 1);
    CHECK_IS(acquire_end(&behind), 0);
    CHECK_IS(weir_sem_release(&other, 1), 0);
    CHECK_IS(weir_sem_release(&s, 2), 0);
    check_free(&s, 2);
    check_free(&other, 1);
}

void m05_middle(void) {
    weir_sem s = WEIR_SEM_INIT(2);
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    struct acquirer first, middle, last;
    CHECK_IS(weir_sem_acquire(&s, 1), 0);
    acquire_waits(&first, &s, 2);
    acquire_start_with(&middle, &s, 1, WEIR_FOREVER, ctx);
    acquire_sleeps(&middle);
    acquire_waits(&last, &s, 1);
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    CHECK_IS(acquire_end(&middle), WEIR_ECANCELED);
    CHECK(!call_returns(&last.call, 3) && !call_done(&first.call), "it was served");
    CHECK_IS(weir_sem_release(&s, 1), 0);
    CHECK_IS(acquire_end(&first), 0);
    CHECK_IS(weir_sem_release(&s, 2), 0);
    CHECK_IS(acquire_end(&last), 0);
    CHECK_IS(weir_sem_release(&s, 1), 0);
    check_free(&s, 2);
    weir_ctx_unref(ctx);
}

/* ---- M07 ---------------------------------------------------------------------------------------------------- */

void m07_as_many(void) {
    static const uint32_t units[] = { 1, 2, 0, 3, 1 };
    weir_sem s = WEIR_SEM_INIT(6);
    struct acquirer a[5];
    CHECK_IS(weir_sem_acquire(&s, 6), 0);
    for (int i = 0; i < 5; i++) acquire_waits(&a[i], &s, units[i]);
    CHECK_IS(weir_sem_release(&s, 5),
             0); /* for 1, 2, 0; 2 are left, too few for 3, and 1 is behind it */
    for (int i = 0; i < 3; i++) CHECK_IS(acquire_end(&a[i]), 0);
    CHECK_IS(weir_sem_available(&s), 2);
    CHECK(!call_returns(&a[4].call, 3) && !call_done(&a[3].call), "it was served");
    CHECK_IS(weir_sem_release(&s, 2), 0); /* for both, nothing is left */
    for (int i = 3; i < 5; i++) CHECK_IS(acquire_end(&a[i]), 0);
    CHECK_IS(weir_sem_available(&s), 0);
    CHECK_IS(weir_sem_release(&s, 6), 0);
    check_free(&s, 6);
}
