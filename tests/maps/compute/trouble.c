/* SPDX-License-Identifier: MIT */
/* tests/maps/compute/trouble.c - calls that would wait for themselves, guards, want of memory, functions that end
 * their thread. */
#include <weir/rcu.h>

#include <pthread.h>

#include "compute.h"

/* ---- recursion ---------------------------------------------------------------------------------------------- */

struct deep {
    void *m;
    unsigned depth; /* so many keys, then the first again */
    int rc;         /* of the innermost */
};

static int go_deeper(uint64_t key, uint64_t *val, void *deep) {
    struct deep *d = deep;
    uint64_t v = 0;
    bool last = key == d->depth - 1;
    int rc = compute(d->m, last ? 0 : key + 1, go_deeper, d, &v);
    if (last) d->rc = rc;
    *val = key + 100;
    return 0;
}

static void recursion_in(void *m) {
    for (unsigned depth = 1; depth < 5; depth++) {
        struct deep d = { m, depth, 0 };
        uint64_t v = 0;
        CHECK_IS(compute(m, 0, go_deeper, &d, &v), 0);
        CHECK_IS(d.rc, WEIR_EDEADLK);
        for (uint64_t k = 0; k < depth; k++) {
            CHECK_IS(K->get(m, k, &v), 0);
            CHECK_IS(v, k + 100);
        }
        CHECK_IS(K->clear(m), 0);
    }
}
void recursion(void) { each_kind(recursion_in); }

/* Each computes a key of its own, and in it the next one's. */
struct circle {
    void *m;
    size_t n;
    weir_au32 inside, deadlocks;
};
struct place {
    struct circle *c;
    uint64_t key;
};

static int computes_next(uint64_t key, uint64_t *val, void *place);
static int next_of(struct circle *c, uint64_t key, uint64_t *v) {
    struct place p = { c, key };
    return compute(c->m, key, computes_next, &p, v);
}
static int computes_next(uint64_t key, uint64_t *val, void *place) {
    struct place *p = place;
    struct circle *c = p->c;
    uint64_t v = 0;
    unsigned failures = 0;
    if (weir_fetch_add_seq_cst(&c->inside, 1, 0) < c->n)
        while (weir_load_acquire(&c->inside, 0) < c->n) give_way(&failures);
    *val = key;
    int rc = next_of(c, (key + 1) % c->n, &v);
    if (rc == WEIR_EDEADLK) (void)weir_fetch_add_relaxed(&c->deadlocks, 1);
    CHECK(rc == WEIR_EDEADLK || rc == WEIR_EEXIST, "%d", rc);
    return 0;
}
static void in_circle(void *arg, size_t i) {
    uint64_t v = 0;
    CHECK_IS(next_of(arg, i, &v), 0);
}
static void circle_in(void *m) {
    for (size_t n = 2; n <= 8; n *= 2)
        for (size_t i = 0; i < times(20) && checks_hold(); i++) {
            struct circle c = { .m = m, .n = n };
            team_run(n, in_circle, &c);
            CHECK_IS(weir_load_relaxed(&c.deadlocks), 1);
            CHECK_IS(K->clear(m), 0);
        }
}
void circle(void) { each_kind(circle_in); }

/* Two threads that have waited for each other, one after the other. */
struct pair {
    struct work first, then;
};
static int give_key(uint64_t key, uint64_t *val, void *arg) {
    (void)arg;
    *val = key;
    return 0;
}
static int64_t is_waited_for(void *pair) {
    struct pair *p = pair;
    uint64_t v = 0;
    CHECK_IS(compute(p->first.m, 9, work_fn, &p->first, &v), 0);
    work_runs(&p->then);
    return compute(p->first.m, 5, give_key, NULL, &v);
}
static int64_t waits(void *pair) {
    struct pair *p = pair;
    uint64_t v = 0;
    CHECK_IS(compute(p->first.m, 9, give_key, NULL, &v), WEIR_EEXIST);
    return compute(p->first.m, 5, work_fn, &p->then, &v);
}
static void waited_in(void *m) {
    struct pair p = { WORK(m, 9, 1), WORK(m, 5, 2) };
    struct call one, other;
    call_start(&one, is_waited_for, &p);
    work_runs(&p.first);
    call_start(&other, waits, &p);
    CHECK(call_sleeps(&other), "it does not wait");
    work_let_go(&p.first);
    work_runs(&p.then);
    CHECK(call_sleeps(&one), "it does not wait");
    work_let_go(&p.then);
    CHECK_IS(call_end(&one), WEIR_EEXIST);
    CHECK_IS(call_end(&other), 0);
}
void waited(void) { each_kind(waited_in); }

/* ---- guards and locks --------------------------------------------------------------------------------------- */

