/* SPDX-License-Identifier: MIT */
/* tests/explore/faults.c - faults of memory, data races, crashes and misuse: one small wrong scenario each,
 * and what the explorer says of it. */
#include "stress/explore/asan.h"
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

/* ---- memory -------------------------------------------------------------------------------------------------- */

struct node {
    weir_au64 value;
};

static void make_node(void *state) {
    struct node *n = weir_model_alloc(sizeof *n, 8);
    weir_model_check(n);
    weir_init_atomic(&n->value, 1);
    weir_init_atomic(&((struct state *)state)->p, n);
}
static void use_or_free(void *state, unsigned who) {
    struct state *s = state;
    struct node *n = weir_load_acquire(&s->p, 0);
    if (who)
        weir_model_free(n);
    else
        (void)weir_load_relaxed(&n->value);
}
static void use_freed(void *state, unsigned who) {
    use_or_free(state, 1);
    use_or_free(state, who);
}
static void free_both(void *state, unsigned who) {
    struct state *s = state;
    (void)who;
    weir_model_free(weir_load_acquire(&s->p, 0));
}
static void nothing(void *state, unsigned who) {
    (void)state;
    (void)who;
    weir_pause();
}
static void write_behind(void *state, unsigned who) {
    struct state *s = state;
    (void)who;
    struct node *n = weir_load_acquire(&s->p, 0);
    weir_store_relaxed(&n[1].value, 1);
}
static void free_node(void *state) { weir_model_free(((struct state *)state)->p.v_); }
static void free_inside(void *state, unsigned who) {
    struct state *s = state;
    (void)who;
    weir_model_free((char *)weir_load_acquire(&s->p, 0) + 8);
}
SCENARIO(uaf_bad, 1, .setup = make_node, .thread = use_freed);
SCENARIO(overtaken_bad, 2, .setup = make_node, .thread = use_or_free);
SCENARIO(double_free_bad, 2, .setup = make_node, .thread = free_both);
SCENARIO(inside_bad, 1, .setup = make_node, .thread = free_inside);
SCENARIO(leak_bad, 1, .setup = make_node, .thread = nothing);
SCENARIO(bounds_bad, 1, .setup = make_node, .thread = write_behind, .finish = free_node);
SCENARIO(heap_good, 2, .setup = make_node, .thread = nothing, .finish = free_node);
#ifndef EX_ASAN /* which ends the program at such an access, as it should */
static void write_plainly_behind(void *state, unsigned who) {
    struct state *s = state;
    (void)who;
    memset(weir_load_acquire(&s->p, 0), 1, sizeof(struct node) + 1);
}
static void write_freed(void *state, unsigned who) {
    struct state *s = state;
    (void)who;
    struct node *n = weir_load_acquire(&s->p, 0);
    weir_model_free(n);
    memset(n, 1, sizeof *n);
}
SCENARIO(plain_bounds_bad, 1, .setup = make_node, .thread = write_plainly_behind,
         .finish = free_node);
SCENARIO(plain_uaf_bad, 1, .setup = make_node, .thread = write_freed);
#endif

/* A node that was freed may come back at the same address, if there is a budget for it. */
static void reuse_thread(void *state, unsigned who) {
    struct state *s = state;
    (void)who;
    void *a = weir_model_alloc(24, 8);
    weir_model_free(a);
    void *b = weir_model_alloc(24, 8);
    s->plain = a == b;
    weir_model_free(b);
}
static unsigned reused;
static void reuse_finish(void *state) { reused += ((struct state *)state)->plain != 0; }
SCENARIO(reuse, 1, .thread = reuse_thread, .finish = reuse_finish);

/* Each allocation is refused once. */
static unsigned refused[3];
static void oom_thread(void *state, unsigned who) {
    (void)state;
    (void)who;
    for (int i = 0; i < 3; i++) {
        void *p = weir_model_alloc(8, 8);
        refused[i] += !p;
        weir_model_free(p);
    }
}
SCENARIO(oom, 1, .thread = oom_thread);

static void test_memory(void **unused) {
    (void)unused;
    expect(&uaf_bad, EX_F_UAF, "was freed by T0");
    expect(&overtaken_bad, EX_F_RACE, "after the last access by T0");
    assert_int_equal(
        explore(&overtaken_bad, &ex_tso, &ex_dfs, (struct ex_budget){ .preemptions = 2 }, 100)
            .failure,
        EX_F_UAF);
    expect(&double_free_bad, EX_F_FREE, "freed twice");
    expect(&inside_bad, EX_F_FREE, "never allocated");
    expect(&leak_bad, EX_F_LEAK, "block1 of 8 bytes, allocated by set-up");
    expect(&bounds_bad, EX_F_BOUNDS, "outside of every block");
    expect(&heap_good, EX_F_NONE, NULL);
#ifndef EX_ASAN
    expect(&plain_bounds_bad, EX_F_BOUNDS, "wrote behind block1");
    expect(&plain_uaf_bad, EX_F_UAF, "plain access");
#endif
}

