/* SPDX-License-Identifier: MIT */
/* maps/write.h - one write of one key, of maps of all kinds. */
#ifndef WEIR_MAPS_WRITE_H
#define WEIR_MAPS_WRITE_H

#include "core.h"

enum weir__verb {
    WRITE_PUT,
    WRITE_GET_OR_PUT,
    WRITE_SWAP,
    WRITE_TAKE,
    WRITE_CAS,
    WRITE_CAD,
    WRITE_ADD,   /* of words: to what is there, or to 0 */
    WRITE_UPDATE /* under the lock */
};

typedef int weir__update_fn(uint64_t *val, bool there, void *arg);

struct weir__write {
    struct weir__core *m;
    enum weir__verb verb;
    uint64_t hash;
    uint64_t val, expect;
    uint64_t old;            /* what was there, if something was */
    weir__update_fn *update; /* of WRITE_UPDATE: one of enum weir_update */
    void *arg;
    /* That function ends its thread, and nothing has changed: without lock and guard. May be NULL. */
    void (*ended)(struct weir__write *w);
    /* Whether a value is that of the key, whose hash is the same; NULL: all with one hash are. Under the lock. */
    bool (*same)(struct weir__write *w, uint64_t val);

    /* What it has for the next attempt, and what the last one would have needed. */
    struct weir__spare spare;
    size_t need, garbage;  /* lines; bytes that will be retired */
    size_t asked;          /* bytes of garbage that there is room for */
    size_t table, longest; /* lines of the table, and of what lives in the chain, then */
    bool removed, helped;
};

/* Does it. Returns
 *   PUT           0
 *   GET_OR_PUT    0, or WEIR_EEXIST: old is there
 *   SWAP, ADD     0: was absent; WEIR_EEXIST: old was there
 *   TAKE          0: removed old; WEIR_ENOENT
 *   CAS, CAD      0; WEIR_EEXIST: old is there, another one; WEIR_ENOENT
 *   UPDATE        0; WEIR_ENOENT: there was none, and none was put
 * and what weir__core_enter_wait returns; of those that insert also WEIR_ENOMEM, or what weir_rcu_room_wait returns: nothing
 * was changed. */
int weir__write(struct weir__write *w, weir_time deadline, weir_ctx *ctx);

/* PUT of words, the same in fewer steps where the key is there already. */
int weir__put_word(struct weir__core *m, uint64_t hash, uint64_t val, weir_time deadline,
                   weir_ctx *ctx);
/* TAKE of words, the same in fewer steps where the chain need not be looked at. *old only if it returns 0. */
int weir__take_word(struct weir__core *m, uint64_t hash, uint64_t *old, weir_time deadline,
                    weir_ctx *ctx);

#endif
