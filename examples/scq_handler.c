/* SPDX-License-Identifier: MIT */
/* examples/scq_handler.c - a signal handler tells what happened through a ring that the interrupted thread may be inside
 * of: weir_scq takes no lock, and no call in mid-operation keeps another from getting through. Build it with
 * `cc scq_handler.c $(pkg-config --cflags --libs weir)`. */
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>

#include <weir/scq.h>

struct event {
    int signal;
    weir_time at;
};
WEIR_SCQ_DECLARE(events, struct event);

static events log_; /* set before the handler is */

static void on_signal(int sig) {
    struct event e = { sig, weir_now() };
    (void)events_try_push(log_, e); /* full: the event is dropped */
}

int main(void) {
    /* Inside at once: this thread, its handler, and one to spare. */
    if (events_new(&log_, 64, 3) < 0) return 1;
    struct sigaction act = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    struct itimerval every = { { 0, 1000 }, { 0, 1000 } }; /* a millisecond */
    if (sigaction(SIGALRM, &act, NULL) != 0 || setitimer(ITIMER_REAL, &every, NULL) != 0) return 1;

    int seen = 0;
    weir_time last = 0;
    while (seen < 20) { /* polls all the time, so that signals come in the middle of a pop */
        struct event e = { 0, 0 };
        if (events_try_pop(log_, &e) != 0) continue;
        if (e.signal != SIGALRM || e.at < last) return 1;
        last = e.at;
        seen++;
    }
    every = (struct itimerval){ { 0, 0 }, { 0, 0 } };
    (void)setitimer(ITIMER_REAL, &every, NULL);
    printf("%d events from a handler, in order\n", seen);
    return events_free(log_);
}
