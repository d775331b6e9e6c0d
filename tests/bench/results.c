/* SPDX-License-Identifier: MIT */
/* tests/bench/results.c - ratios, verdicts, bars and tables of samples that were made up here. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bars.h"
#include "report.h"
#include "results.h"

#define ROUNDS 9

/* weir and ck in one case; what they take is up to the test. */
struct made {
    struct wb_options opt;
    struct wb_plan plan;
    struct wb_item *weir, *ck;
};

static void make(struct made *m) {
    static char name[] = "weir-bench", rivals[] = "--rivals=ck",
                filter[] = "--filter=^mpmc/(weir|ck)/P:2/C:2/cap:1024/size:8/batch:1$";
    char *argv[] = { name, filter, rivals, NULL };
    memset(m, 0, sizeof *m);
    assert_int_equal(wb_options_parse(&m->opt, 3, argv), 0);
    assert_int_equal(wb_plan_make(&m->plan, &m->opt), 0);
    assert_int_equal(m->plan.rounds, ROUNDS);
    m->weir = &m->plan.items[0];
    m->ck = &m->plan.items[1];
    assert_string_equal(m->ck->ring->name, "ck");
}

static void drop(struct made *m) {
    wb_plan_free(&m->plan);
    wb_options_free(&m->opt);
}

static void set(struct wb_item *item, unsigned round, double ns) {
    struct wb_sample *s = &item->samples[round];
    s->status = WB_OK;
    s->ns_op = ns;
    s->ops_s = 1e9 / ns;
    s->fair_min_max = 1;
}

/* A machine whose speed changes tenfold from round to round. */
static double mood(unsigned round) { return 10 + 90 * (round * 7 % 9) / 8.0; }

static void near(double got, double want, double tolerance) {
    if (fabs(got - want) > tolerance) fail_msg("%g is not within %g of %g", got, tolerance, want);
}

/* ---- ratios ---------------------------------------------------------------------------------- */

static void ratios_are_paired_by_round(void **state) {
    (void)state;
    struct made m;
    make(&m);
    for (unsigned r = 0; r < ROUNDS; r++) {
        set(m.weir, r, mood(r));
        set(m.ck, r, 2 * mood(r) * (r % 2 ? 1.01 : 0.99));
    }
    struct wb_result *all = wb_results(&m.plan);
    assert_false(all[0].compared);
    assert_true(all[1].compared);
    near(all[1].ratio.median, 2, 0.03);
    assert_true(all[1].ratio.lo > 1.97 && all[1].ratio.hi < 2.03);
    assert_string_equal(all[1].verdict, "faster");
    assert_true(all[1].mwu_p > 0.05); /* not paired: does not see it */
    assert_true(all[1].ns.hi > 2 * all[1].ns.lo);
    free(all);
    drop(&m);
}

static void a_round_without_both_does_not_count(void **state) {
    (void)state;
    struct made m;
    make(&m);
    for (unsigned r = 0; r < ROUNDS; r++) {
        if (r != 2) set(m.weir, r, 10);
        if (r != 5) set(m.ck, r, 30);
    }
    m.weir->samples[2] = (struct wb_sample){ .status = WB_NONE, .ns_op = 1e9 };
    double ratio[ROUNDS];
    assert_int_equal(wb_ratios(&m.plan, m.weir, m.ck, ratio), ROUNDS - 2);
    for (unsigned i = 0; i < ROUNDS - 2; i++) near(ratio[i], 3, 1e-9);
    struct wb_result *all = wb_results(&m.plan);
    assert_int_equal(all[0].rounds, ROUNDS - 1);
    near(all[0].ns.median, 10, 1e-9);
    free(all);
    drop(&m);
}

static void a_failed_check_gives_no_figure(void **state) {
    (void)state;
    struct made m;
    make(&m);
    for (unsigned r = 0; r < ROUNDS; r++) {
        set(m.weir, r, 10);
        set(m.ck, r, 30);
    }
    m.ck->status = WB_FAILED;
    struct wb_result *all = wb_results(&m.plan);
    assert_int_equal(all[1].rounds, 0);
    assert_false(all[1].compared);
    assert_true(wb_result_shown(&all[1]));
    free(all);
    m.ck->status = WB_OK;
    m.weir->status = WB_FAILED;
    all = wb_results(&m.plan);
    assert_false(all[1].compared);
    free(all);
    drop(&m);
}

