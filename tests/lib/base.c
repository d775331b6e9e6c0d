/* SPDX-License-Identifier: MIT */
/* tests/lib/base.c - error texts, time, copies, report of misuse, weakening, and errno, which no call of
 * weir changes. */
#include "lib/base.h"

#include "../support/check.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <weir/weir.h>

/* ---- errors ------------------------------------------------------------------------------------------ */

#define XX(name, sys, text) { WEIR_##name, sys, text },
static const struct {
    int code, sys;
    const char *text;
} codes[] = { WEIR_ERR_MAP(XX) };
#undef XX
#define CODES (sizeof codes / sizeof *codes)

static void errors(void) {
    CHECK_IS(CODES, 13);
    CHECK(strcmp(weir_strerror(WEIR_OK), "success") == 0, "text of 0");
    for (size_t i = 0; i < CODES; i++) {
        CHECK_IS(codes[i].code, -codes[i].sys);
        CHECK(strcmp(weir_strerror(codes[i].code), codes[i].text) == 0, "text of %d",
              codes[i].code);
        CHECK(*codes[i].text != '\0', "no text of %d", codes[i].code);
        for (size_t k = 0; k < i; k++)
            CHECK(codes[i].code != codes[k].code && strcmp(codes[i].text, codes[k].text) != 0,
                  "%d and %d are the same", codes[i].code, codes[k].code);
    }
    static const int others[] = { 1, -1, -4095, -4096, EAGAIN, INT_MAX, INT_MIN };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK(strcmp(weir_strerror(others[i]), "unknown error") == 0, "text of %d", others[i]);
    CHECK_IS(weir_version(), WEIR_VERSION);
}

/* ---- time -------------------------------------------------------------------------------------------- */

static weir_time clock_now(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (weir_time)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void deadlines(void) {
    static const int64_t spans[] = { 0, 1, 999999999, 1000000000, INT64_C(86400000000000) };
    for (int i = 0; i < 1000; i++) {
        weir_time before = clock_now(), now = weir_now();
        CHECK(before <= now && now <= clock_now(), "weir_now is not CLOCK_MONOTONIC");
    }
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        weir_time before = weir_now(), d = weir_after(spans[i]);
        CHECK(before + spans[i] <= d && d <= weir_now() + spans[i], "weir_after(%lld)",
              (long long)spans[i]);
    }
    static const int64_t past[] = { -1, -1000000000, INT64_MIN + 1, INT64_MIN };
    for (size_t i = 0; i < sizeof past / sizeof *past; i++) { /* a negative span counts as 0 */
        weir_time before = weir_now(), d = weir_after(past[i]);
        CHECK(before <= d && d <= weir_now(), "weir_after(%lld)", (long long)past[i]);
        CHECK(d != WEIR_NOW, "WEIR_NOW");
    }
    CHECK_IS(weir_after(INT64_MAX), WEIR_FOREVER);
    CHECK_IS(weir_after(INT64_MAX - 1), WEIR_FOREVER);
    CHECK_IS(weir_after(INT64_MAX - weir_now()), WEIR_FOREVER);
    CHECK(weir_after(INT64_MAX / 2) < WEIR_FOREVER, "saturates too early");
}

/* ---- copies ------------------------------------------------------------------------------------------ */

#define COPY_MAX 300

static void copies(void) {
    unsigned char from[COPY_MAX + 32], to[COPY_MAX + 32];
    for (size_t i = 0; i < sizeof from; i++) from[i] = (unsigned char)(i * 7 + 3);
    for (size_t n = 0; n <= COPY_MAX; n++)
        for (size_t at = 0; at < 16; at++) {
            memset(to, 0xC3, sizeof to);
            weir__copy(to + at, from + 16 - at, n);
            for (size_t i = 0; i < sizeof to; i++) {
                bool inside = i >= at && i < at + n;
                unsigned char want = inside ? from[16 - at + i - at] : 0xC3;
                if (!CHECK(to[i] == want, "copy of %zu at %zu: byte %zu", n, at, i)) return;
            }
        }
}