static void test_memory_choices(void **unused) {
    (void)unused;
    struct found f = explore(&reuse, &ex_sc, &ex_dfs, (struct ex_budget){ 0 }, 10);
    assert_int_equal(f.executions, 1);
    assert_int_equal(reused, 0);
    f = explore(&reuse, &ex_sc, &ex_dfs, (struct ex_budget){ .reuse = 1 }, 10);
    assert_int_equal(f.executions, 2);
    assert_int_equal(reused, 1);
    f = explore(&oom, &ex_sc, &ex_dfs, (struct ex_budget){ .oom = 1 }, 10);
    assert_int_equal(f.executions, 4);
    for (int i = 0; i < 3; i++) assert_int_equal(refused[i], 1);
}

/* ---- data races ----------------------------------------------------------------------------------------------- */

static void publish(struct state *s, unsigned who, bool release) {
    if (who == 0) {
        weir_model_write(&s->plain, sizeof s->plain);
        s->plain = 1;
        if (release)
            weir_store_release(&s->word, 1, 0);
        else
            weir_store_relaxed(&s->word, 1);
    } else if (weir_load_acquire(&s->word, 0)) {
        weir_model_read(&s->plain, sizeof s->plain);
        weir_model_check(s->plain == 1);
    }
}
static void publish_release(void *state, unsigned who) { publish(state, who, true); }
static void publish_relaxed(void *state, unsigned who) { publish(state, who, false); }
SCENARIO(race_good, 2, .thread = publish_release);
SCENARIO(race_bad, 2, .thread = publish_relaxed);

/* The release sequence: an increment of lesser order in between carries the edge on. */
static void through_rmw(void *state, unsigned who) {
    struct state *s = state;
    if (who == 2) {
        (void)weir_fetch_add_relaxed(&s->word, 1);
    } else if (who == 0) {
        publish(s, 0, true);
    } else if (weir_load_acquire(&s->word, 0) == 2) {
        weir_model_read(&s->plain, sizeof s->plain);
    }
}
SCENARIO(sequence_good, 3, .thread = through_rmw);

/* Counts down without acquire: whoever frees may overtake another's last access. */
static void count_down(void *state, unsigned who) {
    struct state *s = state;
    (void)who;
    struct node *n = weir_load_relaxed(&s->p);
    (void)weir_load_relaxed(&n->value);
    if (weir_fetch_add_relaxed(&s->count, 1) == 1) weir_model_free(n);
}
SCENARIO(free_race_bad, 2, .setup = make_node, .thread = count_down);

static void test_races(void **unused) {
    (void)unused;
    expect(&race_good, EX_F_NONE, NULL);
    expect(&race_bad, EX_F_RACE, "T1 reads");
    expect(&sequence_good, EX_F_NONE, NULL);
    expect(&free_race_bad, EX_F_RACE, "frees block1");
}

/* ---- crashes, misuse, what cannot be repeated ------------------------------------------------------------------- */

static void unlock_thread(void *state, unsigned who) {
    (void)who;
    weir_model_mutex_unlock(&((struct state *)state)->mutex);
}
static void open_thread(void *state, unsigned who) {
    (void)state;
    (void)who;
    (void)weir_model_begin("never ends", 0);
}
#ifndef EX_ASAN
static void crash_thread(void *state, unsigned who) {
    struct state *s = state;
    (void)who;
    struct node *n = weir_load_relaxed(&s->p); /* NULL */
    n->value.v_ = 1;
}
static void deep(volatile char *above) {
    volatile char here[4096];
    here[0] = above[0];
    if (above[0] == 0) deep(here); /* always */
    here[1] = 0;
}
static void overflow_thread(void *state, unsigned who) {
    volatile char here = 0;
    (void)state;
    (void)who;
    deep(&here);
}
SCENARIO(crash_bad, 1, .thread = crash_thread);
SCENARIO(overflow_bad, 1, .thread = overflow_thread);
#endif
SCENARIO(unlock_bad, 1, .thread = unlock_thread);
SCENARIO(open_bad, 1, .thread = open_thread);

static unsigned runs;
static void differs_thread(void *state, unsigned who) {
    struct state *s = state;
    if (who == 0 && runs % 2) return;
    for (unsigned i = 0; i < 2; i++) (void)weir_fetch_add_relaxed(&s->count, 1);
}
static void differs_finish(void *state) {
    (void)state;
    runs++;
}
SCENARIO(differs, 3, .thread = differs_thread, .finish = differs_finish);

static void test_rest(void **unused) {
    (void)unused;
#ifndef EX_ASAN
    expect(&crash_bad, EX_F_CRASH, "bad access at address (nil)");
    expect(&overflow_bad, EX_F_CRASH, "stack is full");
    expect(&crash_bad, EX_F_CRASH, NULL); /* the explorer itself is none the worse */
#endif
    expect(&unlock_bad, EX_F_MISUSE, "does not hold");
    expect(&open_bad, EX_F_MISUSE, "ends within never ends");
    expect(&differs, EX_F_DIVERGED, "choice");
    expect(&heap_good, EX_F_NONE, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_memory_choices),
        cmocka_unit_test(test_races),
        cmocka_unit_test(test_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
