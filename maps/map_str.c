/* SPDX-License-Identifier: MIT */
/* maps/map_str.c - the verbs of a weir_map from strings to pointers. See node.h. */
#include <weir/map_str.h>

#include "map.h"
#include "node.h"

static int nowhere(const char *call) {
    (void)weir__misuse(call, "NULL");
    return WEIR_EINVAL;
}

/* Where the key is. */
static inline int place(weir_map *m, const void *key, size_t len, struct weir__at *at,
                        const char *call) {
    if (WEIR_UNLIKELY(!m)) return nowhere(call);
    if (!weir__map_ok(m, call)) return WEIR_EINVAL;
    if (WEIR_UNLIKELY(!m->shape.strings || m->shape.val_size != sizeof(void *))) {
        (void)weir__misuse(call, "not a map from strings to pointers");
        return WEIR_EINVAL;
    }
    int rc = weir__key_of_str((struct weir_str){ key, len }, &at->key);
    if (WEIR_UNLIKELY(rc < 0)) {
        if (rc == WEIR_EINVAL) (void)weir__misuse(call, "a bad string");
        return rc;
    }
    at->s = &m->shape;
    at->c = &m->core;
    at->m = NULL;
    at->hash = weir__key_hash(&m->shape, &at->key);
    return 0;
}

int weir_map_get_str(weir_map *m, const void *key, size_t len, void **val) {
    struct weir__at at;
    uint64_t node;
    if (WEIR_UNLIKELY(!val)) return nowhere("weir_map_get_str");
    int rc = place(m, key, len, &at, "weir_map_get_str");
    if (WEIR_UNLIKELY(rc < 0)) return rc;
    weir_guard g = weir__rcu_enter();
    bool found = weir__find(weir__map_root(&m->core), at.hash, weir__node_is, &at.key, &node);
    if (found) memcpy(val, weir__node_of(node)->val, sizeof *val);
    (void)weir__rcu_exit(g);
    return found ? 0 : WEIR_ENOENT;
}

int weir_map_put_str_wait(weir_map *m, const void *key, size_t len, void *val, weir_time deadline,
                          weir_ctx *ctx) {
    struct weir__at at;
    int rc = place(m, key, len, &at, "weir_map_put_str");
    return rc < 0 ? rc : weir__node_put(&at, &val, deadline, ctx);
}

int weir_map_get_or_put_str_wait(weir_map *m, const void *key, size_t len, void **val,
                                 weir_time deadline, weir_ctx *ctx) {
    struct weir__at at;
    if (!val) return nowhere("weir_map_get_or_put_str");
    int rc = place(m, key, len, &at, "weir_map_get_or_put_str");
    return rc < 0 ? rc : weir__node_get_or_put(&at, val, deadline, ctx);
}

int weir_map_compute_str_wait(weir_map *m, const void *key, size_t len, weir_map_compute_fn_str *fn,
                              void *arg, void **val, weir_time deadline, weir_ctx *ctx) {
    struct weir__at at;
    if (!fn || !val) return nowhere("weir_map_compute_str");
    int rc = place(m, key, len, &at, "weir_map_compute_str");
    struct weir__str_computer c = { fn, arg };
    struct weir_str str = { key, len };
    const struct weir__node_job job = { m, "weir_map_compute_str", weir__compute_str, &str, &c };
    return rc < 0 ? rc : weir__node_compute(&at, &job, val, deadline, ctx);
}

int weir_map_swap_str_wait(weir_map *m, const void *key, size_t len, void **val, weir_time deadline,
                           weir_ctx *ctx) {
    struct weir__at at;
    if (!val) return nowhere("weir_map_swap_str");
    int rc = place(m, key, len, &at, "weir_map_swap_str");
    return rc < 0 ? rc : weir__node_swap(&at, val, deadline, ctx);
}

int weir_map_take_str_wait(weir_map *m, const void *key, size_t len, void **val, weir_time deadline,
                           weir_ctx *ctx) {
    struct weir__at at;
    int rc = place(m, key, len, &at, "weir_map_take_str");
    return rc < 0 ? rc : weir__node_take(&at, val, false, deadline, ctx);
}

int weir_map_delete_str_wait(weir_map *m, const void *key, size_t len, weir_time deadline,
                             weir_ctx *ctx) {
    struct weir__at at;
    int rc = place(m, key, len, &at, "weir_map_delete_str");
    return rc < 0 ? rc : weir__node_take(&at, NULL, true, deadline, ctx);
}

int weir_map_cas_str_wait(weir_map *m, const void *key, size_t len, const void *expect, void *val,
                          weir_time deadline, weir_ctx *ctx) {
    struct weir__at at;
    int rc = place(m, key, len, &at, "weir_map_cas_str");
    return rc < 0 ? rc : weir__node_cas(&at, &expect, &val, deadline, ctx);
}

int weir_map_cad_str_wait(weir_map *m, const void *key, size_t len, const void *expect,
                          weir_time deadline, weir_ctx *ctx) {
    struct weir__at at;
    int rc = place(m, key, len, &at, "weir_map_cad_str");
    return rc < 0 ? rc : weir__node_cas(&at, &expect, NULL, deadline, ctx);
}
