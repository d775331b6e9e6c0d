/* SPDX-License-Identifier: MIT */
/* maps/node.c - what the entries of a map are; nodes, and the verbs that write one. See node.h. */
#include "node.h"

#include "../lib/base.h"
#include "../lib/ctx.h"
#include "../lib/os.h"
#include "../lib/os_user.h"
#include "../lib/thread.h"

/* ---- shapes --------------------------------------------------------------------------------------------- */

bool weir__shape_words(const struct weir_map_opts *o) {
    return o->keys == WEIR_MAP_BYTES && o->key_size == sizeof(uint64_t) &&
           o->val_size == sizeof(uint64_t) && !o->drop && !o->equal && !o->hash && !o->sip;
}

int weir__shape_check(const struct weir_map_opts *o, const char *call) {
    if (o->key_size == 0 || o->val_size == 0) return weir__misuse(call, "a size of 0");
    if (o->keys != WEIR_MAP_BYTES && o->keys != WEIR_MAP_STRINGS)
        return weir__misuse(call, "unknown keys");
    if (o->keys == WEIR_MAP_STRINGS && o->key_size != sizeof(struct weir_str))
        return weir__misuse(call, "strings whose size is not that of struct weir_str");
    if (o->hash && o->sip) return weir__misuse(call, "a hash, and SipHash");
    return o->key_size > MAP_KEY_MAX || o->val_size > MAP_VAL_MAX ? WEIR_ETOOBIG : 0;
}

void weir__shape_init(struct weir__shape *s, const struct weir_map_opts *o, uint64_t seed,
                      enum weir__core_kind kind) {
    s->words = weir__shape_words(o);
    s->miss = s->words ? WEIR_ENOENT : WEIR_EINVAL;
    s->strings = o->keys == WEIR_MAP_STRINGS;
    s->hashing = o->hash ? HASH_USER : o->sip ? HASH_SIP : HASH_XXH3;
    s->kind = kind;
    s->key_size = (uint32_t)o->key_size;
    s->val_size = (uint32_t)o->val_size;
    s->seed = seed;
    s->sip = o->seed ? weir_word_hash_(~seed, seed) : weir__os_random();
    s->hash = o->hash;
    s->equal = o->equal;
    s->drop = o->drop;
    s->drop_arg = o->drop_arg;
    s->alloc = o->alloc;
}

/* What a user's function says is spread over all bits, by another seed than that of words. */
uint64_t weir__key_hash_slow(const struct weir__shape *s, const struct weir__key *k) {
    if (s->hashing == HASH_SIP) return weir__hash_sip(k->at, k->len, s->seed, s->sip);
    return weir_word_hash_(s->hash(k->at, k->len, s->seed), ~s->seed);
}

/* ---- nodes ---------------------------------------------------------------------------------------------- */

struct weir__map_node *weir__node_make(const struct weir__at *a, const void *val) {
    struct weir__shape *s = a->s;
    size_t bytes = weir__node_bytes_for(s, a->key.len);
    struct weir__map_node *n = weir__alloc(s->alloc, bytes, _Alignof(struct weir__map_node));
    if (!n) return NULL;
#ifdef WEIR_MODEL
    weir_model_write(n, bytes);
#endif
    n->owner = s;
    n->key_len = (uint32_t)a->key.len;
    n->key_at = (uint32_t)(bytes - a->key.len);
    memcpy(n->val, val, s->val_size);
    memcpy((char *)n + n->key_at, a->key.at, a->key.len);
    return n;
}

void weir__node_free(struct weir__shape *s, struct weir__map_node *n) {
    weir__free(s->alloc, n, weir__node_bytes(n), _Alignof(struct weir__map_node));
}

static void drop_val(const struct weir__shape *s, struct weir__map_node *n) {
    if (s->drop) s->drop(n->val, s->drop_arg);
}

/* Others may be reading the node. */
static void drop_copy(const struct weir__shape *s, const struct weir__map_node *n) {
    uint64_t copy[MAP_VAL_MAX / sizeof(uint64_t)];
    if (!s->drop) return;
    memcpy(copy, n->val, s->val_size);
    s->drop(copy, s->drop_arg);
}

static void retired(struct weir_rcu_head *head) {
    struct weir__map_node *n = (struct weir__map_node *)(void *)head;
    weir__node_free(n->owner, n);
}
static void retired_val(struct weir_rcu_head *head) {
    struct weir__map_node *n = (struct weir__map_node *)(void *)head;
    drop_val(n->owner, n);
    weir__node_free(n->owner, n);
}
/* Of a map without an allocator, which may not exist any more. */
static void retired_alone(struct weir_rcu_head *head) { weir__free(NULL, head, 0, 0); }

