/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/check.c - the oracle of ring histories. */
#include "ring.h"

#define MOST 64

/* Every value that went in came out once; nothing else came out. */
static void conserved(const struct weir_model_op *op, size_t n) {
    uint64_t in[MOST], out[MOST];
    size_t nin = 0, nout = 0;
    for (size_t i = 0; i < n; i++) {
        bool push = op[i].kind == 'u' || op[i].kind == 'U' || op[i].kind == 'D' ||
                    op[i].kind == 'B' || op[i].kind == 'N';
        int64_t pushed = !push || op[i].result < 0 ? 0 : op[i].result ? op[i].result : 1;
        for (int64_t k = 0; k < pushed && nin < MOST; k++) in[nin++] = op[i].in[k];
        for (unsigned k = 0; k < op[i].nout && nout < MOST; k++) out[nout++] = op[i].out[k];
    }
    for (size_t i = 0; i < nout; i++) {
        size_t k = 0;
        while (k < nin && in[k] != out[i]) k++;
        if (k == nin)
            ex_fail(EX_F_HISTORY, "%llu came out, but was not inside", (unsigned long long)out[i]);
        in[k] = in[--nin];
    }
    if (nin) ex_fail(EX_F_HISTORY, "%llu went in, and is lost", (unsigned long long)in[0]);
}

void ring_check(const struct ring_case *c) {
    size_t n;
    const struct weir_model_op *op = weir_model_history(&n);
    (void)c;
    conserved(op, n);
}
