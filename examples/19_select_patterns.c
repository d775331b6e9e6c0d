/* SPDX-License-Identifier: MIT */
/* 19 - select: a timeout, a default, a send that does not block, and one channel before another. */
#include <stdio.h>
#include <stdlib.h>
#include <weir/weir.h>

WEIR_CHAN_DECLARE(ints, int);

static ints high, low;

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

/* A timeout is an argument of the call. */
static void timeout(void) {
    int x;
    struct weir_case c[] = { WEIR_CASE_RECV(high.chan, &x), WEIR_CASE_RECV(low.chan, &x) };
    weir_time deadline = weir_after(20000000);
    ptrdiff_t i = weir_select(c, 2, deadline, NULL, 0);
    printf("timeout: %s, %s\n", weir_strerror((int)i), weir_now() < deadline ? "early" : "in time");
    must(ints_send(low, 7));
    i = weir_select(c, 2, weir_after(20000000), NULL, 0);
    printf("timeout: received %d from the %s\n", x, i == 1 ? "second" : "first");
}

/* WEIR_NOW is the default case: the call does not wait. */
static void otherwise(void) {
    int x;
    struct weir_case c[] = { WEIR_CASE_RECV(high.chan, &x), WEIR_CASE_RECV(low.chan, &x) };
    switch (weir_select(c, 2, WEIR_NOW, NULL, 0)) {
        case 0:
        case 1: printf("default: received %d\n", x); break;
        case WEIR_EAGAIN: printf("default: nothing there\n"); break;
        default: must(WEIR_EINVAL); /* WEIR_EBUSY: only while another thread is in a call */
    }
}

/* One channel needs no select. */
static void send_or_drop(void) {
    int sent = 0, rc = 0;
    for (int i = 0; i < 5; i++) {
        rc = ints_try_send(low, i);
        sent += rc == 0;
    }
    printf("send: %d of 5 sent, then %s\n", sent, weir_strerror(rc));
    for (int x; ints_try_recv(low, &x) == 0;) continue;
}

/* Of two that are ready the first one is taken, not a random one. */
static void priority(void) {
    int x;
    struct weir_case c[] = { WEIR_CASE_RECV(high.chan, &x), WEIR_CASE_RECV(low.chan, &x) };
    for (int i = 1; i <= 3; i++) {
        must(ints_send(low, 10 + i));
        must(ints_send(high, i));
    }
    printf("priority:");
    while (weir_select(c, 2, WEIR_NOW, NULL, WEIR_SELECT_PRIORITY) >= 0) printf(" %d", x);
    printf("\n");
}

/* The same without starving the second: it is passed over twice at most. */
static void priority_with_ageing(void) {
    int x;
    struct weir_case c[] = { WEIR_CASE_RECV(high.chan, &x), WEIR_CASE_RECV(low.chan, &x) };
    for (int i = 1; i <= 3; i++) must(ints_send(high, i));
    must(ints_send(low, 11));
    printf("with ageing:");
    while (weir_select(c, 2, WEIR_NOW, NULL, WEIR_SELECT_AGEING(2)) >= 0) printf(" %d", x);
    printf("\n");
}

int main(void) {
    must(ints_new(&high, 3));
    must(ints_new(&low, 3));
    timeout();
    otherwise();
    send_or_drop();
    priority();
    priority_with_ageing();
    must(ints_unref(high));
    return ints_unref(low);
}