bool weir__shape_retires(const struct weir__shape *s) {
    return s->kind == CORE_RCU || s->kind == CORE_SEQ || weir_load_relaxed(&s->walked);
}

void weir__node_dispose(struct weir__shape *s, struct weir__map_node *n, bool drop) {
    bool later = s->kind == CORE_RCU && s->drop && drop;
    if (drop && !later) drop_copy(s, n);
    if (!later && (s->closing || !weir__shape_retires(s))) {
        weir__node_free(s, n);
        return;
    }
    struct weir__thread *self = weir__thread_self();
    if (self && self->rcu.calls) (void)weir_fetch_add_relaxed(&s->deep, 1);
    (void)weir_rcu_retire(&n->head, weir__node_bytes(n),
                          later      ? retired_val
                          : s->alloc ? retired
                                     : retired_alone);
}

/* ---- writing -------------------------------------------------------------------------------------------- */

struct op {
    struct weir__write w; /* the first */
    const struct weir__at *at;
    const void *expect;              /* of cas and cad */
    void *out;                       /* of get_or_put */
    const struct weir__map_node *is; /* of same_by_user */
    struct weir__inside here;
};

static struct op op_of(const struct weir__at *a, enum weir__verb verb) {
    return (struct op){ .w = { .m = a->c, .verb = verb, .hash = a->hash }, .at = a };
}

static bool same_key(struct weir__write *w, uint64_t val) {
    return weir__node_is(&((struct op *)w)->at->key, val);
}

int weir__node_room(const struct weir__at *a, bool removes, weir_time deadline, weir_ctx *ctx) {
    if (!weir__shape_retires(a->s)) return weir__ctx_err(ctx);
    int rc = weir_rcu_room_wait(weir__node_bytes_for(a->s, a->key.len), deadline, ctx);
    return rc == WEIR_ENOMEM && removes ? 0 : rc;
}

/* Makes the node that is to be stored. */
static int prepare(struct op *op, const void *val) {
    struct weir__map_node *n = weir__node_make(op->at, val);
    op->w.val = weir__node_word(n);
    return n ? 0 : WEIR_ENOMEM;
}

/* Stores it; what was there is in op->w.old then. */
static int store(struct op *op, weir_time deadline, weir_ctx *ctx) {
    int rc = weir__write(&op->w, deadline, ctx);
    bool stored = rc == 0 || (op->w.verb == WRITE_SWAP && rc == WEIR_EEXIST);
    if (!stored) weir__node_free(op->at->s, weir__node_of(op->w.val));
    return rc;
}

/* A key that is not there leaves no garbage, and waits for no room. WEIR_EEXIST: it is there. */
static int insert(struct op *op, weir_time deadline, weir_ctx *ctx) {
    struct op try = op_of(op->at, WRITE_GET_OR_PUT);
    try.w.same = same_key;
    try.w.val = op->w.val;
    return weir__write(&try.w, deadline, ctx);
}

static int swap(struct op *op, const void *val, weir_time deadline, weir_ctx *ctx) {
    op->w.same = same_key;
    int room = weir__node_room(op->at, false, WEIR_NOW, ctx);
    int rc = room == 0 || room == WEIR_EAGAIN ? prepare(op, val) : room;
    if (rc < 0) return rc;
    if (room == 0) return store(op, deadline, ctx);
    rc = insert(op, deadline, ctx);
    if (rc == WEIR_EEXIST)
        rc = weir__node_room(op->at, false, deadline, ctx);
    else if (rc == 0)
        return 0;
    if (rc == 0) return store(op, deadline, ctx);
    weir__node_free(op->at->s, weir__node_of(op->w.val));
    return rc;
}

int weir__node_put(const struct weir__at *a, const void *val, weir_time deadline, weir_ctx *ctx) {
    struct op op = op_of(a, WRITE_SWAP);
    int rc = swap(&op, val, deadline, ctx);
    if (rc != WEIR_EEXIST) return rc;
    weir__node_dispose(a->s, weir__node_of(op.w.old), true);
    return 0;
}

int weir__node_swap(const struct weir__at *a, void *val, weir_time deadline, weir_ctx *ctx) {
    struct op op = op_of(a, WRITE_SWAP);
    int rc = swap(&op, val, deadline, ctx);
    struct weir__map_node *old = weir__node_of(op.w.old);
    if (rc != WEIR_EEXIST || !old) return rc;
    weir__node_copy(a->s, old, val);
    weir__node_dispose(a->s, old, false);
    return rc;
}

/* WEIR_ENOENT: there is nothing that would leave garbage. */
static int room_if_there(const struct weir__at *a, bool removes, weir_time deadline,
                         weir_ctx *ctx) {
    uint64_t node;
    int rc = weir__node_room(a, removes, WEIR_NOW, ctx);
    if (rc != WEIR_EAGAIN) return rc;
    weir_guard g = weir__core_enter_read(a->c);
    bool there = weir__node_find(a, &node);
    weir__core_exit(a->c, g);
    return there ? weir__node_room(a, removes, deadline, ctx) : WEIR_ENOENT;
}

