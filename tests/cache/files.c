/* SPDX-License-Identifier: MIT */
/* tests/cache/files.c - caches that are saved and restored: what comes back. What is refused: spoiled.c. */
#include "files.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- shared
 * ------------------------------------------------------------------------------------------------------- */

struct weir_cache_opts file_opts(struct world *w, uint64_t capacity) {
    struct weir_cache_opts o = opts(w, capacity);
    o.drop = NULL; /* those cannot be saved */
    return o;
}

bool folder_open(struct folder *f) {
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(f->name, sizeof f->name, "%s/weir-cache-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!CHECK(mkdtemp(f->name) != NULL, "no folder for a file")) return false;
    (void)snprintf(f->file, sizeof f->file, "%s/saved", f->name);
    return true;
}
void folder_close(struct folder *f) {
    (void)unlink(f->file);
    CHECK(rmdir(f->name) == 0, "something was left in %s", f->name);
}

void save_is(weir_cache *c, const char *path, ptrdiff_t n) {
    struct weir_error err;
    ptrdiff_t rc = weir_cache_save(c, path);
    weir_error_take((int)rc, &err);
    CHECK(rc == n, "saved %td, not %td: %s", rc, n, err.text);
}
void restore_is(weir_cache *c, const char *path, ptrdiff_t n) {
    struct weir_error err;
    ptrdiff_t rc = weir_cache_restore(c, path);
    weir_error_take((int)rc, &err);
    CHECK(rc == n, "restored %td, not %td: %s", rc, n, err.text);
}

/* ---- what comes back
 * ------------------------------------------------------------------------------------------------ */

static void the_same(void) {
    struct world w = { .weighs = true };
    struct weir_cache_opts o = file_opts(&w, 10000000);
    struct folder f;
    if (!folder_open(&f)) return;
    o.shards = 4;
    weir_cache *c = cache_open(&o), *back = cache_open(&o);
    for (uint64_t k = 0; k < 1000; k++) CHECK_IS(put(c, k, 3 * k), 0);
    save_is(c, f.file, 1000);
    restore_is(back, f.file, 1000);
    for (uint64_t k = 0; k < 1000; k++) CHECK_IS(get(back, k), 3 * k);
    CHECK_IS(weir_cache_len(back), 1000);
    CHECK_IS(weir_cache_weight(back), weir_cache_weight(c));
    CHECK_IS(weir_cache_clear(c), 0); /* of nothing */
    save_is(c, f.file, 0);
    CHECK_IS(weir_cache_clear(back), 0);
    restore_is(back, f.file, 0);
    CHECK_IS(weir_cache_len(back), 0);
    CHECK_IS(weir_cache_free(c), 0);
    CHECK_IS(weir_cache_free(back), 0);
    folder_close(&f);
}

static void strings_and_sizes(void) {
    static char longest[65535];
    struct weir_cache_opts o = WEIR_CACHE_OPTS(struct weir_str, char[1024], 10);
    struct weir_str keys[] = {
        { "", 0 }, { "abc", 3 }, { "ab\0c", 4 }, { longest, sizeof longest }
    };
    struct folder f;
    char val[1024];
    weir_cache *c, *back;
    if (!folder_open(&f)) return;
    memset(longest, 'x', sizeof longest);
    o.keys = WEIR_MAP_STRINGS;
    of_kind(&o);
    CHECK_IS(weir_cache_new(&c, &o), 0);
    CHECK_IS(weir_cache_new(&back, &o), 0);
    for (size_t i = 0; i < 4; i++) {
        memset(val, 'a' + (int)i, sizeof val);
        CHECK_IS(weir_cache_put(c, &keys[i], val, DEFAULT), 0);
    }
    save_is(c, f.file, 4);
    restore_is(back, f.file, 4);
    for (size_t i = 0; i < 4; i++) {
        CHECK_IS(weir_cache_get(back, &keys[i], val), 0);
        CHECK_IS(val[0], 'a' + (int)i);
        CHECK_IS(val[1023], 'a' + (int)i);
    }
    CHECK_IS(weir_cache_free(c), 0);
    CHECK_IS(weir_cache_free(back), 0);
    folder_close(&f);
}

/* Times go on, by the caches' own clock. */
static void times_go_on(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = file_opts(&w, 100);
    struct folder f;
    if (!folder_open(&f)) return;
    o.tti = 40 * SEC;
    weir_cache *c = cache_open(&o), *back = cache_open(&o);
    world_at(&w, 100 * SEC);
    CHECK_IS(put_ttl(c, 1, 1, 10 * SEC), 0);
    CHECK_IS(put_ttl(c, 2, 2, 20 * SEC), 0);
    CHECK_IS(put_ttl(c, 3, 3, WEIR_FOREVER), 0);
    CHECK_IS(put_ttl(c, 4, 4, 3 * SEC), 0);
    world_at(&w, 105 * SEC);
    save_is(c, f.file, 3); /* the fourth has expired */
    world_at(&w, 112 * SEC);
    restore_is(back, f.file, 2); /* and the first */
    CHECK_IS(get(back, 1), WEIR_ENOENT);
    CHECK_IS(get(back, 2), 2);
    world_at(&w, 120 * SEC - 1);
    CHECK_IS(get(back, 2), 2);
    world_at(&w, 120 * SEC);
    CHECK_IS(get(back, 2), WEIR_ENOENT);
    CHECK_IS(weir_cache_clear(back), 0);
    restore_is(back, f.file, 1); /* idle for 20 s */
    world_at(&w, 139 * SEC);
    struct weir_cache_opts idle = o;
    weir_cache *late = cache_open(&idle);
    restore_is(late, f.file, 1);
    world_at(&w, 141 * SEC); /* a 64th of the time to idle later at most */
    CHECK_IS(get(late, 3), WEIR_ENOENT);
    CHECK_IS(weir_cache_free(late), 0);
    CHECK_IS(weir_cache_free(c), 0);
    CHECK_IS(weir_cache_free(back), 0);
    folder_close(&f);
}

/* By the system's clock: what has a short time to live is over, what has a long one is not. */
static void by_the_systems_clock(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = file_opts(&w, 100);
    struct folder f;
    if (!folder_open(&f)) return;
    o.clock = NULL;
    weir_cache *c = cache_open(&o), *back = cache_open(&o);
    CHECK_IS(put_ttl(c, 1, 1, 3600 * SEC), 0);
    CHECK_IS(put_ttl(c, 2, 2, 200 * MS), 0);
    save_is(c, f.file, 2);
    (void)usleep(250000);
    restore_is(back, f.file, 1);
    CHECK_IS(get(back, 1), 1);
    CHECK_IS(weir_cache_free(c), 0);
    CHECK_IS(weir_cache_free(back), 0);
    folder_close(&f);
}

/* What is there stays, and what is too much, or too heavy, does not come. */
static void less_room(void) {
    struct world w = { .weighs = true };
    struct weir_cache_opts o = file_opts(&w, 100), small = file_opts(&w, 10);
    struct folder f;
    if (!folder_open(&f)) return;
    weir_cache *c = cache_open(&o), *back = cache_open(&small);
    CHECK_IS(put(c, 1, 11), 0);
    for (uint64_t k = 2; k < 22; k++) CHECK_IS(put(c, k, 1), 0);
    save_is(c, f.file, 21);
    restore_is(back, f.file, 20);
    CHECK_IS(weir_cache_weight(back), 10);
    CHECK_IS(get(back, 1), WEIR_ENOENT);
    CHECK_IS(weir_cache_clear(c), 0);
    CHECK_IS(put(c, 21, 2), 0);
    restore_is(c, f.file, 20);
    CHECK_IS(get(c, 21), 2);
    CHECK_IS(weir_cache_len(c), 21);
    CHECK_IS(weir_cache_free(c), 0);
    CHECK_IS(weir_cache_free(back), 0);
    folder_close(&f);
}

/* What was used last leaves last, before and after. */
static void order_of_use(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = file_opts(&w, 50);
    struct folder f;
    if (!folder_open(&f)) return;
    o.kind = WEIR_CACHE_MUTEX_LRU;
    weir_cache *c = NULL, *back = NULL;
    CHECK_IS(weir_cache_new(&c, &o), 0);
    CHECK_IS(weir_cache_new(&back, &o), 0);
    for (uint64_t k = 0; k < 50; k++) CHECK_IS(put(c, k, k), 0);
    for (uint64_t k = 0; k < 25; k++) CHECK_IS(get(c, 2 * k), 2 * k);
    save_is(c, f.file, 50);
    restore_is(back, f.file, 50);
    for (uint64_t k = 0; k < 25; k++) CHECK_IS(put(back, 100 + k, 1), 0);
    for (uint64_t k = 0; k < 25; k++) {
        CHECK_IS(get(back, 2 * k), 2 * k);
        CHECK_IS(get(back, 2 * k + 1), WEIR_ENOENT);
    }
    CHECK_IS(weir_cache_free(c), 0);
    CHECK_IS(weir_cache_free(back), 0);
    folder_close(&f);
}

/* With S3-FIFO what was used goes on to be worth more than what was not. */
static void uses_come_back(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = file_opts(&w, 100);
    struct folder f;
    if (!folder_open(&f)) return;
    weir_cache *c = NULL, *back = NULL;
    CHECK_IS(weir_cache_new(&c, &o), 0);
    CHECK_IS(weir_cache_new(&back, &o), 0);
    for (uint64_t k = 0; k < 100; k++) CHECK_IS(put(c, k, k), 0);
    for (uint64_t k = 0; k < 20; k++) CHECK_IS(get(c, k), k);
    for (uint64_t k = 100; k < 200; k++) CHECK_IS(put(c, k, k), 0);
    save_is(c, f.file, 100);
    restore_is(back, f.file, 100);
    for (uint64_t k = 200; k < 280; k++) CHECK_IS(put(back, k, k), 0);
    for (uint64_t k = 0; k < 20; k++) CHECK_IS(get(back, k), k);
    CHECK_IS(weir_cache_free(c), 0);
    CHECK_IS(weir_cache_free(back), 0);
    folder_close(&f);
}

/* ---- beside others
 * -------------------------------------------------------------------------------------------------- */

struct busy {
    weir_cache *c;
    struct folder f;
    weir_au32 writers;
};
static int is_whole(const void *key, const void *val, void *arg) {
    (void)arg;
    CHECK_IS(*(const uint64_t *)val >> 32, *(const uint64_t *)key);
    return 0;
}
static void busy_thread(void *arg, size_t index) {
    struct busy *b = arg;
    rng_seed(index);
    for (size_t i = 0; index && i < times(3000) && checks_hold(); i++) {
        uint64_t k = rng_below(300);
        CHECK_IS(put(b->c, k, k << 32 | i), 0);
        if (rng_below(8) == 0) (void)inv(b->c, rng_below(300));
    }
    if (index) (void)weir_fetch_sub_acq_rel(&b->writers, 1, 0);
    for (bool last = false; !index && !last && checks_hold();) {
        struct weir_cache_opts o = WEIR_CACHE_OPTS(uint64_t, uint64_t, 200);
        weir_cache *back = cache_open(&o);
        last = weir_load_acquire(&b->writers, 0) == 0;
        ptrdiff_t n = weir_cache_save(b->c, b->f.file);
        CHECK(n >= 0 && n <= 200, "saved %td", n);
        restore_is(back, b->f.file, n);
        CHECK_IS(weir_cache_each(back, is_whole, NULL), 0);
        CHECK_IS(weir_cache_free(back), 0);
    }
}
static void beside_writers(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = file_opts(&w, 100);
    struct busy b = { 0 };
    if (!folder_open(&b.f)) return;
    o.shards = 2;
    o.clock = NULL;
    b.c = cache_open(&o);
    weir_init_atomic(&b.writers, 3);
    team_run(4, busy_thread, &b);
    CHECK_IS(weir_cache_free(b.c), 0);
    folder_close(&b.f);
}

/* A pipe is written to, and read from, as it is. */
static void through_a_pipe(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = file_opts(&w, 100);
    char in[40], out[40];
    int fd[2];
    weir_cache *c = cache_open(&o), *back = cache_open(&o);
    for (uint64_t k = 0; k < 100; k++) CHECK_IS(put(c, k, k), 0);
    if (!CHECK(pipe(fd) == 0, "no pipe")) return;
    (void)snprintf(in, sizeof in, "/proc/self/fd/%d", fd[1]);
    (void)snprintf(out, sizeof out, "/proc/self/fd/%d", fd[0]);
    save_is(c, in, 100);
    (void)close(fd[1]);
    restore_is(back, out, 100);
    (void)close(fd[0]);
    CHECK_IS(weir_cache_len(back), 100);
    CHECK_IS(weir_cache_free(c), 0);
    CHECK_IS(weir_cache_free(back), 0);
}

/* The loader finds nothing, and meanwhile a restore has brought the value: that stays, whatever the loader returns. */
struct restores {
    weir_cache *c;
    const char *path;
};
static int restore_and_fail(const void *key, void *val, weir_time *ttl, weir_ctx *ctx, void *arg) {
    const struct restores *r = arg;
    (void)key;
    (void)val;
    (void)ttl;
    (void)ctx;
    restore_is(r->c, r->path, 1);
    return -5;
}
static void beside_a_load_that_fails(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = file_opts(&w, 100);
    struct folder f;
    uint64_t key = 1, val = 77;
    if (!folder_open(&f)) return;
    o.negative_ttl = 50;
    weir_cache *c = cache_open(&o);
    struct restores r = { c, f.file };
    CHECK_IS(put(c, 1, 10), 0);
    save_is(c, f.file, 1);
    CHECK_IS(inv(c, 1), 0);
    CHECK_IS(weir_cache_load(c, &key, &val, restore_and_fail, &r), -5);
    CHECK_IS(val, 77);
    CHECK_IS(get(c, 1), 10);
    CHECK_IS(told(&w, WEIR_CACHE_REPLACED), 0);
    cache_close(c, &w);
    folder_close(&f);
}

/* `weigh` ends the thread at key 1: what was stored by then stays, and nothing of the rest. */
static uint64_t weigh_to_the_end(const void *key, const void *val, void *arg) {
    (void)val;
    (void)arg;
    if (*(const uint64_t *)key == 1) pthread_exit(NULL);
    return 1;
}
static int64_t restore_call(void *arg) {
    const struct restores *r = arg;
    return weir_cache_restore(r->c, r->path);
}
static void weigh_ends_the_thread(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = file_opts(&w, 100);
    struct folder f;
    struct call call;
    if (!folder_open(&f)) return;
    weir_cache *c = cache_open(&o);
    o.weigh = weigh_to_the_end;
    weir_cache *back = cache_open(&o);
    struct restores r = { back, f.file };
    for (uint64_t k = 5; k >= 1; k--) CHECK_IS(put(c, k, k), 0);
    CHECK_IS(put(c, 6, 6), 0);
    save_is(c, f.file, 6);
    call_start(&call, restore_call, &r);
    (void)pthread_join(call.thread, NULL);
    for (uint64_t k = 2; k <= 5; k++) CHECK_IS(get(back, k), k);
    CHECK_IS(get(back, 1), WEIR_ENOENT);
    CHECK_IS(get(back, 6), WEIR_ENOENT);
    CHECK_IS(weir_cache_len(back), 4);
    CHECK_IS(weir_cache_free(c), 0);
    CHECK_IS(weir_cache_free(back), 0); /* WEIR_EBUSY, if something was left */
    folder_close(&f);
}

static void owners_alone(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = file_opts(&w, 100);
    struct folder f;
    struct stat st = { 0 };
    if (!folder_open(&f)) return;
    weir_cache *c = cache_open(&o);
    save_is(c, f.file, 0);
    CHECK_IS(stat(f.file, &st), 0);
    CHECK_IS(st.st_mode & 0777, 0600);
    CHECK_IS(weir_cache_free(c), 0);
    folder_close(&f);
}

const struct test file_tests[] = {
    { "files: what is saved and restored is the same", the_same },
    { "files: keys that are strings, and the largest values", strings_and_sizes },
    { "files: times go on by the caches' own clock", times_go_on },
    { "files: times go on by the system's clock", by_the_systems_clock },
    { "files: what is there stays, what is too much does not come", less_room },
    { "files: LRU's order comes back", order_of_use },
    { "files: S3-FIFO's uses come back", uses_come_back },
    { "files: saved beside writers", beside_writers },
    { "files: through a pipe", through_a_pipe },
    { "files: CACHE16 a load that fails does not replace what was restored",
      beside_a_load_that_fails },
    { "files: CACHE30 nothing stays of a restore whose thread `weigh` ends",
      weigh_ends_the_thread },
    { "files: only the owner may read it", owners_alone },
};
const size_t n_file_tests = sizeof file_tests / sizeof *file_tests;
