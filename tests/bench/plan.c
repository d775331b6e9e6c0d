/* SPDX-License-Identifier: MIT */
/* tests/bench/plan.c - what the suites consist of, and what options make of them; with the variants of
 * fake.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bars.h"
#include "cost.h"
#include "plan.h"

struct made {
    struct wb_options opt;
    struct wb_plan plan;
};

/* Up to three arguments. */
static void make(struct made *m, const char *a, const char *b, const char *c) {
    static char text[4][256];
    char *argv[5] = { text[0] };
    const char *const from[] = { "weir-bench", a, b, c };
    int argc = 0;
    for (; argc < 4 && from[argc]; argc++) {
        (void)snprintf(text[argc], sizeof text[argc], "%s", from[argc]);
        argv[argc] = text[argc];
    }
    argv[argc] = NULL;
    memset(m, 0, sizeof *m);
    assert_int_equal(wb_options_parse(&m->opt, argc, argv), 0);
    assert_int_equal(wb_plan_make(&m->plan, &m->opt), 0);
}

static void drop(struct made *m) {
    wb_plan_free(&m->plan);
    wb_options_free(&m->opt);
}

/* Whether the item is of weir: "mpmc/weir/...". */
static bool of_weir(const char *name) {
    return strstr(name, "/weir/") != NULL || strstr(name, "mpsc/list/") != NULL ||
           strstr(name, "queue/ring/") != NULL;
}

/* The name with {over} replaced, as bars.c has to do it. */
static void with_over(char *out, size_t n, const char *name) {
    const char *one = strstr(name, "P:{over}/C:{over}");
    if (one)
        (void)snprintf(out, n, "%.*sP:%u/C:%u%s", (int)(one - name), name, wb_oversubscribed(),
                       wb_oversubscribed(), one + strlen("P:{over}/C:{over}"));
    else
        (void)snprintf(out, n, "%s", name);
}

static bool of_map(const char *bar) {
    return strstr(bar, "| map/") != NULL || strstr(bar, "| strmap/") != NULL;
}

static bool of_flow(const char *bar) {
    return strstr(bar, "| pool/") != NULL || strstr(bar, "| pipe/") != NULL;
}

static bool of_cache(const char *bar) { return strstr(bar, "| cache/") != NULL; }

static bool of_unbounded(const char *bar) {
    return strstr(bar, "| queue/") != NULL || strstr(bar, "| mpsc/") != NULL;
}

/* Every name of an item of weir's in a line; how many. */
static unsigned names_known(const struct made *m, const char *line) {
    unsigned n = 0;
    for (const char *at = line; (at = strstr(at, "map/weir_")) != NULL; at++) {
        while (at > line && at[-1] != ' ') at--; /* strmap */
        char name[WB_NAME_BYTES];
        size_t length = strcspn(at, " ");
        (void)snprintf(name, sizeof name, "%.*s", (int)length, at);
        if (!wb_plan_find(&m->plan, name)) fail_msg("no such item: %s", name);
        at += length - 1;
        n++;
    }
    return n;
}

/* Those of maps are measured by their own suite; quick has some of them. */
static void every_bar_of_maps_is_measured_by_their_suite(void **state) {
    (void)state;
    struct made m;
    unsigned bars = 0;
    make(&m, "--suite=maps", NULL, NULL);
    for (const char *const *line = wb_bars_lines; *line; line++) {
        if (**line == '#' || !of_map(*line)) continue;
        assert_true(names_known(&m, *line) > 0);
        bars++;
    }
    assert_true(bars >= 20);
    drop(&m);
}

