/* SPDX-License-Identifier: MIT */
/* tests/sync/sem_select.c - semaphores as cases of a select. */
#include <weir/chan.h>

#include "sem_cases.h"
#include "sync.h"

#define SHARED 3

struct two {
    weir_sem *a, *b;
    weir_chan *c;
    struct weir_case cases[SHARED];
};

static void set_cases(struct two *t, uint32_t a, uint32_t b) {
    t->cases[0] = (struct weir_case)WEIR_CASE_ACQUIRE(t->a, a);
    t->cases[1] = (struct weir_case)WEIR_CASE_ACQUIRE(t->b, b);
    t->cases[2] = (struct weir_case)WEIR_CASE_RECV(t->c, NULL);
}

static int64_t select_main(void *arg) {
    struct two *t = arg;
    ptrdiff_t i = weir_select(t->cases, SHARED, WEIR_FOREVER, NULL, 0);
    CHECK(i < 0 || t->cases[i].result == 0, "result %d", t->cases[i].result);
    return i;
}

/* What is not its case it leaves alone: every unit can be had afterwards. */
static void select_waits(struct two *t, int which) {
    struct call call;
    set_cases(t, 2, 1);
    CHECK_IS(weir_sem_acquire(t->a, 1), 0);
    CHECK_IS(weir_sem_acquire(t->b, 2), 0);
    call_start(&call, select_main, t);
    CHECK(call_sleeps(&call), "it returned");
    if (which == 0) CHECK_IS(weir_sem_release(t->a, 1), 0);
    if (which == 1) CHECK_IS(weir_sem_release(t->b, 1), 0);
    if (which == 2) CHECK_IS(weir_chan_send(t->c, NULL), 0);
    CHECK_IS(call_end(&call), which);
    CHECK_IS(weir_sem_available(t->a), which == 0 ? 0 : 1);
    CHECK_IS(weir_sem_available(t->b), 0);
    CHECK_IS(weir_sem_release(t->a, which == 0 ? 2 : 1), 0);
    CHECK_IS(weir_sem_release(t->b, 2), 0);
    check_free(t->a, 2);
    check_free(t->b, 2);
}

void m_select(void) {
    weir_sem a = WEIR_SEM_INIT(2), b = WEIR_SEM_INIT(2);
    struct two t = { .a = &a, .b = &b };
    struct weir_chan_opts o = WEIR_CHAN_OPTS(0, 0);
    unsigned chosen[2] = { 0, 0 };
    CHECK_IS(weir_chan_new(&t.c, &o), 0);
    for (int i = 0; i < 3; i++) select_waits(&t, i);
    for (int i = 0; i < 64; i++) { /* both ready: either; neither is starved, but for 2 in 2^64 */
        set_cases(&t, 2, 1);
        ptrdiff_t k = weir_select(t.cases, SHARED, WEIR_NOW, NULL, 0);
        if (!CHECK(k == 0 || k == 1, "select: %td", k)) break;
        chosen[k == 1]++;
        CHECK_IS(weir_sem_available(&a), k == 0 ? 0 : 2);
        CHECK_IS(weir_sem_available(&b), k == 1 ? 1 : 2);
        CHECK_IS(k == 0 ? weir_sem_release(&a, 2) : weir_sem_release(&b, 1), 0);
    }
    CHECK(chosen[0] && chosen[1], "%u and %u of 64", chosen[0], chosen[1]);
    CHECK_IS(weir_sem_acquire(&a, 1), 0);
    CHECK_IS(weir_sem_acquire(&b, 2), 0);
    CHECK_IS(weir_select(t.cases, SHARED, WEIR_NOW, NULL, 0), WEIR_EAGAIN);
    weir_time d = weir_after(2 * MS);
    check_late(weir_select(t.cases, SHARED, d, NULL, 0), d);
    CHECK_IS(weir_sem_release(&a, 1), 0);
    CHECK_IS(weir_sem_release(&b, 2), 0);
    check_free(&a, 2);
    check_free(&b, 2);
    CHECK_IS(weir_chan_unref(t.c), 0);
}

