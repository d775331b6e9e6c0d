/* SPDX-License-Identifier: MIT */
/* bench/rivals/map_ck.c - Concurrency Kit's ck_ht: one writer at a time, here by a mutex, beside any number of
 * readers.
 *
 * A reader is in a section of ck_epoch while it looks: tables that a larger one has replaced, and nodes that
 * were taken out, are freed once all sections are over that may see them. A section costs an exchange. Words
 * stand in the table itself (CK_HT_MODE_DIRECT), strings in nodes (CK_HT_MODE_BYTESTRING); a string's value is
 * copied into a new node, since readers take no lock.
 *
 * Both ask for CK_HT_WORKLOAD_DELETE: without it a read of what is not there goes on until it meets a slot that
 * was never used, and where keys come and go there is soon none.
 *
 * Entries are stored by ck_ht_set_spmc only: up to version 0.7.2 ck_ht_put_spmc may store a key twice when it
 * uses a deleted slot again. Up to that version, too, a reader beside a writer may get another key's value, if
 * it stands still for as long as its slot takes to be deleted and used again; if that happens, the run counts as
 * failed. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <ck_epoch.h>
#include <ck_ht.h>

#include "../map_run.h"
#include "../maps_list.h"
#include "rivals.h"

#define PENDING_MOST 512 /* nodes that a thread has taken out before it waits for the readers */

/* What each thread has inside a map; they belong to the map, and are used again. */
struct member {
    ck_epoch_record_t record;
    struct member *next; /* of all of the map */
};

struct table {
    ck_ht_t ht;
    ck_epoch_t epoch;
    pthread_mutex_t lock; /* writers; members */
    struct member *members;
};

struct node {
    struct wb_map_val val;
    ck_epoch_entry_t entry;
    size_t len;
    char key[];
};

/* ---- memory of tables ---------------------------------------------------------------------------- */

/* ck_ht has its memory through functions that are told nothing but the size: this stands before each block. */
struct block {
    ck_epoch_entry_t entry;
    char body[] __attribute__((aligned(16)));
};

/* The calling thread's, while it is inside a map. */
static _Thread_local ck_epoch_record_t *mine;

static void block_free(ck_epoch_entry_t *e) { free(e); }

static void *table_malloc(size_t size) {
    struct block *b = malloc(sizeof *b + size);
    return b ? b->body : NULL;
}

static void table_free(void *p, size_t size, bool defer) {
    (void)size;
    if (!p) return;
    struct block *b = (struct block *)(void *)((char *)p - offsetof(struct block, body));
    if (defer && mine)
        ck_epoch_call(mine, &b->entry, block_free);
    else
        free(b);
}

static void *table_realloc(void *p, size_t from, size_t to, bool defer) {
    void *q = table_malloc(to);
    if (!q) return NULL;
    memcpy(q, p, from < to ? from : to);
    table_free(p, from, defer);
    return q;
}

static struct ck_malloc table_memory = { .malloc = table_malloc,
                                         .realloc = table_realloc,
                                         .free = table_free };

/* ---- made and given back ------------------------------------------------------------------------- */

static void hash_word(ck_ht_hash_t *h, const void *key, size_t size, uint64_t seed) {
    uint64_t k;
    (void)size;
    (void)seed;
    memcpy(&k, key, sizeof k);
    h->value = wb_map_hash(k);
}

static void hash_string(ck_ht_hash_t *h, const void *key, size_t size, uint64_t seed) {
    (void)seed;
    h->value = wb_map_hash_str(key, size);
}

/* It grows when it is half full. */
static void *table_make(size_t hint, unsigned mode, ck_ht_hash_cb_t *hash) {
    struct table *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    ck_epoch_init(&t->epoch);
    (void)pthread_mutex_init(&t->lock, NULL);
    if (ck_ht_init(&t->ht, mode | CK_HT_WORKLOAD_DELETE, hash, &table_memory,
                   hint ? 2 * hint + 1 : 8, 1))
        return t;
    (void)pthread_mutex_destroy(&t->lock);
    free(t);
    return NULL;
}
static void *words_make(size_t hint, unsigned threads) {
    (void)threads;
    return table_make(hint, CK_HT_MODE_DIRECT, hash_word);
}
static void *strings_make(size_t hint, unsigned threads) {
    (void)threads;
    return table_make(hint, CK_HT_MODE_BYTESTRING, hash_string);
}

