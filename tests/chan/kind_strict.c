/* SPDX-License-Identifier: MIT */
/* tests/chan/kind_strict.c - the strict channel as the kind under test: it promises everything. */
#include "chan.h"

const struct chan_kind K = {
    .name = "strict",
    .kind = WEIR_CHAN_STRICT,
    .has = HAS_COUNTS | HAS_MANY | HAS_RENDEZVOUS | HAS_CLOSE | HAS_SELECT | HAS_FIFO |
           HAS_ONE_SIDE | HAS_EXACT | IS_STRICT,
};
