/* SPDX-License-Identifier: MIT */
/* tests/rcu/guards.c - guards, synchronize, threads that come and go, offline: RCU1 to RCU5, RCU9. */
#include <weir/ctx.h>

#include "lib/rcu.h"
#include "lib/thread.h"
#include "rcu.h"

/* ---- RCU1, RCU2 ------------------------------------------------------------------------------------------------ */

static void kept_while_read(void) {
    weir_au32 freed = { 0 };
    struct reader old, new;
    reader_start(&old);
    CHECK_IS(object_retire(object_new(&freed, 1)), 0);
    sleep_ms(30);
    CHECK_IS(weir_load_relaxed(&freed), 0);
    reader_start(&new); /* does not matter any more, or for this one only */
    CHECK_IS(object_retire(object_new(&freed, 2)), 0);
    sleep_ms(10);
    CHECK_IS(weir_load_relaxed(&freed), 0);
    reader_end(&old);
    CHECK(comes_to(&freed, 1, 10000), "the first is not freed though its reader has left");
    reader_end(&new);
    CHECK(comes_to(&freed, 2, 10000), "the second is not freed");
}

static int64_t synchronize(void *arg) {
    (void)arg;
    return weir_rcu_synchronize();
}
static int64_t synchronize_until(void *arg) {
    (void)arg;
    return weir_rcu_synchronize_wait(weir_after(20000 * MS), NULL);
}

static void synchronize_waits(void) {
    for (unsigned i = 0; i < 2; i++) {
        struct reader old, other, later;
        struct call c;
        CHECK_IS(weir_rcu_synchronize(), 0); /* nobody reads */
        reader_start(&old);
        reader_start(&other);
        call_start(&c, i ? synchronize_until : synchronize, NULL);
        CHECK(call_sleeps(&c), "it does not wait");
        reader_start(&later);
        reader_end(&old);
        CHECK(!call_returns(&c, 20), "it waits for one of two readers only");
        reader_end(&other);
        CHECK(call_returns(&c, 10000), "it waits for a reader that came later");
        CHECK_IS(call_end(&c), 0);
        reader_end(&later);
    }
}

static void synchronize_ends(void) {
    weir_time deadline;
    struct reader r;
    weir_ctx *ctx;
    CHECK_IS(weir_rcu_synchronize_wait(WEIR_NOW, NULL), WEIR_EAGAIN);
    CHECK_IS(weir_rcu_synchronize_wait(weir_after(20000 * MS), NULL), 0);
    reader_start(&r);
    deadline = weir_after(20 * MS);
    CHECK_IS(weir_rcu_synchronize_wait(deadline, NULL), WEIR_ETIMEDOUT);
    CHECK(weir_now() >= deadline, "too early");
    CHECK_IS(weir_ctx_new(&ctx, NULL, weir_after(20 * MS)), 0);
    CHECK_IS(weir_rcu_synchronize_wait(WEIR_FOREVER, ctx), WEIR_ETIMEDOUT);
    weir_ctx_unref(ctx);
    CHECK_IS(weir_ctx_new(&ctx, NULL, WEIR_FOREVER), 0);
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    CHECK_IS(weir_rcu_synchronize_wait(WEIR_FOREVER, ctx), WEIR_ECANCELED);
    CHECK_IS(weir_rcu_barrier_wait(WEIR_FOREVER, ctx), WEIR_ECANCELED);
    CHECK_IS(weir_rcu_room_wait(1, WEIR_FOREVER, ctx), WEIR_ECANCELED);
    CHECK_IS(weir_shutdown_wait(WEIR_FOREVER, ctx), WEIR_ECANCELED);
    weir_ctx_unref(ctx);
    reader_end(&r);
}

struct waiting {
    weir_ctx *ctx;
    struct call call;
};
static int64_t synchronize_ctx(void *arg) {
    return weir_rcu_synchronize_wait(WEIR_FOREVER, ((struct waiting *)arg)->ctx);
}

static void synchronize_cancelled(void) {
    struct waiting w;
    struct reader r;
    reader_start(&r);
    CHECK_IS(weir_ctx_new(&w.ctx, NULL, WEIR_FOREVER), 0);
    call_start(&w.call, synchronize_ctx, &w);
    CHECK(call_sleeps(&w.call), "it does not wait");
    CHECK_IS(weir_ctx_cancel(w.ctx, 0), 0);
    CHECK_IS(call_end(&w.call), WEIR_ECANCELED);
    weir_ctx_unref(w.ctx);
    reader_end(&r);
}

