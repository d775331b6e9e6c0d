/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/judge.c - see judge.h. */
#include "judge.h"

#include <weir/stress.h>

#include <stdlib.h>
#include <string.h>

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

struct weir_lin_op *judge_next(struct weir_lin_log *log, unsigned kind, uint64_t key) {
    struct weir_lin_op *op = weir_lin_next(log, kind, key);
    if (!op) {
        weir_stress_check(false, "a log is too small");
        return NULL;
    }
    memset(op->in, 0, sizeof op->in);
    memset(op->out, 0, sizeof op->out);
    return op;
}

bool judge_verdict(struct judged *sum, const weir_lin_checker *c, enum weir_lin_verdict v,
                   unsigned key) {
    sum->all++;
    sum->unknown += v == WEIR_LIN_UNKNOWN;
    if (v == WEIR_LIN_OK || v == WEIR_LIN_UNKNOWN) return v == WEIR_LIN_OK;
    judge_explain(c);
    weir_stress_check(false, "not linearizable, key %u: %s", key, weir_lin_reason(c));
    return false;
}

void judge_end(const struct judged *sum) {
    weir_stress_count_of("unknown", sum->unknown);
    weir_stress_check(2 * sum->unknown <= sum->all,
                      "%llu of %llu keys are too wide for the checker",
                      (unsigned long long)sum->unknown, (unsigned long long)sum->all);
}

bool judge_overlap(const struct weir_lin_op *ops, size_t n) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            if (ops[i].thread != ops[j].thread && ops[i].ret >= ops[j].call &&
                ops[j].ret >= ops[i].call)
                return true;
    return false;
}