/* Kinds that need no synchronisation, or a hint, are asked for what they have. */
static void kinds_of_maps_are_asked_for_what_they_have(void **state) {
    (void)state;
    struct made m;
    make(&m, "--suite=maps", NULL, NULL);
    assert_non_null(wb_plan_find(&m.plan, "map/flat/T:1/read:50/keys:1000"));
    assert_null(wb_plan_find(&m.plan, "map/flat/T:2/read:50/keys:1000"));
    assert_non_null(wb_plan_find(&m.plan, "map/plain/test:beside/T:1/keys:1000/writers:1"));
    assert_null(wb_plan_find(&m.plan, "map/plain/T:1/read:50/keys:1000"));
    assert_non_null(wb_plan_find(&m.plan, "map/lfht/T:2/read:90/keys:1000"));
    assert_null(wb_plan_find(&m.plan, "map/lfht/T:2/read:90/keys:1000/hint:0"));
    assert_non_null(wb_plan_find(&m.plan, "map/mutex/T:2/read:90/keys:1000/hint:0"));
    assert_null(wb_plan_find(&m.plan, "map/lfht/test:memory/T:1/keys:100000"));
    assert_null(wb_plan_find(&m.plan, "map/lfht/T:4/read:50/keys:1000")); /* weir's own alone */
    assert_non_null(wb_plan_find(&m.plan, "map/mutex/T:4/read:50/keys:1000"));
    assert_non_null(wb_plan_find(&m.plan, "strmap/weir_map/T:2/read:99/keys:100000/size:40"));
    const struct wb_item *item = wb_plan_find(&m.plan, "map/mutex/T:2/read:99/keys:1000/dist:hot");
    drop(&m);
    assert_null(item); /* hot keys: 100, 95 and 50 % */
}

/* A bar that names a case which the suite does not have would never be looked at. */
static void every_bar_is_measured_by_quick(void **state) {
    (void)state;
    struct made m;
    unsigned bars = 0;
    make(&m, "--suite=quick", NULL, NULL);
    for (const char *const *line = wb_bars_lines; *line; line++) {
        char name[2][256];
        if (**line == '#' || **line == '\0' || of_map(*line) || of_flow(*line) || of_cache(*line) ||
            of_unbounded(*line))
            continue;
        assert_int_equal(sscanf(*line, "%*[^|]| %255[^ |] | %255[^ |]", name[0], name[1]), 2);
        bars++;
        for (int i = 0; i < 2; i++) {
            char full[560];
            with_over(full, sizeof full, name[i]);
            if (of_weir(full) && !wb_plan_find(&m.plan, full)) fail_msg("no such item: %s", full);
        }
    }
    assert_true(bars >= 25);
    drop(&m);
}

/* Or the denominator is a figure of it. */
static void bars_measured_by(const char *suite, bool (*of)(const char *bar), unsigned least) {
    struct made m;
    unsigned bars = 0;
    make(&m, suite, NULL, NULL);
    for (const char *const *line = wb_bars_lines; *line; line++) {
        char name[2][256];
        if (**line == '#' || **line == '\0' || !of(*line)) continue;
        assert_int_equal(sscanf(*line, "%*[^|]| %255[^ |] | %255[^ |]", name[0], name[1]), 2);
        bars++;
        for (int i = 0; i < 2; i++)
            if (of_weir(name[i]) && !wb_plan_find(&m.plan, name[i]))
                fail_msg("no such item: %s", name[i]);
    }
    assert_true(bars >= least);
    drop(&m);
}

static void every_bar_of_pools_is_measured_by_flow(void **state) {
    (void)state;
    bars_measured_by("--suite=flow", of_flow, 8);
}

static void every_bar_of_caches_is_measured_by_cache(void **state) {
    (void)state;
    bars_measured_by("--suite=cache", of_cache, 6);
}

static void every_bar_of_unbounded_queues_is_measured_by_theirs(void **state) {
    (void)state;
    bars_measured_by("--suite=unbounded", of_unbounded, 17);
}

static void names_are_unique_and_groups_tile_the_items(void **state) {
    (void)state;
    static const char *const suites[] = { "--suite=quick", "--suite=try", "--suite=full",
                                          "--suite=flow" };
    for (size_t s = 0; s < 4; s++) {
        struct made m;
        unsigned n = 0;
        make(&m, suites[s], NULL, NULL);
        for (unsigned g = 0; g < m.plan.n_groups; g++) {
            assert_ptr_equal(m.plan.groups[g].items, &m.plan.items[n]);
            n += m.plan.groups[g].n;
        }
        assert_int_equal(n, m.plan.n_items);
        for (unsigned i = 0; i < n; i++)
            assert_ptr_equal(wb_plan_find(&m.plan, m.plan.items[i].name), &m.plan.items[i]);
        drop(&m);
    }
}

