/* SPDX-License-Identifier: MIT */
/* bench/interrupt.c - see interrupt.h. */
#include "interrupt.h"

#include <signal.h>
#include <string.h>

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig) {
    (void)sig;
    interrupted = 1;
}

void wb_catch_interrupt(bool patient) {
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_interrupt;
    sa.sa_flags = patient ? 0 : (int)SA_RESETHAND;
    (void)sigaction(SIGINT, &sa, NULL);
}

bool wb_interrupted(void) { return interrupted != 0; }
