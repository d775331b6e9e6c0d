/* SPDX-License-Identifier: MIT */
/* bench/rivals/map_lfht.h - liburcu's cds_lfht: the text that map_lfht_memb.c and map_lfht_qsbr.c compile, with
 * the names of their flavour (URCU_API_MAP) and its read side inlined (_LGPL_SOURCE). Before it they define
 *
 *   LFHT_REGISTERED   whether the calling thread is registered
 *   LFHT_QUIET()      said every 64 operations, outside of sections
 *   LFHT_READERS      what the note says of readers
 *
 * Presized, it has as many buckets as entries and never resizes; else liburcu resizes it by itself, on a thread
 * of its own, and lets chains grow to 8 from a few thousand entries on.
 *
 * A word is stored into the node that is there. A string's value is copied into a new node, which takes the
 * place of the old one. Nodes that were taken out go to call_rcu, whose thread frees those of the last 10 ms, or
 * more.
 *
 * weir may have registered the calling thread, with the memb flavour, and liburcu aborts if that is done twice:
 * so it is asked, and leave unregisters what enter has registered. */
#include <stdlib.h>
#include <string.h>

#include <urcu/rculfhash.h>

#include "../map_run.h"
#include "../maps_list.h"
#include "rivals.h"

static const char own; /* its address: enter has registered this thread */

static void *lfht_enter(void *map) {
    (void)map;
    if (LFHT_REGISTERED) return NULL;
    rcu_register_thread();
    return (void *)(uintptr_t)&own;
}

static void lfht_leave(void *map, void *mine) {
    (void)map;
    if (mine) rcu_unregister_thread();
}

/* ---- resizing ------------------------------------------------------------------------------------ */

/* Who asks for a resize queues the work and then, still in its section, marks it as asked for; the resizing
 * thread takes the mark away when it is done. If it is done before the mark is set, the mark stays, and the
 * table never grows again. On busy processors that happens to about one table in eight, whose chains then have
 * thousands of nodes. (It could not happen when the work was a callback of call_rcu, which comes after the
 * section.) So here the resizing thread waits for the sections that there are before it begins: liburcu
 * registers it through a function of the flavour, and the table is made with a copy of the flavour that has
 * another one. The threads that help it are registered likewise, while it is at work. */
static unsigned resizing;
static _Thread_local bool resizer;

static void resizer_enter(void) {
    if (!uatomic_read(&resizing)) {
        synchronize_rcu();
        resizer = true;
        uatomic_set(&resizing, 1);
    }
    rcu_register_thread();
}
static void resizer_leave(void) {
    rcu_unregister_thread();
    if (resizer) uatomic_set(&resizing, 0);
    resizer = false;
}

static struct cds_lfht *resized_by_itself(void) {
    static struct rcu_flavor_struct flavor;
    flavor = rcu_flavor;
    flavor.register_thread = resizer_enter;
    flavor.unregister_thread = resizer_leave;
    return cds_lfht_new_flavor(1, 1, 0, CDS_LFHT_AUTO_RESIZE | CDS_LFHT_ACCOUNTING, &flavor, NULL);
}

/* call_rcu's thread would run on the CPUs of whoever calls it first. */
static void *lfht_make(size_t hint, unsigned threads) {
    unsigned long buckets = 1;
    (void)threads;
    while (buckets < hint) buckets *= 2;
    void *mine = lfht_enter(NULL);
    (void)get_default_call_rcu_data();
    struct cds_lfht *t =
        hint ? cds_lfht_new(buckets, buckets, buckets, 0, NULL) : resized_by_itself();
    lfht_leave(NULL, mine);
    return t;
}

static size_t lfht_len(void *map) {
    long before, after;
    unsigned long n;
    void *mine = lfht_enter(map);
    rcu_read_lock();
    cds_lfht_count_nodes(map, &before, &n, &after);
    rcu_read_unlock();
    lfht_leave(map, mine);
    return n;
}

/* A reader that stays in its section: nothing that is taken out is freed. */
static void lfht_stall(void *map, void (*wait)(void *arg), void *arg) {
    (void)map;
    rcu_read_lock();
    wait(arg);
    rcu_read_unlock();
}

/* ---- nodes --------------------------------------------------------------------------------------- */

struct word {
    struct cds_lfht_node node;
    uint64_t key, val;
    struct rcu_head head;
};

struct string {
    struct cds_lfht_node node;
    struct wb_map_val val;
    struct rcu_head head;
    size_t len;
    char key[];
};

static int word_is(struct cds_lfht_node *n, const void *key) {
    return caa_container_of(n, struct word, node)->key == *(const uint64_t *)key;
}
static int string_is(struct cds_lfht_node *n, const void *key) {
    const struct string *s = caa_container_of(n, struct string, node);
    const struct wb_map_str *k = key;
    return s->len == k->len && memcmp(s->key, k->ptr, k->len) == 0;
}

static void word_free(struct rcu_head *h) { free(caa_container_of(h, struct word, head)); }
static void string_free(struct rcu_head *h) { free(caa_container_of(h, struct string, head)); }

/* Takes all nodes out and waits until all that were are freed. A table that is not empty stays. */
static void lfht_dispose(void *map, bool words) {
    struct cds_lfht_iter i;
    struct cds_lfht_node *n;
    void *mine = lfht_enter(map);
    rcu_read_lock();
    for (cds_lfht_first(map, &i); (n = cds_lfht_iter_get_node(&i)); cds_lfht_next(map, &i)) {
        if (cds_lfht_del(map, n) != 0) continue;
        if (words)
            call_rcu(&caa_container_of(n, struct word, node)->head, word_free);
        else
            call_rcu(&caa_container_of(n, struct string, node)->head, string_free);
    }
    rcu_read_unlock();
    lfht_leave(map, mine);
    rcu_barrier();
    (void)cds_lfht_destroy(map, NULL);
}
static void words_dispose(void *map) { lfht_dispose(map, true); }
static void strings_dispose(void *map) { lfht_dispose(map, false); }