/* In and out of a circular array, at each position. */
static void circular(void) {
    char ring[8 * 12], in[8 * 12], out[8 * 12];
    for (size_t i = 0; i < sizeof in; i++) in[i] = (char)(i + 1);
    for (size_t slots = 1; slots <= 8; slots++)
        for (size_t pos = 0; pos < slots; pos++)
            for (size_t n = 1; n <= slots; n++) {
                memset(ring, 0, sizeof ring);
                memset(out, 0, sizeof out);
                weir__copy_in(ring, slots, pos, in, n, 12);
                for (size_t i = 0; i < n; i++)
                    CHECK(memcmp(ring + (pos + i) % slots * 12, in + i * 12, 12) == 0,
                          "%zu slots, pos %zu, element %zu of %zu", slots, pos, i, n);
                for (size_t i = n; i < slots; i++)
                    CHECK(ring[(pos + i) % slots * 12] == 0, "slot %zu was written",
                          (pos + i) % slots);
                weir__copy_out(out, ring, slots, pos, n, 12);
                CHECK(memcmp(in, out, n * 12) == 0 && (n == slots || out[n * 12] == 0),
                      "%zu slots, pos %zu, %zu out", slots, pos, n);
            }
}

/* ---- report of misuse ---------------------------------------------------------------------------------- */

static int report_token, reports;
static char reported[100];

static void on_report(const char *call, const char *what, void *arg) {
    CHECK(arg == &report_token, "another argument");
    reports++;
    (void)snprintf(reported, sizeof reported, "%s: %s", call, what);
}

static void report(void) {
    char line[200] = "";
    int fds[2], saved = dup(2);
    weir_set_report(on_report, &report_token);
    CHECK_IS(weir__misuse("weir_x", "is wrong"), WEIR_EINVAL);
    CHECK(reports == 1 && strcmp(reported, "weir_x: is wrong") == 0, "%d reports: %s", reports,
          reported);
    CHECK_IS(weir_mpmc_fini(NULL, NULL, NULL), WEIR_EINVAL);
    CHECK(reports == 2 && strncmp(reported, "weir_mpmc_fini: ", 16) == 0, "%s", reported);

    weir_set_report(NULL, NULL); /* the default: one line on stderr, which names the call */
    if (saved < 0 || pipe(fds) != 0 || dup2(fds[1], 2) != 2) {
        CHECK(false, "stderr cannot be caught: %s", strerror(errno));
        return;
    }
    CHECK_IS(weir__misuse("weir_y", "is wrong too"), WEIR_EINVAL);
    (void)fflush(stderr);
    (void)dup2(saved, 2);
    ssize_t n = read(fds[0], line, sizeof line - 1);
    CHECK(n > 0 && strcmp(line, "weir: weir_y: is wrong too\n") == 0, "stderr: %s", line);
    CHECK_IS(reports, 2);
    (void)close(fds[0]), (void)close(fds[1]), (void)close(saved);
}

/* ---- weakening ----------------------------------------------------------------------------------------- */

/* By the kind of the operation: which steps it has. */
enum { LOAD_ACQ = 2, STORE_REL = 4, RMW_ACQ = 2, RMW_REL = 4, LOAD_SC = 1 | 2, STORE_SC = 1 | 4 };
enum { RMW_SC = 1 | 2 | 4, RMW_AR = 2 | 4, RECHECK = 8 };

#define XX(label, kind, partners, text) { #label, kind },
static const struct {
    const char *name;
    unsigned kind;
} labels[] = { WEIR_LABELS(XX) };
#undef XX

static unsigned weakened(void) {
    unsigned n = 0;
    for (unsigned i = 0; i < WEIR_LABELS_; i++) n += weir__weak_[i] != WEIR_WEAK_NONE;
    return n;
}

