/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/map_check.c - the oracle of map histories: stress/lin's map, key by key. A walk
 * counts as a get of each key, a clear as a delete of each, all at some instant of the call. */
#include <weir/base.h>

#include <string.h>

#include "../../lin/specs.h"
#include "check.h"
#include "map.h"

#define MOST 256
#define KEYS "0123ab456789"

static struct weir_lin_spec spec;
static weir_lin_checker *checker;
static struct seen_histories seen;

static void explain(FILE *to) { weir_lin_print(checker, to); }

static struct weir_lin_op at_call(const struct weir_model_op *op, char name) {
    return (struct weir_lin_op){ .call = op->call,
                                 .ret = op->ret,
                                 .key = (uint64_t)(unsigned char)name,
                                 .result = op->result,
                                 .thread = op->thread,
                                 .seq = op->seq };
}

/* What was put in the set-up, before all else. */
static size_t beginning(const struct map_case *c, struct weir_lin_op *to) {
    size_t n = 0;
    for (const char *k = c->there; *k; k++, n++)
        to[n] = (struct weir_lin_op){ .call = 0,
                                      .ret = 0,
                                      .key = (uint64_t)(unsigned char)*k,
                                      .thread = EX_THREADS,
                                      .seq = (uint32_t)n,
                                      .kind = WEIR_LIN_PUT,
                                      .in = { map_first_value(*k) },
                                      .nin = 1 };
    return n;
}

static uint16_t kind_of(unsigned letter) {
    switch (letter) {
        case 'G': return WEIR_LIN_GET;
        case 'P': return WEIR_LIN_PUT;
        case 'I': return WEIR_LIN_GET_OR_PUT;
        case 'S': return WEIR_LIN_SWAP;
        case 'T': return WEIR_LIN_TAKE;
        case 'C': return WEIR_LIN_CAS;
        default: return WEIR_LIN_CAD;
    }
}

static size_t each_key(const struct weir_model_op *op, bool walk, struct weir_lin_op *to) {
    size_t n = 0;
    for (; KEYS[n]; n++) {
        if (walk && n >= WEIR_MODEL_VALUES) break;
        to[n] = at_call(op, KEYS[n]);
        to[n].kind = walk ? WEIR_LIN_GET : WEIR_LIN_DELETE;
        if (!walk) continue;
        to[n].result = op->out[n] ? 0 : WEIR_ENOENT;
        to[n].nout = op->out[n] != 0;
        to[n].out[0] = op->out[n];
    }
    return n;
}

static size_t convert(const struct weir_model_op *op, struct weir_lin_op *to) {
    unsigned letter = op->kind & 255;
    if (letter == 'W' || letter == 'X') return each_key(op, letter == 'W', to);
    if (!strchr("GPISTCD", (int)letter) || op->result == WEIR_ENOMEM) return 0; /* no effect */
    *to = at_call(op, (char)(op->kind >> 8));
    to->kind = kind_of(letter);
    to->nin = op->nin;
    to->nout = op->nout;
    memcpy(to->in, op->in, sizeof to->in);
    to->out[0] = op->out[0];
    if (letter == 'S') to->result = op->result == WEIR_EEXIST ? 0 : WEIR_ENOENT;
    return 1;
}

void map_check(const struct map_case *c) {
    static struct weir_lin_op ops[MOST];
    static const struct weir_lin_map shape = { .exact = true };
    size_t n, k;
    const struct weir_model_op *op = weir_model_history(&n);
    uint64_t h = history_hash(op, n) ^ (uint64_t)(uintptr_t)c;
    if (history_seen(&seen, h) && !E.tracing) return;
    if (!checker &&
        (weir_lin_map_spec(&spec, &shape) < 0 || weir_lin_checker_new(&checker, &spec, NULL) < 0))
        ex_fail(EX_F_MISUSE, "the linearizability checker cannot be made");
    k = beginning(c, ops);
    for (size_t i = 0; i < n; i++) {
        if (k + sizeof KEYS > MOST)
            ex_fail(EX_F_MISUSE, "more than %d operations in a map scenario", MOST);
        k += convert(&op[i], &ops[k]);
    }
    if (weir_lin_check(checker, ops, k) != WEIR_LIN_OK) {
        E.explain = explain;
        ex_fail(EX_F_HISTORY, "%s", weir_lin_reason(checker));
    }
    history_remember(&seen, h);
}