/* ---- words --------------------------------------------------------------------------------------- */

/* In a section. NULL: not there. */
WB_LOOP struct word *word_find(struct cds_lfht *t, uint64_t key) {
    struct cds_lfht_iter i;
    cds_lfht_lookup(t, wb_map_hash(key), word_is, &key, &i);
    struct cds_lfht_node *n = cds_lfht_iter_get_node(&i);
    return n ? caa_container_of(n, struct word, node) : NULL;
}

WB_LOOP bool word_get(struct cds_lfht *t, uint64_t key, uint64_t *val) {
    rcu_read_lock();
    struct word *found = word_find(t, key);
    if (found) *val = CMM_LOAD_SHARED(found->val);
    rcu_read_unlock();
    return found != NULL;
}

static enum wb_map_put word_add(struct cds_lfht *t, uint64_t key, uint64_t val) {
    struct word *w = malloc(sizeof *w);
    if (!w) return WB_MAP_REFUSED;
    w->key = key;
    w->val = val;
    struct cds_lfht_node *there = cds_lfht_add_unique(t, wb_map_hash(key), word_is, &key, &w->node);
    if (there == &w->node) return WB_MAP_NEW;
    CMM_STORE_SHARED(caa_container_of(there, struct word, node)->val, val);
    free(w);
    return WB_MAP_OLD;
}

WB_LOOP enum wb_map_put word_put(struct cds_lfht *t, uint64_t key, uint64_t val) {
    enum wb_map_put told = WB_MAP_OLD;
    rcu_read_lock();
    struct word *found = word_find(t, key);
    if (found)
        CMM_STORE_SHARED(found->val, val);
    else
        told = word_add(t, key, val);
    rcu_read_unlock();
    return told;
}

WB_LOOP bool word_del(struct cds_lfht *t, uint64_t key) {
    rcu_read_lock();
    struct word *found = word_find(t, key);
    bool done = found && cds_lfht_del(t, &found->node) == 0;
    if (done) call_rcu(&found->head, word_free);
    rcu_read_unlock();
    return done;
}

/* ---- strings ------------------------------------------------------------------------------------- */

WB_LOOP struct string *string_find(struct cds_lfht *t, const struct wb_map_str *key) {
    struct cds_lfht_iter i;
    cds_lfht_lookup(t, wb_map_hash_str(key->ptr, key->len), string_is, key, &i);
    struct cds_lfht_node *n = cds_lfht_iter_get_node(&i);
    return n ? caa_container_of(n, struct string, node) : NULL;
}

WB_LOOP bool string_get(struct cds_lfht *t, const struct wb_map_str *key, struct wb_map_val *val) {
    rcu_read_lock();
    const struct string *found = string_find(t, key);
    if (found) *val = found->val;
    rcu_read_unlock();
    return found != NULL;
}

WB_LOOP enum wb_map_put string_put(struct cds_lfht *t, const struct wb_map_str *key,
                                   const struct wb_map_val *val) {
    struct string *s = malloc(sizeof *s + key->len);
    if (!s) return WB_MAP_REFUSED;
    s->val = *val;
    s->len = key->len;
    memcpy(s->key, key->ptr, key->len);
    rcu_read_lock();
    struct cds_lfht_node *old =
        cds_lfht_add_replace(t, wb_map_hash_str(key->ptr, key->len), string_is, key, &s->node);
    if (old) call_rcu(&caa_container_of(old, struct string, node)->head, string_free);
    rcu_read_unlock();
    return old ? WB_MAP_OLD : WB_MAP_NEW;
}

WB_LOOP bool string_del(struct cds_lfht *t, const struct wb_map_str *key) {
    rcu_read_lock();
    struct string *found = string_find(t, key);
    bool done = found && cds_lfht_del(t, &found->node) == 0;
    if (done) call_rcu(&found->head, string_free);
    rcu_read_unlock();
    return done;
}

/* ---- kinds --------------------------------------------------------------------------------------- */

#define MAP_NAME lfht_words
#define MAP_T struct cds_lfht
#define MAP_GET(m, k, pv) word_get(m, k, pv)
#define MAP_PUT(m, k, v) word_put(m, k, v)
#define MAP_DEL(m, k) word_del(m, k)
#define MAP_QUIET(m) ((void)(m), LFHT_QUIET())
#include "../map_loops.h"

#define MAP_NAME lfht_strings
#define MAP_T struct cds_lfht
#define MAP_STRINGS
#define MAP_GET(m, k, pv) string_get(m, &(k), pv)
#define MAP_PUT(m, k, v) string_put(m, &(k), &(v))
#define MAP_DEL(m, k) string_del(m, &(k))
#define MAP_QUIET(m) ((void)(m), LFHT_QUIET())
#include "../map_loops.h"

#define LFHT_NOTE                                                                       \
    LFHT_READERS                                                                        \
    "memory of what was deleted comes back later; grown by itself, chains of up to 8; " \
    "aborts if there is no memory"

#define LFHT_KIND(symbol, name, structure, kind)                                     \
    WB_MAP_STALLS(symbol, name, structure, WB_PACKAGE_URCU, LFHT_NOTE, 0, lfht_make, \
                  kind##_dispose, lfht_enter, lfht_leave, lfht_len, NULL, lfht_##kind, lfht_stall)
