/* SPDX-License-Identifier: MIT */
/* tests/cache/forks.c - calls while a fork is being made (weir_rcu_fork_prepare): they wait until their deadline, in no
 * lock. CACHE15. Not of the plain kinds, whose tables have no gate. */
#include "scene.h"

#include <sched.h>
#include <weir/rcu.h>

/* Threads that are known to weir before the fork, and make their calls while it is made. */
struct forked {
    struct scene s;
    weir_time deadline;
};
struct beside {
    struct call call;
    struct forked *f;
    int64_t (*fn)(struct forked *f);
    weir_au32 known, go;
};
static int64_t put_2(struct forked *f) {
    uint64_t key = 2;
    return weir_cache_put_wait(f->s.c, &key, &key, DEFAULT, f->deadline, NULL);
}
static int64_t inv_2(struct forked *f) {
    uint64_t key = 2;
    return weir_cache_invalidate_wait(f->s.c, &key, f->deadline, NULL);
}
static int64_t clear_all(struct forked *f) { return weir_cache_clear(f->s.c); }
static int64_t maintain_all(struct forked *f) { return weir_cache_maintain(f->s.c); }
static int64_t load_1_now(struct forked *f) {
    uint64_t key = 1, val = 0;
    int rc = weir_cache_load_wait(f->s.c, &key, &val, scene_load, &f->s, WEIR_NOW, NULL);
    return rc == 0 ? (int64_t)val : rc;
}

static int64_t beside(void *arg) {
    struct beside *b = arg;
    CHECK_IS(get(b->f->s.c, 2), 20);
    weir_store_release(&b->known, 1, 0);
    while (weir_load_acquire(&b->go, 0) == 0)
        (void)sched_yield(); /* what sleeps waits for the fork */
    return b->fn(b->f);
}
static void beside_start(struct beside *b, struct forked *f, int64_t (*fn)(struct forked *f)) {
    b->f = f;
    b->fn = fn;
    weir_init_atomic(&b->known, 0);
    weir_init_atomic(&b->go, 0);
    call_start(&b->call, beside, b);
    while (weir_load_acquire(&b->known, 0) == 0) (void)sched_yield();
}
static void beside_go(struct beside *b) { weir_store_release(&b->go, 1, 0); }

/* A cache with key 2, and a key that expires. */
static void fork_open(struct forked *f, weir_time deadline) {
    scene(&f->s, 10);
    CHECK_IS(put(f->s.c, 2, 20), 0);
    CHECK_IS(put_ttl(f->s.c, 3, 30, SEC), 0);
    world_at(&f->s.w, 5 * SEC);
    f->deadline = deadline;
}
static void fork_begins(void) { CHECK_IS(weir_rcu_fork_prepare_wait(LIMIT, NULL), 0); }
static void fork_ends(void) { CHECK_IS(weir_rcu_fork_parent(), 0); }

static void until(bool now) {
    struct forked f;
    struct beside puts, invalidates;
    int is = now ? WEIR_EAGAIN : WEIR_ETIMEDOUT;
    fork_open(&f, WEIR_NOW);
    beside_start(&puts, &f, put_2);
    beside_start(&invalidates, &f, inv_2);
    fork_begins();
    if (!now) f.deadline = weir_after(20 * MS);
    beside_go(&puts);
    beside_go(&invalidates);
    CHECK(call_returns(&puts.call, 5000), "a put waits for the fork");
    CHECK(call_returns(&invalidates.call, 5000), "an invalidate waits for the fork");
    fork_ends();
    CHECK_IS(call_end(&puts.call), is);
    CHECK_IS(call_end(&invalidates.call), is);
    CHECK_IS(get(f.s.c, 2), 20); /* nothing was changed */
    CHECK_IS(weir_cache_len(f.s.c), 2);
    cache_close(f.s.c, &f.s.w);
}
static void until_a_deadline(void) {
    until(true);
    until(false);
}

/* A call that waits for the fork holds no lock; so a load beside it is through, and is not stored. */
static void in_no_lock(void) {
    static int64_t (*const writes[])(struct forked *) = { put_2, inv_2, clear_all, maintain_all };
    static const int64_t is[] = { 0, 0, 0, 1 };
    for (unsigned i = 0; i < 4; i++) {
        struct forked f;
        struct beside waits, loads;
        fork_open(&f, WEIR_FOREVER);
        give(&f.s.gate);
        beside_start(&waits, &f, writes[i]);
        beside_start(&loads, &f, load_1_now);
        fork_begins();
        beside_go(&waits);
        CHECK(call_sleeps(&waits.call), "it does not wait for the fork");
        beside_go(&loads);
        CHECK(call_returns(&loads.call, 5000), "a load waits for who waits for the fork");
        CHECK(!call_done(&waits.call), "it did not wait for the fork");
        fork_ends();
        CHECK_IS(call_end(&loads.call), 10);
        CHECK_IS(call_end(&waits.call), is[i]);
        CHECK_IS(get(f.s.c, 1), WEIR_ENOENT);
        cache_close(f.s.c, &f.s.w);
    }
}

const struct test fork_tests[] = {
    { "CACHE15 beside a fork calls wait until their deadline", until_a_deadline },
    { "CACHE15 who waits for a fork holds up no load", in_no_lock },
};
const size_t n_fork_tests = sizeof fork_tests / sizeof *fork_tests;
