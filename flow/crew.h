/* SPDX-License-Identifier: MIT */
/* flow/crew.h - the threads of a pipeline that has no executor: as many as its workers, fed by a channel. */
#ifndef WEIR_FLOW_CREW_H
#define WEIR_FLOW_CREW_H

#include <weir/go.h>

struct weir__crew;

/* n threads; *exec submits to them, at most n tasks that have not begun at a time. 0 or ENOMEM. */
int weir__crew_new(struct weir__crew **out, size_t n, weir_exec *exec);
/* Nothing is submitted any more, and what was has been run. Waits until the threads are through. NULL: nothing. */
void weir__crew_free(struct weir__crew *c);

#endif
