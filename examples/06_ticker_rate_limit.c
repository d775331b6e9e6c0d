/* SPDX-License-Identifier: MIT */
/* 06 - a rate limit by a ticker: a request leaves at each tick of 1/rps seconds. Ticks have no drift, and one that
 * nobody takes is dropped: a sender that was held up does not make up for it by a burst.
 *
 *   06_ticker_rate_limit [requests a second] [requests] */
#include <stdio.h>
#include <stdlib.h>
#include <weir/weir.h>

WEIR_CHAN_DECLARE(requests, int);

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

int main(int argc, char **argv) {
    int rps = argc > 1 ? atoi(argv[1]) : 5;
    int n = argc > 2 ? atoi(argv[2]) : 10;
    int request;
    requests r;
    weir_ticker *ticker;
    if (rps < 1 || n < 1) return 2;
    must(requests_new(&r, (size_t)n));
    for (int i = 1; i <= n; i++) must(requests_send(r, i));
    must(weir_chan_close(r.chan));

    weir_time start = weir_now();
    must(weir_ticker_new(&ticker, 1000000000 / rps));
    while (requests_recv(r, &request) == 0) {
        must(weir_ticker_wait(ticker, WEIR_FOREVER, NULL));
        printf("request %d leaves at %.6f s\n", request, (double)(weir_now() - start) / 1e9);
    }
    must(weir_ticker_free(ticker));
    return requests_unref(r);
}
