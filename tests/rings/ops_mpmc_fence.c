/* SPDX-License-Identifier: MIT */
/* tests/rings/ops_mpmc_fence.c - weir_mpmc without membarrier as the ring under test. */
#include <weir/base.h>

#define RING_NAME "mpmc_fence"
#define RING_FLAGS WEIR_RING_NO_MEMBARRIER

#include "ops_mpmc.c"
