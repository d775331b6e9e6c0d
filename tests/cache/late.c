/* SPDX-License-Identifier: MIT */
/* tests/cache/late.c - files that are pipes, whose other end comes late: times go on meanwhile. CACHE2. */
#include "files.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LATE_US 1500000         /* what waits */
#define TTL INT64_C(1400000000) /* less */

struct late {
    weir_cache *c;
    struct folder folder;
    char fifo[320];
};

/* Of the system's clocks: a cache's own stands still. */
static weir_cache *timed_open(void) {
    struct weir_cache_opts o = WEIR_CACHE_OPTS(uint64_t, uint64_t, 10);
    weir_cache *c = NULL;
    of_kind(&o);
    CHECK_IS(weir_cache_new(&c, &o), 0);
    return c;
}

static bool late_open(struct late *l) {
    if (!folder_open(&l->folder)) return false;
    (void)snprintf(l->fifo, sizeof l->fifo, "%s/fifo", l->folder.name);
    CHECK_IS(mkfifo(l->fifo, 0600), 0);
    l->c = timed_open();
    return true;
}
static void late_close(struct late *l) {
    CHECK_IS(weir_cache_free(l->c), 0);
    (void)unlink(l->fifo);
    folder_close(&l->folder);
}

static void copy(const char *from, const char *to) {
    char buf[4096];
    ssize_t n, all = 0;
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT, 0600);
    while ((n = read(in, buf, sizeof buf)) > 0) all += write(out, buf, (size_t)n);
    (void)close(in);
    (void)close(out);
    CHECK(all > 0, "there is nothing");
}

static int64_t save_it(void *arg) {
    const struct late *l = arg;
    return weir_cache_save(l->c, l->fifo);
}
static int64_t restore_it(void *arg) {
    const struct late *l = arg;
    return weir_cache_restore(l->c, l->fifo);
}

/* What has expired while the save waited for a reader does not come back. */
static void saved_late(void) {
    struct late l;
    struct call saves;
    if (!late_open(&l)) return;
    weir_cache *back = timed_open();
    CHECK_IS(put_ttl(l.c, 1, 10, SEC), 0);
    call_start(&saves, save_it, &l);
    (void)usleep(LATE_US);
    CHECK_IS(get(l.c, 1), WEIR_ENOENT);
    copy(l.fifo, l.folder.file);
    CHECK_IS(call_end(&saves), 1);
    restore_is(back, l.folder.file, 0);
    CHECK_IS(get(back, 1), WEIR_ENOENT);
    CHECK_IS(weir_cache_free(back), 0);
    late_close(&l);
}

/* Of a file that is saved while the restore waits for it nothing has passed. */
static void restored_late(void) {
    struct late l;
    struct call restores;
    if (!late_open(&l)) return;
    weir_cache *from = timed_open();
    call_start(&restores, restore_it, &l);
    (void)usleep(LATE_US);
    weir_time until = weir_after(TTL);
    CHECK_IS(put_ttl(from, 1, 10, TTL), 0);
    CHECK_IS(put_ttl(from, 2, 20, 1000 * SEC), 0);
    save_is(from, l.fifo, 2);
    CHECK_IS(call_end(&restores), 2);
    int64_t is = get(l.c, 1);
    CHECK(is == 10 || weir_now() >= until, "its time is over, and it is not: %lld", (long long)is);
    CHECK_IS(get(l.c, 2), 20);
    CHECK_IS(weir_cache_free(from), 0);
    late_close(&l);
}

const struct test late_tests[] = {
    { "CACHE2 what expires while a save waits does not come back", saved_late },
    { "CACHE2 what is restored lives as long as it would have, beside a wait", restored_late },
};
const size_t n_late_tests = sizeof late_tests / sizeof *late_tests;
