/* SPDX-License-Identifier: MIT */
/* tests/cache/spoiled.c - saved caches that are refused, with the reason, and leave the cache empty; disks that
 * are full, and leave what stood there; want of memory. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support/child.h"
#include "../support/failing_alloc.h"
#include "files.h"

/* ---- whole files
 * --------------------------------------------------------------------------------------------------- */

#define MOST 4096
struct bytes {
    unsigned char at[MOST];
    size_t n;
};
static bool read_file(const char *path, struct bytes *b) {
    FILE *f = fopen(path, "rb");
    b->n = f ? fread(b->at, 1, sizeof b->at, f) : 0;
    if (f) (void)fclose(f);
    return CHECK(b->n > 0 && b->n < sizeof b->at, "%zu bytes", b->n);
}
static void write_file(const char *path, const struct bytes *b) {
    FILE *f = fopen(path, "wb");
    bool fine = f && fwrite(b->at, 1, b->n, f) == b->n;
    if (f) fine = fclose(f) == 0 && fine;
    CHECK(fine, "the file cannot be written");
}

static uint64_t weigh_any(const void *key, const void *val, void *arg) {
    (void)key;
    (void)val;
    (void)weir_fetch_add_relaxed((weir_au64 *)arg, 1);
    return 1;
}

/* A cache that must not take anything. */
struct strict {
    weir_cache *c;
    weir_au64 weighed;
};
static void strict_open(struct strict *s, bool strings) {
    struct weir_cache_opts o = WEIR_CACHE_OPTS(uint64_t, uint64_t, 100);
    weir_init_atomic(&s->weighed, 0);
    o.keys = strings ? WEIR_MAP_STRINGS : 0;
    o.key_size = strings ? sizeof(struct weir_str) : sizeof(uint64_t);
    o.weigh = weigh_any;
    o.arg = &s->weighed;
    s->c = cache_open(&o);
}
static void refuses(struct strict *s, const char *path, int code, const char *words) {
    struct weir_error err;
    ptrdiff_t rc = weir_cache_restore(s->c, path);
    weir_error_take((int)rc, &err);
    CHECK(rc == code, "it returned %td, not %d: %s", rc, code, err.text);
    CHECK(strstr(err.text, words) != NULL, "'%s' says nothing of '%s'", err.text, words);
    CHECK_IS(weir_cache_len(s->c), 0);
    CHECK_IS(weir_load_relaxed(&s->weighed), 0);
}

static bool saved(struct folder *f, struct bytes *b, bool strings) {
    struct strict s;
    if (!folder_open(f)) return false;
    strict_open(&s, strings);
    for (uint64_t i = 0; i < 6; i++) {
        struct weir_str str = { "some key", 1 + i };
        CHECK_IS(weir_cache_put(s.c, strings ? (const void *)&str : &i, &i,
                                i % 2 ? 1000000 * SEC : DEFAULT),
                 0);
    }
    save_is(s.c, f->file, 6);
    CHECK_IS(weir_cache_free(s.c), 0);
    return read_file(f->file, b);
}

/* ---- what is refused
 * ------------------------------------------------------------------------------------------------- */

static void truncated(void) {
    for (int strings = 0; strings < 2; strings++) {
        struct folder f;
        struct bytes b;
        struct strict s;
        if (!saved(&f, &b, strings)) return;
        strict_open(&s, strings);
        for (size_t n = 0; n < b.n && checks_hold(); n++) {
            struct bytes part = b;
            part.n = n;
            check_context("%zu of %zu bytes", n, b.n);
            write_file(f.file, &part);
            refuses(&s, f.file, WEIR_EINVAL, "truncated");
        }
        write_file(f.file, &b);
        restore_is(s.c, f.file, 6);
        CHECK_IS(weir_cache_free(s.c), 0);
        folder_close(&f);
    }
}

