/* SPDX-License-Identifier: MIT */
/* stress/run/memory.c - does the memory of a run grow with its time?
 *
 * Resident memory is sampled while the workers run. The first quarter is left out: threads, arenas and
 * rings are touched for the first time there. The rest is parted into eight windows, of which the least
 * sample counts, because what is in use goes up and down. "Grows": each window's least is above the
 * one's before by 32 KiB or more, and the last above the first by 2 MiB or more. Runs under 5 s are not
 * judged, nor those whose allocator keeps freed memory (AddressSanitizer's quarantine), nor scenarios that
 * keep what they see. */
#include "watch.h"

#define WINDOWS 8
#define STEP_KIB 32
#define TOTAL_KIB 2048

void sr_memory_start(struct sr_memory *m, double seconds) {
    *m = (struct sr_memory){ .step = seconds / (SR_SAMPLES - 8) };
    if (m->step < 0.02) m->step = 0.02;
}

void sr_memory_sample(struct sr_memory *m, pid_t pid, double at) {
    if (at < m->next || m->n == SR_SAMPLES) return;
    m->next = at + m->step;
    uint64_t kib = sr_rss_kib(pid);
    if (kib) m->kib[m->n++] = kib;
}

bool sr_memory_grows(const struct sr_memory *m, double seconds, char *why, size_t n) {
    uint64_t least[WINDOWS];
    unsigned first = m->n / 4, each = (m->n - first) / WINDOWS;
    if (seconds < 5 || each < 4) return false;
    for (unsigned i = 0; i < WINDOWS; i++) {
        const uint64_t *k = &m->kib[first + i * each];
        least[i] = k[0];
        for (unsigned j = 1; j < each; j++)
            if (k[j] < least[i]) least[i] = k[j];
        if (i > 0 && least[i] < least[i - 1] + STEP_KIB) return false;
    }
    if (least[WINDOWS - 1] < least[0] + TOTAL_KIB) return false;
    (void)snprintf(
        why, n, "resident memory grew in each eighth of the run, from %.1f to %.1f MiB in %.0f s",
        (double)least[0] / 1024, (double)least[WINDOWS - 1] / 1024, seconds * 3 / 4);
    return true;
}