static void synchronize_inside(void) {
    weir_guard g = weir_rcu_enter();
    count_misuse(true);
    CHECK_IS(weir_rcu_synchronize(), WEIR_EDEADLK);
    CHECK_IS(weir_rcu_synchronize_wait(WEIR_NOW, NULL), WEIR_EDEADLK);
    CHECK_IS(weir_rcu_barrier(), WEIR_EDEADLK);
    CHECK_IS(weir_shutdown(), WEIR_EDEADLK);
    CHECK_IS(weir_rcu_fork_prepare(), WEIR_EDEADLK);
    CHECK_IS(misuse_counted(), 5);
    count_misuse(false);
    CHECK_IS(weir_rcu_exit(g), 0);
    CHECK_IS(weir_rcu_synchronize(), 0);
}

/* ---- RCU3 ---------------------------------------------------------------------------------------------------------- */

static void nests(void) {
    weir_guard g[40];
    weir_au32 freed = { 0 };
    for (unsigned depth = 1; depth <= 40; depth += 13) {
        for (unsigned i = 0; i < depth; i++) g[i] = weir_rcu_enter();
        weir_store_relaxed(&freed, 0);
        CHECK_IS(object_retire(object_new(&freed, 0)), 0);
        for (unsigned i = depth; i-- > 1;) CHECK_IS(weir_rcu_exit(g[i]), 0);
        sleep_ms(5);
        CHECK_IS(weir_load_relaxed(&freed), 0);
        CHECK_IS(weir_rcu_exit(g[0]), 0);
        CHECK(comes_to(&freed, 1, 10000), "not freed after the outermost of %u", depth);
    }
}

static int64_t exit_guard(void *arg) { return weir_rcu_exit(*(weir_guard *)arg); }
static int64_t enter_and_exit_other(void *arg) {
    weir_guard mine = weir_rcu_enter();
    int64_t rc = weir_rcu_exit(*(weir_guard *)arg);
    CHECK_IS(weir_rcu_exit(mine), 0);
    return rc;
}

static void misused(void) {
    struct call c;
    count_misuse(true);
    weir_guard a = weir_rcu_enter();
    weir_guard b = weir_rcu_enter();
    CHECK(weir__rcu_guarded(a) && weir__rcu_guarded(b), "held");
    CHECK_IS(weir_rcu_exit(a), WEIR_EINVAL); /* not the innermost: it is released */
    CHECK_IS(misuse_counted(), 1);
    CHECK(!weir__rcu_guarded(a) && weir__rcu_guarded(b), "used after exit, or not held");
    CHECK_IS(weir_rcu_exit(a), WEIR_EINVAL); /* once more: nothing is */
    CHECK_IS(misuse_counted(), 2);
    call_start(&c, exit_guard, &b); /* of another thread, in no guard */
    CHECK_IS(call_end(&c), WEIR_EINVAL);
    call_start(&c, enter_and_exit_other, &b); /* and in one of its own */
    CHECK_IS(call_end(&c), WEIR_EINVAL);
    CHECK_IS(misuse_counted(), 4);
    CHECK_IS(weir_rcu_exit(b), 0);
    CHECK_IS(weir_rcu_exit(b), WEIR_EINVAL); /* in no guard */
    CHECK_IS(misuse_counted(), 5);
    weir_guard c2 = weir_rcu_enter(); /* at the same depth as b was */
    CHECK(!weir__rcu_guarded(b) && weir__rcu_guarded(c2), "b was released");
    CHECK_IS(weir_rcu_exit(c2), 0);
    CHECK_IS(weir_rcu_retire(NULL, 1, object_free), WEIR_EINVAL);
    struct object o;
    CHECK_IS(weir_rcu_retire(&o.head, 1, NULL), WEIR_EINVAL);
    CHECK_IS(weir_rcu_set_limits(2, 1), WEIR_EINVAL);
    CHECK_IS(weir_rcu_read_stats(NULL), WEIR_EINVAL);
    CHECK_IS(weir_rcu_fork_parent(), WEIR_EINVAL);
    CHECK_IS(weir_rcu_fork_child(), WEIR_EINVAL);
    count_misuse(false);
    CHECK_IS(weir_rcu_synchronize(), 0); /* no guard was left behind */
}

/* ---- RCU4, RCU5 ------------------------------------------------------------------------------------------------------ */

enum ending { RETURNS, EXITS, CANCELLED, IN_GUARD, ENDINGS };

struct life {
    enum ending ending;
    weir_au32 *freed;
    weir_au32 ready;
};