static void altered(void) {
    static const unsigned char by[] = { 1, 0x80, 0xff };
    for (int strings = 0; strings < 2; strings++) {
        struct folder f;
        struct bytes b;
        struct strict s;
        if (!saved(&f, &b, strings)) return;
        strict_open(&s, strings);
        for (size_t i = 0; i < 3 * b.n && checks_hold(); i++) {
            struct bytes part = b;
            part.at[i / 3] ^= by[i % 3];
            check_context("byte %zu of %zu, by %#x", i / 3, b.n, by[i % 3]);
            write_file(f.file, &part);
            refuses(&s, f.file, WEIR_EINVAL, f.file);
        }
        struct bytes more = b;
        more.at[more.n++] = 0;
        write_file(f.file, &more);
        refuses(&s, f.file, WEIR_EINVAL, "more behind its end");
        CHECK_IS(weir_cache_free(s.c), 0);
        folder_close(&f);
    }
}

static void says_what(void) {
    struct folder f;
    struct bytes b, part;
    struct strict s, strings;
    struct weir_cache_opts o = WEIR_CACHE_OPTS(uint32_t, uint64_t, 100);
    if (!saved(&f, &b, false)) return;
    strict_open(&s, false);
    strict_open(&strings, true);
    struct strict narrow = { .c = cache_open(&o) };
    refuses(&strings, f.file, WEIR_EINVAL, "its keys are no strings");
    refuses(&narrow, f.file, WEIR_EINVAL,
            "keys of 8 bytes and values of 8: this cache has 4 and 8");
    const struct {
        size_t at;
        unsigned char by;
        const char *words;
    } spoils[] = {
        { 0, 1, "no saved cache" },
        { 8, 1, "order of bytes" },
        { 12, 1 ^ 2, "version 2" },
        { 40, 1, "the header's checksum" },
        { b.n - 20, 1, "the checksum is wrong" }, /* a key or value of the last entry */
    };
    for (size_t i = 0; i < sizeof spoils / sizeof *spoils; i++) {
        part = b;
        part.at[spoils[i].at] ^= spoils[i].by;
        write_file(f.file, &part);
        refuses(&s, f.file, WEIR_EINVAL, spoils[i].words);
    }
    CHECK_IS(weir_cache_free(s.c), 0);
    CHECK_IS(weir_cache_free(strings.c), 0);
    CHECK_IS(weir_cache_free(narrow.c), 0);
    folder_close(&f);
}

static void no_file(void) {
    struct folder f;
    struct strict s;
    char path[5000];
    if (!folder_open(&f)) return;
    strict_open(&s, false);
    refuses(&s, f.file, WEIR_ENOENT, "No such file");
    refuses(&s, f.name, -EISDIR, f.name);
    refuses(&s, "/dev/null", WEIR_EINVAL, "truncated");
    refuses(&s, "/dev/zero", WEIR_EINVAL, "no saved cache");
    CHECK_IS(weir_cache_save(s.c, f.name), -EISDIR);
    memset(path, 'a', sizeof path);
    path[sizeof path - 1] = '\0';
    CHECK_IS(weir_cache_save(s.c, path), -ENAMETOOLONG);
    (void)snprintf(path, sizeof path, "%s/none/saved", f.name);
    CHECK_IS(weir_cache_save(s.c, path), WEIR_ENOENT);
    count_misuse(true);
    CHECK_IS(weir_cache_save(NULL, f.file), WEIR_EINVAL);
    CHECK_IS(weir_cache_save(s.c, NULL), WEIR_EINVAL);
    CHECK_IS(weir_cache_restore(NULL, f.file), WEIR_EINVAL);
    CHECK_IS(weir_cache_restore(s.c, NULL), WEIR_EINVAL);
    count_misuse(false);
    CHECK_IS(weir_cache_free(s.c), 0);
    folder_close(&f);
}

