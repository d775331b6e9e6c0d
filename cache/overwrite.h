/* SPDX-License-Identifier: MIT */
/* cache/overwrite.h - values that a put may store over: C11 of cache.h, and overwrite.c. */
#ifndef WEIR_CACHE_OVERWRITE_H
#define WEIR_CACHE_OVERWRITE_H

#include "cache.h"

/* A copy of an entry's value, in a guard, or with a reference. */
static inline void weir__entry_copy(const weir_cache *c, struct weir__entry *e, void *to) {
    if (WEIR_UNLIKELY(!c->words)) {
        memcpy(to, e->val, c->shape.val_size);
        return;
    }
    uint64_t word = weir_load_acquire(weir__entry_value(e), CACHE_V2);
    if (WEIR_LIKELY(c->shape.val_size == sizeof word))
        memcpy(to, &word, sizeof word);
    else
        memcpy(to, &word, c->shape.val_size);
}

/* The first that lends. In no lock. */
void weir__cache_lend(weir_cache *c);
static inline void weir__lends(weir_cache *c) {
    if (weir_load_acquire(&c->lent, CACHE_L2) == 0) weir__cache_lend(c);
}
/* Before a value itself is looked for, that is to be lent: by a guard (C11, P2), or a reference (C11; of a plain kind that is
 * known under its lock). */
static inline void weir__lends_guarded(weir_cache *c) {
    if (c->words || weir__cache_plain(c)) weir__lends(c);
}
static inline void weir__lends_counted(weir_cache *c) {
    if (c->words && !weir__cache_plain(c)) weir__lends(c);
}

/* Of a cache of words, a put without a time over the value that is there. 0;
 * WEIR_ENOENT: there is none that may be stored over; WEIR_ECLOSED, and the errors of weir__write_enter. */
int weir__cache_overwrite(weir_cache *c, const struct weir__spot *a, const void *val,
                          weir_time deadline, weir_ctx *ctx);

#endif
