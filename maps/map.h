/* SPDX-License-Identifier: MIT */
/* maps/map.h - inside of weir_map: one core, whose readers are in guards. */
#ifndef WEIR_MAPS_MAP_H
#define WEIR_MAPS_MAP_H

#include <weir/map_u64.h>

#include "../lib/base.h"
#include "../lib/handle.h"
#include "core.h"
#include "shape.h"

#define MAP_FILL 34 /* 2.1 entries a line */
#define MAP_STEP 16

struct weir_map {
    uint64_t seed; /* the first: inline functions of weir/map_u64.h read it */
    struct weir__handle handle;
    struct weir__shape shape;
    struct weir__core core;
    struct weir__stripe stripe[MAP_STRIPES];
};

/* MAP35: false, and reported, for one that was freed; in debug builds. */
static inline bool weir__map_ok(const weir_map *m, const char *call) {
    return weir__handle_ok(weir__handle_at(m, offsetof(weir_map, handle)), WEIR__MAP, call);
}

/* Whether the verbs of words are for it, which is reported if not. */
static inline bool weir__map_words(const weir_map *m, const char *call) {
    return WEIR_LIKELY(m->shape.words) || weir__misuse(call, "a map of others than words") == 0;
}

/* The same for get, which in other builds finds nothing in a map of others: hashes of words and those of other
 * keys do not meet, and `miss` is what it returns then. */
#ifdef WEIR_DEBUG
static inline bool weir__map_words_debug(const weir_map *m, const char *call) {
    return weir__map_words(m, call);
}
#else
static inline bool weir__map_words_debug(const weir_map *m, const char *call) {
    (void)m;
    (void)call;
    return true;
}
#endif

/* Of maps of all kinds: 0, WEIR_EINVAL, WEIR_ETOOBIG. */
int weir__map_check(const struct weir_map_opts *o, const char *call);
#define MAP_ENTRIES_MAX ((size_t)1 << 40)

#endif
