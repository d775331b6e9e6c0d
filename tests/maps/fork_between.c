/* SPDX-License-Identifier: MIT */
/* tests/maps/fork_between.c - what goes on while a fork waits, and between prepare and parent: RCU10. Nobody forks here. */
#include <string.h>

#include <weir/shardmap_u64.h>

#include "../rcu/rcu.h"
#include "../support/points.h"

#define PATIENCE 10000 /* ms, for what takes a few at most */

static weir_time in_time(void) { return weir_after(PATIENCE * MS); }

static weir_shardmap *map_open(void) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    weir_shardmap *m = NULL;
    if (!CHECK_IS(weir_shardmap_new(&m, &o), 0)) test_hangs("no map");
    CHECK_IS(weir_shardmap_put_u64(m, 1, 1), 0);
    return m;
}

static int64_t prepare_and_parent(void *arg) {
    (void)arg;
    int rc = weir_rcu_fork_prepare();
    return rc < 0 ? rc : weir_rcu_fork_parent();
}

/* ---- while functions of maps take longer than a fork waits ------------------------------------------------------------- */

/* Two threads: each stays in its function of update until the other one has come into its own. So one is always there. */
struct relay {
    weir_shardmap *maps[2];
    weir_au32 turns, stop;
};
static struct relay relay;

static int stay_for_other(uint64_t *val, bool there, void *arg) {
    uint32_t mine = weir_fetch_add_relaxed(&relay.turns, 1) + 1;
    (void)there;
    (void)arg;
    while (weir_load_relaxed(&relay.turns) == mine && !weir_load_relaxed(&relay.stop)) sleep_ms(1);
    *val += 1;
    return WEIR_UPDATE_STORE;
}
static int64_t run(void *arg) {
    weir_shardmap *m = arg;
    int rc = 0;
    while (rc == 0 && !weir_load_relaxed(&relay.stop))
        rc = weir_shardmap_update_u64(m, 1, stay_for_other, NULL);
    return rc;
}
static int64_t synchronize(void *arg) {
    (void)arg;
    return weir_rcu_synchronize();
}

/* prepare cannot succeed; and grace periods end, in weir's thread and in others, and garbage is taken away. */
static void periods_end(void) {
    struct call runners[2], forker, waiter;
    weir_au32 freed = { 0 };
    memset(&relay, 0, sizeof relay);
    for (int i = 0; i < 2; i++) {
        relay.maps[i] = map_open();
        call_start(&runners[i], run, relay.maps[i]);
    }
    CHECK(comes_to(&relay.turns, 3, PATIENCE), "they do not take turns");
    points_count("fork.shut");
    call_start(&forker, prepare_and_parent, NULL);
    weir_time until = in_time();
    while (points_passed() < 4 && weir_now() < until) sleep_ms(1);
    CHECK(points_passed() >= 4, "the gate is not opened again");
    points_count(NULL);
    CHECK_IS(weir_rcu_synchronize_wait(in_time(), NULL), 0);
    CHECK_IS(object_retire(object_new(&freed, 1)), 0);
    CHECK_IS(weir_rcu_barrier_wait(in_time(), NULL), 0);
    CHECK_IS(weir_load_relaxed(&freed), 1);
    call_start(&waiter, synchronize, NULL);
    CHECK(call_returns(&waiter, PATIENCE), "no period of a caller's own ends");
    CHECK(!call_done(&forker), "it is prepared while somebody is in a section");
    weir_store_relaxed(&relay.stop, 1);
    CHECK_IS(call_end(&forker), 0);
    CHECK_IS(call_end(&waiter), 0);
    for (int i = 0; i < 2; i++) {
        CHECK_IS(call_end(&runners[i]), 0);
        CHECK_IS(weir_shardmap_free(relay.maps[i]), 0);
    }
}

/* ---- between prepare and parent ---------------------------------------------------------------------------------------- */

