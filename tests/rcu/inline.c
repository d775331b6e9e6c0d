/* SPDX-License-Identifier: MIT */
/* tests/rcu/inline.c - guards as optimised maps have them: inlined, without what debug builds check. The library is that of the
 * other tests. Where membarrier is refused these are liburcu's functions (RCU13). */
#undef WEIR_DEBUG
#ifndef WEIR_LGPL_INLINE
#define WEIR_LGPL_INLINE
#endif
#include "lib/rcu.h"
#include "rcu.h"

struct inside {
    weir_au32 depth, wanted;
    struct call call;
};

/* Holds as many guards as are wanted; ends with none. */
static int64_t nest(void *arg) {
    struct inside *in = arg;
    weir_guard g[8];
    uint32_t depth = 0;
    for (;;) {
        uint32_t wanted = weir_load_acquire(&in->wanted, 0);
        if (wanted > depth) {
            g[depth++] = weir__rcu_enter();
        } else if (wanted < depth) {
            CHECK_IS(weir__rcu_exit(g[--depth]), 0);
            if (depth == 0) return 0;
        } else {
            sleep_ms(1);
        }
        weir_store_release(&in->depth, depth, 0);
    }
}

static void to_depth(struct inside *in, uint32_t wanted) {
    weir_store_release(&in->wanted, wanted, 0);
    for (int i = 0; i < 10000 && weir_load_acquire(&in->depth, 0) != wanted; i++) sleep_ms(1);
    CHECK_IS(weir_load_relaxed(&in->depth), wanted);
}

static int64_t synchronize(void *arg) {
    (void)arg;
    return weir_rcu_synchronize();
}

static void protects(void) {
    weir_au32 freed = { 0 };
    struct inside in = { .wanted = { 0 } };
    struct call c;
    weir_store_relaxed(&in.wanted, 1);
    call_start(&in.call, nest, &in);
    to_depth(&in, 1);
    call_start(&c, synchronize, NULL);
    CHECK(call_sleeps(&c), "it does not wait for an inlined guard");
    CHECK_IS(object_retire(object_new(&freed, 1)), 0);
    to_depth(&in, 8);
    CHECK(!call_returns(&c, 5), "guards inside let it go");
    to_depth(&in, 1);
    CHECK(!call_returns(&c, 5), "the exit of a guard inside lets it go");
    CHECK_IS(weir_load_relaxed(&freed), 0);
    weir_store_release(&in.wanted, 0, 0); /* this exit wakes the period */
    CHECK(call_returns(&c, 10000), "the exit has not woken it");
    CHECK_IS(call_end(&c), 0);
    CHECK_IS(call_end(&in.call), 0);
    CHECK(comes_to(&freed, 1, 10000), "not freed");
}

static int64_t misuse(void *arg) {
    (void)arg;
    count_misuse(true);
    CHECK_IS(weir__rcu_exit((weir_guard){ 0 }), WEIR_EINVAL); /* before the first enter */
    weir_guard a = weir__rcu_enter(), b = weir__rcu_enter();
    CHECK_IS(weir__rcu_exit(a), 0); /* unseen here */
    CHECK_IS(weir__rcu_exit(b), 0);
    CHECK_IS(weir__rcu_exit(b), WEIR_EINVAL);
    CHECK(!weir__urcu_held(), "held");
    CHECK_IS(weir_rcu_offline(), 0);
    a = weir__rcu_enter();
    b = weir__rcu_enter();
    CHECK(a.v_ != 0 && b.v_ == 0, "registered for the outermost guard");
    CHECK_IS(weir__rcu_exit(b), 0);
    CHECK(weir__urcu_registered() && weir__urcu_held(), "left with the inner guard");
    CHECK_IS(weir__rcu_exit(a), 0);
    CHECK(!weir__urcu_registered(), "left registered");
    a = weir__rcu_enter();
    b = weir__rcu_enter();
    CHECK_IS(weir__rcu_exit(a), 0); /* in the wrong order: it stays registered */
    CHECK(weir__urcu_registered() && weir__urcu_held(), "b protects no more");
    CHECK_IS(weir__rcu_exit(b), 0);
    CHECK_IS(weir_rcu_online(), 0);
    count_misuse(false);
    return 0;
}

static void misused(void) {
    struct call c;
    call_start(&c, misuse, NULL);
    CHECK_IS(call_end(&c), 0);
    CHECK_IS(weir_rcu_synchronize(), 0); /* the thread has left nothing behind */
}

/* The program's own registration, and its own sections. */
static int64_t registered_by_app(void *arg) {
    (void)arg;
    urcu_memb_register_thread();
    weir_guard g = weir__rcu_enter();
    CHECK(weir__urcu_held(), "not inside");
    urcu_memb_read_lock();
    CHECK_IS(weir__rcu_exit(g), 0);
    CHECK(weir__urcu_held(), "the program's own section is gone");
    urcu_memb_read_unlock();
    CHECK(!weir__urcu_held(), "held");
    urcu_memb_unregister_thread();
    return 0;
}
static void shared(void) {
    struct call c;
    call_start(&c, registered_by_app, NULL);
    CHECK_IS(call_end(&c), 0);
}

static const struct test tests[] = {
    { "RCU1 RCU3 inlined guards protect, and nest", protects },
    { "RCU3 inlined guards that are misused", misused },
    { "RCU4 inlined guards beside the program's own sections", shared },
};

int main(int argc, char **argv) {
    return rcu_main(argc, argv, "rcu_inline", tests, sizeof tests / sizeof *tests);
}
