/* SPDX-License-Identifier: MIT */
#include "pool.h"

const unsigned kind = WEIR_POOL_STEAL;
