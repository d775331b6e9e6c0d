/* SPDX-License-Identifier: MIT */
/* tests/bench/trace.c - traces that are read, the errors of those that cannot be, and traces that are made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "trace.h"

static char path[64];

static void write_file(const void *bytes, size_t n) {
    (void)snprintf(path, sizeof path, "/tmp/weir_trace_XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), n);
    assert_int_equal(close(fd), 0);
}

/* ---- text ----------------------------------------------------------------------------------------------- */

static void text_is_one_key_a_line(void **state) {
    (void)state;
    static const char text[] = "17\nuser/4\r\n17\n017\nuser/4\na-key-of-more-than-sixteen-bytes\n7";
    static const uint32_t keys[] = { 0, 1, 0, 2, 1, 3, 4 };
    struct wb_trace t;
    char why[200];
    write_file(text, sizeof text - 1);
    assert_true(wb_trace_read(&t, path, WB_TRACE_AUTO, 0, why, sizeof why));
    assert_int_equal(t.n, 7);
    assert_int_equal(t.keys, 5);
    assert_memory_equal(t.at, keys, sizeof keys);
    wb_trace_free(&t);
    assert_true(wb_trace_read(&t, path, WB_TRACE_TEXT, 3, why, sizeof why));
    assert_int_equal(t.n, 3);
    assert_int_equal(t.keys, 2);
    wb_trace_free(&t);
    (void)unlink(path);
}

static void many_keys_are_told_apart(void **state) {
    (void)state;
    enum { KEYS = 100000 };
    struct wb_trace t;
    char why[200], *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    for (unsigned twice = 0; twice < 2; twice++)
        for (unsigned i = 0; i < KEYS; i++) (void)fprintf(f, "%u\n", i * 7919);
    assert_int_equal(fclose(f), 0);
    write_file(text, n);
    free(text);
    assert_true(wb_trace_read(&t, path, WB_TRACE_AUTO, 0, why, sizeof why));
    assert_int_equal(t.keys, KEYS);
    assert_int_equal(t.n, 2 * KEYS);
    for (uint32_t i = 0; i < KEYS; i++) assert_true(t.at[i] == i && t.at[KEYS + i] == i);
    wb_trace_free(&t);
    (void)unlink(path);
}

/* ---- oracleGeneral -------------------------------------------------------------------------------------- */

static void record(unsigned char *out, uint32_t time, uint64_t key, int64_t next) {
    for (unsigned i = 0; i < 4; i++) out[i] = (unsigned char)(time >> 8 * i);
    for (unsigned i = 0; i < 8; i++) out[4 + i] = (unsigned char)(key >> 8 * i);
    for (unsigned i = 0; i < 4; i++) out[12 + i] = i == 0;
    for (unsigned i = 0; i < 8; i++) out[16 + i] = (unsigned char)((uint64_t)next >> 8 * i);
}

static void binary_is_read_record_by_record(void **state) {
    (void)state;
    static const uint32_t keys[] = { 0, 1, 0 };
    unsigned char bytes[72];
    struct wb_trace t;
    char why[200];
    record(bytes, 1, UINT64_C(0x1122334455667788), 3);
    record(bytes + 24, 2, 10, -1);
    record(bytes + 48, 2, UINT64_C(0x1122334455667788), INT64_MAX);
    write_file(bytes, sizeof bytes);
    for (int form = WB_TRACE_AUTO; form <= WB_TRACE_ORACLE; form += WB_TRACE_ORACLE) {
        assert_true(wb_trace_read(&t, path, (enum wb_trace_form)form, 0, why, sizeof why));
        assert_int_equal(t.n, 3);
        assert_int_equal(t.keys, 2);
        assert_memory_equal(t.at, keys, sizeof keys);
        wb_trace_free(&t);
    }
    (void)unlink(path);
}

/* ---- what cannot be read ----------------------------------------------------------------------------------- */

static void refused(const void *bytes, size_t n, enum wb_trace_form form, const char *why_not) {
    struct wb_trace t;
    char why[300];
    write_file(bytes, n);
    assert_false(wb_trace_read(&t, path, form, 0, why, sizeof why));
    assert_true(t.at == NULL && t.n == 0 && t.keys == 0);
    if (!strstr(why, why_not) || strncmp(why, path, strlen(path)) != 0 || strchr(why, '\n'))
        fail_msg("'%s', not '%s'", why, why_not);
    (void)unlink(path);
}

