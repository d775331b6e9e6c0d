/* SPDX-License-Identifier: MIT */
/* tests/chan/kind_mpmc.c - the default channel as the kind under test: over the ring where it has a buffer, so
 * that newcomers may come first, and try calls may meet an operation in flight. */
#include "chan.h"

const struct chan_kind K = {
    .name = "mpmc",
    .kind = WEIR_CHAN_MPMC,
    .has = HAS_COUNTS | HAS_MANY | HAS_RENDEZVOUS | HAS_CLOSE | HAS_SELECT | IS_MPMC,
};
