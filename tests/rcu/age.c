/* SPDX-License-Identifier: MIT */
/* tests/rcu/age.c - RCU12: readers, and one updater that replaces what they read as fast as it can. Each object says at which
 * number its grace period is over; while a reader holds it, that number has not passed, and its function was not called.
 * Objects are used again at once, so that one given away too early is seen as another. --factor=25: ten seconds. */
#include <string.h>

#include "lib/rcu.h"
#include "rcu.h"

#define READERS 3
#define POOL 512
#define RUN_MS 400

struct aged {
    struct weir_rcu_head head;
    weir_au64 generation; /* 0: free */
    weir_au64 over_at;    /* the number; 0: not retired */
    struct aged *next_free;
};

static struct {
    struct team team;
    weir_aptr current, free;
    weir_au32 stop;
    weir_au64 seen[READERS], replaced;
    struct aged pool[POOL];
} a;

/* weir's thread puts back, the updater takes all. */
static void give_back(struct weir_rcu_head *head) {
    struct aged *o = (struct aged *)(void *)head;
    weir_store_relaxed(&o->generation, 0);
    void *first = weir_load_relaxed(&a.free);
    do o->next_free = first;
    while (!weir_cas_seq_cst(&a.free, &first, o, 0));
}

static void update(void) {
    struct aged *list = NULL;
    uint64_t generation = 1;
    while (!weir_load_relaxed(&a.stop) && checks_hold()) {
        unsigned failures = 0;
        while (!list && !weir_load_relaxed(&a.stop)) {
            list = weir_exchange_acquire(&a.free, NULL, 0);
            if (!list) give_way(&failures);
        }
        if (!list) break;
        struct aged *new = list;
        list = new->next_free;
        weir_store_relaxed(&new->over_at, 0);
        weir_store_relaxed(&new->generation, ++generation);
        weir_store_relaxed(&a.replaced, generation);
        struct aged *old = weir_exchange_seq_cst(&a.current, new, 0);
        weir_store_release(&old->over_at, weir__rcu_snapshot(), 0);
        CHECK_IS(weir_rcu_retire(&old->head, sizeof *old, give_back), 0);
    }
}

static void read_one(uint64_t *newest) {
    weir_guard g = weir_rcu_enter();
    struct aged *o = weir_load_acquire(&a.current, 0);
    uint64_t generation = weir_load_relaxed(&o->generation);
    CHECK(generation >= *newest, "generation %lu after %lu", (unsigned long)generation,
          (unsigned long)*newest);
    *newest = generation;
    random_delay();
    uint64_t over_at = weir_load_acquire(&o->over_at, 0);
    bool passed = over_at && weir__rcu_passed(over_at);
    uint64_t again = weir_load_relaxed(&o->generation);
    CHECK(again == generation, "generation %lu becomes %lu while it is read",
          (unsigned long)generation, (unsigned long)again);
    CHECK(!passed, "older than a grace period: its number %lu has passed", (unsigned long)over_at);
    CHECK_IS(weir_rcu_exit(g), 0);
}

static void run(void *arg, size_t index) {
    (void)arg;
    if (index == READERS) {
        update();
        return;
    }
    uint64_t newest = 0;
    for (uint64_t n = 1; !weir_load_relaxed(&a.stop) && checks_hold(); n++) {
        read_one(&newest);
        weir_store_relaxed(&a.seen[index], n);
    }
}

static bool all_at_work(void) {
    for (size_t i = 0; i < READERS; i++)
        if (weir_load_relaxed(&a.seen[i]) < 10) return false;
    return weir_load_relaxed(&a.replaced) > 50;
}

static void age(void) {
    memset(&a, 0, sizeof a);
    for (size_t i = 1; i < POOL; i++) {
        a.pool[i].next_free = a.free.v_;
        weir_init_atomic(&a.free, &a.pool[i]);
    }
    weir_init_atomic(&a.pool[0].generation, 1);
    weir_init_atomic(&a.current, &a.pool[0]);
    team_start(&a.team, READERS + 1, run, NULL);
    sleep_ms((int)times(RUN_MS));
    for (int i = 0; i < 20000 && !all_at_work() && checks_hold(); i++) sleep_ms(1);
    weir_store_relaxed(&a.stop, 1);
    team_join(&a.team);
    CHECK_IS(weir_shutdown_wait(weir_after(20000 * MS), NULL), 0);
    CHECK(all_at_work(), "somebody slept");
}

static const struct test tests[] = {
    { "RCU12 no reader sees an object older than a grace period", age },
};

int main(int argc, char **argv) {
    return rcu_main(argc, argv, "rcu_age", tests, sizeof tests / sizeof *tests);
}