static void what_is_no_trace_is_refused(void **state) {
    (void)state;
    struct wb_trace t;
    char why[300], longest[5000];
    unsigned char bytes[48];
    refused("", 0, WB_TRACE_AUTO, ": empty: there is no request in it");
    refused("a\n\nb\n", 5, WB_TRACE_AUTO, ": line 2 is empty: one key a line is expected");
    refused("a\nb c\n", 6, WB_TRACE_AUTO,
            ": line 2 has several fields: one key a line is expected");
    refused("1,2\n", 4, WB_TRACE_AUTO, ": line 1 has several fields");
    refused("a\n\0b\n", 5, WB_TRACE_TEXT, ": line 2 holds a zero byte: no text");
    memset(longest, 'x', sizeof longest);
    refused(longest, sizeof longest, WB_TRACE_AUTO, ": line 1 is longer than 4096 bytes");
    record(bytes, 1, 2, -1);
    record(bytes + 24, 1, 2, -1);
    refused(bytes, 47, WB_TRACE_AUTO, ": truncated: the last record, 2, has 23 of 24 bytes");
    refused(bytes, 3, WB_TRACE_ORACLE, ": truncated: the last record, 1, has 3 of 24 bytes");
    record(bytes + 24, 1, 2, INT64_C(1) << 60);
    refused(bytes, 48, WB_TRACE_AUTO, ": record 2 is none of an oracleGeneral trace");
    refused("abcdefghijklmnopqrstuvwxyz\n", 27, WB_TRACE_ORACLE, ": record 1 is none of");
    refused("\x28\xb5\x2f\xfd....", 8, WB_TRACE_AUTO, ": is compressed: zstd -d it first");
    refused("\x1f\x8b......", 8, WB_TRACE_AUTO, ": is compressed: gunzip it first");
    assert_false(wb_trace_read(&t, "/nonexistent/trace", WB_TRACE_AUTO, 0, why, sizeof why));
    assert_string_equal(why, "/nonexistent/trace: No such file or directory");
    assert_false(wb_trace_read(&t, "/tmp", WB_TRACE_AUTO, 0, why, sizeof why));
    assert_string_equal(why, "/tmp: Is a directory");
}

/* ---- made here -------------------------------------------------------------------------------------------- */

static const struct wb_workload *named(const char *name) {
    const struct wb_workload *w = wb_workloads;
    while (w->name && strcmp(w->name, name) != 0) w++;
    assert_non_null(w->name);
    return w;
}

/* How many requests are for the key. */
static size_t asked(const struct wb_trace *t, uint32_t key) {
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) n += t->at[i] == key;
    return n;
}

static void workloads_are_what_they_say(void **state) {
    (void)state;
    enum { KEYS = 1000, REQUESTS = 200000 };
    struct wb_trace t, again;
    for (const struct wb_workload *w = wb_workloads; w->name; w++) {
        assert_true(wb_trace_make(&t, w, KEYS, REQUESTS, 100));
        assert_true(wb_trace_make(&again, w, KEYS, REQUESTS, 100));
        assert_int_equal(t.n, REQUESTS);
        assert_memory_equal(t.at, again.at, REQUESTS * sizeof *t.at);
        for (size_t i = 0; i < t.n; i++) assert_true(t.at[i] < t.keys);
        wb_trace_free(&t);
        wb_trace_free(&again);
    }
    assert_true(
        wb_trace_make(&t, named("zipf99"), KEYS, REQUESTS, 1)); /* 1 / sum of k^-0.99: 0.1295 */
    double first = (double)asked(&t, 0), second = (double)asked(&t, 1);
    assert_true(first > 25000 && first < 27000);
    assert_true(first / second > 1.9 && first / second < 2.1);
    wb_trace_free(&t);
    assert_true(wb_trace_make(&t, named("loop"), KEYS, REQUESTS, 100));
    assert_int_equal(t.keys, 126);
    assert_int_equal(asked(&t, 125), REQUESTS / 126);
    wb_trace_free(&t);
    assert_true(wb_trace_make(&t, named("once"), KEYS, REQUESTS, 1));
    assert_true(t.keys - KEYS > REQUESTS / 5 - 1000 && t.keys - KEYS < REQUESTS / 5 + 1000);
    assert_int_equal(asked(&t, KEYS), 1);
    wb_trace_free(&t);
    assert_true(wb_trace_make(&t, named("scans"), KEYS, 15000, 1));
    assert_int_equal(t.keys, KEYS + 5000);
    for (uint32_t i = 0; i < 5000; i++) assert_int_equal(t.at[10000 + i], KEYS + i);
    wb_trace_free(&t);
    assert_true(wb_trace_make(&t, named("shifts"), KEYS, 100000, 1));
    assert_true(asked(&t, 334) > 6000); /* the favourite of the second half */
    wb_trace_free(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_one_key_a_line),
        cmocka_unit_test(many_keys_are_told_apart),
        cmocka_unit_test(binary_is_read_record_by_record),
        cmocka_unit_test(what_is_no_trace_is_refused),
        cmocka_unit_test(workloads_are_what_they_say),
    };
    return cmocka_run_group_tests_name("bench_trace", tests, NULL, NULL);
}