static void weir_stands_first_in_its_case(void **state) {
    (void)state;
    struct made m;
    make(&m, "--suite=quick", NULL, NULL);
    const struct wb_case *of = NULL;
    for (unsigned i = 0; i < m.plan.n_items; i++) {
        const struct wb_item *item = &m.plan.items[i];
        if (item->of != of && strcmp(item->of->structure, "bound") != 0)
            assert_string_equal(item->ring->name, wb_plan_reference(item->of->structure));
        of = item->of;
        assert_ptr_equal(wb_plan_beside(&m.plan, item, item->ring->name), item);
    }
    drop(&m);
}

/* ck of fake.c has neither batches nor waiting verbs. */
static void variants_are_asked_for_what_they_have(void **state) {
    (void)state;
    struct made m;
    make(&m, "--suite=queues", NULL, NULL);
    for (unsigned i = 0; i < m.plan.n_items; i++) {
        const struct wb_item *item = &m.plan.items[i];
        const struct wb_shape *s = &item->of->shape;
        if (strcmp(item->of->structure, "bound") == 0) continue;
        assert_int_equal(s->size, strcmp(item->of->structure, "look") == 0 ? 0 : 8);
        if (strcmp(item->ring->name, "go") == 0) {
            assert_true(s->batch == 1 && s->gap_ns == 0 && item->of->test != WB_STOPPED);
            assert_true(s->ways == 0 || (s->ways == 2 && s->ready == 2));
        }
        if (strcmp(item->ring->name, "ck") == 0) assert_true(s->batch == 1 && !s->blocking);
        if (strcmp(item->ring->name, "weir_kind") == 0) assert_true(s->batch == 1 && s->cap > 0);
    }
    drop(&m);
}

/* What the estimate holds beside the runs themselves, on a machine with so much room for tables. */
static double beside_runs(struct made *m, double room) {
    double runs = 0;
    wb_cost_tables(&m->plan, room);
    for (unsigned i = 0; i < m->plan.n_items; i++) {
        const struct wb_case *c = m->plan.items[i].of;
        runs += m->plan.rounds * wb_run_cost(c->test, &c->shape, m->plan.seconds);
    }
    return wb_plan_estimate(&m->plan) - runs;
}

static double of_these(const char *filter, double room, unsigned items) {
    struct made m;
    make(&m, "--suite=maps", filter, "--rounds=5");
    assert_int_equal(m.plan.n_items, items);
    double s = beside_runs(&m, room);
    drop(&m);
    return s;
}

static bool about(double a, double b) { return a > b * 0.999 - 1e-9 && a < b * 1.001 + 1e-9; }

static void the_estimate_holds_what_is_filled(void **state) {
    (void)state;
    static const char one[] = "--filter=^map/mutex/T:2/read:99/keys:1000000$",
                      shared[] = "--filter=^map/mutex/T:[12]/read:99/keys:1000000$",
                      two[] = "--filter=^map/mutex/T:2/read:99/keys:1000000(/hit:100)?$",
                      read[] = "--filter=^map/mutex/T:2/read:100/keys:1000000(/hit:0|/hit:50)?$",
                      grow[] = "--filter=^map/mutex/test:grow/T:1/keys:1000000$",
                      text[] = "--filter=^strmap/mutex/T:2/read:99/keys:1000000/size:16$",
                      small[] = "--filter=^map/mutex/T:2/read:99/keys:1000$",
                      four[] = "--filter=^map/go_map/T:2/read:(99|95|90|75)/keys:100000$",
                      five[] = "--filter=^map/go_map/T:2/read:(99|95|90|75|50)/keys:100000$";
    double filled = of_these(one, 1e12, 1);
    assert_true(filled > 0.1 && filled < 10);            /* a million entries */
    assert_true(about(of_these(one, 0, 1), 5 * filled)); /* no room: in every round */
    assert_true(about(of_these(shared, 1e12, 2), filled));
    assert_true(about(of_these(shared, 0, 2), 10 * filled)); /* there is no time to share it */
    assert_true(about(of_these(two, 1e12, 2), 2 * filled));  /* two ways of writing to it */
    assert_true(about(of_these(read, 1e12, 3), filled));
    assert_true(about(of_these(grow, 1e12, 1), 0)); /* the run itself */
    assert_true(of_these(text, 1e12, 1) > filled);
    assert_true(about(of_these(small, 1e12, 1), filled / 1000));
    double away = of_these(four, 0, 4); /* its room is not ours */
    assert_true(away > 0 && about(of_these(five, 0, 5), away / 4 * 5 * 5));
}

