/* SPDX-License-Identifier: MIT */
/* 04 - an error group with a context: URLs are fetched over HTTP, all at once. The first failure ends the context of
 * the others, which give up in the middle of their request; the wait returns that failure, with the text of where
 * it came from.
 *
 *   04_group_fetch http://127.0.0.1:8080/text/a http://127.0.0.1:8080/text/b ...
 *   cc 04_group_fetch.c $(pkg-config --cflags --libs weir libcurl) */
#include <stdio.h>
#include <stdlib.h>

#include "http_get.h"

struct page {
    const char *url;
    int rc;
    struct http_reply reply;
};

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

static int fetch(weir_ctx *ctx, void *arg) {
    struct page *p = arg;
    p->rc = http_get(p->url, &p->reply, ctx);
    if (p->rc == HTTP_FAILED) return weir_fail(p->rc, "GET %s: %s", p->url, p->reply.error);
    return weir_wrap(p->rc, "GET %s", p->url);
}

static int fetch_all(struct page *pages, int n) {
    weir_group *g;
    int rc = weir_group_new(&g, NULL, NULL, WEIR_GROUP_NONE);
    if (rc < 0) return rc;
    for (int i = 0; i < n && rc == 0; i++) rc = weir_group_go(g, fetch, &pages[i]);
    int first = weir_group_wait(g); /* also if not all could be begun */
    must(weir_group_free(g));
    return weir_wrap(rc < 0 ? rc : first, "fetch %d pages", n);
}

int main(int argc, char **argv) {
    int n = argc - 1;
    struct weir_error err;
    struct page *pages = calloc((size_t)n + 1, sizeof *pages);
    if (!pages) must(WEIR_ENOMEM);
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    for (int i = 0; i < n; i++) pages[i].url = argv[i + 1];
    int rc = fetch_all(pages, n);
    weir_error_take(rc, &err);
    for (int i = 0; i < n; i++) {
        if (pages[i].rc == 0) printf("%s: %s\n", pages[i].url, pages[i].reply.body);
        if (pages[i].rc == WEIR_ECANCELED) printf("%s: given up\n", pages[i].url);
    }
    printf("%s\n", rc < 0 ? err.text : "all there");
    free(pages);
    curl_global_cleanup();
    return 0;
}
