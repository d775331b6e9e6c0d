/* SPDX-License-Identifier: MIT */
/* 23 - three parts of a dashboard, loaded over HTTP at once by an error group. If one fails, the others are given up,
 * and the error says what was being done, from the outside in. All has to be there within some time.
 *
 *   23_parallel_fetch http://127.0.0.1:8080/text/ann http://127.0.0.1:8080/text/7 http://127.0.0.1:8080/text/up [ms]
 *   cc 23_parallel_fetch.c $(pkg-config --cflags --libs weir libcurl) */
#include <stdio.h>
#include <stdlib.h>

#include "http_get.h"

enum { USER, ORDERS, STATS, PARTS };

struct part {
    const char *name, *url;
    char text[64];
};
struct dashboard {
    struct part part[PARTS];
};

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

static int get(const char *url, struct http_reply *reply, weir_ctx *ctx) {
    int rc = http_get(url, reply, ctx);
    if (rc == HTTP_FAILED) return weir_fail(rc, "GET %s: %s", url, reply->error);
    return weir_wrap(rc, "GET %s", url);
}

static int load_part(weir_ctx *ctx, void *arg) {
    struct part *p = arg;
    struct http_reply reply;
    int rc = get(p->url, &reply, ctx);
    if (rc < 0) return weir_wrap(rc, "load %s", p->name);
    (void)snprintf(p->text, sizeof p->text, "%.63s", reply.body);
    return 0;
}

static int load_dashboard(struct dashboard *d, weir_ctx *ctx) {
    weir_group *g;
    int rc = weir_group_new(&g, ctx, NULL, WEIR_GROUP_NONE);
    if (rc < 0) return rc;
    for (int i = 0; i < PARTS && rc == 0; i++) rc = weir_group_go(g, load_part, &d->part[i]);
    int first = weir_group_wait(g);
    must(weir_group_free(g));
    return weir_wrap(rc < 0 ? rc : first, "load dashboard");
}

int main(int argc, char **argv) {
    struct weir_error err;
    weir_ctx *ctx;
    if (argc < 1 + PARTS) {
        (void)fprintf(stderr, "usage: %s USER-URL ORDERS-URL STATS-URL [ms]\n", argv[0]);
        return 2;
    }
    int64_t limit = (argc > 1 + PARTS ? atoll(argv[1 + PARTS]) : 1000) * 1000000;
    struct dashboard d = {
        { { "user", argv[1], "" }, { "orders", argv[2], "" }, { "stats", argv[3], "" } }
    };
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    must(weir_ctx_new(&ctx, NULL, weir_after(limit)));
    int rc = load_dashboard(&d, ctx);
    weir_error_take(rc, &err);
    if (rc < 0)
        printf("error: %s\n", err.text);
    else
        printf("user %s, orders %s, stats %s\n", d.part[USER].text, d.part[ORDERS].text,
               d.part[STATS].text);
    weir_ctx_unref(ctx);
    curl_global_cleanup();
    return 0;
}
