/* SPDX-License-Identifier: MIT */
/* 25 - a rate-limited API client: 1,000 requests at 50 a second, at most 10 in flight. A request that fails is
 * reported with its URL and stops no other; when the context ends, what has not left does not leave any more.
 *
 *   25_rate_limited_client http://127.0.0.1:8080 [requests] [a second] [for at most ms]
 *   cc 25_rate_limited_client.c $(pkg-config --cflags --libs weir libcurl) */
#include <stdio.h>
#include <stdlib.h>

#include "http_get.h"

#define IN_FLIGHT 10
#define BURST 10

struct request {
    int id;
};
struct outcome {
    int rc; /* 0, HTTP_FAILED, or the context's error: given up, or never sent */
    char url[128], error[CURL_ERROR_SIZE];
};
WEIR_CHAN_DECLARE(requests, struct request);
WEIR_CHAN_DECLARE(outcomes, struct outcome);

struct client {
    const char *base;
    weir_ctx *ctx;
    weir_limiter limiter;
    requests todo;
    outcomes done;
};

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

/* One of ten: each request first waits for its turn. */
static void work(void *arg) {
    struct client *c = arg;
    struct http_reply reply;
    struct request r;
    while (requests_recv(c->todo, &r) == 0) {
        struct outcome o = { 0 };
        (void)snprintf(o.url, sizeof o.url, "%s/item/%d", c->base, r.id);
        o.rc = weir_limiter_wait(&c->limiter, 1, WEIR_FOREVER, c->ctx);
        if (o.rc == 0) {
            o.rc = http_get(o.url, &reply, c->ctx);
            memcpy(o.error, reply.error, sizeof o.error);
        }
        must(outcomes_send(c->done, o));
    }
}

int main(int argc, char **argv) {
    struct client c = { 0 };
    weir_wg workers = WEIR_WG_INIT;
    int n = argc > 2 ? atoi(argv[2]) : 1000;
    double per_second = argc > 3 ? atof(argv[3]) : 50;
    weir_time until = argc > 4 ? weir_after(atoll(argv[4]) * 1000000) : WEIR_FOREVER;
    int answered = 0, failed = 0;
    if (argc < 2 || n < 1) {
        (void)fprintf(stderr, "usage: %s URL [requests] [a second] [for at most ms]\n", argv[0]);
        return 2;
    }
    c.base = argv[1];
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    must(weir_ctx_new(&c.ctx, NULL, until));
    must(weir_limiter_init(&c.limiter, per_second, BURST));
    must(requests_new(&c.todo, (size_t)n));
    must(outcomes_new(&c.done, IN_FLIGHT));
    for (int i = 1; i <= n; i++) must(requests_send(c.todo, (struct request){ i }));
    must(weir_chan_close(c.todo.chan));
    for (int i = 0; i < IN_FLIGHT; i++) must(weir_wg_go(&workers, work, &c));

    for (int i = 0; i < n; i++) {
        struct outcome o;
        must(outcomes_recv(c.done, &o));
        if (o.rc == HTTP_FAILED) printf("%s: %s\n", o.url, o.error);
        answered += o.rc == 0;
        failed += o.rc == HTTP_FAILED;
    }
    printf("%d requests: %d answered, %d failed, %d given up\n", n, answered, failed,
           n - answered - failed);
    must(weir_wg_wait(&workers));
    must(requests_unref(c.todo));
    must(outcomes_unref(c.done));
    weir_ctx_unref(c.ctx);
    curl_global_cleanup();
    return 0;
}