/* ---- verdicts -------------------------------------------------------------------------------- */

static void verdicts(void **state) {
    (void)state;
    static const struct {
        struct wb_interval ratio;
        unsigned rounds;
        const char *verdict;
    } rows[] = {
        { { 1.50, 1.20, 1.80 }, 9, "faster" },    { { 1.50, 0.99, 1.80 }, 9, "undecided" },
        { { 1.02, 1.01, 1.06 }, 9, "undecided" }, /* off by less than 3 %, not within 3 % */
        { { 1.02, 1.01, 1.03 }, 9, "equal" },     { { 1.00, 0.97, 1.03 }, 9, "equal" },
        { { 0.98, 0.96, 1.00 }, 9, "undecided" }, { { 0.50, 0.40, 0.60 }, 9, "slower" },
        { { 0.96, 0.95, 0.99 }, 9, "slower" },    { { 0.98, 0.94, 0.99 }, 9, "undecided" },
        { { 5.00, 4.00, 6.00 }, 5, "undecided" }, { { 5.00, 4.00, 6.00 }, 6, "faster" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(wb_verdict(rows[i].ratio, rows[i].rounds), rows[i].verdict);
}

/* ---- bars ------------------------------------------------------------------------------------ */

#define CASE "P:2/C:2/cap:1024/size:8/batch:1"

static void write_text(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    bool written = f && fputs(text, f) >= 0;
    assert_int_equal(f ? fclose(f) : EOF, 0);
    assert_true(written);
}

/* Judges one bar; returns how many were reported. */
static unsigned judge(struct made *m, const char *line, struct wb_bar *out) {
    char path[] = "/tmp/weir-bars-XXXXXX";
    struct wb_bars bars;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)close(fd);
    write_text(path, line);
    assert_int_equal(wb_bars_check(path), 0);
    assert_int_equal(wb_bars_judge(&bars, path, &m->plan), 0);
    (void)unlink(path);
    unsigned n = bars.n;
    if (n) *out = bars.bar[0];
    assert_int_equal(bars.missed, n && out->result == WB_BAR_MISSED);
    wb_bars_free(&bars);
    return n;
}

#define BAR(wanted) "# a comment\n\nfast | mpmc/weir/" CASE " | mpmc/ck/" CASE " | " wanted "\n"

static void bars_are_judged(void **state) {
    (void)state;
    struct made m;
    struct wb_bar bar;
    make(&m);
    for (unsigned r = 0; r < ROUNDS; r++) {
        set(m.weir, r, mood(r));
        set(m.ck, r, 2.5 * mood(r));
    }
    assert_int_equal(judge(&m, BAR("at least 2.5"), &bar), 1);
    near(bar.ratio.median, 2.5, 1e-9);
    assert_int_equal(bar.result, WB_BAR_MET);
    assert_int_equal(judge(&m, BAR("at least 2.6"), &bar), 1);
    assert_int_equal(bar.result, WB_BAR_MISSED);
    assert_int_equal(judge(&m, BAR("no slower"), &bar), 1);
    assert_int_equal(bar.result, WB_BAR_MET);
    for (unsigned r = 0; r < ROUNDS; r++) set(m.ck, r, 0.96 * mood(r));
    assert_int_equal(judge(&m, BAR("no slower"), &bar), 1);
    assert_int_equal(bar.result, WB_BAR_MISSED);
    assert_int_equal(judge(&m, BAR("at least 0.9"), &bar), 1);
    assert_int_equal(bar.result, WB_BAR_MET);
    drop(&m);
}

/* The median reaches it, but the interval holds 1. */
static void a_bar_wants_its_interval_off_one(void **state) {
    (void)state;
    struct made m;
    struct wb_bar bar;
    make(&m);
    for (unsigned r = 0; r < ROUNDS; r++) {
        set(m.weir, r, 10);
        set(m.ck, r, r < 4 ? 5 : 20);
    }
    assert_int_equal(judge(&m, BAR("at least 2"), &bar), 1);
    near(bar.ratio.median, 2, 1e-9);
    assert_true(bar.ratio.lo < 1);
    assert_int_equal(bar.result, WB_BAR_MISSED);
    drop(&m);
}

static void bars_without_a_pair(void **state) {
    (void)state;
    struct made m;
    struct wb_bar bar;
    make(&m);
    for (unsigned r = 0; r < ROUNDS; r++) set(m.weir, r, 10);
    assert_int_equal(
        judge(&m, "x | mpmc/weir/" CASE " | mpmc/faraway/" CASE " | no slower\n", &bar), 1);
    assert_int_equal(bar.result, WB_BAR_RIVAL_MISSING);
    assert_int_equal(judge(&m, "x | mpmc/weir/other | mpmc/ck/other | no slower\n", &bar), 0);
    assert_int_equal(judge(&m, BAR("no slower"), &bar), 0); /* ended before ck was measured */
    m.ck->status = WB_STUCK;
    assert_int_equal(judge(&m, BAR("no slower"), &bar), 1);
    assert_int_equal(bar.result, WB_BAR_RIVAL_MISSING);
    m.weir->status = WB_FAILED;
    m.ck->status = WB_OK;
    assert_int_equal(judge(&m, BAR("no slower"), &bar), 1);
    assert_int_equal(bar.result, WB_BAR_MISSED);
    drop(&m);
}

static void malformed_bars(void **state) {
    (void)state;
    static const char *const texts[] = {
        "a | b | c\n",
        "a | b | c | at least\n",
        "a | b | c | at least -1\n",
        "a | b | c | d | at least 1\n",
        "a || c | at least 1\n",
        "a | b | c | at least 2x\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char path[] = "/tmp/weir-bars-XXXXXX";
        int fd = mkstemp(path);
        assert_true(fd >= 0);
        (void)close(fd);
        write_text(path, texts[i]);
        assert_int_equal(wb_bars_check(path), 2);
        (void)unlink(path);
    }
    assert_int_equal(wb_bars_check("/nonexistent/bars"), 2);
    assert_int_equal(wb_bars_check(NULL), 0); /* those built in */
}

/* ---- the summary ----------------------------------------------------------------------------- */

static char *summary_of(struct made *m) {
    char *text = NULL;
    size_t size;
    struct wb_env env;
    struct wb_bars bars = { NULL, 0, 0 };
    struct wb_result *all = wb_results(&m->plan);
    struct wb_report r = { &m->plan, all, &bars, &env };
    FILE *f = open_memstream(&text, &size);
    if (!f) fail_msg("out of memory");
    wb_env_begin(&env, &m->plan);
    wb_env_end(&env, &m->plan);
    assert_true(f && wb_write_summary(&r, f));
    assert_int_equal(f ? fclose(f) : EOF, 0);
    wb_env_free(&env);
    free(all);
    return text;
}

static void losses_come_first(void **state) {
    (void)state;
    struct made m;
    make(&m);
    for (unsigned r = 0; r < ROUNDS; r++) {
        set(m.weir, r, 20);
        set(m.ck, r, 10);
    }
    char *text = summary_of(&m);
    assert_int_equal(strncmp(text, "<!-- Generated by weir-bench from samples.csv", 45), 0);
    char *loses = strstr(text, "| ck | 0.50x [0.50, 0.50] |"), *bars = strstr(text, "## Bars");
    assert_true(loses && bars && loses < bars);
    free(text);
    for (unsigned r = 0; r < ROUNDS; r++) set(m.ck, r, 40);
    text = summary_of(&m);
    assert_non_null(strstr(text, "In no case of this run was weir shown to be slower."));
    assert_non_null(strstr(
        text, "| ck | 40.0 ns [40.0 ns, 40.0 ns] | 25.0 M/s | 2.00x [2.00, 2.00] | faster |"));
    free(text);
    drop(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ratios_are_paired_by_round),
        cmocka_unit_test(a_round_without_both_does_not_count),
        cmocka_unit_test(a_failed_check_gives_no_figure),
        cmocka_unit_test(verdicts),
        cmocka_unit_test(bars_are_judged),
        cmocka_unit_test(a_bar_wants_its_interval_off_one),
        cmocka_unit_test(bars_without_a_pair),
        cmocka_unit_test(malformed_bars),
        cmocka_unit_test(losses_come_first),
    };
    return cmocka_run_group_tests_name("bench_results", tests, NULL, NULL);
}
