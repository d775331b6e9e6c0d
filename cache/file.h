/* SPDX-License-Identifier: MIT */
/* cache/file.h - what a saved cache is:
 *
 *   header    below, with a checksum of its own
 *   entries   `entries` times: a record, the value, the key; `bytes` in all. In the order in which they would be
 *             put again
 *   sum       8 bytes: the checksum of all entries, each hashed (XXH3) with the checksum of those before it as
 *             the seed
 *
 * All in the byte order of the machine that has written it, which `order` says. Times are in ns, and ahead of,
 * or before, the moment of saving; WEIR_FOREVER: never. */
#ifndef WEIR_CACHE_FILE_H
#define WEIR_CACHE_FILE_H

#include <weir/error.h>

#include "cache.h"

#define FILE_MAGIC "weircach"
#define FILE_ORDER 0x01020304u
#define FILE_VERSION 1u
#define FILE_STRINGS 1u /* keys of any length */
#define FILE_CLOCK 2u   /* the cache had a clock of its own */

struct weir__file {
    char magic[8];
    uint32_t order, version, flags, key_size, val_size, unused;
    uint64_t entries, bytes;
    int64_t wall, clock; /* when it was saved, by the system's clock and by the cache's */
    uint64_t sum;        /* of what stands above */
};
_Static_assert(sizeof(struct weir__file) == 72, "no padding");

struct weir__record {
    uint32_t key_len, uses;
    int64_t ttl, idle, stale;
};
_Static_assert(sizeof(struct weir__record) == 32, "no padding");

/* 0; WEIR_EINVAL, WEIR_ENOTSUP: why this call may not be made of this cache. */
static inline int weir__file_check(const weir_cache *c, const char *path, const char *call) {
    if (!c || !path) {
        (void)weir__misuse(call, "NULL");
        return WEIR_EINVAL;
    }
    return !c->drop ? 0
                    : weir_fail(WEIR_ENOTSUP,
                                "values that have a drop hold more than their bytes: %s", path);
}

static inline uint64_t weir__file_sum(const struct weir__file *f) {
    return weir__hash_bytes(f, offsetof(struct weir__file, sum), FILE_VERSION);
}

/* The largest record with its value and key. */
#define FILE_ENTRY_MAX (sizeof(struct weir__record) + MAP_VAL_MAX + MAP_KEY_MAX)

#endif
