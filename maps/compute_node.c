/* SPDX-License-Identifier: MIT */
/* maps/compute_node.c - get or compute, of maps whose entries are nodes. See compute.h, node.h. */
#include "compute.h"
#include "node.h"

#include "../lib/base.h"

struct nodes {
    struct weir__compute c;
    const struct weir__at *at;
    const struct weir__node_job *job;
    void *val;
};

static struct nodes *nodes(struct weir__compute *c) { return (struct nodes *)(void *)c; }

static bool same_key(const struct weir__compute *a, const struct weir__compute *b) {
    const struct weir__key *x = &((const struct nodes *)(const void *)a)->at->key;
    const struct weir__key *y = &((const struct nodes *)(const void *)b)->at->key;
    return x->len == y->len && memcmp(x->at, y->at, x->len) == 0;
}

static bool look(struct weir__compute *c) {
    const struct nodes *n = nodes(c);
    return weir__node_get(n->at, n->val);
}

/* What is there goes to the caller, what was computed in vain to drop. */
static int make(struct weir__compute *c, weir_time deadline, weir_ctx *ctx) {
    const struct nodes *n = nodes(c);
    const struct weir__node_job *job = n->job;
    const struct weir__shape *s = n->at->s;
    uint64_t made[MAP_VAL_MAX / sizeof(uint64_t)], val[MAP_VAL_MAX / sizeof(uint64_t)];
    memset(made, 0, s->val_size);
    int rc = job->fn(job->key, made, job->arg);
    if (rc > 0 || rc == WEIR_EEXIST) return weir__misuse(job->call, "what its function returns");
    if (rc < 0) return rc;
    WEIR_POINT("compute.made");
    memcpy(val, made, s->val_size);
    /* Without a context first: one that has ended meanwhile loses what was computed only if it has to wait. */
    rc = weir__node_get_or_put(n->at, val, WEIR_NOW, NULL);
    if (rc == WEIR_EAGAIN) rc = weir__node_get_or_put(n->at, val, deadline, ctx);
    if (rc == 0 || rc == WEIR_EEXIST) memcpy(n->val, val, s->val_size);
    if (rc != 0 && s->drop) s->drop(made, s->drop_arg);
    return rc;
}

int weir__compute_word(uint64_t key, uint64_t *val, void *any_computer) {
    const struct weir__any_computer *c = any_computer;
    return c->fn(&key, val, c->arg);
}

int weir__compute_str(const void *key, void *val, void *str_computer) {
    const struct weir__str_computer *c = str_computer;
    const struct weir_str *str = key;
    return c->fn(str->ptr, str->len, val, c->arg);
}

int weir__node_compute(const struct weir__at *a, const struct weir__node_job *job, void *val,
                       weir_time deadline, weir_ctx *ctx) {
    int rc = weir__ctx_err(ctx);
    if (rc < 0) return rc;
    if (WEIR_LIKELY(weir__node_get(a, val))) return WEIR_EEXIST;
    struct nodes n = {
        .c = { .map = job->map, .hash = a->hash, .same = same_key, .look = look, .make = make },
        .at = a,
        .job = job,
        .val = val
    };
    return weir__compute(&n.c, deadline, ctx);
}
