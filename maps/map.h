/* SPDX-License-Identifier: MIT */
/* maps/map.h - inside of weir_map: one core, whose readers are in guards. */
#ifndef WEIR_MAPS_MAP_H
#define WEIR_MAPS_MAP_H

#include <weir/map_u64.h>

#include "core.h"

#define MAP_FILL 32 /* two entries a line */
#define MAP_STEP 16

struct weir_map {
    uint64_t seed; /* the first: inline functions of weir/map_u64.h read it */
    struct weir__core core;
    struct weir__stripe stripe[MAP_STRIPES];
};

/* Of maps of all kinds: 0, WEIR_EINVAL, WEIR_ENOTSUP, WEIR_ETOOBIG. */
int weir__map_check(const struct weir_map_opts *o, const char *call);
#define MAP_ENTRIES_MAX ((size_t)1 << 40)

#endif