static void drops_and_closed(void) {
    struct world w = { 0 };
    struct weir_cache_opts drops = opts(&w, 10);
    struct folder f;
    struct bytes b;
    struct strict s;
    struct weir_error err;
    if (!saved(&f, &b, false)) return;
    weir_cache *c = cache_open(&drops);
    CHECK_IS(weir_cache_save(c, f.file), WEIR_ENOTSUP);
    CHECK_IS(weir_cache_restore(c, f.file), WEIR_ENOTSUP);
    weir_error_take(WEIR_ENOTSUP, &err);
    CHECK(strstr(err.text, "drop") != NULL, "'%s'", err.text);
    cache_close(c, &w);
    strict_open(&s, false);
    CHECK_IS(weir_cache_close(s.c), 0);
    CHECK_IS(weir_cache_restore(s.c, f.file), WEIR_ECLOSED);
    save_is(s.c, f.file, 0);
    CHECK_IS(weir_cache_free(s.c), 0);
    folder_close(&f);
}

/* ---- full disks
 * ------------------------------------------------------------------------------------------------------ */

static void fails_to_save(weir_cache *c, const char *path, int code) {
    struct weir_error err;
    ptrdiff_t rc = weir_cache_save(c, path);
    weir_error_take((int)rc, &err);
    CHECK(rc == code, "it returned %td, not %d: %s", rc, code, err.text);
    CHECK(strstr(err.text, path) != NULL, "'%s'", err.text);
}

static void full_disk(void) {
    struct strict s;
    struct stat st = { 0 };
    strict_open(&s, false);
    for (uint64_t k = 0; k < 100; k++) CHECK_IS(put(s.c, k, k), 0);
    fails_to_save(s.c, "/dev/full", -ENOSPC);
    CHECK(stat("/dev/full", &st) == 0 && S_ISCHR(st.st_mode), "it is gone");
    save_is(s.c, "/dev/null", 100);
    CHECK_IS(weir_cache_free(s.c), 0);
}

/* A device whose writes return 0. In a child: as long as the child lives. */
static void takes_nothing(void) {
    struct folder f;
    struct strict s;
    if (!folder_open(&f)) return;
    strict_open(&s, false);
    for (uint64_t k = 0; k < 100; k++) CHECK_IS(put(s.c, k, k), 0);
    save_is(s.c, f.file, 100);
    pid_t pid = fork();
    if (pid == 0) {
        (void)alarm(10);
        if (!writes_take_nothing()) _exit(2);
        _exit(weir_cache_save(s.c, f.file) == -EIO ? 0 : 1);
    }
    (void)child_well(pid);
    CHECK_IS(weir_cache_clear(s.c), 0);
    restore_is(s.c, f.file, 100); /* the old one, whole */
    CHECK_IS(weir_cache_free(s.c), 0);
    folder_close(&f);
}

/* Room for so many bytes: the old file stays, and nothing else is left. */
static void too_little_room(void) {
    struct folder f;
    struct bytes b, now;
    struct strict s;
    struct rlimit before, limit;
    if (!saved(&f, &b, false)) return;
    strict_open(&s, false);
    for (uint64_t k = 0; k < 100; k++) CHECK_IS(put(s.c, k, k), 0);
    CHECK_IS(getrlimit(RLIMIT_FSIZE, &before), 0);
    void (*was)(int) = signal(SIGXFSZ, SIG_IGN);
    limit = before;
    for (limit.rlim_cur = 0; limit.rlim_cur < 4800 && checks_hold(); limit.rlim_cur += 71) {
        CHECK_IS(setrlimit(RLIMIT_FSIZE, &limit), 0);
        fails_to_save(s.c, f.file, -EFBIG);
        CHECK_IS(setrlimit(RLIMIT_FSIZE, &before), 0);
        if (!read_file(f.file, &now)) break;
        CHECK(now.n == b.n && memcmp(now.at, b.at, b.n) == 0, "the old file has changed");
    }
    (void)signal(SIGXFSZ, was);
    CHECK_IS(weir_cache_free(s.c), 0);
    folder_close(&f); /* which is empty but for the file */
}

