/* SPDX-License-Identifier: MIT */
/* 22 - once: 1,000 threads ask for one connection; one of them opens it, the others wait for that, and all get it. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <weir/weir.h>

#define THREADS 1000

static weir_once opened = WEIR_ONCE_INIT;
static weir_wg gate = WEIR_WG_INIT; /* all start together */
static weir_au32 opens, same;
static int connection = -1;
static struct sockaddr_in server = { .sin_family = AF_INET };

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

static int connection_open(void *arg, void **value) {
    (void)weir_fetch_add_relaxed(&opens, 1);
    connection = socket(AF_INET, SOCK_STREAM, 0);
    if (connection < 0 || connect(connection, arg, sizeof server) < 0) return WEIR_ENOTSUP;
    *value = &connection;
    return 0;
}

static void ask(void *arg) {
    void *mine;
    must(weir_wg_wait(&gate));
    must(weir_once_value(&opened, connection_open, arg, &mine));
    if (mine == &connection && *(int *)mine >= 0) (void)weir_fetch_add_relaxed(&same, 1);
}

/* A server on loopback that only listens. */
static int listen_somewhere(void) {
    socklen_t len = sizeof server;
    int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (s < 0 || bind(s, (struct sockaddr *)&server, len) < 0 || listen(s, 16) < 0 ||
        getsockname(s, (struct sockaddr *)&server, &len) < 0)
        must(WEIR_ENOTSUP);
    return s;
}

int main(void) {
    int listener = listen_somewhere(), accepted = 0;
    weir_wg threads = WEIR_WG_INIT;
    must(weir_wg_add(&gate, 1));
    for (int i = 0; i < THREADS; i++) must(weir_wg_go(&threads, ask, &server));
    must(weir_wg_done(&gate));
    must(weir_wg_wait(&threads));
    for (int s; (s = accept(listener, NULL, NULL)) >= 0; accepted++) (void)close(s);
    printf("%d threads asked, %u opened it, %u have it; the server has accepted %d\n", THREADS,
           weir_load_relaxed(&opens), weir_load_relaxed(&same), accepted);
    (void)close(connection);
    (void)close(listener);
    return 0;
}
