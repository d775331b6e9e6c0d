/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/map_blocks.h - an allocator for maps under test: it counts what is out, looks that each block
 * comes back as it was asked for, and refuses on demand. Any thread; all its words are relaxed. */
#ifndef WEIR_STRESS_MAP_BLOCKS_H
#define WEIR_STRESS_MAP_BLOCKS_H

#include <weir/atomic.h>
#include <weir/base.h>

struct map_blocks {
    struct weir_alloc as; /* give &b->as to weir */
    weir_au64 asked, refused, out, bytes;
    weir_au64 nth;    /* refuses this request, counted from 1; 0: none */
    weir_au64 one_of; /* refuses one of so many, by chance; 0: none */
    weir_au64 above;  /* refuses what has more bytes; 0: nothing */
};

void blocks_init(struct map_blocks *b);
/* Once the map is freed. */
void blocks_check(const struct map_blocks *b);

#endif
