/* SPDX-License-Identifier: MIT */
/* tests/chan/rights.c - the waiting calls in a process on one CPU, where nothing may spin. */
#include "cases.h"
#include "chan.h"

#include "../support/child.h"

void c_one_cpu(void) {
    if (!(child_rights() & CHILD_ONE_CPU)) {
        child_passes("C waiting, closing and deadlines on one CPU", CHILD_ONE_CPU);
        return;
    }
    c09_receivers();
    if (K.has & HAS_CLOSE) c10_senders();
    c09_any_moment();
    c14_c15_buffered();
    if (K.has & HAS_RENDEZVOUS) c14_rendezvous(), c17_rendezvous();
    c27_range();
    c30_deadlines();
    c30_races();
    x02_wakes();
    if (K.has & HAS_MANY) x23_races();
}
