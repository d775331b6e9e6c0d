/* SPDX-License-Identifier: MIT */
/* tests/lin/cases.h - histories written by hand, with the verdict that they must get. */
#ifndef WEIR_TESTS_LIN_CASES_H
#define WEIR_TESTS_LIN_CASES_H

#include "gen.h"

#include <string.h>

#define IN(...) .in = { __VA_ARGS__ }, .nin = sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int)
#define OUT(...) .out = { __VA_ARGS__ }, .nout = sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int)
/* thread, call, ret, kind without WEIR_LIN_, result, then IN, OUT, .key, .parked. The program order
 * is that of the array. */
#define OP(t, c, r, k, ...) \
    { .thread = t, .call = c, .ret = r, .kind = WEIR_LIN_##k, .result = __VA_ARGS__ }
#define PENDING(t, c, k, ...) \
    { .thread = t, .call = c, .kind = WEIR_LIN_##k, .pending = true, __VA_ARGS__ }
#define OPS(...) \
    (const struct weir_lin_op[]) { __VA_ARGS__, { .kind = 0 } }
#define GOOD(text, ...) { text, true, OPS(__VA_ARGS__) }
#define BAD(text, ...) { text, false, OPS(__VA_ARGS__) }

struct hand_made {
    const char *text;
    bool good;
    const struct weir_lin_op *ops; /* ends with kind 0 */
};

/* Checks each, and the enumeration of all orders as well; asserts. */
void check_cases(const struct weir_lin_spec *spec, const struct weir_lin_rule *rules, size_t nrules,
                 const struct hand_made *cases, size_t n);

#define CHECK_CASES(spec, rules, nrules, cases) \
    check_cases(spec, rules, nrules, cases, sizeof(cases) / sizeof((cases)[0]))

#endif