/* The reader of a pipe leaves. Whether SIGPIPE was blocked before, and pending. */
struct saves {
    weir_cache *c;
    char path[40];
    bool blocked, pending;
};
static weir_au32 signals;
static void on_pipe(int sig) {
    (void)sig;
    (void)weir_fetch_add_relaxed(&signals, 1);
}
static bool has_pipe(int (*what)(sigset_t *)) {
    sigset_t set;
    return what(&set) == 0 && sigismember(&set, SIGPIPE) == 1;
}
static int blocked_now(sigset_t *set) { return pthread_sigmask(SIG_BLOCK, NULL, set); }
static int64_t save_call(void *arg) {
    const struct saves *s = arg;
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGPIPE);
    if (s->blocked) CHECK_IS(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
    if (s->pending) CHECK_IS(pthread_kill(pthread_self(), SIGPIPE), 0);
    int64_t rc = weir_cache_save(s->c, s->path);
    CHECK_IS(has_pipe(blocked_now), s->blocked); /* as it was found */
    CHECK_IS(has_pipe(sigpending), s->pending);
    return rc;
}
static void reader_leaves(void) {
    static const struct saves how[] = { { .blocked = false },
                                        { .blocked = true },
                                        { .blocked = true, .pending = true } };
    void (*was)(int) = signal(SIGPIPE, on_pipe);
    struct strict s;
    strict_open(&s, false);
    for (uint64_t k = 0; k < 100; k++) CHECK_IS(put(s.c, k, k), 0);
    for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
        struct saves save = how[i];
        struct call call;
        int fd[2];
        if (!CHECK(pipe(fd) == 0, "no pipe")) break;
        CHECK(fcntl(fd[1], F_SETPIPE_SZ, 4096) == 4096, "not so small a pipe");
        (void)snprintf(save.path, sizeof save.path, "/proc/self/fd/%d", fd[1]);
        save.c = s.c;
        call_start(&call, save_call, &save);
        CHECK(call_sleeps(&call), "there was room for all of it");
        (void)close(fd[0]);
        CHECK_IS(call_end(&call), -EPIPE);
        (void)close(fd[1]);
        CHECK_IS(weir_load_relaxed(&signals), 0);
    }
    (void)signal(SIGPIPE, was);
    CHECK_IS(weir_cache_free(s.c), 0);
}

/* ---- want of memory
 * -------------------------------------------------------------------------------------------------- */

static void no_memory(void) {
    struct folder f;
    struct bytes b;
    bool failed = true;
    if (!saved(&f, &b, false)) return;
    for (size_t at = 1; failed && at < 2000 && checks_hold(); at++) {
        struct failing_alloc a;
        struct weir_cache_opts o = WEIR_CACHE_OPTS(uint64_t, uint64_t, 100);
        weir_cache *c = NULL;
        failing_alloc_init(&a, at);
        o.alloc = &a.as;
        of_kind(&o);
        if (weir_cache_new(&c, &o) == 0) {
            ptrdiff_t n = weir_cache_restore(c, f.file);
            CHECK(n == 6 || n == WEIR_ENOMEM, "restored %td", n);
            ptrdiff_t len = (ptrdiff_t)weir_cache_len(c);
            n = weir_cache_save(c, "/dev/null");
            CHECK(n == len || n == WEIR_ENOMEM, "saved %td of %td", n, len);
            CHECK_IS(weir_cache_free(c), 0);
        }
        failed = a.refused > 0;
        CHECK_IS(weir_rcu_barrier(), 0);
        CHECK_IS(a.out, 0);
    }
    CHECK(!failed, "it always failed");
    folder_close(&f);
}

const struct test spoiled_tests[] = {
    { "files: truncated at any length: refused, the cache stays empty", truncated },
    { "files: any byte altered: refused, the cache stays empty", altered },
    { "files: what is refused is said", says_what },
    { "files: no file, a folder, a device", no_file },
    { "files: values with a drop; a cache that is closed", drops_and_closed },
    { "files: a full disk is said", full_disk },
    { "files: what takes nothing is given up", takes_nothing },
    { "files: too little room: the old file stays, and no half one", too_little_room },
    { "files: the reader of a pipe leaves: that is said, without SIGPIPE", reader_leaves },
    { "files: want of memory, at each request", no_memory },
};
const size_t n_spoiled_tests = sizeof spoiled_tests / sizeof *spoiled_tests;
