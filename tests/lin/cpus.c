/* SPDX-License-Identifier: MIT */
/* tests/lin/cpus.c - see cpus.h. Where a call is refused, threads run where they are put. */
#include "cpus.h"

#include <pthread.h>

cpu_set_t cpus_allowed(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    (void)pthread_getaffinity_np(pthread_self(), sizeof set, &set);
    return set;
}

void cpus_unpin(const cpu_set_t *allowed) {
    (void)pthread_setaffinity_np(pthread_self(), sizeof *allowed, allowed);
}

void cpus_pin(const cpu_set_t *allowed, unsigned n) {
    int count = CPU_COUNT(allowed);
    cpu_set_t one;
    CPU_ZERO(&one);
    if (count == 0) return;
    n %= (unsigned)count;
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, allowed) || n-- > 0) continue;
        CPU_SET(cpu, &one);
        break;
    }
    cpus_unpin(&one);
}
