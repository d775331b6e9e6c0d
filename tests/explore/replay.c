/* SPDX-License-Identifier: MIT */
/* tests/explore/replay.c - replay files: what is written is read; every cut and every changed byte is
 * refused; so are files of other scenarios and of other sources, by the program as it is run. */
#include "stress/explore/report.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct state {
    weir_au64 count;
};

static unsigned steps = 1; /* the "sources" of the scenario */

static void add_badly(void *state, unsigned who) {
    struct state *s = state;
    (void)who;
    for (unsigned i = 0; i < steps; i++)
        weir_store_relaxed(&s->count, weir_load_relaxed(&s->count) + 1);
}
static void all_counted(void *state) {
    weir_model_check(((struct state *)state)->count.v_ == 2 * steps);
}

static const struct weir_model_scenario bad = { .name = "bad",
                                                .about = "loses an update",
                                                .threads = 2,
                                                .state_size = sizeof(struct state),
                                                .thread = add_badly,
                                                .finish = all_counted,
                                                .options = "memory=sc" };
static const struct weir_model_scenario *const scenarios[] = { &bad };

static char dir[] = "/tmp/weir-replay-XXXXXX";
static char path[64], other[64], out[64], err[64];

/* Runs the program with its output in files. Returns its status. */
static int run(const char *a, const char *b, const char *c) {
    char *argv[] = { (char *)(uintptr_t)"test", (char *)(uintptr_t)a, (char *)(uintptr_t)b,
                     (char *)(uintptr_t)c, NULL };
    int argc = 1;
    while (argv[argc]) argc++;
    (void)fflush(NULL);
    int was_out = dup(1), was_err = dup(2);
    if (was_out < 0 || was_err < 0) fail_msg("dup");
    assert_non_null(freopen(out, "w", stdout));
    assert_non_null(freopen(err, "w", stderr));
    int rc = weir_model_main(argc, argv, scenarios, 1);
    (void)fflush(NULL);
    if (was_out >= 0 && dup2(was_out, 1) == 1) (void)close(was_out);
    if (was_err >= 0 && dup2(was_err, 2) == 2) (void)close(was_err);
    return rc;
}

static size_t read_file(const char *name, char *to, size_t n) {
    FILE *f = fopen(name, "r");
    if (!f) {
        fail_msg("cannot read %s", name);
        return 0;
    }
    size_t k = fread(to, 1, n - 1, f);
    (void)fclose(f);
    to[k] = '\0';
    return k;
}

static void write_file(const char *name, const char *text, size_t n) {
    FILE *f = fopen(name, "w");
    if (!f) {
        fail_msg("cannot write %s", name);
        return;
    }
    assert_int_equal(fwrite(text, 1, n, f), n);
    (void)fclose(f);
}

static void one_line_with(const char *words) {
    char text[1000];
    size_t n = read_file(err, text, sizeof text);
    assert_true(n > 0 && strchr(text, '\n') == text + n - 1);
    if (!strstr(text, words)) fail_msg("\"%s\" is not in: %s", words, text);
    assert_int_equal(read_file(out, text, sizeof text), 0);
}

static int make(void **unused) {
    (void)unused;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/bad.sc.replay", dir);
    (void)snprintf(other, sizeof other, "%s/other.replay", dir);
    (void)snprintf(out, sizeof out, "%s/out", dir);
    (void)snprintf(err, sizeof err, "%s/err", dir);
    assert_int_equal(run("bad", "--out", dir), 1);
    return 0;
}

static int remove_all(void **unused) {
    (void)unused;
    (void)unlink(path);
    (void)unlink(other);
    (void)unlink(out);
    (void)unlink(err);
    return rmdir(dir);
}

static struct ex_record choices[EX_CHOICES];

static void test_round_trip(void **unused) {
    static struct ex_record again[EX_CHOICES];
    struct ex_replay a = { 0 }, b = { 0 };
    char why[200];
    (void)unused;
    assert_int_equal(ex_replay_read(path, &a, choices, why, sizeof why), 0);
    assert_string_equal(a.scenario, "bad");
    assert_string_equal(a.failure, "CHECK FAILED");
    assert_true(a.n > 0);
    assert_int_equal(ex_replay_write(other, &a, choices), 0);
    assert_int_equal(ex_replay_read(other, &b, again, why, sizeof why), 0);
    assert_memory_equal(choices, again, a.n * sizeof *again);
    assert_int_equal(a.version, b.version);
    assert_int_equal(run("--replay", path, NULL), 1);
    assert_int_equal(run("--replay", other, NULL), 1);
}

static void test_damage(void **unused) {
    static struct ex_record r[EX_CHOICES];
    char text[4000], why[200];
    struct ex_replay f;
    size_t n = read_file(path, text, sizeof text);
    (void)unused;
    for (size_t i = 0; i < n; i++) {
        write_file(other, text, i); /* cut */
        f = (struct ex_replay){ 0 };
        assert_int_equal(ex_replay_read(other, &f, r, why, sizeof why), -1);
        char was = text[i];
        text[i] = was == '1' ? '2' : '1'; /* changed */
        write_file(other, text, n);
        text[i] = was;
        f = (struct ex_replay){ 0 };
        if (ex_replay_read(other, &f, r, why, sizeof why) != -1) fail_msg("byte %zu may change", i);
    }
}

static void write_changed(const char *scenario, const char *memory, uint64_t version) {
    struct ex_replay f = { 0 };
    char why[200];
    assert_int_equal(ex_replay_read(path, &f, choices, why, sizeof why), 0);
    if (scenario) (void)snprintf(f.scenario, sizeof f.scenario, "%s", scenario);
    if (memory) (void)snprintf(f.memory, sizeof f.memory, "%s", memory);
    f.version ^= version;
    assert_int_equal(ex_replay_write(other, &f, choices), 0);
}

static void test_refused(void **unused) {
    (void)unused;
    write_changed("gone", NULL, 0);
    assert_int_equal(run("--replay", other, NULL), 2);
    one_line_with("unknown scenario gone");
    write_changed(NULL, "power", 0);
    assert_int_equal(run("--replay", other, NULL), 2);
    one_line_with("unknown memory model power");
    write_changed(NULL, NULL, 1);
    assert_int_equal(run("--replay", other, NULL), 2);
    one_line_with("recorded with other sources of bad");
    assert_int_equal(run("--replay", other, "--force"), 1);
    steps = 2; /* the scenario has changed since */
    assert_int_equal(run("--replay", path, NULL), 2);
    one_line_with("recorded with other sources of bad");
    steps = 1;
    assert_int_equal(run("--replay", path, NULL), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, make, remove_all);
}
