/* SPDX-License-Identifier: MIT */
/* maps/node_locked.c - functions of the user's under the lock of an entry that is a node: update, visit. See
 * node.h, and I11 of shard.h. */
#include "../lib/base.h"
#include "../lib/os_user.h"
#include "node.h"

struct change {
    struct weir__write w; /* the first */
    const struct weir__at *at;
    struct weir__map_node *made; /* to be stored */
    weir__node_update_fn *fn;
    void *arg;
    int did; /* what fn wants */
    struct weir__inside here;
};

static bool same_key(struct weir__write *w, uint64_t val) {
    return weir__node_is(&((struct change *)w)->at->key, val);
}

/* fn works on a node that nobody sees, which has the value of the one that is there. */
static int call_update(uint64_t *val, bool there, void *arg) {
    struct change *c = arg;
    c->here = (struct weir__inside){ c->at->m, weir__insides };
    if (there) weir__node_copy(c->at->s, weir__node_of(*val), c->made->val);
    weir__insides = &c->here;
    c->did = c->fn(c->made->val, there, c->arg);
    weir__insides = c->here.outer;
    if (c->did == WEIR_UPDATE_STORE) *val = weir__node_word(c->made);
    return c->did;
}

static void ended(struct weir__write *w) {
    struct change *c = (struct change *)w;
    weir__insides = c->here.outer;
    weir__node_free(c->at->s, c->made);
}

int weir__node_update(const struct weir__at *a, weir__node_update_fn *fn, void *arg) {
    static const uint64_t none[MAP_VAL_MAX / sizeof(uint64_t)];
    struct change c = { .w = { .m = a->c, .verb = WRITE_UPDATE, .hash = a->hash },
                        .at = a,
                        .fn = fn,
                        .arg = arg,
                        .did = WEIR_UPDATE_KEEP };
    c.w.same = same_key;
    c.w.update = call_update;
    c.w.ended = ended;
    c.w.arg = &c;
    int rc = weir__node_room(a, false, WEIR_FOREVER, NULL);
    if (rc < 0) return rc;
    c.made = weir__node_make(a, none);
    if (!c.made) return WEIR_ENOMEM;
    rc = weir__write(&c.w, WEIR_FOREVER, NULL);
    bool stored = rc == 0 && c.did == WEIR_UPDATE_STORE;
    if (!stored) weir__node_free(a->s, c.made);
    if (c.w.old && rc == 0 && (stored || c.did == WEIR_UPDATE_REMOVE))
        weir__node_dispose(a->s, weir__node_of(c.w.old), !stored);
    return rc;
}

struct visit {
    const void *key, *val;
    weir_map_fn *fn;
    void *arg;
    int rc;
};
static void call_visit(void *arg) {
    struct visit *v = arg;
    v->rc = v->fn(v->key, v->val, v->arg);
}

int weir__node_visit(const struct weir__at *a, const void *key, weir_map_fn *fn, void *arg) {
    struct weir__locked l = { .here.m = a->m, .c = a->c };
    struct visit v = { .key = key, .fn = fn, .arg = arg, .rc = WEIR_ENOENT };
    uint64_t node;
    weir__locked_begin(&l, a->hash);
    bool found =
        l.first ? weir__node_find_locked(l.first, l.ctrl, a, &node) : weir__node_find(a, &node);
    if (found) {
        v.val = weir__node_of(node)->val;
        weir__os_user_call(call_visit, &v, weir__locked_end, &l);
    } else {
        weir__locked_end(&l);
    }
    return v.rc;
}
