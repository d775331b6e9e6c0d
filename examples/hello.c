/* SPDX-License-Identifier: MIT */
/* examples/hello.c - the program of the README: push until full, close, drain. */
#include <stdio.h>
#include <weir/mpmc.h>

WEIR_MPMC_DECLARE(ints, int);

int main(void) {
    ints q;
    int x;
    if (ints_new(&q, 3) < 0) return 1; /* exactly three fit */
    for (int i = 1; ints_try_push(q, i) == 0; i++) continue;
    weir_mpmc_close(q.ring); /* what is inside can still be taken */
    while (ints_pop(q, &x) == 0) printf("%d\n", x);
    return ints_free(q);
}
