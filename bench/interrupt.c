/* SPDX-License-Identifier: MIT */
/* bench/interrupt.c - see interrupt.h. */
#include "interrupt.h"

#include <signal.h>
#include <string.h>

static volatile sig_atomic_t interrupted; /* the first signal */
static bool waits;                        /* for as many as come */

static void on_interrupt(int sig) {
    if (interrupted && !waits) { /* by the default action, once this has returned */
        (void)signal(sig, SIG_DFL);
        (void)raise(sig);
    }
    if (!interrupted) interrupted = sig;
}

void wb_catch_interrupt(bool patient) {
    struct sigaction sa;
    waits = patient;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_interrupt;
    (void)sigaction(SIGINT, &sa, NULL);
    (void)sigaction(SIGTERM, &sa, NULL);
}

bool wb_interrupted(void) { return interrupted != 0; }

int wb_interrupt_status(void) { return interrupted ? 128 + (int)interrupted : 0; }
