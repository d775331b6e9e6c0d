/* SPDX-License-Identifier: MIT */
/* tests/explore/finds.c - one small wrong scenario for each kind of failure, and what the explorer says
 * of it; beside each a right one that must pass. Faults of memory: faults.c. */
#include "support.h"

#include <string.h>

struct state {
    weir_au32 word, other;
    weir_au64 count;
    weir_aptr p;
    uint64_t plain;
    struct weir_model_mutex mutex;
    struct weir_model_cond cond;
};

#define SCENARIO(name_, threads_, ...)                                                       \
    static const struct weir_model_scenario name_ = {                                        \
        .name = #name_, .threads = threads_, .state_size = sizeof(struct state), __VA_ARGS__ \
    }

static void expect(const struct weir_model_scenario *sc, enum ex_failure_kind kind,
                   const char *words) {
    struct found f = explore_sc(sc);
    if (f.failure != kind) print_message("%s: %s\n", sc->name, f.text);
    assert_int_equal(f.failure, kind);
    if (kind == EX_F_NONE) assert_true(f.all);
    if (words && !strstr(f.text, words))
        fail_msg("%s: \"%s\" is not in: %s", sc->name, words, f.text);
}

/* ---- checks ------------------------------------------------------------------------------------------------ */

static void lost_update(void *state, unsigned who) {
    struct state *s = state;
    (void)who;
    weir_store_relaxed(&s->count, weir_load_relaxed(&s->count) + 1);
}
static void update(void *state, unsigned who) {
    struct state *s = state;
    (void)who;
    (void)weir_fetch_add_relaxed(&s->count, 1);
}
static void count_is_two(void *state) { weir_model_check(((struct state *)state)->count.v_ == 2); }
SCENARIO(check_bad, 2, .thread = lost_update, .finish = count_is_two);
SCENARIO(check_good, 2, .thread = update, .finish = count_is_two);

static void two_words(void *state, unsigned who) {
    struct state *s = state;
    (void)who;
    weir_store_relaxed(&s->word, 1);
    weir_store_relaxed(&s->other, 1);
}
static void never_apart(void *state) {
    struct state *s = state;
    weir_model_check(s->word.v_ == s->other.v_);
}
static void never_behind(void *state) {
    struct state *s = state;
    weir_model_check(s->word.v_ >= s->other.v_);
}
SCENARIO(invariant_bad, 1, .thread = two_words, .invariant = never_apart);
SCENARIO(invariant_good, 1, .thread = two_words, .invariant = never_behind);

static void test_checks(void **unused) {
    (void)unused;
    expect(&check_bad, EX_F_CHECK, "count.v_ == 2");
    expect(&check_good, EX_F_NONE, NULL);
    expect(&invariant_bad, EX_F_CHECK, "s->word.v_ == s->other.v_");
    expect(&invariant_good, EX_F_NONE, NULL);
}

/* ---- waiting ------------------------------------------------------------------------------------------------ */

static bool word_is_one(void *state) { return ((struct state *)state)->word.v_ == 1; }

static void wait_for_one(struct state *s) {
    struct weir_model_op *op = weir_model_begin("wait", 0);
    weir_model_waits(word_is_one, s, "the word is 1");
    while (weir_load_acquire(&s->word, 0) != 1)
        (void)weir_model_futex_wait(&s->word.v_, 0, WEIR_FOREVER);
    weir_model_end(op, 0);
}

static void no_wake(void *state, unsigned who) {
    struct state *s = state;
    if (who)
        weir_store_release(&s->word, 1, 0);
    else
        wait_for_one(s);
}
static void no_store(void *state, unsigned who) {
    struct state *s = state;
    if (who)
        weir_model_futex_wake(&s->word.v_, 1);
    else
        wait_for_one(s);
}
static void store_and_wake(void *state, unsigned who) {
    struct state *s = state;
    if (who) {
        weir_store_release(&s->word, 1, 0);
        weir_model_futex_wake(&s->word.v_, 1);
    } else {
        wait_for_one(s);
    }
}
SCENARIO(lost_bad, 2, .thread = no_wake);
SCENARIO(deadlock_bad, 2, .thread = no_store);
SCENARIO(wait_good, 2, .thread = store_and_wake);