struct retirer {
    bool known; /* it is registered before the fork */
    weir_au32 here, go, retired, freed;
};
static int64_t retires(void *arg) {
    struct retirer *r = arg;
    if (r->known) CHECK_IS(weir_rcu_exit(weir_rcu_enter()), 0);
    weir_store_release(&r->here, 1, 0);
    while (!weir_load_acquire(&r->go, 0)) sleep_ms(1);
    CHECK_IS(object_retire(object_new(&r->freed, 1)), 0);
    weir_store_release(&r->retired, 1, 0);
    return 0;
}

/* Weir's thread is not there, and none may be made: the first retire of a thread returns, and its object is not forgotten. */
static void retire_goes_on(void) {
    for (int known = 0; known < 2; known++) {
        struct retirer r = { .known = known };
        struct call c;
        CHECK_IS(weir_shutdown_wait(in_time(), NULL), 0);
        call_start(&c, retires, &r);
        CHECK(comes_to(&r.here, 1, PATIENCE), "it does not begin");
        CHECK_IS(weir_rcu_fork_prepare(), 0);
        weir_store_release(&r.go, 1, 0);
        CHECK(comes_to(&r.retired, 1, PATIENCE), "a retire waits for parent");
        sleep_ms(20);
        CHECK_IS(weir_load_relaxed(&r.freed), 0);
        CHECK_IS(weir_rcu_fork_parent(), 0);
        CHECK(comes_to(&r.freed, 1, PATIENCE), "what was retired beside a fork is forgotten");
        CHECK_IS(call_end(&c), 0);
    }
}

struct misuser {
    weir_shardmap *map;
    weir_au32 freed;
};

/* It never had a guard before. */
static int64_t goes_on_alone(void *arg) {
    struct misuser *m = arg;
    uint64_t v = 0;
    CHECK_IS(weir_rcu_fork_prepare(), 0);
    CHECK_IS(misuse_counted(), 0);
    CHECK_IS(weir_shardmap_get_u64(m->map, 1, &v), 0);
    CHECK_IS(v, 1);
    CHECK(misuse_counted() == 1, "a read is not reported");
    CHECK_IS(object_retire(object_new(&m->freed, 1)), 0);
    CHECK(misuse_counted() == 2, "a retire is not reported");
    CHECK_IS(weir_rcu_synchronize(), WEIR_EDEADLK);
    CHECK_IS(weir_rcu_barrier(), WEIR_EDEADLK);
    CHECK_IS(weir_shutdown(), WEIR_EDEADLK);
    CHECK_IS(weir_rcu_fork_prepare(), WEIR_EDEADLK);
    CHECK_IS(weir_rcu_register(), WEIR_EDEADLK);
    CHECK(misuse_counted() == 7, "a call that would wait for itself is not reported");
    int rc = weir_rcu_fork_parent();
    CHECK_IS(misuse_counted(), 7);
    return rc;
}
static int64_t ends_there(void *arg) {
    (void)arg;
    return weir_rcu_fork_prepare();
}

static void misuse_between(void) {
    struct misuser m = { .map = map_open() };
    struct call c;
    count_misuse(true);
    call_start(&c, goes_on_alone, &m);
    if (!call_returns(&c, PATIENCE)) test_hangs("a call that waits for its own thread");
    CHECK_IS(call_end(&c), 0);
    CHECK(comes_to(&m.freed, 1, PATIENCE), "what it has retired is forgotten");
    count_misuse(true);
    call_start(&c, ends_there, NULL);
    CHECK_IS(call_end(&c), 0);
    CHECK_IS(misuse_counted(), 1);
    CHECK_IS(weir_shardmap_put_u64(m.map, 1, 2), 0);
    CHECK_IS(weir_rcu_synchronize_wait(in_time(), NULL), 0);
    count_misuse(false);
    CHECK_IS(weir_shardmap_free(m.map), 0);
}

int main(int argc, char **argv) {
    static const struct test tests[] = {
        { "RCU10 maps: periods end beside a fork that waits for functions", periods_end },
        { "RCU10 maps: a retire beside a fork waits for nothing", retire_goes_on },
        { "RCU10 maps: what the thread that has prepared calls is reported", misuse_between },
    };
    return tests_main(argc, argv, "maps between prepare and parent", tests,
                      sizeof tests / sizeof *tests);
}
