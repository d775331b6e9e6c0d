/* SPDX-License-Identifier: MIT */
/* tests/stress/known.c - the program of the scenarios of known.h, and what they share. */
#include "known.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct timespec duration(double s) {
    return (struct timespec){ .tv_sec = (time_t)s,
                              .tv_nsec = (long)((s - (double)(time_t)s) * 1e9) };
}

void futex_sleep(weir_au32 *word, uint32_t value, double seconds) {
    struct timespec ts = duration(seconds < 0 ? 0 : seconds);
    (void)syscall(SYS_futex, &word->v_, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, value,
                  seconds < 0 ? NULL : &ts, NULL, 0);
}

void futex_wake(weir_au32 *word) {
    (void)syscall(SYS_futex, &word->v_, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1 << 30, NULL, NULL, 0);
}

void sleep_seconds(double s) {
    struct timespec ts = duration(s);
    while (nanosleep(&ts, &ts) != 0) continue;
}

int main(int argc, char **argv) {
    static const struct weir_stress_scenario *all[64];
    const struct weir_stress_scenario *const lists[] = { good_scenarios, waiting_scenarios,
                                                         broken_scenarios };
    size_t n = 0;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (const struct weir_stress_scenario *s = lists[i]; s->name && n < 64; s++) all[n++] = s;
    return weir_stress_main(argc, argv, all, n);
}