struct two {
    struct weir_model_mutex m[2];
};
static void two_locks(void *state, unsigned who) {
    struct two *s = state;
    weir_model_mutex_lock(&s->m[who]);
    weir_model_mutex_lock(&s->m[!who]);
    weir_model_mutex_unlock(&s->m[!who]);
    weir_model_mutex_unlock(&s->m[who]);
}
SCENARIO(locks_bad, 2, .thread = two_locks);

static void cond_thread(void *state, unsigned who) {
    struct state *s = state;
    weir_model_mutex_lock(&s->mutex);
    if (who) {
        s->plain = 1;
        weir_model_cond_wake(&s->cond, 1);
    } else {
        while (!s->plain) (void)weir_model_cond_wait(&s->cond, &s->mutex, WEIR_FOREVER);
    }
    weir_model_mutex_unlock(&s->mutex);
}
static void cond_late(void *state, unsigned who) {
    struct state *s = state;
    weir_model_mutex_lock(&s->mutex);
    if (who)
        weir_model_cond_wake(&s->cond, 1);
    else
        (void)weir_model_cond_wait(&s->cond, &s->mutex, WEIR_FOREVER); /* without a predicate */
    weir_model_mutex_unlock(&s->mutex);
}
SCENARIO(cond_good, 2, .thread = cond_thread);
SCENARIO(cond_bad, 2, .thread = cond_late);

static void test_waiting(void **unused) {
    (void)unused;
    expect(&lost_bad, EX_F_LOST, "T0 sleeps in wait though what it waits for is true");
    expect(&deadlock_bad, EX_F_DEADLOCK, "T0 sleeps in wait");
    expect(&wait_good, EX_F_NONE, NULL);
    expect(&locks_bad, EX_F_DEADLOCK, NULL);
    expect(&cond_good, EX_F_NONE, NULL);
    expect(&cond_bad, EX_F_DEADLOCK, NULL);
}

/* ---- progress ------------------------------------------------------------------------------------------------ */

static void spin_without_pause(void *state, unsigned who) {
    struct state *s = state;
    if (who)
        weir_store_release(&s->word, 1, 0);
    else
        while (!weir_load_acquire(&s->word, 0)) {
        }
}
static void spin_for_ever(void *state, unsigned who) {
    struct state *s = state;
    (void)who;
    while (!weir_load_acquire(&s->word, 0)) weir_pause();
}
static void write_for_ever(void *state, unsigned who) {
    struct state *s = state;
    (void)who;
    while (weir_fetch_add_relaxed(&s->count, 1) < UINT64_MAX) {
    }
}
SCENARIO(spin_good, 2, .thread = spin_without_pause);
SCENARIO(spin_bad, 2, .thread = spin_for_ever);
SCENARIO(steps_bad, 1, .thread = write_for_ever);

/* Claims that it ends alone: true of a counter, false of a spin lock. */
static void claim_counter(void *state, unsigned who) {
    struct weir_model_op *op = weir_model_begin("add", 0);
    weir_model_claims(3);
    update(state, who);
    weir_model_end(op, 0);
}
static void claim_lock(void *state, unsigned who) {
    struct state *s = state;
    (void)who;
    struct weir_model_op *op = weir_model_begin("locked add", 0);
    weir_model_claims(20);
    while (weir_exchange_acquire(&s->word, 1, 0)) weir_pause();
    weir_store_relaxed(&s->count, weir_load_relaxed(&s->count) + 1);
    weir_store_release(&s->word, 0, 0);
    weir_model_end(op, 0);
}
static void claim_futex(void *state, unsigned who) {
    struct state *s = state;
    struct weir_model_op *op = weir_model_begin("wait", 0);
    weir_model_claims(20);
    if (who) {
        weir_store_release(&s->word, 1, 0);
        weir_model_futex_wake(&s->word.v_, 1);
    }
    while (!weir_load_acquire(&s->word, 0))
        (void)weir_model_futex_wait(&s->word.v_, 0, WEIR_FOREVER);
    weir_model_end(op, 0);
}
SCENARIO(claim_good, 2, .thread = claim_counter, .finish = count_is_two);
SCENARIO(claim_bad, 2, .thread = claim_lock, .finish = count_is_two);
SCENARIO(claim_wait, 2, .thread = claim_futex);

