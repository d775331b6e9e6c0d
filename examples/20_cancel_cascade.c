/* SPDX-License-Identifier: MIT */
/* 20 - cancellation that follows a request: a tree of contexts; then a small HTTP server on loopback, whose handlers
 * watch the client's socket and, as a file descriptor, the request's context in one epoll: a client that goes away
 * ends the context, and the query below stops. Try curl http://127.0.0.1:PORT/query/5000 (steps of 1 ms), and /stop. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <weir/weir.h>

enum { ANSWERED = 1, CLIENT_LEFT }; /* causes of an end */

struct request {
    int fd;
    weir_ctx *ctx;
    long steps, done;
};
static weir_ctx *server;
static const char user[] = "user"; /* the address is the key */

static void must(int rc) {
    if (rc < 0) (void)fprintf(stderr, "%s\n", weir_strerror(rc)), exit(1);
}

static void tree(void) {
    static const char *const names[] = { "parent", "left", "right", "below left", "below right" };
    static const char *const when[] = { "at first", "left cancelled", "parent cancelled" };
    weir_ctx *c[5];
    must(weir_ctx_with_value(&c[0], NULL, user, "ada"));
    must(weir_ctx_new(&c[1], c[0], WEIR_FOREVER));
    must(weir_ctx_with_value(&c[2], c[0], user, "grace"));
    for (int i = 3; i < 5; i++) {
        must(weir_ctx_new(&c[i], c[i - 2], WEIR_FOREVER));
        printf("user: %s\n", (const char *)weir_ctx_value(c[i], user)); /* the nearest one */
    }
    for (int step = 0; step < 3; step++) {
        if (step > 0) must(weir_ctx_cancel(c[2 - step], 0));
        printf("%s:", when[step]);
        for (int i = 0; i < 5; i++)
            if (weir_ctx_err(c[i]) == 0) printf(" [%s]", names[i]);
        printf(" live\n");
    }
    for (int i = 0; i < 5; i++) weir_ctx_unref(c[i]);
}

/* A long loop that looks at its context. */
static void query(void *arg) {
    struct request *r = arg;
    for (; r->done < r->steps && weir_ctx_err(r->ctx) == 0; r->done++) (void)usleep(1000);
    must(weir_ctx_cancel(r->ctx, ANSWERED)); /* unless it has ended already */
}

/* Until the context ends; the client's leaving ends it. */
static void request_watch(struct request *r) {
    struct epoll_event left = { .events = EPOLLRDHUP, .data.u32 = CLIENT_LEFT };
    struct epoll_event over = { .events = EPOLLIN }, e;
    weir_eventfd *end;
    int ep = epoll_create1(EPOLL_CLOEXEC);
    must(weir_eventfd_new(&end, weir_ctx_waitable(r->ctx), WEIR_RECV, 0));
    must(epoll_ctl(ep, EPOLL_CTL_ADD, r->fd, &left));
    must(epoll_ctl(ep, EPOLL_CTL_ADD, weir_eventfd_fd(end), &over));
    while (epoll_wait(ep, &e, 1, -1) < 1) continue;
    if (e.data.u32 == CLIENT_LEFT) must(weir_ctx_cancel(r->ctx, CLIENT_LEFT));
    weir_eventfd_free(end);
    (void)close(ep);
}

static void handle(void *arg) {
    static const char *const ends[] = { "the server stops", "answered", "the client left" };
    struct request *r = arg;
    weir_wg running = WEIR_WG_INIT;
    char text[1024] = "";
    ssize_t n = recv(r->fd, text, sizeof text - 1, 0);
    if (n > 0 && sscanf(text, "GET /query/%ld", &r->steps) == 1) {
        must(weir_wg_go(&running, query, r));
        request_watch(r);
        must(weir_wg_wait(&running));
    } else { /* GET /stop */
        must(n > 0 ? weir_ctx_cancel(server, 0) : weir_ctx_cancel(r->ctx, CLIENT_LEFT));
    }
    int cause = weir_ctx_cause(r->ctx);
    printf("%ld of %ld steps: %s\n", r->done, r->steps, ends[cause > 0 ? cause : 0]);
    n = snprintf(text, sizeof text, "HTTP/1.0 %s\r\n\r\n%ld steps\n",
                 cause == ANSWERED ? "200 OK" : "503 Stopped", r->done);
    (void)send(r->fd, text, (size_t)n, MSG_NOSIGNAL);
    (void)close(r->fd);
    weir_ctx_unref(r->ctx);
    free(r);
}

int main(void) {
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof at;
    weir_wg handlers = WEIR_WG_INIT;
    weir_fd *in;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    tree();
    must(listener);
    must(bind(listener, (struct sockaddr *)&at, len));
    must(listen(listener, 64));
    must(getsockname(listener, (struct sockaddr *)&at, &len));
    must(weir_ctx_new(&server, NULL, WEIR_FOREVER));
    must(weir_fd_new(&in, listener));
    printf("port %d\n", ntohs(at.sin_port));
    while (weir_fd_wait(in, WEIR_RECV, NULL, WEIR_FOREVER, server) == 0) {
        struct request *r = calloc(1, sizeof *r);
        if (!r || (r->fd = accept(listener, NULL, NULL)) < 0) must(WEIR_ENOMEM);
        must(weir_ctx_new(&r->ctx, server, WEIR_FOREVER));
        must(weir_wg_go(&handlers, handle, r));
    }
    must(weir_wg_wait(&handlers));
    must(weir_fd_free(in));
    weir_ctx_unref(server);
    printf("left behind: %d\n", weir_leak_check());
    return close(listener);
}