/* Another map, of which a thread computes a key. */
static void *other_map;
static void under_lock(void *m) {
    uint64_t v = 77;
    CHECK_IS(K->compute(other_map, 9, give_key, NULL, &v, weir_after(50 * MS), NULL), WEIR_EDEADLK);
    CHECK_IS(K->compute(other_map, 9, give_key, NULL, &v, WEIR_NOW, NULL), WEIR_EBUSY);
    CHECK_IS(compute(m, 10, give_key, NULL, &v), WEIR_EDEADLK);
    CHECK_IS(compute(m, 8, give_key, NULL, &v), WEIR_EDEADLK); /* it is there */
    CHECK_IS(v, 77);
}
static void in_guard_in(void *m) {
    struct work w = WORK(m, 9, 1);
    uint64_t v = 0;
    work_start(&w);
    work_runs(&w);
    weir_guard g = weir_rcu_enter();
    CHECK_IS(compute(m, 9, give_key, NULL, &v), WEIR_EDEADLK);
    CHECK_IS(compute(m, 8, give_key, NULL, &v), 0);
    CHECK_IS(compute(m, 8, give_key, NULL, &v), WEIR_EEXIST);
    CHECK_IS(weir_rcu_exit(g), 0);
    work_let_go(&w);
    CHECK_IS(work_end(&w), 0);
    if (!K->update) return;
    other_map = map_open(NULL);
    struct work held = WORK(other_map, 9, 1);
    work_start(&held);
    work_runs(&held);
    CHECK_IS(K->update(m, 8, under_lock), 0);
    CHECK_IS(K->visit(m, 8, under_lock), WEIR_UPDATE_KEEP);
    work_let_go(&held);
    CHECK_IS(work_end(&held), 0);
    CHECK_IS(K->close(other_map), 0);
    CHECK_IS(K->get(m, 10, &v), WEIR_ENOENT);
}
void in_guard(void) { each_kind(in_guard_in); }

/* ---- memory ------------------------------------------------------------------------------------------------- */

/* Whether a request was refused. */
static bool with_refusal(size_t fail) {
    struct failing_alloc f;
    failing_alloc_init(&f, fail);
    void *m = K->open(&f.as);
    for (uint64_t k = 0; m && k < 60; k++) {
        uint64_t v = 77, got;
        int rc = compute(m, k, give_key, NULL, &v);
        if (rc == WEIR_ENOMEM) {
            CHECK_IS(v, 77);
            CHECK_IS(K->get(m, k, &got), WEIR_ENOENT);
            rc = compute(m, k, give_key, NULL, &v);
        }
        CHECK_IS(rc, 0);
        CHECK_IS(v, k);
    }
    if (m) CHECK_IS(K->close(m), 0);
    CHECK_IS(f.out, 0);
    return f.refused > 0;
}
static void no_memory_in(void *m) {
    (void)m;
    size_t fail = 1;
    while (fail < 100 && checks_hold() && with_refusal(fail)) fail++;
    CHECK(fail > 2, "nothing was refused");
}
void no_memory(void) { each_kind(no_memory_in); }

/* ---- threads that end --------------------------------------------------------------------------------------- */

struct ending {
    void *m;
    bool cancelled;
    weir_au32 inside, go;
};

static int end_thread(uint64_t key, uint64_t *val, void *ending) {
    struct ending *e = ending;
    (void)key;
    (void)val;
    weir_store_release(&e->inside, 1, 0);
    while (!weir_load_acquire(&e->go, 0)) sleep_ms(1);
    if (e->cancelled) {
        (void)pthread_cancel(pthread_self());
        pthread_testcancel();
    }
    pthread_exit(NULL);
}
static void *ending_thread(void *ending) {
    struct ending *e = ending;
    uint64_t v;
    (void)!compute(e->m, 9, end_thread, e, &v);
    CHECK(false, "it goes on");
    return NULL;
}
static void ends_thread_in(void *m) {
    for (int i = 0; i < 4 && checks_hold(); i++) {
        struct ending e = { .m = m, .cancelled = i % 2 };
        struct work w = WORK(m, 9, 1);
        unsigned failures = 0;
        pthread_t t;
        if (!CHECK_IS(pthread_create(&t, NULL, ending_thread, &e), 0)) return;
        while (!weir_load_acquire(&e.inside, 0)) give_way(&failures);
        work_let_go(&w);
        if (i < 2) { /* it waits, or comes after */
            work_start(&w);
            work_waits(&w);
        }
        weir_store_release(&e.go, 1, 0);
        CHECK_IS(pthread_join(t, NULL), 0);
        if (i >= 2) work_start(&w);
        CHECK_IS(work_end(&w), 0);
        CHECK_IS(K->del(m, 9), 0);
    }
}
void ends_thread(void) { each_kind(ends_thread_in); }