static struct found solo(const struct weir_model_scenario *sc) {
    return explore(sc, &ex_sc, &ex_dfs, (struct ex_budget){ .preemptions = 1, .solo = 1 }, 100000);
}

static void test_progress(void **unused) {
    (void)unused;
    expect(&spin_good, EX_F_NONE, NULL);
    expect(&spin_bad, EX_F_LIVELOCK, "poll for ever");
    expect(&steps_bad, EX_F_LIVELOCK, "steps");
    struct found f = solo(&claim_good);
    assert_int_equal(f.failure, EX_F_NONE);
    assert_true(f.all);
    f = solo(&claim_bad);
    assert_int_equal(f.failure, EX_F_PROGRESS);
    assert_non_null(strstr(f.text, "locked add did not end within the 20 steps"));
    f = solo(&claim_wait);
    assert_int_equal(f.failure, EX_F_PROGRESS);
    assert_non_null(strstr(f.text, "wait has to wait"));
    assert_int_equal(explore_sc(&claim_bad).failure, EX_F_NONE); /* as such it is right */
}

/* A stopped thread goes on when the others are through, and only then. */
static void stopped_thread(void *state, unsigned who) {
    struct state *s = state;
    (void)weir_fetch_add_relaxed(&s->count, 1);
    (void)weir_fetch_add_relaxed(&s->count, 1);
    if (who) weir_store_relaxed(&s->word, 1);
}
static bool met_stop;
static void stopped_finish(void *state) {
    struct state *s = state;
    weir_model_check(s->count.v_ == 4);
    met_stop |= E.left.stops == 0;
}
SCENARIO(stopped, 2, .thread = stopped_thread, .finish = stopped_finish);

static void test_stopped(void **unused) {
    (void)unused;
    struct found f = explore(&stopped, &ex_sc, &ex_dfs, (struct ex_budget){ .stops = 1 }, 1000);
    assert_int_equal(f.failure, EX_F_NONE);
    assert_true(f.all);
    assert_true(met_stop);
}

/* ---- clock, spurious and weak failures ---------------------------------------------------------------------------- */

static unsigned late, woken, spurious;
static void sleeper(void *state, unsigned who) {
    struct state *s = state;
    if (who) {
        weir_store_release(&s->word, 1, 0);
        weir_model_futex_wake(&s->word.v_, 1);
        return;
    }
    int rc = weir_model_futex_wait(&s->word.v_, 0, INT64_C(1000500000));
    late += rc == WEIR_ETIMEDOUT;
    woken += rc == 0;
    spurious += rc == 0 && weir_load_relaxed(&s->word) == 0;
}
SCENARIO(sleeps, 2, .thread = sleeper);

static void weak_thread(void *state, unsigned who) {
    struct state *s = state;
    uint32_t zero = 0;
    (void)who;
    s->plain = weir_cas_weak_seq_cst(&s->word, &zero, 1, 0);
}
static unsigned weak_failures;
static void weak_finish(void *state) { weak_failures += !((struct state *)state)->plain; }
SCENARIO(weak, 1, .thread = weak_thread, .finish = weak_finish);

static void test_other_choices(void **unused) {
    (void)unused;
    struct ex_budget none = { .preemptions = 2 },
                     some = { .preemptions = 2, .timeouts = 1, .spurious = 1 };
    assert_true(explore(&sleeps, &ex_sc, &ex_dfs, none, 1000).all);
    assert_int_equal(late, 0); /* somebody can always run: time does not pass */
    assert_int_equal(spurious, 0);
    assert_true(explore(&sleeps, &ex_sc, &ex_dfs, some, 1000).all);
    assert_true(late > 0 && woken > 0 && spurious > 0);
    assert_int_equal(explore(&weak, &ex_sc, &ex_dfs, none, 10).executions, 1);
    assert_int_equal(weak_failures, 0);
    assert_int_equal(
        explore(&weak, &ex_sc, &ex_dfs, (struct ex_budget){ .weak = 1 }, 10).executions, 2);
    assert_int_equal(weak_failures, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checks),        cmocka_unit_test(test_waiting),
        cmocka_unit_test(test_progress),      cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_other_choices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
