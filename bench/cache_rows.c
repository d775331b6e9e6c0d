/* SPDX-License-Identifier: MIT */
/* bench/cache_rows.c - the real caches whose hit ratios stand beside those of simulated policies; see sim.h. */
#include "sim.h"

const struct wb_policy *const wb_caches[] = { NULL };