static void words_dispose(void *map) {
    struct table *t = map;
    for (struct member *m = t->members, *next; m; m = next) {
        next = m->next;
        free(m);
    }
    ck_ht_destroy(&t->ht);
    (void)pthread_mutex_destroy(&t->lock);
    free(t);
}
static void strings_dispose(void *map) {
    struct table *t = map;
    ck_ht_iterator_t i = CK_HT_ITERATOR_INITIALIZER;
    for (ck_ht_entry_t *e; ck_ht_next(&t->ht, &i, &e);) free(ck_ht_entry_value(e));
    words_dispose(map);
}

static size_t table_len(void *map) { return ck_ht_count(&((struct table *)map)->ht); }

static ck_epoch_record_t *record_new(struct table *t) {
    struct member *m = aligned_alloc(_Alignof(struct member), sizeof *m);
    if (!m) abort(); /* without one it cannot read */
    ck_epoch_register(&t->epoch, &m->record, NULL);
    (void)pthread_mutex_lock(&t->lock);
    m->next = t->members;
    t->members = m;
    (void)pthread_mutex_unlock(&t->lock);
    return &m->record;
}

static void *table_enter(void *map) {
    struct table *t = map;
    mine = ck_epoch_recycle(&t->epoch, NULL);
    if (!mine) mine = record_new(t);
    return mine;
}

static void table_leave(void *map, void *own) {
    (void)map;
    ck_epoch_barrier(own); /* frees what it has taken out */
    ck_epoch_unregister(own);
    mine = NULL;
}

/* A reader that stays in its section. */
static void table_stall(void *map, void (*wait)(void *arg), void *arg) {
    (void)map;
    ck_epoch_begin(mine, NULL);
    wait(arg);
    (void)ck_epoch_end(mine, NULL);
}

/* ---- words --------------------------------------------------------------------------------------- */

WB_LOOP bool word_get(struct table *t, ck_epoch_record_t *own, uint64_t key, uint64_t *val) {
    ck_ht_hash_t h = { wb_map_hash(key) };
    ck_ht_entry_t e;
    ck_ht_entry_key_set_direct(&e, key);
    ck_epoch_begin(own, NULL);
    bool found = ck_ht_get_spmc(&t->ht, h, &e);
    (void)ck_epoch_end(own, NULL);
    if (found) *val = ck_ht_entry_value_direct(&e);
    return found;
}

/* Gives the lock back, and waits for the readers if there is much to be freed. */
static void writer_end(struct table *t, ck_epoch_record_t *own, unsigned most) {
    (void)pthread_mutex_unlock(&t->lock);
    if (own->n_pending > most) ck_epoch_barrier(own);
}

WB_LOOP enum wb_map_put word_put(struct table *t, ck_epoch_record_t *own, uint64_t key,
                                 uint64_t val) {
    ck_ht_hash_t h = { wb_map_hash(key) };
    ck_ht_entry_t e;
    ck_ht_entry_set_direct(&e, h, key, val);
    (void)pthread_mutex_lock(&t->lock);
    bool done = ck_ht_set_spmc(&t->ht, h, &e);
    writer_end(t, own, 0);
    if (!done) return WB_MAP_REFUSED;
    return ck_ht_entry_empty(&e) ? WB_MAP_NEW : WB_MAP_OLD;
}

WB_LOOP bool word_del(struct table *t, ck_epoch_record_t *own, uint64_t key) {
    ck_ht_hash_t h = { wb_map_hash(key) };
    ck_ht_entry_t e;
    ck_ht_entry_key_set_direct(&e, key);
    (void)pthread_mutex_lock(&t->lock);
    bool done = ck_ht_remove_spmc(&t->ht, h, &e);
    writer_end(t, own, 0);
    return done;
}