static void suites_keep_to_their_time(void **state) {
    (void)state;
    struct made m;
    make(&m, "--suite=quick", NULL, NULL);
    assert_true(wb_plan_estimate(&m.plan) <= 180);
    drop(&m);
    make(&m, "--suite=try", NULL, NULL);
    assert_true(wb_plan_estimate(&m.plan) <= 25);
    drop(&m);
    make(&m, "--suite=try", "--rounds=100", NULL);
    assert_true(wb_plan_estimate(&m.plan) <= 60 && m.plan.seconds < 0.05);
    drop(&m);
    make(&m, "--suite=try", "--seconds=0.25", NULL);
    assert_true(m.plan.seconds > 0.24 && m.plan.seconds < 0.26);
    drop(&m);
}

static void threads_replace_the_axis(void **state) {
    (void)state;
    struct made m;
    make(&m, "--suite=quick", "--threads=3,5", "--rivals=none");
    assert_non_null(wb_plan_find(&m.plan, "mpmc/weir/P:3/C:3/cap:1024/size:8/batch:1"));
    assert_non_null(wb_plan_find(&m.plan, "mpmc/mutex/P:5/C:5/cap:1024/size:8/batch:1"));
    assert_null(wb_plan_find(&m.plan, "mpmc/ck/P:5/C:5/cap:1024/size:8/batch:1"));
    assert_null(wb_plan_find(&m.plan, "mpmc/weir/P:2/C:2/cap:1024/size:8/batch:1"));
    assert_null(wb_plan_find(&m.plan, "spsc/weir/P:1/C:1/cap:1024/size:8/batch:1"));
    drop(&m);
}

static void filters(void **state) {
    (void)state;
    struct made m;
    make(&m, "--filter=^mpmc/(weir|ck)/P:2/C:2/cap:1024/size:8/batch:1$", NULL, NULL);
    assert_int_equal(m.plan.n_items, 3); /* and the copy that bounds them */
    assert_string_equal(m.plan.items[2].of->structure, "bound");
    drop(&m);
    make(&m, "--benchmark_filter=-mpmc", "--rivals=ck", NULL);
    for (unsigned i = 0; i < m.plan.n_items; i++) {
        assert_null(strstr(m.plan.items[i].name, "mpmc"));
        assert_string_not_equal(m.plan.items[i].ring->name, "mutex");
    }
    drop(&m);
}

/* weir_kind is a variant of weir's that every suite measures; spsc's is not one for two producers. */
static void kinds_stand_beside_weir(void **state) {
    (void)state;
    struct made m;
    make(&m, "--suite=quick", "--rivals=none", NULL);
    assert_non_null(
        wb_plan_find(&m.plan, "chan/weir_kind/P:4/C:4/cap:1024/size:8/batch:1/blocking:1"));
    assert_null(wb_plan_find(&m.plan, "chan/weir_kind/test:ping/cap:0/size:8/batch:1/blocking:1"));
    drop(&m);
    make(&m, "--suite=quick", "--filter=^chan/weir/", NULL);
    assert_null(wb_plan_find(&m.plan, "chan/weir_kind/P:4/C:4/cap:1024/size:8/batch:1/blocking:1"));
    drop(&m);
}

