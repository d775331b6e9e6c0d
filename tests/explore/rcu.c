/* SPDX-License-Identifier: MIT */
/* tests/explore/rcu.c - the model RCU: what it protects, what it does not, and its misuse. */
#include "support.h"

#include <string.h>

struct object {
    weir_au64 value;
    struct weir_model_rcu_head head;
};

struct state {
    weir_aptr p, q;
    weir_au64 freed, left, started;
};

#define SCENARIO(name_, threads_, ...)                                                    \
    static const struct weir_model_scenario name_ = { .name = #name_,                     \
                                                      .threads = threads_,                \
                                                      .state_size = sizeof(struct state), \
                                                      .setup = make,                      \
                                                      __VA_ARGS__ }

static struct state *now; /* callbacks get no argument but their head; set in set-up */

static void *object(uint64_t v) {
    struct object *o = weir_model_alloc(sizeof *o, 8);
    weir_init_atomic(&o->value, v);
    return o;
}
static void make(void *state) {
    now = state;
    weir_init_atomic(&now->p, object(1));
}
static void drop(void *state) { weir_model_free(((struct state *)state)->p.v_); }

static void expect(const struct weir_model_scenario *sc, enum ex_failure_kind kind,
                   const char *words) {
    struct found f = explore_sc(sc);
    if (f.failure != kind) print_message("%s: %s\n", sc->name, f.text);
    assert_int_equal(f.failure, kind);
    if (kind == EX_F_NONE) assert_true(f.all);
    if (words && !strstr(f.text, words))
        fail_msg("%s: \"%s\" is not in: %s", sc->name, words, f.text);
}

static void on_free(struct weir_model_rcu_head *head) {
    (void)weir_fetch_add_relaxed(&now->freed, 1);
    weir_model_free((char *)head - offsetof(struct object, head));
}

static void read_twice(struct state *s, unsigned depth, bool leave_early) {
    for (unsigned i = 0; i < depth; i++) weir_model_rcu_lock();
    struct object *o = weir_load_acquire(&s->p, 0);
    if (leave_early) weir_model_rcu_unlock();
    (void)weir_load_relaxed(&o->value);
    (void)weir_load_relaxed(&o->value);
    for (unsigned i = leave_early; i < depth; i++) weir_model_rcu_unlock();
}

static void *swap(struct state *s) { return weir_exchange_acq_rel(&s->p, object(2), 0); }

/* ---- what it protects ------------------------------------------------------------------------------------- */

static void by_synchronize(void *state, unsigned who) {
    if (who == 0) {
        read_twice(state, 1, false);
    } else {
        void *old = swap(state);
        weir_model_rcu_synchronize();
        weir_model_free(old);
    }
}
static void nested(void *state, unsigned who) {
    if (who == 0)
        read_twice(state, 3, true); /* still two deep */
    else
        by_synchronize(state, 1);
}
static void too_early(void *state, unsigned who) {
    if (who == 0)
        read_twice(state, 1, true);
    else
        by_synchronize(state, 1);
}
static void no_grace_period(void *state, unsigned who) {
    if (who == 0)
        read_twice(state, 1, false);
    else
        weir_model_free(swap(state));
}
SCENARIO(synchronize_good, 2, .thread = by_synchronize, .finish = drop);
SCENARIO(nested_good, 2, .thread = nested, .finish = drop);
SCENARIO(too_early_bad, 2, .thread = too_early, .finish = drop);
SCENARIO(no_grace_bad, 2, .thread = no_grace_period, .finish = drop);

static void by_call(void *state, unsigned who) {
    if (who == 0) {
        read_twice(state, 1, false);
    } else {
        struct object *old = swap(state);
        weir_model_rcu_call(&old->head, on_free);
    }
}
static void all_freed(void *state) {
    weir_model_check(((struct state *)state)->freed.v_ == 1);
    drop(state);
}
static void with_barrier(void *state, unsigned who) {
    struct state *s = state;
    by_call(state, who);
    if (who == 0) return;
    weir_model_rcu_barrier();
    weir_model_check(weir_load_relaxed(&s->freed) == 1);
}
/* Callbacks run when the scheduler likes: before the retiring call's thread goes on, or after it ended. */
static unsigned early, at_end;
static void when(void *state, unsigned who) {
    struct state *s = state;
    by_call(state, who);
    if (who == 0) return;
    uint64_t freed = weir_load_relaxed(&s->freed);
    early += freed == 1;
    at_end += freed == 0;
}
SCENARIO(call_good, 2, .thread = by_call, .finish = all_freed);
SCENARIO(barrier_good, 2, .thread = with_barrier, .finish = all_freed);
SCENARIO(when_run, 2, .thread = when, .finish = all_freed);

