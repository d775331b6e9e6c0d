/* SPDX-License-Identifier: MIT */
/* stress/lin/spec_cache.c - one key of a cache, of specs.h.
 *
 * State: absent or a value; the generation of the loader that may insert (0: none); and the LOADs
 * that wait, each with the generation it waits for (0: the next to start), sorted by ticket. A
 * loader that was detached has left `loading`, but its waiters still name it. */
#include "spec.h"

struct cache {
    uint64_t present, value, loading;
    struct lin_line line;
};

const struct weir_lin_rule weir_lin_cache_rules[1] = {
    { WEIR_LIN_LOAD, WEIR_LIN_LOAD_ASK, WEIR_LIN_LOAD_ANSWER },
};

static void init(const void *arg, uint64_t key, void *state) {
    (void)arg;
    (void)key;
    memset(state, 0, sizeof(struct cache));
}

static void set(struct cache *c, uint64_t v) {
    c->present = 1;
    c->value = v;
}
static void erase(struct cache *c) { c->present = c->value = 0; }

/* Whether the key may be taken as absent at this instant; if need be, it has just been evicted. */
static bool absent(const struct weir_lin_cache *o, struct cache *c) {
    if (c->present && !o->evicts) return false;
    erase(c);
    return true;
}

static bool get(const struct weir_lin_cache *o, const struct weir_lin_op *op, struct cache *c) {
    if (op->pending) return true;
    if (op->result == WEIR_ENOENT) return absent(o, c);
    return op->result == 0 && c->present && op->nout == 1 && op->out[0] == c->value;
}

static bool put(const struct weir_lin_cache *o, const struct weir_lin_op *op, struct cache *c) {
    if (!op->pending && op->result != 0)
        return op->result == WEIR_ETOOBIG || lin_no_effect(op, o->exact);
    set(c, op->in[0]);
    c->loading = 0;
    return true;
}

static bool invalidate(const struct weir_lin_op *op, struct cache *c) {
    erase(c);
    c->loading = 0;
    return op->pending || op->result == 0;
}

/* ---- loading --------------------------------------------------------------------------------- */

static bool loader_start(const struct weir_lin_cache *o, const struct weir_lin_op *op,
                         struct cache *c) {
    bool wanted = false;
    if (op->in[0] == 0 || c->loading != 0 || !absent(o, c)) return false;
    for (uint32_t i = 0; i < c->line.nwait; i++) {
        if (c->line.wait[i].value != 0) continue;
        c->line.wait[i].value = op->in[0];
        wanted = true;
    }
    c->loading = op->in[0];
    return wanted;
}

static bool loader_end(const struct weir_lin_op *op, struct cache *c) {
    uint64_t generation = op->in[0], v = op->result == 0 ? op->out[0] : 0;
    if (op->pending || (op->result == 0 && op->nout != 1)) return false;
    if (c->loading == generation) {
        c->loading = 0;
        if (op->result == 0) set(c, v);
    }
    for (uint32_t i = 0; i < c->line.nwait;) {
        struct lin_waiter w = c->line.wait[i];
        if (w.value != generation) {
            i++;
            continue;
        }
        lin_waiter_remove(c->line.wait, &c->line.nwait, i);
        (void)lin_line_done(&c->line, w.ticket, op->result, v);
    }
    return true;
}

static bool wait_for_load(struct cache *c, uint32_t ticket) {
    struct lin_line *l = &c->line;
    if (!lin_line_wait(l, ticket, c->loading)) return false;
    for (uint32_t i = l->nwait - 1; i > 0 && l->wait[i - 1].ticket > ticket; i--) {
        struct lin_waiter w = l->wait[i];
        l->wait[i] = l->wait[i - 1];
        l->wait[i - 1] = w;
    }
    return true;
}

/* Choice 1: the entry is evicted first. Choice 2: it gave up at once. */
static bool ask(const struct weir_lin_cache *o, const struct weir_lin_op *op, unsigned choice,
                struct cache *c) {
    uint32_t ticket = weir_lin_ticket(op);
    if (choice == 2) {
        bool may = !op->pending && (op->result == WEIR_ETIMEDOUT || lin_no_effect(op, o->exact));
        return may && lin_line_done(&c->line, ticket, op->result, 0);
    }
    if (choice == 1 && (!c->present || !absent(o, c))) return false;
    if (c->present) return lin_line_done(&c->line, ticket, 0, c->value);
    return wait_for_load(c, ticket);
}

static bool answer(const struct weir_lin_op *op, struct cache *c) {
    uint32_t ticket = weir_lin_ticket(op);
    struct lin_waiter w;
    if (lin_line_answer(&c->line, ticket, &w)) {
        bool value = op->nout == 1 && op->out[0] == w.value;
        return op->result == w.outcome && (op->result != 0 || value);
    }
    if (op->result == WEIR_LIN_BLOCKED)
        return lin_waiter_find(c->line.wait, c->line.nwait, ticket) < c->line.nwait;
    if (op->result != WEIR_ETIMEDOUT && op->result != WEIR_ECANCELED) return false;
    return lin_line_leave(&c->line, ticket);
}

/* ---- the specification ----------------------------------------------------------------------- */

static int step(const void *arg, const struct weir_lin_op *op, unsigned choice, const void *state,
                void *next) {
    const struct weir_lin_cache *o = arg;
    struct cache *c = next;
    bool yes = false;
    (void)state;
    switch (op->kind) {
        case WEIR_LIN_CACHE_GET: yes = get(o, op, c); break;
        case WEIR_LIN_CACHE_PUT: yes = put(o, op, c); break;
        case WEIR_LIN_INVALIDATE: yes = invalidate(op, c); break;
        case WEIR_LIN_LOADER_START: yes = loader_start(o, op, c); break;
        case WEIR_LIN_LOADER_END: yes = loader_end(op, c); break;
        case WEIR_LIN_LOAD_ASK: yes = ask(o, op, choice, c); break;
        case WEIR_LIN_LOAD_ANSWER: yes = answer(op, c); break;
        default: break;
    }
    return lin_line_verdict(&c->line, yes);
}

static unsigned choices(const void *arg, const struct weir_lin_op *op) {
    (void)arg;
    return op->kind == WEIR_LIN_LOAD_ASK ? 3 : 1;
}

static void describe_op(const void *arg, const struct weir_lin_op *op, char *text, size_t n) {
    static const char *const names[] = { "?",          "get",      "put",
                                         "invalidate", "load",     "loader start",
                                         "loader end", "load.ask", "load.answer" };
    (void)arg;
    weir_lin_describe(op, names[op->kind <= WEIR_LIN_LOAD_ANSWER ? op->kind : 0], text, n);
}

static void describe_state(const void *arg, const void *state, char *text, size_t n) {
    const struct cache *c = state;
    struct lin_text t = lin_text(text, n);
    (void)arg;
    if (c->present)
        lin_put_values(&t, &c->value, 1);
    else
        lin_put(&t, "absent");
    if (c->loading) lin_put(&t, "; loading generation %llu", (unsigned long long)c->loading);
    lin_put_line(&t, &c->line);
}

int weir_lin_cache_spec(struct weir_lin_spec *out, const struct weir_lin_cache *o) {
    if (!out || !o) return WEIR_EINVAL;
    *out = (struct weir_lin_spec){ .name = "cache",
                                   .state_size = sizeof(struct cache),
                                   .arg = o,
                                   .keyed = true,
                                   .init = init,
                                   .step = step,
                                   .choices = choices,
                                   .describe_op = describe_op,
                                   .describe_state = describe_state };
    return 0;
}