int weir__node_take(const struct weir__at *a, void *val, bool drop, weir_time deadline,
                    weir_ctx *ctx) {
    struct op op = op_of(a, WRITE_TAKE);
    op.w.same = same_key;
    int rc = room_if_there(a, true, deadline, ctx);
    if (rc < 0) return rc;
    rc = weir__write(&op.w, deadline, ctx);
    if (rc < 0) return rc;
    if (val) weir__node_copy(a->s, weir__node_of(op.w.old), val);
    weir__node_dispose(a->s, weir__node_of(op.w.old), drop);
    return 0;
}

/* Under the lock that keeps the node there. */
static bool same_and_copy(struct weir__write *w, uint64_t val) {
    struct op *op = (struct op *)w;
    if (!same_key(w, val)) return false;
    weir__node_copy(op->at->s, weir__node_of(val), op->out);
    return true;
}

int weir__node_get_or_put(const struct weir__at *a, void *val, weir_time deadline, weir_ctx *ctx) {
    struct op op = op_of(a, WRITE_GET_OR_PUT);
    op.w.same = same_and_copy;
    op.out = val;
    int rc = weir__ctx_err(ctx);
    if (rc < 0) return rc;
    if (weir__node_get(a, val)) return WEIR_EEXIST;
    rc = prepare(&op, val);
    return rc < 0 ? rc : store(&op, deadline, ctx);
}

/* ---- comparing ------------------------------------------------------------------------------------------ */

/* By memcmp, under the lock: what is expected is the node that is there, or none. */
static bool same_and_compare(struct weir__write *w, uint64_t val) {
    struct op *op = (struct op *)w;
    if (!same_key(w, val)) return false;
    bool equal = memcmp(weir__node_of(val)->val, op->expect, op->at->s->val_size) == 0;
    op->w.expect = equal ? val : 0;
    return true;
}

static int call_equal(void *arg) {
    const struct op *op = arg;
    return op->at->s->equal(op->is->val, op->expect);
}

/* It ends its thread, under the lock of a plain kind; nothing was changed. */
static void equal_ended(void *arg) {
    struct op *op = arg;
    weir__insides = op->here.outer;
    weir__core_exit_plain(op->at->c);
    if (op->w.verb == WRITE_CAS) weir__node_free(op->at->s, weir__node_of(op->w.val));
}

/* Of the plain kinds (rulings 41). */
static bool same_by_user(struct weir__write *w, uint64_t val) {
    struct op *op = (struct op *)w;
    if (!same_key(w, val)) return false;
    op->is = weir__node_of(val);
    op->here = (struct weir__inside){ op->at->m, weir__insides };
    weir__insides = &op->here;
    bool equal = weir__os_user_try(call_equal, op, equal_ended, op) != 0;
    weir__insides = op->here.outer;
    op->w.expect = equal ? val : 0;
    return true;
}

/* The node that is there now is compared in a guard, in which no other one can have its address. */
static int compare(struct op *op, weir_time deadline, weir_ctx *ctx) {
    const struct weir__at *a = op->at;
    for (bool again = true;;) {
        uint64_t is;
        weir_guard g = weir__rcu_enter();
        int rc = WEIR_EEXIST;
        if (!weir__node_find(a, &is)) {
            rc = WEIR_ENOENT;
            again = false;
        } else if (!a->s->equal(weir__node_of(is)->val, op->expect)) {
            again = false;
        } else {
            op->w.expect = is;
            rc = weir__write(&op->w, deadline, ctx);
        }
        (void)weir__rcu_exit(g);
        if (rc != WEIR_EEXIST || !again) return rc;
    }
}

int weir__node_cas(const struct weir__at *a, const void *expect, const void *val,
                   weir_time deadline, weir_ctx *ctx) {
    bool user = a->s->equal && !weir__core_plain(a->c);
    struct op op = op_of(a, val ? WRITE_CAS : WRITE_CAD);
    op.expect = expect;
    op.w.same = user ? same_key : a->s->equal ? same_by_user : same_and_compare;
    int rc = room_if_there(a, !val, deadline, ctx);
    if (rc == 0 && val) rc = prepare(&op, val);
    if (rc < 0) return rc;
    rc = user ? compare(&op, deadline, ctx) : weir__write(&op.w, deadline, ctx);
    if (rc == 0) weir__node_dispose(a->s, weir__node_of(op.w.old), true);
    if (rc < 0 && val) weir__node_free(a->s, weir__node_of(op.w.val));
    return rc;
}
