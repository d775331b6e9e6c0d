/* SPDX-License-Identifier: MIT */
/* main.c - a user's program: inline code, exported functions and a version check. */
#include <stdio.h>
#include <weir/weir.h>

WEIR_SPSC_DECLARE(ints, int);
WEIR_MPMC_DECLARE(jobs, double);

static int list(void) {
    weir_mpsc_list l;
    struct weir_mpsc_node n[2] = { 0 }, *got = NULL;
    if (weir_mpsc_list_init(&l) != 0) return 1;
    for (int i = 0; i < 2; i++)
        if (weir_mpsc_list_push(&l, &n[i]) != 0) return 2;
    for (int i = 0; i < 2; i++)
        if (weir_mpsc_list_pop(&l, &got) != 0 || got != &n[i]) return 3;
    return weir_mpsc_list_pop(&l, &got) == WEIR_EAGAIN ? 0 : 4;
}

int main(void) {
    ints q;
    jobs j;
    int x = 0;
    double y = 0;
    if (weir_version() != WEIR_VERSION) return 1;
    if (ints_new(&q, 4) != 0 || jobs_new(&j, 4) != 0) return 2;
    if (!ints_push(q, 7) || !ints_pop(q, &x) || x != 7) return 3;
    if (jobs_push(j, 2.5) != 0 || jobs_try_pop(j, &y) != 0 || y < 2.4 || y > 2.6) return 4;
    if (jobs_try_pop(j, &y) != WEIR_EAGAIN) return 5;
    ints_free(q);
    if (jobs_free(j) != 0) return 6;
    if (list() != 0) return 8;
    if (weir_rcu_exit(weir_rcu_enter()) != 0) return 7;
    printf("weir %d\n", weir_version());
    return 0;
}
