/* SPDX-License-Identifier: MIT */
/* tests/pipeline/relays.h - shared by the two files of the program. */
#ifndef WEIR_TESTS_PIPELINE_RELAYS_H
#define WEIR_TESTS_PIPELINE_RELAYS_H

#include <weir/merge.h>

#include "support.h"

extern const unsigned relay_kinds[4];

void relay_check(weir_relay *r, uint64_t received, uint64_t sent, uint64_t dropped,
                 uint64_t skipped);

struct relay_count {
    weir_relay *relay;
    uint64_t n;
};
/* For comes_true. */
bool relay_has_received(void *count);

void pipe11_one(void);
void pipe11_full(void);
void pipe11_closed(void);
void pipe11_all(void);
void pipe11_slowest(void);
void pipe11_drop(void);
void pipe11_all_closed(void);

#endif
