/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/judge.c - see judge.h. */
#include "judge.h"

#include <weir/stress.h>

#include <stdlib.h>

void judge_explain(const weir_lin_checker *c) {
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    if (!to) return;
    weir_lin_print(c, to);
    (void)fclose(to);
    weir_stress_log("%s", text);
    free(text);
}

bool judge_overlap(const struct weir_lin_op *ops, size_t n) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            if (ops[i].thread != ops[j].thread && ops[i].ret >= ops[j].call &&
                ops[j].ret >= ops[i].call)
                return true;
    return false;
}