/* A period that has begun does not wait for sections that begin later. */
static unsigned overtaken;
static void late_reader(void *state, unsigned who) {
    struct state *s = state;
    if (who == 0) {
        weir_model_rcu_lock();
        (void)weir_fetch_add_relaxed(&s->started, 1);
        (void)weir_fetch_add_relaxed(&s->left, 1);
        weir_model_rcu_unlock();
    } else {
        weir_model_rcu_synchronize();
        overtaken += weir_load_relaxed(&s->started) == 1 && weir_load_relaxed(&s->left) == 0;
    }
}
SCENARIO(late, 2, .thread = late_reader, .finish = drop);

static void test_protects(void **unused) {
    (void)unused;
    expect(&synchronize_good, EX_F_NONE, NULL);
    expect(&nested_good, EX_F_NONE, NULL);
    expect(&too_early_bad, EX_F_RACE, "frees block1");
    expect(&no_grace_bad, EX_F_RACE, "frees block1");
    expect(&call_good, EX_F_NONE, NULL);
    expect(&barrier_good, EX_F_NONE, NULL);
}

static void test_choices(void **unused) {
    (void)unused;
    expect(&when_run, EX_F_NONE, NULL);
    assert_true(early > 0 && at_end > 0);
    expect(&late, EX_F_NONE, NULL);
    assert_true(overtaken > 0);
}

/* Under store buffers: what a reader stored within its section is seen after the grace period. */
static void reader_stores(void *state, unsigned who) {
    struct state *s = state;
    if (who == 0) {
        weir_model_rcu_lock();
        weir_store_relaxed(&s->started, 1);
        weir_store_relaxed(&s->left, 1);
        weir_model_rcu_unlock();
    } else {
        uint64_t was = weir_load_relaxed(&s->started);
        weir_model_rcu_synchronize();
        if (was) weir_model_check(weir_load_relaxed(&s->left) == 1);
    }
}
SCENARIO(stores, 2, .thread = reader_stores, .finish = drop);

static void test_store_buffers(void **unused) {
    (void)unused;
    struct ex_budget b = { .preemptions = 4, .flushes = 2 };
    struct found f = explore(&stores, &ex_tso, &ex_dfs, b, 100000);
    assert_int_equal(f.failure, EX_F_NONE);
    assert_true(f.all);
}

/* ---- misuse ------------------------------------------------------------------------------------------------ */

static void unlock_only(void *state, unsigned who) {
    (void)state;
    (void)who;
    weir_model_rcu_unlock();
}
static void lock_only(void *state, unsigned who) {
    (void)state;
    (void)who;
    weir_model_rcu_lock();
}
static void wait_inside(void *state, unsigned who) {
    (void)state;
    (void)who;
    weir_model_rcu_lock();
    weir_model_rcu_synchronize();
}
static void retire_twice(void *state, unsigned who) {
    struct state *s = state;
    struct object *o = weir_load_relaxed(&s->p);
    (void)who;
    weir_model_rcu_call(&o->head, on_free);
    weir_model_rcu_call(&o->head, on_free);
}
static void barrier_in_callback(struct weir_model_rcu_head *head) {
    (void)head;
    weir_model_rcu_barrier();
}
static void callback_waits(void *state, unsigned who) {
    struct state *s = state;
    struct object *o = weir_load_relaxed(&s->p);
    (void)who;
    weir_model_rcu_call(&o->head, barrier_in_callback);
}
SCENARIO(unlock_bad, 1, .thread = unlock_only, .finish = drop);
SCENARIO(lock_bad, 1, .thread = lock_only, .finish = drop);
SCENARIO(inside_bad, 1, .thread = wait_inside, .finish = drop);
SCENARIO(twice_bad, 2, .thread = retire_twice);
SCENARIO(callback_bad, 1, .thread = callback_waits, .finish = drop);

static void test_misuse(void **unused) {
    (void)unused;
    expect(&unlock_bad, EX_F_MISUSE, "without rcu_lock");
    expect(&lock_bad, EX_F_MISUSE, "ends within an RCU section");
    expect(&inside_bad, EX_F_MISUSE, "within a section");
    expect(&twice_bad, EX_F_MISUSE, "retired twice");
    expect(&callback_bad, EX_F_MISUSE, "in a callback");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_protects),
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_store_buffers),
        cmocka_unit_test(test_misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