static void weaken(void) {
    static const char *const steps[] = { "sc", "acquire", "release", "check" };
    char text[64];
    for (unsigned i = 0; i < sizeof labels / sizeof *labels; i++)
        for (unsigned s = 0; s < 4; s++) {
            bool has = labels[i].kind & 1u << s;
            (void)snprintf(text, sizeof text, "%s:%s", labels[i].name, steps[s]);
            check_context("%s", text);
            CHECK_IS(weir_weaken(text), has ? 0 : WEIR_EINVAL);
            CHECK_IS(weakened(), has); /* one label at a time */
            if (has) CHECK_IS(weir__weak_[i + 1], s + 1);
        }
    check_context("bad arguments");
    CHECK_IS(weir_weaken("NO_SUCH_LABEL:acquire"), WEIR_ENOENT);
    CHECK_IS(weir_weaken("SPSC_T:release"), WEIR_ENOENT); /* the beginning of one */
    CHECK_IS(weir_weaken(""), WEIR_ENOENT);
    CHECK_IS(weir_weaken(":release"), WEIR_ENOENT);
    CHECK_IS(weir_weaken("SPSC_T1"), WEIR_EINVAL);
    CHECK_IS(weir_weaken("SPSC_T1:"), WEIR_EINVAL);
    CHECK_IS(weir_weaken("SPSC_T1:nothing"), WEIR_EINVAL);
    CHECK_IS(weir_weaken("SPSC_T1:release"), 0);
    CHECK_IS(weakened(), 1);
    CHECK_IS(weir_weaken(NULL), 0); /* restores all */
    CHECK_IS(weakened(), 0);
}

/* ---- errno ----------------------------------------------------------------------------------------------- */

#define KEEPS(call)                                            \
    do {                                                       \
        errno = 4242;                                          \
        (void)!(call);                                         \
        CHECK(errno == 4242, "%s: errno is %d", #call, errno); \
    } while (0)

static void errno_kept(void) {
    struct weir_ring_opts o = WEIR_RING_OPTS(2, 8), huge = WEIR_RING_OPTS(WEIR_RING_CAP_MAX, 65536);
    weir_mpmc *r = NULL, *none = NULL;
    weir_mutex_ring *m = NULL;
    weir_spsc *s = NULL;
    uint64_t v = 1;
    KEEPS(weir_strerror(-999) != NULL);
    KEEPS(weir_now());
    KEEPS(weir_mpmc_new(&r, &o));
    KEEPS(weir_mutex_ring_new(&m, &o));
    KEEPS(weir_spsc_new(&s, &o));
    KEEPS(weir_mpmc_new(&none, &huge));                          /* 128 TiB: refused by malloc */
    KEEPS(weir_mpmc_pop_wait(r, &v, weir_after(1000000), NULL)); /* a futex that times out */
    KEEPS(weir_mutex_ring_pop_wait(m, &v, weir_after(1000000), NULL));
    KEEPS(weir_mpmc_pop_wait(r, &v, -5, NULL));
    KEEPS(weir_mpmc_push_wait(r, &v, WEIR_NOW, NULL));
    KEEPS(weir_mpmc_pop_wait(r, &v, WEIR_NOW, NULL));
    KEEPS(weir_mpmc_pop_wait(r, &v, WEIR_NOW, NULL));
    KEEPS(weir_mpmc_close(r));
    KEEPS(weir_mpmc_free(r));
    KEEPS(weir_mutex_ring_free(m));
    errno = 4242;
    weir_spsc_free(s);
    CHECK_IS(errno, 4242);
}

static const struct test tests[] = {
    { "base: a text for every code", errors },
    { "base: deadlines saturate and never are WEIR_NOW", deadlines },
    { "base: copies of every size", copies },
    { "base: copies in and out of a circular array", circular },
    { "base: misuse is reported", report },
    { "base: one label at a time, legal steps only", weaken },
    { "base: errno is not changed", errno_kept },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "lib_base", tests, sizeof tests / sizeof *tests);
}