static void *live(void *arg) {
    struct life *l = arg;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    weir_guard g = weir_rcu_enter();
    if (l->ending != IN_GUARD) CHECK_IS(weir_rcu_exit(g), 0);
    CHECK_IS(object_retire(object_new(l->freed, 0)), 0);
    weir_store_release(&l->ready, 1, 0);
    (void)pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    if (l->ending == EXITS) pthread_exit(NULL);
    while (l->ending == CANCELLED) sleep_ms(1000); /* a cancellation point */
    return NULL;
}

/* Without a call to register; what it had retired is freed, and nobody waits for it. */
static void ends_each_way(void) {
    weir_au32 freed = { 0 };
    uint32_t lives = 0;
    count_misuse(true);
    for (size_t i = 0; i < times(200) * ENDINGS && checks_hold(); i++) {
        struct life l = { .ending = (enum ending)(i % ENDINGS), .freed = &freed };
        pthread_t t;
        weir_init_atomic(&l.ready, 0);
        if (!CHECK(pthread_create(&t, NULL, live, &l) == 0, "pthread_create")) return;
        if (l.ending == CANCELLED) {
            (void)comes_to(&l.ready, 1, 10000);
            (void)pthread_cancel(t);
        }
        (void)pthread_join(t, NULL);
        lives++;
        if (i % 16 < ENDINGS) CHECK_IS(weir_rcu_synchronize(), 0);
    }
    CHECK_IS(weir_rcu_barrier_wait(weir_after(20000 * MS), NULL), 0);
    CHECK_IS(weir_load_relaxed(&freed), lives);
    CHECK_IS(misuse_counted(), lives / ENDINGS); /* those that ended in a guard */
    count_misuse(false);
}

/* A period that is waiting already, when its reader's thread ends inside its guard. */
static void ends_while_waited_for(void) {
    struct reader r;
    struct call c;
    reader_start(&r);
    call_start(&c, synchronize, NULL);
    CHECK(call_sleeps(&c), "it does not wait");
    count_misuse(true);
    weir_store_release(&r.leave, READER_ENDS, 0);
    CHECK(call_returns(&c, 10000), "it waits for a thread that has ended");
    CHECK_IS(call_end(&c), 0);
    (void)pthread_join(r.call.thread, NULL);
    CHECK_IS(misuse_counted(), 1);
    count_misuse(false);
}

#define AT_ONCE 8

static void short_lives(void) {
    size_t rounds = times(10000 / AT_ONCE), records = 0;
    weir_au32 freed = { 0 };
    for (size_t i = 0; i < rounds && checks_hold(); i++) {
        pthread_t t[AT_ONCE];
        struct life l[AT_ONCE];
        for (size_t k = 0; k < AT_ONCE; k++) {
            l[k] = (struct life){ .ending = k % 2 ? EXITS : RETURNS, .freed = &freed };
            if (!CHECK(pthread_create(&t[k], NULL, live, &l[k]) == 0, "pthread_create")) return;
        }
        for (size_t k = 0; k < AT_ONCE; k++) (void)pthread_join(t[k], NULL);
        if (i == 2) records = weir__thread_records();
    }
    if (records) CHECK_IS(weir__thread_records(), records);
    CHECK_IS(weir_rcu_barrier_wait(weir_after(20000 * MS), NULL), 0);
    CHECK_IS(weir_load_relaxed(&freed), rounds * AT_ONCE);
    struct weir_rcu_stats s = stats();
    CHECK(s.retired == s.called && s.bytes == 0 && s.over_bytes == 0, "%lu, %lu: %lu bytes",
          (unsigned long)s.retired, (unsigned long)s.called, (unsigned long)s.bytes);
}

static int64_t register_and_read(void *arg) {
    (void)arg;
    CHECK_IS(weir_rcu_register(), 0);
    CHECK_IS(weir_rcu_register(), 0);
    CHECK(weir__urcu_registered(), "not registered");
    return weir_rcu_exit(weir_rcu_enter());
}
static int64_t registered_by_app(void *arg) {
    (void)arg;
    weir_guard g = weir_rcu_enter(); /* registered for this guard */
    CHECK(weir__urcu_registered(), "not registered");
    weir_guard inner = weir_rcu_enter();
    CHECK_IS(weir_rcu_exit(inner), 0);
    CHECK_IS(weir_rcu_exit(g), 0);
    CHECK(!weir__urcu_registered(), "left registered");
    weir__urcu_register();
    CHECK_IS(weir_rcu_register(), 0);
    g = weir_rcu_enter();
    CHECK_IS(weir_rcu_exit(g), 0);
    CHECK(weir__urcu_registered(), "weir has unregistered what was not its own");
    weir__urcu_unregister();
    return 0;
}

