/* SPDX-License-Identifier: MIT */
/* tests/chan/kind_spsc.c - the channel of one producer and one consumer as the kind under test: the sender alone
 * closes. Capacity 0 is a strict channel. */
#include "chan.h"

const struct chan_kind K = {
    .name = "spsc",
    .kind = WEIR_CHAN_SPSC,
    .has = HAS_COUNTS | HAS_RENDEZVOUS | HAS_SELECT | HAS_EXACT | IS_SPSC,
};
