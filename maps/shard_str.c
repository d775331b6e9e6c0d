/* SPDX-License-Identifier: MIT */
/* maps/shard_str.c - the verbs of a weir_shardmap from strings to pointers. See node.h. */
#include <weir/shardmap_str.h>

#include "node.h"

static int bad(const char *call, const char *what) {
    (void)weir__misuse(call, what);
    return WEIR_EINVAL;
}

/* Where the key is. */
static inline int place(weir_shardmap *m, const void *key, size_t len, struct weir__at *at,
                        const char *call) {
    if (WEIR_UNLIKELY(!m)) return bad(call, "NULL");
    if (!weir__shardmap_ok(m, call)) return WEIR_EINVAL;
    if (weir__shard_inside(m)) return WEIR_EDEADLK;
    if (WEIR_UNLIKELY(!m->shape.strings || m->shape.val_size != sizeof(void *)))
        return bad(call, "not a map from strings to pointers");
    int rc = weir__key_of_str((struct weir_str){ key, len }, &at->key);
    if (WEIR_UNLIKELY(rc < 0)) return rc == WEIR_EINVAL ? bad(call, "a bad string") : rc;
    at->s = &m->shape;
    at->m = m;
    at->hash = weir__key_hash(&m->shape, &at->key);
    at->c = weir__shard_of(m, at->hash);
    return 0;
}

int weir_shardmap_get_str(weir_shardmap *m, const void *key, size_t len, void **val) {
    struct weir__at at;
    if (WEIR_UNLIKELY(!val)) return bad("weir_shardmap_get_str", "NULL");
    int rc = place(m, key, len, &at, "weir_shardmap_get_str");
    if (WEIR_UNLIKELY(rc < 0)) return rc;
    return weir__node_get(&at, val) ? 0 : WEIR_ENOENT;
}

int weir_shardmap_put_str(weir_shardmap *m, const void *key, size_t len, void *val) {
    struct weir__at at;
    int rc = place(m, key, len, &at, "weir_shardmap_put_str");
    return rc < 0 ? rc : weir__node_put(&at, &val, WEIR_FOREVER, NULL);
}

int weir_shardmap_get_or_put_str(weir_shardmap *m, const void *key, size_t len, void **val) {
    struct weir__at at;
    if (!val) return bad("weir_shardmap_get_or_put_str", "NULL");
    int rc = place(m, key, len, &at, "weir_shardmap_get_or_put_str");
    return rc < 0 ? rc : weir__node_get_or_put(&at, val, WEIR_FOREVER, NULL);
}

int weir_shardmap_compute_str_wait(weir_shardmap *m, const void *key, size_t len,
                                   weir_map_compute_fn_str *fn, void *arg, void **val,
                                   weir_time deadline, weir_ctx *ctx) {
    struct weir__at at;
    if (!fn || !val) return bad("weir_shardmap_compute_str", "NULL");
    int rc = place(m, key, len, &at, "weir_shardmap_compute_str");
    struct weir__str_computer c = { fn, arg };
    struct weir_str str = { key, len };
    const struct weir__node_job job = { m, "weir_shardmap_compute_str", weir__compute_str, &str,
                                        &c };
    return rc < 0 ? rc : weir__node_compute(&at, &job, val, deadline, ctx);
}

int weir_shardmap_swap_str(weir_shardmap *m, const void *key, size_t len, void **val) {
    struct weir__at at;
    if (!val) return bad("weir_shardmap_swap_str", "NULL");
    int rc = place(m, key, len, &at, "weir_shardmap_swap_str");
    return rc < 0 ? rc : weir__node_swap(&at, val, WEIR_FOREVER, NULL);
}

int weir_shardmap_take_str(weir_shardmap *m, const void *key, size_t len, void **val) {
    struct weir__at at;
    int rc = place(m, key, len, &at, "weir_shardmap_take_str");
    return rc < 0 ? rc : weir__node_take(&at, val, false, WEIR_FOREVER, NULL);
}

int weir_shardmap_delete_str(weir_shardmap *m, const void *key, size_t len) {
    struct weir__at at;
    int rc = place(m, key, len, &at, "weir_shardmap_delete_str");
    return rc < 0 ? rc : weir__node_take(&at, NULL, true, WEIR_FOREVER, NULL);
}

int weir_shardmap_cas_str(weir_shardmap *m, const void *key, size_t len, const void *expect,
                          void *val) {
    struct weir__at at;
    int rc = place(m, key, len, &at, "weir_shardmap_cas_str");
    return rc < 0 ? rc : weir__node_cas(&at, &expect, &val, WEIR_FOREVER, NULL);
}

int weir_shardmap_cad_str(weir_shardmap *m, const void *key, size_t len, const void *expect) {
    struct weir__at at;
    int rc = place(m, key, len, &at, "weir_shardmap_cad_str");
    return rc < 0 ? rc : weir__node_cas(&at, &expect, NULL, WEIR_FOREVER, NULL);
}