/* liburcu aborts at a second registration. */
static void registers(void) {
    struct call c;
    call_start(&c, register_and_read, NULL);
    CHECK_IS(call_end(&c), 0);
    CHECK_IS(weir_rcu_app_registers(true), 0);
    call_start(&c, registered_by_app, NULL);
    CHECK_IS(call_end(&c), 0);
    CHECK_IS(weir_rcu_app_registers(false), 0);
}

/* ---- RCU9 -------------------------------------------------------------------------------------------------------------- */

static int64_t stay_offline(void *arg) {
    struct reader *r = arg;
    CHECK_IS(weir_rcu_exit(weir_rcu_enter()), 0);
    CHECK_IS(weir_rcu_offline(), 0);
    CHECK(!weir__urcu_registered(), "grace periods look at it");
    weir_store_release(&r->inside, 1, 0);
    while (!weir_load_acquire(&r->leave, 0)) sleep_ms(1);
    CHECK_IS(misuse_counted(), 0);
    weir_guard g = weir_rcu_enter(); /* caught; it protects all the same */
    CHECK_IS(misuse_counted(), 1);
    weir_store_release(&r->inside, 2, 0);
    while (weir_load_acquire(&r->leave, 0) < 2) sleep_ms(1);
    CHECK_IS(weir_rcu_exit(g), 0);
    CHECK(!weir__urcu_registered(), "left registered");
    CHECK_IS(weir_rcu_online(), 0);
    g = weir_rcu_enter();
    CHECK_IS(weir_rcu_offline(), WEIR_EINVAL);
    CHECK_IS(misuse_counted(), 2);
    return weir_rcu_exit(g);
}

static void offline(void) {
    struct reader r;
    struct call c;
    count_misuse(true);
    weir_init_atomic(&r.inside, 0);
    weir_init_atomic(&r.leave, 0);
    call_start(&r.call, stay_offline, &r);
    CHECK(comes_to(&r.inside, 1, 10000), "not there");
    CHECK_IS(weir_rcu_synchronize(), 0);
    weir_store_release(&r.leave, 1, 0);
    CHECK(comes_to(&r.inside, 2, 10000), "not inside");
    call_start(&c, synchronize, NULL);
    CHECK(call_sleeps(&c), "the guard does not protect");
    weir_store_release(&r.leave, 2, 0);
    CHECK_IS(call_end(&c), 0);
    CHECK_IS(call_end(&r.call), 0);
    count_misuse(false);
}

/* ---- the number of the period (lib/rcu.h) ------------------------------------------------------------------------ */

static void numbers(void) {
    struct reader r;
    reader_start(&r);
    uint64_t snapshot = weir__rcu_snapshot();
    CHECK(snapshot % 2 == 0 && !weir__rcu_passed(snapshot), "passed at once");
    weir__rcu_ask();
    period_begins();
    CHECK(!weir__rcu_passed(snapshot), "passed while a reader is inside");
    uint64_t second = weir__rcu_snapshot(); /* during a period: that one does not count */
    CHECK(second == snapshot + 2, "%lu after %lu", (unsigned long)second, (unsigned long)snapshot);
    reader_end(&r);
    weir_time until = weir_after(10000 * MS);
    while (!weir__rcu_passed(snapshot) && weir_now() < until) sleep_ms(1);
    CHECK(weir__rcu_passed(snapshot), "never passes");
    weir__rcu_ask();
    while (!weir__rcu_passed(second) && weir_now() < until) sleep_ms(1);
    CHECK(weir__rcu_passed(second), "never passes");
}

static const struct test tests[] = {
    { "RCU1 an object is kept while a reader of before is inside", kept_while_read },
    { "RCU2 synchronize waits for the guards held at its call", synchronize_waits },
    { "RCU2 synchronize ends at a deadline and with a context", synchronize_ends },
    { "RCU2 a cancelled synchronize returns", synchronize_cancelled },
    { "RCU2 in a guard, what waits for guards is a deadlock", synchronize_inside },
    { "RCU3 guards nest", nests },
    { "RCU3 guards that are misused are caught", misused },
    { "RCU4 a thread that ends, however, holds nothing up", ends_each_way },
    { "RCU4 a thread ends inside its guard while it is waited for", ends_while_waited_for },
    { "RCU4 threads are registered once, by weir or the program", registers },
    { "RCU5 10,000 short lives leave nothing behind", short_lives },
    { "RCU9 offline threads delay nobody, and are caught", offline },
    { "RCU the number of the period", numbers },
};

int main(int argc, char **argv) {
    return rcu_main(argc, argv, "rcu_guards", tests, sizeof tests / sizeof *tests);
}