/* What channels are measured by beside single elements, and Go's among them; in the try suite as well. */
static void channels_and_go(void **state) {
    (void)state;
    static const char *const names[] = {
        "chan/weir/P:1/C:1/cap:1024/size:8/batch:32/blocking:1",
        "chan/mutex/P:1/C:1/cap:1024/size:8/batch:32/blocking:1",
        "select/weir/test:solo/cap:1024/size:8/batch:1/ways:2/ready:2/sends:1/blocking:1",
        "select/mutex/test:solo/cap:1024/size:8/batch:1/ways:2/ready:2/sends:1/blocking:1",
        "select/go/test:solo/cap:1024/size:8/batch:1/ways:2/ready:2/sends:1/blocking:1",
        "select/go/test:solo/cap:1024/size:8/batch:1/ways:2/ready:2/blocking:1",
        "select/go/P:1/C:1/cap:1024/size:8/batch:1/ways:2/ready:2/blocking:1",
        "chan/go/test:solo/cap:1024/size:8/batch:1/blocking:1",
        "chan/go/P:1/C:1/cap:1024/size:8/batch:1/blocking:1",
        "chan/go/P:2/C:2/cap:1024/size:8/batch:1/blocking:1",
        "chan/go/P:4/C:4/cap:1024/size:8/batch:1/blocking:1",
        "chan/go/test:ping/cap:0/size:8/batch:1/blocking:1",
        "chan/go/test:ping/cap:0/size:8/batch:1/blocking:1/cpus:1",
    };
    struct made m;
    make(&m, "--suite=quick", NULL, NULL);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!wb_plan_find(&m.plan, names[i])) fail_msg("no such item: %s", names[i]);
    assert_null(wb_plan_find(&m.plan, "chan/go/P:1/C:1/cap:1024/size:8/batch:32/blocking:1"));
    assert_null(
        wb_plan_find(&m.plan, "chan/weir_kind/P:1/C:1/cap:1024/size:8/batch:32/blocking:1"));
    drop(&m);
    make(&m, "--suite=try", NULL, NULL);
    assert_non_null(wb_plan_find(&m.plan, "chan/go/P:1/C:1/cap:1024/size:8/batch:1/blocking:1"));
    drop(&m);
}

/* Of what sleeps between bursts the time from a raw futex's wake, of a longer burst nothing. */
static void channels_have_their_bounds(void **state) {
    (void)state;
    struct made m;
    make(&m, "--suite=quick", NULL, NULL);
    const struct wb_item *wake =
        wb_plan_find(&m.plan, "chan/weir/P:1/C:1/cap:1024/size:8/batch:1/gap:200000/blocking:1");
    const struct wb_item *burst =
        wb_plan_find(&m.plan, "chan/weir/P:1/C:1/cap:1024/size:8/batch:64/gap:200000/blocking:1");
    const struct wb_item *ping =
        wb_plan_find(&m.plan, "chan/weir/test:ping/cap:0/size:8/batch:1/blocking:1");
    assert_true(wake && burst && ping);
    assert_string_equal(wb_plan_bound(wake->of), "wake-futex");
    assert_null(wb_plan_bound(burst->of));
    assert_string_equal(wb_plan_bound(ping->of), "ping-lines");
    assert_non_null(wb_plan_find(&m.plan, "bound/raw/test:wake-futex/size:8/group:Q6"));
    assert_non_null(wb_plan_find(&m.plan, "bound/raw/test:ping-lines/size:8/group:Q4"));
    drop(&m);
}

static void oversubscription(void **state) {
    (void)state;
    struct made m;
    make(&m, "--suite=full", NULL, NULL);
    unsigned over = 0, one_cpu = 0;
    for (unsigned i = 0; i < m.plan.n_cases; i++) {
        const struct wb_case *c = &m.plan.cases[i];
        assert_int_equal(c->shape.oversubscribed, c->threads > (c->one_cpu ? 1 : wb_cpus()));
        over += c->shape.oversubscribed;
        one_cpu += c->one_cpu;
        assert_int_equal(c->one_cpu, strstr(c->name, "/cpus:1") != NULL);
    }
    assert_true(over > 0 && one_cpu >= 6);
    drop(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bar_is_measured_by_quick),
        cmocka_unit_test(every_bar_of_pools_is_measured_by_flow),
        cmocka_unit_test(every_bar_of_caches_is_measured_by_cache),
        cmocka_unit_test(every_bar_of_unbounded_queues_is_measured_by_theirs),
        cmocka_unit_test(names_are_unique_and_groups_tile_the_items),
        cmocka_unit_test(weir_stands_first_in_its_case),
        cmocka_unit_test(variants_are_asked_for_what_they_have),
        cmocka_unit_test(every_bar_of_maps_is_measured_by_their_suite),
        cmocka_unit_test(kinds_of_maps_are_asked_for_what_they_have),
        cmocka_unit_test(the_estimate_holds_what_is_filled),
        cmocka_unit_test(suites_keep_to_their_time),
        cmocka_unit_test(threads_replace_the_axis),
        cmocka_unit_test(filters),
        cmocka_unit_test(kinds_stand_beside_weir),
        cmocka_unit_test(channels_and_go),
        cmocka_unit_test(channels_have_their_bounds),
        cmocka_unit_test(oversubscription),
    };
    return cmocka_run_group_tests_name("bench_plan", tests, NULL, NULL);
}