/* ---- strings ------------------------------------------------------------------------------------- */

static void node_free(ck_epoch_entry_t *e) { free((char *)e - offsetof(struct node, entry)); }

WB_LOOP void entry_of(ck_ht_entry_t *e, const struct wb_map_str *key) {
    ck_ht_entry_key_set(e, key->ptr, (uint16_t)key->len);
}

WB_LOOP bool string_get(struct table *t, ck_epoch_record_t *own, const struct wb_map_str *key,
                        struct wb_map_val *val) {
    ck_ht_hash_t h = { wb_map_hash_str(key->ptr, key->len) };
    ck_ht_entry_t e;
    entry_of(&e, key);
    ck_epoch_begin(own, NULL);
    bool found = ck_ht_get_spmc(&t->ht, h, &e);
    if (found) *val = ((const struct node *)ck_ht_entry_value(&e))->val;
    (void)ck_epoch_end(own, NULL);
    return found;
}

WB_LOOP enum wb_map_put string_put(struct table *t, ck_epoch_record_t *own,
                                   const struct wb_map_str *key, const struct wb_map_val *val) {
    ck_ht_hash_t h = { wb_map_hash_str(key->ptr, key->len) };
    ck_ht_entry_t e;
    struct node *n = malloc(sizeof *n + key->len);
    if (!n) return WB_MAP_REFUSED;
    n->val = *val;
    n->len = key->len;
    memcpy(n->key, key->ptr, key->len);
    ck_ht_entry_set(&e, h, n->key, (uint16_t)key->len, n);
    (void)pthread_mutex_lock(&t->lock);
    bool done = ck_ht_set_spmc(&t->ht, h, &e);
    struct node *old = done && !ck_ht_entry_empty(&e) ? ck_ht_entry_value(&e) : NULL;
    if (old) ck_epoch_call(own, &old->entry, node_free);
    writer_end(t, own, PENDING_MOST);
    if (!done) free(n);
    return done ? old ? WB_MAP_OLD : WB_MAP_NEW : WB_MAP_REFUSED;
}

WB_LOOP bool string_del(struct table *t, ck_epoch_record_t *own, const struct wb_map_str *key) {
    ck_ht_hash_t h = { wb_map_hash_str(key->ptr, key->len) };
    ck_ht_entry_t e;
    entry_of(&e, key);
    (void)pthread_mutex_lock(&t->lock);
    bool done = ck_ht_remove_spmc(&t->ht, h, &e);
    if (done) ck_epoch_call(own, &((struct node *)ck_ht_entry_value(&e))->entry, node_free);
    writer_end(t, own, PENDING_MOST);
    return done;
}

/* ---- kinds --------------------------------------------------------------------------------------- */

#define MAP_NAME ck_words
#define MAP_T struct table
#define MAP_GET(m, k, pv) word_get(m, w->own, k, pv)
#define MAP_PUT(m, k, v) word_put(m, w->own, k, v)
#define MAP_DEL(m, k) word_del(m, w->own, k)
#include "../map_loops.h"

#define MAP_NAME ck_strings
#define MAP_T struct table
#define MAP_STRINGS
#define MAP_GET(m, k, pv) string_get(m, w->own, &(k), pv)
#define MAP_PUT(m, k, v) string_put(m, w->own, &(k), &(v))
#define MAP_DEL(m, k) string_del(m, w->own, &(k))
#include "../map_loops.h"

#define NOTE                                                                                      \
    "one writer at a time, by a mutex; no iteration beside writers; not every key word; shrinks " \
    "only when told"

WB_MAP_STALLS(wb_map_ck, "ck", "map", WB_PACKAGE_CK, NOTE, 0, words_make, words_dispose,
              table_enter, table_leave, table_len, NULL, ck_words, table_stall);
WB_MAP_STALLS(wb_strmap_ck, "ck", "strmap", WB_PACKAGE_CK, NOTE, 0, strings_make, strings_dispose,
              table_enter, table_leave, table_len, NULL, ck_strings, table_stall);
