/* SPDX-License-Identifier: MIT */
/* 31 - a cache of pages before a slow store: one load for all who ask at once, a bound that holds, a word about
 * what leaves; and it is saved to a file, with which the next start is warm. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weir/weir.h>

#define READERS 32
#define PAGES 100
#define ROOM 20

struct page {
    uint64_t id, version;
};

static weir_cache *cache;
static weir_au32 reads, evicted, invalidated, same;
static weir_au64 version; /* of the store */
static weir_wg gate = WEIR_WG_INIT;

static void must(int rc) {
    if (rc >= 0) return;
    struct weir_error err;
    weir_error_take(rc, &err);
    (void)fprintf(stderr, "%s\n", err.text);
    exit(1);
}

/* The slow store. There is no page 13. */
static int page_read(const void *key, void *val, weir_time *ttl, weir_ctx *ctx, void *arg) {
    const uint64_t *id = key;
    struct page *page = val;
    (void)ttl;
    (void)ctx;
    (void)arg;
    (void)weir_fetch_add_relaxed(&reads, 1);
    (void)usleep(10000);
    if (*id == 13) return WEIR_ENOENT;
    *page = (struct page){ *id, weir_load_relaxed(&version) };
    return 0;
}

static void page_left(const void *key, const void *val, int cause, void *arg) {
    (void)key;
    (void)val;
    (void)arg;
    if (cause == WEIR_CACHE_SIZE) (void)weir_fetch_add_relaxed(&evicted, 1);
    if (cause == WEIR_CACHE_EXPLICIT) (void)weir_fetch_add_relaxed(&invalidated, 1);
}

static weir_cache *cache_make(void) {
    struct weir_cache_opts o = WEIR_CACHE_OPTS(uint64_t, struct page, ROOM);
    weir_cache *made;
    o.removed = page_left;
    must(weir_cache_new(&made, &o));
    return made;
}

static struct page get(uint64_t id) {
    struct page page;
    must(weir_cache_load(cache, &id, &page, page_read, NULL));
    return page;
}

/* All ask for page 7 at once. */
static void reader(void *arg) {
    (void)arg;
    must(weir_wg_wait(&gate));
    if (get(7).id == 7) (void)weir_fetch_add_relaxed(&same, 1);
}

static void many_readers(void) {
    weir_wg threads = WEIR_WG_INIT;
    must(weir_wg_add(&gate, 1));
    for (int i = 0; i < READERS; i++) must(weir_wg_go(&threads, reader, NULL));
    must(weir_wg_done(&gate));
    must(weir_wg_wait(&threads));
    printf("%d readers of one page: %u have it, the store was asked %u times\n", READERS,
           weir_load_relaxed(&same), weir_load_relaxed(&reads));
}

static void many_pages(void) {
    uint64_t most = 0;
    for (uint64_t id = 100; id < 100 + PAGES; id++) {
        struct page page = { id, 1 };
        must(weir_cache_put(cache, &id, &page, WEIR_TTL_DEFAULT));
        if (weir_cache_weight(cache) > most) most = weir_cache_weight(cache);
    }
    printf("%d pages more: never more than %u in it, %u had to leave\n", PAGES, (unsigned)most,
           weir_load_relaxed(&evicted));
}

static void changed_page(void) {
    uint64_t id = 7;
    (void)get(7);
    weir_store_relaxed(&version, 2);
    printf("page 7: version %u", (unsigned)get(7).version);
    must(weir_cache_invalidate(cache, &id));
    printf(", after it was invalidated version %u\n", (unsigned)get(7).version);
}

static void bad_page(void) {
    uint64_t id = 13;
    struct page page;
    int rc = weir_cache_load(cache, &id, &page, page_read, NULL);
    printf("page 13: %s; it is %sin the cache\n", weir_strerror(rc),
           weir_cache_get(cache, &id, &page) == 0 ? "" : "not ");
}

/* Ends the cache, and begins with what it had. */
static void next_start(const char *path) {
    ptrdiff_t n = weir_cache_save(cache, path);
    must((int)n);
    must(weir_cache_free(cache));
    cache = cache_make();
    uint32_t before = weir_load_relaxed(&reads);
    ptrdiff_t back = weir_cache_restore(cache, path);
    must((int)back);
    unsigned v = (unsigned)get(7).version;
    printf("saved %d, restored %d; page 7: version %u, the store was asked %u times\n", (int)n,
           (int)back, v, weir_load_relaxed(&reads) - before);
}

/* A file that was cut short is refused, and says so. */
static void cut_short(const char *path) {
    struct weir_error err;
    must(weir_cache_clear(cache));
    if (truncate(path, 200) != 0) must(WEIR_ENOTSUP);
    ptrdiff_t n = weir_cache_restore(cache, path);
    weir_error_take((int)n, &err);
    printf("cut short: %.9s; %u pages in the cache\n", err.text, (unsigned)weir_cache_len(cache));
}

int main(void) {
    char folder[] = "/tmp/weir-pages-XXXXXX", path[sizeof folder + 8];
    if (!mkdtemp(folder)) must(WEIR_ENOTSUP);
    (void)snprintf(path, sizeof path, "%s/pages", folder);
    weir_store_relaxed(&version, 1);
    cache = cache_make();
    many_readers();
    many_pages();
    changed_page();
    bad_page();
    next_start(path);
    cut_short(path);
    (void)unlink(path);
    (void)rmdir(folder);
    must(weir_cache_free(cache));
    return 0;
}
