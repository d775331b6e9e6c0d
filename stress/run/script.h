/* SPDX-License-Identifier: MIT */
/* stress/run/script.h - "0@mpmc.push.claimed until 1@mpmc.pop.stamped; 1@stress.start until 0@...": threads
 * that stop at a point until others pass one.
 *
 * Each step happens once in a run. THREAD is an index, or * for any other. A thread passes a point when it
 * arrives there, before it is held. "until" counts passes from when the first thread is held, "after" from
 * the start of the run: then it is not held if the other has passed already. POINT#N is the N-th pass. All
 * steps are armed from the start. Besides the points of the structure there are stress.start, stress.more,
 * stress.waits, stress.waited and stress.end, which each worker passes in the functions of
 * weir/stress.h, and before and after its body. */
#ifndef WEIR_STRESS_SCRIPT_H
#define WEIR_STRESS_SCRIPT_H

#include "shared.h"

#define SR_ANYBODY (~0u)

struct sr_place_of {
    unsigned thread, nth;
    char point[SR_NAME];
};
struct sr_step {
    struct sr_place_of at, until;
    bool after; /* counts from the start of the run */
};
struct sr_script {
    unsigned n;
    struct sr_step step[SR_STEPS];
};

/* 0, or -1 with one line in `why`. threads: 0, or how many there are. */
int sr_script_parse(struct sr_script *s, const char *text, unsigned threads, char *why, size_t n);

#endif