/* Its big case does not keep its small one waiting, nor itself another call. */
void m_select_twice(void) {
    weir_sem s = WEIR_SEM_INIT(3);
    struct two t = { .a = &s, .b = &s, .c = NULL };
    struct acquirer behind;
    struct call call;
    set_cases(&t, 3, 2);
    CHECK_IS(weir_sem_acquire(&s, 3), 0);
    call_start(&call, select_main, &t);
    CHECK(call_sleeps(&call), "it returned");
    acquire_waits(&behind, &s, 1);
    CHECK_IS(weir_sem_release(&s, 1), 0);
    CHECK(!call_returns(&behind.call, 3) && !call_done(&call), "out of turn");
    CHECK_IS(weir_sem_release(&s, 1), 0);
    CHECK_IS(call_end(&call), 1);
    CHECK_IS(weir_sem_available(&s), 0);
    CHECK_IS(weir_sem_release(&s, 1), 0);
    CHECK_IS(acquire_end(&behind), 0);
    CHECK_IS(weir_sem_release(&s, 3), 0);
    check_free(&s, 3);
    CHECK_IS(weir_select(t.cases, 2, WEIR_FOREVER, NULL, WEIR_SELECT_PRIORITY), 0);
    CHECK_IS(weir_sem_release(&s, 3), 0);
    set_cases(&t, 4, 1); /* the first is never ready */
    CHECK_IS(weir_select(t.cases, 2, WEIR_FOREVER, NULL, WEIR_SELECT_PRIORITY), 1);
    CHECK_IS(weir_sem_release(&s, 1), 0);
    check_free(&s, 3);
}

static int64_t look_main(void *sem) {
    struct weir_case c = WEIR_CASE_ACQUIRE(sem, 2);
    return weir_select(&c, 1, WEIR_FOREVER, NULL, WEIR_SELECT_READY);
}

void m_look(void) {
    weir_sem s = WEIR_SEM_INIT(2);
    struct weir_case c = WEIR_CASE_ACQUIRE(&s, 2);
    struct call look;
    struct acquirer a;
    CHECK_IS(weir_select(&c, 1, WEIR_NOW, NULL, WEIR_SELECT_READY), 0);
    check_free(&s, 2);
    CHECK_IS(weir_sem_acquire(&s, 2), 0);
    CHECK_IS(weir_select(&c, 1, WEIR_NOW, NULL, WEIR_SELECT_READY), WEIR_EAGAIN);
    weir_time d = weir_after(2 * MS);
    check_late(weir_select(&c, 1, d, NULL, WEIR_SELECT_READY), d);
    call_start(&look, look_main, &s);
    CHECK(call_sleeps(&look), "2 of 2 are out");
    acquire_waits(&a, &s, 1); /* before the one that looks */
    CHECK_IS(weir_sem_release(&s, 2), 0);
    CHECK_IS(acquire_end(&a), 0);
    CHECK(!call_returns(&look, 3), "1 is free");
    CHECK_IS(weir_sem_try_acquire(&s, 1), 0); /* nobody waits for it */
    CHECK_IS(weir_sem_release(&s, 1), 0);
    CHECK(!call_returns(&look, 3), "1 is free");
    CHECK_IS(weir_sem_release(&s, 1), 0);
    CHECK_IS(call_end(&look), 0);
    check_free(&s, 2);
}

void m_select_bad(void) {
    weir_sem s = WEIR_SEM_INIT(1);
    uint64_t v = 0;
    struct weir_case send = { weir_sem_waitable(&s), NULL, WEIR_SEND, 1, 0 };
    struct weir_case elem = { weir_sem_waitable(&s), &v, WEIR_RECV, 1, 0 };
    struct weir_case none = { weir_sem_waitable(&s), NULL, 0, 1, 0 };
    struct weir_case null = WEIR_CASE_ACQUIRE(NULL, 1);
    count_misuse(true);
    CHECK_IS(weir_select(&send, 1, WEIR_NOW, NULL, 0), WEIR_EINVAL);
    CHECK_IS(weir_select(&elem, 1, WEIR_NOW, NULL, 0), WEIR_EINVAL);
    CHECK_IS(weir_select(&none, 1, WEIR_NOW, NULL, 0), WEIR_EINVAL);
    CHECK_IS(misuse_counted(), 3);
    count_misuse(false);
    CHECK_IS(weir_select(&null, 1, WEIR_NOW, NULL, 0), WEIR_EAGAIN);
    check_free(&s, 1);
}
