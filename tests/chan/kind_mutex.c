/* SPDX-License-Identifier: MIT */
/* tests/chan/kind_mutex.c - the mutex version as the kind under test: no order among waiters. */
#include "chan.h"

const struct chan_kind K = {
    .name = "mutex",
    .kind = WEIR_CHAN_MUTEX,
    .has = HAS_MANY | HAS_RENDEZVOUS | HAS_CLOSE | HAS_SELECT | HAS_EXACT | IS_MUTEX,
};
