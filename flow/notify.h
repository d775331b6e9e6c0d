/* SPDX-License-Identifier: MIT */
/* flow/notify.h - what the explorer calls: the handler, and the thread that cancels. */
#ifndef WEIR_FLOW_NOTIFY_H
#define WEIR_FLOW_NOTIFY_H

void weir__notify_arrive(int sig);
void weir__notify_main(void);

#endif
