/* SPDX-License-Identifier: MIT */
/* types.c - uses weir's types only, so that weir::headers is enough. */
#include <weir/spsc.h>

size_t size_of_a_ring(void);
size_t size_of_a_ring(void) { return sizeof(weir_spsc); }
